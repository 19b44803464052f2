//! Finite groups that act on points.

mod action;
mod families;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

pub use action::Action;

use crate::prior::Result;
use crate::{PriorError, memory};

/// A finite group of actions on points: the identity first, closed under composition and inverses. Cheap to clone.
///
/// Built by name ([`Group::reflections`], [`Group::cyclic_shifts`], [`Group::images`], [`Group::permutations`], …), from
/// generators, or from a list of all its actions.
#[derive(Clone)]
pub struct Group {
    actions: Arc<[Action]>,
    generators: Arc<[Action]>,
    /// Places and signs of an action, to where it stands. Shifts need not be looked up: two actions that differ in them alone
    /// would make a translation, which has no finite order.
    index: Arc<HashMap<Vec<(usize, bool)>, usize>>,
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Group({} actions on {} inputs)", self.order(), self.inputs())
    }
}

impl PartialEq for Group {
    /// The same actions, in whatever order and by whatever generators.
    fn eq(&self, other: &Group) -> bool {
        self.inputs() == other.inputs()
            && self.order() == other.order()
            && self.generators.iter().all(|action| other.contains(action))
    }
}

/// Shifts that differ by less, relative to the largest shift of a generator, are rounding.
const ROUNDING: f64 = 1e-12;

impl Group {
    /// The most actions that groups built by name may have: 8!.
    pub const LIMIT: usize = 40_320;

    /// The smallest group that holds these actions, by composing until nothing new comes: O(order · generators · inputs).
    ///
    /// # Errors
    /// Without generators, when they act on different numbers of inputs, when they make a translation (reflections about different
    /// centres do), or when there are more than `limit` actions.
    pub fn generated_by(generators: &[Action], limit: usize) -> Result<Group> {
        let inputs = match generators.first() {
            Some(first) if first.inputs() > 0 => first.inputs(),
            Some(_) => return Err(PriorError::Empty("coordinates that a group acts on")),
            None => return Err(PriorError::Empty("generators of a group")),
        };
        if let Some(other) = generators.iter().find(|action| action.inputs() != inputs) {
            let what = "inputs of a generator";
            return Err(PriorError::Dimensions { what, expected: inputs, found: other.inputs() });
        }
        let identity = Action::identity(inputs);
        let size = largest_shift(generators);
        let mut index = HashMap::from([(identity.linear(), 0)]);
        let mut actions = vec![identity];
        let mut next = 0;
        while next < actions.len() {
            for generator in generators {
                let product = actions[next].then(generator);
                let linear = product.linear();
                if let Some(&known) = index.get(&linear) {
                    let gap = product.shift_gap(&actions[known]);
                    if gap > ROUNDING * size {
                        let what = "a finite group holds no translation (reflections about different centres make one)";
                        return Err(PriorError::Group { what, found: format!("one by {gap}") });
                    }
                } else if actions.len() >= limit {
                    let what = "generators must make a group within the limit";
                    return Err(PriorError::Group { what, found: format!("more than {limit} actions") });
                } else {
                    announce(actions.len() + 1, inputs)?;
                    index.insert(linear, actions.len());
                    actions.push(product);
                }
            }
            next += 1;
        }
        Ok(Group { actions: actions.into(), generators: generators.into(), index: index.into() })
    }

    /// The group of exactly these actions, in any order.
    ///
    /// # Errors
    /// When they are no group (a composition of two is not among them), one is there twice, or as [`Group::generated_by`].
    pub fn new(actions: &[Action]) -> Result<Group> {
        let leads_out = || {
            let what = "the compositions and inverses of a group's actions must be among them";
            PriorError::Group { what, found: format!("{} actions that lead to others", actions.len()) }
        };
        let mut generators = Vec::from_iter(actions.first().cloned());
        let closed = |generators: &[Action]| {
            let limit = actions.len().max(1);
            Group::generated_by(generators, limit).map_err(|error| match error {
                PriorError::Group { found, .. } if found.starts_with("more than") => leads_out(),
                other => other,
            })
        };
        let mut group = closed(&generators)?;
        for action in actions {
            // Whatever those before do not make is a generator: at most log₂ of the order are.
            if !group.contains(action) {
                generators.push(action.clone());
                group = closed(&generators)?;
            }
            if group.order() > actions.len() {
                return Err(leads_out());
            }
        }
        if group.order() < actions.len() {
            let found = format!("{} of which {} differ", actions.len(), group.order());
            return Err(PriorError::Group { what: "a group holds every action once", found });
        }
        Ok(group)
    }

    /// Number of inputs that it acts on.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.actions.first().map_or(0, Action::inputs)
    }

    /// Number of actions.
    #[must_use]
    pub fn order(&self) -> usize {
        self.actions.len()
    }

    /// Its actions, the identity first.
    #[must_use]
    pub fn actions(&self) -> &[Action] {
        &self.actions
    }

    /// Actions that make all the others.
    #[must_use]
    pub fn generators(&self) -> &[Action] {
        &self.generators
    }

    /// Whether an action is one of its own, up to rounding of the shifts.
    #[must_use]
    pub fn contains(&self, action: &Action) -> bool {
        let size = largest_shift(&self.generators).max(largest_shift(std::slice::from_ref(action)));
        let known = self.index.get(&action.linear()).and_then(|&i| self.actions.get(i));
        known.is_some_and(|known| known.shift_gap(action) <= ROUNDING * size)
    }

    /// Whether an action turns every one of the group, a ↦ n⁻¹ a n, into one of the group.
    #[must_use]
    pub fn normalised_by(&self, action: &Action) -> bool {
        let inverse = action.inverse();
        action.inputs() == self.inputs()
            && self.generators.iter().all(|g| self.contains(&inverse.then(g).then(action)))
    }
}

fn largest_shift(actions: &[Action]) -> f64 {
    actions.iter().flat_map(Action::coordinates).fold(0.0, |size, (_, _, shift)| f64::max(size, shift.abs()))
}

/// An action holds a source, a sign and a shift a coordinate, and is looked up by two more numbers.
fn announce(order: usize, inputs: usize) -> Result<()> {
    let what = "a group (action × number)";
    Ok(memory::announce(what, order, inputs.saturating_mul(5), "average over fewer actions")?)
}
