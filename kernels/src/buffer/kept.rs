//! The memory of dropped buffers, until a new one takes it or it is too much.
//!
//! One list for all threads: a tensor is often dropped by another thread than the one that made it, and the bounds are to
//! hold for the process. The lock is held for some comparisons, while writing the smallest kept buffer takes microseconds.

use super::Item;
use std::any::Any;
use std::mem::size_of;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Buffers of fewer bytes are not kept.
pub const SMALLEST_KEPT: usize = 1 << 18;

/// At most so many bytes are kept.
pub const KEPT_BYTES: usize = 1 << 27;

/// At most so many buffers are kept.
pub const KEPT_BUFFERS: usize = 8;

/// The largest capacity in which `len` elements are put: a quarter may lie idle.
pub(super) fn roomy(len: usize) -> usize {
    len + len / 4
}

struct Spare {
    bytes: usize,
    /// A `Vec` of some [`Item`].
    memory: Box<dyn Any + Send>,
}

/// The one kept last is the last.
static SPARES: Mutex<Vec<Spare>> = Mutex::new(Vec::new());

fn spares() -> MutexGuard<'static, Vec<Spare>> {
    // Nothing panics with the lock held.
    SPARES.lock().unwrap_or_else(PoisonError::into_inner)
}

fn bytes(spares: &[Spare]) -> usize {
    spares.iter().map(|spare| spare.bytes).sum()
}

/// How many bytes are kept.
pub fn kept_bytes() -> usize {
    bytes(&spares())
}

/// Returns all that is kept to the allocator.
pub fn trim() {
    let all = std::mem::take(&mut *spares());
    drop(all);
}

/// The tightest memory that is kept for `len` elements; its own elements are old ones, maybe fewer or more than `len`.
pub(super) fn take<T: Item>(len: usize) -> Option<Vec<T>> {
    let fits = len..=roomy(len);
    let spare = {
        let mut spares = spares();
        let capacity = |spare: &Spare| spare.memory.downcast_ref::<Vec<T>>().map(Vec::capacity);
        let fitting = spares.iter().enumerate().filter_map(|(i, spare)| Some((capacity(spare)?, i)));
        // Of equal ones the last, which the caches may still hold.
        let (_, at) =
            fitting.filter(|(capacity, _)| fits.contains(capacity)).min_by_key(|&(c, i)| (c, usize::MAX - i))?;
        spares.remove(at)
    };
    Some(*spare.memory.downcast().expect("the type was looked at"))
}

/// Keeps memory, and lets go what was kept longest if it is too much.
pub(super) fn give<T: Item>(memory: Vec<T>) {
    let size = memory.capacity() * size_of::<T>();
    if !(SMALLEST_KEPT..=KEPT_BYTES).contains(&size) {
        return;
    }
    let spare = Spare { bytes: size, memory: Box::new(memory) };
    let too_much: Vec<Spare> = {
        let mut spares = spares();
        spares.push(spare);
        let first = (0..).find(|&i| spares.len() - i <= KEPT_BUFFERS && bytes(&spares[i..]) <= KEPT_BYTES);
        spares.drain(..first.expect("one buffer is not too much")).collect()
    };
    // Outside of the lock: unmapping memory takes long.
    drop(too_much);
}
