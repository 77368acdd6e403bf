//! Warnings: what a user should know though nothing failed. Tests capture them, callers silence them, and otherwise they go
//! to the standard error, each once.
//!
//! ```
//! use pyroxene_tensor::warning::{self, Category, warn};
//! fn old_name() -> f64 {
//!     warn(Category::Deprecated, "old_name is called new_name now");
//!     1.0
//! }
//! let (value, warnings) = warning::capture(old_name);
//! assert_eq!(value, 1.0);
//! assert_eq!(warnings[0].message(), "old_name is called new_name now");
//! assert_eq!(warning::silence(old_name), 1.0);
//! ```

use crate::context::context;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::panic::Location;
use std::sync::{Arc, Mutex, PoisonError};

/// What a warning is about, so that one kind can be silenced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Category {
    /// An old name or way of calling.
    Deprecated,
    /// Values that are not finite, or precision that is lost.
    Numeric,
    /// A model or guide that is legal but probably not meant.
    Model,
    /// What a compiled Program does otherwise than the code it was made of.
    Program,
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Category::Deprecated => "deprecated",
            Category::Numeric => "numeric",
            Category::Model => "model",
            Category::Program => "program",
        })
    }
}

/// A warning that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    category: Category,
    message: String,
    context: String,
    location: &'static Location<'static>,
}

impl Warning {
    /// What it is about.
    pub fn category(&self) -> Category {
        self.category
    }

    /// The message, without place.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The line that gave it.
    pub fn location(&self) -> &'static Location<'static> {
        self.location
    }
}

impl fmt::Display for Warning {
    /// The category, the message, the [`context`](mod@crate::context) of the thread, and the line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Warning { category, message, context, location } = self;
        write!(f, "{category} warning: {message}{context}, at {}:{}", location.file(), location.line())
    }
}

/// What deals with a warning; `false` leaves it to the next handler outward.
type Handler = Arc<dyn Fn(&Warning) -> bool + Send + Sync>;

thread_local! {
    static HANDLERS: RefCell<Vec<Handler>> = const { RefCell::new(Vec::new()) };
}

/// Gives a warning from the caller's line. The innermost handler that takes it is the last to see it; if there is none, it is
/// printed to the standard error, unless one from the same line and for the same site and plates was already.
#[track_caller]
pub fn warn(category: Category, message: impl Into<String>) {
    warn_at(Location::caller(), category, message);
}

/// Gives a warning as [`warn`] does, from a line other than the caller's: the one that it is about.
pub fn warn_at(location: &'static Location<'static>, category: Category, message: impl Into<String>) {
    let warning = Warning { category, message: message.into(), context: context(), location };
    // A copy, so that a handler may handle or warn in its turn.
    let handlers = HANDLERS.with_borrow(Clone::clone);
    if !handlers.iter().rev().any(|handler| handler(&warning)) {
        print_once(&warning);
    }
}

fn print_once(warning: &Warning) {
    static PRINTED: Mutex<BTreeSet<(&str, u32, u32, String)>> = Mutex::new(BTreeSet::new());
    let place = warning.location;
    let key = (place.file(), place.line(), place.column(), warning.context.clone());
    // A set of keys is whole whatever thread panicked beside it.
    let is_new = PRINTED.lock().unwrap_or_else(PoisonError::into_inner).insert(key);
    if is_new {
        eprintln!("{warning}");
    }
}

/// Runs `body`, with its warnings handed to `handler`; those for which it says `false` go on outward. Threads that `body`
/// starts do not know of it, unless they enter its [`Channel`].
pub fn handle<R>(handler: impl Fn(&Warning) -> bool + Send + Sync + 'static, body: impl FnOnce() -> R) -> R {
    let mut handlers = HANDLERS.with_borrow(Clone::clone);
    handlers.push(Arc::new(handler));
    Channel { handlers }.within(body)
}

/// Runs `body` and gives its warnings beside its result, in the order in which they came.
pub fn capture<R>(body: impl FnOnce() -> R) -> (R, Vec<Warning>) {
    let caught: Arc<Mutex<Vec<Warning>>> = Arc::default();
    let sink = Arc::clone(&caught);
    let keep = move |warning: &Warning| {
        sink.lock().unwrap_or_else(PoisonError::into_inner).push(warning.clone());
        true
    };
    let result = handle(keep, body);
    let warnings = std::mem::take(&mut *caught.lock().unwrap_or_else(PoisonError::into_inner));
    (result, warnings)
}

/// Runs `body` without its warnings.
pub fn silence<R>(body: impl FnOnce() -> R) -> R {
    handle(|_| true, body)
}

/// Runs `body` without its warnings of one category.
pub fn silence_category<R>(category: Category, body: impl FnOnce() -> R) -> R {
    handle(move |warning| warning.category() == category, body)
}

/// The handlers of a thread, for the threads that work for it.
///
/// ```
/// use pyroxene_tensor::warning::{self, Category, Channel, warn};
/// let ((), warnings) = warning::capture(|| {
///     let channel = Channel::current();
///     std::thread::scope(|threads| {
///         threads.spawn(|| channel.within(|| warn(Category::Numeric, "from afar")));
///     });
/// });
/// assert_eq!(warnings.len(), 1);
/// ```
#[derive(Clone)]
pub struct Channel {
    handlers: Vec<Handler>,
}

impl Channel {
    /// The handlers of this thread as they are now.
    pub fn current() -> Channel {
        Channel { handlers: HANDLERS.with_borrow(Clone::clone) }
    }

    /// Runs `body` with these handlers in place of the thread's own.
    pub fn within<R>(&self, body: impl FnOnce() -> R) -> R {
        /// Puts the former handlers back, also when `body` panics.
        struct Restore(Vec<Handler>);
        impl Drop for Restore {
            fn drop(&mut self) {
                let former = std::mem::take(&mut self.0);
                // The thread may be ending, with the thread-local gone already.
                let _ = HANDLERS.try_with(|handlers| handlers.replace(former));
            }
        }
        let _restore = Restore(HANDLERS.replace(self.handlers.clone()));
        body()
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Channel({} handlers)", self.handlers.len())
    }
}
