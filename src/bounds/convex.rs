//! PAC-Bayes bounds from any convex gap between empirical and true risk (Bégin et al. 2016), its constant computed.

use std::fmt;
use std::sync::Arc;

use softbias_models::EmpiricalRisk;
use softbias_priors::Nats;
use softbias_priors::math::special::ln_gamma;
use softbias_priors::math::stable::log_sum_exp;

use super::pac_bayes::Maurer;
use super::{Bound, PacBayes};

/// A gap Δ(R̂, R) on [0, 1]², in nats a row.
type Gap = dyn Fn(f64, f64) -> f64 + Send + Sync;

/// Δ(R̂, R) ≤ (KL + ln(I/δ))/n, I = sup_r E exp(n Δ(k/n, r)) over k ~ Bin(n, r), for a convex Δ (Bégin et al. 2016; Foong et al. 2021).
///
/// With Δ = kl it is [`Seeger`](super::Seeger), with Catoni's gap it is [`Catoni`](super::Catoni), each at its own constant. Δ must be convex
/// in both arguments together, grow with R above R̂, and be fixed before the rows were seen; n likewise.
#[derive(Clone)]
pub struct ConvexGap {
    gap: Arc<Gap>,
    n: usize,
    log_constant: f64,
}

impl fmt::Debug for ConvexGap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { n, log_constant, .. } = self;
        f.debug_struct("ConvexGap").field("n", n).field("log_constant", log_constant).finish_non_exhaustive()
    }
}

/// Places in the angle of r where the supremum is looked for, and how many of the best are refined.
const PLACES: usize = 256;
const REFINED: usize = 4;

impl ConvexGap {
    /// For n rows. The supremum is searched for over 257 values of r and refined about the four best: O(300 n).
    pub fn new(gap: impl Fn(f64, f64) -> f64 + Send + Sync + 'static, n: usize) -> ConvexGap {
        let n = n.max(1);
        let choose: Vec<f64> = {
            let all = ln_gamma(n as f64 + 1.0);
            (0..=n).map(|k| all - ln_gamma(k as f64 + 1.0) - ln_gamma((n - k) as f64 + 1.0)).collect()
        };
        // evenly in the angle of r, where a binomial has the same width everywhere
        let log_mean = |angle: f64| {
            let r = angle.sin().powi(2).clamp(0.0, 1.0);
            let term = |k: usize| {
                let (q, wrong, right) = (k as f64 / n as f64, k as f64, (n - k) as f64);
                let of = |count: f64, p: f64| if count == 0.0 { 0.0 } else { count * p.ln() };
                let log = choose[k] + of(wrong, r) + of(right, 1.0 - r);
                if log == f64::NEG_INFINITY { log } else { log + n as f64 * gap(q, r) }
            };
            log_sum_exp(&(0..=n).map(term).collect::<Vec<_>>())
        };
        let width = std::f64::consts::FRAC_PI_2 / PLACES as f64;
        let mut found: Vec<(f64, usize)> = (0..=PLACES).map(|i| (log_mean(width * i as f64), i)).collect();
        found.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut log_constant = found[0].0;
        for &(_, i) in &found[..REFINED] {
            let (mut low, mut high) =
                (width * i.saturating_sub(1) as f64, width * (i + 1).min(PLACES) as f64);
            let golden = 0.5 * (5f64.sqrt() - 1.0);
            for _ in 0..40 {
                let (a, b) = (high - golden * (high - low), low + golden * (high - low));
                let (at_a, at_b) = (log_mean(a), log_mean(b));
                log_constant = log_constant.max(at_a).max(at_b);
                if at_a > at_b { high = b } else { low = a }
            }
        }
        ConvexGap { gap: Arc::new(gap), n, log_constant }
    }

    /// ln I.
    #[must_use]
    pub fn log_constant(&self) -> f64 {
        self.log_constant
    }
}

impl Bound for ConvexGap {
    fn name(&self) -> &'static str {
        "PAC-Bayes, convex gap (Bégin et al. 2016)"
    }

    fn assumptions(&self) -> &'static [&'static str] {
        Maurer.assumptions()
    }

    /// 1 for another number of rows than it was made for, and where Δ makes no sense.
    fn value(&self, risk: &EmpiricalRisk, information: Nats, n: usize, delta: f64) -> f64 {
        let most = (information.get().max(0.0) + self.log_constant - delta.ln()) / n as f64;
        if n != self.n || !most.is_finite() || !(0.0..=1.0).contains(&risk.mean) {
            return 1.0;
        }
        let (mut low, mut high) = (risk.mean, 1.0);
        if (self.gap)(risk.mean, high) <= most {
            return 1.0;
        }
        loop {
            let middle = 0.5 * (low + high);
            if middle <= low || middle >= high {
                return high;
            }
            if (self.gap)(risk.mean, middle) <= most {
                low = middle;
            } else {
                high = middle;
            }
        }
    }

    fn refuses(&self, risk: &EmpiricalRisk) -> Option<String> {
        if !risk.loss.is_bounded() {
            return Maurer.refuses(risk);
        }
        let other = || format!("its constant is that of {} rows, and there are {}", self.n, risk.n);
        (risk.n != self.n).then(other)
    }
}

impl PacBayes for ConvexGap {}
