//! What a command must not do: run away into the future, or leave a copy of the facts behind.

use std::io::Read as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};

use super::house::House;

#[tokio::test]
async fn a_morning_more_than_400_days_ahead_is_refused_and_says_to_check_the_year() {
    let house = House::new().await;
    let answer = house.asked(&["morning", "--on", "24.11.2099"]);
    assert_eq!((answer.code(), answer.out()), (2, String::new()));
    let said = answer.err();
    assert!(said.contains("Der 24.11.2099 liegt mehr als 400 Tage in der Zukunft."), "{said}");
    assert!(said.contains("bitte prüfen Sie das Jahr"), "{said}");
    assert_eq!(house.db.outbox_left().await.unwrap(), 0);
    assert_eq!(house.db.snapshot().await.unwrap().last_run("").await.unwrap(), None, "no run keeps the others away");
}

#[tokio::test]
async fn a_simulation_that_is_told_to_end_leaves_nothing_behind() {
    let house = House::new().await;
    let temporary = house.folder.path().join("tmp");
    std::fs::create_dir(&temporary).unwrap();
    let left = || std::fs::read_dir(&temporary).unwrap().count();
    let url = format!("sqlite:{}", house.folder.path().join("haus.db").display());
    let mut child = Command::new(assert_cmd::cargo::cargo_bin("wiedervorlage"))
        .args(["simulate", "--from", "2025-11-03", "--to", "2100-12-31", "--format", "jsonl"])
        .env_clear()
        .env("WIEDERVORLAGE__DATABASE__URL", url)
        .env("TMPDIR", &temporary)
        .current_dir(house.folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = child.stdout.take().unwrap();
    // The first mails come while it reckons on.
    out.read_exact(&mut [0]).unwrap();
    assert_ne!(left(), 0, "the copy of the facts lies elsewhere");
    let kill = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    std::io::copy(&mut out, &mut std::io::sink()).unwrap();
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), ended.status.signal()), (Some(2), None), "it ends itself");
    assert_eq!(String::from_utf8(ended.stderr).unwrap(), "Fehler: abgebrochen\n");
    assert_eq!(left(), 0);
}
