//! Which cases stand on a Wochenliste, and what it holds when it is made.

use wiedervorlage::domain::wochenliste::{Column, Entry, Row, Standing, Week, row};

use crate::facts::{case, day, office};

/// Thursday of week 48 (23. to 27.11.2026), in Heilbronn.
fn of(words: &str) -> Option<Row> {
    row(&case(words), &office(), Week::parse("2026-W48").unwrap(), day("11-26"))
}

#[test]
fn cases_that_run_in_the_week_stand_on_it_and_those_whose_end_wants_something() {
    for (sentence, words, standing) in [
        ("main care runs", "seit=10-01", Some(Standing::Main)),
        ("it begins on Friday", "seit=11-27", Some(Standing::Main)),
        ("it begins next week", "seit=11-30", None),
        ("it ended on Tuesday: Monday may yet be ticked", "seit=10-01 ende=11-24", Some(Standing::Main)),
        ("it ended on Monday, the Fazit is open", "seit=10-01 ende=11-23 grund=integration", Some(Standing::Ended)),
        (
            "handed back long ago, the talk is open",
            "seit=04-01 ende=09-30 grund=rueckgabe_frist fazit=10-01",
            Some(Standing::Ended),
        ),
        ("ended, and all is done", "seit=04-01 ende=09-30 grund=integration fazit=10-01", None),
        ("on the watch list", "kennung=BAK16i since=10-01", Some(Standing::Watched)),
        ("only proposed", "kennung=BAK since=10-01", None),
        ("handed over, not yet entered", "uebergabe=11-02", Some(Standing::Main)),
    ] {
        assert_eq!(of(words).map(|row| row.standing), standing, "{sentence}");
    }
}

#[test]
fn it_holds_what_is_known() {
    let cell = |words: &str, column: &str| {
        let row = of(words).unwrap();
        let at = Column::all().position(|c| c.id() == column).unwrap();
        row.cells[at].to_string()
    };
    for (words, column, expected) in [
        ("seit=10-01", "mo.suche", ""),
        ("seit=10-01 stellensuchlauf@11-23", "mo.suche", "1"),
        ("seit=10-01 stellensuchlauf@11-23*12", "mo.suche", "12"),
        ("seit=10-01 stellensuchlauf@11-22", "mo.suche", ""),
        ("seit=10-01 stellensuchlauf@11-27*0", "fr.suche", "0"),
        ("seit=10-01 kontakt_persoenlich@11-24", "di.kunde", "p"),
        ("seit=10-01 kontakt_persoenlich@11-24 kontakt_telefonisch@11-24", "di.kunde", "pt"),
        ("seit=10-01 kontakt_persoenlich@11-24*0 kontakt_telefonisch@11-24", "di.kunde", "t"),
        ("seit=10-01 kontakt_persoenlich@11-24*0", "di.kunde", "0"),
        ("seit=10-01 kontakt_schriftlich@11-24", "di.kunde", ""),
        ("seit=10-01 ag_kontakt@11-25", "mi.ag", "1"),
        ("seit=10-01 kontaktversuch@11-25*2", "mi.versuch", "2"),
        ("seit=10-01 lebenslauf_angefordert@10-02 lebenslauf_angefordert@10-20", "ll_angefordert", "2026-10-20"),
        ("seit=10-01 lebenslauf_eingegangen@10-20*0", "ll_eingegangen", ""),
        ("kennung=BAK16i since=10-01", "ll_angefordert", "-"),
        ("seit=10-01 ende=11-24 grund=rueckgabe_frist", "ende_am", "2026-11-24"),
        ("seit=10-01 ende=11-24 grund=rueckgabe_frist", "ende_grund", "rueckgabe_frist"),
        ("seit=10-01 ende=11-24 fazit=11-25 talk=11-26", "fazit_am", "2026-11-25"),
    ] {
        assert_eq!(cell(words, column), expected, "{words}: {column}");
    }
    let open: Vec<_> = of("seit=10-01").unwrap().open.into_iter().map(|open| open.rule).collect();
    assert!(["ag-kontakt", "lebenslauf-anfordern"].iter().all(|rule| open.iter().any(|o| o == rule)), "{open:?}");
}

#[test]
fn days_on_which_nobody_works_are_closed() {
    let christmas = row(&case("seit=10-01"), &office(), Week::parse("2026-W52").unwrap(), day("11-26")).unwrap();
    let days: Vec<_> = christmas.cells.iter().take(20).map(|entry| *entry == Entry::Closed).collect();
    // Thursday the 24th is dienstfrei, Friday a holiday.
    assert_eq!(days, [[false; 12].as_slice(), &[true; 8]].concat());
}
