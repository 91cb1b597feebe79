//! A Wochenliste filled in and saved, as people and their programs do it.

#![allow(dead_code, reason = "each test takes what it needs")]

use std::io::{Cursor, Read as _};

use calamine::{Data, Reader as _, Xlsx};
use zip::ZipArchive;

use crate::workbook::{Cell, archive, ods_book, xlsx};

/// The sheet that people see, and the hidden one.
pub const SHEETS: [&str; 2] = ["Wochenliste", "Wochenliste-Stand"];

/// The rows of a sheet from A1 on.
pub fn rows(book: &[u8], sheet: &str) -> Vec<Vec<Data>> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(book.to_vec())).unwrap();
    let range = book.worksheet_range(sheet).unwrap();
    let (row, column) = range.end().unwrap();
    (0..=row).map(|r| (0..=column).map(|c| range.get_value((r, c)).cloned().unwrap_or_default()).collect()).collect()
}

/// Whether a cell is shown so.
fn says(cell: &Data, text: &str) -> bool {
    let shown = cell.to_string();
    shown == text
}

/// Where the names of the columns stand.
fn names(rows: &[Vec<Data>]) -> usize {
    rows.iter().position(|row| says(&row[0], "fallnr")).unwrap()
}

/// `E8`, by the column's name and the case; an unknown case gets the first spare row.
pub fn place(book: &[u8], fallnr: &str, column: &str) -> String {
    let rows = rows(book, SHEETS[0]);
    let names = names(&rows);
    let column = rows[names].iter().position(|cell| says(cell, column)).unwrap();
    let of = |text: &str| rows.iter().skip(names + 1).position(|row| says(&row[0], text));
    // Spare rows are blank, and blank ones at the end are not among the rows.
    let row = of(fallnr).or_else(|| of("")).unwrap_or(rows.len() - names - 1) + names + 2;
    let letters = if column < 26 {
        char::from(b'A' + column as u8).to_string()
    } else {
        format!("A{}", char::from(b'A' + (column - 26) as u8))
    };
    format!("{letters}{row}")
}

/// The list with these cells filled in: case, column, text. Digits become numbers, nothing empties a cell.
pub fn fill(book: &[u8], cells: &[(&str, &str, &str)]) -> Vec<u8> {
    let mut sheet = file(book, "xl/worksheets/sheet1.xml");
    for (fallnr, column, text) in cells {
        let at = place(book, fallnr, column);
        put(&mut sheet, &at, text);
        let number = place(book, fallnr, "fallnr");
        if rows(book, SHEETS[0]).iter().all(|row| !says(&row[0], fallnr)) {
            put(&mut sheet, &number, &format!("\u{200b}{fallnr}"));
        }
    }
    with(book, "xl/worksheets/sheet1.xml", sheet.as_bytes())
}

/// Writes a cell; a zero-width space before digits keeps them a text.
fn put(sheet: &mut String, at: &str, text: &str) {
    let from = sheet.find(&format!("<c r=\"{at}\"")).unwrap_or_else(|| panic!("no cell {at}"));
    let open = from + sheet[from..].find('>').unwrap();
    let tag = &sheet[from..open];
    let style = tag.split(" s=\"").nth(1).and_then(|s| s.split('"').next()).map(str::to_owned).unwrap();
    let to = if tag.ends_with('/') { open + 1 } else { from + sheet[from..].find("</c>").unwrap() + "</c>".len() };
    let head = format!("<c r=\"{at}\" s=\"{style}\"");
    let cell = match text {
        "" => format!("{head}/>"),
        n if n.parse::<f64>().is_ok() => format!("{head}><v>{n}</v></c>"),
        text => format!("{head} t=\"inlineStr\"><is><t>{text}</t></is></c>"),
    };
    sheet.replace_range(from..to, &cell);
}

/// A file of the archive.
pub fn file(book: &[u8], name: &str) -> String {
    let mut text = String::new();
    ZipArchive::new(Cursor::new(book)).unwrap().by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

/// The archive with one file replaced.
pub fn with(book: &[u8], name: &str, content: &[u8]) -> Vec<u8> {
    let mut zip = ZipArchive::new(Cursor::new(book)).unwrap();
    let mut files = Vec::new();
    for i in 0..zip.len() {
        let mut entry = zip.by_index(i).unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        let of = entry.name().unwrap().into_owned();
        let bytes = if of == name { content.to_vec() } else { bytes };
        files.push((of, bytes));
    }
    archive(&files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect::<Vec<_>>())
}

/// The same cells as other programs write them: another xlsx, an ods; the cases in reverse order.
pub fn resaved(book: &[u8]) -> [Vec<u8>; 2] {
    let cell = |data: &Data| match data {
        Data::Empty => Cell::Nothing,
        Data::Int(n) => Cell::Number(*n as f64),
        Data::Float(n) => Cell::Number(*n),
        Data::DateTime(day) => Cell::Serial(day.as_f64()),
        other => Cell::Owned(other.to_string()),
    };
    let sheets = SHEETS.map(|sheet| {
        let mut rows = rows(book, sheet);
        if sheet == SHEETS[0] {
            let names = names(&rows);
            rows[names + 1..].reverse();
        }
        rows.iter().map(|row| row.iter().map(cell).collect()).collect::<Vec<Vec<Cell>>>()
    });
    let [form, memory] = &sheets;
    [
        xlsx(&[(SHEETS[0], form.clone()), (SHEETS[1], memory.clone())]),
        ods_book(&[(SHEETS[0], form), (SHEETS[1], memory)]),
    ]
}
