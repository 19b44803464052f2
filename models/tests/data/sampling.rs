//! How rows were sampled, through cuts and joins.

use super::*;

#[test]
fn sampling_follows_the_cuts() {
    use Sampling::{Iid, List, Ordered, RandomSplit};
    let seed = Seed::new(5);
    let list = numbered(20);
    let iid = list.clone().declared_iid();
    let (part, rest) = list.split(0.5, seed).unwrap();
    let (early, late) = list.split_at(10).unwrap();
    assert_eq!(
        [
            list.sampling(),
            iid.sampling(),
            part.sampling(),
            rest.sampling(),
            early.sampling(),
            late.sampling()
        ],
        [List, Iid, RandomSplit { of: 20 }, RandomSplit { of: 20 }, Ordered, Ordered]
    );
    let of = |data: &Data| {
        [
            data.select(&[0, 1]).unwrap().sampling(),
            data.select(&[0, 0]).unwrap().sampling(),
            data.shuffle(seed).unwrap().sampling(),
            data.split(0.5, seed).unwrap().1.sampling(),
            data.split_at(1).unwrap().0.sampling(),
            data.folds(2, seed).unwrap()[0].0.sampling(),
        ]
    };
    assert_eq!(of(&iid), [Iid, List, Iid, Iid, Iid, Iid]);
    let whole = RandomSplit { of: 20 };
    assert_eq!(of(&list), [List, List, List, whole, Ordered, whole]);
    assert_eq!(of(&part), [List, List, whole, whole, Ordered, whole]);
    assert_eq!(of(&early), [List, List, Ordered, Ordered, Ordered, Ordered]);
    // transforms change no sampling
    for data in [&list, &iid, &part, &early] {
        let standardised = Standardise::of(data).unwrap().apply(data).unwrap();
        assert_eq!(standardised.sampling(), data.sampling());
        assert_eq!(data.log_labels().unwrap().sampling(), data.sampling());
    }
    for sampling in [Iid, List, Ordered, whole] {
        assert!(sampling.to_string().starts_with("the rows are"));
    }
    assert!(whole.to_string().contains("20"));
}

#[test]
fn sampling_of_joined_parts() {
    use Sampling::{Iid, List, Ordered, RandomSplit};
    let seed = Seed::new(5);
    let list = numbered(20);
    let joined = |a: &Data, b: &Data| a.concat(b).unwrap().sampling();
    let (part, rest) = list.split_rows(8, seed).unwrap();
    let (one, two) = rest.split_rows(6, seed).unwrap();
    assert_eq!(joined(&part, &one), RandomSplit { of: 20 });
    assert_eq!(joined(&one, &two), RandomSplit { of: 20 });
    let mut all = list.rows().to_vec();
    all.sort_unstable();
    assert_eq!((one.list(), part.list(), list.list()), (Some(&all[..]), Some(&all[..]), None));
    // the same list in another order is the same list
    let (shuffled, _) = list.shuffle(seed).unwrap().split_rows(8, seed).unwrap();
    assert_eq!((shuffled.sampling(), shuffled.list()), (RandomSplit { of: 20 }, part.list()));
    // a list of the same length is another list
    let other = Data::line((100..120).map(f64::from), (0..20).map(f64::from)).unwrap();
    let (elsewhere, _) = other.split_rows(8, seed).unwrap();
    assert_eq!(joined(&part, &elsewhere), List);
    assert_eq!(joined(&part, &part), List); // repeated rows are no random part
    assert_eq!(joined(&list, &other), List);
    let iid = |data: &Data| data.clone().declared_iid();
    assert_eq!(joined(&iid(&list), &iid(&other)), Iid);
    assert_eq!(joined(&iid(&list), &other), List);
    assert_eq!(joined(&iid(&list), &iid(&list)), List); // nor independent draws
    let (early, late) = list.split_at(10).unwrap();
    assert_eq!(joined(&early, &late), Ordered);
    let twice = list.concat(&list).unwrap();
    assert_eq!((twice.len(), ids(&twice).len()), (40, 20));
}
