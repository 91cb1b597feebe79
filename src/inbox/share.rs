//! The folder itself: whether it is there, what lies in it, and what to call what went wrong with it.
//!
//! It is usually a share. A server that is gone does not answer „no": it does not answer, and whoever asks hangs in the
//! system, where nothing wakes them. So everything that touches the folder runs on a thread of its own that nobody waits
//! for for long ([`Errand`]).

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use rustix::fs::{Access, OFlags, access};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};
use tokio::sync::oneshot;

use super::still::{Found, Signature};

/// Where files go of which anything was taken over.
pub(super) const DONE: &str = "done";
/// Where the others go.
pub(super) const REJECTED: &str = "rejected";

/// Nothing that is a list is larger; of what is, only the beginning is looked at.
pub(super) const MOST_BYTES: u64 = 1 << 30;
/// So much of it.
const HEAD: u64 = 1 << 20;

/// So long the service waits for the share; an answer that comes later is taken at the next look.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Silent {
    /// Not yet.
    Waiting,
    /// There will be none: what was asked has ended without one.
    Broken,
}

impl Silent {
    pub(super) fn sentence(self, dir: &Path) -> String {
        let dir = dir.display();
        match self {
            Self::Waiting => format!("Der Eingangsordner {dir} antwortet nicht. Bitte den Dateiserver prüfen."),
            Self::Broken => format!(
                "Beim Bearbeiten des Eingangsordners {dir} ist das Programm auf einen eigenen Fehler gestoßen. Bitte das \
                 Protokoll weitergeben; es nennt die Stelle."
            ),
        }
    }
}

/// Something that is done at the share while others go on. One at a time: while it is under way, nothing else is begun.
#[derive(Debug)]
pub(super) struct Errand<T>(Option<oneshot::Receiver<T>>);

impl<T> Default for Errand<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Send + 'static> Errand<T> {
    /// Whether one is under way.
    pub(super) fn is_out(&self) -> bool {
        self.0.is_some()
    }

    /// The answer to `work`, or to what is under way already: then `work` is not begun.
    pub(super) async fn send(&mut self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Silent> {
        let answer = match &mut self.0 {
            Some(answer) => answer,
            none => {
                let (said, answer) = oneshot::channel();
                // Not one of the runtime's threads: those are awaited at the end.
                let thread = std::thread::Builder::new().name("eingang".to_owned());
                let begun = thread.spawn(move || drop(said.send(work())));
                begun.map_err(|_| Silent::Broken)?;
                none.insert(answer)
            }
        };
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(answered) => {
                self.0 = None;
                answered.map_err(|_| Silent::Broken)
            }
            Err(_) => Err(Silent::Waiting),
        }
    }
}

/// Makes sure that the folder can be worked with. `known`: it has been before, with what belongs into it; where that is
/// missing now, the share is not mounted, and what is there is the empty folder under it. Otherwise it is made.
pub(super) fn ready(dir: &Path, known: bool) -> Result<(), String> {
    let shown = dir.display();
    let meta = fs::metadata(dir).map_err(|error| match error.kind() {
        ErrorKind::NotFound => format!(
            "Den Eingangsordner {shown} gibt es nicht. Bitte die Freigabe einhängen oder inbox.dir berichtigen."
        ),
        _ => format!("Der Eingangsordner {shown} ist nicht zu erreichen: {}", why(&error)),
    })?;
    if !meta.is_dir() {
        return Err(format!("{shown} ist kein Ordner. Bitte inbox.dir berichtigen."));
    }
    for name in [DONE, REJECTED] {
        let folder = dir.join(name);
        match fs::symlink_metadata(&folder) {
            Ok(meta) if meta.is_dir() => {}
            Ok(_) => return Err(format!("{} ist kein Ordner. Bitte wegräumen.", folder.display())),
            Err(error) if error.kind() == ErrorKind::NotFound && known => {
                return Err(format!(
                    "Im Eingangsordner {shown} fehlt der Ordner {name}: Vermutlich ist die Freigabe nicht eingehängt. \
                     Wurde er nur gelöscht, legen Sie ihn bitte wieder an."
                ));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let made = fs::create_dir(&folder).and_then(|()| fs::set_permissions(&folder, meta.permissions()));
                made.map_err(|error| format!("{} lässt sich nicht anlegen: {}", folder.display(), why(&error)))?;
            }
            Err(error) => return Err(format!("{} ist nicht zu erreichen: {}", folder.display(), why(&error))),
        }
    }
    for folder in [dir.to_owned(), dir.join(DONE), dir.join(REJECTED)] {
        access(&folder, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK).map_err(|error| {
            let why = why(&error.into());
            format!("In {} darf der Dienst nicht lesen und schreiben: {why}", folder.display())
        })?;
    }
    Ok(())
}

/// The files of the folder that somebody may have meant for us. Neither links nor pipes nor folders, whatever is behind
/// them; neither what programs put beside their files, nor what they have not finished.
pub(super) fn list(dir: &Path) -> io::Result<Vec<Found>> {
    let (mut files, mut marks) = (BTreeMap::new(), BTreeSet::new());
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        if let Some(of) = name.as_bytes().strip_prefix(b"~$") {
            marks.insert(of.to_owned());
        }
        if is_left_alone(&name) {
            continue;
        }
        // Gone meanwhile, or not to be seen: as if it were not there yet. The entry's own: a link is not followed.
        let Ok(meta) = entry.metadata() else { continue };
        if meta.is_file() {
            files.insert(name, signature(&meta));
        }
    }
    let found = files.into_iter().map(|(name, signature)| {
        // Office marks what it has open; from longer names it cuts the first two letters.
        let bytes = name.as_bytes();
        let open = [0, 1, 2].into_iter().any(|cut| bytes.get(cut..).is_some_and(|rest| marks.contains(rest)));
        Found { name, signature, open }
    });
    Ok(found.collect())
}

/// Names that are never lists.
fn is_left_alone(name: &OsStr) -> bool {
    let name = name.to_string_lossy().to_lowercase();
    let unfinished = [".tmp", ".part", ".partial", ".filepart", ".crdownload", ".teil"];
    name.starts_with(['.', '~'])
        || name.ends_with('~')
        || unfinished.iter().any(|end| name.ends_with(end))
        || matches!(&*name, "thumbs.db" | "desktop.ini")
}

pub(super) fn signature(meta: &Metadata) -> Signature {
    let (modified, changed) = ((meta.mtime(), meta.mtime_nsec()), (meta.ctime(), meta.ctime_nsec()));
    Signature { size: meta.len(), modified, changed }
}

/// Opens a file to read it: never what a link leads to, and without waiting at a pipe.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(|error| {
        let link = error.raw_os_error() == Some(Errno::LOOP.raw_os_error());
        if link { ErrorKind::InvalidInput.into() } else { error }
    })?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(ErrorKind::InvalidInput.into()) }
}

/// What a file is known by, hexadecimal: its whole content, or of what is no list anyway its beginning and size.
pub(super) fn fingerprint(path: &Path) -> io::Result<String> {
    let file = open(path)?;
    let size = file.metadata()?.len();
    let mut hash = Hash::of(size);
    io::copy(&mut file.take(if size > MOST_BYTES { HEAD } else { u64::MAX }), &mut hash)?;
    Ok(hash.hex())
}

/// Takes bytes and gives their fingerprint.
pub(super) struct Hash(Sha256);

impl Hash {
    /// For a file of this size.
    pub(super) fn of(size: u64) -> Self {
        let mut hash = Sha256::new();
        if size > MOST_BYTES {
            hash.update(size.to_le_bytes());
        }
        Self(hash)
    }

    pub(super) fn hex(self) -> String {
        hex(&self.0.finalize())
    }
}

/// Bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl io::Write for Hash {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file's name as the database keeps it: what is no text is told byte by byte, so that two names stay two.
pub(super) fn text(name: &OsStr) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    for chunk in name.as_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

/// The names of a folder, in lower case: for Windows a capital letter makes no other file.
pub(super) fn names(dir: &Path) -> io::Result<BTreeSet<String>> {
    fs::read_dir(dir)?.map(|entry| Ok(text(&entry?.file_name()).to_lowercase())).collect()
}

/// The file of this name and content, if it lies in the folder, and how it looked before its content was read.
pub(super) fn find(dir: &Path, name: &str, sha256: &str) -> io::Result<Option<(OsString, Signature)>> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if text(&entry.file_name()) == name
            && let Ok(meta) = entry.metadata()
            && meta.is_file()
        {
            let same = fingerprint(&entry.path())? == sha256;
            return Ok(same.then(|| (entry.file_name(), signature(&meta))));
        }
    }
    Ok(None)
}

/// What an input error is, in German and without the path.
pub(super) fn why(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::NotFound => "Er ist nicht da.",
        ErrorKind::PermissionDenied => "Die Rechte fehlen.",
        ErrorKind::ReadOnlyFilesystem => "Es ist nur lesbar eingehängt.",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "Der Datenträger ist voll.",
        ErrorKind::ResourceBusy | ErrorKind::ExecutableFileBusy | ErrorKind::WouldBlock => "Jemand hält es gesperrt.",
        ErrorKind::StaleNetworkFileHandle | ErrorKind::TimedOut | ErrorKind::HostUnreachable => {
            "Der Dateiserver ist nicht zu erreichen."
        }
        _ => "Ein- oder Ausgabefehler.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_that_somebody_may_have_meant_are_listed() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &OsStr| fs::write(dir.path().join(name), b"x").unwrap();
        let odd = OsStr::from_bytes(b"odd \xff.csv");
        let long = format!("{}.csv", "ä".repeat(125));
        for name in ["teams.csv", "Über Blick 3.CSV", "zwei\nZeilen.csv", "liste.xlsx", "Notiz.docx", &long] {
            write(name.as_ref());
        }
        write(odd);
        for name in ["~$liste.xlsx", "~$tiz.docx", "~WRL0001.tmp", ".versteckt.csv", "a.csv.part", "B.TMP", "Thumbs.db"]
        {
            write(name.as_ref());
        }
        for name in ["desktop.ini", "a.filepart", "teams.csv~", "x.crdownload"] {
            write(name.as_ref());
        }
        fs::create_dir(dir.path().join("ordner.csv")).unwrap();
        std::os::unix::fs::symlink("teams.csv", dir.path().join("link.csv")).unwrap();
        let pipe = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, dir.path().join("pipe.csv"), pipe, rustix::fs::Mode::RUSR, 0).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("s.csv")).unwrap();

        let mut found: Vec<_> = list(dir.path()).unwrap().into_iter().map(|f| (text(&f.name), f.open)).collect();
        found.sort();
        let mut expected = vec![
            ("teams.csv".to_owned(), false),
            ("Über Blick 3.CSV".to_owned(), false),
            ("zwei\nZeilen.csv".to_owned(), false),
            ("liste.xlsx".to_owned(), true),
            ("Notiz.docx".to_owned(), true),
            ("odd %FF.csv".to_owned(), false),
            (long, false),
        ];
        expected.sort();
        assert_eq!(found, expected);
        for name in ["link.csv", "pipe.csv", "s.csv", "ordner.csv"] {
            assert!(open(&dir.path().join(name)).is_err(), "{name}");
        }
        let sha = fingerprint(&dir.path().join(odd)).unwrap();
        assert_eq!(find(dir.path(), "odd %FF.csv", &sha).unwrap().map(|(name, _)| name).as_deref(), Some(odd));
        assert_eq!(find(dir.path(), "odd %FF.csv", "other").unwrap(), None);
    }

    #[test]
    fn what_is_missing_from_a_known_folder_is_not_made_anew() {
        let dir = tempfile::tempdir().unwrap();
        assert!(ready(&dir.path().join("nein"), false).unwrap_err().contains("gibt es nicht"));
        assert!(ready(dir.path(), true).unwrap_err().contains("nicht eingehängt"));
        assert!(!dir.path().join(DONE).exists());
        ready(dir.path(), false).unwrap();
        ready(dir.path(), true).unwrap();
        fs::remove_dir(dir.path().join(REJECTED)).unwrap();
        std::os::unix::fs::symlink("/", dir.path().join(REJECTED)).unwrap();
        assert!(ready(dir.path(), true).unwrap_err().contains("ist kein Ordner"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_share_that_does_not_answer_is_asked_once() {
        let (release, wait) = std::sync::mpsc::channel::<()>();
        let mut errand = Errand::default();
        assert_eq!(errand.send(move || wait.recv().is_ok()).await, Err(Silent::Waiting));
        assert!(errand.is_out());
        assert_eq!(errand.send(|| panic!("a second one")).await, Err(Silent::Waiting));
        release.send(()).unwrap();
        // The clock of the test stands still while the other thread works.
        let answer = loop {
            match errand.send(|| false).await {
                Err(Silent::Waiting) => std::thread::yield_now(),
                answer => break answer,
            }
        };
        assert_eq!(answer, Ok(true));
        assert!(!errand.is_out());
    }
}
