//! The mails of any day without touching anything: `preview` shows what that day's run queues and what `deliver` writes,
//! byte by byte, and leaves the database as it was.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub, reason = "tests")]

#[path = "support/pg.rs"]
mod pg;
#[path = "support/plain.rs"]
mod plain;
#[path = "support/running.rs"]
mod running;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;

use plain::{Delivery, House, day};
use sqlx::{AssertSqlSafe, Connection as _};

/// A house at an instant (UTC) at which its clock stands.
struct At<'a>(&'a House, &'a str);

impl At<'_> {
    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.0.command(arguments);
        command
            .env("LD_PRELOAD", running::libfaketime())
            .env("FAKETIME", self.1)
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .env("TZ", "UTC");
        command.output().unwrap()
    }

    fn says(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn preview(&self, on: &str, out: &str, more: &[&str]) -> String {
        let out = self.0.path(out);
        self.says(&[&["preview", "--on", on, "--out", out.to_str().unwrap()], more].concat())
    }

    /// The mails of a day as `deliver` writes them.
    fn delivered(&self, day: &str) -> BTreeMap<String, Vec<u8>> {
        self.says(&["deliver"]);
        files(&self.0.mails(), &format!("{day}_"), ".eml")
    }
}

/// An office on the Friday before: its first run is done, its data of that day.
fn office(house: House) -> House {
    let delivery = house.generate("lieferung", &Delivery::new(11, 60, day("2026-11-20")));
    let friday = At(&house, "2026-11-20 05:30:00");
    friday.says(&["import", "--force", delivery.to_str().unwrap()]);
    friday.says(&["morning"]);
    friday.says(&["deliver"]);
    house
}

fn files(folder: &Path, begins: &str, ends: &str) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let named = entries.map(|e| (e.file_name().into_string().unwrap(), e.path()));
    let named = named.filter(|(name, _)| name.starts_with(begins) && name.ends_with(ends));
    named.map(|(name, path)| (name, std::fs::read(path).unwrap())).collect()
}

/// Of the database's folder: every file and what is in it.
fn database(house: &House) -> BTreeMap<String, Vec<u8>> {
    files(house.path("w.db").parent().unwrap(), "w.db", "")
}

const MONDAY: &str = "2026-11-23 05:30:00";

#[test]
fn it_is_what_the_run_of_the_day_writes_byte_by_byte_and_touches_nothing() {
    for redirected in [false, true] {
        let mut house = office(House::new());
        if redirected {
            house = house.with("MAIL__REDIRECT_ALL_TO", "pilot@jobcenter.example".to_owned());
        }
        let monday = At(&house, MONDAY);
        let before = database(&house);
        let said = monday.preview("23.11.2026", "vorschau", &[]);
        assert!(before == database(&house), "the database was touched");
        let shown = files(&house.path("vorschau"), "", ".eml");
        assert!(shown.len() > 5, "{said}");
        assert!(said.contains(&format!("{0} Mails von {0} in ", shown.len())), "{said}");
        monday.says(&["morning"]);
        let written = monday.delivered("2026-11-23");
        assert_eq!(shown.keys().collect::<Vec<_>>(), written.keys().collect::<Vec<_>>());
        assert!(shown == written, "redirected: {redirected}");
        let opens = "Umgeleitet (Probebetrieb). Eigentlicher";
        for ending in [".txt", ".html"] {
            let parts = files(&house.path("vorschau"), "", ending);
            assert_eq!(parts.len(), shown.len());
            assert!(parts.values().all(|p| String::from_utf8_lossy(p).contains(opens) == redirected), "{ending}");
        }
        // Afterwards it is what was written, whatever the day.
        for later in [MONDAY, "2026-12-01 09:00:00"] {
            let said = At(&house, later).preview("23.11.2026", "danach", &[]);
            assert!(said.contains("Der Lauf vom Mo., 23.11.2026 ist erledigt; gezeigt wird, was er geschrieben hat."));
            assert!(files(&house.path("danach"), "", ".eml") == written);
        }
    }
}

#[test]
fn a_day_to_come_has_the_mornings_before_it_behind_it() {
    let house = office(House::new().with("OFFICE__STALE_AFTER", "0".to_owned()));
    let before = database(&house);
    let said = At(&house, "2026-11-22 12:00:00").preview("2026-11-25", "vorschau", &[]);
    assert!(
        said.contains("Vorher auf der Kopie gelaufen: 2 Morgen vom So., 22.11.2026 bis Di., 24.11.2026."),
        "{said}"
    );
    assert!(said.contains("Für Tage, die noch kommen, gilt der Datenstand als aktuell"), "{said}");
    assert!(before == database(&house));
    for instant in [MONDAY, "2026-11-24 05:30:00", "2026-11-25 05:30:00"] {
        At(&house, instant).says(&["morning"]);
    }
    let written = At(&house, "2026-11-25 05:30:00").delivered("2026-11-25");
    assert!(written.len() > 3 && files(&house.path("vorschau"), "", ".eml") == written);
}

#[test]
fn days_that_passed_without_a_run_stay_without() {
    let house = office(House::new());
    let wednesday = At(&house, "2026-11-25 07:15:00");
    let said = wednesday.preview("2026-11-25", "vorschau", &[]);
    assert!(!said.contains("Vorher auf der Kopie"), "{said}");
    wednesday.says(&["morning"]);
    assert!(files(&house.path("vorschau"), "", ".eml") == wednesday.delivered("2026-11-25"));
}

#[test]
fn whom_and_what_can_be_chosen_and_names_of_files_name_nobody() {
    let house = office(House::new());
    let monday = At(&house, MONDAY);
    let all = monday.preview("23.11.2026", "alle", &[]);
    let folder = house.path("alle");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for name in files(&folder, "", "").keys() {
        assert_eq!(mode(&folder.join(name)), 0o600);
        let (stem, _) = name.rsplit_once('.').unwrap();
        let (_, id) = stem.rsplit_once('_').unwrap();
        assert!(id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{name}");
    }
    monday.preview("23.11.2026", "art", &["--kind", "tagesuebersicht"]);
    let chosen = files(&house.path("art"), "", ".eml");
    assert!(!chosen.is_empty() && chosen.keys().all(|name| name.starts_with("2026-11-23_tagesuebersicht_")));
    let to = "BAK0@jobcenter.example";
    assert!(all.contains(&to.to_lowercase()), "{all}");
    monday.preview("23.11.2026", "an", &["--to", to]);
    let chosen = files(&house.path("an"), "", ".eml");
    let header = format!("\r\nTo: {}\r\n", to.to_lowercase());
    assert!(!chosen.is_empty() && chosen.values().all(|m| String::from_utf8_lossy(m).contains(&header)));
}

#[test]
fn where_there_is_nothing_to_show_it_says_why() {
    let house = House::new();
    let monday = At(&house, MONDAY);
    let preview = |at: &At<'_>, more: &[&str]| {
        let answer = at.run(&[&["preview"], more].concat());
        let said = [answer.stdout, answer.stderr].map(|s| String::from_utf8(s).unwrap()).concat();
        (answer.status.code(), said)
    };
    let (code, said) = preview(&monday, &["--on", "23.11.2026", "--out", "v"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(!house.path("w.db").exists(), "looking made the database");

    let house = office(house);
    let monday = At(&house, MONDAY);
    for (more, code, words) in [
        (
            &["--on", "22.11.2026", "--out", "v"][..],
            1,
            "Der So., 22.11.2026 ist kein Arbeitstag (Sonntag); es gibt keinen Lauf.",
        ),
        (&["--on", "19.11.2026", "--out", "v"], 1, "Der letzte Lauf war am Fr., 20.11.2026, danach; gezeigt wird"),
        (
            &["--on", "23.11.2026", "--out", "v", "--to", "x@y.example"],
            1,
            "Zu dieser Auswahl gibt es an diesem Tag keine Mail; ohne sie",
        ),
        (
            &["--on", "23.11.2026", "--out", "v", "--kind", "brief"],
            2,
            "erwartet wird eines von: tagesuebersicht, persoenlich",
        ),
        (&["--on", "23.11.2026", "--out", "mails"], 2, "legt der Versand die wirklichen Mails ab (mail.file.dir)"),
        (&["--on", "23.11.2028", "--out", "v"], 2, "mehr als 400 Tage in der Zukunft"),
        (&["--on", "23.11.2026"], 2, "Es fehlt: --out"),
    ] {
        let (ended, said) = preview(&monday, more);
        assert_eq!(ended, Some(code), "{more:?}: {said}");
        assert!(said.contains(words), "{more:?}: {said}");
    }
}

/// Every table of a PostgreSQL: its rows as one fingerprint.
async fn fingerprints(url: &str) -> Vec<(String, Option<String>)> {
    let mut db = sqlx::PgConnection::connect(url).await.unwrap();
    let tables: Vec<String> = sqlx::query_scalar(
        "select table_name::text from information_schema.tables where table_schema = 'public' order by 1",
    )
    .fetch_all(&mut db)
    .await
    .unwrap();
    let mut found = Vec::new();
    for table in tables {
        let sql = format!("select md5(string_agg(t::text, '|' order by t::text)) from {table} t");
        let fingerprint = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut db).await.unwrap();
        found.push((table, fingerprint));
    }
    found
}

#[tokio::test]
async fn on_postgresql_as_well() {
    let url = pg::fresh_database();
    let house = office(House::new().with("DATABASE__URL", url.clone()));
    let monday = At(&house, MONDAY);
    let before = fingerprints(&url).await;
    monday.preview("23.11.2026", "vorschau", &[]);
    assert_eq!(before, fingerprints(&url).await);
    assert!(before.iter().filter(|(_, rows)| rows.is_some()).count() > 10, "{before:?}");
    monday.says(&["morning"]);
    let written = monday.delivered("2026-11-23");
    assert!(written.len() > 5 && files(&house.path("vorschau"), "", ".eml") == written);
}
