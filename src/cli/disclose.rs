//! `disclose`: everything that is kept of one case, for the person it is about (DSGVO Art. 15).

use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use clap::ValueEnum;
use serde_json::{Map, Value, json};

use super::output::print;
use super::words::paragraph;
use crate::app::App;
use crate::config::settings::Settings;
use crate::mail::words::{clean, date, instant};
use crate::store::Rows;

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Form {
    /// German, to be handed over.
    #[default]
    Text,
    /// Machine-readable, each row as it stands.
    Json,
}

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Die Fallnummer, mit führenden Nullen
    #[arg(value_name = "FALLNR")]
    fallnr: String,
    /// text: lesbar; json: jede Zeile, wie sie gespeichert ist
    #[arg(long, value_enum, default_value_t)]
    format: Form,
    /// In diese neue Datei statt auf den Bildschirm; nur für ihren Eigentümer lesbar
    #[arg(long, value_name = "DATEI")]
    out: Option<PathBuf>,
}

pub(super) async fn disclose(app: &App, args: &Args) -> anyhow::Result<u8> {
    let known = app.db.snapshot().await?.all_of_case(&args.fallnr).await?;
    if known.is_empty() {
        eprintln!("Zu {} ist nichts gespeichert. Führende Nullen gehören zur Nummer.", clean(&args.fallnr));
        return Ok(1);
    }
    let at = instant(app.clock.now());
    let text = match args.format {
        Form::Text => text(&args.fallnr, &at, &known, &app.settings),
        Form::Json => {
            let tables: Map<String, Value> = known
                .into_iter()
                .map(|(table, rows)| (table.to_owned(), rows.into_iter().map(Value::Object).collect()))
                .collect();
            let facts: Map<String, Value> =
                about(&app.settings).into_iter().map(|(what, words)| (what.to_owned(), Value::String(words))).collect();
            let all = json!({ "fallnr": args.fallnr, "stand": at, "angaben": facts, "daten": tables });
            serde_json::to_string_pretty(&all)?
        }
    };
    match &args.out {
        None => print(text.trim_end())?,
        Some(file) => {
            save(file, text.trim_end()).map_err(|error| anyhow::anyhow!("{}: {}", file.display(), why(&error)))?;
            print(format!("Geschrieben: {}. Die Datei enthält Sozialdaten.", file.display()))?;
        }
    }
    Ok(0)
}

fn save(file: &Path, text: &str) -> std::io::Result<()> {
    let mut out = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    writeln!(out, "{text}")
}

fn why(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::AlreadyExists => "Die Datei gibt es schon. Bitte einen anderen Namen nehmen.",
        std::io::ErrorKind::NotFound => "Der Ordner fehlt.",
        std::io::ErrorKind::PermissionDenied => "Die Rechte fehlen.",
        _ => "Sie lässt sich nicht schreiben.",
    }
}

/// What Art. 15(1) asks for beside the data.
fn about(settings: &Settings) -> Vec<(&'static str, String)> {
    let keeps = settings.retention;
    vec![
        (
            "Zweck",
            "Fristen und Aufgaben der Betriebsakquise nach dem BAK-Konzept 2.0: Die zuständigen Beschäftigten werden an \
             jedem Arbeitsmorgen per Mail daran erinnert."
                .to_owned(),
        ),
        ("Herkunft", "Listen des Jobcenters und Eintragungen seiner Beschäftigten.".to_owned()),
        (
            "Empfänger",
            "BAK-Team, zuständige Integrationsfachkraft oder Fallmanagement, Teamleitung, deren Vertretungen; wem was \
             mitgeteilt wurde, steht unten. Niemand außerhalb des Jobcenters, kein Drittland."
                .to_owned(),
        ),
        (
            "Dauer",
            format!(
                "Bis {} Monate nach dem Ende der Betreuung, solange danach nichts mehr offen ist; Texte der Mails {} Tage \
                 nach der Zustellung.",
                keeps.case_months, keeps.text_days
            ),
        ),
        ("Automatisierte Entscheidungen", "Keine; es gibt kein Profiling.".to_owned()),
        (
            "Rechte",
            "Berichtigung, Löschung, Einschränkung und Widerspruch (DSGVO Art. 16 bis 18 und 21) beim Jobcenter; \
             Beschwerde bei der oder dem Bundesbeauftragten für den Datenschutz und die Informationsfreiheit (bei \
             zugelassenen kommunalen Trägern: der des Landes)."
                .to_owned(),
        ),
        (
            "Weitere Stellen",
            "VerBIS und STEP sind eigene Verfahren; diese Auskunft umfasst sie nicht.".to_owned(),
        ),
    ]
}

fn text(fallnr: &str, at: &str, known: &[Rows], settings: &Settings) -> String {
    let mut out = format!("Auskunft nach Artikel 15 DSGVO: BAK-Wiedervorlage\nFall {}, Stand {at}\n\n", clean(fallnr));
    for (what, words) in about(settings) {
        paragraph(&mut out, &format!("{what}: "), &words);
    }
    for (table, rows) in known {
        let _ = write!(out, "\n{} ({})\n", heading(table), rows.len());
        for row in rows {
            let fields =
                row.iter().filter(|(name, value)| !is_empty(value) && !matches!(name.as_str(), "row_key" | "fallnr"));
            let fields: Vec<_> = fields.map(|(name, value)| format!("{}: {}", label(name), shown(value))).collect();
            paragraph(&mut out, "  • ", &fields.join("; "));
        }
    }
    out
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(str::is_empty)
}

/// A table in words; one that is newer than these keeps its name.
fn heading(table: &str) -> &str {
    match table {
        "betreuung" => "Betreuung",
        "aktivitaet" => "Aktivitäten",
        "foerderung" => "Förderungen",
        "pause" => "Ruhezeiten",
        "termin" => "Termine",
        "listentag" => "Tage in Spalten der Listen: was dort zuletzt stand",
        "listenfall" => "Vollständige Listen, die den Fall führen oder führten",
        "ledger" => "Fristen und Erinnerungen",
        "notice" => "Mitteilungen: wem was gesagt wurde",
        "protokoll" => "Protokoll: was vor Änderungen dastand",
        "korrektur" => "Berichtigungen von Hand",
        other => other,
    }
}

fn label(column: &str) -> &str {
    match column {
        "bezeichnung" => "Initialen",
        "bak" => "BAK",
        "ifk" => "Integrationsfachkraft",
        "team" => "Team",
        "region" => "Region",
        "kennung" => "Kennung",
        "kennung_seit" => "Kennung seit",
        "uebergabe_am" => "Übergabe am",
        "hauptbetreuer_seit" => "Hauptbetreuung seit",
        "ende_am" => "Ende am",
        "ende_grund" => "Grund des Endes",
        "rueckgabegespraech_am" => "Rückgabegespräch am",
        "fazit_am" => "Fazit am",
        "art" => "Art",
        "datum" | "day" => "Tag",
        "anzahl" => "Anzahl",
        "foerdernr" => "Nummer der Förderung",
        "arbeitgeber" => "Arbeitgeber",
        "beginn" => "Beginn",
        "ende" => "Ende",
        "potenzial" => "Chance am ersten Arbeitsmarkt",
        "source" => "Quelle",
        "von" => "von",
        "bis" => "bis",
        "terminnr" => "Nummer des Termins",
        "uhrzeit" => "Uhrzeit",
        "ort" => "Ort",
        "teilnehmer" => "Teilnehmer",
        "rule" => "Regel",
        "subject" => "Gegenstand",
        "cycle" => "Anlass",
        "raw" => "Frist",
        "action" => "zu erledigen bis",
        "next_step" => "nächste Erinnerung",
        "step" => "Stufe",
        "sent_bak" => "gesagt an BAK",
        "sent_ifk" => "gesagt an Integrationsfachkraft",
        "sent_team" => "gesagt an Team",
        "sent_tl" => "gesagt an Teamleitung",
        "opened" => "offen seit",
        "ended" => "beendet am",
        "ended_how" => "beendet wie",
        "ended_by" => "beendet durch",
        "ended_by_day" => "beendet durch Eintrag vom",
        "addressed" => "angesprochene Rollen (Schlüssel)",
        "untold" => "noch zu unterrichtende Rollen (Schlüssel)",
        "role" => "Rolle",
        "kind" => "Art der Mail",
        "recipient" => "Empfänger",
        "state" => "Stand der Mail",
        "tabelle" => "Liste",
        "schluessel" => "Schlüssel",
        "vorgang" => "Vorgang",
        "vor_vorgang" => "Vorgang davor",
        "vorher" => "vorher",
        "feld" => "Feld",
        "geliefert" => "laut Liste",
        "wert" => "laut Berichtigung",
        "sent_at" => "zugestellt",
        "spalte" => "Spalte",
        "eigen" => "nur aus dieser Spalte bekannt",
        "fehlt_seit" => "fehlt seit",
        other => other,
    }
}

/// A value in words.
fn shown(value: &Value) -> String {
    let Some(text) = value.as_str() else {
        return value.as_bool().map_or_else(|| value.to_string(), |yes| if yes { "ja" } else { "nein" }.to_owned());
    };
    if let Ok(day) = text.parse::<NaiveDate>() {
        return date(day);
    }
    if let Ok(at) = text.parse::<chrono::DateTime<chrono::Utc>>() {
        return instant(at);
    }
    clean(text).into_owned()
}
