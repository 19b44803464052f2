//! R̂ and effective sizes against ArviZ 0.23.4 (`benches/peers/arviz_values.py`), on chains that a formula makes.

use softbias_models::langevin::diagnostics::{ess_bulk, ess_mean, ess_quantile, ess_tail, r_hat};

/// AR(1) chains driven by a linear congruential generator (Knuth's MMIX), sums of four uniforms for normals.
fn matrix(chains: usize, draws: usize, rho: f64, shift: f64) -> Vec<Vec<f64>> {
    let mut state = 1u64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let mut chain = |c: usize| {
        let mut x = 0.0;
        let mut next = || {
            let total = uniform() + uniform() + uniform() + uniform();
            x = rho * x + (total - 2.0);
            x + shift * c as f64
        };
        (0..draws).map(|_| next()).collect()
    };
    (0..chains).map(&mut chain).collect()
}

fn close(found: f64, expected: f64, what: &str) {
    assert!((found / expected - 1.0).abs() < 1e-9, "{what}: {found}, ArviZ {expected}");
}

#[test]
fn the_values_of_arviz() {
    let cases = [
        (
            (4, 100, 0.5, 0.0),
            [
                1.020_054_676_521_697_1,
                152.856_613_212_376_32,
                287.311_242_334_995_8,
                152.325_823_717_247_32,
                238.279_442_387_783_43,
            ],
        ),
        (
            (4, 101, 0.9, 0.0),
            [
                1.199_653_644_579_322_7,
                19.100_132_935_562_005,
                48.320_622_829_480_33,
                19.024_550_759_321_556,
                55.962_740_847_894_366,
            ],
        ),
        (
            (2, 250, -0.4, 0.0),
            [
                1.000_891_406_684_606_4,
                1_349.485_002_168_009_3,
                504.034_240_095_047_1,
                1_348.357_427_170_480_2,
                816.509_987_637_014,
            ],
        ),
        (
            (3, 60, 0.0, 0.5),
            [
                1.329_152_340_151_576_1,
                9.273_740_887_834_924,
                136.790_580_658_146_33,
                9.056_643_579_329_88,
                16.775_191_580_733_928,
            ],
        ),
    ];
    for ((chains, draws, rho, shift), [r, bulk, tail, mean, quartile]) in cases {
        let x = matrix(chains, draws, rho, shift);
        let what = format!("{chains} chains of {draws}, ρ {rho}");
        close(r_hat(&x), r, &what);
        close(ess_bulk(&x), bulk, &what);
        close(ess_tail(&x), tail, &what);
        close(ess_mean(&x), mean, &what);
        close(ess_quantile(&x, 0.25), quartile, &what);
    }
}

/// (There ArviZ gives no R̂; the halves of one chain can be compared all the same.)
#[test]
fn one_chain() {
    let x = matrix(1, 200, 0.7, 0.0);
    close(ess_bulk(&x), 57.188_122_237_634_154, "bulk");
    close(ess_tail(&x), 63.669_639_331_121_06, "tail");
    close(ess_mean(&x), 57.163_949_128_897_045, "mean");
    assert!((1.0..1.1).contains(&r_hat(&x)));
}

#[test]
fn ties_share_their_rank() {
    let mut x = matrix(4, 80, 0.6, 0.0);
    x.iter_mut().flatten().for_each(|x| *x = x.round_ties_even());
    close(r_hat(&x), 1.008_453_660_994_599, "R̂");
    close(ess_bulk(&x), 120.177_506_527_673_78, "bulk");
    close(ess_tail(&x), 201.092_373_320_575_9, "tail");
}
