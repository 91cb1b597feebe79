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
//! | `call` | one call: file after file into one transaction |
//! | `discover`, `kinds` | paths → files and what each one is |
//! | `source`, `records`, `fields` | bytes → encoding, records, values |
//! | `header`, `row`, `rows` | which column is which, and what a row says |
//! | `read` | one file from end to end |
//! | `mapping`, `list`, `suggest` | an office's own list, whatever its headings |
//! | `wochenliste` | a week's form that comes back filled in |
//! | `rejects`, `report` | what is said about it |
//! | `correct` | one field that a person has typed |

mod call;
mod correct;
mod discover;
mod fields;
#[cfg(test)]
mod fuzz;
mod header;
mod kinds;
mod list;
pub mod mapping;
mod progress;
mod read;
mod records;
mod rejects;
mod report;
mod row;
mod rows;
mod source;
pub mod suggest;
mod wochenliste;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use crate::store::{Change, ChangeKind, Db, Receipt, StoreError, WriteTx};
use call::{Call, tells_freshness};
pub use correct::{case_field, case_fields};
use kinds::Kind;
pub use list::{ColumnSeen, SheetSeen, Understood};
use mapping::Mapping;
pub use progress::{Bar, Progress};
pub use report::{Counts, Fatal, FileReport, Problem, Report, Severity};

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
    /// How files that are none of a delivery are to be read: an office's own lists.
    pub mapping: Option<Arc<Mapping>>,
    /// Do all of it and keep nothing: what would happen.
    pub dry_run: bool,
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
        Self {
            strict: false,
            force: false,
            source: DEFAULT_SOURCE.into(),
            mapping: None,
            dry_run: false,
            now,
            today,
            who: crate::who::name(),
            from: "import",
            progress: None,
        }
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
    let (inputs, refused) = discover::discover(paths, options.mapping.as_deref());
    // What was named and is not there could not be read either.
    let named = |f: &FileReport| Kind::of_file_name(&f.path.file_name().unwrap_or_default().to_string_lossy());
    let doubtful = refused.iter().any(|f| named(f).is_ok_and(tells_freshness));
    let mut report = Report { files: refused, changed_nothing: true, ..Report::default() };
    let Options { now: at, ref who, from, .. } = *options;
    if inputs.is_empty() {
        let kept = settle(db, None, receipt, &report, at).await?;
        return Ok(kept.then_some(report));
    }
    if let Some(progress) = &options.progress {
        progress.begin(inputs.iter().map(|input| input.bytes).sum());
    }
    let tx = db.begin_change(&Change { kind: ChangeKind::Import, at, who, from, undoes: None }).await?;
    let mut call = Call::new(tx, options, doubtful);
    let mut rejects = Vec::new();
    call.survey(&inputs).await?;
    for input in inputs {
        for (file, rows) in call.input(input).await? {
            rejects.push((report.files.len(), rows));
            report.files.push(file);
        }
    }
    let keeps = !(options.strict && report.refused()) && report.exit_code() < 2;
    report.kept = keeps && !options.dry_run;
    report.changed_nothing = !(keeps && call.changed());
    let ready = if report.kept {
        call.ready(&report.files).await?
    } else {
        if options.dry_run && keeps {
            report.differences = call.differences().await?;
        }
        drop(call);
        None
    };
    report.import = ready.as_ref().map(WriteTx::change);
    if !settle(db, ready, receipt, &report, at).await? {
        return Ok(None);
    }
    // Only now: what is written beside the input must tell of something that has happened.
    // And a dry run leaves nothing behind.
    for (i, rows) in rejects.into_iter().filter_map(|(i, rows)| Some((i, rows?))).filter(|_| !options.dry_run) {
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
