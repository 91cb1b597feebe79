//! Files that have had their time are deleted with their reports: by when they were put away, not by what the files say
//! of themselves.

use std::io::ErrorKind;
use std::path::Path;

use chrono::{DateTime, Days, Utc};

use super::file::REPORT;
use super::share::{self, DONE, Errand, REJECTED};
use crate::config::inbox::InboxSettings;
use crate::store::{Db, StoreError, Taken};

/// Deletes what was put away longer ago than it is kept; with `dry` it only counts. How many files.
pub async fn sweep(db: &Db, settings: &InboxSettings, now: DateTime<Utc>, dry: bool) -> Result<u64, StoreError> {
    let before = now.checked_sub_days(Days::new(settings.keep_imports.into())).unwrap_or(now);
    let due = db.filed_before(before).await?;
    if due.is_empty() || dry {
        return Ok(due.len() as u64);
    }
    let dir = settings.dir.clone();
    // Where the share is not there or does not answer, it is another night's work; the service speaks of it already.
    let gone = Errand::default().send(move || delete(&dir, &due)).await.unwrap_or_default();
    db.forget_filed(&gone).await?;
    Ok(gone.len() as u64)
}

/// The numbers of those that are gone.
fn delete(dir: &Path, due: &[Taken]) -> Vec<i64> {
    if share::ready(dir, true).is_err() {
        return Vec::new();
    }
    let gone = |name: String, folder: &Path| match std::fs::remove_file(folder.join(name)) {
        Ok(()) => true,
        Err(error) => error.kind() == ErrorKind::NotFound,
    };
    let deleted = due.iter().filter(|Taken { arrival, .. }| {
        let folder = dir.join(if arrival.accepted { DONE } else { REJECTED });
        gone(arrival.target.clone(), &folder) && gone(format!("{}{REPORT}", arrival.target), &folder)
    });
    deleted.map(|taken| taken.id).collect()
}
