//! Where SQLite and PostgreSQL differ, and the few macros that run one text on either.
//!
//! Everything else in the store is written once, with `$1` parameters, ISO dates and no function that only one of
//! them has.

use sqlx::{Postgres, Sqlite, Transaction};

use super::import::tables::Type;

/// A transaction on either database.
#[derive(Debug)]
pub(super) enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    pub(super) async fn commit(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(tx) => tx.commit().await,
            Self::Postgres(tx) => tx.commit().await,
        }
    }

    /// Makes SQLite read a case's entries by the index `ledger_live`. Left alone it takes the primary key, and with it
    /// all that has long been closed.
    pub(super) fn by_ledger_live(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => " indexed by ledger_live",
            Self::Postgres(_) => "",
        }
    }

    /// What stands at place `n` of the JSON array in a column, as what it was before it was put there.
    pub(super) fn json_at(&self, column: &str, n: usize, ty: Type) -> String {
        match (self, ty) {
            (Self::Sqlite(_), _) => format!("({column} ->> {n})"),
            (Self::Postgres(_), Type::Text) => format!("(cast({column} as jsonb) ->> {n})"),
            (Self::Postgres(_), ty) => format!("cast(cast({column} as jsonb) ->> {n} as {})", postgres_type(ty)),
        }
    }

    /// A text as what it says. SQLite keeps dates as the text they are, and a cast would make a number of it.
    pub(super) fn text_as(&self, text: &str, ty: Type) -> String {
        match (self, ty) {
            (_, Type::Text) | (Self::Sqlite(_), Type::Date) => text.to_owned(),
            (Self::Sqlite(_), _) => format!("cast({text} as integer)"),
            (Self::Postgres(_), ty) => format!("cast({text} as {})", postgres_type(ty)),
        }
    }

    /// The function that makes one JSON array of its arguments.
    pub(super) fn json_array(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "json_array",
            Self::Postgres(_) => "json_build_array",
        }
    }
}

fn postgres_type(ty: Type) -> &'static str {
    match ty {
        Type::Text => "text",
        Type::Date => "date",
        Type::Integer => "bigint",
        Type::Answer => "boolean",
    }
}

/// A write on SQLite takes the lock at once: upgrading a read later can fail however long one waits.
/// What it notes down for a single statement stays in memory: few rows change at a time, and a process that is killed
/// between making and unlinking such a file would leave pages of data in the temporary folder.
pub(super) const SQLITE_BEGIN_WRITE: &str = "pragma temp_store = memory; begin immediate";
/// The same for work whose temporary tables grow with the office.
pub(super) const SQLITE_BEGIN_LARGE: &str = "pragma temp_store = file; begin immediate";
/// The same where rows are deleted for good: their bytes are overwritten. The connection keeps to it, which costs little.
pub(super) const SQLITE_BEGIN_OVERWRITE: &str =
    "pragma secure_delete = on; pragma temp_store = memory; begin immediate";
/// PostgreSQL shows other people's commits in the middle of a transaction unless told not to.
pub(super) const PG_BEGIN_READ: &str = "begin isolation level repeatable read read only";

/// Runs `$body` with the connection of the transaction as `$conn`, and its database as the type `DB` where named.
macro_rules! on {
    ($tx:expr, $conn:ident => $body:expr) => {
        match $tx {
            $crate::store::dialect::Tx::Sqlite(tx) => {
                let $conn = &mut **tx;
                $body
            }
            $crate::store::dialect::Tx::Postgres(tx) => {
                let $conn = &mut **tx;
                $body
            }
        }
    };
    ($tx:expr, $conn:ident: $db:ident => $body:expr) => {
        match $tx {
            $crate::store::dialect::Tx::Sqlite(tx) => {
                type $db = sqlx::Sqlite;
                let $conn = &mut **tx;
                $body
            }
            $crate::store::dialect::Tx::Postgres(tx) => {
                type $db = sqlx::Postgres;
                let $conn = &mut **tx;
                $body
            }
        }
    };
}

/// All rows of a text, as tuples or `FromRow` structs.
macro_rules! all {
    ($tx:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        $crate::store::dialect::on!($tx, conn => sqlx::query_as($sql)$(.bind($bind))*.fetch_all(conn).await)
    };
}

/// The one row of a text.
macro_rules! one {
    ($tx:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        $crate::store::dialect::on!($tx, conn => sqlx::query_as($sql)$(.bind($bind))*.fetch_one(conn).await)
    };
}

/// The row of a text, if there is one.
macro_rules! maybe {
    ($tx:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        $crate::store::dialect::on!($tx, conn => sqlx::query_as($sql)$(.bind($bind))*.fetch_optional(conn).await)
    };
}

/// Runs a text; how many rows it touched.
macro_rules! run {
    ($tx:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        $crate::store::dialect::on!($tx, conn =>
            sqlx::query($sql)$(.bind($bind))*.execute(conn).await.map(|done| done.rows_affected()))
    };
}

pub(super) use {all, maybe, on, one, run};

/// What is appended to a `select` so that the rows it reads stay as they are until the commit. SQLite has one writer
/// and needs no words for it.
#[derive(Clone, Copy)]
pub(super) enum Lock {
    /// Nobody else writes them.
    Share,
    /// Nobody else writes or shares them.
    Update,
}

/// The revision of the facts, held until the end of the transaction.
pub(super) async fn locked_revision(tx: &mut Tx, lock: Lock) -> Result<i64, sqlx::Error> {
    const PLAIN: &str = "select facts_revision from installation where id = 1";
    const SHARE: &str = "select facts_revision from installation where id = 1 for share";
    const UPDATE: &str = "select facts_revision from installation where id = 1 for update";
    match tx {
        Tx::Sqlite(tx) => sqlx::query_scalar(PLAIN).fetch_one(&mut **tx).await,
        Tx::Postgres(tx) => {
            let sql = match lock {
                Lock::Share => SHARE,
                Lock::Update => UPDATE,
            };
            sqlx::query_scalar(sql).fetch_one(&mut **tx).await
        }
    }
}

/// What the lock of an office's mornings is hashed with, so that it meets no other use of such locks.
const MORNINGS: i64 = 0x5756_0001;

/// Waits until no other morning of the office is being written, and keeps others waiting until the end of the
/// transaction. Of two mornings of different days, which share no row, the second then sees what the first has written.
/// SQLite has one writer and needs no words for it.
pub(super) async fn lock_mornings(tx: &mut Tx, office: &str) -> Result<(), sqlx::Error> {
    if let Tx::Postgres(tx) = tx {
        sqlx::query("select pg_advisory_xact_lock(hashtextextended($1, $2))")
            .bind(office)
            .bind(MORNINGS)
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

macro_rules! exchange {
    ($told:literal, $lock:literal) => {
        concat!(
            "with told (n, held) as materialized (",
            $told,
            // Found once and for all: a plan that looked again for each row would take more than was asked for.
            "), due (n) as materialized (select id from outbox where state in ('queued', 'sending')",
            " and next_attempt_at <= $1 and (state = 'queued' or lease_until <= $1) and id not in (select n from told)",
            // A bare parameter there would have SQLite plan anew each time, as the plan may hang on the number.
            " order by next_attempt_at, id limit cast($4 as bigint)",
            $lock,
            "), turn (n, held) as (select n, held from told union all select n, null from due)",
            " update outbox set state = case when held is null then 'sending' else 'sent' end,",
            " sent_at = case when held is null then sent_at else $1 end,",
            " lease = case when held is null then $2 end, lease_until = case when held is null then $3 end,",
            " error = case when held is null then error end,",
            " attempts = case when held is null then attempts + 1 else attempts end,",
            " first_attempt_at = coalesce(first_attempt_at, $1)",
            " from turn where id = n and (held is null or (lease = held and state = 'sending'))",
            " returning id, state = 'sending' as held, kind, recipient, day, message_id, attempts, created_at,",
            " first_attempt_at, next_attempt_at,",
            " case when state = 'sending' then (select message from outbox_text where outbox_id = outbox.id) end as message"
        )
    };
}
/// Notes that mails were taken, and takes the next that are due (now, lease, until when, how many, JSON array of arrays
/// of id and lease). The rows of those that were noted, because their lease still held, and of those that are held now.
pub(super) const SQLITE_EXCHANGE: &str = exchange!("select value ->> 0, value ->> 1 from json_each($5)", "");
/// The same. A row that somebody else is taking is passed over instead of waited for.
pub(super) const PG_EXCHANGE: &str = exchange!(
    "select (value ->> 0)::bigint, value ->> 1 from jsonb_array_elements($5::text::jsonb)",
    " for update skip locked"
);
