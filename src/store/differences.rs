//! What a change that is not yet kept has made different: what would be, if it were.
//!
//! All of it is SQL over the log, as taking back is, so that memory does not grow with a delivery.

use sqlx::AssertSqlSafe;

use super::dialect::{all, one};
use super::history::{texts, words};
use super::import::tables::TAKEN_BACK;
use super::protocol::key_is;
use super::{StoreError, WriteTx};

/// How often a field says something else, and the first rows in which it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldChanges {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub field: &'static str,
    /// In how many rows.
    pub rows: u64,
    /// The first of them, in key order.
    pub first: Vec<FieldChange>,
}

/// A field of one row before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldChange {
    /// The row's key, its parts joined by blanks.
    pub key: String,
    /// What it said, dates as ISO text; none is empty.
    pub before: Option<String>,
    /// What it says.
    pub after: Option<String>,
}

impl WriteTx {
    /// The fields of facts that this change has made different in rows that were there before it, with at most `examples`
    /// rows each.
    pub async fn differences(&mut self, examples: usize) -> Result<Vec<FieldChanges>, StoreError> {
        let change = self.change();
        let mut differences = Vec::new();
        for table in TAKEN_BACK.into_iter().rev().filter(|table| !table.beside()) {
            let tx = self.inner();
            let (name, json) = (table.name(), tx.json_array());
            let columns = table.all_columns().into_iter().enumerate();
            let columns = columns.map(|(n, (field, ty))| (field, tx.json_at("a.vorher", n, ty)));
            let columns: Vec<_> =
                columns.filter(|(field, _)| table.whole_key().iter().all(|(key, _)| key != field)).collect();
            let same = key_is(tx, table, "a", "m");
            let from =
                format!("from protokoll a join {name} m on {same} where a.vorgang = {change} and a.tabelle = '{name}'");
            let counts = columns.iter().map(|(field, was)| {
                format!("coalesce(sum(case when {was} is distinct from m.{field} then 1 else 0 end), 0)")
            });
            let sql = format!("select cast({json}({}) as text) {from}", counts.collect::<Vec<_>>().join(", "));
            let (counts,): (String,) = one!(tx, AssertSqlSafe(sql))?;
            for ((field, was), rows) in columns.into_iter().zip(texts(&counts)) {
                let rows = rows.and_then(|rows| rows.parse().ok()).unwrap_or(0);
                if rows == 0 {
                    continue;
                }
                let sql = format!(
                    "select a.schluessel, cast({json}({was}, m.{field}) as text) {from} \
                     and {was} is distinct from m.{field} order by a.fallnr, a.schluessel limit {examples}"
                );
                let first: Vec<(String, String)> = all!(tx, AssertSqlSafe(sql))?;
                let first = first.into_iter().map(|(key, both)| {
                    let mut both = texts(&both).into_iter();
                    let (before, after) = (both.next().flatten(), both.next().flatten());
                    FieldChange { key: words(&key), before, after }
                });
                differences.push(FieldChanges { table: name, field, rows, first: first.collect() });
            }
        }
        Ok(differences)
    }
}
