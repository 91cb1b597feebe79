//! Small workbooks, made as Excel and LibreOffice make them: an archive of a few XML files.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A cell as it is written into a workbook.
#[derive(Debug, Clone)]
pub(crate) enum Cell {
    Nothing,
    Text(&'static str),
    Owned(String),
    /// Without a format.
    Number(f64),
    /// Days since 30.12.1899, with the format of a date.
    Serial(f64),
    /// A formula, and what the program remembers as its value.
    Formula(&'static str, Option<&'static str>),
    Error(&'static str),
}

use Cell::{Error, Formula, Nothing, Number, Owned, Serial, Text};

/// An archive of these files.
pub(crate) fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, bytes) in files {
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn column(mut n: usize) -> String {
    let mut name = String::new();
    loop {
        name.insert(0, char::from(b'A' + (n % 26) as u8));
        if n < 26 {
            return name;
        }
        n = n / 26 - 1;
    }
}

fn sheet(rows: &[Vec<Cell>]) -> String {
    let mut xml = String::from(
        "<?xml version=\"1.0\"?><worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>",
    );
    for (i, cells) in rows.iter().enumerate() {
        write!(xml, "<row r=\"{}\">", i + 1).unwrap();
        for (j, cell) in cells.iter().enumerate() {
            let at = format!("{}{}", column(j), i + 1);
            match cell {
                Nothing => Ok(()),
                Text(text) => write!(xml, "<c r=\"{at}\" t=\"inlineStr\"><is><t>{}</t></is></c>", escaped(text)),
                Owned(text) => write!(xml, "<c r=\"{at}\" t=\"inlineStr\"><is><t>{}</t></is></c>", escaped(text)),
                Number(n) => write!(xml, "<c r=\"{at}\"><v>{n}</v></c>"),
                Serial(n) => write!(xml, "<c r=\"{at}\" s=\"1\"><v>{n}</v></c>"),
                Formula(f, Some(v)) => write!(xml, "<c r=\"{at}\" t=\"str\"><f>{f}</f><v>{v}</v></c>"),
                Formula(f, None) => write!(xml, "<c r=\"{at}\"><f>{f}</f><v/></c>"),
                Error(e) => write!(xml, "<c r=\"{at}\" t=\"e\"><v>{e}</v></c>"),
            }
            .unwrap();
        }
        xml.push_str("</row>");
    }
    xml + "</sheetData></worksheet>"
}

/// An xlsx of these sheets.
pub(crate) fn xlsx(sheets: &[(&str, Vec<Vec<Cell>>)]) -> Vec<u8> {
    xlsx_hiding(sheets, "")
}

/// An xlsx of these sheets, one of them hidden.
pub(crate) fn xlsx_hiding(sheets: &[(&str, Vec<Vec<Cell>>)], hidden: &str) -> Vec<u8> {
    let (mut book, mut links) = (String::new(), String::new());
    let mut files: Vec<(String, String)> = Vec::new();
    for (i, (name, rows)) in sheets.iter().enumerate() {
        let n = i + 1;
        let state = if *name == hidden { " state=\"hidden\"" } else { "" };
        write!(book, "<sheet name=\"{}\" sheetId=\"{n}\"{state} r:id=\"rId{n}\"/>", escaped(name)).unwrap();
        write!(
            links,
            "<Relationship Id=\"rId{n}\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet\" \
             Target=\"worksheets/sheet{n}.xml\"/>"
        )
        .unwrap();
        files.push((format!("xl/worksheets/sheet{n}.xml"), sheet(rows)));
    }
    let relationships = "http://schemas.openxmlformats.org/package/2006/relationships";
    files.extend([
        (
            "[Content_Types].xml".to_owned(),
            "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>".to_owned(),
        ),
        (
            "_rels/.rels".to_owned(),
            format!(
                "<Relationships xmlns=\"{relationships}\"><Relationship Id=\"r\" \
                 Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" \
                 Target=\"xl/workbook.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/workbook.xml".to_owned(),
            format!(
                "<workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" \
                 xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"><sheets>{book}</sheets></workbook>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels".to_owned(),
            format!("<Relationships xmlns=\"{relationships}\">{links}</Relationships>"),
        ),
        (
            "xl/styles.xml".to_owned(),
            "<styleSheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><cellXfs count=\"2\">\
             <xf numFmtId=\"0\"/><xf numFmtId=\"14\" applyNumberFormat=\"1\"/></cellXfs></styleSheet>"
                .to_owned(),
        ),
    ]);
    archive(&files.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect::<Vec<_>>())
}

/// An ods of one sheet.
pub(crate) fn ods(name: &str, rows: &[Vec<Cell>]) -> Vec<u8> {
    ods_book(&[(name, rows)])
}

/// An ods of these sheets.
pub(crate) fn ods_book(sheets: &[(&str, &[Vec<Cell>])]) -> Vec<u8> {
    let tables: String = sheets.iter().map(|(name, rows)| ods_table(name, rows)).collect();
    let content = format!(
        "<?xml version=\"1.0\"?><office:document-content xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" \
         xmlns:table=\"urn:oasis:names:tc:opendocument:xmlns:table:1.0\" xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\">\
         <office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"
    );
    archive(&[
        ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
        ("META-INF/manifest.xml", b"<manifest:manifest xmlns:manifest=\"x\"/>"),
        ("content.xml", content.as_bytes()),
    ])
}

fn ods_table(name: &str, rows: &[Vec<Cell>]) -> String {
    let mut table = String::new();
    for cells in rows {
        table.push_str("<table:table-row>");
        for cell in cells {
            let text = |t: &str| {
                format!(
                    "<table:table-cell office:value-type=\"string\"><text:p>{}</text:p></table:table-cell>",
                    escaped(t)
                )
            };
            let cell = match cell {
                Nothing | Formula(..) | Error(_) => "<table:table-cell/>".to_owned(),
                Text(t) => text(t),
                Owned(t) => text(t),
                Number(n) => format!("<table:table-cell office:value-type=\"float\" office:value=\"{n}\"/>"),
                Serial(n) => {
                    let day = chrono::NaiveDate::from_ymd_opt(1899, 12, 30).unwrap() + chrono::Days::new(*n as u64);
                    format!("<table:table-cell office:value-type=\"date\" office:date-value=\"{day}\"/>")
                }
            };
            table.push_str(&cell);
        }
        table.push_str("</table:table-row>");
    }
    // LibreOffice fills the sheet up to its end.
    table.push_str(
        "<table:table-row table:number-rows-repeated=\"1048000\"><table:table-cell table:number-columns-repeated=\"16384\"/>\
         </table:table-row>",
    );
    format!("<table:table table:name=\"{name}\">{table}</table:table>")
}
