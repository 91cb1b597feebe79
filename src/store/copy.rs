//! A throw-away copy of the facts: what `simulate` plays on.

use std::path::Path;

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use sqlx::{QueryBuilder, Row, SqliteConnection};

use super::dialect::{PG_INSTANT, SQLITE_BEGIN_WRITE, SQLITE_INSTANT, Tx, one};
use super::{Db, StoreError};

/// The tables that hold facts, with their columns. The memory of what was said and the queue stay behind.
const FACTS: [(&str, &[&str]); 11] = [
    ("team", &["team", "name", "postfach", "bundesland", "leitung", "dienststelle", "beginn"]),
    ("kollege", &["kuerzel", "name", "email", "rolle", "team", "region", "vertretung"]),
    (
        "betreuung",
        &[
            "fallnr",
            "bezeichnung",
            "bak",
            "ifk",
            "team",
            "region",
            "kennung",
            "kennung_seit",
            "uebergabe_am",
            "hauptbetreuer_seit",
            "ende_am",
            "ende_grund",
            "rueckgabegespraech_am",
            "fazit_am",
        ],
    ),
    ("aktivitaet", &["fallnr", "art", "datum", "anzahl"]),
    ("foerderung", &["foerdernr", "fallnr", "art", "arbeitgeber", "beginn", "ende", "potenzial"]),
    ("pause", &["source", "row_key", "fallnr", "von", "bis"]),
    ("abwesenheit", &["source", "row_key", "kuerzel", "von", "bis"]),
    ("veranstaltung", &["source", "row_key", "team", "titel", "art", "datum", "durchgefuehrt"]),
    ("termin", &["terminnr", "source", "fallnr", "art", "datum", "uhrzeit", "ort", "teilnehmer"]),
    (
        "stelle",
        &["refnr", "titel", "arbeitgeber", "ort", "arbeitszeit", "eingestellt_am", "link", "quelle", "erstmals_am"],
    ),
    ("datenstand", &["team", "at"]),
];

/// Rows in memory at once.
const ROWS: usize = 500;

impl Db {
    /// Copies one state of all facts into a fresh SQLite file at `path` and opens it. Memory stays bounded; the file
    /// is the caller's to remove.
    pub async fn copy_facts_to(&self, path: &Path, now: DateTime<Utc>) -> Result<Self, StoreError> {
        let copy = Self::open_scratch(path, now).await?;
        let mut source = self.read().await?;
        let Self::Sqlite { writer, .. } = &copy else { return Err(StoreError::Url) };
        let mut target = writer.begin_with(SQLITE_BEGIN_WRITE).await?;
        let (revision,): (i64,) = one!(&mut source, "select facts_revision from installation where id = 1")?;
        sqlx::query("update installation set facts_revision = $1 where id = 1")
            .bind(revision)
            .execute(&mut *target)
            .await?;
        for (table, columns) in FACTS {
            copy_table(&mut source, &mut target, table, columns).await?;
        }
        target.commit().await?;
        Ok(copy)
    }
}

/// Everything crosses as the text that SQLite would keep; its columns turn numbers back into numbers.
async fn copy_table(
    source: &mut Tx,
    target: &mut SqliteConnection,
    table: &'static str,
    columns: &[&'static str],
) -> Result<(), StoreError> {
    let instant = match source {
        Tx::Sqlite(_) => SQLITE_INSTANT,
        Tx::Postgres(_) => PG_INSTANT,
    };
    let list: Vec<String> = columns
        .iter()
        .map(|&column| match column {
            "at" => instant.to_owned(),
            "durchgefuehrt" => "case when durchgefuehrt then '1' else '0' end".to_owned(),
            column => format!("cast({column} as text)"),
        })
        .collect();
    // Names of tables and columns from the list above, nothing from outside.
    let select = sqlx::AssertSqlSafe(format!("select {} from {table}", list.join(", ")));
    let mut page: Vec<Vec<Option<String>>> = Vec::with_capacity(ROWS);
    macro_rules! pump {
        ($tx:expr) => {{
            let mut rows = sqlx::query(select).fetch(&mut **$tx);
            while let Some(row) = rows.try_next().await? {
                page.push((0..columns.len()).map(|column| row.try_get(column)).collect::<Result<_, _>>()?);
                if page.len() == ROWS {
                    insert(target, table, columns, &page).await?;
                    page.clear();
                }
            }
        }};
    }
    match source {
        Tx::Sqlite(tx) => pump!(tx),
        Tx::Postgres(tx) => pump!(tx),
    }
    insert(target, table, columns, &page).await
}

async fn insert(
    target: &mut SqliteConnection,
    table: &str,
    columns: &[&str],
    rows: &[Vec<Option<String>>],
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::new("insert into ");
    query.push(table).push(" (").push(columns.join(", ")).push(") ");
    query.push_values(rows, |mut line, row| {
        for value in row {
            line.push_bind(value);
        }
    });
    query.build().execute(target).await?;
    Ok(())
}
