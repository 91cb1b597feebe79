//! The rules and calendars of every team, shared wherever they are the same.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::rulebook::{self, RulesError};
use super::settings::Settings;
use crate::domain::calendar::{Bundesland, Calendar, Regional};
use crate::domain::facts::Team;
use crate::domain::rules::{Rule, Wording};

/// One calendar per (office, Land, regional holidays): a calendar is some 270 KB, and teams are many.
type Calendars = HashMap<(String, Bundesland, Vec<Regional>), Arc<Calendar>>;

/// What the teams are judged by, read once.
#[derive(Debug)]
pub struct Rulebooks {
    default: Arc<[Rule]>,
    teams: HashMap<String, Arc<[Rule]>>,
    calendars: Mutex<Calendars>,
}

impl Rulebooks {
    /// Reads the default rules, the office's file, and the teams' own files.
    pub fn load(settings: &Settings) -> Result<Self, RulesError> {
        let office: Vec<&Path> = settings.rules_file.iter().map(PathBuf::as_path).collect();
        let default: Arc<[Rule]> = rulebook::load(&office, settings.dienstvereinbarung)?.into();
        let mut teams = HashMap::new();
        for (team, own) in settings.teams() {
            if let Some(file) = &own.rules_file {
                let layers: Vec<&Path> = office.iter().copied().chain([file.as_path()]).collect();
                let mut rules = rulebook::load(&layers, settings.dienstvereinbarung)?;
                // What a team words differently has words of its own.
                for rule in &mut rules {
                    if !default.iter().any(|d: &Rule| d.id == rule.id && d.wording == rule.wording) {
                        rule.words = format!("{team}/{}", rule.id).into();
                    }
                }
                teams.insert(team.to_owned(), rules.into());
            }
        }
        Ok(Self { default, teams, calendars: Mutex::default() })
    }

    /// The rules of a team.
    pub fn rules(&self, team: &str) -> Arc<[Rule]> {
        Arc::clone(self.teams.get(&team.to_lowercase()).unwrap_or(&self.default))
    }

    /// The calendar of a team.
    pub fn calendar(&self, team: &Team, settings: &Settings) -> Arc<Calendar> {
        let mut regional = settings.team(&team.team).regional;
        regional.sort_unstable();
        let key = (team.dienststelle.clone(), team.bundesland, regional);
        let mut calendars = self.calendars.lock().unwrap_or_else(PoisonError::into_inner);
        let build = |(office, land, regional): &(String, Bundesland, Vec<Regional>)| {
            Arc::new(Calendar::new(*land, regional, &settings.office(office).dienstfrei))
        };
        let calendar = calendars.entry(key).or_insert_with_key(build);
        Arc::clone(calendar)
    }

    /// The words of every rule of every team, by [`Rule::words`].
    pub fn wordings(&self) -> HashMap<Arc<str>, Wording> {
        let all = self.teams.values().chain([&self.default]).flat_map(|rules| rules.iter());
        all.map(|rule| (Arc::clone(&rule.words), rule.wording.clone())).collect()
    }
}
