//! Imports are known by number, and can be taken back whole unless somebody has built on them.

use std::path::Path;
use std::process::Command;

use crate::office::{HEAD, Office, PERSONAL, TEAMS, activities, cases, me, on_both};

on_both!(
    an_import_says_its_number_and_is_listed_by_it,
    the_first_import_keeps_nothing_twice,
    what_is_kept_is_never_changed,
    taking_back_restores_every_state_that_was,
    an_import_that_others_built_on_stays,
    a_row_that_went_and_came_and_went_is_not_brought_back,
    two_files_of_a_kind_in_one_import_go_together,
    teams_that_others_need_stay,
    what_is_no_import_or_is_taken_back_already_is_said,
    an_import_that_changed_nothing_takes_back_how_fresh_the_data_is,
);

async fn an_import_says_its_number_and_is_listed_by_it(office: Office) {
    assert_eq!(office.asked(&["imports"]).said(), "Noch ist kein Import festgehalten.\n");
    let said = office.deliver(&[("teams.csv", TEAMS), ("personal.csv", PERSONAL)]).said();
    assert!(said.ends_with("Import 1; zurücknehmen ließe er sich mit „wiedervorlage undo 1“.\n"), "{said}");
    office.deliver(&[("betreuungen.csv", &cases(&[("1", ""), ("2", "")]))]).said();
    let list = office.asked(&["imports"]).said();
    for word in [me().as_str(), "import: teams.csv, personal.csv", "import: betreuungen.csv", "gilt"] {
        assert!(list.contains(word), "{word}\n{list}");
    }
    assert!(!list.contains(&*office.folder.path().to_string_lossy()), "a path may name people\n{list}");
    let lines = office.asked(&["imports", "--format", "jsonl"]).said();
    let newest: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(
        (newest["id"].as_i64(), newest["new"].as_u64(), newest["who"].as_str()),
        (Some(2), Some(2), Some(&*me()))
    );
    office.asked(&["undo", "2"]).said();
    assert!(office.asked(&["imports"]).said().contains("zurückgenommen am "));
}

async fn the_first_import_keeps_nothing_twice(office: Office) {
    let office = office.with(&cases(&[("1", ""), ("2", "")]));
    let again = office.deliver(&[("betreuungen.csv", &cases(&[("1", ""), ("2", "")]))]).said();
    assert!(again.ends_with("Nichts geändert: Die Daten waren schon auf diesem Stand.\n"), "{again}");
    assert_eq!(office.count("protokoll").await, 0);
    office.deliver(&[("betreuungen.csv", &cases(&[("1", "03.11.2025"), ("2", ""), ("3", "")]))]).said();
    assert_eq!(office.count("protokoll").await, 1, "only what changed is kept");
    assert_eq!(office.column("select fallnr from protokoll").await, ["1"], "retention finds it by its case");
}

async fn what_is_kept_is_never_changed(office: Office) {
    let office = office.with(&cases(&[("1", "")]));
    office.deliver(&[("betreuungen.csv", &cases(&[("1", "03.11.2025")]))]).said();
    for change in [
        "update protokoll set vorher = '[]'",
        "update vorgang set wer = 'niemand'",
        "update vorgang_datei set neu = 0",
        "update vorgang_team set vorgang = 7",
    ] {
        assert!(!office.takes(change).await, "{change}");
    }
    assert!(office.takes("delete from protokoll where fallnr = '1'").await, "it goes with its case");
}

/// A delivery of the oracle's generator.
fn generated(folder: &Path, on: &str, seed: &str) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/generate.py");
    let args = ["--cases", "60", "--on", on, "--seed", seed, "--odd"];
    assert!(Command::new("python3").arg(script).arg(folder).args(args).status().unwrap().success());
}

async fn taking_back_restores_every_state_that_was(office: Office) {
    let deliveries = [("2026-11-23", "1"), ("2026-11-30", "1"), ("2026-12-07", "2"), ("2026-12-14", "1")];
    let mut states = vec![office.facts().await];
    for (n, (on, seed)) in deliveries.into_iter().enumerate() {
        let folder = office.folder.path().join(format!("lieferung{n}"));
        generated(&folder, on, seed);
        assert!(office.import(&folder).code() < 2);
        states.push(office.facts().await);
    }
    for (n, state) in states.iter().enumerate().rev().skip(1) {
        let (revision, import) = (office.revision().await, (n + 1).to_string());
        let said = office.asked(&["undo", &import]).said();
        assert!(said.starts_with(&format!("Import {import} ist zurückgenommen")), "{said}");
        assert_eq!(office.facts().await, *state, "after undo {import}");
        assert_eq!(office.revision().await, revision + 1, "a morning that read the old facts is not written");
    }
}

async fn an_import_that_others_built_on_stays(office: Office) {
    let office = office.with(&cases(&[("1", ""), ("2", ""), ("3", "")]));
    office.deliver(&[("betreuungen.csv", &cases(&[("1", "03.11.2025"), ("2", "04.11.2025"), ("3", "")]))]).said();
    office.deliver(&[("betreuungen.csv", &cases(&[("1", "05.11.2025"), ("2", "04.11.2025"), ("3", "")]))]).said();
    let facts = office.facts().await;
    let said = office.asked(&["undo", "2"]).refused();
    assert!(said.contains("1 Zeile wurde seitdem noch einmal geändert, von Vorgang 3 (ein Import)"), "{said}");
    assert!(said.contains("Nehmen Sie zuerst die späteren Importe zurück"), "{said}");
    let said = office.asked(&["undo", "1"]).refused();
    assert!(said.contains("2 Zeilen wurden") && said.contains("3 (ein Import), 2 (ein Import)"), "{said}");
    assert_eq!(office.facts().await, facts, "nothing of it happened");

    office.asked(&["undo", "3"]).said();
    office.asked(&["undo", "2"]).said();
    office.asked(&["case", "set", "3", "bak", ""]).said();
    let said = office.asked(&["undo", "1"]).refused();
    assert!(said.contains("(eine Berichtigung von Hand)") && said.contains("„case set“"), "{said}");
}

async fn a_row_that_went_and_came_and_went_is_not_brought_back(office: Office) {
    let office = office.with(&cases(&[("1", ""), ("2", "")]));
    let (with, without) = ("fallnr;von;bis\n1;01.11.2025;\n", "fallnr;von;bis\n2;01.11.2025;\n");
    for list in [with, without, with, without] {
        office.deliver(&[("pausen.csv", list)]).said();
    }
    let said = office.asked(&["undo", "3"]).refused();
    assert!(said.contains("2 Zeilen wurden"), "the one that went, and the one that came for it: {said}");
    for import in ["5", "4", "3"] {
        office.asked(&["undo", import]).said();
    }
    assert_eq!(office.column("select fallnr from pause").await, ["1"]);
}

async fn two_files_of_a_kind_in_one_import_go_together(office: Office) {
    let office = office.with(&cases(&[("1", "")]));
    let before = office.facts().await;
    for (folder, end) in [("a", "03.11.2025"), ("b", "04.11.2025")] {
        std::fs::create_dir(office.folder.path().join(folder)).unwrap();
        let list = cases(&[("1", end), ("2", end)]);
        std::fs::write(office.folder.path().join(folder).join("betreuungen.csv"), list).unwrap();
        let list = format!("fallnr;von;bis\n{};01.11.2025;\n", if folder == "a" { 1 } else { 2 });
        std::fs::write(office.folder.path().join(folder).join("pausen.csv"), list).unwrap();
    }
    office.asked(&["import", "a", "b"]).said();
    assert_eq!(office.column("select cast(ende_am as text) from betreuung").await, ["2025-11-04", "2025-11-04"]);
    assert_eq!(office.column("select fallnr from pause").await, ["2"]);
    office.asked(&["undo", "2"]).said();
    assert_eq!(office.facts().await, before);
}

async fn teams_that_others_need_stay(office: Office) {
    office.deliver(&[("teams.csv", TEAMS), ("personal.csv", PERSONAL)]).said();
    office.deliver(&[("betreuungen.csv", &cases(&[("1", ""), ("2", "")]))]).said();
    let said = office.asked(&["undo", "1"]).refused();
    assert!(said.contains("zu denen 2 Fälle aus anderen Importen gehören"), "{said}");
    assert_eq!(office.count("team").await, 1);
    office.asked(&["undo", "2"]).said();
    office.asked(&["undo", "1"]).said();
    assert_eq!((office.count("team").await, office.count("kollege").await), (0, 0));
}

async fn what_is_no_import_or_is_taken_back_already_is_said(office: Office) {
    let office = office.with(&cases(&[("1", "")]));
    office.asked(&["record", "ag_kontakt", "1", "--on", "03.11.2025"]).said();
    office.asked(&["case", "set", "1", "region", "Süd"]).said();
    office.deliver(&[("aktivitaeten.csv", &activities(&[("1", "ag_kontakt", "04.11.2025", 1)]))]).said();
    office.asked(&["undo", "4"]).said();
    for (number, part) in [
        ("99", "Einen Import 99 gibt es nicht"),
        ("2", "kein Import, sondern ein Eintrag von Hand. Einen Eintrag nimmt „record --withdraw“ zurück."),
        ("3", "kein Import, sondern eine Berichtigung von Hand."),
        ("4", "Import 4 ist schon zurückgenommen (Vorgang 5)."),
        ("5", "kein Import, sondern die Rücknahme eines Imports."),
        ("6", "Einen Import 6 gibt es nicht"),
    ] {
        let said = office.asked(&["undo", number]).refused();
        assert!(said.contains(part), "{number}: {said}");
    }
}

async fn an_import_that_changed_nothing_takes_back_how_fresh_the_data_is(office: Office) {
    let office = office.with(&cases(&[("1", "")]));
    let stand = "select cast(at as text) from datenstand";
    let first = office.column(stand).await;
    office.deliver(&[("betreuungen.csv", &format!("{HEAD}1;must;ivo;T0;Nord;;;01.10.2025;01.10.2025;;;;\n"))]).said();
    assert_ne!(office.column(stand).await, first);
    let said = office.asked(&["undo", "2"]).said();
    assert!(said.contains("Er hatte an den Daten nichts geändert; ihr Stand ist wieder der frühere."), "{said}");
    assert_eq!(office.column(stand).await, first);
    let said = office.asked(&["undo", "1"]).said();
    assert!(said.starts_with("Import 1 ist zurückgenommen: 4 Zeilen entfernt, 0 Zeilen wieder wie zuvor."), "{said}");
    assert_eq!(office.count("datenstand").await, 0);
}
