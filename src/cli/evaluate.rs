//! `evaluate` and `capacity`: what is open on a day, straight from the facts; nothing is remembered or sent.

use std::collections::BTreeMap;
use std::io::Write as _;

use chrono::NaiveDate;
use serde::Serialize;

use super::Format;
use super::output::{TABLE_ROWS, json_line, stdout, table};
use super::stand;
use crate::app::App;
use crate::domain::calendar::Calendar;
use crate::domain::capacity::Capacity;
use crate::domain::evaluate::Office;
use crate::domain::facts::CaseFile;
use crate::domain::obligation::{Finding, Obligation};
use crate::store::{CasePage, Head, Snapshot, StoreError};

/// Cases per page.
const PAGE: u32 = 2_000;

/// An obligation with the oracle's keys.
#[derive(Serialize)]
struct Row<'a> {
    rule: &'a str,
    subject: &'a str,
    cycle: &'a str,
    raw_due: NaiveDate,
    action_due: NaiveDate,
    state: &'a str,
    step: &'a str,
    to: Vec<&'a str>,
    fires_today: bool,
    appointment: Option<NaiveDate>,
}

impl<'a> Row<'a> {
    fn of(o: &'a Obligation, t: NaiveDate) -> Self {
        Self {
            rule: &o.key.rule,
            subject: &o.key.subject,
            cycle: &o.key.cycle,
            raw_due: o.raw,
            action_due: o.action,
            state: o.state.as_str(),
            step: &o.step().name,
            to: o.step().roles.iter().map(crate::domain::obligation::Role::as_str).collect(),
            fires_today: o.fires_on(t),
            appointment: o.appointment,
        }
    }
}

/// The offices of all teams, by team.
pub(super) fn offices(app: &App, head: &Head) -> BTreeMap<String, Office> {
    let office = |team: &crate::domain::facts::Team| Office {
        rules: app.rulebooks.rules(&team.team),
        cal: app.rulebooks.calendar(team, &app.settings),
        supplied: head.evidence.get(&team.team).copied().unwrap_or_default(),
    };
    head.teams.iter().map(|team| (team.team.clone(), office(team))).collect()
}

/// Hands every case of every office to `each`; the next page is read while the last one is worked on. Cases that cannot
/// be read are told of; the exit code follows from whether there were any.
async fn each_case(
    mut snapshot: Snapshot,
    mut each: impl FnMut(&CaseFile) -> anyhow::Result<()>,
) -> anyhow::Result<u8> {
    let (pages, mut next) = tokio::sync::mpsc::channel::<CasePage>(2);
    let reading = tokio::spawn(async move {
        let mut after = String::new();
        loop {
            let page = snapshot.cases(None, &after, PAGE).await?;
            let Some(last) = page.last() else { return Ok::<_, StoreError>(()) };
            after = last.to_owned();
            if pages.send(page).await.is_err() {
                return Ok(());
            }
        }
    });
    let mut code = 0;
    while let Some(page) = next.recv().await {
        for fallnr in &page.faulty {
            eprintln!(
                "Fall {fallnr}: In der Datenbank steht ein Wert, den dieses Programm nicht kennt; der Fall fehlt hier. Bitte \
                 die Daten erneut einspielen."
            );
            code = 1;
        }
        page.files.iter().try_for_each(&mut each)?;
    }
    reading.await??;
    Ok(code)
}

pub(super) async fn evaluate(app: &App, day: NaiveDate, format: Format) -> anyhow::Result<u8> {
    let mut snapshot = app.db.snapshot().await?;
    let head = snapshot.head(None).await?;
    let offices = offices(app, &head);
    let mut out = stdout();
    let mut rows = table(["Regel", "Fall/Team", "Schritt", "Stand", "zu tun am", "Frist", "an"]);
    let (mut findings, mut count) = (Vec::new(), 0usize);
    let mut show = |findings: &mut Vec<Finding>| -> anyhow::Result<()> {
        for finding in findings.drain(..) {
            let Finding::Due(o) = finding else { continue };
            count += 1;
            let row = Row::of(&o, day);
            match format {
                Format::Jsonl => json_line(&mut out, &row)?,
                Format::Table if count <= TABLE_ROWS => {
                    let date = |d: NaiveDate| d.format("%d.%m.%Y").to_string();
                    let state = super::output::state(o.state);
                    let (action, raw) = (date(row.action_due), date(row.raw_due));
                    let cells = [row.rule, row.subject, row.step, state, &action, &raw, &row.to.join(", ")];
                    rows.add_row(cells.map(str::to_owned));
                }
                Format::Table => {}
            }
        }
        Ok(())
    };
    let code = each_case(snapshot, |file| {
        if let Some(office) = offices.get(&file.case.team) {
            office.evaluate(file, day, false, &mut findings);
            show(&mut findings)?;
        }
        Ok(())
    })
    .await?;
    for team in &head.teams {
        let events = head.events.get(&team.team).map(Vec::as_slice).unwrap_or_default();
        if let Some(office) = offices.get(&team.team) {
            let mut findings = Vec::new();
            office.evaluate_team(&team.team, team.beginn, events, day, false, &mut findings);
            show(&mut findings)?;
        }
    }
    if format == Format::Table {
        if count > 0 {
            writeln!(out, "{rows}")?;
        }
        if count > TABLE_ROWS {
            writeln!(out, "… und {} weitere; vollständig mit --format jsonl", count - TABLE_ROWS)?;
        }
        writeln!(out, "{count} offen am {}", day.format("%d.%m.%Y"))?;
        stand::print(app, &head.teams, &head.datenstand, day, &mut out)?;
    }
    out.flush()?;
    note_closed_day(offices.values().map(|o| &*o.cal), day);
    Ok(code)
}

/// Says so where a day is no workday anywhere: the office receives nothing on it.
fn note_closed_day<'a>(mut calendars: impl Iterator<Item = &'a Calendar>, day: NaiveDate) {
    let first = calendars.next();
    if let Some(because) =
        first.and_then(|cal| cal.closed_because(day)).filter(|_| calendars.all(|c| !c.is_workday(day)))
    {
        eprintln!(
            "Hinweis: Der {} ist kein Arbeitstag ({because}); an diesem Tag wird nichts verschickt.",
            day.format("%d.%m.%Y")
        );
    }
}

/// A row of `capacity`, with the oracle's keys.
#[derive(Serialize)]
struct CapacityRow<'a> {
    bak: &'a str,
    open: u32,
    ends_within_28_days: u32,
    over_limit: bool,
}

pub(super) async fn capacity(app: &App, day: NaiveDate, format: Format) -> anyhow::Result<u8> {
    let mut snapshot = app.db.snapshot().await?;
    let (teams, known) = (snapshot.teams(None).await?, snapshot.datenstand(None).await?);
    let mut capacity = Capacity::default();
    snapshot.each_colleague(day, |colleague, _| capacity.colleague(&colleague)).await?;
    let code = each_case(snapshot, |file| {
        capacity.add(&file.case, day);
        Ok(())
    })
    .await?;
    let places = app.settings.places;
    let mut out = stdout();
    let mut rows = table(["BAK", "laufend", "davon enden in 28 Tagen", "Start/Grenze", ""]);
    for (bak, load) in capacity.rows() {
        let (open, ending) = (load.open, load.ends_within_28_days);
        let over_limit = open > places.limit;
        if format == Format::Jsonl {
            json_line(&mut out, &CapacityRow { bak, open, ends_within_28_days: ending, over_limit })?;
        } else {
            let remark = if over_limit { "über der Grenze" } else { "" };
            let of = format!("{}/{}", places.start, places.limit);
            rows.add_row([bak, &open.to_string(), &ending.to_string(), &of, remark].map(str::to_owned));
        }
    }
    if format == Format::Table {
        writeln!(out, "{rows}")?;
        stand::print(app, &teams, &known, day, &mut out)?;
    }
    out.flush()?;
    Ok(code)
}
