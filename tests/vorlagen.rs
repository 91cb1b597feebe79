//! An office's own words: what is taken, what is refused and when, and that a morning never stumbles over them.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub, reason = "tests")]

#[path = "support/plain.rs"]
mod plain;
#[path = "support/running.rs"]
mod running;

use std::path::{Path, PathBuf};
use std::process::Output;

use plain::{Delivery, House, day};
use running::Running;

/// A place with an office in it, and a folder of templates that is in the settings.
struct Words {
    house: House,
    folder: PathBuf,
}

impl Words {
    fn new() -> Self {
        let house = House::new();
        let folder = house.path("vorlagen");
        std::fs::create_dir(&folder).unwrap();
        let house =
            house.with("MAIL__TEMPLATES", folder.display().to_string()).with("OFFICE__STALE_AFTER", "0".to_owned());
        Self { house, folder }
    }

    fn office() -> Self {
        let words = Self::new();
        let delivery = words.house.generate("lieferung", &Delivery::new(7, 20, day("2026-11-20")));
        words.house.import(&delivery);
        words
    }

    fn put(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// A built-in template with something else in the place of a part.
    fn change(&self, name: &str, there: &str, instead: &str) {
        let text = self.house.says(&["templates", "show", name]);
        assert!(text.contains(there), "{name}: {there}");
        self.put(name, text.replacen(there, instead, 1));
    }
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn complained(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The texts of all mails in a folder, as Python reads them.
fn texts(mails: &Path) -> Vec<String> {
    const READ: &str = r#"
import sys, json, email, email.policy, pathlib
mails = [email.message_from_bytes(p.read_bytes(), policy=email.policy.default) for p in sorted(pathlib.Path(sys.argv[1]).glob("*.eml"))]
json.dump([m.get_body(("plain",)).get_content() + m.get_body(("html",)).get_content() for m in mails], sys.stdout)
"#;
    let python = std::process::Command::new("python3").args(["-c", READ]).arg(mails).output();
    let python = python.expect("these tests need python3");
    assert!(python.status.success(), "{}", complained(&python));
    serde_json::from_slice(&python.stdout).unwrap()
}

#[test]
fn the_built_in_templates_are_there_to_begin_with_and_no_file_is_written_over() {
    let words = Words::new();
    let folder = words.folder.to_str().unwrap();
    let first = words.house.run(&["templates", "export", folder, "tag.txt", "regel/besuch-16.html"]);
    assert_eq!(first.status.code(), Some(0), "{}", complained(&first));
    assert_eq!(std::fs::read_dir(&words.folder).unwrap().count(), 2, "only what was asked for");
    words.put("tag.txt", "eigenes");
    let all = words.house.run(&["templates", "export", folder]);
    assert_eq!(all.status.code(), Some(1));
    assert!(out(&all).starts_with("20 Vorlagen nach "), "{}", out(&all));
    assert!(out(&all).contains("Schon da und nicht angerührt: tag.txt und regel/besuch-16.html."), "{}", out(&all));
    assert_eq!(std::fs::read_to_string(words.folder.join("tag.txt")).unwrap(), "eigenes");

    let unknown = words.house.run(&["templates", "show", "heute.txt"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(complained(&unknown).contains("Die Vorlage heute.txt gibt es nicht; möglich sind: page.txt, page.html"));
}

#[test]
fn own_words_are_in_the_mails_and_what_comes_from_lists_stays_escaped() {
    let words = Words::office();
    words.change("tag.txt", "=== {{ bak.who }} ===", ">>> Für {{ bak.who }} <<<");
    words.change("page.html", "{{ title }} <span", "{{ title }} <em>im Haus</em> {{ \"<i>\" }}<span");
    // As an editor of Windows writes it.
    let rows = words.house.says(&["templates", "show", "rows.txt"]);
    words.put("rows.txt", format!("\u{feff}{}", rows.replace("außerdem", "daneben").replace('\n', "\r\n")));
    let checked = words.house.says(&["templates", "check"]);
    assert!(checked.starts_with("ok  Vorlagen: 3 eigene Vorlagen (page.html, rows.txt und tag.txt) aus "), "{checked}");
    words.house.says(&["morning", "--on", "2026-11-23"]);
    words.house.says(&["deliver"]);
    let texts = texts(&words.house.mails());
    assert!(texts.len() > 5);
    assert!(texts.iter().all(|text| text.contains("<em>im Haus</em> &lt;i&gt;")), "{}", texts[0]);
    assert!(texts.iter().any(|text| text.contains(">>> Für ")));
    assert!(!texts.iter().any(|text| text.contains("\n\n\n") || text.contains("    außerdem")), "{texts:#?}");
}

#[test]
fn a_broken_set_is_refused_at_the_start_and_named_and_hinders_nobody_else() {
    let words = Words::office();
    words.change("mitteilung.txt", "{{ part.intro }}", "{{ part.einleitung }}");
    let fault =
        "mitteilung.txt, Zeile 10: unbekannte Variable „part.einleitung“; hier gibt es: intro, items, lapsed, who";
    for command in [&["run"][..], &["morning", "--on", "2026-11-23"], &["preview", "--on", "23.11.2026", "--out", "v"]]
    {
        let refused = words.house.run(command);
        assert_eq!(refused.status.code(), Some(2), "{command:?}");
        assert!(complained(&refused).contains(fault), "{command:?}: {}", complained(&refused));
    }
    for command in ["check", "templates check"] {
        let checked = words.house.run(&command.split(' ').collect::<Vec<_>>());
        assert_eq!(checked.status.code(), Some(1), "{command}");
        assert!(
            out(&checked).contains(&format!("!!  {fault} – den Namen berichtigen")),
            "{command}: {}",
            out(&checked)
        );
    }
    // Whoever writes no mail does not need them.
    words.house.says(&["evaluate", "--on", "2026-11-23"]);
    words.house.says(&["record", "kontakt_telefonisch", "0000001", "--on", "2026-11-20"]);
    words.house.says(&["deliver"]);
    assert!(out(&words.house.run(&["outbox", "list", "--format", "jsonl"])).is_empty(), "a mail was queued");
}

#[test]
fn what_lies_in_the_folder_besides_is_told_from_a_mistake() {
    let words = Words::new();
    words.change("tag.txt", "{{ body.top }}", "Guten Morgen! {{ body.top }}");
    for left in ["tag.txt~", ".tag.txt.swp", "tag.txt.bak", "#tag.txt#", "regel/.DS_Store", "tag.txt.dpkg-old"] {
        words.put(left, "{{ nichts");
    }
    let hints = words.house.run(&["templates", "check"]);
    assert_eq!(hints.status.code(), Some(0), "{}", out(&hints));
    assert_eq!(out(&hints).matches("--  ").count(), 6, "{}", out(&hints));
    assert!(out(&hints).contains("--  regel/.DS_Store: ist keine Vorlage und wird nicht gelesen – die Datei kann weg"));
    let deep = format!("eins\n{{{{ {}1 }}}}\n", "not ".repeat(8_000));
    let many = format!("{{% if 1 %}}{}{{% endif %}}", "{% elif 0 %}".repeat(8_000));
    for (name, text, said) in [
        (
            "tages.txt",
            &b"x"[..],
            "tages.txt: Eine Vorlage dieses Namens gibt es nicht; möglich sind: page.txt, page.html, ",
        ),
        ("regel/kundenkontakt.txt", b"x", "regel/kundenkontakt.txt: Eine Vorlage dieses Namens gibt es nicht"),
        ("mail/tag.txt", b"x", "mail: Eine Vorlage dieses Namens gibt es nicht"),
        ("admin.txt", b"eins\nzw\xf6lf\n", "admin.txt, Zeile 2: ist nicht in UTF-8 gespeichert"),
        ("admin.txt", b"eins\n\x1b[31m\n", "admin.txt, Zeile 2: enthält ein Steuerzeichen"),
        ("admin.txt", &vec![b'x'; 200 << 10], "admin.txt: ist größer als 128 KB"),
        ("admin.txt", &vec![b'\n'; 6_000], "admin.txt: hat mehr als 5000 Zeilen"),
        // Deep in itself: the engine would go into it by calling itself, until there is no room left.
        ("admin.txt", deep.as_bytes(), "admin.txt, Zeile 2: enthält einen Ausdruck von mehr als 1000 Zeichen"),
        ("admin.txt", many.as_bytes(), "admin.txt: enthält mehr als 2000 Ausdrücke"),
    ] {
        words.put(name, text);
        let refused = words.house.run(&["templates", "check"]);
        assert_eq!(refused.status.code(), Some(1), "{name}");
        assert!(out(&refused).contains(&format!("!!  {said}")), "{name}: {}", out(&refused));
        let top = words.folder.join(name.split('/').next().unwrap());
        if name == "mail/tag.txt" {
            std::fs::remove_dir_all(top)
        } else {
            std::fs::remove_file(words.folder.join(name))
        }
        .unwrap();
    }
    let missing = words.house.run(&["templates", "check", "/gibt/es/nicht"]);
    assert!(out(&missing).contains("!!  Der Ordner /gibt/es/nicht fehlt – den Ordner anlegen"), "{}", out(&missing));
}

#[test]
fn what_law_and_readers_need_is_missed_aloud_but_taken() {
    let words = Words::office();
    words.change("page.txt", "Enthält Sozialdaten", "Enthält Daten");
    words.change("page.html", "{{ because }}", "");
    for command in ["templates check", "check"] {
        let checked = words.house.run(&command.split(' ').collect::<Vec<_>>());
        assert_eq!(checked.status.code(), Some(1), "{command}");
        for line in [
            "!!  page.txt: Der Hinweis „Enthält Sozialdaten (§ 35 SGB I)“ fehlt (Text) – die Zeile wieder aufnehmen",
            "!!  page.html: Die Fußzeile fehlt oder ist nicht vollständig (HTML) – ",
            "ok  Vorlagen: 2 eigene Vorlagen (page.html und page.txt)",
        ] {
            assert!(out(&checked).contains(line), "{command}: {line}\n{}", out(&checked));
        }
    }
    let ran = words.house.run(&["morning", "--on", "2026-11-23"]);
    assert_eq!(ran.status.code(), Some(0));
    assert!(complained(&ran).contains("leave something out"), "{}", complained(&ran));
}

/// Weighed at noon, not at 06:30.
#[test]
fn a_running_service_refuses_a_bad_set_and_goes_on_with_the_old_one() {
    let words = Words::office();
    let texts = || texts(&words.house.mails());
    words.change("page.txt", "BAK-Wiedervorlage", "Erste Fassung");
    let service = Running::start(&words.house, &[], "2026-11-23 04:00:00");
    service.hears("service ready");
    words.change("page.txt", "BAK-Wiedervorlage", "Zweite Fassung");
    service.set("2026-11-23 04:10:00");
    words.change("page.txt", "BAK-Wiedervorlage", "Dritte Fassung {{ datum }}");
    service.ring();
    let refused = service.hears("new settings refused, the old ones stay");
    assert!(refused.contains("page.txt, Zeile 1: unbekannte Variable „datum“"), "{refused}");
    // The files stay as bad as they are when the morning comes.
    running::set(&service.clock, "2026-11-23 05:31:00");
    service.ring();
    service.hears("morning done");
    service.hears("delivered");
    assert!(service.stop().success());
    assert!(texts().len() > 5);
    assert!(texts().iter().all(|text| text.starts_with("Zweite Fassung · ")), "{}", texts()[0]);
    // And a start with them is none.
    let started = words.house.run(&["run"]);
    assert_eq!(started.status.code(), Some(2), "{}", complained(&started));
}
