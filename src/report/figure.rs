//! A figure: panels on a grid, drawn as SVG or PNG.

use super::ReportError;
use super::panel::Panel;

/// A figure, as a value: nothing is drawn before [`Figure::svg`] or [`Figure::png`].
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    pub(super) title: String,
    pub(super) columns: usize,
    pub(super) size: Option<(f64, f64)>,
    pub(super) panels: Vec<Panel>,
}

impl Figure {
    /// A figure without panels; an empty title takes no room.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), columns: 1, size: None, panels: Vec::new() }
    }

    /// Adds a panel: the grid is filled from left to right, row by row.
    #[must_use]
    pub fn panel(mut self, panel: Panel) -> Self {
        self.panels.push(panel);
        self
    }

    /// Sets the number of panels in a row, at first one.
    #[must_use]
    pub fn columns(mut self, columns: usize) -> Self {
        self.columns = columns.max(1);
        self
    }

    /// Sets the size of the whole figure, which otherwise gives each panel 520 by 360.
    #[must_use]
    pub fn size(mut self, width: f64, height: f64) -> Self {
        self.size = Some((width, height));
        self
    }

    /// The figure as SVG.
    ///
    /// # Errors
    ///
    /// When it cannot be drawn: there is no panel, the curves of a layer differ in length, or a range, a
    /// colour or a size makes no sense. Also when the feature `figures` is off.
    pub fn svg(&self) -> Result<String, ReportError> {
        #[cfg(feature = "figures")]
        return Ok(super::layout::draw(self)?.svg());
        #[cfg(not(feature = "figures"))]
        Err(ReportError::FiguresOff)
    }

    /// The figure as PNG, with `scale` pixels for each unit of length.
    ///
    /// # Errors
    ///
    /// As [`Figure::svg`], and when the image is empty or larger than 20 000 pixels a side.
    pub fn png(&self, scale: f64) -> Result<Vec<u8>, ReportError> {
        #[cfg(feature = "figures")]
        return super::layout::draw(self)?
            .png(scale)
            .map_err(|reason| ReportError::Figure { figure: self.title.clone(), reason });
        #[cfg(not(feature = "figures"))]
        {
            let _ = scale;
            Err(ReportError::FiguresOff)
        }
    }
}
