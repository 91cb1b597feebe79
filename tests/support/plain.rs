//! Deliveries from the generator, the plain answers of the Python beside it, and the built binary to compare with.

#![allow(dead_code, reason = "each test takes what it needs")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use chrono::{Days, NaiveDate};
use serde_json::Value;
use tempfile::TempDir;

/// A place of its own: a database, a folder for mails, and deliveries.
pub struct House {
    folder: TempDir,
    /// More settings, as the environment says them: (`SECTION__KEY`, value).
    pub settings: Vec<(&'static str, String)>,
}

impl House {
    pub fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), settings: Vec::new() }
    }

    /// With one setting more.
    pub fn with(mut self, key: &'static str, value: String) -> Self {
        self.settings.push((key, value));
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn database_url(&self) -> String {
        format!("sqlite:{}", self.path("w.db").display())
    }

    pub fn mails(&self) -> PathBuf {
        self.path("mails")
    }

    /// What the binary answers to these arguments.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// The binary in this place, not yet started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wiedervorlage"));
        // What the caller's environment says about another installation is none of ours.
        for (key, _) in std::env::vars_os().filter(|(key, _)| key.to_string_lossy().starts_with("WIEDERVORLAGE__")) {
            command.env_remove(key);
        }
        command
            .env("WIEDERVORLAGE__DATABASE__URL", self.database_url())
            .env("WIEDERVORLAGE__MAIL__FILE__DIR", self.mails());
        for (key, value) in &self.settings {
            command.env(format!("WIEDERVORLAGE__{key}"), value);
        }
        command.current_dir(self.folder.path()).args(arguments);
        command
    }

    /// What the binary prints, if it ends well.
    pub fn says(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = String::from_utf8(output.stdout).unwrap();
        let complained = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {}\n{said}\n{complained}", output.status);
        said
    }

    /// A fresh delivery under this name.
    pub fn generate(&self, name: &str, delivery: &Delivery) -> PathBuf {
        let path = self.path(name);
        delivery.write(&path);
        path
    }

    /// Imports a folder; a generated one holds nothing that would be refused.
    pub fn import(&self, folder: &Path) {
        self.says(&["import", "--force", folder.to_str().unwrap()]);
    }
}

/// What generate.py and mutate.py are asked for.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub seed: u64,
    pub cases: u64,
    pub on: NaiveDate,
    pub odd: bool,
    pub encoding: &'static str,
    /// Kinds of mutate.py.
    pub bent: Vec<&'static str>,
}

impl Delivery {
    pub fn new(seed: u64, cases: u64, on: NaiveDate) -> Self {
        Self { seed, cases, on, odd: false, encoding: "utf-8", bent: Vec::new() }
    }

    fn write(&self, to: &Path) {
        let (seed, cases, on) = (self.seed.to_string(), self.cases.to_string(), self.on.to_string());
        let to = to.to_str().unwrap();
        let mut arguments = vec![to, "--cases", &cases, "--on", &on, "--seed", &seed, "--encoding", self.encoding];
        if self.odd {
            arguments.push("--odd");
        }
        python("generate.py", &arguments);
        if !self.bent.is_empty() {
            let mut arguments = vec![to, "--on", &on, "--seed", &seed];
            arguments.extend(&self.bent);
            python("mutate.py", &arguments);
        }
    }
}

/// How to make it again by hand.
impl std::fmt::Display for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let odd = if self.odd { " --odd" } else { "" };
        let Self { seed, cases, on, encoding, bent, .. } = self;
        write!(f, "generate.py OUT --cases {cases} --on {on} --seed {seed} --encoding {encoding}{odd}")?;
        if bent.is_empty() { Ok(()) } else { write!(f, " && mutate.py OUT --on {on} --seed {seed} {}", bent.join(" ")) }
    }
}

/// What a script of tests/oracle prints.
pub fn python(script: &str, arguments: &[&str]) -> String {
    let script = oracle_folder().join(script);
    assert!(script.is_file(), "{} is missing; these tests need it", script.display());
    let output = Command::new("python3").arg(&script).args(arguments).output();
    let output = output.expect("python3 is needed by these tests (tests/packages installs it)");
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{} {arguments:?}: {}\n{complained}", script.display(), output.status);
    String::from_utf8(output.stdout).unwrap()
}

pub fn oracle_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle")
}

/// The objects of JSON lines.
pub fn objects(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The objects as a sorted list of texts; the keys of an object are sorted in them.
pub fn sorted<'v>(objects: impl IntoIterator<Item = &'v Value>) -> Vec<String> {
    let mut texts: Vec<String> = objects.into_iter().map(Value::to_string).collect();
    texts.sort();
    texts
}

/// What one list has and the other lacks, at most ten of each.
pub fn difference(ours: &[String], plain: &[String]) -> String {
    let only = |a: &[String], b: &[String]| {
        let missing: Vec<_> = a.iter().filter(|x| !b.contains(x)).map(|x| format!("    {x}\n")).collect();
        let more = missing.len().saturating_sub(10);
        missing.into_iter().take(10).collect::<String>()
            + &if more > 0 { format!("    … {more} more\n") } else { String::new() }
    };
    format!("  only ours:\n{}  only the plain answer:\n{}", only(ours, plain), only(plain, ours))
}

pub fn day(iso: &str) -> NaiveDate {
    iso.parse().unwrap()
}

pub fn plus(d: NaiveDate, days: i64) -> NaiveDate {
    let by = Days::new(days.unsigned_abs());
    if days < 0 { d - by } else { d + by }
}

/// Numbers without pattern, the same for the same seed.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5bf0_3635)
    }

    /// From `from` to `to`, both included.
    pub fn between(&mut self, from: i64, to: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        from + ((self.0 >> 33) % (to - from + 1).unsigned_abs()) as i64
    }

    pub fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.between(0, all.len() as i64 - 1) as usize]
    }
}

/// The seeds named by an environment variable as `FROM..TO`, else the default.
pub fn seeds(variable: &str, default: std::ops::Range<u64>) -> std::ops::Range<u64> {
    let Ok(text) = std::env::var(variable) else { return default };
    let range = text.split_once("..").and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?));
    range.unwrap_or_else(|| panic!("{variable}={text}: expected FROM..TO, such as 0..420"))
}
