//! An office's own list, read by its mapping: the rows of a sheet become rows of a delivery's file and go the same way.
//!
//! | room | does |
//! |---|---|
//! | `guard` | may the file be opened? |
//! | `book` | workbook or CSV → rows of cells |
//! | `cells` | a cell → a date or a text |
//! | `head` | which row is the header, and where its columns are |
//! | `days` | the days in the columns of activities |
//! | `told`, `understood` | what is told about a cell, and about the whole |
//!
//! A list is read once for its rows and once for the days in its columns, so that memory does not grow with it.

pub(super) mod book;
pub(super) mod cells;
mod days;
mod guard;
pub(super) mod head;
mod told;
mod understood;

use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::NaiveDate;
use tokio::sync::mpsc::Sender;

use super::fields;
use super::header::Header;
use super::kinds::Kind;
use super::mapping::{Mapping, Target};
use super::progress::Progress;
use super::read::{Batch, Reading, mixed, send};
use super::records::Record;
use super::rejects::Rejects;
use super::report::{Problem, Severity, shorten};
use super::row::{Known, Row};
use super::rows;
use crate::store::import::{BATCH, Staged, Value};
use book::BookRow;
use cells::{Cell, plain};
use head::Head;
use told::{problem, without_value};
pub use understood::{ColumnSeen, SheetSeen, Understood};

/// What is read of a list in one go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The rows of the kind that it stands for.
    Rows,
    /// The days in the columns of activities.
    Activities,
}

/// What to read, and by what to judge it.
pub(super) struct Task {
    pub(super) path: PathBuf,
    pub(super) mapping: Arc<Mapping>,
    pub(super) known: Arc<Known>,
    pub(super) part: Part,
    /// The day of the import (Berlin).
    pub(super) today: NaiveDate,
    /// The file's size, for the progress shown.
    pub(super) bytes: u64,
    pub(super) progress: Option<Arc<dyn Progress>>,
}

/// A header is looked for in so many rows that hold anything.
const TITLES: u32 = 60;

/// Columns that hold a day.
const DAYS: [&str; 12] = [
    "kennung_seit",
    "uebergabe_am",
    "hauptbetreuer_seit",
    "ende_am",
    "rueckgabegespraech_am",
    "fazit_am",
    "beginn",
    "ende",
    "von",
    "bis",
    "datum",
    "eingestellt_am",
];

/// Columns that name a colleague or team.
const PEOPLE: [&str; 6] = ["bak", "ifk", "leitung", "vertretung", "teilnehmer", "team"];

/// A row's number with its sheet's: rows of several sheets stay apart and in order.
const SHEET: u32 = 32;

/// Reads a list; rows go to `out`. Ends early when nobody takes them any more.
pub(super) fn read(task: &Task, out: &Sender<Batch>) -> Reading {
    // The days go through the file a second time: what the first has refused waits to be written down.
    let mut reading = Reading::new(match task.part {
        Part::Rows => Rejects::beside(&task.path),
        Part::Activities if !task.mapping.has_rows() => Rejects::beside(&task.path),
        Part::Activities => Rejects::elsewhere(&task.path),
    });
    let mut list = List {
        task,
        out,
        reading: &mut reading,
        sheet: Sheet::default(),
        seen: HashSet::new(),
        rows: Vec::with_capacity(BATCH),
        unread: Vec::new(),
        empty: Vec::new(),
        understood: Understood::new(&task.mapping, task.part),
        widest: (0, String::new()),
        unseen: false,
    };
    let fatal = list.read().err();
    let understood = std::mem::take(&mut list.understood);
    reading.fatal = fatal;
    reading.understood = Some(understood);
    if let Some(progress) = task.progress.as_ref().filter(|_| task.part == Part::Rows || !task.mapping.has_rows()) {
        progress.advance(task.bytes);
    }
    reading
}

/// Where reading stands in a sheet.
#[derive(Default)]
struct Sheet {
    number: Option<usize>,
    titles: u32,
    head: Option<Head>,
}

struct List<'a> {
    task: &'a Task,
    out: &'a Sender<Batch>,
    reading: &'a mut Reading,
    sheet: Sheet,
    /// Keys of the rows so far.
    seen: HashSet<String>,
    rows: Vec<Staged>,
    /// Of these rows the fields whose cells cannot be read: the column's place, the row's key.
    unread: Vec<(usize, String)>,
    /// Cells without a day.
    empty: Vec<Staged>,
    understood: Understood,
    /// The row with most texts of those that are no header: how many, and what they are.
    widest: (usize, String),
    /// Whether a hidden sheet holds the headings.
    unseen: bool,
}

impl List<'_> {
    fn read(&mut self) -> Result<(), String> {
        let mapping = Arc::clone(&self.task.mapping);
        let names = RefCell::new(Vec::new());
        let is = |name: &str, sheet: &str| plain(name) == plain(sheet);
        let wanted = |name: &str| {
            names.borrow_mut().push(name.to_owned());
            mapping.sheets.is_empty() || mapping.sheets.iter().any(|s| is(s, name))
        };
        if let Some(line) = book::mixed_at(&self.task.path).filter(|_| self.is_first()) {
            self.reading.problems.push(mixed(line));
        }
        book::rows(&self.task.path, &wanted, &mut |row| self.row(row))?;
        let names = names.into_inner();
        if let Some(missing) = mapping.sheets.iter().find(|s| !names.is_empty() && !names.iter().any(|n| is(s, n))) {
            return Err(format!(
                "Die Arbeitsmappe hat kein Blatt „{missing}“ ({}, blatt). Sie hat: {}.",
                mapping.file,
                names.join(", ")
            ));
        }
        if self.understood.sheets.is_empty() && self.unseen {
            return Err(format!(
                "Nur ausgeblendete Blätter enthalten die Überschriften aus {}. Bitte blenden Sie die Liste ein, oder nennen Sie ihr \
                 Blatt in der Zuordnung (blatt).",
                mapping.file
            ));
        }
        if self.understood.sheets.is_empty() {
            return Err(head::nowhere(&mapping, &self.widest.1));
        }
        self.flush_empty()?;
        self.flush()
    }

    fn row(&mut self, row: &BookRow<'_>) -> Result<ControlFlow<()>, String> {
        if self.sheet.number != Some(row.number) {
            self.sheet = Sheet { number: Some(row.number), ..Sheet::default() };
        }
        let Some(head) = self.sheet.head.take() else {
            let named = !self.task.mapping.sheets.is_empty();
            return if row.hidden && !named { Ok(self.hidden(row)) } else { self.title(row) };
        };
        let done = match self.task.part {
            Part::Rows => self.data(&head, row),
            Part::Activities => self.activities(&head, row),
        };
        self.sheet.head = Some(head);
        done.map(ControlFlow::Continue)
    }

    /// A row of a sheet that people do not see: if it were the list, that is said.
    fn hidden(&mut self, row: &BookRow<'_>) -> ControlFlow<()> {
        self.sheet.titles += 1;
        if matches!(Head::find(&self.task.mapping, row), Ok(None)) && self.sheet.titles <= TITLES {
            return ControlFlow::Continue(());
        }
        if self.sheet.titles <= TITLES && self.is_first() {
            let reason = "Dieses Blatt ist ausgeblendet und wurde nicht gelesen.";
            let remedy =
                "Soll es gelten, nennen Sie es in der Zuordnung (blatt) oder blenden Sie es ein; sonst löschen Sie es.";
            let sheet = Some(format!("Blatt {}", row.sheet));
            self.reading
                .problems
                .push(Problem { value: sheet, ..problem(row, None, None, Severity::Kept, reason, remedy) });
            self.unseen = true;
        }
        ControlFlow::Break(())
    }

    /// Whether this reading is the one that tells of the file as a whole.
    fn is_first(&self) -> bool {
        self.task.part == Part::Rows || !self.task.mapping.has_rows()
    }

    /// A row above the list: its title, or its header.
    fn title(&mut self, row: &BookRow<'_>) -> Result<ControlFlow<()>, String> {
        let mapping = &self.task.mapping;
        if let Some(head) = Head::find(mapping, row)? {
            self.understood.sheet(row.sheet, row.line);
            if !head.unknown.is_empty() && (self.task.part == Part::Rows || !mapping.has_rows()) {
                self.understood.unread(&head.unknown);
                self.reading.problems.push(Problem {
                    line: Some(row.line),
                    column: None,
                    value: Some(shorten(&head.unknown.join(", "))),
                    reason: "Diese Überschriften stehen nicht in der Zuordnung; die Spalten werden nicht gelesen.".into(),
                    remedy: "Falls etwas davon gebraucht wird, ordnen Sie es bitte zu; sonst nennen Sie es unter nicht_lesen.".into(),
                    severity: Severity::Kept,
                });
            }
            self.sheet.head = Some(head);
            return Ok(ControlFlow::Continue(()));
        }
        let texts: Vec<_> = row.cells.iter().filter(|c| matches!(c, Cell::Text(_))).map(Cell::text).collect();
        if texts.len() > self.widest.0 {
            self.widest = (texts.len(), format!("Zeile {}: {}", row.line, shorten(&texts.join("; "))));
        }
        self.sheet.titles += 1;
        Ok(if self.sheet.titles > TITLES { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }

    /// A row of the list becomes a row of the kind's table.
    fn data(&mut self, head: &Head, row: &BookRow<'_>) -> Result<(), String> {
        let mapping = &*self.task.mapping;
        let line = row.line | (row.number as u64) << SHEET;
        if let Some(reason) = row.torn {
            self.reading.counts.read += 1;
            self.reading.counts.refused += 1;
            self.reading.keyless = true;
            self.reading.problems.push(problem(
                row,
                None,
                None,
                Severity::Refused,
                reason,
                "Bitte berichtigen Sie die Zeile.",
            ));
            return Ok(());
        }
        if head.is_no_case(mapping, row)? {
            self.understood.skipped();
            return Ok(());
        }
        self.reading.counts.read += 1;
        self.understood.row();
        let kind = mapping.kind;
        let Examined { values, mut problems, refused, broken, filled } = self.examine(head, row);
        for i in filled {
            self.understood.filled(i);
        }
        for problem in &mut problems {
            self.in_words_of_the_list(head, row, problem);
        }
        if let Some(problem) = cut_off(head, row) {
            problems.insert(0, problem);
        }
        let cells: Vec<_> = broken.iter().map(|i| without_value(row, &mapping.columns[*i].heading)).collect();
        for i in &broken {
            self.understood.not_understood(*i);
        }
        let key = match values.first() {
            Some(Value::Text(key)) if !key.is_empty() => Some(key.clone()),
            _ => None,
        };
        // Where the row is not told by one field of the list, what it said before cannot be looked up.
        let alike = kind.table().is_told_by(kind.columns()[0].name);
        if refused || (!broken.is_empty() && (!alike || key.is_none())) {
            self.reading.counts.refused += 1;
            problems.retain(|p| p.severity == Severity::Refused);
            problems.extend(cells);
            let days = self.no_days(head, row);
            self.reject(head, row, &[&problems[..], &days].concat());
            self.reading.problems.extend(problems);
            match key.filter(|_| !is_last(head, row, mapping)) {
                Some(key) if kind.table().holds_keys() => send(self.out, Batch::Hold(key))?,
                _ => self.reading.keyless = true,
            }
            return Ok(());
        }
        // Days are told of by the second reading; to be corrected they stand beside the rest of the row.
        let days = self.no_days(head, row);
        if !cells.is_empty() || !days.is_empty() {
            self.reject(head, row, &[&cells[..], &days].concat());
        }
        if !cells.is_empty() {
            self.reading.counts.refused += 1;
            self.reading.problems.extend(cells);
        }
        self.reading.problems.extend(problems);
        if matches!(kind, Kind::Betreuungen | Kind::Personal | Kind::Teams)
            && let Some(Value::Text(key)) = values.first()
            && !self.seen.insert(key.clone())
        {
            let reason = "Dieser Wert steht mehrfach in der Liste; die letzte Zeile zählt.";
            let heading = mapping.heading_of(kind.columns()[0].name);
            self.reading.problems.push(problem(
                row,
                heading,
                Some(key.clone()),
                Severity::Kept,
                reason,
                "Bitte entfernen Sie die anderen Zeilen.",
            ));
        }
        if let Some(key) = key {
            // What an earlier row of the key did not say, this one may.
            self.unread.retain(|(_, unread)| *unread != key);
            for i in broken {
                if let Target::Field(place) = mapping.columns[i].target {
                    self.unread.push((place, key.clone()));
                }
            }
        }
        self.push(Staged { line, values })
    }

    /// What a row says in the words of a delivery's file, and what is wrong with that.
    fn examine(&self, head: &Head, row: &BookRow<'_>) -> Examined {
        let mapping = &*self.task.mapping;
        let kind = mapping.kind;
        let mut texts = vec![String::new(); kind.columns().len()];
        for (place, text) in &mapping.fixed {
            texts[*place].clone_from(text);
        }
        let (mut broken, mut filled) = (Vec::new(), Vec::new());
        for (i, column) in mapping.columns.iter().enumerate() {
            let Target::Field(place) = column.target else { continue };
            let cell = head.cell(row, i);
            texts[place] = self.text(place, cell, row.epoch_1904);
            if !texts[place].is_empty() {
                filled.push(i);
            }
            if *cell == Cell::Broken {
                broken.push(i);
            }
        }
        let mut examined = Row::new(kind, row.line, &texts);
        if let (Kind::Betreuungen | Kind::Aktivitaeten, Some(digits)) = (kind, mapping.digits) {
            number_of_case(&mut examined, digits);
        }
        let values = rows::values(kind, &mut examined, &self.task.known);
        let (problems, refused) = examined.finish();
        Examined { values, problems, refused: refused || cut_off(head, row).is_some(), broken, filled }
    }

    /// Writes a row down as one to be corrected.
    fn reject(&mut self, head: &Head, row: &BookRow<'_>, problems: &[Problem]) {
        let columns = &self.task.mapping.columns;
        let shown: Vec<_> = (0..columns.len()).map(|i| head.cell(row, i).text()).collect();
        let record = Record::of(row.line, shown.iter().map(String::as_str));
        let header = Header::plain(columns.iter().map(|c| c.heading.clone()).collect());
        self.reading.rejects.push(&header, &record, fields::Encoding::Utf8, usize::MAX, problems);
    }

    fn push(&mut self, row: Staged) -> Result<(), String> {
        self.rows.push(row);
        if self.rows.len() == BATCH { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), String> {
        send(self.out, Batch::Rows(std::mem::replace(&mut self.rows, Vec::with_capacity(BATCH))))?;
        let mut unread: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for (place, key) in self.unread.drain(..) {
            unread.entry(place).or_default().push(key);
        }
        for (place, keys) in unread {
            send(self.out, Batch::Unread(self.task.mapping.kind.columns()[place].name, keys))?;
        }
        Ok(())
    }

    /// What a cell says in the words of a delivery's file.
    fn text(&self, place: usize, cell: &Cell, epoch_1904: bool) -> String {
        let mapping = &*self.task.mapping;
        let name = mapping.kind.columns().get(place).map_or("", |c| c.name);
        let text = cell.text();
        if cell.is_empty() || *cell == Cell::Broken || mapping.is_nothing(&text) {
            return String::new();
        }
        if let Some(value) = mapping.value(place, &text) {
            return value.to_owned();
        }
        if DAYS.contains(&name) {
            return cell.day(epoch_1904).map_or(text, |day| day.format("%d.%m.%Y").to_string());
        }
        if PEOPLE.contains(&name) {
            return self.task.known.written.of(&text).to_owned();
        }
        match mapping.digits {
            // A spreadsheet takes 0000021 for the number 21.
            Some(digits) if name == "fallnr" && text.bytes().all(|b| b.is_ascii_digit()) => format!("{text:0>digits$}"),
            _ => text,
        }
    }
}

/// A row of the list, examined.
struct Examined {
    values: Vec<Value>,
    problems: Vec<Problem>,
    refused: bool,
    /// Columns of the mapping whose cells cannot be read.
    broken: Vec<usize>,
    /// Columns of the mapping whose cells say something.
    filled: Vec<usize>,
}

/// A line of a CSV file that ends before its last column: nobody knows where it was cut.
fn cut_off(head: &Head, row: &BookRow<'_>) -> Option<Problem> {
    let fields = row.fields.filter(|fields| *fields < head.width)?;
    let reason = format!("Die Zeile hat {fields} statt {} Felder; vielleicht ist sie abgeschnitten.", head.width);
    let remedy = "Sie wurde nicht übernommen. Bitte speichern Sie die Liste noch einmal vollständig.";
    Some(problem(row, None, None, Severity::Refused, &reason, remedy))
}

/// Whether the case number itself may be cut.
fn is_last(head: &Head, row: &BookRow<'_>, mapping: &Mapping) -> bool {
    let key = mapping.columns.iter().position(|c| c.target == Target::Field(0));
    cut_off(head, row).is_some()
        && key.and_then(|key| head.place(key)).is_some_and(|place| place + 1 >= row.cells.len())
}

/// A case number of as many digits as the office's have.
fn number_of_case(row: &mut Row<'_>, digits: usize) {
    let number = row.get("fallnr");
    if !number.is_empty() && !is_number_of_case(number, digits) {
        row.refuse(
            "fallnr",
            format!("Das ist keine Fallnummer aus {digits} Ziffern."),
            "Bitte berichtigen Sie sie, oder in der Zuordnung fallnr_stellen.",
        );
    }
}

fn is_number_of_case(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|b| b.is_ascii_digit())
}

/// The row's own number and whether it is from a sheet behind the first.
pub(super) const fn line_of(line: u64) -> u64 {
    line & ((1 << SHEET) - 1)
}
