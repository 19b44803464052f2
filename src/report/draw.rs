//! The page: the one door to the plotting crate, whose drawing primitives and writers are used here.
//!
//! Its ready-made charts are not: they number their clipping regions by a counter that runs through the
//! program, so that a figure saved twice would differ; their PNG writer restarts dashes at every point of a
//! line; and they offer no words among the numbers of an axis. What goes through this door is already laid
//! out, cut to its frame and dashed. No words are turned, since that PNG writer cannot smooth them.

use kuva::backend::raster::RasterBackend;
use kuva::backend::svg::SvgBackend;
use kuva::render::color::Color;
pub(super) use kuva::render::render::TextAnchor as Anchor;
use kuva::render::render::{PathData, Primitive, Scene};

use super::geometry::{Point, Rect};

/// The typeface drawn into a PNG, and for an SVG those of the same or similar widths.
const FONTS: &str = "DejaVu Sans, Verdana, Helvetica, Arial, sans-serif";

/// The largest side of a PNG in pixels: beyond it, memory rather than sharpness is at stake.
const MOST_PIXELS: f64 = 20_000.0;

/// A white page.
pub(super) struct Page {
    scene: Scene,
}

impl std::fmt::Debug for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Page").finish_non_exhaustive()
    }
}

impl Page {
    pub(super) fn new(width: f64, height: f64) -> Self {
        let mut scene = Scene::new(width, height);
        scene.font_family = Some(FONTS.to_owned());
        Self { scene }
    }

    /// A straight line: of axes and ticks, which may stand outside a frame.
    pub(super) fn rule(&mut self, (x1, y1): Point, (x2, y2): Point, colour: &str, width: f64) {
        let (stroke, stroke_width) = (Color::from(colour), width);
        self.scene.add(Primitive::Line { x1, y1, x2, y2, stroke, stroke_width, stroke_dasharray: None });
    }

    /// A line through points.
    pub(super) fn line(&mut self, points: Vec<Point>, colour: &str, width: f64) {
        let (stroke, stroke_width) = (Color::from(colour), width);
        self.scene.add(Primitive::PolyLine { points, stroke, stroke_width, stroke_dasharray: None });
    }

    /// A filled area.
    pub(super) fn area(&mut self, outline: &[Point], colour: &str, opacity: f64) {
        let corners: Vec<String> = outline.iter().map(|(x, y)| format!("{x:.2} {y:.2}")).collect();
        self.scene.add(Primitive::Path(Box::new(PathData {
            d: format!("M {} Z", corners.join(" L ")),
            fill: Some(Color::from(colour)),
            stroke: Color::None,
            stroke_width: 0.0,
            opacity: Some(opacity),
            stroke_dasharray: None,
        })));
    }

    /// A disc with a thin white rim, which keeps crowded points apart.
    pub(super) fn dot(&mut self, (cx, cy): Point, r: f64, colour: &str) {
        self.scene.add(Primitive::Circle {
            cx,
            cy,
            r,
            fill: Color::from(colour),
            fill_opacity: None,
            stroke: Some(Color::from("#ffffff")),
            stroke_width: Some(0.6),
        });
    }

    /// A frame, empty inside.
    pub(super) fn frame(&mut self, at: Rect, colour: &str) {
        self.rect(at, Color::None, Some(colour), None);
    }

    /// A patch of white, for words that stand on top of lines.
    pub(super) fn patch(&mut self, at: Rect, rim: Option<&str>) {
        self.rect(at, Color::from("#ffffff"), rim, Some(0.85));
    }

    fn rect(&mut self, at: Rect, fill: Color, rim: Option<&str>, opacity: Option<f64>) {
        self.scene.add(Primitive::Rect {
            x: at.left,
            y: at.top,
            width: at.width(),
            height: at.height(),
            fill,
            stroke: rim.map(Color::from),
            stroke_width: rim.map(|_| 1.0),
            opacity,
        });
    }

    /// A line of words.
    pub(super) fn words(&mut self, (x, y): Point, words: &str, size: u32, anchor: Anchor, colour: &str) {
        self.scene.add(Primitive::Text {
            x,
            y,
            content: words.to_owned(),
            size,
            anchor,
            rotate: None,
            bold: false,
            color: Some(Color::from(colour)),
        });
    }

    pub(super) fn svg(&self) -> String {
        SvgBackend::new().with_pretty(true).render_scene(&self.scene)
    }

    pub(super) fn png(&self, scale: f64) -> Result<Vec<u8>, String> {
        let side = scale * self.scene.width.max(self.scene.height);
        if !(scale > 0.0 && side <= MOST_PIXELS) {
            return Err(format!("no image is {side} pixels long"));
        }
        RasterBackend::new().with_scale(scale as f32).render_scene(&self.scene)
    }
}

/// The width of a line of words: exact for plain text in the typeface of the PNG.
pub(super) fn width(words: &str, size: u32) -> f64 {
    let thousandths: u32 = words.chars().map(|c| u32::from(advance(c))).sum();
    f64::from(thousandths) * f64::from(size) / 1000.0
}

/// The width of a character of DejaVu Sans in thousandths of its size.
fn advance(c: char) -> u16 {
    /// From the space to the tilde.
    const PRINTABLE: [u16; 95] = [
        318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636, 636,
        636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531, 1000, 684, 686, 698, 770, 632, 575, 775,
        752, 295, 295, 656, 557, 863, 748, 787, 603, 787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390,
        337, 390, 838, 500, 500, 613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612,
        635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838,
    ];
    match c {
        '×' | '−' | '≤' | '≥' => 838,
        '⁰' | '¹' | '²' | '³' | '⁴'..='⁹' => 401,
        '⁻' => 528,
        '–' => 500,
        _ => {
            let place = (c as usize).checked_sub(' ' as usize);
            place.and_then(|place| PRINTABLE.get(place)).copied().unwrap_or(650)
        }
    }
}

/// Words broken into lines no wider than asked for, where the words allow it.
pub(super) fn wrapped(words: &str, size: u32, widest: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(line, size) + width(" ", size) + width(word, size) <= widest => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
