//! Somebody who watches a long computation: hears of its progress, may end it, and changes no number otherwise.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

/// Called with what there is to tell, from any thread but never from two at once.
pub(crate) struct Watch<T>(Option<Arc<Callback<T>>>);

type Callback<T> = dyn Fn(&T) -> ControlFlow<()> + Send + Sync;

impl<T> Clone for Watch<T> {
    fn clone(&self) -> Watch<T> {
        Watch(self.0.clone())
    }
}

impl<T> fmt::Debug for Watch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "watched" } else { "not watched" })
    }
}

impl<T> Watch<T> {
    pub(crate) fn none() -> Watch<T> {
        Watch(None)
    }

    pub(crate) fn by(callback: impl Fn(&T) -> ControlFlow<()> + Send + Sync + 'static) -> Watch<T> {
        Watch(Some(Arc::new(callback)))
    }

    pub(crate) fn tell(&self, what: &T) -> ControlFlow<()> {
        self.0.as_ref().map_or(ControlFlow::Continue(()), |callback| callback(what))
    }

    pub(crate) fn is_none(&self) -> bool {
        self.0.is_none()
    }
}
