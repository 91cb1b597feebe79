//! One table of `rules.toml` → one [`Rule`]: its keys, one by one.

use std::sync::Arc;

use toml::{Table, Value};

use super::super::fields::{FieldError, Fields};
use crate::domain::facts::{Art, EndeGrund, FoerderArt, TerminArt};
use crate::domain::obligation::{Column, Role, Roles};
use crate::domain::rules::{
    AnchorOf, Arithmetic, At, Cadence, Cv, CvStage, Deadline, EventRule, Kind, LeadSees, Mag, MissingKennung, Offset,
    Roll, Rule, Scope, SearchRuns, ShownUntil, StepPlan, Supply, Visit, WatchEnd, Window, Wording,
};

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

/// Reads the rule `id`; one that is not `embedded` and new may be of an open kind only.
pub(super) fn rule(id: &str, table: Table, embedded: bool) -> Result<Rule, FieldError> {
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
