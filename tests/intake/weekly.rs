//! A Wochenliste that comes back: what is taken cell by cell, what is refused, and that the order of copies does not matter.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use wiedervorlage::domain::wochenliste::{Column, Entry, Form, Row, Standing, Week};
use wiedervorlage::intake::{FileReport, Severity};
use wiedervorlage::mail::wochenliste::workbook;

use crate::filled::{file, fill, with};
use crate::world::{World, check, now, on_both, runtime};

/// The form of the week of Monday, 23.11.2026, whose Wednesday is a holiday, of cases 0000001 and 0000002.
fn form(prefilled: &[(&str, &str, &str)]) -> Vec<u8> {
    let row = |fallnr: &str| {
        let cells = Column::all().map(|column| {
            let held = prefilled.iter().find(|(of, id, _)| *of == fallnr && *id == column.id());
            let closed = matches!(column, Column::Day(2, _));
            held.map_or(if closed { Entry::Closed } else { Entry::Nothing }, |(_, _, text)| Entry::parse(text).unwrap())
        });
        let (bezeichnung, open) = ("A. B.".to_owned(), Vec::new());
        Row { fallnr: fallnr.to_owned(), bezeichnung, standing: Standing::Main, open, cells: cells.collect() }
    };
    let form = Form {
        bak: "BAK0".into(),
        name: None,
        in_stead: false,
        week: Week::parse("2026-W48").unwrap(),
        made: now(),
        data: Vec::new(),
        closed: [None, None, Some("Buß- und Bettag".into()), None, None],
        rows: ["0000001", "0000002"].map(row).into(),
    };
    let bytes = workbook(&form).unwrap();
    assert_eq!(bytes, workbook(&form).unwrap(), "the same form is the same file");
    bytes
}

async fn known(world: World) -> World {
    world.with_cases(&["0000001", "0000002", "0000003"]).await
}

/// What is told of the cells.
fn told(report: &[FileReport]) -> Vec<String> {
    report.iter().flat_map(|f| &f.problems).map(ToString::to_string).collect()
}

#[tokio::test]
async fn cells_that_cannot_be_are_refused_one_by_one() {
    on_both(async |world| {
        let mut world = known(world).await;
        // Tuesday.
        world.later(1);
        let cells = [
            ("0000001", "mo.suche", "2"),
            ("0000001", "di.suche", "viel"),
            ("0000001", "di.ag", "x"),
            ("0000001", "mi.suche", "x"),
            ("0000001", "do.suche", "x"),
            ("0000001", "ll_angefordert", "46350"),
            ("0000001", "ll_erinnert", "46352"),
            ("0000001", "fazit_am", "45000"),
            ("0000001", "ende_grund", "Vermittlung"),
            ("0000002", "mo.kunde", "x"),
            ("0000002", "mo.suche", "17"),
            ("0000009", "mo.suche", "x"),
        ];
        world.write("egal.xlsx", fill(&form(&[]), &cells));
        let report = world.import().await;
        assert_eq!(report.exit_code(), 1);
        check(
            &report.files[1],
            Severity::Refused,
            &[
                (8, "Zelle I8 (Blatt Wochenliste)", "viel", "Stellensuchläufe am Di., 24.11.2026: Hier steht ein Text"),
                (8, "Zelle M8 (Blatt Wochenliste)", "x", "nicht gearbeitet (Buß- und Bettag)"),
                (
                    8,
                    "Zelle Q8 (Blatt Wochenliste)",
                    "x",
                    "am Do., 26.11.2026: Der Tag liegt in der Zukunft (heute ist der 24.11.2026)",
                ),
                (8, "Zelle Z8 (Blatt Wochenliste)", "26.11.2026", "Lebenslauf erinnert: Der Tag liegt in der Zukunft"),
                (
                    8,
                    "Zelle AC8 (Blatt Wochenliste)",
                    "15.03.2023",
                    "Fazit: Der Tag liegt mehr als ein Jahr vor der Woche",
                ),
                (8, "Zelle AE8 (Blatt Wochenliste)", "Vermittlung", "Ein Grund ohne Ende"),
                (9, "Zelle E9 (Blatt Wochenliste)", "17", "Die Zahl ist zu groß"),
                (9, "Zelle F9 (Blatt Wochenliste)", "x", "Kundenkontakt am Mo., 23.11.2026: Hier steht ein Text"),
                (10, "Zelle E10 (Blatt Wochenliste)", "", "Diese Fallnummer ist nicht bekannt"),
            ],
        );
        let done = [
            "0000001|ag_kontakt|2026-11-24|1",
            "0000001|lebenslauf_angefordert|2026-11-24|1",
            "0000001|stellensuchlauf|2026-11-23|2",
        ];
        assert_eq!(world.table("aktivitaet").await, done);
        // Weeks later the same file says what it could not say before.
        world.later(21);
        let report = world.import().await;
        assert_eq!(report.files[1].counts.new, 2);
        assert!(world.table("aktivitaet").await.contains(&"0000001|stellensuchlauf|2026-11-26|1".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn rows_may_be_added_by_hand_and_numbers_lose_their_zeros() {
    let world = known(World::sqlite().await).await;
    let cells = [("0000003", "mo.suche", "x"), ("0000003", "mi.suche", "x")];
    let filled = fill(&form(&[]), &cells);
    // The number is typed without its zeros, and the case of the first row once more below.
    let sheet = file(&filled, "xl/worksheets/sheet1.xml");
    let sheet = sheet.replace("<is><t>\u{200b}0000003</t></is>", "<is><t>3</t></is>");
    world.write("liste.xlsx", with(&filled, "xl/worksheets/sheet1.xml", sheet.as_bytes()));
    let report = world.import().await;
    assert_eq!(world.table("aktivitaet").await, ["0000003|stellensuchlauf|2026-11-23|1"]);
    assert_eq!(told(&report.files).len(), 1, "{:?}", told(&report.files));
    assert!(
        told(&report.files)[0].starts_with("Zelle M10 (Blatt Wochenliste), „x“: Stellensuchläufe am Mi., 25.11.2026")
    );
}

#[tokio::test]
async fn what_stays_as_it_is_is_told_with_what_helps() {
    let mut world = known(World::sqlite().await).await;
    let held = [("0000001", "mo.suche", "2"), ("0000002", "fazit_am", "2026-11-20")];
    world.deliver(&[("aktivitaeten.csv", "fallnr;art;datum;anzahl\n0000001;stellensuchlauf;23.11.2026;2\n")]).await;
    for (cells, expected, done) in [
        (&[("0000001", "mo.suche", "")][..], "der Eintrag bleibt. Eine 0 nimmt ihn zurück.", "2"),
        (&[("0000001", "mo.suche", "5")], "", "5"),
        (&[("0000001", "mo.suche", "3")], "Bekannt ist schon mehr oder ein späterer Tag; dabei bleibt es.", "5"),
        (&[("0000001", "mo.suche", "0")], "", "0"),
        (&[("0000001", "mo.suche", "5")], "ist schon zurückgenommen und bleibt es.", "0"),
        (&[("0000002", "fazit_am", "0")], "", "0"),
        (&[("0000002", "ll_angefordert", "0")], "zeigte hier nichts, was sich zurücknehmen ließe.", "0"),
    ] {
        world.dir = tempfile::TempDir::new().unwrap();
        world.write("liste.xlsx", fill(&form(&held), cells));
        let report = world.import().await;
        let said = told(&report.files);
        assert_eq!(said.len(), usize::from(!expected.is_empty()), "{said:?}");
        assert!(said.iter().all(|line| line.contains(expected)), "{said:?}");
        let known = world.table("aktivitaet").await;
        assert_eq!(known, [format!("0000001|stellensuchlauf|2026-11-23|{done}")], "{cells:?}");
    }
}

#[tokio::test]
async fn a_form_that_is_damaged_or_newer_is_refused_with_a_clear_word() {
    let world = known(World::sqlite().await).await;
    let good = form(&[]);
    let strings = file(&good, "xl/sharedStrings.xml");
    let newer = strings.replace("<t>1</t>", "<t>2</t>");
    let other = strings.replace("Wiedervorlage Wochenliste", "Etwas anderes");
    let nameless = strings.replace("<t>mo.suche</t>", "<t>x</t>").replace("<t>fallnr</t>", "<t>nr</t>");
    for (name, bytes, expected) in [
        ("neuer.xlsx", with(&good, "xl/sharedStrings.xml", newer.as_bytes()), "neueren Fassung"),
        (
            "fremd.xlsx",
            with(&good, "xl/sharedStrings.xml", other.as_bytes()),
            "verborgene Blatt der Wochenliste ist beschädigt",
        ),
        ("ohne.xlsx", with(&good, "xl/sharedStrings.xml", nameless.as_bytes()), "fehlt die verborgene Zeile"),
    ] {
        let path = world.path(name);
        std::fs::write(&path, bytes).unwrap();
        let report = world.import_paths(&[path]).await;
        let fatal = report.files[0].fatal.as_ref().map(|fatal| fatal.text.clone()).unwrap_or_default();
        assert!(fatal.contains(expected), "{name}: {report:?}");
    }
}

/// What a person may write into a cell.
fn cell() -> impl Strategy<Value = (&'static str, &'static str, &'static str)> {
    let ticks = prop_oneof![Just(""), Just("0"), Just("x"), Just("2"), Just("3")];
    let contacts = prop_oneof![Just(""), Just("0"), Just("p"), Just("t"), Just("pt")];
    let days = prop_oneof![Just(""), Just("0"), Just("46346"), Just("46348")];
    let reasons = prop_oneof![Just(""), Just("Vermittlung"), Just("Rückgabe Frist")];
    let cases = || prop_oneof![Just("0000001"), Just("0000002")];
    prop_oneof![
        (cases(), prop_oneof![Just("mo.suche"), Just("mo.ag")], ticks),
        (cases(), Just("mo.kunde"), contacts),
        (cases(), prop_oneof![Just("ll_angefordert"), Just("fazit_am"), Just("ende_am")], days),
        (cases(), Just("ende_grund"), reasons),
    ]
}

#[test]
fn copies_of_a_form_merge_in_any_order() {
    let held = [
        ("0000001", "mo.suche", "2"),
        ("0000001", "mo.kunde", "p"),
        ("0000002", "ll_angefordert", "2026-11-21"),
        ("0000002", "fazit_am", "2026-11-20"),
        ("0000002", "ende_am", "2026-11-20"),
    ];
    let known_then = "fallnr;art;datum;anzahl\n0000001;stellensuchlauf;23.11.2026;2\n0000001;kontakt_persoenlich;23.11.2026;1\n\
                      0000002;lebenslauf_angefordert;21.11.2026;1\n";
    let merged = |copies: Vec<Vec<u8>>| {
        runtime().block_on(async {
            let mut world = World::sqlite().await.with_cases(&["0000001", "0000002"]).await;
            world.deliver(&[("aktivitaeten.csv", known_then)]).await;
            let day = wiedervorlage::store::import::Value::Day("2026-11-20".parse().ok());
            let by = wiedervorlage::store::Change {
                kind: wiedervorlage::store::ChangeKind::Set,
                at: now(),
                who: "mia",
                from: "test",
                undoes: None,
            };
            for field in ["fazit_am", "ende_am"] {
                world.db.set_field("0000002", field, day.clone(), &by).await.unwrap();
            }
            world.dir = tempfile::TempDir::new().unwrap();
            for copy in copies {
                world.write("liste.xlsx", copy);
                world.import().await;
            }
            (world.table("aktivitaet").await, world.table("betreuung").await)
        })
    };
    let copy = || proptest::collection::vec(cell(), 0..8);
    let mut runner = TestRunner::new(Config { cases: 16, failure_persistence: None, ..Config::default() });
    let form = form(&held);
    let checked = runner.run(&(copy(), copy()), |(mine, yours)| {
        let (mine, yours) = (fill(&form, &mine), fill(&form, &yours));
        let one = merged(vec![mine.clone(), yours.clone()]);
        prop_assert_eq!(&one, &merged(vec![yours.clone(), mine.clone()]));
        prop_assert_eq!(&one, &merged(vec![mine.clone(), yours, mine]));
        Ok(())
    });
    checked.unwrap();
}

#[test]
fn a_form_bent_in_any_way_is_read_or_refused() {
    const PARTS: [&str; 5] = [
        "xl/worksheets/sheet1.xml",
        "xl/worksheets/sheet2.xml",
        "xl/sharedStrings.xml",
        "xl/workbook.xml",
        "xl/styles.xml",
    ];
    let good = fill(&form(&[]), &[("0000001", "mo.suche", "x"), ("0000001", "fazit_am", "46346")]);
    let pieces = prop_oneof![
        Just("<"),
        Just("\""),
        Just("0"),
        Just("99999999999999999999"),
        Just("-1"),
        Just("1e300"),
        Just("A1"),
        Just("fallnr"),
        Just("2026-W53"),
        Just("9999-W52"),
        Just("0000-W01"),
        Just(""),
        Just("pt"),
        Just("ü"),
        Just("-"),
    ];
    let bent = proptest::collection::vec((0..PARTS.len(), any::<prop::sample::Index>(), 0..30_usize, pieces), 1..6);
    let mut runner = TestRunner::new(Config { cases: 60, failure_persistence: None, ..Config::default() });
    let world = runtime().block_on(async { known(World::sqlite().await).await });
    let checked = runner.run(&bent, |bends| {
        let mut book = good.clone();
        for (part, at, length, piece) in bends {
            let mut text = file(&book, PARTS[part]);
            let ends: Vec<usize> = text.char_indices().map(|(i, _)| i).collect();
            let from = at.index(ends.len());
            let to = (from + length).min(ends.len() - 1);
            text.replace_range(ends[from]..ends[to], piece);
            book = with(&book, PARTS[part], text.as_bytes());
        }
        world.write("liste.xlsx", &book);
        let report = runtime().block_on(world.import_paths(&[world.path("liste.xlsx")]));
        prop_assert!(!report.files.is_empty());
        Ok(())
    });
    checked.unwrap();
}
