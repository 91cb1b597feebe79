//! Delivery status notifications (RFC 3464): what a mail server says of a mail it could not bring away.
//!
//! Bytes in, one statement out. Anybody may send such a mail to anybody, so nothing in it is trusted: every step is
//! linear in what is read, nesting is bounded, and nothing but a Message-ID, a word and three numbers leaves this file.
//! It knows MIME alone; which mail is meant, and what follows, is not decided here.

mod mime;

use std::borrow::Cow;
use std::fmt;

use mime::Entity;

/// So much of a notification is read. What a server returns beyond that is the text of our own mail.
pub const MAX_BYTES: usize = 1 << 20;

/// A report may be wrapped by a list, a scanner or a journal, each of which adds a level; more is nonsense.
const MAX_DEPTH: u32 = 8;

/// What became of the mail at the other side. The later in this list, the more it weighs where a report says several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// It was delivered.
    Delivered,
    /// It was delivered to several.
    Expanded,
    /// It was handed to a server that does not report.
    Relayed,
    /// It is still being tried.
    Delayed,
    /// It was given up.
    Failed,
}

/// A status code (RFC 3463): class, subject, detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Status(pub u16, pub u16, pub u16);

/// What a notification says of one mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounce {
    /// The Message-ID of the mail it is about, angle brackets included.
    pub message_id: String,
    /// What became of it.
    pub action: Action,
    /// Why, if it says so.
    pub status: Option<Status>,
}

/// Reads a notification; none where the bytes are no RFC 3464 report, or one that names no mail.
///
/// Looks at the first [`MAX_BYTES`] alone, and takes time and memory in proportion to them.
pub fn parse(bytes: &[u8]) -> Option<Bounce> {
    let bytes = bytes.get(..MAX_BYTES).unwrap_or(bytes);
    find_report(&Entity::new(bytes), MAX_DEPTH)
}

/// The first report in an entity. Parts do not overlap, so each level looks at every byte once.
fn find_report(entity: &Entity<'_>, depth: u32) -> Option<Bounce> {
    let depth = depth.checked_sub(1)?;
    let kind = entity.content_type();
    if let Some(boundary) = kind.boundary() {
        if kind.is("multipart/report") && kind.parameter("report-type").is_none_or(|t| t == "delivery-status") {
            return report(entity, boundary);
        }
        return entity.parts(boundary).find_map(|part| find_report(&part, depth));
    }
    // Somebody forwards a notification as a whole.
    if kind.is("message/rfc822") { find_report(&Entity::new(entity.body), depth) } else { None }
}

fn report(entity: &Entity<'_>, boundary: &str) -> Option<Bounce> {
    let (mut verdict, mut original) = (None, None);
    for part in entity.parts(boundary) {
        let kind = part.content_type();
        if kind.is("message/delivery-status") || kind.is("message/global-delivery-status") {
            verdict = verdict.or_else(|| worst(&part.decoded()));
        } else if ORIGINAL.iter().any(|k| kind.is(k)) && original.is_none() {
            original = Entity::headers_only(&part.decoded()).header("message-id").and_then(|id| last_id(&id));
        }
    }
    let (action, status) = verdict?;
    // Our mails answer nothing, so what the notification answers to is the mail itself.
    let referred = || ["in-reply-to", "references"].iter().find_map(|name| last_id(&entity.header(name)?));
    Some(Bounce { message_id: original.or_else(referred)?, action, status })
}

/// What the third part may be (RFC 3462, RFC 6533): the whole mail, or its headers.
const ORIGINAL: [&str; 5] =
    ["message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global", "message/global-headers"];

/// The weightiest of what a report says of its recipients. Ours have one, but that one may stand for several.
fn worst(fields: &[u8]) -> Option<(Action, Option<Status>)> {
    let mut rest = fields;
    let mut worst: Option<(Action, Option<Status>)> = None;
    while !rest.is_empty() {
        // Groups of fields, set apart by empty lines; the first is about the report as a whole and names no action.
        let group = Entity::new(rest);
        let said = group.header("action").and_then(|a| Action::read(&a)).map(|action| {
            let status = group.header("status").and_then(|s| Status::read(&s));
            (action, status)
        });
        worst = match (worst, said) {
            (Some(old), Some(new)) if new.0 <= old.0 => Some(old),
            (old, new) => new.or(old),
        };
        rest = group.body;
    }
    worst
}

/// The last Message-ID in the value of a header, angle brackets included.
fn last_id(value: &str) -> Option<String> {
    // RFC 5322 §2.1.1 bounds a line, and an identifier cannot be folded.
    const LONGEST: usize = 996;
    let (_, rest) = value.rsplit_once('<')?;
    let (id, _) = rest.split_once('>')?;
    let plain = !id.is_empty() && id.len() <= LONGEST && id.chars().all(|c| c.is_ascii_graphic());
    plain.then(|| format!("<{id}>"))
}

impl Action {
    fn read(text: &str) -> Option<Self> {
        let word = text.split(|c: char| c.is_whitespace() || matches!(c, '(' | ';')).find(|w| !w.is_empty())?;
        let all = [
            ("failed", Self::Failed),
            ("delayed", Self::Delayed),
            ("delivered", Self::Delivered),
            ("relayed", Self::Relayed),
            ("expanded", Self::Expanded),
        ];
        all.into_iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|(_, action)| action)
    }
}

impl Status {
    fn read(text: &str) -> Option<Self> {
        let word = text.split(|c: char| !c.is_ascii_digit() && c != '.').find(|w| !w.is_empty())?;
        let mut numbers = word.split('.').map(|n| n.parse::<u16>().ok().filter(|n| *n <= 999));
        let status = Self(numbers.next()??, numbers.next()??, numbers.next()??);
        (numbers.next().is_none() && matches!(status.0, 2 | 4 | 5)).then_some(status)
    }

    /// What the code means to somebody who is to do something about it; none where it says nothing of use.
    const fn meaning(self) -> Option<&'static str> {
        Some(match (self.1, self.2) {
            (1, 2 | 10) | (4, 3 | 4) => "Der Mailserver kennt keinen Weg zur Domain der Adresse",
            (1, 7 | 8) => "Der Mailserver des Empfängers lehnt die Absenderadresse (mail.from) ab",
            (1, 0..=6 | 9) => "Das Postfach gibt es nicht oder nicht mehr",
            (2, 1) => "Das Postfach ist abgeschaltet",
            (2, 2) => "Das Postfach ist voll",
            (2, 3) | (3, 4) => "Die Mail ist für das Postfach zu groß",
            (2, 4) => "Der Verteiler hinter der Adresse lässt sich nicht auflösen",
            (2, _) => "Das Postfach nimmt die Mail nicht an",
            (3, _) => "Der Mailserver des Empfängers ist gestört",
            (4, 6) => "Die Mail dreht sich zwischen Mailservern im Kreis",
            (4, _) => "Der Mailserver des Empfängers war nicht erreichbar",
            (5, _) => "Die Mailserver haben einander nicht verstanden",
            (6, _) => "Der Mailserver des Empfängers kann den Inhalt nicht verarbeiten",
            (7, _) => "Eine Sicherheits- oder Spamregel des Empfängers lehnt die Mail ab",
            _ => return None,
        })
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

impl Bounce {
    /// What it says, in a German sentence without addresses and without a word of the server's: those are somebody's
    /// data, and may be anybody's text.
    pub fn reason(&self) -> String {
        let what = match self.action {
            Action::Failed => "Unzustellbar gemeldet",
            Action::Delayed => "Verzögert gemeldet",
            Action::Delivered | Action::Expanded => "Zugestellt gemeldet",
            Action::Relayed => "Weitergereicht gemeldet",
        };
        let code = self.status.map_or(Cow::Borrowed(""), |s| format!(" ({s})").into());
        let meaning = self.status.and_then(Status::meaning).map_or(Cow::Borrowed(""), |m| format!(": {m}").into());
        format!("{what}{code}{meaning}.")
    }
}

#[cfg(test)]
mod tests;
