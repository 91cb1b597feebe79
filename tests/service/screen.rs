//! What is seen from outside: `status` when something is wrong, a log without anybody's data, and settings that count
//! from the next mail on.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Output;

use super::running::libfaketime;
use super::sink::{Mood, Sink};
use super::{House, Running, days, house, sql};

/// What `status` says at an instant (UTC), and its exit code.
fn status(house: &House, at: &str) -> (String, Option<i32>) {
    let faked = |command: &mut std::process::Command| -> Output {
        command.env("LD_PRELOAD", libfaketime()).env("FAKETIME", at).env("TZ", "UTC").output().unwrap()
    };
    let output = faked(&mut house.command(&["status"]));
    (String::from_utf8(output.stdout).unwrap(), output.status.code())
}

#[test]
fn status_names_a_day_without_a_run_until_there_is_the_next() {
    let house = house();
    house.says(&["morning", "--on", "2026-11-20"]);
    let missing = "Am Mo., 23.11.2026 gab es keinen Lauf.";
    let outstanding = "Der Lauf von heute, Mo., 23.11.2026, steht noch aus.";
    for (at, misses, waits) in [
        ("2026-11-23 05:00:00", false, false),
        // The service may just be at it.
        ("2026-11-23 05:31:00", false, false),
        ("2026-11-23 05:46:00", false, true),
        ("2026-11-23 17:01:00", true, false),
        ("2026-11-24 05:00:00", true, false),
    ] {
        let (said, _) = status(&house, at);
        assert_eq!((said.contains(missing), said.contains(outstanding)), (misses, waits), "at {at}: {said}");
    }
    house.says(&["morning", "--on", "2026-11-24"]);
    let (said, _) = status(&house, "2026-11-24 09:00:00");
    assert!(!said.contains("gab es keinen Lauf"), "{said}");
}

/// Every file of the database's folder and what is in it.
fn files(house: &House) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = std::fs::read_dir(house.path("")).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.is_file()).map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

#[test]
fn status_looks_and_changes_nothing() {
    let house = House::new();
    let at = "2026-11-23 09:00:00";
    let (said, code) = status(&house, at);
    assert!(said.contains("w.db gibt es noch nicht. „wiedervorlage import ORDNER“ legt sie an"), "{said}");
    assert_eq!((code, files(&house).len()), (Some(1), 0), "{said}");
    // A file in which nobody has made a table.
    std::fs::write(house.path("w.db"), "").unwrap();
    let before = files(&house);
    let (said, code) = status(&house, at);
    assert!(said.contains("Die Datenbank ist noch leer."), "{said}");
    assert_eq!((code, files(&house) == before), (Some(1), true), "{said}");
    let house = super::house();
    let before = files(&house);
    let (said, _) = status(&house, at);
    assert!(said.contains("Letzter Lauf    noch keiner"), "{said}");
    assert!(files(&house) == before, "{:?}", files(&house).keys());
    sql(
        &house,
        "insert into _sqlx_migrations select 9001, description, installed_on, 1, x'00', 0 from _sqlx_migrations where version = 1",
    );
    let before = files(&house);
    let (said, code) = status(&house, at);
    assert!(said.contains("von einer neueren Version dieses Programms (Schema 9001)"), "{said}");
    assert!(said.contains("Dienst          läuft nicht\n"), "{said}");
    assert_eq!((code, files(&house) == before), (Some(1), true), "{said}");
}

#[test]
fn status_names_the_office_whose_last_run_lies_in_the_future() {
    let house = house();
    let future = "Der letzte Lauf trägt den Mi., 25.11.2026, das liegt in der Zukunft";
    house.says(&["morning", "--on", "2026-11-25"]);
    let (said, code) = status(&house, "2026-11-23 09:00:00");
    assert!(said.contains(&format!("\n  {future}")), "{said}");
    assert_eq!(code, Some(1), "{said}");
    for statement in [
        "update run set office = 'Nord'",
        "update team set dienststelle = 'Nord'",
        "insert into team (team, name, bundesland, dienststelle) values ('T9', 'Süd', 'BW', 'Süd')",
    ] {
        sql(&house, statement);
    }
    let (said, _) = status(&house, "2026-11-23 09:00:00");
    assert!(said.contains(&format!("\n  Dienststelle Nord: {future}")), "{said}");
}

/// A house whose mails go to the server.
fn posting(sink: &Sink) -> House {
    house()
        .with("MAIL__TRANSPORT", "smtp".to_owned())
        .with("MAIL__SMTP__HOST", "127.0.0.1".to_owned())
        .with("MAIL__SMTP__TLS", "none".to_owned())
        .with("MAIL__ALLOWED_DOMAINS", "jobcenter.example".to_owned())
        .with("MAIL__FROM", "bak@jobcenter.example".to_owned())
        .with("MAIL__SMTP__PORT", sink.port.to_string())
}

#[test]
fn status_says_why_mails_wait_and_when_that_is_too_long() {
    let sink = Sink::new("");
    sink.be(Mood::Refuses);
    let house = posting(&sink);
    let service = Running::start(&house, &[], "2026-11-23 09:00:00");
    service.hears("mail server cannot be used");
    let (said, code) = status(&house, "2026-11-23 09:05:00");
    assert!(said.contains("1 Mail: Der Mailserver hat bei der Begrüßung die Verbindung getrennt.\n"), "{said}");
    assert!(said.contains("Mails warten, die älteste seit"), "{said}");
    assert_eq!(code, Some(0), "a mail server may be started anew: {said}");
    let (said, code) = status(&house, "2026-11-23 10:01:00");
    assert!(said.contains("Post wartet seit über einer Stunde"), "{said}");
    assert_eq!(code, Some(1), "{said}");
    assert!(!said.contains('@'), "{said}");
    // Seen with a clock that was set back, the mail waits for a time that is far away.
    let (said, _) = status(&house, "2026-11-20 09:00:00");
    assert!(said.contains("den eine falsch gehende Uhr vermerkt hat"), "{said}");
    assert!(service.stop().success());
}

#[test]
fn new_settings_count_from_the_next_mail_on() {
    let (old, new) = (Sink::new(""), Sink::new(""));
    // All but what the file says.
    let mut house = posting(&old);
    house.settings.retain(|(key, _)| *key != "MAIL__SMTP__PORT");
    let file = house.path("w.toml");
    let write = |sink: &Sink, rate: u32| {
        let text = format!("[mail.smtp]\nport = {}\nrate_limit = {rate}\n", sink.port);
        std::fs::write(&file, text).unwrap();
    };
    write(&old, 1);
    let service = Running::start_with(&house, &["--config", file.to_str().unwrap()], "2026-11-23 09:00:00", |_| {});
    service.hears("morning done");
    while old.taken().is_empty() {
        std::thread::yield_now();
    }
    // The next one would be due in a minute.
    write(&new, 0);
    service.signal("HUP");
    service.hears("left=0");
    assert!(service.stop().success());
    assert_eq!(old.taken().len(), 1);
    assert!(new.taken().len() > 1);
    let mut all: Vec<_> = old.taken().into_iter().chain(new.taken()).map(|mail| mail.message_id).collect();
    let sent = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), sent, "none twice");
}

#[test]
fn a_sender_that_the_server_does_not_want_costs_no_mail() {
    let sink = Sink::new("");
    sink.be(Mood::RefusesTheSender);
    let house = posting(&sink);
    let service = Running::start(&house, &[], "2026-11-23 09:00:00");
    let line = service.hears("mail server cannot be used");
    assert!(line.contains("mail.from") && !line.contains('@'), "{line}");
    sink.be(Mood::Good);
    // Settings read anew: the administrator has seen to it. The mail that met the trouble waits a minute.
    service.set("2026-11-23 09:05:00");
    service.hears("left=0");
    assert!(service.stop().success());
    let (said, _) = status(&house, "2026-11-23 09:05:00");
    assert!(said.contains("0 Mails warten\n") && !said.contains("gescheitert"), "{said}");
}

#[test]
fn the_log_names_no_colleague_and_no_case() {
    let mut house = house();
    // All addresses lie outside, which the administrator is told with the names of teams and colleagues.
    house.settings = vec![
        ("MAIL__ALLOWED_DOMAINS", "anderswo.example".to_owned()),
        ("MAIL__FROM", "bak@anderswo.example".to_owned()),
        ("ADMIN__EMAIL", "it@anderswo.example".to_owned()),
    ];
    let service = Running::start(&house, &[], "2026-11-23 09:00:00");
    let line = service.hears("the administrator has something to see to");
    assert!(!line.contains("TL0") && !line.contains("BAK0"), "{line}");
    assert!(service.looks());
    assert!(service.stop().success());
    assert!(days(&house).is_empty(), "nobody may be written to but the administrator");
}

#[test]
fn what_comes_back_and_cannot_be_read_is_said_once() {
    let house = house();
    let maildir = house.path("zurueck");
    let house = house.with("BOUNCES__MAILDIR", maildir.display().to_string());
    for folder in ["new", "cur", "tmp"] {
        std::fs::create_dir_all(maildir.join(folder)).unwrap();
    }
    let service = Running::start(&house, &[], "2026-11-22 12:00:00");
    service.hears("looked for mornings");
    std::fs::create_dir(maildir.join("new/1")).unwrap();
    service.ring();
    let line = service.hears("cannot be read or put aside");
    assert!(line.contains("unreadable=1"), "{line}");
    std::fs::remove_dir_all(&maildir).unwrap();
    std::fs::write(&maildir, "").unwrap();
    service.ring();
    let line = service.hears("what came back could not be read");
    assert!(line.contains("Es ist kein Ordner."), "{line}");
    for _ in 0..2 {
        service.ring();
        service.hears("looked for mornings");
    }
    service.signal("TERM");
    assert_eq!(service.hears_or_ends("what came back could not be read"), None);
}
