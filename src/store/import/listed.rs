//! What an office's own list leaves behind besides its rows: which days each column has stated for a case, and which cases
//! a list that is complete holds.
//!
//! A day belongs to (source, case, column); of several in one file all count. A later one is added and both stay. Where the
//! last has moved back, those behind it go that only this column has ever stated: what another column, another file or a
//! person says as well stays. A case that is gone from a complete list is not closed:
//! it is noted since when it is missing, and asked about while it runs. A cell that is empty again takes nothing back.

use chrono::NaiveDate;
use sqlx::AssertSqlSafe;

use super::tables::{AKTIVITAET, LISTENFALL, LISTENTAG, Type};
use super::{Again, Applied, Stage, Staged, Value, execute, insert, number, texts};
use crate::store::StoreError;
use crate::store::dialect::{Tx, all};
use crate::store::protocol::keep;

/// A day that has moved back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedBack {
    /// Where the row stands.
    pub line: u64,
    /// The column, as the list states it.
    pub column: String,
    /// What it stated last.
    pub before: NaiveDate,
    /// What it states last now.
    pub now: NaiveDate,
    /// What became of the day before.
    pub fate: Fate,
}

/// What became of a day that a column no longer states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is withdrawn.
    Replaced,
    /// It counts: somebody else has stated it as well.
    Stays,
    /// It is withdrawn, because the column means something else now.
    MeansOther,
}

/// A cell that held a day and is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emptied {
    /// Where the row stands.
    pub line: u64,
    /// The column, as the list states it.
    pub column: String,
    /// The case.
    pub fallnr: String,
    /// What was done, as facts name it.
    pub art: String,
    /// The day that it held; it stays an activity.
    pub day: NaiveDate,
}

/// What taking over the days in a list's columns did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Days {
    /// What became of the activities.
    pub applied: Applied,
    /// Whether a column states another day than it did, for any case.
    pub remembered: bool,
}

/// Which cases a complete list holds no longer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listed {
    /// Running cases that are newly missing.
    pub gone: u64,
    /// The first of them.
    pub first: Vec<String>,
    /// Whether a case is newly missing or back again.
    pub changed: bool,
    /// Whether the list holds a case that it did not hold before.
    pub grown: bool,
}

/// Whether a remembered day `m` of the source `$1` is no longer stated: its column's last day is an earlier one, or the column
/// means something else now.
fn goes(m: &str) -> String {
    let staged = |more: &str| {
        format!(
            "exists (select 1 from stage_listentag n where n.line > 0 and n.fallnr = {m}.fallnr and n.spalte = {m}.spalte{more})"
        )
    };
    format!(
        "{m}.source = $1 and (({} and not {}) or {})",
        staged(""),
        staged(&format!(" and n.datum >= {m}.datum")),
        staged(&format!(" and n.datum = {m}.datum and n.art <> {m}.art"))
    )
}

/// Of such days `m` those that nobody else states, now or ever.
fn withdrawn() -> String {
    format!(
        "m.eigen and exists (select 1 from aktivitaet a where a.fallnr = m.fallnr and a.art = m.art and a.datum = m.datum) \
         and not exists (select 1 from stage_listentag n \
             where n.line > 0 and n.fallnr = m.fallnr and n.art = m.art and n.datum = m.datum) \
         and not exists (select 1 from listentag o \
             where o.fallnr = m.fallnr and o.art = m.art and o.datum = m.datum and not ({}))",
        goes("o")
    )
}

/// Days that only a column of the source `$1` stated, as its last, and that count, where the staged cell is empty and no other
/// row of the case has one.
const EMPTIED: &str = "from stage_listentag s join listentag m on m.source = $1 and m.fallnr = s.fallnr and m.spalte = s.spalte \
     where s.line < 0 and m.eigen and exists (select 1 from aktivitaet a \
         where a.fallnr = m.fallnr and a.art = m.art and a.datum = m.datum and a.anzahl > 0) \
     and not exists (select 1 from listentag l \
         where l.source = $1 and l.fallnr = m.fallnr and l.spalte = m.spalte and l.datum > m.datum) \
     and not exists (select 1 from stage_listentag n where n.line > 0 and n.fallnr = s.fallnr and n.spalte = s.spalte)";

/// Running cases `b` that the source `$1` listed when it was last read, on the day `$2`.
const LISTED: &str = "from listenfall l join betreuung b on b.fallnr = l.fallnr where l.source = $1 and l.fehlt_seit is null \
     and (b.ende_am is null or b.ende_am > $2 or b.kennung_seit > b.ende_am)";

const GONE: &str = " and not exists (select 1 from stage_betreuung s where s.fallnr = l.fallnr)";

/// How many of them are named.
const NAMED: usize = 5;

impl Stage<'_> {
    /// The days that the columns no longer state since the source was last read: how many, and the first of them. To be asked
    /// before they are applied.
    pub async fn moved_back(&mut self, source: &str, limit: usize) -> Result<(u64, Vec<MovedBack>), StoreError> {
        let from = format!("from listentag m where {}", goes("m"));
        let count = number(self.tx, format!("select count(*) {from}"), &[Value::Text(source.to_owned())]).await?;
        if count == 0 {
            return Ok((0, Vec::new()));
        }
        let sql = format!(
            "select s.line, m.spalte, m.datum, s.datum, case when s.datum >= m.datum then 2 when {} then 0 else 1 end \
             from listentag m join stage_listentag s on s.fallnr = m.fallnr and s.spalte = m.spalte and s.line > 0 \
             where {} and not exists (select 1 from stage_listentag n where n.line > 0 and n.fallnr = s.fallnr \
                 and n.spalte = s.spalte and n.datum > s.datum) \
             order by s.line, m.datum limit {limit}",
            withdrawn(),
            goes("m")
        );
        let rows: Vec<(i64, String, NaiveDate, NaiveDate, i32)> = all!(self.tx, AssertSqlSafe(sql), source)?;
        let back = |(line, column, before, now, fate): (i64, _, _, _, i32)| {
            let fate = match fate {
                0 => Fate::Replaced,
                1 => Fate::Stays,
                _ => Fate::MeansOther,
            };
            MovedBack { line: line.unsigned_abs(), column, before, now, fate }
        };
        Ok((count, rows.into_iter().map(back).collect()))
    }

    /// Stages cells without a day (the last value none). They are told of, if they held one.
    pub async fn put_empty(&mut self, rows: Vec<Staged>) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let sql = insert(self.tx, self.table, rows.len(), Again::Yields);
        let mut values = Vec::with_capacity(rows.len() * (self.table.columns.len() + 1));
        for mut row in rows {
            // The day is part of the key: the first there is stands for none.
            row.values.pop();
            values.extend(row.values);
            values.push(Value::Day(NaiveDate::from_ymd_opt(1, 1, 1)));
            // Below zero: no row to be taken over.
            values.push(Value::Count(i64::try_from(row.line).map_or(i64::MIN, i64::wrapping_neg)));
        }
        execute(self.tx, sql.into(), &values).await?;
        Ok(())
    }

    /// The days whose cells are empty since the source was last read and that still count: how many, and the first of them.
    pub async fn emptied(&mut self, source: &str, limit: usize) -> Result<(u64, Vec<Emptied>), StoreError> {
        let count = number(self.tx, format!("select count(*) {EMPTIED}"), &[Value::Text(source.to_owned())]).await?;
        let sql =
            format!("select s.line, s.spalte, m.fallnr, m.art, m.datum {EMPTIED} order by s.line desc limit {limit}");
        let rows: Vec<(i64, String, String, String, NaiveDate)> = all!(self.tx, AssertSqlSafe(sql), source)?;
        let emptied = |(line, column, fallnr, art, day): (i64, _, _, _, _)| {
            let line = line.unsigned_abs();
            Emptied { line, column, fallnr, art, day }
        };
        Ok((count, rows.into_iter().map(emptied).collect()))
    }

    /// Makes activities of the staged days, on the way that a file of activities goes: what people have withdrawn by hand
    /// stays so while the column says that day. `withdrawn` counts days that have moved back.
    pub async fn apply_days(&mut self, source: &str, today: NaiveDate) -> Result<Days, StoreError> {
        let change = self.change;
        let bound = [Value::Text(source.to_owned())];
        let staged = number(self.tx, "select count(*) from stage_listentag where line > 0".into(), &[]).await?;
        let mut days = Stage::staging(self.tx, &AKTIVITAET, change, true).await?;
        let back = format!(
            "insert into stage_aktivitaet (fallnr, art, datum, anzahl, line) \
             select distinct m.fallnr, m.art, m.datum, 0, 1 from listentag m where {} and {}",
            goes("m"),
            withdrawn()
        );
        execute(days.tx, back.into(), &bound).await?;
        // A column says on which day, not how often: a count that is known stays, whoever has said it.
        let [delivered, said] = ["k.geliefert", "k.wert"].map(|text| days.tx.text_as(text, Type::Integer));
        let stated = format!(
            "insert into stage_aktivitaet (fallnr, art, datum, anzahl, line) \
             select distinct s.fallnr, s.art, s.datum, case \
                 when k.feld is null and a.anzahl > 0 then a.anzahl when k.feld is null then 1 \
                 when {delivered} > 0 then {delivered} when {said} > 0 then {said} else 1 end, 1 \
             from stage_listentag s \
             left join aktivitaet a on a.fallnr = s.fallnr and a.art = s.art and a.datum = s.datum \
             left join korrektur k on k.fallnr = s.fallnr and k.tabelle = '{}' and k.feld = 'anzahl' \
                 and k.schluessel = cast({}(s.fallnr, s.art, s.datum) as text) \
             where s.line > 0",
            AKTIVITAET.name,
            days.tx.json_array()
        );
        execute(days.tx, stated.into(), &[]).await?;
        days.close().await?;

        let gone = goes("m");
        let sql = keep(days.tx, &LISTENTAG, change, &format!("from listentag as m where {gone}"));
        execute(days.tx, sql.into(), &bound).await?;
        let mut remembered =
            execute(days.tx, format!("delete from listentag as m where {gone}").into(), &bound).await?;
        let remember = format!(
            "insert into listentag (source, fallnr, spalte, art, datum, eigen, vorgang) \
             select $1, s.fallnr, s.spalte, s.art, s.datum, not exists (select 1 from aktivitaet a \
                 where a.fallnr = s.fallnr and a.art = s.art and a.datum = s.datum and a.anzahl > 0), {change} \
             from stage_listentag s where s.line > 0 on conflict (fallnr, source, spalte, datum) do nothing"
        );
        remembered += execute(days.tx, remember.into(), &bound).await?;

        let mut applied = days.apply(source, today, false).await?;
        let back = format!(
            "select count(*) from stage_aktivitaet s join aktivitaet m on {} where s.anzahl = 0 and m.vorgang = {change}",
            AKTIVITAET.same_key()
        );
        applied.withdrawn = number(days.tx, back, &[]).await?;
        days.finish().await?;
        applied.changed = applied.changed.saturating_sub(applied.withdrawn);
        applied.unchanged = staged.saturating_sub(applied.new + applied.changed);
        Ok(Days { applied, remembered: remembered > 0 })
    }

    /// Notes that the staged activities are stated by a file of activities: they no longer belong to a column alone. Whether
    /// that is new of any.
    pub async fn confirm_days(&mut self) -> Result<bool, StoreError> {
        let stated = "exists (select 1 from stage_aktivitaet s \
            where s.fallnr = m.fallnr and s.art = m.art and s.datum = m.datum and s.line > 0 and s.anzahl > 0)";
        confirm(self.tx, self.change, stated, &[]).await
    }

    /// Of the running cases that the source listed last: how many there are, and how many are not among the staged.
    pub async fn vanishing(&mut self, source: &str, today: NaiveDate) -> Result<(u64, u64), StoreError> {
        let bound = [Value::Text(source.to_owned()), Value::Day(Some(today))];
        let running = number(self.tx, format!("select count(*) {LISTED}"), &bound).await?;
        let gone = number(self.tx, format!("select count(*) {LISTED}{GONE}"), &bound).await?;
        Ok((running, gone))
    }

    /// Notes which cases the source lists; with `whole`, those that it listed and that are not staged are missing from
    /// `today` on.
    pub async fn note_listed(&mut self, source: &str, today: NaiveDate, whole: bool) -> Result<Listed, StoreError> {
        let change = self.change;
        let bound = [Value::Text(source.to_owned()), Value::Day(Some(today))];
        let mut listed = Listed::default();
        if whole {
            listed.gone = number(self.tx, format!("select count(*) {LISTED}{GONE}"), &bound).await?;
            let first = format!("select l.fallnr {LISTED}{GONE} order by l.fallnr limit {NAMED}");
            listed.first = texts(self.tx, first, &bound).await?;
            let gone = "m.source = $1 and m.fehlt_seit is null \
                 and not exists (select 1 from stage_betreuung s where s.fallnr = m.fallnr)";
            self.keep_listed(gone, &bound[..1]).await?;
            let missing = format!("update listenfall as m set fehlt_seit = $2, vorgang = {change} where {gone}");
            listed.changed = execute(self.tx, missing.into(), &bound).await? > 0;
        }
        let back = "m.source = $1 and m.fehlt_seit is not null \
             and exists (select 1 from stage_betreuung s where s.fallnr = m.fallnr)";
        self.keep_listed(back, &bound[..1]).await?;
        let back = format!("update listenfall as m set fehlt_seit = null, vorgang = {change} where {back}");
        listed.changed |= execute(self.tx, back.into(), &bound[..1]).await? > 0;
        let new = format!(
            "insert into listenfall (source, fallnr, vorgang) select $1, s.fallnr, {change} from stage_betreuung s \
             where s.line > 0 on conflict do nothing"
        );
        listed.grown = execute(self.tx, new.into(), &bound[..1]).await? > 0;
        Ok(listed)
    }

    /// Forgets which cases a source listed, as it is no longer complete. Whether it was.
    pub async fn forget_listed(&mut self, source: &str) -> Result<bool, StoreError> {
        let bound = [Value::Text(source.to_owned())];
        self.keep_listed("m.source = $1", &bound).await?;
        let sql = "delete from listenfall where source = $1";
        Ok(execute(self.tx, sql.into(), &bound).await? > 0)
    }

    /// Keeps what is known of listed cases `m` before it changes.
    async fn keep_listed(&mut self, which: &str, bound: &[Value]) -> Result<(), StoreError> {
        let sql = keep(self.tx, &LISTENFALL, self.change, &format!("from listenfall as m where {which}"));
        execute(self.tx, sql.into(), bound).await?;
        Ok(())
    }
}

/// Notes that somebody else states the days `m` for which `stated` holds. Whether that is new of any.
pub(in crate::store) async fn confirm(
    tx: &mut Tx,
    change: i64,
    stated: &str,
    bound: &[Value],
) -> Result<bool, StoreError> {
    let sql = keep(tx, &LISTENTAG, change, &format!("from listentag as m where m.eigen and {stated}"));
    execute(tx, sql.into(), bound).await?;
    let sql = format!("update listentag as m set eigen = false, vorgang = {change} where m.eigen and {stated}");
    Ok(execute(tx, sql.into(), bound).await? > 0)
}
