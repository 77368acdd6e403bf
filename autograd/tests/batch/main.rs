//! Programs of many examples, and Hessians, which are made of them.

#[path = "../common/cases.rs"]
mod cases;
mod examples;
mod hessian;
mod threads;
