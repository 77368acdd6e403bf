//! Carrying out a plan: each product of two becomes a matrix product of permuted views, or an elementwise product.

use super::Algebra;
use super::parse::{Equation, Set, Symbol, Symbols};
use super::plan::Plan;
use crate::shape::Shape;

/// What can be contracted: tensors, and expressions of them.
pub trait Value: Clone {
    /// The sizes of the axes.
    fn sizes(&self) -> Shape;
    /// The axes in another order.
    fn permuted(&self, axes: &[isize]) -> Self;
    /// The elements in another shape of the same size.
    fn reshaped(&self, shape: Shape) -> Self;
    /// The diagonals of the square matrices in the last two axes.
    fn diagonal(&self) -> Self;
    /// The algebra's product, elementwise with broadcasting.
    fn combined(&self, other: &Self, algebra: Algebra) -> Self;
    /// The algebra's sum over axes, which are dropped.
    fn reduced(&self, axes: &[isize], algebra: Algebra) -> Self;
    /// The algebra's matrix product over the last two axes; those before are the same in both.
    fn product(&self, other: &Self, algebra: Algebra) -> Self;
}

/// A value whose axes are different symbols, none of size 1.
struct Term<V> {
    value: V,
    symbols: Symbols,
}

/// Evaluates an equation in the order of a plan.
pub fn contract<V: Value>(equation: &Equation, plan: &Plan, algebra: Algebra, operands: &[V]) -> V {
    let mut terms: Vec<Option<Term<V>>> = Vec::with_capacity(operands.len() + plan.steps.len());
    for ((value, symbols), &kept) in operands.iter().zip(&equation.operands).zip(&plan.leaves) {
        terms.push(Some(leaf(value.clone(), symbols, kept, algebra)));
    }
    for step in &plan.steps {
        let mut take = |term: usize| terms[term].take().expect("a term is used once");
        let pair = [take(step.left), take(step.right)];
        terms.push(Some(multiply(pair, step.kept, algebra, &equation.sizes)));
    }
    let last = terms.pop().flatten().expect("there is an operand");
    let order: Symbols = equation.output.iter().copied().filter(|symbol| last.symbols.contains(symbol)).collect();
    arrange(&last, &order).reshaped(equation.shape())
}

/// An operand without its axes of size 1, with the diagonals that repeated symbols take, and summed down to `kept`.
fn leaf<V: Value>(mut value: V, symbols: &Symbols, kept: Set, algebra: Algebra) -> Term<V> {
    let sizes = value.sizes();
    let mut symbols = symbols.clone();
    if sizes.contains(&1) {
        symbols = symbols.iter().zip(&sizes).filter(|&(_, &size)| size != 1).map(|(&symbol, _)| symbol).collect();
        value = value.reshaped(sizes.iter().copied().filter(|&size| size != 1).collect());
    }
    while let Some((first, second)) = repeated(&symbols) {
        let rest = (0..symbols.len()).filter(|&axis| axis != first && axis != second);
        let order: Vec<isize> = rest.chain([first, second]).map(|axis| axis as isize).collect();
        value = value.permuted(&order).diagonal();
        symbols.remove(second);
        let symbol = symbols.remove(first);
        symbols.push(symbol);
    }
    let summed: Vec<isize> =
        (0..symbols.len()).filter(|&axis| !kept.contains(symbols[axis])).map(|axis| axis as isize).collect();
    if !summed.is_empty() {
        value = value.reduced(&summed, algebra);
        symbols.retain(|symbol| kept.contains(*symbol));
    }
    Term { value, symbols }
}

/// Two axes of the same symbol.
fn repeated(symbols: &[Symbol]) -> Option<(usize, usize)> {
    (1..symbols.len()).find_map(|j| (0..j).find(|&i| symbols[i] == symbols[j]).map(|i| (i, j)))
}

/// The value with its axes in this order.
fn arrange<V: Value>(term: &Term<V>, order: &[Symbol]) -> V {
    if term.symbols.as_slice() == order {
        return term.value.clone();
    }
    let axis = |symbol: &Symbol| term.symbols.iter().position(|s| s == symbol).expect("the term has the symbol");
    let axes: Vec<isize> = order.iter().map(|symbol| axis(symbol) as isize).collect();
    term.value.permuted(&axes)
}

fn multiply<V: Value>([a, b]: [Term<V>; 2], kept: Set, algebra: Algebra, sizes: &[usize]) -> Term<V> {
    let size = |symbols: &[Symbol]| symbols.iter().map(|&symbol| sizes[symbol as usize]).product::<usize>();
    let pick = |from: &Symbols, wanted: &dyn Fn(Symbol) -> bool| -> Symbols {
        from.iter().copied().filter(|&symbol| wanted(symbol)).collect()
    };
    let common = Set::of(a.symbols.iter().copied()).common(Set::of(b.symbols.iter().copied()));
    // Shared axes follow the order of the larger operand, which then need not be copied as often.
    let larger = if size(&a.symbols) >= size(&b.symbols) { &a.symbols } else { &b.symbols };
    let batch = pick(larger, &|symbol| common.contains(symbol) && kept.contains(symbol));
    let inner = pick(larger, &|symbol| common.contains(symbol) && !kept.contains(symbol));
    let left = pick(&a.symbols, &|symbol| !common.contains(symbol));
    let right = pick(&b.symbols, &|symbol| !common.contains(symbol));
    let shape = |parts: &[&[Symbol]]| parts.concat().iter().map(|&symbol| sizes[symbol as usize]).collect::<Shape>();
    let symbols: Symbols = [&*batch, &*left, &*right].concat().into_iter().collect();

    let rows_only = left.is_empty() && right.is_empty();
    if inner.is_empty() || rows_only && !batch.is_empty() {
        // With ones for the axes that the other has alone, the operands broadcast.
        let ones = |symbols: &Symbols| symbols.iter().map(|_| 1usize).collect::<Shape>();
        let whole = |term: &Term<V>, own: [&Symbols; 2], gaps: [&Symbols; 2]| {
            let order = [&*batch, &**own[0], &**own[1], &*inner].concat();
            let mut to = shape(&[&batch]);
            for (own, gap) in own.iter().zip(gaps) {
                to.extend(shape(&[own]));
                to.extend(ones(gap));
            }
            to.extend(shape(&[&inner]));
            arrange(term, &order).reshaped(to)
        };
        let none = Symbols::new();
        let a = whole(&a, [&left, &none], [&none, &right]);
        let b = whole(&b, [&none, &right], [&left, &none]);
        let mut value = a.combined(&b, algebra);
        if !inner.is_empty() {
            let axes: Vec<isize> = (batch.len()..batch.len() + inner.len()).map(|axis| axis as isize).collect();
            value = value.reduced(&axes, algebra);
        }
        return Term { value, symbols };
    }
    let matrix = |term: &Term<V>, rows: &Symbols, columns: &Symbols| {
        let mut to = shape(&[&batch]);
        to.extend([size(rows), size(columns)]);
        arrange(term, &[&*batch, &**rows, &**columns].concat()).reshaped(to)
    };
    let product = matrix(&a, &left, &inner).product(&matrix(&b, &inner, &right), algebra);
    Term { value: product.reshaped(shape(&[&batch, &left, &right])), symbols }
}
