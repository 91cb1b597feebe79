//! An office's own workbook, read by a mapping: it is logged, corrected and taken back like a delivery.

use crate::office::{Answer, Office, me, on_both};
use crate::workbook::Cell::{Nothing, Owned, Text};
use crate::workbook::{Cell, xlsx};

on_both!(
    a_list_is_logged_with_a_line_for_each_table,
    every_state_before_a_list_comes_back,
    a_field_corrected_by_hand_stays_until_the_list_says_something_new,
    a_field_that_the_list_does_not_state_stays_corrected,
    a_day_withdrawn_by_hand_stays_withdrawn_while_the_list_says_it,
    a_count_by_hand_outlives_a_column_of_days,
    a_day_withdrawn_by_hand_that_moves_back_is_the_last_word_of_the_list,
    an_emptied_cell_is_told_until_the_day_is_withdrawn,
    what_a_list_remembers_keeps_earlier_lists_from_being_taken_back,
    a_dry_run_shows_old_and_new_and_keeps_nothing,
);

const MAP: &str = "quelle = \"liste\"\nvollstaendig = true\n[fest]\nteam = \"T0\"\n[spalten]\n\"Fall\" = \"fallnr\"\n\
    \"Berater\" = \"bak\"\n\"zurück am\" = \"ende_am\"\n[taetigkeiten]\n\"AG-Kontakt\" = \"ag_kontakt\"\n";

/// Cases of the list: number, adviser, end, last contact with an employer.
type Row = (&'static str, &'static str, &'static str, &'static str);

impl Office {
    pub(crate) async fn with_people(self) -> Self {
        let office = self.with("fallnr;bak;ifk;team;region;kennung;kennung_seit;uebergabe_am;hauptbetreuer_seit;ende_am;ende_grund;rueckgabegespraech_am;fazit_am\n");
        assert_eq!(office.count("betreuung").await, 0);
        office
    }

    fn list(&self, rows: &[Row], more: &[&str]) -> Answer {
        let header = ["Fall", "Berater", "zurück am", "AG-Kontakt"].map(Text).to_vec();
        let cell = |text: &str| if text.is_empty() { Nothing } else { Owned(text.to_owned()) };
        let row = |(fall, bak, end, day): &Row| -> Vec<Cell> { [fall, bak, end, day].map(|text| cell(text)).to_vec() };
        let path = |name: &str| self.folder.path().join(name).to_string_lossy().into_owned();
        let rows = std::iter::once(header).chain(rows.iter().map(row)).collect();
        std::fs::write(path("kundenliste.xlsx"), xlsx(&[("Fälle", rows)])).unwrap();
        std::fs::write(path("liste.toml"), MAP).unwrap();
        self.asked(&[&["import", "--map", &path("liste.toml"), &path("kundenliste.xlsx")], more].concat())
    }

    pub(crate) async fn done(&self) -> Vec<String> {
        self.column("select fallnr || ' ' || datum || ' ' || anzahl from aktivitaet order by fallnr, datum").await
    }

    async fn end_of(&self, fallnr: &str) -> String {
        let sql = format!("select coalesce(cast(ende_am as text), '-') from betreuung where fallnr = '{fallnr}'");
        self.column(&sql).await.remove(0)
    }
}

const FIRST: [Row; 6] = [
    ("1", "must", "", "02.11.2025"),
    ("2", "must", "", "03.11.2025"),
    ("3", "must", "", ""),
    ("4", "must", "", "04.11.2025"),
    ("5", "must", "", "04.11.2025"),
    ("6", "must", "", "04.11.2025"),
];

fn changed(changes: &[Row]) -> Vec<Row> {
    let of = |row: &Row| *changes.iter().find(|change| change.0 == row.0).unwrap_or(row);
    FIRST.iter().map(of).collect()
}

async fn a_list_is_logged_with_a_line_for_each_table(office: Office) {
    let office = office.with_people().await;
    let said = office.list(&FIRST, &[]).said();
    assert!(said.ends_with("Import 2; zurücknehmen ließe er sich mit „wiedervorlage undo 2“.\n"), "{said}");
    let files = office
        .column("select tabelle || ' ' || datei || ' ' || gelesen || ' ' || neu from vorgang_datei where vorgang = 2 order by nr")
        .await;
    assert_eq!(files, ["betreuung kundenliste.xlsx 6 6", "aktivitaet kundenliste.xlsx 5 5"]);
    let lines = office.asked(&["imports", "--format", "jsonl"]).said();
    let newest: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!((&newest["who"], &newest["new"]), (&me().into(), &11.into()));
    assert_eq!(newest["files"], serde_json::json!(["kundenliste.xlsx"]));
    let counts = |n: usize| (newest["tables"][n]["table"].as_str(), newest["tables"][n]["new"].as_u64());
    assert_eq!((counts(0), counts(1)), ((Some("betreuung"), Some(6)), (Some("aktivitaet"), Some(5))));
    let shown = office.asked(&["imports"]).said();
    for word in ["import: kundenliste.xlsx ", "┆ Betreuungen ┆ 6 ", "┆ Tätigkeiten ┆ 5 "] {
        assert!(shown.contains(word), "{word}\n{shown}");
    }
    assert!(!shown.contains("kundenliste.xlsx, kundenliste.xlsx"), "{shown}");
    let case = office.asked(&["case", "show", "1"]).said();
    assert!(case.contains("AG-Kontakt – kundenliste.xlsx (Import 2)"), "{case}");
    // Said once more, nothing is new and nothing is kept twice.
    assert!(office.list(&FIRST, &[]).said().contains("Nichts geändert"));
    assert_eq!(office.count("protokoll").await, 0);
}

async fn every_state_before_a_list_comes_back(office: Office) {
    let office = office.with_people().await;
    let without_sixth = &FIRST[..5];
    let lists: [Vec<Row>; 6] = [
        FIRST.to_vec(),
        // A later day, an end, a first day.
        changed(&[("1", "must", "", "09.11.2025"), ("2", "", "05.11.2025", "03.11.2025"), ("3", "", "", "06.11.2025")]),
        // A day that has moved back.
        changed(&[("1", "must", "", "05.11.2025")]),
        // A case that is gone, and back again; then a list that moves back to a day it has said before.
        without_sixth.to_vec(),
        FIRST.to_vec(),
        changed(&[("1", "", "", "01.11.2025")]),
    ];
    let mut states = vec![office.facts().await];
    for list in &lists {
        office.list(list, &[]).said();
        states.push(office.facts().await);
    }
    for (n, state) in states.iter().enumerate().rev().skip(1) {
        let import = (n + 2).to_string();
        let said = office.asked(&["undo", &import]).said();
        assert!(said.starts_with(&format!("Import {import} ist zurückgenommen")), "{said}");
        assert_eq!(office.facts().await, *state, "after undo {import}");
    }
    assert_eq!((office.count("listentag").await, office.count("listenfall").await), (0, 0));
}

async fn a_field_corrected_by_hand_stays_until_the_list_says_something_new(office: Office) {
    let office = office.with_people().await;
    let ended = |day: &'static str| changed(&[("1", "must", day, "02.11.2025")]);
    office.list(&ended("03.11.2025"), &[]).said();
    office.asked(&["case", "set", "1", "ende_am", "05.11.2025"]).said();
    assert!(office.list(&ended("03.11.2025"), &[]).said().contains("Nichts geändert"));
    assert_eq!(office.end_of("1").await, "2025-11-05");
    let said = office.list(&ended("07.11.2025"), &[]).said();
    assert!(said.contains("„1“: Eine Angabe, die von Hand berichtigt war, nennt die Liste jetzt neu"), "{said}");
    assert_eq!(office.end_of("1").await, "2025-11-07");
}

async fn a_field_that_the_list_does_not_state_stays_corrected(office: Office) {
    let office = office.with_people().await;
    office.list(&FIRST, &[]).said();
    office.asked(&["case", "set", "1", "uebergabe_am", "05.11.2025"]).said();
    let said = office.list(&changed(&[("1", "ivo", "", "08.11.2025")]), &[]).said();
    assert!(!said.contains("von Hand berichtigt"), "{said}");
    assert_eq!(
        office.column("select cast(uebergabe_am as text) from betreuung where fallnr = '1'").await,
        ["2025-11-05"]
    );
    assert_eq!(office.count("korrektur").await, 1);
}

async fn a_day_withdrawn_by_hand_stays_withdrawn_while_the_list_says_it(office: Office) {
    let office = office.with_people().await;
    let of_one = |day: &'static str| [("1", "must", "", day)];
    office.list(&of_one("02.11.2025"), &[]).said();
    office.asked(&["record", "ag-kontakt", "1", "--on", "02.11.2025", "--withdraw"]).said();
    assert!(office.list(&of_one("02.11.2025"), &[]).said().contains("Nichts geändert"));
    assert_eq!(office.done().await, ["1 2025-11-02 0"]);
    // A later day is something new, and says nothing about the one withdrawn.
    let said = office.list(&of_one("09.11.2025"), &[]).said();
    assert!(!said.contains("von Hand berichtigt"), "{said}");
    assert_eq!(office.done().await, ["1 2025-11-02 0", "1 2025-11-09 1"]);
}

async fn a_count_by_hand_outlives_a_column_of_days(office: Office) {
    let office = office.with_people().await;
    let of_one = |day: &'static str| [("1", "must", "", day)];
    office.list(&of_one(""), &[]).said();
    office.asked(&["record", "ag-kontakt", "1", "--on", "02.11.2025", "--count", "3"]).said();
    office.list(&of_one("02.11.2025"), &[]).said();
    assert_eq!(office.done().await, ["1 2025-11-02 3"]);
    // The list knows that day by now: what people withdraw stays withdrawn.
    office.asked(&["record", "ag-kontakt", "1", "--on", "02.11.2025", "--withdraw"]).said();
    office.list(&of_one("02.11.2025"), &[]).said();
    assert_eq!(office.done().await, ["1 2025-11-02 0"]);
}

async fn a_day_withdrawn_by_hand_that_moves_back_is_the_last_word_of_the_list(office: Office) {
    let office = office.with_people().await;
    let of_one = |day: &'static str| [("1", "must", "", day)];
    office.list(&of_one("09.11.2025"), &[]).said();
    office.asked(&["record", "ag-kontakt", "1", "--on", "09.11.2025", "--withdraw"]).said();
    let said = office.list(&of_one("02.11.2025"), &[]).said();
    assert!(said.contains("stand zuletzt ein späterer Tag (09.11.2025)"), "{said}");
    assert_eq!(office.done().await, ["1 2025-11-02 1", "1 2025-11-09 0"]);
    // The list no longer said that day: saying it now is new, and counts.
    let said = office.list(&of_one("09.11.2025"), &[]).said();
    assert!(said.contains("Eine Angabe, die von Hand berichtigt war, nennt die Liste jetzt neu"), "{said}");
    assert_eq!(office.done().await, ["1 2025-11-02 1", "1 2025-11-09 1"]);
}

async fn an_emptied_cell_is_told_until_the_day_is_withdrawn(office: Office) {
    let office = office.with_people().await;
    office.list(&FIRST, &[]).said();
    let emptied = changed(&[("2", "must", "", "")]);
    let told = "Zeile 3, Spalte AG-Kontakt: Hier stand zuletzt der 03.11.2025, jetzt steht hier nichts; die Tätigkeit bleibt \
        eingetragen. War sie ein Irrtum, nimmt „record ag-kontakt 2 --on 03.11.2025 --withdraw“ sie zurück.";
    for _ in 0..2 {
        let said = office.list(&emptied, &[]).said();
        assert!(said.contains(told), "{said}");
        assert_eq!(said.matches("stand zuletzt").count(), 1, "{said}");
    }
    assert!(office.done().await.contains(&"2 2025-11-03 1".to_owned()));
    office.asked(&["record", "ag-kontakt", "2", "--on", "03.11.2025", "--withdraw"]).said();
    let said = office.list(&emptied, &[]).said();
    assert!(!said.contains("stand zuletzt"), "{said}");
    // A case in two rows has the day of either.
    for twice in [
        [("1", "must", "", ""), ("1", "must", "", "02.11.2025")],
        [("1", "must", "", "02.11.2025"), ("1", "must", "", "")],
    ] {
        let said = office.list(&[&twice[..], &FIRST[1..]].concat(), &[]).said();
        assert!(!said.contains("Spalte AG-Kontakt: Hier stand zuletzt der 02.11.2025"), "{said}");
    }
}

async fn what_a_list_remembers_keeps_earlier_lists_from_being_taken_back(office: Office) {
    let office = office.with_people().await;
    office.list(&FIRST, &[]).said();
    office.list(&FIRST[..5], &[]).said();
    let said = office.asked(&["undo", "2"]).refused();
    assert!(said.contains("1 Zeile wurde seitdem noch einmal geändert, von Vorgang 3 (ein Import)"), "{said}");
    let vanished = "select fallnr from listenfall where fehlt_seit is not null";
    assert_eq!(office.column(vanished).await, ["6"]);
    office.asked(&["undo", "3"]).said();
    assert!(office.column(vanished).await.is_empty(), "nobody asks for it any more");
    office.asked(&["undo", "2"]).said();
    assert_eq!(office.count("betreuung").await, 0);
}

async fn a_dry_run_shows_old_and_new_and_keeps_nothing(office: Office) {
    let office = office.with_people().await;
    office.list(&FIRST, &[]).said();
    let facts = office.facts().await;
    let next = changed(&[("1", "ivo", "05.11.2025", "01.11.2025"), ("2", "ivo", "", "03.11.2025")]);
    let said = office.list(&next, &["--dry-run"]).said();
    for part in [
        "Betreuungen, bak: 2 Änderungen\n  1: must → ivo\n  2: must → ivo\n",
        "Betreuungen, ende_am: 1 Änderung\n  1: leer → Mi., 05.11.2025\n",
        "Tätigkeiten, anzahl: 1 Änderung\n  1 ag_kontakt So., 02.11.2025: 1 → 0\n",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    assert_eq!(office.facts().await, facts);
    assert_eq!(office.count("vorgang").await, 2);
    let same = office.list(&FIRST, &["--dry-run"]).said();
    assert!(same.contains("Es würde sich nichts ändern") && !same.contains(" → "), "{same}");
}
