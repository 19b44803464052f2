//! The groups that have names: reflections, cyclic shifts, turns and flips of images, permutations.

use super::{Action, Group, announce};
use crate::PriorError;
use crate::prior::Result;

impl Group {
    /// The identity alone.
    ///
    /// # Errors
    /// For no inputs.
    pub fn trivial(inputs: usize) -> Result<Group> {
        Group::generated_by(&[Action::identity(inputs)], 1)
    }

    /// The identity and the reflection of one coordinate about `centre`: 2 actions.
    ///
    /// # Errors
    /// When there is no such coordinate, or the centre is not finite.
    pub fn reflections(inputs: usize, coordinate: usize, centre: f64) -> Result<Group> {
        Group::generated_by(&[Action::reflection(inputs, coordinate, centre)?], 2)
    }

    /// The identity and x ↦ 2·centre − x, all coordinates at once: 2 actions. Invariant functions are even about the centre.
    ///
    /// # Errors
    /// Without coordinates, or when the centre is not finite.
    pub fn point_reflections(centre: &[f64]) -> Result<Group> {
        let inputs = centre.len();
        let mut action = Action::identity(inputs);
        for (coordinate, &centre) in centre.iter().enumerate() {
            action = action.then(&Action::reflection(inputs, coordinate, centre)?);
        }
        Group::generated_by(&[action], 2)
    }

    /// Cyclic shifts of all coordinates: as many actions as inputs.
    ///
    /// # Errors
    /// For no inputs, or more than [`Group::LIMIT`].
    pub fn cyclic_shifts(inputs: usize) -> Result<Group> {
        Group::cyclic_shifts_of(inputs, &Vec::from_iter(0..inputs), 1)
    }

    /// Cyclic shifts of these coordinates, in the order they are listed, by multiples of `stride`; the others stay.
    ///
    /// # Errors
    /// When a coordinate is missing or listed twice, there is none, or there are more than [`Group::LIMIT`] shifts.
    pub fn cyclic_shifts_of(inputs: usize, coordinates: &[usize], stride: usize) -> Result<Group> {
        let count = coordinates.len();
        if count == 0 {
            return Err(PriorError::Empty("coordinates to shift"));
        }
        let mut sorted = coordinates.to_vec();
        sorted.sort_unstable();
        if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
            let what = "coordinates to shift must be listed once each";
            return Err(PriorError::Group { what, found: format!("{coordinates:?}") });
        }
        within_limit(Some(count / common_divisor(count, stride)), inputs)?;
        let mut source: Vec<usize> = (0..inputs).collect();
        for (i, &coordinate) in coordinates.iter().enumerate() {
            let found = inputs;
            let missing = PriorError::Dimensions { what: "coordinates", expected: coordinate + 1, found };
            *source.get_mut(coordinate).ok_or(missing)? = coordinates[(i + stride % count) % count];
        }
        Group::generated_by(&[Action::permutation(source)?], Group::LIMIT)
    }

    /// Quarter turns and flips of a square image, the dihedral group of 8. Points are pixels flattened row by row.
    ///
    /// # Errors
    /// For no pixels, or an image that is not square (see [`Group::flips`]).
    pub fn images(height: usize, width: usize) -> Result<Group> {
        Group::generated_by(&[quarter_turn(height, width)?, left_right(height, width)?], 8)
    }

    /// Quarter turns of a square image: 4 actions. Points are pixels flattened row by row.
    ///
    /// # Errors
    /// For no pixels, or an image that is not square.
    pub fn quarter_turns(height: usize, width: usize) -> Result<Group> {
        Group::generated_by(&[quarter_turn(height, width)?], 4)
    }

    /// Flips of an image left–right and up–down, and both at once: 4 actions. Points are pixels flattened row by row.
    ///
    /// # Errors
    /// For no pixels.
    pub fn flips(height: usize, width: usize) -> Result<Group> {
        let up_down = pixels(height, width, |row, column| (height - 1 - row, column))?;
        Group::generated_by(&[left_right(height, width)?, up_down], 4)
    }

    /// An image and its mirror image, left–right: 2 actions. Points are pixels flattened row by row.
    ///
    /// # Errors
    /// For no pixels.
    pub fn mirror(height: usize, width: usize) -> Result<Group> {
        Group::generated_by(&[left_right(height, width)?], 2)
    }

    /// Cyclic shifts of an image along rows and columns: height · width actions. Points are pixels flattened row by row.
    ///
    /// # Errors
    /// For no pixels, or more than [`Group::LIMIT`].
    pub fn image_shifts(height: usize, width: usize) -> Result<Group> {
        within_limit(height.checked_mul(width), height.saturating_mul(width))?;
        let down = pixels(height, width, |row, column| ((row + 1) % height, column))?;
        let right = pixels(height, width, |row, column| (row, (column + 1) % width))?;
        Group::generated_by(&[down, right], Group::LIMIT)
    }

    /// Every permutation of the coordinates: inputs! actions.
    ///
    /// # Errors
    /// For no inputs, or more than 8 ([`Group::LIMIT`]).
    pub fn permutations(inputs: usize) -> Result<Group> {
        Group::block_permutations(inputs, 1)
    }

    /// Every permutation of `blocks` blocks of `size` neighbouring coordinates (exchangeable particles): blocks! actions.
    ///
    /// # Errors
    /// For no inputs, or more than 8 blocks ([`Group::LIMIT`]).
    pub fn block_permutations(blocks: usize, size: usize) -> Result<Group> {
        let inputs = blocks.saturating_mul(size);
        within_limit((1..=blocks).try_fold(1usize, usize::checked_mul), inputs)?;
        let moved = |of: &dyn Fn(usize) -> usize| {
            Action::permutation((0..inputs).map(|i| of(i / size) * size + i % size).collect())
        };
        let exchange = |block| match block {
            0 if blocks > 1 => 1,
            1 => 0,
            other => other,
        };
        Group::generated_by(&[moved(&|block| (block + 1) % blocks)?, moved(&exchange)?], Group::LIMIT)
    }
}

fn common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

/// Refuses a group that would be too large before any of it is made.
fn within_limit(order: Option<usize>, inputs: usize) -> Result<()> {
    match order {
        Some(order) if order <= Group::LIMIT => announce(order, inputs),
        _ => {
            let found = order.map_or_else(|| "more than can be counted".to_owned(), |n| n.to_string());
            let what =
                "a group may have 40320 actions (8!): average over a subgroup, given by its generators";
            Err(PriorError::Group { what, found })
        }
    }
}

/// The action under which pixel (row, column) of the image comes from pixel `from(row, column)`.
fn pixels(height: usize, width: usize, from: impl Fn(usize, usize) -> (usize, usize)) -> Result<Action> {
    let inputs = height.saturating_mul(width);
    if inputs == 0 {
        return Err(PriorError::Empty("pixels of an image"));
    }
    announce(1, inputs)?;
    let source = |i: usize| {
        let (row, column) = from(i / width, i % width);
        row * width + column
    };
    Action::permutation((0..inputs).map(source).collect())
}

fn left_right(height: usize, width: usize) -> Result<Action> {
    pixels(height, width, |row, column| (row, width - 1 - column))
}

fn quarter_turn(height: usize, width: usize) -> Result<Action> {
    if height != width {
        let found = format!("{height} × {width}");
        return Err(PriorError::Group { what: "quarter turns need a square image (flips do not)", found });
    }
    pixels(height, width, |row, column| (column, width - 1 - row))
}
