//! A Wochenliste that comes back: a workbook that says by itself what it is, read without any mapping.
//!
//! The hidden sheet says whose list it is, of which week, and what each cell held when it was made; a hidden row above the
//! cases says which column is which. So rows may be sorted, deleted or added, columns widened or moved, and the file saved
//! by Excel or LibreOffice, as xlsx, ods or xls. What a cell says is read here; what follows from it, `decide` of the
//! domain knows.

mod cell;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::io::{BufReader, Read};
use std::ops::ControlFlow;
use std::path::Path;

use memchr::memmem;
use zip::ZipArchive;

use super::list::book::{self, BookRow};
use super::list::cells::Cell;
use super::list::head::is_sum;
use super::report::{Problem, Severity, shorten};
use crate::domain::wochenliste::{
    Column, Entry, FALLNR, MARK, MEMORY_SHEET, MOST_ROWS, Note, VERSION, WEEKDAYS, Week, column_letters,
};
use cell::{Wrong, read_cell};

/// Cells above the row of names: titles and headings.
const TITLES: u32 = 60;
/// So many names make the row of names: one that somebody has typed by chance is none.
const NAMES: usize = 5;

/// A Wochenliste as it was filled in.
#[derive(Debug)]
pub(super) struct Filled {
    /// Of which week.
    pub(super) week: Week,
    /// Its rows that say something.
    pub(super) rows: Vec<FilledRow>,
    /// What could not be read.
    pub(super) problems: Vec<Problem>,
    /// Cells that could not be read.
    pub(super) refused: u64,
}

/// What one row says.
#[derive(Debug)]
pub(super) struct FilledRow {
    /// The case as it is written.
    pub(super) fallnr: String,
    /// Whether it says when the case ended, now or when the form was made.
    pub(super) ended: bool,
    /// Its cells that say something else than when the form was made.
    pub(super) cells: Vec<FilledCell>,
}

/// A cell that says something else than when the form was made.
#[derive(Debug)]
pub(super) struct FilledCell {
    pub(super) column: Column,
    /// Where it is.
    pub(super) at: Place,
    /// What it held.
    pub(super) before: Entry,
    /// What it says.
    pub(super) now: Entry,
    /// The same, as it is shown.
    pub(super) text: String,
}

/// Where a cell is, as people name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    line: u64,
    cell: String,
    what: String,
}

impl Place {
    /// Something to tell about the cell.
    pub(super) fn problem(&self, value: &str, severity: Severity, reason: &str, remedy: &str) -> Problem {
        Problem {
            line: Some(self.line),
            column: Some(self.cell.clone()),
            value: (!value.is_empty()).then(|| shorten(value)),
            reason: format!("{}: {reason}", self.what),
            remedy: remedy.to_owned(),
            severity,
        }
    }
}

/// Whether a file is a Wochenliste, as far as its sheets' names tell. Cheap, and never an error: what cannot be opened is
/// none.
pub(super) fn is_one(path: &Path) -> bool {
    /// The list of sheets of an xlsx is some kilobytes.
    const BOOK: u64 = 1 << 20;
    /// An ods has its sheets in one text; a form's is below one megabyte.
    const CONTENT: u64 = 16 << 20;
    let opened = || {
        // Asked before it is opened: opening a pipe would wait for somebody to write to it.
        std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
        File::open(path).ok()
    };
    let Some(mut file) = opened() else { return false };
    let mut head = [0; 4];
    if file.read_exact(&mut head).is_err() || head[..2] != *b"PK" {
        return head == [0xd0, 0xcf, 0x11, 0xe0] && is_old_one(path);
    }
    let Ok(mut zip) = ZipArchive::new(BufReader::new(file)) else { return false };
    let mut holds = |name: &str, most: u64| {
        let Ok(entry) = zip.by_name(name) else { return false };
        let mut text = Vec::new();
        let read = entry.take(most).read_to_end(&mut text);
        read.is_ok() && memmem::find(&text, format!("\"{MEMORY_SHEET}\"").as_bytes()).is_some()
    };
    holds("xl/workbook.xml", BOOK) || holds("content.xml", CONTENT)
}

/// Somebody may have saved it as an old workbook. That has no cheap list of sheets.
fn is_old_one(path: &Path) -> bool {
    let mut found = false;
    let looked = book::rows(path, &|name| name == MEMORY_SHEET, &mut |_| {
        found = true;
        Ok(ControlFlow::Break(()))
    });
    looked.is_ok() && found
}

/// Reads a Wochenliste; a refusal of the whole file is a German sentence.
pub(super) fn read(path: &Path) -> Result<Filled, String> {
    let memory = Memory::read(path)?;
    let mut reading = Reading {
        filled: Filled { week: memory.week, rows: Vec::new(), problems: Vec::new(), refused: 0 },
        memory,
        sheet: None,
        titles: 0,
        names: None,
        named: false,
        seen: HashSet::new(),
        rows: 0,
    };
    book::rows(path, &|name| name != MEMORY_SHEET, &mut |row| reading.row(row))?;
    if !reading.named {
        return Err(
            "In der Wochenliste fehlt die verborgene Zeile mit den Namen der Spalten (über dem ersten Fall). Bitte tragen Sie in eine \
             unveränderte Wochenliste ein."
                .to_owned(),
        );
    }
    Ok(reading.filled)
}

/// What the hidden sheet says.
struct Memory {
    week: Week,
    /// Why no one works, Monday to Friday; empty: a workday.
    closed: [String; 5],
    /// What the form held, by case.
    held: HashMap<String, BTreeMap<Column, Entry>>,
    /// How many digits all its case numbers have.
    digits: Option<usize>,
}

impl Memory {
    fn read(path: &Path) -> Result<Self, String> {
        let mut version = None;
        let (mut week, mut closed) = (None, <[String; 5]>::default());
        let (mut columns, mut held) = (Vec::new(), HashMap::new());
        book::rows(path, &|name| name == MEMORY_SHEET, &mut |row| {
            let text = |at: usize| row.cells.get(at).map(Cell::text).unwrap_or_default();
            let first = text(0);
            match &*first {
                MARK => version = text(1).parse::<u32>().ok(),
                "bak" | "erstellt" | "liste" if columns.is_empty() => {}
                "woche" if columns.is_empty() => week = Week::parse(&text(1)),
                "frei" if columns.is_empty() => closed = [1, 2, 3, 4, 5].map(text),
                FALLNR if columns.is_empty() => {
                    columns = (1..row.cells.len()).map(|at| Column::of_id(&text(at))).collect();
                }
                _ if held.len() < MOST_ROWS => {
                    let cells = columns.iter().zip(1..).filter_map(|(column, at): (&Option<Column>, usize)| {
                        let entry = remembered(row.cells.get(at)?, row.epoch_1904)?;
                        Some(((*column)?, entry))
                    });
                    held.insert(first, cells.collect());
                }
                _ => return Err("Die Wochenliste hat mehr Fälle, als eine haben kann.".to_owned()),
            }
            Ok(ControlFlow::Continue(()))
        })?;
        match version {
            Some(n) if n > VERSION => {
                return Err(
                    "Die Wochenliste stammt von einer neueren Fassung des Programms. Bitte lesen Sie sie dort ein."
                        .to_owned(),
                );
            }
            Some(_) => {}
            None => return Err(damaged()),
        }
        let mut lengths = held.keys().map(|fallnr| digits(fallnr));
        let first = lengths.next().flatten();
        let digits = first.filter(|first| lengths.all(|n| n == Some(*first)));
        Ok(Self { week: week.ok_or_else(damaged)?, closed, held, digits })
    }
}

/// A cell of the hidden sheet. Programs that save the file anew keep the texts; if one makes a number or date of them, they
/// mean the same.
fn remembered(cell: &Cell, epoch_1904: bool) -> Option<Entry> {
    match cell {
        Cell::Date(_) => cell.day(epoch_1904).map(Entry::Day),
        _ => Entry::parse(&cell.text()),
    }
}

fn damaged() -> String {
    "Das verborgene Blatt der Wochenliste ist beschädigt. Bitte tragen Sie in eine unveränderte Wochenliste ein."
        .to_owned()
}

fn digits(fallnr: &str) -> Option<usize> {
    fallnr.bytes().all(|b| b.is_ascii_digit()).then_some(fallnr.len())
}

/// Where reading stands.
struct Reading {
    memory: Memory,
    filled: Filled,
    sheet: Option<usize>,
    titles: u32,
    /// The columns of the sheet, once its row of names is found: that of the case number, and the others.
    names: Option<(usize, Vec<(usize, Column)>)>,
    named: bool,
    /// The cases so far.
    seen: HashSet<String>,
    rows: usize,
}

impl Reading {
    fn row(&mut self, row: &BookRow<'_>) -> Result<ControlFlow<()>, String> {
        if self.sheet != Some(row.number) {
            (self.sheet, self.titles, self.names) = (Some(row.number), 0, None);
        }
        let Some((key, columns)) = self.names.take() else {
            self.names = names(row);
            self.named |= self.names.is_some();
            self.titles += 1;
            let given_up = self.names.is_none() && self.titles > TITLES;
            return Ok(if given_up { ControlFlow::Break(()) } else { ControlFlow::Continue(()) });
        };
        let done = self.case(row, key, &columns);
        self.names = Some((key, columns));
        done.map(ControlFlow::Continue)
    }

    fn case(&mut self, row: &BookRow<'_>, key: usize, columns: &[(usize, Column)]) -> Result<(), String> {
        let cell = |at: usize| row.cells.get(at).unwrap_or(&Cell::Empty);
        let filled = |at: usize| !matches!(cell(at).text().as_str(), "" | "–" | "-");
        let fallnr = self.number_of_case(cell(key));
        let anything = columns.iter().any(|(at, _)| filled(*at));
        if !anything && !self.memory.held.contains_key(&fallnr) {
            return Ok(());
        }
        if is_sum(row.cells) {
            return Ok(());
        }
        self.rows += 1;
        if self.rows > MOST_ROWS {
            return Err("Die Wochenliste hat mehr Zeilen, als eine haben kann.".to_owned());
        }
        if fallnr.is_empty() {
            self.filled.refused += 1;
            let place = self.place(row, key, "Fallnummer".to_owned());
            let remedy = "Bitte tragen Sie sie nach; aus dieser Zeile wurde nichts übernommen.";
            self.filled.problems.push(place.problem("", Severity::Refused, "Sie fehlt.", remedy));
            return Ok(());
        }
        // A row that somebody has added below for a case of the list says only what it says.
        let again = !self.seen.insert(fallnr.clone());
        let held = self.memory.held.get(&fallnr);
        let mut said = FilledRow { fallnr, ended: false, cells: Vec::new() };
        for (at, column) in columns {
            let before = held.and_then(|held| held.get(column).copied()).unwrap_or(Entry::Nothing);
            let because = match column {
                Column::Day(day, _) => Some(&*self.memory.closed[usize::from(*day)]),
                Column::Note(_) => None,
            };
            // A row that was added by hand stands on the days that the others have.
            let before = match because {
                Some(because) if held.is_none() && !because.is_empty() => Entry::Closed,
                _ => before,
            };
            let place = self.place(row, *at, self.what(*column));
            let text = cell(*at).text();
            let read = read_cell(*column, cell(*at), row.epoch_1904, before);
            said.ended |= *column == Column::Note(Note::End) && matches!(read, Ok(Entry::Day(_)));
            match read {
                Ok(now) if now == before || (again && now == Entry::Nothing) => {}
                Ok(now) => {
                    let text = now.day().map_or(text, |day| day.format("%d.%m.%Y").to_string());
                    said.cells.push(FilledCell { column: *column, at: place, before, now, text });
                }
                Err(wrong) => {
                    let (reason, remedy) = wrong.words(*column, because.unwrap_or_default());
                    self.filled.refused += 1;
                    let shown = if matches!(wrong, Wrong::Broken) { "" } else { &*text };
                    self.filled.problems.push(place.problem(shown, Severity::Refused, &reason, remedy));
                }
            }
        }
        if !said.cells.is_empty() {
            self.filled.rows.push(said);
        }
        Ok(())
    }

    /// A spreadsheet takes 0000021 for the number 21.
    fn number_of_case(&self, cell: &Cell) -> String {
        let text = cell.text();
        match self.memory.digits {
            Some(all) if digits(&text).is_some_and(|n| 0 < n && n < all) => format!("{text:0>all$}"),
            _ => text,
        }
    }

    fn what(&self, column: Column) -> String {
        match column {
            Column::Day(day, tick) => {
                let name = WEEKDAYS[usize::from(day.min(4))];
                format!("{} am {name}., {}", cell::tick_word(tick), self.memory.week.day(day).format("%d.%m.%Y"))
            }
            Column::Note(note) => cell::note_word(note).to_owned(),
        }
    }

    fn place(&self, row: &BookRow<'_>, at: usize, what: String) -> Place {
        let cell = format!("Zelle {}{} (Blatt {})", column_letters(at), row.line, row.sheet);
        Place { line: row.line, cell, what }
    }
}

/// The columns, if the row is that of their names.
fn names(row: &BookRow<'_>) -> Option<(usize, Vec<(usize, Column)>)> {
    let key = row.cells.iter().position(|cell| cell.text() == FALLNR)?;
    let named = row.cells.iter().enumerate().filter_map(|(at, cell)| Some((at, Column::of_id(&cell.text())?)));
    let named: Vec<_> = named.collect();
    (named.len() >= NAMES).then_some((key, named))
}
