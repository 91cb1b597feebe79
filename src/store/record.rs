//! Recording by hand: one thing done, for one or many cases.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};

use super::dialect::{maybe, run};
use super::{Db, StoreError};
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

impl Db {
    /// Enters `anzahl` of `art` on `day` for each case, in the place of what was there; 0 withdraws. The data of the
    /// cases' teams is as of `now` afterwards. All of it or nothing; unknown numbers are left out and given back.
    pub async fn record(
        &self,
        art: Art,
        cases: &[String],
        day: NaiveDate,
        anzahl: u32,
        now: DateTime<Utc>,
    ) -> Result<Recorded, StoreError> {
        let mut write = self.begin_write().await?;
        let mut recorded = Recorded::default();
        let mut teams = BTreeSet::new();
        for fallnr in cases.iter().collect::<BTreeSet<_>>() {
            let tx = write.inner();
            let team: Option<(String,)> = maybe!(tx, "select team from betreuung where fallnr = $1", fallnr)?;
            let Some((team,)) = team else {
                recorded.unknown.push(fallnr.clone());
                continue;
            };
            teams.insert(team);
            let rows = run!(
                write.inner(),
                "insert into aktivitaet (fallnr, art, datum, anzahl) values ($1, $2, $3, $4) \
                 on conflict (fallnr, art, datum) do update set anzahl = excluded.anzahl \
                 where aktivitaet.anzahl <> excluded.anzahl",
                fallnr,
                art.as_str(),
                day,
                i64::from(anzahl)
            )?;
            if rows > 0 { &mut recorded.changed } else { &mut recorded.unchanged }.push(fallnr.clone());
        }
        for team in teams {
            write.touch_datenstand(&team, now).await?;
        }
        if !recorded.changed.is_empty() {
            write.bump_revision().await?;
        }
        write.commit().await?;
        Ok(recorded)
    }
}
