//! Kernels averaged over groups: invariance, the double sum, soft symmetries, and what is left.

use softbias_priors::group::Action;

use super::*;

fn image(action: &Action, x: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; x.len()];
    action.apply(x, &mut out);
    out
}

/// Kernels and groups: preserved for ever, preserved where lengths are equal, not preserved; shifts and signs.
fn every() -> Vec<(Kernel, Group)> {
    let mixed = || 1.3 * Kernel::rbf(0.9) + 0.4 * Kernel::matern32(1.7);
    vec![
        (mixed(), Group::reflections(2, 0, 0.3).unwrap()),
        (mixed(), Group::point_reflections(&[0.3, -0.1]).unwrap()),
        (mixed(), Group::permutations(3).unwrap()),
        (mixed().pow(2), Group::images(2, 2).unwrap()),
        (Kernel::rbf([0.8, 0.8, 0.8]), Group::cyclic_shifts(3).unwrap()),
        (Kernel::rbf([0.8, 1.5, 0.6]), Group::cyclic_shifts(3).unwrap()),
        (Kernel::matern52([0.8, 1.5, 0.6, 0.9]), Group::block_permutations(2, 2).unwrap()),
        (mixed().on([1]).unwrap(), Group::permutations(2).unwrap()),
        (Kernel::rbf(0.7).changing(0, 0.2, 0.5, Kernel::rbf(1.4)), Group::reflections(2, 0, 0.3).unwrap()),
        (Kernel::additive(vec![Kernel::rbf(0.7); 3], 2).unwrap(), Group::permutations(3).unwrap()),
        (Kernel::linear(0.7) + Kernel::constant(0.5), Group::images(2, 2).unwrap()),
        (Kernel::linear(0.7) + Kernel::constant(0.5), Group::reflections(2, 0, 0.3).unwrap()),
        (Kernel::periodic(1.7, 0.8), Group::reflections(2, 1, -0.2).unwrap()),
        (Kernel::rbf(0.7), Group::trivial(2).unwrap()),
    ]
}

#[test]
fn laws_hold() {
    for (kernel, group) in every() {
        keeps(&kernel.averaged(&group).unwrap(), &points(6, group.inputs()));
    }
}

#[test]
fn the_double_sum_and_invariance() {
    for (kernel, group) in every() {
        let averaged = kernel.clone().averaged(&group).unwrap();
        let x = rows(&points(5, group.inputs()));
        let share = 1.0 / group.order() as f64;
        for (a, b) in [(0, 1), (2, 3), (1, 1)] {
            let images = |x: &[f64]| Vec::from_iter(group.actions().iter().map(|g| image(g, x)));
            let (of_a, of_b) = (images(&x[a]), images(&x[b]));
            let sum: f64 = of_a.iter().flat_map(|a| of_b.iter().map(|b| kernel.eval(a, b))).sum();
            let exact = share * share * sum;
            near(averaged.eval(&x[a], &x[b]), exact, 1e-14, &format!("{averaged:?}"));
            for a in &of_a {
                near(averaged.eval(a, &x[b]), exact, 1e-14, "invariance");
            }
            for g in group.actions() {
                assert!(averaged.function().preserved_by(g));
            }
        }
        let z = averaged.function().random_function(group.inputs(), Seed::new(6)).unwrap();
        group.actions().iter().for_each(|g| near(z.value(&image(g, &x[0])), z.value(&x[0]), 1e-13, "draws"));
    }
}

#[test]
fn wide_tiles() {
    for kernel in [Kernel::rbf(0.9), Kernel::rbf([0.7, 0.9])] {
        let swap = Action::new(vec![1, 0], vec![1.0, -1.0], vec![0.2, 0.2]).unwrap();
        let averaged = kernel.averaged(&Group::generated_by(&[swap], 4).unwrap()).unwrap();
        let x = Points::new(Seed::new(4).normal2(600, 2)).unwrap();
        let (k, rows) = (gram(&averaged, &x), rows(&x));
        for (i, j) in [(0, 0), (255, 256), (256, 255), (599, 3), (511, 512), (3, 599)] {
            near(k[[i, j]], averaged.eval(&rows[i], &rows[j]), 1e-14, "wide tiles");
        }
    }
}

#[test]
fn parts_add_up() {
    let groups = [
        Group::reflections(2, 0, 0.3).unwrap(),
        Group::permutations(2).unwrap(),
        Group::point_reflections(&[0.0, 0.0]).unwrap(),
    ];
    let whole = || 1.3 * Kernel::rbf(0.9) + 0.4 * Kernel::matern32(1.7);
    for group in groups {
        let x = points(7, 2);
        let (even, odd) = (whole().averaged(&group).unwrap(), whole().antisymmetric_part(&group).unwrap());
        keeps(&odd, &x);
        let gap = gram(&even, &x) + gram(&odd, &x) - gram(&whole(), &x);
        assert!(gap.iter().all(|gap| gap.abs() < 1e-15), "{gap:?}");
        // averages of the rest vanish, and the rest of an average too: the parts are independent
        for rest in [odd.averaged(&group).unwrap(), even.antisymmetric_part(&group).unwrap()] {
            assert!(gram(&rest, &x).iter().all(|k| k.abs() < 1e-15));
        }
    }
    // for three actions the identity has another weight than for two
    let shifts = Group::cyclic_shifts(3).unwrap();
    keeps(&whole().antisymmetric_part(&shifts).unwrap(), &points(6, 3));
    // where the group leaves a point alone, these functions are 0
    let odd = whole().antisymmetric_part(&shifts).unwrap();
    let fixed = [0.7, 0.7, 0.7];
    assert_eq!(odd.function().diagonal(&fixed), 0.0);
    assert!(odd.eval(&fixed, &[0.3, 0.1, -2.0]).abs() < 1e-16);
    let error = Kernel::rbf([0.5, 0.5]).antisymmetric_part(&Group::permutations(2).unwrap()).unwrap_err();
    assert!(error.to_string().contains("relax by the kernel itself"), "{error}");
}

#[test]
fn soft_symmetries() {
    let group = Group::images(2, 2).unwrap();
    let x = points(7, 4);
    let free = || 1.3 * Kernel::rbf(0.9);
    let core = || Gp::new(free().averaged(&group).unwrap());
    let soft = |softness| core().relaxed(softness, Gp::new(free()));
    laws::bias(&soft, &core(), &x).unwrap();
    for softness in [0.0, 0.3] {
        laws::gaussian(&soft(Softness::new(softness).unwrap()), &x, Seed::new(1)).unwrap();
    }
    let rest = || Gp::new(free().antisymmetric_part(&group).unwrap());
    let soft = |softness| core().relaxed(softness, rest());
    laws::bias(&soft, &core(), &x).unwrap();
    let soft = soft(Softness::new(1.0).unwrap());
    let gap = soft.cov(&x, &x).unwrap().of_output(0).to_owned() - gram(&free(), &x);
    assert!(gap.iter().all(|gap| gap.abs() < 1e-15), "softness 1 is the free process");
}

#[test]
fn equal_lengths_do_not_hide_their_gradient() {
    // at equal lengths the values need one sum, the slopes along each length two: both paths against the double sum
    let (group, x) = (Group::cyclic_shifts(3).unwrap(), points(6, 3));
    let w = Blocks::Shared(Array2::from_shape_fn((6, 6), |(i, j)| ((i + 1) * (j + 1)) as f64 * 0.1 - 0.4));
    let of = |lengths: [f64; 3]| Gp::new(Kernel::rbf(lengths).averaged(&group).unwrap());
    let gradient = of([0.8; 3]).contract(&x, &w).unwrap();
    let h = 1e-5;
    for d in 0..3 {
        let at = |h: f64| {
            let mut lengths = [0.8; 3];
            lengths[d] += h;
            of(lengths).cov(&x, &x).unwrap().inner(&w).unwrap()
        };
        near(gradient[d], (at(h) - at(-h)) / (2.0 * h), 1e-7, "the gradient at equal lengths");
    }
}

#[test]
fn averages_of_averages() {
    // flips are normal in the group of the square: averaging over both is averaging over all
    let (flips, all) = (Group::flips(3, 3).unwrap(), Group::images(3, 3).unwrap());
    let twice = Kernel::rbf(1.1).averaged(&flips).unwrap();
    let diagonal = Action::permutation(vec![0, 3, 6, 1, 4, 7, 2, 5, 8]).unwrap();
    assert!(twice.function().preserved_by(&diagonal));
    assert!(!twice.function().preserved_by(&Action::permutation(vec![1, 0, 2, 3, 4, 5, 6, 7, 8]).unwrap()));
    let twice = twice.averaged(&Group::generated_by(&[diagonal], 2).unwrap()).unwrap();
    let x = points(6, 9);
    let gap = gram(&twice, &x) - gram(&Kernel::rbf(1.1).averaged(&all).unwrap(), &x);
    assert!(gap.iter().all(|gap| gap.abs() < 1e-15));
}

#[test]
fn refused() {
    let group = Group::permutations(3).unwrap();
    let wrong = Kernel::rbf([1.0, 2.0]).averaged(&group).unwrap_err();
    assert!(matches!(wrong, PriorError::Dimensions { expected: 2, found: 3, .. }), "{wrong}");
    assert!(Kernel::rbf(1.0).on([3]).unwrap().averaged(&group).is_err());
    let three = Gp::new(Kernel::rbf(1.0).averaged(&group).unwrap());
    assert!(matches!(three.var(&points(3, 2)), Err(PriorError::Dimensions { expected: 3, found: 2, .. })));
    // a file that names another group than it says
    let saved = Kernel::rbf(1.0).averaged(&group).unwrap().saved().unwrap();
    type Change = fn(&mut softbias_priors::kernel::SavedKernel);
    let changes: [Change; 5] = [
        |saved| saved.counts[1] = 5,
        |saved| saved.counts[1] = 7,
        |saved| saved.counts[2] = 0,
        |saved| saved.counts.truncate(1),
        |saved| saved.values[0] = 0.5,
    ];
    for change in changes {
        let mut broken = saved.clone();
        change(&mut broken);
        assert!(broken.revive().is_err(), "{broken:?}");
    }
}
