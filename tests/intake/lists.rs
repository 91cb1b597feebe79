//! An office's own lists: what their cells say, whose days they are, and what becomes of cases that vanish; on both
//! databases.

use std::sync::Arc;

use wiedervorlage::intake::mapping::Mapping;
use wiedervorlage::intake::{FileReport, Options, Severity};

use crate::workbook::Cell::{Error, Formula, Nothing, Number, Owned, Serial, Text};
use crate::workbook::{Cell, ods, xlsx};
use crate::world::{World, now, on_both, ymd};

const MAP: &str = r#"
quelle = "liste"
fallnr_stellen = 7
nicht_lesen = ["Nr.", "Notiz"]
[fest]
team = "T0"
[spalten]
"Fall" = "fallnr"
"Berater" = "bak"
"zurück am" = "ende_am"
"warum" = "ende_grund"
[taetigkeiten]
"letzter AG-Kontakt" = "ag_kontakt"
[werte.ende_grund]
"hat Arbeit" = "integration"
"#;

const HEADER: [Cell; 7] = [
    Text("Nr."),
    Text(" Fall: "),
    Text("Berater"),
    Text("letzter\nAG-Kontakt"),
    Text("zurück am"),
    Text("Warum"),
    Text("Notiz"),
];

impl World {
    fn mapped(&mut self, mapping: &str) {
        self.options =
            Options { mapping: Some(Arc::new(Mapping::parse("liste.toml", mapping).unwrap())), ..Options::new(now()) };
    }

    /// Imports a workbook of one sheet; the reports of its rows and of its days.
    async fn list(&mut self, rows: Vec<Vec<Cell>>) -> Vec<FileReport> {
        self.deliver_bytes("liste.xlsx", &xlsx(&[("Tabelle1", rows)])).await
    }

    async fn deliver_bytes(&mut self, name: &str, bytes: &[u8]) -> Vec<FileReport> {
        self.dir = tempfile::TempDir::new().unwrap();
        self.write(name, bytes);
        self.import().await.files
    }

    /// Cases with the day of their last contact with an employer.
    async fn contacts(&mut self, rows: &[(&'static str, &'static str)]) -> Vec<FileReport> {
        let row = |(fall, day): &(&'static str, &'static str)| {
            vec![Nothing, Owned((*fall).to_owned()), Text("BAK0"), Text(day)]
        };
        self.list(std::iter::once(HEADER.to_vec()).chain(rows.iter().map(row)).collect()).await
    }
}

fn problems(file: &FileReport, severity: Severity) -> Vec<String> {
    file.problems.iter().filter(|p| p.severity == severity).map(ToString::to_string).collect()
}

/// Titles, blanks, numbers, serials, texts and formulas, as they stand in an office's list.
fn odd_list() -> Vec<Vec<Cell>> {
    vec![
        vec![Text("Kundenliste, Stand 20.11.2026")],
        vec![],
        HEADER.to_vec(),
        vec![Number(1.0), Text("0000001"), Text("BAK0 "), Serial(46_334.0), Nothing, Nothing, Text("k. A.")],
        vec![Number(2.0), Number(2.0), Text("bak0"), Text(" 3.11.26 "), Text("19.11.26"), Text("hat  Arbeit")],
        vec![],
        vec![Number(3.0), Text("3"), Text("k. A."), Text("k.A."), Text("–"), Nothing],
        vec![Number(4.0), Text("0000004"), Formula("A1", Some("BAK0")), Number(46_335.0)],
        vec![Text("Summe"), Formula("COUNTA(B4:B8)", Some("4"))],
        vec![Text("k. A. = keine Angabe")],
    ]
}

#[tokio::test]
async fn cells_are_understood_as_people_write_them() {
    on_both(|w| async move {
        let mut w = w.with_cases(&[]).await;
        w.mapped(MAP);
        let files = w.list(odd_list()).await;
        let counts = |file: &FileReport| (file.counts.read, file.counts.new, file.counts.refused);
        assert_eq!((counts(&files[0]), counts(&files[1])), ((4, 4, 0), (3, 3, 0)), "{files:?}");
        let sheet = &files[0].understood.as_ref().unwrap().sheets[0];
        assert_eq!((sheet.header, sheet.rows, sheet.skipped), (3, 4, 2));
        assert_eq!(
            w.table("betreuung").await,
            [
                "0000001||BAK0|-|T0|||-|-|-|-||-|-",
                "0000002||BAK0|-|T0|||-|-|-|2026-11-19|integration|-|-",
                "0000003||-|-|T0|||-|-|-|-||-|-",
                "0000004||BAK0|-|T0|||-|-|-|-||-|-",
            ]
        );
        assert_eq!(
            w.table("aktivitaet").await,
            ["0000001|ag_kontakt|2026-11-08|1", "0000002|ag_kontakt|2026-11-03|1", "0000004|ag_kontakt|2026-11-09|1"]
        );
        // The same list from LibreOffice says the same.
        let mut rows = odd_list();
        rows[7][2] = Text("BAK0");
        for file in w.deliver_bytes("liste.ods", &ods("Tabelle1", &rows)).await {
            assert_eq!((file.counts.new, file.counts.changed, file.counts.refused), (0, 0, 0), "{file:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_not_understood_is_told_in_the_words_of_the_list() {
    on_both(|w| async move {
        let mut w = w.with_cases(&[]).await;
        w.mapped(MAP);
        let files = w
            .list(vec![
                HEADER.to_vec(),
                vec![Nothing, Text("0000001"), Text("BAK0"), Text("neulich"), Nothing, Nothing, Text("geheim")],
                vec![Nothing, Text("0000002"), Text("BAK0"), Text("3.11."), Text("bald"), Nothing],
                vec![Nothing, Text("0000003"), Error("#N/A"), Error("#REF!"), Text("1.11.26"), Text("verzogen")],
                vec![Nothing, Text("12345678"), Text("BAK0")],
                vec![Nothing, Nothing, Text("BAK0"), Text("1.11.26")],
                vec![Nothing, Text("0000004"), Formula("1+1", None), Text("1.11.2027")],
                vec![Nothing, Text("0000004"), Text("BAK0")],
            ])
            .await;
        assert_eq!(
            problems(&files[0], Severity::Refused),
            [
                "Zeile 3, Spalte zurück am, „bald“: Das ist kein Datum. Bitte schreiben Sie es als TT.MM.JJJJ (23.11.2026) oder JJJJ-MM-TT (2026-11-23).",
                "Zeile 4, Spalte warum, „verzogen“: „warum“ ist unbekannt. Möglich sind integration, rueckgabe_frist, rueckgabe_mitwirkung, rueckgabe_sonstige. Oder ordnen Sie das Wort in liste.toml unter [werte.ende_grund] zu.",
                "Zeile 4, Spalte Berater: Die Formel hat keinen gespeicherten Wert oder einen Fehler; die Angabe bleibt, wie sie war. Bitte öffnen Sie die Liste in Excel, speichern Sie sie, oder schreiben Sie den Wert hinein.",
                "Zeile 5, Spalte Fall, „12345678“: Das ist keine Fallnummer aus 7 Ziffern. Bitte berichtigen Sie sie, oder in der Zuordnung fallnr_stellen.",
                "Zeile 6, Spalte Fall: „Fall“ fehlt. Bitte tragen Sie den Wert nach; ohne ihn gehört die Zeile zu nichts.",
                "Zeile 7, Spalte Berater: Die Formel hat keinen gespeicherten Wert oder einen Fehler; die Angabe bleibt, wie sie war. Bitte öffnen Sie die Liste in Excel, speichern Sie sie, oder schreiben Sie den Wert hinein.",
            ]
        );
        let kept = problems(&files[0], Severity::Kept);
        assert!(kept.iter().any(|p| p.starts_with("Zeile 8, Spalte Fall, „0000004“: Dieser Wert steht mehrfach")), "{kept:?}");
        let refused = problems(&files[1], Severity::Refused);
        assert_eq!(refused.len(), 1, "what the first reading has refused is not looked at: {refused:?}");
        assert!(refused[0].starts_with("Zeile 2, Spalte letzter AG-Kontakt, „neulich“: Das ist kein Datum"));
        assert!(problems(&files[1], Severity::Kept).iter().any(|p| p.contains("in der Zukunft")));
        // What is wrong with one cell costs nothing of the others, and what nobody mapped is shown nowhere.
        assert_eq!(w.table("betreuung").await.len(), 2);
        assert_eq!(w.table("aktivitaet").await, ["0000004|ag_kontakt|2027-11-01|1"]);
        let rejects = std::fs::read_to_string(w.path("liste.abgelehnt.csv")).unwrap();
        assert!(rejects.contains("verzogen") && rejects.contains("neulich") && !rejects.contains("geheim"), "{rejects}");
    })
    .await;
}

#[tokio::test]
async fn a_later_day_is_added_and_one_that_moved_back_takes_the_place_of_the_last() {
    on_both(|w| async move {
        let mut w = w.with_cases(&["0000001"]).await;
        w.mapped(MAP);
        for (day, expected, back) in [
            ("1.10.26", &["2026-10-01|1"][..], false),
            ("15.10.26", &["2026-10-01|1", "2026-10-15|1"], false),
            ("", &["2026-10-01|1", "2026-10-15|1"], false),
            ("10.10.26", &["2026-10-01|1", "2026-10-10|1", "2026-10-15|0"], true),
            ("10.10.26", &["2026-10-01|1", "2026-10-10|1", "2026-10-15|0"], false),
            ("15.10.26", &["2026-10-01|1", "2026-10-10|1", "2026-10-15|1"], false),
        ] {
            let files = w.contacts(&[("0000001", day)]).await;
            let expected: Vec<_> = expected.iter().map(|e| format!("0000001|ag_kontakt|{e}")).collect();
            assert_eq!(w.table("aktivitaet").await, expected, "{day}");
            let told = problems(&files[1], Severity::Kept);
            assert_eq!(
                told.iter().any(|p| p.contains("Hier stand zuletzt ein späterer Tag (15.10.2026)")),
                back,
                "{told:?}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn what_somebody_else_knows_is_not_taken_back_by_a_list() {
    on_both(|w| async move {
        let mut w = w.with_cases(&["0000001", "0000002"]).await;
        w.one("aktivitaeten.csv", "fallnr;art;datum;anzahl\n0000001;ag_kontakt;15.10.2026;2\n").await;
        w.mapped(MAP);
        w.contacts(&[("0000001", "15.10.26"), ("0000002", "15.10.26")]).await;
        // A column says on which day, not how often.
        assert_eq!(w.table("aktivitaet").await, ["0000001|ag_kontakt|2026-10-15|2", "0000002|ag_kontakt|2026-10-15|1"]);
        let mut other = w.same();
        other.mapped(&MAP.replace("quelle = \"liste\"", "quelle = \"andere\""));
        other.contacts(&[("0000002", "15.10.26")]).await;
        w.contacts(&[("0000001", "1.10.26"), ("0000002", "1.10.26")]).await;
        assert_eq!(
            w.table("aktivitaet").await,
            [
                "0000001|ag_kontakt|2026-10-01|1",
                "0000001|ag_kontakt|2026-10-15|2",
                "0000002|ag_kontakt|2026-10-01|1",
                "0000002|ag_kontakt|2026-10-15|1"
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn what_a_list_does_not_say_stays_as_it_is() {
    on_both(|w| async move {
        let mut w = w.with_cases(&[]).await;
        let case = format!("{}0000001;;M. M.;BAK0;IFK0;T0;Heilbronn;;;1.10.2026;2.10.2026;;;;\n", crate::world::CASES);
        w.one("betreuungen.csv", case).await;
        w.mapped(MAP);
        let files = w
            .list(vec![
                HEADER.to_vec(),
                vec![Nothing, Text("1"), Nothing, Nothing, Text("19.11.26"), Text("hat Arbeit")],
            ])
            .await;
        assert_eq!((files[0].counts.new, files[0].counts.changed), (0, 1));
        assert_eq!(
            w.table("betreuung").await,
            ["0000001|M. M.|-|IFK0|T0|Heilbronn||-|2026-10-01|2026-10-02|2026-11-19|integration|-|-"]
        );
    })
    .await;
}

#[tokio::test]
async fn several_sheets_and_csv_are_lists_as_well() {
    on_both(|w| async move {
        let mut w = w.with_cases(&[]).await;
        w.mapped(MAP);
        let row = |fall: &'static str, day: &'static str| vec![Nothing, Owned(fall.to_owned()), Text("BAK0"), Text(day)];
        let sheet = |fall, day| vec![vec![Text("Titel")], HEADER.to_vec(), row(fall, day)];
        let bytes = xlsx(&[
            ("Legende", vec![vec![Text("k. A. = keine Angabe")]]),
            ("Nord", sheet("1", "1.10.26")),
            ("Süd", sheet("2", "quatsch")),
        ]);
        let files = w.deliver_bytes("liste.xlsx", &bytes).await;
        assert_eq!((files[0].counts.new, files[1].counts.new), (2, 1));
        assert!(files[1].problems[0].to_string().starts_with("Zeile 3, Spalte letzter AG-Kontakt (Blatt Süd), „quatsch“"));
        w.mapped(&MAP.replace("fallnr_stellen", "blatt = \"Süd\"\nfallnr_stellen"));
        assert_eq!(w.deliver_bytes("liste.xlsx", &bytes).await[0].counts.read, 1);
        w.mapped(&MAP.replace("fallnr_stellen", "blatt = \"West\"\nfallnr_stellen"));
        let text = w.deliver_bytes("liste.xlsx", &bytes).await[0].fatal.clone().unwrap().text;
        assert!(text.contains("kein Blatt „West“") && text.contains("Legende, Nord, Süd"), "{text}");
        w.mapped(MAP);
        let csv = "Liste vom 20.11.\r\n\r\nNr.;Fall;Berater;letzter AG-Kontakt;zur\u{fc}ck am;warum;Notiz\r\n1;0000003;BAK0;3.11.26;;;\"a;\nb\"\r\n;Summe;1\r\n";
        let bytes: Vec<u8> = csv.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
        let files = w.deliver_bytes("liste.csv", &bytes).await;
        assert_eq!((files[0].counts.new, files[1].counts.new, files[0].counts.refused), (1, 1, 0), "{files:?}");
    })
    .await;
}

#[tokio::test]
async fn a_list_with_other_headings_is_refused_with_what_is_there() {
    on_both(|w| async move {
        let mut w = w.with_cases(&[]).await;
        w.mapped(MAP);
        let mut missing = HEADER.to_vec();
        missing[3] = Text("AG-Kontakt");
        let mut twice = HEADER.to_vec();
        twice[6] = Text("Fall");
        for (rows, parts) in [
            (
                vec![missing],
                vec![
                    "(Blatt „Tabelle1“, Zeile 1) fehlt die Überschrift „letzter AG-Kontakt“",
                    "Nicht zugeordnet sind dort: AG-Kontakt",
                ],
            ),
            (vec![twice], vec!["„Fall“ mehrfach", "„Fall (2)“"]),
            (
                vec![vec![Text("A"), Text("B")]],
                vec!["Keine Zeile enthält die Überschriften", "Zeile 1: A; B", "--suggest"],
            ),
            (vec![], vec!["Keine Zeile enthält die Überschriften"]),
        ] {
            let files = w.list(rows).await;
            let text = &files[0].fatal.as_ref().unwrap().text;
            assert!(parts.iter().all(|part| text.contains(part)), "{text}");
        }
        assert!(w.table("betreuung").await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn cases_that_vanish_from_a_complete_list_are_asked_about_and_not_closed() {
    const CASES: [&str; 6] = ["0000001", "0000002", "0000003", "0000004", "0000005", "0000006"];
    on_both(|w| async move {
        let mut w = w.with_cases(&["0000009"]).await;
        w.mapped(&MAP.replace("quelle", "vollstaendig = true\nquelle"));
        let day = ymd(2026, 11, 23);
        let all: Vec<_> = CASES.iter().map(|c| (*c, "1.10.26")).collect();
        w.contacts(&all).await;
        assert!(w.db.snapshot().await.unwrap().vanished(day).await.unwrap().is_empty());
        let files = w.contacts(&all[..5]).await;
        assert_eq!(
            problems(&files[0], Severity::Kept),
            ["Spalte Fall, „0000006“: Ein laufender Fall steht nicht mehr in der Liste – beendet? Grund? Er bleibt, wie er ist. \
              Bitte nehmen Sie ihn mit Ende und Grund wieder auf. Bis dahin ruhen Mitteilungen dazu an IFK und Leitung."]
        );
        let vanished = w.db.snapshot().await.unwrap().vanished(day).await.unwrap();
        assert_eq!(vanished["T0"], ["0000006"]);
        // One of five is 20 %, two are more.
        let files = w.contacts(&all[..3]).await;
        let text = &files[0].fatal.as_ref().unwrap().text;
        assert!(text.contains("fehlen 2 von 5 laufenden Fällen") && text.contains("--force"), "{text}");
        assert_eq!(files.len(), 1);
        w.options.force = true;
        w.contacts(&all[..3]).await;
        assert_eq!(w.db.snapshot().await.unwrap().vanished(day).await.unwrap()["T0"].len(), 3);
        w.options.force = false;
        // A row whose number cannot be read may be the one that is missing.
        let row = |fall: Cell| vec![Nothing, fall, Text("BAK0")];
        let files = w.list(vec![HEADER.to_vec(), row(Text("0000001")), row(Text("0000002")), row(Nothing)]).await;
        assert!(files[0].fatal.is_some(), "one of three is more than 20 %");
        // Back with an end, or just back: nobody asks any more. Others of the database were never asked about.
        let end = |fall| vec![Nothing, Text(fall), Text("BAK0"), Nothing, Text("20.11.26"), Text("hat Arbeit")];
        let mut rows = vec![HEADER.to_vec()];
        rows.extend(CASES[..3].iter().map(|c| row(Text(c))));
        rows.extend([end("0000004"), end("0000005"), row(Text("0000006"))]);
        w.list(rows).await;
        assert!(w.db.snapshot().await.unwrap().vanished(day).await.unwrap().is_empty());
        // What has ended may go.
        let rest: Vec<_> = CASES.iter().filter(|c| !["0000004", "0000005"].contains(c)).map(|c| (*c, "")).collect();
        let files = w.contacts(&rest).await;
        assert!(problems(&files[0], Severity::Kept).is_empty() && files[0].fatal.is_none());
        assert!(w.db.snapshot().await.unwrap().vanished(day).await.unwrap().is_empty());
        assert_eq!(w.table("betreuung").await.len(), 7);
    })
    .await;
}

#[tokio::test]
async fn a_dry_run_says_what_would_be_and_leaves_nothing() {
    on_both(|w| async move {
        let mut w = w.with_cases(&[]).await;
        w.mapped(MAP);
        w.options.dry_run = true;
        w.write("liste.xlsx", xlsx(&[("Tabelle1", odd_list())]));
        let report = w.import().await;
        assert_eq!((report.files[0].counts.new, report.files[1].counts.new), (4, 3));
        assert!(!report.kept && !report.changed_nothing);
        assert!(w.table("betreuung").await.is_empty() && w.table("aktivitaet").await.is_empty());
        let columns = &report.files[0].understood.as_ref().unwrap().columns;
        assert_eq!((columns[1].heading.as_str(), columns[1].means, columns[1].filled), ("Berater", "bak", 3));
    })
    .await;
}
