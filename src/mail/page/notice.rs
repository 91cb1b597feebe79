//! A mitteilung to a case worker: every item in full, in sections per colleague stood in for.

use serde::Serialize;

use super::{Line, fall, holder, number};
use crate::domain::digest::{Item, NoticePart};
use crate::mail::Renderer;

/// The body of a mitteilung.
#[derive(Serialize)]
pub(in crate::mail) struct Notice<'a> {
    parts: Vec<Part<'a>>,
}

#[derive(Serialize)]
struct Part<'a> {
    /// Whose cases; empty where they are the reader's own and nobody else's are in the mail.
    who: String,
    intro: &'static str,
    items: Vec<Line<'a>>,
    lapsed: Vec<String>,
}

pub(in crate::mail) fn notice<'a>(renderer: &'a Renderer, parts: &'a [NoticePart]) -> Notice<'a> {
    let many = parts.len() > 1;
    Notice { parts: parts.iter().map(|p| part(renderer, many, p)).collect() }
}

fn part<'a>(renderer: &'a Renderer, many: bool, part: &'a NoticePart) -> Part<'a> {
    let plain = part.who.kuerzel.is_some() && !part.who.in_stead && !many;
    let intro = if part.start {
        "Stand zum Start: Ab heute achtet die Wiedervorlage darauf. Das ist der Überblick über alles, was dazu gerade \
         offen ist; danach kommt eine Mitteilung, sobald etwas Neues ansteht."
    } else if part.reminder {
        "Zur Erinnerung: Hier ist nichts neu, aber noch etwas offen."
    } else {
        ""
    };
    let name = |i: &'a Item| {
        if i.fallnr.is_empty() { number("", &i.subject) } else { fall(&i.fallnr, &i.bezeichnung) }
    };
    Part {
        who: if plain { String::new() } else { holder(&part.who, "Fälle ohne bekannte Integrationsfachkraft") },
        intro,
        items: part.items.iter().map(|i| renderer.line(i, name(i))).collect(),
        lapsed: renderer.lapsed(&part.lapsed),
    }
}
