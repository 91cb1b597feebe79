//! What a recipient's lines become: sections, order, and which lines are a reason for a mail at all.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use wiedervorlage::domain::capacity::{Capacity, Places};
use wiedervorlage::domain::digest::gather::Gather;
use wiedervorlage::domain::digest::lines::{Lead, Line, TeamFace, Trigger, Triggered, What};
use wiedervorlage::domain::digest::week::WeekCount;
use wiedervorlage::domain::digest::{
    AppointmentLine, BakDay, CaseRow, Content, Digest, Item, Kind, Lapsed, News, NoticePart, TeamDay, TeamWeek,
};
use wiedervorlage::domain::facts::{Colleague, Rolle, TerminArt};
use wiedervorlage::domain::obligation::{Anchor, Formula, Reason, Shift, State};
use wiedervorlage::domain::recipients::{Directory, Roster};
use wiedervorlage::domain::run::Freshness;

use crate::facts::{case, day, office};

/// A Tuesday.
const TODAY: &str = "06-23";

/// `17 ag-kontakt today new`, `18 fazit overdue 12`: case, rule, state, workdays over, and what makes it news.
fn item(words: &str) -> Item {
    let mut words = words.split_whitespace();
    let (fallnr, rule) = (words.next().unwrap(), words.next().unwrap());
    let state: State = words.next().unwrap().parse().unwrap();
    let (mut news, mut workdays) = (News::Known, 0);
    for word in words {
        match word {
            "new" => news = News::New,
            "taken" => news = News::TakenOver,
            number => workdays = number.parse().unwrap(),
        }
    }
    let action = office().cal.wd(day(TODAY), -(workdays as i32));
    Item {
        rule: rule.into(),
        words: rule.into(),
        subject: fallnr.to_owned(),
        cycle: "2026-01-01".into(),
        fallnr: if rule == "veranstaltung" { String::new() } else { fallnr.to_owned() },
        bezeichnung: String::new(),
        raw: action,
        action,
        state,
        step: "faellig".into(),
        news,
        workdays,
        appointment: None,
        reason: Reason {
            anchor: Anchor::Week,
            anchor_day: action,
            formula: Formula::Same,
            shift: Shift::None,
            attempts: None,
            progress: None,
        },
        handback: None,
    }
}

fn lapsed(fallnr: &str) -> What {
    What::Lapsed(Lapsed {
        rule: "mag-nachhaltung-ag".into(),
        words: "mag-nachhaltung-ag".into(),
        subject: fallnr.to_owned(),
        fallnr: fallnr.to_owned(),
        cycle: "ende".into(),
        action: day(TODAY),
    })
}

/// A line of team T0; the holder "" is nobody.
fn line(holder: &str, what: What) -> Line {
    let holder = Some(holder.to_owned()).filter(|h| !h.is_empty());
    Line { team: "T0".into(), holder, in_stead: false, what }
}

fn of(holder: &str, words: &str) -> Line {
    line(holder, What::Item(item(words)))
}

/// What a run knows around the lines: two teams, three colleagues.
struct Run {
    teams: BTreeMap<String, TeamFace>,
    directory: Directory,
    triggered: Triggered,
    capacity: Capacity,
    last_week: HashMap<(String, String), u32>,
}

impl Run {
    fn new() -> Self {
        let colleague = |kuerzel: &str, name: &str, rolle| Colleague {
            kuerzel: kuerzel.into(),
            name: name.into(),
            email: Some(format!("{kuerzel}@jobcenter.example")),
            rolle,
            team: "T0".into(),
            region: String::new(),
            vertretung: None,
        };
        let staff = [
            colleague("BAK0", "Adler", Rolle::Bak),
            colleague("BAK1", "Buche", Rolle::Bak),
            colleague("IFK0", "Esche", Rolle::Ifk),
            colleague("IFK1", "Fichte", Rolle::Ifk),
            colleague("IFK9", "Ginster", Rolle::Ifk),
        ];
        let (mut roster, mut capacity) = (Roster::default(), Capacity::default());
        for colleague in staff {
            roster.add(&colleague, false);
            capacity.colleague(&colleague);
        }
        let face = |team: &str| TeamFace {
            team: team.into(),
            name: format!("Team {team}"),
            beginn: None,
            postfach: Some("team@jobcenter.example".into()),
            lead: Some(Lead { address: "lead@jobcenter.example".into(), in_stead_for: None }),
            office: office(),
            start: false,
            new_rules: std::sync::Arc::default(),
            first_of_week: false,
            report_due: true,
            form_due: true,
            fresh: Freshness { stale: team == "T1", ..Freshness::default() },
            skipped: Vec::new(),
            vanished: Vec::new(),
            week: WeekCount { baks: ["BAK0".to_owned(), "BAK1".to_owned()].into(), ..WeekCount::default() },
            agreed: None,
        };
        Self {
            teams: ["T0", "T1"].into_iter().map(|t| (t.to_owned(), face(t))).collect(),
            capacity,
            directory: roster.complete(),
            triggered: Triggered::default(),
            last_week: HashMap::new(),
        }
    }

    fn trigger(&mut self, kuerzel: &str, why: Trigger) {
        self.triggered.add(Some(self.directory.place(kuerzel).unwrap()), "T0", why);
    }

    fn digest(&self, kind: Kind, lines: Vec<Line>) -> Option<Digest> {
        let gather = Gather {
            t: day(TODAY),
            now: day(TODAY).and_hms_opt(6, 0, 0).unwrap().and_utc(),
            office: "",
            directory: &self.directory,
            teams: &self.teams,
            triggered: &self.triggered,
            capacity: &self.capacity,
            places: Places { start: 20, limit: 2 },
            last_week: &self.last_week,
        };
        gather.digest(kind, "to@jobcenter.example", lines, &|_| false)
    }

    fn days(&self, kind: Kind, lines: Vec<Line>) -> Vec<TeamDay> {
        match self.digest(kind, lines).map(|d| d.content) {
            Some(Content::Day(days)) => days,
            other => panic!("{other:?}"),
        }
    }

    /// The day of the one BAK of the lines.
    fn bak(&self, lines: Vec<Line>) -> BakDay {
        let mut days = self.days(Kind::Persoenlich, lines);
        assert_eq!((days.len(), days[0].baks.len()), (1, 1));
        days.remove(0).baks.remove(0)
    }

    fn parts(&self, lines: Vec<Line>) -> Vec<NoticePart> {
        match self.digest(Kind::Mitteilung, lines).map(|d| d.content) {
            Some(Content::Notice(parts)) => parts,
            None => Vec::new(),
            other => panic!("{other:?}"),
        }
    }
}

/// `17: fazit, ag-kontakt` per row.
fn rows(rows: &[CaseRow]) -> Vec<String> {
    let rules = |row: &CaseRow| row.items.iter().map(|i| i.rule.to_string()).collect::<Vec<_>>().join(", ");
    rows.iter().map(|row| format!("{}: {}", row.fallnr, rules(row))).collect()
}

#[test]
fn a_case_stands_in_the_section_of_its_most_urgent_item() {
    for (sentence, items, section) in [
        ("what is due today", &["17 ag-kontakt today"][..], "now"),
        ("what fires today ahead of its day", &["17 ag-kontakt upcoming new"], "now"),
        ("what was taken over today", &["17 ag-kontakt upcoming taken"], "now"),
        ("what is ahead and was told", &["17 ag-kontakt upcoming"], "ahead"),
        ("news of today", &["17 ende-info info new"], "now"),
        ("older news", &["17 ende-info info"], "ahead"),
        ("overdue since yesterday", &["17 ag-kontakt overdue 1"], "now"),
        ("overdue for ten workdays", &["17 ag-kontakt overdue 10"], "now"),
        ("overdue for eleven", &["17 ag-kontakt overdue 11"], "long"),
        ("overdue for eleven, and a step fires today", &["17 ag-kontakt overdue 11 new"], "now"),
        ("long open, with something newly overdue", &["17 ag-kontakt overdue 30", "17 kundenkontakt overdue 1"], "now"),
        ("long open, with something due today", &["17 ag-kontakt overdue 30", "17 kundenkontakt today"], "now"),
        (
            "long open, with something ahead that must not be folded away",
            &["17 ag-kontakt overdue 30", "17 kundenkontakt upcoming"],
            "ahead",
        ),
    ] {
        let day = Run::new().bak(items.iter().map(|i| of("BAK0", i)).collect());
        for (name, rows) in [("now", &day.now), ("ahead", &day.ahead), ("long", &day.long)] {
            assert_eq!(rows.len(), usize::from(name == section), "{sentence}: {name}");
        }
    }
}

#[test]
fn the_most_urgent_leads_and_a_return_leads_contacts() {
    let all = [
        "20 kundenkontakt today",
        "19 ag-kontakt overdue 2",
        "18 ag-kontakt overdue 3",
        "18 kundenkontakt upcoming new",
        "18 rueckgabe-6-monate overdue 1",
        "17 kundenkontakt overdue 2",
        "16 lebenslauf-rueckgabe overdue 1",
        "15 ende-info info new",
        "14 fazit today",
        "13 ag-kontakt overdue 2",
    ];
    let day = Run::new().bak(all.iter().map(|i| of("BAK0", i)).collect());
    assert_eq!(
        rows(&day.now),
        [
            // overdue, by rank, then by day, then by number
            "18: rueckgabe-6-monate, ag-kontakt, kundenkontakt",
            "16: lebenslauf-rueckgabe",
            "17: kundenkontakt",
            "13: ag-kontakt",
            "19: ag-kontakt",
            // due today
            "20: kundenkontakt",
            "14: fazit",
            // news
            "15: ende-info",
        ]
    );
    let days = |words: &[&str]| rows(&Run::new().bak(words.iter().map(|i| of("BAK0", i)).collect()).long);
    assert_eq!(days(&["17 fazit overdue 12", "18 fazit overdue 40"]), ["18: fazit", "17: fazit"], "the oldest first");
}

#[test]
fn search_runs_are_one_count_and_missed_weeks_stand_by_themselves() {
    let week = |fallnr: &str, cycle: &str, state: &str| {
        let mut item = item(&format!("{fallnr} stellensuchlauf {state} new"));
        item.cycle = cycle.to_owned();
        line("BAK0", What::Item(item))
    };
    let mut lines: Vec<_> = [true, true, false, false].map(|met| line("BAK0", What::Tally(met))).into();
    lines.push(of("BAK0", "18 stellensuchlauf upcoming new"));
    lines.push(of("BAK0", "17 stellensuchlauf-16 upcoming"));
    lines.extend([
        week("19", "2026-W25", "missed"),
        week("18", "2026-W24", "missed"),
        week("17", "2026-W25", "missed"),
    ]);
    let day = Run::new().bak(lines);
    assert!(day.now.is_empty() && day.ahead.is_empty() && day.long.is_empty(), "no row per case");
    let search = day.search.unwrap();
    assert_eq!((&*search.week, search.complete, search.of), ("2026-W26", 2, 4));
    let numbers = |items: &[Item]| items.iter().map(|i| i.fallnr.clone()).collect::<Vec<_>>();
    assert_eq!(numbers(&search.open), ["17", "18"]);
    let missed: Vec<_> = day.missed.iter().map(|m| (&*m.week, numbers(&m.items))).collect();
    assert_eq!(missed, [("2026-W24", vec!["18".to_owned()]), ("2026-W25", vec!["17".to_owned(), "19".to_owned()])]);
}

#[test]
fn counts_appointments_and_lapses_stand_beside_the_rows() {
    let appointment = |hour, fallnr: &str| {
        What::Appointment(AppointmentLine {
            uhrzeit: chrono::NaiveTime::from_hms_opt(hour, 0, 0),
            fallnr: fallnr.to_owned(),
            bezeichnung: String::new(),
            art: TerminArt::Aussendienst,
            ort: String::new(),
        })
    };
    let whats = [lapsed("19"), What::Done, appointment(14, "17"), lapsed("18"), What::Done, appointment(9, "18")];
    let mut lines: Vec<_> = whats.into_iter().map(|what| line("BAK0", what)).collect();
    lines.push(of("BAK0", "17 fazit today"));
    let day = Run::new().bak(lines);
    assert_eq!(day.done, 2);
    assert_eq!(day.appointments.iter().map(|a| &*a.fallnr).collect::<Vec<_>>(), ["18", "17"], "by the hour");
    assert_eq!(day.lapsed.iter().map(|l| &*l.fallnr).collect::<Vec<_>>(), ["18", "19"]);
    assert!(day.search.is_none(), "nobody's runs are counted");
}

#[test]
fn a_teams_day_goes_by_bak_and_what_is_nobodys_comes_last() {
    let mut stand_in = of("BAK0", "18 fazit today");
    stand_in.in_stead = true;
    let mut other = of("", "20 fazit today");
    other.team = "T1".into();
    let days = Run::new().days(
        Kind::Tagesuebersicht,
        vec![
            of("", "19 fazit today"),
            of("BAK1", "17 fazit today"),
            stand_in,
            of("GONE", "16 fazit today"),
            other,
            of("", "T0 veranstaltung upcoming new"),
        ],
    );
    let teams: Vec<_> = days.iter().map(|d| (&*d.team, d.baks.len(), d.team_items.len())).collect();
    assert_eq!(teams, [("Team T0", 4, 1), ("Team T1", 1, 0)]);
    let who: Vec<_> =
        days[0].baks.iter().map(|b| (b.who.kuerzel.as_deref(), b.who.name.as_deref(), b.who.in_stead)).collect();
    assert_eq!(
        who,
        [
            (Some("BAK0"), Some("Adler"), true),
            (Some("BAK1"), Some("Buche"), false),
            (Some("GONE"), None, false),
            (None, None, false)
        ]
    );
}

#[test]
fn a_mail_needs_a_reason() {
    let head = || line("", What::Head);
    let tally = || line("BAK0", What::Tally(true));
    for (sentence, kind, lines, written) in [
        ("a quiet day of a team is a receipt", Kind::Tagesuebersicht, vec![head()], true),
        ("a quiet day of a BAK is none", Kind::Persoenlich, vec![tally(), line("BAK0", What::Done)], false),
        ("a lapse alone is no reason for a BAK", Kind::Persoenlich, vec![line("BAK0", lapsed("17"))], false),
        ("an obligation is", Kind::Persoenlich, vec![tally(), of("BAK0", "17 fazit upcoming")], true),
        ("an open search run is", Kind::Persoenlich, vec![tally(), of("BAK0", "17 stellensuchlauf today new")], true),
        ("a missed week is", Kind::Persoenlich, vec![of("BAK0", "17 stellensuchlauf missed new")], true),
        ("what nobody triggered is no notice", Kind::Mitteilung, vec![of("IFK9", "17 besuch-16 overdue 3 new")], false),
        ("a triggered notice is", Kind::Mitteilung, vec![of("IFK0", "17 besuch-16 overdue 3")], true),
        ("a lapse alone is no notice", Kind::Mitteilung, vec![line("IFK0", lapsed("17"))], false),
        (
            "what fires for the lead is an escalation",
            Kind::Eskalation,
            vec![of("", "17 besuch-16 overdue 3 new")],
            true,
        ),
        ("a lapse alone is none", Kind::Eskalation, vec![line("", lapsed("17"))], false),
        ("a quiet week is a report", Kind::Wochenbericht, vec![head()], true),
    ] {
        let mut run = Run::new();
        run.trigger("IFK0", Trigger::Step);
        assert_eq!(run.digest(kind, lines).is_some(), written, "{sentence}");
    }
}

#[test]
fn a_notice_has_one_part_per_case_worker_the_new_first() {
    let mut run = Run::new();
    run.trigger("IFK0", Trigger::Reminder);
    run.trigger("IFK1", Trigger::Start);
    run.triggered.add(None, "T0", Trigger::Step);
    run.triggered.add(None, "T1", Trigger::Step);
    let mut stand_in = of("IFK1", "21 besuch-16 upcoming");
    stand_in.in_stead = true;
    let mut elsewhere = of("", "22 besuch-16 today new");
    elsewhere.team = "T1".into();
    let mut other_team = of("IFK0", "23 besuch-16 overdue 9");
    other_team.team = "T1".into();
    let parts = run.parts(vec![
        of("IFK0", "17 kennung-16 overdue 2"),
        of("IFK0", "18 ende-info info"),
        of("IFK0", "19 besuch-16 upcoming taken"),
        of("IFK0", "20 besuch-16 upcoming new"),
        line("IFK0", lapsed("16")),
        line("IFK9", lapsed("15")),
        of("IFK9", "15 besuch-16 overdue 1"),
        of("", "24 besuch-16 today new"),
        stand_in,
        elsewhere,
        other_team,
    ]);
    let part = |p: &NoticePart| {
        let numbers: Vec<_> = p.items.iter().map(|i| i.fallnr.as_str()).collect();
        let marks = [(p.start, "start"), (p.reminder, "reminder"), (p.who.in_stead, "in stead")];
        let marks: Vec<_> = marks.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect();
        format!(
            "{} {}: {} lapsed {}",
            p.who.kuerzel.as_deref().unwrap_or("-"),
            marks.join(" "),
            numbers.join(" "),
            p.lapsed.len()
        )
    };
    assert_eq!(
        parts.iter().map(part).collect::<Vec<_>>(),
        [
            // new, taken over, then by day, news last; over both teams
            "IFK0 reminder: 20 19 23 17 18 lapsed 1",
            "IFK1 start in stead: 21 lapsed 0",
            // nobody's, a part for each team
            "- : 24 lapsed 0",
            "- : 22 lapsed 0",
        ]
    );
}

#[test]
fn an_escalation_holds_what_fires_by_rule_and_day() {
    let lines = ["19 rueckgabe-6-monate overdue 3", "18 rueckgabe-6-monate overdue 5", "17 besuch-16 overdue 20"];
    let mut lines: Vec<_> = lines.iter().map(|i| of("", i)).collect();
    lines.push(line("", lapsed("16")));
    let Some(Content::Escalation(teams)) = Run::new().digest(Kind::Eskalation, lines).map(|d| d.content) else {
        panic!()
    };
    assert_eq!(teams[0].items.iter().map(|i| &*i.fallnr).collect::<Vec<_>>(), ["17", "18", "19"]);
    assert_eq!((teams.len(), &*teams[0].team, teams[0].lapsed.len()), (1, "Team T0", 1));
}

#[test]
fn a_weekly_report_states_load_trend_and_what_ends() {
    let mut run = Run::new();
    for _ in 0..3 {
        run.capacity.add(&case("bak=BAK0 seit=06-01").case, day(TODAY));
    }
    run.capacity.add(&case("bak=BAK1 seit=01-05").case, day(TODAY));
    run.last_week.insert(("T0".into(), "BAK0".into()), 1);
    run.last_week.insert(("T0".into(), String::new()), 4);
    let face = run.teams.get_mut("T0").unwrap();
    (face.week.open, face.week.unassigned, face.week.contacts_overdue) = (5, 1, 7);
    let ending = |d: NaiveDate, fallnr: &str| line("", What::Ending(d, fallnr.to_owned()));
    face.agreed = Some(2);
    let lines = vec![
        line("", What::Head),
        ending(day("07-04"), "18"),
        ending(day("06-30"), "17"),
        of("", "17 rueckgabe-6-monate overdue 2"),
    ];
    let Some(Content::Week(weeks)) = run.digest(Kind::Wochenbericht, lines).map(|d| d.content) else { panic!() };
    let [TeamWeek { week, load, unassigned, open, ending, overdue, contacts_overdue, unwatched, .. }] = &weeks[..]
    else {
        panic!("{weeks:?}")
    };
    assert_eq!((&**week, *unassigned, *open, *contacts_overdue), ("2026-W26", 1, (5, Some(4)), Some(7)));
    let load: Vec<_> = load.iter().map(|l| (&*l.kuerzel, l.open, l.before, l.ends_within_28_days, l.over)).collect();
    assert_eq!(load, [("BAK0", 3, Some(1), 0, true), ("BAK1", 1, None, 1, false)]);
    assert_eq!(ending.iter().map(|(_, fallnr)| &**fallnr).collect::<Vec<_>>(), ["17", "18"], "the next first");
    assert_eq!((overdue.len(), unwatched.len()), (1, 0));
}

#[test]
fn every_mail_states_how_fresh_each_teams_data_is() {
    let mut elsewhere = of("BAK0", "17 fazit today");
    elsewhere.team = "T1".into();
    let digest = Run::new().digest(Kind::Persoenlich, vec![of("BAK0", "18 fazit today"), elsewhere]).unwrap();
    let data: Vec<_> = digest.data.iter().map(|d| (&*d.team, d.fresh.stale)).collect();
    assert_eq!(data, [("Team T0", false), ("Team T1", true)]);
}
