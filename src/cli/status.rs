//! `status`: how it stands, on one screen.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use chrono::TimeDelta;

use super::output::print;
use super::stand;
use super::words::listed;
use crate::app::App;
use crate::clock::Clock;
use crate::config::settings::Settings;
use crate::mail::words::{clean, date, instant, plural, time};
use crate::schedule::{self, Runs};
use crate::store::{Guard, OutboxCount, OutboxFilter, OutboxState, Snapshot, StoreError, Task};

/// Where the reason is to be found.
const WHY_NO_RUN: &str =
    "Lief der Dienst zu dieser Zeit, nennt sein Protokoll den Grund: „journalctl -u wiedervorlage“.";
/// So long mails may wait before somebody has to look: greylisting and a restart of the mail server take less.
const PATIENCE: TimeDelta = TimeDelta::hours(1);
/// No mail of ours is put off for longer (the longest pause is under five hours): its time was noted by a wrong clock.
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(6);
/// The night's work is done every day; a day without it may have been one without the service.
const OVERDUE: TimeDelta = TimeDelta::hours(49);
/// Rows of the queue that are read at once.
const PAGE: u32 = 500;
/// Reasons that fit the screen.
const REASONS: usize = 3;

/// What somebody has to see to.
type Problems = Vec<String>;

/// A database that cannot be looked at is something to see to like any other, and is not changed.
pub(super) async fn status(config: Option<&Path>, clock: Clock) -> anyhow::Result<u8> {
    let settings = Settings::load(config)?;
    let mut problems = Problems::new();
    let mut text = format!("Wiedervorlage am {}\n\n", instant(clock.now()));
    let service = match Guard::is_taken(&settings.database_url) {
        Some(true) => "läuft",
        Some(false) => {
            problems
                .push("Der Dienst läuft nicht: „systemctl start wiedervorlage“ oder „wiedervorlage run“.".to_owned());
            "läuft nicht"
        }
        None => "von hier aus nicht zu sehen (PostgreSQL: auf dem Rechner des Dienstes mit systemctl status)",
    };
    let _ = writeln!(text, "Dienst          {service}");
    match App::looking(settings, clock).await {
        Ok(app) => {
            let looked = database(&app, &mut text, &mut problems).await;
            app.db.close().await;
            looked?;
        }
        Err(error) => problems.push(error.downcast::<StoreError>()?.to_string()),
    }
    if problems.is_empty() {
        text.push_str("\nKeine Störungen.");
    } else {
        text.push_str("\nZu tun:");
        for problem in &problems {
            let _ = write!(text, "\n  {problem}");
        }
    }
    print(text)?;
    Ok(u8::from(!problems.is_empty()))
}

/// What the database says: runs and queue.
async fn database(app: &App, text: &mut String, problems: &mut Problems) -> anyhow::Result<()> {
    let runs = schedule::runs(app).await?;
    if runs.is_empty() {
        problems.push("Es sind noch keine Teams eingelesen: „wiedervorlage import ORDNER“.".to_owned());
    }
    let mut snapshot = app.db.snapshot().await?;
    for run in &runs {
        of_office(app, run, runs.len() > 1, text, problems);
        data(app, &mut snapshot, run, text, problems).await?;
    }
    drop(snapshot);
    outbox(app, text, problems).await?;
    inbox(app, text, problems).await?;
    upkeep(app, text, problems).await
}

/// The watched folder, as whoever looks into it has left word. The folder itself is not asked: it may not answer.
async fn inbox(app: &App, text: &mut String, problems: &mut Problems) -> anyhow::Result<()> {
    let Some(settings) = &app.settings.inbox else { return Ok(()) };
    let last = app.db.last_arrival().await?.map_or_else(
        || "noch nichts eingelesen".to_owned(),
        |last| {
            let rejected = if last.arrival.accepted { "" } else { " (abgelehnt)" };
            format!("zuletzt {}: „{}“{rejected}", instant(last.at), clean(&last.arrival.name))
        },
    );
    let _ = writeln!(text, "\nEingang         {}; {last}", settings.dir.display());
    let state = app.db.inbox_state().await?.filter(|state| Path::new(&state.folder) == settings.dir);
    if let Some(state) = state.filter(|state| !state.sentences.is_empty()) {
        let since = instant(state.since);
        problems.extend(state.sentences.iter().map(|sentence| format!("Eingang (seit {since}): {sentence}")));
    }
    Ok(())
}

/// The night's work.
async fn upkeep(app: &App, text: &mut String, problems: &mut Problems) -> anyhow::Result<()> {
    let known = app.db.upkeep().await?;
    text.push('\n');
    for task in Task::ALL {
        let (label, none) = match task {
            Task::Retention => ("Löschfristen", "noch nicht geprüft"),
            Task::Backup if app.settings.backup.dir.is_none() => ("Sicherung", "nicht eingerichtet (backup.dir)"),
            Task::Backup => ("Sicherung", "noch keine"),
        };
        let Some(last) = known.iter().find(|upkeep| upkeep.task == *task) else {
            let _ = writeln!(text, "{label:<16}{none}");
            continue;
        };
        if *task == Task::Backup && app.settings.backup.dir.is_none() {
            let _ = writeln!(text, "{label:<16}{none}; die letzte war am {}", instant(last.at));
            continue;
        }
        let failed = if last.ok { "" } else { "gescheitert: " };
        let _ = writeln!(text, "{label:<16}{}: {failed}{}", instant(last.at), last.report);
        if !last.ok {
            problems.push(format!("{label}: {} Der Dienst versucht es jede Stunde wieder.", last.report));
        } else if app.clock.now() - last.at > OVERDUE {
            problems.push(format!(
                "{label}: zuletzt am {}. Läuft der Dienst, nennt sein Protokoll den Grund.",
                instant(last.at)
            ));
        }
    }
    Ok(())
}

fn of_office(app: &App, runs: &Runs, several: bool, text: &mut String, problems: &mut Problems) {
    let today = app.clock.today();
    if several {
        let _ = writeln!(text, "\nDienststelle    {}", name_of(runs));
    }
    let last = match (runs.last, runs.last_at) {
        (Some(day), Some(at)) => format!("{} (geschrieben {})", date(day), instant(at)),
        _ => "noch keiner".to_owned(),
    };
    let next = runs.next.map_or_else(
        || "keiner abzusehen: Bitte dienstfrei und closed prüfen.".to_owned(),
        |day| format!("{} ab {}", date(day), time(runs.hours.morning)),
    );
    let _ = writeln!(text, "Letzter Lauf    {last}\nNächster Lauf   {next}");
    // With several offices, a sentence must say which.
    let of = if several { format!("Dienststelle {}: ", name_of(runs)) } else { String::new() };
    if let Some(last) = runs.last.filter(|last| *last > today) {
        problems.push(format!(
            "{of}Der letzte Lauf trägt den {}, das liegt in der Zukunft: Bis dahin gibt es keinen Lauf. Bitte die Uhr prüfen.",
            date(last)
        ));
    }
    if let Some(missed) = runs.missed {
        problems.push(format!("{of}Am {} gab es keinen Lauf. {WHY_NO_RUN}", date(missed)));
    }
    if runs.due && runs.hours.is_late(app.clock.local()) {
        problems.push(format!("{of}Der Lauf von heute, {}, steht noch aus. {WHY_NO_RUN}", date(today)));
    }
}

/// How fresh the data of the office's teams is.
async fn data(
    app: &App,
    snapshot: &mut Snapshot,
    runs: &Runs,
    text: &mut String,
    problems: &mut Problems,
) -> anyhow::Result<()> {
    let (teams, known) = (snapshot.teams(Some(&runs.office)).await?, snapshot.datenstand(Some(&runs.office)).await?);
    let stands = stand::of_teams(app, &teams, &known, app.clock.today());
    for (n, line) in stand::lines(&stands).iter().enumerate() {
        let _ = writeln!(text, "{:<16}{line}", if n == 0 { "Datenstand" } else { "" });
    }
    let ahead = stand::ahead(app, &teams, &known);
    if !ahead.is_empty() {
        problems.push(format!(
            "Der Datenstand liegt in der Zukunft (Team {}): Eine Uhr ging falsch, und wie alt die Daten sind, weiß niemand. Die Uhr \
             prüfen, dann die Listen neu einspielen, „wiedervorlage import ORDNER“.",
            listed(&ahead)
        ));
    }
    let stale: Vec<_> = stands.iter().filter(|(_, fresh)| fresh.stale).map(|(team, _)| *team).collect();
    if !stale.is_empty() {
        problems.push(format!(
            "Der Datenstand ist veraltet (Team {}): die Listen neu einspielen, „wiedervorlage import ORDNER“. Bis dahin \
             warten Meldungen an IFK und Leitung, die von Einträgen abhängen.",
            listed(&stale)
        ));
    }
    Ok(())
}

fn name_of(runs: &Runs) -> &str {
    if runs.office.is_empty() { "(ohne Namen)" } else { &runs.office }
}

async fn outbox(app: &App, text: &mut String, problems: &mut Problems) -> anyhow::Result<()> {
    let counts = app.db.outbox_counts().await?;
    let count = |state| counts.iter().find(|c| c.state == state);
    let number = |state| count(state).map_or(0, |c: &OutboxCount| c.mails);
    let waiting = number(OutboxState::Queued) + number(OutboxState::Sending);
    let oldest = [OutboxState::Queued, OutboxState::Sending].into_iter().filter_map(count).map(|c| c.oldest).min();
    let since = oldest.map_or_else(String::new, |at| format!(", die älteste seit {}", instant(at)));
    let _ = writeln!(text, "\nPostausgang     {}{since}", plural(waiting, "Mail wartet", "Mails warten"));
    let waits = waits(app).await?;
    // The most frequent first.
    let mut reasons: Vec<_> = waits.reasons.iter().map(|(why, mails)| (Reverse(*mails), why)).collect();
    reasons.sort();
    for (Reverse(mails), why) in reasons.into_iter().take(REASONS) {
        let _ = writeln!(text, "                {}: {why}", plural(mails, "Mail", "Mails"));
    }
    for (state, words) in [
        (OutboxState::Sent, "verschickt"),
        (OutboxState::Failed, "endgültig gescheitert"),
        (OutboxState::Superseded, "durch eine neuere ersetzt"),
        (OutboxState::Cancelled, "zurückgezogen"),
    ] {
        if number(state) > 0 {
            let _ = writeln!(text, "                {} {words}", number(state));
        }
    }
    if number(OutboxState::Failed) > 0 {
        problems.push(format!(
            "{} nicht zu verschicken: „wiedervorlage outbox list --state failed“ nennt die Gründe, „outbox retry NR“ \
             versucht es noch einmal, „outbox cancel NR“ legt sie ab.",
            plural(number(OutboxState::Failed), "Mail war", "Mails waren")
        ));
    }
    if oldest.is_some_and(|at| app.clock.now() - at > PATIENCE) {
        let why = "Post wartet seit über einer Stunde. Gründe, soweit bekannt, stehen oben und in „wiedervorlage outbox \
                   list --state queued“.";
        problems.push(why.to_owned());
    }
    if waits.far > 0 {
        problems.push(format!(
            "{} auf einen Zeitpunkt, den eine falsch gehende Uhr vermerkt hat: „wiedervorlage outbox list --state \
             queued“, „outbox retry NR“ verschickt sofort.",
            plural(waits.far, "Mail wartet", "Mails warten")
        ));
    }
    Ok(())
}

/// What keeps mails waiting.
#[derive(Debug, Default)]
struct Waits {
    /// What the last attempt said, of the mail server as well → of how many mails.
    reasons: BTreeMap<String, u64>,
    /// Mails that wait for longer than any pause.
    far: u64,
}

async fn waits(app: &App) -> anyhow::Result<Waits> {
    let (mut waits, mut after) = (Waits::default(), 0);
    let queued = OutboxFilter { state: Some(OutboxState::Queued), ..OutboxFilter::default() };
    loop {
        let page = app.db.outbox_list(&queued, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(waits) };
        after = last.id;
        for mail in page {
            waits.far += u64::from(mail.next_attempt_at - app.clock.now() > LONGEST_PAUSE);
            if let Some(why) = mail.error {
                *waits.reasons.entry(why).or_default() += 1;
            }
        }
    }
}
