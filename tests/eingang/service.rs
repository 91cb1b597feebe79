//! The service and its clock: slow copies, renames, a share that is away and comes back.

use std::fs;
use std::io::Write as _;

use super::{PERSONAL, TEAMS, activities, cases, drop_in, house, lies, mails, said};
use crate::plain::House;
use crate::running::Running;

fn settled() -> House {
    house().with("INBOX__SETTLE_SECONDS", "10".to_owned())
}

/// How many files the next look takes, and how many wait.
fn looks(service: &Running) -> (String, String) {
    let line = service.hears("looked into the watched folder");
    let of = |key: &str| line.split(key).nth(1).unwrap().chars().take_while(char::is_ascii_digit).collect();
    (of("files="), of("waiting="))
}

fn is(files: &str, waiting: &str) -> (String, String) {
    (files.to_owned(), waiting.to_owned())
}

#[test]
fn a_slow_copy_is_imported_once_it_lies_still_and_the_others_wait_for_it() {
    let house = settled();
    let service = Running::start(&house, &[], "2026-11-22 09:00:00");
    assert_eq!(looks(&service), is("0", "0"));
    drop_in(&house, "teams.csv", TEAMS);
    drop_in(&house, "personal.csv", PERSONAL);
    let all = cases(&["0017", "0018"]);
    let (first, rest) = all.split_at(all.len() / 2);
    let mut slow = fs::File::create(house.path("eingang/betreuungen.csv")).unwrap();
    slow.write_all(first.as_bytes()).unwrap();
    service.set("2026-11-22 09:01:00");
    assert_eq!(looks(&service), is("0", "3"));
    slow.write_all(rest.as_bytes()).unwrap();
    // Two have lain still; the third has grown.
    service.set("2026-11-22 09:02:00");
    assert_eq!(looks(&service), is("0", "1"));
    service.set("2026-11-22 09:02:05");
    assert_eq!(looks(&service), is("0", "1"));
    service.set("2026-11-22 09:03:00");
    assert_eq!(looks(&service), is("3", "0"));
    service.hears("delivered");
    assert_eq!(lies(&house).len(), 6);

    // Renamed into place: as quick as any other, and unlike the one that is still being written under another name.
    fs::write(house.path("eingang/neu.tmp"), activities(&[("0017", "ag_kontakt", "02.11.2026")])).unwrap();
    service.set("2026-11-22 09:05:00");
    assert_eq!(looks(&service), is("0", "0"));
    fs::rename(house.path("eingang/neu.tmp"), house.path("eingang/aktivitaeten.csv")).unwrap();
    service.set("2026-11-22 09:06:00");
    assert_eq!(looks(&service), is("0", "1"));
    service.set("2026-11-22 09:07:00");
    assert_eq!(looks(&service), is("1", "0"));
    assert!(service.stop().success());
    assert_eq!(mails(&house, "eingang").len(), 2);
    assert!(house.says(&["explain", "0017", "--on", "2026-11-23"]).contains("02.11.2026"));
}

#[test]
fn a_file_that_never_ends_does_not_hold_the_others_for_ever_and_is_named() {
    let house = settled();
    let service = Running::start(&house, &[], "2026-11-22 09:00:00");
    assert_eq!(looks(&service), is("0", "0"));
    drop_in(&house, "teams.csv", TEAMS);
    for minute in 1..20 {
        drop_in(&house, "stellen.csv", &"x".repeat(minute));
        service.set(&format!("2026-11-22 09:{minute:02}:00"));
        let expected = match minute {
            1 => is("0", "2"),
            7 => is("1", "1"),
            _ => is("0", "1"),
        };
        assert_eq!(looks(&service), expected, "minute {minute}");
    }
    let status = said(&house.run(&["status"]));
    assert!(status.contains("„stellen.csv“ im Eingangsordner wartet seit So., 22.11.2026, 10:01"), "{status}");
    // It was open in Office all the time; now it is closed.
    drop_in(&house, "~$stellen.csv", "x");
    service.set("2026-11-22 09:21:00");
    assert_eq!(looks(&service), is("0", "1"));
    fs::remove_file(house.path("eingang/~$stellen.csv")).unwrap();
    service.set("2026-11-22 09:22:00");
    assert_eq!(looks(&service), is("1", "0"));
    assert!(service.stop().success());
    let status = said(&house.run(&["status"]));
    assert!(!status.contains("im Eingangsordner wartet") && status.contains("„stellen.csv“ (abgelehnt)"), "{status}");
}

#[test]
fn a_share_that_is_away_is_told_once_a_day_and_nothing_is_lost() {
    let house = settled();
    let service = Running::start(&house, &[], "2026-11-21 09:00:00");
    assert_eq!(looks(&service), is("0", "0"));
    drop_in(&house, "teams.csv", TEAMS);
    fs::rename(house.path("eingang"), house.path("fort")).unwrap();
    // What an unmounted share leaves: an empty folder, which is not taken for the share.
    fs::create_dir(house.path("eingang")).unwrap();
    for (at, told) in [
        ("2026-11-21 09:01:00", 0),
        ("2026-11-21 09:10:00", 0),
        ("2026-11-21 09:17:00", 1),
        ("2026-11-21 18:00:00", 1),
        ("2026-11-22 09:00:00", 2),
    ] {
        service.set(at);
        assert_eq!(looks(&service), is("0", "0"), "{at}");
        assert_eq!(mails(&house, "admin").len(), told, "{at}");
    }
    assert!(service.stop().success());
    let status = house.run(&["status"]);
    assert_eq!(status.status.code(), Some(1));
    assert!(said(&status).contains("Eingang (seit Sa., 21.11.2026, 10:01): Im Eingangsordner"), "{}", said(&status));
    // Another service knows that it was told.
    let service = Running::start(&house, &[], "2026-11-22 09:30:00");
    assert_eq!(looks(&service), is("0", "0"));
    assert_eq!(mails(&house, "admin").len(), 2);
    assert_eq!(fs::read_dir(house.path("eingang")).unwrap().count(), 0, "nothing is made in the folder below");
    fs::remove_dir(house.path("eingang")).unwrap();
    service.set("2026-11-22 09:31:00");
    assert_eq!(looks(&service), is("0", "0"));
    fs::rename(house.path("fort"), house.path("eingang")).unwrap();
    service.set("2026-11-22 09:32:00");
    assert_eq!(looks(&service), is("0", "1"));
    service.set("2026-11-22 09:33:00");
    assert_eq!(looks(&service), is("1", "0"));
    assert!(service.stop().success());
    assert_eq!(lies(&house), ["done/teams.csv", "done/teams.csv.bericht.txt"]);
    assert!(!said(&house.run(&["status"])).contains("Eingang (seit"));
}

#[test]
fn by_hand_is_told_that_the_service_is_at_it() {
    let house = settled();
    let service = Running::start(&house, &[], "2026-11-22 09:00:00");
    assert_eq!(looks(&service), is("0", "0"));
    let output = house.run(&["inbox"]);
    assert!(said(&output).contains("ein anderer Vorgang"), "{}", said(&output));
    assert_eq!(output.status.code(), Some(1));
    assert!(service.stop().success());
}
