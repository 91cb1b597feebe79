//! All tables, as SQLite's own description names them: what a backup copies from PostgreSQL and a restore brings back.
//!
//! Both databases have the same tables with the same columns. A row crosses as one JSON array, and pages of them as one
//! parameter, as in `copy`; bytes cross in hexadecimal.

use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, PgConnection, SqliteConnection};

use super::StoreError;

/// Bytes of JSON that are sent at once. A single row may be larger: it is a mail.
const PAGE_BYTES: usize = 1 << 20;

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    name: String,
    columns: Vec<Column>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Column {
    name: String,
    bytes: bool,
    number: bool,
}

/// The tables of the database, each behind those that it refers to. The notes of the migrations are not among them.
pub(super) async fn tables(sqlite: &mut SqliteConnection) -> Result<Vec<Table>, StoreError> {
    let names: Vec<String> = sqlx::query_scalar(
        "select name from sqlite_master where type = 'table' and name not like 'sqlite\\_%' escape '\\' \
         and name not like '\\_sqlx\\_%' escape '\\' order by name",
    )
    .fetch_all(&mut *sqlite)
    .await?;
    let (mut tables, mut waiting) = (Vec::new(), Vec::new());
    for name in names {
        let columns: Vec<(String, String)> =
            sqlx::query_as("select name, lower(type) from pragma_table_info($1) order by cid")
                .bind(&name)
                .fetch_all(&mut *sqlite)
                .await?;
        let refers: Vec<String> = sqlx::query_scalar("select \"table\" from pragma_foreign_key_list($1)")
            .bind(&name)
            .fetch_all(&mut *sqlite)
            .await?;
        let columns = columns
            .into_iter()
            .map(|(name, kind)| Column { name, bytes: kind == "blob", number: kind == "integer" })
            .collect();
        waiting.push((Table { name, columns }, refers));
    }
    while !waiting.is_empty() {
        let known: Vec<String> = tables.iter().map(|table: &Table| table.name.clone()).collect();
        let (ready, rest): (Vec<_>, Vec<_>) = waiting
            .into_iter()
            .partition(|(table, refers)| refers.iter().all(|other| known.contains(other) || *other == table.name));
        if ready.is_empty() {
            return Err(StoreError::Other("Tabellen verweisen im Kreis".to_owned()));
        }
        tables.extend(ready.into_iter().map(|(table, _)| table));
        waiting = rest;
    }
    Ok(tables)
}

impl Table {
    fn names(&self) -> String {
        let names: Vec<_> = self.columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
        names.join(", ")
    }

    /// The columns with those that hold bytes wrapped by `bytes`.
    fn wrapped(&self, bytes: fn(&str) -> String) -> String {
        let names = self.columns.iter().map(|column| {
            let name = format!("\"{}\"", column.name);
            if column.bytes { bytes(&name) } else { name }
        });
        names.collect::<Vec<_>>().join(", ")
    }

    /// Copies the table from PostgreSQL into SQLite, where it is empty. How many rows.
    pub(super) async fn fetch(&self, from: &mut PgConnection, to: &mut SqliteConnection) -> Result<u64, StoreError> {
        let select = format!(
            "select cast(json_build_array({}) as text) from {}",
            self.wrapped(|name| format!("encode({name}, 'hex')")),
            self.name
        );
        let values =
            self.columns.iter().enumerate().map(|(n, column)| {
                if column.bytes { format!("unhex(value ->> {n})") } else { format!("value ->> {n}") }
            });
        let values: Vec<_> = values.collect();
        let insert =
            format!("insert into {} ({}) select {} from json_each($1)", self.name, self.names(), values.join(", "));
        let mut page = Page::default();
        let mut rows = sqlx::query_scalar::<_, String>(AssertSqlSafe(select)).fetch(from);
        while let Some(row) = rows.try_next().await? {
            page.push(&row);
            if page.json.len() >= PAGE_BYTES {
                sqlx::query(AssertSqlSafe(insert.as_str())).bind(page.take()).execute(&mut *to).await?;
            }
        }
        sqlx::query(AssertSqlSafe(insert.as_str())).bind(page.take()).execute(to).await?;
        Ok(page.all)
    }

    /// Copies the table from SQLite into PostgreSQL, where it is empty. How many rows.
    pub(super) async fn bring(&self, from: &mut SqliteConnection, to: &mut PgConnection) -> Result<u64, StoreError> {
        // As objects: PostgreSQL then reads each value as its column's type.
        let pairs = self.columns.iter().map(|column| {
            let name = format!("\"{}\"", column.name);
            let value = if column.bytes { format!("'\\x' || hex({name})") } else { name };
            format!("'{}', {value}", column.name)
        });
        let pairs: Vec<_> = pairs.collect();
        let select = format!("select json_object({}) from {}", pairs.join(", "), self.name);
        let insert = format!(
            "insert into {0} ({1}) overriding system value select {1} from json_populate_recordset(null::{0}, $1::json)",
            self.name,
            self.names()
        );
        let mut page = Page::default();
        let mut rows = sqlx::query_scalar::<_, String>(AssertSqlSafe(select)).fetch(from);
        while let Some(row) = rows.try_next().await? {
            page.push(&row);
            if page.json.len() >= PAGE_BYTES {
                sqlx::query(AssertSqlSafe(insert.as_str())).bind(page.take()).execute(&mut *to).await?;
            }
        }
        sqlx::query(AssertSqlSafe(insert.as_str())).bind(page.take()).execute(&mut *to).await?;
        for column in self.columns.iter().filter(|column| column.number) {
            // Numbers that the database gives go on behind those that were brought.
            let next = format!(
                "select setval(s, coalesce((select max(\"{1}\")::bigint from {0}), 0) + 1, false) \
                 from pg_get_serial_sequence('{0}', '{1}') s where s is not null",
                self.name, column.name
            );
            sqlx::query(AssertSqlSafe(next)).execute(&mut *to).await?;
        }
        Ok(page.all)
    }

    /// Empties the table of SQLite.
    pub(super) async fn empty(&self, sqlite: &mut SqliteConnection) -> Result<(), StoreError> {
        sqlx::query(AssertSqlSafe(format!("delete from {}", self.name))).execute(sqlite).await?;
        Ok(())
    }
}

/// Empties the tables of PostgreSQL.
pub(super) async fn empty_all(tables: &[Table], postgres: &mut PgConnection) -> Result<(), StoreError> {
    let names: Vec<_> = tables.iter().map(|table| table.name.as_str()).collect();
    sqlx::query(AssertSqlSafe(format!("truncate {}", names.join(", ")))).execute(postgres).await?;
    Ok(())
}

/// Rows on their way, as the inside of a JSON array.
#[derive(Default)]
struct Page {
    all: u64,
    json: String,
}

impl Page {
    fn push(&mut self, row: &str) {
        self.json.push(if self.json.is_empty() { '[' } else { ',' });
        self.json.push_str(row);
        self.all += 1;
    }

    /// The array; empty if there were no rows.
    fn take(&mut self) -> String {
        let mut json = std::mem::take(&mut self.json);
        json.push_str(if json.is_empty() { "[]" } else { "]" });
        json
    }
}
