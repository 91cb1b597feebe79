//! Files of the folder → copies of our own, with what they are known by. Runs where waiting for the share is allowed.
//!
//! The import reads the copies: what it takes over is what was fingerprinted, whatever somebody writes meanwhile. They
//! need not outlive a loss of power. A file whose import did not commit is still in the folder and is copied anew; one
//! whose import did is found in the folder by its fingerprint.

use std::collections::{BTreeSet, HashSet};
use std::ffi::OsString;
use std::fs::{self, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};

use super::share::{self, DONE, Hash, MOST_BYTES, REJECTED};
use super::still::{Memory, Signature, Verdict, Waiting, Why};

/// What is to be done at the share.
#[derive(Debug)]
pub(super) struct Order {
    /// The folder.
    pub(super) dir: PathBuf,
    /// Where copies go. What lies there is left from an earlier look.
    pub(super) copies: PathBuf,
    /// Whether the folder has been found in order before.
    pub(super) known: bool,
    /// What earlier looks saw.
    pub(super) memory: Memory,
    /// Names and fingerprints of what was taken and could not be put away yet.
    pub(super) taken: HashSet<(String, String)>,
    pub(super) now: DateTime<Utc>,
    pub(super) settle: TimeDelta,
}

/// A file that is whole.
#[derive(Debug, Clone)]
pub(super) struct Whole {
    /// Its name in the folder.
    pub(super) name: OsString,
    /// The same as the database keeps it.
    pub(super) text: String,
    pub(super) sha256: String,
    pub(super) signature: Signature,
    /// Our copy; none of what is too large to be a list.
    pub(super) copy: Option<PathBuf>,
}

/// What a look at the share came to.
#[derive(Debug)]
pub(super) struct Gathered {
    pub(super) memory: Memory,
    /// Why nothing could be done, German.
    pub(super) trouble: Option<String>,
    /// What is to be imported together; empty while something is to be waited for.
    pub(super) files: Vec<Whole>,
    pub(super) waiting: Vec<Waiting>,
    /// Names that are taken among what is done and among what is rejected, in lower case.
    pub(super) names: [BTreeSet<String>; 2],
}

/// What could not be copied.
enum Stuck {
    /// This one: it waits.
    File(Why),
    /// None can be: our own disk. German.
    Disk(String),
}

pub(super) fn gather(order: &Order) -> Gathered {
    let Order { dir, known, memory, .. } = order;
    let mut gathered = Gathered {
        memory: memory.clone(),
        trouble: None,
        files: Vec::new(),
        waiting: Vec::new(),
        names: <[BTreeSet<String>; 2]>::default(),
    };
    gathered.trouble = share::ready(dir, *known).and_then(|()| look(order, &mut gathered)).err();
    if gathered.trouble.is_some() {
        gathered.files.clear();
    }
    gathered
}

fn look(order: &Order, gathered: &mut Gathered) -> Result<(), String> {
    let Order { dir, now, settle, .. } = order;
    let failed =
        |e: io::Error| format!("Der Eingangsordner {} lässt sich nicht lesen: {}", dir.display(), share::why(&e));
    let found = share::list(dir).map_err(failed)?;
    let Verdict { whole, waiting, patient } = gathered.memory.look(found, *now, *settle);
    gathered.waiting = waiting;
    // What comes together is read together, so that a case is known before what was done for it.
    if whole.is_empty() || !(gathered.waiting.is_empty() || patient) {
        return Ok(());
    }
    clear(&order.copies).map_err(|error| full(&order.copies, &error))?;
    gathered.names =
        [share::names(&dir.join(DONE)).map_err(failed)?, share::names(&dir.join(REJECTED)).map_err(failed)?];
    for (name, signature) in whole {
        match copy(order, &name, signature) {
            Ok(file) if order.taken.contains(&(file.text.clone(), file.sha256.clone())) => {}
            Ok(file) => gathered.files.push(file),
            Err(Stuck::File(why)) => {
                let since = gathered.memory.since(&name, *now);
                gathered.waiting.push(Waiting { name, since, why });
            }
            Err(Stuck::Disk(sentence)) => return Err(sentence),
        }
    }
    if !(gathered.waiting.is_empty() || patient) {
        gathered.files.clear();
    }
    Ok(())
}

/// Removes what lies in the folder of copies, but for what is hidden: the lock.
pub(super) fn clear(copies: &Path) -> io::Result<()> {
    for entry in fs::read_dir(copies)? {
        let entry = entry?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn full(copies: &Path, error: &io::Error) -> String {
    format!(
        "Dateien des Eingangsordners lassen sich nicht nach {} kopieren: {} Sie bleiben liegen, bis es gelingt.",
        copies.display(),
        share::why(error)
    )
}

fn copy(order: &Order, name: &OsString, expected: Signature) -> Result<Whole, Stuck> {
    let from = order.dir.join(name);
    let file = share::open(&from).map_err(|error| Stuck::File(of_read(&error)))?;
    // Whoever writes through the share may hold a lock; a file system that knows none refuses to say.
    if matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)) {
        return Err(Stuck::File(Why::Locked));
    }
    let signature = |file: &fs::File| file.metadata().map(|meta| share::signature(&meta));
    let same = |file: &fs::File| signature(file).is_ok_and(|now| now == expected);
    if !same(&file) {
        return Err(Stuck::File(Why::Young));
    }
    let mut whole =
        Whole { name: name.clone(), text: share::text(name), sha256: String::new(), signature: expected, copy: None };
    if expected.size > MOST_BYTES {
        whole.sha256 = share::fingerprint(&from).map_err(|error| Stuck::File(of_read(&error)))?;
        return Ok(whole);
    }
    let to = order.copies.join(name);
    let disk = |error: &io::Error| Stuck::Disk(full(&order.copies, error));
    let mut target =
        fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&to).map_err(|error| disk(&error))?;
    let (mut hash, mut last, mut bytes) = (Hash::of(expected.size), 1, vec![0; 1 << 16]);
    let mut from = &file;
    loop {
        let read = match from.read(&mut bytes) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(Stuck::File(of_read(&error))),
        };
        last = bytes[read - 1];
        target.write_all(&bytes[..read]).and_then(|()| hash.write_all(&bytes[..read])).map_err(|error| disk(&error))?;
    }
    if !same(&file) {
        return Err(Stuck::File(Why::Young));
    }
    // Windows gives a file its size before its content: what was not written yet reads as zeros. Text has none.
    if last == 0 && whole.text.to_lowercase().ends_with(".csv") {
        return Err(Stuck::File(Why::Half));
    }
    whole.sha256 = hash.hex();
    whole.copy = Some(to);
    Ok(whole)
}

fn of_read(error: &io::Error) -> Why {
    match error.kind() {
        // Gone or replaced since the folder was listed.
        ErrorKind::NotFound | ErrorKind::InvalidInput => Why::Young,
        ErrorKind::WouldBlock | ErrorKind::ResourceBusy | ErrorKind::ExecutableFileBusy => Why::Locked,
        _ => Why::Unreadable(share::why(error)),
    }
}

/// Whether the files still lie there as they were copied.
pub(super) fn unchanged(dir: &Path, files: &[(OsString, Signature)]) -> bool {
    files.iter().all(|(name, signature)| {
        fs::symlink_metadata(dir.join(name)).is_ok_and(|meta| meta.is_file() && share::signature(&meta) == *signature)
    })
}
