//! Whether a workbook may be opened at all: what it is, whether it is encrypted, and how much it unpacks to.
//!
//! The library that reads workbooks trusts them. So what would make it take memory without end is looked for here first:
//! by the sizes that the archive declares, then by unpacking it once into nothing, as a declared size may lie; and by what
//! its repetitions come to when they are written out, cells and texts (`xml`, `xls`).

mod xls;
mod xml;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

use memchr::memmem;
use zip::ZipArchive;
use zip::result::ZipError;

use super::cells::is_error;
use crate::intake::source::why;

/// No workbook is larger (bytes in the file).
const MOST_BYTES: u64 = 64 << 20;
/// All that an archive unpacks to: some ten times a list of 20,000 rows.
const MOST_UNPACKED: u64 = 256 << 20;
/// Of these, what the reading library keeps in memory as a whole: the table of texts, and an ods sheet.
const MOST_HELD: u64 = 48 << 20;
/// An old xls is held in memory twice.
const MOST_XLS: u64 = 24 << 20;
/// Files in the archive: a workbook has some dozens.
const MOST_FILES: usize = 2_000;
/// Different texts, as the table of texts announces them.
const MOST_TEXTS: u64 = 500_000;
/// Cells that the sheets of an ods or xls may come to: the library holds them several times over.
const MOST_CELLS: u64 = 400_000;
/// Bytes of text in them, each text as often as it is said.
const MOST_TEXT: u64 = 8 << 20;

const NEW: &str =
    "Bitte öffnen Sie sie in Excel oder LibreOffice und speichern Sie sie neu als Excel-Arbeitsmappe (.xlsx).";

/// The formats that are read.
#[derive(Debug)]
pub(super) enum Format {
    Xlsx,
    Ods(Errors),
    Xls,
    /// Anything else is taken for text with separators.
    Csv,
}

/// The cells of an ods that show an error: the library takes what is remembered beside it, nothing or a zero.
#[derive(Debug, Default)]
pub(super) struct Errors(BTreeMap<(usize, u64), Vec<Range<usize>>>);

impl Errors {
    /// In a row (from 0) of a sheet (from 0), columns from 0.
    pub(super) fn of(&self, sheet: usize, row: u64) -> impl Iterator<Item = &Range<usize>> {
        self.0.get(&(sheet, row)).into_iter().flatten()
    }
}

/// What a file is, if it may be opened; else a German sentence.
pub(super) fn format(path: &Path) -> Result<Format, String> {
    let failed = |e: io::Error| format!("Die Datei lässt sich nicht lesen: {}", why(&e));
    let about = std::fs::metadata(path).map_err(failed)?;
    if !about.is_file() {
        return Err("Das ist keine Datei.".into());
    }
    let mut file = File::open(path).map_err(failed)?;
    let mut head = [0; 8];
    let mut filled = 0;
    while filled < head.len() {
        match file.read(&mut head[filled..]).map_err(failed)? {
            0 => break,
            n => filled += n,
        }
    }
    let large = || format!("Die Arbeitsmappe ist größer als {} MB. Bitte teilen Sie sie auf.", MOST_BYTES >> 20);
    match head {
        [b'P', b'K', 3 | 5, 4 | 6, ..] if about.len() > MOST_BYTES => Err(large()),
        [b'P', b'K', 3 | 5, 4 | 6, ..] => archive(file),
        [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1] if about.len() > MOST_XLS => {
            Err(format!("Die alte Arbeitsmappe (.xls) ist größer als {} MB. {NEW}", MOST_XLS >> 20))
        }
        [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1] => {
            file.seek(SeekFrom::Start(0)).map_err(failed)?;
            let mut bytes = Vec::new();
            file.take(MOST_XLS).read_to_end(&mut bytes).map_err(failed)?;
            container(&bytes)
        }
        _ => {
            let name = path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
            if matches!(&*name, "xlsx" | "xlsm" | "xls" | "ods") && filled > 0 {
                return Err(format!("Die Datei heißt .{name}, ist aber keine Arbeitsmappe oder beschädigt. {NEW}"));
            }
            Ok(Format::Csv)
        }
    }
}

pub(super) fn encrypted() -> String {
    "Die Arbeitsmappe ist mit einem Kennwort verschlüsselt. Bitte entfernen Sie in Excel das Kennwort zum Öffnen \
     (Datei → Informationen → Arbeitsmappe schützen) oder legen Sie eine Kopie ohne Kennwort ab."
        .to_owned()
}

/// What a library says of a broken workbook helps nobody; what to do about it does.
pub(super) fn broken() -> String {
    format!("Die Arbeitsmappe ist beschädigt und lässt sich nicht lesen. {NEW}")
}

fn too_much() -> String {
    format!(
        "Die Arbeitsmappe entpackt sich zu mehr als {} MB; so groß ist keine Liste. Sie wurde nicht geöffnet. Bitte prüfen Sie, \
         woher sie kommt.",
        MOST_UNPACKED >> 20
    )
}

fn too_large() -> String {
    format!(
        "Die Tabellenblätter sind größer als jede Liste. Bitte löschen Sie leere, aber formatierte Zeilen und Spalten. {NEW}"
    )
}

pub(super) fn too_much_text() -> String {
    format!(
        "Die Tabellenblätter enthalten mehr Text als jede Liste, weil sie lange Texte sehr oft wiederholen. Die Datei wurde nicht \
         geöffnet. {NEW}"
    )
}

fn too_long() -> String {
    "Eine Zelle enthält mehr Text, als eine Zelle fassen kann (32.767 Zeichen). Die Arbeitsmappe wurde nicht geöffnet. Bitte \
     prüfen Sie, woher sie kommt."
        .to_owned()
}

/// An OLE container: an old workbook, or the wrapping of an encrypted one.
fn container(bytes: &[u8]) -> Result<Format, String> {
    let wide = |name: &str| name.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let has = |name: &str| memmem::find(bytes, &wide(name)).is_some();
    if has("EncryptedPackage") {
        return Err(encrypted());
    }
    if !has("Workbook") && !has("Book") {
        return Err(format!("Die Datei ist keine Excel-Arbeitsmappe. {NEW}"));
    }
    // The extent of a sheet (record DIMENSIONS: first row, row after the last, first and after-the-last column) is what
    // the library makes room for.
    for at in memmem::find_iter(bytes, &[0x00, 0x02, 0x0e, 0x00]) {
        let Some(data) = bytes.get(at + 4..at + 16) else { continue };
        let row = |i: usize| u32::from_le_bytes([data[i], data[i + 1], data[i + 2], data[i + 3]]);
        let column = |i: usize| u16::from_le_bytes([data[i], data[i + 1]]);
        if row(4) > 65_536 || row(0) > row(4) || column(10) > 256 || column(8) > column(10) {
            return Err(broken());
        }
    }
    xls::check(bytes)?;
    Ok(Format::Xls)
}

fn archive(file: File) -> Result<Format, String> {
    let mut zip = ZipArchive::new(BufReader::new(file)).map_err(|_| broken())?;
    if zip.len() > MOST_FILES {
        return Err(too_much());
    }
    let (mut declared, mut names) = (0_u64, Vec::new());
    for i in 0..zip.len() {
        let (size, name, locked) = {
            let entry = zip.by_index_raw(i).map_err(|_| broken())?;
            (entry.size(), entry.name().map_err(|_| broken())?.into_owned(), entry.encrypted())
        };
        if locked {
            return Err(encrypted());
        }
        declared = declared.saturating_add(size);
        names.push(name);
    }
    if declared > MOST_UNPACKED {
        return Err(too_much());
    }
    let has = |name: &str| names.iter().any(|n| n.eq_ignore_ascii_case(name));
    let mut format = if has("mimetype") && has("content.xml") {
        Format::Ods(Errors::default())
    } else if names.iter().any(|n| n.to_lowercase().ends_with("workbook.bin")) {
        return Err(format!("Das Format .xlsb wird nicht gelesen. {NEW}"));
    } else if has("[Content_Types].xml") && names.iter().any(|n| n.to_lowercase().ends_with("workbook.xml")) {
        Format::Xlsx
    } else {
        return Err(format!("Das Archiv ist keine Arbeitsmappe. {NEW}"));
    };
    let mut unpacked = 0;
    for (i, name) in names.iter().enumerate() {
        let name = name.to_lowercase();
        let ending = name.rsplit('.').next().unwrap_or_default();
        let entry = zip.by_index(i).map_err(|e| match e {
            ZipError::UnsupportedArchive(_) => encrypted_or_broken(&e),
            _ => broken(),
        })?;
        let size = entry.size();
        unpacked += match &mut format {
            Format::Ods(errors) if name == "content.xml" => {
                let (bytes, found) = ods(entry, size)?;
                *errors = found;
                bytes
            }
            Format::Ods(_) if name == "meta-inf/manifest.xml" => manifest(entry, size)?,
            Format::Xlsx if name.ends_with("sharedstrings.xml") => texts(entry)?,
            Format::Xlsx if ending == "rels" => links(entry, size)?,
            Format::Xlsx if ending == "xml" => xml::part(entry, MOST_UNPACKED)?,
            _ => drain(entry, MOST_UNPACKED)?,
        };
        if unpacked > MOST_UNPACKED {
            return Err(too_much());
        }
    }
    Ok(format)
}

fn encrypted_or_broken(e: &ZipError) -> String {
    if e.to_string().to_lowercase().contains("password") { encrypted() } else { broken() }
}

/// Unpacks into nothing; how much it was.
fn drain(entry: impl Read, most: u64) -> Result<u64, String> {
    let unpacked = io::copy(&mut entry.take(most + 1), &mut io::sink()).map_err(|_| broken())?;
    if unpacked > most { Err(too_much()) } else { Ok(unpacked) }
}

fn held(entry: impl Read, declared: u64) -> Result<Vec<u8>, String> {
    // At once: growing, it would take room twice.
    let mut bytes = Vec::with_capacity(usize::try_from(declared.min(MOST_HELD)).unwrap_or(0) + 1);
    entry.take(MOST_HELD + 1).read_to_end(&mut bytes).map_err(|_| broken())?;
    if bytes.len() as u64 > MOST_HELD { Err(too_much()) } else { Ok(bytes) }
}

/// The table of texts: the library makes room for as many as it announces.
fn texts(mut entry: impl Read) -> Result<u64, String> {
    const HEAD: u64 = 4_096;
    let mut head = Vec::new();
    entry.by_ref().take(HEAD).read_to_end(&mut head).map_err(|_| broken())?;
    for word in [&b"uniqueCount"[..], b"uniquecount"] {
        for at in memmem::find_iter(&head, word) {
            let behind = head.get(at + word.len()..).unwrap_or_default();
            let digits = behind.iter().skip_while(|b| !b.is_ascii_digit()).take_while(|b| b.is_ascii_digit());
            let count = digits.fold(0_u64, |n, b| n.saturating_mul(10).saturating_add(u64::from(b - b'0')));
            if count > MOST_TEXTS {
                return Err(broken());
            }
        }
    }
    xml::part(head.chain(entry), MOST_HELD)
}

/// What refers to parts: a table of cells or of texts that is not named as one would not have been looked at.
fn links(entry: impl Read, size: u64) -> Result<u64, String> {
    let bytes = held(entry, size)?;
    for link in bytes.split(|b| *b == b'<') {
        let link = link.to_ascii_lowercase();
        let read = [&b"/worksheet\""[..], b"/sharedstrings\"", b"/styles\""]
            .iter()
            .any(|kind| memmem::find(&link, kind).is_some());
        if read && memmem::find(&link, b".xml\"").is_none() {
            return Err(broken());
        }
    }
    Ok(bytes.len() as u64)
}

/// An encrypted ods says so here.
fn manifest(entry: impl Read, size: u64) -> Result<u64, String> {
    let bytes = held(entry, size)?;
    if memmem::find(&bytes, b"encryption-data").is_some() { Err(encrypted()) } else { Ok(bytes.len() as u64) }
}

/// An ods says „this cell 16,384 times, this row a million times", which the library writes out; and one that ends in the
/// middle of a table it would read for ever.
fn ods(entry: impl Read, size: u64) -> Result<(u64, Errors), String> {
    /// Rows with errors.
    const MOST_ERRORS: usize = 50_000;
    /// No error is shown by a longer text (bytes).
    const SHOWN: usize = 32;
    /// What the library keeps of a cell besides its text.
    const VALUES: [&[u8]; 4] = [b"office:string-value", b"office:date-value", b"office:time-value", b"table:formula"];
    let bytes = held(entry, size)?;
    let (mut cells, mut open, mut row, mut pending) = (0_u64, 0_i64, 0_u64, 0_u64);
    let (mut times, mut widest, mut empty_rows) = (1, 0_u64, 0_u64);
    // Of the cell, of the row, of all; and where the last tag has ended.
    let (mut cell_text, mut row_text, mut text, mut columns) = (0_u64, 0_u64, 0_u64, 0);
    // Where the cell stands, what is shown in it, and the rows that are written out so far.
    let (mut sheets, mut above, mut column, mut shown, mut error) = (0_usize, 0_u64, 0_usize, Vec::new(), false);
    let (mut of_row, mut errors) = (Vec::new(), Errors::default());
    let mut at = 0;
    while let Some(from) = memchr::memchr(b'<', bytes.get(at..).unwrap_or_default()).map(|i| at + i) {
        let to = end_of_tag(&bytes, from).ok_or_else(broken)?;
        let tag = &bytes[from + 1..to];
        cell_text = cell_text.saturating_add((from - at) as u64);
        if shown.len() < SHOWN {
            shown.extend_from_slice(&bytes[at..from.min(at + SHOWN)]);
        }
        at = to + 1;
        let named = |name: &[u8]| {
            tag.strip_prefix(name)
                .is_some_and(|rest| rest.first().is_none_or(|b| b.is_ascii_whitespace() || *b == b'/'))
        };
        if named(b"table:table") && !tag.ends_with(b"/") {
            open += 1;
            if open == 1 {
                sheets += 1;
                above = 0;
            }
        } else if named(b"/table:table") {
            open -= 1;
            (empty_rows, widest) = (0, 0);
        } else if named(b"table:table-row") {
            times = repeated(tag, b"table:number-rows-repeated");
            (row, pending, row_text, column) = (0, 0, 0, 0);
            if tag.ends_with(b"/") {
                above = above.saturating_add(times);
            }
        } else if named(b"table:table-cell") || named(b"table:covered-table-cell") {
            let n = repeated(tag, b"table:number-columns-repeated");
            let says_nothing = tag.ends_with(b"/")
                && memmem::find(tag, b"office:").is_none()
                && memmem::find(tag, b"formula").is_none();
            if says_nothing {
                pending = pending.saturating_add(n);
            } else {
                row = row.saturating_add(pending).saturating_add(n);
                pending = 0;
            }
            cell_text = VALUES.iter().map(|name| attribute(tag, name)).sum();
            columns = n;
            shown.clear();
            error = memmem::find(tag, b"value-type=\"error\"").is_some();
            column = column.saturating_add(usize::try_from(n).unwrap_or(usize::MAX));
            if tag.ends_with(b"/") {
                row_text = row_text.saturating_add(cell_text.saturating_mul(columns));
            }
        } else if named(b"/table:table-cell") || named(b"/table:covered-table-cell") {
            row_text = row_text.saturating_add(cell_text.saturating_mul(columns));
            if error || std::str::from_utf8(&shown).is_ok_and(|shown| is_error(shown.trim())) {
                of_row.push(column.saturating_sub(usize::try_from(columns).unwrap_or(0))..column);
            }
        } else if named(b"text:s") {
            // So many blanks.
            cell_text = cell_text.saturating_add(repeated(tag, b"text:c"));
        } else if named(b"/table:table-row") {
            let of_row = std::mem::take(&mut of_row);
            if times > MOST_ERRORS as u64 && !of_row.is_empty() {
                return Err(too_large());
            }
            if !of_row.is_empty() {
                errors.0.extend(
                    (above..above.saturating_add(times)).map(|row| ((sheets.saturating_sub(1), row), of_row.clone())),
                );
                if errors.0.len() > MOST_ERRORS {
                    return Err(too_large());
                }
            }
            above = above.saturating_add(times);
            if row == 0 {
                empty_rows = empty_rows.saturating_add(times);
            } else {
                text = text.saturating_add(row_text.saturating_mul(times));
                widest = widest.max(row);
                cells = cells.saturating_add(widest.saturating_mul(times.saturating_add(empty_rows)));
                empty_rows = 0;
            }
        }
        if cells > MOST_CELLS || row > MOST_CELLS {
            return Err(too_large());
        }
        if text > MOST_TEXT || row_text > MOST_TEXT || cell_text > MOST_TEXT {
            return Err(too_much_text());
        }
    }
    if open == 0 { Ok((bytes.len() as u64, errors)) } else { Err(broken()) }
}

/// The `>` of a tag, not one inside an attribute.
fn end_of_tag(bytes: &[u8], from: usize) -> Option<usize> {
    let mut quote = None;
    for (i, b) in bytes.iter().enumerate().skip(from) {
        match (quote, b) {
            (None, b'>') => return Some(i),
            (None, b'"' | b'\'') => quote = Some(*b),
            (Some(q), b) if q == *b => quote = None,
            _ => {}
        }
    }
    None
}

/// How long an attribute is.
fn attribute(tag: &[u8], name: &[u8]) -> u64 {
    let Some(at) = memmem::find(tag, name) else { return 0 };
    let mut behind = tag[at + name.len()..].iter();
    let Some(quote) = behind.find(|b| matches!(b, b'"' | b'\'')) else { return 0 };
    behind.take_while(|b| *b != quote).count() as u64
}

fn repeated(tag: &[u8], name: &[u8]) -> u64 {
    let Some(at) = memmem::find(tag, name) else { return 1 };
    let digits = tag[at + name.len()..].iter().skip_while(|b| !b.is_ascii_digit()).take_while(|b| b.is_ascii_digit());
    digits.fold(0_u64, |n, b| n.saturating_mul(10).saturating_add(u64::from(b - b'0'))).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_of_an_ods_are_counted_before_they_are_written_out() {
        let table = |rows: &str| format!("<a><table:table table:name=\"a>b\">{rows}</table:table></a>");
        let row = |n: u64, cells: &str| {
            format!("<table:table-row table:number-rows-repeated=\"{n}\">{cells}</table:table-row>")
        };
        let text = "<table:table-cell office:value-type=\"string\"><text:p>x</text:p></table:table-cell>";
        let wide = "<table:table-cell table:number-columns-repeated=\"16384\" office:value-type=\"string\"><text:p>x</text:p></table:table-cell>";
        let empty = "<table:table-cell table:number-columns-repeated=\"16384\"/>";
        for (rows, fine) in [
            (format!("{}{}", row(1, text), row(1_048_575, empty)), true),
            (row(1, &format!("{text}{empty}")), true),
            (format!("{}{}{}", row(1, text), row(100_000, empty), row(1, text)), true),
            (format!("{}{}{}", row(1, wide), row(1_000_000, empty), row(1, text)), false),
            (row(1_000_000, &text.repeat(10)), false),
            (row(300, wide), false),
            (row(1, &format!("{empty}{text}").repeat(300)), false),
        ] {
            assert_eq!(ods(table(&rows).as_bytes(), 0).is_ok(), fine, "{rows}");
        }
        // A long text that is repeated is as much as many texts.
        let long = format!(
            "<table:table-cell office:value-type=\"string\"><text:p>{}</text:p></table:table-cell>",
            "x".repeat(40_000)
        );
        let twice = |cell: &str| cell.replacen(' ', " table:number-columns-repeated=\"20\" ", 1);
        let value = format!("<table:table-cell office:string-value=\"{}\"/>", "x".repeat(40_000));
        for (rows, fine) in [
            (row(100, &long), true),
            (row(1_000, &long), false),
            (row(100, &twice(&long)), false),
            (row(100, &twice(&value)), false),
            (row(1, &long.replace("x</", "x<text:s text:c=\"900000000\"/></")), false),
        ] {
            assert_eq!(ods(table(&rows).as_bytes(), 0).is_ok(), fine, "{}", &rows[..100]);
        }
        for torn in ["<a><table:table>", "<a><table:table><table:table-row", "<table:table a=\"></table:table>"] {
            assert_eq!(ods(torn.as_bytes(), 0).map(|(n, _)| n), Err(broken()), "{torn}");
        }
    }
}
