//! GPU kernels of Pyroxene: WGSL compute shaders.
