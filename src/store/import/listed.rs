//! What an office's own list leaves behind besides its rows: which day each column stated last for a case, and which cases
//! a list that is complete holds.
//!
//! A day belongs to (source, case, column). A later one is added and both stay; one that has moved back takes the place of
//! the one that the column stated last, if nobody else states that. A case that is gone from a complete list is not closed:
//! it is noted since when it is missing, and asked about while it runs.

use chrono::NaiveDate;
use sqlx::AssertSqlSafe;

use super::{Applied, Stage, Tx, Value, execute, number, texts};
use crate::store::StoreError;

/// A day that has moved back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedBack {
    /// Where the row stands.
    pub line: u64,
    /// The column, as the list states it.
    pub column: String,
    /// What it stated last.
    pub before: NaiveDate,
    /// What it states now.
    pub now: NaiveDate,
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
}

/// Days that the staged rows move back, of the source `$1`.
const BACK: &str = "from stage_listentag s join listentag m on m.source = $1 and m.fallnr = s.fallnr and m.spalte = s.spalte \
     where s.line > 0 and (s.datum < m.datum or s.art <> m.art)";

/// Running cases `b` that the source `$1` listed when it was last read, on the day `$2`.
const LISTED: &str = "from listenfall l join betreuung b on b.fallnr = l.fallnr where l.source = $1 and l.fehlt_seit is null \
     and (b.ende_am is null or b.ende_am > $2 or b.kennung_seit > b.ende_am)";

const GONE: &str = " and not exists (select 1 from stage_betreuung s where s.fallnr = l.fallnr)";

/// How many of them are named.
const NAMED: usize = 5;

impl Stage<'_> {
    /// The days that have moved back since the source was last read: how many, and the first of them.
    pub async fn moved_back(&mut self, source: &str, limit: usize) -> Result<(u64, Vec<MovedBack>), StoreError> {
        let count = number(self.tx, format!("select count(*) {BACK}"), &[Value::Text(source.to_owned())]).await?;
        let sql = format!("select s.line, s.spalte, m.datum, s.datum {BACK} order by s.line limit {limit}");
        let rows: Vec<(i64, String, NaiveDate, NaiveDate)> = match self.tx {
            Tx::Sqlite(tx) => sqlx::query_as(AssertSqlSafe(sql)).bind(source).fetch_all(&mut **tx).await?,
            Tx::Postgres(tx) => sqlx::query_as(AssertSqlSafe(sql)).bind(source).fetch_all(&mut **tx).await?,
        };
        let back =
            |(line, column, before, now): (i64, _, _, _)| MovedBack { line: line.unsigned_abs(), column, before, now };
        Ok((count, rows.into_iter().map(back).collect()))
    }

    /// Makes activities of the staged days. `changed` counts those that have moved back.
    pub async fn apply_days(&mut self, source: &str) -> Result<Applied, StoreError> {
        let source = [Value::Text(source.to_owned())];
        let staged = number(self.tx, "select count(*) from stage_listentag where line > 0".into(), &[]).await?;
        let changed = number(self.tx, format!("select count(*) {BACK}"), &source).await?;
        // Only what the column itself has brought, and what no column of any list states now.
        let withdraw = format!(
            "update aktivitaet as a set anzahl = 0 where a.anzahl > 0 \
             and (a.fallnr, a.art, a.datum) in (select m.fallnr, m.art, m.datum {BACK} and m.eigen) \
             and not exists (select 1 from stage_listentag n \
                 where n.line > 0 and n.fallnr = a.fallnr and n.art = a.art and n.datum = a.datum) \
             and not exists (select 1 from listentag o \
                 where o.fallnr = a.fallnr and o.art = a.art and o.datum = a.datum \
                 and not (o.source = $1 and exists (select 1 from stage_listentag n \
                     where n.line > 0 and n.fallnr = o.fallnr and n.spalte = o.spalte)))"
        );
        execute(self.tx, withdraw.into(), &source).await?;
        let remember = "insert into listentag (source, fallnr, spalte, art, datum, eigen) \
             select $1, s.fallnr, s.spalte, s.art, s.datum, not exists (select 1 from aktivitaet a \
                 where a.fallnr = s.fallnr and a.art = s.art and a.datum = s.datum and a.anzahl > 0) \
             from stage_listentag s where s.line > 0 \
             on conflict (fallnr, source, spalte) do update set art = excluded.art, datum = excluded.datum, eigen = excluded.eigen \
             where listentag.datum <> excluded.datum or listentag.art <> excluded.art";
        execute(self.tx, remember.into(), &source).await?;
        // A column says on which day, not how often: a count that is known stays.
        let add = "insert into aktivitaet (fallnr, art, datum, anzahl) \
             select distinct s.fallnr, s.art, s.datum, 1 from stage_listentag s where s.line > 0 \
             on conflict (fallnr, art, datum) do update set anzahl = 1 where aktivitaet.anzahl = 0";
        let new = execute(self.tx, add.into(), &[]).await?;
        Ok(Applied { new, changed, unchanged: staged.saturating_sub(new), withdrawn: 0 })
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
        let bound = [Value::Text(source.to_owned()), Value::Day(Some(today))];
        let mut listed = Listed::default();
        if whole {
            listed.gone = number(self.tx, format!("select count(*) {LISTED}{GONE}"), &bound).await?;
            let first = format!("select l.fallnr {LISTED}{GONE} order by l.fallnr limit {NAMED}");
            listed.first = texts(self.tx, first, &bound).await?;
            let missing = "update listenfall as l set fehlt_seit = $2 where l.source = $1 and l.fehlt_seit is null \
                 and not exists (select 1 from stage_betreuung s where s.fallnr = l.fallnr)";
            listed.changed = execute(self.tx, missing.into(), &bound).await? > 0;
        }
        let back = "update listenfall as l set fehlt_seit = null where l.source = $1 and l.fehlt_seit is not null \
             and exists (select 1 from stage_betreuung s where s.fallnr = l.fallnr)";
        listed.changed |= execute(self.tx, back.into(), &bound[..1]).await? > 0;
        let new = "insert into listenfall (source, fallnr) select $1, s.fallnr from stage_betreuung s where s.line > 0 \
             on conflict do nothing";
        execute(self.tx, new.into(), &bound[..1]).await?;
        Ok(listed)
    }

    /// Forgets which cases a source listed, as it is no longer complete. Whether it was.
    pub async fn forget_listed(&mut self, source: &str) -> Result<bool, StoreError> {
        let sql = "delete from listenfall where source = $1";
        Ok(execute(self.tx, sql.into(), &[Value::Text(source.to_owned())]).await? > 0)
    }
}
