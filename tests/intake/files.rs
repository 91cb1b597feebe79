//! File by file: encodings, headers, quotes, names, folders, exit codes.

use std::fs;

use crate::world::{CASES, PERSONAL, TEAMS, World, cases, check, of};
use wiedervorlage::intake::Severity::{Kept, Refused};

#[tokio::test]
async fn encodings_line_ends_and_bom_make_no_difference() {
    let text = "kuerzel;name;email;rolle;team;region;vertretung\nB;Jäger–Groß;;BAK;T0;Öhringen;\n";
    let cp1252 = |s: &str| encoding_rs::WINDOWS_1252.encode(s).0.into_owned();
    for bytes in [
        text.as_bytes().to_vec(),
        format!("\u{feff}{text}").into_bytes(),
        text.replace('\n', "\r\n").into_bytes(),
        text.replace('\n', "\r").into_bytes(),
        text.trim_end().as_bytes().to_vec(),
        format!("sep=;\n{text}").into_bytes(),
        format!("\n;;\n{text}\n\n;;;;;;\n").into_bytes(),
        cp1252(text),
        cp1252(&text.replace('\n', "\r\n")),
    ] {
        let mut w = World::sqlite().await;
        let file = w.one("personal.csv", &bytes).await;
        assert_eq!((file.counts.read, file.counts.new, file.counts.reported), (1, 1, 0), "{bytes:?} {file:?}");
        assert_eq!(w.table("kollege").await, ["B|Jäger–Groß|-|BAK|T0|Öhringen|-"], "{bytes:?}");
    }
}

#[tokio::test]
async fn a_file_of_two_encodings_is_reported() {
    let mut w = World::sqlite().await;
    let bytes = [PERSONAL.as_bytes(), b"X;J\xe4ger;;BAK;T0;;\n"].concat();
    let file = w.one("personal.csv", bytes).await;
    check(&file, Kept, &[(3, "", "", "Bis hierher ist die Datei UTF-8")]);
    assert_eq!(file.counts.new, 2);
}

#[tokio::test]
async fn files_that_cannot_be_read_say_why() {
    let cases: &[(&str, &[u8], &str)] = &[
        ("teams.csv", b"", "leer"),
        ("teams.csv", b"\xef\xbb\xbf", "leer"),
        ("teams.csv", b"\n\n", "leer"),
        ("teams.csv", b"\xff\xfet\0e\0", "UTF-16"),
        ("teams.csv", b"PK\x03\x04xyz", "Excel-Arbeitsmappe"),
        ("teams.csv", b"team;name;postfach\n", "In der Kopfzeile fehlen die Spalten bundesland, leitung."),
        ("teams.csv", b"team;name;postfach;bundesland;leitung;Team\n", "Spalte team steht mehrfach"),
        ("teams.csv", b"T0;Team 0;;BW;\n", "keine Kopfzeile"),
        ("teams.csv", b"team,name,postfach,bundesland,leitung\n", "durch Kommas getrennt"),
        ("teams.csv", b"\"team;name\n", "Anführungszeichen"),
        ("team.csv", b"x", "Ist teams.csv gemeint?"),
    ];
    for (name, bytes, part) in cases {
        let mut w = World::sqlite().await;
        let file = w.one(name, bytes).await;
        let fatal = file.fatal.unwrap_or_else(|| panic!("{bytes:?}"));
        assert!(fatal.text.contains(part), "{bytes:?}: {}", fatal.text);
        assert_eq!(w.import().await.exit_code(), 2);
    }
}

#[tokio::test]
async fn an_unclosed_quote_costs_one_row_and_every_other_row_survives() {
    let mut w = World::sqlite().await.with_cases(&["1"]).await;
    let text = "fallnr;art;datum;anzahl;bemerkung\n\
                1;ag_kontakt;01.11.2026;1;\"gut; ja\"\n\
                1;ag_kontakt;02.11.2026;1;\"nie zu\n\
                1;ag_kontakt;03.11.2026;1;\"zwei\nZeilen\"\n\
                1;\"ag_kontakt\";04.11.2026;1;\n\
                1;ag_kontakt;5.11;1;\n\
                1;ag_kontakt;06.11.2026;1;\"nie zu";
    let file = w.one("aktivitaeten.csv", text).await;
    check(
        &file,
        Refused,
        &[
            (3, "bemerkung", "", "nicht geschlossen"),
            (7, "datum", "5.11", "kein Datum"),
            (8, "bemerkung", "", "nicht geschlossen"),
        ],
    );
    assert_eq!(
        w.table("aktivitaet").await,
        ["1|ag_kontakt|2026-11-01|1", "1|ag_kontakt|2026-11-03|1", "1|ag_kontakt|2026-11-04|1"]
    );
    assert_eq!((file.counts.read, file.counts.new, file.counts.refused), (6, 3, 3));
}

#[tokio::test]
async fn a_quote_over_whole_rows_is_reported() {
    let mut w = World::sqlite().await.with_cases(&["1"]).await;
    let text = "fallnr;art;datum;anzahl;bemerkung\n1;ag_kontakt;01.11.2026;1;\"auf\n1;ag_kontakt;02.11.2026;1;\n1;ag_kontakt;03.11.2026;1;zu\"\n";
    let file = w.one("aktivitaeten.csv", text).await;
    check(&file, Kept, &[(2, "", "", "mehrere Zeilen")]);
}

#[tokio::test]
async fn a_folder_is_read_in_dependency_order_and_strangers_are_left_alone() {
    let mut w = World::sqlite().await;
    let report = w
        .deliver(&[
            ("AKTIVITAETEN.CSV", "fallnr;art;datum;anzahl\n1;ag_kontakt;1.11.2026;\n"),
            ("betreuungen.csv", &cases(&["1"])),
            ("betreuungen.abgelehnt.csv", "never read"),
            ("liesmich.txt", "x"),
            (".betreuungen.csv", "x"),
            ("teams.csv", TEAMS),
        ])
        .await;
    assert_eq!(report.exit_code(), 0, "{report:?}");
    let names: Vec<_> =
        report.files.iter().map(|f| f.path.file_name().unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(names, ["teams.csv", "betreuungen.csv", "AKTIVITAETEN.CSV"]);
    assert!(report.files.iter().all(|f| f.counts.reported == 0), "{report:?}");
}

#[tokio::test]
async fn single_files_in_any_order_are_one_call() {
    let w = World::sqlite().await;
    w.write("betreuungen.csv", cases(&["1"]));
    w.write("teams.csv", TEAMS);
    let report = w.import_paths(&[w.path("betreuungen.csv"), w.path("teams.csv"), w.path("betreuungen.csv")]).await;
    assert_eq!(report.exit_code(), 0, "{report:?}");
    assert_eq!(report.files.len(), 2, "a file named twice is read once");
}

#[tokio::test]
async fn exit_codes_and_what_is_kept_beside_a_bad_file() {
    let mut w = World::sqlite().await;
    assert_eq!(w.import_paths(&[]).await.exit_code(), 2);
    assert_eq!(w.import_paths(&[w.path("nirgends")]).await.exit_code(), 2);
    assert_eq!(w.import().await.exit_code(), 2, "an empty folder");
    fs::create_dir(w.path("stellen.csv")).unwrap();
    assert_eq!(w.import().await.exit_code(), 2, "a folder called like a file");

    let report = w.deliver(&[("teams.csv", TEAMS), ("personal.csv", "x"), ("notizen.csv", "x")]).await;
    assert_eq!(report.exit_code(), 1);
    assert_eq!(w.table("team").await.len(), 1);
    assert!(of(&report, "personal.csv").fatal.is_some() && of(&report, "notizen.csv").fatal.is_some());
    assert!(report.kept && !report.changed_nothing);
}

#[tokio::test]
async fn a_very_long_line_is_refused_and_reading_goes_on() {
    let mut w = World::sqlite().await.with_cases(&[]).await;
    let long = "x".repeat(3 << 20);
    let text = format!("{CASES}1;;;;;T0;;;;;;;;;\n2;;{long};;;T0;;;;;;;;;\n3;;;;;T0;;;;;;;;;\n");
    let file = w.one("betreuungen.csv", text).await;
    check(&file, Refused, &[(3, "", "", "länger als 1024 KiB")]);
    assert_eq!(file.counts.new, 2);
}
