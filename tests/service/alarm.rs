//! A morning that does not succeed: whom the service tells, when, and how often.

use std::process::Command;

use super::{House, Running, days, house};

/// What keeps a morning from being written, and nothing else.
const NO_RUN: &str = "create trigger kein_lauf before insert on run begin select raise(abort, ''); end";
/// What keeps every mail from being queued.
const NO_MAIL: &str = "create trigger keine_mail before insert on outbox begin select raise(abort, ''); end";

/// Changes the database behind the service's back.
fn sql(house: &House, sql: &str) {
    let script = "import sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=60)
db.executescript(sys.argv[2])";
    let done = Command::new("python3").args(["-c", script]).arg(house.path("w.db")).arg(sql).status();
    assert!(done.expect("python3 is missing; tests/packages installs it").success(), "{sql}");
}

/// A house with an administrator, who does not want to know how old the data is: it is of the day of the test.
fn watched() -> House {
    house().with("ADMIN__EMAIL", "it@jobcenter.example".to_owned()).with("OFFICE__STALE_AFTER", "0".to_owned())
}

/// The mails to the administrator: their day and all that `outbox show` says of them.
fn told(house: &House) -> Vec<(String, String)> {
    let listed = house.says(&["outbox", "list", "--format", "jsonl"]);
    let mails = listed.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let mails = mails.filter(|mail| mail["kind"] == "admin");
    let show = |mail: serde_json::Value| {
        assert_eq!(mail["to"], "it@jobcenter.example");
        let shown = house.says(&["outbox", "show", &mail["id"].to_string()]);
        (mail["date"].as_str().unwrap().to_owned(), shown)
    };
    mails.map(show).collect()
}

#[test]
fn a_morning_that_keeps_failing_is_told_once_a_day_when_its_time_is_over() {
    let house = watched();
    house.says(&["morning", "--on", "2026-11-20"]);
    let service = Running::start(&house, &[], "2026-11-23 05:00:00");
    assert!(!service.looks());
    sql(&house, NO_RUN);
    service.set("2026-11-23 05:30:10");
    let line = service.hears("morning failed");
    assert!(line.contains("SQLite 1811") && line.contains("2026-11-23"), "{line}");
    service.set("2026-11-23 16:59:50");
    service.hears("morning failed");
    assert!(!service.looks());
    assert!(told(&house).is_empty(), "it may still succeed");

    service.set("2026-11-23 17:00:10");
    service.hears("the administrator is told");
    assert!(service.looks(), "there is a mail to deliver");
    service.hears("delivered");
    for at in ["2026-11-23 17:01:10", "2026-11-23 17:20:00", "2026-11-23 22:59:00"] {
        service.set(at);
        assert!(!service.looks(), "at {at}");
    }
    assert!(service.stop().success());
    // The next one knows nothing but what stands in the queue.
    let service = Running::start(&house, &[], "2026-11-23 22:59:30");
    assert!(!service.looks());
    let (days, said) = told(&house).into_iter().unzip::<_, _, Vec<_>, Vec<_>>();
    assert_eq!(days, ["2026-11-23"]);
    for words in [
        "[BAK] Kein Lauf am Mo., 23.11.2026",
        "Der Lauf vom Mo., 23.11.2026 ist bis 18:00 Uhr nicht gelungen.",
        "Er scheitert seit Mo., 23.11.2026, 06:30. Zuletzt: Die Datenbank meldet einen Fehler (SQLite 1811).",
        "Der letzte Lauf war der vom Fr., 20.11.2026.",
        "wiedervorlage morning",
    ] {
        assert!(said[0].contains(words), "{words} is missing in\n{}", said[0]);
    }

    // Another day, another mail, which remembers since when.
    service.set("2026-11-24 06:00:00");
    service.hears("morning failed");
    service.set("2026-11-25 06:00:00");
    service.hears("morning failed");
    service.set("2026-11-25 17:00:10");
    service.hears("the administrator is told");
    assert!(service.looks());
    let said = told(&house);
    assert_eq!(said.len(), 2);
    assert!(said[1].1.contains("Er scheitert seit Di., 24.11.2026, 07:00."), "{}", said[1].1);

    // The cause is gone: by hand on the same day, with the hints of that day, or by itself on the next.
    sql(&house, "drop trigger kein_lauf");
    service.set("2026-11-26 09:00:00");
    assert!(service.looks());
    service.set("2026-11-26 17:30:00");
    assert!(!service.looks());
    assert!(service.stop().success());
    assert_eq!(super::days(&house), ["2026-11-20", "2026-11-26"]);
    assert_eq!(told(&house).len(), 2);
}

#[test]
fn a_run_by_hand_after_the_mail_is_no_second_mail_of_the_same_key() {
    let house = watched();
    house.says(&["morning", "--on", "2026-11-20"]);
    // No mail may go to the team: the run has a hint for the administrator as well.
    let house = house
        .with("MAIL__ALLOWED_DOMAINS", "jobcenter.example".to_owned())
        .with("MAIL__FROM", "bak@jobcenter.example".to_owned());
    sql(&house, "update team set postfach = 'team@anderswo.example'");
    let service = Running::start(&house, &[], "2026-11-23 17:30:00");
    service.hears("the administrator is told");
    assert!(service.stop().success());
    house.says(&["morning", "--on", "2026-11-23"]);
    let said: Vec<_> = told(&house).into_iter().map(|(_, said)| said).collect();
    assert_eq!(said.len(), 2);
    assert!(said[0].contains("Ein Fehler ist nicht vermerkt"), "{}", said[0]);
    assert!(said[1].contains("Hinweise zum Betrieb") && said[1].contains("mail.allowed_domains"), "{}", said[1]);
}

#[test]
fn a_team_that_cannot_be_read_is_named_by_what_is_wrong_with_it() {
    let house = watched();
    let service = Running::start(&house, &[], "2026-11-23 05:00:00");
    assert!(!service.looks());
    sql(&house, "update team set bundesland = 'XX'");
    // The settings cannot be read anew without the teams, but the bell rings.
    for (at, words) in [("2026-11-23 06:00:00", "morning failed"), ("2026-11-23 17:00:10", "the administrator is told")]
    {
        super::set(&service.clock, at);
        service.ring();
        service.hears(words);
    }
    assert!(service.looks());
    assert!(service.stop().success());
    let said = told(&house);
    assert_eq!(said.len(), 1);
    assert!(said[0].1.contains("enthält in team.bundesland einen Wert, den dieses Programm nicht kennt"), "{said:?}");
    assert!(said[0].1.contains("Bisher ist für diese Dienststelle kein Lauf gelungen."), "{said:?}");
}

#[test]
fn what_cannot_be_queued_is_logged_once_and_told_when_it_can() {
    let house = watched();
    house.says(&["morning", "--on", "2026-11-20"]);
    sql(&house, NO_RUN);
    sql(&house, NO_MAIL);
    let service = Running::start(&house, &[], "2026-11-23 09:00:00");
    service.hears("morning failed");
    service.set("2026-11-23 17:10:00");
    service.hears("the administrator cannot be told yet");
    assert!(!service.looks());
    // Said once, however often it is tried.
    service.set("2026-11-23 17:11:00");
    assert!(!service.looks());
    sql(&house, "drop trigger keine_mail");
    service.set("2026-11-23 17:12:00");
    let line = service.hears("the administrator ");
    assert!(line.contains("is told"), "{line}");
    assert!(service.looks());
    assert!(service.stop().success());
    assert_eq!(told(&house).len(), 1);
}

#[test]
fn a_day_on_which_nothing_was_missed_is_no_alarm() {
    // (the last run, when the service comes up, whether it is told)
    for (sentence, last, at, alarm) in [
        ("the service was down all day", Some("2026-11-20"), "2026-11-23 17:30:00", true),
        ("a Saturday", Some("2026-11-20"), "2026-11-21 17:30:00", false),
        ("the run is there", Some("2026-11-23"), "2026-11-23 17:30:00", false),
        ("installed in the evening", None, "2026-11-23 17:30:00", false),
        ("Christmas", Some("2026-12-23"), "2026-12-25 17:30:00", false),
    ] {
        let house = watched();
        if let Some(last) = last {
            house.says(&["morning", "--on", last]);
        }
        let service = Running::start(&house, &[], at);
        assert_eq!(service.looks(), alarm, "{sentence}");
        assert!(service.stop().success());
        assert_eq!(told(&house).len(), usize::from(alarm), "{sentence}");
        assert_eq!(days(&house), last.into_iter().collect::<Vec<_>>(), "{sentence}");
    }
}
