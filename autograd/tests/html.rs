//! What notebooks show of expressions.

use pyroxene_autograd::{Program, Var, scope};
use pyroxene_tensor::Tensor;

#[test]
fn values_are_shown_and_expressions_named() {
    scope(|| assert_eq!((Var::from(1.5) + 1.0).to_html(), Tensor::from(2.5).to_html()));
    let mut shown = String::new();
    Program::capture(&[&[3_usize]], |x| {
        shown = x[0].exp().to_html();
        vec![x[0]]
    })
    .expect("no value is read");
    assert_eq!(shown, "<pre>Var(exp F64 [3])</pre>");
}
