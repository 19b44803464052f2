//! A panel of a figure: two axes (or three) and the layers drawn between them.

use std::borrow::Borrow;

/// Where the legend of a panel stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Legend {
    /// Below the panel, in as many lines as it needs.
    #[default]
    Below,
    /// Outside, at the right of the panel.
    Outside,
    /// Inside, at the top left.
    TopLeft,
    /// Inside, at the top right.
    TopRight,
    /// Inside, at the bottom left.
    BottomLeft,
    /// Inside, at the bottom right.
    BottomRight,
    /// Nowhere.
    None,
}

/// What an axis is to show.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct AxisSpec {
    pub(super) label: String,
    pub(super) range: Option<(f64, f64)>,
    pub(super) log: bool,
}

/// The shape of a layer.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Mark {
    Line { xs: Vec<f64>, ys: Vec<f64>, dashed: bool, twin: bool },
    Points { xs: Vec<f64>, ys: Vec<f64> },
    Band { xs: Vec<f64>, lower: Vec<f64>, upper: Vec<f64> },
    Vertical(f64),
    Horizontal(f64),
}

impl Mark {
    /// Whether this takes a colour of the palette.
    #[cfg(feature = "figures")]
    pub(super) fn is_curve(&self) -> bool {
        matches!(self, Self::Line { .. } | Self::Band { .. })
    }
}

/// A named shape, with a colour of its own if it was given one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Layer {
    pub(super) name: String,
    pub(super) colour: Option<String>,
    pub(super) mark: Mark,
}

/// A panel: a title, axes and layers.
///
/// Layers of one name share a colour and an entry in the legend, in all panels of a figure; an empty name
/// keeps a layer out of the legend. Values that are not finite — or not positive, on a logarithmic axis —
/// interrupt a line and are never drawn; what lies beyond a range that was set is cut off at the frame.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Panel {
    pub(super) title: String,
    pub(super) x: AxisSpec,
    pub(super) y: AxisSpec,
    pub(super) y2: AxisSpec,
    pub(super) ticks_x: Vec<(f64, String)>,
    /// Whether the horizontal axis has words alone.
    pub(super) in_words: bool,
    pub(super) layers: Vec<Layer>,
    pub(super) legend: Legend,
}

impl Panel {
    /// An empty panel; an empty title takes no room.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// Labels the horizontal axis.
    #[must_use]
    pub fn x(mut self, label: impl Into<String>) -> Self {
        self.x.label = label.into();
        self
    }

    /// Labels the vertical axis.
    #[must_use]
    pub fn y(mut self, label: impl Into<String>) -> Self {
        self.y.label = label.into();
        self
    }

    /// Labels the second vertical axis, at the right, to which [`Panel::twin`] draws.
    #[must_use]
    pub fn y2(mut self, label: impl Into<String>) -> Self {
        self.y2.label = label.into();
        self
    }

    /// Sets the range of the horizontal axis, which otherwise fits the layers.
    #[must_use]
    pub fn x_range(mut self, from: f64, to: f64) -> Self {
        self.x.range = Some((from, to));
        self
    }

    /// Sets the range of the vertical axis, which otherwise fits the layers.
    #[must_use]
    pub fn y_range(mut self, from: f64, to: f64) -> Self {
        self.y.range = Some((from, to));
        self
    }

    /// Sets the range of the second vertical axis, which otherwise fits its lines.
    #[must_use]
    pub fn y2_range(mut self, from: f64, to: f64) -> Self {
        self.y2.range = Some((from, to));
        self
    }

    /// Makes the horizontal axis logarithmic.
    #[must_use]
    pub fn log_x(mut self) -> Self {
        self.x.log = true;
        self
    }

    /// Makes the vertical axis logarithmic.
    #[must_use]
    pub fn log_y(mut self) -> Self {
        self.y.log = true;
        self
    }

    /// Makes the second vertical axis logarithmic.
    #[must_use]
    pub fn log_y2(mut self) -> Self {
        self.y2.log = true;
        self
    }

    /// Marks positions on the horizontal axis in words, such as the place given to softness 0 on a
    /// logarithmic axis; the numbers that would stand in their way are left out.
    #[must_use]
    pub fn ticks_x<L: Into<String>>(mut self, ticks: impl IntoIterator<Item = (f64, L)>) -> Self {
        self.ticks_x.extend(ticks.into_iter().map(|(position, label)| (position, label.into())));
        self
    }

    /// Makes the horizontal axis one of names instead of numbers: the first stands at 1, the next at 2, and so on.
    #[must_use]
    pub fn categories<L: Into<String>>(self, names: impl IntoIterator<Item = L>) -> Self {
        let ticks: Vec<_> = names.into_iter().enumerate().map(|(i, name)| ((i + 1) as f64, name)).collect();
        let last = ticks.len() as f64;
        Self { in_words: true, ..self }.x_range(0.5, last.max(1.0) + 0.5).ticks_x(ticks)
    }

    /// Places the legend.
    #[must_use]
    pub fn legend(mut self, legend: Legend) -> Self {
        self.legend = legend;
        self
    }

    /// Adds a line.
    #[must_use]
    pub fn line(
        self,
        name: impl Into<String>,
        xs: impl IntoIterator<Item: Borrow<f64>>,
        ys: impl IntoIterator<Item: Borrow<f64>>,
    ) -> Self {
        self.layer(name, Mark::Line { xs: owned(xs), ys: owned(ys), dashed: false, twin: false })
    }

    /// Adds a dashed line.
    #[must_use]
    pub fn dashed(
        self,
        name: impl Into<String>,
        xs: impl IntoIterator<Item: Borrow<f64>>,
        ys: impl IntoIterator<Item: Borrow<f64>>,
    ) -> Self {
        self.layer(name, Mark::Line { xs: owned(xs), ys: owned(ys), dashed: true, twin: false })
    }

    /// Adds a line against the second vertical axis.
    #[must_use]
    pub fn twin(
        self,
        name: impl Into<String>,
        xs: impl IntoIterator<Item: Borrow<f64>>,
        ys: impl IntoIterator<Item: Borrow<f64>>,
    ) -> Self {
        self.layer(name, Mark::Line { xs: owned(xs), ys: owned(ys), dashed: false, twin: true })
    }

    /// Adds points: black, or in the colour of the line or band of the same name.
    #[must_use]
    pub fn points(
        self,
        name: impl Into<String>,
        xs: impl IntoIterator<Item: Borrow<f64>>,
        ys: impl IntoIterator<Item: Borrow<f64>>,
    ) -> Self {
        self.layer(name, Mark::Points { xs: owned(xs), ys: owned(ys) })
    }

    /// Adds a translucent band between two curves.
    #[must_use]
    pub fn band(
        self,
        name: impl Into<String>,
        xs: impl IntoIterator<Item: Borrow<f64>>,
        lower: impl IntoIterator<Item: Borrow<f64>>,
        upper: impl IntoIterator<Item: Borrow<f64>>,
    ) -> Self {
        self.layer(name, Mark::Band { xs: owned(xs), lower: owned(lower), upper: owned(upper) })
    }

    /// Adds a vertical line across the panel, labelled where it meets the upper edge.
    #[must_use]
    pub fn vline(self, x: f64, label: impl Into<String>) -> Self {
        self.layer(label, Mark::Vertical(x))
    }

    /// Adds a horizontal line across the panel, labelled where it meets the right edge.
    #[must_use]
    pub fn hline(self, y: f64, label: impl Into<String>) -> Self {
        self.layer(label, Mark::Horizontal(y))
    }

    /// Colours the layer added last, as `#rrggbb`, and with it all layers of its name.
    #[must_use]
    pub fn colour(mut self, colour: impl Into<String>) -> Self {
        if let Some(layer) = self.layers.last_mut() {
            layer.colour = Some(colour.into());
        }
        self
    }

    fn layer(mut self, name: impl Into<String>, mark: Mark) -> Self {
        self.layers.push(Layer { name: name.into(), colour: None, mark });
        self
    }
}

fn owned(values: impl IntoIterator<Item: Borrow<f64>>) -> Vec<f64> {
    values.into_iter().map(|value| *value.borrow()).collect()
}
