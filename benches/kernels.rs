//! Every kernel against what this machine can do, measured in the same run.
//!
//!     cargo bench --features bench --bench kernels [-- part of a row's name]
//!
//! The last column is the part of the ceiling that a row reaches: the peak of fused multiply-adds for what is counted in
//! operations, and the speed of reading as many bytes as the row touches for what is counted in bytes. One thread, and two at
//! the end. `docs/performance.md` keeps the figures; `benches/peers` measures other libraries on the same rows.

mod arrays;
mod rows;
mod timing;

use pyroxene_kernels::ceiling;
use rows::{Row, Work};
use std::hint::black_box;
use timing::nanoseconds;

fn main() {
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with("--")).unwrap_or_default();
    // This thread is the only one of the pool, so that large arrays come from the heap that the main thread keeps.
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread();
    one.build_global().expect("the pool is set once");
    let ceilings = Ceilings::measure();
    ceilings.print();
    println!("{:34} {:>12} {:>12} {:>9} {:>8}", "one thread", "ns", "rate", "per ns", "ceiling");
    for row in rows::rows().0.iter().filter(|row| row.name.contains(&wanted)) {
        ceilings.report(row, nanoseconds((row.prepare)()));
    }
    println!("{:34} {:>12} {:>12} {:>9}", "two threads", "ns", "one thread", "gain");
    let two = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("threads");
    for row in rows::two_threads().0.iter().filter(|row| row.name.contains(&wanted)) {
        let single = nanoseconds((row.prepare)());
        let time = two.install(|| nanoseconds((row.prepare)()));
        println!("{:34} {time:12.0} {single:12.0} {:9.2}", row.name, single / time);
    }
}

/// What this machine reaches at best, in operations or bytes a nanosecond.
struct Ceilings {
    flops: f64,
    flops32: f64,
    /// Bandwidth of reading, by the number of bytes.
    bandwidth: Vec<(usize, f64)>,
}

impl Ceilings {
    fn measure() -> Ceilings {
        let rounds = 100_000;
        let flops = ceiling::multiply_add_flops(rounds) as f64;
        let x = vec![1.0; 1 << 26];
        let bandwidth = (11..=26).map(|power| {
            let x = &x[..1 << power];
            (8 * x.len(), 8.0 * x.len() as f64 / nanoseconds(|| ceiling::read(black_box(x))))
        });
        Ceilings {
            bandwidth: bandwidth.collect(),
            flops: flops / nanoseconds(|| ceiling::multiply_add(rounds)),
            flops32: 2.0 * flops / nanoseconds(|| ceiling::multiply_add_f32(rounds)),
        }
    }

    fn print(&self) {
        println!("fused multiply-adds: {:.1} GFLOP/s in f64, {:.1} in f32", self.flops, self.flops32);
        let rates: Vec<String> =
            self.bandwidth.iter().step_by(3).map(|(bytes, rate)| format!("{rate:.0} ({} KiB)", bytes / 1024)).collect();
        println!("reading: {} GB/s", rates.join(", "));
    }

    /// The bandwidth of the smallest measured size that holds so many bytes.
    fn reading(&self, bytes: f64) -> f64 {
        let found = self.bandwidth.iter().find(|(size, _)| *size as f64 >= bytes);
        found.unwrap_or(self.bandwidth.last().expect("sizes were measured")).1
    }

    fn report(&self, row: &Row, time: f64) {
        let against = match row.work {
            Work::Flops(flops) => Some((flops, "GFLOP/s", self.flops)),
            Work::Flops32(flops) => Some((flops, "GFLOP/s", self.flops32)),
            Work::Bytes(bytes) => Some((bytes, "GB/s", self.reading(bytes))),
            Work::Call => None,
        };
        let (rate, part) = match against {
            Some((amount, unit, ceiling)) => {
                (format!("{:.1} {unit}", amount / time), format!("{:.0} %", 100.0 * amount / time / ceiling))
            }
            None => Default::default(),
        };
        let elements = row.elements.map(|n| format!("{:.2}", n as f64 / time)).unwrap_or_default();
        println!("{:34} {time:12.0} {rate:>12} {elements:>9} {part:>8}", row.name);
    }
}
