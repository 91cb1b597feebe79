//! A folder to deliver into and a database to import into.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use chrono::{DateTime, Days, NaiveDate, Utc};
use sqlx::AssertSqlSafe;
use tempfile::TempDir;
use wiedervorlage::intake::{self, FileReport, Options, Problem, Report, Severity};
use wiedervorlage::store::Db;

/// Monday, 23.11.2026, 08:00 in Berlin.
pub fn now() -> DateTime<Utc> {
    "2026-11-23T07:00:00Z".parse().unwrap()
}

pub fn ymd(y: i32, m: u32, d: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(y, m, d).unwrap()
}

pub const TEAMS: &str =
    "team;name;postfach;bundesland;leitung;dienststelle;beginn\nT0;Team 0;t0@jobcenter.example;BW;TL0;;\n";
pub const PERSONAL: &str =
    "kuerzel;name;email;rolle;team;region;vertretung\nBAK0;Jäger;bak0@jobcenter.example;BAK;T0;Heilbronn;\n";
pub const CASES: &str = "fallnr;kundennummer;bezeichnung;bak;ifk;team;region;kennung;kennung_seit;uebergabe_am;hauptbetreuer_seit;ende_am;ende_grund;rueckgabegespraech_am;fazit_am\n";

/// A list of cases of team T0, nothing else known of them.
pub fn cases(numbers: &[&str]) -> String {
    numbers.iter().fold(CASES.to_owned(), |text, n| format!("{text}{n};;;BAK0;;T0;;;;;;;;;\n"))
}

pub struct World {
    pub dir: TempDir,
    pub db: Db,
    pub options: Options,
    pub _db_dir: TempDir,
}

impl World {
    pub async fn sqlite() -> Self {
        let db_dir = TempDir::new().unwrap();
        let url = format!("sqlite:{}", db_dir.path().join("w.db").display());
        Self::new(db_dir, Db::open(&url, None, now()).await.unwrap())
    }

    pub async fn postgres() -> Self {
        let url = tokio::task::spawn_blocking(crate::pg::fresh_database).await.unwrap();
        Self::new(TempDir::new().unwrap(), Db::open(&url, None, now()).await.unwrap())
    }

    fn new(db_dir: TempDir, db: Db) -> Self {
        Self { dir: TempDir::new().unwrap(), db, options: Options::new(now()), _db_dir: db_dir }
    }

    /// With team T0, colleague BAK0 and the given cases known, and an empty folder.
    pub async fn with_cases(mut self, numbers: &[&str]) -> Self {
        let report = self
            .deliver(&[("teams.csv", TEAMS), ("personal.csv", PERSONAL), ("betreuungen.csv", &cases(numbers))])
            .await;
        assert_eq!(report.exit_code(), 0, "{report:?}");
        self.dir = TempDir::new().unwrap();
        self
    }

    /// The same database, for a folder and options of its own.
    pub fn same(&self) -> Self {
        Self::new(TempDir::new().unwrap(), self.db.clone())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    pub async fn import(&self) -> Report {
        self.import_paths(&[self.dir.path().to_owned()]).await
    }

    pub async fn import_paths(&self, paths: &[PathBuf]) -> Report {
        intake::import(&self.db, paths, &self.options).await.unwrap()
    }

    /// Imports a folder of exactly these files.
    pub async fn deliver(&mut self, files: &[(&str, &str)]) -> Report {
        self.dir = TempDir::new().unwrap();
        for (name, content) in files {
            self.write(name, content);
        }
        self.import().await
    }

    /// Imports this one file alone.
    pub async fn one(&mut self, name: &str, content: impl AsRef<[u8]>) -> FileReport {
        self.dir = TempDir::new().unwrap();
        self.write(name, content);
        let mut report = self.import().await;
        assert_eq!(report.files.len(), 1, "{report:?}");
        report.files.remove(0)
    }

    /// A table's rows, fields joined by |, nothing as -, sorted.
    pub async fn table(&self, name: &str) -> Vec<String> {
        let columns = match name {
            "team" => "team name postfach bundesland leitung dienststelle beginn",
            "kollege" => "kuerzel name email rolle team region vertretung",
            "betreuung" => {
                "fallnr bezeichnung bak ifk team region kennung kennung_seit uebergabe_am hauptbetreuer_seit ende_am ende_grund \
                 rueckgabegespraech_am fazit_am"
            }
            "aktivitaet" => "fallnr art datum anzahl",
            "foerderung" => "foerdernr fallnr art arbeitgeber beginn ende potenzial",
            "pause" => "source fallnr von bis",
            "abwesenheit" => "source kuerzel von bis",
            "veranstaltung" => "source team titel art datum durchgefuehrt",
            "termin" => "terminnr source fallnr art datum uhrzeit ort teilnehmer",
            "stelle" => "refnr titel arbeitgeber ort arbeitszeit eingestellt_am link quelle erstmals_am",
            "datenstand" => "team",
            _ => panic!("{name}"),
        };
        let text = |c: &str| match c {
            "durchgefuehrt" => "case when durchgefuehrt then 'ja' else 'nein' end".to_owned(),
            c => format!("coalesce(cast({c} as text), '-')"),
        };
        let columns: Vec<_> = columns.split_whitespace().map(text).collect();
        let sql = format!("select {} from {name}", columns.join(" || '|' || "));
        let mut rows: Vec<String> = match &self.db {
            Db::Sqlite { writer, .. } => sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(writer).await.unwrap(),
            Db::Postgres(pool) => sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(pool).await.unwrap(),
        };
        rows.sort();
        rows
    }

    /// All facts.
    pub async fn facts(&self) -> Vec<Vec<String>> {
        let mut all = Vec::new();
        for name in "team kollege betreuung aktivitaet foerderung pause abwesenheit veranstaltung termin stelle"
            .split_whitespace()
        {
            all.push(self.table(name).await);
        }
        all
    }

    pub async fn revision(&self) -> i64 {
        const SQL: &str = "select facts_revision from installation";
        match &self.db {
            Db::Sqlite { writer, .. } => sqlx::query_scalar(SQL).fetch_one(writer).await.unwrap(),
            Db::Postgres(pool) => sqlx::query_scalar(SQL).fetch_one(pool).await.unwrap(),
        }
    }

    /// How fresh a team's data is.
    pub async fn datenstand(&self, team: &str) -> Option<DateTime<Utc>> {
        const SQL: &str = "select at from datenstand where team = $1";
        match &self.db {
            Db::Sqlite { writer, .. } => sqlx::query_scalar(SQL).bind(team).fetch_optional(writer).await.unwrap(),
            Db::Postgres(pool) => sqlx::query_scalar(SQL).bind(team).fetch_optional(pool).await.unwrap(),
        }
    }

    /// The next import is so many days later.
    pub fn later(&mut self, days: u64) {
        self.options = Options {
            now: self.options.now + Days::new(days),
            today: self.options.today + Days::new(days),
            ..self.options.clone()
        };
    }
}

/// Runs a test on both databases.
pub async fn on_both<F, T>(test: F)
where
    F: Fn(World) -> T,
    T: Future<Output = ()>,
{
    test(World::sqlite().await).await;
    test(World::postgres().await).await;
}

/// The report about the file of this name.
pub fn of<'r>(report: &'r Report, name: &str) -> &'r FileReport {
    let found = report.files.iter().find(|f| f.path.file_name().is_some_and(|n| n == name));
    found.unwrap_or_else(|| panic!("no report about {name}: {report:?}"))
}

/// (line, column, value, part of the reason) of a problem.
pub type Expected<'a> = (u64, &'a str, &'a str, &'a str);

/// That the problems of a severity are these.
pub fn check(file: &FileReport, severity: Severity, expected: &[Expected<'_>]) {
    let found: Vec<&Problem> = file.problems.iter().filter(|p| p.severity == severity).collect();
    let same = found.len() == expected.len()
        && found.iter().zip(expected).all(|(p, (line, column, value, reason))| {
            p.line.unwrap_or(0) == *line
                && p.column.as_deref().unwrap_or("") == *column
                && p.value.as_deref().unwrap_or("") == *value
                && p.reason.contains(reason)
                && !p.remedy.is_empty()
        });
    assert!(same, "expected {severity:?} {expected:#?}\nfound {:#?}", file.problems);
}

/// A delivery of the oracle's generator.
pub fn generate(dir: &Path, arguments: &[&str]) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/generate.py");
    assert!(script.is_file(), "{} is missing; these tests need it", script.display());
    let done = std::process::Command::new("python3").arg(script).arg(dir).args(arguments).status().unwrap();
    assert!(done.success());
}

/// A runtime for tests that are not async themselves.
pub fn runtime() -> &'static tokio::runtime::Runtime {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| tokio::runtime::Runtime::new().unwrap())
}
