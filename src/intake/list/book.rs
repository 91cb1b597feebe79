//! A workbook or a CSV file → rows of cells, sheet by sheet, one row at a time.
//!
//! Formulas are never evaluated: what the file remembers as their value is what they say, and where it remembers none the
//! cell is [`Cell::Broken`]. An xlsx is read as a stream; ods and xls are small enough to be held (see `guard`).

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::ops::{ControlFlow, Range};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use calamine::{
    Data, DataRef, ExcelDateTime, Ods, OdsError, Reader as _, Sheet, SheetVisible, Xls, XlsError, Xlsx, XlsxError,
};

use super::cells::{Cell, is_error, text_day, ymd};
use super::guard::{self, Errors, Format};
use crate::intake::fields::{self, Encoding};
use crate::intake::records::{Next, Reader, Record};
use crate::intake::source::{self, why};

/// Columns behind are not looked at: no list is as wide, but a stray blank may stand anywhere.
const MOST_COLUMNS: usize = 500;
/// Bytes of a cell's text that are looked at: more than any field takes.
const LONGEST: usize = 8_192;
/// Bytes of all texts of a workbook, each as often as a cell refers to it: many times what a list holds.
const MOST_TEXT: u64 = 1 << 30;
/// Rows that hold anything, per file.
const MOST_ROWS: u64 = 200_000;

/// A row that holds something.
#[derive(Debug)]
pub(in crate::intake) struct BookRow<'a> {
    /// The sheet's name; empty in a CSV file.
    pub(in crate::intake) sheet: &'a str,
    /// Its number among the sheets, from 0.
    pub(in crate::intake) number: usize,
    /// The row's number as the program shows it, from 1; in a CSV file the line.
    pub(in crate::intake) line: u64,
    /// Its cells; those behind the last are empty.
    pub(in crate::intake) cells: &'a [Cell],
    /// Whether the workbook counts days from 1904.
    pub(in crate::intake) epoch_1904: bool,
    /// How many fields the line has, in a CSV file; in a workbook cells that hold nothing are not written.
    pub(in crate::intake) fields: Option<usize>,
    /// Whether the sheet is hidden.
    pub(in crate::intake) hidden: bool,
    /// Why the line is no row, in a CSV file.
    pub(in crate::intake) torn: Option<&'static str>,
}

/// Whoever takes rows: goes on, or has had enough of this sheet.
pub(in crate::intake) type Taker<'a> = &'a mut dyn FnMut(&BookRow<'_>) -> Result<ControlFlow<()>, String>;

/// Hands on every row that holds something, of the sheets that are `wanted` (by name; a CSV file is one without).
pub(in crate::intake) fn rows(path: &Path, wanted: &dyn Fn(&str) -> bool, take: Taker<'_>) -> Result<(), String> {
    let format = guard::format(path)?;
    let open =
        || File::open(path).map(BufReader::new).map_err(|e| format!("Die Datei lässt sich nicht lesen: {}", why(&e)));
    let mut counted = Counted { take, rows: 0 };
    let read = || match &format {
        Format::Csv => csv(path, &mut counted),
        Format::Xlsx => xlsx(open()?, wanted, &mut counted),
        Format::Ods(errors) => {
            let mut book: Ods<_> = Ods::new(open()?).map_err(|e: OdsError| of_ods(&e))?;
            let names = sheets(book.sheets_metadata());
            held(&names, false, errors, wanted, &mut counted, |name| book.worksheet_range(name).map_err(|e| of_ods(&e)))
        }
        Format::Xls => {
            let mut book: Xls<_> = Xls::new(open()?).map_err(|e: XlsError| of_xls(&e))?;
            let names = sheets(book.sheets_metadata());
            let epoch_1904 = book.has_1904_epoch();
            held(&names, epoch_1904, &Errors::default(), wanted, &mut counted, |name| {
                book.worksheet_range(name).map_err(|e| of_xls(&e))
            })
        }
    };
    // The library may still stumble over a file that nobody has thought of.
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(guard::broken()))
}

/// Names, and whether they are hidden.
fn sheets(known: &[Sheet]) -> Vec<(String, bool)> {
    known.iter().map(|sheet| (sheet.name.clone(), sheet.visible != SheetVisible::Visible)).collect()
}

fn of_ods(error: &OdsError) -> String {
    if matches!(error, OdsError::Password) { guard::encrypted() } else { guard::broken() }
}

fn of_xls(error: &XlsError) -> String {
    if matches!(error, XlsError::Password) { guard::encrypted() } else { guard::broken() }
}

fn of_xlsx(error: &XlsxError) -> String {
    if matches!(error, XlsxError::Password) { guard::encrypted() } else { guard::broken() }
}

struct Counted<'a> {
    take: Taker<'a>,
    rows: u64,
}

impl Counted<'_> {
    fn row(&mut self, row: &BookRow<'_>) -> Result<ControlFlow<()>, String> {
        if row.torn.is_none() && row.cells.iter().all(Cell::is_empty) {
            return Ok(ControlFlow::Continue(()));
        }
        self.rows += 1;
        if self.rows > MOST_ROWS {
            return Err("Die Datei hat mehr als 200.000 Zeilen. Bitte teilen Sie sie auf.".to_owned());
        }
        (self.take)(row)
    }
}

fn xlsx<RS: Read + Seek>(file: RS, wanted: &dyn Fn(&str) -> bool, out: &mut Counted<'_>) -> Result<(), String> {
    let mut book: Xlsx<RS> = Xlsx::new(file).map_err(|e| of_xlsx(&e))?;
    let epoch_1904 = book.has_1904_epoch();
    let mut text_read = 0;
    let names = sheets(book.sheets_metadata());
    for (number, (sheet, hidden)) in names.iter().enumerate().filter(|(_, (name, _))| wanted(name)) {
        let hidden = *hidden;
        let mut reader = match book.worksheet_cells_reader(sheet) {
            Ok(reader) => reader,
            // A chart of its own is a sheet as well.
            Err(XlsxError::NotAWorksheet(_)) => continue,
            Err(e) => return Err(of_xlsx(&e)),
        };
        let (mut cells, mut line) = (Vec::new(), 0);
        loop {
            let next = reader.next_cell_with_formula_metadata().map_err(|e| of_xlsx(&e))?;
            let at = next.as_ref().map(|cell| u64::from(cell.pos.0) + 1);
            if at != Some(line) {
                let row = BookRow { sheet, number, line, cells: &cells, epoch_1904, fields: None, hidden, torn: None };
                if out.row(&row)?.is_break() {
                    break;
                }
                if at.is_some_and(|at| at < line) {
                    return Err(guard::broken());
                }
                cells.clear();
            }
            let Some(next) = next else { break };
            line = u64::from(next.pos.0) + 1;
            if let DataRef::SharedString(text) = next.value {
                text_read += text.len().min(LONGEST) as u64;
                if text_read > MOST_TEXT {
                    return Err(guard::too_much_text());
                }
            }
            let value = match next.value {
                DataRef::Empty if next.formula.is_some() => Cell::Broken,
                value => from_xlsx(value),
            };
            put(&mut cells, next.pos.1 as usize, value);
        }
    }
    Ok(())
}

fn put(cells: &mut Vec<Cell>, column: usize, cell: Cell) {
    if column >= MOST_COLUMNS || cell.is_empty() {
        return;
    }
    if cells.len() <= column {
        cells.resize(column + 1, Cell::Empty);
    }
    cells[column] = cell;
}

/// Sheets that the library holds in memory.
fn held(
    names: &[(String, bool)],
    epoch_1904: bool,
    errors: &Errors,
    wanted: &dyn Fn(&str) -> bool,
    out: &mut Counted<'_>,
    mut range: impl FnMut(&str) -> Result<calamine::Range<Data>, String>,
) -> Result<(), String> {
    for (number, (sheet, hidden)) in names.iter().enumerate().filter(|(_, (name, _))| wanted(name)) {
        let range = range(sheet)?;
        let Some((first_row, first_column)) = range.start() else { continue };
        for (i, values) in range.rows().enumerate() {
            let mut cells = Vec::new();
            for (j, value) in values.iter().enumerate() {
                put(&mut cells, first_column as usize + j, from_held(value));
            }
            let line = u64::from(first_row) + i as u64 + 1;
            for column in errors.of(number, line - 1).flat_map(Range::clone).take_while(|c| *c < MOST_COLUMNS) {
                put(&mut cells, column, Cell::Broken);
            }
            let hidden = *hidden;
            if out
                .row(&BookRow { sheet, number, line, cells: &cells, epoch_1904, fields: None, hidden, torn: None })?
                .is_break()
            {
                break;
            }
        }
    }
    Ok(())
}

fn from_xlsx(value: DataRef<'_>) -> Cell {
    match value {
        DataRef::Empty => Cell::Empty,
        DataRef::String(text) | DataRef::DurationIso(text) => words(&text),
        DataRef::SharedString(text) => words(text),
        DataRef::Int(n) => Cell::Number(n as f64),
        DataRef::Float(n) => Cell::Number(n),
        DataRef::Bool(answer) => yes_no(answer),
        DataRef::DateTime(at) => date_time(&at),
        DataRef::DateTimeIso(text) => iso(&text),
        DataRef::Error(_) => Cell::Broken,
    }
}

fn from_held(value: &Data) -> Cell {
    match value {
        Data::Empty => Cell::Empty,
        Data::String(text) | Data::DurationIso(text) => words(text),
        Data::Int(n) => Cell::Number(*n as f64),
        Data::Float(n) => Cell::Number(*n),
        Data::Bool(answer) => yes_no(*answer),
        Data::DateTime(at) => date_time(at),
        Data::DateTimeIso(text) => iso(text),
        Data::Error(_) => Cell::Broken,
    }
}

fn yes_no(answer: bool) -> Cell {
    Cell::Text(if answer { "ja" } else { "nein" }.to_owned())
}

fn date_time(at: &ExcelDateTime) -> Cell {
    // Below one day it is a time of day, and a column that counts hours is none of dates.
    if at.is_duration() || at.as_f64() < 1.0 {
        let minutes = (at.as_f64() * 24.0 * 60.0).round().max(0.0) as u64;
        return Cell::Text(format!("{:02}:{:02}", minutes / 60, minutes % 60));
    }
    let (year, month, day, ..) = at.to_ymd_hms_milli();
    ymd(year.into(), month.into(), day.into())
}

fn iso(text: &str) -> Cell {
    text_day(text).map_or_else(|| words(text), Cell::Date)
}

fn words(text: &str) -> Cell {
    let text = &text[..text.floor_char_boundary(LONGEST)];
    let mut clean = String::new();
    fields::clean(text.as_bytes(), Encoding::Utf8, &mut clean);
    said(&clean)
}

/// What a cleaned text says. The errors of formulas stand in a CSV file as in a cell.
fn said(text: &str) -> Cell {
    match text {
        "" => Cell::Empty,
        text if is_error(text) => Cell::Broken,
        text => Cell::Text(text.to_owned()),
    }
}

/// The first line that is not in the encoding of those before it, in a CSV file.
pub(in crate::intake) fn mixed_at(path: &Path) -> Option<u64> {
    matches!(guard::format(path), Ok(Format::Csv)).then(|| source::open(path).ok()?.mixed_at).flatten()
}

fn csv(path: &Path, out: &mut Counted<'_>) -> Result<(), String> {
    let source = source::open(path)?;
    let failed = |e: std::io::Error| format!("Die Datei lässt sich nicht zu Ende lesen: {}", why(&e));
    let mut reader = Reader::new(source.file);
    let (mut record, mut cells) = (Record::default(), Vec::new());
    loop {
        let torn = match reader.next(&mut record).map_err(failed)? {
            Next::End => return Ok(()),
            Next::Record => None,
            Next::Unclosed(_) => Some("Ein Anführungszeichen in dieser Zeile wird nicht geschlossen."),
            Next::TooLong => Some("Die Zeile ist zu lang."),
        };
        if record.field(0) == b"sep=" {
            continue;
        }
        cells.clear();
        let mut text = String::new();
        for i in 0..record.len().min(MOST_COLUMNS) {
            let field = record.field(i);
            // Where that cuts a character in two, what is left is still longer than any field takes.
            fields::clean(&field[..field.len().min(LONGEST)], source.encoding, &mut text);
            cells.push(said(&text));
        }
        let fields = Some(record.len());
        let line = record.line;
        let row = BookRow { sheet: "", number: 0, line, cells: &cells, epoch_1904: false, fields, hidden: false, torn };
        if out.row(&row)?.is_break() {
            return Ok(());
        }
    }
}
