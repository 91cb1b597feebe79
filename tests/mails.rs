//! What people read: every kind of mail with invented data, as snapshots of its text part, and what its HTML and its
//! MIME must be.
#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

#[path = "mails/html.rs"]
mod html;

use std::io::Write;
use std::process::{Command, Stdio};

use wiedervorlage::domain::digest::{BakDay, Content, Digest, Kind, News, TeamDay};
use wiedervorlage::mail::compose::{Envelope, compose, message_id};
use wiedervorlage::mail::probe::test_mail;
use wiedervorlage::mail::sample::{self, every_kind};
use wiedervorlage::mail::{Parts, Renderer};

fn renderer() -> Renderer {
    Renderer::new(&sample::wordings(), sample::letterhead()).unwrap()
}

fn print(digest: &Digest) -> String {
    let parts = renderer().render(digest).unwrap();
    format!("Betreff: {}\n\n{}", parts.subject, parts.text)
}

macro_rules! snapshot {
    ($name:ident, $digest:expr) => {
        #[test]
        fn $name() {
            insta::assert_snapshot!(print(&$digest));
        }
    };
}

snapshot!(a_bad_day_of_a_team, sample::bad_day());
snapshot!(a_stale_day_with_a_deputy, sample::stale_day());
snapshot!(a_quiet_day_is_a_receipt, sample::quiet_day(3));
snapshot!(notices_to_a_case_worker_and_deputy, sample::notices());
snapshot!(the_stand_at_the_start, sample::start());
snapshot!(a_reminder_in_stead, sample::reminder_in_stead());
snapshot!(an_escalation, sample::escalation());
snapshot!(a_week, sample::week());
snapshot!(a_form_for_the_week, sample::forms());
snapshot!(a_week_of_stale_data, sample::stale_week());
snapshot!(a_stale_reminder_in_stead, sample::stale(sample::reminder_in_stead()));
snapshot!(a_stale_escalation, sample::stale(sample::escalation()));
snapshot!(a_stale_quiet_day, sample::stale(sample::quiet_day(0)));
snapshot!(to_the_administrator, sample::admin());
snapshot!(to_the_administrator_without_a_morning, sample::missed());
snapshot!(to_whoever_delivers_lists, sample::receipt());

fn mail(digest: &Digest, parts: &Parts) -> Vec<u8> {
    let envelope = Envelope {
        from: "wiedervorlage@jobcenter.example",
        to: &digest.to,
        message_id: &message_id(b"secret", "key", "jobcenter.example"),
        date: "2026-11-23T05:30:00Z".parse().unwrap(),
        kind: digest.kind.into(),
        redirected_from: Some("ivo.falk@jobcenter.example"),
    };
    compose(parts, &envelope).unwrap()
}

#[test]
fn the_page_of_a_notice() {
    insta::assert_snapshot!(renderer().render(&sample::notices()).unwrap().html);
}

#[test]
fn every_page_is_plain_and_well_formed() {
    let renderer = renderer();
    for digest in every_kind() {
        let parts = renderer.render(&digest).unwrap();
        let page = parts.html;
        html::check(&page).unwrap_or_else(|why| panic!("{}: {why}\n{page}", digest.kind));
        assert!(page.contains("<html lang=\"de\">"));
        for banned in ["<script", "<svg", "flex", "grid", "float", "http:", "https:", "url("] {
            assert!(!page.contains(banned), "{}: {banned}", digest.kind);
        }
        // A picture comes with the mail, and says in words what it shows.
        let shown: Vec<_> = page.split("<img src=\"cid:").skip(1).collect();
        assert_eq!(shown.len(), page.matches("<img").count(), "{}", digest.kind);
        assert_eq!(shown.len(), parts.pictures.len(), "{}", digest.kind);
        for (tag, enclosed) in shown.iter().zip(&parts.pictures) {
            assert!(tag.starts_with(&format!("{}\" ", enclosed.name)), "{tag}");
            let (_, alt) = tag.split_once(" alt=\"").unwrap();
            let alt = alt.split('"').next().unwrap();
            assert!(alt.contains("Anna Berger (BE) 42, ") && alt.contains("KW 49 5, "), "{alt}");
        }
        // A table is either layout, and says so, or data, and has headings.
        let data = page.matches("<table").count() - page.matches("<table role=\"presentation\"").count();
        assert!(page.matches("<th scope=\"col\"").count() >= 2 * data, "{}", digest.kind);
    }
}

#[test]
fn a_test_mail_is_plain_and_holds_what_it_is_told() {
    let facts = [("Mailserver", "mx.example, Port 587".to_owned()), ("Absender", "<b>\r\nBcc: x@y.example".to_owned())];
    let parts = test_mail("Mo., 23.11.2026, 06:30", &facts, None);
    assert_eq!(parts.subject, "[BAK] Test – Mo., 23.11.2026, 06:30");
    html::check(&parts.html).unwrap();
    assert!(parts.html.contains("&lt;b&gt;  Bcc: ") && parts.text.contains("* Mailserver: mx.example, Port 587\n"));
    assert!(!parts.text.lines().any(|line| line.starts_with("Bcc")));
    for part in [&parts.text, &parts.html] {
        assert!(part.contains("keine Sozialdaten"));
    }
}

#[test]
fn both_parts_say_the_same_things() {
    let renderer = renderer();
    for digest in every_kind() {
        let parts = renderer.render(&digest).unwrap();
        let page = parts.html.to_lowercase();
        for word in parts.text.split_whitespace().filter(|w| w.chars().any(char::is_alphanumeric)) {
            // „Grund:" and „zur Vorwoche" are headings or left out on a page that shows them by layout.
            let word = word.trim_matches(|c: char| !c.is_alphanumeric());
            let layout = ["Grund", "Team", "zur"].contains(&word) || word.parse::<u8>().is_ok();
            assert!(layout || page.contains(&word.to_lowercase()), "{}: „{word}“ is not in the page", digest.kind);
        }
    }
}

#[test]
fn nothing_that_fires_is_cut() {
    let places = [News::New, News::Known, News::TakenOver];
    let rules = ["kundenkontakt", "ag-kontakt", "besuch-16"];
    let mut fires = 0;
    // Every pattern of new, known and taken over in the rows of every section.
    let mut rows = |first: u32| -> Vec<_> {
        let row = |n: u32| {
            let fallnr = format!("{:07}", first + n);
            let news = [n % 3, n / 3 % 3, n / 9].map(|i| places[i as usize]);
            fires += news.iter().filter(|n| **n != News::Known).count();
            let items = rules.iter().zip(news).map(|(rule, news)| sample::item(rule, &fallnr, "2026-10-20", news));
            sample::row(items.collect())
        };
        (0..27).map(row).collect()
    };
    let (now, ahead, long) = (rows(100), rows(200), rows(300));
    let bak = BakDay { now, ahead, long, ..sample::nothing(sample::holder(Some("BE"), None, false)) };
    let team = TeamDay {
        team: "BAK Nord".into(),
        team_items: Vec::new(),
        baks: vec![bak],
        unwatched: Vec::new(),
        vanished: Vec::new(),
    };
    let parts = renderer().render(&sample::digest(Kind::Tagesuebersicht, Content::Day(vec![team]))).unwrap();
    for part in [&parts.text, &parts.html] {
        assert_eq!(part.matches("[neu]").count() + part.matches("[übernommen]").count(), fires);
        for fallnr in (100..127).chain(200..227).chain(300..327) {
            assert!(part.contains(&format!("{fallnr:07}")), "{fallnr}");
        }
    }
}

#[test]
fn a_bad_day_of_a_full_bak_stays_below_100_kilobytes() {
    let row = |n: u32| {
        let fallnr = format!("{n:07}");
        let item = |rule, action, news| sample::item(rule, &fallnr, action, news);
        sample::row(vec![
            item("rueckgabe-6-monate", "2026-11-20", News::New),
            item("ag-kontakt", "2026-11-18", News::Known),
            item("kundenkontakt", "2026-11-26", News::Known),
        ])
    };
    let bak = BakDay { now: (0..90).map(row).collect(), ..sample::nothing(sample::holder(Some("BE"), None, false)) };
    let team = TeamDay {
        team: "BAK Nord".into(),
        team_items: Vec::new(),
        baks: vec![bak],
        unwatched: Vec::new(),
        vanished: Vec::new(),
    };
    let parts = renderer().render(&sample::digest(Kind::Tagesuebersicht, Content::Day(vec![team]))).unwrap();
    assert!(parts.html.len() < 100_000, "{} bytes", parts.html.len());
}

/// Every text that comes from files holds what could break a mail.
fn hostile() -> Vec<Digest> {
    const EVIL: &str = "</td><script>alert(1)</script>\r\nBcc: x@evil.example\u{2028}{{ 7*7 }}{% raw %}\"'&\u{202e}";
    let evil = || EVIL.to_owned();
    let mut digests = every_kind();
    for digest in &mut digests {
        digest.office = evil();
        digest.data.iter_mut().for_each(|d| d.team = evil());
        let spoil = |i: &mut wiedervorlage::domain::digest::Item| {
            (i.rule, i.fallnr, i.bezeichnung, i.subject) = (EVIL.into(), evil(), evil(), evil());
        };
        match &mut digest.content {
            Content::Day(teams) => {
                for team in teams {
                    (team.team, team.unwatched) = (evil(), vec![EVIL.into()]);
                    team.team_items.iter_mut().for_each(spoil);
                    for bak in &mut team.baks {
                        bak.who = sample::holder(Some(EVIL), Some(EVIL), true);
                        bak.appointments.iter_mut().for_each(|a| (a.fallnr, a.ort) = (evil(), evil()));
                        for row in bak.now.iter_mut().chain(&mut bak.ahead).chain(&mut bak.long) {
                            (row.fallnr, row.bezeichnung) = (evil(), evil());
                            row.items.iter_mut().for_each(spoil);
                        }
                        bak.search.iter_mut().for_each(|s| s.week = evil());
                        bak.missed.iter_mut().flat_map(|m| &mut m.items).for_each(spoil);
                        bak.lapsed.iter_mut().for_each(|l| (l.fallnr, l.rule) = (evil(), EVIL.into()));
                    }
                }
            }
            Content::Notice(parts) => {
                for part in parts {
                    part.who = sample::holder(Some(EVIL), Some(EVIL), true);
                    part.items.iter_mut().for_each(spoil);
                }
            }
            Content::Escalation(teams) => {
                for team in teams {
                    team.team = evil();
                    team.items.iter_mut().for_each(spoil);
                }
            }
            Content::Week(teams) => {
                for team in teams {
                    (team.team, team.week) = (evil(), evil());
                    team.load.iter_mut().for_each(|l| (l.kuerzel, l.name) = (evil(), Some(evil())));
                    team.ending.iter_mut().for_each(|(_, fallnr)| *fallnr = evil());
                    team.overdue.iter_mut().for_each(spoil);
                }
            }
            Content::Forms(forms) => {
                for form in forms {
                    (form.bak, form.name, form.in_stead) = (evil(), Some(evil()), true);
                    form.rows.iter_mut().for_each(|row| (row.fallnr, row.bezeichnung) = (evil(), evil()));
                }
            }
            Content::Admin(sentences) | Content::Missed(sentences) => sentences.iter_mut().for_each(|s| *s = evil()),
            Content::Receipt(receipt) => receipt.sentences.iter_mut().for_each(|s| *s = evil()),
        }
    }
    digests
}

#[test]
fn hostile_values_stay_values() {
    let renderer = renderer();
    for digest in hostile() {
        let parts = renderer.render(&digest).unwrap();
        html::check(&parts.html).unwrap_or_else(|why| panic!("{}: {why}\n{}", digest.kind, parts.html));
        assert!(!parts.html.contains("<script") && !parts.subject.contains(char::is_control), "{}", digest.kind);
        assert!(!parts.text.lines().any(|line| line.trim_start().starts_with("Bcc:")), "{}", parts.text);
        assert!(parts.text.contains("{{ 7*7 }}") && parts.html.contains("{{ 7*7 }}"), "{}", digest.kind);
        assert!(!parts.text.contains('\u{202e}'));
        assert!(!String::from_utf8(mail(&digest, &parts)).unwrap().contains("\nBcc"));
    }
}

#[test]
fn subjects_name_nobody() {
    for digest in hostile() {
        // The week of a wochenbericht is made by the program itself; the others come from files.
        if digest.kind != Kind::Wochenbericht {
            let subject = renderer().render(&digest).unwrap().subject;
            assert!(!subject.contains("alert"), "{subject}");
        }
    }
}

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// What another implementation reads in a mail: subject, defects, and both parts.
#[test]
fn another_reader_of_mail_finds_no_fault() {
    const READ: &str = r#"
import sys, json, email, email.policy
m = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
parts = [m] + list(m.walk())
defects = [str(d) for p in parts for d in p.defects] + [str(d) for p in parts for h in p.values() for d in getattr(h, "defects", [])]
json.dump({"subject": m["Subject"], "from": m["From"], "to": m["To"], "kind": m["X-BAK-Art"], "type": m.get_content_type(),
           "text": m.get_body(("plain",)).get_content(), "html": m.get_body(("html",)).get_content(), "defects": defects,
           "files": [[a.get_filename(), a.get_content_type(), len(a.get_content())] for a in m.iter_attachments()] if m.is_multipart() and m.get_content_type() == "multipart/mixed" else []}, sys.stdout)
"#;
    let renderer = renderer();
    for digest in every_kind() {
        let parts = renderer.render(&digest).unwrap();
        let mut python = Command::new("python3")
            .args(["-c", READ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this test needs python3");
        python.stdin.take().unwrap().write_all(&mail(&digest, &parts)).unwrap();
        let answer = python.wait_with_output().unwrap();
        assert!(answer.status.success());
        let read: serde_json::Value = serde_json::from_slice(&answer.stdout).unwrap();
        assert_eq!(read["defects"], serde_json::json!([]));
        assert_eq!(read["subject"], parts.subject.as_str());
        assert_eq!(read["from"], "\"BAK-Wiedervorlage (automatisch)\" <wiedervorlage@jobcenter.example>");
        assert_eq!((&read["to"], &read["kind"]), (&digest.to.as_str().into(), &digest.kind.as_str().into()));
        let kind = if parts.files.is_empty() { "multipart/alternative" } else { "multipart/mixed" };
        assert_eq!(read["type"], kind);
        let files: Vec<_> = parts.files.iter().map(|f| serde_json::json!([f.name, XLSX, f.bytes.len()])).collect();
        assert_eq!(read["files"], serde_json::json!(files));
        let part = |name: &str| read[name].as_str().unwrap().replace("\r\n", "\n");
        let (text, page) = (part("text"), part("html"));
        let opening = "Umgeleitet (Probebetrieb). Eigentlicher Empfänger: ivo.falk@jobcenter.example";
        assert!(text.trim_end() == format!("{opening}\n\n{}", parts.text).trim_end(), "{text}");
        assert!(page.contains(opening));
        html::check(&page).unwrap();
    }
}

#[test]
fn answers_about_one_team_go_to_that_team() {
    let renderer = renderer();
    let reply_to = |digest| renderer.render(&digest).unwrap().reply_to;
    assert_eq!(reply_to(sample::bad_day()).as_deref(), Some("bak-nord@jobcenter.example"));
    assert_eq!(reply_to(sample::stale_day()).as_deref(), Some("bak@jobcenter.example"));
}
