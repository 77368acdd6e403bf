//! The number of threads changes no bit: of every operation, on so many examples that several threads share them.

use crate::cases::{cases, numbers, outputs};
use pyroxene_autograd::{Batch, Program};

/// Numbers that all examples read together: more than any kernel keeps to one thread.
const NUMBERS: usize = 1 << 18;

#[test]
fn bits_do_not_depend_on_threads() {
    let pools = [1, 2, 5].map(|threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool"));
    for case in cases() {
        let shapes: Vec<&[usize]> = case.inputs.iter().map(|(_, shape)| shape.as_slice()).collect();
        let len: usize = case.inputs.iter().map(|(data, _)| data.len()).sum();
        let count = NUMBERS / len.max(1);
        let one = Program::capture(&shapes, |x| outputs(&case, x)).expect("no value is read");
        let mut many = one.batched(count, &vec![Batch::Each; shapes.len()]);
        let inputs: Vec<Vec<f64>> =
            case.inputs.iter().enumerate().map(|(k, (data, _))| numbers(count * data.len(), k as u64 + 1)).collect();
        let inputs: Vec<&[f64]> = inputs.iter().map(Vec::as_slice).collect();
        let lens: Vec<usize> = many.output_shapes().map(|shape| shape.iter().product()).collect();
        let [one, two, five] = pools.each_ref().map(|pool| {
            let mut found: Vec<Vec<f64>> = lens.iter().map(|&len| vec![f64::NAN; len]).collect();
            pool.install(|| many.run(&inputs, &mut found.iter_mut().map(Vec::as_mut_slice).collect::<Vec<_>>()));
            found.concat().into_iter().map(f64::to_bits).collect::<Vec<u64>>()
        });
        assert!(one == two && one == five, "{}", case.name);
    }
}
