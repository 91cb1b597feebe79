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
    Arc::new(Known { teams: ["T0".to_owned()].into() })
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
