//! Clocks that jump, summer time, and a process that stands still.

use super::{Running, days, house};

/// Instants in UTC and whether a morning runs at them, one after the other, in one service.
type Walk<'a> = &'a [(&'a str, bool)];

fn walk(sentence: &str, walk: Walk<'_>, settings: &[(&'static str, &str)]) -> Vec<String> {
    let mut house = house();
    house.settings = settings.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
    let service = Running::start(&house, &[], walk[0].0);
    for (step, (at, runs)) in walk.iter().enumerate() {
        if step > 0 {
            service.set(at);
        }
        assert_eq!(service.looks(), *runs, "{sentence}: at {at}");
    }
    assert!(service.stop().success());
    days(&house)
}

#[test]
fn a_morning_comes_when_its_time_has_come_and_once() {
    let found = walk(
        "a day",
        &[
            ("2026-11-23 05:29:30", false),
            ("2026-11-23 05:30:10", true),
            ("2026-11-23 05:31:00", false),
            ("2026-11-23 16:59:00", false),
        ],
        &[],
    );
    assert_eq!(found, ["2026-11-23"]);
}

#[test]
fn a_clock_that_jumps_costs_no_morning_and_gives_none_twice() {
    let found = walk(
        "hours forward and back, days forward, and back again",
        &[
            ("2026-11-23 03:00:00", false),
            ("2026-11-23 09:00:00", true),
            ("2026-11-23 03:00:00", false),
            ("2026-11-23 09:00:00", false),
            ("2026-11-26 09:00:00", true),
            // What was said is said; a day before the last run is not made up for.
            ("2026-11-24 09:00:00", false),
            ("2026-11-27 09:00:00", true),
        ],
        &[],
    );
    assert_eq!(found, ["2026-11-23", "2026-11-26", "2026-11-27"]);
}

#[test]
fn summer_time_moves_no_morning() {
    // The Monday after each change: 06:30 in Berlin is 04:30 UTC in summer and 05:30 in winter.
    let spring: Walk<'_> =
        &[("2026-03-27 12:00:00", true), ("2026-03-30 04:29:00", false), ("2026-03-30 04:30:30", true)];
    assert_eq!(walk("spring", spring, &[]), ["2026-03-27", "2026-03-30"]);
    let autumn: Walk<'_> = &[
        ("2026-10-23 12:00:00", true),
        ("2026-10-26 04:31:00", false),
        ("2026-10-26 05:29:00", false),
        ("2026-10-26 05:30:30", true),
    ];
    assert_eq!(walk("autumn", autumn, &[]), ["2026-10-23", "2026-10-26"]);
}

#[test]
fn a_morning_in_the_missing_or_doubled_hour_runs_once() {
    // The clocks change on Sundays; half past two is on Monday what it was on Friday.
    let early = [("OFFICE__MORNING", "02:30")];
    let spring: Walk<'_> = &[
        ("2026-03-27 01:31:00", true),
        ("2026-03-29 01:30:00", false),
        ("2026-03-30 00:29:00", false),
        ("2026-03-30 00:30:30", true),
    ];
    assert_eq!(walk("spring", spring, &early), ["2026-03-27", "2026-03-30"]);
    let autumn: Walk<'_> = &[
        ("2026-10-23 00:31:00", true),
        ("2026-10-25 00:30:30", false),
        ("2026-10-25 01:30:30", false),
        ("2026-10-26 00:31:00", false),
        ("2026-10-26 01:30:30", true),
        ("2026-10-26 01:59:30", false),
    ];
    assert_eq!(walk("autumn", autumn, &early), ["2026-10-23", "2026-10-26"]);
}

#[test]
fn a_process_that_stood_still_for_a_day_catches_up_once() {
    let house = house();
    let service = Running::start(&house, &[], "2026-11-23 09:00:00");
    assert!(service.looks());
    service.signal("STOP");
    super::set(&service.clock, "2026-11-24 09:00:00");
    service.signal("CONT");
    service.signal("HUP");
    assert!(service.looks());
    assert!(service.stop().success());
    assert_eq!(days(&house), ["2026-11-23", "2026-11-24"]);
}

#[test]
fn a_service_that_was_down_catches_up_on_the_day_it_comes_up_unless_that_is_over() {
    let house = house();
    for (at, runs) in [
        ("2026-11-23 16:59:30", true),
        // 18:30 in Berlin, and a Saturday.
        ("2026-11-25 17:30:00", false),
        ("2026-11-28 09:00:00", false),
        ("2026-11-30 09:00:00", true),
        ("2026-11-30 09:00:00", false),
    ] {
        let service = Running::start(&house, &[], at);
        assert_eq!(service.looks(), runs, "at {at}");
        assert!(service.stop().success());
    }
    assert_eq!(days(&house), ["2026-11-23", "2026-11-30"]);
}

#[test]
fn status_says_that_the_clock_was_ahead() {
    let house = house();
    let service = Running::start(&house, &[], "2031-11-24 09:00:00");
    assert!(service.looks());
    let status = house.run(&["status"]);
    let said = String::from_utf8(status.stdout).unwrap();
    assert_eq!(status.status.code(), Some(1), "{said}");
    assert!(said.contains("Dienst          läuft\n"), "{said}");
    assert!(said.contains("Der letzte Lauf trägt den Mo., 24.11.2031, das liegt in der Zukunft"), "{said}");
}
