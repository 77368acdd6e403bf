use super::*;
use pyroxene_tensor::io::csv::{self, Missing, Options, Table};

fn table(text: &str) -> Result<Table, IoError> {
    Options::default().from_bytes(text.as_bytes())
}

#[test]
fn columns_are_taken_by_name_and_type() {
    let text = "\u{feff}id, x ,ok,name\r\n1,0.5,true,\"Bayes, T.\"\r\n2, -inf ,0,\"line\nbreak\"\r\n-3,nan,FALSE,\r\n";
    let table = table(text).unwrap();
    assert_eq!(table.names(), ["id", "x", "ok", "name"]);
    assert_eq!((table.len(), table.is_empty()), (3, false));
    assert_same(&table.column::<i64>("id").unwrap(), &Tensor::from([1, 2, -3]));
    assert_same(&table.column::<f64>("x").unwrap(), &Tensor::from([0.5, f64::NEG_INFINITY, f64::NAN]));
    assert_same(&table.column::<bool>("ok").unwrap(), &Tensor::from([true, false, false]));
    assert_same(&table.column::<f32>("id").unwrap(), &Tensor::from([1.0_f32, 2.0, -3.0]));
    assert_eq!(table.texts("name").unwrap(), ["Bayes, T.", "line\nbreak", ""]);
    let matrix = table.columns::<f64>(&["x", "id"]).unwrap();
    assert_eq!(matrix.shape(), [3, 2]);
    assert_same(&matrix.select(0, 0), &Tensor::from([0.5, 1.0]));
    let cancer = csv::read(data("../breast_cancer.csv")).unwrap();
    assert_eq!(cancer.column::<f64>("benign").unwrap().sum().item(), 357.0);
    let names: Vec<&str> = cancer.names().iter().map(String::as_str).collect();
    assert_eq!(cancer.columns::<f64>(&names).unwrap().shape(), [569, 31]);
}

#[test]
fn every_value_survives() {
    let folder = Folder::new("csv");
    let path = folder.file("x.csv");
    let x = Tensor::from(hard());
    let n = x.len();
    let f32s = Tensor::from(hard().iter().map(|&v| v as f32).collect::<Vec<_>>());
    let whole = Tensor::arange(0, n as i64, 1) * Tensor::from(i64::MIN / 16);
    let truths = whole.equal(0);
    csv::write(&path, &[("a, \"b\"", &x), ("f32", &f32s), ("i64", &whole.flip(0).flip(0)), ("bool", &truths)]).unwrap();
    let table = csv::read(&path).unwrap();
    assert_eq!(table.names(), ["a, \"b\"", "f32", "i64", "bool"]);
    assert_same(&table.column::<f64>("a, \"b\"").unwrap(), &x);
    assert_same(&table.column::<f32>("f32").unwrap(), &f32s);
    assert_same(&table.column::<i64>("i64").unwrap(), &whole);
    assert_same(&table.column::<bool>("bool").unwrap(), &truths);
    csv::write(&path, &[("none", &Tensor::zeros([0], DType::F64))]).unwrap();
    assert_same(&csv::read(&path).unwrap().column::<f64>("none").unwrap(), &Tensor::zeros([0], DType::F64));
}

#[test]
fn missing_cells_follow_the_policy() {
    let text = "a;b\n1;\n;2\n3;NA\n4;5\n";
    let read =
        |missing| Options { delimiter: b';', missing, ..Options::default() }.from_bytes(text.as_bytes()).unwrap();
    let refuse = read(Missing::Refuse);
    assert_eq!(message(refuse.column::<f64>("a")), "line 3, column \"a\": the value is missing");
    assert_eq!(message(refuse.columns::<f64>(&["a", "b"])), "line 2, column \"b\": the value is missing");
    let nan = read(Missing::Nan);
    assert_same(&nan.column::<f64>("b").unwrap(), &Tensor::from([f64::NAN, 2.0, f64::NAN, 5.0]));
    assert_same(&nan.column::<f32>("a").unwrap(), &Tensor::from([1.0_f32, f32::NAN, 3.0, 4.0]));
    assert_eq!(message(nan.column::<i64>("b")), "line 2, column \"b\": the value is missing, and i64 has no NaN");
    let dropped = read(Missing::DropRow);
    assert_same(&dropped.column::<i64>("a").unwrap(), &Tensor::from([4]));
    let markers = vec!["-9".to_string()];
    let own = Options { missing: Missing::Nan, markers, ..Options::default() }.from_bytes(b"a\n-9\n2\n").unwrap();
    assert_same(&own.column::<f64>("a").unwrap(), &Tensor::from([f64::NAN, 2.0]));
}

#[test]
fn mistakes_are_named_with_line_and_column() {
    let good = table("a,b\n1,x\n2.5,99999999999999999999\n").unwrap();
    assert_eq!(message(good.column::<f64>("b")), "line 2, column \"b\": \"x\" is not a number");
    assert_eq!(
        message(good.column::<i64>("a")),
        "line 3, column \"a\": \"2.5\" is not a whole number within the range of i64"
    );
    assert_eq!(message(good.column::<bool>("a")), "line 3, column \"a\": \"2.5\" is not true or false");
    assert_eq!(message(good.column::<f64>("c")), "column \"c\": there is no such column; there are [\"a\", \"b\"]");
    assert_eq!(message(good.texts("c")), "column \"c\": there is no such column; there are [\"a\", \"b\"]");
    let error = good.column::<f64>("b").unwrap_err();
    assert_eq!((error.line(), error.column(), error.path()), (Some(2), Some("b"), None));

    assert_eq!(message(table("")), "line 1: the table has no line of column names");
    assert_eq!(message(table("a,b,a\n")), "line 1, column \"a\": two columns have this name");
    assert_eq!(message(table("a,b\n1,2\n3\n")), "line 3: 1 cells, where 2 are due");
    assert_eq!(message(table("a,b\n1,2,3\n")), "line 2: 3 cells, where 2 are due");
    assert_eq!(message(Options::default().from_bytes(b"a,b\n1,\xff\n")), "line 2: cell 2 is not UTF-8 text");
    assert_eq!(message(Options::default().from_bytes(b"a,\xff\n1,2\n")), "line 1: cell 2 is not UTF-8 text");

    let folder = Folder::new("csv-bad");
    let path = folder.file("x.csv");
    assert!(message(csv::read(&path)).starts_with("cannot read: "));
    std::fs::write(&path, "a\nx\n").unwrap();
    let error = csv::read(&path).unwrap().column::<f64>("a").unwrap_err();
    assert_eq!(error.to_string(), format!("{}: line 2, column \"a\": \"x\" is not a number", path.display()));
}

#[test]
fn tables_that_cannot_be_written_are_refused() {
    let (x, y) = (Tensor::from([1.0, 2.0]), Tensor::from([[1.0, 2.0]]));
    assert_eq!(message(csv::to_bytes(&[])), "a table has at least one column");
    assert_eq!(
        message(csv::to_bytes(&[("x", &x), ("y", &y)])),
        "column \"y\": [1, 2] is not a vector of 2 elements, as column \"x\" is"
    );
    assert_eq!(
        message(csv::to_bytes(&[("x", &x), ("y", &Tensor::from([1.0]))])),
        "column \"y\": [1] is not a vector of 2 elements, as column \"x\" is"
    );
    assert_eq!(message(csv::to_bytes(&[("x", &x), ("x", &x)])), "column \"x\": two columns have this name");
}
