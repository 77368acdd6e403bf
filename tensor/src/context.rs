//! What the thread is busy with, for the end of error messages.
//!
//! A model interpreter pushes a short description for each plate or handler that it enters and names the site that it
//! evaluates. A panic of a tensor operation then says where in the model it happened:
//! `` add: cannot broadcast [8] with [3] (site "theta", plate "school") ``.

use std::cell::RefCell;
use std::marker::PhantomData;

#[derive(Default)]
struct Frames {
    site: String,
    stack: Vec<String>,
}

thread_local! {
    static FRAMES: RefCell<Frames> = RefCell::default();
}

/// Removes its description, and those pushed after it, when dropped.
#[must_use = "the description is removed when the guard is dropped"]
pub struct Guard {
    depth: usize,
    not_send: PhantomData<*const ()>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        // The thread may be ending, with the thread-local gone already.
        let _ = FRAMES.try_with(|frames| frames.borrow_mut().stack.truncate(self.depth));
    }
}

/// Adds a description, such as `plate "school"`, until the guard is dropped.
///
/// ```
/// use pyroxene_tensor::context;
/// context::set_site("theta");
/// {
///     let _plate = context::push(r#"plate "school""#.to_string());
///     assert_eq!(context::context(), r#" (site "theta", plate "school")"#);
/// }
/// context::set_site("");
/// assert_eq!(context::context(), "");
/// ```
pub fn push(description: String) -> Guard {
    let depth = FRAMES.with(|frames| {
        let stack = &mut frames.borrow_mut().stack;
        stack.push(description);
        stack.len() - 1
    });
    Guard { depth, not_send: PhantomData }
}

/// Names the site that the thread evaluates from now on; an empty name means none.
pub fn set_site(name: &str) {
    FRAMES.with(|frames| {
        let site = &mut frames.borrow_mut().site;
        site.clear();
        site.push_str(name);
    });
}

/// The site and the descriptions, innermost first, as ` (a, b)` with a leading space; empty if there are none.
pub fn context() -> String {
    FRAMES.with(|frames| {
        let frames = frames.borrow();
        let site = (!frames.site.is_empty()).then(|| format!("site {:?}", frames.site));
        let parts: Vec<String> = site.into_iter().chain(frames.stack.iter().rev().cloned()).collect();
        if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn innermost_comes_first_and_guards_nest() {
        let outer = push("plate \"a\"".into());
        let inner = push("plate \"b\"".into());
        assert_eq!(context(), " (plate \"b\", plate \"a\")");
        drop(inner);
        assert_eq!(context(), " (plate \"a\")");
        drop(outer);
        assert_eq!(context(), "");
    }

    #[test]
    fn unwinding_cleans_up() {
        let result = std::panic::catch_unwind(|| {
            let _plate = push("plate".into());
            panic!("stop");
        });
        assert!(result.is_err());
        assert_eq!(context(), "");
    }
}
