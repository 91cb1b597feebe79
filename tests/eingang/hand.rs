//! One look by hand: what becomes of which file, what is said of it, to whom, and when it goes.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;

use super::{PERSONAL, TEAMS, activities, at, cases, drop_in, files, house, lies, mails, said, sql};

#[test]
fn a_delivery_is_imported_together_in_the_right_order_and_put_away_with_reports() {
    let house = house();
    // As a folder lists them, the activities come first; they attach all the same.
    drop_in(
        &house,
        "aktivitaeten.csv",
        &activities(&[("0017", "ag_kontakt", "02.11.2026"), ("0017", "tanz", "03.11.2026")]),
    );
    drop_in(&house, "betreuungen.csv", &cases(&["0017", "0018"]));
    drop_in(&house, "personal.csv", PERSONAL);
    drop_in(&house, "teams.csv", TEAMS);
    drop_in(&house, "Notiz für Mia.docx", "Geheim");
    for ignored in ["~$betreuungen.csv", "Thumbs.db", ".liste.csv", "neu.csv.part"] {
        drop_in(&house, ignored, "x");
    }
    fs::create_dir(house.path("eingang/unterordner")).unwrap();
    fs::write(house.path("eingang/unterordner/stellen.csv"), "x").unwrap();
    fs::remove_file(house.path("eingang/~$betreuungen.csv")).unwrap();

    let output = house.run(&["inbox"]);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert_eq!(
        text,
        "Notiz für Mia.docx: Nicht übernommen.\nteams.csv: Alles übernommen.\npersonal.csv: Alles übernommen.\n\
         betreuungen.csv: Alles übernommen.\naktivitaeten.csv: Übernommen, bis auf 1 Zeile.\n"
    );
    let lie = files(&house.path("eingang"));
    assert_eq!(
        lie.keys().map(String::as_str).collect::<Vec<_>>(),
        [
            ".liste.csv",
            "Thumbs.db",
            "done/aktivitaeten.csv",
            "done/aktivitaeten.csv.bericht.txt",
            "done/betreuungen.csv",
            "done/betreuungen.csv.bericht.txt",
            "done/personal.csv",
            "done/personal.csv.bericht.txt",
            "done/teams.csv",
            "done/teams.csv.bericht.txt",
            "neu.csv.part",
            "rejected/Notiz für Mia.docx",
            "rejected/Notiz für Mia.docx.bericht.txt",
            "unterordner/stellen.csv",
        ]
    );
    let report = &lie["done/aktivitaeten.csv.bericht.txt"];
    for words in [
        "\u{feff}Bericht zur Datei „aktivitaeten.csv“\r\n",
        ", Import 1\r\n",
        "Ergebnis: Übernommen, bis auf 1 Zeile.\r\n",
        "2 Zeilen gelesen: 1 neu",
        "Was nicht verstanden wurde\r\n  Zeile 3, Spalte art: ",
        "Bitte berichtigen Sie die genannten Zeilen",
        "nach 30 Tagen gelöscht",
    ] {
        assert!(report.contains(words), "{words:?} is missing in\n{report}");
    }
    assert!(lie["rejected/Notiz für Mia.docx.bericht.txt"].contains("keine CSV-Datei"));
    // Whoever may see into the folder may read the report.
    let mode = |path: &str| fs::metadata(house.path(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("eingang/done/teams.csv.bericht.txt"), mode("eingang") & 0o666);
    for text in lie.iter().filter(|(name, _)| name.ends_with(".bericht.txt")).map(|(_, text)| text) {
        assert!(!text.contains("tanz") && !text.contains("Geheim") && !text.contains("Muster"), "{text}");
    }

    let [mail] = &mails(&house, "eingang")[..] else { panic!("one mail, one delivery") };
    for words in [
        "listen@jobcenter.example",
        "4 Dateien eingelesen, 1 Datei abgelehnt, 1 Zeile abgelehnt",
        "„aktivitaeten.csv“: Übernommen, bis auf 1 Zeile.",
        "Abgelehnt: Zeile 3, Spalte art.",
        "„Notiz für Mia.docx“: Nicht übernommen.",
    ] {
        assert!(mail.contains(words), "{words:?} is missing in\n{mail}");
    }
    for value in ["tanz", "0017", "Geheim", "Muster"] {
        assert!(!mail.contains(value), "{value} stands in\n{mail}");
    }
    let imports = house.says(&["imports"]);
    assert!(imports.contains("inbox"), "{imports}");
    assert_eq!(fs::read_dir(house.path("w.db.eingang")).unwrap().count(), 1, "no copy stays, only the lock");
    assert_eq!(mode("w.db.eingang"), 0o700);
    assert_eq!(said(&house.run(&["inbox"])), "Nichts einzulesen.\n");
}

#[test]
fn the_same_list_dropped_again_is_imported_and_says_that_nothing_is_new() {
    let house = house();
    drop_in(&house, "teams.csv", TEAMS);
    at(&house, &["inbox"], "2026-11-23 08:00:00");
    drop_in(&house, "teams.csv", TEAMS);
    let again = at(&house, &["inbox"], "2026-11-24 08:00:00");
    assert_eq!(said(&again), "teams.csv: Nichts Neues: Alles war schon bekannt.\n");
    assert_eq!(again.status.code(), Some(0));
    let expected =
        ["done/teams (2).csv", "done/teams (2).csv.bericht.txt", "done/teams.csv", "done/teams.csv.bericht.txt"];
    assert_eq!(lies(&house), expected);
    assert_eq!(mails(&house, "eingang").len(), 2);
}

#[test]
fn odd_names_are_put_away_like_others_and_links_are_not_followed() {
    let house = house();
    let inbox = house.path("eingang");
    let long = format!("{}.csv", "ä".repeat(125));
    for name in ["zwei\nZeilen.csv", "Über sicht 3.CSV", "ohne", &long, "\u{202e}rückwärts.csv"] {
        drop_in(&house, name, "x");
    }
    fs::write(inbox.join(std::ffi::OsStr::from_bytes(b"odd \xff.csv")), "x").unwrap();
    fs::write(house.path("geheim.csv"), TEAMS).unwrap();
    std::os::unix::fs::symlink(house.path("geheim.csv"), inbox.join("teams.csv")).unwrap();
    let output = house.run(&["inbox"]);
    assert_eq!(output.status.code(), Some(1));
    let lie: Vec<_> = lies(&house);
    assert_eq!(lie.iter().filter(|name| name.starts_with("rejected/")).count(), 12, "{lie:?}");
    assert!(lie.contains(&"teams.csv".to_owned()) && house.path("geheim.csv").exists());
    assert!(lie.contains(&"rejected/zwei Zeilen.csv".to_owned()) && lie.contains(&"rejected/odd %FF.csv".to_owned()));
    assert_eq!(mails(&house, "eingang").len(), 1);
}

#[test]
fn a_file_that_is_locked_waits_and_holds_the_others_for_a_while() {
    let house = house();
    drop_in(&house, "teams.csv", TEAMS);
    drop_in(&house, "personal.csv", PERSONAL);
    let lock = fs::File::open(house.path("eingang/teams.csv")).unwrap();
    lock.try_lock().unwrap();
    let output = house.run(&["inbox"]);
    assert!(said(&output).contains("1 Datei wartet"), "{}", said(&output));
    assert_eq!(
        (lies(&house), output.status.code()),
        (vec!["personal.csv".to_owned(), "teams.csv".to_owned()], Some(1))
    );
    drop(lock);
    house.says(&["inbox"]);
    assert_eq!(lies(&house).len(), 4);
}

#[test]
fn what_was_read_is_deleted_when_its_time_is_over() {
    let house = house();
    drop_in(&house, "teams.csv", TEAMS);
    drop_in(&house, "notiz.txt", "x");
    at(&house, &["inbox"], "2026-11-23 08:00:00");
    fs::write(house.path("eingang/done/meins.txt"), "x").unwrap();
    let early = at(&house, &["retention"], "2026-12-23 07:59:00");
    assert!(!said(&early).contains("eingelesene"), "{}", said(&early));
    let dry = at(&house, &["retention", "--dry-run"], "2026-12-23 08:01:00");
    assert!(said(&dry).contains("2 eingelesene Dateien"), "{}", said(&dry));
    assert_eq!(lies(&house).len(), 5);
    // While the share is away nothing is forgotten.
    fs::rename(house.path("eingang"), house.path("weg")).unwrap();
    at(&house, &["retention"], "2026-12-23 08:01:00");
    fs::rename(house.path("weg"), house.path("eingang")).unwrap();
    let done = at(&house, &["retention"], "2026-12-23 08:01:00");
    assert!(said(&done).contains("2 eingelesene Dateien"), "{}", said(&done));
    assert_eq!(lies(&house), ["done/meins.txt"]);
    assert_eq!(sql(&house.path("w.db"), "select count(*) from eingang"), "[(0,)]");
}

#[test]
fn a_folder_that_cannot_be_used_is_named_by_check_and_made_by_nobody() {
    let house = house();
    house.says(&["inbox"]);
    assert!(house.path("eingang/done").is_dir());
    let check = said(&house.run(&["check"]));
    assert!(check.contains("ok  Eingangsordner:"), "{check}");
    fs::remove_dir(house.path("eingang/done")).unwrap();
    drop_in(&house, "teams.csv", TEAMS);
    let output = house.run(&["inbox"]);
    assert!(said(&output).contains("nicht eingehängt"), "{}", said(&output));
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(lies(&house), ["teams.csv"]);
    let check = said(&house.run(&["check"]));
    assert!(check.contains("!!  Eingang: Im Eingangsordner"), "{check}");
    let status = said(&house.run(&["status"]));
    assert!(status.contains("Eingang (seit ") && status.contains("nicht eingehängt"), "{status}");
    fs::create_dir(house.path("eingang/done")).unwrap();
    house.says(&["inbox"]);
    assert_eq!(lies(&house), ["done/teams.csv", "done/teams.csv.bericht.txt"]);
    assert!(!said(&house.run(&["status"])).contains("Eingang (seit"));
}

#[test]
fn settings_that_cannot_be_meant_are_refused_by_name() {
    for (key, value, words) in [
        ("INBOX__REPORT_TO", "niemand", "inbox.report_to"),
        ("INBOX__KEEP_IMPORTS", "0", "inbox.keep_imports"),
        ("INBOX__SETTLE_SECONDS", "-1", "inbox.settle_seconds"),
        ("INBOX__ORDNER", "x", "inbox.ordner"),
    ] {
        let house = house().with(key, value.to_owned());
        let output = house.run(&["inbox"]);
        assert_eq!(output.status.code(), Some(2));
        assert!(said(&output).contains(words), "{}", said(&output));
    }
    let house = house().with("MAIL__ALLOWED_DOMAINS", "anderswo.example".to_owned());
    assert!(said(&house.run(&["inbox"])).contains("außerhalb von mail.allowed_domains"));
}
