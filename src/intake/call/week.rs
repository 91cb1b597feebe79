//! A Wochenliste into the transaction of a call: cell by cell, as people's word.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use chrono::{Days, NaiveDate};

use super::Call;
use crate::domain::facts::EndeGrund;
use crate::domain::wochenliste::{
    Claim, Column, Entry, FieldVerdict, Note, Stays, Verdict, claims, count, field, field_claim, moves_back,
};
use crate::intake::ImportError;
use crate::intake::report::{Counts, FileReport, Problem, Problems, Severity};
use crate::intake::wochenliste::{self, Filled, FilledCell, FilledRow};
use crate::store::import::{AKTIVITAET, BETREUUNG, CaseField, KnownCase};

/// A day further back than this before the week is more likely mistyped.
const LONG_AGO: Days = Days::new(366);

/// What became of the cells of a list: those about activities, and those about fields of cases.
#[derive(Debug, Default)]
struct Done {
    counts: [Counts; 2],
    problems: Problems,
    teams: BTreeSet<String>,
}

const ACTIVITIES: usize = 0;
const FIELDS: usize = 1;

impl Call<'_> {
    /// Takes over a Wochenliste. Cells that cannot be read, or say what cannot be, are refused one by one.
    pub(super) async fn week(&mut self, path: &Path) -> Result<Vec<super::Taken>, ImportError> {
        let file = path.to_owned();
        let filled = tokio::task::spawn_blocking(move || wochenliste::read(&file)).await;
        let Filled { week, rows, problems, refused } = match filled.map_err(|_| ImportError::Interrupted)? {
            Ok(filled) => filled,
            Err(text) => return Ok(vec![(FileReport::fatal(path, text), None)]),
        };
        let mut done = Done::default();
        done.problems.extend(problems);
        done.counts[ACTIVITIES].read += refused;
        done.counts[ACTIVITIES].refused += refused;
        let mut known = HashMap::new();
        for FilledRow { fallnr, ended, cells } in rows {
            if !known.contains_key(&fallnr) {
                known.insert(fallnr.clone(), self.tx.known_case(&fallnr).await?);
            }
            let Some(Some(case)) = known.get_mut(&fallnr) else {
                done.unknown(&cells);
                continue;
            };
            let oldest = week.monday().checked_sub_days(LONG_AGO).unwrap_or(NaiveDate::MIN);
            for cell in &cells {
                let kind = if of_field(cell.column) { FIELDS } else { ACTIVITIES };
                done.counts[kind].read += 1;
                if let Some((reason, remedy)) = self.impossible(cell, week.day(0), oldest) {
                    done.refuse(kind, cell, &reason, remedy);
                    continue;
                }
                match cell.column {
                    Column::Note(Note::Reason) => {
                        if cell.now.reason().is_some() && !ended {
                            let remedy = "Bitte tragen Sie auch das Ende ein.";
                            done.refuse(kind, cell, "Ein Grund ohne Ende lässt sich nicht übernehmen.", remedy);
                        } else {
                            self.reason(&fallnr, case, cell, &mut done).await?;
                        }
                    }
                    Column::Note(note) if note.art().is_none() => {
                        self.field(&fallnr, case, note, cell, &mut done).await?;
                    }
                    column => {
                        if moves_back(cell.before, cell.now) {
                            done.tell(
                                cell,
                                "Hier stand ein späterer Tag; er wurde ersetzt.",
                                "Falls beides geschehen ist, tragen Sie den späteren Tag bitte mit „record“ nach.",
                            );
                        }
                        let said = claims(column, week, cell.before, cell.now);
                        if said.is_empty() && cell.now == Entry::Times(0) {
                            done.tell(cell, stays(Stays::NothingShown).0, stays(Stays::NothingShown).1);
                        }
                        self.claims(&fallnr, case, &said, cell, &mut done).await?;
                    }
                }
            }
        }
        Ok(self.week_reports(path, done))
    }

    /// Why what a cell says cannot be.
    fn impossible(&self, cell: &FilledCell, monday: NaiveDate, oldest: NaiveDate) -> Option<(String, &'static str)> {
        let today = self.options.today;
        let day = match (cell.column, cell.now) {
            (Column::Day(day, _), now) if now != Entry::Nothing => monday.checked_add_days(Days::new(day.into()))?,
            (_, Entry::Day(day)) => day,
            _ => return None,
        };
        if day > today {
            let reason = format!("Der Tag liegt in der Zukunft (heute ist der {}).", today.format("%d.%m.%Y"));
            return Some((
                reason,
                "Eingetragen wird nur, was schon getan ist. Bitte geben Sie die Liste danach noch einmal ab.",
            ));
        }
        (day < oldest).then(|| {
            ("Der Tag liegt mehr als ein Jahr vor der Woche.".to_owned(), "Bitte prüfen Sie, ob es ein Tippfehler ist.")
        })
    }

    async fn claims(
        &mut self,
        fallnr: &str,
        case: &mut KnownCase,
        claims: &[Claim],
        cell: &FilledCell,
        done: &mut Done,
    ) -> Result<(), ImportError> {
        let (mut new, mut changed, mut told) = (false, false, None);
        for Claim { art, day, before, now } in claims {
            let key = (*art, *day);
            let known = case.done.get(&key).copied();
            match count(*before, *now, known, case.done_delivered.get(&key).copied()) {
                Verdict::Silent | Verdict::Known => {}
                Verdict::Stays(why) => told = Some(why),
                Verdict::Set(anzahl) => {
                    self.tx.tick(fallnr, *art, *day, anzahl, known).await?;
                    case.done.insert(key, anzahl);
                    if let Some(known) = known {
                        // What a further row of the case is held against, as the database now has it.
                        case.done_delivered.entry(key).or_insert(known);
                    }
                    *(if known.is_some() { &mut changed } else { &mut new }) = true;
                }
            }
        }
        done.took(ACTIVITIES, new, changed, &case.team);
        if let Some(why) = told {
            let (reason, remedy) = stays(why);
            done.tell(cell, reason, remedy);
        }
        Ok(())
    }

    async fn field(
        &mut self,
        fallnr: &str,
        case: &mut KnownCase,
        note: Note,
        cell: &FilledCell,
        done: &mut Done,
    ) -> Result<(), ImportError> {
        let of = match note {
            Note::Talk => CaseField::Talk,
            Note::Fazit => CaseField::Fazit,
            _ => CaseField::End,
        };
        let Some(claim) = field_claim(cell.before, cell.now, Entry::day) else { return Ok(()) };
        let known = case.days.get(&of).copied();
        let delivered = case.fields_delivered.get(&of).and_then(|day| day.parse().ok());
        match field(claim, known, delivered) {
            FieldVerdict::Set(day) => {
                self.tx.date(fallnr, of, day).await?;
                match day {
                    Some(day) => case.days.insert(of, day),
                    None => case.days.remove(&of),
                };
                if let Some(known) = known {
                    case.fields_delivered.entry(of).or_insert_with(|| known.to_string());
                }
                done.took(FIELDS, false, true, &case.team);
            }
            verdict => done.left(FIELDS, cell, &verdict),
        }
        Ok(())
    }

    async fn reason(
        &mut self,
        fallnr: &str,
        case: &mut KnownCase,
        cell: &FilledCell,
        done: &mut Done,
    ) -> Result<(), ImportError> {
        let Some(claim) = field_claim(cell.before, cell.now, Entry::reason) else { return Ok(()) };
        let delivered = case.fields_delivered.get(&CaseField::Reason).and_then(|word| word.parse().ok());
        match field(claim, case.reason, delivered) {
            FieldVerdict::Set(reason) => {
                self.tx.reason(fallnr, reason).await?;
                if let Some(known) = case.reason.map(EndeGrund::as_str) {
                    case.fields_delivered.entry(CaseField::Reason).or_insert_with(|| known.to_owned());
                }
                case.reason = reason;
                done.took(FIELDS, false, true, &case.team);
            }
            verdict => done.left(FIELDS, cell, &verdict),
        }
        Ok(())
    }

    /// One report for what was done, and one for fields of cases if the list speaks of any.
    fn week_reports(&mut self, path: &Path, done: Done) -> Vec<super::Taken> {
        let Done { counts: [activities, fields], problems, teams } = done;
        self.changed |= activities.new + activities.changed + fields.changed > 0;
        // A list that says nothing new says nothing about how fresh the data is.
        self.teams.extend(teams);
        let mut reports = Vec::new();
        if fields.read > 0 {
            let mut file = FileReport::new(path, fields, Problems::default());
            file.table = Some(BETREUUNG.name());
            reports.push((file, None));
        }
        let mut file = FileReport::new(path, activities, problems);
        file.table = Some(AKTIVITAET.name());
        file.activities = true;
        reports.push((file, None));
        reports
    }
}

const fn of_field(column: Column) -> bool {
    matches!(column, Column::Note(note) if note.art().is_none())
}

impl Done {
    fn took(&mut self, kind: usize, new: bool, changed: bool, team: &str) {
        let counts = &mut self.counts[kind];
        // A cell is counted once, whatever it says.
        *(if new {
            &mut counts.new
        } else if changed {
            &mut counts.changed
        } else {
            &mut counts.unchanged
        }) += 1;
        if new || changed {
            self.teams.insert(team.to_owned());
        }
    }

    fn left<T>(&mut self, kind: usize, cell: &FilledCell, verdict: &FieldVerdict<T>) {
        self.counts[kind].unchanged += 1;
        if let FieldVerdict::Stays(why) = verdict {
            let (reason, remedy) = stays(*why);
            self.tell(cell, reason, remedy);
        }
    }

    fn refuse(&mut self, kind: usize, cell: &FilledCell, reason: &str, remedy: &str) {
        self.counts[kind].refused += 1;
        self.problems.push(cell.at.problem(&cell.text, Severity::Refused, reason, remedy));
    }

    fn tell(&mut self, cell: &FilledCell, reason: &str, remedy: &str) {
        self.problems.push(cell.at.problem(&cell.text, Severity::Kept, reason, remedy));
    }

    /// A row of a case that nobody knows. It may be mistyped, or long deleted: nothing waits for its coming.
    fn unknown(&mut self, cells: &[FilledCell]) {
        self.counts[ACTIVITIES].read += cells.len() as u64;
        self.counts[ACTIVITIES].refused += cells.len() as u64;
        let Some(first) = cells.first() else { return };
        let reason = "Diese Fallnummer ist nicht bekannt; aus der Zeile wurde nichts übernommen.";
        let problem = first.at.problem(
            "",
            Severity::Refused,
            "",
            "Führende Nullen gehören zur Nummer. Bitte berichtigen Sie sie.",
        );
        self.problems.push(Problem { reason: reason.to_owned(), ..problem });
    }
}

/// Why something stays as it is, and what to do if that is wrong.
const fn stays(why: Stays) -> (&'static str, &'static str) {
    match why {
        Stays::Emptied => {
            ("Hier stand etwas, jetzt ist die Zelle leer; der Eintrag bleibt.", "Eine 0 nimmt ihn zurück.")
        }
        Stays::Withdrawn => (
            "Der Eintrag ist schon zurückgenommen und bleibt es.",
            "Falls er doch stimmt, tragen Sie ihn bitte mit „record“ oder in der nächsten Wochenliste ein.",
        ),
        Stays::Larger => (
            "Bekannt ist schon mehr oder ein späterer Tag; dabei bleibt es.",
            "Falls das zu viel ist, tragen Sie es bitte mit „record“ oder „case set“ richtig ein.",
        ),
        Stays::Corrected => {
            ("Das wurde inzwischen von Hand berichtigt; dabei bleibt es.", "Bitte prüfen Sie den Fall mit „case show“.")
        }
        Stays::Changed => (
            "Inzwischen ist etwas anderes eingetragen; es wurde nicht zurückgenommen.",
            "Bitte prüfen Sie den Fall mit „case show“.",
        ),
        Stays::NothingShown => (
            "Die Wochenliste zeigte hier nichts, was sich zurücknehmen ließe.",
            "Bitte nehmen Sie es mit „record … --withdraw“ oder „case set“ zurück.",
        ),
    }
}
