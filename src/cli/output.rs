//! Writing answers: tables for people, JSON lines for programs.

use std::io::{self, BufWriter, StdoutLock, Write as _};

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{ContentArrangement, Table};
use serde::Serialize;

/// Rows of a table are gathered to align them; beyond so many, only their number is told.
pub(super) const TABLE_ROWS: usize = 5_000;

/// The standard output, locked and buffered.
pub(super) fn stdout() -> BufWriter<StdoutLock<'static>> {
    BufWriter::with_capacity(1 << 16, io::stdout().lock())
}

/// Writes one JSON object and a line end.
pub(super) fn json_line(out: &mut impl io::Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

/// A table with German headings.
pub(super) fn table<const N: usize>(headings: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic).set_header(headings);
    table
}

/// Whether somebody closed the other end of our output (`… | head`): nothing to complain about.
pub(super) fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let io_kind = |e: &(dyn std::error::Error + 'static)| {
        let json = e.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind);
        json.or_else(|| e.downcast_ref::<io::Error>().map(io::Error::kind))
    };
    error.chain().any(|e| io_kind(e) == Some(io::ErrorKind::BrokenPipe))
}

/// Writes a finished text.
pub(super) fn print(text: impl std::fmt::Display) -> io::Result<()> {
    let mut out = stdout();
    writeln!(out, "{text}")?;
    out.flush()
}

/// A state in the user's words.
pub(super) const fn state(state: crate::domain::obligation::State) -> &'static str {
    use crate::domain::obligation::State;
    match state {
        State::Upcoming => "bald",
        State::Today => "heute",
        State::Overdue => "überfällig",
        State::Info => "Information",
        State::Missed => "nachtragen",
    }
}
