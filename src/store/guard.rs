//! Who works with a SQLite file: one service, and whoever delivers. PostgreSQL takes as many as are wanted: there rows are
//! what they share.
//!
//! The locks are on files beside the database, as SQLite's own come and go. The system takes them back when the process
//! ends, however that happens.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use chrono::{DateTime, Utc};

use super::dialect::run;
use super::open::{Place, make_folder_of};
use super::{Db, StoreError, micros};

/// Held as long as the service runs.
#[derive(Debug)]
pub struct Guard {
    _file: Option<File>,
}

/// Held by everybody who delivers.
#[derive(Debug)]
pub struct Delivering {
    _file: Option<File>,
}

/// The service's file.
const SERVICE: &str = "dienst";
/// The file of those who deliver.
const DELIVERY: &str = "versand";

/// What stands beside the database itself, and not beside a link to it: two names of one database are one.
pub(super) fn lock_file(url: &str, of: &str) -> Result<Option<PathBuf>, StoreError> {
    let Place::File(path) = Place::of(url)? else { return Ok(None) };
    let mut name = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()).into_os_string();
    name.push(format!(".{of}"));
    Ok(Some(name.into()))
}

/// The lock's file, made if it is not there; the database itself need not be there yet.
fn open(url: &str, of: &str) -> Result<Option<File>, StoreError> {
    let Some(path) = lock_file(url, of)? else { return Ok(None) };
    make_folder_of(&path)?;
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
    file.map(Some).map_err(|error| match error.kind() {
        ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly,
        ErrorKind::StorageFull => StoreError::Full,
        _ => StoreError::File(path.display().to_string()),
    })
}

impl Guard {
    /// Makes this process the one service of the database. To be taken before the database is opened: opening brings
    /// the tables up to date, under whoever works with them.
    ///
    /// # Errors
    /// [`StoreError::Served`] where another process is that already.
    pub fn take(url: &str) -> Result<Self, StoreError> {
        let Some(file) = open(url, SERVICE)? else { return Ok(Self { _file: None }) };
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: Some(file) }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Served),
            Err(TryLockError::Error(error)) => Err(StoreError::Other(format!("Sperre: {}", error.kind()))),
        }
    }

    /// Whether a service holds the database; none where that cannot be seen from here.
    pub fn is_taken(url: &str) -> Option<bool> {
        let path = lock_file(url, SERVICE).ok()??;
        let Ok(file) = File::open(path) else { return Some(false) };
        // Shared, so that two who ask do not take each other for the service.
        Some(matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }
}

/// Keeps everybody from delivering as long as it is held; none: somebody does, or there is nothing to keep them from.
pub(super) fn alone(url: &str) -> Result<Option<File>, StoreError> {
    Ok(open(url, DELIVERY)?.filter(|file| file.try_lock().is_ok()))
}

impl Delivering {
    /// Says that this process delivers.
    pub fn begin(url: &str) -> Result<Self, StoreError> {
        let file = open(url, DELIVERY)?;
        if let Some(file) = &file {
            // Nobody keeps it from us for longer than a moment.
            file.lock_shared().map_err(|error| StoreError::Other(format!("Sperre: {}", error.kind())))?;
        }
        Ok(Self { _file: file })
    }
}

impl Db {
    /// Puts back, due at once, what is leased while nobody delivers: whoever held it is dead. Else it would lie until
    /// its lease is over, which at a mail server is the better part of an hour. How many that were; none on PostgreSQL,
    /// where nobody sees who else delivers.
    pub async fn free_orphans(&self, url: &str, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let Some(alone) = alone(url)? else { return Ok(0) };
        let mut tx = self.write().await?;
        let freed = run!(
            &mut tx,
            "update outbox set state = 'queued', next_attempt_at = $1, lease = null, lease_until = null \
             where state = 'sending'",
            micros(now)
        )?;
        tx.commit().await?;
        drop(alone);
        Ok(freed)
    }
}
