//! Mails through a mail server (RFC 5321), one recipient each.
//!
//! A client of its own, because the promise "never lost, never doubled" hangs on what lettre's does not tell or bound:
//! at which step a connection was lost (before the final dot a mail may simply be sent again, after it nobody knows),
//! a time for every step, and how much a server may say (a line is read to its end however long it is; a QUIT waits for
//! ever). It also keeps what was said before STARTTLS, ends each mail with an empty line that nobody wrote, and does
//! not know SIZE. Here are the limits and what all
//! sessions share ([`Smtp`]).
//!
//! [`answer`] and [`content`] are pure; `wire` bounds every exchange; `open` is all that comes before a mail, `session`
//! a mail's way through; `pace` is the number of mails a minute; `trouble` and `tls` have the German sentences.

pub mod answer;
pub mod content;
mod dial;
mod open;
mod pace;
mod session;
mod tls;
mod trouble;
mod wire;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use secrecy::SecretString;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

pub use dial::{Dial, DialError, Dialled};
pub use wire::Stream;

use pace::Pace;
pub(super) use session::SmtpSession;
use tls::Tls;

/// Until somebody answers at all: a host that is down should not hold a mail for minutes.
const CONNECT: Duration = Duration::from_secs(30);
/// A handshake is two round trips.
const HANDSHAKE: Duration = Duration::from_secs(30);
/// RFC 5321 §4.5.3.2.1: greylisting servers let strangers wait.
const GREETING: Duration = Duration::from_mins(5);
/// RFC 5321 §4.5.3.2.2 and .3 for MAIL and RCPT; the commands before them take no longer.
const COMMAND: Duration = Duration::from_mins(5);
/// From the first packet to the last word before a mail: no honest server uses up all of its steps.
const OPEN: Duration = Duration::from_mins(10);
/// Each of the first words (RSET, MAIL) on a connection that was used before. A server that is there answers at once, and one that is not is
/// found on a fresh connection.
const KEPT: Duration = Duration::from_secs(30);
/// RFC 5321 §4.5.3.2.4.
const DATA: Duration = Duration::from_mins(2);
/// RFC 5321 §4.5.3.2.5.
const BLOCK: Duration = Duration::from_mins(3);
/// All blocks of a mail; ours have a few kilobytes.
const CONTENT: Duration = Duration::from_mins(10);
/// RFC 5321 §4.5.3.2.6: shorter, and servers that take their time would get mails twice.
const DOT: Duration = Duration::from_mins(10);
/// QUIT is a courtesy.
const QUIT: Duration = Duration::from_secs(2);

/// From DATA to the answer to the final dot.
pub(super) const LONGEST_HANDOVER: TimeDelta =
    TimeDelta::seconds((DATA.as_secs() + CONTENT.as_secs() + DOT.as_secs()) as i64);
/// Everything of a mail but the waiting for its turn: a kept connection that fails, a fresh one, and the mail.
const LONGEST: Duration = Duration::from_secs(
    2 * KEPT.as_secs() + OPEN.as_secs() + 2 * COMMAND.as_secs() + DATA.as_secs() + CONTENT.as_secs() + DOT.as_secs(),
);

/// How a mail server is to be reached.
#[derive(Debug, Clone)]
pub struct Options {
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// TLS.
    pub encryption: Encryption,
    /// With whose name to sign in, if at all.
    pub credentials: Option<Credentials>,
    /// Certificates (PEM) to trust beside the system's.
    pub ca_file: Option<PathBuf>,
    /// Mails a minute, over all sessions; 0 is any number.
    pub rate_limit: u32,
    /// How many sessions may work side by side.
    pub connections: usize,
}

/// When TLS begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// With the first byte (port 465).
    Implicit,
    /// On the word STARTTLS, without which nothing is sent (port 587 or 25).
    StartTls,
    /// Never.
    None,
}

/// Whom the server knows us as.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The name.
    pub username: String,
    /// The password.
    pub password: SecretString,
}

/// Why a transport cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SetupError {
    /// A name that no certificate can be for.
    #[error("mail.smtp.host: passt nicht; erwartet wird ein Rechnername oder eine IP-Adresse")]
    Host,
    /// The file is not there or holds no certificate.
    #[error("mail.smtp.ca_file: {} enthält keine lesbaren Zertifikate; erwartet wird eine Datei im PEM-Format", .0.display())]
    CaFile(PathBuf),
    /// Nobody is trusted.
    #[error("mail.smtp.ca_file: fehlt, und auch das System kennt keine Zertifizierungsstellen (Paket ca-certificates)")]
    NoRoots,
    /// The library and its cryptography do not fit each other.
    #[error(
        "mail.smtp.tls: Die Verschlüsselung lässt sich nicht einrichten. Das ist ein Fehler des Programms; bitte melden."
    )]
    Protocol,
}

/// A mail server, as all sessions see it. Cheap to clone; the pace is one over all clones.
#[derive(Clone)]
pub struct Smtp(Arc<Office>);

/// What all sessions share: the post office that mails are brought to.
struct Office {
    dial: Dial,
    security: Security,
    credentials: Option<Credentials>,
    pace: Pace,
    connections: usize,
}

/// TLS, made ready once.
enum Security {
    Implicit(Tls),
    StartTls(Tls),
    None,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Smtp")
    }
}

impl Smtp {
    /// Reached by TCP. Reads the certificates; connects to nobody yet.
    pub fn new(options: Options) -> Result<Self, SetupError> {
        let dial = dial::tcp(&options.host, options.port);
        Self::through(options, dial)
    }

    /// Reached through connections that somebody else makes; host and port serve for nothing but the certificate's name.
    pub fn through(options: Options, dial: Dial) -> Result<Self, SetupError> {
        let tls = || Tls::new(&options.host, options.ca_file.as_deref());
        let security = match options.encryption {
            Encryption::Implicit => Security::Implicit(tls()?),
            Encryption::StartTls => Security::StartTls(tls()?),
            Encryption::None => Security::None,
        };
        Ok(Self(Arc::new(Office {
            dial,
            security,
            credentials: options.credentials,
            pace: Pace::per_minute(options.rate_limit),
            connections: options.connections.max(1),
        })))
    }

    pub(super) fn longest_exchange(&self) -> TimeDelta {
        let turns = self.0.pace.longest_wait(self.0.connections);
        TimeDelta::from_std(LONGEST + turns).unwrap_or(TimeDelta::MAX)
    }

    pub(super) fn connections(&self) -> usize {
        self.0.connections
    }

    /// A session, not connected yet.
    pub(super) fn session(&self, stop: CancellationToken) -> SmtpSession {
        SmtpSession::new(self.0.clone(), stop)
    }
}
