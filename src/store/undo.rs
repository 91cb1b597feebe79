//! Taking an import back whole: rows that it brought go, rows that it changed or withdrew are again what they were.
//!
//! That is refused where somebody has changed the same rows since; then nothing happens. All of it is SQL over the log,
//! so memory does not grow with the import.

use sqlx::AssertSqlSafe;

use super::dialect::{all, maybe, one, run};
use super::import::Table;
use super::import::tables::{TAKEN_BACK, TEAM};
use super::import::{execute, number};
use super::protocol::{Change, ChangeKind, keep, key_is};
use super::{Db, StoreError, WriteTx};

/// Later changes that are named; a person begins with the last.
const NAMED: usize = 5;

/// What taking an import back came to. Only after [`Undo::Done`] is anything different.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undo {
    /// It is taken back.
    Done {
        /// Rows that it had brought and that are gone.
        removed: u64,
        /// Rows that it had changed or withdrawn and that are as before.
        restored: u64,
        /// Imports that came later and stand. What they said in the same words as this one went with it.
        later: u64,
    },
    /// There is no change of that number.
    Unknown,
    /// It is no import.
    NotAnImport(Option<ChangeKind>),
    /// It was taken back before, by the change of this number.
    Already(i64),
    /// The same rows were changed since.
    Changed {
        /// How many rows.
        rows: u64,
        /// By which changes, the last one first; at most five.
        by: Vec<(i64, Option<ChangeKind>)>,
    },
    /// It brought teams that so many cases of other imports belong to.
    TeamsInUse(u64),
}

impl Db {
    /// Takes back the import that `change` names, as one transaction; the Datenstand of its teams too.
    pub async fn undo(&self, change: &Change<'_>) -> Result<Undo, StoreError> {
        let Some(import) = change.undoes else { return Ok(Undo::Unknown) };
        let mut write = self.begin_change(change).await?;
        let own = write.change();
        let kind: Option<(String,)> =
            maybe!(write.inner(), "select art from vorgang where id = $1 and id < $2", import, own)?;
        let Some((kind,)) = kind else { return Ok(Undo::Unknown) };
        let kind = kind.parse().ok();
        if kind != Some(ChangeKind::Import) {
            return Ok(Undo::NotAnImport(kind));
        }
        let before: Option<(i64,)> =
            maybe!(write.inner(), "select id from vorgang where nimmt_zurueck = $1 and id <> $2", import, own)?;
        if let Some((by,)) = before {
            return Ok(Undo::Already(by));
        }
        if let Some(refused) = changed_since(&mut write, import).await? {
            return Ok(refused);
        }
        let (mut removed, mut restored) = (0, 0);
        for table in TAKEN_BACK {
            let name = table.name();
            // What it had made of rows that were there before is kept too: a trace of what people saw in between.
            let same = key_is(write.inner(), table, "a", "m");
            let from = format!(
                "from {name} as m, protokoll as a where a.vorgang = {import} and a.tabelle = '{name}' and {same}"
            );
            let sql = keep(write.inner(), table, own, &from);
            execute(write.inner(), sql.into(), &[]).await?;
            let again = restore(&mut write, table, import).await?;
            // What was restored bears an older stamp now: what is left is what the import brought.
            if name == TEAM.name() {
                let sql = format!(
                    "select count(*) from betreuung b join team t on t.team = b.team where t.vorgang = {import}"
                );
                let cases = number(write.inner(), sql, &[]).await?;
                if cases > 0 {
                    return Ok(Undo::TeamsInUse(cases));
                }
            }
            let sql = format!("delete from {name} where vorgang = {import}");
            let gone = execute(write.inner(), sql.into(), &[]).await?;
            if !table.beside() {
                restored += again;
                removed += gone;
            }
        }
        datenstand(&mut write, import).await?;
        write.bump_revision().await?;
        write.analyze().await?;
        let sql =
            format!("select count(*) from vorgang v where v.art = 'import' and v.id > {import} and {}", stands("v.id"));
        let later = number(write.inner(), sql, &[]).await?;
        write.commit().await?;
        Ok(Undo::Done { removed, restored, later })
    }
}

/// The condition that a change, by its number in a column, was not taken back, nor is a taking back itself: that leaves
/// rows as they were.
fn stands(column: &str) -> String {
    format!(
        "not exists (select 1 from vorgang u where u.nimmt_zurueck = {column} or (u.id = {column} and u.art = 'undo'))"
    )
}

/// Whether rows that the import wrote or withdrew were changed by others since.
async fn changed_since(write: &mut WriteTx, import: i64) -> Result<Option<Undo>, StoreError> {
    let (mut facts, mut beside, mut by) = (0, 0, Vec::new());
    for table in TAKEN_BACK {
        let sql = later(write, table, import);
        let (rows,): (i64,) =
            one!(write.inner(), AssertSqlSafe(format!("select count(distinct schluessel) from ({sql}) spaeter")))?;
        if rows == 0 {
            continue;
        }
        *(if table.beside() { &mut beside } else { &mut facts }) += rows.unsigned_abs();
        let numbers = format!(
            "select v.id, v.art from vorgang v where v.id in (select spaeter.vorgang from ({sql}) spaeter) \
             order by v.id desc limit {NAMED}"
        );
        let mut numbers: Vec<(i64, String)> = all!(write.inner(), AssertSqlSafe(numbers))?;
        by.append(&mut numbers);
    }
    // What stands beside a row and was changed again is counted with it.
    let rows = if facts > 0 { facts } else { beside };
    by.sort_unstable_by(|one, other| other.cmp(one));
    by.dedup();
    by.truncate(NAMED);
    let by = by.into_iter().map(|(id, kind)| (id, kind.parse().ok())).collect();
    Ok((rows > 0).then_some(Undo::Changed { rows, by }))
}

/// The select of the rows (key, later change) that the import touched and another change touched since.
fn later(write: &mut WriteTx, table: &Table, import: i64) -> String {
    let name = table.name();
    let (same, same_later) = (key_is(write.inner(), table, "a", "m"), key_is(write.inner(), table, "l", "m"));
    let stands = stands("l.vorgang");
    // Rows that bore the import's stamp when they were changed, with who did so and who did last; rows that it withdrew
    // and that are there again; rows that it withdrew and that came and went again.
    format!(
        "select l.schluessel, l.vorgang from protokoll l \
         where l.tabelle = '{name}' and l.vor_vorgang = {import} and l.vorgang <> {import} and {stands} \
         union select l.schluessel, m.vorgang from protokoll l join {name} m on {same_later} \
         where l.tabelle = '{name}' and l.vor_vorgang = {import} and l.vorgang <> {import} and {stands} \
         union select a.schluessel, m.vorgang from protokoll a join {name} m on {same} \
         where a.vorgang = {import} and a.tabelle = '{name}' and m.vorgang <> {import} \
         union select a.schluessel, l.vorgang from protokoll a \
         join protokoll l on l.tabelle = a.tabelle and l.schluessel = a.schluessel \
         where a.vorgang = {import} and a.tabelle = '{name}' and l.vorgang > {import} and {stands}"
    )
}

/// Writes back what the import changed or withdrew.
async fn restore(write: &mut WriteTx, table: &Table, import: i64) -> Result<u64, StoreError> {
    let (tx, name) = (write.inner(), table.name());
    let columns = table.all_columns();
    let values = columns.iter().enumerate().map(|(n, (_, ty))| tx.json_at("a.vorher", n, *ty));
    let values = values.collect::<Vec<_>>().join(", ");
    let key = table.whole_key();
    let names = columns.iter().map(|(column, _)| *column).chain(["vorgang"]);
    let set = names.clone().filter(|column| key.iter().all(|(part, _)| part != column));
    let set = set.map(|column| format!("{column} = excluded.{column}")).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "insert into {name} ({}) select {values}, a.vor_vorgang from protokoll a \
         where a.vorgang = {import} and a.tabelle = '{name}' on conflict ({}) do update set {set}",
        names.collect::<Vec<_>>().join(", "),
        key.iter().map(|(part, _)| *part).collect::<Vec<_>>().join(", ")
    );
    execute(tx, sql.into(), &[]).await
}

/// Sets the Datenstand of the import's teams to that of their last import or entry that stands.
async fn datenstand(write: &mut WriteTx, import: i64) -> Result<(), StoreError> {
    let stands = stands("v.vorgang");
    run!(
        write.inner(),
        "delete from datenstand where team in (select team from vorgang_team where vorgang = $1)",
        import
    )?;
    let sql = format!(
        "insert into datenstand (team, at) select v.team, max(v.at) from vorgang_team v \
         where v.team in (select team from vorgang_team where vorgang = {import}) and v.vorgang <> {import} and {stands} \
         group by v.team"
    );
    execute(write.inner(), sql.into(), &[]).await?;
    Ok(())
}
