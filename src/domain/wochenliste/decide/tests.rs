use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::domain::wochenliste::Note;

#[test]
fn what_a_number_in_a_cell_says() {
    use Verdict::{Known, Set, Silent};
    let stays = Verdict::Stays;
    let rows = [
        ("it holds what it held", (Some(2), Some(2), Some(2), None), Silent),
        ("it holds what it held, and much has happened since", (Some(2), Some(2), Some(5), None), Silent),
        ("nothing, as before", (None, None, Some(1), None), Silent),
        ("a new tick", (None, Some(1), None, None), Set(1)),
        ("a tick that is known", (None, Some(1), Some(1), None), Known),
        ("a colleague has ticked more", (None, Some(1), Some(2), None), stays(Stays::Larger)),
        ("it ticks more than a colleague", (None, Some(3), Some(2), None), Set(3)),
        ("it sets right what it held", (Some(3), Some(2), Some(3), None), Set(2)),
        ("it takes back what it held", (Some(3), Some(0), Some(3), None), Set(0)),
        ("it takes back what came from this very copy", (None, Some(0), Some(1), None), Set(0)),
        ("it says there was none", (None, Some(0), None, None), Set(0)),
        ("taken back by another copy", (None, Some(1), Some(0), None), stays(Stays::Withdrawn)),
        ("the form showed that it was taken back", (Some(0), Some(1), Some(0), None), Set(1)),
        ("it was emptied", (Some(1), None, Some(1), None), stays(Stays::Emptied)),
        ("it was emptied, and is taken back anyway", (Some(1), None, Some(0), None), Silent),
        ("people have set right what it says again", (None, Some(3), Some(1), Some(3)), stays(Stays::Corrected)),
        ("people have taken back what it says again", (None, Some(3), Some(0), Some(3)), stays(Stays::Corrected)),
        ("the form showed what people had set right, and it is set back", (Some(3), Some(2), Some(3), Some(2)), Set(2)),
        (
            "the form showed what people had taken back, and it is there again",
            (Some(0), Some(1), Some(0), Some(1)),
            Set(1),
        ),
        ("two copies set the same right", (Some(3), Some(1), Some(2), None), stays(Stays::Larger)),
    ];
    for (sentence, (before, now, known, delivered), expected) in rows {
        assert_eq!(count(before, now, known, delivered), expected, "{sentence}");
    }
}

#[test]
fn what_a_day_in_a_field_says() {
    use FieldVerdict::{Known, Set, Silent};
    let stays = FieldVerdict::Stays;
    let rows = [
        ("it holds what it held", Some(5), Told::Is(5), Some(7), None, Silent),
        ("a new day", None, Told::Is(5), None, None, Set(Some(5))),
        ("known", None, Told::Is(5), Some(5), None, Known),
        ("it sets right what it held", Some(5), Told::Is(4), Some(5), None, Set(Some(4))),
        ("another copy says later", None, Told::Is(5), Some(6), None, stays(Stays::Larger)),
        ("it says later than another copy", None, Told::Is(6), Some(5), None, Set(Some(6))),
        ("it takes back what it held", Some(5), Told::Zero, Some(5), None, Set(None)),
        ("it takes back, but another copy says something", Some(5), Told::Zero, Some(6), None, stays(Stays::Changed)),
        ("it would take back what it never showed", None, Told::Zero, Some(6), None, stays(Stays::NothingShown)),
        ("there is nothing to take back", None, Told::Zero, None, None, Known),
        ("it was emptied", Some(5), Told::Emptied, Some(5), None, stays(Stays::Emptied)),
        ("people have set right what it says again", None, Told::Is(5), Some(4), Some(5), stays(Stays::Corrected)),
        (
            "the form showed how it was set right, and it is set back",
            Some(4),
            Told::Is(5),
            Some(4),
            Some(5),
            Set(Some(5)),
        ),
    ];
    for (sentence, before, now, known, delivered, expected) in rows {
        assert_eq!(field(FieldClaim { before, now }, known, delivered), expected, "{sentence}");
    }
}

/// An activity's kind and day, how often the form said, how often the cell says.
type Said<'a> = (Art, &'a str, Option<u32>, Option<u32>);

fn entry(text: &str) -> Entry {
    Entry::parse(text).unwrap()
}

#[test]
fn one_cell_may_say_several_things() {
    let week = Week::parse("2026-W48").unwrap();
    let client = Column::Day(1, Tick::Client);
    let (p, t) = (Art::KontaktPersoenlich, Art::KontaktTelefonisch);
    let asked = Column::Note(Note::CvAsked);
    let a = Art::LebenslaufAngefordert;
    let rows: [(&str, Column, &str, &str, &[Said<'_>]); 12] = [
        ("as it was", client, "p", "p", &[]),
        ("in person", client, "", "p", &[(p, "2026-11-24", None, Some(1))]),
        ("both", client, "", "pt", &[(p, "2026-11-24", None, Some(1)), (t, "2026-11-24", None, Some(1))]),
        (
            "by phone instead",
            client,
            "p",
            "t",
            &[(p, "2026-11-24", Some(1), Some(0)), (t, "2026-11-24", None, Some(1))],
        ),
        ("by phone as well", client, "p", "pt", &[(t, "2026-11-24", None, Some(1))]),
        ("taken back", client, "p", "0", &[(p, "2026-11-24", Some(1), Some(0)), (t, "2026-11-24", None, Some(0))]),
        ("emptied", client, "p", "", &[(p, "2026-11-24", Some(1), None)]),
        ("asked for", asked, "", "2026-11-20", &[(a, "2026-11-20", None, Some(1))]),
        ("asked for again", asked, "2026-11-02", "2026-11-20", &[(a, "2026-11-20", None, Some(1))]),
        (
            "asked for earlier",
            asked,
            "2026-11-20",
            "2026-11-02",
            &[(a, "2026-11-20", Some(1), Some(0)), (a, "2026-11-02", None, Some(1))],
        ),
        ("not asked for", asked, "2026-11-20", "0", &[(a, "2026-11-20", Some(1), Some(0))]),
        ("a day on which nobody works", client, "-", "-", &[]),
    ];
    for (sentence, column, before, now, expected) in rows {
        let claims = claims(column, week, entry(before), entry(now));
        let said: Vec<_> = claims.iter().map(|c| (c.art, c.day.to_string(), c.before, c.now)).collect();
        let expected: Vec<_> = expected.iter().map(|(art, day, b, n)| (*art, (*day).to_owned(), *b, *n)).collect();
        assert_eq!(said, expected, "{sentence}");
    }
}

/// What is known of a number or field, and what the lists had said before people (or a Wochenliste) set it right.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Known {
    now: Option<u32>,
    set_right: bool,
    delivered: Option<u32>,
}

impl Known {
    fn becomes(self, now: Option<u32>) -> Self {
        let delivered = if self.set_right { self.delivered } else { self.now };
        Self { now, set_right: true, delivered }
    }

    fn take(self, before: Option<u32>, now: Option<u32>) -> Self {
        match count(before, now, self.now, self.delivered) {
            Verdict::Set(n) => self.becomes(Some(n)),
            _ => self,
        }
    }

    fn take_field(self, before: Option<u32>, now: Told<u32>) -> Self {
        match field(FieldClaim { before, now }, self.now, self.delivered) {
            FieldVerdict::Set(value) => self.becomes(value),
            _ => self,
        }
    }
}

fn number() -> impl Strategy<Value = Option<u32>> {
    proptest::option::of(0_u32..4)
}

fn known() -> impl Strategy<Value = Known> {
    let parts = (number(), any::<bool>(), number());
    parts.prop_map(|(now, set_right, delivered)| Known { now, set_right, delivered: delivered.filter(|_| set_right) })
}

fn told() -> impl Strategy<Value = Told<u32>> {
    prop_oneof![Just(Told::Emptied), Just(Told::Zero), (0_u32..4).prop_map(Told::Is)]
}

fn order() -> impl Strategy<Value = Vec<usize>> {
    Just((0..5).collect::<Vec<usize>>()).prop_shuffle()
}

proptest! {
    /// Copies of one form may come in any order, and again.
    #[test]
    fn copies_merge_in_any_order(
        start in known(),
        before in number(),
        copies in vec(number(), 0..5),
        order in order(),
        again in 0_usize..5,
    ) {
        let one = copies.iter().fold(start, |known, now| known.take(before, *now));
        let shuffled = order.iter().filter_map(|i| copies.get(*i));
        let other = shuffled.fold(start, |known, now| known.take(before, *now));
        prop_assert_eq!(one, other);
        if let Some(now) = copies.get(again) {
            prop_assert_eq!(one, one.take(before, *now));
        }
    }

    /// The same for a field of a case.
    #[test]
    fn copies_of_a_field_merge_in_any_order(
        start in known(),
        before in number(),
        copies in vec(told(), 0..5),
        order in order(),
        again in 0_usize..5,
    ) {
        let one = copies.iter().fold(start, |known, now| known.take_field(before, *now));
        let shuffled = order.iter().filter_map(|i| copies.get(*i));
        let other = shuffled.fold(start, |known, now| known.take_field(before, *now));
        prop_assert_eq!(one, other);
        if let Some(now) = copies.get(again) {
            prop_assert_eq!(one, one.take_field(before, *now));
        }
    }
}
