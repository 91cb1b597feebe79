//! One service per SQLite file. PostgreSQL takes as many as are wanted: there the office's row is what they share.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::StoreError;

/// Held as long as the service runs; the system takes it back when the process ends, however that happens.
#[derive(Debug)]
pub struct Guard {
    _file: Option<File>,
}

/// The file that is locked: one beside the database, as SQLite's own locks come and go. Beside the file itself, not
/// beside a link to it: two names of one database are one.
fn lock_file(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite:")?;
    let path = Path::new(path.strip_prefix("//").unwrap_or(path));
    let mut name = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()).into_os_string();
    name.push(".dienst");
    Some(name.into())
}

impl Guard {
    /// Makes this process the one service of the database.
    ///
    /// # Errors
    /// [`StoreError::Served`] where another process is that already.
    pub fn take(url: &str) -> Result<Self, StoreError> {
        let Some(path) = lock_file(url) else { return Ok(Self { _file: None }) };
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = file.map_err(|_| StoreError::File(path.display().to_string()))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: Some(file) }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Served),
            Err(TryLockError::Error(_)) => Err(StoreError::File(path.display().to_string())),
        }
    }

    /// Whether a service holds the database; none where that cannot be seen from here.
    pub fn is_taken(url: &str) -> Option<bool> {
        let path = lock_file(url)?;
        let Ok(file) = File::open(path) else { return Some(false) };
        // Shared, so that two who ask do not take each other for the service.
        Some(matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }
}
