//! The service as its manager, its administrator and the clock see it: the binary, signals, sockets, log and mails.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub, reason = "tests")]

#[path = "support/plain.rs"]
mod plain;
#[path = "support/running.rs"]
mod running;
#[path = "torture/sink.rs"]
mod sink;

#[path = "service/alarm.rs"]
mod alarm;
#[path = "service/clock.rs"]
mod clock;
#[path = "service/mail.rs"]
mod mail;
#[path = "service/manager.rs"]
mod manager;
#[path = "service/screen.rs"]
mod screen;

use std::process::Command;

use plain::{Delivery, House};
use running::{PATIENCE, Running, set};

/// A place with a few cases of one team.
fn house() -> House {
    let house = House::new();
    let delivery = house.generate("d", &Delivery::new(1, 30, "2026-11-23".parse().unwrap()));
    house.import(&delivery);
    house
}

/// What the database of a house answers when it is asked behind the program's back.
fn sql(house: &House, statement: &str) -> String {
    let ask = "import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
print(db.execute(sys.argv[2]).fetchall())";
    let database = house.path("w.db");
    let asked = Command::new("python3").args(["-c", ask]).arg(database).arg(statement).output().unwrap();
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    String::from_utf8(asked.stdout).unwrap().trim().to_owned()
}

/// The days for which there is a Tagesübersicht in the outbox.
fn days(house: &House) -> Vec<String> {
    let listed = house.says(&["outbox", "list", "--format", "jsonl"]);
    let mails = listed.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let mut days: Vec<String> = mails
        .filter(|mail| mail["kind"] == "tagesuebersicht")
        .map(|mail| mail["date"].as_str().unwrap().to_owned())
        .collect();
    days.sort();
    days
}
