//! `record`: what was done is entered by hand, for one case or for all of a BAK.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use clap::Args;

use super::output::print;
use super::words::{self, listed};
use crate::app::App;
use crate::domain::facts::{Art, Case, Colleague, Rolle};
use crate::domain::recipients::Roster;
use crate::mail::words::{clean, date, plural};

/// Other days that are named where nothing is entered on the one asked for.
const NEAR: usize = 3;

/// What is to be entered.
#[derive(Debug, Args)]
pub(crate) struct Entry {
    /// Was getan wurde, etwa stellensuchlauf oder kontakt_telefonisch
    #[arg(value_name = "ART", value_parser = parse_art)]
    art: Art,
    /// Die Fälle
    #[arg(value_name = "FALLNR", required_unless_present = "all_of", conflicts_with = "all_of")]
    cases: Vec<String>,
    /// Der Tag (TT.MM.JJJJ oder JJJJ-MM-TT), nicht in der Zukunft; ohne Angabe heute
    #[arg(long, value_name = "TAG", value_parser = super::parse_day)]
    on: Option<NaiveDate>,
    /// Wie oft an diesem Tag (1 bis 99); ersetzt, was für den Tag eingetragen war
    #[arg(long, value_name = "N", default_value = "1", value_parser = parse_count, conflicts_with = "withdraw")]
    count: u32,
    /// Für alle Fälle dieses BAK (Kürzel), die an dem Tag in Hauptbetreuung oder auf der Beobachtungsliste sind
    #[arg(long, value_name = "BAK", conflicts_with = "withdraw")]
    all_of: Option<String>,
    /// Außer für diese Fälle
    #[arg(long, value_name = "FALLNR", num_args = 1.., requires = "all_of", conflicts_with = "cases")]
    except: Vec<String>,
    /// Nimmt den Eintrag dieses Tages zurück
    #[arg(long, requires = "on")]
    withdraw: bool,
}

fn parse_art(word: &str) -> Result<Art, String> {
    word.trim().to_lowercase().replace('-', "_").parse().map_err(|_| {
        let all: Vec<_> = Art::ALL.iter().map(|a| a.as_str()).collect();
        format!("erwartet wird eines von: {}", all.join(", "))
    })
}

fn parse_count(text: &str) -> Result<u32, String> {
    let count = text.parse().ok().filter(|n| (1..=99).contains(n));
    count.ok_or_else(|| "erwartet wird eine Zahl von 1 bis 99; zurücknehmen geht mit --withdraw".to_owned())
}

pub(super) async fn record(app: &App, entry: Entry) -> anyhow::Result<u8> {
    // Read once: the day and the instant belong together.
    let now = app.clock.now();
    let today = crate::clock::local_date(now);
    let day = entry.on.unwrap_or(today);
    if day > today {
        anyhow::bail!(
            "{} liegt in der Zukunft (heute ist {}); eingetragen wird nur, was schon getan ist.",
            date(day),
            date(today)
        );
    }
    if entry.withdraw {
        return withdraw(app, &entry, day, now).await;
    }
    let cases = match &entry.all_of {
        Some(bak) => all_of(app, bak, &entry.except, day).await?,
        None => entry.cases.clone(),
    };
    let done = app.db.record(entry.art, &cases, day, entry.count, now, &crate::who::name()).await?;
    let what = what(entry.art, entry.count);
    let (new, known) = (done.changed.len(), done.unchanged.len());
    if new + known > 0 {
        let known = match known {
            0 => String::new(),
            1 => " (1 war schon so eingetragen)".to_owned(),
            n => format!(" ({n} waren schon so eingetragen)"),
        };
        print(format!("{what} am {} für {} eingetragen{known}.", date(day), plural(new, "Fall", "Fälle")))?;
    }
    Ok(unknown(&done.unknown))
}

/// The running cases of a BAK on the day, without those excepted.
async fn all_of(app: &App, bak: &str, except: &[String], day: NaiveDate) -> anyhow::Result<Vec<String>> {
    let mut snapshot = app.db.snapshot().await?;
    let (mut roster, mut known, mut baks) = (Roster::default(), None, Vec::new());
    let each = |colleague: Colleague, absent| {
        roster.add(&colleague, absent);
        if colleague.rolle == Rolle::Bak {
            baks.push(colleague.kuerzel.clone());
        }
        if colleague.kuerzel == bak {
            known = Some(colleague);
        }
    };
    snapshot.each_colleague(day, each).await?;
    let mut cases = snapshot.cases_of_bak(bak).await?;
    if known.is_none() && cases.is_empty() {
        let baks: Vec<_> = baks.iter().map(String::as_str).collect();
        anyhow::bail!("Ein BAK mit dem Kürzel {} ist nicht bekannt. Bekannt sind: {}.", clean(bak), listed(&baks));
    }
    // A case without a BAK is, in every mail, that of the BAK of its region; so it is here.
    if let Some(team) = known.filter(|c| c.rolle == Rolle::Bak).map(|c| c.team) {
        let directory = roster.complete();
        let nobodys = snapshot.cases_without_bak(&team).await?;
        cases.extend(nobodys.into_iter().filter(|case| directory.bak_of(case) == Some(bak)));
    }
    // A mistyped exception would enter something for the very case that was to be left out.
    let own: BTreeSet<&str> = cases.iter().map(|c| c.fallnr.as_str()).collect();
    let strange: Vec<&str> = except.iter().map(String::as_str).filter(|e| !own.contains(e)).collect();
    if !strange.is_empty() {
        anyhow::bail!(
            "Nicht unter den Fällen von {}: {}. Damit für keinen Fall zu viel eingetragen wird, ist nichts eingetragen.",
            clean(bak),
            listed(&strange)
        );
    }
    let running = |case: &Case| case.in_main_care(day) || case.watched_on(day);
    let cases = cases.into_iter().filter(running).map(|c| c.fallnr).filter(|nr| !except.contains(nr));
    let cases: Vec<_> = cases.collect();
    if cases.is_empty() {
        anyhow::bail!(
            "Am {} hat {} keinen Fall in Hauptbetreuung oder auf der Beobachtungsliste; nichts ist eingetragen.",
            date(day),
            clean(bak)
        );
    }
    Ok(cases)
}

/// Takes entries back, where there are any: a zero where nothing was would only look like work.
async fn withdraw(app: &App, entry: &Entry, day: NaiveDate, now: DateTime<Utc>) -> anyhow::Result<u8> {
    let (art, mut there, mut nothing, mut strange) = (entry.art, Vec::new(), Vec::new(), Vec::new());
    let (mut several, mut other_days) = (Vec::new(), Vec::new());
    let mut snapshot = app.db.snapshot().await?;
    for fallnr in entry.cases.iter().collect::<BTreeSet<_>>() {
        let Some(file) = snapshot.case(fallnr).await? else {
            strange.push(fallnr.clone());
            continue;
        };
        if let Some(found) = file.done(art, NaiveDate::MAX).find(|a| a.day == day) {
            if found.anzahl > 1 {
                several.push(format!("{fallnr} ({}-mal)", found.anzahl));
            }
            there.push(fallnr.clone());
        } else {
            let days: Vec<_> = file.done(art, NaiveDate::MAX).rev().take(NEAR).map(|a| date(a.day)).collect();
            if !days.is_empty() {
                other_days.push(format!("{fallnr}: {}", days.join(", ")));
            }
            nothing.push(fallnr.clone());
        }
    }
    // Reading must be over before writing begins: one process, one thing at a time.
    drop(snapshot);
    let (what, on) = (words::art(art), date(day));
    if !there.is_empty() {
        let done = app.db.record(art, &there, day, 0, now, &crate::who::name()).await?;
        let of = plural(done.changed.len() + done.unchanged.len(), "Fall", "Fälle");
        print(format!(
            "{what} am {on} für {of} zurückgenommen. Das gilt auch, solange die Liste den Eintrag noch so enthält; nennt sie \
             eine andere Anzahl, gilt wieder die Liste."
        ))?;
    }
    if !several.is_empty() {
        print(format!(
            "Mehr als einmal eingetragen und ganz zurückgenommen: {}. Soll etwas davon bleiben, tragen Sie es mit --count neu \
             ein.",
            listed(&several)
        ))?;
    }
    if !nothing.is_empty() {
        eprintln!("Am {on} nicht eingetragen und daher nicht zurückgenommen: {}.", listed(&nothing));
    }
    if !other_days.is_empty() {
        eprintln!("Eingetragen ist {what} an anderen Tagen, zuletzt {}.", other_days.join("; "));
    }
    Ok(unknown(&strange).max(u8::from(!nothing.is_empty())))
}

/// Says which numbers belong to no case; the exit code that follows.
fn unknown<S: AsRef<str>>(cases: &[S]) -> u8 {
    if cases.is_empty() {
        return 0;
    }
    eprintln!("Als Fall nicht bekannt und daher übergangen: {}. Führende Nullen gehören zur Nummer.", listed(cases));
    1
}

/// `Stellensuchlauf`, or with how often on the day.
fn what(art: Art, count: u32) -> String {
    if count == 1 { words::art(art).to_owned() } else { format!("{} ({count}-mal)", words::art(art)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_an_art_are_read_as_people_type_them() {
        for text in ["ag_kontakt", "AG_Kontakt", "ag-kontakt", " ag_kontakt "] {
            assert_eq!(parse_art(text), Ok(Art::AgKontakt), "{text}");
        }
        let refused = parse_art("kaffee").unwrap_err();
        assert!(Art::ALL.iter().all(|art| refused.contains(art.as_str())), "{refused}");
    }

    #[test]
    fn a_count_is_one_to_ninety_nine() {
        assert_eq!((parse_count("1"), parse_count("99")), (Ok(1), Ok(99)));
        for text in ["0", "100", "-1", "zwei", "", "4294967297"] {
            assert!(parse_count(text).is_err(), "{text}");
        }
    }
}
