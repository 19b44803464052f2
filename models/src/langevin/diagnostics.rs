//! Whether chains have mixed: rank-normalised split R̂, and effective sizes of the bulk and of the tails (Vehtari et al. 2021).

use std::fmt;

use softbias_priors::math::special::normal_quantile;

/// How well chains agree on one number, and what their draws are worth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mixing {
    /// The larger of R̂ of the ranks and R̂ of the ranks of distances from the median: below 1.01 for chains to be trusted.
    pub r_hat: f64,
    /// Effective size of the ranks: of estimates in the middle of the distribution.
    pub bulk: f64,
    /// The smaller effective size of the two quantiles 5 % and 95 %.
    pub tail: f64,
}

impl Mixing {
    /// Of chains of one number, each at least 4 draws long; longer ones are cut at the shortest. NaN for shorter ones and for numbers that are not finite.
    #[must_use]
    pub fn of(chains: &[Vec<f64>]) -> Mixing {
        Mixing { r_hat: r_hat(chains), bulk: ess_bulk(chains), tail: ess_tail(chains) }
    }
}

impl fmt::Display for Mixing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "R̂ {:.3}, effective size {:.0} in the bulk, {:.0} in the tails",
            self.r_hat, self.bulk, self.tail
        )
    }
}

/// Each chain in two halves (without the middle draw of an odd number), of one length; `None` where there is too little, or no number.
fn split(chains: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
    let n = chains.iter().map(Vec::len).min().filter(|n| *n >= 4)?;
    let halves = |chain: &'_ Vec<f64>| [chain[..n / 2].to_vec(), chain[n - n / 2..n].to_vec()];
    let all: Vec<Vec<f64>> = chains.iter().flat_map(halves).collect();
    all.iter().flatten().all(|x| x.is_finite()).then_some(all)
}

/// Every number replaced by the normal quantile of its rank among all (ties share their mean rank), by Blom's (r − 3/8)/(S + 1/4).
fn ranked(chains: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let flat: Vec<f64> = chains.iter().flatten().copied().collect();
    let mut order: Vec<usize> = (0..flat.len()).collect();
    order.sort_by(|&i, &j| flat[i].total_cmp(&flat[j]));
    let mut scores = vec![0.0; flat.len()];
    let mut from = 0;
    while from < order.len() {
        let value = flat[order[from]];
        let to = from + order[from..].iter().take_while(|&&i| flat[i] == value).count();
        let rank = 0.5 * (from + to + 1) as f64;
        let score = normal_quantile((rank - 0.375) / (flat.len() as f64 + 0.25));
        order[from..to].iter().for_each(|&i| scores[i] = score);
        from = to;
    }
    let n = chains.first().map_or(1, Vec::len);
    scores.chunks(n.max(1)).map(<[f64]>::to_vec).collect()
}

fn sorted(chains: &[Vec<f64>]) -> Vec<f64> {
    let mut all: Vec<f64> = chains.iter().flatten().copied().collect();
    all.sort_by(f64::total_cmp);
    all
}

/// A quantile by linear interpolation between order statistics.
fn quantile(sorted: &[f64], p: f64) -> f64 {
    let place = p * (sorted.len() - 1) as f64;
    let (low, part) = (place.floor() as usize, place.fract());
    let high = (low + 1).min(sorted.len() - 1);
    sorted[low] + part * (sorted[high] - sorted[low])
}

fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

/// Mean within-chain variance, and the variance of the pooled draws estimated from within and between.
fn variances(chains: &[Vec<f64>]) -> (f64, f64) {
    let n = chains.first().map_or(0, Vec::len) as f64;
    let means: Vec<f64> = chains.iter().map(|chain| mean(chain)).collect();
    let own =
        |(chain, m): (&Vec<f64>, &f64)| chain.iter().map(|x| (x - m) * (x - m)).sum::<f64>() / (n - 1.0);
    let within = chains.iter().zip(&means).map(own).sum::<f64>() / chains.len() as f64;
    let grand = mean(&means);
    let between = means.iter().map(|m| (m - grand).powi(2)).sum::<f64>() / (chains.len() as f64 - 1.0);
    (within, within * (n - 1.0) / n + between)
}

fn plain_r_hat(chains: &[Vec<f64>]) -> f64 {
    let (within, total) = variances(chains);
    if total == 0.0 { 1.0 } else { (total / within).sqrt() }
}

/// Rank-normalised split R̂: the larger of that of the draws and that of their distances from the median ("folded"), which sees chains that differ
/// in spread alone. NaN for fewer than 4 draws a chain.
#[must_use]
pub fn r_hat(chains: &[Vec<f64>]) -> f64 {
    let Some(halves) = split(chains) else { return f64::NAN };
    let median = quantile(&sorted(&halves), 0.5);
    let folded: Vec<Vec<f64>> =
        halves.iter().map(|chain| chain.iter().map(|x| (x - median).abs()).collect()).collect();
    plain_r_hat(&ranked(&halves)).max(plain_r_hat(&ranked(&folded)))
}

/// Effective size of rank-normalised split chains. NaN for fewer than 4 draws a chain.
#[must_use]
pub fn ess_bulk(chains: &[Vec<f64>]) -> f64 {
    split(chains).map_or(f64::NAN, |halves| effective(&ranked(&halves)))
}

/// The smaller of the effective sizes of the quantiles 5 % and 95 %. NaN for fewer than 4 draws a chain.
#[must_use]
pub fn ess_tail(chains: &[Vec<f64>]) -> f64 {
    ess_quantile(chains, 0.05).min(ess_quantile(chains, 0.95))
}

/// Effective size for a quantile: that of the indicator of lying at most there. NaN for fewer than 4 draws a chain.
#[must_use]
pub fn ess_quantile(chains: &[Vec<f64>], p: f64) -> f64 {
    let Some(halves) = split(chains) else { return f64::NAN };
    // (of the whole chains, as they were given)
    let at = quantile(&sorted(chains), p);
    let below = |chain: &Vec<f64>| chain.iter().map(|x| f64::from(u8::from(*x <= at))).collect();
    effective(&halves.iter().map(below).collect::<Vec<Vec<f64>>>())
}

/// Effective size for the mean. NaN for fewer than 4 draws a chain.
#[must_use]
pub fn ess_mean(chains: &[Vec<f64>]) -> f64 {
    split(chains).map_or(f64::NAN, |halves| effective(&halves))
}

/// Autocorrelations combined over chains, summed in pairs while those are positive, and made monotone (Geyer 1992).
fn effective(chains: &[Vec<f64>]) -> f64 {
    let n = chains.first().map_or(0, Vec::len);
    let count = (n * chains.len()) as f64;
    let (within, total) = variances(chains);
    let all = sorted(chains);
    if all.last().zip(all.first()).is_none_or(|(last, first)| last - first < 1e-15) {
        return count;
    }
    let means: Vec<f64> = chains.iter().map(|chain| mean(chain)).collect();
    let correlation = |lag: usize| {
        let covariance = |(chain, m): (&Vec<f64>, &f64)| {
            let pairs = chain.iter().zip(&chain[lag..]);
            pairs.map(|(a, b)| (a - m) * (b - m)).sum::<f64>() / n as f64
        };
        1.0 - (within - chains.iter().zip(&means).map(covariance).sum::<f64>() / chains.len() as f64) / total
    };
    let mut rho = vec![1.0, correlation(1)];
    let (mut even, mut odd) = (rho[0], rho[1]);
    let mut lag = 1;
    while lag + 3 < n && even + odd > 0.0 {
        (even, odd) = (correlation(lag + 1), correlation(lag + 2));
        if even + odd >= 0.0 {
            rho.extend([even, odd]);
        }
        lag += 2;
    }
    if lag == 1 {
        // two neighbours cancel each other: as good as it gets
        return count * count.log10();
    }
    // pairs before the last one looked at; of that, its first if it is positive
    let last = lag - 2;
    let extra = if even > 0.0 { even } else { rho.get(last + 1).copied().unwrap_or(0.0) };
    for k in (1..(last + 1).saturating_sub(2)).step_by(2) {
        let before = rho[k - 1] + rho[k];
        if rho[k + 1] + rho[k + 2] > before {
            (rho[k + 1], rho[k + 2]) = (0.5 * before, 0.5 * before);
        }
    }
    let sum: f64 = rho[..=last.min(rho.len() - 1)].iter().sum();
    let time = -1.0 + 2.0 * sum + extra;
    // negative autocorrelation may beat independence, but not without end
    count / time.max(1.0 / count.log10())
}

#[cfg(test)]
mod tests {
    use super::*;
    use softbias_priors::Seed;

    fn autoregressive(chains: usize, n: usize, rho: f64) -> Vec<Vec<f64>> {
        let chain = |c: usize| {
            let z = Seed::new(11).at(c).normal1(n);
            let mut x = z[0] / (1.0 - rho * rho).sqrt();
            let next = |z: &f64| {
                let now = x;
                x = rho * x + z;
                now
            };
            z.iter().map(next).collect()
        };
        (0..chains).map(chain).collect()
    }

    #[test]
    fn effective_sizes_of_autoregressive_chains() {
        // the mean of an AR(1) chain is worth n (1 − ρ)/(1 + ρ) draws
        for rho in [0.0, 0.5, 0.9, -0.3] {
            let chains = autoregressive(4, 20_000, rho);
            let expected = 80_000.0 * (1.0 - rho) / (1.0 + rho);
            for found in [ess_mean(&chains), ess_bulk(&chains)] {
                assert!((found / expected - 1.0).abs() < 0.12, "ρ {rho}: {found} for {expected}");
            }
            assert!((r_hat(&chains) - 1.0).abs() < 2e-3);
        }
    }

    #[test]
    fn chains_that_differ_in_place_or_in_spread_are_found_out() {
        let apart = |shift: f64, factor: f64| {
            let mut chains = autoregressive(4, 1000, 0.0);
            chains[3].iter_mut().for_each(|x| *x = factor * *x + shift);
            chains
        };
        assert!(r_hat(&apart(0.0, 1.0)) < 1.01);
        assert!(r_hat(&apart(2.0, 1.0)) > 1.2);
        assert!(r_hat(&apart(0.0, 5.0)) > 1.1);
        assert!(Mixing::of(&apart(2.0, 1.0)).bulk < 40.0);
    }

    #[test]
    fn what_no_number_can_be_given_for() {
        assert!(r_hat(&[vec![1.0, 2.0, 3.0]]).is_nan() && ess_bulk(&[]).is_nan());
        assert!(ess_tail(&[vec![1.0, f64::NAN, 3.0, 4.0]]).is_nan());
        assert_eq!(r_hat(&[vec![2.0; 8], vec![2.0; 8]]), 1.0);
        assert_eq!(r_hat(&[vec![1.0; 8], vec![2.0; 8]]), f64::INFINITY);
    }
}
