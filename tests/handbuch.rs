//! The handbooks: every command in them is run as it stands there, every setting, option and link exists.
//!
//! A machine is set up from the operations guide in a mount namespace of its own (`handbuch/ablauf.sh`); that needs root,
//! and fails without.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub, reason = "tests")]

#[path = "support/plain.rs"]
mod plain;
#[path = "support/running.rs"]
mod running;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use wiedervorlage::config::reference;

const PAGES: [&str; 3] = ["README.md", "docs/betrieb.md", "docs/handbuch.md"];

fn house() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(page: &str) -> String {
    std::fs::read_to_string(house().join(page)).unwrap()
}

/// The commands in the boxes of a page that are meant to be run, each with the exit code that the page promises.
fn commands(page: &str) -> Vec<(u8, String)> {
    let (mut inside, mut commands) = (false, Vec::new());
    for line in page.lines() {
        match line {
            "```sh" => inside = true,
            "```" => inside = false,
            line if inside && !line.is_empty() => {
                let (_, note) = line.split_once(" # ").unwrap_or_default();
                let code = note
                    .trim()
                    .strip_prefix("Ende ")
                    .filter(|rest| rest[1..].starts_with(':'))
                    .map_or(0, |rest| rest[..1].parse().unwrap());
                commands.push((code, line.to_owned()));
            }
            _ => {}
        }
    }
    commands
}

/// What stands between backquotes in running text.
fn quoted(page: &str) -> Vec<String> {
    let mut quoted = Vec::new();
    let mut boxed = false;
    for line in page.lines() {
        if line.starts_with("```") {
            boxed = !boxed;
        } else if !boxed {
            quoted.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    quoted
}

fn wiedervorlage(words: &[&str]) -> Option<String> {
    let done = Command::new(env!("CARGO_BIN_EXE_wiedervorlage")).args(words).output().unwrap();
    done.status.success().then(|| String::from_utf8(done.stdout).unwrap())
}

#[test]
fn a_machine_is_set_up_and_kept_by_the_commands_of_the_handbooks() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    // The service's own user reads the clock and the source from here.
    std::fs::set_permissions(place, std::fs::Permissions::from_mode(0o755)).unwrap();
    let source = place.join("quelle");
    std::fs::create_dir_all(source.join("target/release")).unwrap();
    symlink(env!("CARGO_BIN_EXE_wiedervorlage"), source.join("target/release/wiedervorlage")).unwrap();
    for part in ["config", "systemd"] {
        symlink(house().join(part), source.join(part)).unwrap();
    }
    let generated = Command::new("python3")
        .arg(house().join("tests/oracle/generate.py"))
        .arg(place.join("lieferung"))
        .args(["--cases", "40", "--on", "2026-11-23", "--seed", "7"])
        .status()
        .unwrap();
    assert!(generated.success());
    std::fs::create_dir(place.join("liste")).unwrap();
    for file in std::fs::read_dir(house().join("tests/data/listen")).unwrap().map(Result::unwrap) {
        std::fs::copy(file.path(), place.join("liste").join(file.file_name())).unwrap();
    }
    let mut script = String::new();
    // Whoever reads the handbook has a machine that the other page has set up.
    for (code, line) in ["docs/betrieb.md", "docs/handbuch.md"].into_iter().flat_map(|page| commands(&read(page))) {
        writeln!(script, "{code} {line}").unwrap();
    }
    assert!(script.lines().count() > 30, "the boxes of the guide were not found:\n{script}");
    std::fs::write(place.join("befehle"), script).unwrap();
    let done = Command::new("unshare")
        .args(["--mount", "--propagation", "private", "bash"])
        .arg(house().join("tests/handbuch/ablauf.sh"))
        .arg(place)
        .env("FAKETIME_LIBRARY", running::libfaketime())
        .env("FAKETIME_TIMESTAMP_FILE", place.join("uhr"))
        .env("FAKETIME_NO_CACHE", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .env("TZ", "UTC")
        .output()
        .unwrap();
    let (said, complained) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{said}\n{complained}");
}

#[test]
fn every_command_and_option_that_a_page_names_exists() {
    for page in PAGES {
        let text = read(page);
        let boxed = commands(&text).into_iter().map(|(_, line)| line);
        for command in quoted(&text).into_iter().chain(boxed) {
            let Some(rest) = command.strip_prefix("wiedervorlage ").filter(|rest| !rest.starts_with("BEFEHL")) else {
                continue;
            };
            let mut words: Vec<_> = rest.split_whitespace().take_while(|w| is_word(w)).collect();
            // What follows a command may be a word of its own (`record ag_kontakt`): the longest that is one counts.
            let help = loop {
                assert!(!words.is_empty(), "{page}: `{command}` is no command");
                match wiedervorlage(&[&words[..], &["--help"]].concat()) {
                    Some(help) => break help,
                    None => words.pop(),
                };
            };
            for option in rest.split_whitespace().filter(|w| w.starts_with("--")) {
                assert!(help.contains(option), "{page}: `{command}`: there is no {option}");
            }
        }
    }
}

#[test]
fn every_setting_that_a_page_names_exists() {
    let sections = reference::sections();
    let known: BTreeSet<_> = sections
        .iter()
        .flat_map(|s| s.keys.iter().map(move |k| format!("{}.{}", s.name, k.name)))
        .chain(sections.iter().map(|s| s.name.clone()))
        .collect();
    let tops: BTreeSet<_> =
        sections.iter().filter_map(|s| s.name.split('.').next()).filter(|s| !s.is_empty()).collect();
    for page in PAGES {
        for text in quoted(&read(page)) {
            let name = text.split([' ', '=']).next().unwrap_or_default();
            let is_key = name.split_once('.').is_some_and(|(top, _)| tops.contains(top))
                && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b == b'.')
                && !Path::new(name).extension().is_some_and(|e| e == "toml" || e == "csv");
            assert!(!is_key || known.contains(name), "{page}: there is no setting `{name}`");
        }
    }
}

#[test]
fn the_table_of_settings_is_the_one_that_the_program_writes() {
    let page = read("docs/betrieb.md");
    let table = wiedervorlage(&["settings"]).unwrap();
    assert!(page.ends_with(&table), "docs/betrieb.md does not end with the output of `wiedervorlage settings`");
}

#[test]
fn every_command_of_the_program_is_explained_in_the_readme() {
    let help = wiedervorlage(&["--help"]).unwrap();
    let (_, list) = help.split_once("Befehle:\n").unwrap();
    let readme = read("README.md");
    for command in list.lines().take_while(|l| !l.trim().is_empty()).filter_map(|l| l.strip_prefix("  ")) {
        // A line that goes on explaining begins deeper.
        let Some(name) = command.split_whitespace().next().filter(|_| !command.starts_with(' ')) else { continue };
        assert!(
            readme.contains(&format!("`{name}")) || readme.contains(&format!(" {name}")),
            "{name} is not explained"
        );
    }
}

#[test]
fn every_link_leads_somewhere() {
    for page in PAGES {
        let text = read(page);
        let folder = house().join(page);
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.contains("://") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let path = if file.is_empty() { folder.clone() } else { folder.parent().unwrap().join(file) };
            assert!(path.exists(), "{page}: {target}");
            if !anchor.is_empty() {
                let there = std::fs::read_to_string(&path).unwrap();
                let has = there.lines().filter(|l| l.starts_with('#')).any(|heading| slug(heading) == anchor);
                assert!(has, "{page}: {target} has no such heading");
            }
        }
    }
}

/// Whether it is written as commands are: `send-test`.
fn is_word(text: &str) -> bool {
    !text.starts_with('-') && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
}

/// The anchor that a heading gets.
fn slug(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase();
    words
        .chars()
        .filter(|c| c.is_alphanumeric() || *c == ' ' || *c == '-')
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}
