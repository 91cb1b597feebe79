//! Taking over a delivery: rows are staged in a temporary table, compared with what is known in SQL, and only what
//! differs is written. Everything happens inside the caller's write transaction; memory does not grow with the rows.
//!
//! Knows tables and keys; knows neither files nor why a row was refused. All SQL is one text for both databases but
//! for the making and filling of the staging table.

mod corrections;
mod filled;
mod listed;
pub(in crate::store) mod tables;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use chrono::NaiveDate;
use sqlx::{AssertSqlSafe, Row as _};

pub use corrections::Settled;
pub use filled::{CaseField, KnownCase};

use super::dialect::Tx;
use super::protocol::{keep, key_is};
use super::{StoreError, WriteTx};
pub(in crate::store) use listed::confirm;
pub use listed::{Days, Emptied, Fate, Listed, MovedBack};
pub use tables::{
    ABWESENHEIT, AKTIVITAET, BETREUUNG, FOERDERUNG, KOLLEGE, LISTENTAG, PAUSE, STELLE, TEAM, TERMIN, Table,
    VERANSTALTUNG,
};
use tables::{Stamp, Type};

/// One value of a staged row. The variant fixes the type the database sees, also for nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Value {
    /// A text that is always there.
    Text(String),
    /// A text that may be missing.
    Word(Option<String>),
    /// A date that may be missing.
    Day(Option<NaiveDate>),
    /// A count.
    Count(i64),
    /// An answer.
    Answer(bool),
}

/// A row as the delivery states it: values in the order of the table's `Table::columns`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staged {
    /// Where it stands in the file; later rows of the same key replace earlier ones.
    pub line: u64,
    /// Its values.
    pub values: Vec<Value>,
}

/// What taking over a file did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Applied {
    /// Keys that were not known.
    pub new: u64,
    /// Keys that now say something else.
    pub changed: u64,
    /// Keys that say what they said.
    pub unchanged: u64,
    /// Rows of the source that are no longer stated.
    pub withdrawn: u64,
    /// What became of corrections by hand.
    pub settled: Settled,
}

impl Applied {
    /// Whether the table says something else than before.
    pub fn changed_anything(&self) -> bool {
        self.new + self.changed + self.withdrawn > 0
    }
}

/// Rows that go into one insert: few enough for both databases' limits on parameters.
pub const BATCH: usize = 256;

/// The staging table of one file, inside a write transaction.
#[derive(Debug)]
pub struct Stage<'t> {
    tx: &'t mut Tx,
    table: &'static Table,
    /// What changes the rows: the number of the import.
    change: i64,
    /// Whether this import has written to the table before, from another file.
    again: bool,
    /// The insert of a full batch.
    insert: Arc<str>,
    /// The columns that the file states, where it does not state all: the others stay as they are.
    stated: Option<Vec<&'static str>>,
}

impl<'t> Stage<'t> {
    /// Makes an empty staging table. It goes with [`Stage::finish`] or the transaction, which must be that of a change
    /// that is kept ([`Db::begin_change`](super::Db::begin_change)).
    pub async fn new(tx: &'t mut WriteTx, table: &'static Table) -> Result<Self, StoreError> {
        let (change, again) = tx.writes_to(table.name)?;
        if table.name == LISTENTAG.name {
            tx.writes_to(AKTIVITAET.name)?;
        }
        Self::staging(tx.inner(), table, change, again).await
    }

    async fn staging(tx: &'t mut Tx, table: &'static Table, change: i64, again: bool) -> Result<Self, StoreError> {
        let Table { name, .. } = table;
        let key = table.key.join(", ");
        match tx {
            Tx::Sqlite(_) => {
                // Without rowid and keyed like the table proper, so that comparing walks both in order.
                let columns = table.columns.iter().map(|(c, ty)| match ty {
                    Type::Text => format!("{c} text"),
                    Type::Date => format!("{c} date"),
                    Type::Integer | Type::Answer => format!("{c} integer"),
                });
                let columns = columns.collect::<Vec<_>>().join(", ");
                let sql = format!(
                    "create temp table stage_{name} ({columns}, line integer, primary key ({key})) without rowid"
                );
                execute(tx, sql.into(), &[]).await?;
            }
            Tx::Postgres(_) => {
                // Made from the table proper, so that types and collations are the same.
                let columns = table.list("");
                let sql = format!(
                    "create temp table stage_{name} as select {columns}, cast(0 as bigint) as line from {name} with no data"
                );
                execute(tx, sql.into(), &[]).await?;
                execute(tx, format!("alter table stage_{name} add primary key ({key})").into(), &[]).await?;
            }
        }
        if let Some(column) = table.parent_column().filter(|c| table.key[0] != *c) {
            // Before the rows: SQLite sorts them in memory for an index made afterwards.
            execute(tx, format!("create index stage_{name}_parent on stage_{name} ({column})").into(), &[]).await?;
        }
        let insert = insert(tx, table, BATCH, Again::Replaces).into();
        Ok(Self { tx, table, change, again, insert, stated: None })
    }

    /// The table that the rows are for.
    pub fn table(&self) -> &'static Table {
        self.table
    }

    /// Says that of known rows only these columns are to be written.
    pub fn state_only(&mut self, columns: Vec<&'static str>) {
        self.stated = Some(columns);
    }

    /// Stages rows (at most [`BATCH`]); the last of a key counts.
    pub async fn put(&mut self, rows: Vec<Staged>) -> Result<(), StoreError> {
        // PostgreSQL cannot update a row twice in one insert: repeated keys are settled here.
        let key: Vec<_> = self.table.key.iter().filter_map(|column| self.table.place(column)).collect();
        let mut last: HashMap<Vec<&Value>, usize> = HashMap::with_capacity(rows.len());
        for (i, row) in rows.iter().enumerate() {
            last.insert(key.iter().filter_map(|place| row.values.get(*place)).collect(), i);
        }
        let mut kept = vec![false; rows.len()];
        for i in last.values() {
            kept[*i] = true;
        }
        let count = last.len();
        let mut values = Vec::with_capacity(count * (self.table.columns.len() + 1));
        for (row, _) in rows.into_iter().zip(kept).filter(|(_, kept)| *kept) {
            values.extend(row.values);
            values.push(Value::Count(i64::try_from(row.line).unwrap_or(i64::MAX)));
        }
        let sql = match count {
            0 => return Ok(()),
            BATCH => Arc::clone(&self.insert),
            n => insert(self.tx, self.table, n, Again::Replaces).into(),
        };
        execute(self.tx, sql, &values).await?;
        Ok(())
    }

    /// Notes that the file still holds a key whose row cannot be read: it is neither changed nor withdrawn.
    pub async fn hold(&mut self, key: String) -> Result<(), StoreError> {
        let Table { name, key: [column, ..], .. } = self.table else { return Ok(()) };
        let sql = format!("insert into stage_{name} ({column}, line) values ($1, 0) on conflict do nothing");
        execute(self.tx, sql.into(), &[Value::Text(key)]).await?;
        Ok(())
    }

    /// Says that staged rows do not state a column: it stays as it is, also where it was corrected by hand. `keys`: of rows
    /// that are staged and told by one column.
    pub async fn leave(&mut self, column: &str, keys: Vec<String>) -> Result<(), StoreError> {
        let Table { name, key: [key, ..], .. } = self.table else { return Ok(()) };
        let Some((column, ty)) = self.table.columns.iter().find(|(c, _)| *c == column) else { return Ok(()) };
        let (delivered, same) = (self.tx.text_as("k.geliefert", *ty), key_is(self.tx, self.table, "k", "m"));
        let places = (1..=keys.len()).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ");
        let sql = format!(
            "update stage_{name} as s set {column} = case when k.feld is null then m.{column} else {delivered} end from {name} m \
             left join korrektur k on k.tabelle = '{name}' and k.feld = '{column}' and {same} \
             where m.{key} = s.{key} and s.{key} in ({places})"
        );
        let keys: Vec<_> = keys.into_iter().map(Value::Text).collect();
        execute(self.tx, sql.into(), &keys).await?;
        Ok(())
    }

    /// Makes the staged rows ready to be compared; call once, after the last [`Stage::put`].
    pub async fn close(&mut self) -> Result<(), StoreError> {
        let name = self.table.name;
        if matches!(self.tx, Tx::Postgres(_)) {
            // Nothing else tells the planner how many rows a temporary table holds.
            execute(self.tx, format!("analyze stage_{name}").into(), &[]).await?;
        }
        Ok(())
    }

    /// How many rows the source has, and how many of them the file no longer holds.
    pub async fn withdrawal(&mut self, source: &str) -> Result<(u64, u64), StoreError> {
        let Table { name, .. } = self.table;
        let same = self.table.same_key();
        let source = [Value::Text(source.to_owned())];
        let all = number(self.tx, format!("select count(*) from {name} where source = $1"), &source).await?;
        let gone = format!(
            "select count(*) from {name} m where source = $1 and not exists (select 1 from stage_{name} s where {same})"
        );
        Ok((all, number(self.tx, gone, &source).await?))
    }

    /// Writes what differs. Where people have corrected a field, and the file says of it what the lists said before,
    /// people's word stays. `source` names whose rows they are, `today` is the day of the import (Berlin), `withdraw`:
    /// whether rows that the file no longer holds go.
    pub async fn apply(&mut self, source: &str, today: NaiveDate, withdraw: bool) -> Result<Applied, StoreError> {
        let Table { name, stamp, .. } = self.table;
        let same = self.table.same_key();
        let settled = corrections::settle(self.tx, self.table, self.change, self.stated.as_deref()).await?;
        let staged = number(self.tx, format!("select count(*) from stage_{name} where line > 0"), &[]).await?;
        let source = [Value::Text(source.to_owned())];
        let (stamp_column, stamp_value): (&str, &[Value]) = match stamp {
            Stamp::Nothing => ("", &[]),
            Stamp::SourceInKey | Stamp::SourceAndOwn | Stamp::Source => ("source", &source),
            Stamp::FirstDay => ("erstmals_am", &[Value::Day(Some(today))]),
        };

        let change = self.change;
        let mut withdrawn = 0;
        if self.table.states_all() && withdraw {
            let gone = format!("source = $1 and not exists (select 1 from stage_{name} s where {same})");
            let sql = keep(self.tx, self.table, change, &format!("from {name} as m where {gone}"));
            execute(self.tx, sql.into(), &source).await?;
            withdrawn = execute(self.tx, format!("delete from {name} as m where {gone}").into(), &source).await?;
        }

        let mut changed = 0;
        if *stamp != Stamp::SourceInKey {
            let stated = |c: &&str| self.stated.as_ref().is_none_or(|stated| stated.contains(c));
            let others = || self.table.names().filter(|c| !self.table.key.contains(c)).filter(stated);
            let mut set: Vec<_> = others().map(|c| format!("{c} = s.{c}")).collect();
            let mut differs: Vec<_> = others().map(|c| format!("m.{c} is distinct from s.{c}")).collect();
            let mut bound: &[Value] = &[];
            if *stamp == Stamp::Source {
                set.push("source = $1".into());
                differs.push("m.source is distinct from $1".into());
                bound = &source;
            }
            let differs = format!("{same} and s.line > 0 and ({})", differs.join(" or "));
            let kept = if set.is_empty() {
                0
            } else {
                let from = format!("from {name} as m, stage_{name} as s where {differs}");
                let sql = keep(self.tx, self.table, change, &from);
                execute(self.tx, sql.into(), bound).await?
            };
            // Mostly a list says what it said: then it has been compared once, and that is all.
            if kept > 0 || (self.again && !set.is_empty()) {
                let set = set.join(", ");
                let sql =
                    format!("update {name} as m set {set}, vorgang = {change} from stage_{name} s where {differs}");
                changed = execute(self.tx, sql.into(), bound).await?;
            }
        }

        let (stamp_name, stamp_param) =
            if stamp_column.is_empty() { (String::new(), "") } else { (format!(", {stamp_column}"), ", $1") };
        let sql = format!(
            "insert into {name} ({}{stamp_name}, vorgang) select {}{stamp_param}, {change} from stage_{name} s
             where s.line > 0 on conflict do nothing",
            self.table.list(""),
            self.table.list("s."),
        );
        let new = execute(self.tx, sql.into(), stamp_value).await?;
        Ok(Applied { new, changed, unchanged: staged.saturating_sub(new + changed), withdrawn, settled })
    }

    /// The rows whose parent is not known: how many, and the first of them (line, what they name).
    pub async fn unattached(&mut self, limit: usize) -> Result<(u64, Vec<(u64, String)>), StoreError> {
        let Some((column, parent, key)) = self.table.parent else { return Ok((0, Vec::new())) };
        let name = self.table.name;
        let from = format!(
            "from stage_{name} s where s.line > 0 and not exists (select 1 from {parent} p where p.{key} = s.{column})"
        );
        let count = number(self.tx, format!("select count(*) {from}"), &[]).await?;
        if count == 0 || limit == 0 {
            return Ok((count, Vec::new()));
        }
        let sql = format!("select s.line, s.{column} {from} order by s.line limit {limit}");
        let rows: Vec<(i64, String)> = match self.tx {
            Tx::Sqlite(tx) => sqlx::query_as(AssertSqlSafe(sql)).fetch_all(&mut **tx).await?,
            Tx::Postgres(tx) => sqlx::query_as(AssertSqlSafe(sql)).fetch_all(&mut **tx).await?,
        };
        Ok((count, rows.into_iter().map(|(line, value)| (line as u64, value)).collect()))
    }

    /// The cases that the file no longer lists: how many, and the first of them.
    ///
    /// Teams may deliver lists of their own, so only cases of the teams that the file names are looked at; a file
    /// without rows speaks for all teams.
    pub async fn missing_cases(&mut self, limit: usize) -> Result<(u64, Vec<String>), StoreError> {
        let from = "from betreuung m where not exists (select 1 from stage_betreuung s where s.fallnr = m.fallnr)
             and (m.team in (select team from stage_betreuung) or not exists (select 1 from stage_betreuung))";
        let count = number(self.tx, format!("select count(*) {from}"), &[]).await?;
        let sql = format!("select m.fallnr {from} order by m.fallnr limit {limit}");
        Ok((count, texts(self.tx, sql, &[]).await?))
    }

    /// The teams that the staged rows speak of, through their cases.
    pub async fn teams(&mut self) -> Result<Vec<String>, StoreError> {
        let name = self.table.name;
        if name == "betreuung" {
            return texts(self.tx, "select distinct team from stage_betreuung where line > 0".into(), &[]).await;
        }
        if !self.table.of_case() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "select distinct b.team from betreuung b
             where exists (select 1 from stage_{name} s where s.fallnr = b.fallnr)"
        );
        texts(self.tx, sql, &[]).await
    }

    /// Drops the staging table.
    pub async fn finish(self) -> Result<(), StoreError> {
        execute(self.tx, format!("drop table stage_{}", self.table.name).into(), &[]).await?;
        Ok(())
    }
}

/// The keys of all teams.
pub async fn known_teams(tx: &mut WriteTx) -> Result<Vec<String>, StoreError> {
    texts(tx.inner(), "select team from team".into(), &[]).await
}

/// The keys of all colleagues.
pub async fn known_colleagues(tx: &mut WriteTx) -> Result<Vec<String>, StoreError> {
    texts(tx.inner(), "select kuerzel from kollege".into(), &[]).await
}

/// What a row does whose key is staged already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Again {
    Replaces,
    Yields,
}

/// An insert of so many rows into the staging table.
///
/// SQLite gets its parameters without numbers: with them it looks for each one's name among all the others', which
/// takes a thousand times longer than the insert.
fn insert(tx: &Tx, table: &Table, rows: usize, again: Again) -> String {
    let numbered = matches!(tx, Tx::Postgres(_));
    let width = table.columns.len() + 1;
    let mut sql = format!("insert into stage_{} ({}, line) values ", table.name, table.list(""));
    for row in 0..rows {
        sql.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..width {
            sql.push_str(if column == 0 { "" } else { ", " });
            if numbered {
                // Writing to a String cannot fail.
                let _ = write!(sql, "${}", row * width + column + 1);
            } else {
                sql.push('?');
            }
        }
        sql.push(')');
    }
    if again == Again::Yields {
        sql.push_str(" on conflict do nothing");
        return sql;
    }
    let others = table.names().filter(|c| !table.key.contains(c)).chain(["line"]);
    let set = others.map(|c| format!("{c} = excluded.{c}")).collect::<Vec<_>>().join(", ");
    let _ = write!(sql, " on conflict ({}) do update set {set}", table.key.join(", "));
    sql
}

macro_rules! bound {
    ($sql:expr, $values:expr) => {{
        let mut query = sqlx::query(AssertSqlSafe($sql));
        for value in $values {
            query = match value {
                Value::Text(v) => query.bind(v.clone()),
                Value::Word(v) => query.bind(v.clone()),
                Value::Day(v) => query.bind(*v),
                Value::Count(v) => query.bind(*v),
                Value::Answer(v) => query.bind(*v),
            };
        }
        query
    }};
}

/// Runs a statement; gives the number of rows it wrote.
pub(super) async fn execute(tx: &mut Tx, sql: Arc<str>, values: &[Value]) -> Result<u64, StoreError> {
    Ok(match tx {
        Tx::Sqlite(tx) => bound!(sql, values).execute(&mut **tx).await?.rows_affected(),
        Tx::Postgres(tx) => bound!(sql, values).execute(&mut **tx).await?.rows_affected(),
    })
}

/// The one number that a statement gives.
pub(super) async fn number(tx: &mut Tx, sql: String, values: &[Value]) -> Result<u64, StoreError> {
    let n: i64 = match tx {
        Tx::Sqlite(tx) => bound!(sql, values).fetch_one(&mut **tx).await?.try_get(0)?,
        Tx::Postgres(tx) => bound!(sql, values).fetch_one(&mut **tx).await?.try_get(0)?,
    };
    Ok(n.unsigned_abs())
}

/// The texts of a statement's one column.
pub(super) async fn texts(tx: &mut Tx, sql: String, values: &[Value]) -> Result<Vec<String>, StoreError> {
    fn first<R: sqlx::Row>(rows: &[R]) -> Result<Vec<String>, sqlx::Error>
    where
        usize: sqlx::ColumnIndex<R>,
        String: for<'r> sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    {
        rows.iter().map(|row| row.try_get(0)).collect()
    }
    Ok(match tx {
        Tx::Sqlite(tx) => first(&bound!(sql, values).fetch_all(&mut **tx).await?)?,
        Tx::Postgres(tx) => first(&bound!(sql, values).fetch_all(&mut **tx).await?)?,
    })
}
