//! What was known at the end of a day: what `simulate` plays on when nothing newer is to come.
//!
//! Imports and entries made later are undone in the copy, by the log of changes: what they brought goes, what they changed
//! or withdrew is again what it was. Where the log does not reach back so far, as nothing had come by that day, each thing
//! counts as reported on its own day, as everywhere in a simulation, and what bears a later date was never reported.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::copy::pour;
use super::dialect::{Tx, one};
use super::import::tables::{KORREKTUR, TAKEN_BACK, Table};
use super::{StoreError, micros};

/// A day, and the instant at which it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Until {
    /// The last day of which there is data.
    pub day: NaiveDate,
    /// The first instant after it.
    pub end: DateTime<Utc>,
}

/// Facts that a simulation takes as not yet happened before their day (RULES.md §1), and that are unknown for good when
/// nothing is reported after `$1`.
const LATER: [&str; 7] = [
    "delete from aktivitaet where datum > $1",
    "update listenfall set fehlt_seit = null where fehlt_seit > $1",
    "update betreuung set ende_am = null, ende_grund = '' where ende_am > $1",
    "update betreuung set rueckgabegespraech_am = null where rueckgabegespraech_am > $1",
    "update betreuung set fazit_am = null where fazit_am > $1",
    "update betreuung set kennung = '', kennung_seit = null where kennung_seit > $1",
    "update veranstaltung set durchgefuehrt = false where datum > $1",
];

/// Takes from the copy `target` of `source` what came later, and says that the data of all teams is of the last day.
pub(super) async fn take_back(source: &mut Tx, target: &mut SqliteConnection, until: Until) -> Result<(), StoreError> {
    let end = micros(until.end);
    let (logged,): (bool,) = one!(source, "select exists (select 1 from vorgang_team where at < $1)", end)?;
    if logged {
        for table in TAKEN_BACK.into_iter().filter(|table| table.name() != KORREKTUR.name()) {
            of_table(source, target, table, end).await?;
        }
    } else {
        for sql in LATER {
            sqlx::query(sql).bind(until.day).execute(&mut *target).await?;
        }
    }
    sqlx::query("delete from datenstand").execute(&mut *target).await?;
    let last = micros(end - chrono::TimeDelta::microseconds(1));
    sqlx::query("insert into datenstand (team, at) select team, $1 from team").bind(last).execute(target).await?;
    Ok(())
}

/// The rows that later changes wrote go; those that were there before come back as they were.
async fn of_table(
    source: &mut Tx,
    target: &mut SqliteConnection,
    table: &Table,
    end: DateTime<Utc>,
) -> Result<(), StoreError> {
    const LATER: &str = "(select id from vorgang where at >= $1)";
    let (name, json) = (table.name(), source.json_array());
    let names = |columns: Vec<(&'static str, _)>| columns.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    let values = |n: usize| (0..n).map(|n| format!("value ->> {n}")).collect::<Vec<_>>().join(", ");

    let key = names(table.whole_key());
    let (columns, values_of_key) = (key.join(", "), values(key.len()));
    let written = format!("select cast({json}({columns}) as text) from {name} where vorgang in {LATER}");
    let delete = format!("delete from {name} where ({columns}) in (select {values_of_key} from json_each($1))");
    pour(source, target, AssertSqlSafe(written), Some(end), &delete).await?;

    let all = names(table.all_columns());
    let before = format!(
        "select vorher from protokoll where tabelle = '{name}' and vorgang in {LATER} and vor_vorgang not in {LATER}"
    );
    let insert =
        format!("insert or replace into {name} ({}) select {} from json_each($1)", all.join(", "), values(all.len()));
    pour(source, target, AssertSqlSafe(before), Some(end), &insert).await
}
