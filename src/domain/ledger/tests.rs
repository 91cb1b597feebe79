//! What a run makes of an obligation, as stories: one sentence, the runs, and whom each of them tells.

use std::sync::Arc;

use super::*;
use crate::domain::facts::Art;
use crate::domain::obligation::{Anchor, Evidence, Formula, Reason, Shift, Step, in_force};

/// Day 0 is a Monday; what day it is does not matter here.
fn day(n: i64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 6, 1).unwrap() + chrono::TimeDelta::days(n)
}

/// `bak ifk`; none is ``.
fn roles(words: &str) -> Roles {
    words.split_whitespace().map(|w| w.parse::<Role>().unwrap()).collect()
}

/// The return after six months, with round days.
const RETURN: &[(&str, i64, &str)] =
    &[("planung", 0, "bak ifk"), ("erinnerung", 14, "bak"), ("faellig", 28, "bak ifk"), ("eskalation", 31, "bak tl")];
/// The visit: the IFK hears of it first, the lead alone at the end.
const VISIT: &[(&str, i64, &str)] =
    &[("vorankuendigung", 0, "ifk"), ("planung", 10, "bak ifk"), ("eskalation", 20, "tl")];
/// The return after a rest of ten days was entered.
const LATER: &[(&str, i64, &str)] =
    &[("planung", 10, "bak ifk"), ("erinnerung", 24, "bak"), ("faellig", 38, "bak ifk"), ("eskalation", 41, "bak tl")];
/// A quarterly event.
const EVENT: &[(&str, i64, &str)] = &[("planung", 0, "team"), ("hinweis", 28, "team"), ("faellig", 42, "team tl")];

fn obligation(steps: &[(&str, i64, &str)], t: NaiveDate) -> Obligation {
    let step = |(name, on, to): &(&str, i64, &str)| Step { name: Arc::from(*name), day: day(*on), roles: roles(to) };
    let steps: Vec<Step> = steps.iter().map(step).collect();
    let action = steps.iter().find(|s| &*s.name == "faellig").map_or(day(20), |s| s.day);
    Obligation {
        key: Key { rule: "rule".into(), subject: "0000017".into(), cycle: "2026-01-01".into() },
        fallnr: Some("0000017".into()),
        raw: action,
        action,
        state: State::Upcoming,
        in_force: in_force(&steps, t).expect("a run sees only what has begun"),
        steps,
        appointment: None,
        reason: Reason {
            anchor: Anchor::Start { by_handover: false },
            anchor_day: day(-150),
            formula: Formula::PeriodFrom(6),
            shift: Shift::None,
            attempts: None,
            progress: None,
        },
    }
}

/// One run.
#[derive(Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that may be so on a day")]
struct Run {
    t: i64,
    steps: &'static [(&'static str, i64, &'static str)],
    bak: Option<&'static str>,
    ifk: Option<&'static str>,
    appointment: bool,
    stale: bool,
    start: bool,
    no_lead: bool,
    no_ifk: bool,
    /// The run does not see the obligation.
    gone: bool,
}

const fn on(t: i64) -> Run {
    Run {
        t,
        steps: RETURN,
        bak: Some("B1"),
        ifk: Some("I1"),
        appointment: false,
        stale: false,
        start: false,
        no_lead: false,
        no_ifk: false,
        gone: false,
    }
}

/// A story: a sentence, and per run whom it tells; `role*` has only taken over.
type Story<'a> = (&'static str, &'a [(Run, &'static str)]);

/// Lives through a story and returns what each run tells.
fn live(runs: &[(Run, &str)]) -> Vec<String> {
    let mut entry: Option<Entry> = None;
    let mut told = Vec::new();
    for (run, _) in runs {
        let t = day(run.t);
        if run.gone {
            entry = entry.map(|e| close(e, t, Ended::Resting));
            told.push(String::new());
            continue;
        }
        let mut o = obligation(run.steps, t);
        o.appointment = run.appointment.then_some(t);
        let of = RunOf {
            t,
            team: "T0",
            bak: run.bak,
            ifk: run.ifk,
            unreachable: [(Role::Ifk, run.no_ifk), (Role::Tl, run.no_lead)]
                .into_iter()
                .filter_map(|(role, nobody)| nobody.then_some(role))
                .collect(),
        };
        let settled = settle(entry.take(), &o, &of, run.start, run.stale);
        assert!(settled.taken_over.without(settled.fires).is_empty(), "who takes over is told");
        let star = |role: Role| if settled.taken_over.has(role) { "*" } else { "" };
        let words: Vec<String> = settled.fires.iter().map(|role| format!("{role}{}", star(role))).collect();
        told.push(words.join(" "));
        // The same run again has nothing to add.
        let again = settle(Some(settled.entry.clone()), &o, &of, run.start, run.stale);
        assert!(again.fires.is_empty() && !again.changed, "a run that is repeated tells nothing");
        entry = Some(settled.entry);
    }
    told
}

fn all_come_true(stories: &[Story<'_>]) {
    for (sentence, runs) in stories {
        let told = live(runs);
        let days = runs.iter().map(|(run, _)| run.t);
        let expected: Vec<_> = days.clone().zip(runs.iter().map(|(_, to)| (*to).to_owned())).collect();
        assert_eq!(days.zip(told).collect::<Vec<_>>(), expected, "{sentence}");
    }
}

#[test]
fn what_fires() {
    all_come_true(&[
        ("a step fires on its day, to all its roles, once", &[(on(0), "bak ifk"), (on(1), ""), (on(2), "")]),
        (
            "each step fires to its own roles",
            &[(on(0), "bak ifk"), (on(14), "bak"), (on(28), "bak ifk"), (on(31), "bak tl"), (on(32), "")],
        ),
        ("steps passed over fire as one, to the roles of all of them", &[(on(33), "bak ifk tl"), (on(34), "")]),
        (
            "after a standstill the latest step fires to the roles of those passed over",
            &[(on(0), "bak ifk"), (on(16), "bak"), (on(40), "bak ifk tl"), (on(41), "")],
        ),
        (
            "a role that no step passed over names is not told",
            &[(Run { steps: VISIT, ..on(0) }, "ifk"), (Run { steps: VISIT, ..on(25) }, "bak ifk tl")],
        ),
        (
            "a team and its lead are told like everybody else",
            &[
                (Run { steps: EVENT, ..on(0) }, "team"),
                (Run { steps: EVENT, ..on(28) }, "team"),
                (Run { steps: EVENT, ..on(42) }, "team tl"),
            ],
        ),
        (
            "a date that moves later is told again on its new day",
            &[(on(0), "bak ifk"), (Run { gone: true, ..on(2) }, ""), (Run { steps: LATER, ..on(10) }, "bak ifk")],
        ),
        (
            "a date that moves earlier is not told again",
            &[(Run { steps: LATER, ..on(10) }, "bak ifk"), (on(11), ""), (on(14), "bak")],
        ),
    ]);
}

#[test]
fn the_first_run() {
    const fn start(t: i64) -> Run {
        Run { start: true, ..on(t) }
    }
    all_come_true(&[
        ("steps of earlier days count as sent", &[(start(10), ""), (on(11), ""), (on(14), "bak")]),
        ("a step of the day itself fires", &[(start(28), "bak ifk")]),
        ("a step of the day itself fires to its own roles alone", &[(start(14), "bak"), (on(15), "")]),
        ("an escalation of the day goes to the lead", &[(start(31), "bak tl")]),
        ("one of the day before does not", &[(start(32), ""), (on(33), "")]),
        (
            "what an appointment holds on the first run fires after it, if its day is that of the run",
            &[(Run { appointment: true, ..start(28) }, "bak"), (on(29), "ifk")],
        ),
        ("what appears after the first run was never told, however old it is", &[(on(30), "bak ifk")]),
        (
            "a rule that is switched on again is silent about the time in between",
            &[(on(0), "bak ifk"), (Run { gone: true, ..on(5) }, ""), (start(30), ""), (on(31), "bak tl")],
        ),
        (
            "a rule that is switched on again does not forget what it told",
            &[(on(14), "bak ifk"), (Run { gone: true, ..on(15) }, ""), (start(16), ""), (on(28), "bak ifk")],
        ),
    ]);
}

#[test]
fn what_holds_a_notice_back() {
    const fn met(t: i64) -> Run {
        Run { appointment: true, ..on(t) }
    }
    const fn stale(t: i64) -> Run {
        Run { stale: true, ..on(t) }
    }
    all_come_true(&[
        (
            "an appointment holds what goes to the IFK until the first run after it",
            &[(on(0), "bak ifk"), (met(28), "bak"), (met(29), ""), (on(30), "ifk"), (on(31), "bak tl")],
        ),
        ("it holds what would be the first word as well", &[(met(0), "bak"), (on(1), "ifk")]),
        (
            "several steps held become one, to IFK and lead",
            &[(on(0), "bak ifk"), (met(28), "bak"), (met(31), "bak"), (on(34), "ifk tl"), (on(35), "")],
        ),
        ("what ends meanwhile is not told", &[(met(0), "bak"), (Run { gone: true, ..on(1) }, "")]),
        (
            "what comes back after it is told then",
            &[(met(0), "bak"), (Run { gone: true, ..on(1) }, ""), (on(5), "ifk")],
        ),
        (
            "stale data holds in the same way",
            &[(on(0), "bak ifk"), (stale(28), "bak"), (stale(31), "bak"), (on(32), "ifk tl")],
        ),
        ("stale data does not hold the BAK", &[(stale(0), "bak"), (stale(14), "bak"), (on(15), "ifk")]),
        (
            "an appointment in stale data holds until neither does",
            &[(Run { stale: true, ..met(0) }, "bak"), (stale(1), ""), (met(2), ""), (on(3), "ifk")],
        ),
        (
            "what nobody can be told in the lead's place waits",
            &[
                (on(28), "bak ifk"),
                (Run { no_lead: true, ..on(31) }, "bak"),
                (Run { no_lead: true, ..on(32) }, ""),
                (on(33), "tl"),
            ],
        ),
        (
            "what nobody can be told in the IFK's place waits",
            &[(Run { no_ifk: true, ..on(0) }, "bak"), (Run { no_ifk: true, ..on(1) }, ""), (on(2), "ifk"), (on(3), "")],
        ),
        (
            "who waits for the IFK does not keep the lead waiting",
            &[(on(0), "bak ifk"), (Run { no_ifk: true, ..on(31) }, "bak tl"), (on(32), "ifk")],
        ),
    ]);
}

#[test]
fn who_takes_a_case_over() {
    const fn bak(t: i64, bak: Option<&'static str>) -> Run {
        Run { bak, ..on(t) }
    }
    const fn ifk(t: i64, ifk: Option<&'static str>) -> Run {
        Run { ifk, ..on(t) }
    }
    const TWO: Option<&str> = Some("X2");
    all_come_true(&[
        ("a new BAK is told once", &[(on(0), "bak ifk"), (bak(5, TWO), "bak*"), (bak(6, TWO), "")]),
        ("a new IFK is told once", &[(on(0), "bak ifk"), (ifk(5, TWO), "ifk*"), (ifk(6, TWO), "")]),
        ("each of both is told", &[(on(0), "bak ifk"), (Run { bak: TWO, ..ifk(5, TWO) }, "bak* ifk*")]),
        ("who takes over on the day of a step gets the step", &[(on(0), "bak ifk"), (bak(14, TWO), "bak")]),
        ("a new IFK is told with the BAK's step, but not for it", &[(on(0), "bak ifk"), (ifk(14, TWO), "bak ifk*")]),
        (
            "who takes over what does not belong to them yet is told when it does",
            &[
                (Run { steps: VISIT, ..on(0) }, "ifk"),
                (Run { steps: VISIT, ..bak(5, TWO) }, ""),
                (Run { steps: VISIT, ..bak(10, TWO) }, "bak ifk"),
            ],
        ),
        (
            "a case that goes to nobody is told to the next one",
            &[(on(0), "bak ifk"), (bak(5, None), ""), (bak(8, TWO), "bak*")],
        ),
        ("a case that comes back is told again", &[(on(0), "bak ifk"), (bak(5, TWO), "bak*"), (on(8), "bak*")]),
        (
            "an appointment holds it back from a new IFK",
            &[
                (on(0), "bak ifk"),
                (Run { appointment: true, ..ifk(5, TWO) }, ""),
                (ifk(7, TWO), "ifk*"),
                (ifk(8, TWO), ""),
            ],
        ),
        (
            "a BAK hears of it during an appointment",
            &[(on(0), "bak ifk"), (Run { appointment: true, ..bak(5, TWO) }, "bak*")],
        ),
        (
            "who takes over while nothing is open hears of it with the next step",
            &[(on(0), "bak ifk"), (Run { gone: true, ..on(3) }, ""), (bak(6, TWO), ""), (bak(14, TWO), "bak")],
        ),
        (
            "one who takes over silently at the start is told nothing of the past",
            &[(Run { start: true, ..bak(10, TWO) }, ""), (bak(11, TWO), "")],
        ),
        (
            "one who cannot be reached hears of it later",
            &[(on(0), "bak ifk"), (Run { no_ifk: true, ..ifk(5, TWO) }, ""), (ifk(6, TWO), "ifk*")],
        ),
    ]);
}

#[test]
fn what_ends_and_comes_back_continues_where_it_was() {
    const GONE: Run = Run { gone: true, ..on(15) };
    all_come_true(&[
        ("with the same step it is silent", &[(on(14), "bak ifk"), (GONE, ""), (on(20), ""), (on(28), "bak ifk")]),
        ("with a later step that step fires", &[(on(14), "bak ifk"), (GONE, ""), (on(29), "bak ifk")]),
        ("twice as well", &[(on(14), "bak ifk"), (GONE, ""), (on(20), ""), (Run { t: 21, ..GONE }, ""), (on(22), "")]),
    ]);
}

/// The entry after the runs of a story, closed in this way.
fn closed(runs: &[(Run, &str)], how: Ended) -> Entry {
    let mut entry = None;
    for (run, _) in runs {
        let o = obligation(run.steps, day(run.t));
        let of = RunOf { t: day(run.t), team: "T0", bak: run.bak, ifk: run.ifk, unreachable: Roles::NONE };
        entry = Some(settle(entry, &o, &of, run.start, false).entry);
    }
    close(entry.unwrap(), day(60), how)
}

#[test]
fn a_lapse_is_told_to_those_last_addressed_and_nothing_else_is_told() {
    let lapsed = Ended::Lapsed(day(59));
    let visited = Ended::Fulfilled(Evidence::Activity(Art::Aussendienst), Some(day(50)));
    for (sentence, runs, how, untold) in [
        ("all who were told last", &[(on(0), "")][..], lapsed, "bak ifk"),
        ("not those who were told before", &[(on(0), ""), (on(14), "")], lapsed, "bak"),
        ("the lead, if it was told", &[(on(28), ""), (on(31), "")], lapsed, "bak tl"),
        (
            "after a silent start, those who would have been told",
            &[(Run { start: true, ..on(15) }, "")],
            lapsed,
            "bak ifk",
        ),
        ("nobody if it was done", &[(on(0), "")], visited, ""),
        ("nobody in a rest", &[(on(0), "")], Ended::Resting, ""),
        ("nobody if it no longer applies", &[(on(0), "")], Ended::Moot, ""),
        ("nobody if it was taken back", &[(on(0), "")], Ended::Withdrawn, ""),
    ] {
        let entry = closed(runs, how);
        assert_eq!(entry.untold, roles(untold), "{sentence}");
        assert_eq!((entry.ended, entry.next_step), (Some((day(60), how)), None), "{sentence}");
    }
}

#[test]
fn a_missed_week_is_not_told_as_lapsed_as_well() {
    let of = |t| RunOf { t: day(t), team: "T0", bak: Some("B1"), ifk: None, unreachable: Roles::NONE };
    let friday = settle(None, &obligation(&[("faellig", 4, "bak")], day(4)), &of(4), false, false);
    let missed = Obligation { state: State::Missed, ..obligation(&[("nachtragen", 7, "bak")], day(7)) };
    let monday = settle(Some(friday.entry), &missed, &of(7), false, false);
    assert_eq!(monday.fires, roles("bak"), "it is told once");
    assert_eq!(close(monday.entry, day(8), Ended::Lapsed(day(6))).untold, Roles::NONE);
}

#[test]
fn an_entry_says_where_its_obligation_stands() {
    let of = |t| RunOf { t: day(t), team: "T1", bak: Some("B1"), ifk: None, unreachable: Roles::NONE };
    let first = settle(None, &obligation(RETURN, day(3)), &of(3), false, false);
    assert!(first.changed);
    let e = &first.entry;
    assert_eq!((&*e.fallnr, &*e.team, &*e.step, e.opened), ("0000017", "T1", "planung", day(3)));
    assert_eq!((e.raw, e.action, e.next_step), (day(28), day(28), Some(day(14))));
    assert_eq!((e.bak.as_deref(), e.ifk.as_deref()), (Some("B1"), None));

    let quiet = settle(Some(first.entry.clone()), &obligation(RETURN, day(4)), &of(4), false, false);
    assert!(!quiet.changed, "nothing new is nothing to write");
    let moved = settle(Some(first.entry), &obligation(LATER, day(10)), &of(10), false, false);
    assert!(moved.changed, "a date that moved is remembered");
    assert_eq!((moved.entry.action, moved.entry.opened), (day(38), day(3)));
    let last = settle(Some(moved.entry), &obligation(LATER, day(50)), &of(50), false, false);
    assert_eq!((&*last.entry.step, last.entry.next_step), ("eskalation", None));

    let lapsed = close(last.entry, day(60), Ended::Lapsed(day(59)));
    let back = settle(Some(lapsed), &obligation(LATER, day(61)), &of(61), false, false).entry;
    assert_eq!((back.ended, back.untold), (None, Roles::NONE), "what came back has not lapsed");
}
