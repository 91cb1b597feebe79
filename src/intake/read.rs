//! One file from its first byte to its last: rows go out in batches, problems and refused rows are collected.
//!
//! Blocking: runs on a thread of its own while the store takes over what has been read so far. Memory does not grow
//! with the file.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc::Sender;

use super::fields::{self, Encoding};
use super::header::Header;
use super::kinds::Kind;
use super::list::Understood;
use super::progress::Progress;
use super::records::{MAX_RECORD, Next, Reader, Record};
use super::rejects::Rejects;
use super::report::{Counts, Problem, Problems, Severity, shorten};
use super::row::{Known, Row};
use super::rows;
use super::source;
use crate::store::import::{BATCH, Staged, Value};

/// What goes to the store.
#[derive(Debug)]
pub(super) enum Batch {
    /// Rows to be staged.
    Rows(Vec<Staged>),
    /// The key of a row that is there but cannot be read.
    Hold(String),
    /// Cells of columns of days that are empty.
    Empty(Vec<Staged>),
    /// A column, and keys of rows sent before that do not say what they state there: it stays as it is.
    Unread(&'static str, Vec<String>),
}

/// What reading a file came to.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) counts: Counts,
    pub(super) problems: Problems,
    pub(super) rejects: Rejects,
    /// Why the whole file is refused.
    pub(super) fatal: Option<String>,
    /// Whether a row that is there could not be told by its key.
    pub(super) keyless: bool,
    /// How an office's own list was read.
    pub(super) understood: Option<Understood>,
}

impl Reading {
    /// Nothing yet.
    pub(super) fn new(rejects: Rejects) -> Self {
        Self {
            counts: Counts::default(),
            problems: Problems::default(),
            rejects,
            fatal: None,
            keyless: false,
            understood: None,
        }
    }
}

/// What to read, and by what to judge it.
pub(super) struct Task {
    pub(super) path: PathBuf,
    pub(super) kind: Kind,
    pub(super) known: Arc<Known>,
    pub(super) progress: Option<Arc<dyn Progress>>,
}

/// Reads a file; rows go to `out`. Ends early when nobody takes them any more.
pub(super) fn read(task: &Task, out: &Sender<Batch>) -> Reading {
    let mut reading = Reading::new(Rejects::beside(&task.path));
    if let Err(text) = read_rows(task, out, &mut reading) {
        reading.fatal = Some(text);
    }
    reading
}

fn read_rows(task: &Task, out: &Sender<Batch>, reading: &mut Reading) -> Result<(), String> {
    let source = source::open(&task.path)?;
    let encoding = source.encoding;
    let failed = |e: std::io::Error| format!("Die Datei lässt sich nicht zu Ende lesen: {}", source::why(&e));
    let mut reader = Reader::new(source.file);
    let mut record = Record::default();
    let header = read_header(task.kind, &mut reader, &mut record, encoding)?;
    if let Some(line) = source.mixed_at {
        reading.problems.push(mixed(line));
    }
    if !header.unknown.is_empty() {
        reading.problems.push(Problem {
            line: Some(record.line),
            column: None,
            value: Some(shorten(&header.unknown.join(", "))),
            reason: "Diese Spalten sind unbekannt und werden nicht gelesen.".into(),
            remedy: "Falls etwas davon gebraucht wird: Bitte prüfen Sie die Schreibweise.".into(),
            severity: Severity::Kept,
        });
    }
    reader.expect_width(header.names.len());

    let mut texts = vec![String::new(); header.places.len()];
    let mut rows = Vec::with_capacity(BATCH);
    let mut told = 0;
    loop {
        let next = reader.next(&mut record).map_err(failed)?;
        if next == Next::End {
            break;
        }
        if let Some(progress) = &task.progress {
            const STEP: u64 = 1 << 18;
            if reader.taken() - told > STEP {
                progress.advance(reader.taken() - told);
                told = reader.taken();
            }
        }
        if next == Next::Record && is_blank(&record, encoding) {
            continue;
        }
        reading.counts.read += 1;
        if next != Next::Record {
            refuse_broken(next, &header, &record, encoding, reading);
            continue;
        }
        for (text, place) in texts.iter_mut().zip(&header.places) {
            match place {
                Some(i) => fields::clean(record.field(*i), encoding, text),
                None => text.clear(),
            }
        }
        let mut row = Row::new(task.kind, record.line, &texts);
        let values = rows::values(task.kind, &mut row, &task.known);
        let (mut problems, refused) = row.finish();
        blank_shifted(&header, &record, &mut problems);
        if refused {
            reading.counts.refused += 1;
            let problems: Vec<_> = problems.into_iter().filter(|p| p.severity == Severity::Refused).collect();
            reading.rejects.push(&header, &record, encoding, trusted(&header, &record), &problems);
            reading.problems.extend(problems);
            if let Some(Value::Text(key)) = values.into_iter().next().filter(|_| task.kind.table().holds_keys())
                && !key.is_empty()
            {
                send(out, Batch::Hold(key))?;
            }
            continue;
        }
        for mut problem in odd_shape(&header, &record) {
            problem.line = Some(record.line);
            reading.problems.push(problem);
        }
        reading.problems.extend(problems);
        rows.push(Staged { line: record.line, values });
        if rows.len() == BATCH {
            send(out, Batch::Rows(std::mem::replace(&mut rows, Vec::with_capacity(BATCH))))?;
        }
    }
    if let Some(progress) = &task.progress {
        progress.advance(reader.taken() - told);
    }
    send(out, Batch::Rows(rows))
}

/// A file that begins in one encoding and goes on in another.
pub(super) fn mixed(line: u64) -> Problem {
    Problem {
        line: Some(line),
        column: None,
        value: None,
        reason:
            "Bis hierher ist die Datei UTF-8, diese Zeile ist es nicht; die ganze Datei wird als Windows-1252 gelesen."
                .into(),
        remedy: "Bitte prüfen Sie die Umlaute und speichern Sie die Datei einheitlich als „CSV UTF-8“.".into(),
        severity: Severity::Kept,
    }
}

/// The taker leaves only when the store has failed, and then this text is never shown.
pub(super) fn send(out: &Sender<Batch>, batch: Batch) -> Result<(), String> {
    out.blocking_send(batch).map_err(|_| "Die Übernahme wurde abgebrochen.".to_owned())
}

fn read_header<R: std::io::Read>(
    kind: Kind,
    reader: &mut Reader<R>,
    record: &mut Record,
    encoding: Encoding,
) -> Result<Header, String> {
    loop {
        match reader.next(record).map_err(|e| format!("Die Datei lässt sich nicht lesen: {}", source::why(&e)))? {
            Next::End => return Err("Die Datei ist leer: Es fehlt sogar die Kopfzeile.".into()),
            Next::Unclosed(_) | Next::TooLong => {
                return Err("Die erste Zeile ist keine Kopfzeile: Ein Anführungszeichen wird nicht geschlossen, oder sie ist zu lang.".into());
            }
            // Excel may write the delimiter as a line of its own before the header.
            Next::Record if is_blank(record, encoding) || record.field(0) == b"sep=" => {}
            Next::Record => return Header::read(kind, record, encoding),
        }
    }
}

fn is_blank(record: &Record, encoding: Encoding) -> bool {
    let mut text = String::new();
    (0..record.len()).all(|i| {
        let field = record.field(i);
        field.is_empty() || {
            fields::clean(field, encoding, &mut text);
            text.is_empty()
        }
    })
}

/// A record that is no row.
fn refuse_broken(next: Next, header: &Header, record: &Record, encoding: Encoding, reading: &mut Reading) {
    let mut problem = Problem {
        line: Some(record.line),
        column: None,
        value: None,
        reason: String::new(),
        remedy: String::new(),
        severity: Severity::Refused,
    };
    let trusted = if let Next::Unclosed(field) = next {
        // No value: what follows the quote may be a remark, and may be rows of other people.
        problem.column = header.names.get(field).cloned();
        problem.reason = "Ein Anführungszeichen in dieser Zeile wird nicht geschlossen.".into();
        problem.remedy =
            "Bitte schließen oder entfernen Sie es; innerhalb eines Textes wird es verdoppelt (\"\").".into();
        field.min(trusted(header, record))
    } else {
        problem.reason = format!("Die Zeile ist länger als {} KiB.", MAX_RECORD / 1024);
        problem.remedy = "Bitte kürzen Sie sie.".into();
        0
    };
    reading.counts.refused += 1;
    reading.rejects.push(header, record, encoding, trusted, std::slice::from_ref(&problem));
    reading.problems.push(problem);
}

/// The first field that may stand in a column not its own: in a row with too many fields, those from a remark on.
fn trusted(header: &Header, record: &Record) -> usize {
    match header.health.first() {
        Some(first) if record.len() > header.names.len() => *first,
        _ => usize::MAX,
    }
}

/// In a row whose fields may have moved, values from the first doubtful column on may be a remark: they are not shown.
fn blank_shifted(header: &Header, record: &Record, problems: &mut [Problem]) {
    let trusted = trusted(header, record);
    if trusted == usize::MAX {
        return;
    }
    for problem in problems {
        let place = header.names.iter().position(|n| Some(n.to_lowercase()) == problem.column);
        problem.value = problem.value.take().filter(|_| place.is_some_and(|i| i < trusted));
    }
}

/// Rows that can be read but do not look as they should.
fn odd_shape(header: &Header, record: &Record) -> Vec<Problem> {
    let kept = |reason: String, remedy: &str| Problem {
        line: None,
        column: None,
        value: None,
        reason,
        remedy: remedy.into(),
        severity: Severity::Kept,
    };
    let width = header.names.len();
    let mut problems = Vec::new();
    if record.len() < width {
        problems.push(kept(
            format!("Die Zeile hat {} statt {width} Felder; die fehlenden gelten als leer.", record.len()),
            "Bitte prüfen Sie, ob sie abgeschnitten ist.",
        ));
    } else if (width..record.len()).any(|i| !record.field(i).is_empty()) {
        problems.push(kept(
            format!("Die Zeile hat {} statt {width} Felder; die überzähligen werden nicht gelesen.", record.len()),
            "Ein Text mit Semikolon gehört in Anführungszeichen.",
        ));
    }
    if record.swallows {
        problems.push(kept(
            "Ein Text in Anführungszeichen umfasst mehrere Zeilen, die selbst wie Zeilen der Liste aussehen.".into(),
            "Bitte prüfen Sie, ob ein Anführungszeichen zu viel ist.",
        ));
    }
    problems
}
