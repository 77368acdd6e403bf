//! A long chain of operations on a large array holds a few arrays at a time, not all of them.

use pyroxene_autograd::{Program, Tensor};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that are allocated now, and the most since the mark was last set.
struct Peak;

static NOW: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

fn grow(bytes: usize) {
    let now = NOW.fetch_add(bytes, Ordering::Relaxed) + bytes;
    MOST.fetch_max(now, Ordering::Relaxed);
}

// SAFETY: every call goes to the system's allocator unchanged; counting touches plain atomic numbers.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Peak {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Peak = Peak;

const LEN: usize = 10_000_000;

/// The most that `body` has allocated at a time beyond what there was before, in arrays of [`LEN`] numbers.
fn arrays<R>(body: impl FnOnce() -> R) -> (f64, R) {
    let before = NOW.load(Ordering::Relaxed);
    MOST.store(before, Ordering::Relaxed);
    let result = body();
    ((MOST.load(Ordering::Relaxed) - before) as f64 / (8 * LEN) as f64, result)
}

/// One test, so that nothing else allocates meanwhile.
#[test]
fn a_chain_of_ten_operations_holds_three_arrays() {
    let (counted, x) = arrays(|| Tensor::from(vec![0.5; LEN]));
    assert!((1.0..3.0).contains(&counted), "the counter counts: {counted}");

    // Beside the input: what an operation reads and what it writes. (In one Rust expression all temporaries would live to its
    // end.)
    let (counted, y) = arrays(|| {
        let steps: [fn(&Tensor) -> Tensor; 10] = [
            |y| y + 1.0,
            |y| y.ln(),
            |y| y.exp(),
            |y| y * 0.5,
            |y| y.sin(),
            |y| y.abs(),
            |y| y.sqrt(),
            |y| y - 0.25,
            |y| y.square(),
            |y| y.tanh(),
        ];
        steps.iter().fold(x.clone(), |y, step| step(&y))
    });
    assert!(counted < 2.01, "tensors: {counted} arrays beside the input");
    let expected = (((1.5f64 * 0.5).sin().sqrt() - 0.25) * ((1.5f64 * 0.5).sin().sqrt() - 0.25)).tanh();
    assert!((y.at(&[LEN - 1]) - expected).abs() < 1e-15);

    // A Program's own: its copy of the input, and the output.
    let (compiling, mut program) = arrays(|| {
        Program::capture(&[&[LEN]], |x| {
            let y = (((x[0] + 1.0).ln().exp() * 0.5).sin().abs().sqrt() - 0.25).square().tanh();
            vec![y, y.sum()]
        })
        .expect("no value is read")
    });
    let mut run = || {
        let (mut value, mut sum) = (vec![0.0; LEN], [0.0]);
        program.run(&[x.as_slice().expect("contiguous")], &mut [&mut value, &mut sum]);
        (value, sum[0])
    };
    // Debug builds compare the first run with direct evaluation.
    run();
    let (running, (value, sum)) = arrays(run);
    let counted = compiling + running;
    assert!(counted < 3.01, "a Program: {counted} arrays beside the input");
    assert!((value[LEN / 2] - expected).abs() < 1e-15 && (sum / LEN as f64 - expected).abs() < 1e-12);
}
