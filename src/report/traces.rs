//! A figure of the traces of chains: whether they agree can be seen, and is said in numbers.

use softbias_models::langevin::Mixing;

use super::{Figure, Legend, Panel};

/// Stretches that a long chain is drawn in, by the smallest and the largest number of each.
const STRETCHES: usize = 400;

/// Up to here every chain is named in a legend: there are 7 colours.
const NAMED: usize = 7;

/// Traces of some numbers of chains, a panel a number, its title with R̂ and the effective sizes of bulk and tails ([`Mixing`]).
///
/// `numbers` are names with one list of values a chain, in the order of the draws, as [`Samples::coordinate`](crate::Samples::coordinate),
/// [`Samples::of`](crate::Samples::of) and [`Samples::potential`](crate::Samples::potential) give them. Chains have the same colour in every
/// panel. A chain of more than 800 draws is drawn by the smallest and the largest of each of 400 stretches, in their order, so that no excursion is
/// lost. Two panels stand in a row; the size is that of [`Figure::size`]. Cost: that of [`Mixing::of`], a sort and a Fourier sum a number.
///
/// Source: the titles are what Vehtari et al. (2021) ask to be reported.
///
/// ```
/// use softbias::report::traces;
///
/// let chains: Vec<Vec<f64>> = (0..2).map(|c| (0..100).map(|i| f64::from(37 * i % 101 + c)).collect()).collect();
/// let figure = traces("Two chains", [("weight 0", chains)]);
/// # #[cfg(feature = "figures")]
/// assert!(figure.svg()?.contains("R̂"));
/// # Ok::<(), softbias::report::ReportError>(())
/// ```
#[must_use]
pub fn traces<N: Into<String>>(
    title: impl Into<String>,
    numbers: impl IntoIterator<Item = (N, Vec<Vec<f64>>)>,
) -> Figure {
    let panels: Vec<Panel> = numbers.into_iter().map(|(name, chains)| panel(&name.into(), &chains)).collect();
    let columns = panels.len().clamp(1, 2);
    panels.into_iter().fold(Figure::new(title).columns(columns), Figure::panel)
}

fn panel(name: &str, chains: &[Vec<f64>]) -> Panel {
    let mixing = Mixing::of(chains);
    // (R̂ is infinite, or all but infinite, where chains are stuck at different values, and nothing where there are too few draws or no numbers)
    let one = |value: f64, digits: usize| match value {
        value if value.is_nan() => "–".to_owned(),
        value if value.is_infinite() => "∞".to_owned(),
        value if value >= 1e6 => format!("{value:.0e}"),
        value => format!("{value:.digits$}"),
    };
    let mut said =
        format!("R̂ {}, ESS {} bulk, {} tail", one(mixing.r_hat, 3), one(mixing.bulk, 0), one(mixing.tail, 0));
    let lengths = || chains.iter().map(Vec::len);
    if let (Some(least), Some(most)) = (lengths().min(), lengths().max())
        && least < most
    {
        said += &format!(" (first {least} draws)");
    }
    let empty = Panel::new(format!("{name}; {said}")).x("draw");
    let legend = if chains.len() > NAMED { Legend::None } else { Legend::Below };
    let of_chain = |panel: Panel, (chain, values): (usize, &Vec<f64>)| {
        let (at, shown) = outline(values);
        panel.line(format!("chain {}", chain + 1), at, shown)
    };
    chains.iter().enumerate().fold(empty.legend(legend), of_chain)
}

/// Places, from 0, and values to draw: all of them, or the extremes of stretches.
fn outline(values: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let length = values.len();
    if length <= 2 * STRETCHES {
        return ((0..length).map(|draw| draw as f64).collect(), values.to_vec());
    }
    let extremes = |stretch: usize| {
        let (from, to) = (stretch * length / STRETCHES, (stretch + 1) * length / STRETCHES);
        let by_value = |i: &usize, j: &usize| values[*i].total_cmp(&values[*j]);
        let (low, high) = ((from..to).min_by(by_value), (from..to).max_by(by_value));
        let (low, high) = (low.unwrap_or(from), high.unwrap_or(from));
        [low.min(high), low.max(high)]
    };
    (0..STRETCHES).flat_map(extremes).map(|draw| (draw as f64, values[draw])).unzip()
}

#[cfg(test)]
mod tests {
    use super::super::panel::Mark;
    use super::*;

    fn lines(panel: &Panel) -> Vec<(&str, &[f64], &[f64])> {
        let parts = panel.layers.iter().filter_map(|layer| match &layer.mark {
            Mark::Line { xs, ys, .. } => Some((layer.name.as_str(), xs.as_slice(), ys.as_slice())),
            _ => None,
        });
        parts.collect()
    }

    #[test]
    fn a_panel_a_number_and_a_line_a_chain() {
        let chain = |shift: f64| -> Vec<f64> { (0..60).map(|i| f64::from(37 * i % 61) + shift).collect() };
        let agreeing = vec![chain(0.0), chain(0.5)];
        let apart = vec![chain(0.0), chain(900.0)];
        let figure = traces("run", [("a", agreeing.clone()), ("b", apart.clone())]);
        assert_eq!((figure.title.as_str(), figure.columns, figure.panels.len()), ("run", 2, 2));
        for (panel, chains) in figure.panels.iter().zip([&agreeing, &apart]) {
            let mixing = Mixing::of(chains);
            let numbers =
                format!("R̂ {:.3}, ESS {:.0} bulk, {:.0} tail", mixing.r_hat, mixing.bulk, mixing.tail);
            assert!(panel.title.ends_with(&numbers), "{}", panel.title);
            for ((name, xs, ys), (own, values)) in
                lines(panel).into_iter().zip(["chain 1", "chain 2"].iter().zip(chains))
            {
                assert_eq!((name, ys), (*own, values.as_slice()));
                assert_eq!((xs[0], xs[59]), (0.0, 59.0));
            }
        }
        assert!(Mixing::of(&apart).r_hat > 1.5, "chains that lie apart must show it");
    }

    #[test]
    fn long_chains_keep_their_excursions() {
        let mut chain: Vec<f64> = (0..100_003).map(|i| f64::from(i % 7)).collect();
        chain[77_777] = 50.0;
        chain[77_780] = -50.0;
        let (at, shown) = outline(&chain);
        assert_eq!(at.len(), 2 * STRETCHES);
        assert!(at.is_sorted());
        assert!(at.iter().zip(&shown).all(|(at, value)| chain[*at as usize] == *value));
        assert!(shown.contains(&50.0) && shown.contains(&-50.0));
    }

    #[test]
    fn what_cannot_be_diagnosed_is_drawn_all_the_same() {
        let figure = traces("", [("few", vec![vec![1.0, 2.0]]), ("none", Vec::new())]);
        assert!(figure.panels.iter().all(|panel| panel.title.ends_with("R̂ –, ESS – bulk, – tail")));
        let stuck = traces("", [("stuck", vec![vec![1.0; 50], vec![2.0; 60]])]);
        let title = &stuck.panels[0].title;
        assert!(title.contains("R̂ 3e15") && title.ends_with("(first 50 draws)"), "{title}");
        let many = traces("", [("many", vec![vec![0.0, 1.0, 2.0, 3.0]; 8])]);
        assert_eq!((many.columns, many.panels[0].legend), (1, Legend::None));
        #[cfg(feature = "figures")]
        assert!(many.svg().is_ok());
    }
}
