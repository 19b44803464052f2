//! Bounds at reference values, to the digits that are known.

use softbias::bounds::{
    Bound, Catoni, CatoniGrid, CountableHoeffding, CountableKl, Maurer, McAllester, Pinsker, Quadratic,
    Seeger, Thiemann,
};
use softbias::*;

use crate::support::risk;

#[test]
fn reference_values() {
    let value = |bound: &dyn Bound, mean, kl, n, delta| bound.value(&risk(mean, n), Nats(kl), n, delta);
    for (found, expected, digits) in [
        (value(&McAllester, 0.1, 10.0, 1000, 0.05), 0.204_676_751_896, 1e-12),
        (value(&Maurer, 0.1, 10.0, 1000, 0.05), 0.164_476_177_836, 1e-12),
        (value(&Maurer, 0.1, 2.0, 30, 0.1), 0.397_529_880, 1e-9),
        (value(&Maurer, 0.1, 2.0, 60, 0.1), 0.301_111_075, 1e-9),
        (value(&Pinsker, 0.1, 10.0, 1000, 0.05), 0.192_581_739_813, 1e-12),
        (value(&Quadratic, 0.1, 10.0, 1000, 0.05), 0.178_154_440_725, 1e-12),
        (value(&Thiemann::best(), 0.1, 10.0, 1000, 0.05), 0.178_154_440_725, 1e-12),
        (value(&Catoni::fixed(0.5), 0.1, 10.0, 1000, 0.05), 0.155_164_616_140, 1e-12),
        (value(&Catoni::fixed(1.0), 0.1, 10.0, 1000, 0.05), 0.169_027_136_771, 1e-12),
        (value(&Catoni::fixed(2.0), 0.1, 10.0, 1000, 0.05), 0.221_866_823_137, 1e-12),
        (value(&Seeger, 0.1, 2.0, 30, 0.1), 0.387_413_613, 1e-9),
        (value(&Seeger, 0.1, 2.0, 60, 0.1), 0.294_063_829, 1e-9),
        // what Catoni's bound would be at the best C, were that allowed
        (value(&CountableKl, 0.1, 2.0, 30, 0.1), 0.327_304_295, 1e-9),
        (value(&CountableKl, 0.1, 2.0, 60, 0.1), 0.249_060_011, 1e-9),
        // no information, no union: the held-out kl bound
        (value(&CountableKl, 0.1, 0.0, 30, 0.1), 0.255_309_513, 1e-9),
        (value(&CountableKl, 0.1, 0.0, 60, 0.1), 0.202_675_977, 1e-9),
        // the case in the test file of tight-pac-bayes
        (value(&Maurer, 1.0 - 0.710_693, 1724.0, 30_000, 0.05), 0.455_157_708, 1e-9),
        (value(&Thiemann::best(), 1.0 - 0.710_693, 1724.0, 30_000, 0.05), 0.538_792_115, 1e-9),
        (value(&CatoniGrid::default(), 1.0 - 0.710_693, 1724.0, 30_000, 0.05), 0.456_020_360, 1e-9),
        // a million hypotheses; 200 bits and their own length
        (value(&CountableHoeffding, 0.0, 1e6f64.ln(), 1000, 0.05), 0.091_682_176, 1e-9),
        (value(&CountableHoeffding, 0.0, 149.2261, 1000, 0.05), 0.275_882, 1e-6),
        (value(&CountableKl, 0.05, 149.2261, 1000, 0.05), 0.257_550, 1e-6),
    ] {
        assert!((found - expected).abs() <= digits, "{found} is not {expected}");
    }
    // compressed CIFAR-10 networks of Lotfi et al. (2022): prefix bits less 2, n = 50,000, in per cent to the digits published
    for (error, bits, percent) in [
        (0.388_480_01, 4_788.435_915, 57.000),
        (0.285_220_02, 11_573.990_461, 56.541),
        (0.450_699_99, 4_656.354_839, 62.801),
        (0.200_760_01, 34_699.162_717, 67.745),
        (0.110_060_04, 11_407.948_679, 35.556),
    ] {
        let information = Nats::from_bits(bits - 2.0).get();
        let found = 100.0 * value(&CountableKl, error, information, 50_000, 0.05);
        assert!((found - percent).abs() < 6e-4, "{found} is not {percent}");
    }
    // the same networks: Catoni's bound on a grid as their code has it, to its six digits, and kl inversion
    for (error, bits, catoni, kl) in [
        (0.388_480_01, 4_788.435_915, 57.063_342, 57.017),
        (0.285_220_02, 11_573.990_461, 56.583_158, 56.552),
        (0.450_699_99, 4_656.354_839, 62.862_612, 62.817),
        (0.200_760_01, 34_699.162_717, 67.768_635, 67.751),
        (0.110_060_04, 11_407.948_679, 35.600_481, 35.567),
    ] {
        let information = Nats::from_bits(bits - 2.0).get();
        let found = 100.0 * value(&CatoniGrid::default(), error, information, 50_000, 0.05);
        assert!((found - catoni).abs() < 1e-4, "{found} is not {catoni}");
        let found = 100.0 * value(&Maurer, error, information, 50_000, 0.05);
        assert!((found - kl).abs() < 6e-4, "{found} is not {kl}");
    }
    for (n, constant) in [
        (1, 2.0),
        (10, 4.660_215_680),
        (30, 7.549_460_831),
        (60, 10.387_795_951),
        (100, 13.209_960_630),
        (1000, 40.303_212_926),
        (60_000, 307.665_104_943),
    ] {
        assert!((Seeger::constant(n) - constant).abs() < 1e-9, "I({n})");
    }
    // I(n) → √(πn/2) + 2/3
    let asymptotic = (std::f64::consts::PI * 1e9 / 2.0f64).sqrt() + 2.0 / 3.0;
    assert!((Seeger::constant(1_000_000_000) / asymptotic - 1.0).abs() < 1e-8);
    let best = Thiemann::best_lambda(&risk(0.1, 1000), Nats(10.0), 1000, 0.05);
    assert!((best - 0.438_689_265).abs() < 1e-9);
}
