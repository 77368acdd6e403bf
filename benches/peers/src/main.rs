//! Pyroxene's kernel benchmarks beside ndarray, candle, faer and gemm, on one thread, in one run.
//!
//!     cargo run --release --manifest-path benches/peers/Cargo.toml [-- part of a row's name]
//!
//! Nanoseconds; a dash where a library lacks the operation. Everyone sees the same data. The rows are those of the kernel
//! benchmarks, see `benches/kernels.rs`; `docs/performance.md` keeps the figures.

mod libraries;
#[path = "../../rows.rs"]
#[expect(dead_code, reason = "what a row is measured by is for the other table")]
mod rows;
#[path = "../../arrays.rs"]
mod arrays;
#[path = "../../timing.rs"]
mod timing;

use timing::nanoseconds;

/// Makes the data, and the call that is timed.
pub(crate) type Prepare = Box<dyn Fn() -> Box<dyn FnMut()> + Send + Sync>;

fn main() {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread();
    one.build_global().expect("the pool is set once");
    faer::set_global_parallelism(faer::Par::Seq);
    let libraries = libraries::all();
    print!("{:34} {:>12}", "", "pyroxene");
    libraries.iter().for_each(|library| print!(" {:>12}", library.name));
    println!(" {:>10}", "best peer");
    for row in rows::rows().0.iter().filter(|row| row.name.contains(&wanted)) {
        let peers: Vec<Option<&Prepare>> = libraries.iter().map(|library| library.find(&row.name)).collect();
        if peers.iter().all(Option::is_none) {
            continue;
        }
        let own = nanoseconds((row.prepare)());
        print!("{:34} {own:12.0}", row.name);
        let mut best = f64::INFINITY;
        for peer in peers {
            match peer.map(|prepare| nanoseconds(prepare())) {
                Some(time) => {
                    best = best.min(time);
                    print!(" {time:12.0}");
                }
                None => print!(" {:>12}", "-"),
            }
        }
        println!(" {:10.2}", best / own);
    }
    println!("best peer: the least time of the others over Pyroxene's; above one, Pyroxene is faster");
}
