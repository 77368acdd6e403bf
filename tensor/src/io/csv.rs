//! Tables with a line of column names: comma-separated values (RFC 4180). Wants the feature `csv`.

use super::error::IoError;
use super::{read_file, write_atomic};
use crate::dtype::{DType, Scalar};
use crate::shape::Shape;
use crate::tensor::Tensor;
use csv::{ErrorKind, ReaderBuilder, StringRecord, WriterBuilder};
use std::path::Path;

/// What becomes of cells that are missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missing {
    /// Taking the column is an error, which names the line.
    #[default]
    Refuse,
    /// NaN in a column of numbers of floating point; an error in others.
    Nan,
    /// A row with a missing cell in any column is left out on reading.
    DropRow,
}

/// How tables are read.
///
/// ```
/// use pyroxene_tensor::io::csv::{Missing, Options};
/// let text = "age,height\n31,1.75\n,1.8\n";
/// let table = Options { missing: Missing::DropRow, ..Options::default() }.from_bytes(text.as_bytes())?;
/// assert_eq!(table.column::<i64>("age")?.to_vec::<i64>(), [31]);
///
/// let table = Options::default().from_bytes(text.as_bytes())?;
/// assert_eq!(table.columns::<f64>(&["height"])?.shape(), [2, 1]);
/// let error = table.column::<f64>("age").unwrap_err();
/// assert_eq!(error.to_string(), r#"line 3, column "age": the value is missing"#);
/// # Ok::<(), pyroxene_tensor::io::IoError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// What stands between the cells; a comma by default.
    pub delimiter: u8,
    /// What becomes of cells that are missing; refused by default.
    pub missing: Missing,
    /// What is written in a missing cell; nothing, `NA` or `null` by default. (`nan` is a number of floating point.)
    pub markers: Vec<String>,
}

impl Default for Options {
    fn default() -> Options {
        let markers = ["", "NA", "null"].map(String::from).to_vec();
        Options { delimiter: b',', missing: Missing::Refuse, markers }
    }
}

/// Reads a table with the default [`Options`].
///
/// # Errors
/// As [`Options::read`].
pub fn read(path: impl AsRef<Path>) -> Result<Table, IoError> {
    Options::default().read(path)
}

impl Options {
    /// Reads a table. Cells are understood when a column is taken, so columns of text do no harm.
    ///
    /// # Errors
    /// If the file cannot be read or is not UTF-8, there are no names or one twice, or a line has more or fewer cells.
    pub fn read(&self, path: impl AsRef<Path>) -> Result<Table, IoError> {
        let path = path.as_ref();
        match self.from_bytes(&read_file(path)?) {
            Ok(table) => Ok(Table { path: Some(path.to_path_buf()), ..table }),
            Err(error) => Err(error.in_file(path)),
        }
    }

    /// The table that these bytes are as a file.
    ///
    /// # Errors
    /// As [`Options::read`].
    pub fn from_bytes(&self, bytes: &[u8]) -> Result<Table, IoError> {
        // Some programs begin a file with a byte order mark.
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut reader = ReaderBuilder::new().delimiter(self.delimiter).from_reader(bytes);
        let header = reader.headers().map_err(refused)?;
        let names: Vec<String> = header.iter().map(|name| name.trim().to_string()).collect();
        if names.is_empty() {
            return Err(IoError::new("the table has no line of column names").in_line(1));
        }
        if let Some(i) = (1..names.len()).find(|&i| names[..i].contains(&names[i])) {
            return Err(IoError::new("two columns have this name").in_line(1).in_column(&names[i]));
        }
        let mut table = Table { names, rows: Vec::new(), options: self.clone(), path: None };
        for row in reader.records() {
            let row = row.map_err(refused)?;
            if self.missing != Missing::DropRow || !row.iter().any(|cell| self.is_missing(cell)) {
                table.rows.push(row);
            }
        }
        Ok(table)
    }

    fn is_missing(&self, cell: &str) -> bool {
        let cell = cell.trim();
        self.markers.iter().any(|marker| marker == cell)
    }
}

fn refused(error: csv::Error) -> IoError {
    let line = error.position().map_or(1, csv::Position::line);
    let message = match error.kind() {
        ErrorKind::UnequalLengths { expected_len, len, .. } => format!("{len} cells, where {expected_len} are due"),
        ErrorKind::Utf8 { err, .. } => format!("cell {} is not UTF-8 text", err.field() + 1),
        _ => error.to_string(),
    };
    IoError::new(message).with_source(error).in_line(line)
}

/// A table of named columns, still text.
#[derive(Clone, Debug)]
pub struct Table {
    names: Vec<String>,
    rows: Vec<StringRecord>,
    options: Options,
    path: Option<std::path::PathBuf>,
}

impl Table {
    /// The names of the columns, as they stand in the file.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// A column as a vector of `f64`, `f32`, `i64` or `bool` (`true`, `false`, `1` or `0`).
    ///
    /// # Errors
    /// If there is no such column (the names are listed), a cell is not of the type, or is missing and may not be; with
    /// line and column.
    pub fn column<T: Scalar>(&self, name: &str) -> Result<Tensor, IoError> {
        let column = self.find(name)?;
        let data: Vec<T> = self.rows.iter().map(|row| self.cell(row, column)).collect::<Result<_, _>>()?;
        Ok(Tensor::from(data))
    }

    /// Some columns as a matrix, a row for each row of the table.
    ///
    /// # Errors
    /// As [`Table::column`].
    pub fn columns<T: Scalar>(&self, names: &[&str]) -> Result<Tensor, IoError> {
        let columns: Vec<usize> = names.iter().map(|name| self.find(name)).collect::<Result<_, _>>()?;
        let cells = self.rows.iter().flat_map(|row| columns.iter().map(move |&column| self.cell(row, column)));
        let data: Vec<T> = cells.collect::<Result<_, _>>()?;
        Ok(Tensor::from_parts(data.into(), Shape::from_slice(&[self.len(), names.len()])))
    }

    /// The texts of a column.
    ///
    /// # Errors
    /// If there is no such column.
    pub fn texts(&self, name: &str) -> Result<Vec<&str>, IoError> {
        let column = self.find(name)?;
        Ok(self.rows.iter().map(|row| &row[column]).collect())
    }

    fn find(&self, name: &str) -> Result<usize, IoError> {
        self.names.iter().position(|own| own == name).ok_or_else(|| {
            self.error(IoError::new(format!("there is no such column; there are {:?}", self.names)).in_column(name))
        })
    }

    fn error(&self, error: IoError) -> IoError {
        if let Some(path) = &self.path { error.in_file(path) } else { error }
    }

    fn cell<T: Scalar>(&self, row: &StringRecord, column: usize) -> Result<T, IoError> {
        let text = row[column].trim();
        let value = if self.options.is_missing(text) {
            match self.options.missing {
                Missing::Nan if T::DTYPE.is_float() => Ok(T::from_scalar(f64::NAN)),
                Missing::Nan => Err(format!("the value is missing, and {} has no NaN", T::DTYPE)),
                Missing::Refuse | Missing::DropRow => Err("the value is missing".to_string()),
            }
        } else {
            parse::<T>(text).ok_or_else(|| format!("{text:?} is not {}", kind(T::DTYPE)))
        };
        value.map_err(|message| {
            let line = row.position().map_or(1, csv::Position::line);
            self.error(IoError::new(message).in_line(line).in_column(&self.names[column]))
        })
    }
}

fn kind(dtype: DType) -> &'static str {
    match dtype {
        DType::F64 | DType::F32 => "a number",
        DType::I64 => "a whole number within the range of i64",
        DType::Bool => "true or false",
    }
}

fn parse<T: Scalar>(text: &str) -> Option<T> {
    match T::DTYPE {
        DType::F64 => text.parse::<f64>().ok().map(T::from_scalar),
        DType::F32 => text.parse::<f32>().ok().map(T::from_scalar),
        DType::I64 => text.parse::<i64>().ok().map(T::from_scalar),
        DType::Bool => match text {
            "true" | "True" | "TRUE" | "1" => Some(T::from_scalar(true)),
            "false" | "False" | "FALSE" | "0" => Some(T::from_scalar(false)),
            _ => None,
        },
    }
}

/// Writes a table of named vectors, with as many digits as tell every number from its neighbours; the file is replaced whole
/// or not at all.
///
/// # Errors
/// What the operating system says; no columns; a name twice; or a tensor that is not a vector of the first one's length.
///
/// ```
/// use pyroxene_tensor::{Tensor, io::csv};
/// let bytes = csv::to_bytes(&[("n", &Tensor::from([1, 2])), ("x", &Tensor::from([0.5, -0.0]))])?;
/// assert_eq!(bytes, b"n,x\n1,0.5\n2,-0.0\n");
/// # Ok::<(), pyroxene_tensor::io::IoError>(())
/// ```
pub fn write(path: impl AsRef<Path>, columns: &[(&str, &Tensor)]) -> Result<(), IoError> {
    let path = path.as_ref();
    write_atomic(path, &to_bytes(columns).map_err(|error| error.in_file(path))?)
}

/// The bytes of the file that [`write()`] writes.
///
/// # Errors
/// As [`write()`], but for the operating system.
pub fn to_bytes(columns: &[(&str, &Tensor)]) -> Result<Vec<u8>, IoError> {
    let Some((first, x)) = columns.first() else { return Err(IoError::new("a table has at least one column")) };
    let rows = x.len();
    let mut texts = Vec::with_capacity(columns.len());
    for (i, (name, x)) in columns.iter().enumerate() {
        if x.ndim() != 1 || x.len() != rows {
            let message = format!("{:?} is not a vector of {rows} elements, as column {first:?} is", x.shape());
            return Err(IoError::new(message).in_column(name));
        }
        if columns[..i].iter().any(|(other, _)| other == name) {
            return Err(IoError::new("two columns have this name").in_column(name));
        }
        texts.push(column_texts(x));
    }
    let mut writer = WriterBuilder::new().from_writer(Vec::new());
    let names = columns.iter().map(|(name, _)| *name);
    let whole = (writer.write_record(names))
        .and_then(|()| (0..rows).try_for_each(|i| writer.write_record(texts.iter().map(|column| &column[i]))));
    whole.map_err(|source| IoError::new(format!("cannot be written: {source}")).with_source(source))?;
    writer.into_inner().map_err(|failed| IoError::system("cannot be written", failed.into_error()))
}

fn column_texts(x: &Tensor) -> Vec<String> {
    match x.dtype() {
        DType::F64 => x.to_vec::<f64>().iter().map(|v| format!("{v:?}")).collect(),
        DType::F32 => x.to_vec::<f32>().iter().map(|v| format!("{v:?}")).collect(),
        DType::I64 => x.to_vec::<i64>().iter().map(i64::to_string).collect(),
        DType::Bool => x.to_vec::<bool>().iter().map(bool::to_string).collect(),
    }
}
