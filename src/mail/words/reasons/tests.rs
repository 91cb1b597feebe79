//! The sentence of every anchor, formula and shift.

use super::*;

fn day(iso: &str) -> NaiveDate {
    iso.parse().unwrap()
}

fn reason(anchor: Anchor, anchor_day: &str, formula: Formula, shift: Shift) -> Reason {
    Reason { anchor, anchor_day: day(anchor_day), formula, shift, attempts: None, progress: None }
}

fn why(reason: &Reason) -> String {
    let mut out = String::new();
    push_why(&mut out, reason);
    out
}

#[test]
fn a_moved_date_says_what_moved_it() {
    let cases = [
        ("2026-11-27", "2026-11-27", Shift::None, "fällig Fr., 27.11.2026"),
        ("2026-11-30", "2026-11-27", Shift::None, "fällig Fr., 27.11.2026 (Frist Mo., 30.11.2026)"),
        (
            "2026-11-29",
            "2026-11-27",
            Shift::Back("Sonntag".into()),
            "fällig Fr., 27.11.2026 (Frist So., 29.11.2026, daher der Arbeitstag davor)",
        ),
        (
            "2026-04-03",
            "2026-04-02",
            Shift::Back("Karfreitag".into()),
            "fällig Do., 02.04.2026 (Frist Fr., 03.04.2026, Karfreitag, daher der Arbeitstag davor)",
        ),
        (
            "2026-12-24",
            "2026-12-28",
            Shift::Forward("dienstfrei".into()),
            "fällig Mo., 28.12.2026 (Frist Do., 24.12.2026, dienstfrei, daher der nächste Arbeitstag)",
        ),
        (
            "2026-11-21",
            "2026-11-24",
            Shift::AfterDeadline(day("2026-11-23")),
            "fällig Di., 24.11.2026 (Frist des Kunden bis Mo., 23.11.2026, da Sa., 21.11.2026 kein Werktag ist, \
             §\u{a0}26 Abs.\u{a0}3 SGB\u{a0}X, daher der Arbeitstag nach ihrem Ablauf)",
        ),
        (
            "2026-11-20",
            "2026-11-23",
            Shift::AfterDeadline(day("2026-11-20")),
            "fällig Mo., 23.11.2026 (Frist des Kunden bis Fr., 20.11.2026, daher der Arbeitstag nach ihrem Ablauf)",
        ),
        (
            "2026-11-23",
            "2026-11-23",
            Shift::AfterRest(day("2026-11-22")),
            "fällig Mo., 23.11.2026 (verschoben, weil der Fall bis So., 22.11.2026 ruhte)",
        ),
        (
            "2026-11-21",
            "2026-11-23",
            Shift::WithinSpan,
            "fällig Mo., 23.11.2026 (Frist Sa., 21.11.2026, so gelegt, dass es im Zeitraum möglich bleibt)",
        ),
    ];
    for (raw, action, shift, words) in cases {
        let mut out = String::new();
        push_due(&mut out, day(raw), day(action), &reason(Anchor::SubsidyEnd, "2026-01-01", Formula::Days(28), shift));
        assert_eq!(out, words);
    }
    let mut out = String::new();
    let week = reason(Anchor::Week, "2026-11-23", Formula::LastActiveDay, Shift::None);
    push_due(&mut out, day("2026-11-29"), day("2026-11-27"), &week);
    assert_eq!(out, "fällig Fr., 27.11.2026");
}

#[test]
fn the_reason_names_the_event_and_the_way_it_is_counted() {
    let on = "2026-11-23";
    for (anchor, formula, words) in [
        (
            Anchor::Start { by_handover: false },
            Formula::PeriodFrom(6),
            "6 Monate ab dem Beginn der Hauptbetreuung am Mo., 23.11.2026, dieser Tag mitgezählt",
        ),
        (Anchor::Start { by_handover: true }, Formula::Days(28), "28 Tage nach der Übergabe am Mo., 23.11.2026"),
        (Anchor::Activity(Art::AgKontakt), Formula::Days(14), "14 Tage nach dem letzten AG-Kontakt am Mo., 23.11.2026"),
        (Anchor::Activity(Art::EgzRisiko), Formula::Same, "gleich nach dem gemeldeten EGZ-Risiko am Mo., 23.11.2026"),
        (
            Anchor::Column(Column::EndeAm),
            Formula::Workdays(1),
            "1 Arbeitstag nach dem Ende der Betreuung am Mo., 23.11.2026",
        ),
        (Anchor::Column(Column::KennungSeit), Formula::Days(-1), "1 Tag vor dem Setzen der Kennung am Mo., 23.11.2026"),
        (Anchor::SubsidyEnd, Formula::BeforeEnd(3), "3 Monate vor dem Ende der Förderung am Mo., 23.11.2026"),
        (Anchor::HeldEvent, Formula::Months(3), "3 Monate nach der letzten Veranstaltung am Mo., 23.11.2026"),
        (Anchor::TeamBegin, Formula::Months(1), "1 Monat nach dem Beginn des Teams am Mo., 23.11.2026"),
        (Anchor::Week, Formula::LastActiveDay, "letzter Arbeitstag in KW 48, an dem der Fall läuft"),
        (Anchor::MagSpan, Formula::Middle, "zur Mitte der MAG"),
        (Anchor::MagSpan, Formula::Workdays(-3), "3 Arbeitstage vor dem Ende der MAG am Mo., 23.11.2026"),
        (Anchor::MagSpan, Formula::Same, "zum Ende der MAG"),
    ] {
        assert_eq!(why(&reason(anchor, on, formula, Shift::None)), words);
    }
}

#[test]
fn every_anchor_and_formula_makes_a_sentence() {
    let mut anchors = vec![
        Anchor::Start { by_handover: false },
        Anchor::Start { by_handover: true },
        Anchor::SubsidyEnd,
        Anchor::MagSpan,
        Anchor::Week,
        Anchor::HeldEvent,
        Anchor::TeamBegin,
    ];
    anchors.extend(Art::ALL.iter().map(|a| Anchor::Activity(*a)));
    anchors.extend(Column::ALL.iter().map(|c| Anchor::Column(*c)));
    let formulas = [
        Formula::Days(i64::MIN),
        Formula::Workdays(i32::MIN),
        Formula::PeriodFrom(1),
        Formula::BeforeEnd(1),
        Formula::Months(-2),
        Formula::LastActiveDay,
        Formula::Middle,
        Formula::Same,
    ];
    for anchor in &anchors {
        for formula in formulas {
            let words = why(&reason(anchor.clone(), "2026-11-23", formula, Shift::None));
            assert!(words.len() > 10 && !words.contains("  ") && !words.contains('!'), "{words}");
        }
    }
}
