//! Stores of parameters and runs of variational inference in files; names matched by regular expressions.

use pyroxene::io::safetensors;
use pyroxene::optim::{Adam, Optimizer};
use pyroxene::param::MapLocation;
use pyroxene::{
    AutoNormal, Constraint, Cx, DType, Device, Error, ParamStore, Seed, Svi, Tensor, Var, condition,
    dist::{Distribution, Normal},
};
use std::path::PathBuf;

/// A file of this test's own, which goes when it is dropped.
struct TestFile(PathBuf);

impl TestFile {
    fn new(test: &str) -> TestFile {
        TestFile(std::env::temp_dir().join(format!("pyroxene-{test}-{}.safetensors", std::process::id())))
    }
}

impl Drop for TestFile {
    fn drop(&mut self) {
        // A leftover in the temporary folder is no failure.
        let _ = std::fs::remove_file(&self.0);
    }
}

#[track_caller]
fn message<T>(result: Result<T, Error>, path: &TestFile) -> String {
    let text = result.err().expect("an error").to_string();
    text.strip_prefix(&format!("{}: ", path.0.display())).expect("the path first").to_string()
}

/// A parameter of every constraint, one deep within others, and one that is not `f64`.
fn store() -> ParamStore {
    let third = 1.0 / 3.0;
    let mut store = ParamStore::new();
    let mut set = |name: &str, value: Tensor, constraint| store.set(name, value, constraint).unwrap();
    set("real", Tensor::from([third, -0.0, 5e-324, f64::MAX]), Constraint::Real);
    set("f32", Tensor::from([0.1_f32, -0.0]), Constraint::Real);
    set("whole", Tensor::from(i64::MAX), Constraint::Real);
    set("empty", Tensor::from(Vec::<f64>::new()), Constraint::Positive);
    set("positive", Tensor::from([[third, 1e-300]]), Constraint::Positive);
    set("non negative", Tensor::from(third), Constraint::NonNegative);
    set("unit", Tensor::from(third), Constraint::UnitInterval);
    set("interval", Tensor::from([1.5, third]), Constraint::Interval(Var::from([0.1, -1.0]), Var::from(2.0)));
    set("greater", Tensor::from(2.0), Constraint::GreaterThan(Var::from(third)));
    set("less", Tensor::from(-2.0), Constraint::LessThan(Var::from(-third)));
    set("vector", Tensor::from([1.0, third]), Constraint::RealVector);
    set("ordered", Tensor::from([-1.0, third, 2.0]), Constraint::Ordered);
    set("positive ordered", Tensor::from([third, 2.0]), Constraint::PositiveOrdered);
    set("simplex", Tensor::from([0.2, 0.3, 0.5]), Constraint::Simplex);
    set("factor", Tensor::from([[third, 0.0], [1.0, 2.0]]), Constraint::LowerCholesky);
    set("definite", Tensor::from([[2.0, third], [third, 1.0]]), Constraint::PositiveDefinite);
    set("correlation", Tensor::from([[1.0, 0.0], [0.6, 0.8]]), Constraint::CorrCholesky);
    let deep = Constraint::Interval(Var::from(-third), Var::from(third)).to_event(2);
    set("a.deep.one \"é\"", Tensor::from([[0.1, 0.2], [0.0, -0.3]]), deep);
    store
}

/// Type, shape and bits of all that a store holds, constraints in words.
fn facts(store: &ParamStore) -> Vec<String> {
    let bits = |x: &Tensor| {
        let bits: Vec<u64> = x.to_vec::<f64>().iter().map(|v| v.to_bits()).collect();
        format!("{} {:?} {bits:?} {:?}", x.dtype(), x.shape(), x.to_vec::<i64>())
    };
    let of = |(name, value)| format!("{name}: {}, {}", bits(value), bits(store.unconstrained(name).unwrap()));
    store.iter().map(of).collect()
}

#[test]
fn a_store_survives_with_every_bit_and_constraint() {
    let file = TestFile::new("store");
    let store = store();
    store.save(&file.0).unwrap();
    let loaded = ParamStore::load(&file.0).unwrap();
    assert_eq!(facts(&loaded), facts(&store));
    let again = TestFile::new("store-again");
    loaded.save(&again.0).unwrap();
    assert_eq!(std::fs::read(&again.0).unwrap(), std::fs::read(&file.0).unwrap());
    assert!(loaded.names().eq(store.names()));

    ParamStore::new().save(&file.0).unwrap();
    assert!(ParamStore::load(&file.0).unwrap().is_empty());
}

#[test]
fn other_programs_can_read_a_store() {
    let file = TestFile::new("archive");
    store().save(&file.0).unwrap();
    let archive = safetensors::read(&file.0).unwrap();
    assert_eq!(archive.tensors["value.simplex"], Tensor::from([0.2, 0.3, 0.5]));
    assert_eq!(archive.tensors["bound.0.greater"], Tensor::from(1.0 / 3.0));
    assert_eq!(archive.metadata["constraint.a.deep.one \"é\""], "independent 2 interval");
    assert_eq!(archive.metadata["device.unit"], "cpu");
}

#[test]
fn damage_is_named() {
    let file = TestFile::new("damage");
    let mut store = ParamStore::new();
    store.set("w", [1.0, 2.0], Constraint::Positive).unwrap();
    store.save(&file.0).unwrap();
    let bytes = std::fs::read(&file.0).unwrap();
    for length in 0..bytes.len() {
        std::fs::write(&file.0, &bytes[..length]).unwrap();
        assert!(message(ParamStore::load(&file.0), &file).contains("cut short"), "cut to {length}");
    }
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        std::fs::write(&file.0, &damaged).unwrap();
        assert!(ParamStore::load(&file.0).is_err(), "byte {at}");
    }
    let mut damaged = bytes.clone();
    *damaged.last_mut().unwrap() ^= 1;
    std::fs::write(&file.0, &damaged).unwrap();
    assert_eq!(message(ParamStore::load(&file.0), &file), "the content does not fit its checksum: the file is damaged");

    std::fs::remove_file(&file.0).unwrap();
    assert!(message(ParamStore::load(&file.0), &file).starts_with("cannot read: "));
    std::fs::write(&file.0, "weights").unwrap();
    assert_eq!(
        message(ParamStore::load(&file.0), &file),
        "byte 7: the file is cut short before the length of its header"
    );
}

#[test]
fn files_of_other_kinds_are_named() {
    let file = TestFile::new("kind");
    let mut archive = safetensors::Archive::default();
    safetensors::write(&file.0, &archive).unwrap();
    let kind = "this file does not say that it is of kind \"pyroxene.params\"";
    assert_eq!(message(ParamStore::load(&file.0), &file), kind);
    archive.metadata.insert("kind".into(), "pyroxene.svi".into());
    safetensors::write(&file.0, &archive).unwrap();
    let kind = "this is a file of kind \"pyroxene.svi\", not \"pyroxene.params\"";
    assert_eq!(message(ParamStore::load(&file.0), &file), kind);
    archive.metadata.insert("kind".into(), "pyroxene.params".into());
    archive.metadata.insert("version".into(), "2".into());
    safetensors::write(&file.0, &archive).unwrap();
    assert_eq!(message(ParamStore::load(&file.0), &file), "version 2 of pyroxene.params is not 1");
}

#[test]
fn devices_are_mapped_on_loading() {
    let file = TestFile::new("device");
    store().save(&file.0).unwrap();
    for map in [Device::Cpu.into(), "cpu".into(), [("cuda:0", "cpu")].into(), MapLocation::by(str::to_string)] {
        let loaded = ParamStore::load_to(&file.0, map).unwrap();
        assert!(loaded.iter().all(|(_, value)| value.device() == Device::Cpu));
    }
    assert_eq!(
        message(ParamStore::load_to(&file.0, "wgpu"), &file),
        "parameter \"a.deep.one \\\"é\\\"\": saved from \"cpu\": device \"wgpu\" is not available here; available: cpu \
         (`load_to` maps devices)"
    );
    assert!(
        ParamStore::load_to(&file.0, [("cpu", "mars")])
            .unwrap_err()
            .to_string()
            .contains("device \"mars\" is not known")
    );
}

#[test]
fn names_are_matched_from_their_first_character() {
    let mut store = ParamStore::new();
    for name in ["auto.loc", "auto.scale", "net.auto.loc", "b1", "b12"] {
        store.set(name, 1.0, Constraint::Real).unwrap();
    }
    let names = |pattern: &str| store.matching(pattern).unwrap().names().map(String::from).collect::<Vec<_>>();
    assert_eq!(names("auto"), ["auto.loc", "auto.scale"]);
    assert_eq!(names(r"auto\.loc|net"), ["auto.loc", "net.auto.loc"]);
    assert_eq!(names(r".*loc"), ["auto.loc", "net.auto.loc"]);
    assert_eq!(names(r"b\d$"), ["b1"]);
    assert_eq!(names("loc"), [""; 0]);
    assert_eq!(names("").len(), 5);
    assert_eq!(names("(?i)AUTO|B1$"), ["auto.loc", "auto.scale", "b1"]);
    let error = store.matching("(").unwrap_err().to_string();
    assert!(error.starts_with("\"(\" is not a regular expression: "), "{error}");
}

fn model(cx: &mut Cx) {
    model_in(DType::F64, cx);
}

fn model_in(dtype: DType, cx: &mut Cx) {
    let prior = |loc: Var, scale: f64| Normal::new(loc.cast(dtype), Var::from(scale).cast(dtype));
    let mean = cx.sample("mean", prior(Var::from(0.0), 10.0));
    let slope = cx.sample("slope", prior(Var::from([0.0, 1.0]), 1.0).to_event(1));
    cx.sample("x", prior(mean + slope.sum(), 1.0));
}

#[test]
fn a_restored_run_goes_on_as_if_it_had_never_stopped() {
    restored_run_in(DType::F64);
    restored_run_in(DType::F32);
}

fn restored_run_in(dtype: DType) {
    let file = TestFile::new(&format!("svi-{dtype:?}"));
    let posterior = condition(move |cx: &mut Cx| model_in(dtype, cx), [("x", 3.0)]);
    let guide = AutoNormal::new(&posterior);
    let start = |seed| Svi::new(Adam::new(0.05)).start(&posterior, &guide, ParamStore::new(), Seed(seed)).unwrap();
    let mut whole = start(7);
    let losses: Vec<f64> = (0..20).map(|_| whole.step()).collect();
    let mut first = start(7);
    (0..9).for_each(|_| _ = first.step());
    first.save(&file.0).unwrap();
    // Another seed and other steps beforehand leave no trace.
    let mut second = start(0);
    second.step();
    second.restore(&file.0).unwrap();
    let rest: Vec<f64> = (9..20).map(|_| second.step()).collect();
    assert_eq!(rest, losses[9..]);
    assert_eq!(facts(&second.params()), facts(&whole.params()));
    assert_eq!(whole.params()["auto.slope.loc"].dtype(), dtype);
}

/// Plain gradient descent: no vectors between steps.
#[derive(Clone, Copy)]
struct Descent;

impl Optimizer for Descent {
    fn state_vectors(&self) -> usize {
        0
    }

    fn step(&self, parameters: Var, gradient: Var, _: &[Var], _: Var) -> (Var, Vec<Var>) {
        (parameters - gradient * 0.01, Vec::new())
    }
}

#[test]
fn a_run_that_does_not_fit_is_refused_and_left_alone() {
    let file = TestFile::new("svi-other");
    let posterior = condition(model, [("x", 3.0)]);
    let guide = AutoNormal::new(&posterior);
    let start = || Svi::new(Adam::new(0.05)).start(&posterior, &guide, ParamStore::new(), Seed(7)).unwrap();
    let mut adam = start();
    let mut descent = Svi::new(Descent).start(&posterior, &guide, ParamStore::new(), Seed(7)).unwrap();
    adam.save(&file.0).unwrap();
    assert_eq!(
        message(descent.restore(&file.0), &file),
        "this run's optimiser has no use for the tensor \"optimizer.0.auto.mean.loc\""
    );
    descent.save(&file.0).unwrap();
    assert_eq!(message(adam.restore(&file.0), &file), "there is no tensor \"optimizer.0.auto.mean.loc\" of shape []");
    assert_eq!(adam.step(), start().step(), "the refused file left no trace");
    assert_eq!(
        message(ParamStore::load(&file.0), &file),
        "this is a file of kind \"pyroxene.svi\", not \"pyroxene.params\""
    );

    // Its own parameters, but for one fewer, another shape, or another constraint.
    let save_other = |body: fn(&mut Cx)| {
        let posterior = condition(|cx: &mut Cx| body(cx), [("x", 3.0)]);
        let guide = AutoNormal::new(&posterior);
        let run = Svi::new(Adam::new(0.05)).start(&posterior, &guide, ParamStore::new(), Seed(7)).unwrap();
        run.save(&file.0).unwrap();
    };
    save_other(|cx| {
        let mean = cx.sample("mean", Normal::new(0.0, 10.0));
        cx.sample("x", Normal::new(mean, 1.0));
    });
    assert_eq!(
        message(adam.restore(&file.0), &file),
        "its parameters are [\"auto.mean.loc\", \"auto.mean.scale\"], this run's [\"auto.mean.loc\", \"auto.mean.scale\", \
         \"auto.slope.loc\", \"auto.slope.scale\"]"
    );
    save_other(|cx| {
        let mean = cx.sample("mean", Normal::new(0.0, 10.0));
        let slope = cx.sample("slope", Normal::new([0.0, 1.0, 2.0], 1.0).to_event(1));
        cx.sample("x", Normal::new(mean + slope.sum(), 1.0));
    });
    assert_eq!(
        message(adam.restore(&file.0), &file),
        "parameter \"auto.slope.loc\" has the unconstrained shape [3], in this run [2]"
    );
}
