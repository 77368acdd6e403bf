//! Linear algebra: values, derivatives, failures, on both engines.

mod check;
mod golden;
mod misuse;
mod systems;
