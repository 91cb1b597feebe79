//! The watched folder: what the office puts into it is imported, once each, and put away with a report.
//!
//! Looked at with every bell of the service. Being told of changes by the system would be quicker by a minute and is of no
//! use here: for what another machine writes to a share nobody is told anything. A look asks, and misses nothing.
//!
//! **Once each, also when the power fails.** A file is copied beside the database and imported from the copy, in one
//! transaction with the note that it was taken (name and fingerprint) and the mail about it. Only then is it moved. Who
//! dies before the commit has done nothing; who dies after it leaves a note that is not filed, and the next look finds the
//! file by it and only puts it away. The same list dropped again later is a new file: its import says that nothing is new.
//!
//! | room | does |
//! |---|---|
//! | `still` | two looks → which files are whole |
//! | `share` | the folder: is it there, what lies in it; asking it without hanging |
//! | `gather` | whole files → copies |
//! | `take` | copies → facts, notes and mails, all at once |
//! | `file` | what was taken → `done` or `rejected`, with its report |
//! | `words` | report and mail |
//! | `keep` | deleting what has had its time |
//!
//! Knows settings, imports and mails; does not know SQL, nor how mail is sent.

mod file;
mod gather;
mod keep;
mod share;
mod still;
mod take;
mod words;

use std::collections::HashMap;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::clock::local_date;
use crate::config::inbox::InboxSettings;
use crate::domain::digest::{Content, Kind};
use crate::mail::words::{clean, instant};
use crate::store::{Db, InboxState, StoreError, Taken};
use file::Filed;
use gather::{Gathered, Order};
pub use keep::sweep;
use share::Errand;
use still::{Memory, Waiting, Why};
use take::{Stuck, import, written};

/// A file that waits for longer is named in `status`, and a folder that cannot be worked with for so long in a mail to
/// the administrator: a restart of the file server takes less.
const PATIENCE: TimeDelta = TimeDelta::minutes(15);
/// The longest pause after imports that failed.
const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(16);

/// What a look did.
#[derive(Debug, Default)]
pub struct Looked {
    /// Per file that was taken: its name, what became of it (German), and whether all of it was taken over.
    pub files: Vec<(String, String, bool)>,
    /// Whether there are mails to deliver.
    pub mails: bool,
    /// How many files wait for another look.
    pub waiting: usize,
    /// What somebody has to see to: German sentences with names of files at most.
    pub sentences: Vec<String>,
    /// Somebody else is at it; nothing was done.
    pub busy: bool,
}

/// Imports that failed, one after the other.
#[derive(Debug)]
struct Failed {
    times: u32,
    until: DateTime<Utc>,
    sentence: String,
}

/// The folder as one process knows it, from look to look.
#[derive(Debug, Default)]
pub struct Inbox {
    /// Whose memory it is.
    settings: Option<InboxSettings>,
    memory: Memory,
    copies: Option<Copies>,
    gathering: Errand<Gathered>,
    filing: Errand<Filed>,
    failed: Option<Failed>,
    /// The day of which the administrator has been told.
    told: Option<NaiveDate>,
    /// What the log has heard last.
    said: Vec<String>,
}

impl Inbox {
    /// Looks at the folder, imports what is whole, and puts it away. Does nothing where no folder is set.
    pub async fn look(
        &mut self,
        app: &App,
        now: DateTime<Utc>,
        stop: &CancellationToken,
    ) -> Result<Looked, StoreError> {
        let Some(settings) = &app.settings.inbox else {
            *self = Self::default();
            return Ok(Looked::default());
        };
        if self.settings.as_ref().is_none_or(|known| known.dir != settings.dir) {
            *self = Self { copies: self.copies.take(), ..Self::default() };
        }
        self.settings = Some(settings.clone());
        let state = app.db.inbox_state().await?.filter(|state| Path::new(&state.folder) == settings.dir);
        let mut looked = Looked::default();
        let trouble = match self.copies(app)? {
            Ok(Some(copies)) => {
                self.work(
                    app,
                    settings,
                    copies,
                    state.as_ref().is_some_and(|state| state.known),
                    now,
                    stop,
                    &mut looked,
                )
                .await?
            }
            Ok(None) => {
                looked.busy = true;
                return Ok(looked);
            }
            Err(sentence) => Some(sentence),
        };
        // What was copied is people's data: it stays no longer than it is needed.
        if let Some(copies) = self.copies.as_ref().filter(|_| !self.gathering.is_out() && !self.filing.is_out()) {
            drop(gather::clear(copies.path()));
        }
        looked.sentences.splice(0..0, trouble.clone());
        self.say(&looked.sentences);
        self.remember(app, settings, state, trouble, &mut looked, now).await?;
        Ok(looked)
    }

    /// Everything between knowing the folder and knowing how it stands. What kept it from being done, if anything did.
    #[expect(clippy::too_many_arguments, reason = "what a look knows, and what it did")]
    async fn work(
        &mut self,
        app: &App,
        settings: &InboxSettings,
        copies: PathBuf,
        known: bool,
        now: DateTime<Utc>,
        stop: &CancellationToken,
        looked: &mut Looked,
    ) -> Result<Option<String>, StoreError> {
        let dir = &settings.dir;
        // What an earlier look, or a process that is dead, has taken and not put away.
        let mut taken = app.db.unfiled().await?;
        if !self.gathering.is_out() && (self.filing.is_out() || !taken.is_empty()) {
            match self.put_away(app, dir, taken, HashMap::new(), now, looked).await? {
                Ok(left) => taken = left,
                Err(sentence) => return Ok(Some(sentence)),
            }
        }
        if stop.is_cancelled() {
            return Ok(None);
        }
        if let Some(failed) = &self.failed
            && now < failed.until
            && failed.until - now <= LONGEST_PAUSE
        {
            return Ok(Some(failed.sentence.clone()));
        }
        let order = Order {
            dir: dir.clone(),
            copies,
            known,
            memory: self.memory.clone(),
            taken: taken.iter().map(|t| (t.arrival.name.clone(), t.arrival.sha256.clone())).collect(),
            now,
            settle: settings.settle,
        };
        let gathered = match self.gathering.send(move || gather::gather(&order)).await {
            Ok(gathered) => gathered,
            Err(silent) => return Ok(Some(silent.sentence(dir))),
        };
        self.memory = gathered.memory;
        looked.waiting = gathered.waiting.len();
        looked.sentences.extend(gathered.waiting.iter().filter_map(|waiting| long(waiting, now)));
        if gathered.trouble.is_some() || gathered.files.is_empty() || stop.is_cancelled() {
            return Ok(gathered.trouble);
        }
        let files = gathered.files;
        match import(app, settings, &files, &gathered.names, &taken, now, looked).await {
            Ok(true) => self.failed = None,
            // Somebody has changed or taken one of them: the next look sees what is there then.
            Ok(false) => {
                looked.waiting += files.len();
                return Ok(None);
            }
            Err(Stuck::Store(error)) => {
                self.pause(now, &error.to_string());
                return Err(error);
            }
            Err(Stuck::Program(error)) => return Ok(Some(self.pause(now, &error))),
        }
        let copies = files.into_iter().filter_map(|file| Some(((file.text, file.sha256), file.copy?))).collect();
        let taken = app.db.unfiled().await?;
        Ok(self.put_away(app, dir, taken, copies, now, looked).await?.err())
    }

    /// Puts away what was taken; what is left of it, or why nobody knows yet.
    async fn put_away(
        &mut self,
        app: &App,
        dir: &Path,
        taken: Vec<Taken>,
        copies: HashMap<(String, String), PathBuf>,
        now: DateTime<Utc>,
        looked: &mut Looked,
    ) -> Result<Result<Vec<Taken>, String>, StoreError> {
        let (folder, files) = (dir.to_owned(), taken.clone());
        let filed = match self.filing.send(move || file::put_away(&folder, &files, &copies)).await {
            Ok(filed) => filed,
            Err(silent) => return Ok(Err(silent.sentence(dir))),
        };
        let (mut done, mut left) = (Vec::new(), taken);
        for (id, outcome) in filed {
            match outcome {
                Ok(target) => {
                    left.retain(|taken| taken.id != id);
                    done.push((id, target));
                }
                Err(why) => {
                    if let Some(taken) = left.iter().find(|taken| taken.id == id) {
                        looked.sentences.push(format!(
                            "„{}“ ist eingelesen, lässt sich aber im Eingangsordner nicht ablegen: {why} Der Dienst \
                             versucht es weiter.",
                            clean(&taken.arrival.name)
                        ));
                    }
                }
            }
        }
        if !done.is_empty() {
            app.db.note_filed(&done, now).await?;
        }
        Ok(Ok(left))
    }

    /// Our folder for copies, ours alone as long as this lives. `Ok(None)`: another process works with it.
    fn copies(&mut self, app: &App) -> Result<Result<Option<PathBuf>, String>, StoreError> {
        if let Some(copies) = &self.copies {
            return Ok(Ok(Some(copies.path().to_owned())));
        }
        let beside = Db::inbox_copies(&app.settings.database_url)?;
        match Copies::open(beside) {
            Ok(copies) => {
                let path = copies.path().to_owned();
                self.copies = Some(copies);
                Ok(Ok(Some(path)))
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(Ok(None)),
            Err(error) => Ok(Err(format!(
                "Der Ordner für Kopien neben der Datenbank lässt sich nicht benutzen: {}",
                share::why(&error)
            ))),
        }
    }

    /// A pause before the import is tried again, longer each time.
    fn pause(&mut self, now: DateTime<Utc>, error: &str) -> String {
        let times = self.failed.as_ref().map_or(0, |failed| failed.times);
        let sentence = format!("Dateien des Eingangsordners lassen sich nicht einlesen: {error}");
        let until = now + TimeDelta::minutes(1 << times.min(4));
        self.failed = Some(Failed { times: times + 1, until, sentence: sentence.clone() });
        sentence
    }

    /// For the log, once: what is to be seen to may name files, and files may be named after people.
    fn say(&mut self, sentences: &[String]) {
        if self.said == sentences {
            return;
        }
        match sentences.len() {
            0 => tracing::info!("the watched folder is in order again"),
            problems => tracing::warn!(problems, "the watched folder needs somebody: status says what for"),
        }
        self.said = sentences.to_vec();
    }

    /// Notes how the folder stands where that is new, and tells the administrator once a day of what does not pass.
    async fn remember(
        &mut self,
        app: &App,
        settings: &InboxSettings,
        state: Option<InboxState>,
        trouble: Option<String>,
        looked: &mut Looked,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let was_in_order = state.as_ref().is_none_or(|state| state.sentences.is_empty());
        // How long it has stood so counts from the first thing that was to be seen to.
        let since = state.as_ref().filter(|_| !was_in_order).map_or(now, |state| state.since.min(now));
        let known = state.as_ref().is_some_and(|state| state.known) || trouble.is_none();
        if state.as_ref().is_none_or(|state| state.sentences != looked.sentences || state.known != known) {
            let folder = settings.dir.display().to_string();
            let sentences = looked.sentences.clone();
            app.db.note_inbox_state(&InboxState { folder, known, since, sentences }).await?;
        }
        let day = local_date(now);
        let Some(trouble) = trouble.filter(|_| now - since >= PATIENCE) else { return Ok(()) };
        let Some(admin) = app.settings.admin_email.as_ref().filter(|_| self.told != Some(day)) else { return Ok(()) };
        let content = Content::Admin(vec![
            trouble,
            "Bis dahin wird nichts eingelesen. Was im Eingangsordner liegt, bleibt liegen und wird eingelesen, sobald es \
             geht; „wiedervorlage status“ zeigt den Stand."
                .to_owned(),
        ]);
        let key = format!("eingang-stoerung:{day}");
        let secret = app.db.secret().await?;
        if let Some(mail) = written(app, &secret, Kind::Admin, admin, content, key, now) {
            looked.mails |= app.db.queue(mail).await?;
        }
        self.told = Some(day);
        Ok(())
    }
}

/// Where copies wait for their import.
#[derive(Debug)]
enum Copies {
    /// Beside the database: what a killed process has left there is cleared by the next.
    Beside { path: PathBuf, _lock: File },
    /// For a database that is elsewhere: in the folder for temporary files.
    Temporary(TempDir),
}

impl Copies {
    fn open(beside: Option<PathBuf>) -> io::Result<Self> {
        let Some(path) = beside else { return TempDir::with_prefix("wiedervorlage-eingang-").map(Self::Temporary) };
        DirBuilder::new().recursive(true).mode(0o700).create(&path)?;
        let lock =
            OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path.join(".sperre"))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => io::Error::from(ErrorKind::WouldBlock),
            TryLockError::Error(error) => error,
        })?;
        gather::clear(&path)?;
        Ok(Self::Beside { path, _lock: lock })
    }

    fn path(&self) -> &Path {
        match self {
            Self::Beside { path, .. } => path,
            Self::Temporary(folder) => folder.path(),
        }
    }
}

/// What is said of a file that has waited for long.
fn long(waiting: &Waiting, now: DateTime<Utc>) -> Option<String> {
    if now - waiting.since < PATIENCE {
        return None;
    }
    let why = match waiting.why {
        Why::Young => "sie wird noch geschrieben oder ändert sich ständig".to_owned(),
        Why::Open => "jemand hat sie in Office geöffnet; bitte schließen".to_owned(),
        Why::Half => "sie ist erst zum Teil geschrieben; bitte noch einmal hineinkopieren".to_owned(),
        Why::Locked => "ein anderes Programm hält sie gesperrt; bitte dort schließen".to_owned(),
        Why::Unreadable(why) => format!("sie lässt sich nicht lesen ({})", why.trim_end_matches('.')),
    };
    let name = share::text(&waiting.name);
    Some(format!("„{}“ im Eingangsordner wartet seit {}: {why}.", clean(&name), instant(waiting.since)))
}

/// Whether the folder can be worked with now, for whoever asks by hand: nothing is made. German where not.
pub async fn in_order(settings: &InboxSettings, known: bool) -> Result<(), String> {
    let dir = settings.dir.clone();
    let ready = move || {
        let is_new = !known && dir.is_dir() && !dir.join(share::DONE).exists();
        if is_new { Ok(()) } else { share::ready(&dir, true) }
    };
    Errand::default().send(ready).await.unwrap_or_else(|silent| Err(silent.sentence(&settings.dir)))
}
