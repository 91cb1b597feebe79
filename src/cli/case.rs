//! `case set` and `case show`: one case set right by hand, and all that is known of it.

mod show;

use clap::{Subcommand, ValueEnum};

use super::output::print;
use super::words::value as shown;
use crate::app::App;
use crate::intake;
use crate::mail::words::clean;
use crate::store::{Change, ChangeKind};

/// What is asked of a case.
#[derive(Debug, Subcommand)]
pub(crate) enum Ask {
    /// Berichtigt eine Angabe zu einem Fall; sie gilt, bis die Liste etwas Neues sagt
    ///
    /// Felder sind die Spalten von betreuungen.csv: bezeichnung, bak, ifk, team, region, kennung, kennung_seit,
    /// uebergabe_am, hauptbetreuer_seit, ende_am, ende_grund, rueckgabegespraech_am, fazit_am. Solange die Liste
    /// dasselbe sagt wie vor der Berichtigung, bleibt die Berichtigung; sagt sie etwas anderes, gilt die Liste.
    Set {
        /// Die Fallnummer, mit führenden Nullen
        #[arg(value_name = "FALLNR")]
        fallnr: String,
        /// Das Feld, etwa ende_am
        #[arg(value_name = "FELD", value_parser = parse_field)]
        field: String,
        /// Der neue Wert, wie er in der Liste stünde; "" leert das Feld
        #[arg(value_name = "WERT", allow_hyphen_values = true)]
        value: String,
    },
    /// Zeigt alles, was zu einem Fall bekannt ist, und woher und von wann jede Angabe ist
    Show {
        /// Die Fallnummer, mit führenden Nullen
        #[arg(value_name = "FALLNR")]
        fallnr: String,
        /// Auch alle älteren Tätigkeiten, Mails und Änderungen
        #[arg(long)]
        all: bool,
        /// Text oder JSON (dieses immer vollständig)
        #[arg(long, value_enum, default_value_t)]
        format: Shape,
    },
}

/// How a case is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Shape {
    /// For people.
    #[default]
    Text,
    /// For programs: one JSON object.
    Json,
}

fn parse_field(text: &str) -> Result<String, String> {
    let field = text.trim().to_lowercase().replace('-', "_");
    if intake::case_fields().any(|known| known == field) {
        return Ok(field);
    }
    let fields: Vec<_> = intake::case_fields().collect();
    Err(format!("berichtigen lassen sich: {}", fields.join(", ")))
}

pub(super) async fn case(app: &App, ask: Ask) -> anyhow::Result<u8> {
    match ask {
        Ask::Set { fallnr, field, value } => set(app, &fallnr, &field, &value).await,
        Ask::Show { fallnr, all, format } => show::show(app, &fallnr, all, format).await,
    }
}

fn unknown(fallnr: &str) -> anyhow::Error {
    anyhow::anyhow!(
        "Der Fall {} ist nicht bekannt. Bitte die Nummer mit führenden Nullen angeben oder die Liste der Fälle einspielen \
         (wiedervorlage import).",
        clean(fallnr)
    )
}

async fn set(app: &App, fallnr: &str, field: &str, value: &str) -> anyhow::Result<u8> {
    let now = app.clock.now();
    let mut snapshot = app.db.snapshot().await?;
    let teams: Vec<String> = snapshot.teams(None).await?.into_iter().map(|team| team.team).collect();
    // A mistyped colleague would quietly send the case's mail elsewhere.
    let colleague = matches!(field, "bak" | "ifk") && !value.trim().is_empty();
    let mut stranger = colleague;
    if colleague {
        let each = |colleague: crate::domain::facts::Colleague, _| stranger &= colleague.kuerzel != value.trim();
        snapshot.each_colleague(crate::clock::local_date(now), each).await?;
    }
    // Reading must be over before writing begins: one process, one thing at a time.
    drop(snapshot);
    let parsed = intake::case_field(field, value, &teams).map_err(|problem| anyhow::anyhow!("{problem}"))?;
    let who = crate::who::name();
    let change = Change { kind: ChangeKind::Set, at: now, who: &who, from: "case set", undoes: None };
    let Some(set) = app.db.set_field(fallnr, field, parsed, &change).await? else { return Err(unknown(fallnr)) };
    let (old, new) = (shown(set.old.as_deref()), shown(set.new.as_deref()));
    if set.old == set.new {
        print(format!("Fall {}: {field} ist schon {new}; nichts wurde geändert.", clean(fallnr)))?;
    } else {
        print(format!(
            "Fall {}: {field} {old} → {new}. Das gilt, bis die Liste dazu etwas Neues sagt. In VerBIS oder STEP ist es damit \
             nicht geändert.",
            clean(fallnr)
        ))?;
    }
    if stranger {
        eprintln!(
            "Hinweis: {} ist im Personal nicht bekannt; Mails zu dem Fall gehen so an das Teampostfach.",
            clean(value)
        );
    }
    Ok(0)
}
