//! From nothing to a conversation that mails can be sent in: connect, greeting, EHLO, TLS, sign in.
//!
//! Whatever fails here would fail for any mail: every error is [`SendError::Server`].

use std::net::{IpAddr, Ipv4Addr};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use secrecy::ExposeSecret;
use tokio::time::timeout;

use super::answer::{Answer, Offers};
use super::dial::{DialError, Dialled};
use super::trouble::{Stage, broke, refused};
use super::wire::Wire;
use super::{COMMAND, CONNECT, Credentials, GREETING, HANDSHAKE, OPEN, Office, Security};
use crate::mail::transport::SendError;

/// A conversation past its opening.
pub(super) struct Open {
    pub(super) wire: Wire,
    pub(super) offers: Offers,
}

/// Opens a conversation.
pub(super) async fn open(office: &Office) -> Result<Open, SendError> {
    let slow = "Der Mailserver lässt beim Aufbau der Verbindung zu lange warten.";
    timeout(OPEN, opening(office)).await.unwrap_or_else(|_| Err(server(slow)))
}

fn server(why: &str) -> SendError {
    SendError::Server(why.to_owned())
}

async fn opening(office: &Office) -> Result<Open, SendError> {
    let dialled = timeout(CONNECT, (office.dial)()).await.unwrap_or(Err(DialError::Unreachable));
    let Dialled { stream, local } = dialled.map_err(|e| {
        server(match e {
            DialError::Name => "Der Name des Mailservers (mail.smtp.host) lässt sich nicht auflösen.",
            DialError::Refused => "Der Mailserver nimmt keine Verbindung an.",
            DialError::Unreachable => "Der Mailserver ist nicht erreichbar.",
        })
    })?;
    let mut wire = match &office.security {
        Security::Implicit(tls) => {
            let slow = "Der Mailserver lässt beim Aufbau der Verschlüsselung (TLS) zu lange warten.";
            Wire::new(timeout(HANDSHAKE, tls.over(stream)).await.unwrap_or(Err(slow)).map_err(server)?)
        }
        _ => Wire::new(stream),
    };
    let greeting = wire.answer(GREETING).await.map_err(|b| broke(Stage::Greeting, b))?;
    expect(greeting.code == 220, Stage::Greeting, &greeting)?;
    let mut offers = ehlo(&mut wire, local).await?;
    if let Security::StartTls(tls) = &office.security {
        if !offers.starttls {
            return Err(server("Der Mailserver bietet STARTTLS nicht an (mail.smtp.tls)."));
        }
        let answer = wire.ask("STARTTLS", COMMAND).await.map_err(|b| broke(Stage::StartTls, b))?;
        expect(answer.code == 220, Stage::StartTls, &answer)?;
        let spoke = "Der Mailserver hat vor der Verschlüsselung ungefragt gesprochen; die Verbindung wurde verworfen.";
        let stream = wire.into_stream().ok_or_else(|| server(spoke))?;
        let slow = "Der Mailserver lässt beim Aufbau der Verschlüsselung (TLS) zu lange warten.";
        wire = Wire::new(timeout(HANDSHAKE, tls.over(stream)).await.unwrap_or(Err(slow)).map_err(server)?);
        // What was offered in the clear counts for nothing (RFC 3207 §4.2).
        offers = ehlo(&mut wire, local).await?;
    }
    if let Some(credentials) = &office.credentials {
        sign_in(&mut wire, &offers, credentials).await?;
    }
    Ok(Open { wire, offers })
}

fn expect(yes: bool, stage: Stage, answer: &Answer) -> Result<(), SendError> {
    if yes { Ok(()) } else { Err(refused(stage, answer)) }
}

/// Our name is our address: it is always true, and needs nobody to set a name up (RFC 5321 §4.1.4).
async fn ehlo(wire: &mut Wire, local: Option<IpAddr>) -> Result<Offers, SendError> {
    let name = match local.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)) {
        IpAddr::V4(v4) => format!("[{v4}]"),
        IpAddr::V6(v6) => format!("[IPv6:{v6}]"),
    };
    let answer = wire.ask(&format!("EHLO {name}"), COMMAND).await.map_err(|b| broke(Stage::Ehlo, b))?;
    expect(answer.is_positive(), Stage::Ehlo, &answer)?;
    Ok(Offers::of(&answer))
}

async fn sign_in(wire: &mut Wire, offers: &Offers, credentials: &Credentials) -> Result<(), SendError> {
    let (user, password) = (&credentials.username, credentials.password.expose_secret());
    let mut answer = if offers.plain {
        let secret = BASE64_STANDARD.encode(format!("\0{user}\0{password}"));
        said(wire, &format!("AUTH PLAIN {secret}")).await?
    } else if offers.login {
        let mut answer = said(wire, "AUTH LOGIN").await?;
        for word in [user, password] {
            if answer.code != 334 {
                break;
            }
            answer = said(wire, &BASE64_STANDARD.encode(word)).await?;
        }
        answer
    } else {
        return Err(server(
            "Der Mailserver bietet keine Anmeldung an, die dieses Programm kennt (PLAIN, LOGIN); vielleicht tut er es \
             nur verschlüsselt (mail.smtp.tls).",
        ));
    };
    if answer.code == 334 {
        // A challenge that neither mechanism has: calling it off is an answer of its own.
        answer = said(wire, "*").await?;
    }
    expect(answer.is_positive(), Stage::Auth, &answer)
}

async fn said(wire: &mut Wire, words: &str) -> Result<Answer, SendError> {
    wire.ask(words, COMMAND).await.map_err(|b| broke(Stage::Auth, b))
}
