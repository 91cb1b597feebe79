//! An office's lists, a database of either kind, and the binary.

use std::path::Path;
use std::process::{Command, Output};

use sqlx::AssertSqlSafe;
use tempfile::TempDir;
use wiedervorlage::clock::Clock;
use wiedervorlage::store::Db;

pub(crate) const TEAMS: &str = "team;name;postfach;bundesland;leitung\nT0;Nord;nord@jobcenter.example;BW;chef\n";
pub(crate) const PERSONAL: &str = "kuerzel;name;email;rolle;team;region;vertretung\n\
     must;Mia Muster;mia@jobcenter.example;BAK;T0;Nord;\nivo;Ivo Falk;ivo@jobcenter.example;IFK;T0;Nord;\n";
pub(crate) const HEAD: &str = "fallnr;bak;ifk;team;region;kennung;kennung_seit;uebergabe_am;hauptbetreuer_seit;ende_am;\
     ende_grund;rueckgabegespraech_am;fazit_am\n";
const TABLES: &str = "team kollege betreuung aktivitaet foerderung pause abwesenheit veranstaltung termin stelle korrektur listentag listenfall";

/// Cases of the team, each with the day its care ended or nothing.
pub(crate) fn cases(rows: &[(&str, &str)]) -> String {
    let row = |(nr, ende): &(&str, &str)| format!("{nr};must;ivo;T0;Nord;;;01.10.2025;01.10.2025;{ende};;;\n");
    format!("{HEAD}{}", rows.iter().map(row).collect::<String>())
}

/// Activities as (case, art, day, count).
pub(crate) fn activities(rows: &[(&str, &str, &str, u32)]) -> String {
    let row = |(nr, art, day, n): &(&str, &str, &str, u32)| format!("{nr};{art};{day};{n}\n");
    format!("fallnr;art;datum;anzahl\n{}", rows.iter().map(row).collect::<String>())
}

pub(crate) struct Office {
    pub(crate) folder: TempDir,
    pub(crate) db: Db,
    url: String,
}

impl Office {
    async fn at(url: String, folder: TempDir) -> Self {
        Self { db: Db::open(&url, None, Clock::system().now()).await.unwrap(), url, folder }
    }

    pub(crate) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("haus.db").display());
        Self::at(url, folder).await
    }

    pub(crate) async fn postgres() -> Self {
        let url = tokio::task::spawn_blocking(crate::pg::fresh_database).await.unwrap();
        Self::at(url, tempfile::tempdir().unwrap()).await
    }

    /// With its team, its people and these cases known: import 1.
    pub(crate) fn with(self, cases: &str) -> Self {
        self.deliver(&[("teams.csv", TEAMS), ("personal.csv", PERSONAL), ("betreuungen.csv", cases)]).said();
        self
    }

    pub(crate) fn asked(&self, words: &[&str]) -> Answer {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wiedervorlage"));
        command.env_clear().current_dir(self.folder.path()).args(words);
        Answer(command.env("WIEDERVORLAGE__DATABASE__URL", &self.url).output().unwrap())
    }

    /// Imports a folder of these files.
    pub(crate) fn deliver(&self, files: &[(&str, &str)]) -> Answer {
        let folder = tempfile::tempdir_in(self.folder.path()).unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        self.import(folder.path())
    }

    pub(crate) fn import(&self, path: &Path) -> Answer {
        self.asked(&["import", "--force", &path.to_string_lossy()])
    }

    /// A text's one column, as text.
    pub(crate) async fn column(&self, sql: &str) -> Vec<String> {
        let sql = AssertSqlSafe(sql.to_owned());
        match &self.db {
            Db::Sqlite { writer, .. } => sqlx::query_scalar(sql).fetch_all(writer).await.unwrap(),
            Db::Postgres(pool) => sqlx::query_scalar(sql).fetch_all(pool).await.unwrap(),
        }
    }

    /// Runs a text; whether the database took it.
    pub(crate) async fn takes(&self, sql: &'static str) -> bool {
        match &self.db {
            Db::Sqlite { writer, .. } => sqlx::query(sql).execute(writer).await.is_ok(),
            Db::Postgres(pool) => sqlx::query(sql).execute(pool).await.is_ok(),
        }
    }

    pub(crate) async fn count(&self, table: &str) -> u64 {
        self.column(&format!("select cast(count(*) as text) from {table}")).await[0].parse().unwrap()
    }

    /// All facts, with who wrote them last, the corrections, and how fresh the teams' data is.
    pub(crate) async fn facts(&self) -> Vec<Vec<String>> {
        let row = match self.db {
            Db::Sqlite { .. } => "group_concat_row",
            Db::Postgres(_) => "cast(x as text)",
        };
        let mut facts = Vec::new();
        for table in TABLES.split_whitespace().chain(["datenstand"]) {
            let columns = if row == "group_concat_row" {
                let names = self.column(&format!("select name from pragma_table_info('{table}')")).await;
                names.iter().map(|name| format!("quote({name})")).collect::<Vec<_>>().join(" || '|' || ")
            } else {
                row.to_owned()
            };
            let mut rows = self.column(&format!("select {columns} from {table} x")).await;
            rows.sort();
            facts.push(rows);
        }
        facts
    }

    pub(crate) async fn revision(&self) -> i64 {
        self.db.snapshot().await.unwrap().revision()
    }
}

/// What the binary said.
pub(crate) struct Answer(Output);

impl Answer {
    pub(crate) fn code(&self) -> i32 {
        self.0.status.code().unwrap()
    }

    pub(crate) fn out(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).unwrap()
    }

    pub(crate) fn err(&self) -> String {
        String::from_utf8(self.0.stderr.clone()).unwrap()
    }

    /// The standard output of an answer that must have been given.
    pub(crate) fn said(self) -> String {
        assert_eq!((self.code(), self.err()), (0, String::new()), "{}", self.out());
        self.out()
    }

    /// What is said of something that cannot be done: nothing on the standard output.
    pub(crate) fn refused(self) -> String {
        assert_eq!((self.code(), self.out()), (2, String::new()), "{}", self.err());
        self.err()
    }
}

/// The name that the operating system has for whoever runs the tests.
pub(crate) fn me() -> String {
    let id = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(id.stdout).unwrap().trim().to_owned()
}

/// Runs each behaviour on both databases.
macro_rules! on_both {
    ($($behaviour:ident),+ $(,)?) => {
        mod sqlite { $(#[tokio::test] async fn $behaviour() {
            super::$behaviour(crate::office::Office::sqlite().await).await
        })+ }
        mod postgres { $(#[tokio::test] async fn $behaviour() {
            super::$behaviour(crate::office::Office::postgres().await).await
        })+ }
    };
}
pub(crate) use on_both;
