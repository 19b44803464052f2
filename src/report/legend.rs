//! The legend of a panel: a sample and a name for each colour.

use super::draw::{Anchor, Page, width};
use super::geometry::{Rect, dashes};
use super::layout::{Colours, Margins, widest};
use super::panel::{Legend, Mark, Panel};

/// The size of the names and the height of a line of them.
const TEXT: u32 = 11;
const LINE: f64 = 17.0;

/// The width of a sample, the space behind it and the space between entries.
const SAMPLE: f64 = 22.0;
const SPACE: f64 = 6.0;
const BETWEEN: f64 = 16.0;

/// The space between the rim of a legend and its entries.
const PAD: f64 = 7.0;

/// The shapes that share a name.
#[derive(Debug)]
struct Entry<'a> {
    name: &'a str,
    colour: &'a str,
    line: bool,
    dashed: bool,
    band: bool,
    points: bool,
}

impl Entry<'_> {
    fn width(&self) -> f64 {
        SAMPLE + SPACE + width(self.name, TEXT)
    }
}

/// A legend, broken into lines.
#[derive(Debug)]
pub(super) struct Entries<'a> {
    place: Legend,
    lines: Vec<Vec<Entry<'a>>>,
}

impl<'a> Entries<'a> {
    /// The legend of a panel, for the room given.
    pub(super) fn new(panel: &'a Panel, colours: &'a Colours<'a>, room: f64) -> Self {
        let mut entries: Vec<Entry<'a>> = Vec::new();
        for layer in panel.layers.iter().filter(|layer| !layer.name.is_empty()) {
            let (line, dashed, band, points) = match layer.mark {
                Mark::Line { dashed, .. } => (!dashed, dashed, false, false),
                Mark::Band { .. } => (false, false, true, false),
                Mark::Points { .. } => (false, false, false, true),
                // These bear their labels themselves.
                Mark::Vertical(_) | Mark::Horizontal(_) => continue,
            };
            match entries.iter_mut().find(|entry| entry.name == layer.name) {
                Some(entry) => {
                    entry.line |= line;
                    entry.dashed |= dashed;
                    entry.band |= band;
                    entry.points |= points;
                }
                None => {
                    let colour = colours.of(layer);
                    entries.push(Entry { name: &layer.name, colour, line, dashed, band, points });
                }
            }
        }
        let mut lines: Vec<Vec<Entry<'a>>> = Vec::new();
        let mut used = 0.0;
        for entry in entries {
            let more = BETWEEN + entry.width();
            match lines.last_mut() {
                Some(line) if panel.legend == Legend::Below && used + more <= room => {
                    used += more;
                    line.push(entry);
                }
                _ => {
                    used = entry.width();
                    lines.push(vec![entry]);
                }
            }
        }
        if panel.legend == Legend::None {
            lines.clear();
        }
        Self { place: panel.legend, lines }
    }

    fn height(&self) -> f64 {
        LINE * self.lines.len() as f64
    }

    fn width(&self) -> f64 {
        SAMPLE + SPACE + widest(self.lines.iter().flatten().map(|entry| entry.name), TEXT)
    }

    /// The space the legend needs outside its panel.
    pub(super) fn margins(&self) -> Margins {
        match self.place {
            _ if self.lines.is_empty() => Margins::default(),
            Legend::Below => Margins { bottom: self.height() + SPACE, ..Margins::default() },
            Legend::Outside => Margins { right: self.width() + PAD, ..Margins::default() },
            _ => Margins::default(),
        }
    }

    /// Draws the legend about the frame `at`, whose words and ticks end at `outside`.
    pub(super) fn paint(&self, page: &mut Page, at: Rect, outside: Rect) {
        if self.lines.is_empty() {
            return;
        }
        let (wide, high) = (self.width() + 2.0 * PAD, self.height() + 2.0 * PAD - 4.0);
        let (near, far) = (at.left + PAD, at.right - PAD - wide);
        let (up, down) = (at.top + PAD, at.bottom - PAD - high);
        let inside = match self.place {
            Legend::TopLeft => Some((near, up)),
            Legend::TopRight => Some((far, up)),
            Legend::BottomLeft => Some((near, down)),
            Legend::BottomRight => Some((far, down)),
            _ => None,
        };
        if let Some((left, top)) = inside {
            page.patch(Rect { left, top, right: left + wide, bottom: top + high }, Some("#cccccc"));
        }
        let (left, top) = match inside {
            Some((left, top)) => (left + PAD, top + PAD - 2.0),
            None if self.place == Legend::Below => (at.left, outside.bottom + SPACE),
            None => (outside.right + PAD, at.top),
        };
        for (i, line) in self.lines.iter().enumerate() {
            let length = line.iter().map(Entry::width).sum::<f64>() + BETWEEN * (line.len() as f64 - 1.0);
            let centred = (at.left + at.right - length) / 2.0;
            // Centred below the frame, but not beyond the edge that the axis labels keep, either.
            let mut x = if self.place == Legend::Below { centred.max(outside.left) } else { left };
            let middle = top + LINE * (i as f64 + 0.5);
            for entry in line {
                sample(page, entry, x, middle);
                let words = (x + SAMPLE + SPACE, middle + 0.36 * f64::from(TEXT));
                page.words(words, entry.name, TEXT, Anchor::Start, "#000000");
                x += entry.width() + BETWEEN;
            }
        }
    }
}

/// A short piece of what the layers of an entry look like.
fn sample(page: &mut Page, entry: &Entry<'_>, left: f64, middle: f64) {
    let (right, colour) = (left + SAMPLE, entry.colour);
    if entry.band {
        let (top, bottom) = (middle - 5.0, middle + 5.0);
        page.area(&[(left, top), (right, top), (right, bottom), (left, bottom)], colour, 0.25);
    }
    if entry.line {
        page.rule((left, middle), (right, middle), colour, 2.0);
    } else if entry.dashed {
        for dash in dashes(&[(left, middle), (right, middle)], 5.0, 3.5) {
            page.line(dash, colour, 2.0);
        }
    }
    if entry.points {
        page.dot((left + SAMPLE / 2.0, middle), 3.2, colour);
    }
}
