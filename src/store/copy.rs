//! Throw-away copies: of the facts, which `simulate` plays on, and of everything, for `preview`.

use std::path::Path;

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use sqlx::sqlite::SqliteSynchronous;
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::dialect::{SQLITE_BEGIN_WRITE, Tx, on, one};
use super::open::{open_file, scratch};
use super::restore::BackupError;
use super::until::{Until, take_back};
use super::{Db, StoreError};

/// The tables that hold facts, with their columns. The memory of what was said and the queue stay behind.
const FACTS: [(&str, &[&str]); 12] = [
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
    ("listenfall", &["source", "fallnr", "fehlt_seit"]),
];

/// Rows in memory at once.
const ROWS: usize = 500;

impl Db {
    /// Copies one state of everything, what was said and what is queued as well, into a fresh SQLite file at `path` and
    /// opens it. The file is the caller's to remove.
    pub async fn copy_everything_to(&self, path: &Path, now: DateTime<Utc>) -> Result<Self, BackupError> {
        self.copy_all_to(path, now).await?;
        let (writer, readers) = open_file(path, SqliteSynchronous::Off).await?;
        Ok(Self::Sqlite { writer, readers })
    }

    /// Copies one state of all facts into a fresh SQLite file at `path` and opens it: today's, or that at the end of a
    /// day. Memory stays bounded; the file is the caller's to remove.
    pub async fn copy_facts_to(
        &self,
        path: &Path,
        now: DateTime<Utc>,
        until: Option<Until>,
    ) -> Result<Self, StoreError> {
        let (copy, writer) = scratch(path, now).await?;
        let mut source = self.read().await?;
        let mut target = writer.begin_with(SQLITE_BEGIN_WRITE).await?;
        let (revision,): (i64,) = one!(&mut source, "select facts_revision from installation where id = 1")?;
        sqlx::query("update installation set facts_revision = $1 where id = 1")
            .bind(revision)
            .execute(&mut *target)
            .await?;
        for (table, columns) in FACTS {
            copy_table(&mut source, &mut target, table, columns).await?;
        }
        if let Some(until) = until {
            take_back(&mut source, &mut target, until).await?;
        }
        target.commit().await?;
        Ok(copy)
    }
}

/// Each row crosses as one text, a JSON array, and a page of them goes in as one parameter: bound one by one, the
/// values of a million activities take three times as long. JSON has the types that matter, and both databases write
/// dates and instants into it as SQLite keeps them.
async fn copy_table(
    source: &mut Tx,
    target: &mut SqliteConnection,
    table: &str,
    columns: &[&str],
) -> Result<(), StoreError> {
    let values: Vec<String> = (0..columns.len()).map(|column| format!("value ->> {column}")).collect();
    let names = columns.join(", ");
    // Only names from the list above are put together here, nothing from outside.
    let insert = format!("insert into {table} ({names}) select {} from json_each($1)", values.join(", "));
    let select = AssertSqlSafe(format!("select cast({}({names}) as text) from {table}", source.json_array()));
    pour(source, target, select, None, &insert).await
}

/// Takes what a text finds in `source`, one JSON array a row, to `target`, by a text that takes an array of them.
pub(super) async fn pour(
    source: &mut Tx,
    target: &mut SqliteConnection,
    select: AssertSqlSafe<String>,
    at: Option<DateTime<Utc>>,
    insert: &str,
) -> Result<(), StoreError> {
    let mut page = Page::default();
    on!(source, conn => {
        let query = sqlx::query_scalar(select);
        let mut rows = match at {
            Some(at) => query.bind(at),
            None => query,
        }
        .fetch(conn);
        while let Some::<String>(row) = rows.try_next().await? {
            page.push(&row);
            if page.rows == ROWS {
                sqlx::query(AssertSqlSafe(insert)).bind(page.take()).execute(&mut *target).await?;
            }
        }
    });
    sqlx::query(AssertSqlSafe(insert)).bind(page.take()).execute(target).await?;
    Ok(())
}

/// Rows on their way, as the inside of a JSON array.
#[derive(Default)]
struct Page {
    rows: usize,
    json: String,
}

impl Page {
    fn push(&mut self, row: &str) {
        self.json.push(if self.rows == 0 { '[' } else { ',' });
        self.json.push_str(row);
        self.rows += 1;
    }

    /// The array; empty if there were no rows.
    fn take(&mut self) -> String {
        let mut json = std::mem::take(&mut self.json);
        json.push_str(if self.rows == 0 { "[]" } else { "]" });
        self.rows = 0;
        json
    }
}
