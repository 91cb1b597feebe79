//! `morning` and `deliver`: the main job, by hand.

use chrono::NaiveDate;
use tokio_util::sync::CancellationToken;

use super::output::print;
use crate::app::App;
use crate::mail::words::plural;
use crate::morning::{Report, Skipped};
use crate::schedule;
use crate::store::Delivering;

/// A day further ahead than this is a slip of the finger: its run would keep every day before it from having one.
const FURTHEST_DAYS: u64 = 400;

pub(super) async fn morning(app: &App, day: NaiveDate) -> anyhow::Result<u8> {
    let today = app.clock.today();
    if day > today + chrono::Days::new(FURTHEST_DAYS) {
        anyhow::bail!(
            "Der {} liegt mehr als {FURTHEST_DAYS} Tage in der Zukunft. Mit diesem Lauf gäbe es bis dahin keinen anderen \
             mehr; bitte prüfen Sie das Jahr.",
            day.format("%d.%m.%Y")
        );
    }
    let offices = app.db.snapshot().await?.offices().await?;
    if offices.is_empty() {
        anyhow::bail!(
            "Es sind noch keine Teams eingelesen. Bitte zuerst eine Lieferung einlesen: wiedervorlage import ORDNER"
        );
    }
    let mut code = 0;
    for office in &offices {
        let of = if office.is_empty() { String::new() } else { format!("Dienststelle {office}: ") };
        let on = day.format("%d.%m.%Y");
        // One office's trouble must not cost the others their morning.
        let ran = match schedule::run(app, office, day).await {
            Ok(ran) => ran,
            Err(error) => {
                code = 2;
                eprintln!("{of}Fehler: {error:#}");
                continue;
            }
        };
        let said = match ran {
            Ok(report) => format!("{of}{}", summary(&report, day)),
            Err(Skipped::Done) => format!("{of}Der Lauf vom {on} ist schon erledigt; es wurde nichts geändert."),
            Err(Skipped::NoWorkday(because)) => {
                format!("{of}Der {on} ist kein Arbeitstag ({because}); es gibt keinen Lauf.")
            }
            Err(Skipped::NoTeams) => format!("{of}Es gibt keine Teams; es gibt keinen Lauf."),
            Err(Skipped::Later(last)) => {
                code = 2;
                let last = last.format("%d.%m.%Y");
                format!("{of}Der {on} liegt vor dem letzten Lauf ({last}); ein Tag davor wird nicht nachgeholt.")
            }
        };
        print(said)?;
    }
    Ok(code)
}

/// What a run did, in a few lines.
pub(super) fn summary(report: &Report, day: NaiveDate) -> String {
    let mails: u64 = report.mails.iter().map(|(_, n)| n).sum();
    let kinds: Vec<String> = report.mails.iter().map(|(kind, n)| format!("{kind} {n}")).collect();
    let mut text = format!(
        "Lauf vom {}: {}, {}, {}, {} im Postausgang ({}).",
        day.format("%d.%m.%Y"),
        plural(report.teams, "Team", "Teams"),
        plural(report.cases, "Fall", "Fälle"),
        plural(report.obligations, "offener Punkt", "offene Punkte"),
        plural(mails, "Mail", "Mails"),
        kinds.join(", ")
    );
    for problem in &report.problems {
        text.push_str("\nHinweis: ");
        text.push_str(problem);
    }
    text
}

/// Looks for what came back. A folder that cannot be read must not keep what is queued from leaving.
async fn bounces(app: &App) -> anyhow::Result<()> {
    let Some(maildir) = &app.settings.bounces_maildir else { return Ok(()) };
    match crate::bounces::read(&app.db, maildir, app.clock.now()).await {
        Ok(counts) if counts == crate::bounces::Counts::default() => {}
        Ok(counts) => print(format!(
            "Rückläufer: {} unzustellbar, {} verzögert, {} ohne Folgen, {} nicht lesbar.",
            counts.failed,
            counts.delayed,
            counts.unknown + counts.other + counts.early,
            counts.unreadable
        ))?,
        Err(error) => eprintln!("Hinweis: {error}"),
    }
    Ok(())
}

pub(super) async fn deliver(app: &App) -> anyhow::Result<u8> {
    bounces(app).await?;
    let courier = app.courier()?;
    let _delivering = Delivering::begin(&app.settings.database_url)?;
    // On one of the runtime's threads, as in the service: the main thread is woken up by another one each time that
    // something arrives.
    let counts = tokio::spawn({
        let courier = courier.clone();
        async move { courier.drain(&CancellationToken::new()).await }
    });
    let counts = counts.await??;
    if let Some(trouble) = courier.trouble() {
        eprintln!("Der Versand ist unterbrochen: {}", trouble.why);
    }
    let said = format!(
        "{} verschickt, {} später noch einmal, {} endgültig gescheitert, {} im Postausgang übrig.",
        counts.sent, counts.again, counts.failed, counts.left
    );
    print(said)?;
    Ok(u8::from(counts.left > 0 || counts.failed > 0))
}
