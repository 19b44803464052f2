//! Plane geometry of drawing: cutting lines and areas off at a frame, and dashes.

/// A point on the page: to the right, downwards.
pub(super) type Point = (f64, f64);

/// An upright rectangle on the page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rect {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

/// Points nearer to the one before than this are left out of a line: no eye would miss them.
const NEAR: f64 = 0.2;

impl Rect {
    pub(super) fn width(&self) -> f64 {
        self.right - self.left
    }

    pub(super) fn height(&self) -> f64 {
        self.bottom - self.top
    }

    pub(super) fn contains(&self, (x, y): Point) -> bool {
        (self.left..=self.right).contains(&x) && (self.top..=self.bottom).contains(&y)
    }

    pub(super) fn meets(&self, other: &Self) -> bool {
        let across = self.left < other.right && other.left < self.right;
        across && self.top < other.bottom && other.top < self.bottom
    }

    /// The part of a segment inside, after Liang and Barsky.
    fn cut(&self, (x0, y0): Point, (x1, y1): Point) -> Option<(Point, Point)> {
        let (dx, dy) = (x1 - x0, y1 - y0);
        let (mut from, mut to) = (0.0_f64, 1.0_f64);
        let edges =
            [(-dx, x0 - self.left), (dx, self.right - x0), (-dy, y0 - self.top), (dy, self.bottom - y0)];
        for (outward, room) in edges {
            if outward == 0.0 && room < 0.0 {
                return None;
            }
            if outward < 0.0 {
                from = from.max(room / outward);
            } else if outward > 0.0 {
                to = to.min(room / outward);
            }
        }
        let at = |t: f64| {
            // Rounding must not carry a cut end across the edge.
            let (x, y) = (x0 + t * dx, y0 + t * dy);
            (x.clamp(self.left, self.right), y.clamp(self.top, self.bottom))
        };
        (from <= to).then(|| (at(from), at(to)))
    }

    /// The pieces of a line that lie inside; `None` interrupts the line.
    pub(super) fn cut_line(&self, points: impl IntoIterator<Item = Option<Point>>) -> Vec<Vec<Point>> {
        let mut pieces: Vec<Vec<Point>> = Vec::new();
        let mut last = None;
        for point in points {
            if let (Some(from), Some(to)) = (last, point)
                && let Some((start, end)) = self.cut(from, to)
            {
                match pieces.last_mut() {
                    Some(piece) if start == from && piece.last() == Some(&start) => piece.push(end),
                    _ => pieces.push(vec![start, end]),
                }
            }
            last = point;
        }
        pieces.into_iter().map(thinned).filter(|piece| piece.len() > 1).collect()
    }

    /// The part of an area that lies inside, after Sutherland and Hodgman.
    pub(super) fn cut_area(&self, mut outline: Vec<Point>) -> Vec<Point> {
        let edges: [(f64, bool, f64); 4] = [
            (self.left, true, 1.0),
            (self.right, true, -1.0),
            (self.top, false, 1.0),
            (self.bottom, false, -1.0),
        ];
        for (edge, vertical, inward) in edges {
            let depth = |(x, y): Point| inward * (if vertical { x } else { y } - edge);
            let mut kept = Vec::with_capacity(outline.len() + 4);
            for (i, &here) in outline.iter().enumerate() {
                let before = outline[if i == 0 { outline.len() - 1 } else { i - 1 }];
                let (a, b) = (depth(before), depth(here));
                if (a < 0.0) != (b < 0.0) {
                    let t = a / (a - b);
                    let (x, y) = (before.0 + t * (here.0 - before.0), before.1 + t * (here.1 - before.1));
                    kept.push(if vertical { (edge, y) } else { (x, edge) });
                }
                if b >= 0.0 {
                    kept.push(here);
                }
            }
            outline = kept;
        }
        outline
    }
}

/// A line without the points that add nothing to its look; its two ends stay.
fn thinned(points: Vec<Point>) -> Vec<Point> {
    let Some(&end) = points.last() else { return points };
    let mut kept: Vec<Point> = Vec::with_capacity(points.len());
    for point in points {
        if kept.last().is_none_or(|last| (point.0 - last.0).hypot(point.1 - last.1) >= NEAR) {
            kept.push(point);
        }
    }
    if kept.last() != Some(&end) {
        kept.push(end);
    }
    kept
}

/// The dashes of a line.
pub(super) fn dashes(line: &[Point], dash: f64, gap: f64) -> Vec<Vec<Point>> {
    let mut pieces: Vec<Vec<Point>> = Vec::new();
    let (mut inked, mut left) = (true, dash);
    if let Some(&start) = line.first() {
        pieces.push(vec![start]);
    }
    for ends in line.windows(2) {
        let (from, to) = (ends[0], ends[1]);
        let length = (to.0 - from.0).hypot(to.1 - from.1);
        let mut gone = 0.0;
        while length - gone > left {
            gone += left;
            let t = gone / length;
            let point = (from.0 + t * (to.0 - from.0), from.1 + t * (to.1 - from.1));
            match pieces.last_mut().filter(|_| inked) {
                Some(piece) => piece.push(point),
                None => pieces.push(vec![point]),
            }
            inked = !inked;
            left = if inked { dash } else { gap };
        }
        left -= length - gone;
        if let Some(piece) = pieces.last_mut().filter(|_| inked) {
            piece.push(to);
        }
    }
    pieces.retain(|piece| piece.len() > 1);
    pieces
}
