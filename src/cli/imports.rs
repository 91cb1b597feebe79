//! `imports` and `undo`: what was taken over when, by whom and from where; and taking it back.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::Format;
use super::output::{json_line, print, stdout, table};
use super::words;
use crate::app::App;
use crate::mail::words::{clean, instant, plural};
use crate::store::{Change, ChangeKind, FileCounts, Kept, Undo};

/// Imports that are shown unless all are asked for.
const SHOWN: u32 = 20;

/// An import as programs read it.
#[derive(Serialize)]
struct Row<'a> {
    id: i64,
    at: DateTime<Utc>,
    who: &'a str,
    from: &'a str,
    files: Vec<&'a str>,
    /// What came of it, table by table: a list may feed several.
    tables: Vec<InTable<'a>>,
    read: u64,
    new: u64,
    changed: u64,
    unchanged: u64,
    withdrawn: u64,
    refused: u64,
    undone_at: Option<DateTime<Utc>>,
    undone_by: Option<&'a str>,
}

/// What became of the files for one table.
#[derive(Serialize)]
struct InTable<'a> {
    table: &'a str,
    read: u64,
    new: u64,
    changed: u64,
    unchanged: u64,
    withdrawn: u64,
    refused: u64,
}

impl<'a> InTable<'a> {
    fn all(files: &'a [FileCounts]) -> Vec<Self> {
        let mut tables: Vec<Self> = Vec::new();
        for file in files {
            let table = file.table.as_str();
            let at = tables.iter().position(|known| known.table == table).unwrap_or_else(|| {
                tables.push(Self { table, read: 0, new: 0, changed: 0, unchanged: 0, withdrawn: 0, refused: 0 });
                tables.len() - 1
            });
            let sum = &mut tables[at];
            sum.read += file.read;
            sum.new += file.new;
            sum.changed += file.changed;
            sum.unchanged += file.unchanged;
            sum.withdrawn += file.withdrawn;
            sum.refused += file.refused;
        }
        tables
    }
}

impl<'a> Row<'a> {
    fn of(kept: &'a Kept) -> Self {
        let mut files: Vec<_> = kept.files.iter().map(|f| f.file.as_str()).collect();
        files.dedup();
        let sum = |count: fn(&FileCounts) -> u64| kept.files.iter().map(count).sum();
        Self {
            id: kept.id,
            at: kept.at,
            who: &kept.who,
            from: &kept.from,
            files,
            tables: InTable::all(&kept.files),
            read: sum(|f| f.read),
            new: sum(|f| f.new),
            changed: sum(|f| f.changed),
            unchanged: sum(|f| f.unchanged),
            withdrawn: sum(|f| f.withdrawn),
            refused: sum(|f| f.refused),
            undone_at: kept.undone.as_ref().map(|(at, _)| *at),
            undone_by: kept.undone.as_ref().map(|(_, who)| who.as_str()),
        }
    }
}

pub(super) async fn imports(app: &App, all: bool, format: Format) -> anyhow::Result<u8> {
    let imports = app.db.snapshot().await?.imports(if all { u32::MAX } else { SHOWN }).await?;
    if format == Format::Jsonl {
        let mut out = stdout();
        imports.iter().try_for_each(|kept| json_line(&mut out, &Row::of(kept)))?;
        return Ok(std::io::Write::flush(&mut out).map(|()| 0)?);
    }
    if imports.is_empty() {
        print("Noch ist kein Import festgehalten.")?;
        return Ok(0);
    }
    let mut rows = table(["Nr", "wann", "wer", "woher", "was", "neu", "geändert", "zurückgezogen", "Stand"]);
    for kept in &imports {
        let row = Row::of(kept);
        let from = format!("{}: {}", row.from, clean(&names(&row.files)));
        let stands = match &kept.undone {
            None => "gilt".to_owned(),
            Some((at, who)) => format!("zurückgenommen am {} von {who}", instant(*at)),
        };
        // A line for each table that says something else since.
        let changed: Vec<_> = row.tables.iter().filter(|t| t.new + t.changed + t.withdrawn > 0).collect();
        let lines = |line: fn(&InTable<'_>) -> String| {
            let lines: Vec<_> = changed.iter().map(|table| line(table)).collect();
            if lines.is_empty() { "–".to_owned() } else { lines.join("\n") }
        };
        let counts = [
            lines(|t| words::table(t.table).to_owned()),
            lines(|t| t.new.to_string()),
            lines(|t| t.changed.to_string()),
            lines(|t| t.withdrawn.to_string()),
        ];
        let head = [kept.id.to_string(), instant(kept.at), clean(row.who).into_owned(), from];
        rows.add_row(head.into_iter().chain(counts).chain([stands]));
    }
    print(&rows)?;
    if !all && imports.len() == SHOWN as usize {
        print(format!("Gezeigt sind die letzten {SHOWN}; „imports --all“ zeigt alle."))?;
    }
    Ok(0)
}

pub(super) async fn undo(app: &App, id: i64) -> anyhow::Result<u8> {
    let who = crate::who::name();
    let change = Change { kind: ChangeKind::Undo, at: app.clock.now(), who: &who, from: "undo", undoes: Some(id) };
    match app.db.undo(&change).await? {
        Undo::Done { removed, restored, later } => {
            print(done(id, removed, restored))?;
            if later > 0 {
                print(
                    "Danach wurde noch importiert. Was diese Importe mit denselben Worten sagten, ist mit zurückgenommen; \
                     spielen Sie deren Lieferung erneut ein, falls es gelten soll.",
                )?;
            }
        }
        Undo::Unknown => anyhow::bail!(
            "Einen Import {id} gibt es nicht, oder er ist so lange her, dass sein Protokoll gelöscht ist \
             (retention.log_months). „wiedervorlage imports --all“ zeigt die Nummern."
        ),
        Undo::NotAnImport(kind) => anyhow::bail!(
            "Nummer {id} ist kein Import, sondern {}. {}",
            words::change(kind),
            match kind {
                Some(ChangeKind::Record) => "Einen Eintrag nimmt „record --withdraw“ zurück.",
                Some(ChangeKind::Set) =>
                    "Eine Berichtigung ändert man mit „case set“; „case show“ zeigt den früheren Wert.",
                _ => "Zurücknehmen lassen sich nur Importe; „wiedervorlage imports“ zeigt sie.",
            }
        ),
        Undo::Already(by) => {
            anyhow::bail!("Import {id} ist schon zurückgenommen (Vorgang {by}). Nichts wurde geändert.")
        }
        Undo::Changed { rows: count, by } => anyhow::bail!("{}", changed(id, count, &by)),
        Undo::TeamsInUse(cases) => anyhow::bail!(
            "Import {id} hat Teams gebracht, zu denen {} aus anderen Importen gehören. Nichts wurde geändert. Nehmen Sie \
             zuerst diese Importe zurück („wiedervorlage imports“) oder berichtigen Sie die Teams mit einer neuen teams.csv.",
            plural(usize::try_from(cases).unwrap_or(usize::MAX), "Fall", "Fälle")
        ),
    }
    Ok(0)
}

fn done(id: i64, removed: u64, restored: u64) -> String {
    if removed + restored == 0 {
        return format!(
            "Import {id} ist zurückgenommen. Er hatte an den Daten nichts geändert; ihr Stand ist wieder der frühere."
        );
    }
    format!(
        "Import {id} ist zurückgenommen: {} entfernt, {} wieder wie zuvor. Schon verschickte Mails bleiben, wie sie sind; \
         der nächste Lauf rechnet mit dem früheren Stand.",
        rows(removed),
        rows(restored)
    )
}

/// The first names of files; the others are counted.
fn names(files: &[&str]) -> String {
    const NAMED: usize = 3;
    let more = files.len().saturating_sub(NAMED);
    let named = files[..files.len() - more].join(", ");
    if more == 0 { named } else { format!("{named} und {more} weitere") }
}

/// Why an import cannot be taken back, and what to do.
fn changed(id: i64, count: u64, by: &[(i64, Option<ChangeKind>)]) -> String {
    let later: Vec<_> = by.iter().map(|(id, kind)| format!("{id} ({})", words::change(*kind))).collect();
    let imports = by.iter().any(|(_, kind)| *kind == Some(ChangeKind::Import));
    let remedy = if imports {
        "Nehmen Sie zuerst die späteren Importe zurück, den letzten zuerst, oder spielen Sie eine berichtigte Lieferung ein."
    } else {
        "Von Hand Geändertes ginge dabei verloren. Berichtigen Sie einzelne Angaben mit „case set“ oder spielen Sie eine \
         berichtigte Lieferung ein."
    };
    format!(
        "Import {id} lässt sich nicht zurücknehmen: {} seitdem noch einmal geändert, von Vorgang {}. Nichts wurde \
         geändert. {remedy}",
        if count == 1 { "1 Zeile wurde".to_owned() } else { format!("{count} Zeilen wurden") },
        later.join(", ")
    )
}

fn rows(count: u64) -> String {
    if count == 1 { "1 Zeile".to_owned() } else { format!("{count} Zeilen") }
}
