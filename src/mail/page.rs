//! What a template prints: typed contexts, every value a finished German phrase.
//!
//! Sentences are put together here and not in the templates, so that the text and the HTML part say the same and a
//! template is one loop per list. Each kind of mail has its own body; [`Page`] is what all have around it.

mod data;
mod day;
mod form;
mod lead;
mod notice;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use chrono::NaiveDate;
use serde::Serialize;

pub(super) use day::day;
pub(super) use form::forms;
pub(super) use lead::{escalation, week};
pub(super) use notice::notice;

use super::words::{clean, date, list, paragraphs, push_date, push_day, push_due, push_why, source, standing};
use super::{Letterhead, Renderer};
use crate::domain::digest::{Digest, Handback, Holder, Item, Kind, Lapsed, News};
use crate::domain::obligation::State;
use crate::domain::rules::Wording;

/// A rule's words, made ready once.
#[derive(Debug)]
pub(super) struct RuleWords {
    title: String,
    task: String,
    ends: String,
    source: String,
}

impl RuleWords {
    pub(super) fn of(wording: &Wording) -> Self {
        let ready = |words: &str| paragraphs(&clean(words));
        Self {
            title: ready(&wording.title),
            task: capital(&ready(&wording.task)),
            ends: ready(&wording.ends),
            source: source(&wording.paragraph),
        }
    }
}

/// A task begins a line of its own, so it begins with a capital.
fn capital(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// What every mail has around its body.
#[derive(Serialize)]
pub(super) struct Page<'a, B> {
    title: &'static str,
    date: String,
    office: Cow<'a, str>,
    data: Vec<String>,
    warning: Option<data::Warning>,
    because: &'static str,
    contact: Cow<'a, str>,
    body: B,
}

impl<'a, B> Page<'a, B> {
    pub(super) fn new(digest: &'a Digest, letterhead: &'a Letterhead, body: B) -> Self {
        let (title, because) = match digest.kind {
            Kind::Tagesuebersicht => {
                ("Tagesübersicht", "Sie erhalten diese Mail, weil dieses Postfach für das BAK-Team hinterlegt ist.")
            }
            Kind::Persoenlich => (
                "Ihre Fälle",
                "Sie erhalten diese Mail, weil Sie als Betriebsakquisiteurin oder Betriebsakquisiteur eingetragen \
                 sind oder jemanden vertreten.",
            ),
            Kind::Mitteilung => (
                "Mitteilung",
                "Sie erhalten diese Mail, weil die Fälle in den Listen Ihnen zugeordnet sind oder Sie jemanden \
                 vertreten.",
            ),
            Kind::Eskalation => {
                ("Eskalation", "Sie erhalten diese Mail, weil Sie als Teamleitung eingetragen sind oder sie vertreten.")
            }
            Kind::Wochenbericht => (
                "Wochenbericht",
                "Sie erhalten diese Mail, weil Sie als Teamleitung eingetragen sind oder sie vertreten.",
            ),
            Kind::Wochenliste => (
                "Wochenliste",
                "Sie erhalten diese Mail, weil Sie als Betriebsakquisiteurin oder Betriebsakquisiteur eingetragen \
                 sind oder jemanden vertreten.",
            ),
            Kind::Admin => (
                "Hinweise zum Betrieb",
                "Sie erhalten diese Mail, weil diese Adresse für den Betrieb der Wiedervorlage hinterlegt ist.",
            ),
            Kind::Eingang => (
                "Bericht zum Eingang",
                "Sie erhalten diese Mail, weil diese Adresse für Berichte über eingelesene Listen hinterlegt ist.",
            ),
        };
        Self {
            title,
            date: date(digest.day),
            office: clean(&digest.office),
            data: data::lines(&digest.data),
            warning: data::warning(digest.kind, &digest.data),
            because,
            contact: clean(&letterhead.contact),
            body,
        }
    }
}

/// One obligation in full.
#[derive(Serialize)]
struct Line<'a> {
    /// Where its words are.
    #[serde(skip)]
    words: &'a str,
    rule: &'a str,
    fall: Cow<'a, str>,
    mark: &'static str,
    title: Cow<'a, str>,
    standing: Cow<'static, str>,
    color: &'static str,
    task: &'a str,
    facts: String,
    why: String,
    /// The day to act, as long as it is still to come.
    by: String,
    checks: String,
    ends: &'a str,
}

/// All of one case: the most urgent and whatever is new in full, the rest after „außerdem".
#[derive(Serialize)]
struct Row<'a> {
    fall: Cow<'a, str>,
    lines: Vec<Line<'a>>,
    also: String,
}

/// Rows under a heading.
#[derive(Serialize)]
struct Section<'a> {
    title: &'static str,
    rows: Vec<Row<'a>>,
}

impl Renderer {
    /// A rule's title; a rule without words shows its id.
    fn title<'a>(&'a self, rule: &'a str) -> Cow<'a, str> {
        self.rules.get(rule).map_or_else(|| clean(rule), |words| Cow::Borrowed(&*words.title))
    }

    fn line<'a>(&'a self, item: &'a Item, fall: Cow<'a, str>) -> Line<'a> {
        let words = self.rules.get(&item.words);
        let of = |part: fn(&RuleWords) -> &String| words.map_or("", |words| part(words).as_str());
        Line {
            rule: &item.rule,
            words: &item.words,
            fall,
            mark: match item.news {
                News::New => "neu",
                News::TakenOver => "übernommen",
                News::Known => "",
            },
            title: self.title(&item.words),
            standing: standing(item.state, item.workdays),
            // Dark enough on white for 4.5:1; the words beside them say the same.
            color: match item.state {
                State::Overdue => "#9b1c1c",
                State::Today => "#7a4300",
                State::Upcoming | State::Info | State::Missed => "#1f4e79",
            },
            task: of(|words| &words.task),
            facts: facts(item),
            why: why(item, of(|words| &words.source)),
            by: if item.state == State::Overdue { String::new() } else { date(item.action) },
            checks: item.handback.map_or_else(String::new, |handback| checks(item, handback)),
            ends: of(|words| &words.ends),
        }
    }

    fn row<'a>(&'a self, fall: Cow<'a, str>, items: &'a [Item]) -> Row<'a> {
        let mut lines = Vec::with_capacity(1);
        let mut also = String::new();
        for (i, item) in items.iter().enumerate() {
            if i == 0 || item.news != News::Known {
                lines.push(self.line(item, Cow::Borrowed("")));
            } else {
                if !also.is_empty() {
                    also.push_str(", ");
                }
                also.push_str(&self.title(&item.words));
                match item.state {
                    State::Today => also.push_str(" heute"),
                    State::Upcoming => {
                        also.push_str(" bis ");
                        push_day(&mut also, item.action);
                    }
                    State::Overdue | State::Info | State::Missed => {}
                }
            }
        }
        Row { fall, lines, also }
    }

    /// „Stellensuchlauf (fällig Fr., 20.11.2026): 0000011, 0000012", a line per rule and day: told once.
    fn lapsed(&self, lapsed: &[Lapsed]) -> Vec<String> {
        let mut lines: BTreeMap<(NaiveDate, String), Vec<&str>> = BTreeMap::new();
        for l in lapsed {
            let fall = if l.fallnr.is_empty() { &l.subject } else { &l.fallnr };
            lines.entry((l.action, self.title(&l.words).to_string())).or_default().push(fall);
        }
        let line = |((action, title), cases): ((NaiveDate, String), Vec<&str>)| {
            let cases: Vec<_> = cases.into_iter().map(clean).collect();
            format!("{title} (fällig {}): {}", date(action), cases.join(", "))
        };
        lines.into_iter().map(line).collect()
    }

    /// That nobody watches some rules, if there are any.
    fn unwatched(&self, rules: &[Arc<str>]) -> String {
        if rules.is_empty() {
            return String::new();
        }
        let titles: Vec<_> = rules.iter().map(|rule| format!("„{}“", self.title(rule))).collect();
        format!(
            "Für {} liegen keine Daten vor; niemand beobachtet das. Sobald dazu etwas in einer Liste steht, wird \
             auch daran erinnert.",
            list(&titles)
        )
    }
}

/// Due, tried, agreed.
fn facts(item: &Item) -> String {
    let mut out = String::with_capacity(80);
    if item.state == State::Info {
        out.push_str("am ");
        push_date(&mut out, item.raw);
    } else {
        push_due(&mut out, item.raw, item.action, &item.reason);
    }
    if let Some((done, required)) = item.reason.progress {
        let _ = write!(out, "; {done} von {required} eingetragen");
    }
    if let Some((count, last)) = item.reason.attempts {
        let _ = write!(out, "; {count}. Versuch am ");
        push_date(&mut out, last);
    }
    if let Some(appointment) = item.appointment {
        out.push_str("; Termin vereinbart: ");
        push_date(&mut out, appointment);
    }
    out
}

/// Why, and by which paragraph.
fn why(item: &Item, source: &str) -> String {
    let mut out = String::with_capacity(96);
    push_why(&mut out, &item.reason);
    if !source.is_empty() {
        out.push_str("; ");
        out.push_str(source);
    }
    out
}

/// „Bis Mi., 03.06.2026: Rückgabegespräch ☐, Fazit ☐, Betreuung beenden ☑".
fn checks(item: &Item, done: Handback) -> String {
    let tick = |done: bool| if done { '☑' } else { '☐' };
    format!(
        "Bis {}: Rückgabegespräch {}, Fazit {}, Betreuung beenden {}",
        date(item.action),
        tick(done.talk),
        tick(done.fazit),
        tick(done.ended)
    )
}

/// A case as a row names it: number, and initials if the list has any.
fn fall<'a>(fallnr: &'a str, bezeichnung: &'a str) -> Cow<'a, str> {
    let fallnr = clean(fallnr);
    if bezeichnung.is_empty() { fallnr } else { Cow::Owned(format!("{fallnr} ({})", clean(bezeichnung))) }
}

/// A case by its number alone; a team's obligation by its team.
fn number<'a>(fallnr: &'a str, subject: &'a str) -> Cow<'a, str> {
    if fallnr.is_empty() { Cow::Owned(format!("Team {}", clean(subject))) } else { clean(fallnr) }
}

/// A colleague as people say it: „Anna Berger (BE)".
fn colleague(kuerzel: &str, name: Option<&str>) -> String {
    match name.map(clean).filter(|name| !name.is_empty()) {
        Some(name) => format!("{name} ({})", clean(kuerzel)),
        None => clean(kuerzel).into_owned(),
    }
}

/// A heading for whose part this is; `nobody` where the list names none.
fn holder(who: &Holder, nobody: &str) -> String {
    let name = who.kuerzel.as_deref().map_or_else(|| nobody.to_owned(), |k| colleague(k, who.name.as_deref()));
    if who.in_stead { format!("in Vertretung für {name}") } else { name }
}

/// The team's name, where a mail holds more than one.
fn team_heading(many: bool, team: &str) -> Cow<'_, str> {
    if many { clean(team) } else { Cow::Borrowed("") }
}

/// The body of a mail that is a list of sentences: to the administrator, or to whoever delivers lists.
#[derive(Serialize)]
pub(super) struct Admin<'a> {
    sentences: Vec<Cow<'a, str>>,
}

pub(super) fn admin(sentences: &[String]) -> Admin<'_> {
    Admin { sentences: sentences.iter().map(|s| clean(s)).collect() }
}
