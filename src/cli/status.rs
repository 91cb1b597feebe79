//! `status`: how it stands, on one screen.

use std::fmt::Write as _;

use super::output::print;
use crate::app::App;
use crate::mail::words::{date, instant, plural, time};
use crate::schedule::{self, Runs};
use crate::store::{Guard, OutboxCount, OutboxState};

/// What somebody has to see to.
type Problems = Vec<String>;

pub(super) async fn status(app: &App) -> anyhow::Result<u8> {
    let (now, mut problems) = (app.clock.now(), Problems::new());
    let mut text = format!("Wiedervorlage am {}\n\n", instant(now));
    let service = match Guard::is_taken(&app.settings.database_url) {
        Some(true) => "läuft",
        Some(false) => {
            problems
                .push("Der Dienst läuft nicht: „systemctl start wiedervorlage“ oder „wiedervorlage run“.".to_owned());
            "läuft nicht"
        }
        None => "von hier aus nicht zu sehen (PostgreSQL: auf dem Rechner des Dienstes mit systemctl status)",
    };
    let _ = writeln!(text, "Dienst          {service}");
    let runs = schedule::runs(app).await?;
    if runs.is_empty() {
        problems.push("Es sind noch keine Teams eingelesen: „wiedervorlage import ORDNER“.".to_owned());
    }
    for run in &runs {
        of_office(app, run, runs.len() > 1, &mut text, &mut problems);
    }
    outbox(app, &mut text, &mut problems).await?;
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

fn of_office(app: &App, runs: &Runs, several: bool, text: &mut String, problems: &mut Problems) {
    let today = app.clock.today();
    if several {
        let name = if runs.office.is_empty() { "(ohne Namen)" } else { &runs.office };
        let _ = writeln!(text, "\nDienststelle    {name}");
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
    if let Some(last) = runs.last.filter(|last| *last > today) {
        problems.push(format!(
            "Der letzte Lauf trägt den {}, das liegt in der Zukunft: Bis dahin gibt es keinen Lauf. Bitte die Uhr prüfen.",
            date(last)
        ));
    }
    if runs.due {
        problems.push(format!("Der Lauf von heute, {}, steht noch aus.", date(today)));
    }
}

async fn outbox(app: &App, text: &mut String, problems: &mut Problems) -> anyhow::Result<()> {
    let counts = app.db.outbox_counts().await?;
    let count = |state| counts.iter().find(|c| c.state == state);
    let number = |state| count(state).map_or(0, |c: &OutboxCount| c.mails);
    let waiting = number(OutboxState::Queued) + number(OutboxState::Sending);
    let oldest = [OutboxState::Queued, OutboxState::Sending].into_iter().filter_map(count).map(|c| c.oldest).min();
    let since = oldest.map_or_else(String::new, |at| format!(", die älteste seit {}", instant(at)));
    let _ = writeln!(text, "\nPostausgang     {} {since}", plural(waiting, "Mail wartet", "Mails warten"));
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
    if oldest.is_some_and(|at| app.clock.now() - at > chrono::TimeDelta::hours(4)) {
        problems.push(
            "Seit über vier Stunden geht Post nicht hinaus: „wiedervorlage outbox list“ nennt die Gründe.".into(),
        );
    }
    Ok(())
}
