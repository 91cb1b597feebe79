//! Opening: connections, tables, and the one row that makes this installation itself.

use std::fs::{DirBuilder, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{PgPool, SqlitePool};

use super::backup::before_schema;
use super::dialect::{one, run};
use super::{Db, StoreError, micros, schema, unanswered};

/// How long a command waits for another process's write: an import of a large office takes half a minute.
const BUSY: Duration = Duration::from_mins(1);
/// Pages kept in memory by the SQLite connection that writes (KiB, negative as SQLite wants it): fixed, so that memory
/// does not grow with the office.
const WRITER_CACHE: &str = "-8192";
/// And by one that reads: case after case, so that no page is wanted again.
const READER_CACHE: &str = "-4096";
/// Bytes per page of a new SQLite file: mails are large, and SQLite keeps eight bytes in memory for each page that the
/// open transaction has written.
const PAGE_SIZE: u32 = 8_192;
/// Rows that may wait between SQLite's thread and ours: a page of cases, so that neither wakes the other row by row.
const ROWS_AHEAD: usize = 1_000;
/// Readers at once on SQLite: a morning, a command, and air.
const READERS: u32 = 4;
/// Connections to PostgreSQL: a morning, the delivery's workers, a command.
const CONNECTIONS: u32 = 8;

impl Db {
    /// Opens the database that `url` names, `sqlite:PATH` or `postgres://…`, and brings its tables up to date. A file
    /// that is missing is made (0600, its folder 0700). `now` is noted at the first opening.
    ///
    /// # Errors
    /// A database of a newer program is refused untouched ([`StoreError::Newer`]); the others say what to do.
    pub async fn open(url: &str, password: Option<&str>, now: DateTime<Utc>) -> Result<Self, StoreError> {
        let db = match Place::of(url)? {
            Place::File(path) => {
                make_file(path, false)?;
                let (writer, readers) = open_file(path, SqliteSynchronous::Full).await?;
                let db = Self::Sqlite { writer, readers };
                if let Err(StoreError::Older(version)) = db.fits().await
                    && db.is_installed().await?
                {
                    let copy = before_schema(path, version, now);
                    db.copy_at_once(&copy, now).await.map_err(|error| StoreError::NotCopied(error.to_string()))?;
                    tracing::info!(copy = %copy.display(), version, "the database is copied before its tables change");
                }
                db
            }
            Place::Server(url) => {
                let db = open_server(url, password).await?;
                if let Err(StoreError::Older(version)) = db.fits().await {
                    tracing::warn!(
                        version,
                        "the tables are changed for this program; a server's are not copied before: keep its own backup"
                    );
                }
                db
            }
        };
        db.install(now).await?;
        Ok(db)
    }

    /// Opens the database as [`open`](Self::open) does, to look at it and no more: nothing is made or brought up to date,
    /// and a file takes no write. (What a killed program left in SQLite's log goes into the file, as whoever closes it
    /// last sees to.)
    ///
    /// # Errors
    /// Where there is nothing ([`StoreError::Missing`], [`StoreError::Empty`]), and where the tables are not those of
    /// this program ([`StoreError::Older`], [`StoreError::Newer`], [`StoreError::Schema`]).
    pub async fn look(url: &str, password: Option<&str>) -> Result<Self, StoreError> {
        let db = match Place::of(url)? {
            Place::File(path) if !path.exists() => return Err(StoreError::Missing(path.display().to_string())),
            Place::File(path) => {
                let readers = open_readers(path).await?;
                Self::Sqlite { writer: readers.clone(), readers }
            }
            Place::Server(url) => open_server(url, password).await?,
        };
        if let Err(error) = db.fits().await {
            db.close().await;
            return Err(error);
        }
        Ok(db)
    }

    /// Whether the first opening came to its end; a database that is older and was not is one that was killed in it, and
    /// holds nothing.
    async fn is_installed(&self) -> Result<bool, StoreError> {
        let mut tx = self.read().await?;
        let (installed,): (bool,) = one!(&mut tx, "select exists (select 1 from installation where id = 1)")?;
        Ok(installed)
    }

    async fn install(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        match self {
            Self::Sqlite { writer, .. } => schema::update_file(writer).await?,
            Self::Postgres(pool) => schema::update_server(pool).await?,
        }
        let mut secret = [0_u8; 32];
        getrandom::fill(&mut secret).map_err(|_| StoreError::Random)?;
        let mut tx = self.write().await?;
        run!(
            &mut tx,
            "insert into installation (id, secret, facts_revision, created_at) values (1, $1, 0, $2) \
             on conflict (id) do nothing",
            secret.to_vec(),
            micros(now)
        )?;
        Ok(tx.commit().await?)
    }
}

/// Where a database is.
pub(super) enum Place<'a> {
    /// A file of SQLite's.
    File(&'a Path),
    /// PostgreSQL, with its whole address.
    Server(&'a str),
}

impl<'a> Place<'a> {
    /// The place that `url` names.
    pub(super) fn of(url: &'a str) -> Result<Self, StoreError> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Server(url));
        }
        let path = url.strip_prefix("sqlite:").ok_or(StoreError::Url)?;
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() || path == ":memory:" || path.contains('?') {
            return Err(StoreError::Url);
        }
        Ok(Self::File(Path::new(path)))
    }
}

/// A new SQLite file for a throw-away copy, and its writer: nothing waits for the disk. The file must not exist yet.
pub(super) async fn scratch(path: &Path, now: DateTime<Utc>) -> Result<(Db, SqlitePool), StoreError> {
    make_file(path, true)?;
    let (writer, readers) = open_file(path, SqliteSynchronous::Off).await?;
    let db = Db::Sqlite { writer: writer.clone(), readers };
    db.install(now).await?;
    Ok((db, writer))
}

/// Makes the file and its folder unless they are there; with `fresh` the file must not be there.
fn make_file(path: &Path, fresh: bool) -> Result<(), StoreError> {
    make_folder_of(path)?;
    // Made before SQLite sees it: SQLite would make it readable for everybody.
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists && !fresh => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(StoreError::Exists(path.display().to_string())),
        Err(_) => Err(StoreError::File(path.display().to_string())),
    }
}

/// Makes the folder that a file is to be in, unless it is there.
pub(super) fn make_folder_of(path: &Path) -> Result<(), StoreError> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(()) };
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|_| StoreError::Directory(folder.display().to_string()))
}

/// The one connection that writes, and those that read.
pub(super) async fn open_file(
    path: &Path,
    synchronous: SqliteSynchronous,
) -> Result<(SqlitePool, SqlitePool), StoreError> {
    let options =
        options(path).journal_mode(SqliteJournalMode::Wal).synchronous(synchronous).pragma("cache_size", WRITER_CACHE);
    let writer = connect(path, options, 1).await?;
    Ok((writer, open_readers(path).await?))
}

async fn open_readers(path: &Path) -> Result<SqlitePool, StoreError> {
    // Not opened read-only: the log beside the file must be writable even to read.
    let options = options(path).pragma("query_only", "on").pragma("cache_size", READER_CACHE);
    connect(path, options, READERS).await
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .busy_timeout(BUSY)
        .foreign_keys(true)
        .page_size(PAGE_SIZE)
        .row_buffer_size(ROWS_AHEAD)
}

async fn connect(path: &Path, options: SqliteConnectOptions, connections: u32) -> Result<SqlitePool, StoreError> {
    // A file does not hang up: nothing is asked of a connection before it is used.
    let pool = SqlitePoolOptions::new().max_connections(connections).test_before_acquire(false);
    pool.max_lifetime(None).idle_timeout(None).connect_with(options).await.map_err(|error| {
        match StoreError::from(error) {
            StoreError::File(_) => StoreError::File(path.display().to_string()),
            other => other,
        }
    })
}

pub(super) async fn open_server(url: &str, password: Option<&str>) -> Result<Db, StoreError> {
    // The driver itself sets DateStyle ISO and TimeZone UTC for each session.
    let mut options = PgConnectOptions::from_str(url).map_err(|_| StoreError::Url)?.application_name("wiedervorlage");
    if let Some(password) = password {
        options = options.password(password);
    }
    let pool: PgPool =
        PgPoolOptions::new().max_connections(CONNECTIONS).connect_with(options).await.map_err(unanswered)?;
    Ok(Db::Postgres(pool))
}
