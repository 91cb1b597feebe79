//! What a run has to say, one line per recipient and thing: case by case in, sorted by recipient out.
//!
//! Lines exist so that a run never holds more than one recipient's mail: they can be written down, sorted by
//! (kind, address), and read back.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::week::WeekCount;
use super::{AppointmentLine, Datenstand, Grown, Handback, Item, Kind, Lapsed, News};
use crate::domain::capacity::ends_soon;
use crate::domain::evaluate::Office;
use crate::domain::facts::{Case, CaseFile};
use crate::domain::ledger::{Entry, HELD, Settled, held_back};
use crate::domain::obligation::{Ended, Obligation, Role, Roles, State};
use crate::domain::recipients::Directory;
use crate::domain::rules::{Kind as RuleKind, LeadSees, Rule};
use crate::domain::run::Freshness;
use crate::domain::wochenliste::{Row, Week, row_of};

/// One thing for one recipient.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The team it is about.
    pub team: String,
    /// Whose it is (a BAK's or IFK's kuerzel); none: nobody's.
    pub holder: Option<String>,
    /// Whether the reader stands in for the holder.
    pub in_stead: bool,
    /// The thing.
    pub what: What,
}

/// The thing a line says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum What {
    /// The mail is due even if nothing else is said (a receipt, a weekly report).
    Head,
    /// An obligation.
    Item(Item),
    /// A client's search runs of the week: whether their number is reached.
    Tally(bool),
    /// Something was fulfilled.
    Done,
    /// Something ran out undone.
    Lapsed(Lapsed),
    /// An appointment of today.
    Appointment(AppointmentLine),
    /// Six months end soon: on which day, which case.
    Ending(NaiveDate, String),
    /// A BAK's main care has grown past a size.
    Grown(Grown),
    /// A case on its BAK's Wochenliste.
    Form(Row),
}

/// What a run knows of a team.
#[derive(Debug, Clone)]
pub struct TeamFace {
    /// Key.
    pub team: String,
    /// Its name.
    pub name: String,
    /// Since when the work is done (RULES.md §1), for what is due of the team itself.
    pub beginn: Option<NaiveDate>,
    /// The team mailbox.
    pub postfach: Option<String>,
    /// The lead, or who stands in; none where nobody can be reached.
    pub lead: Option<Lead>,
    /// Rules, calendar, evidence.
    pub office: Office,
    /// Whether this is the team's first run.
    pub start: bool,
    /// Rules that have their first run today.
    pub new_rules: Arc<HashSet<Arc<str>>>,
    /// Whether this is the team's first run of the ISO week.
    pub first_of_week: bool,
    /// Whether the weekly report is due: not yet written for this ISO week.
    pub report_due: bool,
    /// Whether each BAK gets the Wochenliste today.
    pub form_due: bool,
    /// Its last import or record, and whether that is too long ago.
    pub fresh: Freshness,
    /// Workdays since the last run whose `missed` are yet to be told.
    pub skipped: Vec<NaiveDate>,
    /// Running cases that are gone from a list that is complete, in order. Until it is known what became of them, nothing
    /// about them goes to case worker or lead.
    pub vanished: Vec<String>,
    /// What the weekly report counts.
    pub week: WeekCount,
    /// Places per BAK that the team has agreed on; none: only what holds for everybody.
    pub agreed: Option<u32>,
}

impl TeamFace {
    /// Whether the case is gone from a list that is complete.
    pub fn has_vanished(&self, fallnr: &str) -> bool {
        self.vanished.binary_search_by(|known| known.as_str().cmp(fallnr)).is_ok()
    }

    /// The roles of the team as such for which nobody can be written to.
    pub fn unreachable(&self) -> Roles {
        let of = [(Role::Team, self.postfach.is_none()), (Role::Tl, self.lead.is_none())];
        of.into_iter().filter_map(|(role, nobody)| nobody.then_some(role)).collect()
    }

    /// How fresh its data is, as a mail states it.
    pub fn datenstand(&self) -> Datenstand {
        Datenstand { key: self.team.clone(), team: self.name.clone(), fresh: self.fresh }
    }
}

/// Who is written to as the lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lead {
    /// The address.
    pub address: String,
    /// The kuerzel of the lead for whom it stands in.
    pub in_stead_for: Option<String>,
}

/// The case workers whose mitteilung goes out.
#[derive(Debug, Clone, Default)]
pub struct Triggered {
    /// Known colleagues, over all teams, by their place in the directory.
    known: HashMap<usize, Trigger>,
    /// Teams with cases whose list names nobody known.
    nobody: HashMap<String, Trigger>,
}

impl Triggered {
    /// Notes that a mitteilung goes out, for the strongest of its reasons. Without a colleague: about nobody's cases of
    /// the team.
    pub fn add(&mut self, colleague: Option<usize>, team: &str, trigger: Trigger) {
        let known = match colleague {
            Some(place) => self.known.entry(place).or_insert(trigger),
            None => self.nobody.entry(team.to_owned()).or_insert(trigger),
        };
        *known = (*known).max(trigger);
    }

    /// Why the mitteilung goes out, if it does.
    pub fn get(&self, colleague: Option<usize>, team: &str) -> Option<Trigger> {
        match colleague {
            Some(place) => self.known.get(&place),
            None => self.nobody.get(team),
        }
        .copied()
    }
}

/// Turns what a run finds of a case into lines.
#[derive(Debug)]
pub struct Router<'a> {
    /// The day.
    pub t: NaiveDate,
    /// Who can be written to.
    pub directory: &'a Directory,
    /// Addresses that got a mitteilung within the reminder's window, per team calendar.
    pub recently_told: &'a HashMap<String, NaiveDate>,
    /// Whether each BAK gets a mail of their own.
    pub personal: bool,
    /// The case workers whose mitteilung goes out.
    pub triggered: Triggered,
}

/// Why a mitteilung goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trigger {
    /// Only to remind.
    Reminder,
    /// A step fires.
    Step,
    /// The team's or a rule's first run.
    Start,
}

/// Workdays before a run in which a mitteilung makes a reminder superfluous.
pub const REMINDER_WORKDAYS: i32 = 5;

/// An obligation of the run with what the ledger made of it.
pub type Told = (Obligation, Settled);

impl Router<'_> {
    /// Everything a run says about one case.
    pub fn case(
        &mut self,
        team: &mut TeamFace,
        file: &CaseFile,
        told: &[Told],
        ended: &mut [Entry],
        tallies: &[bool],
        emit: &mut impl FnMut(Kind, &str, &Line),
    ) {
        let case = &file.case;
        let bak = self.directory.bak_of(case).map(str::to_owned);
        let personal = self.personal_address(team, bak.as_deref());
        let day = |in_stead: bool, what: What| Line { team: team.team.clone(), holder: bak.clone(), in_stead, what };
        let to_bak = |what: What, emit: &mut dyn FnMut(Kind, &str, &Line)| {
            let mut line = day(false, what);
            if let Some(postfach) = &team.postfach {
                emit(Kind::Tagesuebersicht, postfach, &line);
            }
            if let Some((address, in_stead)) = &personal {
                line.in_stead = *in_stead;
                emit(Kind::Persoenlich, address, &line);
            }
        };
        for (o, settled) in told {
            let belongs = o.belongs_to(self.t);
            if belongs.has(Role::Bak) {
                to_bak(What::Item(self.item(team, o, settled, Role::Bak, Some(case))), emit);
            }
        }
        for complete in tallies {
            to_bak(What::Tally(*complete), emit);
        }
        for a in file.appointments.iter().filter(|a| a.datum == Some(self.t)) {
            to_bak(
                What::Appointment(AppointmentLine {
                    uhrzeit: a.uhrzeit,
                    fallnr: case.fallnr.clone(),
                    bezeichnung: case.bezeichnung.clone(),
                    art: a.art,
                    ort: a.ort.clone(),
                }),
                emit,
            );
        }
        for entry in ended.iter_mut() {
            let today = entry.ended.filter(|(day, _)| *day == self.t).map(|(_, how)| how);
            if matches!(today, Some(Ended::Fulfilled(..))) && entry.sent.of(Role::Bak).is_some() {
                to_bak(What::Done, emit);
            }
            if entry.untold.has(Role::Bak) && (team.postfach.is_some() || personal.is_some()) {
                to_bak(What::Lapsed(lapsed(team, entry)), emit);
                entry.untold = entry.untold.without(Roles::only(Role::Bak));
            }
        }
        self.form(team, file, told, bak.as_deref(), emit);
        self.worker(team, file, told, ended, emit);
        self.lead(team, file, told, ended, emit);
    }

    /// Everything a run says about a team's own obligations.
    pub fn team(
        &mut self,
        team: &mut TeamFace,
        told: &[Told],
        ended: &mut [Entry],
        emit: &mut impl FnMut(Kind, &str, &Line),
    ) {
        let line = |what: What| Line { team: team.team.clone(), holder: None, in_stead: false, what };
        if let Some(postfach) = &team.postfach {
            emit(Kind::Tagesuebersicht, postfach, &line(What::Head));
            for (o, settled) in told.iter().filter(|(o, _)| o.belongs_to(self.t).has(Role::Team)) {
                emit(Kind::Tagesuebersicht, postfach, &line(What::Item(self.item(team, o, settled, Role::Team, None))));
            }
        }
        if let Some(lead) = &team.lead {
            if team.report_due {
                emit(Kind::Wochenbericht, &lead.address, &line(What::Head));
                for (o, settled) in told.iter().filter(|(o, _)| o.belongs_to(self.t).has(Role::Team)) {
                    let item = self.item(team, o, settled, Role::Tl, None);
                    emit(Kind::Wochenbericht, &lead.address, &line(What::Item(item)));
                }
            }
            self.escalate(team, told, ended, emit);
        }
    }

    /// The roles of a case to which nothing can go today, as nobody can be written to or the case is asked about: what
    /// goes to them waits.
    pub fn unreachable(&self, team: &TeamFace, case: &Case) -> Roles {
        let bak = team.postfach.is_some() || self.personal_address(team, self.directory.bak_of(case)).is_some();
        let ifk = self.worker_address(team, case).is_some();
        let nobody = [(Role::Bak, bak), (Role::Ifk, ifk)].into_iter().filter(|(_, reached)| !reached);
        let asked = if team.has_vanished(&case.fallnr) { HELD } else { Roles::NONE };
        nobody.map(|(role, _)| role).collect::<Roles>().and(team.unreachable()).and(asked)
    }

    /// The case's row on its BAK's Wochenliste.
    fn form(
        &self,
        team: &TeamFace,
        file: &CaseFile,
        told: &[Told],
        bak: Option<&str>,
        emit: &mut impl FnMut(Kind, &str, &Line),
    ) {
        let Some((address, in_stead)) = self.own_address(team, bak).filter(|_| team.form_due) else { return };
        let row = row_of(file, &team.office, Week::of(self.t), self.t, told.iter().map(|(o, _)| o));
        if let Some(row) = row {
            let (team, holder) = (team.team.clone(), bak.map(str::to_owned));
            emit(Kind::Wochenliste, &address, &Line { team, holder, in_stead, what: What::Form(row) });
        }
    }

    /// Where a BAK's own mail goes, if there is one.
    fn personal_address(&self, team: &TeamFace, bak: Option<&str>) -> Option<(String, bool)> {
        self.own_address(team, bak.filter(|_| self.personal))
    }

    /// Where what is a BAK's own goes: only for those with an address; their deputy, or the team mailbox, if absent.
    fn own_address(&self, team: &TeamFace, bak: Option<&str>) -> Option<(String, bool)> {
        let bak = bak.filter(|bak| self.directory.has_address(bak))?;
        match self.directory.reach(bak) {
            Some(reached) => Some((reached.address.to_owned(), reached.in_stead)),
            None => team.postfach.clone().map(|postfach| (postfach, true)),
        }
    }

    /// The case's IFK, if the list names one who is known.
    fn known_worker<'c>(&self, case: &'c Case) -> Option<&'c str> {
        case.ifk.as_deref().filter(|ifk| self.directory.name(ifk).is_some())
    }

    /// Where the mitteilung about a case goes: to the IFK, their deputy, or the team mailbox; and whether in the IFK's
    /// stead. None where there is no mailbox either.
    pub fn worker_address<'a>(&'a self, team: &'a TeamFace, case: &Case) -> Option<(&'a str, bool)> {
        let ifk = self.known_worker(case);
        match ifk.and_then(|ifk| self.directory.reach(ifk)) {
            Some(reached) => Some((reached.address, reached.in_stead)),
            None => team.postfach.as_deref().map(|postfach| (postfach, ifk.is_some())),
        }
    }

    fn worker(
        &mut self,
        team: &TeamFace,
        file: &CaseFile,
        told: &[Told],
        ended: &[Entry],
        emit: &mut impl FnMut(Kind, &str, &Line),
    ) {
        if team.has_vanished(&file.case.fallnr) {
            return;
        }
        let theirs = told.iter().filter(|(o, _)| o.belongs_to(self.t).has(Role::Ifk));
        let untold = ended.iter().filter(|e| e.untold.has(Role::Ifk));
        if theirs.clone().next().is_none() && untold.clone().next().is_none() {
            return;
        }
        let Some((address, in_stead)) = self.worker_address(team, &file.case) else { return };
        let ifk = self.known_worker(&file.case);
        let line = |what| Line { team: team.team.clone(), holder: ifk.map(str::to_owned), in_stead, what };
        let mut trigger = None;
        for (o, settled) in theirs {
            if team.start || team.new_rules.contains(&o.key.rule) {
                trigger = trigger.max(Some(Trigger::Start));
            }
            if settled.fires.has(Role::Ifk) {
                trigger = trigger.max(Some(Trigger::Step));
            }
            if self.reminds(team, o, address) {
                trigger = trigger.max(Some(Trigger::Reminder));
            }
            let item = self.item(team, o, settled, Role::Ifk, Some(&file.case));
            emit(Kind::Mitteilung, address, &line(What::Item(item)));
        }
        for entry in untold {
            emit(Kind::Mitteilung, address, &line(What::Lapsed(lapsed(team, entry))));
        }
        if let Some(trigger) = trigger {
            self.triggered.add(ifk.and_then(|ifk| self.directory.place(ifk)), &team.team, trigger);
        }
    }

    /// Whether an overdue obligation calls for the weekly reminder (RULES.md §5 *Reminder*).
    fn reminds(&self, team: &TeamFace, o: &Obligation, address: &str) -> bool {
        let Some(rule) = team.office.rule(&o.key.rule) else { return false };
        let held = held_back(o, team.fresh.stale && rule.waits_for_activities).has(Role::Ifk);
        let window = team.office.cal.wd(self.t, -REMINDER_WORKDAYS);
        let recent = self.recently_told.get(address).is_some_and(|day| *day >= window);
        team.first_of_week && rule.reminds && o.state == State::Overdue && !held && !recent
    }

    fn lead(
        &self,
        team: &mut TeamFace,
        file: &CaseFile,
        told: &[Told],
        ended: &[Entry],
        emit: &mut impl FnMut(Kind, &str, &Line),
    ) {
        let case = &file.case;
        let vanished = team.has_vanished(&case.fallnr);
        if !vanished {
            self.escalate(team, told, ended, emit);
        }
        if !team.report_due {
            return;
        }
        team.week.add(case, self.t);
        if vanished {
            // It counts as long as it is not known to have ended; more is not said of it.
            return;
        }
        for (o, settled) in told.iter().filter(|(o, _)| o.state == State::Overdue) {
            let Some(rule) = team.office.rule(&o.key.rule) else { continue };
            match rule.lead_sees {
                // Held like the step that would tell the lead of it.
                _ if team.fresh.stale && rule.waits_for_activities => {}
                LeadSees::Cases => {
                    let item = self.item(team, o, settled, Role::Tl, None);
                    self.to_lead(team, Kind::Wochenbericht, What::Item(item), emit);
                }
                LeadSees::Contacts => team.week.contacts_overdue += 1,
                LeadSees::Nothing => {}
            }
        }
        if let Some(end) = ends_soon(case, self.t) {
            self.to_lead(team, Kind::Wochenbericht, What::Ending(end, case.fallnr.clone()), emit);
        }
    }

    fn escalate(&self, team: &TeamFace, told: &[Told], ended: &[Entry], emit: &mut impl FnMut(Kind, &str, &Line)) {
        for (o, settled) in told.iter().filter(|(_, s)| s.fires.has(Role::Tl)) {
            // Case numbers only: the lead's mail names neither client nor BAK.
            let item = self.item(team, o, settled, Role::Tl, None);
            self.to_lead(team, Kind::Eskalation, What::Item(item), emit);
        }
        for entry in ended.iter().filter(|e| e.untold.has(Role::Tl)) {
            // In whichever of the two goes out: the later one leaves out what the earlier one tells.
            self.to_lead(team, Kind::Eskalation, What::Lapsed(lapsed(team, entry)), emit);
            if team.report_due {
                self.to_lead(team, Kind::Wochenbericht, What::Lapsed(lapsed(team, entry)), emit);
            }
        }
    }

    fn to_lead(&self, team: &TeamFace, kind: Kind, what: What, emit: &mut impl FnMut(Kind, &str, &Line)) {
        if let Some(lead) = &team.lead {
            emit(kind, &lead.address, &Line { team: team.team.clone(), holder: None, in_stead: false, what });
        }
    }

    /// The obligation as one role sees it; without the case only its number is told.
    fn item(&self, team: &TeamFace, o: &Obligation, settled: &Settled, role: Role, case: Option<&Case>) -> Item {
        let recorded = |d: Option<NaiveDate>| d.is_some_and(|d| d <= self.t);
        let is_return = team.office.rule(&o.key.rule).is_some_and(Rule::is_return);
        let news = match (settled.taken_over.has(role), settled.fires.has(role)) {
            (true, _) => News::TakenOver,
            (false, true) => News::New,
            (false, false) => News::Known,
        };
        Item {
            rule: Arc::clone(&o.key.rule),
            words: words(team, &o.key.rule),
            subject: o.key.subject.clone(),
            cycle: o.key.cycle.clone(),
            fallnr: o.fallnr.clone().unwrap_or_default(),
            bezeichnung: case.map(|c| c.bezeichnung.clone()).unwrap_or_default(),
            raw: o.raw,
            action: o.action,
            state: o.state,
            step: o.step().name.to_string(),
            news,
            workdays: team.office.cal.workdays_between(o.action, self.t),
            appointment: o.appointment,
            reason: o.reason.clone(),
            handback: case.filter(|_| is_return).map(|c| Handback {
                talk: recorded(c.rueckgabegespraech_am),
                fazit: recorded(c.fazit_am),
                ended: recorded(c.ende_am),
            }),
        }
    }
}

/// Whether a rule is about search runs: told in one line per BAK.
pub fn is_search(office: &Office, rule: &str) -> bool {
    office.rule(rule).is_some_and(|r| matches!(r.kind, RuleKind::SearchRuns(_)))
}

/// Where the words of a rule are; a rule that is gone has none but its id.
fn words(team: &TeamFace, rule: &Arc<str>) -> Arc<str> {
    Arc::clone(team.office.rule(rule).map_or(rule, |r| &r.words))
}

fn lapsed(team: &TeamFace, entry: &Entry) -> Lapsed {
    Lapsed {
        rule: Arc::clone(&entry.key.rule),
        words: words(team, &entry.key.rule),
        subject: entry.key.subject.clone(),
        fallnr: entry.fallnr.clone(),
        cycle: entry.key.cycle.clone(),
        action: entry.action,
    }
}
