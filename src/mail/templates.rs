//! The templates: those that are built in, and those that an office puts in their place.
//!
//! An office's folder holds files named as the built-in ones (`tag.txt`, `regel/besuch-16.html`); each replaces one. They
//! are read once, looked through (`walk`) and filled with every sample (`trial`) before any is taken: a set with a
//! fault is refused as a whole, and what was accepted stays in memory, whatever becomes of the files.
//!
//! No trial can prove a template for all data there will ever be. So nothing depends on it: where one fails on a real mail
//! ([`Renderer`](super::Renderer)), that mail gets the built-in words.

mod folder;
pub(super) mod print;
mod shape;
mod trial;
mod walk;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

/// The templates that are built in, by the name under which they know each other.
const BUILT_IN: [(&str, &str); 22] = [
    ("page.txt", include_str!("../../templates/mail/page.txt")),
    ("page.html", include_str!("../../templates/mail/page.html")),
    ("rows.txt", include_str!("../../templates/mail/rows.txt")),
    ("rows.html", include_str!("../../templates/mail/rows.html")),
    ("tag.txt", include_str!("../../templates/mail/tag.txt")),
    ("tag.html", include_str!("../../templates/mail/tag.html")),
    ("mitteilung.txt", include_str!("../../templates/mail/mitteilung.txt")),
    ("mitteilung.html", include_str!("../../templates/mail/mitteilung.html")),
    ("eskalation.txt", include_str!("../../templates/mail/eskalation.txt")),
    ("eskalation.html", include_str!("../../templates/mail/eskalation.html")),
    ("wochenbericht.txt", include_str!("../../templates/mail/wochenbericht.txt")),
    ("wochenbericht.html", include_str!("../../templates/mail/wochenbericht.html")),
    ("wochenliste.txt", include_str!("../../templates/mail/wochenliste.txt")),
    ("wochenliste.html", include_str!("../../templates/mail/wochenliste.html")),
    ("admin.txt", include_str!("../../templates/mail/admin.txt")),
    ("admin.html", include_str!("../../templates/mail/admin.html")),
    // What only one rule says to a case worker; a rule without such a file gets the general form.
    ("regel/besuch-16.txt", include_str!("../../templates/mail/regel/besuch-16.txt")),
    ("regel/besuch-16.html", include_str!("../../templates/mail/regel/besuch-16.html")),
    ("regel/lebenslauf-rueckgabe.txt", include_str!("../../templates/mail/regel/lebenslauf-rueckgabe.txt")),
    ("regel/lebenslauf-rueckgabe.html", include_str!("../../templates/mail/regel/lebenslauf-rueckgabe.html")),
    ("regel/ende-info.txt", include_str!("../../templates/mail/regel/ende-info.txt")),
    ("regel/ende-info.html", include_str!("../../templates/mail/regel/ende-info.html")),
];

/// The built-in templates: name and text.
pub fn built_in() -> impl Iterator<Item = (&'static str, &'static str)> {
    BUILT_IN.into_iter()
}

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// The whole folder is refused.
    Refused,
    /// It is taken, but somebody should see to it: something that every mail must say is gone.
    Warning,
    /// Worth knowing.
    Hint,
}

/// What is to be said of an office's templates.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// How much it weighs.
    pub weight: Weight,
    /// The file, as its name within the folder; empty where it is about the folder itself.
    pub file: String,
    /// The line, from 1.
    pub line: Option<usize>,
    /// What is the matter (German; only invented data).
    pub what: String,
    /// What to do about it.
    pub remedy: String,
}

impl Finding {
    fn new(weight: Weight, file: &str, line: Option<usize>, what: impl Into<String>, remedy: &str) -> Self {
        Self { weight, file: file.to_owned(), line, what: what.into(), remedy: remedy.to_owned() }
    }

    fn refused(file: &str, line: Option<usize>, what: impl Into<String>, remedy: &str) -> Self {
        Self::new(Weight::Refused, file, line, what, remedy)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, what, .. } = self;
        match (file.as_str(), line) {
            ("", _) => f.write_str(what),
            (file, None) => write!(f, "{file}: {what}"),
            (file, Some(line)) => write!(f, "{file}, Zeile {line}: {what}"),
        }
    }
}

/// A folder that is refused, and why.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("Die eigenen Vorlagen in {} (mail.templates) werden abgelehnt: {}", dir.display(), listed(faults))]
pub struct TemplatesError {
    /// The folder.
    dir: PathBuf,
    /// What is wrong with it; never empty.
    faults: Vec<Finding>,
}

/// The first few, each with its remedy; `templates check` lists all.
fn listed(faults: &[Finding]) -> String {
    const SHOWN: usize = 3;
    let each = |fault: &Finding| format!("{fault} – {}", fault.remedy);
    let mut text = faults.iter().take(SHOWN).map(each).collect::<Vec<_>>().join("; ");
    if faults.len() > SHOWN {
        text.push_str("; alles weitere sagt „wiedervorlage templates check“");
    }
    text
}

/// A set of templates: the built-in ones, with those of an office in their place.
#[derive(Debug, Clone, Default)]
pub struct Templates {
    own: BTreeMap<&'static str, Arc<str>>,
}

/// What came of looking through a folder.
#[derive(Debug)]
pub struct Examined {
    /// The set; none if it is refused.
    pub templates: Option<Templates>,
    /// What there is to say, the weightiest first.
    pub findings: Vec<Finding>,
    /// How many mails were filled on trial.
    pub trials: usize,
}

impl Templates {
    /// The set that the folder makes; without one the built-in templates.
    ///
    /// # Errors
    /// Everything that is wrong with the folder. Warnings are no errors; [`examine`](Self::examine) says them.
    pub fn load(dir: Option<&Path>) -> Result<Self, TemplatesError> {
        let Some(dir) = dir else { return Ok(Self::default()) };
        let Examined { templates, mut findings, .. } = Self::examine(dir);
        let warnings = findings.iter().filter(|f| f.weight == Weight::Warning).count();
        if templates.is_some() && warnings > 0 {
            tracing::warn!(warnings, "the office's own templates leave something out; templates check says what");
        }
        findings.retain(|finding| finding.weight == Weight::Refused);
        templates.ok_or(TemplatesError { dir: dir.to_owned(), faults: findings })
    }

    /// Looks through a folder: reads it, reads each template, and fills each with every sample.
    pub fn examine(dir: &Path) -> Examined {
        let (own, mut findings) = folder::read(dir);
        Self { own }.tried(&mut findings)
    }

    /// Tries the set, unless it is refused already.
    fn tried(self, findings: &mut Vec<Finding>) -> Examined {
        let is_refused = |findings: &[Finding]| findings.iter().any(|f| f.weight == Weight::Refused);
        let mut trials = 0;
        if !self.own.is_empty() && !is_refused(findings) {
            trials = trial::hold(&self, findings);
        }
        findings.sort();
        findings.dedup();
        let templates = (!is_refused(findings)).then_some(self);
        Examined { templates, findings: std::mem::take(findings), trials }
    }

    /// The names of those that are the office's own.
    pub fn own(&self) -> impl Iterator<Item = &'static str> {
        self.own.keys().copied()
    }

    fn is_own(&self, name: &str) -> bool {
        self.own.contains_key(name)
    }

    /// All of them: name and text.
    fn all(&self) -> impl Iterator<Item = (&'static str, &str)> {
        BUILT_IN.iter().map(|(name, text)| (*name, self.own.get(name).map_or(*text, |own| &**own)))
    }
}

#[cfg(test)]
mod tests;
