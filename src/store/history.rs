//! What is known of a case with where it comes from: each field and row with the change that last wrote it, and what was
//! there before.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use sqlx::AssertSqlSafe;

use super::dialect::all;
use super::import::tables::{AKTIVITAET, BETREUUNG, FOERDERUNG, PAUSE, TERMIN, Table};
use super::protocol::{ChangeKind, Kept};
use super::{Snapshot, StoreError};

/// A field of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sourced {
    /// The column.
    pub field: &'static str,
    /// What it says, dates as ISO text; empty is none.
    pub value: Option<String>,
    /// The change that said so; 0 where that was before changes were kept.
    pub by: i64,
}

/// A row that hangs on a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamped {
    /// Its table.
    pub table: &'static str,
    /// Its columns with what they say, dates as ISO text; empty is none.
    pub values: Vec<(&'static str, Option<String>)>,
    /// The change that last wrote it; 0 as above.
    pub by: i64,
}

impl Stamped {
    /// What a column says; nothing if it says nothing.
    pub fn get(&self, column: &str) -> &str {
        let found = self.values.iter().find(|(name, _)| *name == column);
        found.and_then(|(_, value)| value.as_deref()).unwrap_or("")
    }
}

/// What a change made different in one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// The change.
    pub by: i64,
    /// The table.
    pub table: &'static str,
    /// The row's key, its parts joined by blanks.
    pub key: String,
    /// Whether the row went; then every field that said something is named.
    pub gone: bool,
    /// The fields that say something else since.
    pub fields: Vec<Different>,
}

/// A field before and after a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Different {
    /// The column.
    pub field: &'static str,
    /// What it said, dates as ISO text; empty is none.
    pub before: Option<String>,
    /// What it said after.
    pub after: Option<String>,
}

/// What people say of a field where the lists say something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// The table.
    pub table: String,
    /// The row's key, its parts joined by blanks.
    pub key: String,
    /// The column.
    pub field: String,
    /// What the lists said last.
    pub delivered: Option<String>,
    /// What people say.
    pub said: Option<String>,
    /// The change that said so.
    pub by: i64,
}

/// Everything about a case and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CaseHistory {
    /// The case's fields, in the order of the list.
    pub fields: Vec<Sourced>,
    /// What hangs on it: activities, subsidies, rests, appointments, each kind in key order.
    pub rows: Vec<Stamped>,
    /// What was changed, the newest first.
    pub past: Vec<Past>,
    /// Where people's word stands against the lists'.
    pub corrections: Vec<Correction>,
    /// The changes that are named above, by number.
    pub changes: BTreeMap<i64, Kept>,
}

impl CaseHistory {
    /// The rows of a table.
    pub fn of(&self, table: &str) -> Vec<&Stamped> {
        self.rows.iter().filter(|row| *row.table == *table).collect()
    }
}

/// Table, key, field, delivered, said, change.
type CorrectionRow = (String, String, String, Option<String>, Option<String>, i64);

/// What is shown of a case, its own row first.
static SHOWN: [&Table; 5] = [&BETREUUNG, &AKTIVITAET, &FOERDERUNG, &PAUSE, &TERMIN];

/// A row as it is: key, values, stamp.
struct Image {
    table: &'static Table,
    key: String,
    values: Vec<Option<String>>,
    by: i64,
}

/// A row as it was: before the change `by`, written by `before`.
struct Was {
    image: Image,
    before: i64,
}

impl Snapshot {
    /// What is known of a case and where it comes from; empty if there is no such case.
    pub async fn history(&mut self, fallnr: &str) -> Result<CaseHistory, StoreError> {
        let json = self.tx.json_array();
        let list = |columns: Vec<(&'static str, _)>| {
            let columns: Vec<_> = columns.into_iter().map(|(column, _)| column).collect();
            format!("cast({json}({}) as text)", columns.join(", "))
        };
        let mut now = Vec::new();
        for table in SHOWN {
            let (key, whole) = (list(table.whole_key()), list(table.all_columns()));
            let order = table.whole_key().into_iter().map(|(column, _)| column).collect::<Vec<_>>().join(", ");
            let sql =
                format!("select {key}, {whole}, vorgang from {} where fallnr = $1 order by {order}", table.name());
            let rows: Vec<(String, String, i64)> = all!(&mut self.tx, AssertSqlSafe(sql), fallnr)?;
            now.extend(rows.into_iter().map(|(key, values, by)| Image { table, key, values: texts(&values), by }));
        }
        let rows: Vec<(String, String, i64, i64, String)> = all!(
            &mut self.tx,
            "select tabelle, schluessel, vorgang, vor_vorgang, vorher from protokoll where fallnr = $1 \
             order by vorgang desc, tabelle, schluessel",
            fallnr
        )?;
        let was = rows.into_iter().filter_map(|(name, key, by, before, values)| {
            let table = SHOWN.into_iter().find(|table| table.name() == name)?;
            Some(Was { image: Image { table, key, values: texts(&values), by }, before })
        });
        let was: Vec<Was> = was.collect();
        let corrections: Vec<CorrectionRow> = all!(
            &mut self.tx,
            "select tabelle, schluessel, feld, geliefert, wert, vorgang from korrektur \
             where fallnr = $1 and wert is distinct from geliefert order by tabelle, schluessel, feld",
            fallnr
        )?;
        let mut history = CaseHistory { fields: fields(&now, &was), past: past(&now, &was), ..CaseHistory::default() };
        history.corrections = corrections
            .into_iter()
            // What nobody's list has ever said needs no defence against one.
            .filter(|(table, _, _, delivered, ..)| table != AKTIVITAET.name() || delivered.is_some())
            .map(|(table, key, field, delivered, said, by)| Correction {
                table,
                key: words(&key),
                field,
                delivered,
                said,
                by,
            })
            .collect();
        let hanging = now.into_iter().filter(|image| image.table.name() != BETREUUNG.name());
        history.rows = hanging
            .map(|image| Stamped {
                table: image.table.name(),
                values: image.table.all_columns().into_iter().map(|(name, _)| name).zip(image.values).collect(),
                by: image.by,
            })
            .collect();
        let numbers = history.fields.iter().map(|f| f.by).chain(history.rows.iter().map(|r| r.by));
        let numbers = numbers.chain(history.past.iter().map(|p| p.by)).chain(history.corrections.iter().map(|c| c.by));
        let numbers: BTreeSet<i64> = numbers.filter(|by| *by > 0).collect();
        let numbers: Vec<i64> = numbers.into_iter().collect();
        history.changes = self.changes(&numbers).await?.into_iter().map(|kept| (kept.id, kept)).collect();
        // A taking back is told of with what it took back.
        let changes = &history.changes;
        let undo = |by: &i64| changes.get(by).is_some_and(|kept| kept.kind == Some(ChangeKind::Undo));
        history.past.retain(|past| !undo(&past.by));
        Ok(history)
    }
}

/// The case's fields: each says what the last change said that made it different.
fn fields(now: &[Image], was: &[Was]) -> Vec<Sourced> {
    let Some(case) = now.iter().find(|image| image.table.name() == BETREUUNG.name()) else { return Vec::new() };
    let columns = case.table.all_columns().into_iter().zip(&case.values).enumerate();
    let sourced = |(n, ((field, _), value)): (usize, ((&'static str, _), &Option<String>))| {
        let mut by = case.by;
        // Back from change to change, as long as the field stays the same. Changes taken back are not on this way.
        while let Some(step) = was.iter().find(|was| was.image.by == by && was.image.key == case.key && is_case(was)) {
            if step.image.values.get(n) != Some(value) {
                break;
            }
            by = step.before;
        }
        Sourced { field, value: value.clone(), by }
    };
    columns.map(sourced).collect()
}

fn is_case(was: &Was) -> bool {
    was.image.table.name() == BETREUUNG.name()
}

/// What each change made different.
fn past(now: &[Image], was: &[Was]) -> Vec<Past> {
    let same = |one: &Image, other: &Image| one.table.name() == other.table.name() && one.key == other.key;
    let each = |step: &Was| {
        let image = &step.image;
        // What it became stands in the row, if nobody has written it since, else in what the next change kept of it.
        let became = now.iter().find(|row| same(row, image) && row.by == image.by).or_else(|| {
            was.iter().find(|later| same(&later.image, image) && later.before == image.by).map(|later| &later.image)
        });
        let columns = image.table.all_columns().into_iter().enumerate();
        let fields = columns.map(|(n, (field, _))| Different {
            field,
            before: image.values.get(n).cloned().flatten(),
            after: became.and_then(|row| row.values.get(n).cloned().flatten()),
        });
        Past {
            by: image.by,
            table: image.table.name(),
            key: words(&image.key),
            gone: became.is_none(),
            fields: fields.filter(|field| field.before != field.after).collect(),
        }
    };
    was.iter().map(each).collect()
}

/// The values of a JSON array as texts.
pub(super) fn texts(json: &str) -> Vec<Option<String>> {
    let Ok(Json::Array(values)) = serde_json::from_str(json) else { return Vec::new() };
    let text = |value| match value {
        Json::Null => None,
        Json::String(text) => Some(text).filter(|text| !text.is_empty()),
        other => Some(other.to_string()),
    };
    values.into_iter().map(text).collect()
}

/// The values of a JSON array, joined by blanks.
pub(super) fn words(json: &str) -> String {
    texts(json).into_iter().flatten().collect::<Vec<_>>().join(" ")
}
