//! How fresh data is.

use super::{clean, instant, list, plural};
use crate::domain::run::Freshness;

/// How fresh data is: `Fr., 20.11.2026, 16:12 (1 Arbeitstag alt)`, `Mo., 23.11.2026, 06:10 (aktuell)`,
/// `Di., 17.11.2026, 07:05 (4 Arbeitstage alt, veraltet)`, `noch keine Daten`. Data that came only after the day that is
/// asked about has no age on it.
pub fn stand(fresh: &Freshness) -> String {
    let Some(at) = fresh.at else { return "noch keine Daten".to_owned() };
    let stale = if fresh.stale { ", veraltet" } else { "" };
    match fresh.workdays {
        None => instant(at),
        Some(0) => format!("{} (aktuell)", instant(at)),
        Some(n) => format!("{} ({} alt{stale})", instant(at), plural(n, "Arbeitstag", "Arbeitstage")),
    }
}

/// Whose news is missing, and for how many workdays (none: nothing ever came), the longest first; after `most` of them
/// only their number: `Neue Daten fehlen bei Nord (seit 4 Arbeitstagen) und Süd (von Anfang an)`.
pub fn news_missing(mut teams: Vec<(&str, Option<u32>)>, most: usize) -> String {
    teams.sort_by_key(|(_, workdays)| std::cmp::Reverse(workdays.unwrap_or(u32::MAX)));
    let name = |(team, workdays): &(&str, Option<u32>)| match workdays {
        Some(n) => format!("{} (seit {})", clean(team), plural(*n, "Arbeitstag", "Arbeitstagen")),
        None => format!("{} (von Anfang an)", clean(team)),
    };
    let mut named: Vec<_> = teams.iter().take(most).map(name).collect();
    match teams.len().saturating_sub(most) {
        0 => {}
        more => named.push(plural(more, "weiteren Team", "weiteren Teams")),
    }
    format!("Neue Daten fehlen bei {}", list(&named))
}
