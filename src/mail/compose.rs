//! MIME: what goes over the wire, made from words and an envelope.
//!
//! The same words and envelope always give the same bytes: a mail that arrives twice arrives as two equal copies. No
//! address, however odd, makes this panic; what cannot be an address is a typed error without the address in it.

use std::borrow::Cow;
use std::fmt::Write;
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use lettre::Address;
use lettre::message::header::{
    ContentDisposition, ContentId, ContentTransferEncoding, ContentType, HeaderName, HeaderValue,
};
use lettre::message::{Body, Mailbox, Message, MultiPart, MultiPartBuilder, SinglePart, SinglePartBuilder};
use sha2::Sha256;
use thiserror::Error;

use super::words::clean;
use super::{Attached, Parts, quoted_printable};
use crate::domain::address::{domain_of, is_address};
use crate::domain::digest::Kind;

/// The name beside the sender's address.
pub const FROM_NAME: &str = "BAK-Wiedervorlage (automatisch)";

/// What a mail is, as its header `X-BAK-Art` says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Art {
    /// One that a morning writes.
    Digest(Kind),
    /// A test of the way.
    Test,
}

impl Art {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Digest(kind) => kind.as_str(),
            Self::Test => "test",
        }
    }
}

impl From<Kind> for Art {
    fn from(kind: Kind) -> Self {
        Self::Digest(kind)
    }
}

/// What the office's own programs open (Office Open XML).
const WORKBOOK: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Everything around the words.
#[derive(Debug, Clone, Copy)]
pub struct Envelope<'a> {
    /// The sender's address: one of its own, not the team mailbox.
    pub from: &'a str,
    /// The one address the mail goes to.
    pub to: &'a str,
    /// As [`message_id`] gives it, angle brackets included.
    pub message_id: &'a str,
    /// When the mail was written; not when it is sent, so that a second copy equals the first.
    pub date: DateTime<Utc>,
    /// Which kind, for rules in Outlook.
    pub kind: Art,
    /// The true recipient, where `to` is the box that all mail is redirected to.
    pub redirected_from: Option<&'a str>,
}

/// Why words and envelope make no mail. Trying again does not help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ComposeError {
    /// `mail.from` is no address.
    #[error("Die Absenderadresse (mail.from) ist keine gültige E-Mail-Adresse.")]
    From,
    /// The recipient is no address.
    #[error("Die Empfängeradresse ist keine gültige E-Mail-Adresse.")]
    To,
    /// The address for answers is none.
    #[error("Die Antwortadresse ist keine gültige E-Mail-Adresse.")]
    ReplyTo,
    /// The library refuses it for another reason.
    #[error("Die Nachricht lässt sich nicht zusammensetzen.")]
    Message,
}

/// The Message-ID of what `dedup_key` stands for: the same for every attempt, and nothing can be read from it.
/// `<32 hex digits@domain>`.
pub fn message_id(secret: &[u8], dedup_key: &str, domain: &str) -> String {
    let mut id = String::with_capacity(36 + domain.len());
    id.push('<');
    // HMAC takes keys of every length, so there always is one.
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) {
        mac.update(dedup_key.as_bytes());
        for byte in &mac.finalize().into_bytes()[..16] {
            let _ = write!(id, "{byte:02x}");
        }
    }
    let _ = write!(id, "@{domain}>");
    id
}

/// The whole mail (RFC 5322): text and HTML as alternatives, files beside them.
pub fn compose(parts: &Parts, envelope: &Envelope<'_>) -> Result<Vec<u8>, ComposeError> {
    let from = address(envelope.from).ok_or(ComposeError::From)?;
    let to = address(envelope.to).ok_or(ComposeError::To)?;
    // Unless it is given one, lettre reads it out of the headers again; nobody asks for it.
    let way = lettre::address::Envelope::new(Some(from.clone()), vec![to.clone()]);
    let way = way.map_err(|_| ComposeError::Message)?;
    let list = format!("BAK-Wiedervorlage <wiedervorlage.{}>", from.domain());
    let mut message = Message::builder()
        .from(Mailbox::new(Some(FROM_NAME.to_owned()), from))
        .to(Mailbox::new(None, to))
        .envelope(way)
        .subject(subject(&parts.subject))
        .message_id(Some(clean(envelope.message_id).into_owned()))
        .date(header_date(envelope.date));
    if let Some(reply_to) = &parts.reply_to {
        message = message.reply_to(Mailbox::new(None, address(reply_to).ok_or(ComposeError::ReplyTo)?));
    }
    for (name, value) in [
        // No machine answers a machine (RFC 3834; Exchange has a header of its own).
        (HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated"),
        (HeaderName::new_from_ascii_str("X-Auto-Response-Suppress"), "DR, RN, NRN, OOF, AutoReply"),
        (HeaderName::new_from_ascii_str("Sensitivity"), "Company-Confidential"),
        (HeaderName::new_from_ascii_str("List-Id"), &*list),
        (HeaderName::new_from_ascii_str("X-BAK-Art"), envelope.kind.as_str()),
    ] {
        message = message.raw_header(HeaderValue::new(name, value.to_owned()));
    }
    let (text, html) = redirected(parts, envelope.redirected_from);
    // Of the boundaries none begins with another.
    let mark = boundary(envelope.message_id);
    let mark = mark.trim_start_matches("=_");
    let body = multipart("alternative", &format!("=_{mark}"))?.singlepart(part(ContentType::TEXT_PLAIN, &text));
    let html = part(ContentType::TEXT_HTML, &html);
    let body = if parts.pictures.is_empty() {
        body.singlepart(html)
    } else {
        let related = multipart("related", &format!("=_R{mark}"))?.singlepart(html);
        let pictures = &mut parts.pictures.iter();
        body.multipart(pictures.try_fold(related, |related, shown| Ok(related.singlepart(picture(shown)?)))?)
    };
    let body = if parts.files.is_empty() {
        body
    } else {
        let mixed = multipart("mixed", &format!("=_M{mark}"))?.multipart(body);
        parts.files.iter().try_fold(mixed, |mixed, file| Ok(mixed.singlepart(attachment(file)?)))?
    };
    Ok(message.multipart(body).map_err(|_| ComposeError::Message)?.formatted())
}

/// Text and HTML as they are sent: in a pilot operation the true recipient stands before them.
pub fn redirected<'a>(parts: &'a Parts, from: Option<&str>) -> (Cow<'a, str>, Cow<'a, str>) {
    match from {
        None => (Cow::from(&parts.text), Cow::from(&parts.html)),
        Some(to) => (redirected_text(&parts.text, to).into(), redirected_html(&parts.html, to).into()),
    }
}

/// The subject as one header can hold it. Ours are short, but the row it comes from may hold anything, and a header is
/// folded between words alone: a long word or a run of blanks would be a line that servers refuse (RFC 5322 §2.1.1).
fn subject(text: &str) -> String {
    const LONGEST: usize = 300;
    let words = clean(text);
    let words: Vec<&str> = words.split(' ').filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().take(LONGEST).collect()
}

/// Quoted-printable always: lines stay short, every relay can carry it, and a person can read the source.
fn part(kind: ContentType, body: &str) -> SinglePart {
    let body = Body::dangerous_pre_encoded(quoted_printable::encode(body), ContentTransferEncoding::QuotedPrintable);
    SinglePart::builder().header(kind).body(body)
}

/// A part of parts (RFC 2046).
fn multipart(kind: &str, boundary: &str) -> Result<MultiPartBuilder, ComposeError> {
    let kind = format!("multipart/{kind}; boundary=\"{boundary}\"");
    Ok(MultiPart::builder().header(ContentType::parse(&kind).map_err(|_| ComposeError::Message)?))
}

/// A picture that the HTML part speaks of by its name (RFC 2387, RFC 2392).
fn picture(shown: &Attached) -> Result<SinglePart, ComposeError> {
    let name = plain(&shown.name);
    let place = ContentDisposition::inline_with_name(&format!("{name}.png"));
    Ok(file("image/png")?.header(ContentId::from(format!("<{name}>"))).header(place).body(bytes(shown)?))
}

/// A workbook beside the words: nothing else is attached.
fn attachment(attached: &Attached) -> Result<SinglePart, ComposeError> {
    Ok(file(WORKBOOK)?.header(ContentDisposition::attachment(&plain(&attached.name))).body(bytes(attached)?))
}

fn file(kind: &str) -> Result<SinglePartBuilder, ComposeError> {
    Ok(SinglePart::builder().header(ContentType::parse(kind).map_err(|_| ComposeError::Message)?))
}

fn bytes(file: &Attached) -> Result<Body, ComposeError> {
    let body = Body::new_with_encoding(file.bytes.clone(), ContentTransferEncoding::Base64);
    body.map_err(|_| ComposeError::Message)
}

/// What can stand in a header as it is. Headers are folded between words alone, and this is one.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphanumeric() || "-._".contains(*c)).take(100).collect()
}

/// `=_` cannot stand in quoted-printable text, so the boundary cannot be met inside a part.
fn boundary(message_id: &str) -> String {
    let id = message_id.trim_start_matches('<').split('@').next().unwrap_or_default();
    format!("=_{}", id.chars().filter(char::is_ascii_alphanumeric).take(60).collect::<String>())
}

/// The address as the wire wants it, with a domain in ASCII; none if it is not one.
fn address(text: &str) -> Option<Address> {
    let text = text.trim();
    let (local, _) = text.rsplit_once('@').filter(|_| is_address(text))?;
    Address::new(local, domain_of(text)?).ok()
}

/// Headers can only say days from 1970 to 9999; a clock that is elsewhere must not stop a mail.
fn header_date(date: DateTime<Utc>) -> SystemTime {
    const LAST: i64 = 253_402_300_799;
    let seconds = date.timestamp().clamp(0, LAST);
    SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds.unsigned_abs())
}

fn redirected_sentence(to: &str) -> String {
    format!("Umgeleitet (Probebetrieb). Eigentlicher Empfänger: {}", clean(to))
}

fn redirected_text(text: &str, to: &str) -> String {
    format!("{}\n\n{text}", redirected_sentence(to))
}

fn redirected_html(html: &str, to: &str) -> String {
    let sentence = redirected_sentence(to).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let paragraph = format!(
        "<p style=\"margin:0;padding:8px 12px;background-color:#fff3cd;color:#3d2c00;\
         font-family:'Segoe UI',Arial,sans-serif\"><strong>{sentence}</strong></p>\n"
    );
    let body = html.find("<body").and_then(|start| html[start..].find('>').map(|end| start + end + 1)).unwrap_or(0);
    let (head, rest) = html.split_at(body);
    format!("{head}\n{paragraph}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts() -> Parts {
        Parts {
            subject: "[BAK] Tagesübersicht Mo., 23.11.2026 – 3 überfällig".to_owned(),
            text: format!("Grüße\n{}\n", "sehr langer Text ".repeat(200)),
            html: "<!DOCTYPE html><html><body style=\"margin:0\"><p>Grüße</p></body></html>".to_owned(),
            reply_to: Some("bak@jobcenter.example".to_owned()),
            ..Parts::default()
        }
    }

    fn envelope<'a>() -> Envelope<'a> {
        Envelope {
            from: "wiedervorlage@jobcenter.example",
            to: "anna.berger@jobcenter.example",
            message_id: "<0123456789abcdef0123456789abcdef@jobcenter.example>",
            date: "2026-11-23T05:30:00.123456Z".parse().unwrap(),
            kind: Kind::Tagesuebersicht.into(),
            redirected_from: None,
        }
    }

    fn print(parts: &Parts, envelope: &Envelope<'_>) -> String {
        String::from_utf8(compose(parts, envelope).unwrap()).unwrap()
    }

    #[test]
    fn two_copies_are_equal() {
        assert_eq!(print(&parts(), &envelope()), print(&parts(), &envelope()));
    }

    #[test]
    fn the_headers_are_those_of_a_machine() {
        let mail = print(&parts(), &envelope());
        for header in [
            " <wiedervorlage@jobcenter.example>\r\n",
            "To: anna.berger@jobcenter.example\r\n",
            "Reply-To: bak@jobcenter.example\r\n",
            "Message-ID: <0123456789abcdef0123456789abcdef@jobcenter.example>\r\n",
            "Date: Mon, 23 Nov 2026 05:30:00 +0000\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "X-Auto-Response-Suppress: DR, RN, NRN, OOF, AutoReply\r\n",
            "Sensitivity: Company-Confidential\r\n",
            "List-Id: BAK-Wiedervorlage <wiedervorlage.jobcenter.example>\r\n",
            "X-BAK-Art: tagesuebersicht\r\n",
            "MIME-Version: 1.0\r\n",
        ] {
            assert!(mail.contains(header), "{header:?} is missing in\n{mail}");
        }
        assert_eq!(mail.matches("\r\nDate:").count(), 1);
        assert_eq!(mail.matches("Content-Type: multipart/alternative").count(), 1);
        assert!(mail.is_ascii());
        assert!(mail.split("\r\n").all(|line| line.len() <= 998 && !line.contains(['\r', '\n'])));
    }

    #[test]
    fn a_picture_stands_beside_the_html_that_shows_it() {
        let png = |name: &str| Attached { name: name.to_owned(), bytes: vec![0x89, b'P', b'N', b'G', 13, 10, 26, 10] };
        let html = "<html><body><img src=\"cid:bild-1\" alt=\"3\"></body></html>".to_owned();
        let with = Parts { html, pictures: vec![png("bild-1\r\nX: y")], ..parts() };
        let mail = print(&with, &envelope());
        assert_eq!(mail, print(&with, &envelope()));
        let order = ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"];
        let places: Vec<_> = order.iter().map(|kind| mail.find(&format!("Content-Type: {kind}")).unwrap()).collect();
        assert!(places.is_sorted(), "{mail}");
        for header in
            ["Content-ID: <bild-1Xy>", "Content-Disposition: inline; filename=\"bild-1Xy.png\"", "iVBORw0KGgo="]
        {
            assert!(mail.contains(header), "{header} is missing in\n{mail}");
        }
    }

    #[test]
    fn a_file_lies_beside_the_words() {
        let bytes: Vec<u8> = (0..=255).cycle().take(5_000).collect();
        let file = Attached { name: "Liste.xlsx\r\nBcc: x@y.de".into(), bytes };
        let with = Parts { files: vec![file.clone(), file], ..parts() };
        let kept: Parts = serde_json::from_slice(&serde_json::to_vec(&with).unwrap()).unwrap();
        assert_eq!(kept, with);
        let mail = print(&kept, &envelope());
        for (what, times) in [
            ("Content-Type: multipart/mixed", 1),
            ("Content-Type: multipart/alternative", 1),
            ("Content-Disposition: attachment; filename=\"Liste.xlsxBccxy.de\"\r\n", 2),
            ("Content-Type: application/vnd.openxmlformats-officedocument.spreadsheetml.sheet\r\n", 2),
            ("\r\nAAECAwQFBgcICQ", 2),
            ("\r\n--=_M0123456789abcdef0123456789abcdef--", 1),
        ] {
            assert_eq!(mail.matches(what).count(), times, "{what}\n{mail}");
        }
        assert!(mail.is_ascii() && mail.split("\r\n").all(|line| line.len() <= 998));
        // Mails without files are kept and written as ever.
        assert!(!serde_json::to_string(&parts()).unwrap().contains("files"));
    }

    #[test]
    fn a_subject_of_any_length_is_lines_that_servers_take() {
        for long in [" ", "\0", "x", "ü", "€ ", "\u{a0}", "=?utf-8?b?", "a b "] {
            let subject = format!("[BAK] Tagesübersicht {}Ende", long.repeat(2_000));
            let mail = print(&Parts { subject, ..parts() }, &envelope());
            let (head, _) = mail.split_once("\r\n\r\n").unwrap();
            assert!(head.split("\r\n").all(|line| line.len() <= 998), "{long:?}: {head}");
        }
    }

    #[test]
    fn a_redirected_mail_opens_with_the_true_recipient() {
        let to = "ivo.falk@jobcenter.example";
        let redirected = Envelope { to: "pilot@jobcenter.example", redirected_from: Some(to), ..envelope() };
        let mail = print(&parts(), &redirected);
        assert!(mail.contains("To: pilot@jobcenter.example\r\n"));
        assert_eq!(mail.replace("=\r\n", "").matches(to).count(), 2, "{mail}");
        assert!(redirected_html("<body a=\"b\"><p>x", "a<b>").starts_with("<body a=\"b\">\n<p style="));
        assert!(redirected_html("kein Körper", "a<b>").contains("a&lt;b&gt;"));
    }

    #[test]
    fn what_is_no_address_is_an_error_and_no_panic() {
        for odd in [
            "",
            "@",
            "a@",
            "@b",
            "a b@c.de",
            "a@b\r\nBcc: x@y.de",
            "\"a\\\r\n\"@b.de",
            "ä@b.de",
            "a@ä ö.de",
            "a<b>@c.de",
        ] {
            assert_eq!(compose(&parts(), &Envelope { to: odd, ..envelope() }), Err(ComposeError::To), "{odd:?}");
            assert_eq!(compose(&parts(), &Envelope { from: odd, ..envelope() }), Err(ComposeError::From), "{odd:?}");
            let parts = Parts { reply_to: Some(odd.to_owned()), ..parts() };
            assert_eq!(compose(&parts, &envelope()), Err(ComposeError::ReplyTo), "{odd:?}");
        }
    }

    #[test]
    fn odd_dates_and_ids_make_a_mail_all_the_same() {
        for date in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC, DateTime::UNIX_EPOCH] {
            let mail = print(&parts(), &Envelope { date, message_id: "a\r\nBcc: x@y.de", ..envelope() });
            assert_eq!(mail.matches("\r\nDate: ").count(), 1);
            assert!(!mail.contains("\r\nBcc"));
        }
        assert!(print(&parts(), &Envelope { date: DateTime::<Utc>::MIN_UTC, ..envelope() }).contains("01 Jan 1970"));
    }

    #[test]
    fn the_message_id_follows_from_secret_and_key_alone() {
        let id = message_id(b"secret", "tagesuebersicht:a@b.de:2026-11-23", "b.de");
        assert_eq!(id, message_id(b"secret", "tagesuebersicht:a@b.de:2026-11-23", "b.de"));
        assert_eq!((id.len(), id.ends_with("@b.de>")), (39, true));
        assert_ne!(id, message_id(b"other", "tagesuebersicht:a@b.de:2026-11-23", "b.de"));
        assert_ne!(id, message_id(b"secret", "tagesuebersicht:a@b.de:2026-11-24", "b.de"));
        // RFC 4231, test case 2.
        let known = message_id(b"Jefe", "what do ya want for nothing?", "x");
        assert_eq!(known, "<5bdcc146bf60754e6a042426089575c7@x>");
    }
}
