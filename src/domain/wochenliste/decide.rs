//! What a cell that comes back says, against what the form held and what is known by now.
//!
//! Two colleagues may fill in copies of one form, one may drop the same copy twice, or weeks late. So that the order in
//! which copies arrive does not matter:
//!
//! * A cell that holds what the form held says nothing.
//! * An empty cell never takes anything back; if it held something, that is a hint.
//! * A number that corrects what the form held, and what is still known, counts as it is.
//! * Else the larger number counts, and a 0 is larger than any: what one copy takes back, another does not bring again.
//!   The next form shows the 0, and what is written over it counts.
//! * What the lists had said before people set it right says nothing new, as in every import, unless the form showed how it
//!   was set right.
//! * Of two days for the same field of a case the later one counts, of two reasons the later one of the list of reasons.

use chrono::NaiveDate;

use super::{Column, Entry, Tick, Week};
use crate::domain::facts::{Art, EndeGrund};

/// What a cell says about an activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// What was done.
    pub art: Art,
    /// On which day.
    pub day: NaiveDate,
    /// How often the form said; none: it held nothing.
    pub before: Option<u32>,
    /// How often the cell says; none: it was emptied.
    pub now: Option<u32>,
}

/// What a cell says about a field of the case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldClaim<T> {
    /// What the form held.
    pub before: Option<T>,
    /// What the cell says.
    pub now: Told<T>,
}

/// What a cell says in place of what it held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told<T> {
    /// Nothing any more.
    Emptied,
    /// That it is to be taken back.
    Zero,
    /// This.
    Is(T),
}

/// Why something stays as it is, against what the cell says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stays {
    /// The cell is empty, what it held stays.
    Emptied,
    /// It was taken back.
    Withdrawn,
    /// A larger number, or a later day, is known.
    Larger,
    /// People have set it right since it said so.
    Corrected,
    /// Somebody else has changed it since the form was made.
    Changed,
    /// The form showed nothing that could be taken back.
    NothingShown,
}

/// What becomes of a claim about an activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It says nothing.
    Silent,
    /// It is known already.
    Known,
    /// It does not change what is known.
    Stays(Stays),
    /// It becomes so often.
    Set(u32),
}

/// What becomes of a claim about a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldVerdict<T> {
    /// It says nothing.
    Silent,
    /// It is known already.
    Known,
    /// It does not change what is known.
    Stays(Stays),
    /// It becomes this; none: empty.
    Set(Option<T>),
}

/// What a number says. `known`: what is known by now; `delivered`: what the lists had said before people set it right.
pub fn count(before: Option<u32>, now: Option<u32>, known: Option<u32>, delivered: Option<u32>) -> Verdict {
    let Some(now) = now.filter(|_| now != before) else {
        let emptied = now.is_none() && before.is_some() && known.is_some_and(|n| n > 0);
        return if emptied { Verdict::Stays(Stays::Emptied) } else { Verdict::Silent };
    };
    match known {
        Some(known) if known == now => Verdict::Known,
        // Of a form that showed something else, the writer saw how it was set right.
        _ if delivered == Some(now) && before.is_none() => Verdict::Stays(Stays::Corrected),
        None => Verdict::Set(now),
        Some(_) if known == before => Verdict::Set(now),
        Some(0) => Verdict::Stays(Stays::Withdrawn),
        Some(known) if now == 0 || now > known => Verdict::Set(now),
        Some(_) => Verdict::Stays(Stays::Larger),
    }
}

/// What a cell says of a field of the case; the parameters are as in [`count`].
pub fn field<T: Ord + Copy>(claim: FieldClaim<T>, known: Option<T>, delivered: Option<T>) -> FieldVerdict<T> {
    let FieldClaim { before, now } = claim;
    match now {
        Told::Emptied if before.is_some() && known.is_some() => FieldVerdict::Stays(Stays::Emptied),
        Told::Emptied => FieldVerdict::Silent,
        Told::Zero if known.is_none() => FieldVerdict::Known,
        Told::Zero if before.is_none() => FieldVerdict::Stays(Stays::NothingShown),
        Told::Zero if known == before => FieldVerdict::Set(None),
        Told::Zero => FieldVerdict::Stays(Stays::Changed),
        Told::Is(now) if before == Some(now) => FieldVerdict::Silent,
        Told::Is(now) if known == Some(now) => FieldVerdict::Known,
        Told::Is(now) if delivered == Some(now) && before.is_none() => FieldVerdict::Stays(Stays::Corrected),
        Told::Is(now) if known == before || known.is_none_or(|known| now > known) => FieldVerdict::Set(Some(now)),
        Told::Is(_) => FieldVerdict::Stays(Stays::Larger),
    }
}

/// What a cell says about activities, against what the form held there. A cell of a field says nothing here.
pub fn claims(column: Column, week: Week, before: Entry, now: Entry) -> Vec<Claim> {
    if before == now || now == Entry::Closed {
        return Vec::new();
    }
    match column {
        Column::Day(day, Tick::Client) => contacts(week.day(day), before, now),
        Column::Day(day, tick) => {
            let art = match tick {
                Tick::Search => Art::Stellensuchlauf,
                Tick::Employer => Art::AgKontakt,
                Tick::Attempt | Tick::Client => Art::Kontaktversuch,
            };
            let times = |entry| match entry {
                Entry::Times(n) => Some(n),
                _ => None,
            };
            vec![Claim { art, day: week.day(day), before: times(before), now: times(now) }]
        }
        Column::Note(note) => note.art().map_or_else(Vec::new, |art| dates(art, before, now)),
    }
}

/// Contacts in person and by phone stand in one cell: what it held and no longer names is taken back, as the cell was
/// written anew.
fn contacts(day: NaiveDate, before: Entry, now: Entry) -> Vec<Claim> {
    let ways = [
        (Art::KontaktPersoenlich, (|personal, _| personal) as fn(bool, bool) -> bool),
        (Art::KontaktTelefonisch, |_, phone| phone),
    ];
    let claim = |(art, which): (Art, fn(bool, bool) -> bool)| {
        let held = |entry| match entry {
            Entry::Contact { personal, phone } => which(personal, phone).then_some(1),
            Entry::Times(0) => Some(0),
            _ => None,
        };
        let before = held(before);
        let now = match now {
            Entry::Contact { .. } => held(now).or_else(|| before.map(|_| 0)),
            _ => held(now),
        };
        Claim { art, day, before, now }
    };
    ways.map(claim).into_iter().filter(|claim| claim.before != claim.now).collect()
}

/// A later day is added to what the form held, an earlier one takes its place.
fn dates(art: Art, before: Entry, now: Entry) -> Vec<Claim> {
    let held = match before {
        Entry::Day(day) => Some(day),
        _ => None,
    };
    let of_held = |now| held.map(|day| Claim { art, day, before: Some(1), now });
    match now {
        Entry::Day(day) => {
            let moved = of_held(Some(0)).filter(|claim| day < claim.day);
            moved.into_iter().chain([Claim { art, day, before: None, now: Some(1) }]).collect()
        }
        Entry::Times(0) => of_held(Some(0)).into_iter().collect(),
        _ => of_held(None).into_iter().collect(),
    }
}

/// What a cell says about a field of the case, taken by `value`; none if it says nothing.
pub fn field_claim<T: Copy>(before: Entry, now: Entry, value: fn(Entry) -> Option<T>) -> Option<FieldClaim<T>> {
    if before == now || now == Entry::Closed {
        return None;
    }
    let told = match now {
        Entry::Times(0) => Told::Zero,
        _ => value(now).map_or(Told::Emptied, Told::Is),
    };
    Some(FieldClaim { before: value(before), now: told })
}

impl Entry {
    /// The day it says.
    pub fn day(self) -> Option<NaiveDate> {
        match self {
            Self::Day(day) => Some(day),
            _ => None,
        }
    }

    /// The reason it says.
    pub fn reason(self) -> Option<EndeGrund> {
        match self {
            Self::Reason(reason) => Some(reason),
            _ => None,
        }
    }
}

/// Whether a day takes the place of a later one that the form held.
pub fn moves_back(before: Entry, now: Entry) -> bool {
    before.day().zip(now.day()).is_some_and(|(before, now)| now < before)
}

#[cfg(test)]
mod tests;
