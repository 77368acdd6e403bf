//! The methods that tensors and expressions share.

/// The composed operations as methods of a type; tensor arguments have type `$arg`, those that may be missing `$optional`.
#[doc(hidden)]
#[macro_export]
macro_rules! composed_methods {
    ($type:ty, $arg:ty, $optional:ty) => {
        /// Axes: moved, cut, repeated, padded.
        impl $type {
            /// Moves an axis to another place; the others keep their order.
            #[track_caller]
            #[must_use]
            pub fn movedim(&self, from: isize, to: isize) -> Self {
                $crate::composed::movedim(self, from, to)
            }

            /// The tensors, each expanded to the shape to which all broadcast.
            #[track_caller]
            #[must_use]
            pub fn broadcast_tensors(tensors: &[Self]) -> Vec<Self> {
                $crate::composed::broadcast_tensors(tensors)
            }

            /// Parts of `size` along an axis, the last of which may be shorter.
            ///
            /// ```
            /// use pyroxene_tensor::Tensor;
            /// let parts = Tensor::from([1, 2, 3, 4, 5]).split(2, 0);
            /// assert_eq!(parts, [Tensor::from([1, 2]), Tensor::from([3, 4]), Tensor::from([5])]);
            /// ```
            #[track_caller]
            #[must_use]
            pub fn split(&self, size: usize, axis: isize) -> Vec<Self> {
                $crate::composed::split(self, size, axis)
            }

            /// Parts of these sizes along an axis, which must make it up.
            #[track_caller]
            #[must_use]
            pub fn split_sizes(&self, sizes: &[usize], axis: isize) -> Vec<Self> {
                $crate::composed::split_sizes(self, sizes, axis)
            }

            /// So many parts along an axis, of sizes as equal as can be, the longer ones first.
            #[track_caller]
            #[must_use]
            pub fn chunk(&self, count: usize, axis: isize) -> Vec<Self> {
                $crate::composed::chunk(self, count, axis)
            }

            /// Every position of an axis, without the axis.
            #[track_caller]
            #[must_use]
            pub fn unbind(&self, axis: isize) -> Vec<Self> {
                $crate::composed::unbind(self, axis)
            }

            /// Makes the last axes longer: `widths` tells for each how much comes before and after it.
            ///
            /// ```
            /// use pyroxene_tensor::{Padding, Tensor};
            /// let x = Tensor::from([1.0, 2.0, 3.0]);
            /// assert_eq!(x.pad(&[(1, 2)], Padding::Constant(0.0)).to_vec::<f64>(), [0.0, 1.0, 2.0, 3.0, 0.0, 0.0]);
            /// assert_eq!(x.pad(&[(2, 1)], Padding::Reflect).to_vec::<f64>(), [3.0, 2.0, 1.0, 2.0, 3.0, 2.0]);
            /// ```
            ///
            /// # Panics
            /// If there are more widths than axes; if an axis is too short to be mirrored so far, or empty but for
            /// constants.
            #[track_caller]
            #[must_use]
            pub fn pad(&self, widths: &[(usize, usize)], padding: $crate::Padding) -> Self {
                $crate::composed::pad(self, widths, padding)
            }

            /// Moves all elements along an axis; those that leave it at one end come back at the other.
            ///
            /// ```
            /// use pyroxene_tensor::Tensor;
            /// assert_eq!(Tensor::from([1, 2, 3, 4]).roll(1, 0), Tensor::from([4, 1, 2, 3]));
            /// ```
            #[track_caller]
            #[must_use]
            pub fn roll(&self, shift: isize, axis: isize) -> Self {
                $crate::composed::roll(self, shift, axis)
            }

            /// The whole tensor over and over: `counts` tells how often along each of the last axes; missing axes on
            /// either side count as 1.
            #[track_caller]
            #[must_use]
            pub fn tile(&self, counts: &[usize]) -> Self {
                $crate::composed::tile(self, counts)
            }

            /// Each position of an axis as often as `counts` says in turn; one count is for all.
            ///
            /// ```
            /// use pyroxene_tensor::Tensor;
            /// let x = Tensor::from([7, 8, 9]);
            /// assert_eq!(x.repeat_interleave(&[2], 0), Tensor::from([7, 7, 8, 8, 9, 9]));
            /// assert_eq!(x.repeat_interleave(&[0, 1, 2], 0), Tensor::from([8, 9, 9]));
            /// ```
            #[track_caller]
            #[must_use]
            pub fn repeat_interleave(&self, counts: &[usize], axis: isize) -> Self {
                $crate::composed::repeat_interleave(self, counts, axis)
            }

            /// All windows of `size` positions of an axis that begin `step` apart. The axis counts the windows, a new last
            /// axis the positions in them.
            ///
            /// ```
            /// use pyroxene_tensor::Tensor;
            /// let x = Tensor::from([1, 2, 3, 4, 5]);
            /// assert_eq!(x.unfold(0, 3, 2), Tensor::from([[1, 2, 3], [3, 4, 5]]));
            /// ```
            #[track_caller]
            #[must_use]
            pub fn unfold(&self, axis: isize, size: usize, step: usize) -> Self {
                $crate::composed::unfold(self, axis, size, step)
            }

            /// The axes from `first` to `last`, both included, as one.
            #[track_caller]
            #[must_use]
            pub fn flatten_axes(&self, first: isize, last: isize) -> Self {
                $crate::composed::flatten_axes(self, first, last)
            }

            /// One axis as several of these sizes, of which one may be -1.
            #[track_caller]
            #[must_use]
            pub fn unflatten(&self, axis: isize, sizes: &[isize]) -> Self {
                $crate::composed::unflatten(self, axis, sizes)
            }

            /// Vectors as coordinates of a grid: each is expanded along the axes of the others, the first along axis 0.
            #[track_caller]
            #[must_use]
            pub fn meshgrid(vectors: &[Self]) -> Vec<Self> {
                $crate::composed::meshgrid(vectors)
            }

            /// A diagonal of the matrices in the last two axes: 0 is the main one, positive ones lie above it.
            #[track_caller]
            #[must_use]
            pub fn diagonal_at(&self, offset: isize) -> Self {
                $crate::composed::diagonal_at(self, offset)
            }

            /// Square matrices with the last axis on a diagonal and zeros elsewhere, just large enough.
            #[track_caller]
            #[must_use]
            pub fn diag_embed_at(&self, offset: isize) -> Self {
                $crate::composed::diag_embed_at(self, offset)
            }
        }

        /// Elements by index.
        impl $type {
            /// Part of the tensor by an index for each axis, as in NumPy: positions, ranges, new axes, the rest, tensors of
            /// positions (which broadcast with each other) and truth values (which stand for the positions where they are
            /// true). Negative positions count from the end. Differentiable any number of times.
            ///
            /// The axes of index tensors replace those that they pick from if these are next to each other, and come first
            /// otherwise. A single position only removes its axis: as in PyTorch it does not count as a tensor in this.
            ///
            /// ```
            /// use pyroxene_tensor::{Index, Tensor};
            /// let x = Tensor::arange(0, 24, 1).reshape(&[2, 3, 4]);
            /// assert_eq!(x.index((1, 1.., -1)), Tensor::from([19, 23]));
            /// assert_eq!(x.index((Index::Rest, [0, 3])).shape(), [2, 3, 2]);
            /// assert_eq!(x.index((Index::New, 0, [2, 0], [1, 3])), Tensor::from([[9, 3]]));
            /// assert_eq!(x.index([true, false]).shape(), [1, 3, 4]);
            /// ```
            ///
            /// # Panics
            /// If there are more indices than axes, an index is out of bounds or not of integers or truth values, or truth
            /// values do not fit their axes or depend on the inputs of a Program, since then so would the shape.
            #[track_caller]
            #[must_use]
            pub fn index(&self, at: impl $crate::IndexList<Self>) -> Self {
                $crate::composed::index(self, at)
            }

            /// Elements by index tensors that broadcast with each other *and with the batch*: the `Vindex` of Pyro.
            ///
            /// The index begins with `Index::Rest`, which stands for the batch axes, or has none. The
            /// batch axes and all index tensors broadcast to the first axes of the result; axes with ranges follow. So with
            /// `z` enumerated on the left, `x.vindex((Index::Rest, z, ..))` picks for each element of the batch by its own
            /// `z`.
            ///
            /// ```
            /// use pyroxene_tensor::{Index, Tensor};
            /// let x = Tensor::from([[1, 2, 3], [4, 5, 6]]);
            /// let z = Tensor::from([2, 0]);
            /// assert_eq!(x.vindex((Index::Rest, &z)), Tensor::from([3, 4]));
            /// assert_eq!(x.vindex((Index::Rest, z.unsqueeze(1))), Tensor::from([[3, 6], [1, 4]]));
            /// ```
            ///
            /// # Panics
            /// As [`index`](Self::index); truth values and new axes have no place here.
            #[track_caller]
            #[must_use]
            pub fn vindex(&self, at: impl $crate::IndexList<Self>) -> Self {
                $crate::composed::vindex(self, at)
            }

            /// This tensor with other `values` where [`index`](Self::index) would pick from; they broadcast to what it would
            /// give. Of equal positions the last one wins. The type is that of this tensor if it is a floating-point one;
            /// otherwise types meet as in arithmetic.
            ///
            /// ```
            /// use pyroxene_tensor::Tensor;
            /// let x = Tensor::from([[1, 2], [3, 4]]);
            /// assert_eq!(x.index_put((.., 1), &Tensor::from([7, 8])), Tensor::from([[1, 7], [3, 8]]));
            /// ```
            #[track_caller]
            #[must_use]
            pub fn index_put(&self, at: impl $crate::IndexList<Self>, values: $arg) -> Self {
                $crate::composed::index_put(self, at, &values.into())
            }

            /// As [`index_put`](Self::index_put), but the values are added; those of equal positions add up.
            #[track_caller]
            #[must_use]
            pub fn index_put_add(&self, at: impl $crate::IndexList<Self>, values: $arg) -> Self {
                $crate::composed::index_put_add(self, at, &values.into())
            }

            /// Entries of the first axis by whole numbers of any shape (`F64` or `I64`), which takes that axis' place: the
            /// look-up of an embedding. With an enumerated discrete value it picks parameters, `locs.take(z)`.
            ///
            /// ```
            /// use pyroxene_tensor::Tensor;
            /// let locs = Tensor::from([-1.0, 5.0]);
            /// assert_eq!(locs.take(&Tensor::from([[1.0, 0.0], [1.0, 1.0]])).to_vec::<f64>(), [5.0, -1.0, 5.0, 5.0]);
            /// ```
            #[track_caller]
            #[must_use]
            pub fn take(&self, index: $arg) -> Self {
                $crate::composed::take(self, &index.into())
            }

            /// Classes (`I64`) as vectors along a new last axis: 1.0 at the class, 0.0 elsewhere.
            ///
            /// # Panics
            /// If a class is not within `0..classes`.
            #[track_caller]
            #[must_use]
            pub fn one_hot(&self, classes: usize) -> Self {
                $crate::composed::one_hot(self, classes)
            }

            /// The elements where `mask` is true, as a vector; the two broadcast.
            ///
            /// # Panics
            /// If the mask depends on the inputs of a Program, since then so would the shape.
            #[track_caller]
            #[must_use]
            pub fn masked_select(&self, mask: $arg) -> Self {
                $crate::composed::masked_select(self, &mask.into())
            }

            /// A number where `mask` is true, and this tensor elsewhere; the two broadcast.
            #[track_caller]
            #[must_use]
            pub fn masked_fill(&self, mask: $arg, value: f64) -> Self {
                $crate::composed::masked_fill(self, &mask.into(), value)
            }
        }

        /// Sorting, ranks and counts. NaN comes last in every order; equal elements keep theirs. Derivatives are those of the
        /// elements that were picked.
        impl $type {
            /// The elements along an axis in order.
            #[track_caller]
            #[must_use]
            pub fn sort(&self, axis: isize, descending: bool) -> Self {
                $crate::composed::sort(self, axis, descending)
            }

            /// The `count` largest (smallest) elements along an axis in order, the most extreme first, and their positions
            /// (`I64`).
            ///
            /// ```
            /// use pyroxene_tensor::Tensor;
            /// let (values, places) = Tensor::from([3.0, 9.0, 4.0]).topk(2, 0, true);
            /// assert_eq!((values.to_vec::<f64>(), places.to_vec::<i64>()), (vec![9.0, 4.0], vec![1, 2]));
            /// ```
            #[track_caller]
            #[must_use]
            pub fn topk(&self, count: usize, axis: isize, largest: bool) -> (Self, Self) {
                $crate::composed::topk(self, count, axis, largest)
            }

            /// The `k`-th smallest element along an axis, counted from 1, and its position (`I64`).
            #[track_caller]
            #[must_use]
            pub fn kthvalue(&self, k: usize, axis: isize) -> (Self, Self) {
                $crate::composed::kthvalue(self, k, axis)
            }

            /// Quantiles along an axis, interpolated linearly between neighbours (Hyndman and Fan, "Sample quantiles in
            /// statistical packages" (1996), type 7). A new first axis counts the quantiles. NaN if an element is.
            ///
            /// ```
            /// use pyroxene_tensor::Tensor;
            /// let x = Tensor::from([1.0, 4.0, 2.0, 3.0]);
            /// assert_eq!(x.quantile(&[0.0, 0.5, 0.9], 0).to_vec::<f64>(), [1.0, 2.5, 3.7]);
            /// ```
            #[track_caller]
            #[must_use]
            pub fn quantile(&self, q: &[f64], axis: isize) -> Self {
                $crate::composed::quantile(self, q, axis)
            }

            /// The median along an axis: the mean of the middle two of an even number.
            #[track_caller]
            #[must_use]
            pub fn median(&self, axis: isize) -> Self {
                $crate::composed::median(self, axis)
            }

            /// How often each number of `0..length` occurs (`I64`), or the sums of the weights where it does.
            ///
            /// # Panics
            /// If a number is not within `0..length`.
            #[track_caller]
            #[must_use]
            pub fn bincount(&self, length: usize, weights: Option<$optional>) -> Self {
                $crate::composed::bincount(self, length, weights.map(Self::from).as_ref())
            }

            /// How many elements lie within each pair of neighbours of the ascending vector `edges` (`I64`). Bins have their
            /// lower edge, the last one both. What lies outside, or is NaN, is not counted.
            ///
            /// ```
            /// use pyroxene_tensor::Tensor;
            /// let x = Tensor::from([0.5, 1.0, 1.5, 2.0, 7.0]);
            /// assert_eq!(x.histogram(&Tensor::from([0.0, 1.0, 2.0])).to_vec::<i64>(), [1, 3]);
            /// ```
            #[track_caller]
            #[must_use]
            pub fn histogram(&self, edges: $arg) -> Self {
                $crate::composed::histogram(self, &edges.into())
            }
        }
    };
}

composed_methods!(crate::Tensor, &crate::Tensor, &crate::Tensor);
