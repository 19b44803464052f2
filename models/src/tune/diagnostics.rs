//! Whether chains have mixed: split R̂ and the effective sample size of a mean.

/// Each chain cut into its two halves, so that a drift within a chain counts as a difference between chains.
fn halves(chains: &[Vec<f64>]) -> Vec<&[f64]> {
    let cut = |chain: &'_ Vec<f64>| chain.len() / 2;
    chains.iter().flat_map(|c| [&c[..cut(c)], &c[c.len() - cut(c)..]]).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Autocovariance at a lag, over n.
fn autocovariance(chain: &[f64], average: f64, lag: usize) -> f64 {
    let pairs = chain.iter().zip(&chain[lag..]);
    pairs.map(|(a, b)| (a - average) * (b - average)).sum::<f64>() / chain.len() as f64
}

/// Mean variance within half-chains, and the variance of the pooled draws estimated from within and between.
fn variances(halves: &[&[f64]]) -> (f64, f64) {
    let n = halves.first().map_or(0, |half| half.len()) as f64;
    let means: Vec<f64> = halves.iter().map(|half| mean(half)).collect();
    let within = halves.iter().zip(&means).map(|(half, &m)| autocovariance(half, m, 0) * n / (n - 1.0));
    let within = within.sum::<f64>() / halves.len() as f64;
    let grand = mean(&means);
    let between = means.iter().map(|m| (m - grand).powi(2)).sum::<f64>() / (halves.len() as f64 - 1.0);
    (within, within * (n - 1.0) / n + between)
}

/// Split R̂ (Gelman et al., Bayesian Data Analysis, 3rd ed., §11.4) of chains of equal length, at least 4: near 1 when they agree; ∞
/// when each stands still at a place of its own, 1 when all stand at the same place.
pub(super) fn split_r_hat(chains: &[Vec<f64>]) -> f64 {
    let (within, total) = variances(&halves(chains));
    if total == 0.0 {
        return 1.0;
    }
    (total / within).sqrt()
}

/// Effective sample size for the mean of chains of equal length, at least 4: autocorrelations combined over split chains, summed
/// up to where pairs of them turn negative, and made monotone (Geyer 1992; Vehtari et al. 2021, §3.2, without ranks). 0 when no chain
/// moves.
pub(super) fn effective_sample_size(chains: &[Vec<f64>]) -> f64 {
    let halves = halves(chains);
    let (within, total) = variances(&halves);
    let n = halves.first().map_or(0, |half| half.len());
    if within == 0.0 {
        return 0.0;
    }
    let means: Vec<f64> = halves.iter().map(|half| mean(half)).collect();
    let correlation = |lag: usize| {
        let covariances = halves.iter().zip(&means).map(|(half, &m)| autocovariance(half, m, lag));
        let unbiased = n as f64 / (n as f64 - 1.0);
        1.0 - (within - unbiased * covariances.sum::<f64>() / halves.len() as f64) / total
    };
    let mut time = -1.0;
    let mut least = f64::INFINITY;
    for lag in (0..n.saturating_sub(1)).step_by(2) {
        let first = if lag == 0 { 1.0 } else { correlation(lag) };
        let pair = first + correlation(lag + 1);
        if pair < 0.0 {
            break;
        }
        least = least.min(pair);
        time += 2.0 * least;
    }
    let count = (n * halves.len()) as f64;
    // negative autocorrelation may beat independence, but not without end
    count / time.max(1.0 / count.log10())
}

#[cfg(test)]
mod tests {
    use super::*;
    use softbias_priors::Seed;

    fn autoregressive(chains: usize, n: usize, rho: f64, shift: f64) -> Vec<Vec<f64>> {
        let chain = |c: usize| {
            let z = Seed::new(11).at(c).normal1(n);
            let mut x = z[0] / (1.0 - rho * rho).sqrt();
            let next = |z: &f64| {
                let now = x;
                x = rho * x + z;
                now + shift * c as f64
            };
            z.iter().map(next).collect()
        };
        (0..chains).map(chain).collect()
    }

    #[test]
    fn effective_sizes_of_autoregressive_chains() {
        // the mean of an AR(1) chain is worth n (1 − ρ)/(1 + ρ) draws
        for rho in [0.0, 0.5, 0.9, -0.3] {
            let chains = autoregressive(4, 20_000, rho, 0.0);
            let expected = 80_000.0 * (1.0 - rho) / (1.0 + rho);
            let found = effective_sample_size(&chains);
            assert!((found / expected - 1.0).abs() < 0.12, "ρ {rho}: {found} for {expected}");
            assert!((split_r_hat(&chains) - 1.0).abs() < 2e-3);
        }
    }

    #[test]
    fn chains_that_disagree_are_found_out() {
        let apart = autoregressive(4, 1000, 0.0, 1.0);
        // means 0, 1, 2, 3: pooled variance 1 + 10/7 (8 half-chains in pairs), so that R̂ is near its root
        let expected = (1.0 + 10.0 / 7.0f64).sqrt();
        assert!((split_r_hat(&apart) / expected - 1.0).abs() < 0.05, "{}", split_r_hat(&apart));
        assert!(effective_sample_size(&apart) < 40.0);
        // a drift within every chain
        let drift: Vec<Vec<f64>> = (0..2)
            .map(|c| (0..1000).map(|i| f64::from(i) / 250.0 + Seed::new(c).normal1(1)[0]).collect())
            .collect();
        assert!(split_r_hat(&drift) > 1.5);
        // chains that stand still
        assert_eq!(split_r_hat(&[vec![2.0; 8], vec![2.0; 8]]), 1.0);
        assert_eq!(split_r_hat(&[vec![1.0; 8], vec![2.0; 8]]), f64::INFINITY);
        assert_eq!(effective_sample_size(&[vec![1.0; 8], vec![2.0; 8]]), 0.0);
    }
}
