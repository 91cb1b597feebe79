//! What comes back, from outside: notifications in a maildir, and what `deliver`, `outbox` and the next morning make
//! of them.

use std::fs;
use std::path::PathBuf;

use assert_cmd::Command;
use wiedervorlage::bounces::{self, Counts};
use wiedervorlage::store::{OutboxEntry, OutboxFilter, OutboxState};

use super::house::{House, morning_of};

const POSTFIX: &str = include_str!("../fixtures/bounces/postfix.eml");
const DELAYED: &str = include_str!("../fixtures/bounces/postfix_delayed.eml");
const EXCHANGE: &str = include_str!("../fixtures/bounces/exchange.eml");
/// The Message-ID in these files.
const ID: &str = "<0123456789abcdef0123456789abcdef@jobcenter.example>";

struct Post {
    house: House,
    maildir: PathBuf,
}

impl Post {
    /// An office whose first morning is delivered, and an empty maildir.
    async fn new() -> Self {
        let house = House::new().await;
        house.mornings(&["2025-11-24"]).await;
        let maildir = house.folder.path().join("post");
        for folder in ["new", "cur", "tmp"] {
            fs::create_dir_all(maildir.join(folder)).unwrap();
        }
        let post = Self { house, maildir };
        let said = post.deliver();
        assert!(said.0.contains(" verschickt") && !said.0.contains("Rückläufer"), "{said:?}");
        post
    }

    /// What `deliver` says to people, and what it logs.
    fn deliver(&self) -> (String, String) {
        let done = self.command(&["deliver"]).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (text(done.stdout), text(done.stderr))
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.house.command(words);
        command.env("WIEDERVORLAGE__BOUNCES__MAILDIR", &self.maildir);
        command
    }

    fn arrives(&self, name: &str, text: &str) {
        fs::write(self.maildir.join("new").join(name), text).unwrap();
    }

    async fn sent(&self) -> Vec<OutboxEntry> {
        let sent = OutboxFilter { state: Some(OutboxState::Sent), ..OutboxFilter::default() };
        self.house.db.outbox_list(&sent, 0, 100).await.unwrap()
    }

    async fn entry(&self, id: i64) -> OutboxEntry {
        self.house.db.outbox_get(id).await.unwrap().unwrap().entry
    }

    async fn read(&self) -> Counts {
        bounces::read(&self.house.db, &self.maildir, morning_of("2025-11-24")).await.unwrap()
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let names = fs::read_dir(self.maildir.join(folder)).unwrap();
        let mut names: Vec<_> = names.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

#[tokio::test]
async fn a_mail_that_comes_back_is_undeliverable_in_list_show_and_log_without_a_name() {
    let post = Post::new().await;
    let mail = post.sent().await.remove(0);
    post.arrives("1.M1.mx", &POSTFIX.replace(ID, &mail.message_id));
    post.arrives("2.M2.mx", POSTFIX);
    post.arrives("3.M3.mx", "Subject: Guten Tag\n\nIch bin im Urlaub.");
    let (said, logged) = post.deliver();
    assert!(said.contains("Rückläufer: 1 unzustellbar, 0 verzögert, 2 ohne Folgen, 0 nicht lesbar."), "{said}");
    assert!(logged.contains("WARN") && logged.contains("mail reported as undeliverable"), "{logged}");
    assert!(!logged.contains('@'), "{logged}");
    assert_eq!(post.names("new"), [""; 0]);
    assert_eq!(post.names("cur"), ["1.M1.mx:2,S", "2.M2.mx:2,S", "3.M3.mx:2,S"]);

    let reason = "Unzustellbar gemeldet (5.1.1): Das Postfach gibt es nicht oder nicht mehr.";
    let shown = post.command(&["outbox", "show", &mail.id.to_string()]).output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("nicht zustellbar") && shown.contains(reason) && shown.contains("Versandt"), "{shown}");
    let list = post.command(&["outbox", "list", "--state", "failed", "--format", "jsonl"]).output().unwrap();
    let row: serde_json::Value = serde_json::from_slice(&list.stdout).unwrap();
    assert_eq!((&row["id"], &row["error"]), (&mail.id.into(), &reason.into()));

    let (said, _) = post.deliver();
    assert!(!said.contains("Rückläufer"), "looked at once: {said}");
}

#[tokio::test]
async fn a_delay_is_noted_and_the_end_of_it_counts() {
    let post = Post::new().await;
    let mail = post.sent().await.remove(0);
    post.arrives("1", &DELAYED.replace(ID, &mail.message_id));
    assert_eq!(post.read().await, Counts { delayed: 1, ..Counts::default() });
    let noted = post.entry(mail.id).await;
    assert_eq!(noted.state, OutboxState::Sent);
    assert!(noted.error.unwrap().starts_with("Verzögert gemeldet (4.4.1)"));
    post.arrives("2", &EXCHANGE.replace(ID, &mail.message_id));
    assert_eq!(post.read().await, Counts { failed: 1, ..Counts::default() });
    assert_eq!(post.entry(mail.id).await.error.unwrap(), "Unzustellbar gemeldet (5.2.2): Das Postfach ist voll.");
}

#[tokio::test]
async fn a_report_that_was_not_flagged_before_the_program_died_says_nothing_new() {
    let post = Post::new().await;
    let mail = post.sent().await.remove(0);
    post.arrives("1", &POSTFIX.replace(ID, &mail.message_id));
    assert_eq!(post.read().await.failed, 1);
    let before = post.entry(mail.id).await;
    fs::rename(post.maildir.join("cur/1:2,S"), post.maildir.join("cur/1:2,")).unwrap();
    assert_eq!(post.read().await, Counts { other: 1, ..Counts::default() });
    assert_eq!(post.entry(mail.id).await, before);
    assert_eq!(post.names("cur"), ["1:2,S"]);
}

#[tokio::test]
async fn a_report_that_is_faster_than_our_own_note_waits_for_it() {
    let post = Post::new().await;
    let mail = post.sent().await.remove(0);
    post.house.sql("update outbox set state = 'sending'").await;
    post.arrives("1", &POSTFIX.replace(ID, &mail.message_id));
    assert_eq!(post.read().await, Counts { early: 1, ..Counts::default() });
    assert_eq!(post.names("cur"), ["1:2,"]);
    post.house.sql("update outbox set state = 'sent'").await;
    assert_eq!(post.read().await, Counts { failed: 1, ..Counts::default() });
    assert_eq!(post.read().await, Counts::default());
}

#[tokio::test]
async fn a_flood_and_what_is_no_message_hold_nothing_up() {
    let post = Post::new().await;
    let mail = post.sent().await.remove(0);
    for i in 0..600 {
        post.arrives(&format!("{i:04}"), &POSTFIX[..i]);
    }
    post.arrives(".hidden", "x");
    post.arrives("zzzz", &POSTFIX.replace(ID, &mail.message_id));
    fs::create_dir(post.maildir.join("new/0000a")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", post.maildir.join("new/0000b")).unwrap();
    let first = post.read().await;
    assert_eq!((first.other, first.failed, first.unreadable), (498, 0, 2));
    let second = post.read().await;
    assert_eq!((second.other, second.failed, second.unreadable), (102, 1, 2));
    assert_eq!(post.names("new"), [".hidden"]);
}

#[tokio::test]
async fn messages_that_cannot_be_read_keep_no_other_waiting_however_many_they_are() {
    let post = Post::new().await;
    let mail = post.sent().await.remove(0);
    // No files, no room in the name for the mark of a message that was looked at, something in its place.
    for i in 0..1_100 {
        fs::create_dir(post.maildir.join(format!("cur/{i:04}:2,"))).unwrap();
    }
    for i in 0..600 {
        post.arrives(&format!("{i:04}{}", "a".repeat(250)), POSTFIX);
    }
    post.arrives("2", POSTFIX);
    fs::create_dir_all(post.maildir.join("cur/2:2,/x")).unwrap();
    post.arrives("zzzz", &POSTFIX.replace(ID, &mail.message_id));
    let counts = Counts { failed: 1, unreadable: 1_100 + 600 + 2, ..Counts::default() };
    assert_eq!(post.read().await, counts);
    assert!(post.names("cur").contains(&"zzzz:2,S".to_owned()));
    // They are still there when they can be read.
    fs::remove_dir_all(post.maildir.join("cur/2:2,")).unwrap();
    let counts = Counts { unknown: 1, unreadable: 1_100 + 600, ..Counts::default() };
    assert_eq!(post.read().await, counts);
}

#[tokio::test]
async fn reports_that_are_faster_than_our_own_notes_keep_no_other_waiting() {
    let post = Post::new().await;
    let mails = post.sent().await;
    let [waits, goes, ..] = &*mails else { panic!("{mails:?}") };
    post.house.sql("update outbox set state = 'sending' where id = (select min(id) from outbox)").await;
    for i in 0..600 {
        post.arrives(&format!("{i:04}"), &POSTFIX.replace(ID, &waits.message_id));
    }
    post.read().await;
    post.arrives("zzzz", &POSTFIX.replace(ID, &goes.message_id));
    assert_eq!(post.read().await, Counts { early: 600, failed: 1, ..Counts::default() });
}

#[tokio::test]
async fn a_maildir_that_is_not_there_is_named_and_keeps_no_mail_from_leaving() {
    let post = Post::new().await;
    post.house.mornings(&["2025-11-25"]).await;
    fs::remove_dir_all(&post.maildir).unwrap();
    let (said, complained) = post.deliver();
    assert!(
        complained.contains("Hinweis: Der Ordner für Rückläufer (bounces.maildir) lässt sich nicht"),
        "{complained}"
    );
    assert!(said.contains(" verschickt") && !said.starts_with("0 verschickt"), "{said}");
    let check = post.command(&["check"]).output().unwrap();
    assert!(String::from_utf8_lossy(&check.stdout).contains("Rückläufer: "), "{check:?}");
    // What is there and no maildir is a slip of the finger.
    fs::create_dir(&post.maildir).unwrap();
    assert!(post.deliver().1.contains("bounces.maildir: "));
}
