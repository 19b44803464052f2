//! The labels of reference lines, placed where they hide neither data nor each other.

use super::draw::{Anchor, Page, width};
use super::geometry::{Point, Rect};

const TEXT: u32 = 11;
const HIGH: f64 = 15.0;

/// The space between a label and its line or the frame.
const SPACE: f64 = 3.0;

/// The line a label belongs to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Along {
    /// A vertical line, at a place from the left.
    Vertical(f64),
    /// A horizontal line, at a place from the top.
    Horizontal(f64),
}

/// A label, the line it belongs to, and its colour.
#[derive(Debug)]
pub(super) struct Note<'a> {
    pub(super) words: &'a str,
    pub(super) along: Along,
    pub(super) colour: &'a str,
}

impl Note<'_> {
    /// Where in the frame the label could stand, the best places first.
    fn spots(&self, at: Rect) -> Vec<Rect> {
        let wide = width(self.words, TEXT) + 2.0;
        let spot = |left: f64, top: f64| Rect { left, top, right: left + wide, bottom: top + HIGH };
        let spots: Vec<Rect> = match self.along {
            Along::Vertical(x) => {
                let rows = (at.height() / HIGH) as usize;
                let tops = (0..rows).map(|row| at.top + SPACE + HIGH * row as f64);
                tops.flat_map(|top| [spot(x + SPACE, top), spot(x - SPACE - wide, top)]).collect()
            }
            Along::Horizontal(y) => {
                let (far, near) = (at.right - SPACE - wide, at.left + SPACE);
                let lefts =
                    [far, near, (far + near) / 2.0, (3.0 * far + near) / 4.0, (far + 3.0 * near) / 4.0];
                lefts.into_iter().flat_map(|left| [spot(left, y - HIGH), spot(left, y + 1.0)]).collect()
            }
        };
        let inside =
            |spot: &Rect| at.contains((spot.left, spot.top)) && at.contains((spot.right, spot.bottom));
        spots.into_iter().filter(inside).collect()
    }
}

/// Draws labels in a frame, clear of the curves and points given.
pub(super) fn paint(
    page: &mut Page,
    at: Rect,
    notes: &[Note<'_>],
    lines: &[Vec<Option<Point>>],
    points: &[Point],
) {
    let mut taken: Vec<Rect> = Vec::new();
    for note in notes {
        let overlap = |spot: &Rect| {
            let near = Rect {
                left: spot.left - 3.0,
                top: spot.top - 3.0,
                right: spot.right + 3.0,
                bottom: spot.bottom + 3.0,
            };
            let crossed = lines.iter().filter(|line| !near.cut_line(line.iter().copied()).is_empty()).count();
            let covered = points.iter().filter(|point| near.contains(**point)).count();
            let crossing = |other: &&Note<'_>| match other.along {
                Along::Vertical(x) => (spot.left..spot.right).contains(&x),
                Along::Horizontal(y) => (spot.top..spot.bottom).contains(&y),
            };
            let met = taken.iter().filter(|other| other.meets(spot)).count();
            crossed + covered + notes.iter().filter(crossing).count() + 100 * met
        };
        // The first of the best: `min_by_key` keeps the earliest of equals.
        let Some(spot) = note.spots(at).into_iter().min_by_key(overlap) else {
            continue;
        };
        page.words((spot.left + 1.0, spot.bottom - 4.0), note.words, TEXT, Anchor::Start, note.colour);
        taken.push(spot);
    }
}
