//! `inbox`: one look into the watched folder by hand.

use std::io::Write as _;

use tokio_util::sync::CancellationToken;

use super::output::stdout;
use crate::app::App;
use crate::inbox::Inbox;
use crate::mail::words::{clean, plural};

pub(super) async fn inbox(app: &App) -> anyhow::Result<u8> {
    let Some(settings) = &app.settings.inbox else {
        anyhow::bail!("inbox.dir ist leer: Es ist kein Eingangsordner eingestellt.");
    };
    let (mut inbox, stop, now) = (Inbox::default(), CancellationToken::new(), app.clock.now());
    let mut looked = inbox.look(app, now, &stop).await?;
    if looked.waiting > 0 {
        tokio::time::sleep(settings.settle.to_std()?).await;
        // So much time has passed, whatever the clock was set to meanwhile.
        let again = inbox.look(app, now + settings.settle, &stop).await?;
        looked.files.extend(again.files);
        (looked.waiting, looked.sentences, looked.busy) = (again.waiting, again.sentences, again.busy);
    }
    let mut out = stdout();
    if looked.busy {
        writeln!(out, "In den Eingangsordner sieht gerade ein anderer Vorgang, vermutlich der Dienst.")?;
    }
    for (name, outcome, _) in &looked.files {
        writeln!(out, "{}: {outcome}", clean(name))?;
    }
    for sentence in &looked.sentences {
        writeln!(out, "{sentence}")?;
    }
    if looked.waiting > 0 {
        let files = plural(looked.waiting, "Datei wartet", "Dateien warten");
        writeln!(out, "{files}, bis alles unverändert daliegt.")?;
    }
    if looked.files.is_empty() && looked.sentences.is_empty() && looked.waiting == 0 && !looked.busy {
        writeln!(out, "Nichts einzulesen.")?;
    }
    out.flush()?;
    let whole = looked.files.iter().all(|(.., whole)| *whole);
    Ok(u8::from(!whole || looked.busy || looked.waiting > 0 || !looked.sentences.is_empty()))
}
