//! Everything that is kept of one case, row by row as it stands: what DSGVO Art. 15 lets people ask for.

use serde_json::{Map, Value};
use sqlx::AssertSqlSafe;

use super::dialect::{Tx, on};
use super::retention::CASE_TABLES;
use super::{Snapshot, StoreError};

/// The rows of one table, each column by its name.
pub type Rows = (&'static str, Vec<Map<String, Value>>);

/// What the send log says of a case: the mail's part of it as well.
const TOLD: &str = "'rule', n.rule, 'subject', n.subject, 'cycle', n.cycle, 'step', n.step, 'role', n.role, \
     'kind', o.kind, 'recipient', o.recipient, 'day', o.day, 'state', o.state, 'sent_at', o.sent_at) as text) \
     from notice n join outbox o on o.id = n.outbox_id where n.fallnr = $1 order by o.day, o.id";

impl Snapshot {
    /// All rows of the case, table by table; tables without any are left out.
    pub async fn all_of_case(&mut self, fallnr: &str) -> Result<Vec<Rows>, StoreError> {
        let mut all = Vec::new();
        for table in CASE_TABLES.into_iter().rev() {
            // Put together from the program's own words alone.
            let sql = match &mut self.tx {
                _ if table == "notice" => match &self.tx {
                    Tx::Sqlite(_) => format!("select cast(json_object({TOLD}"),
                    Tx::Postgres(_) => format!("select cast(json_build_object({TOLD}"),
                },
                Tx::Sqlite(tx) => {
                    let columns: Vec<(String, String)> =
                        sqlx::query_as("select name, lower(type) from pragma_table_info($1) order by cid")
                            .bind(table)
                            .fetch_all(&mut **tx)
                            .await?;
                    let columns = columns.iter().map(|(name, kind)| match kind.as_str() {
                        // SQLite keeps an answer as a number.
                        "boolean" => format!("'{name}', json(case when \"{name}\" then 'true' else 'false' end)"),
                        _ => format!("'{name}', \"{name}\""),
                    });
                    let columns: Vec<_> = columns.collect();
                    format!("select json_object({}) from {table} where fallnr = $1 order by 1", columns.join(", "))
                }
                Tx::Postgres(_) => {
                    format!("select cast(row_to_json(x) as text) from {table} x where fallnr = $1 order by 1")
                }
            };
            let rows: Vec<String> =
                on!(&mut self.tx, conn => sqlx::query_scalar(AssertSqlSafe(sql)).bind(fallnr).fetch_all(conn).await)?;
            let rows: Result<Vec<_>, _> = rows.iter().map(|row| serde_json::from_str(row)).collect();
            let rows = rows.map_err(|_| StoreError::Content(table))?;
            if !rows.is_empty() {
                all.push((table, rows));
            }
        }
        Ok(all)
    }
}
