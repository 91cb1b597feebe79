//! The arrows of the house run one way: a forbidden import fails here, with the file and the reason.
#![expect(clippy::unwrap_used, reason = "a test that cannot read the sources fails loudly")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Per room: what it may import of the house, and which foreign crates it must not know.
const ROOMS: &[(&str, &[&str], &[&str])] = &[
    (
        "domain",
        &[],
        &[
            "tokio",
            "sqlx",
            "lettre",
            "config",
            "minijinja",
            "csv",
            "tempfile",
            "tracing",
            "rand",
            "getrandom",
            "futures_util",
        ],
    ),
    ("caught", &[], &["tokio", "sqlx", "lettre", "config"]),
    ("clock", &[], &["tokio", "sqlx", "lettre"]),
    ("who", &[], &["tokio", "sqlx", "lettre"]),
    ("config", &["domain"], &["tokio", "sqlx", "lettre", "minijinja"]),
    ("store", &["domain"], &["lettre", "minijinja", "csv", "config"]),
    ("mail", &["domain"], &["sqlx", "csv", "config"]),
    ("intake", &["clock", "domain", "store", "who"], &["lettre", "minijinja", "sqlx", "config"]),
    ("morning", &["clock", "config", "domain", "store", "mail"], &["lettre", "sqlx", "minijinja"]),
    ("delivery", &["caught", "clock", "config", "domain", "store", "mail"], &["sqlx", "minijinja", "csv"]),
    ("bounces", &["store", "mail"], &["sqlx", "lettre", "minijinja", "csv", "config"]),
    ("simulate", &["clock", "config", "domain", "store", "mail", "morning"], &["sqlx", "lettre"]),
    (
        "preview",
        &["clock", "config", "domain", "store", "mail", "morning"],
        &["sqlx", "lettre", "minijinja", "csv", "tokio"],
    ),
    ("retention", &["clock", "config", "domain", "store"], &["sqlx", "lettre", "minijinja", "csv", "tokio"]),
    ("backup", &["store"], &["sqlx", "lettre", "minijinja", "csv", "config", "tokio"]),
    (
        "inbox",
        &["app", "caught", "clock", "config", "domain", "intake", "mail", "store"],
        &["sqlx", "lettre", "minijinja", "csv"],
    ),
    (
        "upkeep",
        &["app", "backup", "caught", "clock", "domain", "inbox", "mail", "retention", "schedule", "store"],
        &["sqlx", "lettre", "minijinja", "csv"],
    ),
    (
        "schedule",
        &["app", "caught", "clock", "config", "domain", "store", "mail", "morning", "delivery"],
        &["sqlx", "lettre", "minijinja", "csv"],
    ),
    (
        "service",
        &["app", "bounces", "caught", "delivery", "inbox", "schedule", "store", "upkeep"],
        &["sqlx", "lettre", "minijinja", "csv"],
    ),
    ("app", &["clock", "config", "domain", "store", "mail", "morning", "delivery", "intake"], &["sqlx", "lettre"]),
    (
        "cli",
        &[
            "app", "backup", "bounces", "clock", "config", "domain", "inbox", "store", "mail", "morning", "delivery",
            "intake", "preview", "simulate", "schedule", "service", "upkeep", "who",
        ],
        &["sqlx", "lettre"],
    ),
];
/// Nobody but the clock reads the time; and the domain reads neither files nor the environment.
const PURE: &[&str] =
    &["std::fs", "std::env", "std::net", "std::process", "std::io", "std::time", "Utc::now", "Local::now"];

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}

/// The file's code with its room, without comments and without its tests.
fn rooms() -> Vec<(String, PathBuf, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&src, &mut files);
    // A room's tests may know what its code may not.
    files.retain(|path| path.file_name().is_none_or(|name| name != "tests.rs"));
    let read = |path: PathBuf| {
        let inside = path.strip_prefix(&src).unwrap();
        let first = inside.components().next().unwrap().as_os_str().to_str().unwrap();
        let room = first.trim_end_matches(".rs").to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let code = code.lines().map(|l| l.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
        (room, path, code)
    };
    files.into_iter().map(read).collect()
}

/// The words that follow `prefix` in the code: `crate::store::Db` and `crate::{store, mail}` give the rooms.
fn imported(code: &str) -> BTreeSet<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(list) => {
                let list = list.split('}').next().unwrap_or_default();
                found.extend(list.split(',').map(|w| word(w.trim())).filter(|w| !w.is_empty()));
            }
            None => {
                found.insert(word(rest));
            }
        }
    }
    found
}

/// Whether the code names the foreign crate in a path.
fn names(code: &str, path: &str) -> bool {
    code.match_indices(path).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = &code[at + path.len()..];
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
            && (path.contains("::") || after.starts_with("::"))
    })
}

#[test]
fn every_room_imports_only_what_it_may_know() {
    let mut wrong = Vec::new();
    for (room, path, code) in rooms() {
        if room == "lib" || room == "main" {
            continue;
        }
        let Some((_, may, must_not)) = ROOMS.iter().find(|(name, ..)| *name == room) else {
            wrong.push(format!("{}: the room {room} is not in the table of this test", path.display()));
            continue;
        };
        for import in imported(&code) {
            if import != room && !may.contains(&import.as_str()) && import.starts_with(|c: char| c.is_lowercase()) {
                wrong.push(format!("{}: {room} must not know {import}", path.display()));
            }
        }
        for foreign in must_not.iter().filter(|c| names(&code, c)) {
            wrong.push(format!("{}: {room} must not know the crate {foreign}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_domain_is_pure() {
    let files: Vec<_> = rooms().into_iter().filter(|(room, ..)| room == "domain").collect();
    assert!(files.len() > 15, "the domain's files were not found");
    for (_, path, code) in files {
        for impure in PURE {
            assert!(!names(&code, impure), "{}: the domain must not use {impure}", path.display());
        }
        assert!(!code.contains("async "), "{}: the domain is not async", path.display());
    }
}

#[test]
fn both_databases_have_migrations_of_the_same_names() {
    let names = |database: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(database);
        let entries = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name());
        entries.collect::<BTreeSet<_>>()
    };
    assert_eq!(names("sqlite"), names("postgres"));
    assert!(!names("sqlite").is_empty());
}
