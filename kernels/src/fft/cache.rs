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
    let kept = COMPLEX.with_borrow_mut(|kept| take(kept, |plan| plan.size() == n));
    // Making a plan may hand the thread to other work, which may want plans: nothing is borrowed meanwhile.
    let plan = kept.unwrap_or_else(|| Arc::new(Fft::new(n)));
    COMPLEX.with_borrow_mut(|kept| keep(kept, n, &plan));
    plan
}

/// The plan for rows of `n` real numbers, made anew unless the thread used it lately.
pub fn real_plan(n: usize) -> Arc<RealFft> {
    let kept = REAL.with_borrow_mut(|kept| take(kept, |plan| plan.size() == n));
    let plan = kept.unwrap_or_else(|| Arc::new(RealFft::new(n)));
    REAL.with_borrow_mut(|kept| keep(kept, n, &plan));
    plan
}

fn take<P>(kept: &mut Vec<Arc<P>>, fits: impl Fn(&P) -> bool) -> Option<Arc<P>> {
    let at = kept.iter().position(|plan| fits(plan))?;
    Some(kept.remove(at))
}

/// The plan used last is the last.
fn keep<P>(kept: &mut Vec<Arc<P>>, n: usize, plan: &Arc<P>) {
    if n > LONGEST {
        return;
    }
    if kept.len() == KEPT {
        kept.remove(0);
    }
    kept.push(plan.clone());
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
