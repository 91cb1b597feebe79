//! `retention`: deletes what has had its time, or says what that would be. `forget`: deletes one case.

use std::collections::BTreeMap;

use chrono::Days;

use super::output::print;
use super::words::listed;
use crate::app::App;
use crate::domain::closed::Held;
use crate::domain::digest::Kind;
use crate::mail::words::{clean, date, plural};
use crate::upkeep::{summary, tidy};

/// Numbers that are gathered to be shown; more are counted.
const SHOWN: usize = 1_000;

pub(super) async fn retention(app: &App, dry: bool) -> anyhow::Result<u8> {
    let (mut closed, mut held) = (Vec::new(), BTreeMap::<Held, Vec<String>>::new());
    let tidied = tidy(app, app.clock.now(), dry, &mut |file, why| {
        let numbers = match why {
            None => &mut closed,
            Some(why) => held.entry(why).or_default(),
        };
        if numbers.len() < SHOWN {
            numbers.push(file.case.fallnr.clone());
        }
    })
    .await?;
    let done = if dry { "Gelöscht würden" } else { "Gelöscht" };
    let mut lines = vec![format!("{done}: {}.", summary(&tidied))];
    if dry && !closed.is_empty() {
        lines.push(format!("  Fälle: {}", listed(&closed)));
    }
    for (why, numbers) in held {
        let why = match why {
            Held::Watched => "auf der Beobachtungsliste",
            Held::Subsidy => "mit einer Förderung, die läuft oder kein Ende hat",
            Held::Appointment => "mit einem Termin, der noch kommt",
            Held::Open => "mit etwas, das noch offen ist („wiedervorlage explain FALLNR“ nennt es)",
        };
        lines.push(format!("  Bleiben, {why}: {}", listed(&numbers)));
    }
    let faulty = tidied.report.faulty;
    if faulty > 0 {
        lines.push(format!("  {} nicht lesbar und daher nicht geprüft.", plural(faulty, "Fall ist", "Fälle sind")));
    }
    print(lines.join("\n"))?;
    Ok(u8::from(faulty > 0 || tidied.report.moved))
}

/// Mails of these kinds hold what they tell, and nothing of other cases that a later one would not say.
const TELLS_NOTHING_ELSE: [Kind; 2] = [Kind::Mitteilung, Kind::Eskalation];

/// What has run out for so long has been told, by a mail that has long left.
const LAPSES_FOR: Days = Days::new(35);

pub(super) async fn forget(app: &App, fallnr: &str, yes: bool) -> anyhow::Result<u8> {
    let number = clean(fallnr);
    let known = app.db.snapshot().await?.all_of_case(fallnr).await?;
    if known.is_empty() {
        eprintln!("Zu {number} ist nichts gespeichert. Führende Nullen gehören zur Nummer.");
        return Ok(1);
    }
    if !yes {
        let there = match known.iter().map(|(_, rows)| rows.len()).sum() {
            1 => "ist 1 Zeile".to_owned(),
            rows => format!("sind {rows} Zeilen"),
        };
        eprintln!(
            "Zu {number} {there} gespeichert; „wiedervorlage disclose {number}“ zeigt, was. Es ist nichts gelöscht: Mit \
             --yes wird alles davon endgültig gelöscht."
        );
        return Ok(1);
    }
    let kinds = TELLS_NOTHING_ELSE.map(Kind::as_str);
    let today = app.clock.today();
    let done = app.db.forget(fallnr, &kinds, today - LAPSES_FOR).await?;
    let rows: u64 = done.rows.iter().map(|(_, rows)| rows).sum();
    let keeps = app.settings.retention.text_days;
    let last = today + Days::new(keeps.into());
    let mut lines = vec![format!("{number} ist gelöscht: {}.", plural(rows, "Zeile", "Zeilen"))];
    match done.called_back {
        0 => {}
        1 => lines.push("Eine Mail nur zu diesem Fall war noch nicht verschickt; sie ist zurückgezogen.".to_owned()),
        n => lines.push(format!("{n} Mails nur zu diesem Fall waren noch nicht verschickt; sie sind zurückgezogen.")),
    }
    lines.push("Was noch bleibt, und wie lange:".to_owned());
    if done.texts > 0 {
        lines.push(format!(
            "  Mailtexte, die den Fall nennen können ({}): je {keeps} Tage nach der Zustellung, die schon verschickten \
             längstens bis {}.",
            done.texts,
            date(last)
        ));
    }
    if done.waiting > 0 {
        let wait = if done.waiting == 1 { "wartet 1" } else { &format!("warten {}", done.waiting) };
        lines.push(format!(
            "  Davon {wait} noch auf den Versand: Darin steht auch zu anderen Fällen, was sonst verloren ginge."
        ));
    }
    lines.push("  Verschickte Mails in den Postfächern der Empfänger: Die sind dort zu löschen.".to_owned());
    let again = "Wird eine davon eingespielt, ist der Befehl zu wiederholen.";
    lines.push(match &app.settings.backup.dir {
        Some(_) => {
            format!("  Sicherungen: bis neuere sie ersetzt haben (es bleiben {}). {again}", app.settings.backup.keep)
        }
        None => format!("  Sicherungen, falls Sie welche aufbewahren. {again}"),
    });
    if let Some(inbox) = &app.settings.inbox {
        let days = plural(inbox.keep_imports, "Tag", "Tage");
        lines.push(format!(
            "  Eingelesene Dateien und Berichte unter {}: {days} nach dem Einlesen.",
            inbox.dir.display()
        ));
    }
    let lists = "  Die Listen selbst: Steht der Fall weiter darin, bringt ihn der nächste Import zurück. Bitte dort zuerst löschen.";
    lines.push(lists.to_owned());
    print(lines.join("\n"))?;
    Ok(0)
}
