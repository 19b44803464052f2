//! Finite groups: the laws of groups, what the named ones do, and what is no group.

use softbias_priors::group::Action;

use super::*;

fn every() -> Vec<(Group, usize)> {
    let turn = Action::new(vec![1, 0], vec![-1.0, 1.0], vec![0.6, 0.0]).unwrap();
    vec![
        (Group::trivial(3).unwrap(), 1),
        (Group::reflections(3, 1, 0.7).unwrap(), 2),
        (Group::point_reflections(&[0.1, -0.2, 3.0]).unwrap(), 2),
        (Group::cyclic_shifts(1).unwrap(), 1),
        (Group::cyclic_shifts(6).unwrap(), 6),
        (Group::cyclic_shifts_of(6, &[0, 1, 2, 3, 4, 5], 4).unwrap(), 3),
        (Group::cyclic_shifts_of(6, &[5, 1, 3], 1).unwrap(), 3),
        (Group::images(4, 4).unwrap(), 8),
        (Group::images(5, 5).unwrap(), 8),
        (Group::quarter_turns(3, 3).unwrap(), 4),
        (Group::flips(2, 3).unwrap(), 4),
        (Group::mirror(2, 3).unwrap(), 2),
        (Group::image_shifts(2, 3).unwrap(), 6),
        (Group::permutations(1).unwrap(), 1),
        (Group::permutations(2).unwrap(), 2),
        (Group::permutations(5).unwrap(), 120),
        (Group::block_permutations(3, 2).unwrap(), 6),
        (Group::generated_by(&[turn], 4).unwrap(), 4),
    ]
}

#[test]
fn they_are_groups() {
    for (group, order) in every() {
        let (actions, inputs) = (group.actions(), group.inputs());
        assert_eq!((group.order(), actions.len()), (order, order), "{group:?}");
        assert_eq!(actions[0], Action::identity(inputs));
        let x = Seed::new(4).normal1(inputs).to_vec();
        for g in actions {
            assert!(group.contains(&g.inverse()) && group.normalised_by(g));
            // the inverse leads back, and a composition is one action after the other
            let (mut there, mut back) = (vec![0.0; inputs], vec![0.0; inputs]);
            g.apply(&x, &mut there);
            g.inverse().apply(&there, &mut back);
            assert!(back.iter().zip(&x).all(|(back, x)| (back - x).abs() < 1e-14));
            for h in actions {
                let both = g.then(h);
                assert!(group.contains(&both));
                let (mut one, mut two) = (vec![0.0; inputs], vec![0.0; inputs]);
                both.apply(&x, &mut one);
                h.apply(&there, &mut two);
                assert!(one.iter().zip(&two).all(|(one, two)| (one - two).abs() < 1e-14));
            }
        }
        for (i, g) in actions.iter().enumerate() {
            assert!(!actions[..i].contains(g), "{group:?} holds an action twice");
        }
        let mut backwards = actions.to_vec();
        backwards.reverse();
        assert_eq!(Group::new(&backwards).unwrap(), group);
    }
}

fn image(action: &Action, x: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; x.len()];
    action.apply(x, &mut out);
    out
}

#[test]
fn what_they_do() {
    let picture = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0];
    let turns = Group::quarter_turns(3, 3).unwrap();
    assert_eq!(image(&turns.actions()[1], &picture), [3.0, 6.0, 9.0, 2.0, 5.0, 8.0, 1.0, 4.0, 7.0]);
    let mirror = Group::mirror(2, 3).unwrap();
    assert_eq!(image(&mirror.actions()[1], &picture[..6]), [3.0, 2.0, 1.0, 6.0, 5.0, 4.0]);
    let down = Group::image_shifts(2, 3).unwrap();
    assert_eq!(image(&down.actions()[1], &picture[..6]), [4.0, 5.0, 6.0, 1.0, 2.0, 3.0]);
    let some = Group::cyclic_shifts_of(4, &[3, 0, 2], 1).unwrap();
    assert_eq!(image(&some.actions()[1], &picture[..4]), [3.0, 2.0, 4.0, 1.0]);
    let reflected = Group::point_reflections(&[1.0, 0.5]).unwrap();
    assert_eq!(image(&reflected.actions()[1], &[3.0, 0.25]), [-1.0, 0.75]);
    let blocks = Group::block_permutations(2, 2).unwrap();
    assert_eq!(image(&blocks.actions()[1], &picture[..4]), [3.0, 4.0, 1.0, 2.0]);
    // all the images of distinct coordinates under permutations differ
    let all = Group::permutations(4).unwrap();
    let mut images = Vec::from_iter(all.actions().iter().map(|g| image(g, &picture[..4])));
    images.sort_by(|a, b| a.partial_cmp(b).unwrap());
    images.dedup();
    assert_eq!(images.len(), 24);
}

#[test]
fn what_is_no_group() {
    let said = |result: Result<Group, PriorError>| result.unwrap_err().to_string();
    let flip = Action::reflection(2, 0, 0.0).unwrap();
    let other = Action::reflection(2, 0, 1.0).unwrap();
    assert!(said(Group::generated_by(&[flip.clone(), other], 100)).contains("translation"));
    let turn = Action::new(vec![1, 0], vec![-1.0, 1.0], vec![0.6, 0.0]).unwrap();
    assert!(said(Group::generated_by(std::slice::from_ref(&turn), 3)).contains("more than 3 actions"));
    assert!(said(Group::generated_by(&[], 3)).contains("generators"));
    assert!(
        said(Group::generated_by(&[flip.clone(), Action::identity(3)], 3)).contains("expected 2, found 3")
    );
    assert!(said(Group::new(&[Action::identity(2), turn])).contains("lead to others"));
    assert!(said(Group::new(std::slice::from_ref(&flip))).contains("lead to others"));
    let identity = Action::identity(2);
    assert!(said(Group::new(&[identity.clone(), flip.clone(), identity])).contains("3 of which 2 differ"));
    assert!(said(Group::new(&[])).contains("generators"));
    assert!(said(Group::trivial(0)).contains("coordinates"));
    assert!(said(Group::cyclic_shifts(0)).contains("at least one"));
    assert!(said(Group::permutations(0)).contains("coordinates"));
    assert!(said(Group::permutations(9)).contains("362880"));
    assert!(said(Group::permutations(usize::MAX)).contains("than can be counted"));
    assert!(said(Group::cyclic_shifts(50_000)).contains("50000"));
    assert!(said(Group::image_shifts(300, 300)).contains("90000"));
    assert!(said(Group::image_shifts(usize::MAX, 2)).contains("than can be counted"));
    assert!(said(Group::images(3, 4)).contains("3 × 4"));
    assert!(said(Group::mirror(3, 0)).contains("pixels"));
    assert!(said(Group::mirror(usize::MAX, 3)).contains("limit"));
    assert!(said(Group::cyclic_shifts_of(3, &[0, 1, 0], 1)).contains("once each"));
    assert!(said(Group::cyclic_shifts_of(3, &[0, 3], 1)).contains("expected 4, found 3"));
    assert!(said(Group::reflections(2, 2, 0.0)).contains("expected 3, found 2"));
    assert!(said(Group::reflections(2, 1, f64::INFINITY)).contains("finite"));
    assert!(said(Group::reflections(2, 1, 1e308)).contains("finite"));
    let refused = |source: &[usize], sign: &[f64], shift: &[f64]| {
        Action::new(source.to_vec(), sign.to_vec(), shift.to_vec()).unwrap_err().to_string()
    };
    assert!(refused(&[0], &[2.0], &[0.0]).contains("1 or −1"));
    assert!(refused(&[0], &[1.0], &[f64::NAN]).contains("finite"));
    assert!(refused(&[0], &[1.0], &[]).contains("expected 1, found 0"));
    assert!(refused(&[0, 0], &[1.0, 1.0], &[0.0, 0.0]).contains("once"));
}

#[test]
fn rounding_is_no_translation() {
    // conjugated reflections whose shifts add up to 0 only but for rounding
    let swap = Action::permutation(vec![1, 2, 0]).unwrap();
    let mirrors = (0..3).map(|i| Action::reflection(3, i, 0.1).unwrap());
    let generators = Vec::from_iter(mirrors.chain([swap]));
    let group = Group::generated_by(&generators, 100).unwrap();
    assert_eq!(group.order(), 24);
}
