//! The mails of any day, without touching anything: the morning itself, run on a throw-away copy of everything.
//!
//! The copy holds what was said before as well as the facts, so that it says what that day's run would say and nothing
//! twice. A day that has had its run is not run again: then what was written stands in the queue, and is shown from there.

use std::path::Path;

use chrono::{DateTime, NaiveDate, Utc};

use crate::clock::at_local;
use crate::config::rulebooks::Rulebooks;
use crate::config::settings::Settings;
use crate::domain::digest::Digest;
use crate::mail::{Parts, Renderer};
use crate::morning::{Morning, Report, Skipped};
use crate::store::{Db, OutboxFilter, OutboxMail, Snapshot};

/// Mails per page.
const PAGE: u32 = 1_000;

/// What a preview works with.
#[derive(Debug, Clone, Copy)]
pub struct Preview<'a> {
    /// The database that is copied; nothing is written to it.
    pub db: &'a Db,
    /// The settings.
    pub settings: &'a Settings,
    /// The rules and calendars.
    pub rulebooks: &'a Rulebooks,
    /// What gives mails their words.
    pub renderer: &'a Renderer,
    /// The instant that the mails of today would be written at.
    pub now: DateTime<Utc>,
    /// Its day in Berlin.
    pub today: NaiveDate,
}

/// How an office's mails of the day came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// They were written by the run of that day, or one after it was: nothing was run.
    Written {
        /// The office's last run.
        last_run: NaiveDate,
    },
    /// The morning was run on the copy.
    Run {
        /// The first and last of the mornings before it that were run first, and how many had something to run.
        before: Option<(NaiveDate, NaiveDate, usize)>,
        /// What it did, or why there is none on that day.
        ran: Result<Report, Skipped>,
    },
}

/// The mails of a day.
#[derive(Debug)]
pub struct Previewed {
    /// Per office how they came about.
    pub offices: Vec<(String, Source)>,
    /// All of them, in the order of the queue.
    pub mails: Vec<OutboxMail>,
}

impl Preview<'_> {
    /// The mails of `day`.
    ///
    /// # Errors
    /// What keeps the copy from being made or the morning from being run.
    pub async fn of(&self, day: NaiveDate) -> anyhow::Result<Previewed> {
        // The folder is ours alone (0700) and goes with this value.
        let ours = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        let folder = tempfile::Builder::new().prefix("wiedervorlage-vorschau-").permissions(ours).tempdir()?;
        let copy = self.copied(&folder.path().join("vorschau.db")).await?;
        let previewed = self.on(&copy, day).await;
        copy.close().await;
        previewed
    }

    async fn copied(&self, path: &Path) -> anyhow::Result<Db> {
        Ok(self.db.copy_everything_to(path, self.now).await?)
    }

    async fn on(&self, copy: &Db, day: NaiveDate) -> anyhow::Result<Previewed> {
        let mut snapshot = copy.snapshot().await?;
        let mut offices = Vec::new();
        for office in snapshot.offices().await? {
            let begins = self.begins(&mut snapshot, &office, day).await?;
            offices.push((office, begins));
        }
        drop(snapshot);
        let mut runs: Vec<_> = offices.iter().map(|_| 0_usize).collect();
        let mut ran: Vec<Option<Result<Report, Skipped>>> = offices.iter().map(|_| None).collect();
        let first = offices.iter().filter_map(|(_, begins)| begins.ok()).min();
        // Day by day over all offices, as in life.
        for on in first.into_iter().flat_map(|first| first.iter_days().take_while(|on| *on <= day)) {
            for (i, (office, begins)) in offices.iter().enumerate() {
                if begins.is_ok_and(|begins| begins <= on) {
                    let done = self.run(copy, office, on, on == day).await?;
                    runs[i] += usize::from(on < day && done.is_ok());
                    ran[i] = Some(done);
                }
            }
        }
        let source = |((office, begins), (runs, ran)): ((String, Result<NaiveDate, NaiveDate>), (usize, _))| {
            let source = match begins {
                Err(last_run) => Source::Written { last_run },
                Ok(begins) => {
                    let before = (begins < day).then(|| (begins, day.pred_opt().unwrap_or(day), runs));
                    Source::Run { before, ran: Option::unwrap_or(ran, Err(Skipped::NoTeams)) }
                }
            };
            (office, source)
        };
        let offices = offices.into_iter().zip(runs.into_iter().zip(ran)).map(source).collect();
        Ok(Previewed { offices, mails: mails(copy, day).await? })
    }

    /// The first day whose morning is run for the sake of `day`; as an error the last run, where `day` is not after it.
    ///
    /// Days that have passed without a run get none: in life nobody makes up for them either.
    async fn begins(
        &self,
        snapshot: &mut Snapshot,
        office: &str,
        day: NaiveDate,
    ) -> anyhow::Result<Result<NaiveDate, NaiveDate>> {
        Ok(match snapshot.last_run(office).await? {
            Some(last) if last >= day => Err(last),
            last => {
                let next = last.and_then(|last| last.succ_opt()).map_or(self.today, |next| next.max(self.today));
                Ok(next.min(day))
            }
        })
    }

    async fn run(
        &self,
        copy: &Db,
        office: &str,
        day: NaiveDate,
        with_words: bool,
    ) -> anyhow::Result<Result<Report, Skipped>> {
        let mut words = |digest: &Digest| {
            if with_words { self.renderer.render(digest) } else { Ok(Parts::default()) }
        };
        let Self { settings, rulebooks, .. } = *self;
        // Of the days to come nobody knows when data will come in; as in a simulation it counts as fresh.
        let fresh = day > self.today;
        let mut morning = Morning { db: copy, settings, rulebooks, fresh, words: &mut words };
        let begins = at_local(day, settings.office(office).morning);
        let at = if day == self.today { begins.max(self.now) } else { begins };
        Ok(morning.run(office, day, at).await?)
    }
}

/// All mails of the day that the queue holds.
async fn mails(db: &Db, day: NaiveDate) -> anyhow::Result<Vec<OutboxMail>> {
    let filter = OutboxFilter { day: Some(day), ..OutboxFilter::default() };
    let (mut mails, mut after) = (Vec::new(), 0);
    loop {
        let page = db.outbox_list(&filter, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(mails) };
        after = last.id;
        for entry in page {
            mails.extend(db.outbox_get(entry.id).await?);
        }
    }
}
