//! A backup in the place of the database: looked through before anything is replaced, and what it replaces is kept.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use sqlx::sqlite::SqliteSynchronous;
use sqlx::{PgPool, SqlitePool};

use super::backup::{BEFORE_RESTORE, beside, hash, stamp, whole};
use super::guard::alone;
use super::open::{Place, make_folder_of, open_file, open_server};
use super::tables::{empty_all, tables};
use super::{Db, Guard, StoreError, schema};

/// Why there is no backup, or none was restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Too little room.
    #[error(
        "In {} ist zu wenig Platz: Gebraucht werden etwa {} MB, frei sind {} MB. Bitte Platz schaffen oder einen anderen \
         Ordner nehmen.",
        folder.display(), needed.div_ceil(1 << 20), free >> 20
    )]
    Room {
        /// Where.
        folder: PathBuf,
        /// Bytes.
        needed: u64,
        /// Bytes.
        free: u64,
    },
    /// A file cannot be read or written.
    #[error("{}: {}", .0.display(), .1)]
    File(PathBuf, &'static str),
    /// Another backup is being made.
    #[error("In {} wird gerade gesichert. Bitte das Ende abwarten.", .0.display())]
    Busy(PathBuf),
    /// The checksum beside the backup is missing.
    #[error(
        "Neben der Sicherung fehlt die Prüfsumme {}. Ohne sie wird nichts eingespielt; „sha256sum DATEI > DATEI.sha256“ \
         legt sie an, wenn die Datei auf anderem Weg geprüft ist.",
        .0.display()
    )]
    NoChecksum(PathBuf),
    /// The backup is not what it was.
    #[error(
        "Die Sicherung {} passt nicht zu ihrer Prüfsumme: Sie ist beschädigt oder verändert. An der Datenbank wurde nichts \
         geändert; bitte eine andere Sicherung nehmen.",
        .0.display()
    )]
    Checksum(PathBuf),
    /// The service, or a delivery, is at work.
    #[error(
        "Der Dienst oder ein Versand arbeitet mit der Datenbank. Bitte zuerst beenden („systemctl stop wiedervorlage“)."
    )]
    Served,
    /// Somebody else is at work.
    #[error("Ein anderer Vorgang arbeitet mit der Datenbank. Bitte dessen Ende abwarten und den Befehl wiederholen.")]
    InUse,
}

impl BackupError {
    /// What happened to a file.
    pub fn of(path: &Path, error: &std::io::Error) -> Self {
        let why = match error.kind() {
            ErrorKind::NotFound => "Die Datei oder ihr Ordner fehlt.",
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => "Die Rechte fehlen.",
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "Der Datenträger ist voll.",
            _ => "Ein- oder Ausgabefehler.",
        };
        Self::File(path.to_owned(), why)
    }
}

/// What a restore did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The tables of the backup were those of an earlier program (schema) and were brought up to date.
    pub older: Option<i64>,
    /// Where the database is that was replaced; none: there was none.
    pub kept: Option<PathBuf>,
    /// Mails that wait in it: they may have left since the backup was made.
    pub waiting: u64,
    /// The newest day with a run.
    pub last_run: Option<chrono::NaiveDate>,
}

/// Puts the backup `file` into the place of the database that `url` names. Nothing is touched before the backup was found
/// whole and of this program or an earlier one; what it replaces is kept beside it.
///
/// # Errors
/// Why not; the database is then as it was.
pub async fn restore(
    url: &str,
    password: Option<&str>,
    file: &Path,
    now: DateTime<Utc>,
) -> Result<Restored, BackupError> {
    match Place::of(url)? {
        Place::File(path) => {
            let _service = Guard::take(url).map_err(|error| match error {
                StoreError::Served => BackupError::Served,
                other => other.into(),
            })?;
            let _delivery = alone(url)?.ok_or(BackupError::Served)?;
            make_folder_of(path)?;
            // Beside the database itself, so that one step puts it into its place.
            let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
            let copy = beside(&path, ".einspielen");
            // A log that a killed restore has left would be taken for the new copy's.
            remove(&copy);
            let restored = async {
                let mut restored = prepare(file, &copy).await?;
                restored.kept = replace(&path, &copy, now).await?;
                Ok(restored)
            };
            let restored = restored.await;
            remove(&copy);
            restored
        }
        Place::Server(server) => {
            let folder = tempfile::tempdir().map_err(|error| BackupError::of(&std::env::temp_dir(), &error))?;
            let copy = folder.path().join("sicherung.db");
            let mut restored = prepare(file, &copy).await?;
            let db = open_server(server, password).await?;
            let Db::Postgres(pool) = &db else { return Err(StoreError::Url.into()) };
            let kept = beside(file, &format!("{BEFORE_RESTORE}{}", stamp(now)));
            let brought = bring(&db, pool, &copy, &kept, now).await;
            db.close().await;
            brought?;
            restored.kept = Some(kept);
            Ok(restored)
        }
    }
}

/// Removes a database with its log.
fn remove(path: &Path) {
    for file in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(beside(path, file));
    }
}

/// The backup's bytes under another name, compared with their checksum, looked through and brought up to date.
async fn prepare(file: &Path, copy: &Path) -> Result<Restored, BackupError> {
    let beside_it = beside(file, ".sha256");
    let noted = std::fs::read_to_string(&beside_it).map_err(|error| match error.kind() {
        ErrorKind::NotFound if file.exists() => BackupError::NoChecksum(beside_it.clone()),
        ErrorKind::NotFound => BackupError::of(file, &error),
        _ => BackupError::of(&beside_it, &error),
    })?;
    let into = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(copy);
    let mut into = into.map_err(|error| BackupError::of(copy, &error))?;
    // What is compared is what is restored: one way through the file.
    let sum = hash(file, |bytes| into.write_all(bytes)).map_err(|error| BackupError::of(file, &error))?;
    into.sync_all().map_err(|error| BackupError::of(copy, &error))?;
    if noted.split_whitespace().next().is_none_or(|noted| !noted.eq_ignore_ascii_case(&sum)) {
        return Err(BackupError::Checksum(file.to_owned()));
    }
    whole(copy).await?;
    let (writer, readers) = open_file(copy, SqliteSynchronous::Full).await?;
    let db = Db::Sqlite { writer: writer.clone(), readers };
    let looked = look(&db, &writer).await;
    db.close().await;
    looked
}

/// Whether the tables are those of this program, or can be made so; and what waits in them.
async fn look(db: &Db, writer: &SqlitePool) -> Result<Restored, BackupError> {
    let older = match db.fits().await {
        Ok(()) => None,
        Err(StoreError::Older(version)) => {
            schema::update_file(writer).await?;
            Some(version)
        }
        Err(other) => return Err(other.into()),
    };
    let waiting = db.outbox_left().await?;
    let last_run = sqlx::query_scalar("select max(day) from run").fetch_one(writer).await.map_err(StoreError::from)?;
    Ok(Restored { older, kept: None, waiting, last_run })
}

/// The copy in the place of the database; where that is now.
async fn replace(path: &Path, copy: &Path, now: DateTime<Utc>) -> Result<Option<PathBuf>, BackupError> {
    let kept = beside(path, &format!("{BEFORE_RESTORE}{}", stamp(now)));
    let failed = |error: std::io::Error| BackupError::of(path, &error);
    let there = path.exists();
    // The log of what was there must go into it, or it would be taken for the new one's. Whoever else has the file open
    // keeps the log.
    let folded = there && fold(path).await?;
    for log in ["-wal", "-shm"] {
        let log = (beside(path, log), beside(&kept, log));
        match (log.0.exists(), folded) {
            (true, true) => return Err(BackupError::InUse),
            // Of a file that is damaged or gone; nobody can fold it in.
            (true, false) => std::fs::rename(&log.0, &log.1).map_err(failed)?,
            (false, _) => {}
        }
    }
    if there {
        // A second name first: at no moment is there no database. Where the file system knows none, there is for one.
        std::fs::hard_link(path, &kept).or_else(|_| std::fs::rename(path, &kept)).map_err(failed)?;
    }
    std::fs::rename(copy, path).map_err(failed)?;
    if let Some(folder) = path.parent() {
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
    Ok(there.then_some(kept))
}

/// Folds the log of a database into it. False: it is too damaged for that.
async fn fold(path: &Path) -> Result<bool, StoreError> {
    match open_file(path, SqliteSynchronous::Full).await {
        Ok((writer, readers)) => {
            readers.close().await;
            writer.close().await;
            Ok(true)
        }
        Err(StoreError::NotADatabase) => Ok(false),
        Err(other) => Err(other),
    }
}

/// The copy's rows in the place of a server's, in one transaction; what was there goes into the file `kept` before.
async fn bring(db: &Db, pool: &PgPool, copy: &Path, kept: &Path, now: DateTime<Utc>) -> Result<(), BackupError> {
    const OTHERS: &str = "select count(*) from pg_stat_activity where datname = current_database() \
         and application_name = 'wiedervorlage' and pid <> pg_backend_pid()";
    let others: i64 = sqlx::query_scalar(OTHERS).fetch_one(pool).await.map_err(StoreError::from)?;
    if others > 0 {
        return Err(BackupError::InUse);
    }
    schema::update_server(pool).await?;
    db.copy_at_once(kept, now).await?;
    let sum = hash(kept, |_| Ok(())).and_then(|sum| std::fs::write(beside(kept, ".sha256"), sum));
    sum.map_err(|error| BackupError::of(kept, &error))?;
    let (writer, readers) = open_file(copy, SqliteSynchronous::Full).await?;
    let brought = async {
        let mut source = writer.acquire().await?;
        let mut target = pool.begin().await?;
        let tables = tables(&mut source).await?;
        empty_all(&tables, &mut target).await?;
        for table in &tables {
            table.bring(&mut source, &mut target).await?;
        }
        Ok::<_, StoreError>(target.commit().await?)
    };
    let brought = brought.await;
    readers.close().await;
    writer.close().await;
    Ok(brought?)
}
