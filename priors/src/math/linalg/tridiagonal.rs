//! Eigenvalues of symmetric tridiagonal matrices, without their vectors.

/// Sweeps for every eigenvalue at most; fewer than two are usual.
const SWEEPS: usize = 30;

/// Eigenvalues, ascending and in the place of the diagonal (n), of the symmetric tridiagonal matrix with the numbers `beside` the diagonal
/// (n − 1), which are lost. `None` without convergence.
///
/// QL sweeps with Wilkinson's shift in the form of Pal, Walker and Kahan, which needs no square root within a sweep (Parlett 1998, *The
/// Symmetric Eigenvalue Problem*, 8.15). Errors are of the order of machine precision times the largest eigenvalue. Cost: some 15n² flops.
pub(super) fn eigenvalues(diagonal: &mut [f64], beside: &mut [f64]) -> Option<()> {
    let largest = diagonal.iter().chain(beside.iter()).fold(0.0, |most: f64, x| most.max(x.abs()));
    if largest == 0.0 {
        return Some(());
    }
    diagonal.iter_mut().for_each(|d| *d /= largest);
    beside.iter_mut().for_each(|e| *e = (*e / largest).powi(2));
    let (d, squares) = (diagonal, beside);
    let (mut from, mut left) = (0, SWEEPS * d.len());
    while from < d.len() {
        let last = block(d, squares, from, d.len() - 1);
        // the end with the smaller numbers first: graded matrices keep their small eigenvalues
        if d[last].abs() < d[from].abs() {
            d[from..=last].reverse();
            squares[from..last].reverse();
        }
        while from <= last {
            let end = block(d, squares, from, last);
            if end == from {
                from += 1;
            } else {
                left = left.checked_sub(1)?;
                sweep(&mut d[from..=end], &mut squares[from..end]);
            }
        }
    }
    d.iter_mut().for_each(|d| *d *= largest);
    d.sort_unstable_by(f64::total_cmp);
    Some(())
}

/// The last row of the block that begins at `from`: the next number beside the diagonal is negligible, and set to 0.
fn block(d: &[f64], squares: &mut [f64], from: usize, last: usize) -> usize {
    let negligible = f64::EPSILON * f64::EPSILON;
    for i in from..last {
        // (the second for rows of zeros, beside the largest number, which is 1)
        if squares[i] <= negligible * (d[i] * d[i + 1]).abs() || squares[i] <= negligible * 1e-6 {
            squares[i] = 0.0;
            return i;
        }
    }
    last
}

/// One sweep over a block, towards its first row. `squares`: of the numbers beside the diagonal, none of them 0.
fn sweep(d: &mut [f64], squares: &mut [f64]) {
    let root = squares[0].sqrt();
    let half = (d[1] - d[0]) / (2.0 * root);
    let shift = d[0] - root / (half + 1.0_f64.hypot(half).copysign(half));
    let last = squares.len();
    let (mut c, mut s) = (1.0, 0.0);
    let mut gamma = d[last] - shift;
    let mut p = gamma * gamma;
    for i in (0..last).rev() {
        let square = squares[i];
        let r = p + square;
        if i + 1 < last {
            squares[i + 1] = s * r;
        }
        let (before, old) = (c, gamma);
        (c, s) = (p / r, square / r);
        gamma = c * (d[i] - shift) - s * old;
        d[i + 1] = old + (d[i] - gamma);
        // γ²/c, with a quotient that need not wait for γ
        p = if p > f64::MIN_POSITIVE { gamma * gamma * (r / p) } else { before * square };
    }
    squares[0] = s * p;
    d[0] = shift + gamma;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Seed;

    #[test]
    fn second_differences_have_known_ones() {
        for n in [1, 2, 3, 10, 501] {
            let (mut d, mut e) = (vec![2.0; n], vec![-1.0; n - 1]);
            assert_eq!(eigenvalues(&mut d, &mut e), Some(()));
            for (k, found) in d.iter().enumerate() {
                let angle = std::f64::consts::PI * (k + 1) as f64 / (2 * (n + 1)) as f64;
                assert!((found - 4.0 * angle.sin().powi(2)).abs() < 1e-14, "{n}: {k}");
            }
        }
    }

    #[test]
    fn as_the_dense_route_finds_them() {
        let n = 60;
        let z = Seed::new(3).normal1(2 * n).to_vec();
        let graded: Vec<f64> = (0..n).map(|i| 10f64.powf(-0.4 * i as f64)).collect();
        let cases: [(&str, Vec<f64>, Vec<f64>); 7] = [
            ("random", z[..n].to_vec(), z[n + 1..].to_vec()),
            ("graded down", graded.clone(), graded[1..].iter().map(|g| 0.5 * g).collect()),
            (
                "graded up",
                graded.iter().rev().copied().collect(),
                graded[1..].iter().rev().map(|g| 0.5 * g).collect(),
            ),
            ("Wilkinson's, in pairs", (0..n).map(|i| (i as f64 - 29.5).abs()).collect(), vec![1.0; n - 1]),
            ("zeros on the diagonal", vec![0.0; n], z[n + 1..].to_vec()),
            ("in two parts", z[..n].to_vec(), (1..n).map(|i| if i == 20 { 0.0 } else { z[i] }).collect()),
            (
                "huge",
                z[..n].iter().map(|z| z * 1e200).collect(),
                z[n + 1..].iter().map(|z| z * 1e200).collect(),
            ),
        ];
        for (name, mut d, mut e) in cases {
            let dense = ndarray::Array2::from_shape_fn((n, n), |(i, j)| match (i, j) {
                (i, j) if i == j => d[i],
                (i, j) if i.abs_diff(j) == 1 => e[i.min(j)],
                _ => 0.0,
            });
            let expected = super::super::eigh(dense.view()).map(|eigen| eigen.values).unwrap_or_default();
            assert_eq!(expected.len(), n);
            let largest = expected.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
            assert_eq!(eigenvalues(&mut d, &mut e), Some(()));
            for (found, expected) in d.iter().zip(&expected) {
                assert!((found - expected).abs() < 1e-14 * largest, "{name}: {found} {expected}");
            }
        }
    }

    #[test]
    fn small_eigenvalues_of_graded_matrices_are_kept() {
        // diag(g) + g gᵀ-like couplings so weak that the diagonal is right to second order
        for turned in [false, true] {
            let mut d: Vec<f64> = (0..8).map(|i| 100f64.powi(-i)).collect();
            let mut e: Vec<f64> = (0..7).map(|i| 1e-6 * 100f64.powi(-i - 1)).collect();
            if turned {
                d.reverse();
                e.reverse();
            }
            assert_eq!(eigenvalues(&mut d, &mut e), Some(()));
            for (i, found) in d.iter().rev().enumerate() {
                assert!((found * 100f64.powi(i as i32) - 1.0).abs() < 1e-9, "{i}: {found}");
            }
        }
    }
}
