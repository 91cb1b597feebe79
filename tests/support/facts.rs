//! Facts in a few words: `seit=06-01 kontakt_telefonisch@06-10 rest@07-01..07-10 F1:16e@2025-01-01..12-31`.
//!
//! Words are separated by blanks; a day without a year is one of 2026.
//! - `seit`, `uebergabe`, `ende`, `talk`, `fazit`, `since` (of the Kennung) `=DAY`; `kennung=…`, `grund=…`, `bak=…`, `ifk=…`
//! - `ART@DAY`, `ART@DAY*N`
//! - `rest@DAY..DAY`, `rest@DAY..`
//! - `NUMBER:ART@DAY..DAY` is a subsidy; with `!` behind it, without potential
//! - `termin:ART@DAY`

#![allow(dead_code, reason = "each test takes what it needs")]

use std::sync::{Arc, LazyLock};

use chrono::NaiveDate;
use wiedervorlage::config::rulebook;
use wiedervorlage::domain::calendar::{Bundesland, Calendar, Dienstfrei};
use wiedervorlage::domain::evaluate::Office;
use wiedervorlage::domain::facts::{Activity, Appointment, Art, Case, CaseFile, Rest, Subsidy};
use wiedervorlage::domain::obligation::{Column, Finding, Obligation};
use wiedervorlage::domain::rules::{Rule, Supplied, Supply};

/// A day of 2026, or `2027-01-31`.
pub fn day(text: &str) -> NaiveDate {
    let iso = if text.len() == 5 { format!("2026-{text}") } else { text.to_owned() };
    iso.parse().unwrap_or_else(|_| panic!("{text} is no day"))
}

fn span(text: &str) -> (NaiveDate, Option<NaiveDate>) {
    let (from, to) = text.split_once("..").unwrap_or_else(|| panic!("{text} is no span"));
    (day(from), (!to.is_empty()).then(|| day(to)))
}

/// The case 17 of team T0, and what the words say of it.
pub fn case(words: &str) -> CaseFile {
    let mut file = CaseFile {
        case: Case {
            fallnr: "17".into(),
            bezeichnung: "A. B.".into(),
            bak: Some("BAK0".into()),
            ifk: Some("IFK0".into()),
            team: "T0".into(),
            region: String::new(),
            kennung: None,
            kennung_seit: None,
            uebergabe_am: None,
            hauptbetreuer_seit: None,
            ende_am: None,
            ende_grund: None,
            rueckgabegespraech_am: None,
            fazit_am: None,
        },
        activities: Vec::new(),
        subsidies: Vec::new(),
        rests: Vec::new(),
        appointments: Vec::new(),
    };
    for word in words.split_whitespace() {
        one_more(&mut file, word);
    }
    file.activities.sort_unstable();
    file
}

fn one_more(file: &mut CaseFile, word: &str) {
    let case = &mut file.case;
    if let Some((key, value)) = word.split_once('=') {
        match key {
            "kennung" => case.kennung = Some(value.parse().unwrap()),
            "grund" => case.ende_grund = Some(value.parse().unwrap()),
            "bak" => case.bak = Some(value.to_owned()).filter(|v| !v.is_empty()),
            "ifk" => case.ifk = Some(value.to_owned()).filter(|v| !v.is_empty()),
            "since" => case.kennung_seit = Some(day(value)),
            "uebergabe" => case.uebergabe_am = Some(day(value)),
            "seit" => case.hauptbetreuer_seit = Some(day(value)),
            "ende" => case.ende_am = Some(day(value)),
            "talk" => case.rueckgabegespraech_am = Some(day(value)),
            "fazit" => case.fazit_am = Some(day(value)),
            _ => panic!("{word}"),
        }
        return;
    }
    let (what, when) = word.split_once('@').unwrap_or_else(|| panic!("{word}"));
    if what == "rest" {
        let (von, bis) = span(when);
        file.rests.push(Rest { von, bis });
    } else if let Some(art) = what.strip_prefix("termin:") {
        file.appointments.push(Appointment {
            terminnr: format!("A{}", file.appointments.len()),
            art: art.parse().unwrap(),
            datum: Some(day(when)),
            uhrzeit: None,
            ort: String::new(),
            teilnehmer: None,
        });
    } else if let Some((foerdernr, art)) = what.split_once(':') {
        let (beginn, ende) = span(when.trim_end_matches('!'));
        file.subsidies.push(Subsidy {
            foerdernr: foerdernr.to_owned(),
            art: art.parse().unwrap(),
            arbeitgeber: String::new(),
            beginn: Some(beginn),
            ende,
            potenzial: when.ends_with('!').then_some(false),
        });
    } else {
        let (on, anzahl) = when.split_once('*').map_or((when, 1), |(on, n)| (on, n.parse().unwrap()));
        let art: Art = what.parse().unwrap_or_else(|_| panic!("{word}"));
        file.activities.retain(|a| (a.art, a.day) != (art, day(on)));
        file.activities.push(Activity { art, day: day(on), anzahl });
    }
}

/// Everything that a delivery can hold, so that every rule is watched.
pub fn everything() -> Supplied {
    let mut supplied = Supplied::default();
    for supply in Art::ALL.iter().map(|art| Supply::Activity(*art)) {
        supplied.add(supply);
    }
    for supply in Column::ALL.iter().map(|column| Supply::Column(*column)) {
        supplied.add(supply);
    }
    supplied
}

pub fn office_of(rules: Vec<Rule>) -> Office {
    static CALENDAR: LazyLock<Arc<Calendar>> =
        LazyLock::new(|| Arc::new(Calendar::new(Bundesland::Bw, &[], &Dienstfrei::default())));
    Office { rules: rules.into(), cal: Arc::clone(&CALENDAR), supplied: everything() }
}

/// The default rules in Heilbronn, all of them watched.
pub fn office() -> Office {
    office_of(rulebook::default_rules().unwrap())
}

/// What is due of a case on a day, of one rule.
pub fn due(office: &Office, file: &CaseFile, t: NaiveDate, rule: &str) -> Vec<Obligation> {
    let mut found = Vec::new();
    office.evaluate(file, t, false, &mut found);
    let due = found.into_iter().filter_map(|f| if let Finding::Due(o) = f { Some(o) } else { None });
    due.filter(|o| &*o.key.rule == rule).collect()
}
