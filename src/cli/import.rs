//! `import`: what was read, and what of it could not be taken over.
//!
//! An office's own list is read by a mapping; how its columns were understood is told when nothing is kept (`--dry-run`).

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use super::output::{print, stdout, table};
use super::words;
use crate::app::App;
use crate::intake::mapping::Mapping;
use crate::intake::{self, Bar, FileReport, Options, Report, Severity, Understood};
use crate::mail::words::plural;
use crate::store::{FieldChange, FieldChanges};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Ordner oder Dateien
    #[arg(required = true, value_name = "PFAD")]
    paths: Vec<PathBuf>,
    /// Übernimmt nichts von allem, wenn etwas abzulehnen ist
    #[arg(long)]
    strict: bool,
    /// Übernimmt auch Dateien, die mehr als 30 % ihrer Zeilen zurückziehen, und Listen, in denen mehr als 20 % fehlen
    #[arg(long)]
    force: bool,
    /// Name der Quelle, deren Pausen, Abwesenheiten, Veranstaltungen und Termine die Dateien vollständig nennen
    #[arg(long, value_name = "NAME", default_value = intake::DEFAULT_SOURCE)]
    source: String,
    /// Zuordnung (TOML), nach der eigene Listen (xlsx, xls, ods, CSV) gelesen werden; Beispiel: config/kundenliste.beispiel.toml
    #[arg(long, value_name = "DATEI")]
    map: Option<PathBuf>,
    /// Ändert nichts: zeigt, wie die Spalten verstanden werden und was sich ändern würde
    #[arg(long)]
    dry_run: bool,
    /// Schreibt statt zu lesen einen Entwurf der Zuordnung zu einer Liste auf die Standardausgabe
    #[arg(long, conflicts_with_all = ["map", "dry_run", "strict", "force"])]
    pub(super) suggest: bool,
}

pub(super) async fn import(app: &App, args: &Args) -> anyhow::Result<u8> {
    let mapping = args.map.as_deref().map(Mapping::load).transpose()?.map(Arc::new);
    let options = Options {
        mapping,
        dry_run: args.dry_run,
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
    if args.dry_run {
        for file in &report.files {
            understood(&mut out, file)?;
        }
        for field in &report.differences {
            different(&mut out, field)?;
        }
    }
    let closing = closing(&report, args.dry_run);
    writeln!(out, "{closing}")?;
    if let Some(id) = report.import.filter(|_| !report.changed_nothing) {
        writeln!(out, "Import {id}; zurücknehmen ließe er sich mit „wiedervorlage undo {id}“.")?;
    }
    out.flush()?;
    Ok(report.exit_code())
}

/// A first mapping for a list, to be corrected by hand. Needs no database.
pub(super) fn suggest(args: &Args) -> anyhow::Result<u8> {
    let [path] = &args.paths[..] else { anyhow::bail!("--suggest schreibt die Zuordnung zu genau einer Liste.") };
    let text = intake::suggest::suggest(path).map_err(anyhow::Error::msg)?;
    print(text.trim_end())?;
    Ok(0)
}

fn closing(report: &Report, dry_run: bool) -> &'static str {
    match (report.kept, report.exit_code()) {
        (_, 2) => "Nichts war lesbar; es wurde nichts geändert.",
        _ if dry_run && report.changed_nothing => "Probelauf: Es würde sich nichts ändern.",
        _ if dry_run => "Probelauf: Es wurde nichts geändert. Ohne --dry-run wird übernommen, was oben steht.",
        (false, _) => "Mit --strict wurde nichts übernommen, weil etwas abzulehnen war.",
        (true, 0) if report.changed_nothing => "Nichts geändert: Die Daten waren schon auf diesem Stand.",
        (true, _) if report.changed_nothing => "Nichts geändert; das Abgelehnte wurde nicht übernommen.",
        (true, 0) => "Alles übernommen.",
        (true, _) => "Übernommen bis auf das Abgelehnte.",
    }
}

fn name(file: &FileReport) -> String {
    let name =
        file.path.file_name().map_or_else(|| file.path.display().to_string(), |n| n.to_string_lossy().into_owned());
    if file.activities { format!("{name} (Tätigkeiten)") } else { name }
}

/// How the columns of a list were understood.
fn understood(out: &mut impl std::io::Write, file: &FileReport) -> std::io::Result<()> {
    let Some(Understood { sheets, columns, unread, .. }) = &file.understood else { return Ok(()) };
    let of = name(file);
    for sheet in sheets {
        let which = if sheet.name.is_empty() { String::new() } else { format!("Blatt „{}“, ", sheet.name) };
        let skipped = match sheet.skipped {
            0 => String::new(),
            n => format!(", {} übergangen (Summen, Anmerkungen)", plural(n, "Zeile", "Zeilen")),
        };
        let rows = if file.activities { String::new() } else { format!(", {}", plural(sheet.rows, "Fall", "Fälle")) };
        writeln!(out, "{of}: {which}Kopfzeile in Zeile {}{rows}{skipped}", sheet.header)?;
    }
    let mut rows = table(["Überschrift", "bedeutet", "gefüllt", "zu klären"]);
    for column in columns {
        let means = if column.activity { format!("Tätigkeit {}", column.means) } else { column.means.to_owned() };
        rows.add_row([column.heading.clone(), means, column.filled.to_string(), column.odd.to_string()]);
    }
    if !columns.is_empty() {
        writeln!(out, "{rows}")?;
    }
    if !unread.is_empty() {
        writeln!(out, "{of}: nicht gelesen: {}", unread.join(", "))?;
    }
    Ok(())
}

/// What a field of known rows would say instead.
fn different(out: &mut impl std::io::Write, changes: &FieldChanges) -> std::io::Result<()> {
    let FieldChanges { table, field, rows, first } = changes;
    let count = plural(usize::try_from(*rows).unwrap_or(usize::MAX), "Änderung", "Änderungen");
    writeln!(out, "{}, {field}: {count}", words::table(table))?;
    for FieldChange { key, before, after } in first {
        let key = key.split([' ', '\u{1f}']).map(|part| words::value(Some(part))).collect::<Vec<_>>().join(" ");
        writeln!(out, "  {key}: {} → {}", words::value(before.as_deref()), words::value(after.as_deref()))?;
    }
    match rows.saturating_sub(first.len() as u64) {
        0 => Ok(()),
        more => writeln!(out, "  … und {more} weitere"),
    }
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
    let sheets = file.understood.iter().flat_map(|understood| &understood.sheets);
    let skipped = sheets.map(|sheet| sheet.skipped).sum::<u64>();
    if skipped > 0 && file.fatal.is_none() {
        writeln!(out, "{name}: {} übergangen (Summen, Anmerkungen)", plural(skipped, "Zeile", "Zeilen"))?;
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
