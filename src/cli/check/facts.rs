//! Whether the facts let every mail find its reader: teams, people, cases, freshness, and what got stuck.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::super::stand;
use super::super::words::{any_of, listed};
use super::Findings;
use crate::clock::local_date;
use crate::config::rulebooks::Rulebooks;
use crate::config::settings::Settings;
use crate::domain::evaluate::Office;
use crate::domain::facts::{Colleague, Team};
use crate::domain::recipients::{Directory, Roster};
use crate::mail::words::{self, clean, plural};
use crate::store::{Db, Head, Loose, LooseEnds, OutboxFilter, OutboxState, StoreError};

/// Mails that failed are listed up to so many.
const FAILED: u32 = 1_000;

pub(super) async fn facts(
    db: &Db,
    settings: &Settings,
    rulebooks: Option<&Rulebooks>,
    today: NaiveDate,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let mut snapshot = db.snapshot().await?;
    let head = snapshot.head(None).await?;
    if head.teams.is_empty() {
        findings.wrong(
            "Daten: Es ist noch kein Team eingespielt",
            "mit „wiedervorlage import ORDNER“ einspielen, teams.csv und personal.csv zuerst",
        );
    } else {
        let loose = snapshot.loose_ends(today).await?;
        let vanished = snapshot.vanished(today).await?;
        let (mut roster, mut colleagues) = (Roster::default(), Vec::new());
        // Absences come and go; who can be reached at all is the question here.
        let each = |colleague, _| {
            roster.add(&colleague, false);
            colleagues.push(colleague);
        };
        snapshot.each_colleague(today, each).await?;
        drop(snapshot);
        let directory = roster.complete();
        sections(settings, &head, findings);
        for team in &head.teams {
            of_team(team, settings, &directory, findings);
        }
        people(&colleagues, &directory, settings, findings);
        cases(&loose, findings);
        for team in &head.teams {
            data(team, settings, rulebooks, &head, today, findings);
        }
        for (team, cases) in &vanished {
            gone(team, cases, findings);
        }
        pending(&loose, findings);
    }
    failed(db, findings).await
}

/// Settings for teams and offices that do not exist do nothing, silently: most likely a name is mistyped.
fn sections(settings: &Settings, head: &Head, findings: &mut Findings) {
    let teams: BTreeSet<String> = head.teams.iter().map(|t| t.team.to_lowercase()).collect();
    let offices: BTreeSet<String> = head.offices.iter().map(|o| o.to_lowercase()).collect();
    for (team, _) in settings.teams().filter(|(team, _)| !teams.contains(*team)) {
        let known: Vec<_> = head.teams.iter().map(|t| t.team.as_str()).collect();
        findings.wrong(
            &format!("Einstellungen [teams.{team}]: Dieses Team gibt es nicht"),
            &format!("den Namen berichtigen; bekannt sind: {}", listed(&known)),
        );
    }
    for office in settings.offices().filter(|office| !offices.contains(*office)) {
        findings.wrong(
            &format!("Einstellungen [offices.{office}]: Diese Dienststelle gibt es nicht"),
            "den Namen berichtigen, wie ihn teams.csv in der Spalte dienststelle hat",
        );
    }
}

fn of_team(team: &Team, settings: &Settings, directory: &Directory, findings: &mut Findings) {
    let name = clean(&team.team).into_owned();
    let before = findings.wrong;
    findings.wrong = false;
    match &team.postfach {
        None => findings.wrong(
            &format!("Team {name}: kein Postfach, daher keine Tagesübersicht"),
            "teams.csv, Spalte postfach, ergänzen",
        ),
        Some(address) if !settings.allows(address) => findings.wrong(
            &format!("Team {name}: Das Postfach liegt außerhalb von mail.allowed_domains und bekommt nichts"),
            "die Adresse oder mail.allowed_domains berichtigen",
        ),
        Some(_) => {}
    }
    let instead = settings.office(&team.dienststelle).leitung_ersatz.is_some();
    match team.leitung.as_deref() {
        Some(lead) if directory.name(lead).is_none() => findings.wrong(
            &format!("Team {name}: Die Leitung {} ist im Personal nicht bekannt", clean(lead)),
            "personal.csv ergänzen oder teams.csv, Spalte leitung, berichtigen",
        ),
        None if !instead => findings.wrong(
            &format!("Team {name}: keine Leitung eingetragen, daher weder Wochenbericht noch Eskalation"),
            "teams.csv, Spalte leitung, ergänzen oder office.leitung_ersatz setzen",
        ),
        Some(lead) if !instead && directory.reach(lead).is_none() => findings.wrong(
            &format!("Team {name}: Für die Leitung ist niemand erreichbar"),
            "in personal.csv Adresse oder Vertretung ergänzen oder office.leitung_ersatz setzen",
        ),
        _ => {}
    }
    if !findings.wrong {
        findings.ok(&format!("Team {name}: Postfach und Leitung sind erreichbar"));
    }
    findings.wrong |= before;
}

fn people(colleagues: &[Colleague], directory: &Directory, settings: &Settings, findings: &mut Findings) {
    let people = |n: usize| plural(n, "Person", "Personen");
    let names = |of: &dyn Fn(&Colleague) -> bool| -> Vec<&str> {
        colleagues.iter().filter(|c| of(c)).map(|c| c.kuerzel.as_str()).collect()
    };
    let deputies = names(&|c| c.vertretung.as_deref().is_some_and(|deputy| directory.name(deputy).is_none()));
    let without = names(&|c| c.email.is_none() && directory.reach(&c.kuerzel).is_none());
    let stood_in_for = names(&|c| c.email.is_none() && directory.reach(&c.kuerzel).is_some());
    let outside = names(&|c| c.email.as_deref().is_some_and(|address| !settings.allows(address)));
    if !deputies.is_empty() {
        findings.wrong(
            &format!(
                "Personal: Bei {} ist die Vertretung nicht bekannt ({})",
                people(deputies.len()),
                listed(&deputies)
            ),
            "personal.csv, Spalte vertretung, berichtigen",
        );
    }
    if !without.is_empty() {
        findings.wrong(
            &format!(
                "Personal: {} ohne Adresse und ohne erreichbare Vertretung ({}); ihre Mails gehen ans Teampostfach",
                people(without.len()),
                listed(&without)
            ),
            "personal.csv, Spalte email oder vertretung, ergänzen",
        );
    }
    if !stood_in_for.is_empty() {
        findings.hint(
            &format!(
                "Personal: {} ohne Adresse ({}); ihre Mails gehen an die Vertretung",
                people(stood_in_for.len()),
                listed(&stood_in_for)
            ),
            "personal.csv, Spalte email, ergänzen",
        );
    }
    if !outside.is_empty() {
        findings.wrong(
            &format!(
                "Personal: {} mit einer Adresse außerhalb von mail.allowed_domains ({}); dorthin geht nichts",
                people(outside.len()),
                listed(&outside)
            ),
            "die Adresse oder mail.allowed_domains berichtigen",
        );
    }
    if deputies.is_empty() && without.is_empty() && outside.is_empty() {
        findings.ok(&format!("Personal: {}, alle erreichbar", people(colleagues.len())));
    }
}

fn cases(loose: &LooseEnds, findings: &mut Findings) {
    for (who, column, of) in [("der BAK", "bak", &loose.bak), ("die IFK oder FM", "ifk", &loose.ifk)] {
        if of.count > 0 {
            findings.wrong(
                &format!(
                    "Fälle: Bei {} ist {who} im Personal nicht bekannt ({})",
                    plural(of.count, "laufenden Fall", "laufenden Fällen"),
                    first(of)
                ),
                &format!("personal.csv ergänzen oder betreuungen.csv, Spalte {column}, berichtigen"),
            );
        }
    }
    if loose.bak.count + loose.ifk.count == 0 {
        findings.ok("Fälle: Alle genannten BAK, IFK und FM sind bekannt");
    }
}

/// How fresh a team's data is, and what nobody watches for want of data.
fn data(
    team: &Team,
    settings: &Settings,
    rulebooks: Option<&Rulebooks>,
    head: &Head,
    today: NaiveDate,
    findings: &mut Findings,
) {
    let Some(rulebooks) = rulebooks else { return };
    let name = clean(&team.team);
    let office = Office {
        rules: rulebooks.rules(&team.team),
        cal: rulebooks.calendar(team, settings),
        supplied: head.evidence.get(&team.team).copied().unwrap_or_default(),
    };
    let fresh = stand::of_team(team, settings, rulebooks, &head.datenstand, today);
    if fresh.at.is_some_and(|at| local_date(at) > today) {
        findings.wrong(
            &format!(
                "Team {name}: Datenstand {} liegt in der Zukunft; wie alt die Daten sind, weiß niemand",
                words::stand(&fresh)
            ),
            "die Uhr prüfen, dann die Listen des Teams neu einspielen",
        );
    } else if fresh.stale {
        findings.wrong(
            &format!(
                "Team {name}: {}; Meldungen an IFK und Leitung, die von Einträgen abhängen, warten",
                fresh.at.map_or_else(|| words::stand(&fresh), |_| format!("Datenstand {}", words::stand(&fresh)))
            ),
            "die Listen des Teams neu einspielen",
        );
    } else if fresh.at.is_some() {
        findings.ok(&format!("Team {name}: Datenstand {}", words::stand(&fresh)));
    } else {
        findings.hint(&format!("Team {name}: noch keine Daten"), "die Listen des Teams einspielen");
    }
    let unwatched: Vec<_> =
        office.unwatched().map(|r| format!("„{}“ ({})", r.wording.title, any_of(&r.evidence))).collect();
    if unwatched.is_empty() {
        findings.ok(&format!("Team {name}: Zu allen eingeschalteten Regeln gibt es Daten"));
    } else {
        findings.hint(
            &format!("Team {name}: Niemand beobachtet {}", unwatched.join(", ")),
            "das in Klammern Genannte einspielen oder mit „record“ eintragen, oder die Regel abschalten",
        );
    }
}

/// Cases that a complete list no longer holds: what goes to case workers and lead about them waits.
fn gone(team: &str, cases: &[String], findings: &mut Findings) {
    findings.wrong(
        &format!(
            "Team {}: Nicht mehr in der Liste: {} – beendet? Grund? ({})",
            clean(team),
            plural(cases.len(), "Fall", "Fälle"),
            listed(cases)
        ),
        "mit Ende und Grund wieder in die Liste aufnehmen; bis dahin ruhen Mitteilungen dazu an IFK und Leitung",
    );
}

fn pending(loose: &LooseEnds, findings: &mut Findings) {
    let kinds = [
        ("aktivitaeten", &loose.activities),
        ("foerderungen", &loose.subsidies),
        ("pausen", &loose.rests),
        ("termine", &loose.appointments),
    ];
    let waiting: Vec<_> = kinds.iter().filter(|(_, of)| of.count > 0).collect();
    if waiting.is_empty() {
        findings.ok("Zuordnung: Keine Zeile wartet auf ihren Fall");
        return;
    }
    for (file, of) in waiting {
        findings.hint(
            &format!(
                "Zuordnung: {} aus {file} ohne bekannten Fall ({})",
                plural(of.count, "Zeile", "Zeilen"),
                first(of)
            ),
            "sie gelten, sobald der Fall eingespielt ist; sonst die Fallnummern prüfen",
        );
    }
}

async fn failed(db: &Db, findings: &mut Findings) -> Result<(), StoreError> {
    let filter = OutboxFilter { state: Some(OutboxState::Failed), ..OutboxFilter::default() };
    let failed = db.outbox_list(&filter, 0, FAILED).await?;
    if failed.is_empty() {
        findings.ok("Postausgang: Keine Mail ist gescheitert");
        return Ok(());
    }
    let ids: Vec<_> = failed.iter().map(|mail| mail.id.to_string()).collect();
    let least = if failed.len() == FAILED as usize { "mindestens " } else { "" };
    findings.wrong(
        &format!(
            "Postausgang: {least}{} nicht zustellbar (Nr. {})",
            plural(failed.len(), "Mail", "Mails"),
            listed(&ids)
        ),
        "Ursache mit „outbox show NR“ ansehen, dann „outbox retry NR“ oder „outbox cancel NR“",
    );
    Ok(())
}

/// The first case numbers, and that there are more.
fn first(of: &Loose) -> String {
    let more = if of.count > of.first.len() as u64 { ", …" } else { "" };
    format!("{}{more}", listed(&of.first))
}
