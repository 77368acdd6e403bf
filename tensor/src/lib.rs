//! Strided n-dimensional tensors of Pyroxene.
