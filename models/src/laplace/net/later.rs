//! A value that is made when it is first asked for, never under a lock.

use std::fmt;
use std::sync::OnceLock;

/// What `make` gives, kept. Several threads that ask at once may each make it, and one is kept: making it may share work out among threads, and a
/// thread that waits for its share could otherwise be given the next question for the same value, and wait for itself.
pub(super) struct Later<V> {
    made: OnceLock<V>,
    make: Box<dyn Fn() -> V + Send + Sync>,
}

impl<V> Later<V> {
    pub(super) fn new(make: impl Fn() -> V + Send + Sync + 'static) -> Later<V> {
        Later { made: OnceLock::new(), make: Box::new(make) }
    }

    /// One that is at hand.
    pub(super) fn of(value: V) -> Later<V>
    where
        V: Default + 'static,
    {
        Later { made: OnceLock::from(value), make: Box::new(V::default) }
    }

    pub(super) fn get(&self) -> &V {
        if let Some(made) = self.made.get() {
            return made;
        }
        let made = (self.make)();
        self.made.get_or_init(|| made)
    }
}

impl<V> fmt::Debug for Later<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Later({})", if self.made.get().is_some() { "made" } else { "not made" })
    }
}
