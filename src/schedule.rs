//! What is due at a tick: which office's morning is to run now, and who must hear that one did not succeed.
//!
//! A tick carries no meaning of its own. Whether it comes early, late, twice or after a day of standstill, the answer
//! follows from the clock, the office's hours and calendar, and from the runs that the database holds; catching up at
//! start is the same question. This room knows mornings; it must not know SQL, or what a rule means.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, TimeDelta, Utc, Weekday};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::caught::caught;
use crate::clock::{local_date, local_time};
use crate::domain::run::Hours;
use crate::morning::missed::{self, Missed};
use crate::morning::{MorningError, Report, Skipped};
use crate::store::{Snapshot, StoreError};

/// The longest pause after mornings that failed.
const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(16);

/// An office's runs: the last one and the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runs {
    /// The office (Dienststelle; empty is the one office).
    pub office: String,
    /// The day of the last run.
    pub last: Option<NaiveDate>,
    /// When that run was written.
    pub last_at: Option<DateTime<Utc>>,
    /// The day of the next one.
    pub next: Option<NaiveDate>,
    /// Between which times of day.
    pub hours: Hours,
    /// The newest workday that passed without one.
    pub missed: Option<NaiveDate>,
    /// Whether it is to run now.
    pub due: bool,
    /// Whether today was to have one, and its time is over without.
    pub over: bool,
}

/// Of every office that has teams: its last run, its next, and whether that is now.
pub async fn runs(app: &App) -> Result<Vec<Runs>, StoreError> {
    let mut runs = Vec::new();
    for (found, unreadable) in look(app, app.clock.local()).await? {
        match unreadable {
            None => runs.push(found),
            Some(error) => return Err(error),
        }
    }
    Ok(runs)
}

/// The runs of every office, and why its teams cannot be read, where that is so.
async fn look(app: &App, local: NaiveDateTime) -> Result<Vec<(Runs, Option<StoreError>)>, StoreError> {
    let mut snapshot = app.db.snapshot().await?;
    let mut found = Vec::new();
    for office in snapshot.offices().await? {
        found.push(look_at(app, &mut snapshot, office, local).await?);
    }
    Ok(found)
}

async fn look_at(
    app: &App,
    snapshot: &mut Snapshot,
    office: String,
    local: NaiveDateTime,
) -> Result<(Runs, Option<StoreError>), StoreError> {
    let settings = app.settings.office(&office);
    let hours = Hours { morning: settings.morning, latest: settings.latest };
    let (last, last_at) = snapshot.last_run_at(&office).await?.unzip();
    let (teams, unreadable) = match snapshot.teams(Some(&office)).await {
        Ok(teams) => (teams, None),
        // Something stands there that no program of ours writes: this office's trouble, and not the others'.
        Err(error @ StoreError::Content(_)) => (Vec::new(), Some(error)),
        Err(error) => return Err(error),
    };
    let mut calendars: Vec<_> = teams.iter().map(|team| app.rulebooks.calendar(team, &app.settings)).collect();
    // Most teams share one.
    calendars.dedup_by(|a, b| Arc::ptr_eq(a, b));
    let is_workday = |day: NaiveDate| match &unreadable {
        // Nobody knows its holidays: better an alarm too many than none.
        Some(_) => !matches!(day.weekday(), Weekday::Sat | Weekday::Sun),
        None => calendars.iter().any(|cal| cal.is_workday(day)),
    };
    let due = hours.is_due(local, last, is_workday(local.date()));
    let over = hours.is_over(local, last, is_workday(local.date()));
    let next = hours.next(local, last, is_workday);
    let missed = hours.missed(local, last, is_workday);
    Ok((Runs { office, last, last_at, next, hours, missed, due, over }, unreadable))
}

/// A morning that has failed and not succeeded since.
#[derive(Debug, Clone)]
struct Failed {
    /// Since when.
    since: DateTime<Utc>,
    /// How often in a row.
    times: u32,
    /// Before when it is not tried again.
    until: DateTime<Utc>,
    /// Why, the last time: German, nobody's data.
    error: String,
}

impl Failed {
    /// For the first time, and to be tried again at once.
    fn first(now: DateTime<Utc>, error: String) -> Self {
        Self { since: now, times: 0, until: now, error }
    }
}

/// What the administrator has heard of an office.
#[derive(Debug)]
struct Told {
    /// Of which day.
    day: NaiveDate,
    /// Why it could not be said; none: it is said.
    error: Option<String>,
}

/// The mornings of a running service: which are due, the pauses after those that failed, and who was told of them.
#[derive(Debug, Default)]
pub struct Mornings {
    /// Office → its trouble.
    failed: BTreeMap<String, Failed>,
    /// What kept all offices from being looked at, if it was so the last time.
    unread: Option<Failed>,
    /// Office → the day that the administrator was told of last.
    told: BTreeMap<String, Told>,
}

impl Mornings {
    /// Runs what is due, until `stop` is cancelled: then no other office's morning is begun. True if there are new mails
    /// to deliver. One office's trouble does not keep the others waiting. If an office's time is over without its
    /// morning, the administrator gets a mail, once.
    pub async fn tick(&mut self, app: &App, stop: &CancellationToken) -> Result<bool, StoreError> {
        let now = app.clock.now();
        let found = match look(app, local_time(now)).await {
            Ok(found) => found,
            Err(error) => {
                let words = error.to_string();
                self.unread.get_or_insert_with(|| Failed::first(now, String::new())).error = words;
                return Err(error);
            }
        };
        let unread = self.unread.take();
        let mut wrote = false;
        for (runs, unreadable) in found {
            if stop.is_cancelled() {
                break;
            }
            if runs.last >= Some(local_date(now)) {
                self.failed.remove(&runs.office);
            } else if let Some(unread) = unread.as_ref().filter(|_| runs.due || runs.over) {
                // What kept all from being looked at has kept this one from running.
                self.failed.entry(runs.office.clone()).or_insert_with(|| unread.clone());
            }
            if runs.due && !self.pauses(&runs.office, now) {
                wrote |= self.morning(app, &runs.office, unreadable, now).await;
            }
            if runs.over {
                wrote |= self.tell(app, &runs, now).await;
            }
        }
        Ok(wrote)
    }

    /// Runs an office's morning. True if there are new mails to deliver.
    async fn morning(&mut self, app: &App, office: &str, unreadable: Option<StoreError>, now: DateTime<Utc>) -> bool {
        let day = app.clock.today();
        let ran = match unreadable {
            None => run(app, office, day).await,
            Some(error) => Err(error.into()),
        };
        match ran {
            Ok(Ok(report)) => {
                self.failed.remove(office);
                let mails: u64 = report.mails.iter().map(|(_, n)| n).sum();
                tracing::info!(%day, office, cases = report.cases, obligations = report.obligations, mails, "morning done");
                if !report.problems.is_empty() {
                    // They name cases and colleagues: for the administrator's mail, not for a log.
                    let problems = report.problems.len();
                    tracing::warn!(%day, office, problems, "the administrator has something to see to");
                }
                mails > 0
            }
            // Somebody else was faster, or the day has changed meanwhile.
            Ok(Err(skipped)) => {
                tracing::info!(%day, office, ?skipped, "no morning");
                false
            }
            Err(error) => {
                let error = format!("{error:#}");
                let pause = self.pause(office, now, error.clone());
                tracing::error!(%day, office, error, minutes = pause.num_minutes(), "morning failed, will be tried again");
                false
            }
        }
    }

    /// Has the administrator told that an office's day is over without its morning: once, and again only if that could
    /// not be written. True if there is a new mail.
    async fn tell(&mut self, app: &App, runs: &Runs, now: DateTime<Utc>) -> bool {
        let (day, office) = (local_date(now), runs.office.as_str());
        let failed = self.failed.get(office);
        // Where there never was one and nobody tried, there is nothing to miss yet.
        if failed.is_none() && runs.last.is_none() {
            return false;
        }
        let told = self.told.get(office).filter(|told| told.day == day);
        if told.is_some_and(|told| told.error.is_none()) {
            return false;
        }
        let missed = Missed {
            office,
            day,
            latest: runs.hours.latest,
            last_run: runs.last,
            failed: failed.map(|failed| (failed.since, failed.error.as_str())),
        };
        let queued = match &app.settings.admin_email {
            None => {
                tracing::error!(%day, office, "the day is over without a morning, and admin.email names nobody to be told");
                Ok(false)
            }
            Some(admin) => match caught(say(app, admin, &missed, now)).await {
                Ok(Ok(queued)) => {
                    tracing::error!(%day, office, "the day is over without a morning, and the administrator is told");
                    Ok(queued)
                }
                Ok(Err(error)) => Err(error.to_string()),
                Err(panicked) => Err(panicked.to_string()),
            },
        };
        let (queued, error) = match queued {
            Ok(queued) => (queued, None),
            Err(error) => {
                if told.is_none_or(|told| told.error.as_ref() != Some(&error)) {
                    tracing::error!(%day, office, error, "the day is over without a morning, and the administrator cannot be told yet");
                }
                (false, Some(error))
            }
        };
        self.told.insert(office.to_owned(), Told { day, error });
        queued
    }

    /// A clock that was set back must not make a pause of minutes one of days.
    fn pauses(&self, office: &str, now: DateTime<Utc>) -> bool {
        self.failed.get(office).is_some_and(|failed| now < failed.until && failed.until - now <= LONGEST_PAUSE)
    }

    fn pause(&mut self, office: &str, now: DateTime<Utc>, error: String) -> TimeDelta {
        let failed = self.failed.entry(office.to_owned()).or_insert_with(|| Failed::first(now, String::new()));
        let pause = TimeDelta::minutes(1 << failed.times.min(4));
        failed.times += 1;
        failed.until = now + pause;
        failed.error = error;
        pause
    }
}

/// Queues the mail that there was no morning.
async fn say(app: &App, admin: &str, missed: &Missed<'_>, now: DateTime<Utc>) -> anyhow::Result<bool> {
    Ok(missed::tell(&app.db, &app.settings, app.templates()?, admin, missed, now).await?)
}

/// The office's morning of `day`, once. A panic in it is an error like another: nothing of that morning is written.
pub async fn run(app: &App, office: &str, day: NaiveDate) -> anyhow::Result<Result<Report, Skipped>> {
    let morning = async {
        let renderer = app.renderer().await?;
        let mut words = |digest: &_| renderer.render(digest);
        let ran: Result<_, MorningError> = app.morning(&mut words).run(office, day, app.clock.now()).await;
        Ok(ran?)
    };
    caught(morning).await?
}
