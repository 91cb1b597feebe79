//! What is known of the cases of a Wochenliste, and what it says of them: people's word, like an entry by hand, but part of
//! an import that can be taken back.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::Value;
use super::tables::{AKTIVITAET, BETREUUNG};
use crate::domain::facts::{Art, EndeGrund};
use crate::store::dialect::{all, maybe};
use crate::store::history::texts;
use crate::store::{StoreError, WriteTx};

/// The fields of a case that a Wochenliste speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CaseField {
    /// Day of the talk that handed the client back.
    Talk,
    /// Day of the closing summary.
    Fazit,
    /// Last day of main care.
    End,
    /// Why it ended.
    Reason,
}

impl CaseField {
    const ALL: [Self; 4] = [Self::Talk, Self::Fazit, Self::End, Self::Reason];

    const fn column(self) -> &'static str {
        match self {
            Self::Talk => "rueckgabegespraech_am",
            Self::Fazit => "fazit_am",
            Self::End => "ende_am",
            Self::Reason => "ende_grund",
        }
    }
}

/// What is known of a case that a Wochenliste speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownCase {
    /// Its team.
    pub team: String,
    /// How often what was done when; 0 was taken back.
    pub done: BTreeMap<(Art, NaiveDate), u32>,
    /// Where people have set that right: what the lists had said.
    pub done_delivered: BTreeMap<(Art, NaiveDate), u32>,
    /// The days of its fields.
    pub days: BTreeMap<CaseField, NaiveDate>,
    /// Why it ended.
    pub reason: Option<EndeGrund>,
    /// Where people have set a field right: what the lists had said, dates as ISO text.
    pub fields_delivered: BTreeMap<CaseField, String>,
}

type Fields = (String, Option<NaiveDate>, Option<NaiveDate>, Option<NaiveDate>, String);

impl WriteTx {
    /// What is known of a case; none if there is no such case.
    pub async fn known_case(&mut self, fallnr: &str) -> Result<Option<KnownCase>, StoreError> {
        let tx = self.inner();
        let fields: Option<Fields> = maybe!(
            tx,
            "select team, rueckgabegespraech_am, fazit_am, ende_am, ende_grund from betreuung where fallnr = $1",
            fallnr
        )?;
        let Some((team, talk, fazit, end, reason)) = fields else { return Ok(None) };
        let days = [(CaseField::Talk, talk), (CaseField::Fazit, fazit), (CaseField::End, end)];
        let mut known = KnownCase {
            team,
            done: BTreeMap::new(),
            done_delivered: BTreeMap::new(),
            days: days.into_iter().filter_map(|(field, day)| Some((field, day?))).collect(),
            reason: reason.parse().ok(),
            fields_delivered: BTreeMap::new(),
        };
        let done: Vec<(String, NaiveDate, i64)> =
            all!(tx, "select art, datum, anzahl from aktivitaet where fallnr = $1", fallnr)?;
        for (art, day, anzahl) in done {
            let art = art.parse().map_err(|_| StoreError::Content("aktivitaet.art"))?;
            known.done.insert((art, day), u32::try_from(anzahl).unwrap_or_default());
        }
        let said: Vec<(String, String, String, Option<String>)> =
            all!(tx, "select tabelle, schluessel, feld, geliefert from korrektur where fallnr = $1", fallnr)?;
        for (table, key, field, delivered) in said {
            let Some(delivered) = delivered.filter(|delivered| !delivered.is_empty()) else { continue };
            if table == BETREUUNG.name() {
                if let Some(field) = CaseField::ALL.into_iter().find(|f| f.column() == field) {
                    known.fields_delivered.insert(field, delivered);
                }
            } else if table == AKTIVITAET.name()
                && let [_, Some(art), Some(day)] = &texts(&key)[..]
                && let (Ok(art), Ok(day), Ok(anzahl)) = (art.parse(), day.parse(), delivered.parse())
            {
                known.done_delivered.insert((art, day), anzahl);
            }
        }
        Ok(Some(known))
    }

    /// Takes over what a Wochenliste says of an activity of a known case; `old` is what was known.
    pub async fn tick(
        &mut self,
        fallnr: &str,
        art: Art,
        day: NaiveDate,
        anzahl: u32,
        old: Option<u32>,
    ) -> Result<(), StoreError> {
        self.writes_to(AKTIVITAET.name())?;
        self.enter(fallnr, art, day, anzahl, old.map(i64::from)).await
    }

    /// Takes over the day that a Wochenliste says of a field of a known case; none empties it.
    pub async fn date(&mut self, fallnr: &str, field: CaseField, day: Option<NaiveDate>) -> Result<(), StoreError> {
        self.writes_to(BETREUUNG.name())?;
        self.set(fallnr, field.column(), Value::Day(day)).await?;
        Ok(())
    }

    /// Takes over why a known case ended.
    pub async fn reason(&mut self, fallnr: &str, reason: Option<EndeGrund>) -> Result<(), StoreError> {
        self.writes_to(BETREUUNG.name())?;
        let word = reason.map_or("", EndeGrund::as_str);
        self.set(fallnr, CaseField::Reason.column(), Value::Text(word.to_owned())).await?;
        Ok(())
    }
}
