//! The store: facts, the memory of what was said, and the queue of what is to be sent, as verbs of the business.
//!
//! It knows SQL and the words of `domain`; it must not know mail or what a rule means. The same verbs run on SQLite and
//! on PostgreSQL, nearly always with one text; where the two differ stands in `dialect`. Time comes in as a parameter.
//!
//! * Reading: [`Db::snapshot`], one read transaction that sees one state of everything.
//! * A morning: [`Db::begin_run`], one write transaction that holds all of it or nothing.
//! * Facts: [`Db::begin_change`], [`Db::record`], [`Db::set_field`] and [`Db::undo`]; every change of facts raises the
//!   revision that a morning checks, and keeps who, when, from where, and what was there before.
//! * Delivery: [`Db::exchange`], what became of mails against the next ones: conditional updates under a lease.

mod backup;
mod cases;
mod check;
mod copy;
mod dialect;
mod differences;
mod disclose;
mod error;
mod exchange;
mod guard;
mod history;
pub mod import;
mod inbox;
mod memory;
mod open;
mod outbox;
mod packed;
mod protocol;
mod read;
mod record;
mod restore;
mod retention;
mod run;
mod schema;
mod scope;
mod tables;
mod undo;
mod until;
mod upkeep;
mod write;

use chrono::{DateTime, SubsecRound, Utc};
use sqlx::{PgPool, SqlitePool};

pub use backup::{old_copies, sha256, stamp};
pub use cases::CasePage;
pub use check::{Loose, LooseEnds};
use dialect::Tx;
pub use differences::{FieldChange, FieldChanges};
pub use disclose::Rows;
pub use error::StoreError;
pub use exchange::{Claim, Claimed, Exchanged, Fate, Outcome};
pub use guard::{Delivering, Guard};
pub use history::{CaseHistory, Correction, Different, Past, Sourced, Stamped};
pub use inbox::{Arrival, InboxState, Receipt, Taken};
pub use memory::{Told, Undelivered, WeekCount};
pub use outbox::{OutboxCount, OutboxEntry, OutboxFilter, OutboxMail, OutboxState, Spoken};
pub use protocol::{Change, ChangeKind, FileCounts, Kept};
pub use read::{Datenstand, Head, Snapshot};
pub use record::{FieldSet, Recorded};
pub use restore::{BackupError, Restored, restore};
pub use retention::{Aged, CASE_TABLES, Forgotten, Limits, Removed};
pub use run::{Begun, NewMail, Notice, RunTx};
pub use undo::Undo;
pub use until::Until;
pub use upkeep::{Task, Upkeep};
pub use write::WriteTx;

/// The database of this installation. Cheap to clone: clones share their connections.
#[derive(Debug, Clone)]
pub enum Db {
    /// A file.
    Sqlite {
        /// The only connection that writes.
        writer: SqlitePool,
        /// Connections that read.
        readers: SqlitePool,
    },
    /// A server.
    Postgres(PgPool),
}

impl Db {
    /// Closes all connections and waits for it. On SQLite the write-ahead log is folded into the file.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }

    /// Keeps what SQLite notes down for a single statement in memory also where no transaction says so: a delivery's
    /// statements stand alone.
    pub async fn notes_in_memory(&self) -> Result<(), StoreError> {
        if let Self::Sqlite { writer, .. } = self {
            sqlx::query("pragma temp_store = memory").execute(writer).await?;
        }
        Ok(())
    }

    /// Closes SQLite's connections that are idle; whoever needs one opens it anew. They keep the pages of the work that is
    /// done, and asking them to free these leaves holes that the C library keeps. PostgreSQL keeps nothing here.
    pub async fn rest(&self) -> Result<(), StoreError> {
        let Self::Sqlite { writer, readers } = self else { return Ok(()) };
        // One that is in use is left alone until another time.
        while let Some(reader) = readers.try_acquire() {
            reader.close().await?;
        }
        if let Some(writer) = writer.try_acquire() {
            writer.close().await?;
        }
        Ok(())
    }

    /// The secret of this installation, from which Message-IDs follow.
    pub async fn secret(&self) -> Result<Vec<u8>, StoreError> {
        let mut tx = self.read().await?;
        let (secret,): (Vec<u8>,) = dialect::one!(&mut tx, "select secret from installation where id = 1")?;
        Ok(secret)
    }

    /// A transaction that only reads. It sees one state: that of its first look.
    async fn read(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite { readers, .. } => Tx::Sqlite(readers.begin().await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin_with(dialect::PG_BEGIN_READ).await.map_err(unanswered)?),
        })
    }

    /// A transaction that writes. On SQLite it is the only one; dropped without commit it leaves no trace.
    async fn write(&self) -> Result<Tx, StoreError> {
        self.begin(dialect::SQLITE_BEGIN_WRITE).await
    }

    /// The same, for work that needs temporary tables as large as the office.
    async fn write_large(&self) -> Result<Tx, StoreError> {
        self.begin(dialect::SQLITE_BEGIN_LARGE).await
    }

    async fn begin(&self, sqlite: &'static str) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite { writer, .. } => Tx::Sqlite(writer.begin_with(sqlite).await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await.map_err(unanswered)?),
        })
    }
}

/// A server that refuses connections is taken by the library for one that is just starting, and waited for.
fn unanswered(error: sqlx::Error) -> StoreError {
    match error.into() {
        StoreError::Locked => StoreError::Unreachable,
        other => other,
    }
}

/// The instant as both databases keep it: PostgreSQL has microseconds.
fn micros(at: DateTime<Utc>) -> DateTime<Utc> {
    at.trunc_subsecs(6)
}
