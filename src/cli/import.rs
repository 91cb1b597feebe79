//! `import`: what was read, and what of it could not be taken over.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use super::output::{stdout, table};
use crate::app::App;
use crate::intake::{self, Bar, FileReport, Options, Severity};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Ordner oder Dateien
    #[arg(required = true, value_name = "PFAD")]
    paths: Vec<PathBuf>,
    /// Übernimmt nichts von allem, wenn etwas abzulehnen ist
    #[arg(long)]
    strict: bool,
    /// Übernimmt auch Dateien, die mehr als 30 % ihrer Zeilen zurückziehen
    #[arg(long)]
    force: bool,
    /// Name der Quelle, deren Pausen, Abwesenheiten, Veranstaltungen und Termine die Dateien vollständig nennen
    #[arg(long, value_name = "NAME", default_value = intake::DEFAULT_SOURCE)]
    source: String,
}

pub(super) async fn import(app: &App, args: &Args) -> anyhow::Result<u8> {
    let options = Options {
        strict: args.strict,
        force: args.force,
        source: args.source.clone(),
        progress: Some(Arc::new(Bar::new())),
        ..Options::new(app.clock.now())
    };
    let report = intake::import(&app.db, &args.paths, &options).await?;
    let mut out = stdout();
    let mut rows =
        table(["Datei", "gelesen", "neu", "geändert", "unverändert", "zurückgezogen", "gemeldet", "abgelehnt"]);
    for file in report.files.iter().filter(|f| f.fatal.is_none()) {
        let c = &file.counts;
        let counts = [c.read, c.new, c.changed, c.unchanged, c.withdrawn, c.reported, c.refused];
        rows.add_row(std::iter::once(name(file)).chain(counts.map(|n| n.to_string())));
    }
    if rows.row_count() > 0 {
        writeln!(out, "{rows}")?;
    }
    for file in &report.files {
        details(&mut out, file)?;
    }
    let closing = match (report.kept, report.exit_code()) {
        (_, 2) => "Nichts war lesbar; es wurde nichts geändert.",
        (false, _) => "Mit --strict wurde nichts übernommen, weil etwas abzulehnen war.",
        (true, 0) if report.changed_nothing => "Nichts geändert: Die Daten waren schon auf diesem Stand.",
        (true, _) if report.changed_nothing => "Nichts geändert; das Abgelehnte wurde nicht übernommen.",
        (true, 0) => "Alles übernommen.",
        (true, _) => "Übernommen bis auf das Abgelehnte.",
    };
    writeln!(out, "{closing}")?;
    if let Some(id) = report.import.filter(|_| !report.changed_nothing) {
        writeln!(out, "Import {id}; zurücknehmen ließe er sich mit „wiedervorlage undo {id}“.")?;
    }
    out.flush()?;
    Ok(report.exit_code())
}

fn name(file: &FileReport) -> String {
    file.path.file_name().map_or_else(|| file.path.display().to_string(), |n| n.to_string_lossy().into_owned())
}

fn details(out: &mut impl std::io::Write, file: &FileReport) -> std::io::Result<()> {
    let name = name(file);
    if let Some(fatal) = &file.fatal {
        writeln!(out, "{name}: {}", fatal.text)?;
    }
    for problem in &file.problems {
        let word = if problem.severity == Severity::Refused { "abgelehnt" } else { "gemeldet" };
        writeln!(out, "{name}: {word}: {problem}")?;
    }
    if file.more > 0 {
        writeln!(out, "{name}: … und {} weitere", file.more)?;
    }
    if let Some(rejects) = &file.rejects {
        writeln!(out, "{name}: abgelehnte Zeilen zum Berichtigen: {}", rejects.display())?;
    }
    if let Some(failed) = &file.rejects_failed {
        writeln!(out, "{name}: {failed}")?;
    }
    Ok(())
}
