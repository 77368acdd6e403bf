//! The rows as other libraries compute them.

use crate::Prepare;
use crate::arrays::{normals, positive_definite, positives};
use std::hint::black_box;

/// A library and its rows.
pub(crate) struct Library {
    pub(crate) name: &'static str,
    rows: Vec<(String, Prepare)>,
}

impl Library {
    fn new(name: &'static str) -> Library {
        Library { name, rows: Vec::new() }
    }

    fn add<T, F: FnMut() -> T + 'static>(
        &mut self,
        row: impl Into<String>,
        prepare: impl Fn() -> F + Send + Sync + 'static,
    ) {
        let prepare: Prepare = Box::new(move || {
            let mut call = prepare();
            Box::new(move || drop(black_box(call())))
        });
        self.rows.push((row.into(), prepare));
    }

    pub(crate) fn find(&self, row: &str) -> Option<&Prepare> {
        self.rows.iter().find(|(name, _)| name == row).map(|(_, prepare)| prepare)
    }
}

pub(crate) fn all() -> Vec<Library> {
    vec![by_ndarray(), by_candle(), by_faer(), by_gemm()]
}

fn by_ndarray() -> Library {
    use ndarray::{Array1, Array2, Axis};
    let mut library = Library::new("ndarray");
    let matrix = |n: usize| Array2::from_shape_vec((n, n), normals(n * n)).expect("n squared");
    for n in [1000, 1_000_000] {
        type Map = (&'static str, fn(f64) -> f64, fn(usize) -> Vec<f64>);
        let maps: [Map; 3] = [("exp", f64::exp, normals), ("log", f64::ln, positives), ("tanh", f64::tanh, normals)];
        for (name, f, data) in maps {
            library.add(format!("{name}_{n}"), move || {
                let x = Array1::from(data(n));
                move || x.mapv(f)
            });
        }
        library.add(format!("gauss_chain_{n}"), move || {
            let x = Array1::from(normals(n));
            move || {
                x.mapv(|x| {
                    let z = (x - 0.3) / 1.7;
                    (-0.5 * z * z).exp()
                })
            }
        });
        library.add(format!("add_{n}"), move || {
            let (x, y) = (Array1::from(normals(n)), Array1::from(positives(n)));
            move || &x + &y
        });
        library.add(format!("sum_all_{n}"), move || {
            let x = Array1::from(normals(n));
            move || x.sum()
        });
    }
    for axis in [0, 1] {
        library.add(format!("sum_axis{axis}_2000"), move || {
            let x = matrix(2000);
            move || x.sum_axis(Axis(axis))
        });
    }
    library.add("broadcast_add_1000x1000", || {
        let column = Array2::from_shape_vec((1000, 1), normals(1000)).expect("a column");
        let row = Array2::from_shape_vec((1, 1000), normals(1000)).expect("a row");
        move || &column + &row
    });
    for n in [64, 256, 1024] {
        library.add(format!("matmul_{n}"), move || {
            let a = matrix(n);
            move || a.dot(&a)
        });
        library.add(format!("matvec_{n}"), move || {
            let (a, v) = (matrix(n), Array1::from(normals(n)));
            move || a.dot(&v)
        });
    }
    for (name, n) in [("one", 1), ("ten", 10)] {
        library.add(format!("tiny_add_{name}"), move || {
            let x = Array1::<f64>::ones(n);
            move || &x + &x
        });
    }
    library
}

fn by_candle() -> Library {
    use candle_core::{D, Device, Result, Tensor, Var};
    fn vector(x: Vec<f64>) -> Tensor {
        let n = x.len();
        Tensor::from_vec(x, n, &Device::Cpu).expect("a vector")
    }
    fn matrix(n: usize) -> Tensor {
        Tensor::from_vec(normals(n * n), (n, n), &Device::Cpu).expect("a matrix")
    }
    let mut library = Library::new("candle");
    for n in [1000, 1_000_000] {
        type Map = (&'static str, fn(&Tensor) -> Result<Tensor>, fn(usize) -> Vec<f64>);
        let maps: [Map; 3] =
            [("exp", Tensor::exp, normals), ("log", Tensor::log, positives), ("tanh", Tensor::tanh, normals)];
        for (name, f, data) in maps {
            library.add(format!("{name}_{n}"), move || {
                let x = vector(data(n));
                move || f(&x)
            });
        }
        let gauss = |x: &Tensor| x.affine(1.0 / 1.7, -0.3 / 1.7)?.sqr()?.affine(-0.5, 0.0)?.exp();
        library.add(format!("gauss_chain_{n}"), move || {
            let x = vector(normals(n));
            move || gauss(&x)
        });
        library.add(format!("gauss_chain_{n}_fwd_bwd"), move || {
            let x = Var::from_tensor(&vector(normals(n))).expect("a variable");
            move || gauss(&x)?.sum_all()?.backward()
        });
        library.add(format!("add_{n}"), move || {
            let (x, y) = (vector(normals(n)), vector(positives(n)));
            move || &x + &y
        });
        library.add(format!("sum_all_{n}"), move || {
            let x = vector(normals(n));
            move || x.sum_all()
        });
    }
    for axis in [0, 1] {
        library.add(format!("sum_axis{axis}_2000"), move || {
            let x = matrix(2000);
            move || x.sum(axis)
        });
    }
    library.add("logsumexp_rows_2000", || {
        let x = matrix(2000);
        move || x.log_sum_exp(D::Minus1)
    });
    library.add("softmax_rows_2000", || {
        let x = matrix(2000);
        move || {
            let terms = x.broadcast_sub(&x.max_keepdim(D::Minus1)?)?.exp()?;
            terms.broadcast_div(&terms.sum_keepdim(D::Minus1)?)
        }
    });
    for n in [64, 256, 1024] {
        library.add(format!("matmul_{n}"), move || {
            let a = matrix(n);
            move || a.matmul(&a)
        });
        library.add(format!("matmul_{n}_f32"), move || {
            let a = matrix(n).to_dtype(candle_core::DType::F32).expect("f32");
            move || a.matmul(&a)
        });
    }
    for (name, n) in [("one", 1), ("ten", 10)] {
        library.add(format!("tiny_add_{name}"), move || {
            let x = vector(vec![1.0; n]);
            move || &x + &x
        });
    }
    library.add("scalar_chain20_fwd_bwd_traced", || {
        let x = Var::new(0.5, &Device::Cpu).expect("a variable");
        move || {
            let mut y = x.as_tensor().clone();
            for _ in 0..5 {
                y = y.affine(1.01, 0.1)?.tanh()?.exp()?;
            }
            y.backward()
        }
    });
    library
}

fn by_faer() -> Library {
    use faer::{Accum, Mat, Par, Side};
    fn matrix(n: usize) -> Mat<f64> {
        let x = normals(n * n);
        Mat::from_fn(n, n, |i, j| x[i * n + j])
    }
    let mut library = Library::new("faer");
    for n in [64, 256, 1024] {
        library.add(format!("matmul_{n}"), move || {
            let a = matrix(n);
            let mut c = Mat::zeros(n, n);
            move || faer::linalg::matmul::matmul(&mut c, Accum::Replace, &a, &a, 1.0, Par::Seq)
        });
        library.add(format!("matmul_{n}_f32"), move || {
            let a = matrix(n);
            let a = Mat::from_fn(n, n, |i, j| a[(i, j)] as f32);
            let mut c = Mat::zeros(n, n);
            move || faer::linalg::matmul::matmul(&mut c, Accum::Replace, &a, &a, 1.0, Par::Seq)
        });
        library.add(format!("cholesky_{n}"), move || {
            let s = positive_definite(n);
            let s = Mat::from_fn(n, n, |i, j| s[i * n + j]);
            move || s.llt(Side::Lower).expect("positive definite")
        });
        library.add(format!("trisolve_mat_{n}"), move || {
            let s = positive_definite(n);
            let l = Mat::from_fn(n, n, |i, j| s[i * n + j]).llt(Side::Lower).expect("positive definite").L().to_owned();
            let b = matrix(n);
            move || {
                let mut x = b.clone();
                l.solve_lower_triangular_in_place(&mut x);
                x
            }
        });
    }
    library
}

fn by_gemm() -> Library {
    let mut library = Library::new("gemm");
    for n in [64, 256, 1024] {
        library.add(format!("matmul_{n}"), move || {
            let a = normals(n * n);
            let mut c = vec![0.0; n * n];
            move || multiply(&mut c, &a, n)
        });
        library.add(format!("matmul_{n}_f32"), move || {
            let a: Vec<f32> = normals(n * n).iter().map(|&x| x as f32).collect();
            let mut c = vec![0.0; n * n];
            move || multiply(&mut c, &a, n)
        });
    }
    library
}

/// The square of a row-major matrix.
fn multiply<T: 'static + Copy + From<u8>>(c: &mut [T], a: &[T], n: usize) {
    let stride = n as isize;
    // SAFETY: both slices hold `n` rows of `n` numbers.
    unsafe {
        gemm::gemm(
            n,
            n,
            n,
            c.as_mut_ptr(),
            1,
            stride,
            false,
            a.as_ptr(),
            1,
            stride,
            a.as_ptr(),
            1,
            stride,
            T::from(0),
            T::from(1),
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}
