//! Every stage of a conversation with every fault: what becomes of the mail, how long it takes at most, and that the
//! next mail goes through.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use wiedervorlage::mail::transport::SendError;

use super::ca::Ca;
use super::server::{At, Fault, Server};
use super::{credentials, mail, options, send, transport};
use wiedervorlage::mail::transport::smtp::Encryption;

/// How a mail ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Sent,
    Permanent,
    Transient,
    Unknown,
    Server,
}

fn end(outcome: &Result<(), SendError>) -> End {
    match outcome {
        Ok(()) => End::Sent,
        Err(SendError::Permanent(_)) => End::Permanent,
        Err(SendError::Transient(_)) => End::Transient,
        Err(SendError::Unknown(_)) => End::Unknown,
        Err(SendError::Server(_)) => End::Server,
        Err(other) => unreachable!("{other:?}"),
    }
}

/// What a fault at a stage makes of a mail.
fn expected(at: At, fault: Fault) -> End {
    match (at, fault) {
        (_, Fault::Slowly | Fault::Late(_)) => End::Sent,
        (At::Connect | At::Greeting | At::Ehlo | At::StartTls | At::Auth, _) => End::Server,
        (_, Fault::Say(words)) if words.starts_with('4') => End::Transient,
        // The sender is the same for all mails.
        (At::Mail, Fault::Say(words)) if words.starts_with('5') => End::Server,
        (_, Fault::Say(words)) if words.starts_with('5') => End::Permanent,
        (At::Dot, _) => End::Unknown,
        _ => End::Transient,
    }
}

const FAULTS: [Fault; 12] = [
    Fault::Say("450 4.2.0 b@a.example: geheim, later"),
    Fault::Say("421 4.3.2 geheim, going down"),
    Fault::Say("550 5.1.1 <b@a.example>: geheim, never"),
    Fault::Say("554 geheim"),
    Fault::Say("530 5.7.0 geheim, authenticate first"),
    Fault::Say("HTTP/1.1 400 geheim"),
    Fault::Hang,
    Fault::Close,
    Fault::Slowly,
    Fault::Late(100),
    Fault::Megabyte,
    Fault::Endless,
];
const STAGES: [At; 8] = [At::Greeting, At::Ehlo, At::StartTls, At::Auth, At::Mail, At::Rcpt, At::Data, At::Dot];

#[tokio::test(start_paused = true)]
async fn every_fault_at_every_stage_ends_as_it_must_and_the_next_mail_goes_through() {
    let ca = Ca::new();
    let certificate = ca.certificate("DNS:mx.example", (2020, 2090));
    let mut wrong = Vec::new();
    for (at, offer) in STAGES.into_iter().flat_map(|at| [(at, "8BITMIME"), (at, "PIPELINING")]) {
        for fault in FAULTS {
            let server = Server::with(&[(at, fault)]).certified(&certificate, false);
            server.book().offers.push(offer);
            server.book().login = Some(("w", "geheim"));
            server.book().mechanisms = "PLAIN LOGIN";
            let mut options = options();
            options.encryption = Encryption::StartTls;
            options.ca_file = Some(ca.file());
            options.credentials = Some(credentials("w", "geheim"));
            let transport = transport(&server, options);
            let mut session = transport.session(CancellationToken::new());

            let begin = Instant::now();
            let outcome = send(&mut session, "b@a.example").await;
            let took = begin.elapsed();
            let mut want = expected(at, fault);
            // What is said when connecting is about the server, and so is the wish for a password.
            if matches!(fault, Fault::Say(words) if words.starts_with("530")) {
                want = End::Server;
            }
            if end(&outcome) != want {
                wrong.push(format!("{at:?} {fault:?}: {outcome:?}, wanted {want:?}"));
            }
            let longest = transport.longest_exchange().to_std().unwrap();
            if took > longest || (matches!(fault, Fault::Megabyte | Fault::Endless) && took > Duration::from_secs(1)) {
                wrong.push(format!("{at:?} {fault:?}: took {took:?}"));
            }
            if let Err(error) = &outcome {
                let text = error.to_string();
                if text.contains('@') || text.contains("geheim") || !text.ends_with('.') {
                    wrong.push(format!("{at:?} {fault:?}: says {text}"));
                }
            }
            let taken_before = server.taken().len();
            let sent = matches!(end(&outcome), End::Sent | End::Unknown);
            if taken_before != usize::from(sent) && !(at == At::Dot && matches!(fault, Fault::Say(_))) {
                wrong.push(format!("{at:?} {fault:?}: {taken_before} taken"));
            }
            let next = send(&mut session, "c@a.example").await;
            if next.is_err() || server.taken().last().map(String::as_str) != Some("c@a.example") {
                wrong.push(format!("{at:?} {fault:?}: the next mail: {next:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn a_content_that_does_not_get_out_may_be_sent_again() {
    for fault in [Fault::Hang, Fault::Close] {
        let server = Server::with(&[(At::Content, fault)]);
        let mut session = super::session(&server);
        // Larger than what the way holds: the final dot cannot have left.
        let outcome = send(&mut session, "b@a.example").await;
        assert_eq!(end(&outcome), End::Transient, "{outcome:?}");
        assert!(server.taken().is_empty());
    }
    // So small that it is all on its way at once: nobody knows.
    let server = Server::with(&[(At::Content, Fault::Hang)]);
    let mut small = mail("b@a.example");
    small.message.truncate(100);
    let outcome = super::session(&server).send(small, || true).await;
    assert_eq!(end(&outcome), End::Unknown, "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn nobody_answers_the_call() {
    for (fault, says) in [(Fault::Close, "nimmt keine Verbindung an"), (Fault::Hang, "ist nicht erreichbar")] {
        let server = Server::with(&[(At::Connect, fault)]);
        let outcome = send(&mut super::session(&server), "b@a.example").await;
        assert_eq!(end(&outcome), End::Server);
        assert!(outcome.unwrap_err().to_string().contains(says));
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_before_its_question_delivers_nothing() {
    for (at, words) in [
        (At::Data, "354 go on\r\n250 2.0.0 queued"),
        (At::Rcpt, "250 ok\r\n354 go on"),
        (At::Rcpt, "250 ok\r\n354 go on\r\n250 2.0.0 queued"),
        (At::Mail, "250 ok\r\n250 ok"),
    ] {
        let server = Server::with(&[(at, Fault::Say(words))]);
        let outcome = send(&mut super::session(&server), "b@a.example").await;
        assert_eq!(end(&outcome), End::Transient, "{at:?} {words:?} {outcome:?}");
        assert!(server.taken().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_hears_everything_at_once_gets_one_mail_per_mail() {
    let server = Server::default();
    server.book().offers.push("PIPELINING");
    let mut session = super::session(&server);
    for n in 0..3 {
        send(&mut session, &format!("b{n}@a.example")).await.unwrap();
    }
    assert_eq!(server.taken(), ["b0@a.example", "b1@a.example", "b2@a.example"]);
    assert_eq!(server.book().connections, 1);
    // Whoever may no longer send when the content's turn has come leaves it at that.
    let late = session.send(mail("d@a.example"), || false).await.unwrap_err();
    assert_eq!(late, SendError::Late);
    send(&mut session, "e@a.example").await.unwrap();
    assert_eq!(server.taken().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_heard_out_and_the_connection_kept() {
    // Too large is about this mail; another no to the sender would be about all of them.
    for (at, no, expected) in [(At::Mail, "552 5.3.4 no", 1), (At::Rcpt, "550 5.7.1 no", 2)] {
        let server = Server::with(&[(at, Fault::Say(no))]);
        server.book().offers.push("PIPELINING");
        let mut session = super::session(&server);
        assert_eq!(end(&send(&mut session, "b@a.example").await), End::Permanent);
        send(&mut session, "c@a.example").await.unwrap();
        assert_eq!(server.taken(), ["c@a.example"]);
        // After a refused recipient this server would take a content: then the connection is not used again.
        assert_eq!(server.book().connections, expected, "{at:?}");
    }
}
