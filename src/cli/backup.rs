//! `backup` and `restore`.

use std::path::Path;

use super::output::print;
use crate::app::{App, password};
use crate::backup::back_up;
use crate::clock::Clock;
use crate::config::settings::Settings;
use crate::mail::words::{date, plural};
use crate::store;

pub(super) async fn backup(app: &App, to: Option<&Path>) -> anyhow::Result<u8> {
    let settings = &app.settings.backup;
    let Some(dir) = to.or(settings.dir.as_deref()) else {
        anyhow::bail!("Wohin? Bitte den Ordner mit --to angeben oder backup.dir in den Einstellungen setzen.");
    };
    let made = back_up(&app.db, dir, settings.keep, app.clock.now()).await?;
    print(format!("Gesichert: {}\nDaneben liegt die Prüfsumme (.sha256). {made}.", made.file.display()))?;
    Ok(0)
}

/// Does not open the house first: opening a database makes it, or changes its tables.
pub(super) async fn restore(config: Option<&Path>, file: &Path, clock: Clock) -> anyhow::Result<u8> {
    let settings = Settings::load(config)?;
    let done = store::restore(&settings.database_url, password(&settings), file, clock.now()).await?;
    let mut lines = vec![format!("Eingespielt: {}, geprüft und vollständig.", file.display())];
    if let Some(older) = done.older {
        lines.push(format!(
            "Sie stammt von einer älteren Version (Schema {older}) und wurde auf den neuen Stand gebracht."
        ));
    }
    if let Some(last) = done.last_run {
        lines.push(format!(
            "Der letzte Lauf darin ist vom {}. Was seitdem eingelesen oder eingetragen wurde, bitte noch einmal einlesen \
             und eintragen, bevor der Dienst startet.",
            date(last)
        ));
    }
    if done.waiting > 0 {
        lines.push(format!(
            "{} darin noch auf den Versand. Gingen sie nach der Sicherung schon hinaus, kommen sie ein zweites Mal an, \
             mit derselben Message-ID; „wiedervorlage outbox cancel NR“ zieht sie zurück.",
            plural(done.waiting, "Mail wartet", "Mails warten")
        ));
    }
    if let Some(kept) = done.kept {
        lines.push(format!("Was bisher da war, liegt in {}.", kept.display()));
    }
    lines.push(
        "Wer seit der Sicherung vergessen wurde (forget), ist wieder da: bitte den Befehl wiederholen.".to_owned(),
    );
    print(lines.join("\n"))?;
    Ok(0)
}
