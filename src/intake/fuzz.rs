//! Files of every kind, changed at random, through the whole of reading; and single fields by the million.
//!
//! By hand: `FUZZ_CASES=10000000 FUZZ_SECONDS=480 cargo test --lib intake::fuzz -- --nocapture`

#[path = "../../tests/support/mutate.rs"]
mod mutate;

use std::sync::Arc;

use mutate::Corpus;
use tokio::sync::mpsc::channel;

use super::fields::{self, Encoding};
use super::header::Header;
use super::kinds::Kind;
use super::list::book;
use super::list::cells::{Cell, plain, text_day};
use super::mapping::Mapping;
use super::read::{Batch, Task, read};
use super::records::{Next, Reader, Record};
use super::row::{Known, Row};
use super::rows;

/// A head and two rows of every kind.
fn samples() -> Vec<Vec<u8>> {
    let value = |column: &str| match column {
        "bundesland" => "BW",
        "rolle" | "kennung" => "BAK",
        "beginn" | "von" | "kennung_seit" | "uebergabe_am" | "hauptbetreuer_seit" | "datum" => "23.11.2026",
        "bis" | "ende" | "ende_am" => "2027-02-28",
        "uhrzeit" => "09:30",
        "anzahl" => "2",
        "postfach" | "email" => "bak@jobcenter.example",
        "ende_grund" => "integration",
        "durchgefuehrt" | "potenzial" => "nein",
        "bezeichnung" => "Jäger, Max",
        "titel" => "\"Lager; \"\"Halle\"\"\nNord\"",
        _ => "T0",
    };
    let art = |kind| match kind {
        Kind::Aktivitaeten => "ag_kontakt",
        Kind::Foerderungen => "16e",
        Kind::Termine => "aussendienst",
        _ => "x",
    };
    let sample = |kind: Kind| {
        let names: Vec<_> = kind.columns().iter().map(|c| c.name).collect();
        let row: Vec<_> = names.iter().map(|n| if *n == "art" { art(kind) } else { value(n) }).collect();
        format!("{}\r\n{1}\r\n{1}\n", names.join(";"), row.join(";")).into_bytes()
    };
    Kind::ALL.into_iter().map(sample).collect()
}

const TOKENS: &[&[u8]] = &[
    b";",
    b"\"",
    b"\"\"",
    b";\"",
    b"\";",
    b"\n",
    b"\r",
    b"\r\n",
    b"\0",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"PK\x03\x04",
    b"sep=;\n",
    b"\xe4",
    "ä€𝄞".as_bytes(),
    "\u{202e}\u{2028}".as_bytes(),
    b",",
    b"\t",
    b"-1",
    b"99999999999999999999",
    b"31.12.9999",
    b"29.02.2026",
    b"0000-00-00",
    b"24:00",
    b"@",
    b"x@xn--",
    b"fallnr",
    b"T0;T0;T0;T0;T0;T0;T0;T0\n",
];

/// Who is known to every file.
fn known() -> Arc<Known> {
    Arc::new(Known { teams: ["T0".to_owned()].into(), ..Known::default() })
}

/// What refuses a file, a row or a field says so in few words, whatever the file.
#[test]
fn a_file_of_any_kind_bears_anything() {
    let samples = samples();
    let folder = tempfile::tempdir().unwrap();
    let known = known();
    let corpus = Corpus { samples: &samples.iter().map(Vec::as_slice).collect::<Vec<_>>(), tokens: TOKENS };
    corpus.hold("files", 800, |bytes| {
        // The kind that most of its head says.
        let fits = |kind: &Kind| bytes.starts_with(kind.columns()[0].name.as_bytes());
        let kind = Kind::ALL.into_iter().find(fits).unwrap_or(Kind::Betreuungen);
        let path = folder.path().join(format!("{}.csv", kind.stem()));
        std::fs::write(&path, bytes).unwrap();
        // Room for a word about each line: nobody takes them until the end.
        let (sender, mut receiver) = channel(bytes.len() + 2);
        let task = Task { path, kind, known: Arc::clone(&known), progress: None };
        let reading = read(&task, &sender);
        let mut rows = 0;
        while let Ok(batch) = receiver.try_recv() {
            rows += if let Batch::Rows(rows) = batch { rows.len() as u64 } else { 0 };
        }
        assert!(reading.fatal.is_some() || reading.counts.read == rows + reading.counts.refused);
        assert!(reading.fatal.is_none_or(|text| !text.is_empty()));
    });
}

#[test]
fn records_and_rows_of_any_kind_bear_anything() {
    let samples = samples();
    let known = known();
    let corpus = Corpus { samples: &samples.iter().map(Vec::as_slice).collect::<Vec<_>>(), tokens: TOKENS };
    corpus.hold("records", 3_000, |bytes| {
        let mut reader = Reader::new(bytes);
        let mut record = Record::default();
        let fits = |kind: &Kind| bytes.starts_with(kind.columns()[0].name.as_bytes());
        let kind = Kind::ALL.into_iter().find(fits).unwrap_or(Kind::Betreuungen);
        let encoding = if bytes.len() % 2 == 0 { Encoding::Utf8 } else { Encoding::Windows1252 };
        let Ok(Next::Record) = reader.next(&mut record) else { return };
        let Ok(header) = Header::read(kind, &record, encoding) else { return };
        reader.expect_width(header.names.len());
        let mut texts = vec![String::new(); header.places.len()];
        let (mut line, mut records) = (1, 0);
        loop {
            match reader.next(&mut record).unwrap() {
                Next::End => break,
                Next::Record => {}
                Next::Unclosed(_) | Next::TooLong => continue,
            }
            records += 1;
            assert!(line <= record.line);
            line = record.line;
            for (text, place) in texts.iter_mut().zip(&header.places) {
                fields::clean(place.map_or(&[], |i| record.field(i)), encoding, text);
                assert!(!text.contains(char::is_control) && text.trim() == text);
            }
            let mut row = Row::new(kind, record.line, &texts);
            let values = rows::values(kind, &mut row, &known);
            assert!(!values.is_empty());
        }
        assert!(records <= bytes.len() && reader.taken() == bytes.len() as u64);
    });
}

#[test]
fn a_cell_and_a_mapping_bear_anything() {
    let samples: [&[u8]; 8] = [
        b"3.11.26",
        b" 17. 07. 2026 ",
        "Mo., 3. März 2026".as_bytes(),
        b"2026-07-17T00:00:00.000",
        b"17.07.2026 10:30 Uhr",
        b"k. A.",
        include_bytes!("../../config/kundenliste.beispiel.toml"),
        b"quelle = 1\n[spalten]\na = \"fallnr\"\nb = \"team\"\n[werte.kennung]\nx = \"BAK\"",
    ];
    Corpus { samples: &samples, tokens: TOKENS }.hold("cells", 6_000, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let cell = Cell::Text(text.clone().into_owned());
        for day in [cell.day(false), text_day(&text)].into_iter().flatten() {
            assert_eq!(text_day(&Cell::Date(day).text()), Some(day), "what is read is read again");
        }
        assert!(plain(&plain(&text)) == plain(&text));
        let number = f64::from_bits(bytes.iter().take(8).fold(0, |n, b| n << 8 | u64::from(*b)));
        let _ = (Cell::Number(number).text(), Cell::Number(number).day(true), Cell::Number(number).day(false));
        if let Err(error) = Mapping::parse("z.toml", &text) {
            assert!(error.to_string().starts_with("z.toml, Zeile "), "{error}");
        }
    });
}

/// The sheet of a workbook, the table of an ods, and the archive around them.
#[test]
fn a_workbook_bears_anything() {
    let sheet = b"<worksheet><sheetData><row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>Fall</t></is></c><c r=\"B1\" t=\"s\"><v>0</v></c>\
        <c r=\"C1\" s=\"1\"><f t=\"shared\" si=\"0\" ref=\"C1:C2\">A1</f><v>46000.5</v></c></row></sheetData></worksheet>";
    let table = b"<o><table:table table:name=\"a\"><table:table-row table:number-rows-repeated=\"2\"><table:table-cell \
        office:value-type=\"date\" office:date-value=\"2026-11-03\" table:number-columns-repeated=\"3\"/></table:table-row></table:table></o>";
    let texts = b"<sst uniqueCount=\"1\"><si><t>BAK</t></si></sst>";
    let example = include_bytes!("../../tests/data/listen/kundenliste_bak.xlsx");
    let samples: [&[u8]; 4] = [sheet, table, texts, example];
    let tokens: &[&[u8]] = &[
        b"<row r=\"1048576\">",
        b"<c r=\"XFD1048576\">",
        b" si=\"4294967295\"",
        b" r=\"A0\"",
        b" t=\"s\"",
        b"<v>1e308</v>",
        b"<v>-1</v>",
        b"99999999999999999999",
        b" table:number-rows-repeated=\"1048576\"",
        b" table:number-columns-repeated=\"16384\"",
        b"</table:table>",
        b"<![CDATA[",
        b"<!--",
        b"&#x0;",
        b"PK\x05\x06",
        b"\xff",
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("liste");
    Corpus { samples: &samples, tokens }.hold("workbooks", 300, |bytes| {
        let part = |name: &'static str, mine: bool, usual: &'static [u8]| (name, if mine { bytes.to_vec() } else { usual.to_vec() });
        let is = |start: &[u8]| bytes.starts_with(start);
        let files = if is(b"PK") {
            Vec::new()
        } else if is(b"<o") {
            vec![
                part("mimetype", false, b"application/vnd.oasis.opendocument.spreadsheet"),
                part("META-INF/manifest.xml", false, b"<m/>"),
                part("content.xml", true, b""),
            ]
        } else {
            let book = b"<workbook xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"><sheets>\
                <sheet name=\"a\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>";
            let links = b"<Relationships><Relationship Id=\"r1\" Target=\"worksheets/sheet1.xml\" \
                Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet\"/></Relationships>";
            let root = b"<Relationships><Relationship Id=\"r\" Target=\"xl/workbook.xml\" \
                Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\"/></Relationships>";
            vec![
                part("[Content_Types].xml", false, b"<Types/>"),
                part("_rels/.rels", false, root),
                part("xl/workbook.xml", false, book),
                part("xl/_rels/workbook.xml.rels", false, links),
                part("xl/worksheets/sheet1.xml", !is(b"<sst"), sheet),
                part("xl/sharedStrings.xml", is(b"<sst"), texts),
            ]
        };
        let file = if files.is_empty() { bytes.to_vec() } else { archive(&files) };
        std::fs::write(&path, file).unwrap();
        let mut cells = 0;
        let read = book::rows(&path, &|_| true, &mut |row| {
            cells += row.cells.len();
            Ok(std::ops::ControlFlow::Continue(()))
        });
        assert!(read.is_ok() || read.is_err_and(|text| !text.is_empty()));
    });
}

fn archive(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    use std::io::Write as _;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn a_field_bears_anything() {
    let samples: [&[u8]; 9] = [
        b"23.11.2026",
        b"2026-11-23",
        b"3.1.2026",
        b"09:30",
        b"14:05:59",
        b"9999",
        b"ja",
        "Mustermann-Jäger, Max (123A456)".as_bytes(),
        b"",
    ];
    Corpus { samples: &samples, tokens: TOKENS }.hold("fields", 6_000, |bytes| {
        let mut text = String::new();
        for encoding in [Encoding::Utf8, Encoding::Windows1252] {
            fields::clean(bytes, encoding, &mut text);
            let once = text.clone();
            fields::clean(once.as_bytes(), Encoding::Utf8, &mut text);
            assert_eq!(once, text, "what is clean stays as it is");
            if let Some(date) = fields::date(&text) {
                let _ = (fields::is_odd(date), fields::is_open(date));
            }
            assert!(fields::time(&text).is_none_or(|t| t.len() == 5));
            assert!(fields::count(&text).is_none_or(|n| (0..=9_999).contains(&n)));
            let _ = fields::yes_no(&text);
            let initials = fields::initials(&text);
            assert!(initials.split(' ').count() <= 4 && !initials.contains(char::is_numeric));
        }
    });
}
