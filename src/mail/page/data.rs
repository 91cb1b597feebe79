//! How fresh the data is: a line per team at the head of every mail, and what old data means for its reader.
//!
//! Old data is nobody's omission: the words say what is missing and what waits, and blame no one.

use serde::Serialize;

use crate::domain::digest::{Datenstand, Kind};
use crate::mail::words::{clean, news_missing, plural, stand};

/// Teams that are named one by one; a mail's first screen must not be a list of dates.
const NAMED: usize = 10;

/// What opens a mail whose data is stale (RULES.md §5 *Data*).
#[derive(Debug, Serialize, PartialEq, Eq)]
pub(super) struct Warning {
    /// How long nothing has come.
    since: String,
    /// What that means for the reader.
    means: &'static str,
}

/// „Datenstand: Fr., 20.11.2026, 16:12 (1 Arbeitstag alt)", per team; of many teams the oldest.
pub(super) fn lines(data: &[Datenstand]) -> Vec<String> {
    if let [only] = data {
        return vec![format!("Datenstand: {}", stand(&only.fresh))];
    }
    let mut teams: Vec<_> = data.iter().collect();
    if teams.len() > NAMED {
        // None, which is never, comes first.
        teams.sort_by_key(|d| d.fresh.at);
    }
    let more = teams.len().saturating_sub(NAMED);
    let named = teams.into_iter().take(NAMED);
    let mut lines: Vec<_> = named.map(|d| format!("Datenstand {}: {}", clean(&d.team), stand(&d.fresh))).collect();
    if more > 0 {
        lines.push(format!("{} mit gleichem oder neuerem Stand", plural(more, "weiteres Team", "weitere Teams")));
    }
    lines
}

/// The warning, if the data of any team in the mail is stale. The administrator is told in sentences of their own.
pub(super) fn warning(kind: Kind, data: &[Datenstand]) -> Option<Warning> {
    let stale: Vec<_> = data.iter().filter(|d| d.fresh.stale).collect();
    if stale.is_empty() || means(kind).is_empty() {
        return None;
    }
    let since = if let [only] = data {
        match only.fresh.workdays {
            Some(n) => format!("Seit {} sind keine neuen Daten gekommen.", plural(n, "Arbeitstag", "Arbeitstagen")),
            None => "Es sind noch keine Daten gekommen.".to_owned(),
        }
    } else {
        let teams = stale.into_iter().map(|d| (&*d.team, d.fresh.workdays)).collect();
        format!("{}.", news_missing(teams, NAMED))
    };
    Some(Warning { since, means: means(kind) })
}

const fn means(kind: Kind) -> &'static str {
    match kind {
        Kind::Tagesuebersicht | Kind::Persoenlich => {
            "Was seitdem geschah, fehlt hier; Erledigtes kann noch als offen stehen. Sobald neue Daten da sind (Liste \
             einspielen oder einzeln eintragen), stimmt es wieder. Bis dahin warten Meldungen an IFK und Leitung, die von \
             Einträgen abhängen, etwa zu Kontakten; feste Fristen wie Rückgabe und Besuch laufen weiter."
        }
        Kind::Mitteilung => {
            "Was seitdem geschah, fehlt hier; Erledigtes kann noch als offen stehen. Im Zweifel bitte im BAK-Team \
             nachfragen. Was von Einträgen abhängt, etwa zu Kontakten, wird Ihnen erst mit neuen Daten gemeldet; feste \
             Fristen wie Rückgabe und Besuch laufen weiter."
        }
        Kind::Eskalation => {
            "Was seitdem geschah, fehlt hier; Erledigtes kann noch als offen stehen. Was von Einträgen abhängt, etwa ein \
             Risiko bei EGZ, wird Ihnen erst mit neuen Daten gemeldet; feste Fristen wie Rückgabe und Besuch laufen weiter."
        }
        Kind::Wochenbericht => {
            "Auslastung und offene Fälle sind von diesem Stand; was seitdem geschah, fehlt. Was von Einträgen abhängt, \
             etwa ein Risiko bei EGZ, wird Ihnen erst mit neuen Daten gemeldet; feste Fristen wie Rückgabe und Besuch \
             laufen weiter."
        }
        Kind::Wochenliste => "Was seitdem geschah, steht noch nicht in der Liste; tragen Sie es einfach mit ein.",
        Kind::Admin | Kind::Eingang => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::run::Freshness;

    fn of(team: &str, at: Option<&str>, workdays: Option<u32>, stale: bool) -> Datenstand {
        let at = at.map(|at| format!("{at}T15:12:00Z").parse().unwrap());
        Datenstand { key: team.to_owned(), team: team.to_owned(), fresh: Freshness { at, workdays, stale } }
    }

    #[test]
    fn every_age_has_its_words() {
        let tuesday = Some("2026-11-17");
        for (data, line, since) in [
            (of("A", Some("2026-11-23"), Some(0), false), "Mo., 23.11.2026, 16:12 (aktuell)", None),
            (of("A", Some("2026-11-20"), Some(1), false), "Fr., 20.11.2026, 16:12 (1 Arbeitstag alt)", None),
            (of("A", Some("2026-11-24"), None, false), "Di., 24.11.2026, 16:12", None),
            (of("A", None, None, false), "noch keine Daten", None),
            (
                of("A", tuesday, Some(4), true),
                "Di., 17.11.2026, 16:12 (4 Arbeitstage alt, veraltet)",
                Some("Seit 4 Arbeitstagen sind keine neuen Daten gekommen."),
            ),
            (of("A", None, None, true), "noch keine Daten", Some("Es sind noch keine Daten gekommen.")),
        ] {
            let data = [data];
            assert_eq!(lines(&data), [format!("Datenstand: {line}")]);
            assert_eq!(warning(Kind::Persoenlich, &data).map(|w| w.since).as_deref(), since, "{line}");
            assert_eq!(warning(Kind::Admin, &data), None);
        }
    }

    #[test]
    fn of_several_teams_those_are_named_whose_data_is_stale_the_oldest_first() {
        let data = [
            of("Nord", Some("2026-11-18"), Some(3), true),
            of("Mitte", Some("2026-11-20"), Some(1), false),
            of("Süd", None, None, true),
        ];
        assert_eq!(
            lines(&data),
            [
                "Datenstand Nord: Mi., 18.11.2026, 16:12 (3 Arbeitstage alt, veraltet)",
                "Datenstand Mitte: Fr., 20.11.2026, 16:12 (1 Arbeitstag alt)",
                "Datenstand Süd: noch keine Daten",
            ]
        );
        let warning = warning(Kind::Wochenbericht, &data).unwrap();
        assert_eq!(warning.since, "Neue Daten fehlen bei Süd (von Anfang an) und Nord (seit 3 Arbeitstagen).");
    }

    #[test]
    fn many_teams_do_not_fill_the_screen() {
        let team = |n: u32| of(&format!("T{n}"), Some(&format!("2026-11-{:02}", 1 + n)), Some(20 - n), n < 14);
        let data: Vec<_> = (0..15).rev().map(team).collect();
        let lines = lines(&data);
        assert_eq!(lines.len(), 11);
        assert!(lines[0].starts_with("Datenstand T0: So., 01.11.2026"), "{lines:?}");
        assert_eq!(lines[10], "5 weitere Teams mit gleichem oder neuerem Stand");
        let since = warning(Kind::Wochenbericht, &data).unwrap().since;
        assert!(since.starts_with("Neue Daten fehlen bei T0 (seit 20 Arbeitstagen), T1 ("), "{since}");
        assert!(since.ends_with("T9 (seit 11 Arbeitstagen) und 4 weiteren Teams."), "{since}");
    }
}
