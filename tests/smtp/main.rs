//! The way through a mail server, against a server that does as it is told: every stage with every fault, TLS with every
//! wrong certificate, and what the queue and its readers see of it. Nothing here sleeps: time is tokio's paused one
//! where sessions are asked, and the injected clock where the queue is.
#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

#[path = "../support/ca.rs"]
mod ca;
mod certificates;
mod faults;
mod offers;
mod queue;
mod server;
mod session;

use secrecy::SecretString;
use tokio_util::sync::CancellationToken;
use wiedervorlage::domain::digest::Kind;
use wiedervorlage::mail::transport::smtp::{Credentials, Encryption, Options, Smtp};
use wiedervorlage::mail::transport::{Outgoing, SendError, Session, Transport};

use server::Server;

/// A server without TLS and password, in memory.
fn options() -> Options {
    Options {
        host: "mx.example".to_owned(),
        port: 25,
        encryption: Encryption::None,
        credentials: None,
        ca_file: None,
        rate_limit: 0,
        connections: 1,
    }
}

fn credentials(username: &str, password: &str) -> Credentials {
    Credentials { username: username.to_owned(), password: SecretString::from(password.to_owned()) }
}

fn transport(server: &Server, options: Options) -> Transport {
    Transport::Smtp(Smtp::through(options, server.dial()).unwrap())
}

fn session(server: &Server) -> Session {
    transport(server, options()).session(CancellationToken::new())
}

/// A mail of some eight kilobytes with all that is hard to carry.
fn mail(to: &str) -> Outgoing {
    let mut message = format!("Message-ID: <4711@a.example>\r\nTo: {to}\r\n\r\n.\r\n..zwei\r\n").into_bytes();
    for line in 0..130 {
        message.extend_from_slice(format!(". Zeile {line} {}\r\n", "x".repeat(50)).as_bytes());
    }
    Outgoing {
        from: "w@a.example".to_owned(),
        to: to.to_owned(),
        message,
        message_id: "<4711@a.example>".to_owned(),
        kind: Kind::Mitteilung.into(),
        day: "2026-11-23".parse().unwrap(),
    }
}

async fn send(session: &mut Session, to: &str) -> Result<(), SendError> {
    session.send(mail(to), || true).await
}
