//! Cases with their whole history, streamed in key order, a page at a time.
//!
//! A row that crosses from the database costs far more than the bytes in it. So the activities of a case, fourteen on
//! average, come packed in one text and are taken apart here; the same goes for its rests and its dates.

use chrono::NaiveTime;
use sqlx::AssertSqlSafe;

use super::dialect::{all, maybe};
use super::scope::{Scope, behind, between, scoped};
use super::{Snapshot, StoreError, packed};
use crate::domain::facts::{Activity, Appointment, Case, CaseFile, Rest, Subsidy};

macro_rules! case_columns {
    () => {
        "b.fallnr, b.bezeichnung, b.bak, b.ifk, b.team, b.region, b.kennung, b.ende_grund, \
         concat(b.kennung_seit, ' ', b.uebergabe_am, ' ', b.hauptbetreuer_seit, ' ', b.ende_am, ' ', \
         b.rueckgabegespraech_am, ' ', b.fazit_am)"
    };
}

/// Cases and what is packed; a condition follows.
const FILES: &str = concat!(
    "select ",
    case_columns!(),
    ", (select string_agg(a.art || ' ' || a.datum || ' ' || a.anzahl, ',') from aktivitaet a",
    " where a.fallnr = b.fallnr),",
    " (select string_agg(p.von || ' ' || coalesce(cast(p.bis as text), ''), ',') from pause p",
    " where p.fallnr = b.fallnr and (p.bis is null or p.von <= p.bis)) from betreuung b where "
);
const OF_BAK: &str = concat!("select ", case_columns!(), " from betreuung b where b.bak = $1 order by b.fallnr");
const OF_NOBODY: &str =
    concat!("select ", case_columns!(), " from betreuung b where b.team = $1 and b.bak is null order by b.fallnr");

const SUBSIDIES: &str =
    "select x.fallnr, x.foerdernr, x.art, x.arbeitgeber, x.potenzial, concat(x.beginn, ' ', x.ende)";
const APPOINTMENTS: &str = "select x.fallnr, x.terminnr, x.art, concat(x.datum), x.uhrzeit, x.ort, x.teilnehmer";

/// The case's own columns, its six dates packed.
type CaseRow = (String, String, Option<String>, Option<String>, String, String, String, String, String);
/// The same, its activities and its rests.
type FileRow = (
    String,
    String,
    Option<String>,
    Option<String>,
    String,
    String,
    String,
    String,
    String,
    Option<String>,
    Option<String>,
);
/// Number of the case, then the subsidy, its two dates packed.
type SubsidyRow = (String, String, String, String, String, String);
/// Number of the case, then the appointment.
type AppointmentRow = (String, String, String, String, Option<String>, String, Option<String>);

/// Some cases in the byte order of their numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CasePage {
    /// Each with its whole history.
    pub files: Vec<CaseFile>,
    /// The numbers of those of which the database holds something that no program of ours writes. They are left out; one
    /// bad row must not silence an office.
    pub faulty: Vec<String>,
}

impl CasePage {
    /// The last number of the page, from which the next one goes on; none on the page behind the end.
    pub fn last(&self) -> Option<&str> {
        let file = self.files.last().map(|file| file.case.fallnr.as_str());
        file.max(self.faulty.last().map(String::as_str))
    }
}

impl Snapshot {
    /// The next at most `limit` cases behind `after` ("" for the first page) in the byte order of their numbers; of one
    /// office or of all. A page without [`last`](CasePage::last) is the end.
    pub async fn cases(&mut self, office: Option<&str>, after: &str, limit: u32) -> Result<CasePage, StoreError> {
        let scope = Scope::of(&mut self.tx, office).await?;
        let end: Vec<(Option<String>,)> = scoped!(&mut self.tx, scope, scope.page_end(), after, i64::from(limit))?;
        let Some(end) = end.into_iter().find_map(|(end,)| end) else { return Ok(CasePage::default()) };
        let sql = format!("{FILES}{}{}", behind("b.fallnr"), scope.holds("b"));
        let mut rows: Vec<FileRow> = scoped!(&mut self.tx, scope, sql, after, end)?;
        // Here, because the teams' rows would have to be sorted there as well, and with all that is packed in them.
        rows.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        let mut page = CasePage { files: Vec::with_capacity(rows.len()), faulty: Vec::new() };
        for (fallnr, file) in self.files(&scope, rows).await? {
            match file {
                Ok(file) => page.files.push(file),
                Err(_) => page.faulty.push(fallnr),
            }
        }
        Ok(page)
    }

    /// One case with its whole history.
    ///
    /// # Errors
    /// [`StoreError::Content`] names the table of what cannot be read.
    pub async fn case(&mut self, fallnr: &str) -> Result<Option<CaseFile>, StoreError> {
        let row: Option<FileRow> = maybe!(&mut self.tx, AssertSqlSafe(format!("{FILES}b.fallnr = $1")), fallnr)?;
        self.files(&Scope::All, row.into_iter().collect()).await?.pop().map(|(_, file)| file).transpose()
    }

    /// The cases that name the BAK, running or not, in key order.
    pub async fn cases_of_bak(&mut self, bak: &str) -> Result<Vec<Case>, StoreError> {
        let rows: Vec<CaseRow> = all!(&mut self.tx, OF_BAK, bak)?;
        rows.into_iter().map(case).collect()
    }

    /// The cases of a team that name no BAK, running or not, in key order.
    pub async fn cases_without_bak(&mut self, team: &str) -> Result<Vec<Case>, StoreError> {
        let rows: Vec<CaseRow> = all!(&mut self.tx, OF_NOBODY, team)?;
        rows.into_iter().map(case).collect()
    }

    /// The cases that name the BAK, and those of the team that name none, running or not, each with its whole history, in
    /// key order.
    pub async fn files_of_bak(&mut self, bak: &str, team: Option<&str>) -> Result<CasePage, StoreError> {
        let sql = format!("{FILES}(b.bak = $1 or (b.bak is null and b.team = $2))");
        let mut rows: Vec<FileRow> = all!(&mut self.tx, AssertSqlSafe(sql), bak, team)?;
        rows.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        let mut page = CasePage::default();
        for (fallnr, file) in self.files(&Scope::All, rows).await? {
            match file {
                Ok(file) => page.files.push(file),
                Err(_) => page.faulty.push(fallnr),
            }
        }
        Ok(page)
    }

    /// Completes a page with what hangs on its cases: two more queries over the page's range.
    async fn files(
        &mut self,
        scope: &Scope,
        rows: Vec<FileRow>,
    ) -> Result<Vec<(String, Result<CaseFile, StoreError>)>, StoreError> {
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(Vec::new()) };
        let (first, last) = (first.0.as_str(), last.0.as_str());
        let text = |select: &str, table: &str| format!("{select}{}", scope.hanging(table, "", between));
        let mut subsidies: Vec<SubsidyRow> = scoped!(&mut self.tx, scope, text(SUBSIDIES, "foerderung"), first, last)?;
        let mut appointments: Vec<AppointmentRow> =
            scoped!(&mut self.tx, scope, text(APPOINTMENTS, "termin"), first, last)?;
        // By their numbers.
        subsidies.sort_unstable_by(|one, other| one.1.cmp(&other.1));
        appointments.sort_unstable_by(|one, other| one.1.cmp(&other.1));

        let mut files: Vec<_> = rows.into_iter().map(|row| (row.0.clone(), file(row))).collect();
        for row in subsidies {
            hang(&mut files, &row.0.clone(), subsidy(row), |file| &mut file.subsidies);
        }
        for row in appointments {
            hang(&mut files, &row.0.clone(), appointment(row), |file| &mut file.appointments);
        }
        Ok(files)
    }
}

/// Hangs something on its case, if that is among the files: the range also holds rows of cases that are not (yet) known.
/// The files are in the order of their numbers.
fn hang<T>(
    files: &mut [(String, Result<CaseFile, StoreError>)],
    fallnr: &str,
    what: Result<T, StoreError>,
    place: impl Fn(&mut CaseFile) -> &mut Vec<T>,
) {
    let Ok(at) = files.binary_search_by(|(number, _)| number.as_str().cmp(fallnr)) else { return };
    let file = &mut files[at].1;
    match (file.as_mut(), what) {
        (Ok(case), Ok(what)) => place(case).push(what),
        (Ok(_), Err(error)) => *file = Err(error),
        (Err(_), _) => {}
    }
}

fn subsidy(row: SubsidyRow) -> Result<Subsidy, StoreError> {
    let (_, foerdernr, art, arbeitgeber, potenzial, dates) = row;
    let [beginn, ende] = packed::dates(&dates).ok_or(StoreError::Content("foerderung"))?;
    Ok(Subsidy {
        foerdernr,
        art: art.parse().map_err(|_| StoreError::Content("foerderung.art"))?,
        arbeitgeber,
        beginn,
        ende,
        potenzial: match potenzial.as_str() {
            "" => None,
            "ja" => Some(true),
            "nein" => Some(false),
            _ => return Err(StoreError::Content("foerderung.potenzial")),
        },
    })
}

fn appointment(row: AppointmentRow) -> Result<Appointment, StoreError> {
    let (_, terminnr, art, datum, uhrzeit, ort, teilnehmer) = row;
    let [datum] = packed::dates(&datum).ok_or(StoreError::Content("termin.datum"))?;
    let time = |text: String| NaiveTime::parse_from_str(&text, "%H:%M");
    Ok(Appointment {
        terminnr,
        art: art.parse().map_err(|_| StoreError::Content("termin.art"))?,
        datum,
        uhrzeit: uhrzeit.map(time).transpose().map_err(|_| StoreError::Content("termin.uhrzeit"))?,
        ort,
        teilnehmer,
    })
}

fn file(row: FileRow) -> Result<CaseFile, StoreError> {
    let (fallnr, bezeichnung, bak, ifk, team, region, kennung, ende_grund, dates, done, rested) = row;
    Ok(CaseFile {
        case: case((fallnr, bezeichnung, bak, ifk, team, region, kennung, ende_grund, dates))?,
        activities: activities(done.as_deref().unwrap_or("")).ok_or(StoreError::Content("aktivitaet"))?,
        subsidies: Vec::new(),
        rests: rests(rested.as_deref().unwrap_or("")).ok_or(StoreError::Content("pause"))?,
        appointments: Vec::new(),
    })
}

fn case(row: CaseRow) -> Result<Case, StoreError> {
    let (fallnr, bezeichnung, bak, ifk, team, region, kennung, ende_grund, dates) = row;
    let [kennung_seit, uebergabe_am, hauptbetreuer_seit, ende_am, rueckgabegespraech_am, fazit_am] =
        packed::dates(&dates).ok_or(StoreError::Content("betreuung"))?;
    Ok(Case {
        fallnr,
        bezeichnung,
        bak,
        ifk,
        team,
        region,
        // Kept as delivered; a word we do not know counts as none (RULES.md §1).
        kennung: kennung.parse().ok(),
        kennung_seit,
        uebergabe_am,
        hauptbetreuer_seit,
        ende_am,
        ende_grund: match ende_grund.as_str() {
            "" => None,
            word => Some(word.parse().map_err(|_| StoreError::Content("betreuung.ende_grund"))?),
        },
        rueckgabegespraech_am,
        fazit_am,
    })
}

/// Takes `art day count,…` apart, in the order of the rules.
fn activities(packed: &str) -> Option<Vec<Activity>> {
    // "stellensuchlauf 2026-11-23 1" and its comma: a good guess at how many there are.
    let mut activities = Vec::with_capacity(packed.len() / 26 + 1);
    for entry in packed.split(',').filter(|entry| !entry.is_empty()) {
        let (rest, anzahl) = entry.rsplit_once(' ')?;
        let (art, day) = rest.rsplit_once(' ')?;
        activities.push(Activity { art: art.parse().ok()?, day: packed::date(day)?, anzahl: anzahl.parse().ok()? });
    }
    activities.sort_unstable();
    Some(activities)
}

/// Takes `first last,…` apart; `last` is empty for a rest without end.
fn rests(packed: &str) -> Option<Vec<Rest>> {
    let mut rests = Vec::new();
    for entry in packed.split(',').filter(|entry| !entry.is_empty()) {
        let (von, bis) = entry.split_once(' ')?;
        rests.push(Rest { von: packed::date(von)?, bis: if bis.is_empty() { None } else { Some(packed::date(bis)?) } });
    }
    // In a row of equal beginnings the one without end comes last.
    rests.sort_unstable_by_key(|rest| (rest.von, rest.bis.is_none(), rest.bis));
    Some(rests)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_activities_come_apart_in_the_order_of_the_rules() {
        let list = activities("stellensuchlauf 2026-11-23 2,kontakt_persoenlich 2024-02-29 0").unwrap();
        let words: Vec<_> = list.iter().map(|a| (a.art.as_str(), a.day.to_string(), a.anzahl)).collect();
        assert_eq!(
            words,
            [("kontakt_persoenlich", "2024-02-29".to_owned(), 0), ("stellensuchlauf", "2026-11-23".to_owned(), 2)]
        );
    }

    #[test]
    fn what_no_program_of_ours_packs_is_refused() {
        for wrong in ["tanz 2026-11-23 1", "ag_kontakt 2026-02-30 1", "ag_kontakt 2026-11-23 -1", "ag_kontakt", "x y"] {
            assert_eq!(activities(wrong), None, "{wrong}");
        }
        assert_eq!(activities(""), Some(Vec::new()));
        assert_eq!(rests("2026-11-23"), None);
    }
}
