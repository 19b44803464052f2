//! The layout of a figure: its panels on a grid, with frames in line, and the colours they share.

use super::draw::{Anchor, Page, width, wrapped};
use super::frame::Frame;
use super::geometry::Rect;
use super::panel::{Layer, Mark, Panel};
use super::{Figure, ReportError};

/// The size of a panel in a figure without a size of its own.
const PANEL: (f64, f64) = (520.0, 360.0);

/// The free space between panels and around them.
const GAP: f64 = 16.0;

/// The size of the title of a figure, and the height of its lines.
const TITLE: (u32, f64) = (15, 20.0);

/// The smallest frame worth drawing.
const LEAST: f64 = 40.0;

/// Colours told apart by the colour-blind, after Okabe and Ito; yellow, faint on white, comes last.
const PALETTE: [&str; 7] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#f0e442"];

const BLACK: &str = "#000000";
const GREY: &str = "#555555";

/// The space that words and ticks need around a frame.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Margins {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

/// Lays out a figure and draws it.
pub(super) fn draw(figure: &Figure) -> Result<Page, ReportError> {
    let fault = |at: &str, reason: String| ReportError::Figure { figure: at.to_owned(), reason };
    if figure.panels.is_empty() {
        return Err(fault(&figure.title, "it has no panel".to_owned()));
    }
    let columns = figure.columns.min(figure.panels.len());
    let rows = figure.panels.len().div_ceil(columns);
    let default_width = PANEL.0 * columns as f64;
    let wide = figure.size.map_or(default_width, |(wide, _)| wide);
    let title = wrapped(&figure.title, TITLE.0, wide - 4.0 * GAP);
    let head = if title.is_empty() { 0.0 } else { TITLE.1 * title.len() as f64 + GAP };
    let high = figure.size.map_or(PANEL.1 * rows as f64 + head, |(_, high)| high);
    let cell = ((wide - GAP) / columns as f64 - GAP, (high - head - GAP) / rows as f64 - GAP);
    // Written so that NaN fails, too.
    if !(cell.0 > LEAST && cell.1 > LEAST && wide.is_finite() && high.is_finite()) {
        return Err(fault(&figure.title, format!("{wide} by {high} has no room for its panels")));
    }

    let colours = Colours::new(&figure.panels).map_err(|reason| fault(&figure.title, reason))?;
    let frames = figure
        .panels
        .iter()
        .map(|panel| Frame::new(panel, &colours, cell).map_err(|reason| fault(&panel.title, reason)))
        .collect::<Result<Vec<Frame<'_>>, _>>()?;

    let mut page = Page::new(wide, high);
    for (line, words) in title.iter().enumerate() {
        let baseline = GAP + TITLE.1 * (line as f64 + 0.8);
        page.words((wide / 2.0, baseline), words, TITLE.0, Anchor::Middle, BLACK);
    }
    for (i, frame) in frames.iter().enumerate() {
        let (row, column) = (i / columns, i % columns);
        // Frames of a row share their upper and lower edge, those of a column the left and the right one.
        let of_row = frames.iter().skip(row * columns).take(columns).map(|frame| frame.margins);
        let of_column = frames.iter().skip(column).step_by(columns).map(|frame| frame.margins);
        let margins = Margins {
            left: of_column.clone().map(|m| m.left).fold(0.0, f64::max),
            right: of_column.map(|m| m.right).fold(0.0, f64::max),
            top: of_row.clone().map(|m| m.top).fold(0.0, f64::max),
            bottom: of_row.map(|m| m.bottom).fold(0.0, f64::max),
        };
        let (left, top) = (GAP + (cell.0 + GAP) * column as f64, head + GAP + (cell.1 + GAP) * row as f64);
        let whole = Rect { left, top, right: left + cell.0, bottom: top + cell.1 };
        let at = Rect {
            left: left + margins.left,
            top: top + margins.top,
            right: whole.right - margins.right,
            bottom: whole.bottom - margins.bottom,
        };
        if !(at.width() > LEAST && at.height() > LEAST) {
            return Err(fault(&frame.panel.title, "its labels and legend leave no room for it".to_owned()));
        }
        frame.paint(&mut page, at, whole);
    }
    Ok(page)
}

/// The colours of the names in a figure.
#[derive(Debug)]
pub(super) struct Colours<'a> {
    named: Vec<(&'a str, String)>,
}

impl<'a> Colours<'a> {
    /// Gives each name the colour set for it, or else the first of the palette that is new to its panel.
    fn new(panels: &'a [Panel]) -> Result<Self, String> {
        let mut colours = Self { named: Vec::new() };
        for layer in panels.iter().flat_map(|panel| &panel.layers) {
            if let Some(colour) = &layer.colour {
                let digits = colour.strip_prefix('#').unwrap_or_default();
                if digits.len() != 6 || !digits.chars().all(|c| c.is_ascii_hexdigit()) {
                    return Err(format!("`{colour}` is no colour of the form #rrggbb"));
                }
                if colours.named(&layer.name).is_none() {
                    colours.named.push((&layer.name, colour.clone()));
                }
            }
        }
        for panel in panels {
            let mut used: Vec<String> = panel
                .layers
                .iter()
                .filter_map(|layer| colours.named(&layer.name))
                .map(str::to_owned)
                .collect();
            for layer in panel.layers.iter().filter(|layer| layer.mark.is_curve()) {
                if colours.named(&layer.name).is_none() {
                    // More names than colours: the palette starts again.
                    let free = PALETTE.iter().find(|colour| !used.iter().any(|other| other == *colour));
                    let colour = free.unwrap_or(&PALETTE[used.len() % PALETTE.len()]).to_string();
                    used.push(colour.clone());
                    colours.named.push((&layer.name, colour));
                }
            }
        }
        Ok(colours)
    }

    fn named(&self, name: &str) -> Option<&str> {
        self.named.iter().find(|(known, _)| *known == name).map(|(_, colour)| colour.as_str())
    }

    /// The colour of a layer.
    pub(super) fn of<'b>(&'b self, layer: &'b Layer) -> &'b str {
        let unnamed = match layer.mark {
            Mark::Points { .. } => BLACK,
            Mark::Vertical(_) | Mark::Horizontal(_) => GREY,
            Mark::Line { .. } | Mark::Band { .. } => PALETTE[0],
        };
        layer.colour.as_deref().or_else(|| self.named(&layer.name)).unwrap_or(unnamed)
    }
}

/// The width of the widest of some labels.
pub(super) fn widest<'a>(labels: impl Iterator<Item = &'a str>, size: u32) -> f64 {
    labels.map(|label| width(label, size)).fold(0.0, f64::max)
}
