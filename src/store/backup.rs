//! One state of everything in a file of its own: what a backup holds. It is a SQLite file whichever database it comes
//! from, so that it can be looked through, brought up to date and restored in one way, and into either database.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use sha2::{Digest as _, Sha256};
use sqlx::sqlite::{SqliteConnectOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqlitePool};

use super::dialect::one;
use super::open::{Place, open_file, scratch};
use super::restore::BackupError;
use super::tables::tables;
use super::{Db, StoreError};

/// A copy beside the database that was made before its tables were changed.
const BEFORE_SCHEMA: &str = ".schema-";
/// The database that a restore has replaced.
pub(super) const BEFORE_RESTORE: &str = ".vor-wiederherstellung-";
/// One that is being made.
const PART: &str = ".teil";
/// So long such copies stay: whoever does not miss anything by then does not need them.
const COPIES_FOR: TimeDelta = TimeDelta::days(30);
/// Room that is left beside a backup.
const AIR: u64 = 16 << 20;

/// An instant as names of files have it: `20261123T043000Z`.
pub fn stamp(at: DateTime<Utc>) -> String {
    at.format(STAMP).to_string()
}

const STAMP: &str = "%Y%m%dT%H%M%SZ";

/// The instant that a name ends with.
pub(super) fn stamped(text: &str) -> Option<DateTime<Utc>> {
    NaiveDateTime::parse_from_str(text, STAMP).ok().map(|at| at.and_utc())
}

impl Db {
    /// Writes one state of everything into the file, which must not be there; others go on working meanwhile. The file
    /// is for its owner alone, is on the disk when this returns, and was read through.
    ///
    /// # Errors
    /// Among others where the disk has too little room; what was begun is then left behind.
    pub async fn copy_all_to(&self, path: &Path, now: DateTime<Utc>) -> Result<(), BackupError> {
        let needed = self.bytes().await? + AIR;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let free = rustix::fs::statvfs(folder).map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize));
        if let Ok(free) = free
            && free < needed
        {
            return Err(BackupError::Room { folder: folder.to_owned(), needed, free });
        }
        match self {
            Self::Sqlite { readers, .. } => vacuum_into(readers, path).await?,
            Self::Postgres(_) => self.gather_into(path, now).await?,
        }
        whole(path).await?;
        let synced = File::open(path).and_then(|file| file.sync_all());
        synced.map_err(|error| BackupError::of(path, &error))
    }

    /// The same, with the file's name given to it only once it is whole.
    pub(super) async fn copy_at_once(&self, path: &Path, now: DateTime<Utc>) -> Result<(), BackupError> {
        let part = beside(path, PART);
        // What a killed process has left.
        let _ = std::fs::remove_file(&part);
        let copied = self.copy_all_to(&part, now).await;
        let copied = copied.and_then(|()| std::fs::rename(&part, path).map_err(|error| BackupError::of(path, &error)));
        if copied.is_err() {
            let _ = std::fs::remove_file(&part);
        }
        copied
    }

    /// About how many bytes a copy has.
    async fn bytes(&self) -> Result<u64, StoreError> {
        let mut tx = self.read().await?;
        let sql = match self {
            Self::Sqlite { .. } => {
                "select (p.page_count - f.freelist_count) * s.page_size \
                 from pragma_page_count p, pragma_freelist_count f, pragma_page_size s"
            }
            Self::Postgres(_) => "select pg_database_size(current_database())",
        };
        let (bytes,): (i64,) = one!(&mut tx, sql)?;
        Ok(bytes.unsigned_abs())
    }

    /// The copy of a PostgreSQL: all tables, from one snapshot.
    async fn gather_into(&self, path: &Path, now: DateTime<Utc>) -> Result<(), StoreError> {
        let (copy, writer) = scratch(path, now).await?;
        let gathered = async {
            let mut source = self.read().await?;
            let super::dialect::Tx::Postgres(source) = &mut source else { return Ok(()) };
            let mut target = writer.begin().await?;
            for table in tables(&mut target).await? {
                table.empty(&mut target).await?;
                table.fetch(source, &mut target).await?;
            }
            Ok(target.commit().await?)
        };
        let gathered = gathered.await;
        // The log goes into the file, and with it the last of what was written.
        copy.close().await;
        gathered
    }
}

/// SQLite's own way: a copy without gaps, from one state.
async fn vacuum_into(pool: &SqlitePool, path: &Path) -> Result<(), StoreError> {
    // Made before SQLite sees it: SQLite would make it readable for everybody.
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    made.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => StoreError::Exists(path.display().to_string()),
        _ => StoreError::File(path.display().to_string()),
    })?;
    // A connection of its own, as it must be allowed to write: not into this database, but into the new one.
    let options = SqliteConnectOptions::clone(&pool.connect_options()).pragma("query_only", "off");
    let mut connection = options.connect().await?;
    let target = path.to_str().ok_or_else(|| StoreError::File(path.display().to_string()))?;
    sqlx::query("vacuum into $1").bind(target).execute(&mut connection).await?;
    Ok(connection.close().await?)
}

/// Reads a copy through: whether its pages and its rows are whole.
pub(super) async fn whole(path: &Path) -> Result<(), BackupError> {
    let (writer, readers) = open_file(path, SqliteSynchronous::Full).await?;
    let said = sqlx::query_scalar::<_, String>("pragma integrity_check(1)").fetch_one(&writer).await;
    readers.close().await;
    writer.close().await;
    match said.map_err(StoreError::from)?.as_str() {
        "ok" => Ok(()),
        _ => Err(StoreError::NotADatabase.into()),
    }
}

/// The SHA-256 of a file, hexadecimal, while it goes by: `each` gets the bytes.
pub(super) fn hash(path: &Path, mut each: impl FnMut(&[u8]) -> std::io::Result<()>) -> std::io::Result<String> {
    let (mut file, mut sum, mut buffer) = (File::open(path)?, Sha256::new(), vec![0; 1 << 18]);
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        sum.update(&buffer[..read]);
        each(&buffer[..read])?;
    }
    use std::fmt::Write as _;
    Ok(sum.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// The SHA-256 of a file, hexadecimal.
///
/// # Errors
/// The file cannot be read.
pub fn sha256(path: &Path) -> Result<String, BackupError> {
    hash(path, |_| Ok(())).map_err(|error| BackupError::of(path, &error))
}

/// Where the copy goes that is made before the tables of schema `version` are changed.
pub(super) fn before_schema(path: &Path, version: i64, now: DateTime<Utc>) -> PathBuf {
    beside(path, &format!("{BEFORE_SCHEMA}{version}-{}", stamp(now)))
}

/// The file beside another whose name goes on so.
pub(super) fn beside(path: &Path, more: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(more);
    name.into()
}

/// The copies beside the database that changes of the tables and restores have left, and that are older than a month at
/// `now`. None on PostgreSQL.
pub fn old_copies(url: &str, now: DateTime<Utc>) -> Vec<PathBuf> {
    let Ok(Place::File(path)) = Place::of(url) else { return Vec::new() };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Some(database) = path.file_name().and_then(|name| name.to_str()) else { return Vec::new() };
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let old = |file: &PathBuf| {
        let name = file.file_name().and_then(|name| name.to_str());
        let Some(rest) = name.and_then(|name| name.strip_prefix(database)) else { return false };
        let rest = rest.trim_end_matches(PART);
        let made = match (rest.strip_prefix(BEFORE_RESTORE), rest.strip_prefix(BEFORE_SCHEMA)) {
            // With its log, where it was too damaged to be folded in.
            (Some(rest), _) => stamped(rest.trim_end_matches("-wal").trim_end_matches("-shm")),
            (_, Some(rest)) => rest.split_once('-').and_then(|(_, stamp)| stamped(stamp)),
            _ => None,
        };
        made.is_some_and(|made| now - made > COPIES_FOR)
    };
    let mut copies: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(old).collect();
    copies.sort();
    copies
}
