//! The office's own list in the watched folder, read by the mapping of the settings.

use std::fs;
use std::path::Path;

use super::{files, house, mails, said};

#[test]
fn the_offices_own_workbook_is_read_as_the_mapping_says_and_its_report_names_the_columns() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mapping = root.join("config/kundenliste.beispiel.toml").display().to_string();
    let house = house().with("INBOX__MAPPING", mapping);
    for file in fs::read_dir(root.join("tests/data/listen")).unwrap().map(Result::unwrap) {
        fs::copy(file.path(), house.path("eingang").join(file.file_name())).unwrap();
    }
    let output = house.run(&["inbox"]);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("kundenliste_bak.xlsx: Alles übernommen."), "{text}");
    let lie = files(&house.path("eingang"));
    let report = &lie["done/kundenliste_bak.xlsx.bericht.txt"];
    for words in [
        "246 Zeilen gelesen: 246 neu",
        "Blatt „Kunden BAK“, Kopfzeile in Zeile 3",
        "Spalte „Fall“ = fallnr",
        "Spalte „letzter AG-Kontakt“ = Tätigkeit ag_kontakt",
    ] {
        assert!(report.contains(words), "{words:?} is missing in\n{report}");
    }
    let mails = mails(&house, "eingang");
    assert_eq!(mails.len(), 1);
    assert!(!mails[0].contains("Neckarsulm"), "no values in a mail: {}", mails[0]);
    let evaluated = house.says(&["evaluate", "--on", "2026-11-23", "--format", "jsonl"]);
    assert!(evaluated.lines().count() > 20, "the list has no effect: {evaluated}");
    // The same once more says nothing new.
    let list = "kundenliste_bak.xlsx";
    fs::copy(root.join("tests/data/listen").join(list), house.path("eingang").join(list)).unwrap();
    assert!(said(&house.run(&["inbox"])).contains("Nichts Neues"));
}

#[test]
fn a_mapping_that_cannot_be_used_is_refused_before_anything_is_read() {
    let house = house();
    fs::write(house.path("z.toml"), "quelle = \"liste\"\n[spalten]\n\"Fall\" = \"fallnummer\"\n").unwrap();
    let mapping = house.path("z.toml").display().to_string();
    let house = house.with("INBOX__MAPPING", mapping);
    fs::write(house.path("eingang/teams.csv"), "team\nT0\n").unwrap();
    let output = house.run(&["inbox"]);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("inbox.mapping") && text.contains("z.toml") && text.contains("fallnummer"), "{text}");
    assert!(house.path("eingang/teams.csv").exists());
}
