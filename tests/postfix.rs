//! A real mail server: what the couriers hand to Postfix lies in the mailbox as it was written, whoever must sign in does,
//! and what it sends back is understood.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unreachable_pub,
    reason = "a test says so by failing"
)]

#[path = "support/ca.rs"]
mod ca;
#[path = "support/plain.rs"]
mod plain;
#[path = "support/postfix.rs"]
mod postfix;
#[path = "torture/sink.rs"]
mod sink;

#[path = "postfix/login.rs"]
mod login;
#[path = "postfix/returns.rs"]
mod returns;
#[path = "postfix/testmail.rs"]
mod testmail;

use tokio_util::sync::CancellationToken;
use wiedervorlage::mail::Renderer;
use wiedervorlage::mail::compose::{Envelope, compose, message_id};
use wiedervorlage::mail::sample;
use wiedervorlage::mail::transport::smtp::{Encryption, Options, Smtp};
use wiedervorlage::mail::transport::{Outgoing, SendError, Session, Transport};

use ca::Ca;
use postfix::Postfix;

const DOMAIN: &str = "jobcenter.example";

fn session(postfix: &Postfix, ca: &Ca, host: &str) -> Session {
    let options = Options {
        host: host.to_owned(),
        port: postfix.port,
        encryption: Encryption::StartTls,
        credentials: None,
        ca_file: Some(ca.file()),
        rate_limit: 0,
        connections: 1,
    };
    Transport::Smtp(Smtp::new(options).unwrap()).session(CancellationToken::new())
}

fn mail(to: &str, number: usize) -> Outgoing {
    let digest = sample::bad_day();
    let parts = Renderer::new(&sample::wordings(), sample::letterhead()).unwrap().render(&digest).unwrap();
    let to = format!("{to}@{DOMAIN}");
    let message_id = message_id(b"secret", &format!("{to}:{number}"), DOMAIN);
    let envelope = Envelope {
        from: "wiedervorlage@jobcenter.example",
        to: &to,
        message_id: &message_id,
        date: "2026-11-23T05:30:00Z".parse().unwrap(),
        kind: digest.kind.into(),
        redirected_from: None,
    };
    let message = compose(&parts, &envelope).unwrap();
    Outgoing { from: envelope.from.to_owned(), message, kind: digest.kind.into(), day: digest.day, message_id, to }
}

/// As a mailbox on this system keeps it.
fn stored(message: &[u8]) -> String {
    String::from_utf8(message.to_vec()).unwrap().replace("\r\n", "\n")
}

#[tokio::test]
async fn mails_lie_in_the_mailbox_as_they_were_written() {
    let ca = Ca::new();
    let postfix = Postfix::start(DOMAIN, &ca.certificate("IP:127.0.0.1", (2020, 2090)), "");
    let mut session = session(&postfix, &ca, "127.0.0.1");
    let mails: Vec<_> = (0..5).map(|n| mail("b", n)).collect();
    for mail in &mails {
        session.send(mail.clone(), || true).await.unwrap();
    }
    // A mailbox that is not there is one mail's end and nobody else's, on the same connection.
    let nobody = session.send(mail("niemand", 0), || true).await.unwrap_err();
    assert_eq!(nobody, SendError::Permanent("Der Mailserver lehnt den Empfänger ab (550 5.1.1).".to_owned()));
    let foreign = Outgoing { to: "b@woanders.example".to_owned(), ..mail("b", 9) };
    let foreign = session.send(foreign, || true).await.unwrap_err();
    assert!(matches!(foreign, SendError::Permanent(_)), "{foreign:?}");
    session.send(mail("c", 0), || true).await.unwrap();
    session.quit().await;

    let mut want: Vec<_> = mails.iter().map(|m| stored(&m.message)).collect();
    let got: Vec<_> = postfix.mailbox("b", 5).into_iter().map(|m| String::from_utf8(m).unwrap()).collect();
    assert_eq!(got.len(), 5);
    for mail in &got {
        // Above ours stand only the headers of the journey.
        let at = want.iter().position(|w| mail.ends_with(w.as_str()));
        let ours = want.remove(at.unwrap_or_else(|| unreachable!("changed on the way:\n{mail}")));
        let journey = &mail[..mail.len() - ours.len()];
        let header = |l: &str| {
            ["Return-Path: ", "X-Original-To: ", "Delivered-To: ", "Received: ", "\t"].iter().any(|h| l.starts_with(h))
                || l.starts_with(' ')
        };
        assert!(journey.lines().all(header), "{journey}");
        assert!(mail.lines().all(|line| line.len() <= 998));
        assert_eq!(mail.matches("Message-ID: ").count(), 1);
    }
    assert_eq!(postfix.mailbox("c", 1).len(), 1);
    let log = postfix.log();
    assert_eq!(log.matches(": connect from ").count(), 2, "one to see that it listens, one for all mails\n{log}");
}

#[tokio::test]
async fn a_postfix_that_cannot_be_trusted_gets_nothing() {
    let (ca, other) = (Ca::new(), Ca::named("Andere"));
    let postfix = Postfix::start(DOMAIN, &ca.certificate("DNS:mx.jobcenter.example", (2020, 2090)), "");
    for (ca, host, says) in
        [(&other, "127.0.0.1", "Zertifizierungsstelle"), (&ca, "127.0.0.1", "gilt nicht für den Namen")]
    {
        let error = session(&postfix, ca, host).send(mail("b", 0), || true).await.unwrap_err();
        assert!(matches!(&error, SendError::Server(why) if why.contains(says)), "{error:?}");
    }
}

#[tokio::test]
async fn a_postfix_that_hangs_up_after_each_mail_or_wants_smaller_ones_is_understood() {
    let ca = Ca::new();
    let certificate = ca.certificate("IP:127.0.0.1", (2020, 2090));
    // Hangs up on whoever waits: the next mail finds the connection gone.
    let postfix = Postfix::start(DOMAIN, &certificate, "smtpd_timeout = 1s\nmessage_size_limit = 200000");
    let mut session = session(&postfix, &ca, "127.0.0.1");
    session.send(mail("b", 0), || true).await.unwrap();
    postfix_hangs_up(&postfix);
    session.send(mail("b", 1), || true).await.unwrap();
    let mut large = mail("b", 2);
    large.message.extend(std::iter::repeat_n(*b"x\r\n", 100_000).flatten());
    let error = session.send(large, || true).await.unwrap_err();
    assert_eq!(error, SendError::Permanent("Die Mail ist größer, als der Mailserver annimmt.".to_owned()));
    assert_eq!(postfix.mailbox("b", 2).len(), 2);
}

/// Waits until the log says so: another program's patience can only be waited out.
fn postfix_hangs_up(postfix: &Postfix) {
    postfix.until("it hangs up", || postfix.log().contains("timeout after").then_some(()));
}
