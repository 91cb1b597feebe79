//! What people have corrected against what a file says of the same field.
//!
//! RULES.md §1 lets a later row replace an earlier one. A list that is delivered every day and still says what it said
//! before the correction says nothing later: people's word stays. As soon as it says something else, the list counts.

use super::tables::{KORREKTUR, Table, Type};
use super::{execute, number, texts};
use crate::store::StoreError;
use crate::store::dialect::Tx;
use crate::store::protocol::{keep, key_is};

/// Cases that are named; the others are counted.
const NAMED: usize = 5;

/// What became of corrections that a file speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settled {
    /// How many ended, because the file says something new.
    pub overruled: u64,
    /// The first of their cases.
    pub first: Vec<String>,
    /// How many the file agrees with, for the first time.
    pub caught_up: u64,
}

/// Holds the staged rows of a table against the corrections of it. Of fields that the file does not state, if it does not
/// state all, it says nothing.
pub(super) async fn settle(
    tx: &mut Tx,
    table: &Table,
    change: i64,
    stated: Option<&[&str]>,
) -> Result<Settled, StoreError> {
    let name = table.name;
    let mut fields = texts(tx, format!("select distinct feld from korrektur where tabelle = '{name}'"), &[]).await?;
    fields.retain(|field| stated.is_none_or(|stated| stated.contains(&field.as_str())));
    let mut settled = Settled::default();
    for (field, ty) in table.columns.iter().filter(|(column, _)| fields.iter().any(|f| f == column)) {
        settle_field(tx, table, field, *ty, change, &mut settled).await?;
    }
    Ok(settled)
}

async fn settle_field(
    tx: &mut Tx,
    table: &Table,
    field: &str,
    ty: Type,
    change: i64,
    settled: &mut Settled,
) -> Result<(), StoreError> {
    let name = table.name;
    let (delivered, said) = (tx.text_as("m.geliefert", ty), tx.text_as("m.wert", ty));
    let same = key_is(tx, table, "m", "s");
    let both = format!("m.tabelle = '{name}' and m.feld = '{field}' and {same} and s.line > 0");
    let joined = format!("from korrektur as m, stage_{name} as s where {both}");

    // The list has caught up: it says what people say.
    let caught_up = format!("s.{field} is distinct from {delivered} and s.{field} is not distinct from {said}");
    let sql = keep(tx, &KORREKTUR, change, &format!("{joined} and {caught_up}"));
    let kept = execute(tx, sql.into(), &[]).await?;
    if kept > 0 {
        settled.caught_up += kept;
        let set = format!("geliefert = m.wert, vorgang = {change}");
        let sql = format!("update korrektur as m set {set} from stage_{name} s where {both} and {caught_up}");
        execute(tx, sql.into(), &[]).await?;
    }

    // The list says something new: it counts.
    let overruled = format!("s.{field} is distinct from {delivered} and s.{field} is distinct from {said}");
    let count = number(tx, format!("select count(*) {joined} and {overruled}"), &[]).await?;
    if count > 0 {
        let room = NAMED - settled.first.len();
        let sql = format!("select m.fallnr {joined} and {overruled} order by m.fallnr limit {room}");
        settled.overruled += count;
        settled.first.append(&mut texts(tx, sql, &[]).await?);
        let sql = keep(tx, &KORREKTUR, change, &format!("{joined} and {overruled}"));
        execute(tx, sql.into(), &[]).await?;
        let sql = format!(
            "delete from korrektur as m where exists (select 1 from stage_{name} s where {both} and {overruled})"
        );
        execute(tx, sql.into(), &[]).await?;
    }

    // The list says what it said before: people's word stays.
    let stays = format!("s.{field} is not distinct from {delivered} and m.wert is distinct from m.geliefert");
    let sql = format!("update stage_{name} as s set {field} = {said} from korrektur m where {both} and {stays}");
    execute(tx, sql.into(), &[]).await?;
    Ok(())
}
