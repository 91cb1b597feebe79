//! No bytes make a reader panic, hang or take more than 64 MiB: what comes from outside, changed at random.
//!
//! What reads rows of CSV files has its own such test beside it, in `src/intake`. By hand, each for as long as asked:
//! `FUZZ_CASES=10000000 FUZZ_SECONDS=480 cargo test --test fuzz bounce -- --nocapture`
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test says so by failing")]

#[path = "support/mutate.rs"]
mod mutate;

use std::path::{Path, PathBuf};

use chrono::{DateTime, Datelike, NaiveDate};
use mutate::Corpus;
use wiedervorlage::config::rulebook;
use wiedervorlage::config::settings::Settings;
use wiedervorlage::domain::address::{domain_of, is_address};
use wiedervorlage::domain::calendar::{
    Bundesland, Calendar, Dienstfrei, add_months, before, end_begin, iso_week, monday, parse_iso_week,
};
use wiedervorlage::domain::digest::Kind;
use wiedervorlage::mail::bounce;
use wiedervorlage::mail::compose::{Envelope, compose};
use wiedervorlage::mail::transport::smtp::answer::{Assembly, MOST_LINES, Offers};
use wiedervorlage::mail::{Attached, Parts};

/// A file that is written over for each input.
struct Slot {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl Slot {
    fn new() -> Self {
        // In memory, where there is such a place: a disk would be what is tested.
        let shm = Path::new("/dev/shm");
        let folder = if shm.is_dir() { tempfile::tempdir_in(shm) } else { tempfile::tempdir() }.unwrap();
        Self { path: folder.path().join("fuzz.toml"), _folder: folder }
    }

    fn holding(&self, bytes: &[u8]) -> &Path {
        std::fs::write(&self.path, bytes).unwrap();
        &self.path
    }
}

#[test]
fn the_reader_of_bounces_bears_anything() {
    let corpus = Corpus {
        samples: &[
            include_bytes!("fixtures/bounces/postfix.eml"),
            include_bytes!("fixtures/bounces/postfix_delayed.eml"),
            include_bytes!("fixtures/bounces/exchange.eml"),
            include_bytes!("fixtures/bounces/exim.eml"),
            include_bytes!("fixtures/bounces/encoded.eml"),
            include_bytes!("fixtures/bounces/no_original.eml"),
            include_bytes!("fixtures/bounces/wrapped.eml"),
        ],
        tokens: &[
            b"\n",
            b"\r\n",
            b"\n\n",
            b"\n--b1\n",
            b"\n--b1--\n",
            b"--",
            b"Content-Type: message/rfc822\n\n",
            b"Content-Type: multipart/report; boundary=b1\n\n--b1\n",
            b"Content-Type: multipart/mixed; boundary=\"\"",
            b"Content-Type: message/delivery-status\n",
            b"Content-Transfer-Encoding: base64\n",
            b"Content-Transfer-Encoding: quoted-printable\n",
            b"Action: failed\n",
            b"Status: 5.99999.1\n",
            b"Message-ID: <",
            b"References: <a@b> <c@d>\n",
            b"; boundary=\"",
            b"\\",
            b"\"",
            b"=",
            b"=C3=",
            b"<",
            b">",
            b":",
            b"\0",
            b"\xff",
            "ü".as_bytes(),
        ],
    };
    corpus.hold("bounce", 6_000, |bytes| {
        let Some(read) = bounce::parse(bytes) else { return };
        let id = read.message_id.strip_prefix('<').and_then(|id| id.strip_suffix('>')).unwrap();
        assert!(!id.is_empty() && id.len() < 1_000 && id.bytes().all(|b| b.is_ascii_graphic()));
        let reason = read.reason();
        assert!(reason.len() < 200 && !reason.contains('@') && !reason.contains(char::is_control));
        assert_eq!(bounce::parse(bytes), Some(read));
    });
}

#[test]
fn the_reader_of_a_mail_servers_answers_bears_anything() {
    let corpus = Corpus {
        samples: &[
            b"220 mx.jobcenter.example ESMTP\r\n250-mx.jobcenter.example\r\n250-PIPELINING\r\n250-SIZE 52428800\r\n\
              250-STARTTLS\r\n250-AUTH PLAIN LOGIN\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n",
            b"550-5.1.1 <a@b.example>: Recipient address rejected\r\n550 5.1.1 User unknown\r\n354 End data\r\n",
            b"450 4.2.0 Greylisted, see https://postgrey.example/help\r\n250 2.0.0 Ok: queued as 4F2\r\n421\r\n",
        ],
        tokens: &[
            b"\r\n",
            b"\n",
            b"\r",
            b"250 ",
            b"250-",
            b"250",
            b"999 ",
            b"5.1.1 ",
            b"5.99999.1",
            b"AUTH ",
            b"AUTH=",
            b"SIZE ",
            b"SIZE 99999999999999999999",
            b"STARTTLS",
            b"\0",
            b"\xff",
            "ü".as_bytes(),
        ],
    };
    corpus.hold("answers", 6_000, |bytes| {
        let mut assembly = Assembly::default();
        for line in bytes.split_inclusive(|b| *b == b'\n') {
            let Ok(answer) = assembly.line(line) else { return };
            let Some(answer) = answer else { continue };
            assert!((200..600).contains(&answer.code) && (1..=MOST_LINES).contains(&answer.lines().count()));
            assert!(
                [answer.is_positive(), answer.is_transient(), answer.is_permanent()].iter().filter(|is| **is).count()
                    <= 1
            );
            // What people are shown is figures, whatever the server wrote.
            assert!(answer.to_string().bytes().all(|b| b.is_ascii_digit() || matches!(b, b' ' | b'.')));
            let offers = Offers::of(&answer);
            assert_eq!(offers, Offers::of(&answer));
        }
    });
}

const TOML_TOKENS: &[&[u8]] = &[
    b"\n",
    b"=",
    b"\"",
    b"\"\"\"",
    b"[",
    b"]",
    b"[[",
    b"{",
    b"}",
    b",",
    b".",
    b"#",
    b"'",
    b"-1",
    b"0",
    b"9223372036854775807",
    b"99999999999999999999",
    b"1e999",
    b"nan",
    b"true",
    b"2026-11-23",
    b"2026-11-23T06:30:00Z",
    b"\"\"",
    b"[]",
    b"{}",
    b"\\u0000",
    b"\xff",
    "ü".as_bytes(),
    b"a.b.c = 1\n",
    b"[rules.fazit]\n",
    b"[rules.eigene]\nkind = \"deadline\"\n",
    b"days = 4000000000\n",
    b"workdays = -3\n",
    b"months = 2147483647\n",
    b"[offices.Nord]\n",
    b"[teams.T0]\n",
    b"closed = [\"01.01.0000\", \"99.99.9999\"]\n",
    b"morning = \"24:00\"\n",
];

#[test]
fn a_file_of_rules_bears_anything() {
    let whole = include_str!("../config/rules.toml");
    // One rule after the other: a whole file takes its time, and most changes concern one rule.
    let single: Vec<&str> = whole.split_inclusive("\n\n").filter(|t| t.contains("[rules.")).collect();
    let mut samples: Vec<&[u8]> = single.iter().map(|t| t.as_bytes()).collect();
    samples.push(include_bytes!("../config/beispiel-nachbetreuung.toml"));
    assert!(samples.len() > 10);
    let slot = Slot::new();
    Corpus { samples: &samples, tokens: TOML_TOKENS }.hold("rules", 1_000, |bytes| {
        match rulebook::load(&[slot.holding(bytes)], true) {
            Ok(rules) => assert!(rules.len() >= 21),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    });
}

#[test]
fn settings_bear_anything() {
    let samples: [&[u8]; 3] = [
        include_bytes!("../config/default.toml"),
        include_bytes!("../config/produktion.beispiel.toml"),
        b"[offices.Nord]\nmorning = \"07:15\"\nclosed = [\"15.05.2026\"]\n[teams.T0]\nregional = [\"fronleichnam\"]\n",
    ];
    let slot = Slot::new();
    Corpus { samples: &samples, tokens: TOML_TOKENS }.hold("settings", 3_000, |bytes| {
        match Settings::load(Some(slot.holding(bytes))) {
            Ok(settings) => assert!(is_address(&settings.mail.from)),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    });
}

#[test]
fn the_words_of_a_queued_mail_bear_anything() {
    let parts = Parts {
        subject: "[BAK] Tagesübersicht Mo., 23.11.2026 – 3 überfällig".into(),
        text: "Heute zuerst: 2\nZweite Zeile\n".into(),
        html: "<html><body class=\"x\"><p>Übel &amp; mehr</p></body></html>".into(),
        reply_to: Some("bak@jobcenter.example".into()),
        pictures: vec![Attached { name: "auslastung-1".into(), bytes: vec![0, 255] }],
        files: vec![Attached { name: "a.xlsx".into(), bytes: vec![0, 255] }],
    };
    let sample = serde_json::to_vec(&parts).unwrap();
    let tokens: &[&[u8]] = &[
        b"\"",
        b"\\",
        b"\\u0000",
        b"\\u000d\\u000aBcc: x",
        b"\\ud800",
        b"{",
        b"}",
        b"[",
        b"null",
        b"@",
        b"\\n.",
        b"<body",
        b">",
        b"=_",
        b"\xff",
        "\u{202e}".as_bytes(),
        "ü".as_bytes(),
        b",",
        b":",
        b"1e999",
        b"\"reply_to\":\"",
    ];
    Corpus { samples: &[&sample], tokens }.hold("parts", 4_000, |bytes| {
        let Ok(parts) = serde_json::from_slice::<Parts>(bytes) else { return };
        let envelope = Envelope {
            from: "wv@jobcenter.example",
            to: "adler@jobcenter.example",
            message_id: "<0123456789abcdef@jobcenter.example>",
            date: DateTime::UNIX_EPOCH,
            kind: Kind::Tagesuebersicht.into(),
            redirected_from: Some("x@jobcenter.example"),
        };
        let Ok(mail) = compose(&parts, &envelope) else { return };
        let text = String::from_utf8(mail).unwrap();
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        assert!(!head.contains("\r\nBcc:"), "{head}");
        assert!(text.split("\r\n").all(|line| line.len() <= 998 && !line.contains(['\r', '\n'])));
    });
}

#[test]
fn addresses_and_weeks_bear_anything() {
    let samples: [&[u8]; 6] = [
        b"vor.nach-name+x@jobcenter.example",
        "x@bücher.example".as_bytes(),
        b"x@xn--bcher-kva.example",
        b"2026-W48",
        b"2020-W53",
        b"a@b",
    ];
    let tokens: &[&[u8]] = &[
        b"@",
        b".",
        b"xn--",
        b"-",
        b"W",
        b"-W",
        b"\0",
        "\u{202e}".as_bytes(),
        "ß".as_bytes(),
        "İ".as_bytes(),
        b"99999999999",
    ];
    Corpus { samples: &samples, tokens }.hold("words", 4_000, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        assert!(!is_address(&text) || domain_of(&text).is_some_and(|d| d.is_ascii()));
        if let Some(day) = parse_iso_week(&text) {
            assert_eq!(monday(day), day);
        }
    });
}

#[test]
fn the_calendar_has_an_answer_for_every_day_there_is() {
    let calendar = Calendar::new(Bundesland::ALL[0], &[], &Dienstfrei::default());
    let ends = [NaiveDate::MIN, NaiveDate::MAX];
    let sample: Vec<u8> = ends.iter().flat_map(|d| d.num_days_from_ce().to_le_bytes()).collect();
    let day = |bytes: &[u8]| {
        let number = i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        // The years that a file can hold, 1 to 9999; every other number is a day of this century.
        let days = if number % 2 == 0 { number.rem_euclid(3_652_059) } else { 730_000 + number.rem_euclid(40_000) };
        NaiveDate::from_num_days_from_ce_opt(days + 1).unwrap()
    };
    let tokens: &[&[u8]] = &[b"\0\0\0\0", b"\xff\xff\xff\x7f", b"\0\0\0\x80", b"\xff\xff\xff\xff", b"\x01\0\0\0"];
    // Days that no file can hold have an answer too, if a slow one.
    assert!(calendar.workdays_between(NaiveDate::MIN, NaiveDate::MAX) > 0);
    Corpus { samples: &[&sample], tokens }.hold("calendar", 300, |bytes| {
        let mut twelve = [0; 12];
        twelve.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        let (a, b) = (day(&twelve[..4]), day(&twelve[4..8]));
        let n = i32::from_le_bytes([twelve[8], twelve[9], twelve[10], twelve[11]]);
        for d in [a, b] {
            let _ = (add_months(d, n), end_begin(d, n), before(d, n), monday(d), iso_week(d));
            let _ = (calendar.back(d), calendar.fwd(d), calendar.fwd_werktag(d), calendar.closed_because(d));
            let _ = calendar.wd(d, n % 400);
        }
        let _ = calendar.workdays_between(a, b);
    });
}
