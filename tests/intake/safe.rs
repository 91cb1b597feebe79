//! What a faulty delivery must not do: withdraw by mistake, make old data look fresh, hang.

use std::process::Command;
use std::time::Duration;

use crate::world::{World, cases, of, on_both};
use wiedervorlage::intake::{FileReport, Severity::Kept};

/// File, header, its table, three rows by key, and a row of the same kind that must be refused.
type Stated<'a> = (&'a str, &'a str, &'a str, [&'a str; 3], &'a str);

const STATED: [Stated<'_>; 4] = [
    ("pausen.csv", "fallnr;von;bis", "pause", ["1;1.1.2026;", "2;1.1.2026;", "1;1.2.2026;"], "2;nie;"),
    (
        "abwesenheiten.csv",
        "kuerzel;von;bis",
        "abwesenheit",
        ["BAK0;1.1.2026;", "BAK0;1.2.2026;", "BAK0;1.3.2026;"],
        "BAK0;nie;",
    ),
    (
        "veranstaltungen.csv",
        "team;titel;art;datum;durchgefuehrt",
        "veranstaltung",
        ["T0;A;ag;1.1.2026;ja", "T0;B;ag;1.2.2026;ja", "T0;C;ag;1.3.2026;ja"],
        "T0;B;ag;nie;ja",
    ),
    (
        "termine.csv",
        "terminnr;fallnr;art;datum;uhrzeit;ort",
        "termin",
        ["A;1;aussendienst;1.12.2026;;", "B;1;aussendienst;2.12.2026;;", "C;1;aussendienst;3.12.2026;;"],
        "B2;1;aussendienst;nie;;",
    ),
];

const KEPT_ALL: &str = "Weil Zeilen abgelehnt wurden, wurde keine frühere Zeile zurückgezogen.";

fn says_so(file: &FileReport) -> bool {
    file.problems.iter().any(|p| p.severity == Kept && p.reason == KEPT_ALL && !p.remedy.is_empty())
}

#[tokio::test]
async fn a_file_with_refused_rows_withdraws_nothing_and_says_so_and_the_corrected_one_does() {
    on_both(|w| async move {
        let mut w = w.with_cases(&["1", "2"]).await;
        for (name, header, table, [a, b, c], bad) in STATED {
            let text = |rows: &[&str]| format!("{header}\n{}\n", rows.join("\n"));
            let first = w.one(name, text(&[a, b])).await;
            assert_eq!((first.counts.new, first.counts.refused), (2, 0), "{name} {first:?}");
            let before = w.table(table).await;

            let torn = w.one(name, text(&[a, c, bad])).await;
            assert_eq!((torn.counts.new, torn.counts.withdrawn, torn.counts.refused), (1, 0, 1), "{name} {torn:?}");
            assert!(says_so(&torn), "{name} {torn:?}");
            let after = w.table(table).await;
            assert!(before.iter().all(|row| after.contains(row)) && after.len() == 3, "{name} {after:?}");

            // Where nothing would have gone, there is nothing to say.
            let torn = w.one(name, text(&[a, b, c, bad])).await;
            assert_eq!((torn.counts.withdrawn, torn.counts.refused, says_so(&torn)), (0, 1, false), "{name} {torn:?}");

            let whole = w.one(name, text(&[a, c])).await;
            assert_eq!((whole.counts.withdrawn, says_so(&whole)), (1, false), "{name} {whole:?}");
            assert_eq!(w.table(table).await.len(), 2, "{name}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_call_that_could_not_read_cases_or_activities_leaves_the_datenstand_as_it_was() {
    on_both(|w| async move {
        let mut w = w.with_cases(&["1"]).await;
        let first = w.datenstand("T0").await;
        assert_eq!(first, Some(w.options.now));
        let list = cases(&["1"]);
        let acts = "fallnr;art;datum;anzahl\n1;ag_kontakt;1.11.2026;1\n";
        for (files, unreadable) in [
            ([("aktivitaeten.csv", ""), ("betreuungen.csv", &*list)], "aktivitaeten.csv"),
            ([("aktivitaeten.csv", "PK\u{3}\u{4}"), ("betreuungen.csv", &*list)], "aktivitaeten.csv"),
            ([("aktivitaeten.csv", acts), ("betreuungen.csv", "fallnr\n")], "betreuungen.csv"),
        ] {
            w.later(1);
            let report = w.deliver(&files).await;
            assert!(report.kept && of(&report, unreadable).fatal.is_some(), "{report:?}");
            assert_eq!(w.datenstand("T0").await, first, "{unreadable}");
        }
        // A file that was named and is not there could not be read either.
        w.later(1);
        w.deliver(&[]).await;
        w.write("betreuungen.csv", &list);
        let report = w.import_paths(&[w.path("betreuungen.csv"), w.path("aktivitaeten.csv")]).await;
        assert!(report.kept && of(&report, "aktivitaeten.csv").fatal.is_some(), "{report:?}");
        assert_eq!(w.datenstand("T0").await, first, "not there");
        // Another file's trouble says nothing about cases and activities.
        w.later(1);
        let report = w.deliver(&[("stellen.csv", ""), ("betreuungen.csv", &list)]).await;
        assert!(of(&report, "stellen.csv").fatal.is_some(), "{report:?}");
        assert_eq!(w.datenstand("T0").await, Some(w.options.now));
        w.later(1);
        let report = w.deliver(&[("aktivitaeten.csv", acts), ("betreuungen.csv", &list)]).await;
        assert_eq!((report.exit_code(), w.datenstand("T0").await), (0, Some(w.options.now)));
    })
    .await;
}

#[tokio::test]
async fn a_pipe_is_refused_as_no_file_without_waiting_for_a_writer() {
    let w = World::sqlite().await;
    let pipe = w.path("pausen.csv");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for path in [w.dir.path().to_owned(), pipe] {
        let report = tokio::time::timeout(Duration::from_secs(20), w.import_paths(&[path])).await.unwrap();
        assert_eq!(of(&report, "pausen.csv").fatal.as_ref().unwrap().text, "Das ist keine Datei.");
        assert_eq!((report.exit_code(), report.kept), (2, false));
    }
}
