//! The frame of a panel: axes, ticks and labels around it, and the layers inside, cut off at its edges.

use super::axis::{Axis, Tick};
use super::draw::{Anchor, Page, width, wrapped};
use super::geometry::{Point, Rect, dashes};
use super::layout::{Colours, Margins, widest};
use super::legend::Entries;
use super::notes::{self, Along, Note};
use super::panel::{Layer, Mark, Panel};

const TITLE: u32 = 13;
const LABEL: u32 = 12;
const TICK: u32 = 11;

/// The heights of a line of the title and of a label.
const TITLE_LINE: f64 = 18.0;
const LABEL_LINE: f64 = 17.0;

/// The length of a tick and the space up to its number.
const MARK: f64 = 4.0;
const SPACE: f64 = 4.0;

const INK: &str = "#333333";
const GRID: &str = "#ebebeb";
const BLACK: &str = "#000000";

/// A panel with its axes settled.
#[derive(Debug)]
pub(super) struct Frame<'a> {
    pub(super) panel: &'a Panel,
    /// The space needed around the frame, the legend's included.
    pub(super) margins: Margins,
    legend: Entries<'a>,
    colours: &'a Colours<'a>,
    x: Axis,
    y: Axis,
    y2: Option<Axis>,
    y_ticks: Vec<Tick>,
    y2_ticks: Vec<Tick>,
    title: Vec<String>,
    y_label: Vec<String>,
    y2_label: Vec<String>,
}

impl<'a> Frame<'a> {
    /// Settles the axes and ticks of a panel for a cell of the grid.
    pub(super) fn new(panel: &'a Panel, colours: &'a Colours<'a>, cell: Point) -> Result<Self, String> {
        for layer in &panel.layers {
            layer.checked()?;
        }
        let marked = panel.ticks_x.iter().map(|(position, _)| *position);
        let x = Axis::new(&panel.x, panel.layers.iter().flat_map(Layer::xs).chain(marked))?;
        // Only what a set range of x leaves to be seen decides the range of y.
        let seen = |twin: bool| {
            let layers = panel.layers.iter().filter(move |layer| layer.is_twin() == twin);
            layers.flat_map(move |layer| layer.ys(move |at| panel.x.range.is_none() || x.shows(at)))
        };
        let y = Axis::new(&panel.y, seen(false))?;
        let twin = panel.layers.iter().any(Layer::is_twin);
        let y2 = if twin { Some(Axis::new(&panel.y2, seen(true))?) } else { None };

        let title = wrapped(&panel.title, TITLE, cell.0 - 20.0);
        let about = (cell.1 / 65.0).clamp(2.0, 8.0) as usize;
        let y_ticks = y.ticks(about).0;
        let y2_ticks = y2.map(|axis| axis.ticks(about).0).unwrap_or_default();
        let legend = Entries::new(panel, colours, cell.0 - 30.0);
        let outside = legend.margins();
        // The vertical axes are labelled above their ends, in words that need not be turned.
        let share = if twin { cell.0 / 2.0 } else { cell.0 } - 20.0;
        let (y_label, y2_label) = (
            wrapped(&panel.y.label, LABEL, share),
            wrapped(if twin { &panel.y2.label } else { "" }, LABEL, share),
        );
        let labels = LABEL_LINE * y_label.len().max(y2_label.len()) as f64;
        let x_label = if panel.x.label.is_empty() { 0.0 } else { LABEL_LINE + SPACE };
        let margins = Margins {
            left: numbers(&y_ticks),
            // Half of the last number of the horizontal axis stands out at the right.
            right: outside.right + if twin { numbers(&y2_ticks) } else { 16.0 },
            top: 2.0 * SPACE + TITLE_LINE * title.len() as f64 + labels,
            bottom: outside.bottom + MARK + SPACE + f64::from(TICK) + x_label + 2.0,
        };
        Ok(Self { panel, margins, legend, colours, x, y, y2, y_ticks, y2_ticks, title, y_label, y2_label })
    }

    /// Draws the panel in its cell of the grid, `whole`, with its frame `at` a place in it.
    pub(super) fn paint(&self, page: &mut Page, at: Rect, whole: Rect) {
        self.paint_title(page, at, whole);
        self.paint_x(page, at);
        self.paint_y(page, at);
        let order = |layer: &&Layer| match layer.mark {
            Mark::Band { .. } => 0,
            Mark::Vertical(_) | Mark::Horizontal(_) => 1,
            Mark::Line { .. } => 2,
            Mark::Points { .. } => 3,
        };
        let mut layers: Vec<&Layer> = self.panel.layers.iter().collect();
        layers.sort_by_key(order);
        for layer in layers {
            self.paint_layer(page, at, layer);
        }
        page.frame(at, INK);
        self.paint_notes(page, at);
        let outside = self.legend.margins();
        let words = Rect {
            left: at.left - self.margins.left,
            top: at.top - self.margins.top,
            right: at.right + self.margins.right - outside.right,
            bottom: at.bottom + self.margins.bottom - outside.bottom,
        };
        self.legend.paint(page, at, words);
    }

    fn paint_title(&self, page: &mut Page, at: Rect, whole: Rect) {
        let labels = self.y_label.len().max(self.y2_label.len()) as f64;
        let above = at.top - 7.0 - LABEL_LINE * labels;
        for (line, words) in self.title.iter().rev().enumerate() {
            // Above the middle of the frame, but within the cell.
            let half = width(words, TITLE) / 2.0;
            let middle = ((at.left + at.right) / 2.0).min(whole.right - half).max(whole.left + half);
            let baseline = (middle, above - TITLE_LINE * line as f64);
            page.words(baseline, words, TITLE, Anchor::Middle, BLACK);
        }
    }

    fn paint_x(&self, page: &mut Page, at: Rect) {
        let (major, minor) = self.x_ticks(at);
        for (place, words) in major {
            let x = at.left + place * at.width();
            page.rule((x, at.top), (x, at.bottom), GRID, 1.0);
            page.rule((x, at.bottom), (x, at.bottom + MARK), INK, 1.0);
            let under = (x, at.bottom + MARK + SPACE + f64::from(TICK) * 0.8);
            page.words(under, &words, TICK, Anchor::Middle, BLACK);
        }
        for place in minor {
            let x = at.left + place * at.width();
            page.rule((x, at.bottom), (x, at.bottom + MARK / 2.0), INK, 0.8);
        }
        let under = ((at.left + at.right) / 2.0, at.bottom + MARK + SPACE + f64::from(TICK) + LABEL_LINE);
        page.words(under, &self.panel.x.label, LABEL, Anchor::Middle, BLACK);
    }

    fn paint_y(&self, page: &mut Page, at: Rect) {
        let baseline = |line: usize| at.top - 7.0 - LABEL_LINE * line as f64;
        for (place, words) in &self.y_ticks {
            let y = at.bottom - place * at.height();
            page.rule((at.left, y), (at.right, y), GRID, 1.0);
            page.rule((at.left - MARK, y), (at.left, y), INK, 1.0);
            let beside = (at.left - MARK - SPACE, y + f64::from(TICK) * 0.36);
            page.words(beside, words, TICK, Anchor::End, BLACK);
        }
        for (line, words) in self.y_label.iter().rev().enumerate() {
            page.words(
                (at.left - numbers(&self.y_ticks), baseline(line)),
                words,
                LABEL,
                Anchor::Start,
                BLACK,
            );
        }

        // A second axis that belongs to one line is read most easily in the colour of that line.
        let mut twins = self.panel.layers.iter().filter(|layer| layer.is_twin());
        let ink = match (twins.next(), twins.next()) {
            (Some(only), None) => self.colours.of(only),
            _ => BLACK,
        };
        for (place, words) in &self.y2_ticks {
            let y = at.bottom - place * at.height();
            page.rule((at.right, y), (at.right + MARK, y), INK, 1.0);
            let beside = (at.right + MARK + SPACE, y + f64::from(TICK) * 0.36);
            page.words(beside, words, TICK, Anchor::Start, ink);
        }
        for (line, words) in self.y2_label.iter().rev().enumerate() {
            page.words((at.right + numbers(&self.y2_ticks), baseline(line)), words, LABEL, Anchor::End, ink);
        }
    }

    /// The ticks of the horizontal axis: first those in words, then the numbers that they leave room for.
    fn x_ticks(&self, at: Rect) -> (Vec<Tick>, Vec<f64>) {
        let about = (at.width() / 70.0).clamp(2.0, 9.0) as usize;
        let (numbers, minor) = if self.panel.in_words { Default::default() } else { self.x.ticks(about) };
        let words = self.panel.ticks_x.iter().filter(|(position, _)| self.x.shows(*position));
        let words = words.filter_map(|(position, label)| Some((self.x.place(*position)?, label.clone())));
        let mut kept: Vec<Tick> = Vec::new();
        for (place, label) in words.chain(numbers) {
            let free = kept.iter().all(|(other, words)| {
                let apart = (place - other).abs() * at.width();
                apart > (width(words, TICK) + width(&label, TICK)) / 2.0 + SPACE
            });
            if free {
                kept.push((place, label));
            }
        }
        (kept, minor)
    }

    fn paint_layer(&self, page: &mut Page, at: Rect, layer: &Layer) {
        let colour = self.colours.of(layer);
        match &layer.mark {
            Mark::Line { xs, ys, dashed, twin } => {
                for piece in at.cut_line(self.on_page(at, xs, ys, *twin)) {
                    let pieces = if *dashed { dashes(&piece, 6.0, 4.0) } else { vec![piece] };
                    pieces.into_iter().for_each(|piece| page.line(piece, colour, 1.8));
                }
            }
            Mark::Points { xs, ys } => {
                let radius = if xs.len() > 200 { 2.0 } else { 3.2 };
                let points = self.on_page(at, xs, ys, false).into_iter().flatten();
                points.filter(|point| at.contains(*point)).for_each(|point| page.dot(point, radius, colour));
            }
            Mark::Band { xs, lower, upper } => {
                let (below, above) = (self.on_page(at, xs, lower, false), self.on_page(at, xs, upper, false));
                let pairs: Vec<Option<(Point, Point)>> =
                    below.into_iter().zip(above).map(|(low, high)| low.zip(high)).collect();
                for run in pairs.split(Option::is_none) {
                    let forth = run.iter().flatten().map(|pair| pair.1);
                    let back = run.iter().flatten().rev().map(|pair| pair.0);
                    let outline = at.cut_area(forth.chain(back).collect());
                    if outline.len() > 2 {
                        page.area(&outline, colour, 0.2);
                    }
                }
            }
            Mark::Vertical(x) => {
                if let Some(place) = self.x.place(*x).filter(|_| self.x.shows(*x)) {
                    let x = at.left + place * at.width();
                    for dash in dashes(&[(x, at.bottom), (x, at.top)], 3.0, 3.0) {
                        page.line(dash, colour, 1.2);
                    }
                }
            }
            Mark::Horizontal(y) => {
                if let Some(place) = self.y.place(*y).filter(|_| self.y.shows(*y)) {
                    let y = at.bottom - place * at.height();
                    for dash in dashes(&[(at.left, y), (at.right, y)], 3.0, 3.0) {
                        page.line(dash, colour, 1.2);
                    }
                }
            }
        }
    }

    /// Labels the vertical and horizontal lines.
    fn paint_notes(&self, page: &mut Page, at: Rect) {
        let along = |layer: &Layer| match layer.mark {
            Mark::Vertical(x) if self.x.shows(x) => {
                self.x.place(x).map(|place| Along::Vertical(at.left + place * at.width()))
            }
            Mark::Horizontal(y) if self.y.shows(y) => {
                self.y.place(y).map(|place| Along::Horizontal(at.bottom - place * at.height()))
            }
            _ => None,
        };
        let named = self.panel.layers.iter().filter(|layer| !layer.name.is_empty());
        let notes: Vec<Note<'_>> = named
            .filter_map(|layer| {
                Some(Note { words: &layer.name, along: along(layer)?, colour: self.colours.of(layer) })
            })
            .collect();
        let (mut lines, mut points) = (Vec::new(), Vec::new());
        for layer in &self.panel.layers {
            match &layer.mark {
                Mark::Line { xs, ys, twin, .. } => lines.push(self.on_page(at, xs, ys, *twin)),
                Mark::Points { xs, ys } => {
                    points.extend(self.on_page(at, xs, ys, false).into_iter().flatten())
                }
                _ => {}
            }
        }
        notes::paint(page, at, &notes, &lines, &points);
    }

    /// Where on the page a curve passes; `None` where it has no place.
    fn on_page(&self, at: Rect, xs: &[f64], ys: &[f64], twin: bool) -> Vec<Option<Point>> {
        let y_axis = self.y2.as_ref().filter(|_| twin).unwrap_or(&self.y);
        let place = |(&x, &y): (&f64, &f64)| {
            let (across, up) = (self.x.place(x)?, y_axis.place(y)?);
            Some((at.left + across * at.width(), at.bottom - up * at.height()))
        };
        xs.iter().zip(ys).map(place).collect()
    }
}

/// The width of the numbers beside a vertical axis, its ticks included.
fn numbers(ticks: &[Tick]) -> f64 {
    MARK + SPACE + widest(ticks.iter().map(|(_, label)| label.as_str()), TICK)
}

impl Layer {
    fn is_twin(&self) -> bool {
        matches!(self.mark, Mark::Line { twin: true, .. })
    }

    /// Whether each of its curves has as many values as the others.
    fn checked(&self) -> Result<(), String> {
        let alike = match &self.mark {
            Mark::Line { xs, ys, .. } | Mark::Points { xs, ys } => xs.len() == ys.len(),
            Mark::Band { xs, lower, upper } => xs.len() == lower.len() && xs.len() == upper.len(),
            Mark::Vertical(_) | Mark::Horizontal(_) => true,
        };
        if alike { Ok(()) } else { Err(format!("the coordinates of `{}` differ in number", self.name)) }
    }

    /// The positions on the horizontal axis.
    fn xs(&self) -> impl Iterator<Item = f64> {
        let (many, one): (&[f64], _) = match &self.mark {
            Mark::Line { xs, .. } | Mark::Points { xs, .. } | Mark::Band { xs, .. } => (xs, None),
            Mark::Vertical(x) => (&[], Some(*x)),
            Mark::Horizontal(_) => (&[], None),
        };
        many.iter().copied().chain(one)
    }

    /// The positions on the vertical axis, where `seen` holds of the horizontal one.
    fn ys(&self, seen: impl Fn(f64) -> bool) -> impl Iterator<Item = f64> {
        let (xs, ys, more, one): (&[f64], &[f64], &[f64], _) = match &self.mark {
            Mark::Line { xs, ys, .. } | Mark::Points { xs, ys } => (xs, ys, &[], None),
            Mark::Band { xs, lower, upper } => (xs, lower, upper, None),
            Mark::Vertical(_) => (&[], &[], &[], None),
            Mark::Horizontal(y) => (&[], &[], &[], Some(*y)),
        };
        let pairs = xs.iter().zip(ys).chain(xs.iter().zip(more));
        pairs.filter(move |(x, _)| seen(**x)).map(|(_, y)| *y).chain(one)
    }
}
