//! Levels on a line: the k numbers to which given ones can be moved at the least sum of squares, exactly.

/// The best levels for the values, ascending; fewer than k where fewer do as well.
///
/// k-means on a line by dynamic programming: clusters are intervals of the sorted values, and where the last one begins only grows
/// with its end, so that a row of the table is filled by bisection (Wu 1991; Grønlund et al. 2017). O(k n log n) time, O(k n) memory.
pub(super) fn levels(values: &[f64], k: usize) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let sums = Sums::of(&sorted);
    let mut distinct = sorted.clone();
    distinct.dedup();
    let k = k.min(distinct.len());
    if k == 0 {
        return Vec::new();
    }
    let n = sorted.len();
    // cost[j]: of the first j values in as many clusters as rows were filled; begins[c][j]: where the last of them begins
    let mut cost: Vec<f64> = (0..=n).map(|j| sums.cost(0, j)).collect();
    let mut begins = vec![vec![0; n + 1]];
    for _ in 1..k {
        let mut row = Row { before: &cost, sums: &sums, cost: vec![0.0; n + 1], begins: vec![0; n + 1] };
        row.fill(1, n, 0, n);
        let Row { cost: filled, begins: of_row, .. } = row;
        cost = filled;
        begins.push(of_row);
    }
    let mut end = n;
    let mut levels = Vec::with_capacity(k);
    for of_row in begins.iter().rev() {
        let begin = of_row[end];
        if begin < end {
            levels.push(sums.mean(begin, end));
        }
        end = begin;
    }
    levels.reverse();
    levels
}

/// Sums of the first j values and of their squares, about the middle one, so that little cancels.
struct Sums {
    origin: f64,
    first: Vec<f64>,
    second: Vec<f64>,
}

impl Sums {
    fn of(sorted: &[f64]) -> Sums {
        let origin = sorted.get(sorted.len() / 2).copied().unwrap_or(0.0);
        let running = |power: i32| {
            let mut sum = 0.0;
            let sums = sorted.iter().map(|v| {
                sum += (v - origin).powi(power);
                sum
            });
            std::iter::once(0.0).chain(sums).collect::<Vec<f64>>()
        };
        Sums { origin, first: running(1), second: running(2) }
    }

    /// Σ (v − mean)² over sorted values begin..end.
    fn cost(&self, begin: usize, end: usize) -> f64 {
        if end <= begin {
            return 0.0;
        }
        let sum = self.first[end] - self.first[begin];
        (self.second[end] - self.second[begin] - sum * sum / (end - begin) as f64).max(0.0)
    }

    fn mean(&self, begin: usize, end: usize) -> f64 {
        self.origin + (self.first[end] - self.first[begin]) / (end - begin) as f64
    }
}

/// One row of the table, from the one before.
struct Row<'a> {
    before: &'a [f64],
    sums: &'a Sums,
    cost: Vec<f64>,
    begins: Vec<usize>,
}

impl Row<'_> {
    /// Ends from..=to, whose last cluster begins within low..=high.
    fn fill(&mut self, from: usize, to: usize, low: usize, high: usize) {
        if from > to {
            return;
        }
        let end = usize::midpoint(from, to);
        let of = |begin: usize| self.before[begin] + self.sums.cost(begin, end);
        let begin = (low..=high.min(end)).min_by(|a, b| of(*a).total_cmp(&of(*b))).unwrap_or(low);
        self.cost[end] = of(begin);
        self.begins[end] = begin;
        self.fill(from, end - 1, low, begin);
        self.fill(end + 1, to, begin, high);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use softbias_priors::Seed;

    fn distortion(values: &[f64], levels: &[f64]) -> f64 {
        let nearest = |v: &f64| levels.iter().map(|l| (v - l).powi(2)).fold(f64::INFINITY, f64::min);
        values.iter().map(nearest).sum()
    }

    /// Every way to cut the sorted values into k intervals.
    fn best(sorted: &[f64], k: usize) -> f64 {
        if k == 1 {
            let mean = sorted.iter().sum::<f64>() / sorted.len() as f64;
            return sorted.iter().map(|v| (v - mean).powi(2)).sum();
        }
        (1..=sorted.len() - (k - 1))
            .map(|cut| best(&sorted[..cut], 1) + best(&sorted[cut..], k - 1))
            .fold(f64::INFINITY, f64::min)
    }

    #[test]
    fn no_cut_is_better() {
        for (seed, n) in [(1, 5), (2, 9), (3, 13)] {
            let values = Seed::new(seed).normal1(n).to_vec();
            let mut sorted = values.clone();
            sorted.sort_by(f64::total_cmp);
            for k in 1..=4 {
                let found = levels(&values, k);
                assert!(found.len() == k && found.is_sorted());
                assert!((distortion(&values, &found) - best(&sorted, k)).abs() < 1e-12, "{n} {k}");
            }
        }
    }

    #[test]
    fn edges() {
        assert!(levels(&[], 3).is_empty());
        assert_eq!(levels(&[2.0, 2.0, 2.0], 5), [2.0]);
        assert_eq!(levels(&[1.0, 5.0, 1.0], 2), [1.0, 5.0]);
        // a lattice far from 0 is found to the last digit
        let far: Vec<f64> = (0..60).map(|i| 1e8 + f64::from(i % 3)).collect();
        assert_eq!(levels(&far, 3), [1e8, 1e8 + 1.0, 1e8 + 2.0]);
    }
}
