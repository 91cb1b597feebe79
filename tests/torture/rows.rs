//! What the databases hold, read past the program.

use sqlx::{ConnectOptions as _, Connection as _};

/// The rows of a query whose columns are texts, each joined by a bar, in order.
pub async fn rows(url: &str, columns: &[&str], from: &str) -> Vec<String> {
    let cast: Vec<_> = columns.iter().map(|c| format!("coalesce(cast({c} as text), '')")).collect();
    let sql = format!("select {} as said from {from}", cast.join(" || '|' || "));
    let sql = sqlx::AssertSqlSafe(sql);
    let mut rows: Vec<(String,)> = if let Some(file) = url.strip_prefix("sqlite:") {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
        let mut db = options.connect().await.unwrap();
        sqlx::query_as(sql).fetch_all(&mut db).await.unwrap()
    } else {
        let mut db = sqlx::PgConnection::connect(url).await.unwrap();
        sqlx::query_as(sql).fetch_all(&mut db).await.unwrap()
    };
    rows.sort();
    rows.into_iter().map(|(row,)| row).collect()
}
