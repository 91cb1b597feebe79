//! Invented mornings with everything that a mail can say: what templates are tried on before they are taken.
//!
//! Together they take every branch of every template that is built in; a test sees to it. Nobody in them exists.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use super::Letterhead;
use crate::domain::calendar::{Bundesland, Calendar, Dienstfrei};
use crate::domain::digest::{
    AppointmentLine, BakDay, CaseRow, Content, Datenstand, Digest, Grown, Handback, Holder, Item, Kind, Lapsed, Load,
    MissedWeek, News, NoticePart, Receipt, SearchWeek, TeamDay, TeamEscalation, TeamWeek,
};
use crate::domain::facts::{Art, TerminArt};
use crate::domain::obligation::{Anchor, Column, Formula, Reason, Shift, State};
use crate::domain::rules::Wording;
use crate::domain::run::Freshness;
use crate::domain::wochenliste::{self, Entry, Form, Open, Row as FormRow, Standing, Week};
use chrono::NaiveDate;

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

/// One or more of every kind, full and empty, fresh and stale, in one's own stead and in that of others.
pub fn every_kind() -> Vec<Digest> {
    vec![
        bad_day(),
        stale_day(),
        quiet_day(0),
        notices(),
        start(),
        reminder_in_stead(),
        escalation(),
        week(),
        forms(),
        stale_week(),
        stale(reminder_in_stead()),
        stale(escalation()),
        stale(quiet_day(3)),
        stale(admin()),
        admin(),
        missed(),
        receipt(),
        vanished(),
        escalation_in_stead(),
        week_in_stead(),
    ]
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

fn with(mut item: Item, change: impl FnOnce(&mut Item)) -> Item {
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

fn search_item(fallnr: &str, done: u32, required: u32) -> Item {
    with(item("stellensuchlauf", fallnr, "2026-11-27", News::Known), |i| i.reason.progress = Some((done, required)))
}

fn lapsed(rule: &str, fallnr: &str, action: &str) -> Lapsed {
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

fn berger() -> BakDay {
    BakDay {
        appointments: vec![
            AppointmentLine {
                uhrzeit: "09:30:00".parse().ok(),
                fallnr: "0000017".into(),
                bezeichnung: "A. B.".into(),
                art: TerminArt::Rueckgabegespraech,
                ort: "Heilbronn, Raum 12".into(),
            },
            AppointmentLine {
                uhrzeit: None,
                fallnr: "0000023".into(),
                bezeichnung: String::new(),
                art: TerminArt::Aussendienst,
                ort: String::new(),
            },
        ],
        now: vec![
            row(vec![
                with(item("rueckgabe-6-monate", "0000017", "2026-11-20", News::New), |i| {
                    i.raw = day("2026-11-22");
                    i.reason.anchor_day = day("2026-05-23");
                    i.reason.shift = Shift::Back("Sonntag".into());
                    i.appointment = Some(day("2026-11-23"));
                    i.handback = Some(Handback { talk: false, fazit: true, ended: false });
                }),
                item("ag-kontakt", "0000017", "2026-11-18", News::Known),
                item("kundenkontakt", "0000017", "2026-11-26", News::New),
                item("lebenslauf-anfordern", "0000017", "2026-11-24", News::Known),
            ]),
            row(vec![with(item("kundenkontakt", "0000018", "2026-11-23", News::New), |i| {
                i.reason.attempts = Some((2, day("2026-11-17")));
            })]),
            row(vec![with(item("ag-kontakt", "0000019", "2026-11-18", News::TakenOver), |i| {
                i.raw = day("2026-11-16");
                i.reason.shift = Shift::AfterRest(day("2026-11-15"));
            })]),
        ],
        ahead: vec![
            row(vec![
                item("kundenkontakt", "0000021", "2026-11-25", News::Known),
                item("ag-kontakt", "0000021", "2026-11-26", News::Known),
            ]),
            row(vec![item("nachbetreuung", "0000022", "2026-12-02", News::Known)]),
        ],
        long: vec![
            row(vec![item("ag-kontakt", "0000031", "2026-10-30", News::Known)]),
            row(vec![item("kundenkontakt", "0000032", "2026-10-29", News::Known)]),
            row(vec![item("ag-kontakt", "0000033", "2026-10-28", News::Known)]),
            row(vec![item("eigene-regel", "0000034", "2026-10-27", News::TakenOver)]),
        ],
        search: Some(SearchWeek {
            week: "2026-W48".into(),
            complete: 27,
            open: vec![search_item("0000017", 0, 2), search_item("0000018", 1, 2), search_item("0000041", 0, 1)],
            of: 40,
        }),
        missed: vec![MissedWeek {
            week: "2026-W47".into(),
            items: ["0000017", "0000021", "0000044"].map(|f| search_item(f, 1, 2)).into(),
        }],
        done: 7,
        lapsed: vec![lapsed("mag-nachhaltung-kunde", "0000051", "2026-11-18")],
        ..nothing(holder(Some("BE"), Some("Anna Berger"), false))
    }
}

/// The event that the team as a whole is to plan.
fn of_team() -> Item {
    with(item("veranstaltung", "", "2026-11-27", News::New), |i| {
        i.subject = "NORD".into();
        i.raw = day("2026-11-28");
        i.reason.anchor_day = day("2026-08-28");
        i.reason.shift = Shift::Back("Samstag".into());
    })
}

/// The team mailbox on a bad day.
pub fn bad_day() -> Digest {
    let baks = vec![
        berger(),
        nothing(holder(Some("CA"), Some("Cem Aydin"), false)),
        BakDay {
            now: vec![row(vec![item("egz-intervention", "0000061", "2026-11-23", News::New)])],
            missed: vec![MissedWeek { week: "2026-W47".into(), items: vec![search_item("0000061", 0, 1)] }],
            ..nothing(holder(None, None, false))
        },
    ];
    let unwatched = vec!["kundenkontakt".into(), "mag-nachhaltung-kunde".into()];
    let team = TeamDay { team: "BAK Nord".into(), team_items: vec![of_team()], baks, unwatched, vanished: Vec::new() };
    digest(Kind::Tagesuebersicht, Content::Day(vec![team]))
}

/// Two teams, stale data, one item: what the singular looks like.
pub fn stale_day() -> Digest {
    let team = |name: &str, baks| TeamDay {
        team: name.into(),
        team_items: Vec::new(),
        baks,
        unwatched: Vec::new(),
        vanished: Vec::new(),
    };
    let own = BakDay {
        ahead: vec![row(vec![item("kundenkontakt", "0000071", "2026-11-24", News::Known)])],
        search: Some(SearchWeek { week: "2026-W48".into(), complete: 1, open: Vec::new(), of: 1 }),
        ..nothing(holder(Some("BE"), None, false))
    };
    let stead = BakDay {
        long: vec![row(vec![item("ag-kontakt", "0000072", "2026-10-30", News::Known)])],
        ..nothing(holder(Some("DE"), Some("Dora Ernst"), true))
    };
    let content = Content::Day(vec![team("BAK Nord", vec![own]), team("BAK Süd", vec![stead])]);
    Digest {
        office: "Jobcenter Musterkreis".into(),
        data: vec![stand("BAK Nord", Some("2026-11-17T06:05:00Z"), Some(4), true), stand("BAK Süd", None, None, true)],
        ..digest(Kind::Persoenlich, content)
    }
}

/// Nothing is open.
pub fn quiet_day(done: u32) -> Digest {
    let bak = BakDay { done, ..nothing(holder(Some("BE"), None, false)) };
    let team = TeamDay {
        team: "BAK Nord".into(),
        team_items: Vec::new(),
        baks: vec![bak],
        unwatched: Vec::new(),
        vanished: Vec::new(),
    };
    digest(Kind::Tagesuebersicht, Content::Day(vec![team]))
}

/// A case worker's part of a notice.
pub fn part(who: Holder, items: Vec<Item>) -> NoticePart {
    NoticePart { who, start: false, reminder: false, items, lapsed: Vec::new() }
}

/// A case worker's own cases and those of a colleague.
pub fn notices() -> Digest {
    let own = part(
        holder(Some("IF1"), Some("Ivo Falk"), false),
        vec![
            with(item("besuch-16", "0000081", "2026-12-04", News::New), |i| {
                i.subject = "F-17".into();
                i.bezeichnung = "C. D.".into();
                i.raw = day("2026-12-06");
                i.reason.anchor_day = day("2027-03-06");
                i.reason.shift = Shift::Back("Nikolaus <frei>".into());
            }),
            with(item("lebenslauf-rueckgabe", "0000082", "2026-11-19", News::New), |i| {
                i.raw = day("2026-11-14");
                i.reason.shift = Shift::AfterDeadline(day("2026-11-16"));
                i.handback = Some(Handback { talk: false, fazit: false, ended: false });
            }),
            with(item("ende-info", "0000083", "2026-11-23", News::New), |i| {
                i.state = State::Info;
                i.raw = day("2026-11-21");
                i.reason.anchor_day = i.raw;
                i.reason.formula = Formula::Same;
            }),
            with(item("rueckgabe-gespraech", "0000084", "2026-11-25", News::Known), |i| {
                i.appointment = Some(day("2026-11-24"));
                i.handback = Some(Handback { talk: false, fazit: true, ended: true });
            }),
        ],
    );
    let stead = NoticePart {
        lapsed: vec![lapsed("mag-nachhaltung-kunde", "0000086", "2026-11-18")],
        ..part(
            holder(Some("IF2"), Some("Jana Groß"), true),
            vec![item("mag-nachhaltung-kunde", "0000085", "2026-11-23", News::TakenOver)],
        )
    };
    digest(Kind::Mitteilung, Content::Notice(vec![own, stead]))
}

/// The first notice of all.
pub fn start() -> Digest {
    let mut part = part(
        holder(Some("IF1"), Some("Ivo Falk"), false),
        vec![
            item("besuch-16", "0000081", "2026-11-16", News::Known),
            item("eigene-regel", "0000087", "2026-11-30", News::Known),
        ],
    );
    part.start = true;
    digest(Kind::Mitteilung, Content::Notice(vec![part]))
}

/// A weekly reminder to a deputy.
pub fn reminder_in_stead() -> Digest {
    let items = vec![item("besuch-16", "0000081", "2026-11-20", News::Known)];
    let mut part = part(holder(Some("IF1"), Some("Ivo Falk"), true), items);
    part.reminder = true;
    digest(Kind::Mitteilung, Content::Notice(vec![part]))
}

/// To a lead of two teams.
pub fn escalation() -> Digest {
    let visit = with(item("besuch-16", "0000081", "2026-10-26", News::New), |i| {
        i.subject = "F-17".into();
        i.bezeichnung = "C. D.".into();
    });
    let handback = with(item("rueckgabe-6-monate", "0000017", "2026-11-18", News::New), |i| {
        i.handback = Some(Handback { talk: true, fazit: false, ended: false });
    });
    let event = with(item("veranstaltung", "", "2026-11-23", News::New), |i| i.subject = "SUED".into());
    let north = TeamEscalation {
        team: "BAK Nord".into(),
        in_stead_for: None,
        items: vec![visit, handback],
        lapsed: Vec::new(),
        grown: vec![
            Grown { kuerzel: "BE".into(), name: Some("Anna Berger".into()), open: 46, size: 45, agreed: true },
            Grown { kuerzel: "CA".into(), name: Some("Cem Aydin".into()), open: 51, size: 50, agreed: false },
        ],
    };
    let lapsed = vec![lapsed("besuch-16", "0000088", "2026-08-20")];
    let south =
        TeamEscalation { team: "BAK Süd".into(), in_stead_for: None, items: vec![event], lapsed, grown: Vec::new() };
    digest(Kind::Eskalation, Content::Escalation(vec![north, south]))
}

/// A full week and an empty one.
pub fn week() -> Digest {
    let load = |kuerzel: &str, name: Option<&str>, open, before, ends_within_28_days| Load {
        kuerzel: kuerzel.into(),
        name: name.map(str::to_owned),
        open,
        before,
        ends_within_28_days,
        room: 45_u32.checked_sub(open).filter(|room| *room > 0),
        over: open > 45,
    };
    let north = TeamWeek {
        in_stead_for: None,
        lapsed: Vec::new(),
        team: "BAK Nord".into(),
        week: "2026-W48".into(),
        places: (20, 50),
        agreed: Some(45),
        entries: 435,
        flow: (4, 3, 2),
        returns: (0..8).map(|n| (day("2026-11-23") + chrono::Days::new(7 * n), (n as u32 * 5) % 7)).collect(),
        team_items: vec![of_team()],
        load: vec![
            load("BE", Some("Anna Berger"), 42, Some(40), 5),
            load("CA", Some("Cem Aydin"), 52, Some(53), 3),
            load("XY", None, 11, None, 0),
            load("ZZ", None, 50, Some(50), 1),
        ],
        unassigned: 3,
        open: (158, Some(157)),
        ending: vec![(day("2026-11-29"), "0000017".into()), (day("2026-12-04"), "0000018".into())],
        overdue: escalation_items(),
        contacts_overdue: Some(14),
        unwatched: vec!["egz-intervention".into()],
    };
    let south = TeamWeek {
        in_stead_for: None,
        lapsed: Vec::new(),
        team: "BAK Süd".into(),
        agreed: None,
        entries: 3,
        flow: (0, 0, 0),
        team_items: Vec::new(),
        load: Vec::new(),
        unassigned: 1,
        open: (1, None),
        ending: Vec::new(),
        overdue: Vec::new(),
        contacts_overdue: Some(0),
        unwatched: Vec::new(),
        ..north.clone()
    };
    digest(Kind::Wochenbericht, Content::Week(vec![north, south]))
}

/// The same of data that is old.
pub fn stale_week() -> Digest {
    let week = week();
    let Content::Week(mut teams) = week.content else { return week };
    teams.truncate(1);
    for team in &mut teams {
        (team.contacts_overdue, team.unwatched) = (None, Vec::new());
    }
    let data = vec![stand("BAK Nord", Some("2026-11-10T06:05:00Z"), Some(9), true)];
    Digest { data, content: Content::Week(teams), ..week }
}

/// A notice and an escalation of data that is old, and hints for the administrator.
pub fn stale(digest: Digest) -> Digest {
    Digest { data: vec![stand("BAK Nord", Some("2026-11-17T06:05:00Z"), Some(4), true)], ..digest }
}

fn escalation_items() -> Vec<Item> {
    match escalation().content {
        Content::Escalation(teams) => {
            teams.into_iter().flat_map(|t| t.items).filter(|i| !i.fallnr.is_empty()).collect()
        }
        _ => Vec::new(),
    }
}

/// Forms for the week, one of them in a colleague's stead.
pub fn forms() -> Digest {
    let row = |fallnr: &str| FormRow {
        fallnr: fallnr.into(),
        bezeichnung: "A. B.".into(),
        standing: Standing::Main,
        open: vec![Open { rule: "ag-kontakt".into(), title: "AG-Kontakt".into() }],
        cells: vec![Entry::Nothing; wochenliste::Column::all().count()],
    };
    let form = |bak: &str, name: &str, in_stead, cases: &[&str]| Form {
        bak: bak.into(),
        name: Some(name.into()),
        in_stead,
        week: Week::of(day(TODAY)),
        made: day(TODAY).and_time(chrono::NaiveTime::MIN).and_utc(),
        data: Vec::new(),
        closed: Default::default(),
        rows: cases.iter().map(|fallnr| row(fallnr)).collect(),
    };
    let forms =
        vec![form("BE", "Anna Berger", false, &["0000017", "0000018"]), form("CA", "Cem Aydin", true, &["0000021"])];
    digest(Kind::Wochenliste, Content::Forms(forms))
}

/// Hints for the administrator.
pub fn admin() -> Digest {
    let sentences = [
        "Fall 0000017 konnte nicht ausgewertet werden.",
        "Für die Teamleitung von Team NORD ist niemand erreichbar; 2 Hinweise warten.",
    ];
    digest(Kind::Admin, Content::Admin(sentences.map(str::to_owned).into()))
}

/// To the administrator: there was no morning.
pub fn missed() -> Digest {
    let sentences = [
        "Dienststelle Nord: Der Lauf vom Mo., 23.11.2026 ist bis 18:00 Uhr nicht gelungen.",
        "Er scheitert seit Mo., 23.11.2026, 06:30. Zuletzt: Der Datenträger der Datenbank ist voll.",
    ];
    let content = Content::Missed(sentences.map(str::to_owned).into());
    Digest { office: "Nord".to_owned(), data: Vec::new(), ..digest(Kind::Admin, content) }
}

/// To whoever delivers lists.
pub fn receipt() -> Digest {
    let sentences = [
        "„notiz.docx“: Nicht übernommen. Sie liegt mit einem Bericht im Ordner rejected.",
        "„betreuungen.csv“: Übernommen, bis auf 1 Zeile. 120 Zeilen gelesen, 3 neu, 5 geändert, 0 zurückgezogen. \
         Abgelehnt: Zeile 7, Spalte ende_am.",
    ];
    let receipt = Receipt { taken: 1, rejected: 1, rows: 1, sentences: sentences.map(str::to_owned).into() };
    Digest { data: Vec::new(), ..digest(Kind::Eingang, Content::Receipt(receipt)) }
}

/// A day on which cases are gone from the list, and nothing else is said.
fn vanished() -> Digest {
    let quiet = quiet_day(0);
    let Content::Day(mut teams) = quiet.content else { return quiet };
    for team in &mut teams {
        team.vanished = vec!["0000091".to_owned(), "0000092".to_owned()];
    }
    Digest { content: Content::Day(teams), ..quiet }
}

/// To whoever stands in for a lead.
fn escalation_in_stead() -> Digest {
    let escalation = escalation();
    let Content::Escalation(mut teams) = escalation.content else { return escalation };
    for team in &mut teams {
        team.in_stead_for = Some(holder(Some("TL"), Some("Tara Lind"), true));
    }
    Digest { content: Content::Escalation(teams), ..escalation }
}

/// To whoever stands in for a lead, with something that ran out.
fn week_in_stead() -> Digest {
    let week = week();
    let Content::Week(mut teams) = week.content else { return week };
    for team in &mut teams {
        team.in_stead_for = Some(holder(Some("TL"), None, true));
        team.lapsed = vec![lapsed("besuch-16", "0000088", "2026-08-20")];
    }
    Digest { content: Content::Week(teams), ..week }
}
