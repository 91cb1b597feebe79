//! The files of refused rows.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::world::{TEAMS, World, cases, of};

#[tokio::test]
async fn refused_rows_lie_beside_the_input_without_health_data_and_for_the_owner_alone() {
    let mut w = World::sqlite().await.with_cases(&["1"]).await;
    let file = w
        .one(
            "aktivitaeten.csv",
            "bemerkung;fallnr;art;datum;anzahl;farbe\n\
             geheim;1;ag_kontakt;1.11.2026;;rot\n\
             geheim;1;\"tele;fon\";1.11;;blau\n\
             \"geheim;1;ag_kontakt;2.11.2026;;gelb\n\
             geheim; geheim;1;ag_kontakt;3.11.2026;;grün\n",
        )
        .await;
    let path = w.path("aktivitaeten.abgelehnt.csv");
    assert_eq!(file.rejects.as_ref(), Some(&path));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(
        text,
        "\u{feff}bemerkung;fallnr;art;datum;anzahl;farbe;zeile;spalte;wert;grund;abhilfe\r\n\
         ;1;\"tele;fon\";1.11;;blau;3;art / datum;tele;fon / 1.11;"
            .replace("tele;fon / 1.11", "\"tele;fon / 1.11\"")
            + &text[text.find("art ist unbekannt").unwrap()..]
    );
    assert!(!text.contains("geheim"), "{text}");
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[2].starts_with(";;;;;;4;bemerkung;;Ein Anführungszeichen"), "{}", lines[2]);
    assert!(lines[3].starts_with(";;;;;;5;"), "{}", lines[3]);
    assert_eq!(lines.len(), 4);
}

#[tokio::test]
async fn a_list_of_refused_rows_is_made_fresh_and_goes_when_nothing_is_refused() {
    let w = World::sqlite().await.with_cases(&["1"]).await;
    let path = w.path("pausen.abgelehnt.csv");
    for (rows, lines) in [("1;x;;\n1;y;;\n", 3), ("1;z;;\n", 2), ("1;1.1.2026;;\n", 0)] {
        w.write("pausen.csv", format!("fallnr;von;bis;grund\n{rows}"));
        let report = w.import().await;
        assert_eq!(report.files.len(), 1, "the list itself is never read");
        assert_eq!(fs::read_to_string(&path).map_or(0, |t| t.lines().count()), lines);
    }
    // Somebody else's file of that name stays.
    w.write("pausen.abgelehnt.csv", "fallnr;von\n");
    w.import().await;
    assert!(path.exists());
}

#[tokio::test]
async fn corrected_rows_can_be_delivered_with_the_columns_that_we_added() {
    let mut w = World::sqlite().await.with_cases(&["1"]).await;
    w.one("pausen.csv", "fallnr;von;bis;grund\n1;1.1.202;;Kur\n").await;
    let list = fs::read_to_string(w.path("pausen.abgelehnt.csv")).unwrap().replace("1;1.1.202;", "1;1.1.2020;");
    let file = w.one("pausen.csv", list).await;
    assert_eq!((file.counts.new, file.counts.reported, file.fatal), (1, 0, None), "{:?}", file.problems);
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_costs_only_the_list() {
    let mut w = World::sqlite().await;
    // Something is in the way that no file can replace; works for root too.
    w.dir = tempfile::TempDir::new().unwrap();
    fs::create_dir_all(w.path("betreuungen.abgelehnt.csv/x")).unwrap();
    w.write("teams.csv", TEAMS);
    w.write("betreuungen.csv", cases(&["1"]) + "2;;;;;T9;;;;;;;;;\n");
    let report = w.import_paths(&[w.path("teams.csv"), w.path("betreuungen.csv")]).await;
    let file = of(&report, "betreuungen.csv");
    assert_eq!((file.counts.new, file.counts.refused, file.rejects.as_ref()), (1, 1, None));
    assert!(file.rejects_failed.as_ref().unwrap().contains("ließen sich nicht"));
    assert_eq!(report.exit_code(), 1);
    let left: Vec<_> = fs::read_dir(w.dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "no temporary file stays: {left:?}");
}
