//! How fresh each team's data is (RULES.md §5 *Data*), as commands say it.

use std::io;

use chrono::NaiveDate;

use crate::app::App;
use crate::clock::local_date;
use crate::config::rulebooks::Rulebooks;
use crate::config::settings::Settings;
use crate::domain::facts::Team;
use crate::domain::run::{Freshness, is_ahead};
use crate::mail::words::{clean, plural, stand};
use crate::store::Datenstand;

/// Teams that are named one by one.
const NAMED: usize = 10;

/// A team's key and how fresh its data is.
pub(super) type Stand<'a> = (&'a str, Freshness);

/// How fresh a team's data is on a day.
pub(super) fn of_team(
    team: &Team,
    settings: &Settings,
    rulebooks: &Rulebooks,
    known: &Datenstand,
    day: NaiveDate,
) -> Freshness {
    let after = settings.office(&team.dienststelle).stale_after;
    let at = known.get(&team.team).copied();
    Freshness::of(&rulebooks.calendar(team, settings), at, local_date, day, after)
}

/// How fresh the data of these teams is on a day, the oldest first.
pub(super) fn of_teams<'a>(app: &App, teams: &'a [Team], known: &Datenstand, day: NaiveDate) -> Vec<Stand<'a>> {
    let of = |team: &'a Team| (&*team.team, of_team(team, &app.settings, &app.rulebooks, known, day));
    let mut stands: Vec<_> = teams.iter().map(of).collect();
    // None, which is never, comes first.
    stands.sort_by_key(|(_, fresh)| fresh.at);
    stands
}

/// The teams whose data is said to be of a time that is still to come.
pub(super) fn ahead<'a>(app: &App, teams: &'a [Team], known: &Datenstand) -> Vec<&'a str> {
    let now = app.clock.now();
    let is = |team: &&Team| known.get(&team.team).is_some_and(|at| is_ahead(*at, now));
    teams.iter().filter(is).map(|team| &*team.team).collect()
}

/// A line per team, the oldest first; without its key where there is but one.
pub(super) fn lines(stands: &[Stand<'_>]) -> Vec<String> {
    if let [(_, only)] = stands {
        return vec![stand(only)];
    }
    let named = stands.iter().take(NAMED);
    let mut lines: Vec<_> = named.map(|(team, fresh)| format!("Team {}: {}", clean(team), stand(fresh))).collect();
    if stands.len() > NAMED {
        let more = plural(stands.len() - NAMED, "weiteres Team", "weitere Teams");
        lines.push(format!("{more} mit gleichem oder neuerem Stand"));
    }
    lines
}

/// The same below a table.
pub(super) fn print(
    app: &App,
    teams: &[Team],
    known: &Datenstand,
    day: NaiveDate,
    out: &mut impl io::Write,
) -> io::Result<()> {
    lines(&of_teams(app, teams, known, day)).iter().try_for_each(|line| writeln!(out, "Datenstand {line}"))
}
