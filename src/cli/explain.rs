//! `explain`: what every rule says about one case on a day, and why; what was said of it, and how it ended.
//!
//! It reads one snapshot and asks the same evaluation that a morning asks. `why` has the sentences, `page` the layout.

mod page;
mod why;

use std::collections::{BTreeMap, HashSet};
use std::io::Write as _;

use anyhow::Context as _;
use chrono::NaiveDate;

use super::evaluate::offices;
use super::output::stdout;
use super::stand::of_team;
use super::words::{foerderung, grund, kennung, paragraph};
use crate::app::App;
use crate::domain::evaluate::Office;
use crate::domain::facts::{Art, Case, CaseFile, Team};
use crate::domain::ledger::Entry;
use crate::domain::obligation::{Finding, Key, Obligation, Silence};
use crate::domain::recipients::Directory;
use crate::domain::rules::Rule;
use crate::domain::run::Freshness;
use crate::mail::words::{clean, date, stand, termin, time};
use crate::store::Told;

/// Everything an explanation is made of.
struct Explained<'a> {
    day: NaiveDate,
    file: &'a CaseFile,
    team: &'a Team,
    office: &'a Office,
    /// How fresh the team's data is on the day; where it is stale, some steps wait.
    fresh: Freshness,
    /// What was remembered of the case by the day.
    ledger: Vec<Entry>,
    /// What was said of it by the day.
    told: Vec<Told>,
}

pub(super) async fn explain(app: &App, fallnr: &str, day: NaiveDate) -> anyhow::Result<u8> {
    let mut snapshot = app.db.snapshot().await?;
    let Some(file) = snapshot.case(fallnr).await? else {
        anyhow::bail!(
            "Der Fall {} ist nicht bekannt. Bitte die Nummer mit führenden Nullen angeben oder die Liste der Fälle \
             einspielen (wiedervorlage import).",
            clean(fallnr)
        );
    };
    let head = snapshot.head(None).await?;
    let directory = snapshot.directory(day).await?;
    let ledger = snapshot.ledger_of(fallnr).await?;
    let told = snapshot.told(fallnr).await?;
    drop(snapshot);

    let offices = offices(app, &head);
    let team = head.teams.iter().find(|t| t.team == file.case.team);
    let (team, office) = team.zip(offices.get(&file.case.team)).context("Das Team des Falls ist nicht bekannt.")?;
    let explained = Explained {
        day,
        file: &file,
        team,
        office,
        fresh: of_team(team, &app.settings, &app.rulebooks, &head.datenstand, day),
        // The answer is that of the day: what came later is not in it.
        ledger: ledger.into_iter().filter(|e| e.opened <= day).collect(),
        told: told.into_iter().filter(|t| t.day <= day).collect(),
    };
    let mut text = String::with_capacity(8 << 10);
    explained.head(&directory, &mut text);
    explained.rules(&mut text);
    let mut out = stdout();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(0)
}

impl Explained<'_> {
    /// The case itself.
    fn head(&self, directory: &Directory, out: &mut String) {
        let (case, day) = (&self.file.case, self.day);
        let initials = if case.bezeichnung.is_empty() { String::new() } else { format!(" ({})", case.bezeichnung) };
        paragraph(out, "", &clean(&format!("Fall {}{initials} am {}", case.fallnr, date(day))));
        let mut line = |label: &str, text: &str| paragraph(out, &format!("  {label:<11} "), &clean(text));

        let region = if case.region.is_empty() { String::new() } else { format!(", Region {}", case.region) };
        line("Team", &format!("{}, {}{region}", self.team.team, self.team.name));
        let bak = directory.bak_of(case);
        let by_region = if case.bak.is_none() && bak.is_some() { ", nach der Region zugeordnet" } else { "" };
        line("BAK", &format!("{}{by_region}", colleague(bak, directory)));
        line("IFK/FM", &colleague(case.ifk.as_deref(), directory));
        line("Betreuung", &care(case, day));
        let since = case.kennung_seit.filter(|_| case.kennung.is_some());
        let since = since
            .map_or_else(String::new, |d| format!("{} {}", if d > day { ", gilt erst ab" } else { " seit" }, date(d)));
        line("Kennung", &format!("{}{since}", kennung(case).trim_start_matches("Kennung ")));
        let rests: Vec<_> = self.file.rests.iter().filter(|r| r.bis.is_none_or(|bis| bis >= day)).collect();
        for rest in rests {
            let until = rest.bis.map_or_else(|| "ohne bekanntes Ende".to_owned(), |d| format!("bis {}", date(d)));
            let now = if rest.covers(day) { "ruht seit" } else { "ruht ab" };
            line("Ruhezeit", &format!("{now} {}, {until}", date(rest.von)));
        }
        for appointment in &self.file.appointments {
            let Some(on) = appointment.datum.filter(|on| *on >= day) else { continue };
            let at = appointment.uhrzeit.map_or_else(String::new, |t| format!(", {}", time(t)));
            let with = appointment.teilnehmer.as_deref().map_or_else(String::new, |who| format!(", mit {who}"));
            line("Termin", &format!("{} am {}{at}{with}", termin(appointment.art), date(on)));
        }
        for subsidy in &self.file.subsidies {
            let day = |d: Option<NaiveDate>| d.map_or_else(|| "offen".to_owned(), date);
            let potential = match subsidy.potenzial {
                Some(true) => ", Potenzial: ja",
                Some(false) => ", Potenzial: nein",
                None => "",
            };
            let (art, number) = (foerderung(subsidy.art), &subsidy.foerdernr);
            line(
                "Förderung",
                &format!("{number}: {art}, {} bis {}{potential}", day(subsidy.beginn), day(subsidy.ende)),
            );
        }
        let last = Art::ALL.iter().filter_map(|art| self.file.done(*art, day).next_back());
        let last: Vec<_> = last.map(|a| format!("{} am {}", super::words::art(a.art), date(a.day))).collect();
        line("Zuletzt", &if last.is_empty() { "nichts eingetragen".to_owned() } else { last.join("; ") });
        line("Datenstand", &stand(&self.fresh));
        if let Some(because) = self.office.cal.closed_because(day) {
            out.push('\n');
            let text = format!("Kein Arbeitstag ({because}): An diesem Tag wird nichts verschickt.");
            paragraph(out, "", &text);
        }
    }

    /// Every rule: what is open, what lies ahead, what is not due; then what is over.
    fn rules(&self, out: &mut String) {
        let mut findings = Vec::new();
        self.office.evaluate(self.file, self.day, true, &mut findings);
        let (mut due, mut ahead) = (Vec::new(), Vec::new());
        let mut silent: BTreeMap<&str, Vec<(&str, &Silence)>> = BTreeMap::new();
        for finding in &findings {
            match finding {
                Finding::Due(o) => due.push(o),
                Finding::Ahead(o) => ahead.push(o),
                Finding::Silent { rule, subject, why } => silent.entry(rule).or_default().push((subject, why)),
                Finding::Tally { .. } => {}
            }
        }
        due.sort_by_key(|o| (self.rank(&o.key.rule), o.action));
        ahead.sort_by_key(|o| o.steps.iter().map(|s| s.day).min());

        heading(out, &format!("Offen ({})", due.len()));
        self.blocks(&due, false, out);
        if !ahead.is_empty() {
            heading(out, &format!("Kommt noch ({})", ahead.len()));
            self.blocks(&ahead, true, out);
        }
        self.quiet(&findings, &silent, out);
        self.past(&due, &ahead, out);
        if self.office.rules.iter().any(Rule::is_for_teams) {
            out.push('\n');
            paragraph(out, "", "Was das Team als Ganzes angeht (Veranstaltungen), zeigt „evaluate“.");
        }
    }

    fn blocks(&self, obligations: &[&Obligation], ahead: bool, out: &mut String) {
        for (i, o) in obligations.iter().enumerate() {
            if i > 0 {
                out.push('\n');
            }
            self.block(o, ahead, out);
        }
    }

    /// The rules that ask for nothing, each with its sentence.
    fn quiet(&self, findings: &[Finding], silent: &BTreeMap<&str, Vec<(&str, &Silence)>>, out: &mut String) {
        let speaks = |rule: &Rule| {
            findings.iter().any(|f| matches!(f, Finding::Due(o) | Finding::Ahead(o) if o.key.rule == rule.id))
        };
        let mut rules: Vec<&Rule> = self.office.rules.iter().filter(|r| !r.is_for_teams()).collect();
        rules.sort_by_key(|r| (r.rank, &r.id));
        // Rules that are silent for one reason share a sentence: an ended case would say it a dozen times.
        let (mut groups, mut count) = (Vec::<(String, Vec<String>)>::new(), 0);
        let mut say = |title: String, sentence: String| {
            count += 1;
            match groups.iter_mut().find(|(known, _)| *known == sentence) {
                Some((_, titles)) => titles.push(title),
                None => groups.push((sentence, vec![title])),
            }
        };
        for rule in rules {
            let title = &rule.wording.title;
            match silent.get(&*rule.id) {
                Some(silences) => {
                    for (subject, why) in silences {
                        let of = self.of_subject(subject);
                        say(format!("{title}{of}"), why::silence(rule, self.file, self.day, why));
                    }
                }
                None if !speaks(rule) => say(title.clone(), why::nothing_to_look_at(rule).to_owned()),
                None => {}
            }
        }
        if count > 0 {
            heading(out, &format!("Nicht fällig ({count})"));
        }
        for (sentence, titles) in groups {
            paragraph(out, "  · ", &clean(&format!("{} – {sentence}", titles.join("; "))));
        }
    }

    /// What is remembered and not open on the day.
    fn past(&self, due: &[&Obligation], ahead: &[&Obligation], out: &mut String) {
        let shown: HashSet<&Key> = due.iter().chain(ahead).map(|o| &o.key).collect();
        let mut past: Vec<_> = self.ledger.iter().filter(|e| !shown.contains(&e.key)).collect();
        past.sort_by_key(|e| (e.action, self.rank(&e.key.rule)));
        if past.is_empty() {
            return;
        }
        heading(out, &format!("Vorbei ({})", past.len()));
        for entry in past {
            self.past_block(entry, out);
        }
    }

    fn rank(&self, rule: &str) -> u32 {
        self.office.rule(rule).map_or(u32::MAX, |r| r.rank)
    }

    /// `, Förderung F12` where it is not the case itself.
    fn of_subject(&self, subject: &str) -> String {
        if subject == self.file.case.fallnr { String::new() } else { format!(", Förderung {subject}") }
    }
}

fn heading(out: &mut String, text: &str) {
    out.push('\n');
    out.push_str(text);
    out.push('\n');
}

/// A colleague as the head of the page names them.
fn colleague(kuerzel: Option<&str>, directory: &Directory) -> String {
    let Some(kuerzel) = kuerzel else { return "niemand eingetragen".to_owned() };
    let Some(name) = directory.name(kuerzel) else { return format!("{kuerzel}, im Personal nicht bekannt") };
    let absent = if directory.is_absent(kuerzel) { ", abwesend" } else { "" };
    format!("{kuerzel}, {name}{absent}")
}

/// Where the care of the case stands.
fn care(case: &Case, t: NaiveDate) -> String {
    let mut parts = Vec::new();
    if let Some(start) = case.start() {
        let verb = if start > t { "beginnt am" } else { "seit" };
        parts.push(format!("Hauptbetreuung {verb} {}", date(start)));
    }
    if let Some(handover) = case.uebergabe_am {
        let alone = if case.hauptbetreuer_seit.is_none() { " (zählt als Beginn)" } else { "" };
        parts.push(format!("Übergabe am {}{alone}", date(handover)));
    }
    if let Some(end) = case.ende_am {
        let why = case.ende_grund.map_or_else(String::new, |g| format!(", {}", grund(g)));
        parts.push(format!("{} am {}{why}", if end > t { "endet" } else { "beendet" }, date(end)));
    }
    if case.watched_on(t) {
        parts.push("auf der Beobachtungsliste".to_owned());
    }
    if parts.is_empty() { "noch keine Übergabe".to_owned() } else { parts.join("; ") }
}
