//! The log of changes: who changed facts, when, from where; and what a row was before.
//!
//! A row that came new says by its stamp (`vorgang`) who brought it and is kept nowhere else. A row that changes or goes
//! is kept as it was, with the stamp it had: so what the last writer did can be read, and taken back. Nothing here is
//! changed once written; triggers of the database see to it.

use chrono::{DateTime, Utc};

use super::dialect::{Tx, all, run};
use super::import::Table;
use super::{Snapshot, StoreError, WriteTx};
use crate::domain::facts::words;

words! {
    /// What kind of change it was.
    ChangeKind {
        /// Files were taken over.
        Import = "import",
        /// Something done was entered by hand.
        Record = "record",
        /// An entry was taken back by hand.
        Withdraw = "withdraw",
        /// A field of a case was corrected by hand.
        Set = "set",
        /// An import was taken back.
        Undo = "undo",
    }
}

/// A change of facts that is about to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change<'a> {
    /// What kind.
    pub kind: ChangeKind,
    /// When.
    pub at: DateTime<Utc>,
    /// The user of the operating system.
    pub who: &'a str,
    /// The command.
    pub from: &'a str,
    /// The import that it takes back.
    pub undoes: Option<i64>,
}

/// What became of a file of an import.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileCounts {
    /// The table that it is for; empty if nobody could tell.
    pub table: String,
    /// Its name, without path.
    pub file: String,
    /// Rows that hold anything.
    pub read: u64,
    /// Keys that were not known.
    pub new: u64,
    /// Keys that say something else since.
    pub changed: u64,
    /// Keys that say what they said.
    pub unchanged: u64,
    /// Rows that the file no longer held.
    pub withdrawn: u64,
    /// Rows that were not taken over.
    pub refused: u64,
}

/// A change as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its number.
    pub id: i64,
    /// What kind; none if a later program knows more kinds.
    pub kind: Option<ChangeKind>,
    /// When.
    pub at: DateTime<Utc>,
    /// The user of the operating system.
    pub who: String,
    /// The command.
    pub from: String,
    /// When and by whom it was taken back.
    pub undone: Option<(DateTime<Utc>, String)>,
    /// Its files, in the order in which they were taken over.
    pub files: Vec<FileCounts>,
}

/// A change's row, then those of its taking back.
type ChangeRow = (i64, String, DateTime<Utc>, String, String, Option<DateTime<Utc>>, Option<String>);
/// A file's row: its change, table and name, then the counts.
type FileRow = (i64, String, String, i64, i64, i64, i64, i64, i64);

macro_rules! changes {
    ($condition:literal) => {
        concat!(
            "select v.id, v.art, v.at, v.wer, v.woher, u.at as undone_at, u.wer as undone_by",
            " from vorgang v left join vorgang u on u.nimmt_zurueck = v.id where ",
            $condition
        )
    };
}
macro_rules! files {
    ($condition:literal) => {
        concat!(
            "select f.vorgang, f.tabelle, f.datei, f.gelesen, f.neu, f.geaendert, f.unveraendert, f.zurueckgezogen,",
            " f.abgelehnt from vorgang_datei f where ",
            $condition,
            " order by f.vorgang, f.nr"
        )
    };
}

const IMPORTS: &str = changes!("v.art = 'import' order by v.id desc limit $1");
const FILES_SINCE: &str = files!("f.vorgang >= $1");
const OF_NUMBERS: &str = changes!("v.id in (select cast(value as bigint) from json_each($1))");
const OF_NUMBERS_PG: &str =
    changes!("v.id in (select cast(value as bigint) from json_array_elements_text(cast($1 as json)))");
const FILES_OF_NUMBERS: &str = files!("f.vorgang in (select cast(value as bigint) from json_each($1))");
const FILES_OF_NUMBERS_PG: &str =
    files!("f.vorgang in (select cast(value as bigint) from json_array_elements_text(cast($1 as json)))");

/// The text that keeps rows as they are, before `change` changes them. `from` is `from TABLE as m … where …`; rows that
/// the change has written itself are left out: what they were before it is kept already, or they were not there.
pub(super) fn keep(tx: &Tx, table: &Table, change: i64, from: &str) -> String {
    let json = tx.json_array();
    let list = |columns: Vec<(&str, _)>| {
        let columns: Vec<_> = columns.into_iter().map(|(column, _)| format!("m.{column}")).collect();
        format!("cast({json}({}) as text)", columns.join(", "))
    };
    let fallnr = if table.column("fallnr").is_some() { "m.fallnr" } else { "''" };
    format!(
        "insert into protokoll (fallnr, tabelle, schluessel, vorgang, vor_vorgang, vorher) \
         select {fallnr}, '{}', {}, {change}, m.vorgang, {} {from} and m.vorgang <> {change}",
        table.name(),
        list(table.whole_key()),
        list(table.all_columns())
    )
}

/// The condition that a kept row's key (`schluessel` of `kept`) is that of row `row`.
pub(super) fn key_is(tx: &Tx, table: &Table, kept: &str, row: &str) -> String {
    let column = format!("{kept}.schluessel");
    let parts = table.whole_key().into_iter().enumerate();
    let parts = parts.map(|(n, (name, ty))| format!("{row}.{name} = {}", tx.json_at(&column, n, ty)));
    parts.collect::<Vec<_>>().join(" and ")
}

impl WriteTx {
    /// Notes the files of an import and what became of them.
    pub async fn note_files(&mut self, files: &[FileCounts]) -> Result<(), StoreError> {
        let change = self.change();
        for (nr, file) in (0_i64..).zip(files) {
            run!(
                self.inner(),
                "insert into vorgang_datei (vorgang, nr, tabelle, datei, gelesen, neu, geaendert, unveraendert, \
                 zurueckgezogen, abgelehnt) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                change,
                nr,
                &file.table,
                &file.file,
                file.read.cast_signed(),
                file.new.cast_signed(),
                file.changed.cast_signed(),
                file.unchanged.cast_signed(),
                file.withdrawn.cast_signed(),
                file.refused.cast_signed()
            )?;
        }
        Ok(())
    }
}

impl Snapshot {
    /// The last imports, the newest first.
    pub async fn imports(&mut self, limit: u32) -> Result<Vec<Kept>, StoreError> {
        let rows: Vec<ChangeRow> = all!(&mut self.tx, IMPORTS, i64::from(limit))?;
        let first = rows.last().map_or(i64::MAX, |row| row.0);
        let files: Vec<FileRow> = all!(&mut self.tx, FILES_SINCE, first)?;
        Ok(kept(rows, files))
    }

    /// The changes of these numbers, in no particular order. 0 and what is not known are missing.
    pub(super) async fn changes(&mut self, numbers: &[i64]) -> Result<Vec<Kept>, StoreError> {
        // A list of numbers cannot fail to be written.
        let list = serde_json::to_string(numbers).unwrap_or_default();
        let (changes, files) = match self.tx {
            Tx::Sqlite(_) => (OF_NUMBERS, FILES_OF_NUMBERS),
            Tx::Postgres(_) => (OF_NUMBERS_PG, FILES_OF_NUMBERS_PG),
        };
        let rows: Vec<ChangeRow> = all!(&mut self.tx, changes, &list)?;
        let files: Vec<FileRow> = all!(&mut self.tx, files, &list)?;
        Ok(kept(rows, files))
    }
}

fn kept(rows: Vec<ChangeRow>, files: Vec<FileRow>) -> Vec<Kept> {
    let mut kept: Vec<Kept> = rows
        .into_iter()
        .map(|(id, kind, at, who, from, undone_at, undone_by)| Kept {
            id,
            kind: kind.parse().ok(),
            at,
            who,
            from,
            undone: undone_at.zip(undone_by),
            files: Vec::new(),
        })
        .collect();
    for (change, table, file, read, new, changed, unchanged, withdrawn, refused) in files {
        let Some(kept) = kept.iter_mut().find(|kept| kept.id == change) else { continue };
        kept.files.push(FileCounts {
            table,
            file,
            read: read.unsigned_abs(),
            new: new.unsigned_abs(),
            changed: changed.unsigned_abs(),
            unchanged: unchanged.unsigned_abs(),
            withdrawn: withdrawn.unsigned_abs(),
            refused: refused.unsigned_abs(),
        });
    }
    kept
}
