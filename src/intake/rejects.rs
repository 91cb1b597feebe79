//! The file of refused rows beside an input: the row as it was, and what is wrong with it.
//!
//! It is written under a temporary name while the input is read and takes its place only when the import is decided.
//! That name belongs to the input, not to the attempt: what a killed import left behind goes with the next one.
//! It is for the owner alone (0600), and columns that may hold health data are blank in it.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::fields::{self, Encoding};
use super::header::Header;
use super::kinds::{REJECT_COLUMNS, REJECT_SUFFIX};
use super::records::Record;
use super::report::Problem;
use super::source::why;

/// Where the refused rows of `input` go.
pub(super) fn path_of(input: &Path) -> PathBuf {
    let stem = input.file_stem().unwrap_or_default().to_string_lossy();
    input.with_file_name(format!("{stem}{REJECT_SUFFIX}"))
}

/// Where they stand until the import is decided.
fn draft_of(target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!(".{name}.tmp"))
}

/// The refused rows of one file, so far.
#[derive(Debug)]
pub(super) struct Rejects {
    target: PathBuf,
    /// Made when the first row is refused.
    writer: Option<csv::Writer<BufWriter<NamedTempFile>>>,
    failed: Option<String>,
}

impl Rejects {
    /// None yet; the draft of an import that was killed is removed.
    pub(super) fn beside(input: &Path) -> Self {
        let target = path_of(input);
        // Usually there is none. If it cannot be removed, making it anew says so.
        let _ = fs::remove_file(draft_of(&target));
        Self { target, writer: None, failed: None }
    }

    /// For a further reading of a file whose refused rows are collected already; takes none.
    pub(super) fn elsewhere(input: &Path) -> Self {
        Self { target: path_of(input), writer: None, failed: None }
    }

    /// Adds a row. `from` is the first field that cannot be trusted to stand in its own column; it and those behind
    /// it are blank, because a remark may have slipped there.
    pub(super) fn push(
        &mut self,
        header: &Header,
        record: &Record,
        encoding: Encoding,
        from: usize,
        problems: &[Problem],
    ) {
        if self.failed.is_none()
            && let Err(e) = self.write(header, record, encoding, from, problems)
        {
            self.failed =
                Some(format!("Die abgelehnten Zeilen ließen sich nicht neben der Datei ablegen: {}", why(&e)));
            self.writer = None;
        }
    }

    fn write(
        &mut self,
        header: &Header,
        record: &Record,
        encoding: Encoding,
        from: usize,
        problems: &[Problem],
    ) -> std::io::Result<()> {
        let writer = match &mut self.writer {
            Some(writer) => writer,
            none => {
                let draft = draft_of(&self.target);
                let folder = draft.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
                // tempfile makes it 0600, and never follows what somebody put in its place.
                let name = draft.file_name().unwrap_or_default();
                let file = tempfile::Builder::new().prefix(name).rand_bytes(0).tempfile_in(folder)?;
                let mut file = BufWriter::new(file);
                // For Excel, which takes a file without it for Windows-1252.
                file.write_all("\u{feff}".as_bytes())?;
                let mut writer = csv::WriterBuilder::new()
                    .delimiter(b';')
                    .terminator(csv::Terminator::CRLF)
                    .flexible(true)
                    .from_writer(file);
                writer.write_record(header.names.iter().map(String::as_str).chain(REJECT_COLUMNS))?;
                none.insert(writer)
            }
        };
        let mut text = String::new();
        for i in 0..header.names.len() {
            text.clear();
            if i < from && !header.health.contains(&i) {
                fields::clean(record.field(i), encoding, &mut text);
            }
            writer.write_field(&*harmless(&text))?;
        }
        let join = |part: fn(&Problem) -> &str| {
            let parts: Vec<&str> = problems.iter().map(part).filter(|s| !s.is_empty()).collect();
            parts.join(" / ")
        };
        writer.write_field(record.line.to_string())?;
        writer.write_field(&*harmless(&join(|p| p.column.as_deref().unwrap_or_default())))?;
        writer.write_field(&*harmless(&join(|p| p.value.as_deref().unwrap_or_default())))?;
        writer.write_field(join(|p| &p.reason))?;
        writer.write_field(join(|p| &p.remedy))?;
        writer.write_record(None::<&[u8]>)?;
        Ok(())
    }

    /// Puts the file in its place, or removes an old one of ours where nothing was refused. Gives the path of the
    /// file if there is one, and what went wrong.
    pub(super) fn settle(self) -> (Option<PathBuf>, Option<String>) {
        let Some(writer) = self.writer else {
            if self.failed.is_none() && is_ours(&self.target) {
                // Not worth a word if it fails: an old list stays an old list.
                let _ = fs::remove_file(&self.target);
            }
            return (None, self.failed);
        };
        let failed = |e: &std::io::Error| {
            format!("Die abgelehnten Zeilen ließen sich nicht neben der Datei ablegen: {}", why(e))
        };
        let file = match writer.into_inner().map_err(|e| e.error().kind()).map(BufWriter::into_inner) {
            Ok(Ok(file)) => file,
            Ok(Err(e)) => return (None, Some(failed(e.error()))),
            Err(kind) => return (None, Some(failed(&kind.into()))),
        };
        match file.persist(&self.target) {
            Ok(_) => (Some(self.target), None),
            Err(e) => (None, Some(failed(&e.error))),
        }
    }
}

/// A text that Excel would take for a formula gets an apostrophe before it.
fn harmless(text: &str) -> Cow<'_, str> {
    let number = |rest: &str| rest.bytes().all(|b| b.is_ascii_digit() || matches!(b, b' ' | b'.' | b',' | b'/' | b'-'));
    match text.as_bytes() {
        [b'=' | b'@', ..] => format!("'{text}").into(),
        [b'+' | b'-', ..] if !number(&text[1..]) => format!("'{text}").into(),
        _ => text.into(),
    }
}

/// Whether a file is a list of refused rows: its header ends with the columns that we add.
fn is_ours(path: &Path) -> bool {
    if !fs::symlink_metadata(path).is_ok_and(|m| m.is_file()) {
        return false;
    }
    let Ok(file) = File::open(path) else { return false };
    let mut head = Vec::new();
    let read = BufReader::new(file.take(1 << 16)).read_until(b'\n', &mut head);
    let head = String::from_utf8_lossy(&head);
    read.is_ok() && head.trim_end().ends_with(&REJECT_COLUMNS.join(";"))
}
