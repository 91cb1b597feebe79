//! Whether the database is sound, and which facts hang in the air.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::dialect::{Tx, all, one};
use super::{Db, Snapshot, StoreError};

/// Rows that name somebody or something that is not there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Loose {
    /// How many rows.
    pub count: u64,
    /// The first few case numbers they are about, each once, in order.
    pub first: Vec<String>,
}

/// What hangs in the air.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LooseEnds {
    /// Cases that have not ended and name a BAK who is no colleague.
    pub bak: Loose,
    /// Cases that have not ended and name an IFK who is no colleague.
    pub ifk: Loose,
    /// Activities of cases that are not (yet) known; withdrawn ones do not count.
    pub activities: Loose,
    /// Subsidies of cases that are not (yet) known.
    pub subsidies: Loose,
    /// Rests of cases that are not (yet) known.
    pub rests: Loose,
    /// Appointments of cases that are not (yet) known.
    pub appointments: Loose,
}

/// Counts and lists the rows of `$rows`, a `from … where …` with the case number in `x.fallnr`.
macro_rules! loose {
    ($tx:expr, $rows:expr $(, $bind:expr)*) => {{
        let (count,): (i64,) = one!($tx, concat!("select count(*) ", $rows) $(, $bind)*)?;
        let first: Vec<(String,)> = if count == 0 {
            Vec::new()
        } else {
            all!($tx, concat!("select distinct x.fallnr ", $rows, " order by x.fallnr limit 5") $(, $bind)*)?
        };
        Loose { count: count.unsigned_abs(), first: first.into_iter().map(|(fallnr,)| fallnr).collect() }
    }};
}

/// Rows of a table whose case is not there.
macro_rules! pending {
    ($table:literal) => {
        concat!("from ", $table, " x where not exists (select 1 from betreuung b where b.fallnr = x.fallnr)")
    };
}

/// Cases that have not ended by `$1` (an end before the marker ended something else) and name nobody we know.
macro_rules! nobody {
    ($column:literal) => {
        concat!(
            "from betreuung x where x.",
            $column,
            " is not null and (x.ende_am is null or x.ende_am > $1 or x.kennung_seit > x.ende_am)",
            " and not exists (select 1 from kollege k where k.kuerzel = x.",
            $column,
            ")"
        )
    };
}

impl Db {
    /// Whether the database answers and its pages are whole. On a large file this reads all of it.
    ///
    /// # Errors
    /// [`StoreError::NotADatabase`] where the file is damaged; else why it does not answer.
    pub async fn check(&self) -> Result<(), StoreError> {
        let mut tx = self.read().await?;
        match &mut tx {
            Tx::Sqlite(tx) => {
                let (said,): (String,) = sqlx::query_as("pragma quick_check(1)").fetch_one(&mut **tx).await?;
                // What it says names pages, not values; but only that it says anything matters here.
                if said == "ok" { Ok(()) } else { Err(StoreError::NotADatabase) }
            }
            Tx::Postgres(tx) => {
                let _: (i64,) =
                    sqlx::query_as("select facts_revision from installation where id = 1").fetch_one(&mut **tx).await?;
                Ok(())
            }
        }
    }
}

/// Cases that a complete list no longer holds and no other complete list does, and that have not ended by `$1`.
const VANISHED: &str = "select b.team, l.fallnr from listenfall l join betreuung b on b.fallnr = l.fallnr \
     where l.fehlt_seit is not null and (b.ende_am is null or b.ende_am > $1 or b.kennung_seit > b.ende_am) \
     and not exists (select 1 from listenfall o where o.fallnr = l.fallnr and o.fehlt_seit is null) \
     group by b.team, l.fallnr order by b.team, l.fallnr";

impl Snapshot {
    /// Per team, the running cases that are gone from a complete list: they are asked about.
    pub async fn vanished(&mut self, day: NaiveDate) -> Result<BTreeMap<String, Vec<String>>, StoreError> {
        let rows: Vec<(String, String)> = all!(&mut self.tx, VANISHED, day)?;
        let mut vanished: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (team, fallnr) in rows {
            vanished.entry(team).or_default().push(fallnr);
        }
        Ok(vanished)
    }

    /// What hangs in the air on `day`.
    pub async fn loose_ends(&mut self, day: NaiveDate) -> Result<LooseEnds, StoreError> {
        let tx = &mut self.tx;
        Ok(LooseEnds {
            bak: loose!(tx, nobody!("bak"), day),
            ifk: loose!(tx, nobody!("ifk"), day),
            activities: loose!(tx, concat!(pending!("aktivitaet"), " and x.anzahl > 0")),
            subsidies: loose!(tx, pending!("foerderung")),
            rests: loose!(tx, pending!("pause")),
            appointments: loose!(tx, pending!("termin")),
        })
    }
}
