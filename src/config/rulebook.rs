//! `rules.toml` → [`Rule`]s: the embedded default, and what a team's own file overrides or adds.
//!
//! A file is read key by key; the first mistake refuses it with file, key, value and what would be right. A table of a
//! rule that exists replaces single keys of it (lists as a whole); a new table is a rule of the team's own, and may be
//! a `cadence` or a `deadline`.

use std::path::Path;
use std::sync::Arc;

use toml::{Table, Value};

use super::fields::{FieldError, Fields};
use crate::domain::facts::{Art, EndeGrund, FoerderArt, TerminArt};
use crate::domain::obligation::{Column, Role, Roles};
use crate::domain::rules::{
    AnchorOf, Arithmetic, At, Cadence, Cv, CvStage, Deadline, EventRule, Kind, LeadSees, Mag, MissingKennung, Offset,
    Roll, Rule, Scope, SearchRuns, ShownUntil, StepPlan, Supply, Visit, WatchEnd, Window, Wording,
};

/// The default rules.
const EMBEDDED: &str = include_str!("../../config/rules.toml");
/// How the embedded file is named in messages.
const EMBEDDED_NAME: &str = "config/rules.toml (eingebaut)";

/// Why a file of rules is refused.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// The file cannot be read.
    #[error("Regeldatei {file} ist nicht lesbar: {problem}")]
    Unreadable {
        /// Which file.
        file: String,
        /// Why.
        problem: String,
    },
    /// It is no TOML.
    #[error("Regeldatei {file} ist kein gültiges TOML: {problem}")]
    Syntax {
        /// Which file.
        file: String,
        /// Where and what.
        problem: String,
    },
    /// A key is wrong.
    #[error("Regeldatei {file}: {field}")]
    Field {
        /// Which file.
        file: String,
        /// Which key, what is wrong, what would be right.
        field: FieldError,
    },
}

/// The default rules, in alphabetical order of their ids.
pub fn default_rules() -> Result<Vec<Rule>, RulesError> {
    from_texts(&[(EMBEDDED_NAME, EMBEDDED)])
}

/// The default rules with the given files laid over them, one after the other. Single contacts reach the lead only where
/// a Dienstvereinbarung allows it (DOMAIN: the staff council has a say in what is fit to watch a colleague).
pub fn load(files: &[&Path], dienstvereinbarung: bool) -> Result<Vec<Rule>, RulesError> {
    let read = |path: &&Path| {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|e| RulesError::Unreadable { file: file.clone(), problem: e.to_string() });
        text.map(|text| (file, text))
    };
    let texts = files.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let layers = std::iter::once((EMBEDDED_NAME, EMBEDDED));
    let layers: Vec<_> = layers.chain(texts.iter().map(|(f, t)| (f.as_str(), t.as_str()))).collect();
    let rules = from_texts(&layers)?;
    let single = |rule: &&Rule| rule.tells_lead_of_contacts() && !dienstvereinbarung;
    match rules.iter().find(single) {
        None => Ok(rules),
        Some(rule) => Err(RulesError::Field {
            file: texts.last().map_or(EMBEDDED_NAME, |(file, _)| file.as_str()).to_owned(),
            field: FieldError {
                key: format!("rules.{}", rule.id),
                problem:
                    "die Rolle \"tl\" oder lead = \"cases\" zeigt der Leitung einzelne Kontakte; das geht nur mit \
                          dienstvereinbarung = true in den Einstellungen"
                        .to_owned(),
            },
        }),
    }
}

/// The rules of layered texts (file name, text); the first is the default.
fn from_texts(layers: &[(&str, &str)]) -> Result<Vec<Rule>, RulesError> {
    let mut merged: Vec<(String, Table, String, bool)> = Vec::new();
    for (number, (file, text)) in layers.iter().enumerate() {
        for (id, table) in tables(file, text)? {
            match merged.iter_mut().find(|(known, ..)| *known == id) {
                Some((_, under, from, _)) => {
                    if let (Some(new), Some(old)) = (table.get("kind"), under.get("kind"))
                        && new != old
                    {
                        let problem = format!("{new} passt nicht; die Regel gibt es schon als {old}");
                        let field = FieldError { key: format!("rules.{id}.kind"), problem };
                        return Err(RulesError::Field { file: (*file).to_owned(), field });
                    }
                    drop_alternatives(under, &table);
                    under.extend(table);
                    (*file).clone_into(from);
                }
                None => merged.push((id, table, (*file).to_owned(), number == 0)),
            }
        }
    }
    merged.sort_by(|a, b| a.0.cmp(&b.0));
    let read = |(id, table, file, embedded): (String, Table, String, bool)| {
        rule(&id, table, embedded).map_err(|field| RulesError::Field { file, field })
    };
    merged.into_iter().map(read).collect()
}

/// A file that says `workdays` where the default says `days` means "instead", not "as well".
fn drop_alternatives(under: &mut Table, over: &Table) {
    const OFFSETS: [&str; 3] = ["days", "workdays", "months"];
    if OFFSETS.iter().any(|key| over.contains_key(*key)) {
        under.retain(|key, _| !OFFSETS.contains(&key) || over.contains_key(key));
        if !over.contains_key("months") {
            under.remove("arithmetic");
        }
        if over.contains_key("workdays") {
            under.remove("roll");
        }
    }
}

/// The tables of one text, each with the rule's id.
fn tables(file: &str, text: &str) -> Result<Vec<(String, Table)>, RulesError> {
    let field = |field| RulesError::Field { file: file.to_owned(), field };
    let syntax = |e: toml::de::Error| {
        let line = e.span().map_or(1, |span| text[..span.start.min(text.len())].lines().count().max(1));
        RulesError::Syntax { file: file.to_owned(), problem: format!("Zeile {line}: {}", e.message()) }
    };
    let mut top = Fields::new("", text.parse::<Table>().map_err(syntax)?);
    let rules = match top.take("rules") {
        Some(Value::Table(rules)) => rules,
        None => Table::new(),
        Some(v) => {
            let problem = format!("{v} passt nicht; erwartet werden Tabellen [rules.NAME]");
            return Err(field(FieldError { key: "rules".into(), problem }));
        }
    };
    top.finish().map_err(|e| field(FieldError { key: e.key.trim_start_matches('.').to_owned(), ..e }))?;
    let check = |(id, value): (String, Value)| {
        let key = format!("rules.{id}");
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if id.is_empty() || id.len() > 40 || !id.chars().all(plain) {
            let problem =
                "der Name einer Regel besteht aus höchstens 40 Zeichen: a bis z (ohne Umlaute), Ziffern, Bindestriche";
            return Err(field(FieldError { key, problem: problem.into() }));
        }
        match value {
            Value::Table(table) => Ok((id, table)),
            v => Err(field(FieldError { key, problem: format!("{v} passt nicht; erwartet wird eine Tabelle") })),
        }
    };
    rules.into_iter().map(check).collect()
}

const KINDS: [&str; 11] = [
    "cadence",
    "deadline",
    "search-runs",
    "cv-ask",
    "cv-remind",
    "cv-give-back",
    "visit-16",
    "kennung-16",
    "watch-end",
    "mag",
    "event",
];
/// The kinds that a team's own rule may be of.
const OPEN_KINDS: usize = 2;

fn rule(id: &str, table: Table, embedded: bool) -> Result<Rule, FieldError> {
    let mut f = Fields::new(format!("rules.{id}"), table);
    let kinds: Vec<(&str, usize)> = KINDS.iter().copied().zip(0..).collect();
    let open = if embedded { &kinds[..] } else { &kinds[..OPEN_KINDS] };
    let kind = f.word("kind", open)?;
    let wording = Wording {
        title: f.text("title")?,
        task: f.text("task")?,
        ends: f.text("ends")?,
        paragraph: f.text("paragraph")?,
    };
    let enabled = f.flag("enabled", true)?;
    let rank = if f.has("rank") { f.number("rank", 0..=999)? as u32 } else { 500 };
    let waits_for_activities = f.flag("waits_for_activities", false)?;
    let reminds = f.flag("reminds", false)?;
    let lead_sees = if f.has("lead") {
        let words = [("nothing", LeadSees::Nothing), ("cases", LeadSees::Cases), ("contacts", LeadSees::Contacts)];
        f.word("lead", &words)?
    } else {
        LeadSees::Nothing
    };
    let evidence = evidence(&mut f)?;
    let kind = match KINDS[kind] {
        "cadence" => Kind::Cadence(cadence(&mut f)?),
        "deadline" => Kind::Deadline(deadline(&mut f)?),
        "search-runs" => Kind::SearchRuns(search_runs(&mut f)?),
        "cv-ask" => {
            let stage = CvStage::Ask(f.number("workdays", 0..=250)? as i32);
            Kind::Cv(cv(&mut f, stage)?)
        }
        "cv-remind" => {
            let stage = CvStage::Remind(f.number("days", 0..=365)?);
            Kind::Cv(cv(&mut f, stage)?)
        }
        "cv-give-back" => {
            let stage = CvStage::GiveBack(f.number("days", 0..=365)?);
            Kind::Cv(cv(&mut f, stage)?)
        }
        "visit-16" => Kind::Visit(Visit {
            months: f.number("months", 0..=60)? as i32,
            window_months: f.number("window_months", 0..=60)? as i32,
            held_by: held_by(&mut f)?,
            steps: steps(&mut f, CASE_ROLES)?,
        }),
        "kennung-16" => Kind::MissingKennung(MissingKennung {
            workdays: f.number("workdays", 0..=250)? as i32,
            window_months: f.number("window_months", 0..=60)? as i32,
            steps: steps(&mut f, CASE_ROLES)?,
        }),
        "watch-end" => Kind::WatchEnd(WatchEnd {
            workdays: f.number("workdays", 0..=250)? as i32,
            steps: steps(&mut f, CASE_ROLES)?,
        }),
        "mag" => Kind::Mag(Mag {
            art: f.word("art", &art_words())?,
            middle_from_days: f.number("middle_from_days", 1..=365)?,
            workdays_before_end: f.number("workdays_before_end", 0..=60)? as i32,
            window_workdays: f.number("window_workdays", 0..=60)? as i32,
            steps: steps(&mut f, CASE_ROLES)?,
        }),
        _ => Kind::Event(EventRule { months: f.number("months", 1..=60)? as i32, steps: steps(&mut f, TEAM_ROLES)? }),
    };
    f.finish()?;
    let id: Arc<str> = Arc::from(id);
    Ok(Rule {
        words: Arc::clone(&id),
        id,
        wording,
        enabled,
        rank,
        evidence,
        waits_for_activities,
        reminds,
        lead_sees,
        kind,
    })
}

const CASE_ROLES: &[Role] = &[Role::Bak, Role::Ifk, Role::Tl];
const TEAM_ROLES: &[Role] = &[Role::Team, Role::Tl];

fn art_words() -> Vec<(&'static str, Art)> {
    Art::ALL.iter().map(|a| (a.as_str(), *a)).collect()
}

fn names<T: Copy>(all: &[T], name: impl Fn(T) -> &'static str) -> Vec<&'static str> {
    all.iter().map(|t| name(*t)).collect()
}

fn arten(f: &mut Fields, key: &'static str) -> Result<Vec<Art>, FieldError> {
    f.words(key, &names(Art::ALL, Art::as_str))
}

fn evidence(f: &mut Fields) -> Result<Vec<Supply>, FieldError> {
    let mut all = names(Art::ALL, Art::as_str);
    all.extend(names(Column::ALL, Column::as_str));
    let list: Vec<String> = f.words("evidence", &all)?;
    let parse = |word: &String| {
        let art = word.parse().map(Supply::Activity);
        art.or_else(|_| word.parse().map(Supply::Column))
            .map_err(|_| f.error("evidence", format!("\"{word}\" passt nicht; möglich sind: {}", all.join(", "))))
    };
    list.iter().map(parse).collect()
}

fn scope(f: &mut Fields, allowed: &[(&str, Scope)]) -> Result<Scope, FieldError> {
    f.word("while", allowed)
}

fn held_by(f: &mut Fields) -> Result<Option<TerminArt>, FieldError> {
    let words: Vec<_> = TerminArt::ALL.iter().map(|a| (a.as_str(), *a)).collect();
    if f.has("held_by") { f.word("held_by", &words).map(Some) } else { Ok(None) }
}

fn roles(f: &mut Fields, allowed: &[Role]) -> Result<Roles, FieldError> {
    let all = names(allowed, Role::as_str);
    let list: Vec<Role> = f.words("roles", &all)?;
    match list.iter().find(|r| !allowed.contains(r)) {
        Some(r) => Err(f.error("roles", format!("\"{r}\" passt hier nicht; möglich sind: {}", all.join(", ")))),
        None if list.is_empty() => Err(f.error("roles", format!("fehlt; möglich sind: {}", all.join(", ")))),
        None => Ok(list.into_iter().collect()),
    }
}

fn step_name(f: &mut Fields) -> Result<Arc<str>, FieldError> {
    let name = f.text("name")?;
    if name.len() <= 40 && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
        Ok(name.into())
    } else {
        Err(f.error(
            "name",
            format!("\"{name}\" passt nicht; erwartet werden a bis z (ohne Umlaute), Ziffern, Bindestriche"),
        ))
    }
}

fn steps(f: &mut Fields, allowed: &[Role]) -> Result<Vec<StepPlan>, FieldError> {
    let mut plans: Vec<StepPlan> = Vec::new();
    for mut s in f.tables("steps")? {
        let name = step_name(&mut s)?;
        if plans.iter().any(|p| p.name == name) {
            return Err(s.error("name", format!("\"{name}\" gibt es in dieser Regel schon")));
        }
        const DAYS: [&str; 5] = ["workdays", "days_before", "anchor_days", "anchor_workdays", "months_before_end"];
        let given: Vec<_> = DAYS.into_iter().filter(|key| s.has(key)).collect();
        let [key] = given[..] else {
            let problem = format!("nennt {} Tage; erwartet wird genau einer: {}", given.len(), DAYS.join(", "));
            return Err(s.error("", problem));
        };
        let at = match key {
            "workdays" => At::Workdays(s.number("workdays", -250..=250)? as i32),
            "days_before" => At::DaysBefore(s.number("days_before", 0..=730)?),
            "anchor_days" => At::AnchorDays(s.number("anchor_days", -365..=365)?),
            "anchor_workdays" => At::AnchorWorkdays(s.number("anchor_workdays", -250..=250)? as i32),
            _ => At::MonthsBeforeEnd(s.number("months_before_end", 0..=60)? as i32),
        };
        let roles = roles(&mut s, allowed)?;
        s.finish()?;
        plans.push(StepPlan { name, at, roles });
    }
    Ok(plans)
}

fn cadence(f: &mut Fields) -> Result<Cadence, FieldError> {
    let scope = scope(f, &[("main_care", Scope::MainCare), ("watch_list", Scope::WatchList)])?;
    let arten = arten(f, "arten")?;
    if arten.is_empty() {
        return Err(f.error("arten", "fehlt; erwartet wird mindestens eine Aktivität, die den Takt erfüllt"));
    }
    let days = f.number("days", 1..=1_000)?;
    let attempts = if f.has("attempts") { Some(f.word("attempts", &art_words())?) } else { None };
    Ok(Cadence { scope, arten, days, attempts, steps: steps(f, CASE_ROLES)? })
}

fn deadline(f: &mut Fields) -> Result<Deadline, FieldError> {
    let scope = scope(
        f,
        &[
            ("main_care", Scope::MainCare),
            ("ended", Scope::Ended),
            ("watch_list", Scope::WatchList),
            ("proposed", Scope::Proposed),
            ("always", Scope::Always),
        ],
    )?;
    let grund: Vec<EndeGrund> = f.words("ende_grund", &names(EndeGrund::ALL, EndeGrund::as_str))?;
    if !grund.is_empty() && scope != Scope::Ended {
        return Err(f.error("ende_grund", "passt nur zu while = \"ended\""));
    }
    let anchor = anchor(f)?;
    let offset = offset(f)?;
    let ahead = matches!(offset, Offset::Months(_, Arithmetic::BeforeEnd));
    if scope == Scope::MainCare && anchor == AnchorOf::Column(Column::EndeAm) && !ahead {
        return Err(f.error("anchor", "ende_am kommt bei while = \"main_care\" nie vor: mit dem Ende ist sie vorbei"));
    }
    let roll = match offset {
        Offset::Workdays(_) if f.has("roll") => {
            return Err(f.error("roll", "passt nicht zu workdays: die führen immer auf einen Arbeitstag"));
        }
        Offset::Workdays(_) => Roll::Back,
        _ => f.word("roll", &[("back", Roll::Back), ("forward", Roll::Forward)])?,
    };
    let met_by_columns: Vec<Column> = f.words("met_by_columns", &names(Column::ALL, Column::as_str))?;
    let met_by_arten = arten(f, "met_by_arten")?;
    let window = match f.has("met_by_days_before") {
        true if met_by_arten.is_empty() => {
            return Err(f.error("met_by_days_before", "passt nur zu met_by_arten"));
        }
        true => Window::DaysBeforeDue(f.number("met_by_days_before", 0..=1_000)?),
        false => Window::SinceAnchor,
    };
    let shown_until = shown_until(f)?;
    let info = f.flag("info", false)?;
    if met_by_columns.is_empty() && met_by_arten.is_empty() && shown_until.is_none() {
        let problem = "nichts beendet diese Regel; erwartet wird met_by_arten, met_by_columns oder shown_until";
        return Err(f.error("", problem));
    }
    let steps_of = |f: &mut Fields| steps(f, CASE_ROLES);
    let silent_in_rest = f.flag("silent_in_rest", false)?;
    let held_by = held_by(f)?;
    Ok(Deadline {
        scope,
        grund,
        anchor,
        offset,
        roll,
        met_by_columns,
        met_by_arten,
        window,
        shown_until,
        info,
        silent_in_rest,
        held_by,
        steps: steps_of(f)?,
    })
}

/// `anchor = "start"`, a date column, or `{ last = "ag_unzufrieden" }`.
fn anchor(f: &mut Fields) -> Result<AnchorOf, FieldError> {
    let is_table = |v: &Value| matches!(v, Value::Table(_));
    match f.take("anchor") {
        Some(v) if is_table(&v) => {
            let Value::Table(t) = v else { return Err(f.error("anchor", "fehlt")) };
            let mut inner = Fields::new(f.error("anchor", "").key, t);
            let art = inner.word("last", &art_words())?;
            inner.finish()?;
            Ok(AnchorOf::LastActivity(art))
        }
        Some(Value::String(s)) if s == "start" => Ok(AnchorOf::Start),
        Some(Value::String(s)) if s.parse::<Column>().is_ok() => {
            s.parse().map(AnchorOf::Column).map_err(|_| f.error("anchor", "fehlt"))
        }
        other => {
            let value = other.map_or_else(|| "fehlt".to_owned(), |v| format!("{v} passt nicht"));
            let columns = names(Column::ALL, Column::as_str).join(", ");
            Err(f.error("anchor", format!("{value}; erwartet wird start, {columns} oder {{ last = \"AKTIVITÄT\" }}")))
        }
    }
}

fn offset(f: &mut Fields) -> Result<Offset, FieldError> {
    const KEYS: [&str; 3] = ["days", "workdays", "months"];
    let given: Vec<_> = KEYS.into_iter().filter(|key| f.has(key)).collect();
    let [key] = given[..] else {
        let problem = format!("nennt {} Abstände; erwartet wird genau einer: {}", given.len(), KEYS.join(", "));
        return Err(f.error("", problem));
    };
    if key != "months" && f.has("arithmetic") {
        return Err(f.error("arithmetic", "passt nur zu months"));
    }
    Ok(match key {
        "days" => Offset::Days(f.number("days", -1_000..=1_000)?),
        "workdays" => Offset::Workdays(f.number("workdays", -250..=250)? as i32),
        _ => {
            let months = f.number("months", 1..=120)? as i32;
            let words = [
                ("period_from", Arithmetic::PeriodFrom),
                ("before_end", Arithmetic::BeforeEnd),
                ("calendar", Arithmetic::Calendar),
            ];
            Offset::Months(months, f.word("arithmetic", &words)?)
        }
    })
}

fn shown_until(f: &mut Fields) -> Result<Option<ShownUntil>, FieldError> {
    let Some(mut inner) = f.table("shown_until")? else { return Ok(None) };
    let until = match (inner.has("anchor_workdays"), inner.has("subsidy_end")) {
        (true, false) => ShownUntil::AnchorWorkdays(inner.number("anchor_workdays", 0..=250)? as i32),
        (false, true) => {
            let words: Vec<_> = FoerderArt::ALL.iter().map(|a| (a.as_str(), *a)).collect();
            ShownUntil::SubsidyEnd(inner.word("subsidy_end", &words)?)
        }
        _ => return Err(inner.error("", "erwartet wird entweder anchor_workdays oder subsidy_end")),
    };
    inner.finish()?;
    Ok(Some(until))
}

fn search_runs(f: &mut Fields) -> Result<SearchRuns, FieldError> {
    let scope = scope(f, &[("main_care", Scope::MainCare), ("watch_list", Scope::WatchList)])?;
    let per_week = f.number("per_week", 1..=50)? as u32;
    let weekdays = [("montag", 0), ("dienstag", 1), ("mittwoch", 2), ("donnerstag", 3), ("freitag", 4)];
    let hint_weekday = f.word("hint_until", &weekdays)?;
    let mut step = |key: &'static str| {
        let Some(mut s) = f.table(key)? else {
            return Err(f.error(key, "fehlt; erwartet wird { name = …, roles = […] }"));
        };
        let name = step_name(&mut s)?;
        let roles = roles(&mut s, CASE_ROLES)?;
        s.finish()?;
        Ok((name, roles))
    };
    Ok(SearchRuns { scope, per_week, hint_weekday, hint: step("hint")?, due: step("due")?, late: step("late")? })
}

fn cv(f: &mut Fields, stage: CvStage) -> Result<Cv, FieldError> {
    Ok(Cv { stage, held_by: held_by(f)?, steps: steps(f, CASE_ROLES)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overlay(text: &str) -> Result<Vec<Rule>, String> {
        from_texts(&[(EMBEDDED_NAME, EMBEDDED), ("team.toml", text)]).map_err(|e| e.to_string())
    }

    #[test]
    fn the_embedded_rules_are_all_there() {
        let rules = default_rules().unwrap();
        assert_eq!(rules.len(), 21);
        assert!(rules.iter().all(|r| r.enabled));
    }

    #[test]
    fn a_file_replaces_single_keys_and_keeps_the_others() {
        let rules = overlay("[rules.kundenkontakt]\ndays = 20").unwrap();
        let rule = rules.iter().find(|r| &*r.id == "kundenkontakt").unwrap();
        let Kind::Cadence(p) = &rule.kind else { panic!("a cadence") };
        assert_eq!((p.days, p.steps.len()), (20, 4));
    }

    #[test]
    fn another_kind_of_offset_replaces_the_one_of_the_default() {
        let rules = overlay("[rules.fazit]\ndays = 7\nroll = \"back\"").unwrap();
        let rule = rules.iter().find(|r| &*r.id == "fazit").unwrap();
        let Kind::Deadline(p) = &rule.kind else { panic!("a deadline") };
        assert_eq!(p.offset, Offset::Days(7));
    }

    #[test]
    fn mistakes_are_refused_with_file_key_value_and_remedy() {
        let own = "title = \"T\"\ntask = \"t\"\nends = \"e\"\nparagraph = \"p\"\n";
        let cases = [
            (
                "[rules.kundenkontakt]\ndayz = 20",
                "team.toml: rules.kundenkontakt.dayz: unbekannter Schlüssel (Wert 20)",
            ),
            (
                "[rules.kundenkontakt]\ndays = \"vier\"",
                "rules.kundenkontakt.days: \"vier\" passt nicht; erwartet wird eine ganze Zahl von 1 bis 1000",
            ),
            ("[rules.kundenkontakt]\ndays = 0", "rules.kundenkontakt.days: 0 passt nicht"),
            (
                "[rules.kundenkontakt]\narten = [\"kontakt\"]",
                "rules.kundenkontakt.arten: \"kontakt\" passt nicht; erwartet wird eine Liste aus: kontakt_persoenlich",
            ),
            ("[rules.kundenkontakt]\nkind = \"deadline\"", "rules.kundenkontakt.kind: \"deadline\" passt nicht"),
            (
                "[rules.fazit]\nenabled = \"ja\"",
                "rules.fazit.enabled: \"ja\" passt nicht; erwartet wird true oder false",
            ),
            (
                "[rules.eigene]\nkind = \"mag\"",
                "rules.eigene.kind: \"mag\" passt nicht; erwartet wird eines von: cadence oder deadline",
            ),
            ("[rules.eigene]\nkind = \"cadence\"", "rules.eigene.title: fehlt"),
            ("[rules.Eigene]\nkind = \"cadence\"", "rules.Eigene: der Name einer Regel"),
            ("[rule.fazit]\nworkdays = 3", "team.toml: rule: unbekannter Schlüssel"),
            ("rules = 3", "rules: 3 passt nicht"),
            ("[rules.fazit\nworkdays = 3", "team.toml ist kein gültiges TOML: Zeile 1"),
            ("[rules.fazit]\nmonths = 1", "rules.fazit.arithmetic: fehlt"),
            ("[rules.fazit]\narithmetic = \"calendar\"", "rules.fazit.arithmetic: passt nur zu months"),
            ("[rules.fazit]\nsteps = []", "rules.fazit.steps: [] passt nicht"),
            ("[rules.fazit]\nsteps = [{ name = \"a\", roles = [\"bak\"] }]", "rules.fazit.steps[0]: nennt 0 Tage"),
            (
                "[rules.fazit]\nsteps = [{ name = \"a\", workdays = 0, roles = [] }]",
                "rules.fazit.steps[0].roles: fehlt",
            ),
            (
                "[rules.fazit]\nsteps = [{ name = \"a\", workdays = 0, roles = [\"team\"] }]",
                "rules.fazit.steps[0].roles: \"team\" passt hier nicht",
            ),
            (
                "[rules.fazit]\nsteps = [{ name = \"a\", workdays = 0, roles = [\"chef\"] }]",
                "rules.fazit.steps[0].roles: \"chef\" passt nicht",
            ),
            (
                "[rules.fazit]\nanchor = \"geburtstag\"",
                "rules.fazit.anchor: \"geburtstag\" passt nicht; erwartet wird start",
            ),
            (
                "[rules.vorschlag-beantworten]\nende_grund = [\"integration\"]",
                "rules.vorschlag-beantworten.ende_grund: passt nur zu while",
            ),
            ("[rules.fazit]\nmet_by_days_before = 3", "rules.fazit.met_by_days_before: passt nur zu met_by_arten"),
        ];
        for (text, expected) in cases {
            let error = overlay(text).expect_err(text);
            assert!(error.contains(expected), "{text}\n  gives  {error}\n  wanted {expected}");
        }
        let endless = format!(
            "[rules.eigene]\nkind = \"deadline\"\n{own}while = \"ended\"\nanchor = \"ende_am\"\nworkdays = 3\nsteps = []"
        );
        assert!(overlay(&endless).unwrap_err().contains("nichts beendet diese Regel"));
    }

    #[test]
    fn the_lead_sees_single_contacts_only_with_an_agreement() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("team.toml");
        for text in [
            "[rules.kundenkontakt]\nlead = \"cases\"",
            "[rules.ag-kontakt]\nsteps = [{ name = \"faellig\", workdays = 0, roles = [\"bak\", \"tl\"] }]",
            "[rules.stellensuchlauf]\nlate = { name = \"nachtragen\", roles = [\"bak\", \"tl\"] }",
        ] {
            std::fs::write(&file, text).unwrap();
            let refused = load(&[&file], false).unwrap_err().to_string();
            assert!(refused.contains("team.toml") && refused.contains("dienstvereinbarung = true"), "{refused}");
            assert!(load(&[&file], true).is_ok(), "{text}");
        }
    }
}
