//! One call: its files, one after the other, into one write transaction whose change is kept.

mod told;
mod week;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::mpsc::{self, Sender};

use super::discover::Input;
use super::kinds::Kind;
use super::list::{self, Part};
use super::mapping::Mapping;
use super::read::{self, Batch, Reading, Task};
use super::rejects::Rejects;
use super::report::{Counts, FileReport};
use super::row::Known;
use super::{ImportError, Options};
use crate::store::import::{self as stage, Applied, Days, Stage, Value};
use crate::store::{FieldChanges, FileCounts, WriteTx};
use told::{
    loses, note_listed, of_file, refused_as_a_whole, report_missing, report_overruled, report_unattached, tell_emptied,
    tell_moved_back, withdraws,
};

/// A call under way.
pub(super) struct Call<'o> {
    tx: WriteTx,
    options: &'o Options,
    /// The teams whose cases the files speak of.
    teams: BTreeSet<String>,
    changed: bool,
    /// Whether a file agrees with a correction by hand for the first time, or a list says something new that changes no
    /// fact: what the lists say does change.
    settled: bool,
    /// Of an office's own list that comes in several files: which cases each of them holds.
    parts: Vec<(PathBuf, Keys)>,
    /// Whether a file of cases or activities could not be read at all: then the data is not fresh, whatever else came.
    doubtful: bool,
}

/// What became of a file, and its refused rows, unless the whole file was refused.
pub(super) type Taken = (FileReport, Option<Rejects>);

impl<'o> Call<'o> {
    pub(super) fn new(tx: WriteTx, options: &'o Options, doubtful: bool) -> Self {
        Self { tx, options, teams: BTreeSet::new(), changed: false, settled: false, parts: Vec::new(), doubtful }
    }

    /// Whether the facts say something else than before.
    pub(super) fn changed(&self) -> bool {
        self.changed
    }

    /// Looks through the files of an office's own list for their cases, if there are several: they are one list.
    pub(super) async fn survey(&mut self, inputs: &[Input]) -> Result<(), ImportError> {
        let Some(mapping) = self.options.mapping.clone().filter(|m| m.has_rows() && m.kind == Kind::Betreuungen) else {
            return Ok(());
        };
        let lists: Vec<_> = inputs.iter().filter(|input| input.list).collect();
        if lists.len() < 2 {
            return Ok(());
        }
        for input in lists {
            let known = self.known(input.kind, true).await?;
            let task = list::Task { progress: None, ..self.task(input, &mapping, known, Part::Rows) };
            let keys = keys_of(move |out| list::read(&task, out)).await?;
            self.parts.push((input.path.clone(), keys));
        }
        Ok(())
    }

    /// Why a file of a list is not taken: a case of it stands in another one of this call, and nobody can tell which counts.
    fn twice(&self, path: &Path) -> Option<String> {
        let (_, own) = self.parts.iter().find(|(of, _)| of == path)?;
        let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        self.parts.iter().filter(|(of, _)| of != path).find_map(|(other, keys)| {
            let mut both = own.cases.intersection(&keys.cases);
            let first = both.next()?;
            let which = match both.count() {
                0 => format!("Der Fall {first} steht"),
                more => format!("Der Fall {first} und {more} weitere stehen"),
            };
            Some(format!(
                "{which} auch in {}; welche der beiden Dateien gilt, ist nicht zu erkennen. Aus keiner wurde etwas übernommen. Ist \
                 eine davon eine alte Fassung, nehmen Sie sie bitte aus dem Ordner; sind es verschiedene Listen, braucht jede Datei \
                 eine Zuordnung mit eigener quelle.",
                name(other)
            ))
        })
    }

    /// Which fields of known rows say something else, as long as nothing is kept.
    pub(super) async fn differences(&mut self) -> Result<Vec<FieldChanges>, ImportError> {
        /// Rows that are shown of each field.
        const EXAMPLES: usize = 20;
        Ok(self.tx.differences(EXAMPLES).await?)
    }

    /// Takes over one file; a list with rows and days in two parts.
    pub(super) async fn input(&mut self, input: Input) -> Result<Vec<Taken>, ImportError> {
        if let Some(progress) = &self.options.progress {
            progress.file(&input.path.file_name().unwrap_or_default().to_string_lossy());
        }
        if input.week {
            let taken = self.week(&input.path).await?;
            if let Some(progress) = &self.options.progress {
                progress.advance(input.bytes);
            }
            return Ok(taken);
        }
        let Some(mapping) = self.options.mapping.clone().filter(|_| input.list) else {
            let known = Arc::new(self.known(input.kind, false).await?);
            let Input { path, kind, .. } = input;
            let task = Task { path: path.clone(), kind, known, progress: self.options.progress.clone() };
            return Ok(vec![self.rows(&path, kind, None, move |out| read::read(&task, out)).await?]);
        };
        let mut done = Vec::new();
        if let Some(text) = self.twice(&input.path) {
            self.doubtful = true;
            let mut file = FileReport::fatal(&input.path, text);
            file.fatal.iter_mut().for_each(|fatal| fatal.readable = true);
            return Ok(vec![(file, None)]);
        }
        if mapping.has_rows() {
            let known = self.known(input.kind, true).await?;
            let task = self.task(&input, &mapping, known, Part::Rows);
            done.push(self.rows(&input.path, input.kind, Some(&mapping), move |out| list::read(&task, out)).await?);
        }
        if mapping.has_activities() && done.iter().all(|(file, _)| file.fatal.is_none()) {
            let known = self.known(input.kind, true).await?;
            let task = self.task(&input, &mapping, known, Part::Activities);
            let (file, rejects) = self.activities(&input.path, &mapping, move |out| list::read(&task, out)).await?;
            // A list of cases has written its rows down in the first reading.
            done.push((file, rejects.filter(|_| !mapping.has_rows())));
        }
        Ok(done)
    }

    /// What a file of this kind is judged by.
    async fn known(&mut self, kind: Kind, list: bool) -> Result<Known, ImportError> {
        let mut known = Known::default();
        if kind == Kind::Betreuungen || list {
            known.teams.extend(stage::known_teams(&mut self.tx).await?);
        }
        if list {
            for team in &known.teams {
                known.written.add(team.clone());
            }
            for kuerzel in stage::known_colleagues(&mut self.tx).await? {
                known.written.add(kuerzel);
            }
        }
        Ok(known)
    }

    fn task(&self, input: &Input, mapping: &Arc<Mapping>, known: Known, part: Part) -> list::Task {
        list::Task {
            path: input.path.clone(),
            mapping: Arc::clone(mapping),
            known: Arc::new(known),
            part,
            today: self.options.today,
            bytes: input.bytes,
            progress: self.options.progress.clone(),
        }
    }

    /// Takes over rows of a kind: a file of a delivery, or what an office's own list says of them.
    async fn rows(
        &mut self,
        path: &Path,
        kind: Kind,
        mapping: Option<&Arc<Mapping>>,
        read: impl FnOnce(&Sender<Batch>) -> Reading + Send + 'static,
    ) -> Result<Taken, ImportError> {
        let mut staged = Stage::new(&mut self.tx, kind.table()).await?;
        if let Some(mapping) = mapping {
            // What the list does not say stays as it is.
            staged.state_only(mapping.stated());
        }
        let others = self.parts.iter().filter(|(of, _)| mapping.is_some() && of != path);
        let mut keyless = false;
        for (_, keys) in others {
            // They stand in the list as well, and are taken over from their own file.
            keyless |= keys.keyless;
            for case in &keys.cases {
                staged.hold(case.clone()).await?;
            }
        }
        let mut reading = read_into(&mut staged, read).await?;
        reading.keyless |= keyless;
        if let Some(text) = reading.fatal {
            staged.finish().await?;
            self.doubtful |= tells_freshness(kind);
            return Ok((FileReport::fatal(path, text), None));
        }
        staged.close().await?;

        let source = mapping.map_or(&self.options.source, |m| &m.source);
        let source: String = source.chars().take(100).collect();
        if kind.table().states_all() && !self.options.force {
            let (all, gone) = staged.withdrawal(&source).await?;
            if too_much(all, gone) {
                staged.finish().await?;
                return Ok((refused_as_a_whole(path, reading, withdraws(gone, all)), None));
            }
        }
        let complete = mapping.is_some_and(|m| m.complete);
        if complete && !self.options.force {
            let (running, gone) = staged.vanishing(&source, self.options.today).await?;
            if vanishes(running, gone) {
                staged.finish().await?;
                self.doubtful = true;
                return Ok((refused_as_a_whole(path, reading, loses(gone, running)), None));
            }
        }
        if kind == Kind::Betreuungen && mapping.is_none() {
            report_missing(&mut staged, &mut reading).await?;
        }
        // A row that cannot be read may be the very one that an old row has become: until all can be read, none goes.
        let whole = reading.counts.refused == 0;
        if kind.table().states_all() && !whole && staged.withdrawal(&source).await?.1 > 0 {
            reading.problems.push(of_file(
                "Weil Zeilen abgelehnt wurden, wurde keine frühere Zeile zurückgezogen.",
                "Bitte berichtigen Sie die abgelehnten Zeilen und lesen Sie die ganze Datei erneut ein.",
            ));
        }
        let applied = staged.apply(&source, self.options.today, whole).await?;
        if kind == Kind::Aktivitaeten {
            self.settled |= staged.confirm_days().await?;
        }
        if let Some(mapping) = mapping.filter(|_| kind == Kind::Betreuungen) {
            let listed = note_listed(&mut staged, mapping, &mut reading, self.options.today).await?;
            self.changed |= listed.changed;
            self.settled |= listed.grown;
        }
        report_overruled(&applied.settled, &mut reading);
        report_unattached(&mut staged, mapping.map(|m| &**m), &mut reading).await?;
        self.teams.extend(staged.teams().await?);
        staged.finish().await?;

        let counts = self.took(&applied, reading.counts);
        let mut file = FileReport::new(path, counts, reading.problems);
        file.table = Some(kind.table().name());
        file.understood = reading.understood;
        Ok((file, Some(reading.rejects)))
    }

    /// Takes over the days in a list's columns. A day belongs to its source, case and column: a later one is added, one
    /// that has moved back takes the place of the last.
    async fn activities(
        &mut self,
        path: &Path,
        mapping: &Mapping,
        read: impl FnOnce(&Sender<Batch>) -> Reading + Send + 'static,
    ) -> Result<Taken, ImportError> {
        let mut staged = Stage::new(&mut self.tx, &stage::LISTENTAG).await?;
        let mut reading = read_into(&mut staged, read).await?;
        if let Some(text) = reading.fatal {
            staged.finish().await?;
            self.doubtful = true;
            return Ok((FileReport { activities: true, ..FileReport::fatal(path, text) }, None));
        }
        staged.close().await?;
        let room = reading.problems.room();
        let (moved, first) = staged.moved_back(&mapping.source, room).await?;
        let Days { applied, remembered } = staged.apply_days(&mapping.source, self.options.today).await?;
        report_overruled(&applied.settled, &mut reading);
        tell_moved_back(mapping, moved, first, &mut reading);
        let (emptied, first) = staged.emptied(&mapping.source, reading.problems.room()).await?;
        tell_emptied(mapping, emptied, first, &mut reading);
        report_unattached(&mut staged, Some(mapping), &mut reading).await?;
        self.teams.extend(staged.teams().await?);
        staged.finish().await?;
        self.settled |= remembered;
        let counts = self.took(&applied, reading.counts);
        let mut file = FileReport::new(path, counts, reading.problems);
        file.table = Some(stage::AKTIVITAET.name());
        file.understood = reading.understood;
        file.activities = true;
        Ok((file, Some(reading.rejects)))
    }

    /// Adds what was done with a file's rows to what was read of it.
    fn took(&mut self, applied: &Applied, read: Counts) -> Counts {
        self.changed |= applied.changed_anything();
        self.settled |= applied.settled.caught_up > 0;
        let Applied { new, changed, unchanged, withdrawn, .. } = *applied;
        Counts { new, changed, unchanged, withdrawn, ..read }
    }

    /// The transaction with everything in it, ready to be committed. Data that says what it said is fresh all the same;
    /// where it is not even fresher, as when a command is given twice, nothing has happened, and there is none.
    pub(super) async fn ready(mut self, files: &[FileReport]) -> Result<Option<WriteTx>, ImportError> {
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

/// A file as the log of changes keeps it: its name alone, for the path may name people. A list that feeds several tables
/// is kept once for each.
fn noted(file: &FileReport) -> FileCounts {
    let counts = file.counts;
    FileCounts {
        table: file.table.unwrap_or_default().to_owned(),
        file: file.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        read: counts.read,
        new: counts.new,
        changed: counts.changed,
        unchanged: counts.unchanged,
        withdrawn: counts.withdrawn,
        refused: counts.refused,
    }
}

/// Whether so many running cases are gone that the list may not be whole: more than 20 %.
fn vanishes(running: u64, gone: u64) -> bool {
    u128::from(gone) * 5 > u128::from(running)
}

/// Whether data is not fresh without this file, if it was to come.
pub(super) const fn tells_freshness(kind: Kind) -> bool {
    matches!(kind, Kind::Betreuungen | Kind::Aktivitaeten)
}

/// Whether a file withdraws so many rows of its source that it may not be whole: more than 30 % and more than ten.
fn too_much(all: u64, gone: u64) -> bool {
    gone > 10 && u128::from(gone) * 10 > u128::from(all) * 3
}

/// The cases of a file of a list.
#[derive(Debug, Default)]
struct Keys {
    cases: BTreeSet<String>,
    /// Whether there may be more: rows without a number that can be read, or a file that cannot.
    keyless: bool,
}

/// Reads a file for its cases alone.
async fn keys_of(read: impl FnOnce(&Sender<Batch>) -> Reading + Send + 'static) -> Result<Keys, ImportError> {
    let (sender, mut receiver) = mpsc::channel(AHEAD);
    let reader = tokio::task::spawn_blocking(move || read(&sender));
    let mut keys = Keys::default();
    while let Some(batch) = receiver.recv().await {
        match batch {
            Batch::Rows(rows) => {
                keys.cases.extend(rows.into_iter().filter_map(|row| match row.values.into_iter().next() {
                    Some(Value::Text(key)) => Some(key),
                    _ => None,
                }));
            }
            Batch::Hold(key) => {
                keys.cases.insert(key);
            }
            Batch::Unread(..) | Batch::Empty(_) => {}
        }
    }
    let reading = reader.await.map_err(|_| ImportError::Interrupted)?;
    keys.keyless = reading.keyless || reading.fatal.is_some();
    Ok(keys)
}

/// Batches that a reader may be ahead by: no more than keeps the store busy.
const AHEAD: usize = 4;

/// Reads a file on a thread of its own and stages what comes.
async fn read_into(
    staged: &mut Stage<'_>,
    read: impl FnOnce(&Sender<Batch>) -> Reading + Send + 'static,
) -> Result<Reading, ImportError> {
    let (sender, mut receiver) = mpsc::channel(AHEAD);
    let reader = tokio::task::spawn_blocking(move || read(&sender));
    while let Some(batch) = receiver.recv().await {
        match batch {
            Batch::Rows(rows) => staged.put(rows).await?,
            Batch::Hold(key) => staged.hold(key).await?,
            Batch::Unread(column, keys) => staged.leave(column, keys).await?,
            Batch::Empty(cells) => staged.put_empty(cells).await?,
        }
    }
    reader.await.map_err(|_| ImportError::Interrupted)
}
