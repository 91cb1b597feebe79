//! Words and pictures: what a digest looks like as a mail.
//!
//! This room knows the domain's digest, templates and MIME. It does not know the store, what rules mean, or when mails
//! are sent. [`words`] speaks German, `page` puts a digest into the shape that a template prints, `subject` counts,
//! the templates under `templates/mail/` hold the layout, or those that an office has put in their place. Values reach a template only as typed contexts; what came
//! from files is [cleaned](words::clean) before, and escaped by the engine where it becomes HTML.

pub mod bounce;
pub mod chart;
pub mod compose;
mod page;
pub mod probe;
mod quoted_printable;
pub mod sample;
mod subject;
pub mod templates;
pub mod transport;
pub mod wochenliste;
pub mod words;

use std::collections::HashMap;
use std::sync::Arc;

use minijinja::Value;
use minijinja::value::Serde;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::domain::digest::{Content, Digest, Kind};
use crate::domain::rules::Wording;
use crate::domain::wochenliste::Form;
use page::RuleWords;
use templates::Templates;
use templates::print::{Printed, Printer};

/// What every mail of an installation has in common.
#[derive(Debug, Clone, Default)]
pub struct Letterhead {
    /// Whom to ask, as a German sentence for the footer; empty for none.
    pub contact: String,
    /// Where answers go, if not to the sender.
    pub reply_to: Option<String>,
    /// Where answers go for a mail about one team alone, by the team's name.
    pub team_reply_to: HashMap<String, String>,
}

/// A mail with its words, not yet MIME: what waits in the queue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parts {
    /// The subject: kind, date and counts, never a person or a case number.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part; says the same.
    pub html: String,
    /// Where answers go, if not to the sender.
    pub reply_to: Option<String>,
    /// Pictures that the HTML part shows: it speaks of them by their names (`cid:…`), which are letters, digits and `-`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pictures: Vec<Attached>,
    /// Files beside the words. They are kept as long as the words are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<Attached>,
}

/// A workbook beside the words of a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attached {
    /// Its name: ASCII letters, digits, points and dashes.
    pub name: String,
    /// What is in it; Base64 where it waits.
    #[serde(with = "base64_text")]
    pub bytes: Vec<u8>,
}

/// Bytes as text: JSON has no other way.
mod base64_text {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        STANDARD.decode(text).map_err(de::Error::custom)
    }
}

/// Why a digest got no words. Always a mistake in a template; holds nobody's data.
#[derive(Debug, Error)]
#[error("Die Vorlage {template} lässt sich nicht füllen: {reason}. Das ist ein Fehler des Programms; bitte melden.")]
pub struct MailError {
    /// Which template.
    template: String,
    /// What the engine says of it, without values.
    reason: String,
}

impl MailError {
    fn new(template: &str, error: &minijinja::Error) -> Self {
        // The engine's own text may quote a value; its kind and line do not.
        let line = error.line().map_or(String::new(), |line| format!(", line {line}"));
        Self { template: error.name().unwrap_or(template).to_owned(), reason: format!("{}{line}", error.kind()) }
    }
}

/// Turns digests into words. Made once; cheap to use from several threads.
#[derive(Debug)]
pub struct Renderer {
    /// The office's own templates, if it has any.
    own: Option<Printer>,
    built_in: Printer,
    rules: HashMap<Arc<str>, RuleWords>,
    letterhead: Letterhead,
}

impl Renderer {
    /// A renderer that knows these rules' words, with the built-in templates.
    pub fn new(wordings: &HashMap<Arc<str>, Wording>, letterhead: Letterhead) -> Result<Self, MailError> {
        Self::with(&Templates::default(), wordings, letterhead)
    }

    /// The same with the templates of an office, which were [tried](Templates::load) before.
    pub fn with(
        templates: &Templates,
        wordings: &HashMap<Arc<str>, Wording>,
        letterhead: Letterhead,
    ) -> Result<Self, MailError> {
        let own = match templates.own().next() {
            Some(name) => Some(Printer::of(templates).map_err(|e| MailError::new(name, &e))?),
            None => None,
        };
        let built_in = Printer::built_in().map_err(|e| MailError::new("", &e))?;
        let rules = wordings.iter().map(|(id, wording)| (id.clone(), RuleWords::of(wording))).collect();
        Ok(Self { own, built_in, rules, letterhead })
    }

    /// The mail that a digest becomes. Where the office's own templates fail, it gets the built-in words: a mail in other
    /// words is better than none.
    pub fn render(&self, digest: &Digest) -> Result<Parts, MailError> {
        let subject = subject::of(digest);
        // Made once for both parts: they cannot say different things.
        let (root, page, pictures) = self.page_of(digest);
        let own = self.own.as_ref().and_then(|own| match own.print(root, &page) {
            Ok(printed) => Some(printed),
            Err(error) => {
                let error = MailError::new(root, &error);
                let MailError { template, reason } = &error;
                tracing::error!(template, reason, "a template of the office's own fails, the built-in one is used");
                None
            }
        });
        let Printed { text, html } = match own {
            Some(printed) => printed,
            None => self.built_in.print(root, &page).map_err(|e| MailError::new(root, &e))?,
        };
        let files = match &digest.content {
            Content::Forms(forms) => forms.iter().map(attached).collect::<Result<_, _>>()?,
            _ => Vec::new(),
        };
        Ok(Parts { subject, text, html, reply_to: self.reply_to(digest).map(str::to_owned), pictures, files })
    }

    /// What a template is given, the name of the template that begins the mail, without its ending, and the pictures that
    /// it speaks of.
    fn page_of(&self, digest: &Digest) -> (&'static str, Value, Vec<Attached>) {
        let mut pictures = Vec::new();
        let (root, page) = match &digest.content {
            Content::Day(teams) => ("tag", self.page(digest, page::day(self, digest.day, teams))),
            Content::Notice(parts) => ("mitteilung", self.page(digest, page::notice(self, parts))),
            Content::Escalation(teams) => ("eskalation", self.page(digest, page::escalation(self, teams))),
            Content::Week(teams) => {
                let week = page::week(self, teams);
                pictures = week.pictures();
                ("wochenbericht", self.page(digest, week))
            }
            Content::Forms(forms) => ("wochenliste", self.page(digest, page::forms(forms))),
            Content::Admin(sentences) | Content::Missed(sentences) => {
                ("admin", self.page(digest, page::admin(sentences)))
            }
            Content::Receipt(receipt) => ("admin", self.page(digest, page::admin(&receipt.sentences))),
        };
        (root, page, pictures)
    }

    fn page<B: Serialize>(&self, digest: &Digest, body: B) -> Value {
        Value::from(Serde(page::Page::new(digest, &self.letterhead, body)))
    }

    /// A mail about one team goes back to that team's address, if it has its own.
    fn reply_to(&self, digest: &Digest) -> Option<&str> {
        let own = match digest.data.as_slice() {
            [only] if digest.kind != Kind::Admin => self.letterhead.team_reply_to.get(&only.key),
            _ => None,
        };
        own.or(self.letterhead.reply_to.as_ref()).map(String::as_str)
    }
}

/// A form as a file beside the words.
fn attached(form: &Form) -> Result<Attached, MailError> {
    let failed = |_| MailError { template: "wochenliste.xlsx".to_owned(), reason: "xlsx".to_owned() };
    let bytes = wochenliste::workbook(form).map_err(failed)?;
    Ok(Attached { name: wochenliste::file_name(form), bytes })
}

/// Leaves at most one empty line in a row and none at the ends, so that templates need not count theirs.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut empty = true;
    for line in text.lines().map(str::trim_end) {
        if !(empty && line.is_empty()) {
            out.push_str(line);
            out.push('\n');
        }
        empty = line.is_empty();
    }
    if out.ends_with("\n\n") {
        out.pop();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_is_sound() {
        assert!(Renderer::new(&HashMap::new(), Letterhead::default()).is_ok());
    }

    #[test]
    fn empty_lines_do_not_pile_up() {
        assert_eq!(tidy("\n\na  \n\n\nb\n\n"), "a\n\nb\n");
        assert_eq!(tidy(""), "");
        assert_eq!(tidy("\n\n"), "");
    }
}
