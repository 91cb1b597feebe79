//! The watched folder as those who fill it see it, and whoever looks after it: the binary, its service, the share.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub, reason = "tests")]

#[path = "support/pg.rs"]
mod pg;
#[path = "support/plain.rs"]
mod plain;
#[path = "support/running.rs"]
mod running;

#[path = "eingang/hand.rs"]
mod hand;
#[path = "eingang/killed.rs"]
mod killed;
#[path = "eingang/list.rs"]
mod list;
#[path = "eingang/service.rs"]
mod service;
#[path = "eingang/two.rs"]
mod two;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use plain::House;

const TEAMS: &str = "team;name;postfach;bundesland;leitung\nT0;Nord;nord@jobcenter.example;BW;chef\n";
const PERSONAL: &str = "kuerzel;name;email;rolle;team;region;vertretung\n\
     must;Mia Muster;mia@jobcenter.example;BAK;T0;Nord;\nivo;Ivo Falk;ivo@jobcenter.example;IFK;T0;Nord;\n";
const HEAD: &str = "fallnr;bak;ifk;team;region;kennung;kennung_seit;uebergabe_am;hauptbetreuer_seit;ende_am;\
     ende_grund;rueckgabegespraech_am;fazit_am\n";

fn cases(numbers: &[&str]) -> String {
    let row = |nr: &&str| format!("{nr};must;ivo;T0;Nord;;;01.10.2026;01.10.2026;;;;\n");
    format!("{HEAD}{}", numbers.iter().map(row).collect::<String>())
}

fn activities(rows: &[(&str, &str, &str)]) -> String {
    let row = |(nr, art, day): &(&str, &str, &str)| format!("{nr};{art};{day};1;Geheim Rücken\n");
    format!("fallnr;art;datum;anzahl;bemerkung\n{}", rows.iter().map(row).collect::<String>())
}

/// A place with a watched folder that exists, in which a file need not lie still.
fn house() -> House {
    let house = House::new();
    fs::create_dir(house.path("eingang")).unwrap();
    let dir = house.path("eingang").display().to_string();
    house
        .with("INBOX__DIR", dir)
        .with("INBOX__SETTLE_SECONDS", "0".to_owned())
        .with("INBOX__REPORT_TO", "listen@jobcenter.example".to_owned())
        .with("ADMIN__EMAIL", "it@jobcenter.example".to_owned())
}

fn drop_in(house: &House, name: &str, content: &str) {
    fs::write(house.path("eingang").join(name), content).unwrap();
}

/// Every file below a folder by its path in it; a report by its first line of outcome.
fn files(dir: &Path) -> BTreeMap<String, String> {
    fn walk(dir: &Path, prefix: &str, all: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
            if path.is_dir() {
                walk(&path, &format!("{name}/"), all);
            } else if path.is_file() {
                all.insert(name, String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned());
            }
        }
    }
    let mut all = BTreeMap::new();
    walk(dir, "", &mut all);
    all
}

/// Their names.
fn lies(house: &House) -> Vec<String> {
    files(&house.path("eingang")).into_keys().collect()
}

/// The mails of a kind: all that `outbox show` says of each.
fn mails(house: &House, kind: &str) -> Vec<String> {
    let listed = house.says(&["outbox", "list", "--format", "jsonl"]);
    let mails = listed.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    mails
        .filter(|mail| mail["kind"] == kind)
        .map(|mail| house.says(&["outbox", "show", &mail["id"].to_string()]))
        .collect()
}

/// What a command says at an instant at which the clock stands still.
fn at(house: &House, arguments: &[&str], instant: &str) -> Output {
    still(house.command(arguments), instant).output().unwrap()
}

fn still(mut command: Command, instant: &str) -> Command {
    command
        .env("LD_PRELOAD", running::libfaketime())
        .env("FAKETIME", instant)
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .env("TZ", "UTC");
    command
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// What the database of a house answers when it is asked behind the program's back.
fn sql(database: &PathBuf, statement: &str) -> String {
    let ask = "import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
print(db.execute(sys.argv[2]).fetchall())";
    let asked = Command::new("python3").args(["-c", ask]).arg(database).arg(statement).output().unwrap();
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    String::from_utf8(asked.stdout).unwrap().trim().to_owned()
}
