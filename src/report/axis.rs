//! An axis: where its values lie, and the ticks that say so.

use super::panel::AxisSpec;

/// The share of the range left free at each end of an axis that fits its values.
const PADDING: f64 = 0.04;

/// No point is placed farther off than this many lengths of the axis, lest arithmetic overflow.
const FAR: f64 = 1e6;

/// A linear or logarithmic axis from one value to another, which may be the smaller.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    /// The ends, as logarithms to base 10 on a logarithmic axis.
    from: f64,
    to: f64,
    log: bool,
}

/// A tick: its place as a share of the axis, and its label.
pub(super) type Tick = (f64, String);

impl Axis {
    /// The axis asked for, over the range set or else over the values.
    pub(super) fn new(spec: &AxisSpec, values: impl Iterator<Item = f64>) -> Result<Self, String> {
        let scaled =
            |value: f64| Some(if spec.log { value.log10() } else { value }).filter(|v| v.is_finite());
        let (from, to) = match spec.range {
            Some((a, b)) => match (scaled(a), scaled(b)) {
                (Some(from), Some(to)) if from != to => (from, to),
                _ => return Err(format!("no axis leads from {a} to {b}")),
            },
            None => {
                let extent = values.filter_map(scaled).fold(None, |extent, v| match extent {
                    None => Some((v, v)),
                    Some((low, high)) => Some((v.min(low), v.max(high))),
                });
                // Halves, because the difference of two huge numbers may overflow.
                let (low, high) = extent.unwrap_or((0.0, 1.0));
                let (middle, half) = (low / 2.0 + high / 2.0, high / 2.0 - low / 2.0);
                // An axis as short as the rounding of its values could not be divided.
                let least = if spec.log { 0.5 } else { 1e-9 * middle.abs() };
                let half = if half > least { half * (1.0 + 2.0 * PADDING) } else { least.max(0.5) };
                ((middle - half).max(f64::MIN / 2.0), (middle + half).min(f64::MAX / 2.0))
            }
        };
        Ok(Self { from, to, log: spec.log })
    }

    /// The place of a value as a share of the axis, if it has one.
    pub(super) fn place(&self, value: f64) -> Option<f64> {
        let scaled = if self.log { value.log10() } else { value };
        if !scaled.is_finite() {
            return None;
        }
        Some(((scaled - self.from) / (self.to - self.from)).clamp(-FAR, FAR))
    }

    /// Whether a value lies on the axis.
    pub(super) fn shows(&self, value: f64) -> bool {
        self.place(value).is_some_and(|place| (0.0..=1.0).contains(&place))
    }

    /// About as many labelled ticks as asked for and, on a logarithmic axis, smaller ones between them.
    pub(super) fn ticks(&self, about: usize) -> (Vec<Tick>, Vec<f64>) {
        let (low, high) = (self.from.min(self.to), self.from.max(self.to));
        let on_axis = |value: &f64| self.shows(*value);
        let mut minor = Vec::new();
        let values: Vec<f64> = if self.log {
            let decades: Vec<i32> = ((low - 1e-9).ceil() as i32..=(high + 1e-9).floor() as i32).collect();
            let all = low.floor() as i32..=high.ceil() as i32;
            let multiples = |of: &[f64]| {
                all.clone().flat_map(|d| of.iter().map(move |m| m * 10f64.powi(d))).collect::<Vec<_>>()
            };
            let stride = decades.len().div_ceil(about.max(1)).max(1) as i32;
            if stride == 1 {
                minor = multiples(&[2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]);
            } else {
                minor = decades.iter().map(|&d| 10f64.powi(d)).collect();
            }
            let coarse: Vec<f64> =
                decades.iter().filter(|&&d| d.rem_euclid(stride) == 0).map(|&d| 10f64.powi(d)).collect();
            let fine: Vec<f64> = multiples(&[1.0, 2.0, 5.0]).into_iter().filter(on_axis).collect();
            match () {
                () if decades.len() > 2 => coarse,
                () if fine.len() > 2 => fine,
                // Less than a decade: even steps serve better.
                () => steps(10f64.powf(low), 10f64.powf(high), about),
            }
        } else {
            steps(low, high, about)
        };
        let labels = labels(&values, self.log);
        let place = |v: f64| self.place(v).filter(|place| (-1e-9..=1.0 + 1e-9).contains(place));
        let major = values.iter().zip(labels).filter_map(|(&v, label)| Some((place(v)?, label))).collect();
        (major, minor.into_iter().filter_map(place).collect())
    }
}

/// Round numbers between two ends, about as many as asked for.
fn steps(low: f64, high: f64, about: usize) -> Vec<f64> {
    let rough = (high - low) / about.max(1) as f64;
    let unit = 10f64.powf(rough.log10().floor());
    // Of the round steps, the one nearest to the rough one by ratio.
    let step = unit
        * [(1.42, 1.0), (3.17, 2.0), (7.08, 5.0)].iter().find(|m| rough / unit < m.0).map_or(10.0, |m| m.1);
    let (first, last) = ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor());
    let count = if (last - first).is_finite() { (last - first + 1.0).clamp(0.0, 1000.0) as usize } else { 0 };
    (0..count).map(|i| (first + i as f64) * step).collect()
}

/// The labels of ticks, alike in form.
fn labels(values: &[f64], log: bool) -> Vec<String> {
    let largest = values.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    let closest = values.windows(2).map(|w| (w[1] - w[0]).abs()).fold(f64::INFINITY, f64::min);
    let smallest = if log { values.iter().fold(f64::INFINITY, |m, v| m.min(v.abs())) } else { closest };
    let powers = largest >= 1e5 || smallest < 0.99e-3;
    values
        .iter()
        .map(|&v| {
            if v == 0.0 {
                "0".to_owned()
            } else if log && powers {
                let exponent = (v.abs().log10() + 1e-9).floor();
                let mantissa = (v / 10f64.powf(exponent)).round();
                if mantissa == 1.0 { power(exponent) } else { format!("{mantissa}×{}", power(exponent)) }
            } else if powers {
                let exponent = (largest.log10() + 1e-9).floor();
                let unit = 10f64.powf(exponent);
                format!("{}×{}", fixed(v / unit, closest / unit), power(exponent))
            } else {
                fixed(v, if log { v.abs().min(closest) } else { closest })
            }
        })
        .collect()
}

/// A number with the decimals that a step calls for.
fn fixed(value: f64, step: f64) -> String {
    let decimals = if step.is_finite() { (-(step.log10() + 1e-9).floor()).clamp(0.0, 12.0) } else { 2.0 };
    format!("{value:.*}", decimals as usize).replace('-', "−")
}

/// A power of ten in raised digits.
fn power(exponent: f64) -> String {
    const RAISED: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let raised = |c: char| c.to_digit(10).map_or('⁻', |digit| RAISED[digit as usize]);
    "10".chars().chain(exponent.to_string().chars().map(raised)).collect()
}
