//! Linear algebra: values, derivatives, failures, on both engines.

mod check;
mod factors;
mod golden;
mod misuse;
mod systems;
