//! Invented mornings with everything that a mail can say: what templates are tried on before they are taken.
//!
//! Together they take every branch of every template that is built in; a test sees to it. Nobody in them exists.

mod pieces;

use crate::domain::digest::{
    AppointmentLine, BakDay, Content, Digest, Grown, Handback, Item, Kind, Load, MissedWeek, News, NoticePart, Receipt,
    SearchWeek, TeamDay, TeamEscalation, TeamWeek,
};
use crate::domain::facts::TerminArt;
use crate::domain::obligation::{Formula, Shift, State};
use crate::domain::wochenliste::{self, Entry, Form, Open, Row as FormRow, Standing, Week};
pub use pieces::{TODAY, day, digest, holder, item, letterhead, nothing, part, row, stand, wordings};
use pieces::{lapsed, search_item, with};

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
