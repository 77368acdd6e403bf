//! Broken graphs, schedules and plans are caught.

use super::super::graph::Ids;
use super::super::lower::lower;
use super::super::schedule::schedule as order;
use super::super::{explain, memory as placement, rows};
use super::*;
use crate::op::Axes;
use pyroxene_kernels::table::{Binary, Unary};
use pyroxene_tensor::Tensor;
use smallvec::smallvec;

/// `y = sum(exp(x) * x)`, and x + exp(x).
fn sound() -> Graph {
    let shape: Shape = smallvec![3];
    let mut graph = Graph { inputs: vec![shape.clone()], ..Graph::default() };
    let x = graph.append(Op::Input(0), smallvec![], shape.clone(), None);
    let exp = graph.append(Op::Unary(Unary::Exp), smallvec![x], shape.clone(), None);
    let product = graph.append(Op::Binary(Binary::Mul), smallvec![exp, x], shape.clone(), None);
    let sum = graph.append(Op::Sum(Axes::new([0])), smallvec![product], smallvec![1], None);
    let scaled = graph.append(Op::Binary(Binary::Mul), smallvec![sum, exp], shape, None);
    graph.outputs = vec![sum, scaled];
    graph
}

fn fails(result: Result<(), String>, with: &str) {
    let message = result.expect_err(with);
    assert!(message.contains(with), "{message}");
}

#[test]
fn sound_stages_pass() {
    let sound = sound();
    assert_eq!(graph(&sound), Ok(()));
    let units = order(&sound);
    assert_eq!(units.len(), 2);
    assert_eq!(schedule(&sound, &units), Ok(()));
    let lowered = lower(&sound, &units);
    assert_eq!(memory(&lowered, &placement::plan(&lowered)), Ok(()));
    assert!(explain::imported(&sound).starts_with("imported: 5 nodes"));
}

#[test]
fn broken_graphs_are_caught() {
    let broken = |break_it: &dyn Fn(&mut Graph)| {
        let mut broken = sound();
        break_it(&mut broken);
        graph(&broken)
    };
    fails(broken(&|g| g.nodes[1].inputs[0] = 2), "reads a later node");
    fails(broken(&|g| g.nodes[2].shape = smallvec![4]), "its operation gives Some([3])");
    fails(broken(&|g| g.nodes[3].shape = smallvec![]), "its operation gives Some([1])");
    fails(broken(&|g| g.nodes[3].op = Op::Sum(Axes::new([1]))), "its operation gives None");
    fails(broken(&|g| g.nodes[2].inputs.truncate(1)), "the number of inputs");
    fails(broken(&|g| g.nodes[0].op = Op::Input(1)), "its operation gives None");
    fails(broken(&|g| g.nodes[1].constant = Some(Tensor::from([1.0]))), "a constant has a value");
    fails(broken(&|g| g.nodes[0].precision = Precision::Single), "has no single precision");
    fails(broken(&|g| g.outputs[0] = 9), "an output does not exist");
}

#[test]
fn broken_movements_are_caught() {
    let check = |op: Op, from: &[&[usize]], to: &[usize]| {
        let mut moved = Graph { inputs: from.iter().map(|&shape| shape.into()).collect(), ..Graph::default() };
        let inputs: Ids =
            from.iter().enumerate().map(|(k, &s)| moved.append(Op::Input(k), smallvec![], s.into(), None)).collect();
        moved.append(op, inputs, to.into(), None);
        graph(&moved).is_ok()
    };
    let range = |start, step, len| -> Box<[Stride]> { vec![Stride { start, step, len }].into() };
    assert!(check(Op::Slice(range(2, -1, 3)), &[&[3]], &[3]));
    assert!(!check(Op::Slice(range(2, -1, 4)), &[&[3]], &[4]));
    assert!(!check(Op::Slice(range(1, 1, 3)), &[&[3]], &[3]));
    assert!(check(Op::Unslice(vec![range(0, 2, 2)]), &[&[2]], &[3]));
    assert!(!check(Op::Unslice(vec![range(0, 2, 2)]), &[&[2]], &[2]));
    assert!(check(Op::Permute(smallvec![1, 0]), &[&[2, 3]], &[3, 2]));
    assert!(!check(Op::Permute(smallvec![1, 1]), &[&[2, 3]], &[3, 3]));
    assert!(check(Op::Expand, &[&[2, 1]], &[2, 3]));
    assert!(!check(Op::Expand, &[&[2, 3]], &[2, 1]));
    assert!(!check(Op::Reshape, &[&[2, 3]], &[2, 2]));
    assert!(check(Op::Matmul { single: false }, &[&[2, 3], &[3, 4]], &[2, 4]));
    assert!(!check(Op::Matmul { single: false }, &[&[2, 3], &[2, 4]], &[2, 4]));
    assert!(check(Op::Concat(0), &[&[2, 3], &[1, 3]], &[3, 3]));
    assert!(!check(Op::Concat(1), &[&[2, 3], &[1, 3]], &[3, 3]));
    assert!(check(Op::Diagonal, &[&[2, 3, 3]], &[2, 3]));
    assert!(!check(Op::DiagEmbed, &[&[3]], &[3]));
    assert!(!check(Op::StopGradient, &[&[3]], &[3]));
}

#[test]
fn broken_schedules_are_caught() {
    let sound = sound();
    let all = |nodes: Vec<Id>| vec![Unit::Loop { shape: smallvec![3], nodes }];
    fails(schedule(&sound, &all(vec![1, 2, 3, 4])), "reads %3 too early");
    fails(schedule(&sound, &all(vec![2, 1, 3])), "reads %1 too early");
    fails(schedule(&sound, &all(vec![1, 2, 3])), "%4 is not computed");
    fails(schedule(&sound, &all(vec![1, 1, 2, 3])), "is computed twice");
    let other = vec![Unit::Loop { shape: smallvec![1], nodes: vec![1] }];
    fails(schedule(&sound, &other), "is no part of this loop");
    fails(schedule(&sound, &[Unit::View(1)]), "is a view, or is not");
}

#[test]
fn what_rows_leave_in_part_is_read_by_nobody_else() {
    // eta = X b, the sum of exp(eta), and X^T exp(eta).
    let x = Tensor::from_vec(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [3, 2]);
    let mut model = Graph { inputs: vec![smallvec![2, 1]], ..Graph::default() };
    let b = model.append(Op::Input(0), smallvec![], smallvec![2, 1], None);
    let transposed = model.append(Op::Constant, smallvec![], smallvec![2, 3], Some(x.t()));
    let x = model.append(Op::Constant, smallvec![], smallvec![3, 2], Some(x));
    let eta = model.append(Op::Matmul { single: false }, smallvec![x, b], smallvec![3, 1], None);
    let exp = model.append(Op::Unary(Unary::Exp), smallvec![eta], smallvec![3, 1], None);
    let sum = model.append(Op::Sum(Axes::new([0])), smallvec![exp], smallvec![1, 1], None);
    let adjoint = model.append(Op::Matmul { single: false }, smallvec![transposed, exp], smallvec![2, 1], None);
    model.outputs = vec![sum, adjoint];
    let mut units = rows::find(&model, order(&model));
    assert!(matches!(&units[..], [Unit::Rows(_)]));
    assert_eq!((graph(&model), schedule(&model, &units)), (Ok(()), Ok(())));
    let lowered = lower(&model, &units);
    assert_eq!(memory(&lowered, &placement::plan(&lowered)), Ok(()));

    model.outputs.push(exp);
    fails(schedule(&model, &units), "is an output, but never whole");
    model.outputs.pop();
    let late = model.append(Op::Unary(Unary::Sin), smallvec![exp], smallvec![3, 1], None);
    units.push(Unit::Loop { shape: smallvec![3, 1], nodes: vec![late] });
    fails(schedule(&model, &units), "which is never whole");
}

#[test]
fn broken_memory_plans_are_caught() {
    // A chain of loops, so that there are values between: exp(x), its sum, and exp(x) over it.
    let mut chain = sound();
    chain.outputs = vec![chain.append(Op::Reshape, smallvec![4], smallvec![3, 1], None)];
    let lowered = lower(&chain, &order(&chain));
    let plan = placement::plan(&lowered);
    let in_memory = |buffer: &BufferId| matches!(plan.homes[*buffer], Home::Memory(_));
    let between: Vec<BufferId> = (0..plan.homes.len()).filter(in_memory).collect();
    assert_eq!(between.len(), 2);
    let moved = |buffer: BufferId, home: Home| {
        let mut homes = plan.homes.clone();
        homes[buffer] = home;
        memory(&lowered, &MemoryPlan { homes, ..plan })
    };
    fails(moved(between[1], plan.homes[between[0]]), "does not hold its numbers");
    fails(moved(between[0], Home::Result(0)), "does not hold its numbers");
    fails(moved(between[0], Home::Argument(0)), "is input 0, and is written");
    fails(moved(between[0], Home::Memory(plan.len)), "the memory at");
    let mut backwards = lower(&chain, &order(&chain));
    backwards.steps.reverse();
    fails(memory(&backwards, &plan), "does not hold its numbers");
}
