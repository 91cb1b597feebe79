//! Which days are worked on, in tables and against a plain count.

use super::*;

fn day(iso: &str) -> NaiveDate {
    iso.parse().unwrap()
}

fn heilbronn() -> Calendar {
    Calendar::new(Bundesland::Bw, &[], &Dienstfrei::default())
}

/// Calendars that differ in all they can: Land, regional holidays, dienstfrei days that meet holidays and weekends.
fn places() -> [Calendar; 4] {
    let odd = Dienstfrei {
        yearly: vec![(12, 24), (12, 31), (12, 25), (12, 24), (2, 29), (2, 30), (13, 1), (0, 0)],
        single: vec![day("2026-05-15"), day("1989-11-09"), day("2026-05-14"), day("2101-02-01"), day("2026-05-15")],
    };
    [
        heilbronn(),
        Calendar::new(Bundesland::By, &[Regional::MariaeHimmelfahrt, Regional::Friedensfest], &odd),
        Calendar::new(Bundesland::Sn, &[Regional::Fronleichnam], &odd),
        Calendar::new(Bundesland::Be, &[], &Dienstfrei { yearly: Vec::new(), single: Vec::new() }),
    ]
}

/// Numbers without pattern, the same in every run.
fn numbers() -> impl Iterator<Item = i32> {
    let step = |seed: &u64| Some(seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
    std::iter::successors(Some(7), step).map(|seed| (seed >> 33) as i32)
}

/// The definition of [`Calendar::wd`], day by day and without the table.
fn plain_wd(calendar: &Calendar, mut d: NaiveDate, n: i32) -> NaiveDate {
    let mut left = n.abs();
    while left > 0 {
        d = if n > 0 { d.succ_opt().unwrap() } else { d.pred_opt().unwrap() };
        left -= i32::from(calendar.day_by_law(d) == 0);
    }
    d
}

fn plain_between(calendar: &Calendar, a: NaiveDate, b: NaiveDate) -> i64 {
    let count = |a: NaiveDate, b: NaiveDate| {
        a.iter_days().skip(1).take_while(|d| *d <= b).filter(|d| calendar.day_by_law(*d) == 0).count() as i64
    };
    if a <= b { count(a, b) } else { -count(b, a) }
}

/// Three weeks around both ends of the table.
fn edges() -> impl Iterator<Item = NaiveDate> {
    ["1989-12-20", "2100-12-20"].into_iter().flat_map(|start| day(start).iter_days().take(24))
}

#[test]
fn what_the_office_must_do_rolls_back_and_what_it_waits_for_rolls_forward() {
    let calendar = heilbronn();
    for (d, back, fwd, werktag) in [
        ("2026-11-23", "2026-11-23", "2026-11-23", "2026-11-23"), // a Monday
        ("2026-11-28", "2026-11-27", "2026-11-30", "2026-11-30"), // a Saturday
        ("2026-04-03", "2026-04-02", "2026-04-07", "2026-04-07"), // Karfreitag to Ostermontag
        ("2026-12-24", "2026-12-23", "2026-12-28", "2026-12-24"), // dienstfrei does not move the law
        ("2026-12-25", "2026-12-23", "2026-12-28", "2026-12-28"),
        ("2026-12-31", "2026-12-30", "2027-01-04", "2026-12-31"),
    ] {
        assert_eq!(calendar.back(day(d)), day(back), "back from {d}");
        assert_eq!(calendar.fwd(day(d)), day(fwd), "forward from {d}");
        assert_eq!(calendar.fwd_werktag(day(d)), day(werktag), "forward over Werktage from {d}");
    }
}

#[test]
fn workdays_are_counted_without_the_day_itself() {
    let calendar = heilbronn();
    for (d, n, expected) in [
        ("2026-11-23", 0, "2026-11-23"),
        ("2026-11-28", 0, "2026-11-28"), // not even from a Saturday
        ("2026-11-23", 1, "2026-11-24"),
        ("2026-11-23", -1, "2026-11-20"),
        ("2026-11-28", 1, "2026-11-30"),
        ("2026-11-28", -1, "2026-11-27"),
        ("2026-12-23", 1, "2026-12-28"),
        ("2026-12-30", 3, "2027-01-07"), // over Heilige Drei Könige
        ("2027-01-07", -3, "2026-12-30"),
    ] {
        assert_eq!(calendar.wd(day(d), n), day(expected), "{d} {n:+}");
    }
    assert_eq!(calendar.workdays_between(day("2026-11-20"), day("2026-11-23")), 1);
    assert_eq!(calendar.workdays_between(day("2026-11-23"), day("2026-11-20")), -1);
    assert_eq!(calendar.workdays_between(day("2026-11-20"), day("2026-11-22")), 0);
    assert_eq!(calendar.workdays_between(day("2026-11-23"), day("2026-11-23")), 0);
    assert_eq!(calendar.workdays_between(day("2026-12-31"), day("2027-12-31")), 251);
}

#[test]
fn a_closed_day_says_why() {
    let calendar = heilbronn();
    for (d, why, word) in [
        ("2026-11-28", Closed::Samstag, "Samstag"),
        ("2026-11-29", Closed::Sonntag, "Sonntag"),
        ("2026-04-03", Closed::Feiertag("Karfreitag"), "Karfreitag"),
        ("2026-10-03", Closed::Feiertag("Tag der Deutschen Einheit"), "Tag der Deutschen Einheit"), // a Saturday
        ("2026-12-24", Closed::Dienstfrei, "dienstfrei"),
        ("2028-12-24", Closed::Sonntag, "Sonntag"),
    ] {
        assert_eq!(calendar.closed_because(day(d)), Some(why), "{d}");
        assert_eq!(why.to_string(), word);
    }
    assert_eq!(calendar.closed_because(day("2026-11-23")), None);
    assert!(calendar.is_dienstfrei(day("2028-12-24")));
    assert_eq!(calendar.land(), Bundesland::Bw);
}

#[test]
fn single_closed_days_close_one_day_only() {
    let [_, augsburg, ..] = places();
    assert_eq!(augsburg.closed_because(day("2026-05-15")), Some(Closed::Dienstfrei));
    assert_eq!(augsburg.closed_because(day("2026-05-14")), Some(Closed::Feiertag("Christi Himmelfahrt")));
    assert_eq!(augsburg.closed_because(day("2025-05-15")), None);
    assert_eq!(augsburg.closed_because(day("2101-02-01")), Some(Closed::Dienstfrei));
    assert_eq!(augsburg.closed_because(day("2028-02-29")), Some(Closed::Dienstfrei));
}

#[test]
fn every_tabled_day_is_what_the_law_says() {
    for calendar in places() {
        for d in day("1989-01-01").iter_days().take_while(|d| d.year() <= 2101) {
            assert_eq!(calendar.day(d), calendar.day_by_law(d), "{} {d}", calendar.land.code());
            assert_eq!(calendar.is_workday(d), calendar.closed_because(d).is_none(), "{d}");
            assert_eq!(calendar.is_workday(d), calendar.is_werktag(d) && !calendar.is_dienstfrei(d), "{d}");
        }
    }
}

#[test]
fn the_table_answers_as_counting_does_at_its_edges() {
    for calendar in places() {
        for d in edges() {
            for n in -20..=20 {
                let expected = plain_wd(&calendar, d, n);
                assert_eq!(calendar.wd(d, n), expected, "{d} {n:+}");
                assert_eq!(calendar.wd_by_counting(d, n), expected, "{d} {n:+}");
            }
            for other in edges().filter(|other| (*other - d).num_days().abs() < 50) {
                let expected = plain_between(&calendar, d, other);
                assert_eq!(calendar.workdays_between(d, other), expected, "{d} {other}");
            }
            let nearest = |step: i32| if calendar.day_by_law(d) == 0 { d } else { plain_wd(&calendar, d, step) };
            assert_eq!((calendar.back(d), calendar.fwd(d)), (nearest(-1), nearest(1)), "{d}");
        }
    }
}

#[test]
fn the_table_answers_as_counting_does_on_any_day() {
    let mut numbers = numbers();
    let mut next = |limit: i32| numbers.next().map_or(0, |n| n.rem_euclid(limit));
    for calendar in places() {
        for _ in 0..1_000 {
            let d = NaiveDate::from_yo_opt(1960 + next(170), 1 + next(365) as u32).unwrap();
            let n = next(121) - 60;
            assert_eq!(calendar.wd(d, n), plain_wd(&calendar, d, n), "{d} {n:+}");
            let other = add_months(d, next(49) - 24);
            assert_eq!(calendar.workdays_between(d, other), plain_between(&calendar, d, other), "{d} {other}");
        }
    }
}

#[test]
fn whole_years_are_counted_as_their_days() {
    for calendar in places() {
        for year in (1880..2210).chain([NaiveDate::MIN.year(), -1, 0, 9999, NaiveDate::MAX.year()]) {
            let days = (1..=366).filter_map(|day| NaiveDate::from_yo_opt(year, day));
            let expected = days.filter(|d| calendar.day_by_law(*d) == 0).count();
            assert_eq!(calendar.workdays_of_year(year) as usize, expected, "{year}");
        }
        for (from, n) in
            [("1987-07-15", 31_000), ("2101-03-01", -28_500), ("2026-11-23", 20_000), ("9999-12-31", -5_000)]
        {
            assert_eq!(calendar.wd(day(from), n), plain_wd(&calendar, day(from), n), "{from} {n:+}");
        }
        let (a, b) = (day("1988-02-29"), day("2103-05-05"));
        assert_eq!(calendar.workdays_between(a, b), plain_between(&calendar, a, b));
        assert_eq!(calendar.workdays_between(b, a), plain_between(&calendar, b, a));
    }
}

#[test]
fn no_date_is_too_far() {
    let calendar = heilbronn();
    let far = ["0001-01-01", "1582-10-15", "9999-12-31"].map(day);
    for d in far.into_iter().chain([NaiveDate::MIN, NaiveDate::MAX]) {
        assert_eq!(calendar.day(d), calendar.day_by_law(d));
        let (back, fwd) = (calendar.back(d), calendar.fwd(d));
        assert!(back <= d && d <= calendar.fwd_werktag(d) && calendar.fwd_werktag(d) <= fwd, "{d}");
        assert_eq!(calendar.is_workday(d), calendar.closed_because(d).is_none(), "{d}");
    }
    assert_eq!(calendar.back(day("9999-12-31")), day("9999-12-30"));
    assert_eq!(calendar.back(NaiveDate::MIN), NaiveDate::MIN);
    assert_eq!(calendar.fwd(NaiveDate::MAX), NaiveDate::MAX);
    assert_eq!(calendar.wd(NaiveDate::MAX, i32::MAX), NaiveDate::MAX);
    assert_eq!(calendar.wd(NaiveDate::MIN, i32::MIN), NaiveDate::MIN);
    assert_eq!(calendar.wd(day("+262140-06-01"), i32::MAX), NaiveDate::MAX);
    assert_eq!(calendar.wd(day("-262140-06-01"), i32::MIN), NaiveDate::MIN);
    let (a, b) = (day("-262143-01-01"), day("-262000-12-31"));
    assert_eq!(calendar.workdays_between(b, a), -calendar.workdays_between(a, b));
}

#[test]
fn an_office_that_is_always_closed_does_not_search_forever() {
    let yearly = (1..=12).flat_map(|month| (1..=31).map(move |day| (month, day))).collect();
    let closed = Calendar::new(Bundesland::Th, &[], &Dienstfrei { yearly, single: Vec::new() });
    assert_eq!(closed.fwd(day("+262130-01-01")), NaiveDate::MAX);
    assert_eq!(closed.back(day("-262130-01-01")), NaiveDate::MIN);
    assert_eq!(closed.workdays_between(day("2000-01-01"), day("2090-01-01")), 0);
}
