//! The plans that a thread used last. A plan takes about as long to make as to run.

use super::{Fft, RealFft};
use std::cell::RefCell;
use std::sync::Arc;

/// Plans of each kind that a thread keeps.
const KEPT: usize = 8;
/// The longest rows whose plan is kept: some megabytes.
const LONGEST: usize = 1 << 16;

thread_local! {
    static COMPLEX: RefCell<Vec<Arc<Fft>>> = const { RefCell::new(Vec::new()) };
    static REAL: RefCell<Vec<Arc<RealFft>>> = const { RefCell::new(Vec::new()) };
}

/// The plan for rows of `n` complex numbers, made anew unless the thread used it lately.
pub fn plan(n: usize) -> Arc<Fft> {
    COMPLEX.with_borrow_mut(|kept| find(kept, n, Fft::size, Fft::new))
}

/// The plan for rows of `n` real numbers, made anew unless the thread used it lately.
pub fn real_plan(n: usize) -> Arc<RealFft> {
    REAL.with_borrow_mut(|kept| find(kept, n, RealFft::size, RealFft::new))
}

/// The plan of a size; the one used last is the last.
fn find<P>(kept: &mut Vec<Arc<P>>, n: usize, size: fn(&P) -> usize, make: fn(usize) -> P) -> Arc<P> {
    let found = kept.iter().position(|plan| size(plan) == n).map(|at| kept.remove(at));
    let plan = found.unwrap_or_else(|| Arc::new(make(n)));
    if n <= LONGEST {
        if kept.len() == KEPT {
            kept.remove(0);
        }
        kept.push(plan.clone());
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_plans_are_kept() {
        let first = plan(5);
        assert!(Arc::ptr_eq(&first, &plan(5)));
        for n in 10..10 + KEPT {
            assert_eq!((plan(n).size(), real_plan(n).size()), (n, n));
        }
        assert!(!Arc::ptr_eq(&first, &plan(5)));
        assert!(!Arc::ptr_eq(&plan(LONGEST + 1), &plan(LONGEST + 1)));
    }
}
