//! How one obligation looks on the page: its days, its reason, its steps, what was said of it, what ends it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::NaiveDate;

use super::super::words::{kind, outbox, paragraph, role, roles};
use super::{Explained, why};
use crate::domain::ledger::{Entry, HELD, RunOf, settle};
use crate::domain::obligation::{Key, Obligation, Role, Roles, State};
use crate::domain::rules::Kind;
use crate::mail::words::{
    clean, date, list, paragraphs, plural, push_date, push_due, push_why, source, standing, step, week,
};

impl Explained<'_> {
    /// An obligation that is open, or whose first step lies `ahead`.
    pub(super) fn block(&self, o: &Obligation, ahead: bool, out: &mut String) {
        let Some(rule) = self.office.rule(&o.key.rule) else { return };
        let stands = match o.steps.first().filter(|_| ahead) {
            Some(first) => format!("beginnt am {}", date(first.day)),
            None => standing(o.state, self.office.cal.workdays_between(o.action, self.day)).into_owned(),
        };
        paragraph(out, "  • ", &clean(&format!("{} – {stands}", self.title(&o.key))));
        let mut line = |label: &str, text: &str| paragraph(out, &format!("    {label:<9} "), &clean(text));

        let (task, paragraph_of) = (paragraphs(&rule.wording.task), source(&rule.wording.paragraph));
        line("Aufgabe", &format!("{task} ({paragraph_of})"));
        let mut text = String::new();
        if o.state == State::Info {
            text.push_str("zur Kenntnis ab ");
            push_date(&mut text, o.action);
        } else {
            push_due(&mut text, o.raw, o.action, &o.reason);
        }
        line("Tag", &text);
        text.clear();
        push_why(&mut text, &o.reason);
        if let Some((done, asked)) = o.reason.progress {
            let _ = write!(text, "; {done} von {asked} eingetragen");
        }
        if let Some((count, last)) = o.reason.attempts {
            let _ = write!(text, "; {}, zuletzt am {}", plural(count, "Versuch", "Versuche"), date(last));
        }
        line("Warum", &text);
        let waiting = o.belongs_to(self.day);
        let holds = waiting.has(Role::Ifk) || waiting.has(Role::Tl) || ahead;
        if let Some(on) = o.appointment {
            line("Termin", &format!("vereinbart für {}; bis dahin geht an {} nichts", date(on), roles(HELD)));
        }
        if self.fresh.stale && rule.waits_for_activities && holds && !ahead {
            line("Hinweis", &format!("Der Datenstand ist veraltet; bis er frisch ist, geht an {} nichts", roles(HELD)));
        }
        for (i, s) in o.steps.iter().enumerate() {
            let mark = if s.day <= self.day { "✓" } else { "·" };
            let label = if i == 0 { "Schritte" } else { "" };
            line(label, &format!("{mark} {} am {} an {}", step(&s.name), date(s.day), roles(s.roles)));
        }
        let told = self.told_lines(&o.key);
        for (i, text) in told.iter().enumerate() {
            line(if i == 0 { "Gesagt" } else { "" }, text);
        }
        if !ahead {
            let next = self.next(o, self.fresh.stale && rule.waits_for_activities);
            if told.is_empty() {
                line("Gesagt", self.unsaid(&o.key, next));
            }
            if !next.is_empty() {
                line("Nächstes", &format!("Der nächste Lauf meldet „{}“ an {}", step(&o.step().name), roles(next)));
            }
        }
        line("Ende", &paragraphs(&rule.wording.ends));
    }

    /// To whom the next run would tell the step in force, as the ledger stands; nobody while it does not know it.
    fn next(&self, o: &Obligation, stale: bool) -> Roles {
        let Some(entry) = self.ledger.iter().find(|e| e.key == o.key) else { return Roles::NONE };
        // Who holds the case is left as it was: a new colleague is told the same step, not another.
        let (bak, ifk) = (entry.bak.as_deref(), entry.ifk.as_deref());
        let run = RunOf { t: self.day, team: &entry.team, bak, ifk, unreachable: Roles::NONE };
        settle(Some(entry.clone()), o, &run, false, stale).fires
    }

    /// Why no mail told an open obligation yet.
    fn unsaid(&self, key: &Key, next: Roles) -> &'static str {
        match self.ledger.iter().find(|e| e.key == *key) {
            None => "noch nichts; der nächste Lauf nimmt es auf",
            Some(_) if !next.is_empty() => "noch nichts",
            Some(entry) if Role::ALL.iter().any(|role| entry.sent.of(*role).is_some()) => {
                "nichts; was vor dem ersten Lauf der Regel erreicht war, gilt als gesagt"
            }
            Some(_) => "noch nichts; die Meldung wartet",
        }
    }

    /// An entry of the ledger that is not open on the day.
    pub(super) fn past_block(&self, entry: &Entry, out: &mut String) {
        let rule = self.office.rule(&entry.key.rule);
        let news = rule.is_some_and(why::is_news);
        let end = if let Some((on, how)) = entry.ended.filter(|(on, _)| *on <= self.day) {
            format!("{}; festgestellt am {}", why::ended(rule, how), date(on))
        } else {
            let how = self.office.ended(self.file, self.day, &entry.key);
            format!("{}; der nächste Lauf hält es fest", why::ended(rule, how))
        };
        let due = if news { "zur Kenntnis ab" } else { "fällig" };
        let text = format!("{}, {due} {}: {end}.", self.title(&entry.key), date(entry.action));
        paragraph(out, "  · ", &clean(&text));
        for told in self.told_lines(&entry.key) {
            paragraph(out, "      ", &clean(&told));
        }
    }

    /// The rule's title, with the week or the subsidy it is about.
    fn title(&self, key: &Key) -> String {
        let Some(rule) = self.office.rule(&key.rule) else {
            return format!("{} (keine Regel mehr){}", key.rule, self.of_subject(&key.subject));
        };
        let week = match rule.kind {
            Kind::SearchRuns(_) => format!(" {}", week(&key.cycle)),
            _ => String::new(),
        };
        format!("{}{week}{}", rule.wording.title, self.of_subject(&key.subject))
    }

    /// What was said of an obligation: one line per day and step, with every mail that said it.
    fn told_lines(&self, key: &Key) -> Vec<String> {
        let mut days: BTreeMap<(NaiveDate, &str), (Roles, Vec<String>)> = BTreeMap::new();
        for told in self.told.iter().filter(|t| t.key == *key) {
            let (to, mails) = days.entry((told.day, &told.step)).or_default();
            *to = to.and(Roles::only(told.role));
            let mail = format!("{} an {} ({})", kind(told.kind), told.recipient, outbox(told.state));
            if !mails.contains(&mail) {
                mails.push(mail);
            }
        }
        let line = |((day, name), (to, mails)): ((NaiveDate, &str), (Roles, Vec<String>))| {
            let to = list(&to.iter().map(role).collect::<Vec<_>>());
            format!("{}: {} an {to} – {}", date(day), step(name), mails.join(", "))
        };
        days.into_iter().map(line).collect()
    }
}
