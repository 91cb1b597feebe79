//! `kill -9` at random moments of a look: every file is imported once, lies in one place, and is told of once.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{PERSONAL, TEAMS, activities, cases, drop_in, files, house, still};
use crate::plain::{Dice, House};

const KILLS: u32 = 40;
const AT: &str = "2026-11-23 08:00:00";

/// Everything that stands in the database, but what must differ: the secret, and what follows from it.
fn dump(house: &House) -> String {
    let script = "import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute(\"update installation set secret = ''\")
db.execute(\"update outbox set message_id = id\")
print('\\n'.join(line for line in db.iterdump() if line.startswith('INSERT') and '_sqlx_' not in line))";
    let copy = house.path("kopie.db");
    for end in ["", "-wal"] {
        let from = house.path(&format!("w.db{end}"));
        let to = house.path(&format!("kopie.db{end}"));
        if from.exists() {
            std::fs::copy(from, to).unwrap();
        } else {
            drop(std::fs::remove_file(to));
        }
    }
    let asked = Command::new("python3").args(["-c", script]).arg(copy).output().unwrap();
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    let said = String::from_utf8(asked.stdout).unwrap();
    // The path of the place itself.
    said.replace(&house.path("").display().to_string(), "")
}

/// A place in which a delivery waits: good files, one with a bad row, one that is no list.
fn filled() -> House {
    let house = house();
    drop_in(&house, "teams.csv", TEAMS);
    drop_in(&house, "personal.csv", PERSONAL);
    let numbers: Vec<String> = (0..200).map(|n| format!("{n:04}")).collect();
    drop_in(&house, "betreuungen.csv", &cases(&numbers.iter().map(String::as_str).collect::<Vec<_>>()));
    drop_in(
        &house,
        "aktivitaeten.csv",
        &activities(&[("0017", "ag_kontakt", "02.11.2026"), ("0017", "tanz", "03.11.2026")]),
    );
    drop_in(&house, "notiz.txt", "x");
    // The first opening is another test's.
    drop(still(house.command(&["status"]), AT).output().unwrap());
    drop(still(house.command(&["imports"]), AT).output().unwrap());
    house
}

fn look(house: &House) -> Command {
    let mut command = still(house.command(&["inbox"]), AT);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn hidden(dir: &Path) -> usize {
    files(dir).keys().filter(|name| name.contains("/.")).count()
}

#[test]
fn a_look_that_was_killed_ends_as_if_it_had_not_been() {
    let seed = std::env::var("CRASH_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(17);
    let mut dice = Dice::new(seed);
    let whole = filled();
    let begun = Instant::now();
    assert_eq!(look(&whole).status().unwrap().code(), Some(1));
    let took = begun.elapsed();
    let (lie, database) = (files(&whole.path("eingang")), dump(&whole));
    assert_eq!(lie.len(), 10);
    let (mut kills, mut late) = (0, 0);
    for trial in 0.. {
        if kills >= KILLS {
            break;
        }
        assert!(trial < 4 * KILLS, "far too many looks end before they can be killed");
        let house = filled();
        for _ in 0..dice.between(1, 3) {
            let mut child = look(&house).spawn().unwrap();
            // Torture may wait in real time: a kill needs a moment.
            std::thread::sleep(Duration::from_micros(dice.between(0, took.as_micros() as i64).unsigned_abs()));
            drop(child.kill());
            if child.wait().unwrap().code().is_some() {
                break;
            }
            kills += 1;
            // Nothing is ever in two places or in none.
            let names = files(&house.path("eingang"));
            let lists = names.keys().filter(|name| !name.ends_with(".bericht.txt") && !name.contains("/."));
            assert_eq!(lists.count(), 5, "trial {trial} of CRASH_SEED={seed}: {names:?}");
            late += u32::from(names.keys().any(|name| name.starts_with("done/")));
        }
        let code = look(&house).status().unwrap().code();
        assert!(matches!(code, Some(0 | 1)), "trial {trial} of CRASH_SEED={seed}: {code:?}");
        assert_eq!(hidden(&house.path("eingang")), 0, "trial {trial}");
        assert_eq!(files(&house.path("eingang")), lie, "trial {trial} of CRASH_SEED={seed}");
        assert_eq!(dump(&house), database, "trial {trial} of CRASH_SEED={seed}");
    }
    eprintln!("{kills} kills, {late} of them with files put away already");
}
