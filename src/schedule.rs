//! What is due at a tick: which office's morning is to run now.
//!
//! A tick carries no meaning of its own. Whether it comes early, late, twice or after a day of standstill, the answer
//! follows from the clock, the office's hours and calendar, and from the runs that the database holds; catching up at
//! start is the same question. This room knows mornings; it must not know SQL, or what a rule means.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::caught::caught;
use crate::domain::run::Hours;
use crate::morning::{MorningError, Report, Skipped};
use crate::store::StoreError;

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
}

/// Of every office that has teams: its last run, its next, and whether that is now.
pub async fn runs(app: &App) -> Result<Vec<Runs>, StoreError> {
    let local = app.clock.local();
    let mut snapshot = app.db.snapshot().await?;
    let mut runs = Vec::new();
    for office in snapshot.offices().await? {
        let settings = app.settings.office(&office);
        let hours = Hours { morning: settings.morning, latest: settings.latest };
        let (last, last_at) = snapshot.last_run_at(&office).await?.unzip();
        let teams = snapshot.teams(Some(&office)).await?;
        let mut calendars: Vec<_> = teams.iter().map(|team| app.rulebooks.calendar(team, &app.settings)).collect();
        // Most teams share one.
        calendars.dedup_by(|a, b| std::sync::Arc::ptr_eq(a, b));
        let is_workday = |day: NaiveDate| calendars.iter().any(|cal| cal.is_workday(day));
        let due = hours.is_due(local, last, is_workday(local.date()));
        let next = hours.next(local, last, is_workday);
        let missed = hours.missed(local, last, is_workday);
        runs.push(Runs { office, last, last_at, next, hours, missed, due });
    }
    Ok(runs)
}

/// The mornings of a running service: which are due, and the pauses after those that failed.
#[derive(Debug, Default)]
pub struct Mornings {
    /// Office → how often its morning has failed in a row, and before when it is not tried again.
    failed: BTreeMap<String, (u32, DateTime<Utc>)>,
}

impl Mornings {
    /// Runs what is due, until `stop` is cancelled: then no other office's morning is begun. True if there are new mails
    /// to deliver. One office's trouble does not keep the others waiting.
    pub async fn tick(&mut self, app: &App, stop: &CancellationToken) -> Result<bool, StoreError> {
        let now = app.clock.now();
        let mut wrote = false;
        for runs in runs(app).await?.into_iter().filter(|runs| runs.due) {
            if stop.is_cancelled() {
                break;
            }
            let day = app.clock.today();
            if self.pauses(&runs.office, now) {
                continue;
            }
            match run(app, &runs.office, day).await {
                Ok(Ok(report)) => {
                    self.failed.remove(&runs.office);
                    let mails: u64 = report.mails.iter().map(|(_, n)| n).sum();
                    tracing::info!(%day, office = runs.office, cases = report.cases, obligations = report.obligations, mails, "morning done");
                    if !report.problems.is_empty() {
                        // They name cases and colleagues: for the administrator's mail, not for a log.
                        let problems = report.problems.len();
                        tracing::warn!(%day, office = runs.office, problems, "the administrator has something to see to");
                    }
                    wrote |= mails > 0;
                }
                // Somebody else was faster, or the day has changed meanwhile.
                Ok(Err(skipped)) => tracing::info!(%day, office = runs.office, ?skipped, "no morning"),
                Err(error) => {
                    let pause = self.pause(&runs.office, now);
                    let error = format!("{error:#}");
                    tracing::error!(%day, office = runs.office, error, minutes = pause.num_minutes(), "morning failed, will be tried again");
                }
            }
        }
        Ok(wrote)
    }

    /// A clock that was set back must not make a pause of minutes one of days.
    fn pauses(&self, office: &str, now: DateTime<Utc>) -> bool {
        self.failed.get(office).is_some_and(|(_, until)| now < *until && *until - now <= LONGEST_PAUSE)
    }

    fn pause(&mut self, office: &str, now: DateTime<Utc>) -> TimeDelta {
        let (times, until) = self.failed.entry(office.to_owned()).or_insert((0, now));
        let pause = TimeDelta::minutes(1 << (*times).min(4));
        *times += 1;
        *until = now + pause;
        pause
    }
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
