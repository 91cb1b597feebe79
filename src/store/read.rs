//! One state of everything: what a morning and its commands read.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use super::dialect::{Tx, all, one};
use super::{Db, StoreError};
use crate::domain::facts::{Art, Colleague, Event, Team};
use crate::domain::obligation::Column;
use crate::domain::recipients::{Directory, Roster};
use crate::domain::rules::{Supplied, Supply};

/// A read transaction with a connection of its own: everything it answers belongs to one moment. Drop it when done; on
/// SQLite the log beside the file cannot be folded in while it lives.
#[derive(Debug)]
pub struct Snapshot {
    pub(super) tx: Tx,
    revision: i64,
    /// Rule ids seen so far: a ledger of 200,000 entries shares some twenty names.
    pub(super) rules: HashMap<String, Arc<str>>,
}

/// What is to be known of the teams before the first case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Grows with every change of facts.
    pub revision: i64,
    /// All offices that have teams.
    pub offices: BTreeSet<String>,
    /// The teams asked for, in key order.
    pub teams: Vec<Team>,
    /// Their events that have a date, by date.
    pub events: BTreeMap<String, Vec<Event>>,
    /// The last import or record of the teams asked for.
    pub datenstand: Datenstand,
    /// What the teams' deliveries hold anywhere, on any day (RULES.md §3 *Evidence*): activities with `anzahl` > 0 and
    /// four columns. A team without any is missing.
    pub evidence: BTreeMap<String, Supplied>,
}

/// Per team the instant of its last import or record; a team that has none is missing.
pub type Datenstand = BTreeMap<String, DateTime<Utc>>;

/// Colleagues per look into the table.
const COLLEAGUES_AT_ONCE: i64 = 1_000;

type TeamRow = (String, String, Option<String>, String, Option<String>, String, Option<NaiveDate>);
type ColleagueRow = (String, String, Option<String>, String, String, String, Option<String>);

const TEAMS: &str = "select team, name, postfach, bundesland, leitung, dienststelle, beginn from team \
     where $1 is null or dienststelle = $1 order by team";
const EVENTS: &str = "select v.team, v.datum, v.durchgefuehrt from veranstaltung v join team t on t.team = v.team \
     where v.datum is not null and ($1 is null or t.dienststelle = $1) order by v.team, v.datum, v.durchgefuehrt";
const COLLEAGUES: &str = "select kuerzel, name, email, rolle, team, region, vertretung from kollege \
     where kuerzel > $1 order by kuerzel limit $2";
const ABSENT: &str = "select distinct kuerzel from abwesenheit where von <= $1 and (bis is null or bis >= $1)";
const DATENSTAND: &str = "select d.team, d.at from datenstand d join team t on t.team = d.team \
     where $1 is null or t.dienststelle = $1";

/// Whether an activity of a kind was ever done by anybody: one look into the index. Without it, a kind that nobody
/// records would be looked for in every case of every team.
const EVER_DONE: &str = "select exists (select 1 from aktivitaet where art = $1 and anzahl > 0)";
/// The teams with such an activity: per team its cases one by one, per case one look, until the first hit. Written as
/// values with a `limit`, because neither database then turns it into a join over all activities, which PostgreSQL does
/// with `exists` and, before it has gathered statistics, in the worst order.
const TEAMS_WITH: &str = "select t.team from team t where ($2 is null or t.dienststelle = $2) and \
     (select 1 from betreuung b where b.team = t.team and \
     (select 1 from aktivitaet a where a.fallnr = b.fallnr and a.art = $1 and a.anzahl > 0 limit 1) is not null \
     limit 1) is not null";
const TEAMS_WITH_COLUMNS: &str = "select t.team, \
     exists (select 1 from betreuung b where b.team = t.team and b.hauptbetreuer_seit is not null), \
     exists (select 1 from betreuung b where b.team = t.team and b.rueckgabegespraech_am is not null), \
     exists (select 1 from betreuung b where b.team = t.team and b.fazit_am is not null) \
     from team t where $1 is null or t.dienststelle = $1";

impl Db {
    /// One state of everything, to be read in peace.
    pub async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let mut tx = self.read().await?;
        // Looking is what fixes the state; until then a writer could slip in between.
        let (revision,): (i64,) = one!(&mut tx, "select facts_revision from installation where id = 1")?;
        Ok(Snapshot { tx, revision, rules: HashMap::new() })
    }
}

impl Snapshot {
    /// The revision of the facts in this state.
    pub fn revision(&self) -> i64 {
        self.revision
    }

    /// All offices that have teams.
    pub async fn offices(&mut self) -> Result<BTreeSet<String>, StoreError> {
        let offices: Vec<(String,)> = all!(&mut self.tx, "select distinct dienststelle from team")?;
        Ok(offices.into_iter().map(|(office,)| office).collect())
    }

    /// The teams of one office or of all, in key order.
    pub async fn teams(&mut self, office: Option<&str>) -> Result<Vec<Team>, StoreError> {
        let teams: Vec<TeamRow> = all!(&mut self.tx, TEAMS, office)?;
        teams.into_iter().map(team).collect()
    }

    /// The last import or record of the teams of one office or of all.
    pub async fn datenstand(&mut self, office: Option<&str>) -> Result<Datenstand, StoreError> {
        let rows: Vec<(String, DateTime<Utc>)> = all!(&mut self.tx, DATENSTAND, office)?;
        Ok(rows.into_iter().collect())
    }

    /// All colleagues, of all teams, in key order, and who of them is absent on `day`: they stand in for one another
    /// across teams. Handed on one by one, as there are many of them in a large house.
    pub async fn each_colleague(
        &mut self,
        day: NaiveDate,
        mut each: impl FnMut(Colleague, bool),
    ) -> Result<(), StoreError> {
        let absent: Vec<(String,)> = all!(&mut self.tx, ABSENT, day)?;
        let absent: HashSet<String> = absent.into_iter().map(|(kuerzel,)| kuerzel).collect();
        let mut after = String::new();
        loop {
            let rows: Vec<ColleagueRow> = all!(&mut self.tx, COLLEAGUES, after.as_str(), COLLEAGUES_AT_ONCE)?;
            let Some(last) = rows.last() else { return Ok(()) };
            after.clone_from(&last.0);
            for row in rows {
                let colleague = colleague(row)?;
                let absent = absent.contains(&colleague.kuerzel);
                each(colleague, absent);
            }
        }
    }

    /// Everybody who can be written to on `day`.
    pub async fn directory(&mut self, day: NaiveDate) -> Result<Directory, StoreError> {
        let mut roster = Roster::default();
        self.each_colleague(day, |colleague, absent| roster.add(&colleague, absent)).await?;
        Ok(roster.complete())
    }

    /// What is to be known before the first case, for the teams of one office or of all.
    pub async fn head(&mut self, office: Option<&str>) -> Result<Head, StoreError> {
        let rows: Vec<(String, NaiveDate, bool)> = all!(&mut self.tx, EVENTS, office)?;
        let mut events: BTreeMap<String, Vec<Event>> = BTreeMap::new();
        for (team, datum, durchgefuehrt) in rows {
            events.entry(team).or_default().push(Event { datum, durchgefuehrt });
        }
        Ok(Head {
            revision: self.revision,
            offices: self.offices().await?,
            teams: self.teams(office).await?,
            events,
            datenstand: self.datenstand(office).await?,
            evidence: self.evidence(office).await?,
        })
    }

    async fn evidence(&mut self, office: Option<&str>) -> Result<BTreeMap<String, Supplied>, StoreError> {
        let mut evidence: BTreeMap<String, Supplied> = BTreeMap::new();
        for &art in Art::ALL {
            let (ever,): (bool,) = one!(&mut self.tx, EVER_DONE, art.as_str())?;
            if ever {
                let teams: Vec<(String,)> = all!(&mut self.tx, TEAMS_WITH, art.as_str(), office)?;
                for (team,) in teams {
                    evidence.entry(team).or_default().add(Supply::Activity(art));
                }
            }
        }
        let columns: Vec<(String, bool, bool, bool)> = all!(&mut self.tx, TEAMS_WITH_COLUMNS, office)?;
        for (team, hauptbetreuer, gespraech, fazit) in columns {
            let held = [
                (hauptbetreuer, Column::HauptbetreuerSeit),
                (gespraech, Column::RueckgabegespraechAm),
                (fazit, Column::FazitAm),
            ];
            for (_, column) in held.into_iter().filter(|(held, _)| *held) {
                evidence.entry(team.clone()).or_default().add(Supply::Column(column));
            }
        }
        Ok(evidence)
    }
}

fn team(row: TeamRow) -> Result<Team, StoreError> {
    let (team, name, postfach, bundesland, leitung, dienststelle, beginn) = row;
    let bundesland = bundesland.parse().map_err(|_| StoreError::Content("team.bundesland"))?;
    Ok(Team { team, name, postfach, bundesland, leitung, dienststelle, beginn })
}

fn colleague(row: ColleagueRow) -> Result<Colleague, StoreError> {
    let (kuerzel, name, email, rolle, team, region, vertretung) = row;
    let rolle = rolle.parse().map_err(|_| StoreError::Content("kollege.rolle"))?;
    Ok(Colleague { kuerzel, name, email, rolle, team, region, vertretung })
}
