//! Reverse-mode automatic differentiation and compiled Programs of Pyroxene.
