//! One case set right by hand, held against the lists that come after, and shown with where everything comes from.

use crate::office::{Office, activities, cases, me, on_both};

on_both!(
    a_field_is_set_and_said,
    what_a_field_cannot_be_is_said_with_what_would_be_right,
    a_correction_stays_until_the_list_says_something_new,
    a_list_that_catches_up_is_the_last_word_of_the_list,
    a_withdrawal_stays_until_the_list_says_something_new,
    an_entry_by_hand_that_the_list_repeats_can_be_withdrawn,
    undoing_gives_a_correction_back,
    a_withdrawal_says_what_was_there,
    a_case_shows_where_everything_comes_from,
    a_case_is_shown_to_programs,
);

async fn end_of(office: &Office, fallnr: &str) -> String {
    let sql = format!("select coalesce(cast(ende_am as text), '-') from betreuung where fallnr = '{fallnr}'");
    office.column(&sql).await.remove(0)
}

async fn done(office: &Office) -> Vec<String> {
    office.column("select fallnr || ' ' || datum || ' ' || anzahl from aktivitaet order by datum").await
}

async fn a_field_is_set_and_said(office: Office) {
    let office = office.with(&cases(&[("1", "")]));
    let revision = office.revision().await;
    let said = office.asked(&["case", "set", "1", "ende_am", "3.11.2025"]).said();
    assert!(said.starts_with("Fall 1: ende_am leer → Mo., 03.11.2025. Das gilt, bis die Liste"), "{said}");
    assert_eq!((end_of(&office, "1").await, office.revision().await), ("2025-11-03".to_owned(), revision + 1));
    let said = office.asked(&["case", "set", "1", "Ende-am", "2025-11-03"]).said();
    assert_eq!(said, "Fall 1: ende_am ist schon Mo., 03.11.2025; nichts wurde geändert.\n");
    assert_eq!(office.revision().await, revision + 1);
    office.asked(&["case", "set", "1", "ende_am", ""]).said();
    assert_eq!(end_of(&office, "1").await, "-");
    office.asked(&["case", "set", "1", "bezeichnung", "Mia Muster"]).said();
    assert_eq!(office.column("select bezeichnung from betreuung").await, ["M. M."], "initials at most");
    let answer = office.asked(&["case", "set", "1", "bak", "mist"]);
    assert_eq!((answer.code(), answer.out().starts_with("Fall 1: bak must → mist.")), (0, true));
    assert!(answer.err().starts_with("Hinweis: mist ist im Personal nicht bekannt"), "{}", answer.err());
    let who = office.column("select distinct wer || ' ' || woher from vorgang where art = 'set'").await;
    assert_eq!(who, [format!("{} case set", me())]);
}

async fn what_a_field_cannot_be_is_said_with_what_would_be_right(office: Office) {
    let office = office.with(&cases(&[("1", "")]));
    let facts = office.facts().await;
    for (words, parts) in [
        (["1", "ende_am", "gestern"], &["ende_am", "„gestern“", "TT.MM.JJJJ"][..]),
        (["1", "ende_grund", "umgezogen"], &["ende_grund", "„umgezogen“", "rueckgabe_frist"]),
        (["1", "kennung", "XY"], &["kennung", "„XY“", "BAK16e"]),
        (["1", "team", "T9"], &["team", "„T9“", "unbekannt"]),
        (["1", "team", ""], &["team", "fehlt"]),
        (["1", "fallnr", "2"], &["berichtigen lassen sich: bezeichnung, bak"]),
        (["1", "kundennummer", "2"], &["berichtigen lassen sich: bezeichnung, bak"]),
        (["01", "bak", "must"], &["Der Fall 01 ist nicht bekannt."]),
    ] {
        let said = office.asked(&[&["case", "set"], &words[..]].concat()).refused();
        for part in parts {
            assert!(said.contains(part), "{words:?}: {said}");
        }
    }
    assert_eq!(office.facts().await, facts);
    assert!(office.asked(&["case", "show", "01"]).refused().contains("Der Fall 01 ist nicht bekannt."));
}

async fn a_correction_stays_until_the_list_says_something_new(office: Office) {
    let list = cases(&[("1", "03.11.2025"), ("2", "")]);
    let office = office.with(&list);
    office.asked(&["case", "set", "1", "ende_am", "05.11.2025"]).said();
    let said = office.deliver(&[("betreuungen.csv", &list)]).said();
    assert!(said.ends_with("Nichts geändert: Die Daten waren schon auf diesem Stand.\n"), "{said}");
    assert_eq!(end_of(&office, "1").await, "2025-11-05");
    // Something else of the row changes: the correction stays all the same.
    office.deliver(&[("betreuungen.csv", &list.replace("1;must", "1;"))]).said();
    assert_eq!(end_of(&office, "1").await, "2025-11-05");
    assert!(
        office
            .asked(&["case", "show", "1"])
            .said()
            .contains("die Liste sagt Mo., 03.11.2025, hier gilt Mi., 05.11.2025")
    );
    let said = office.deliver(&[("betreuungen.csv", &cases(&[("1", "07.11.2025"), ("2", "")]))]).said();
    assert!(
        said.contains("„1“: Eine Angabe, die von Hand berichtigt war, nennt die Liste jetzt neu; es gilt die Liste."),
        "{said}"
    );
    assert_eq!((end_of(&office, "1").await, office.count("korrektur").await), ("2025-11-07".to_owned(), 0));
}

async fn a_list_that_catches_up_is_the_last_word_of_the_list(office: Office) {
    let office = office.with(&cases(&[("1", "")]));
    office.asked(&["case", "set", "1", "ende_am", "05.11.2025"]).said();
    let caught_up = cases(&[("1", "05.11.2025")]);
    office.deliver(&[("betreuungen.csv", &caught_up)]).said();
    assert!(!office.asked(&["case", "show", "1"]).said().contains("Von Hand anders"));
    office.asked(&["case", "set", "1", "ende_am", "06.11.2025"]).said();
    office.deliver(&[("betreuungen.csv", &caught_up)]).said();
    assert_eq!(end_of(&office, "1").await, "2025-11-06");
    office.deliver(&[("betreuungen.csv", &cases(&[("1", "")]))]).said();
    assert_eq!(end_of(&office, "1").await, "-", "the list says something else than before");
}

async fn a_withdrawal_stays_until_the_list_says_something_new(office: Office) {
    let office = office.with(&cases(&[("1", ""), ("2", "")]));
    let list = |count| activities(&[("1", "ag_kontakt", "03.11.2025", count), ("2", "ag_kontakt", "04.11.2025", 1)]);
    office.deliver(&[("aktivitaeten.csv", &list(1))]).said();
    office.asked(&["record", "--withdraw", "ag_kontakt", "1", "--on", "03.11.2025"]).said();
    office.deliver(&[("aktivitaeten.csv", &list(1))]).said();
    assert_eq!(done(&office).await, ["1 2025-11-03 0", "2 2025-11-04 1"]);
    office.deliver(&[("aktivitaeten.csv", &list(2))]).said();
    assert_eq!(done(&office).await, ["1 2025-11-03 2", "2 2025-11-04 1"]);
}

async fn an_entry_by_hand_that_the_list_repeats_can_be_withdrawn(office: Office) {
    let office = office.with(&cases(&[("1", "")]));
    let list = activities(&[("1", "ag_kontakt", "03.11.2025", 1)]);
    office.asked(&["record", "ag_kontakt", "1", "--on", "03.11.2025"]).said();
    office.deliver(&[("aktivitaeten.csv", &list)]).said();
    office.asked(&["record", "--withdraw", "ag_kontakt", "1", "--on", "03.11.2025"]).said();
    office.deliver(&[("aktivitaeten.csv", &list)]).said();
    assert_eq!(done(&office).await, ["1 2025-11-03 0"]);
    office.asked(&["record", "ag_kontakt", "1", "--on", "03.11.2025"]).said();
    assert_eq!(done(&office).await, ["1 2025-11-03 1"]);
}

async fn undoing_gives_a_correction_back(office: Office) {
    let list = cases(&[("1", "03.11.2025")]);
    let office = office.with(&list);
    office.asked(&["case", "set", "1", "ende_am", "05.11.2025"]).said();
    let facts = office.facts().await;
    office.deliver(&[("betreuungen.csv", &cases(&[("1", "07.11.2025")]))]).said();
    office.asked(&["undo", "3"]).said();
    assert_eq!(office.facts().await, facts);
    office.deliver(&[("betreuungen.csv", &list)]).said();
    assert_eq!(end_of(&office, "1").await, "2025-11-05");
}

async fn a_withdrawal_says_what_was_there(office: Office) {
    let office = office.with(&cases(&[("1", ""), ("2", "")]));
    let list = activities(&[("1", "stellensuchlauf", "03.11.2025", 3), ("1", "stellensuchlauf", "05.11.2025", 1)]);
    office.deliver(&[("aktivitaeten.csv", &list)]).said();
    let answer = office.asked(&["record", "--withdraw", "stellensuchlauf", "1", "2", "--on", "04.11.2025"]);
    assert_eq!((answer.code(), answer.out()), (1, String::new()));
    let said = answer.err();
    assert!(said.contains("Am Di., 04.11.2025 nicht eingetragen und daher nicht zurückgenommen: 1, 2."), "{said}");
    assert!(said.contains("an anderen Tagen, zuletzt 1: Mi., 05.11.2025, Mo., 03.11.2025."), "{said}");
    let said = office.asked(&["record", "--withdraw", "stellensuchlauf", "1", "--on", "03.11.2025"]).said();
    assert!(said.contains("Mehr als einmal eingetragen und ganz zurückgenommen: 1 (3-mal)."), "{said}");
    let kept = office.column("select wer || ' ' || woher from vorgang where art = 'withdraw'").await;
    assert_eq!(kept, [format!("{} record --withdraw", me())]);
}

/// A case with a past: imports, a correction, an import taken back, an entry withdrawn.
fn told(office: Office) -> Office {
    let office = office.with(&cases(&[("1", "03.11.2025"), ("2", "")]));
    office
        .deliver(&[
            (
                "aktivitaeten.csv",
                &activities(&[("1", "ag_kontakt", "06.10.2025", 1), ("1", "ag_kontakt", "20.10.2025", 2)]),
            ),
            (
                "foerderungen.csv",
                "foerdernr;fallnr;art;arbeitgeber;beginn;ende;potenzial\nF1;1;EGZ;Beispiel GmbH;01.10.2025;;ja\n",
            ),
        ])
        .said();
    office.asked(&["case", "set", "1", "ende_am", "05.11.2025"]).said();
    office.asked(&["case", "set", "1", "ende_grund", "integration"]).said();
    office.deliver(&[("betreuungen.csv", &cases(&[("1", "03.11.2025"), ("2", "07.11.2025")]))]).said();
    office.asked(&["undo", "5"]).said();
    office.asked(&["record", "--withdraw", "ag_kontakt", "1", "--on", "06.10.2025"]).said();
    office
}

async fn a_case_shows_where_everything_comes_from(office: Office) {
    let office = told(office);
    let said = office.asked(&["case", "show", "1"]).said();
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "Fall 1, Datenstand:",
        "hauptbetreuer_seit Mi., 01.10.2025 – betreuungen.csv (Import 1),",
        "ende_am Mi., 05.11.2025 – case set (Nr. 3),",
        "ende_grund integration – case set (Nr. 4),",
        "ende_am: die Liste sagt Mo., 03.11.2025, hier gilt Mi., 05.11.2025",
        "Tätigkeit ag_kontakt 2025-10-06: die Liste sagt 1, hier gilt 0",
        "Tätigkeiten (2)",
        "Mo., 20.10.2025: AG-Kontakt (2-mal) – aktivitaeten.csv (Import 2),",
        "Mo., 06.10.2025: AG-Kontakt (zurückgenommen) – record --withdraw (Nr. 7),",
        "F1: EGZ, Mi., 01.10.2025 bis offen, Beispiel GmbH, Potenzial: ja – foerderungen.csv (Import 2)",
        "ende_am Mo., 03.11.2025 → Mi., 05.11.2025 – case set (Nr. 3)",
        "anzahl 1 → 0 – record --withdraw (Nr. 7)",
        &format!("von {}", me()),
        "Offen (",
        "Mails dazu (0)",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    let other = office.asked(&["case", "show", "2"]).said();
    let other = other.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(other.contains("ende_am leer – betreuungen.csv (Import 1)"), "{other}");
    assert!(other.contains("ende_am leer → Fr., 07.11.2025 – betreuungen.csv (Import 5)"), "{other}");
    assert!(other.contains("Änderungen (1)") && other.contains("; zurückgenommen"), "{other}");
    office.deliver(&[("pausen.csv", "fallnr;von;bis\n2;01.11.2025;\n")]).said();
    office.deliver(&[("pausen.csv", "fallnr;von;bis\n1;01.11.2025;\n")]).said();
    let other = office.asked(&["case", "show", "2"]).said();
    let other = other.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(other.contains(": entfernt; von war Sa., 01.11.2025 – pausen.csv (Import 9),"), "{other}");
}

async fn a_case_is_shown_to_programs(office: Office) {
    let office = told(office);
    let many: Vec<_> = (1..=25).map(|day| format!("{day:02}.09.2025")).collect();
    let many: Vec<_> = many.iter().map(|day| ("1", "kontakt_telefonisch", day.as_str(), 1)).collect();
    office.deliver(&[("aktivitaeten.csv", &activities(&many))]).said();
    let said = office.asked(&["case", "show", "1", "--format", "json"]).said();
    let case: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(case["fallnr"], "1");
    assert_eq!(
        (&case["angaben"]["ende_am"]["wert"], &case["angaben"]["ende_am"]["vorgang"]),
        (&"2025-11-05".into(), &3.into())
    );
    assert_eq!(case["taetigkeiten"].as_array().unwrap().len(), 27, "programs get all of it");
    assert_eq!(case["taetigkeiten"][0]["datum"], "2025-10-20");
    assert_eq!(case["korrekturen"].as_array().unwrap().len(), 3);
    let kept = case["vorgaenge"].as_array().unwrap();
    assert!(
        kept.iter().any(|v| v["nr"] == 3 && v["art"] == "set" && v["wer"] == me().as_str() && v["woher"] == "case set")
    );
    let text = office.asked(&["case", "show", "1"]).said();
    assert!(text.contains("… und 7 ältere; --all zeigt alle."), "{text}");
    assert!(office.asked(&["case", "show", "1", "--all"]).said().contains("01.09.2025"));
}
