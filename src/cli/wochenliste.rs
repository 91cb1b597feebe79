//! `wochenliste`: the form of one BAK and week, as a workbook to fill in.

use std::collections::BTreeSet;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use anyhow::Context as _;
use chrono::{DateTime, NaiveDate, Utc};

use super::evaluate::offices;
use super::output::print;
use super::words::listed;
use crate::app::App;
use crate::domain::digest::Datenstand;
use crate::domain::evaluate::Office;
use crate::domain::facts::{Colleague, Rolle};
use crate::domain::recipients::Roster;
use crate::domain::run::Freshness;
use crate::domain::wochenliste::{self as weekly, Form, MOST_ROWS, Week};
use crate::mail::wochenliste::{file_name, workbook};
use crate::mail::words::{clean, plural};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Wessen Liste (Kürzel)
    #[arg(long, value_name = "BAK")]
    bak: String,
    /// Die Woche, etwa 2026-W48; ohne Angabe die laufende
    #[arg(long, value_name = "WOCHE", value_parser = parse_week)]
    week: Option<Week>,
    /// Die Datei oder der Ordner dafür; ohne Angabe Wochenliste_WOCHE_BAK.xlsx im aktuellen Ordner
    #[arg(long, value_name = "DATEI")]
    out: Option<PathBuf>,
}

fn parse_week(text: &str) -> Result<Week, String> {
    Week::parse(text).ok_or_else(|| "erwartet wird eine Woche wie 2026-W48".to_owned())
}

pub(super) async fn wochenliste(app: &App, args: &Args) -> anyhow::Result<u8> {
    // Read once: the day and the instant belong together.
    let now = app.clock.now();
    let today = crate::clock::local_date(now);
    let week = args.week.unwrap_or_else(|| Week::of(today));
    let form = form(app, &args.bak, week, today, now).await?;
    let bytes = workbook(&form)?;
    let name = file_name(&form);
    let path = match &args.out {
        None => PathBuf::from(name),
        Some(out) if out.is_dir() => out.join(name),
        Some(out) => out.clone(),
    };
    // Never over a list that somebody may have filled in.
    let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    let mut file = match made {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => anyhow::bail!(
            "{} gibt es schon. Damit keine ausgefüllte Liste verloren geht, wurde nichts geschrieben.",
            path.display()
        ),
        made => made.with_context(|| format!("{} lässt sich nicht anlegen", path.display()))?,
    };
    file.write_all(&bytes).and_then(|()| file.sync_all()).with_context(|| path.display().to_string())?;
    print(format!("{}: {}.", path.display(), plural(form.rows.len(), "Fall", "Fälle")))?;
    Ok(0)
}

/// The form, filled with what is known.
async fn form(app: &App, bak: &str, week: Week, today: NaiveDate, now: DateTime<Utc>) -> anyhow::Result<Form> {
    let mut snapshot = app.db.snapshot().await?;
    let head = snapshot.head(None).await?;
    let offices = offices(app, &head);
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
    snapshot.each_colleague(today, each).await?;
    let directory = roster.complete();
    // A case without a BAK is, in every mail, that of the BAK of its region; so it is here.
    let of_team = known.as_ref().filter(|c| c.rolle == Rolle::Bak).map(|c| c.team.as_str());
    let page = snapshot.files_of_bak(bak, of_team).await?;
    if known.is_none() && page.files.is_empty() {
        let baks: Vec<_> = baks.iter().map(String::as_str).collect();
        anyhow::bail!("Ein BAK mit dem Kürzel {} ist nicht bekannt. Bekannt sind: {}.", clean(bak), listed(&baks));
    }
    for fallnr in &page.faulty {
        eprintln!(
            "Fall {}: In der Datenbank steht ein Wert, den dieses Programm nicht kennt; er fehlt hier.",
            clean(fallnr)
        );
    }
    let (mut rows, mut teams) = (Vec::new(), BTreeSet::new());
    for file in page.files.iter().filter(|file| directory.bak_of(&file.case) == Some(bak)) {
        let Some(office) = offices.get(&file.case.team) else { continue };
        if let Some(row) = weekly::row(file, office, week, today) {
            teams.insert(file.case.team.as_str());
            rows.push(row);
        }
    }
    anyhow::ensure!(rows.len() <= MOST_ROWS, "Mehr als {MOST_ROWS} Fälle passen auf keine Wochenliste.");
    let own_team = known.as_ref().map(|c| c.team.as_str()).filter(|team| offices.contains_key(*team));
    let cal = own_team.or_else(|| teams.first().copied()).and_then(|team| offices.get(team)).map(|office| &office.cal);
    let data = head.teams.iter().filter(|team| teams.contains(team.team.as_str())).map(|team| {
        let at = head.datenstand.get(&team.team).copied();
        let after = app.settings.office(&team.dienststelle).stale_after;
        let of = |office: &Office| Freshness::of(&office.cal, at, crate::clock::local_date, today, after);
        let fresh = offices.get(&team.team).map(of).unwrap_or_default();
        Datenstand { key: team.team.clone(), team: team.name.clone(), fresh }
    });
    Ok(Form {
        bak: bak.to_owned(),
        name: directory.name(bak).map(str::to_owned),
        in_stead: false,
        week,
        made: now,
        data: data.collect(),
        closed: cal.map(|cal| weekly::closed_days(cal, week)).unwrap_or_default(),
        rows,
    })
}
