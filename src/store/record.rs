//! By hand: one thing done, for one or many cases; and one field of a case set right.
//!
//! Every word by hand is kept beside what the lists said (`korrektur`), so that the next import can tell the two apart.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::AssertSqlSafe;

use super::dialect::{Tx, maybe, run};
use super::import::tables::{AKTIVITAET, BETREUUNG, KORREKTUR, Table};
use super::import::{Value, confirm, execute};
use super::protocol::{Change, ChangeKind, keep};
use super::{Db, StoreError, WriteTx};
use crate::domain::facts::Art;

/// What a record did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recorded {
    /// Cases whose entry is new or different now.
    pub changed: Vec<String>,
    /// Cases whose entry said so already.
    pub unchanged: Vec<String>,
    /// Numbers that belong to no case; nothing was kept for them.
    pub unknown: Vec<String>,
}

/// What setting a field did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldSet {
    /// What it said; dates as ISO text.
    pub old: Option<String>,
    /// What it says.
    pub new: Option<String>,
}

impl Db {
    /// Enters `anzahl` of `art` on `day` for each case, in the place of what was there; 0 withdraws. The data of the
    /// cases' teams is as of `now` afterwards. All of it or nothing; unknown numbers are left out and given back.
    /// `who` is the user of the operating system.
    pub async fn record(
        &self,
        art: Art,
        cases: &[String],
        day: NaiveDate,
        anzahl: u32,
        now: DateTime<Utc>,
        who: &str,
    ) -> Result<Recorded, StoreError> {
        let (kind, from) =
            if anzahl == 0 { (ChangeKind::Withdraw, "record --withdraw") } else { (ChangeKind::Record, "record") };
        let mut write = self.begin_change(&Change { kind, at: now, who, from, undoes: None }).await?;
        let mut recorded = Recorded::default();
        let (mut teams, mut confirmed) = (BTreeSet::new(), false);
        let change = write.change();
        for fallnr in cases.iter().collect::<BTreeSet<_>>() {
            let tx = write.inner();
            let team: Option<(String,)> = maybe!(tx, "select team from betreuung where fallnr = $1", fallnr)?;
            let Some((team,)) = team else {
                recorded.unknown.push(fallnr.clone());
                continue;
            };
            teams.insert(team);
            let old = entered(tx, fallnr, art, day).await?;
            if anzahl > 0 {
                // From now on the day does not belong to a list's column alone, also where the count is what it was.
                let key = [Value::Text(fallnr.clone()), Value::Text(art.as_str().into()), Value::Day(Some(day))];
                confirmed |= confirm(tx, change, "m.fallnr = $1 and m.art = $2 and m.datum = $3", &key).await?;
            }
            if old == Some(i64::from(anzahl)) {
                recorded.unchanged.push(fallnr.clone());
                continue;
            }
            write.enter(fallnr, art, day, anzahl, old).await?;
            recorded.changed.push(fallnr.clone());
        }
        for team in &teams {
            write.touch_datenstand(team, now).await?;
        }
        if !recorded.changed.is_empty() {
            write.bump_revision().await?;
        }
        // Where nothing is different, not even how fresh the data is, nothing has happened and nothing is kept.
        if !recorded.changed.is_empty() || confirmed || write.made_fresher() {
            write.commit().await?;
        }
        Ok(recorded)
    }

    /// Sets a field of a case; none if there is no such case. A field that says so already stays as it is.
    pub async fn set_field(
        &self,
        fallnr: &str,
        field: &str,
        value: Value,
        change: &Change<'_>,
    ) -> Result<Option<FieldSet>, StoreError> {
        // The name goes into the text: only one that is ours may.
        let Some(field) = BETREUUNG.names().find(|name| *name == field && *name != "fallnr") else {
            return Ok(None);
        };
        let mut write = self.begin_change(change).await?;
        let Some(set) = write.set(fallnr, field, value).await? else { return Ok(None) };
        if set.old != set.new {
            write.bump_revision().await?;
            write.commit().await?;
        }
        Ok(Some(set))
    }
}

/// How often something is entered for a case on a day.
async fn entered(tx: &mut Tx, fallnr: &str, art: Art, day: NaiveDate) -> Result<Option<i64>, StoreError> {
    let old: Option<(i64,)> = maybe!(
        tx,
        "select anzahl from aktivitaet where fallnr = $1 and art = $2 and datum = $3",
        fallnr,
        art.as_str(),
        day
    )?;
    Ok(old.map(|(anzahl,)| anzahl))
}

impl WriteTx {
    /// Enters `anzahl` of `art` on `day` for a case that is known, as people's word; `old` is what is entered.
    pub(super) async fn enter(
        &mut self,
        fallnr: &str,
        art: Art,
        day: NaiveDate,
        anzahl: u32,
        old: Option<i64>,
    ) -> Result<(), StoreError> {
        let change = self.change();
        let key = [Value::Text(fallnr.to_owned()), Value::Text(art.as_str().into()), Value::Day(Some(day))];
        let tx = self.inner();
        let sql =
            keep(tx, &AKTIVITAET, change, "from aktivitaet as m where m.fallnr = $1 and m.art = $2 and m.datum = $3");
        execute(tx, sql.into(), &key).await?;
        run!(
            tx,
            "insert into aktivitaet (fallnr, art, datum, anzahl, vorgang) values ($1, $2, $3, $4, $5) \
             on conflict (fallnr, art, datum) do update set anzahl = excluded.anzahl, vorgang = excluded.vorgang",
            fallnr,
            art.as_str(),
            day,
            i64::from(anzahl),
            change
        )?;
        let said = Said { field: "anzahl", old: old.map(|n| n.to_string()), new: Some(anzahl.to_string()) };
        said.against_lists(self, &AKTIVITAET, "m.fallnr = $1 and m.art = $2 and m.datum = $3", &key).await
    }

    /// Sets a field of a case, as people's word; none if there is no such case. `field` is a column of the table.
    pub(super) async fn set(
        &mut self,
        fallnr: &str,
        field: &'static str,
        value: Value,
    ) -> Result<Option<FieldSet>, StoreError> {
        let read = format!("select cast({field} as text) from betreuung where fallnr = $1");
        let old: Option<(Option<String>,)> = maybe!(self.inner(), AssertSqlSafe(read.as_str()), fallnr)?;
        let Some((old,)) = old else { return Ok(None) };
        let key = [Value::Text(fallnr.to_owned())];
        let number = self.change();
        let sql = keep(self.inner(), &BETREUUNG, number, "from betreuung as m where m.fallnr = $1");
        execute(self.inner(), sql.into(), &key).await?;
        let sql = format!("update betreuung set {field} = $2, vorgang = {number} where fallnr = $1");
        execute(self.inner(), sql.into(), &[key[0].clone(), value]).await?;
        let new: Option<(Option<String>,)> = maybe!(self.inner(), AssertSqlSafe(read.as_str()), fallnr)?;
        let set = FieldSet { old, new: new.and_then(|(new,)| new) };
        if set.old != set.new {
            let said = Said { field, old: set.old.clone(), new: set.new.clone() };
            said.against_lists(self, &BETREUUNG, "m.fallnr = $1", &key).await?;
        }
        Ok(Some(set))
    }
}

/// What people say of a field whose row is written already.
struct Said {
    field: &'static str,
    /// What it said before. If nobody has spoken of the field by hand, the lists said so.
    old: Option<String>,
    new: Option<String>,
}

impl Said {
    async fn against_lists(
        self,
        write: &mut WriteTx,
        table: &Table,
        row: &str,
        key: &[Value],
    ) -> Result<(), StoreError> {
        let (name, field, change) = (table.name(), self.field, write.change());
        let tx = write.inner();
        let columns: Vec<_> = table.whole_key().into_iter().map(|(column, _)| format!("m.{column}")).collect();
        let json = format!("cast({}({}) as text)", tx.json_array(), columns.join(", "));
        let known = format!(
            "from korrektur as m where m.fallnr = $1 and m.tabelle = '{name}' and m.feld = '{field}' \
             and m.schluessel = (select {json} from {name} m where {row})"
        );
        let sql = keep(tx, &KORREKTUR, change, &known);
        execute(tx, sql.into(), key).await?;
        let next = key.len() + 1;
        let sql = format!(
            "insert into korrektur (fallnr, tabelle, schluessel, feld, geliefert, wert, vorgang) \
             select m.fallnr, '{name}', {json}, '{field}', cast(${next} as text), cast(${} as text), {change} \
             from {name} m where {row} \
             on conflict (fallnr, tabelle, schluessel, feld) do update set wert = excluded.wert, vorgang = excluded.vorgang",
            next + 1
        );
        let mut values = key.to_vec();
        values.extend([Value::Word(self.old), Value::Word(self.new)]);
        execute(tx, sql.into(), &values).await?;
        Ok(())
    }
}
