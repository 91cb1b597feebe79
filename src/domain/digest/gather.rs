//! The lines of one recipient → what their mail says.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, Utc};

use super::lines::{Line, TeamFace, Trigger, Triggered, What, is_search};
use super::week::entries_a_week;
use super::{
    BakDay, CaseRow, Content, Digest, Holder, Item, Kind, Lapsed, Load, MissedWeek, News, NoticePart, SearchWeek,
    TeamDay, TeamEscalation, TeamWeek,
};
use crate::domain::calendar::{iso_week, monday};
use crate::domain::capacity::{Capacity, Places};
use crate::domain::obligation::State;
use crate::domain::recipients::Directory;
use crate::domain::wochenliste::{Form, MOST_ROWS, Week, closed_days};

/// Open for more than so many workdays is „länger offen".
const LONG_WORKDAYS: i64 = 10;

/// What gathering looks things up in.
#[derive(Debug)]
pub struct Gather<'a> {
    /// The day.
    pub t: NaiveDate,
    /// The instant of the run.
    pub now: DateTime<Utc>,
    /// The office.
    pub office: &'a str,
    /// Names.
    pub directory: &'a Directory,
    /// The teams of the run.
    pub teams: &'a BTreeMap<String, TeamFace>,
    /// The case workers whose mitteilung goes out.
    pub triggered: &'a Triggered,
    /// Load per BAK.
    pub capacity: &'a Capacity,
    /// Places per BAK.
    pub places: Places,
    /// Last week's numbers: (team, BAK or "" for the team) → running main care.
    pub last_week: &'a HashMap<(String, String), u32>,
}

impl Gather<'_> {
    /// The mail of one recipient, or none if the lines alone are no reason for one. `already_told`: whether a lead's
    /// other mail of this run tells of something that ran out.
    pub fn digest(
        &self,
        kind: Kind,
        to: &str,
        lines: Vec<Line>,
        already_told: &dyn Fn(&Lapsed) -> bool,
    ) -> Option<Digest> {
        let mut by_team: BTreeMap<String, Vec<Line>> = BTreeMap::new();
        for line in lines {
            by_team.entry(line.team.clone()).or_default().push(line);
        }
        let faces = by_team.keys().filter_map(|team| self.teams.get(team));
        let data = faces.map(TeamFace::datenstand).collect();
        let content = match kind {
            Kind::Tagesuebersicht | Kind::Persoenlich => self.day(kind, by_team),
            Kind::Mitteilung => self.notice(by_team),
            Kind::Eskalation => self.escalation(by_team),
            Kind::Wochenbericht => Some(self.week(by_team, already_told)),
            Kind::Wochenliste => Some(self.forms(&by_team)),
            Kind::Admin | Kind::Eingang => None,
        }?;
        Some(Digest { kind, office: self.office.to_owned(), day: self.t, to: to.to_owned(), data, content })
    }

    /// One form per BAK, over all teams.
    fn forms(&self, by_team: &BTreeMap<String, Vec<Line>>) -> Content {
        let week = Week::of(self.t);
        let mut forms: BTreeMap<String, Form> = BTreeMap::new();
        for face in by_team.keys().filter_map(|team| self.teams.get(team)) {
            for line in by_team.get(&face.team).into_iter().flatten() {
                let (Some(bak), What::Form(row)) = (&line.holder, &line.what) else { continue };
                let form = forms.entry(bak.clone()).or_insert_with(|| Form {
                    bak: bak.clone(),
                    name: self.directory.name(bak).map(str::to_owned),
                    in_stead: false,
                    week,
                    made: self.now,
                    data: Vec::new(),
                    closed: closed_days(&face.office.cal, week),
                    rows: Vec::new(),
                });
                form.in_stead |= line.in_stead;
                if form.data.last().is_none_or(|data| data.key != face.team) {
                    form.data.push(face.datenstand());
                }
                form.rows.push(row.clone());
            }
        }
        for form in forms.values_mut() {
            form.rows.sort_by(|one, other| one.fallnr.cmp(&other.fallnr));
            form.rows.truncate(MOST_ROWS);
        }
        Content::Forms(forms.into_values().collect())
    }

    fn holder(&self, kuerzel: Option<String>, in_stead: bool) -> Holder {
        let name = kuerzel.as_deref().and_then(|k| self.directory.name(k)).map(str::to_owned);
        Holder { kuerzel, name, in_stead }
    }

    /// The lead of the team, if the reader stands in for them.
    fn in_stead_for(&self, team: &str) -> Option<Holder> {
        let lead = self.teams.get(team)?.lead.as_ref()?;
        lead.in_stead_for.clone().map(|kuerzel| self.holder(Some(kuerzel), true))
    }

    fn rank(&self, team: &TeamFace, item: &Item) -> (bool, u32) {
        (item.state == State::Info, team.office.rule(&item.rule).map_or(u32::MAX, |r| r.rank))
    }

    fn day(&self, kind: Kind, by_team: BTreeMap<String, Vec<Line>>) -> Option<Content> {
        let mut days = Vec::new();
        for (team, lines) in by_team {
            let Some(face) = self.teams.get(&team) else { continue };
            let mut team_items = Vec::new();
            let mut per_bak: BTreeMap<(bool, Option<String>), (bool, Vec<What>)> = BTreeMap::new();
            for line in lines {
                match line.what {
                    What::Head => {}
                    What::Item(item) if item.fallnr.is_empty() => team_items.push(item),
                    what => {
                        // „ohne Zuordnung" comes last.
                        let group = per_bak.entry((line.holder.is_none(), line.holder)).or_default();
                        group.0 |= line.in_stead;
                        group.1.push(what);
                    }
                }
            }
            let baks = per_bak.into_iter().map(|((_, k), (in_stead, w))| self.bak_day(face, k, in_stead, w)).collect();
            let weekly = face.first_of_week && kind == Kind::Tagesuebersicht;
            let unwatched = face.office.unwatched().filter(|_| weekly).map(|r| r.words.clone()).collect();
            // A question to the whole team, each day until it is answered.
            let vanished = if kind == Kind::Tagesuebersicht { face.vanished.clone() } else { Vec::new() };
            days.push(TeamDay { team: face.name.clone(), team_items, baks, unwatched, vanished });
        }
        let has_items = |d: &TeamDay| !d.team_items.is_empty() || d.baks.iter().any(BakDay::has_items);
        (kind == Kind::Tagesuebersicht || days.iter().any(has_items)).then_some(Content::Day(days))
    }

    fn bak_day(&self, face: &TeamFace, kuerzel: Option<String>, in_stead: bool, lines: Vec<What>) -> BakDay {
        let mut day = BakDay {
            who: self.holder(kuerzel, in_stead),
            appointments: Vec::new(),
            now: Vec::new(),
            ahead: Vec::new(),
            long: Vec::new(),
            search: None,
            missed: Vec::new(),
            done: 0,
            lapsed: Vec::new(),
        };
        let (mut rows, mut searching): (BTreeMap<String, CaseRow>, Vec<Item>) = (BTreeMap::new(), Vec::new());
        let mut missed: BTreeMap<String, Vec<Item>> = BTreeMap::new();
        let (mut complete, mut all) = (0, 0);
        for line in lines {
            match line {
                What::Item(item) if item.state == State::Missed => {
                    missed.entry(item.cycle.clone()).or_default().push(item);
                }
                What::Item(item) if is_search(&face.office, &item.rule) => searching.push(item),
                What::Item(item) => {
                    let row = rows.entry(item.fallnr.clone()).or_insert_with(|| CaseRow {
                        fallnr: item.fallnr.clone(),
                        bezeichnung: item.bezeichnung.clone(),
                        items: Vec::new(),
                    });
                    row.items.push(item);
                }
                What::Tally(reached) => {
                    all += 1;
                    complete += u32::from(reached);
                }
                What::Done => day.done += 1,
                What::Lapsed(lapsed) => day.lapsed.push(lapsed),
                What::Appointment(line) => day.appointments.push(line),
                What::Head | What::Ending(..) | What::Grown(_) | What::Form(_) => {}
            }
        }
        for mut row in rows.into_values() {
            row.items.sort_by_cached_key(|i| (urgency(i), self.rank(face, i), i.action, i.cycle.clone()));
            let fires = row.items.iter().any(|i| i.news != News::Known || i.state == State::Today);
            let recent = |i: &Item| i.state == State::Overdue && i.workdays <= LONG_WORKDAYS;
            let section = if fires || row.items.iter().any(recent) {
                &mut day.now
            } else if row.items.iter().any(|i| i.state == State::Upcoming) {
                // Longer open or not: what is still to come must not be folded away.
                &mut day.ahead
            } else if row.items.iter().any(|i| i.state == State::Overdue) {
                &mut day.long
            } else {
                &mut day.ahead
            };
            section.push(row);
        }
        for section in [&mut day.now, &mut day.long, &mut day.ahead] {
            section.sort_by_cached_key(|row| {
                let lead = &row.items[0];
                (urgency(lead), self.rank(face, lead), lead.action, row.fallnr.clone())
            });
        }
        day.appointments.sort();
        day.lapsed.sort_by(|a, b| (&a.rule, &a.fallnr, &a.cycle).cmp(&(&b.rule, &b.fallnr, &b.cycle)));
        searching.sort_by(|a, b| (&a.fallnr, &a.rule).cmp(&(&b.fallnr, &b.rule)));
        day.search =
            (all > 0).then(|| SearchWeek { week: iso_week(monday(self.t)), complete, open: searching, of: all });
        day.missed = missed
            .into_iter()
            .map(|(week, mut items)| {
                items.sort_by(|a, b| (&a.fallnr, &a.rule).cmp(&(&b.fallnr, &b.rule)));
                MissedWeek { week, items }
            })
            .collect();
        day
    }

    fn notice(&self, by_team: BTreeMap<String, Vec<Line>>) -> Option<Content> {
        // One part per worker; nobody's cases of several teams make one part each.
        let mut parts: BTreeMap<(bool, Option<String>, String), NoticePart> = BTreeMap::new();
        for (team, lines) in by_team {
            for line in lines {
                let place = |holder: &str| self.directory.place(holder);
                // A holder is always somebody known.
                let worker = line.holder.as_deref().map(place);
                if worker == Some(None) {
                    continue;
                }
                let Some(trigger) = self.triggered.get(worker.flatten(), &team) else { continue };
                let of_team = if line.holder.is_none() { team.clone() } else { String::new() };
                let key = (line.holder.is_none(), line.holder.clone(), of_team);
                let part = parts.entry(key).or_insert_with(|| {
                    let who = self.holder(line.holder, line.in_stead);
                    let start = trigger == Trigger::Start;
                    let reminder = trigger == Trigger::Reminder;
                    NoticePart { who, start, reminder, items: Vec::new(), lapsed: Vec::new() }
                });
                match line.what {
                    What::Item(item) => part.items.push(item),
                    What::Lapsed(lapsed) => part.lapsed.push(lapsed),
                    _ => {}
                }
            }
        }
        let mut parts: Vec<NoticePart> = parts.into_values().collect();
        parts.retain(|p| !p.items.is_empty());
        for part in &mut parts {
            part.items.sort_by(|a, b| {
                (a.news, a.state == State::Info, a.action, &a.fallnr, &a.rule, &a.subject, &a.cycle).cmp(&(
                    b.news,
                    b.state == State::Info,
                    b.action,
                    &b.fallnr,
                    &b.rule,
                    &b.subject,
                    &b.cycle,
                ))
            });
        }
        (!parts.is_empty()).then_some(Content::Notice(parts))
    }

    fn escalation(&self, by_team: BTreeMap<String, Vec<Line>>) -> Option<Content> {
        let mut teams = Vec::new();
        for (team, lines) in by_team {
            let (mut items, mut lapsed): (Vec<Item>, Vec<Lapsed>) = (Vec::new(), Vec::new());
            let mut grown = Vec::new();
            for line in lines {
                match line.what {
                    What::Item(item) => items.push(item),
                    What::Lapsed(l) => lapsed.push(l),
                    What::Grown(bak) => grown.push(bak),
                    _ => {}
                }
            }
            items.sort_by(|a, b| (&a.rule, a.action, &a.fallnr).cmp(&(&b.rule, b.action, &b.fallnr)));
            let in_stead_for = self.in_stead_for(&team);
            let name = self.teams.get(&team).map_or(team, |f| f.name.clone());
            teams.push(TeamEscalation { team: name, in_stead_for, items, lapsed, grown });
        }
        teams.iter().any(|t| !t.items.is_empty() || !t.grown.is_empty()).then_some(Content::Escalation(teams))
    }

    fn week(&self, by_team: BTreeMap<String, Vec<Line>>, already_told: &dyn Fn(&Lapsed) -> bool) -> Content {
        let weeks = by_team.into_iter().filter_map(|(team, lines)| {
            let face = self.teams.get(&team)?;
            let (mut ending, mut overdue, mut lapsed) = (Vec::new(), Vec::new(), Vec::new());
            let mut team_items = Vec::new();
            for line in lines {
                match line.what {
                    What::Item(item) if item.fallnr.is_empty() => team_items.push(item),
                    What::Item(item) => overdue.push(item),
                    What::Ending(day, fallnr) => ending.push((day, fallnr)),
                    What::Lapsed(l) if !already_told(&l) => lapsed.push(l),
                    _ => {}
                }
            }
            ending.sort();
            overdue.sort_by(|a, b| (&a.rule, a.action, &a.fallnr).cmp(&(&b.rule, b.action, &b.fallnr)));
            let before = |bak: &str| self.last_week.get(&(team.clone(), bak.to_owned())).copied();
            let size = face.agreed.unwrap_or(self.places.limit);
            let load = face.week.everybody().map(|bak| {
                let load = self.capacity.load(bak);
                Load {
                    kuerzel: bak.clone(),
                    name: self.directory.name(bak).map(str::to_owned),
                    open: load.open,
                    before: before(bak),
                    ends_within_28_days: load.ends_within_28_days,
                    room: size.checked_sub(load.open).filter(|room| *room > 0),
                    over: load.open > size,
                }
            });
            Some(TeamWeek {
                team: face.name.clone(),
                in_stead_for: self.in_stead_for(&team),
                lapsed,
                week: iso_week(monday(self.t)),
                places: (self.places.start, self.places.limit),
                agreed: face.agreed,
                load: load.collect(),
                unassigned: face.week.unassigned,
                open: (face.week.open, before("")),
                entries: entries_a_week(&face.office.rules, face.week.open),
                flow: (face.week.begun, face.week.ended, face.week.placed),
                returns: face.week.returns_by_week(self.t),
                team_items,
                ending,
                overdue,
                contacts_overdue: (!face.fresh.stale).then_some(face.week.contacts_overdue),
                unwatched: face.office.unwatched().map(|r| r.words.clone()).collect(),
            })
        });
        Content::Week(weeks.collect())
    }
}

/// Overdue leads, then today, then what lies ahead, then news.
const fn urgency(item: &Item) -> u8 {
    match item.state {
        State::Overdue | State::Missed => 0,
        State::Today => 1,
        State::Upcoming => 2,
        State::Info => 3,
    }
}
