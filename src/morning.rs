//! One morning of one office: read → evaluate → gather → write ledger and outbox (DESIGN: *One morning, as data*).
//!
//! Everything is read from one snapshot and written in one short transaction at the end, which checks that the facts are
//! still those that were read. A crash before it leaves nothing behind; after it, everything is safe in the outbox.
//! Memory holds one page of cases and one recipient's mail; the rest waits in `spool`.

mod cases;
pub mod missed;
mod plan;
mod spool;
mod write;

use std::collections::{BTreeSet, HashMap};
use std::sync::mpsc::sync_channel;

use chrono::{DateTime, NaiveDate, Utc};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;

use crate::config::rulebooks::Rulebooks;
use crate::config::settings::Settings;
use crate::domain::calendar::Closed;
use crate::domain::digest::gather::Gather;
use crate::domain::digest::lines::{Line, Router, TeamFace, Triggered, What};
use crate::domain::digest::{Content, Digest, Kind, Lapsed, News};
use crate::domain::ledger::{Entry, RunOf};
use crate::domain::obligation::{Key, Role, Roles};
use crate::mail::{MailError, Parts};
use crate::store::{Db, StoreError, Undelivered};
use cases::{PAGES_AHEAD, closed_entries, due, evaluate_page, read_pages, settle_all};
use plan::Plan;
use spool::{Queue, Sorter};
use write::{TeamRun, Waiting, WaitingNotice, grown, team_run};

/// Digests that may wait for their words: enough that gathering and wording seldom wait for each other.
const DIGESTS_AHEAD: usize = 4;
/// How often a morning is begun again because facts changed under it.
const ATTEMPTS: u32 = 5;

/// Why a morning failed.
#[derive(Debug, thiserror::Error)]
pub enum MorningError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The words.
    #[error(transparent)]
    Mail(#[from] MailError),
    /// The room beside memory.
    #[error(
        "Der Platz für Zwischenergebnisse ist nicht benutzbar: {} Bitte das Verzeichnis für temporäre Dateien prüfen.",
        unusable(.0)
    )]
    Spool(#[from] std::io::Error),
    /// The outbox holds a mail of this run already; nothing was written, so that ledger and outbox stay one.
    #[error(
        "Im Postausgang stehen schon {0} Mails dieses Laufs. Es wurde nichts geschrieben; bitte den Postausgang prüfen."
    )]
    Twice(usize),
    /// Facts kept changing.
    #[error(
        "Die Daten wurden während des Laufs wiederholt geändert. Bitte den Lauf wiederholen, sobald die Einspielung fertig ist."
    )]
    FactsKeptChanging,
}

/// Why there was no run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skipped {
    /// The run of this day was done before.
    Done,
    /// A later run was done before.
    Later(NaiveDate),
    /// No team of the office works on the day.
    NoWorkday(Closed),
    /// The office has no teams.
    NoTeams,
}

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Teams that took part.
    pub teams: usize,
    /// Cases looked at.
    pub cases: u64,
    /// Obligations open.
    pub obligations: u64,
    /// Mails written, per kind.
    pub mails: Vec<(Kind, u64)>,
    /// What the administrator is told.
    pub problems: Vec<String>,
}

/// Turns a digest into words.
pub type Words<'a> = dyn FnMut(&Digest) -> Result<Parts, MailError> + Send + 'a;

/// What a morning works with.
pub struct Morning<'a> {
    /// The database.
    pub db: &'a Db,
    /// The settings.
    pub settings: &'a Settings,
    /// The rules and calendars.
    pub rulebooks: &'a Rulebooks,
    /// Takes data as fresh (`simulate`).
    pub fresh: bool,
    /// Turns a digest into words.
    pub words: &'a mut Words<'a>,
}

/// What has been prepared for the write transaction.
struct Prepared {
    /// Of the facts that were read.
    revision: i64,
    /// The office's last run.
    last_run: Option<NaiveDate>,
    /// Overviews that have not left yet.
    waiting: Vec<Undelivered>,
    /// Mailboxes of teams that do not work today.
    mailboxes_of_closed: BTreeSet<String>,
    /// Rules that a team is no longer told by.
    dropped_rules: Vec<(String, Vec<String>)>,
    teams: Queue<TeamRun>,
    ledger: Queue<Entry>,
    mails: Queue<Waiting>,
    /// Lapses that a mail of this run tells: (case, key) → roles.
    told: HashMap<(String, Key), Roles>,
    report: Report,
}

impl Morning<'_> {
    /// The run of the office on `day`, once. `now` is the instant of the tick.
    pub async fn run(
        &mut self,
        office: &str,
        day: NaiveDate,
        now: DateTime<Utc>,
    ) -> Result<Result<Report, Skipped>, MorningError> {
        for _ in 0..ATTEMPTS {
            let prepared = match self.prepare(office, day, now).await? {
                Ok(prepared) => prepared,
                Err(skipped) => return Ok(Err(skipped)),
            };
            if let Some(done) = self.write(office, day, now, prepared).await? {
                return Ok(done);
            }
            tracing::info!("facts changed while the morning was prepared, it begins again");
        }
        Err(MorningError::FactsKeptChanging)
    }

    async fn prepare(
        &mut self,
        office: &str,
        day: NaiveDate,
        now: DateTime<Utc>,
    ) -> Result<Result<Prepared, Skipped>, MorningError> {
        let mut snapshot = self.db.snapshot().await?;
        let mut plan =
            match plan::plan(&mut snapshot, self.settings, self.rulebooks, office, (day, now), self.fresh).await? {
                Ok(plan) => plan,
                Err(skipped) => return Ok(Err(skipped)),
            };
        let of_teams = snapshot.ledger_of_teams().await?;
        let mut known = self.db.snapshot().await?;
        let mut lines = Sorter::default();
        let mut ledger = Queue::new();
        let mut report =
            Report { teams: plan.teams.len(), cases: 0, obligations: 0, mails: Vec::new(), problems: Vec::new() };
        let mut spooled: std::io::Result<()> = Ok(());
        let mut key = Vec::new();
        let mut emit = |kind: Kind, to: &str, line: &Line| {
            key.clear();
            key.push(kind as u8);
            key.extend_from_slice(to.as_bytes());
            if spooled.is_ok() {
                spooled = lines.push(&key, line);
            }
        };
        let mut router = Router {
            t: day,
            directory: &plan.directory,
            recently_told: &plan.recently_told,
            personal: self.settings.mail.personal,
            triggered: Triggered::default(),
        };

        let (pages, mut next) = mpsc::channel(PAGES_AHEAD);
        let reading = tokio::spawn(read_pages(snapshot, office.to_owned(), pages));
        let mut evaluated = Vec::new();
        while let Some(page) = next.recv().await {
            plan.problems.extend(page.cases.faulty.iter().map(|fallnr| {
                format!(
                    "Fall {fallnr}: In der Datenbank steht ein Wert, den dieses Programm nicht kennt; der Fall wurde heute \
                     nicht ausgewertet. Bitte die Daten erneut einspielen."
                )
            }));
            evaluate_page(&page, day, &plan.teams, &mut evaluated);
            let mut remembered = page.ledger;
            if plan.remembers {
                remembered.append(&mut closed_entries(&mut known, &evaluated, &remembered).await?);
                remembered.sort_by(|a, b| a.fallnr.cmp(&b.fallnr));
            }
            let mut remembered = remembered.into_iter().peekable();
            for (file, found) in page.cases.files.iter().zip(evaluated.drain(..)) {
                while remembered.next_if(|e| e.fallnr < file.case.fallnr).is_some() {}
                let mut entries = Vec::new();
                while let Some(entry) = remembered.next_if(|e| e.fallnr == file.case.fallnr) {
                    entries.push(entry);
                }
                // A BAK's load is that of all teams, of those that do not work today as well.
                plan.capacity.add(&file.case, day);
                let Some(team) = plan.teams.get_mut(&file.case.team) else { continue };
                report.cases += 1;
                report.obligations += found.due.len() as u64;
                let run = RunOf {
                    t: day,
                    team: &file.case.team,
                    bak: file.case.bak.as_deref(),
                    ifk: file.case.ifk.as_deref(),
                    unreachable: router.unreachable(team, &file.case),
                };
                let office = team.office.clone();
                let how = |key: &Key| office.ended(file, day, key);
                let (told, mut ended) = settle_all(team, found.due, entries, &run, how, &mut ledger)?;
                router.case(team, file, &told, &mut ended, &found.tallies, &mut emit);
                for entry in &ended {
                    ledger.push(entry)?;
                }
            }
        }
        match reading.await {
            Ok(read) => read?,
            // A panic of ours, of which the library's error would repeat the words.
            Err(ended) => match ended.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => return Err(std::io::Error::from(std::io::ErrorKind::Interrupted).into()),
            },
        }

        let mut faces = std::mem::take(&mut plan.teams);
        for (team, face) in &mut faces {
            let events = plan.events.get(team).map(Vec::as_slice).unwrap_or_default();
            let mut findings = Vec::new();
            let beginn = face.beginn;
            face.office.evaluate_team(team, beginn, events, day, false, &mut findings);
            let due: Vec<_> = findings.into_iter().filter_map(due).collect();
            report.obligations += due.len() as u64;
            let mut entries: Vec<_> = of_teams.iter().filter(|e| e.team == *team).cloned().collect();
            let keys: Vec<_> = due.iter().map(|o| ("", &o.key)).collect();
            entries.append(&mut known.ledger_known(&keys).await?);
            let run = RunOf { t: day, team, bak: None, ifk: None, unreachable: face.unreachable() };
            let office = face.office.clone();
            let how = |key: &Key| office.ended_team(team, beginn, events, day, key);
            let (told, mut ended) = settle_all(face, due, entries, &run, how, &mut ledger)?;
            router.team(face, &told, &mut ended, &mut emit);
            for entry in &ended {
                ledger.push(entry)?;
            }
            if let Some(lead) = &face.lead {
                for bak in grown(team, face, &plan, self.settings.places.limit) {
                    let (team, what) = (team.clone(), What::Grown(bak));
                    emit(Kind::Eskalation, &lead.address, &Line { team, holder: None, in_stead: false, what });
                }
            }
            if face.lead.is_none() {
                plan.problems.push(format!(
                    "Team {team}: Die Leitung ist heute nicht erreichbar, und eine Vertretung oder office.leitung_ersatz ist \
                     nicht eingetragen. Was an die Leitung geht, wartet auf den nächsten Lauf."
                ));
            }
        }
        let triggered = std::mem::take(&mut router.triggered);
        plan.teams = faces;
        spooled?;
        report.problems.clone_from(&plan.problems);
        let mut mails = Queue::new();
        if let Some(admin) = self.settings.admin_email.as_ref().filter(|_| !plan.problems.is_empty()) {
            let digest = Digest {
                kind: Kind::Admin,
                office: office.to_owned(),
                day,
                to: admin.clone(),
                data: plan.teams.values().map(TeamFace::datenstand).collect(),
                content: Content::Admin(plan.problems.clone()),
            };
            self.wait(&digest, &mut mails, &mut report)?;
        }
        self.gather(plan, office, (day, now), lines, ledger, mails, &triggered, report).map(Ok)
    }

    /// The lines of each recipient become one mail.
    #[expect(clippy::too_many_arguments, reason = "the second half of prepare, which owns all of it")]
    fn gather(
        &mut self,
        plan: Plan,
        office: &str,
        (day, now): (NaiveDate, DateTime<Utc>),
        lines: Sorter,
        ledger: Queue<Entry>,
        mut mails: Queue<Waiting>,
        triggered: &Triggered,
        mut report: Report,
    ) -> Result<Prepared, MorningError> {
        let gather = Gather {
            t: day,
            now,
            office,
            directory: &plan.directory,
            teams: &plan.teams,
            triggered,
            capacity: &plan.capacity,
            places: self.settings.places,
            last_week: &plan.last_week,
        };
        let (receipts, limit) = (self.settings.mail.receipts, self.settings.places.limit);
        let (digests, next) = sync_channel(DIGESTS_AHEAD);
        let told = std::thread::scope(|scope| {
            // Words take as long as all the rest. The thread owns its end of the channel, which closes when it fails.
            let (mails, report) = (&mut mails, &mut report);
            let wording = move || next.iter().try_for_each(|digest: Digest| self.wait(&digest, mails, report));
            let wording = scope.spawn(wording);
            let told = Self::each_digest(&gather, lines, receipts, move |digest| digests.send(digest).is_ok());
            wording.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            told
        })?;
        let mut teams = Queue::new();
        for (team, face) in &plan.teams {
            teams.push(&team_run(team, face, &plan, limit))?;
        }
        // Whom and what nobody asks for any more goes now: the database needs the room while it writes.
        let Plan { revision, last_run, waiting, mailboxes_of_closed, dropped_rules, .. } = plan;
        Ok(Prepared {
            revision,
            last_run,
            waiting,
            mailboxes_of_closed,
            dropped_rules,
            teams,
            ledger,
            mails,
            told,
            report,
        })
    }

    /// Hands on what the lines of each recipient become, until `hand_on` declines. The lapses that these mails tell.
    fn each_digest(
        gather: &Gather<'_>,
        lines: Sorter,
        receipts: bool,
        mut hand_on: impl FnMut(Digest) -> bool,
    ) -> Result<HashMap<(String, Key), Roles>, MorningError> {
        let mut told: HashMap<(String, Key), Roles> = HashMap::new();
        let mut sorted = lines.sorted()?;
        while let Some((key, lines)) = sorted.group::<Line>()? {
            let kind = key.first().and_then(|n| Kind::ALL.get(usize::from(*n))).copied();
            let (Some(kind), Ok(to)) = (kind, std::str::from_utf8(key.get(1..).unwrap_or_default())) else { continue };
            let said = lines.iter().any(|l| !matches!(l.what, What::Head));
            let already_told = |l: &Lapsed| told.get(&lapse_key(l)).is_some_and(|roles| roles.has(Role::Tl));
            let Some(digest) = gather.digest(kind, to, lines, &already_told) else { continue };
            // That nobody is watching some rules is told once a week, whatever else there is to say.
            if kind == Kind::Tagesuebersicht && !said && !receipts && !names_unwatched(&digest) {
                continue;
            }
            for (role, lapsed) in digest.lapses() {
                let roles = told.entry(lapse_key(lapsed)).or_default();
                *roles = roles.and(Roles::only(role));
            }
            if !hand_on(digest) {
                break;
            }
        }
        Ok(told)
    }

    /// Gives a digest its words and lets it wait for the write transaction.
    fn wait(&mut self, digest: &Digest, mails: &mut Queue<Waiting>, report: &mut Report) -> Result<(), MorningError> {
        let parts = (self.words)(digest)?;
        let message = serde_json::to_vec(&parts).map_err(std::io::Error::from)?;
        let mut notices = Vec::new();
        for (role, item) in digest.items().into_iter().filter(|(_, item)| item.news != News::Known) {
            let key = Key { rule: item.rule.clone(), subject: item.subject.clone(), cycle: item.cycle.clone() };
            notices.push(WaitingNotice { fallnr: item.fallnr.clone(), key, step: item.step.clone(), role });
        }
        let sha256 = hex(&Sha256::digest(&message));
        let (kind, to, subject) = (digest.kind, digest.to.clone(), parts.subject);
        let told_once = digest.tells_once();
        mails.push(&Waiting { kind, to, subject, message, sha256, told_once, notices })?;
        match report.mails.iter_mut().find(|(kind, _)| *kind == digest.kind) {
            Some((_, count)) => *count += 1,
            None => report.mails.push((digest.kind, 1)),
        }
        Ok(())
    }
}

/// Why the room beside memory cannot be used: in German, and without the path, as it goes into a mail as well.
fn unusable(error: &std::io::Error) -> &'static str {
    use std::io::ErrorKind as Kind;
    match error.kind() {
        Kind::StorageFull | Kind::QuotaExceeded => "Der Datenträger ist voll.",
        Kind::PermissionDenied | Kind::ReadOnlyFilesystem => "Die Rechte fehlen.",
        Kind::NotFound | Kind::NotADirectory => "Das Verzeichnis fehlt.",
        _ => "Ein- oder Ausgabefehler.",
    }
}

fn names_unwatched(digest: &Digest) -> bool {
    matches!(&digest.content, Content::Day(teams) if teams.iter().any(|team| !team.unwatched.is_empty()))
}

fn lapse_key(lapsed: &Lapsed) -> (String, Key) {
    let key = Key { rule: lapsed.rule.clone(), subject: lapsed.subject.clone(), cycle: lapsed.cycle.clone() };
    (lapsed.fallnr.clone(), key)
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
