//! Fills a set of templates with every sample, and looks at what comes of it: whether they can be filled at all, and
//! whether what law, privacy and the readers need is still there.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::{Error, ErrorKind, HtmlEscape, Value};

use super::print::Printer;
use super::shape::Shape;
use super::{Finding, Templates, Weight, walk};
use crate::mail::{Renderer, sample};

/// Larger than this, mail programs cut a page off.
const PAGE: usize = 100_000;
/// The line that social data must carry (SGB I §35), with plain spaces.
const SOCIAL_DATA: &str = "Enthält Sozialdaten (§ 35 SGB I)";
/// That nobody wrote it.
const AUTOMATIC: &str = "automatisch erstellt";
/// What fetches something from outside, or runs: mail programs block it, and fetching tells others who reads.
const FOREIGN: [&str; 9] = ["<script", "<iframe", "<form", "<link", "<object", "<embed", "src=", "url(", "@import"];

/// Tries the set on every sample. How many mails were filled.
pub(super) fn hold(templates: &Templates, findings: &mut Vec<Finding>) -> usize {
    let read = match walk::read(templates) {
        Ok(read) => read,
        Err(faults) => {
            findings.extend(faults);
            return 0;
        }
    };
    let (own, built_in) = match (Printer::of(templates), Printer::built_in()) {
        (Ok(own), Ok(built_in)) => (own, built_in),
        (Err(error), _) | (_, Err(error)) => {
            findings.push(failed(&error, ""));
            return 0;
        }
    };
    let Ok(renderer) = Renderer::new(&sample::wordings(), sample::letterhead()) else { return 0 };
    let digests = sample::every_kind();
    let pages: Vec<_> = digests.iter().map(|digest| renderer.page_of(digest)).collect();
    let mut shapes: BTreeMap<&str, Shape> = BTreeMap::new();
    for (root, page, _) in &pages {
        let known = shapes.remove(root).unwrap_or(Shape::Nothing);
        shapes.insert(root, known.or(Shape::of(page)));
    }
    let mut uses: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, _) in templates.all() {
        if let Some(shape) = name.rsplit_once('.').and_then(|(root, _)| shapes.get(root)) {
            let met = walk::walk(&read, own.engine(), name, shape, findings);
            uses.insert(name, met.into_iter().filter(|met| templates.is_own(met)).collect());
        }
    }
    if findings.iter().any(|finding| finding.weight == Weight::Refused) {
        return 0;
    }
    let mut trials = 0;
    for (root, page, _) in &pages {
        let mut tried = false;
        for ending in ["txt", "html"] {
            let name = format!("{root}.{ending}");
            let Some(files) = uses.get(name.as_str()).filter(|files| !files.is_empty()) else { continue };
            match (own.fill(&name, page), built_in.fill(&name, page)) {
                (Ok(ours), Ok(usual)) => compare(&files.join(", "), page, &ours, &usual, ending == "html", findings),
                (Err(error), _) | (_, Err(error)) => findings.push(failed(&error, &name)),
            }
            tried = true;
        }
        trials += usize::from(tried);
    }
    trials
}

/// Why a template could not be filled, where it is.
fn failed(error: &Error, name: &str) -> Finding {
    let mut innermost = error;
    while let Some(deeper) = std::error::Error::source(innermost).and_then(|e| e.downcast_ref::<Error>()) {
        innermost = deeper;
    }
    let what = match innermost.kind() {
        ErrorKind::OutOfFuel => "kommt nicht zum Ende (eine Schleife ist zu lang)".to_owned(),
        ErrorKind::WriteFailure => "schreibt zu viel (mehr als 4 MB in eine Mail)".to_owned(),
        ErrorKind::UndefinedError => "benutzt einen Wert, den es an dieser Stelle nicht immer gibt".to_owned(),
        _ => format!("lässt sich nicht füllen ({})", innermost.detail().unwrap_or("ohne Angabe")),
    };
    let file = innermost.name().or(error.name()).unwrap_or(name);
    Finding::refused(file, innermost.line().or(error.line()), what, "die Stelle berichtigen")
}

/// What is gone that every mail must say, and what is there that none may hold.
fn compare(files: &str, page: &Value, ours: &str, usual: &str, html: bool, findings: &mut Vec<Finding>) {
    let (ours, usual) = (plain(ours), plain(usual));
    let part = if html { "HTML" } else { "Text" };
    let mut lost = |what: &str, remedy: &str| {
        let finding = Finding::new(Weight::Warning, files, None, format!("{what} ({part})"), remedy);
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    };
    if !ours.contains(SOCIAL_DATA) {
        lost(
            "Der Hinweis „Enthält Sozialdaten (§ 35 SGB I)“ fehlt",
            "die Zeile wieder aufnehmen; sie sagt, wie mit der Mail umzugehen ist",
        );
    }
    let says = |value: Value| {
        let text = value.as_str().unwrap_or_default();
        let text = if html { HtmlEscape(text).to_string() } else { text.to_owned() };
        ours.contains(&plain(&text))
    };
    let field = |name: &str| page.get_attr(name).unwrap_or_default();
    if !field("data").try_iter().into_iter().flatten().all(says) {
        lost("Der Datenstand fehlt", "„{% for line in data %}{{ line }}{% endfor %}“ wieder aufnehmen");
    }
    let warning = field("warning");
    if !warning.is_none() && !["since", "means"].into_iter().all(|f| warning.get_attr(f).is_ok_and(says)) {
        lost("Der Hinweis auf veraltete Daten fehlt", "„warning.since“ und „warning.means“ wieder aufnehmen");
    }
    if !ours.contains(AUTOMATIC) || !says(field("because")) || !says(field("contact")) {
        lost(
            "Die Fußzeile fehlt oder ist nicht vollständig",
            "„automatisch erstellt“, „because“ und „contact“ wieder aufnehmen",
        );
    }
    let gone: Vec<_> = numbers(&usual).difference(&numbers(&ours)).copied().collect();
    if !gone.is_empty() {
        lost(
            "Fälle fehlen, die die eingebaute Vorlage nennt",
            "alle Listen des eingebauten Musters durchlaufen („wiedervorlage templates show NAME“)",
        );
    }
    // A picture that comes with the mail is none of that.
    let lower = ours.to_lowercase().replace("src=\"cid:", "");
    if html && let Some(foreign) = FOREIGN.into_iter().find(|word| lower.contains(word)) {
        lost(
            &format!("Die Seite enthält „{foreign}“"),
            "entfernen: Mailprogramme sperren es, und was von außen geladen wird, verrät, wer die Mail liest",
        );
    }
    if html && ours.len() > PAGE && usual.len() <= PAGE {
        let what = "Die Seite wird länger als 100 KB; manche Mailprogramme schneiden sie ab";
        findings.push(Finding::new(Weight::Hint, files, None, what, "die Vorlage kürzen"));
    }
}

/// Spaces that do not break are spaces.
fn plain(text: &str) -> String {
    text.replace("&nbsp;", " ").replace("&#160;", " ").replace('\u{a0}', " ")
}

/// The case numbers of the samples: seven digits, the first of them a nought.
fn numbers(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.filter(|word| word.len() == 7 && word.starts_with('0') && word.bytes().all(|b| b.is_ascii_digit())).collect()
}
