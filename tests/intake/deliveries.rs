//! Delivery by delivery: keys, sources, withdrawal, strict, Datenstand; on both databases.

use std::fmt::Write as _;

use tempfile::TempDir;

use crate::world::{CASES, PERSONAL, TEAMS, World, cases, check, generate, of, on_both, ymd};
use wiedervorlage::intake::{Counts, Options, Severity::Kept};

const ACTS: &str = "fallnr;art;datum;anzahl\n";
const RESTS: &str = "fallnr;von;bis\n";
const DATES: &str = "terminnr;fallnr;art;datum;uhrzeit;ort\n";

#[tokio::test]
async fn the_last_row_of_a_key_counts_within_a_file_and_across_imports() {
    on_both(|w| async move {
        let mut w = w.with_cases(&["1"]).await;
        let file = w
            .one(
                "aktivitaeten.csv",
                format!("{ACTS}1;ag_kontakt;1.11.2026;1\n1;ag_kontakt;2.11.2026;1\n1;ag_kontakt;1.11.2026;3\n"),
            )
            .await;
        assert_eq!(file.counts, Counts { read: 3, new: 2, ..Counts::default() });
        assert_eq!(w.table("aktivitaet").await, ["1|ag_kontakt|2026-11-01|3", "1|ag_kontakt|2026-11-02|1"]);
        let file =
            w.one("aktivitaeten.csv", format!("{ACTS}1;ag_kontakt;2.11.2026;0\n1;ag_kontakt;1.11.2026;3\n")).await;
        assert_eq!(file.counts, Counts { read: 2, changed: 1, unchanged: 1, ..Counts::default() });
        assert_eq!(w.table("aktivitaet").await, ["1|ag_kontakt|2026-11-01|3", "1|ag_kontakt|2026-11-02|0"]);
    })
    .await;
}

#[tokio::test]
async fn a_repeated_key_far_apart_in_a_large_file() {
    on_both(|w| async move {
        let mut w = w.with_cases(&["1"]).await;
        let mut text = ACTS.to_owned();
        for round in 1..=2 {
            for i in 0..800 {
                let day = ymd(2020, 1, 1) + chrono::Days::new(i);
                writeln!(text, "1;ag_kontakt;{day};{round}").unwrap();
            }
        }
        let file = w.one("aktivitaeten.csv", text).await;
        assert_eq!(file.counts, Counts { read: 1600, new: 800, ..Counts::default() });
        assert!(w.table("aktivitaet").await.iter().all(|row| row.ends_with("|2")));
    })
    .await;
}

#[tokio::test]
async fn what_is_known_changes_only_where_it_differs() {
    on_both(|mut w| async move {
        w.deliver(&[("teams.csv", TEAMS), ("personal.csv", PERSONAL)]).await;
        let one = |bak: &str, end: &str| format!("{CASES}1;;M. M.;{bak};;T0;;;;;;{end};;;\n");
        assert_eq!(w.one("betreuungen.csv", one("BAK0", "")).await.counts.new, 1);
        for (bak, end, changed) in
            [("BAK0", "", 0), ("", "", 1), ("", "", 0), ("", "1.1.2026", 1), ("", "", 1), ("BAK0", "", 1)]
        {
            let counts = w.one("betreuungen.csv", one(bak, end)).await.counts;
            assert_eq!((counts.changed, counts.unchanged), (changed, 1 - changed), "{bak} {end}");
        }
    })
    .await;
}

#[tokio::test]
async fn rows_wait_for_their_case() {
    on_both(|w| async move {
        let mut w = w.with_cases(&["1"]).await;
        let file = w.one("pausen.csv", format!("{RESTS}1;1.1.2026;\n2;1.1.2026;\n")).await;
        check(&file, Kept, &[(3, "fallnr", "2", "(noch) nicht bekannt")]);
        let rests = format!("{RESTS}1;1.1.2026;\n2;1.1.2026;\n");
        let report = w.deliver(&[("pausen.csv", &rests), ("betreuungen.csv", &cases(&["1", "2"]))]).await;
        assert_eq!(of(&report, "pausen.csv").counts, Counts { read: 2, unchanged: 2, ..Counts::default() });
    })
    .await;
}

#[tokio::test]
async fn many_rows_of_unknown_cases_are_counted_and_the_first_shown() {
    on_both(|w| async move {
        let mut w = w.with_cases(&[]).await;
        let rows = (0..1200).fold(String::new(), |text, i| format!("{text}X{i};ag_kontakt;1.11.2026;\n"));
        let file = w.one("aktivitaeten.csv", format!("{ACTS}{rows}")).await;
        assert_eq!((file.counts.reported, file.problems.len(), file.more), (1200, 50, 1150));
        assert_eq!((file.problems[0].line, file.problems[49].line), (Some(2), Some(51)));
    })
    .await;
}

#[tokio::test]
async fn a_missing_case_is_reported_and_stays() {
    on_both(|w| async move {
        let mut w = w.with_cases(&["1", "2", "3"]).await;
        let before = w.table("betreuung").await;
        let file = w.one("betreuungen.csv", cases(&["2"])).await;
        check(&file, Kept, &[(0, "fallnr", "1, 3", "2 bekannte Fälle stehen nicht mehr in der Liste")]);
        assert_eq!(w.table("betreuung").await, before);
        // A row that cannot be read is not missing.
        let file = w.one("betreuungen.csv", format!("{}2;;;;;T0;;;nie;;;;;;\n", cases(&["1", "3"]))).await;
        check(&file, Kept, &[]);
        // Another team's list says nothing about ours; an empty one does.
        w.one("teams.csv", "team;name;postfach;bundesland;leitung\nT1;;;BW;\n").await;
        let file = w.one("betreuungen.csv", format!("{CASES}9;;;;;T1;;;;;;;;;\n")).await;
        check(&file, Kept, &[]);
        let file = w.one("betreuungen.csv", CASES).await;
        check(&file, Kept, &[(0, "fallnr", "1, 2, 3, 9", "4 bekannte Fälle")]);
    })
    .await;
}

#[tokio::test]
async fn files_without_key_state_all_rows_of_their_source() {
    on_both(|w| async move {
        let mut w = w.with_cases(&["1", "2"]).await;
        w.one("pausen.csv", format!("{RESTS}1;1.1.2026;2.1.2026\n1;1.1.2026;2.1.2026\n2;3.1.2026;\n")).await;
        w.options.source = "handliste".into();
        w.one("pausen.csv", format!("{RESTS}1;1.1.2026;2.1.2026\n")).await;
        w.options.source = "lieferung".into();
        let file = w.one("pausen.csv", format!("{RESTS}2;3.1.2026;\n2;9.1.2026;9.1.2026\n")).await;
        assert_eq!(file.counts, Counts { read: 2, new: 1, unchanged: 1, withdrawn: 1, ..Counts::default() });
        assert_eq!(
            w.table("pause").await,
            ["handliste|1|2026-01-01|2026-01-02", "lieferung|2|2026-01-03|-", "lieferung|2|2026-01-09|2026-01-09"]
        );
        // Nothing is a statement too.
        let file = w.one("pausen.csv", RESTS).await;
        assert_eq!(file.counts, Counts { withdrawn: 2, ..Counts::default() });
        assert_eq!(w.table("pause").await, ["handliste|1|2026-01-01|2026-01-02"]);
    })
    .await;
}

#[tokio::test]
async fn appointments_have_a_key_and_a_source() {
    on_both(|w| async move {
        let mut w = w.with_cases(&["1"]).await;
        let row = |nr: &str, day: &str| format!("{nr};1;aussendienst;{day};;\n");
        let file = w
            .one(
                "termine.csv",
                format!("{DATES}{}{}{}", row("A", "1.12.2026"), row("B", "1.12.2026"), row("A", "2.12.2026")),
            )
            .await;
        assert_eq!(file.counts, Counts { read: 3, new: 2, ..Counts::default() });
        // B cannot be read: it stays as it was. A is moved. C comes.
        let file = w
            .one("termine.csv", format!("{DATES}{}{}{}", row("A", "3.12.2026"), row("B", "?"), row("C", "1.12.2026")))
            .await;
        assert_eq!(file.counts, Counts { read: 3, new: 1, changed: 1, refused: 1, ..Counts::default() });
        assert_eq!(
            w.table("termin").await,
            [
                "A|lieferung|1|aussendienst|2026-12-03|-||-",
                "B|lieferung|1|aussendienst|2026-12-01|-||-",
                "C|lieferung|1|aussendienst|2026-12-01|-||-"
            ]
        );
        let file = w.one("termine.csv", format!("{DATES}{}", row("C", "1.12.2026"))).await;
        assert_eq!(file.counts, Counts { read: 1, unchanged: 1, withdrawn: 2, ..Counts::default() });
        // An unreadable row beside a good one of the same key does not count.
        let file =
            w.one("termine.csv", format!("{DATES}{}{}{}", row("C", "4.12.2026"), row("C", "?"), row("D", "?"))).await;
        assert_eq!(file.counts, Counts { read: 3, changed: 1, refused: 2, ..Counts::default() });
        assert_eq!(w.table("termin").await, ["C|lieferung|1|aussendienst|2026-12-04|-||-"]);
    })
    .await;
}

#[tokio::test]
async fn a_file_that_withdraws_too_much_needs_force() {
    on_both(|w| async move {
        // (rows before, rows after, refused)
        for (before, after, refused) in
            [(10, 0, false), (11, 0, true), (36, 25, true), (37, 26, false), (100, 70, false), (100, 69, true)]
        {
            let rest = |n: u32| (0..n).fold(RESTS.to_owned(), |t, i| format!("{t}{i};1.1.2026;\n"));
            let options = Options { source: format!("s{before}-{after}"), ..w.options.clone() };
            let w = World { options, dir: TempDir::new().unwrap(), ..w.same() };
            w.write("pausen.csv", rest(before));
            assert_eq!(w.import().await.files[0].counts.new, u64::from(before));
            w.write("pausen.csv", rest(after));
            let report = w.import().await;
            let file = &report.files[0];
            assert_eq!(file.fatal.is_some(), refused, "{before} {after}");
            let left =
                w.table("pause").await.iter().filter(|r| r.starts_with(&format!("{}|", w.options.source))).count();
            if refused {
                assert_eq!((left, report.exit_code(), report.changed_nothing), (before as usize, 1, true));
                assert!(file.fatal.as_ref().unwrap().text.contains("--force"));
                let forced = World { options: Options { force: true, ..w.options.clone() }, ..w };
                assert_eq!(forced.import().await.files[0].counts.withdrawn, u64::from(before - after));
            } else {
                assert_eq!(left, after as usize);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn strict_keeps_nothing_of_the_whole_call() {
    on_both(|mut w| async move {
        let before = w.facts().await;
        w.options.strict = true;
        let bad = format!("{}9;;;;;T9;;;;;;;;;\n", cases(&["1"]));
        let report = w.deliver(&[("teams.csv", TEAMS), ("betreuungen.csv", &bad)]).await;
        assert_eq!((report.exit_code(), report.kept, report.changed_nothing), (1, false, true));
        assert_eq!(w.facts().await, before);
        assert_eq!((w.revision().await, w.datenstand("T0").await), (0, None));
        assert!(of(&report, "betreuungen.csv").rejects.is_some(), "what was refused can be looked up");
        // A refused file counts as well; without anything refused all is kept.
        let report = w.deliver(&[("teams.csv", TEAMS), ("stellen.csv", "x")]).await;
        assert_eq!((report.exit_code(), report.kept, w.facts().await == before), (1, false, true));
        let report = w.deliver(&[("teams.csv", TEAMS), ("betreuungen.csv", &cases(&["1"]))]).await;
        assert_eq!((report.exit_code(), report.kept), (0, true));
        assert_eq!(w.table("betreuung").await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn data_is_as_fresh_as_its_last_list_and_the_revision_grows_with_changes_only() {
    on_both(|w| async move {
        let mut w = w.with_cases(&["1"]).await;
        let first = w.options.now;
        assert_eq!((w.datenstand("T0").await, w.revision().await), (Some(first), 1));
        for (name, text, fresh) in [
            ("betreuungen.csv", cases(&["1"]), true),
            ("aktivitaeten.csv", format!("{ACTS}1;ag_kontakt;1.1.2026;\n"), true),
            ("foerderungen.csv", "foerdernr;fallnr;art;arbeitgeber;beginn;ende;potenzial\nF;1;EGZ;;;;\n".into(), true),
            ("pausen.csv", format!("{RESTS}1;1.1.2026;\n"), true),
            ("termine.csv", format!("{DATES}A;1;aussendienst;1.12.2026;;\n"), true),
            ("aktivitaeten.csv", format!("{ACTS}77;ag_kontakt;1.1.2026;\n"), false),
            ("teams.csv", TEAMS.into(), false),
            ("personal.csv", PERSONAL.into(), false),
            ("abwesenheiten.csv", "kuerzel;von;bis\nBAK0;1.1.2026;\n".into(), false),
            (
                "stellen.csv",
                "refnr;titel;arbeitgeber;ort;arbeitszeit;eingestellt_am;link;quelle\nR;;;;;;;\n".into(),
                false,
            ),
        ] {
            for changes in [true, false] {
                w.later(1);
                let (before, revision) = (w.datenstand("T0").await, w.revision().await);
                let report = w.deliver(&[(name, &text)]).await;
                let known = matches!(name, "betreuungen.csv" | "teams.csv" | "personal.csv");
                let changes = changes && !known;
                assert_eq!(report.changed_nothing, !changes, "{name}");
                assert_eq!(w.revision().await, revision + i64::from(changes), "{name}");
                let expected = if fresh { Some(w.options.now) } else { before };
                assert_eq!(w.datenstand("T0").await, expected, "{name}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_vacancy_keeps_the_day_it_was_first_seen() {
    on_both(|mut w| async move {
        let text =
            |ort: &str| format!("refnr;titel;arbeitgeber;ort;arbeitszeit;eingestellt_am;link;quelle\nR1;;;{ort};;;;\n");
        w.one("stellen.csv", text("HN")).await;
        w.later(3);
        let file = w.one("stellen.csv", text("Öhringen")).await;
        assert_eq!(file.counts.changed, 1);
        assert_eq!(w.table("stelle").await, ["R1|||Öhringen||-|||2026-11-23"]);
    })
    .await;
}

#[tokio::test]
async fn a_whole_delivery_again_changes_nothing() {
    on_both(|w| async move {
        for encoding in ["utf-8", "utf-8-sig", "cp1252"] {
            generate(w.dir.path(), &["--cases", "120", "--seed", "7", "--odd", "--encoding", encoding]);
            let first = w.import().await;
            assert_eq!(first.exit_code(), 0, "{first:?}");
            let (facts, revision) = (w.facts().await, w.revision().await);
            let again = w.import().await;
            assert!(again.changed_nothing && again.kept);
            assert_eq!((w.facts().await, w.revision().await), (facts, revision));
            for (file, before) in again.files.iter().zip(&first.files) {
                let Counts { read, new, changed, unchanged, withdrawn, reported, refused } = file.counts;
                assert_eq!((read, reported, refused), (before.counts.read, before.counts.reported, 0));
                assert_eq!((new, changed, withdrawn), (0, 0, 0));
                assert_eq!(unchanged, before.counts.new + before.counts.changed + before.counts.unchanged);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn two_deliveries_in_a_row_equal_the_merged_one() {
    on_both(|w| async move {
        let (a, b, merged) = (TempDir::new().unwrap(), TempDir::new().unwrap(), TempDir::new().unwrap());
        generate(a.path(), &["--cases", "80", "--seed", "1", "--odd"]);
        generate(b.path(), &["--cases", "100", "--seed", "2", "--odd"]);
        for entry in std::fs::read_dir(b.path()).unwrap() {
            let name = entry.unwrap().file_name();
            let name = name.to_str().unwrap();
            let second = std::fs::read_to_string(b.path().join(name)).unwrap();
            // Files that state all rows of their source replace; the others are rows that come later.
            let states_all = ["pausen.csv", "abwesenheiten.csv", "veranstaltungen.csv", "termine.csv"].contains(&name);
            let text = if states_all {
                second
            } else {
                let first = std::fs::read_to_string(a.path().join(name)).unwrap();
                first + second.split_once('\n').unwrap().1
            };
            std::fs::write(merged.path().join(name), text).unwrap();
        }
        let options = Options { force: true, ..w.options.clone() };
        let w = World { options, ..w };
        for dir in [&a, &b] {
            assert_eq!(w.import_paths(&[dir.path().to_owned()]).await.exit_code(), 0);
        }
        let other = World::sqlite().await;
        assert_eq!(other.import_paths(&[merged.path().to_owned()]).await.exit_code(), 0);
        assert_eq!(w.facts().await, other.facts().await);
    })
    .await;
}
