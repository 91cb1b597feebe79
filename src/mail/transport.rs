//! Ways out of the house: a mail server, or a folder of files.
//!
//! A transport takes finished mails and says what became of each, in words that are nobody's data. Mails leave through a
//! [`Session`], which keeps its connection from one mail to the next; several sessions may work side by side.

mod file;
pub mod smtp;

use std::path::PathBuf;

use chrono::{NaiveDate, TimeDelta};
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use crate::domain::retry::Failure;
use crate::mail::compose::Art;
use smtp::{Smtp, SmtpSession};

/// A mail ready to leave.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// The sender's address.
    pub from: String,
    /// The one address it goes to.
    pub to: String,
    /// The whole mail (RFC 5322).
    pub message: Vec<u8>,
    /// Its Message-ID.
    pub message_id: String,
    /// Which kind.
    pub kind: Art,
    /// The day it is for.
    pub day: NaiveDate,
}

impl Outgoing {
    /// The name of the file that the transport `File` makes of it.
    pub fn file_name(&self) -> String {
        format!("{}.eml", file_stem(self.day, self.kind, &self.message_id))
    }
}

/// The name of a mail's file without its ending. Neither address nor case number is in it; the same mail has the same.
pub fn file_stem(day: NaiveDate, kind: Art, message_id: &str) -> String {
    let id = message_id.trim_start_matches('<').split('@').next().unwrap_or_default();
    let id: String = id.chars().filter(char::is_ascii_alphanumeric).take(64).collect();
    format!("{day}_{}_{id}", kind.as_str())
}

/// Why a mail did not leave, or may not have.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SendError {
    /// It will never work.
    #[error("{0}")]
    Permanent(String),
    /// It may work later.
    #[error("{0}")]
    Transient(String),
    /// Nobody knows whether it left.
    #[error("{0}")]
    Unknown(String),
    /// The mail server cannot be used at all: unreachable, no valid certificate, wrong password. That is no fault of the
    /// mail, and no other mail would fare better.
    #[error("{0}")]
    Server(String),
    /// Told to stop before anything was handed over.
    #[error("Der Versand wurde angehalten, bevor die Mail übergeben war.")]
    Stopped,
    /// Whoever sends may no longer: the mail could be in other hands by now. Nothing was handed over.
    #[error("Nicht gesendet: Der Vorgang stand zu lange still.")]
    Late,
}

impl SendError {
    /// How the mail failed; none where it was not its turn at all.
    pub const fn failure(&self) -> Option<Failure> {
        match self {
            Self::Permanent(_) => Some(Failure::Permanent),
            Self::Transient(_) => Some(Failure::Transient),
            Self::Unknown(_) => Some(Failure::Unknown),
            Self::Server(_) | Self::Stopped | Self::Late => None,
        }
    }
}

/// How mails leave. Cheap to clone; what is bounded (mails a minute) is bounded over all clones together.
#[derive(Debug, Clone)]
pub enum Transport {
    /// One `.eml` per mail in a folder, which is made if it is not there.
    File(PathBuf),
    /// A mail server.
    Smtp(Smtp),
}

impl Transport {
    /// The longest that [`Session::offer`] and [`Session::send`] can take together; whoever sends must hold the mail for
    /// longer.
    pub fn longest_exchange(&self) -> TimeDelta {
        match self {
            Self::File(_) => file::EXCHANGE,
            Self::Smtp(smtp) => smtp.longest_exchange(),
        }
    }

    /// The longest that [`Session::send`] can take after it has asked whether it still may.
    pub const fn longest_handover(&self) -> TimeDelta {
        match self {
            Self::File(_) => file::EXCHANGE,
            Self::Smtp(_) => smtp::LONGEST_HANDOVER,
        }
    }

    /// How many sessions may work side by side.
    pub fn connections(&self) -> usize {
        match self {
            Self::File(_) => 1,
            Self::Smtp(smtp) => smtp.connections(),
        }
    }

    /// Whether mails leave the machine, so that a list of allowed domains is a must.
    pub const fn leaves_the_machine(&self) -> bool {
        matches!(self, Self::Smtp(_))
    }

    /// A session, not connected yet. Once `stop` is cancelled, it hands over no more.
    pub fn session(&self, stop: CancellationToken) -> Session {
        Session(match self {
            Self::File(dir) => Way::File(dir.clone(), stop),
            Self::Smtp(smtp) => Way::Smtp(Box::new(smtp.session(stop))),
        })
    }
}

/// One way out that is used for one mail after the other.
#[derive(Debug)]
pub struct Session(Way);

#[derive(Debug)]
enum Way {
    File(PathBuf, CancellationToken),
    Smtp(Box<SmtpSession>),
}

impl Session {
    /// Asks the other side whether it would take a mail; nothing of the mail itself leaves. This may be done while it is
    /// being noted what became of the mail before.
    pub async fn offer(&mut self, mail: &Outgoing) -> Result<(), SendError> {
        match &mut self.0 {
            Way::File(..) => Ok(()),
            Way::Smtp(smtp) => smtp.offer(mail).await,
        }
    }

    /// Hands a mail over, and offers it before if that was not done. When this returns `Ok`, the other side has it for good. Immediately before the handover,
    /// `may_still_send` is asked whether the mail is still ours to send.
    pub async fn send(&mut self, mail: Outgoing, may_still_send: impl Fn() -> bool) -> Result<(), SendError> {
        match &mut self.0 {
            Way::File(_, stop) if stop.is_cancelled() => Err(SendError::Stopped),
            Way::File(..) if !may_still_send() => Err(SendError::Late),
            Way::File(dir, _) => file::send(dir.clone(), mail).await,
            Way::Smtp(smtp) => smtp.send(&mail, may_still_send).await,
        }
    }

    /// Connects, if the transport knows connections, and says what is in the way of sending.
    pub async fn probe(&mut self) -> Result<(), SendError> {
        match &mut self.0 {
            Way::File(..) => Ok(()),
            Way::Smtp(smtp) => smtp.probe().await,
        }
    }

    /// Takes leave of the other side.
    pub async fn quit(self) {
        if let Way::Smtp(smtp) = self.0 {
            smtp.quit().await;
        }
    }
}
