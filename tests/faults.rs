//! What breaks around the program, and what its user sees then: full disks, locked, read-only, damaged and vanished
//! databases. Each time: a sentence that says what to do, nothing half done, and all of it once the cause is gone.
//!
//! Needs root for small file systems of its own (`mount -t tmpfs`), and fails without.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub, reason = "tests")]

#[path = "support/pg.rs"]
mod pg;
#[path = "support/plain.rs"]
mod plain;
#[path = "support/running.rs"]
mod running;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, PoisonError};

use plain::{Delivery, House};
use running::Running;

/// There is one database server for all, and who takes it away takes it from all.
static SERVER: Mutex<()> = Mutex::new(());

/// A small file system, which is gone when this is.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn new(at: PathBuf, size: &str) -> Self {
        std::fs::create_dir_all(&at).unwrap();
        mount(&["-t", "tmpfs", "-o", &format!("size={size},mode=0700"), "tmpfs"], &at);
        Self(at)
    }

    fn becomes(&self, options: &str) {
        mount(&["-o", &format!("remount,{options}")], &self.0);
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn mount(arguments: &[&str], at: &Path) {
    let done = Command::new("mount").args(arguments).arg(at).status().expect("mount");
    assert!(done.success(), "mount {arguments:?} failed: these tests need root");
}

fn delivery(house: &House, cases: u64) -> PathBuf {
    house.generate("d", &Delivery::new(1, cases, "2026-11-23".parse().unwrap()))
}

/// What was said, and that it ended with this code.
fn ends(output: &Output, code: i32) -> String {
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    said
}

/// All that is open on the day, and all mails: what must not depend on what broke.
fn state(house: &House) -> (String, String) {
    let mails = house.says(&["outbox", "list", "--format", "jsonl"]);
    let mut mails: Vec<_> = mails
        .lines()
        .map(|line| {
            let mail: serde_json::Value = serde_json::from_str(line).unwrap();
            format!("{} {} {}", mail["kind"], mail["to"], mail["date"])
        })
        .collect();
    mails.sort();
    (house.says(&["evaluate", "--on", "2026-11-23", "--format", "jsonl"]), mails.join("\n"))
}

/// What a house gives to which nothing ever happened.
fn undisturbed(cases: u64) -> (String, String) {
    let house = House::new();
    house.import(&delivery(&house, cases));
    house.says(&["morning", "--on", "2026-11-23"]);
    state(&house)
}

#[test]
fn a_full_disk_keeps_nothing_of_an_import_and_the_next_one_all() {
    let house = House::new();
    let disk = SmallDisk::new(house.path("platte"), "2m");
    let house = house.with("DATABASE__URL", format!("sqlite:{}", disk.0.join("w.db").display()));
    let folder = delivery(&house, 2_000);
    let said = ends(&house.run(&["import", folder.to_str().unwrap()]), 2);
    assert!(said.contains("Der Datenträger der Datenbank ist voll"), "{said}");
    assert_eq!(house.says(&["evaluate", "--on", "2026-11-23", "--format", "jsonl"]), "", "nothing half done");
    disk.becomes("size=400m");
    house.import(&folder);
    house.says(&["morning", "--on", "2026-11-23"]);
    assert_eq!(state(&house), undisturbed(2_000));
}

#[test]
fn a_full_disk_lets_no_morning_through_by_half() {
    let house = House::new();
    let disk = SmallDisk::new(house.path("platte"), "400m");
    let file = disk.0.join("w.db");
    let house = house.with("DATABASE__URL", format!("sqlite:{}", file.display()));
    house.import(&delivery(&house, 2_000));
    let used = std::fs::metadata(&file).unwrap().len() / 1024 + 600;
    disk.becomes(&format!("size={used}k"));
    let said = ends(&house.run(&["morning", "--on", "2026-11-23"]), 2);
    assert!(said.contains("Der Datenträger der Datenbank ist voll"), "{said}");
    disk.becomes("size=400m");
    assert_eq!(house.says(&["outbox", "list", "--format", "jsonl"]), "", "no mail of a morning that was not");
    house.says(&["morning", "--on", "2026-11-23"]);
    assert_eq!(state(&house), undisturbed(2_000));
}

#[test]
fn a_full_disk_holds_mails_back_and_loses_none() {
    let house = House::new();
    let disk = SmallDisk::new(house.path("platte"), "64k");
    let house = house.with("MAIL__FILE__DIR", disk.0.join("mails").display().to_string());
    house.import(&delivery(&house, 400));
    house.says(&["morning", "--on", "2026-11-23"]);
    let said = ends(&house.run(&["deliver"]), 1);
    assert!(said.contains("später noch einmal"), "{said}");
    let listed = house.says(&["outbox", "list", "--format", "jsonl"]);
    assert!(listed.contains("kein Platz mehr"), "the reason stands in the list");
    disk.becomes("size=100m");
    let mails = |state: &str| house.says(&["outbox", "list", "--state", state, "--format", "jsonl"]);
    // Not in their turn: by hand, at once.
    for line in mails("queued").lines() {
        let mail: serde_json::Value = serde_json::from_str(line).unwrap();
        house.says(&["outbox", "retry", &mail["id"].to_string()]);
    }
    house.says(&["deliver"]);
    let files = std::fs::read_dir(disk.0.join("mails")).unwrap().count();
    assert_eq!((mails("sent").lines().count(), mails("queued").as_str()), (files, ""));
    assert!(files > 5, "{files}");
}

#[test]
fn a_backup_that_finds_too_little_room_says_so_and_leaves_the_others_alone() {
    let house = House::new();
    house.import(&delivery(&house, 300));
    let disk = SmallDisk::new(house.path("disk"), "1m");
    let older = disk.0.join("wiedervorlage-20260101T013000Z.db");
    std::fs::write(&older, "x").unwrap();
    let said = ends(&house.run(&["backup", "--to", disk.0.to_str().unwrap()]), 2);
    assert!(said.contains("zu wenig Platz"), "{said}");
    let left: Vec<_> = std::fs::read_dir(&disk.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "the old one and the lock: {left:?}");
    assert!(older.exists());
}

#[test]
fn a_damaged_database_is_replaced_by_a_backup_and_kept() {
    let house = House::new();
    house.import(&delivery(&house, 300));
    house.says(&["backup", "--to", house.path("s").to_str().unwrap()]);
    let before = state(&house);
    let mut files = std::fs::read_dir(house.path("s")).unwrap().map(|entry| entry.unwrap().path());
    let backup = files.find(|path| path.extension().is_some_and(|end| end == "db")).unwrap();
    for how in ["truncated", "not a database", "flipped"] {
        damage(&house.path("w.db"), how);
        let damaged = std::fs::read(house.path("w.db")).unwrap();
        let said = house.says(&["restore", backup.to_str().unwrap()]);
        let kept = said.split("liegt in ").nth(1).and_then(|rest| rest.split_once(".\n")).unwrap().0;
        assert!(std::fs::read(kept).unwrap() == damaged, "{how}: {said}");
        std::fs::remove_file(kept).unwrap();
        assert!(state(&house) == before, "{how}");
    }
}

#[test]
fn a_read_only_database_says_so_and_stays_as_it_is() {
    let house = House::new();
    let disk = SmallDisk::new(house.path("platte"), "100m");
    let file = disk.0.join("w.db");
    let house = house.with("DATABASE__URL", format!("sqlite:{}", file.display()));
    let folder = delivery(&house, 50);
    house.import(&folder);
    let before = std::fs::read(&file).unwrap();
    disk.becomes("ro");
    for command in [&["import", folder.to_str().unwrap()] as &[&str], &["morning"], &["run"], &["deliver"]] {
        let said = ends(&house.run(command), 2);
        let right = ["schreibgeschützt", "lässt sich nicht öffnen"].iter().any(|words| said.contains(words));
        assert!(right, "{command:?}: {said}");
    }
    let said = ends(&house.run(&["check"]), 1);
    assert!(said.contains("!!  Datenbank"), "{said}");
    disk.becomes("rw");
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[test]
fn a_database_that_somebody_holds_is_waited_for_and_then_named() {
    let house = House::new();
    let folder = delivery(&house, 20);
    house.import(&folder);
    let hold = "import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute('begin immediate')
print('held', flush=True)
sys.stdin.read()";
    let mut holder = Command::new("python3")
        .args(["-c", hold])
        .arg(house.path("w.db"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut held = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(holder.stdout.as_mut().unwrap()), &mut held).unwrap();
    // The minute that a command waits passes in a second.
    let mut command = house.command(&["import", folder.to_str().unwrap(), "--force"]);
    command.env("LD_PRELOAD", running::libfaketime()).env("FAKETIME", "+0 x60");
    let said = ends(&command.output().unwrap(), 2);
    assert!(said.contains("durch einen anderen Vorgang gesperrt"), "{said}");
    drop(holder.stdin.take());
    holder.wait().unwrap();
    house.import(&folder);
}

/// Changes a file as a bad disk would.
fn damage(file: &Path, how: &str) {
    let mut bytes = std::fs::read(file).unwrap();
    match how {
        "truncated" => bytes.truncate(bytes.len() / 2),
        "emptied" => bytes.clear(),
        "not a database" => bytes[..100].fill(b'x'),
        // Whole pages in the middle, as a lost sector is.
        "flipped" => {
            let middle = bytes.len() / 2;
            bytes[middle..middle + 16_384].iter_mut().for_each(|b| *b = !*b);
        }
        other => panic!("{other}"),
    }
    std::fs::write(file, bytes).unwrap();
}

#[test]
fn a_damaged_database_is_noticed_by_check_and_when_the_service_starts() {
    let house = House::new();
    house.import(&delivery(&house, 200));
    house.says(&["morning", "--on", "2026-11-23"]);
    let file = house.path("w.db");
    let good = std::fs::read(&file).unwrap();
    for how in ["truncated", "not a database", "flipped"] {
        std::fs::write(&file, &good).unwrap();
        damage(&file, how);
        let said = ends(&house.run(&["check"]), 1);
        assert!(said.contains("keine Datenbank oder beschädigt"), "{how}: {said}");
        // Ends by itself: a service on a damaged file is no service.
        let said = ends(&house.run(&["run"]), 2);
        assert!(said.contains("keine Datenbank oder beschädigt"), "{how}: {said}");
        let _ = std::fs::remove_file(house.path("w.db-wal"));
        let _ = std::fs::remove_file(house.path("w.db-shm"));
    }
    std::fs::write(&file, &good).unwrap();
    assert_eq!(house.run(&["status"]).status.code(), Some(1), "the service does not run, else all is well");
}

#[test]
fn a_missing_database_is_made_by_work_and_missed_by_check() {
    let house = House::new();
    let said = ends(&house.run(&["check"]), 1);
    assert!(said.contains("gibt es noch nicht"), "{said}");
    let said = ends(&house.run(&["status"]), 1);
    assert!(said.contains("gibt es noch nicht"), "{said}");
    assert!(house.says(&["outbox", "list"]).contains("0 Mails"));
    let said = ends(&house.run(&["status"]), 1);
    assert!(said.contains("Es sind noch keine Teams eingelesen"), "{said}");
}

#[test]
fn a_database_of_a_newer_program_is_refused_by_the_service() {
    let house = House::new();
    house.import(&delivery(&house, 5));
    let newer = "import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute(\"insert into _sqlx_migrations (version, description, success, checksum, execution_time) values (9999, 'x', 1, x'00', 0)\")
db.commit()";
    assert!(Command::new("python3").args(["-c", newer]).arg(house.path("w.db")).status().unwrap().success());
    let said = ends(&house.run(&["run"]), 2);
    assert!(said.contains("von einer neueren Version dieses Programms (Schema 9999)"), "{said}");
}

#[test]
fn a_database_server_that_goes_and_comes_back_costs_nothing() {
    let _server = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
    let url = pg::fresh_database();
    let house = House::new().with("DATABASE__URL", url.clone());
    house.import(&delivery(&house, 30));
    let service = Running::start(&house, &[], "2026-11-22 12:00:00");
    service.hears("service ready");
    service.hears("looked for mornings");
    pg::server(&url, &["-m", "fast", "stop"]);
    running::set(&service.clock, "2026-11-23 09:00:00");
    // The settings cannot be read anew without a database, but the bell rings.
    service.ring();
    let line = service.hears("does not do what it is asked");
    assert!(line.contains("antwortet nicht"), "{line}");
    pg::server(&url, &["restart"]);
    service.ring();
    service.hears("does what it is asked again");
    service.hears("morning done");
    assert!(service.stop().success());
    let status = house.run(&["status"]);
    let said = String::from_utf8(status.stdout).unwrap();
    assert!(said.contains("Letzter Lauf    Mo., 23.11.2026"), "{said}");
}

#[test]
fn a_day_without_a_database_server_is_told_to_the_administrator_when_it_is_back() {
    let _server = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
    let url = pg::fresh_database();
    let house = House::new()
        .with("DATABASE__URL", url.clone())
        .with("ADMIN__EMAIL", "it@jobcenter.example".to_owned())
        .with("OFFICE__STALE_AFTER", "0".to_owned());
    house.import(&delivery(&house, 30));
    let service = Running::start(&house, &[], "2026-11-23 05:00:00");
    service.hears("looked for mornings");
    // So that it is the morning that fails first.
    service.hears("the night's work is done");
    pg::server(&url, &["-m", "fast", "stop"]);
    running::set(&service.clock, "2026-11-23 05:30:20");
    service.ring();
    // Of the tasks that look into the database, the one that is waited for.
    service.hears("task=\"mornings\"");
    // Nothing can be written, so nothing is: the log says it once.
    running::set(&service.clock, "2026-11-23 17:00:20");
    service.ring();
    service.hears("settings refused");
    pg::server(&url, &["restart"]);
    running::set(&service.clock, "2026-11-23 17:05:00");
    service.ring();
    service.hears("the administrator is told");
    assert!(service.looks());
    assert!(service.stop().success());
    let listed = house.says(&["outbox", "list", "--format", "jsonl"]);
    assert_eq!(listed.lines().count(), 1, "{listed}");
    let mail: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let said = house.says(&["outbox", "show", &mail["id"].to_string()]);
    let words = "Er scheitert seit Mo., 23.11.2026, 06:30. Zuletzt: Der Datenbankserver antwortet nicht.";
    assert!(said.contains(words), "{said}");
}
