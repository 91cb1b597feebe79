//! `case show`: all that is known of a case, and where each value comes from and since when.

use std::fmt::Write as _;
use std::io::Write as _;

use serde_json::{Value as Json, json};

use super::super::evaluate::offices;
use super::super::output::stdout;
use super::super::stand::of_team;
use super::super::words::{self, kind, outbox, paragraph, role};
use super::{Shape, shown, unknown};
use crate::app::App;
use crate::domain::facts::{Art, FoerderArt, TerminArt};
use crate::domain::obligation::{Finding, Obligation};
use crate::domain::run::Freshness;
use crate::mail::words::{clean, date, instant, stand, standing, step, termin};
use crate::store::{CaseHistory, Kept, Stamped, Told};

/// Of activities, mails and changes so many are shown unless all are asked for.
const SHOWN: usize = 20;

/// Columns that say nothing to people.
const TECHNICAL: [&str; 3] = ["fallnr", "source", "row_key"];

/// An open obligation as it is shown.
struct Open {
    rule: String,
    title: String,
    stands: String,
    obligation: Obligation,
}

/// All that is known.
struct Known {
    fallnr: String,
    history: CaseHistory,
    open: Vec<Open>,
    /// The newest first.
    told: Vec<Told>,
    fresh: Freshness,
}

pub(super) async fn show(app: &App, fallnr: &str, all: bool, format: Shape) -> anyhow::Result<u8> {
    let day = app.clock.today();
    let mut snapshot = app.db.snapshot().await?;
    let Some(file) = snapshot.case(fallnr).await? else { return Err(unknown(fallnr)) };
    let history = snapshot.history(fallnr).await?;
    let head = snapshot.head(None).await?;
    let mut told = snapshot.told(fallnr).await?;
    drop(snapshot);
    told.sort_by_key(|told| std::cmp::Reverse(told.day));

    let mut open = Vec::new();
    if let Some(office) = offices(app, &head).get(&file.case.team) {
        let mut findings = Vec::new();
        office.evaluate(&file, day, false, &mut findings);
        for finding in findings {
            let Finding::Due(obligation) = finding else { continue };
            let Some(rule) = office.rule(&obligation.key.rule) else { continue };
            let late = office.cal.workdays_between(obligation.action, day);
            let stands = standing(obligation.state, late).into_owned();
            open.push(Open { rule: rule.id.to_string(), title: rule.wording.title.clone(), stands, obligation });
        }
    }
    open.sort_by_key(|open| open.obligation.action);
    let team = head.teams.iter().find(|team| team.team == file.case.team);
    let fresh =
        team.map(|team| of_team(team, &app.settings, &app.rulebooks, &head.datenstand, day)).unwrap_or_default();
    let known = Known { fallnr: file.case.fallnr, history, open, told, fresh };

    let mut out = stdout();
    match format {
        Shape::Json => serde_json::to_writer_pretty(&mut out, &known.json())?,
        Shape::Text => out.write_all(known.text(if all { usize::MAX } else { SHOWN }).as_bytes())?,
    }
    if format == Shape::Json {
        out.write_all(b"\n")?;
    }
    out.flush()?;
    Ok(0)
}

impl Known {
    fn text(&self, limit: usize) -> String {
        let mut out = String::with_capacity(8 << 10);
        let history = &self.history;
        paragraph(&mut out, "", &clean(&format!("Fall {}, Datenstand: {}", self.fallnr, stand(&self.fresh))));

        heading(&mut out, "Angaben");
        for field in history.fields.iter().filter(|field| field.field != "fallnr") {
            let text = format!("{} – {}", shown(field.value.as_deref()), self.origin(field.by, "betreuung"));
            paragraph(&mut out, &format!("  {:<21} ", field.field), &clean(&text));
        }
        if !history.corrections.is_empty() {
            heading(&mut out, "Von Hand anders als in der Liste");
            for c in &history.corrections {
                let of = if c.table == "betreuung" { c.field.clone() } else { what(&c.table, &c.key) };
                let (delivered, said) = (shown(c.delivered.as_deref()), shown(c.said.as_deref()));
                let text = format!("{of}: die Liste sagt {delivered}, hier gilt {said} – {}", self.origin(c.by, ""));
                paragraph(&mut out, "  · ", &clean(&text));
            }
        }
        self.rows(&mut out, limit);

        heading(&mut out, &format!("Offen ({})", self.open.len()));
        for open in &self.open {
            let text = format!("{} – {}, zu tun bis {}", open.title, open.stands, date(open.obligation.action));
            paragraph(&mut out, "  · ", &clean(&text));
        }
        heading(&mut out, &format!("Mails dazu ({})", self.told.len()));
        for told in self.told.iter().take(limit) {
            let text = format!(
                "{}: {}, {} für {} – {} an {} ({})",
                date(told.day),
                told.key.rule,
                step(&told.step),
                role(told.role),
                kind(told.kind),
                told.recipient,
                outbox(told.state)
            );
            paragraph(&mut out, "  · ", &clean(&text));
        }
        more(&mut out, self.told.len(), limit);
        heading(&mut out, &format!("Änderungen ({})", history.past.len()));
        for past in history.past.iter().take(limit) {
            let fields = past.fields.iter().filter(|field| !TECHNICAL.contains(&field.field)).map(|field| {
                let (before, after) = (shown(field.before.as_deref()), shown(field.after.as_deref()));
                if past.gone {
                    format!("{} war {before}", field.field)
                } else {
                    format!("{} {before} → {after}", field.field)
                }
            });
            let fields: Vec<_> = past.gone.then(|| "entfernt".to_owned()).into_iter().chain(fields).collect();
            let of =
                if past.table == "betreuung" { String::new() } else { format!("{}: ", what(past.table, &past.key)) };
            let text = format!("{of}{} – {}", fields.join("; "), self.origin(past.by, past.table));
            paragraph(&mut out, "  · ", &clean(&text));
        }
        more(&mut out, history.past.len(), limit);
        out
    }

    /// What hangs on the case.
    fn rows(&self, out: &mut String, limit: usize) {
        let of = |table| self.history.of(table);
        let mut done = of("aktivitaet");
        done.sort_by(|one, other| other.get("datum").cmp(one.get("datum")));
        heading(out, &format!("Tätigkeiten ({})", done.len()));
        for row in done.iter().take(limit) {
            let art = match row.get("art").parse::<Art>() {
                Ok(art) => words::art(art),
                Err(_) => row.get("art"),
            };
            let often = match row.get("anzahl") {
                "1" => String::new(),
                "0" => " (zurückgenommen)".to_owned(),
                n => format!(" ({n}-mal)"),
            };
            self.row(out, row, &format!("{}: {art}{often}", shown(Some(row.get("datum")))));
        }
        more(out, done.len(), limit);
        let span = |row: &Stamped, from: &str, to: &str| {
            let day = |column| Some(row.get(column)).filter(|day| !day.is_empty());
            format!("{} bis {}", shown(day(from)), day(to).map_or_else(|| "offen".to_owned(), |day| shown(Some(day))))
        };
        for (table, title) in [("foerderung", "Förderungen"), ("pause", "Ruhezeiten"), ("termin", "Termine")] {
            let count = of(table).len();
            if count > 0 {
                heading(out, &format!("{title} ({count})"));
            }
            for row in of(table) {
                let text = match table {
                    "foerderung" => {
                        let art = match row.get("art").parse::<FoerderArt>() {
                            Ok(art) => words::foerderung(art),
                            Err(_) => row.get("art"),
                        };
                        let potential = match row.get("potenzial") {
                            "" => String::new(),
                            answer => format!(", Potenzial: {answer}"),
                        };
                        let (number, employer) = (row.get("foerdernr"), row.get("arbeitgeber"));
                        format!("{number}: {art}, {}, {employer}{potential}", span(row, "beginn", "ende"))
                    }
                    "pause" => span(row, "von", "bis"),
                    _ => {
                        let art = match row.get("art").parse::<TerminArt>() {
                            Ok(art) => termin(art),
                            Err(_) => row.get("art"),
                        };
                        let rest = ["uhrzeit", "ort", "teilnehmer"].map(|column| row.get(column));
                        let rest: Vec<_> = rest.into_iter().filter(|text| !text.is_empty()).collect();
                        let rest = if rest.is_empty() { String::new() } else { format!(", {}", rest.join(", ")) };
                        format!("{art} am {}{rest}", shown(Some(row.get("datum"))))
                    }
                };
                self.row(out, row, &text);
            }
        }
    }

    fn row(&self, out: &mut String, row: &Stamped, text: &str) {
        paragraph(out, "  · ", &clean(&format!("{text} – {}", self.origin(row.by, row.table))));
    }

    /// Where a value of the table comes from, and when it came.
    fn origin(&self, by: i64, table: &str) -> String {
        let Some(kept) = self.history.changes.get(&by) else {
            return "aus der Zeit vor dem Protokoll, oder dort schon gelöscht".to_owned();
        };
        let mut text = match files(kept, table).as_slice() {
            [] => format!("{} (Nr. {by})", kept.from),
            files => {
                format!("{} ({} {by})", files.join(", "), if kept.from == "import" { "Import" } else { &kept.from })
            }
        };
        // Writing to a String cannot fail.
        let _ = write!(text, ", {} von {}", instant(kept.at), kept.who);
        if let Some((at, who)) = &kept.undone {
            let _ = write!(text, "; zurückgenommen {} von {who}", instant(*at));
        }
        text
    }

    fn json(&self) -> Json {
        let history = &self.history;
        let row = |row: &Stamped| {
            let mut values: serde_json::Map<_, _> =
                row.values.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
            values.insert("vorgang".into(), json!(row.by));
            values
        };
        let of = |table| history.of(table).into_iter().map(row).collect::<Vec<_>>();
        let mut done = of("aktivitaet");
        done.reverse();
        done.sort_by(|one, other| other["datum"].as_str().cmp(&one["datum"].as_str()));
        let change = |kept: &Kept| {
            json!({
                "nr": kept.id,
                "art": kept.kind,
                "wann": kept.at,
                "wer": kept.who,
                "woher": kept.from,
                "dateien": kept.files.iter().map(|f| json!({ "datei": f.file, "tabelle": f.table })).collect::<Vec<_>>(),
                "zurueckgenommen_am": kept.undone.as_ref().map(|(at, _)| at),
                "zurueckgenommen_von": kept.undone.as_ref().map(|(_, who)| who),
            })
        };
        let fields = history.fields.iter().map(|f| (f.field.to_owned(), json!({ "wert": f.value, "vorgang": f.by })));
        json!({
            "fallnr": self.fallnr,
            "datenstand": self.fresh.at,
            "angaben": fields.collect::<serde_json::Map<_, _>>(),
            "korrekturen": history.corrections.iter().map(|c| json!({
                "tabelle": c.table, "schluessel": c.key, "feld": c.field, "geliefert": c.delivered, "wert": c.said,
                "vorgang": c.by,
            })).collect::<Vec<_>>(),
            "taetigkeiten": done,
            "foerderungen": of("foerderung"),
            "ruhezeiten": of("pause"),
            "termine": of("termin"),
            "offen": self.open.iter().map(|open| json!({
                "regel": open.rule, "titel": open.title, "gegenstand": open.obligation.key.subject,
                "zyklus": open.obligation.key.cycle, "frist": open.obligation.raw, "zu_tun_am": open.obligation.action,
                "stand": open.obligation.state.as_str(),
            })).collect::<Vec<_>>(),
            "mails": self.told.iter().map(|told| json!({
                "tag": told.day, "regel": &*told.key.rule, "schritt": told.step, "rolle": told.role.as_str(),
                "art": told.kind.as_str(), "an": told.recipient, "stand": told.state.as_str(),
            })).collect::<Vec<_>>(),
            "aenderungen": history.past.iter().map(|past| json!({
                "vorgang": past.by, "tabelle": past.table, "schluessel": past.key,
                "entfernt": past.gone,
                "felder": past.fields.iter().map(|field| json!({
                    "feld": field.field, "vorher": field.before, "nachher": field.after,
                })).collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
            "vorgaenge": history.changes.values().map(change).collect::<Vec<_>>(),
        })
    }
}

/// The files of a change that are for a table; without a table all of them.
fn files<'k>(kept: &'k Kept, table: &str) -> Vec<&'k str> {
    let ours = kept.files.iter().filter(|file| table.is_empty() || file.table == table);
    ours.map(|file| file.file.as_str()).collect()
}

/// What a row is, in words: its table and key, the case's own number left out.
fn what(table: &str, key: &str) -> String {
    let title = match table {
        "aktivitaet" => "Tätigkeit",
        "foerderung" => "Förderung",
        "pause" => "Ruhezeit",
        "termin" => "Termin",
        other => other,
    };
    let rest = if table == "aktivitaet" { key.split_once(' ').map_or(key, |(_, rest)| rest) } else { key };
    format!("{title} {}", rest.replace('\u{1f}', " "))
}

fn heading(out: &mut String, text: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "\n{text}");
}

/// Says how much is not shown.
fn more(out: &mut String, count: usize, limit: usize) {
    if count > limit {
        paragraph(out, "  ", &format!("… und {} ältere; --all zeigt alle.", count - limit));
    }
}
