//! The service manager and the administrator: ready, watchdog, stop, reload, a second service, the unit.

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;

use super::{House, PATIENCE, Running, days, house, sql};

#[test]
fn the_manager_hears_that_it_is_ready_alive_and_stopping() {
    let house = house();
    let socket = house.path("notify");
    let manager = UnixDatagram::bind(&socket).unwrap();
    manager.set_read_timeout(Some(PATIENCE)).unwrap();
    let hears = || {
        let mut said = [0; 256];
        let length = manager.recv(&mut said).expect("the manager heard nothing");
        String::from_utf8_lossy(&said[..length]).trim().to_owned()
    };
    // A second before the full minute.
    let service = Running::start_with(&house, &[], "2026-11-22 12:00:59", |command| {
        command.env("NOTIFY_SOCKET", &socket);
    });
    assert_eq!(hears(), "READY=1");
    assert_eq!(hears(), "WATCHDOG=1");
    let hears_but_watchdog = || loop {
        let said = hears();
        if said != "WATCHDOG=1" {
            return said;
        }
    };
    service.signal("HUP");
    assert_eq!(hears_but_watchdog(), "RELOADING=1");
    assert_eq!(hears_but_watchdog(), "READY=1");
    service.signal("TERM");
    assert_eq!(hears_but_watchdog(), "STOPPING=1");
    service.hears("service stopped");
}

#[test]
fn settings_are_read_anew_and_a_bad_set_is_refused_whole() {
    let house = house();
    let file = house.path("w.toml");
    let config = ["--config", file.to_str().unwrap()];
    let write = |text: &str| {
        let database = if text.contains("[database]") { "" } else { "[database]\nurl = \"sqlite:w.db\"\n" };
        std::fs::write(&file, format!("{database}{text}")).unwrap();
    };
    write("[office]\nmorning = \"11:00\"\n");
    let service = Running::start_with(&house, &config, "2026-11-23 09:00:00", |command| {
        command.env_remove("WIEDERVORLAGE__DATABASE__URL");
    });
    assert!(!service.looks(), "ten o'clock in Berlin is before eleven");
    for (bad, words) in [
        ("[office]\nmorning = \"25:00\"\n", "office.morning"),
        ("[office]\nmorgen = \"07:00\"\n", "morgen"),
        ("[rules]\nfile = \"fehlt.toml\"\n[office]\nmorning = \"07:00\"\n", "fehlt.toml"),
        ("[database]\nurl = \"sqlite:anders.db\"\n", "Neustart"),
    ] {
        write(bad);
        service.signal("HUP");
        let line = service.hears("new settings refused");
        assert!(line.contains(words), "{line}");
        assert!(!service.looks(), "the old settings stay");
    }
    assert!(days(&house).is_empty(), "the old settings stay");
    write("[office]\nmorning = \"07:00\"\n");
    service.signal("HUP");
    assert!(service.looks());
    assert!(service.stop().success());
}

#[test]
fn a_second_service_at_one_file_is_refused_and_harms_nothing() {
    let house = house();
    let first = Running::start(&house, &[], "2026-11-22 12:00:00");
    first.hears("service ready");
    let second = house.run(&["run"]);
    let said = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(2), "{said}");
    assert!(said.contains("arbeitet schon ein anderer Dienst"), "{said}");
    // By another name as well.
    let link = house.path("link.db");
    std::os::unix::fs::symlink(house.path("w.db"), &link).unwrap();
    let url = format!("sqlite:{}", link.display());
    let linked = Running::start_with(&house, &[], "2026-11-22 12:00:00", |command| {
        command.env("WIEDERVORLAGE__DATABASE__URL", &url);
    });
    assert_eq!(linked.hears_or_ends("service ready"), None);
    // Other commands go on as they did.
    assert!(house.says(&["status"]).contains("Dienst          läuft\n"));
    assert!(first.stop().success());
    let status = house.run(&["status"]);
    assert!(String::from_utf8(status.stdout).unwrap().contains("Dienst          läuft nicht\n"));
    // What a killed one leaves behind keeps nobody out.
    let killed = Running::start(&house, &[], "2026-11-22 12:00:00");
    killed.hears("service ready");
    killed.signal("KILL");
    drop(killed);
    let third = Running::start(&house, &[], "2026-11-22 12:00:00");
    third.hears("service ready");
    assert!(third.stop().success());
}

#[test]
fn a_second_service_does_not_bring_the_tables_up_to_date_under_the_first() {
    let house = house();
    let first = Running::start(&house, &[], "2026-11-22 12:00:00");
    first.hears("looked for mornings");
    // As if the first were of an older program: there is something to bring up to date.
    sql(&house, "delete from _sqlx_migrations");
    let second = house.run(&["run"]);
    let said = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(2), "{said}");
    assert!(said.contains("arbeitet schon ein anderer Dienst"), "{said}");
    assert_eq!(sql(&house, "select count(*) from _sqlx_migrations"), "[(0,)]");
    assert!(first.stop().success());
}

#[test]
fn a_service_makes_the_database_that_is_not_there_yet() {
    let house = House::new();
    let file = house.path("var/lib/w.db");
    let house = house.with("DATABASE__URL", format!("sqlite:{}", file.display()));
    let service = Running::start(&house, &[], "2026-11-22 12:00:00");
    service.hears("service ready");
    assert!(service.stop().success());
    assert!(file.exists());
}

#[test]
fn the_unit_is_well_formed_and_gives_the_service_no_more_than_it_needs() {
    let unit = Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd/wiedervorlage.service");
    let text = std::fs::read_to_string(&unit).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path().join("wiedervorlage.service");
    let installed = text.replace("/usr/local/bin/wiedervorlage", env!("CARGO_BIN_EXE_wiedervorlage"));
    std::fs::write(&here, installed).unwrap();
    let run = |arguments: &[&str]| {
        let output = Command::new("systemd-analyze").args(arguments).arg(&here).output();
        let output = output.expect("systemd-analyze is missing; tests/packages installs it");
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.success(), said)
    };
    let (good, said) = run(&["verify"]);
    assert!(good && !said.contains("wiedervorlage"), "{said}");
    let (_, said) = run(&["security", "--offline=true"]);
    let exposure = said.lines().find_map(|line| line.split_once("wiedervorlage.service: ")).map(|(_, rest)| rest);
    let exposure: f64 = exposure.and_then(|rest| rest.split(' ').next()?.parse().ok()).unwrap_or(f64::MAX);
    assert!(exposure <= 1.5, "{said}");
}
