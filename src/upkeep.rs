//! The night's work: deleting what has had its time, then a backup. Once a day, at a time of its own.
//!
//! What is due follows from the clock and from what the database remembers of the last time, as with mornings; a morning
//! that is due goes first. What failed is tried again an hour later, and stands in `status` until it succeeds.

use std::fmt::Write as _;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::backup::back_up;
use crate::caught::caught;
use crate::clock::{local_date, local_time};
use crate::domain::closed::Held;
use crate::domain::facts::CaseFile;
use crate::inbox;
use crate::mail::words::plural;
use crate::retention::{Report, retain};
use crate::schedule;
use crate::store::{StoreError, Task, Upkeep, old_copies};

/// What failed is tried again after so long.
const PAUSE: TimeDelta = TimeDelta::hours(1);

/// What was deleted, or would be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tidied {
    /// In the database.
    pub report: Report,
    /// Copies of it beside it.
    pub copies: usize,
    /// Files of the watched folder.
    pub files: u64,
}

/// Deletes what has had its time at `now`; with `dry` it only looks. Cases are shown to `seen`.
pub async fn tidy(
    app: &App,
    now: DateTime<Utc>,
    dry: bool,
    seen: &mut (dyn FnMut(&CaseFile, Option<Held>) + Send),
) -> Result<Tidied, StoreError> {
    let report = retain(&app.db, &app.settings, &app.rulebooks, now, dry, seen).await?;
    let mut copies = old_copies(&app.settings.database_url, now);
    if !dry {
        copies.retain(|copy| std::fs::remove_file(copy).is_ok());
    }
    let files = match &app.settings.inbox {
        Some(inbox) => inbox::sweep(&app.db, inbox, now, dry).await?,
        None => 0,
    };
    Ok(Tidied { report, copies: copies.len(), files })
}

/// Does what is due, until `stop` is cancelled: then nothing more is begun. True if something was done.
pub async fn tick(app: &App, stop: &CancellationToken) -> Result<bool, StoreError> {
    let now = app.clock.now();
    let known = app.db.upkeep().await?;
    let tasks = Task::ALL.iter().filter(|task| **task != Task::Backup || app.settings.backup.dir.is_some());
    let mut due: Vec<Task> = tasks.copied().collect();
    due.retain(|task| is_due(app, known.iter().find(|upkeep| upkeep.task == *task), now));
    if due.is_empty() || schedule::runs(app).await?.iter().any(|runs| runs.due) {
        return Ok(false);
    }
    for task in due.iter().copied().take_while(|_| !stop.is_cancelled()) {
        let done = match caught(Box::pin(work(app, task, now))).await {
            Ok(done) => done,
            Err(panicked) => Err(panicked.to_string()),
        };
        let at = app.clock.now();
        let (ok, report) = match done {
            Ok(report) => {
                tracing::info!(task = task.as_str(), report, "the night's work is done");
                (true, report)
            }
            Err(error) => {
                tracing::error!(task = task.as_str(), error, "the night's work failed, will be tried again");
                (false, error)
            }
        };
        app.db.note_upkeep(&Upkeep { task, day: local_date(now), at, ok, report }).await?;
    }
    Ok(true)
}

fn is_due(app: &App, last: Option<&Upkeep>, now: DateTime<Utc>) -> bool {
    is_time(app.settings.retention.at, last.map(|last| (last.day, last.at, last.ok)), local_time(now), now)
}

/// Whether the hour has come and today's is not done. A clock that was set back must not put it off for days.
fn is_time(
    from: chrono::NaiveTime,
    last: Option<(chrono::NaiveDate, DateTime<Utc>, bool)>,
    local: NaiveDateTime,
    now: DateTime<Utc>,
) -> bool {
    match last {
        Some((day, at, false)) if day == local.date() => now - at >= PAUSE || now < at,
        Some((day, _, true)) if day == local.date() => false,
        _ => local.time() >= from,
    }
}

/// One piece of the work; what came of it, or why nothing did: German, nobody's data.
async fn work(app: &App, task: Task, now: DateTime<Utc>) -> Result<String, String> {
    match task {
        Task::Retention => {
            let tidied = tidy(app, now, false, &mut |_, _| {}).await.map_err(|error| error.to_string())?;
            Ok(summary(&tidied))
        }
        Task::Backup => {
            let Some(dir) = &app.settings.backup.dir else { return Ok(String::new()) };
            let made = back_up(&app.db, dir, app.settings.backup.keep, now).await.map_err(|error| error.to_string())?;
            Ok(made.to_string())
        }
    }
}

/// What was deleted, in one line.
pub fn summary(tidied: &Tidied) -> String {
    let (report, aged) = (&tidied.report, tidied.report.aged);
    let counts = [
        (report.closed, "beendeter Fall", "beendete Fälle"),
        (aged.texts, "Mailtext", "Mailtexte"),
        (aged.log, "Zeile im Versandprotokoll", "Zeilen im Versandprotokoll"),
        (aged.loose, "Zeile ohne Fall", "Zeilen ohne Fall"),
        (aged.changes, "Vorgang im Protokoll der Änderungen", "Vorgänge im Protokoll der Änderungen"),
        (aged.absences, "frühere Abwesenheit", "frühere Abwesenheiten"),
        (aged.weeks, "Wochenzahl", "Wochenzahlen"),
        (tidied.files, "eingelesene Datei", "eingelesene Dateien"),
        (tidied.copies as u64, "alte Kopie der Datenbank", "alte Kopien der Datenbank"),
    ];
    let said = counts.iter().filter(|(n, ..)| *n > 0).map(|(n, one, many)| plural(*n, one, many));
    let said: Vec<_> = said.collect();
    let mut text = if said.is_empty() { "nichts zu löschen".to_owned() } else { said.join(", ") };
    let held: u64 = report.held.values().sum();
    if held > 0 {
        let _ = write!(text, "; {} noch nötig", plural(held, "beendeter Fall ist", "beendete Fälle sind"));
    }
    if report.moved {
        text.push_str("; unterbrochen, weil Daten eingespielt wurden: der Rest folgt beim nächsten Mal");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nights_work_is_done_once_a_day_from_its_hour_on() {
        let rows = [
            ("the hour has not come", "2026-11-23T02:29:59", Some(("2026-11-22", "2026-11-22T01:30:00Z", true)), false),
            ("it has", "2026-11-23T02:30:00", Some(("2026-11-22", "2026-11-22T01:30:00Z", true)), true),
            (
                "later, after a standstill",
                "2026-11-23T15:00:00",
                Some(("2026-11-20", "2026-11-20T01:30:00Z", true)),
                true,
            ),
            ("never before", "2026-11-23T15:00:00", None, true),
            ("done today", "2026-11-23T15:00:00", Some(("2026-11-23", "2026-11-23T01:30:00Z", true)), false),
            (
                "the clock was ahead once",
                "2026-11-23T15:00:00",
                Some(("2026-12-23", "2026-12-23T01:30:00Z", true)),
                true,
            ),
            ("failed a moment ago", "2026-11-23T03:00:00", Some(("2026-11-23", "2026-11-23T01:30:00Z", false)), false),
            ("failed an hour ago", "2026-11-23T03:30:00", Some(("2026-11-23", "2026-11-23T01:30:00Z", false)), true),
            (
                "failed, by a clock ahead",
                "2026-11-23T03:30:00",
                Some(("2026-11-23", "2026-11-23T21:30:00Z", false)),
                true,
            ),
        ];
        for (sentence, local, last, due) in rows {
            let local: NaiveDateTime = local.parse().unwrap();
            // Berlin in winter.
            let now = local.and_utc() - TimeDelta::hours(1);
            let last = last.map(|(day, at, ok)| (day.parse().unwrap(), at.parse().unwrap(), ok));
            assert_eq!(is_time("02:30:00".parse().unwrap(), last, local, now), due, "{sentence}");
        }
    }
}
