//! The memory of dropped buffers: within its bounds, right under many threads, and nothing leaks.

use pyroxene_kernels::buffer::{Buffer, Item, KEPT_BUFFERS, KEPT_BYTES, SMALLEST_KEPT, kept_bytes, trim};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;

/// Bytes in large pieces that are allocated now: those that buffers have, not those of the machinery of tests.
struct Counter;

static NOW: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator unchanged; counting touches a plain atomic number.
unsafe impl GlobalAlloc for Counter {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        NOW.fetch_add(large(layout), Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        NOW.fetch_sub(large(layout), Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

fn large(layout: Layout) -> usize {
    if layout.size() >= SMALLEST_KEPT { layout.size() } else { 0 }
}

#[global_allocator]
static ALLOCATOR: Counter = Counter;

fn of<T: Item>(len: usize, value: T) -> Buffer<T> {
    Buffer::build(len, |out| out.fill(value))
}

/// One test, because what is kept belongs to the process.
#[test]
fn dropped_memory_is_kept_taken_and_let_go() {
    let long = SMALLEST_KEPT / 8;
    trim();
    let before = NOW.load(Ordering::Relaxed);

    // Short ones are not kept, long ones are when the last owner goes.
    drop(of(long - 1, 1.0));
    assert_eq!(kept_bytes(), 0);
    let place = |x: &Buffer<f64>| x.as_ptr();
    let one = of(long, 1.0);
    let other = one.clone();
    drop(one);
    assert_eq!((kept_bytes(), other[long - 1]), (0, 1.0));
    drop(other);
    assert_eq!(kept_bytes(), 8 * long);

    // Other types and much shorter or longer ones have memory of their own; a little shorter ones take what is kept.
    let others = (of(2 * long, 1i64), of(2 * long, 1f32), of(8 * long, true), of(2 * long, 1.0));
    assert_eq!(kept_bytes(), 8 * long);
    drop(others);
    trim();
    let longer = of(long + 100, 1.0);
    let first_longer = place(&longer);
    drop(longer);
    let again = of(long, 2.0);
    assert_eq!((place(&again), again.len(), kept_bytes()), (first_longer, long, 0));
    drop(again);
    // Grown within its memory: all elements are there.
    let grown: Buffer<f64> = (0..long + 50).map(|i| i as f64).collect();
    assert_eq!((place(&grown), grown.len(), grown[long + 49]), (first_longer, long + 50, (long + 49) as f64));
    assert_ne!(place(&of(long, 1.0)), place(&grown));
    drop(grown);

    // The bounds: by number, and by bytes.
    let many: Vec<_> = (0..KEPT_BUFFERS + 3).map(|_| of(long, 3.0)).collect();
    drop(many);
    assert_eq!(kept_bytes(), KEPT_BUFFERS * 8 * long);
    let third = KEPT_BYTES / 8 / 3;
    drop([of(third, 1.0), of(third, 1.0), of(third, 1.0), of(third, 1.0)]);
    assert_eq!(kept_bytes(), 3 * 8 * third);
    drop(of(KEPT_BYTES / 8 + 1, 1.0));
    assert_eq!(kept_bytes(), 3 * 8 * third, "what alone is too much is not kept");
    trim();
    assert_eq!((kept_bytes(), NOW.load(Ordering::Relaxed)), (0, before));

    // Threads that make, share, pass on and drop: every buffer keeps its elements while it lives.
    let (sender, receiver) = channel::<(f64, Buffer<f64>, Buffer<i64>)>();
    let receiver = std::sync::Mutex::new(receiver);
    thread::scope(|scope| {
        for t in 0..4 {
            let sender = sender.clone();
            scope.spawn(move || {
                let mut held = Vec::new();
                for i in 0..60 {
                    let value = f64::from(100 * t + i);
                    let x = of(long + (i as usize * 997) % long, value);
                    held.push((value, x.clone()));
                    if held.len() > 2 {
                        let (value, x) = held.remove(i as usize % 2);
                        assert!(x.iter().all(|&x| x == value));
                    }
                    sender.send((value, x, of(long, value as i64))).expect("there is a receiver");
                }
            });
        }
        drop(sender);
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let next = receiver.lock().expect("no panic").recv();
                    let Ok((value, x, y)) = next else { break };
                    assert!(x.iter().all(|&x| x == value) && y.iter().all(|&y| y as f64 == value));
                    assert!(kept_bytes() <= KEPT_BYTES);
                }
            });
        }
    });
    trim();
    assert_eq!((kept_bytes(), NOW.load(Ordering::Relaxed)), (0, before), "nothing leaks");
}
