//! Where the commands of a trial run: a folder of its own, a clock that stands still, and what whole runs left behind.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{BuildHasher as _, RandomState};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, SqliteConnection};
use tempfile::TempDir;

const CASES: &str = "100";

/// The commands that are killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Command {
    /// Friday's delivery, where there is not even a database.
    FirstImport,
    /// Monday's delivery, in which nearly everything is different, after a run over Friday's.
    Import,
    /// Monday's run: much opens, much ends, Friday's undelivered mails are superseded.
    Morning,
    /// The delivery of all that.
    Deliver,
}

impl Command {
    const fn line(self) -> &'static [&'static str] {
        match self {
            Self::FirstImport => &["import", "friday", "--force"],
            Self::Import => &["import", "monday", "--force"],
            Self::Morning => &["morning", "--on", "2026-11-23"],
            Self::Deliver => &["deliver"],
        }
    }

    /// When it is first run, in minutes of Monday's clock.
    pub(crate) const fn minute(self) -> u32 {
        match self {
            Self::FirstImport | Self::Import => 0,
            Self::Morning => 30,
            Self::Deliver => 31,
        }
    }

    /// How it ends: both deliveries hold a row that must be refused.
    pub(crate) const fn code(self) -> i32 {
        match self {
            Self::FirstImport | Self::Import => 1,
            Self::Morning | Self::Deliver => 0,
        }
    }

    /// What it finds.
    pub(crate) fn before(self) -> Option<&'static State> {
        match self {
            Self::FirstImport => None,
            Self::Import => Some(&base().told),
            Self::Morning => Some(&base().imported),
            Self::Deliver => Some(&base().morning),
        }
    }

    /// What it leaves.
    pub(crate) fn after(self) -> &'static State {
        match self {
            Self::FirstImport => &base().first,
            Self::Import => &base().imported,
            Self::Morning => &base().morning,
            Self::Deliver => &base().delivered,
        }
    }
}

/// Rows of each table, as JSON objects, in order.
pub(crate) type Facts = BTreeMap<String, Vec<String>>;
/// Files by name.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// All that a command finds and leaves.
#[derive(Debug)]
pub(crate) struct State {
    database: Vec<u8>,
    pub(crate) facts: Facts,
    pub(crate) mails: Files,
    /// What lies beside the deliveries' files: the lists of refused rows.
    pub(crate) lists: Files,
}

/// What whole runs leave, one after the other, and how long they take.
#[derive(Debug)]
pub(crate) struct Base {
    deliveries: TempDir,
    first: State,
    told: State,
    imported: State,
    pub(crate) morning: State,
    delivered: State,
    pub(crate) durations: BTreeMap<Command, Duration>,
}

/// Made once: two deliveries, and the commands over them without any kill.
pub(crate) fn base() -> &'static Base {
    static BASE: OnceLock<Base> = OnceLock::new();
    BASE.get_or_init(|| {
        let deliveries = tempfile::tempdir().unwrap();
        generate(&deliveries.path().join("friday"), "2026-11-20");
        generate(&deliveries.path().join("monday"), "2026-11-23");
        let yard = Yard::over(deliveries.path(), None);
        let mut durations = BTreeMap::new();
        let mut run = |command: Command| {
            let said = yard.run(command, command.minute());
            assert_eq!(said.code, Some(command.code()), "{}", said.out);
            durations.insert(command, said.took);
            yard.state()
        };
        let first = run(Command::FirstImport);
        let said = yard.say(&["morning", "--on", "2026-11-20"], "2026-11-20 06:30:00");
        assert_eq!(said.code, Some(0), "{}", said.out);
        let told = yard.state();
        let (imported, morning, delivered) = (run(Command::Import), run(Command::Morning), run(Command::Deliver));
        assert!(delivered.mails.len() > 10 && delivered.lists.len() == 2 && told.facts != imported.facts);
        Base { deliveries, first, told, imported, morning, delivered, durations }
    })
}

fn generate(out: &Path, on: &str) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/generate.py");
    let done = std::process::Command::new("python3")
        .arg(script)
        .arg(out)
        .args(["--cases", CASES, "--on", on, "--seed", "5", "--odd"])
        .status();
    assert!(done.expect("python3").success());
    let activities = out.join("aktivitaeten.csv");
    let mut rows = fs::read(&activities).unwrap();
    rows.extend_from_slice(b"0000001;tanz;20.11.2026;1;\r\n");
    fs::write(activities, rows).unwrap();
}

/// What a command said, how it ended, how long it took.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) took: Duration,
}

/// A folder to run in. It goes when this does.
#[derive(Debug)]
pub(crate) struct Yard {
    folder: TempDir,
}

impl Yard {
    /// A folder with the deliveries, the database and the lists of that state; no mail is delivered in any.
    pub(crate) fn from(state: Option<&State>) -> Self {
        Self::over(base().deliveries.path(), state)
    }

    fn over(deliveries: &Path, state: Option<&State>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("tmp")).unwrap();
        for delivery in ["friday", "monday"] {
            let to = folder.path().join(delivery);
            fs::create_dir(&to).unwrap();
            for (name, bytes) in files(&deliveries.join(delivery)) {
                fs::write(to.join(name), bytes).unwrap();
            }
        }
        if let Some(state) = state {
            fs::write(folder.path().join("haus.db"), &state.database).unwrap();
            for (name, bytes) in &state.lists {
                fs::write(folder.path().join(name), bytes).unwrap();
            }
        }
        Self { folder }
    }

    /// Runs a command to its end, at the given minute of Monday morning, from five o'clock.
    pub(crate) fn run(&self, command: Command, minute: u32) -> Said {
        self.say(command.line(), &time(minute))
    }

    /// Runs the program to its end.
    pub(crate) fn say(&self, line: &[&str], time: &str) -> Said {
        let begun = Instant::now();
        let child = self.spawn(line, time, Stdio::piped());
        let pid = child.id();
        let done = child.wait_with_output().unwrap();
        let took = begun.elapsed();
        sweep(pid);
        let out = String::from_utf8_lossy(&done.stdout).into_owned();
        Said { code: done.status.code(), out, took }
    }

    /// Begins a command and kills it after a while; false if it ended by itself before that.
    pub(crate) fn kill(&self, command: Command, minute: u32, after: Duration) -> bool {
        let mut child = self.spawn(command.line(), &time(minute), Stdio::null());
        std::thread::sleep(after);
        // It may just have ended; the status tells.
        drop(child.kill());
        let status = child.wait().unwrap();
        sweep(child.id());
        status.signal() == Some(9)
    }

    fn spawn(&self, line: &[&str], time: &str, output: Stdio) -> Child {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_wiedervorlage"));
        command
            .args(line)
            .current_dir(self.folder.path())
            .env_clear()
            .env("TMPDIR", self.folder.path().join("tmp"))
            .env("WIEDERVORLAGE__DATABASE__URL", "sqlite:haus.db")
            .env("WIEDERVORLAGE__MAIL__FILE__DIR", "mails")
            .env("TZ", "UTC")
            .env("LD_PRELOAD", faketime())
            .env("FAKETIME", time)
            // The runtime's timers go by it.
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(Stdio::inherit());
        command.spawn().unwrap()
    }

    fn state(&self) -> State {
        State {
            database: fs::read(self.folder.path().join("haus.db")).unwrap(),
            facts: self.facts(),
            mails: self.mails(),
            lists: self.lists(),
        }
    }

    /// All files in the folder of mails, hidden ones too.
    pub(crate) fn mails(&self) -> Files {
        files(&self.folder.path().join("mails"))
    }

    /// All files beside the deliveries' own, hidden ones too.
    pub(crate) fn lists(&self) -> Files {
        let mut lists = Files::new();
        for delivery in ["friday", "monday"] {
            let all = files(&self.folder.path().join(delivery)).into_iter();
            let more = all.filter(|(name, _)| name.starts_with('.') || name.matches('.').count() > 1);
            lists.extend(more.map(|(name, bytes)| (format!("{delivery}/{name}"), bytes)));
        }
        lists
    }

    /// How many temporary files there are.
    pub(crate) fn temporary(&self) -> usize {
        files(&self.folder.path().join("tmp")).len()
    }

    /// Every row of every table. Left out is only what may differ: the secret, and when and how often a mail was tried.
    pub(crate) fn facts(&self) -> Facts {
        self.read(async |db: &mut SqliteConnection| {
            let tables = "select name from sqlite_master where type = 'table' and name not like '%sql%' order by name";
            let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut *db).await.unwrap();
            let mut facts = Facts::new();
            for table in tables {
                let columns = format!("select name from pragma_table_info('{table}')");
                let columns: Vec<String> =
                    sqlx::query_scalar(AssertSqlSafe(columns)).fetch_all(&mut *db).await.unwrap();
                let values: Vec<String> = columns.iter().map(|c| format!("'{c}', {}", value(&table, c))).collect();
                let rows = format!("select json_object({}) as row from {table} order by row", values.join(", "));
                facts.insert(table, sqlx::query_scalar(AssertSqlSafe(rows)).fetch_all(&mut *db).await.unwrap());
            }
            facts
        })
        .unwrap_or_default()
    }

    /// The one number that a query gives.
    pub(crate) fn number(&self, sql: &'static str) -> i64 {
        self.read(async |db: &mut SqliteConnection| sqlx::query_scalar(sql).fetch_one(db).await.unwrap()).unwrap()
    }

    /// Reads a copy: looking at the database itself would do the recovery that is the next command's to do.
    fn read<T>(&self, read: impl AsyncFnOnce(&mut SqliteConnection) -> T) -> Option<T> {
        let copy = tempfile::tempdir().unwrap();
        for name in ["haus.db", "haus.db-wal"] {
            let from = self.folder.path().join(name);
            if from.exists() {
                fs::copy(from, copy.path().join(name)).unwrap();
            }
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let options = SqliteConnectOptions::new().filename(copy.path().join("haus.db"));
            let mut db = options.connect().await.ok()?;
            Some(read(&mut db).await)
        })
    }
}

/// The expression of a column in [`Yard::facts`].
fn value(table: &str, column: &str) -> String {
    match (table, column) {
        ("installation", "secret") => "length(secret)".to_owned(),
        ("outbox", "sent_at" | "first_attempt_at") => format!("{column} is not null"),
        ("outbox", "attempts") => "attempts > 0".to_owned(),
        ("outbox_text", "message") => "hex(message)".to_owned(),
        _ => column.to_owned(),
    }
}

/// Compares row by row: whole tables side by side say nothing to a reader.
pub(crate) fn assert_same(left: &Facts, right: &Facts, name: &str) {
    assert!(left.keys().eq(right.keys()), "{name}: other tables: {:?}", left.keys());
    for (table, rows) in left {
        let more: Vec<_> = rows.iter().filter(|row| !right[table].contains(row)).take(3).collect();
        let fewer: Vec<_> = right[table].iter().filter(|row| !rows.contains(row)).take(3).collect();
        assert!(rows == &right[table], "{name}: {table}: {more:?} in the place of {fewer:?}");
    }
}

/// Compares files by name and content.
pub(crate) fn assert_same_files(left: &Files, right: &Files, name: &str) {
    assert!(left.keys().eq(right.keys()), "{name}: {:?} in the place of {:?}", left.keys(), right.keys());
    let other: Vec<_> = left.iter().filter(|(file, bytes)| right[*file] != **bytes).map(|(file, _)| file).collect();
    assert!(other.is_empty(), "{name}: other content: {other:?}");
}

fn time(minute: u32) -> String {
    format!("2026-11-23 {:02}:{:02}:00", 6 + minute / 60, minute % 60)
}

/// The files of a folder; none if it is not there.
fn files(folder: &Path) -> Files {
    let Ok(entries) = fs::read_dir(folder) else { return Files::new() };
    let file = |entry: fs::DirEntry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap());
    entries.map(|entry| file(entry.unwrap())).collect()
}

/// The library that holds the clock; the one for programs with threads.
fn faketime() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let places = fs::read_dir("/usr/lib").unwrap().map(|e| e.unwrap().path().join("faketime/libfaketimeMT.so.1"));
        places.into_iter().find(|path| path.exists()).expect("libfaketime is missing. Run tests/all: it installs it.")
    })
}

/// The library leaves a semaphore and a page of memory behind for every process.
fn sweep(pid: u32) {
    for name in [format!("faketime_shm_{pid}"), format!("sem.faketime_sem_{pid}")] {
        drop(fs::remove_file(Path::new("/dev/shm").join(name)));
    }
}

/// Numbers without pattern, the same for the same seed.
#[derive(Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 to `end`, without `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// From 0 to 1, without 1.
    pub(crate) fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Another one every time.
pub(crate) fn any_seed() -> u64 {
    RandomState::new().hash_one(0) % 1_000_000
}
