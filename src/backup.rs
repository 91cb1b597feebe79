//! Backups: one file each with its checksum beside it, the newest few of them.
//!
//! A backup has its name only once it is whole: a name without a file behind it may be left by a crash, half a file never.
//! What is in it is the store's.

use std::fmt;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use crate::store::{BackupError, Db, sha256, stamp};

/// How names of backups begin, and end.
const NAME: (&str, &str) = ("wiedervorlage-", ".db");
/// The end of the name of one that is being made.
const PART: &str = ".teil";
/// Held by whoever makes one.
const LOCK: &str = ".sicherung";

/// A backup that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Its file; the checksum is beside it.
    pub file: PathBuf,
    /// How large it is.
    pub bytes: u64,
    /// How many older ones were removed.
    pub removed: usize,
}

/// How large it is, and what it replaced: one line.
impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} MB", self.bytes.div_ceil(1 << 20))?;
        match self.removed {
            0 => Ok(()),
            1 => f.write_str(", eine ältere entfernt"),
            n => write!(f, ", {n} ältere entfernt"),
        }
    }
}

/// Makes a backup in the folder, and removes the oldest beyond `keep`.
pub async fn back_up(db: &Db, folder: &Path, keep: u32, now: DateTime<Utc>) -> Result<Made, BackupError> {
    let failed = |error: std::io::Error| BackupError::of(folder, &error);
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    let lock = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(folder.join(LOCK));
    let lock = lock.map_err(failed)?;
    lock.try_lock().map_err(|_| BackupError::Busy(folder.to_owned()))?;
    remove(&ours(folder).map_err(failed)?.parts);

    let name = format!("{}{}{}", NAME.0, stamp(now), NAME.1);
    let (file, part) = (folder.join(&name), folder.join(format!("{name}{PART}")));
    let (checksum, sum_part) = (folder.join(format!("{name}.sha256")), folder.join(format!("{name}.sha256{PART}")));
    let bytes = match make(db, &part, &sum_part, &name, now).await {
        Ok(bytes) => bytes,
        Err(error) => {
            remove(&ours(folder).map_err(failed)?.parts);
            return Err(error);
        }
    };
    // The checksum first: the backup is there with the second step.
    std::fs::rename(sum_part, checksum).and_then(|()| std::fs::rename(part, &file)).map_err(failed)?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
    let mut whole = ours(folder).map_err(failed)?.whole;
    whole.truncate(whole.len().saturating_sub(keep.max(1) as usize));
    for old in &whole {
        // The backup first: a checksum alone is taken for nothing.
        remove(&[old.clone(), with(old, ".sha256")]);
    }
    drop(lock);
    Ok(Made { file, bytes, removed: whole.len() })
}

/// The bytes of the copy, once it and its checksum are on the disk.
async fn make(db: &Db, part: &Path, sum_part: &Path, name: &str, now: DateTime<Utc>) -> Result<u64, BackupError> {
    db.copy_all_to(part, now).await?;
    // As `sha256sum --check` reads it.
    let line = format!("{}  {name}\n", sha256(part)?);
    let written =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(sum_part).and_then(|mut file| {
            file.write_all(line.as_bytes())?;
            file.sync_all()
        });
    written.map_err(|error| BackupError::of(sum_part, &error))?;
    std::fs::metadata(part).map(|file| file.len()).map_err(|error| BackupError::of(part, &error))
}

/// What is ours in a folder.
struct Ours {
    /// Backups, the oldest first.
    whole: Vec<PathBuf>,
    /// What was left half done.
    parts: Vec<PathBuf>,
}

fn ours(folder: &Path) -> std::io::Result<Ours> {
    let mut ours = Ours { whole: Vec::new(), parts: Vec::new() };
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_prefix(NAME.0));
        let Some(name) = name else { continue };
        match name.split_once('.') {
            // Nothing that somebody else has laid there under another name.
            Some((at, "db")) if is_stamp(at) => ours.whole.push(path),
            Some((at, rest)) if is_stamp(at) && rest.contains(PART) => ours.parts.push(path),
            _ => {}
        }
    }
    // The instant stands in the name.
    ours.whole.sort();
    Ok(ours)
}

fn is_stamp(text: &str) -> bool {
    let shape = |(n, c): (usize, char)| match n {
        8 => c == 'T',
        15 => c == 'Z',
        _ => c.is_ascii_digit(),
    };
    text.len() == 16 && text.chars().enumerate().all(shape)
}

fn with(path: &Path, more: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(more);
    name.into()
}

/// What cannot be removed now is removed another time.
fn remove(files: &[PathBuf]) {
    for file in files {
        let _ = std::fs::remove_file(file);
    }
}
