//! Bounces: what a mail server reports back → the mail it is about.
//!
//! Notifications arrive in a maildir. This room lists it, lets [`mail::bounce`](crate::mail::bounce) read each message
//! once, notes in the store what it says of a mail of ours, and gives the message the flag of one that was seen. It
//! does not know how mail is sent, and believes a notification no more than that it knows a Message-ID nobody can
//! guess. Dying between note and flag is harmless: the second note finds the mail no longer sent.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use chrono::{DateTime, Utc};

use crate::mail::bounce::{self, Action, Bounce};
use crate::store::{Db, Spoken, StoreError};

/// So many messages are done with in one call. A flood waits for the next minute instead of holding up what else is
/// due in this one. Those that cannot be done with do not count: however many lie there, they keep no other waiting.
const BATCH: usize = 500;

/// Why the folder could not be looked through.
#[derive(Debug, thiserror::Error)]
pub enum BouncesError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The maildir.
    #[error("Der Ordner für Rückläufer (bounces.maildir) lässt sich nicht bearbeiten: {}", why(.0))]
    Maildir(#[from] io::Error),
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Mails of ours that now count as undeliverable.
    pub failed: u32,
    /// Mails of ours that are still on their way.
    pub delayed: u32,
    /// Reports about a mail that is just being sent: read again next time.
    pub early: u32,
    /// What changes nothing: good news, news of a mail that does not count as sent any more, mail that is no report.
    pub other: u32,
    /// Reports about mails that are not ours.
    pub unknown: u32,
    /// Messages that cannot be read, or not be put aside: left where they are.
    pub unreadable: u32,
}

/// What could not be done with a message.
enum Stuck {
    /// With this one alone: the others are none the worse.
    Alone,
    /// With any of them.
    All(io::Error),
}

impl From<io::Error> for Stuck {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            // A name that has no room for a flag, something in the way, something that is no file.
            io::ErrorKind::InvalidFilename
            | io::ErrorKind::IsADirectory
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::DirectoryNotEmpty
            | io::ErrorKind::AlreadyExists => Self::Alone,
            _ => Self::All(error),
        }
    }
}

/// Looks at every message of the maildir that nobody has looked at, up to a bound per call, and notes at `now` what it
/// says.
///
/// # Errors
/// Where the database fails, or the maildir is not there or not ours to change; nothing is noted of a message that
/// could not be moved to `cur` first.
pub async fn read(db: &Db, maildir: &Path, now: DateTime<Utc>) -> Result<Counts, BouncesError> {
    let (new, cur) = (maildir.join("new"), maildir.join("cur"));
    let to = cur.clone();
    let mut counts = Counts { unreadable: blocking(move || take_over(&new, &to)).await?, ..Counts::default() };
    let (mut done, mut after) = (0, String::new());
    loop {
        let (folder, behind) = (cur.clone(), after.clone());
        let page = blocking(move || names(&folder, &behind, |name| seen(name).is_some())).await?;
        let Some(last) = page.last() else { return Ok(counts) };
        after.clone_from(last);
        for name in page {
            let message = cur.join(name);
            let path = message.clone();
            let Ok(report) = blocking(move || open(&path)).await else {
                counts.unreadable += 1;
                continue;
            };
            if !note(db, report.as_ref(), now, &mut counts).await? {
                continue;
            }
            match blocking(move || Ok(see(&message))).await? {
                Ok(()) => done += 1,
                Err(Stuck::Alone) => counts.unreadable += 1,
                Err(Stuck::All(error)) => return Err(error.into()),
            }
            if done == BATCH {
                return Ok(counts);
            }
        }
    }
}

/// Notes what a message says; whether it is done with.
async fn note(db: &Db, report: Option<&Bounce>, now: DateTime<Utc>, counts: &mut Counts) -> Result<bool, StoreError> {
    let Some(report) = report else {
        counts.other += 1;
        return Ok(true);
    };
    let spoken = match report.action {
        Action::Failed => db.mark_bounced(&report.message_id, now, &report.reason()).await?,
        Action::Delayed => db.note_delayed(&report.message_id, &report.reason()).await?,
        Action::Delivered | Action::Expanded | Action::Relayed => {
            counts.other += 1;
            return Ok(true);
        }
    };
    match spoken {
        Spoken::Noted(id) if report.action == Action::Failed => {
            tracing::warn!(id, "mail reported as undeliverable");
            counts.failed += 1;
        }
        Spoken::Noted(id) => {
            tracing::info!(id, "mail reported as delayed");
            counts.delayed += 1;
        }
        Spoken::TooEarly(_) => counts.early += 1,
        Spoken::Elsewhere(_) => counts.other += 1,
        Spoken::Unknown => counts.unknown += 1,
    }
    Ok(!matches!(spoken, Spoken::TooEarly(_)))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|e| Err(io::Error::other(e)))
}

/// Takes what is new over into `cur`, as the reader of a maildir does, up to a bound; how many would not go.
fn take_over(new: &Path, cur: &Path) -> io::Result<u32> {
    let (mut taken, mut stuck, mut after) = (0, 0, String::new());
    loop {
        let page = names(new, &after, |_| true)?;
        let Some(last) = page.last() else { return Ok(stuck) };
        after.clone_from(last);
        for name in page {
            let to = cur.join(if name.contains(":2,") { name.clone() } else { format!("{name}:2,") });
            match rename(&new.join(name), &to) {
                Ok(()) => taken += 1,
                Err(Stuck::Alone) => stuck += 1,
                Err(Stuck::All(error)) => return Err(error),
            }
            if taken == BATCH {
                return Ok(stuck);
            }
        }
    }
}

/// That the message is gone is no trouble: somebody else was faster.
fn rename(from: &Path, to: &Path) -> Result<(), Stuck> {
    match std::fs::rename(from, to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// The first names of a folder behind `after` that are wanted, in alphabetical order, which is that of arrival. What is
/// hidden is nobody's message yet.
fn names(folder: &Path, after: &str, wanted: impl Fn(&str) -> bool) -> io::Result<Vec<String>> {
    let mut names = std::collections::BTreeSet::new();
    for entry in std::fs::read_dir(folder)? {
        let Ok(name) = entry?.file_name().into_string() else { continue };
        if *name > *after && !name.starts_with('.') && wanted(&name) {
            names.insert(name);
            if names.len() > BATCH {
                names.pop_last();
            }
        }
    }
    Ok(names.into_iter().collect())
}

/// The name of a message once it was seen; none if it was. Flags stand in alphabetical order behind `:2,`.
fn seen(name: &str) -> Option<String> {
    let (unique, flags) = name.rsplit_once(":2,").unwrap_or((name, ""));
    if flags.contains('S') {
        return None;
    }
    let at = flags.find(|flag| flag > 'S').unwrap_or(flags.len());
    let (before, behind) = flags.split_at(at);
    Some(format!("{unique}:2,{before}S{behind}"))
}

fn see(message: &Path) -> Result<(), Stuck> {
    let name = message.file_name().and_then(|name| name.to_str()).and_then(seen);
    name.map_or(Ok(()), |name| rename(message, &message.with_file_name(name)))
}

fn open(message: &Path) -> io::Result<Option<Bounce>> {
    // Neither a pipe, which would be waited for, nor a link to somewhere else.
    if !std::fs::symlink_metadata(message)?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut bytes = Vec::new();
    File::open(message)?.take(bounce::MAX_BYTES as u64).read_to_end(&mut bytes)?;
    Ok(bounce::parse(&bytes))
}

/// What an input error is, in German and without the path.
fn why(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => "Er oder einer der Unterordner new und cur ist nicht da.",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => "Die Rechte fehlen.",
        io::ErrorKind::StorageFull => "Der Datenträger ist voll.",
        io::ErrorKind::NotADirectory => "Es ist kein Ordner.",
        _ => "Ein- oder Ausgabefehler.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seen_message_keeps_its_name_and_its_flags() {
        for (name, expected) in [
            ("1795411804.M1P2.mx", Some("1795411804.M1P2.mx:2,S")),
            ("1795411804.M1P2.mx:2,", Some("1795411804.M1P2.mx:2,S")),
            ("1795411804.M1P2.mx:2,FRT", Some("1795411804.M1P2.mx:2,FRST")),
            ("1795411804.M1P2.mx:1,x", Some("1795411804.M1P2.mx:1,x:2,S")),
            ("1795411804.M1P2.mx:2,RS", None),
        ] {
            assert_eq!(seen(name).as_deref(), expected, "{name}");
        }
    }
}
