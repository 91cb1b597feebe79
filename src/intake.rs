//! Intake: a delivery's files → facts (RULES.md §1).
//!
//! One call is one transaction over all its files, in the order in which they refer to each other. Rows that cannot be
//! read are refused, rows without effect are kept and reported, and everything that is told has file, line, column,
//! value, reason and remedy. Rows are read on a thread of their own and handed to the store in batches, so memory does
//! not grow with a file.
//!
//! Knows files and the words of `domain`; does not know SQL, rules or mail.
//!
//! | room | does |
//! |---|---|
//! | `discover`, `kinds` | paths → files and what each one is |
//! | `source`, `records`, `fields` | bytes → encoding, records, values |
//! | `header`, `row`, `rows` | which column is which, and what a row says |
//! | `read` | one file from end to end |
//! | `rejects`, `report` | what is said about it |
//! | `correct` | one field that a person has typed |

mod correct;
mod discover;
mod fields;
#[cfg(test)]
mod fuzz;
mod header;
mod kinds;
mod progress;
mod read;
mod records;
mod rejects;
mod report;
mod row;
mod rows;
mod source;

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use tokio::sync::mpsc;

use crate::store::import::{self as stage, Applied, Settled, Stage};
use crate::store::{Change, ChangeKind, Db, FileCounts, Receipt, StoreError, WriteTx};
pub use correct::{case_field, case_fields};
use discover::Input;
use kinds::Kind;
pub use progress::{Bar, Progress};
use read::{Batch, Reading, Task};
use rejects::Rejects;
pub use report::{Counts, Fatal, FileReport, Problem, Report, Severity};
use row::Known;

/// The source of rows whose file has no key, unless another one is named.
pub const DEFAULT_SOURCE: &str = "lieferung";

/// How a call is to be done.
#[derive(Clone)]
pub struct Options {
    /// Keep nothing of the whole call if anything is refused.
    pub strict: bool,
    /// Let a file withdraw as many rows as it likes.
    pub force: bool,
    /// Whose rows the files without key (and `termine.csv`) state. At most 100 characters are looked at.
    pub source: String,
    /// The instant of the import: the teams' Datenstand.
    pub now: DateTime<Utc>,
    /// Its day in Berlin: the first day of new vacancies.
    pub today: NaiveDate,
    /// Who imports: the user of the operating system.
    pub who: String,
    /// From where: the command, as the log of changes names it.
    pub from: &'static str,
    /// Who is told how far it is.
    pub progress: Option<Arc<dyn Progress>>,
}

impl Options {
    /// Neither strict nor forced, from the default source, by whoever runs this program, told to nobody.
    pub fn new(now: DateTime<Utc>) -> Self {
        let today = crate::clock::local_date(now);
        let (source, who) = (DEFAULT_SOURCE.into(), crate::who::name());
        Self { strict: false, force: false, source, now, today, who, from: "import", progress: None }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("strict", &self.strict)
            .field("force", &self.force)
            .field("source", &self.source)
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

/// Why a call could not be done at all. Nothing of it is kept then.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The reading thread is gone: a defect, or the program is ending.
    #[error("Das Einlesen wurde abgebrochen. Es wurde nichts übernommen.")]
    Interrupted,
}

/// Takes over the files that `paths` name (files, or folders whose CSV files count), as one transaction.
///
/// # Errors
/// Only where the database fails; what is wrong with files is in the [`Report`].
pub async fn import(db: &Db, paths: &[PathBuf], options: &Options) -> Result<Report, ImportError> {
    let none = None::<fn(&Report) -> std::future::Ready<Option<Receipt>>>;
    // Only where a receipt is asked for can it be missing.
    import_with(db, paths, options, none).await?.ok_or(ImportError::Interrupted)
}

/// The same, with a receipt that commits in the transaction of the import: it is asked for when everything is decided and
/// nobody else can write facts or receipts. `None`: there was none to be had, or somebody else has taken its files; then
/// nothing is kept at all.
///
/// # Errors
/// As [`import`].
pub async fn import_with(
    db: &Db,
    paths: &[PathBuf],
    options: &Options,
    receipt: Option<impl AsyncFnOnce(&Report) -> Option<Receipt>>,
) -> Result<Option<Report>, ImportError> {
    let (inputs, refused) = discover::discover(paths);
    // What was named and is not there could not be read either.
    let named = |f: &FileReport| Kind::of_file_name(&f.path.file_name().unwrap_or_default().to_string_lossy());
    let doubtful = refused.iter().any(|f| named(f).is_ok_and(tells_freshness));
    let mut report = Report { files: refused, kept: false, changed_nothing: true, import: None };
    let Options { now: at, ref who, from, .. } = *options;
    if inputs.is_empty() {
        let kept = settle(db, None, receipt, &report, at).await?;
        return Ok(kept.then_some(report));
    }
    if let Some(progress) = &options.progress {
        progress.begin(inputs.iter().map(|input| input.bytes).sum());
    }
    let tx = db.begin_change(&Change { kind: ChangeKind::Import, at, who, from, undoes: None }).await?;
    let mut call = Call { tx, options, teams: BTreeSet::new(), changed: false, settled: false, doubtful };
    let mut rejects = Vec::new();
    for input in inputs {
        let (file, rows) = call.file(input).await?;
        rejects.push((report.files.len(), rows));
        report.files.push(file);
    }
    report.kept = !(options.strict && report.refused()) && report.exit_code() < 2;
    report.changed_nothing = !(report.kept && call.changed);
    let ready = if report.kept {
        call.ready(&report.files).await?
    } else {
        drop(call);
        None
    };
    report.import = ready.as_ref().map(WriteTx::change);
    if !settle(db, ready, receipt, &report, at).await? {
        return Ok(None);
    }
    // Only now: what is written beside the input must tell of something that has happened.
    for (i, rows) in rejects.into_iter().filter_map(|(i, rows)| Some((i, rows?))) {
        let (path, failed) = rows.settle();
        report.files[i].rejects = path;
        report.files[i].rejects_failed = failed;
    }
    if let Some(progress) = &options.progress {
        progress.end();
    }
    Ok(Some(report))
}

/// Commits what is ready together with its receipt, if one is asked for. False: nothing was kept.
async fn settle(
    db: &Db,
    ready: Option<WriteTx>,
    receipt: Option<impl AsyncFnOnce(&Report) -> Option<Receipt>>,
    report: &Report,
    at: DateTime<Utc>,
) -> Result<bool, ImportError> {
    let tx = match (ready, receipt) {
        (ready, None) => ready,
        (ready, Some(receipt)) => {
            // Also where no fact changes: of two who have read the same file, the second must see what the first has noted.
            let mut tx = match ready {
                Some(tx) => tx,
                None => db.begin_write().await?,
            };
            let Some(receipt) = receipt(report).await else { return Ok(false) };
            if !tx.note_arrivals(&receipt, at).await? {
                return Ok(false);
            }
            Some(tx)
        }
    };
    if let Some(tx) = tx {
        tx.commit().await?;
    }
    Ok(true)
}

/// A call under way.
struct Call<'o> {
    tx: WriteTx,
    options: &'o Options,
    /// The teams whose cases the files speak of.
    teams: BTreeSet<String>,
    changed: bool,
    /// Whether a file agrees with a correction by hand for the first time: no fact changes, but what the lists say does.
    settled: bool,
    /// Whether a file of cases or activities could not be read at all: then the data is not fresh, whatever else came.
    doubtful: bool,
}

impl Call<'_> {
    /// Takes over one file. Gives its refused rows too, unless the whole file was refused.
    async fn file(&mut self, input: Input) -> Result<(FileReport, Option<Rejects>), ImportError> {
        let Input { path, kind, .. } = input;
        if let Some(progress) = &self.options.progress {
            progress.file(&path.file_name().unwrap_or_default().to_string_lossy());
        }
        let mut known = Known::default();
        if kind == Kind::Betreuungen {
            known.teams.extend(stage::known_teams(&mut self.tx).await?);
        }
        let task = Task { path: path.clone(), kind, known: Arc::new(known), progress: self.options.progress.clone() };
        let mut staged = Stage::new(&mut self.tx, kind.table()).await?;
        let mut reading = read_into(&mut staged, task).await?;
        if let Some(text) = reading.fatal {
            staged.finish().await?;
            self.doubtful |= tells_freshness(kind);
            return Ok((FileReport::fatal(&path, text), None));
        }
        staged.close().await?;

        let source: String = self.options.source.chars().take(100).collect();
        if kind.table().states_all() && !self.options.force {
            let (all, gone) = staged.withdrawal(&source).await?;
            if too_much(all, gone) {
                staged.finish().await?;
                let mut file = FileReport::new(&path, reading.counts, reading.problems);
                file.fatal = Some(Fatal {
                    text: format!(
                        "Die Datei nähme {gone} von {all} Zeilen zurück, mehr als 30 %. Falls das so gewollt ist, \
                         wiederholen Sie den Import mit --force; falls sie nur ein Teil ist, geben Sie mit --source eine \
                         eigene Quelle an."
                    ),
                    readable: true,
                });
                return Ok((file, None));
            }
        }
        if kind == Kind::Betreuungen {
            report_missing(&mut staged, &mut reading).await?;
        }
        // A row that cannot be read may be the very one that an old row has become: until all can be read, none goes.
        let whole = reading.counts.refused == 0;
        if kind.table().states_all() && !whole && staged.withdrawal(&source).await?.1 > 0 {
            reading.problems.push(Problem {
                line: None,
                column: None,
                value: None,
                reason: "Weil Zeilen abgelehnt wurden, wurde keine frühere Zeile zurückgezogen.".into(),
                remedy: "Bitte berichtigen Sie die abgelehnten Zeilen und lesen Sie die ganze Datei erneut ein.".into(),
                severity: Severity::Kept,
            });
        }
        let applied = staged.apply(&source, self.options.today, whole).await?;
        report_overruled(&applied.settled, &mut reading);
        report_unattached(&mut staged, &mut reading).await?;
        self.teams.extend(staged.teams().await?);
        staged.finish().await?;

        self.changed |= applied.changed_anything();
        self.settled |= applied.settled.caught_up > 0;
        let Applied { new, changed, unchanged, withdrawn, .. } = applied;
        let counts = Counts { new, changed, unchanged, withdrawn, ..reading.counts };
        Ok((FileReport::new(&path, counts, reading.problems), Some(reading.rejects)))
    }

    /// The transaction with everything in it, ready to be committed. Data that says what it said is fresh all the same;
    /// where it is not even fresher, as when a command is given twice, nothing has happened, and there is none.
    async fn ready(mut self, files: &[FileReport]) -> Result<Option<WriteTx>, ImportError> {
        for team in self.teams.iter().filter(|_| !self.doubtful) {
            self.tx.touch_datenstand(team, self.options.now).await?;
        }
        if !(self.changed || self.settled || self.tx.made_fresher()) {
            return Ok(None);
        }
        let files: Vec<FileCounts> = files.iter().filter(|file| file.fatal.is_none()).map(noted).collect();
        self.tx.note_files(&files).await?;
        if self.changed {
            self.tx.bump_revision().await?;
            self.tx.analyze().await?;
        }
        Ok(Some(self.tx))
    }
}

/// A file as the log of changes keeps it: its name alone, for the path may name people.
fn noted(file: &FileReport) -> FileCounts {
    let name = file.path.file_name().unwrap_or_default().to_string_lossy();
    let counts = file.counts;
    FileCounts {
        table: Kind::of_file_name(&name).map_or_else(|_| String::new(), |kind| kind.table().name().to_owned()),
        file: name.into_owned(),
        read: counts.read,
        new: counts.new,
        changed: counts.changed,
        unchanged: counts.unchanged,
        withdrawn: counts.withdrawn,
        refused: counts.refused,
    }
}

/// Whether data is not fresh without this file, if it was to come.
const fn tells_freshness(kind: Kind) -> bool {
    matches!(kind, Kind::Betreuungen | Kind::Aktivitaeten)
}

/// Whether a file withdraws so many rows of its source that it may not be whole: more than 30 % and more than ten.
fn too_much(all: u64, gone: u64) -> bool {
    gone > 10 && u128::from(gone) * 10 > u128::from(all) * 3
}

/// Reads a file on a thread of its own and stages what comes.
async fn read_into(staged: &mut Stage<'_>, task: Task) -> Result<Reading, ImportError> {
    // Few: the reader may be ahead by no more than keeps the store busy.
    const AHEAD: usize = 4;
    let (sender, mut receiver) = mpsc::channel(AHEAD);
    let reader = tokio::task::spawn_blocking(move || read::read(&task, &sender));
    while let Some(batch) = receiver.recv().await {
        match batch {
            Batch::Rows(rows) => staged.put(rows).await?,
            Batch::Hold(key) => staged.hold(key).await?,
        }
    }
    reader.await.map_err(|_| ImportError::Interrupted)
}

/// Tells of cases that the list no longer holds. They stay as they are.
async fn report_missing(staged: &mut Stage<'_>, reading: &mut Reading) -> Result<(), ImportError> {
    const NAMED: usize = 5;
    let (count, first) = staged.missing_cases(NAMED).await?;
    if count > 0 {
        let more = if count > first.len() as u64 { ", …" } else { "" };
        reading.problems.push(Problem {
            line: None,
            column: Some("fallnr".into()),
            value: Some(format!("{}{more}", first.join(", "))),
            reason: match count {
                1 => "Ein bekannter Fall steht nicht mehr in der Liste; er bleibt, wie er ist.".into(),
                n => format!("{n} bekannte Fälle stehen nicht mehr in der Liste; sie bleiben, wie sie sind."),
            },
            remedy: "Falls die Betreuung beendet ist, tragen Sie bitte ende_am nach.".into(),
            severity: Severity::Kept,
        });
    }
    Ok(())
}

/// Tells where the file ends a correction by hand.
fn report_overruled(settled: &Settled, reading: &mut Reading) {
    if settled.overruled == 0 {
        return;
    }
    let more = if settled.overruled > settled.first.len() as u64 { ", …" } else { "" };
    reading.problems.push(Problem {
        line: None,
        column: None,
        value: Some(format!("{}{more}", settled.first.join(", "))),
        reason: match settled.overruled {
            1 => "Eine Angabe, die von Hand berichtigt war, nennt die Liste jetzt neu; es gilt die Liste.".into(),
            n => format!("{n} Angaben, die von Hand berichtigt waren, nennt die Liste jetzt neu; es gilt die Liste."),
        },
        remedy: "Bitte prüfen Sie diese Fälle mit „case show“.".into(),
        severity: Severity::Kept,
    });
}

/// Tells of rows that are about a case, colleague or team nobody knows (yet).
async fn report_unattached(staged: &mut Stage<'_>, reading: &mut Reading) -> Result<(), ImportError> {
    let Some(column) = staged.table().parent_column() else { return Ok(()) };
    let (count, first) = staged.unattached(reading.problems.room()).await?;
    let (who, file) = match column {
        "fallnr" => ("Dieser Fall ist", "betreuungen.csv"),
        "kuerzel" => ("Dieses Kürzel ist", "personal.csv"),
        _ => ("Dieses Team ist", "teams.csv"),
    };
    let named = first.len() as u64;
    for (line, value) in first {
        reading.problems.push(Problem {
            line: Some(line),
            column: Some(column.into()),
            value: Some(report::shorten(&value)),
            reason: format!("{who} (noch) nicht bekannt; so hat die Zeile keine Wirkung."),
            remedy: format!("Sie gilt, sobald {file} den Wert enthält."),
            severity: Severity::Kept,
        });
    }
    reading.problems.push_unseen(count - named.min(count));
    Ok(())
}
