//! Keeping data safe and short, from outside: backup and restore, what is deleted when, what is forgotten and disclosed.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub, reason = "tests")]

#[path = "support/plain.rs"]
mod plain;
#[path = "support/running.rs"]
mod running;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use plain::House;
use running::{Running, libfaketime};

const TEAMS: &str = "team;name;postfach;bundesland;leitung\nT1;Nord;nord@jc.example;BW;TL1\n";
const STAFF: &str = "kuerzel;name;email;rolle;team;region;vertretung\n\
     BAK1;Bea Bakeins;bak1@jc.example;BAK;T1;;\nIFK1;Ina Ifkeins;ifk1@jc.example;IFK;T1;;\n\
     TL1;Leo Leitung;tl1@jc.example;TL;T1;;\n";
/// One that runs; of those that ended in March one that is done with, one without its Fazit, one with a subsidy; and one
/// that ended in October.
const CASES: &str = "fallnr;bezeichnung;bak;ifk;team;region;kennung;kennung_seit;uebergabe_am;hauptbetreuer_seit;ende_am;ende_grund;rueckgabegespraech_am;fazit_am\n\
     0001;A. B.;BAK1;IFK1;T1;;;;01.10.2026;01.10.2026;;;;\n\
     0002;C. D.;BAK1;IFK1;T1;;;;01.10.2025;01.10.2025;31.03.2026;integration;;02.04.2026\n\
     0003;E. F.;BAK1;IFK1;T1;;;;01.10.2025;01.10.2025;31.03.2026;integration;;\n\
     0004;G. H.;BAK1;IFK1;T1;;;;01.10.2025;01.10.2025;31.03.2026;integration;;02.04.2026\n\
     0005;I. J.;BAK1;IFK1;T1;;;;01.05.2026;01.05.2026;15.10.2026;integration;;16.10.2026\n";
const DONE: &str = "fallnr;art;datum;anzahl\n0001;ag_kontakt;02.11.2026;1\n0002;ag_kontakt;02.02.2026;1\n0099;ag_kontakt;02.02.2026;1\n";
const PAID: &str =
    "foerdernr;fallnr;art;arbeitgeber;beginn;ende;potenzial\nF4;0004;EGZ;Zyxwerk;01.04.2026;31.03.2027;\n";

fn house() -> House {
    let house = House::new();
    let folder = house.path("d");
    std::fs::create_dir(&folder).unwrap();
    let files = [
        ("teams.csv", TEAMS),
        ("personal.csv", STAFF),
        ("betreuungen.csv", CASES),
        ("aktivitaeten.csv", DONE),
        ("foerderungen.csv", PAID),
    ];
    for (name, text) in files {
        std::fs::write(folder.join(name), text).unwrap();
    }
    let imported = at(&house, "2026-11-22 18:00:00", &["import", folder.to_str().unwrap()]);
    assert!(imported.status.code().is_some_and(|code| code < 2), "{}", said(&imported));
    house
}

/// What the binary answers at an instant (UTC).
fn at(house: &House, instant: &str, arguments: &[&str]) -> Output {
    let mut command = house.command(arguments);
    command.env("LD_PRELOAD", libfaketime()).env("FAKETIME", format!("@{instant}")).env("TZ", "UTC");
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn tells(house: &House, instant: &str, arguments: &[&str]) -> String {
    let output = at(house, instant, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", said(&output));
    said(&output)
}

fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name != ".sicherung");
    names.sort();
    names
}

/// Everything that commands tell.
fn all(house: &House) -> String {
    [
        house.says(&["evaluate", "--on", "2026-11-23", "--format", "jsonl"]),
        house.says(&["outbox", "list", "--format", "jsonl"]),
        house.says(&["explain", "0001", "--on", "2026-11-23"]),
    ]
    .concat()
}

#[test]
fn a_backup_is_private_checked_and_the_oldest_make_room() {
    let house = house().with("BACKUP__KEEP", "2".to_owned());
    let folder = house.path("s");
    std::fs::create_dir(&folder).unwrap();
    let older = ["20260101T013000Z", "20260102T013000Z", "20260103T013000Z"];
    for name in older.map(|stamp| format!("wiedervorlage-{stamp}.db")) {
        std::fs::write(folder.join(format!("{name}.sha256")), "x").unwrap();
        std::fs::write(folder.join(name), "x").unwrap();
    }
    // What is nobody's backup stays, what a crash has left goes.
    std::fs::write(folder.join("wiedervorlage-alt.db"), "x").unwrap();
    std::fs::write(folder.join("wiedervorlage-20260104T013000Z.db.teil"), "x").unwrap();
    let answer = tells(&house, "2026-11-23 01:30:00", &["backup", "--to", folder.to_str().unwrap()]);
    assert!(answer.contains("2 ältere entfernt"), "{answer}");
    let new = "wiedervorlage-20261123T013000Z.db";
    let last = "wiedervorlage-20260103T013000Z.db";
    assert_eq!(
        files(&folder),
        [
            last.to_owned(),
            format!("{last}.sha256"),
            new.to_owned(),
            format!("{new}.sha256"),
            "wiedervorlage-alt.db".into()
        ]
    );
    for name in [new.to_owned(), format!("{new}.sha256")] {
        let mode = std::fs::metadata(folder.join(&name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let checked =
        Command::new("sha256sum").arg("--check").arg(format!("{new}.sha256")).current_dir(&folder).output().unwrap();
    assert!(checked.status.success(), "{}", said(&checked));
    let nowhere = house.run(&["backup"]);
    assert!(nowhere.status.code() == Some(2) && said(&nowhere).contains("backup.dir"), "{}", said(&nowhere));
    let blocked = house.run(&["backup", "--to", "w.db/unten"]);
    assert!(blocked.status.code() == Some(2) && said(&blocked).contains("w.db/unten"), "{}", said(&blocked));
}

/// The one backup of a folder.
fn backup_in(folder: &Path) -> PathBuf {
    let names = files(folder);
    let [db, _] = names.as_slice() else { panic!("{names:?}") };
    folder.join(db)
}

#[test]
fn what_was_backed_up_comes_back_and_what_it_replaces_is_kept() {
    let house = house();
    tells(&house, "2026-11-23 05:30:00", &["morning", "--on", "2026-11-23"]);
    let before = all(&house);
    house.says(&["backup", "--to", "s"]);
    let backup = backup_in(&house.path("s"));
    house.says(&["deliver"]);
    tells(&house, "2026-11-23 08:00:00", &["record", "ag_kontakt", "0001"]);
    house.says(&["forget", "0002", "--yes"]);
    let after = all(&house);
    assert_ne!(before, after);

    let service = Running::start(&house, &[], "2026-11-22 12:00:00");
    service.hears("service ready");
    let refused = house.run(&["restore", backup.to_str().unwrap()]);
    assert!(refused.status.code() == Some(2) && said(&refused).contains("Dienst"), "{}", said(&refused));
    assert!(service.stop().success());
    assert_eq!(all(&house), after, "nothing has changed");

    let answer = tells(&house, "2026-11-23 09:00:00", &["restore", backup.to_str().unwrap()]);
    for words in ["Mo., 23.11.2026", "Message-ID", "w.db.vor-wiederherstellung-20261123T090000Z", "forget"] {
        assert!(answer.contains(words), "{words} is missing in\n{answer}");
    }
    assert_eq!(all(&house), before);
    let kept = house.path("w.db.vor-wiederherstellung-20261123T090000Z");
    let there = format!("sqlite:{}", kept.display());
    let mut look = house.command(&["disclose", "0002"]);
    let looked = look.env("WIEDERVORLAGE__DATABASE__URL", there).output().unwrap();
    assert_eq!(looked.status.code(), Some(1), "the old database is as it was: {}", said(&looked));
    // Where there is none yet: another machine.
    let other = House::new();
    let answer = other.says(&["restore", backup.to_str().unwrap()]);
    assert!(!answer.contains("bisher"), "{answer}");
    assert_eq!(all(&other), before);
}

#[test]
fn what_has_had_its_time_is_shown_and_then_deleted() {
    let house = house();
    tells(&house, "2026-11-23 05:30:00", &["morning", "--on", "2026-11-23"]);
    tells(&house, "2026-11-23 05:31:00", &["deliver"]);
    let before = all(&house);
    let night = "2026-11-24 01:30:00";
    let dry = tells(&house, night, &["retention", "--dry-run"]);
    for words in
        ["würden: 1 beendeter Fall, 1 Zeile ohne Fall;", "Fälle: 0002", "offen ist", ": 0003", "Förderung", ": 0004"]
    {
        assert!(dry.contains(words), "{words} is missing in\n{dry}");
    }
    assert_eq!(all(&house), before, "it only looked");
    let done = tells(&house, night, &["retention"]);
    assert!(done.starts_with("Gelöscht: 1 beendeter Fall, 1 Zeile ohne Fall;"), "{done}");
    for (fallnr, code) in [("0001", 0), ("0002", 1), ("0003", 0), ("0004", 0), ("0005", 0), ("0099", 1)] {
        assert_eq!(house.run(&["disclose", fallnr]).status.code(), Some(code), "{fallnr}");
    }
    let again = tells(&house, night, &["retention"]);
    assert!(again.starts_with("Gelöscht: nichts zu löschen;"), "{again}");
    // Two weeks later the texts are gone, the send log is not.
    let mails = house.says(&["outbox", "list", "--format", "jsonl"]);
    let texts = tells(&house, "2026-12-08 01:30:00", &["retention"]);
    assert!(texts.contains(&format!("{} Mailtexte", mails.lines().count())), "{texts}");
    assert_eq!(house.says(&["outbox", "list", "--format", "jsonl"]), mails);
}

#[test]
fn deleted_words_are_in_no_file_any_more() {
    let house = house();
    let holds = |words: &str| {
        ["w.db", "w.db-wal"].iter().any(|name| {
            let bytes = std::fs::read(house.path(name)).unwrap_or_default();
            bytes.windows(words.len()).any(|window| window == words.as_bytes())
        })
    };
    assert!(holds("Zyxwerk"));
    house.says(&["forget", "0004", "--yes"]);
    assert!(!holds("Zyxwerk"));
}

#[test]
fn a_case_is_forgotten_on_a_clear_yes_and_the_answer_says_what_remains() {
    let house = house();
    tells(&house, "2026-11-23 05:30:00", &["morning", "--on", "2026-11-23"]);
    let asked = house.run(&["forget", "0001"]);
    assert!(asked.status.code() == Some(1) && said(&asked).contains("--yes"), "{}", said(&asked));
    assert!(house.run(&["disclose", "0001"]).status.success(), "nothing is gone yet");
    let answer = tells(&house, "2026-11-23 09:00:00", &["forget", "0001", "--yes"]);
    for words in ["0001 ist gelöscht", "14 Tage", "07.12.2026", "Postfächern", "Sicherungen", "nächste Import"] {
        assert!(answer.contains(words), "{words} is missing in\n{answer}");
    }
    assert_eq!(house.run(&["disclose", "0001"]).status.code(), Some(1));
    let unknown = house.run(&["forget", "0001", "--yes"]);
    assert!(unknown.status.code() == Some(1) && said(&unknown).contains("nichts gespeichert"), "{}", said(&unknown));
}

#[test]
fn everything_of_a_case_is_disclosed_for_people_and_for_programs() {
    let house = house();
    tells(&house, "2026-11-23 05:30:00", &["morning", "--on", "2026-11-23"]);
    let text = house.says(&["disclose", "0004"]);
    for words in
        ["Artikel 15", "Zweck", "Beschwerde", "Arbeitgeber: Zyxwerk", "Ende: Mi., 31.03.2027", "Initialen: G. H."]
    {
        assert!(text.contains(words), "{words} is missing in\n{text}");
    }
    assert!(!text.contains("0001") && !text.contains("Zeile:"), "{text}");
    house.says(&["disclose", "0004", "--format", "json", "--out", "auskunft.json"]);
    let file = house.path("auskunft.json");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let json: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(json["daten"]["foerderung"][0]["arbeitgeber"], "Zyxwerk");
    assert_eq!(json["daten"]["betreuung"][0]["bezeichnung"], "G. H.");
    let twice = house.run(&["disclose", "0004", "--out", "auskunft.json"]);
    assert!(twice.status.code() == Some(2) && said(&twice).contains("gibt es schon"), "{}", said(&twice));
}

#[test]
fn the_service_does_the_nights_work_once_and_says_so() {
    let house = house().with("BACKUP__DIR", "s".to_owned());
    let status = said(&at(&house, "2026-11-23 01:00:00", &["status"]));
    assert!(
        status.contains("Löschfristen    noch nicht geprüft") && status.contains("Sicherung       noch keine"),
        "{status}"
    );
    // Sunday night, half past two in Berlin.
    let service = Running::start(&house, &[], "2026-11-22 01:20:00");
    assert!(!service.looks());
    assert!(!house.path("s").exists(), "its hour has not come");
    service.set("2026-11-22 01:30:05");
    let line = service.hears("the night's work is done");
    assert!(line.contains("retention") && line.contains("1 beendeter Fall"), "{line}");
    assert!(service.hears("the night's work is done").contains("backup"));
    service.ring();
    service.hears("read anew");
    assert!(!service.looks());
    assert!(service.stop().success());
    assert!(backup_in(&house.path("s")).exists(), "there is one");
    let status = said(&at(&house, "2026-11-22 12:00:00", &["status"]));
    assert!(status.contains("Löschfristen    So., 22.11.2026, 02:30: 1 beendeter Fall"), "{status}");
    assert!(status.contains("Sicherung       So., 22.11.2026, 02:30: 1 MB"), "{status}");
}

#[test]
fn a_morning_that_is_due_goes_before_the_nights_work() {
    let house = house();
    let service = Running::start(&house, &[], "2026-11-23 06:00:00");
    let first = service.hears("do");
    let mut lines = vec![first];
    while !lines.last().is_some_and(|line| line.contains("night's work is done")) {
        lines.push(service.hears("do"));
    }
    assert!(lines.iter().any(|line| line.contains("morning done")), "{lines:?}");
    assert!(service.stop().success());
}

#[test]
fn a_backup_that_fails_is_somebodys_to_see_to() {
    let house = house().with("BACKUP__DIR", "w.db/unten".to_owned());
    let service = Running::start(&house, &[], "2026-11-22 01:30:05");
    let line = service.hears("the night's work failed");
    assert!(line.contains("backup"), "{line}");
    assert!(service.stop().success());
    let status = at(&house, "2026-11-22 02:00:00", &["status"]);
    assert_eq!(status.status.code(), Some(1));
    assert!(said(&status).contains("Sicherung: w.db/unten"), "{}", said(&status));
}
