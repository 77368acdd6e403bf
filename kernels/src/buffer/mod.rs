//! Shared, immutable elements, and where the memory of new ones comes from.
//!
//! A big buffer is not returned to the system when the last of its owners drops it, but kept for the next result of about
//! its size ([`KEPT_BYTES`], [`KEPT_BUFFERS`] at most, and none below [`SMALLEST_KEPT`]). Such memory is already mapped and
//! need not be filled before it is written, which for an operation that adds two numbers an element is most of its time.
//! What is kept is the only state; [`trim`] empties it, and a notebook whose cells each start with none only loses time.

mod halves;
mod kept;

pub use halves::{halves, halves_mut};
pub use kept::{KEPT_BUFFERS, KEPT_BYTES, SMALLEST_KEPT, kept_bytes, trim};

use std::fmt;
use std::mem::size_of;
use std::ops::Deref;
use std::sync::Arc;

/// A type of element that a [`Buffer`] holds.
pub trait Item: Copy + Default + fmt::Debug + Send + Sync + 'static {
    /// What memory that nobody wrote holds in debug builds, so that tests find who reads it.
    const STALE: Self;
}

macro_rules! items {
    ($($type:ty: $stale:expr),*) => {$(
        impl Item for $type {
            const STALE: $type = $stale;
        }
    )*};
}
items!(f64: f64::NAN, f32: f32::NAN, i64: i64::MIN, bool: true);

/// Immutable elements with any number of owners.
///
/// ```
/// use pyroxene_kernels::buffer::Buffer;
/// let squares = Buffer::build(3, |out: &mut [f64]| {
///     for (i, x) in out.iter_mut().enumerate() {
///         *x = (i * i) as f64;
///     }
/// });
/// let shared = squares.clone();
/// assert_eq!(shared[..], [0.0, 1.0, 4.0]);
/// assert_eq!(shared.as_ptr(), squares.as_ptr());
/// ```
#[derive(Clone)]
pub struct Buffer<T: Item>(Elements<T>);

#[derive(Clone)]
enum Elements<T: Item> {
    /// In one allocation with the count of owners.
    Short(Arc<[T]>),
    /// Recycled when the last owner goes.
    Long(Arc<Recycled<T>>),
}

/// Elements whose memory is kept when they are dropped.
struct Recycled<T: Item>(Vec<T>);

impl<T: Item> Drop for Recycled<T> {
    fn drop(&mut self) {
        kept::give(std::mem::take(&mut self.0));
    }
}

#[inline]
fn is_long<T>(len: usize) -> bool {
    len >= SMALLEST_KEPT / size_of::<T>()
}

impl<T: Item> Buffer<T> {
    /// `len` elements that `fill` writes, all of them: what it finds is anything, such as the elements of an older buffer.
    #[inline]
    pub fn build(len: usize, fill: impl FnOnce(&mut [T])) -> Buffer<T> {
        if is_long::<T>(len) {
            let mut data = stale(len);
            fill(&mut data);
            return data.into();
        }
        let mut data: Arc<[T]> = std::iter::repeat_n(T::default(), len).collect();
        let out = Arc::get_mut(&mut data).expect("a fresh allocation is not shared");
        spoil(out);
        fill(out);
        data.into()
    }
}

/// Elements to be written over. Memory that is new to the process is zero already and is not touched here.
#[inline(never)]
fn stale<T: Item>(len: usize) -> Vec<T> {
    let mut data = kept::take(len).unwrap_or_else(|| vec![T::default(); len]);
    data.resize(len, T::default());
    spoil(&mut data);
    data
}

/// Many elements, in memory that was kept if there is some.
#[inline(never)]
fn collect<T: Item>(elements: impl Iterator<Item = T>, least: usize) -> Buffer<T> {
    let mut data = kept::take(least).unwrap_or_else(|| Vec::with_capacity(least));
    data.clear();
    data.extend(elements);
    data.into()
}

/// Makes mistakes visible in debug builds.
#[inline]
fn spoil<T: Item>(data: &mut [T]) {
    if cfg!(debug_assertions) {
        data.fill(T::STALE);
    }
}

impl<T: Item> Deref for Buffer<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        match &self.0 {
            Elements::Short(data) => data,
            Elements::Long(data) => &data.0,
        }
    }
}

impl<T: Item> fmt::Debug for Buffer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// The same elements, without a copy; the memory returns to the system when the last owner goes.
impl<T: Item> From<Arc<[T]>> for Buffer<T> {
    #[inline]
    fn from(data: Arc<[T]>) -> Buffer<T> {
        Buffer(Elements::Short(data))
    }
}

/// The same elements, without a copy if they are many.
impl<T: Item> From<Vec<T>> for Buffer<T> {
    fn from(mut data: Vec<T>) -> Buffer<T> {
        if is_long::<T>(data.len()) {
            if data.capacity() > kept::roomy(data.len()) {
                data.shrink_to_fit();
            }
            Buffer(Elements::Long(Arc::new(Recycled(data))))
        } else {
            Buffer(Elements::Short(data.into()))
        }
    }
}

impl<T: Item> From<&[T]> for Buffer<T> {
    fn from(data: &[T]) -> Buffer<T> {
        if is_long::<T>(data.len()) { data.iter().copied().collect() } else { Buffer(Elements::Short(data.into())) }
    }
}

impl<T: Item> FromIterator<T> for Buffer<T> {
    #[inline]
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Buffer<T> {
        let elements = elements.into_iter();
        let (least, _) = elements.size_hint();
        if is_long::<T>(least) { collect(elements, least) } else { Buffer(Elements::Short(elements.collect())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_vectors_are_not_copied_nor_much_too_large() {
        let data = vec![1.5; SMALLEST_KEPT];
        let place = data.as_ptr();
        assert_eq!(Buffer::from(data).as_ptr(), place);

        let mut data = Vec::with_capacity(4 * SMALLEST_KEPT);
        data.resize(SMALLEST_KEPT, 2.5);
        let buffer = Buffer::from(data);
        let Elements::Long(elements) = &buffer.0 else { panic!("it is long") };
        assert!(elements.0.capacity() <= kept::roomy(SMALLEST_KEPT));
        assert!(buffer.iter().all(|&x| x == 2.5));
    }

    #[test]
    fn every_way_in_gives_the_elements() {
        let shared: Arc<[i64]> = [1, 2].into();
        assert_eq!(Buffer::from(shared.clone()).as_ptr(), shared.as_ptr());
        for len in [0, 1, 7, SMALLEST_KEPT / 8 - 1, SMALLEST_KEPT / 8, SMALLEST_KEPT] {
            let expected: Vec<i64> = (0..len as i64).collect();
            assert_eq!(Buffer::from(expected.clone())[..], expected);
            assert_eq!(Buffer::from(&expected[..])[..], expected);
            assert_eq!((0..len as i64).collect::<Buffer<i64>>()[..], expected);
            // Iterators that do not know their length.
            let even = |x: &i64| x % 2 == 0;
            let some: Vec<i64> = expected.iter().copied().filter(even).collect();
            assert_eq!(expected.iter().copied().filter(even).collect::<Buffer<i64>>()[..], some);
            let built = Buffer::build(len, |out: &mut [i64]| out.copy_from_slice(&expected));
            assert_eq!(built[..], expected);
        }
    }

    #[test]
    fn unwritten_memory_is_stale_in_debug_builds() {
        if cfg!(debug_assertions) {
            for len in [3, SMALLEST_KEPT] {
                assert!(Buffer::build(len, |_: &mut [f64]| ()).iter().all(|x| x.is_nan()));
                assert!(Buffer::build(len, |_: &mut [bool]| ()).iter().all(|&x| x));
            }
        }
    }
}
