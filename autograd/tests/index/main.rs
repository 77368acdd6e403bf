//! Shape operations, indexing and sorting of expressions: values against tensors, derivatives, failures, on both engines.

// The harness of the linear algebra tests serves here too.
#[path = "../linalg/check.rs"]
mod check;
mod derivatives;
mod misuse;
mod values;
