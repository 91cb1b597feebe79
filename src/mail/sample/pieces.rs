//! What invented mornings are put together from: days, words, items, headings. Nobody in them exists.

use crate::domain::calendar::{Bundesland, Calendar, Dienstfrei};
use crate::domain::digest::{
    BakDay, CaseRow, Content, Datenstand, Digest, Holder, Item, Kind, Lapsed, News, NoticePart,
};
use crate::domain::facts::Art;
use crate::domain::obligation::{Anchor, Column, Formula, Reason, Shift, State};
use crate::domain::rules::Wording;
use crate::domain::run::Freshness;
use crate::mail::Letterhead;
use chrono::NaiveDate;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

/// The Monday of all samples.
pub const TODAY: &str = "2026-11-23";

/// Built once: that takes longer than all else here.
static CALENDAR: LazyLock<Calendar> = LazyLock::new(|| Calendar::new(Bundesland::Bw, &[], &Dienstfrei::default()));

/// A day by its ISO text.
pub fn day(iso: &str) -> NaiveDate {
    // All days here are written out and valid; the first of January 1970 would show at once.
    iso.parse().unwrap_or_default()
}

/// What the rules of the samples are called and ask for; one that is not here shows its id.
pub fn wordings() -> HashMap<Arc<str>, Wording> {
    let rules = [
        ("kundenkontakt", "Kundenkontakt", "Persönlicher oder telefonischer Kontakt mit dem Kunden", "§7"),
        ("ag-kontakt", "AG-Kontakt", "Kontakt mit einem Arbeitgeber für diesen Kunden", "§7"),
        ("stellensuchlauf", "Stellensuchlauf", "Zwei Suchläufe in dieser Woche", "§7"),
        ("rueckgabe-6-monate", "Rückgabe nach sechs Monaten", "Rückgabe an die Integrationsfachkraft", "§6"),
        ("rueckgabe-gespraech", "Rückgabegespräch", "Gespräch zur Rückgabe mit allen Beteiligten", "§6"),
        ("lebenslauf-anfordern", "Lebenslauf", "Lebenslauf beim Kunden anfordern", "§6"),
        ("lebenslauf-rueckgabe", "Rückgabe ohne Lebenslauf", "Rückgabegespräch vereinbaren", "§6"),
        (
            "besuch-16",
            "Besuch am Arbeitsplatz",
            "Besuch am Arbeitsplatz vor dem Ende der Förderung nach § 16e/§ 16i",
            "§ 8",
        ),
        ("ende-info", "Integration", "die Hauptbetreuung endete mit einer Vermittlung in Arbeit", "§6"),
        ("mag-nachhaltung-kunde", "MAG-Nachhaltung", "Beim Kunden nach dem Stand der MAG fragen", "§7"),
        ("egz-intervention", "EGZ-Intervention", "Beim Arbeitgeber vermitteln", "§7"),
        ("veranstaltung", "Veranstaltung", "Eine Veranstaltung des Teams planen", "§7"),
        ("nachbetreuung", "Nachbetreuung", "Nachfragen, wie es im neuen Betrieb läuft", "Teamabsprache vom 02.03.2026"),
    ];
    let ends = "Endet, sobald der Eintrag in der nächsten Liste steht oder hier eingetragen ist. \
                In VerBIS dokumentieren bleibt nötig (§7).";
    let wording = |(id, title, task, paragraph): (&str, &str, &str, &str)| {
        let (title, task, paragraph) = (title.to_owned(), task.to_owned(), paragraph.to_owned());
        (Arc::from(id), Wording { title, task, ends: ends.to_owned(), paragraph })
    };
    rules.into_iter().map(wording).collect()
}

/// What the samples have in common.
pub fn letterhead() -> Letterhead {
    Letterhead {
        contact: "Fragen beantwortet das BAK-Team, Telefon 07131 000-123.".to_owned(),
        reply_to: Some("bak@jobcenter.example".to_owned()),
        team_reply_to: HashMap::from([("BAK Nord".to_owned(), "bak-nord@jobcenter.example".to_owned())]),
    }
}

/// An item due on `action`, as of [`TODAY`] in Baden-Württemberg.
pub fn item(rule: &str, fallnr: &str, action: &str, news: News) -> Item {
    let (today, action) = (day(TODAY), day(action));
    let state = match action.cmp(&today) {
        std::cmp::Ordering::Less => State::Overdue,
        std::cmp::Ordering::Equal => State::Today,
        std::cmp::Ordering::Greater => State::Upcoming,
    };
    let (anchor, formula, back) = match rule {
        "kundenkontakt" => (Anchor::Activity(Art::KontaktTelefonisch), Formula::Days(28), 28),
        "ag-kontakt" => (Anchor::Activity(Art::AgKontakt), Formula::Days(14), 14),
        "rueckgabe-6-monate" => (Anchor::Start { by_handover: false }, Formula::PeriodFrom(6), 183),
        "lebenslauf-anfordern" => (Anchor::Start { by_handover: true }, Formula::Workdays(3), 3),
        "lebenslauf-rueckgabe" => (Anchor::Activity(Art::LebenslaufErinnert), Formula::Days(7), 8),
        "besuch-16" => (Anchor::SubsidyEnd, Formula::BeforeEnd(3), -92),
        "mag-nachhaltung-kunde" => (Anchor::MagSpan, Formula::Middle, 20),
        "egz-intervention" => (Anchor::Activity(Art::EgzRisiko), Formula::Same, 0),
        "veranstaltung" => (Anchor::HeldEvent, Formula::Months(3), 92),
        "stellensuchlauf" => (Anchor::Week, Formula::LastActiveDay, 0),
        "nachbetreuung" => (Anchor::Column(Column::EndeAm), Formula::Months(3), 91),
        _ => (Anchor::Column(Column::EndeAm), Formula::Workdays(5), 7),
    };
    let anchor_day = action - chrono::TimeDelta::days(back);
    Item {
        rule: rule.into(),
        words: rule.into(),
        subject: fallnr.to_owned(),
        cycle: anchor_day.to_string(),
        fallnr: fallnr.to_owned(),
        bezeichnung: String::new(),
        raw: action,
        action,
        state,
        step: "faellig".to_owned(),
        news,
        workdays: CALENDAR.workdays_between(action, today),
        appointment: None,
        reason: Reason { anchor, anchor_day, formula, shift: Shift::None, attempts: None, progress: None },
        handback: None,
    }
}

pub(super) fn with(mut item: Item, change: impl FnOnce(&mut Item)) -> Item {
    change(&mut item);
    item
}

/// All of one case.
pub fn row(items: Vec<Item>) -> CaseRow {
    let fallnr = items.first().map(|item| item.fallnr.clone()).unwrap_or_default();
    let bezeichnung = if fallnr.ends_with('7') { "A. B.".to_owned() } else { String::new() };
    CaseRow { fallnr, bezeichnung, items }
}

/// A colleague as a heading.
pub fn holder(kuerzel: Option<&str>, name: Option<&str>, in_stead: bool) -> Holder {
    Holder { kuerzel: kuerzel.map(str::to_owned), name: name.map(str::to_owned), in_stead }
}

/// A day on which a colleague has nothing to do.
pub fn nothing(who: Holder) -> BakDay {
    BakDay {
        who,
        appointments: Vec::new(),
        now: Vec::new(),
        ahead: Vec::new(),
        long: Vec::new(),
        search: None,
        missed: Vec::new(),
        done: 0,
        lapsed: Vec::new(),
    }
}

/// How fresh a team's data is.
pub fn stand(team: &str, at: Option<&str>, workdays: Option<u32>, stale: bool) -> Datenstand {
    let fresh = Freshness { at: at.and_then(|at| at.parse().ok()), workdays, stale };
    Datenstand { key: team.to_owned(), team: team.to_owned(), fresh }
}

/// A mail of the sample day, of fresh data.
pub fn digest(kind: Kind, content: Content) -> Digest {
    Digest {
        kind,
        office: String::new(),
        day: day(TODAY),
        to: "reader@jobcenter.example".to_owned(),
        data: vec![stand("BAK Nord", Some("2026-11-20T15:12:00Z"), Some(1), false)],
        content,
    }
}

pub(super) fn search_item(fallnr: &str, done: u32, required: u32) -> Item {
    with(item("stellensuchlauf", fallnr, "2026-11-27", News::Known), |i| i.reason.progress = Some((done, required)))
}

pub(super) fn lapsed(rule: &str, fallnr: &str, action: &str) -> Lapsed {
    let action = day(action);
    Lapsed {
        rule: rule.into(),
        words: rule.into(),
        subject: fallnr.into(),
        fallnr: fallnr.into(),
        cycle: String::new(),
        action,
    }
}

/// A case worker's part of a notice.
pub fn part(who: Holder, items: Vec<Item>) -> NoticePart {
    NoticePart { who, start: false, reminder: false, items, lapsed: Vec::new() }
}
