//! The public holidays (gesetzliche Feiertage) of the sixteen Länder.
//!
//! [`FEIERTAGE`] is the whole holiday law this house knows, one line per holiday, place and span of years. It knows
//! names, dates and Länder; it must not know what an office does on a day, nor today's date.
//!
//! The table is meant for 1990 and later. Earlier years are answered with the law of 1990 as far as it is unbounded
//! in the table, which is good enough for a mistyped year and for nothing else. Days that a Land's act merely protects
//! (Gedenktage, stille Tage, kirchliche Feiertage) are no public holidays and not listed. Hessen's act calls every
//! Sunday a public holiday (§1(1) HFeiertagsG); Sundays are closed anyway, so this is not repeated here.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate, TimeDelta};

use Bundesland::{Bb, Be, Bw, By, Hb, He, Hh, Mv, Ni, Nw, Rp, Sh, Sl, Sn, St, Th};

/// A Land of the Federal Republic. The order is that of the German names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Bundesland {
    /// Baden-Württemberg
    Bw,
    /// Bayern
    By,
    /// Berlin
    Be,
    /// Brandenburg
    Bb,
    /// Bremen
    Hb,
    /// Hamburg
    Hh,
    /// Hessen
    He,
    /// Mecklenburg-Vorpommern
    Mv,
    /// Niedersachsen
    Ni,
    /// Nordrhein-Westfalen
    Nw,
    /// Rheinland-Pfalz
    Rp,
    /// Saarland
    Sl,
    /// Sachsen
    Sn,
    /// Sachsen-Anhalt
    St,
    /// Schleswig-Holstein
    Sh,
    /// Thüringen
    Th,
}

impl Bundesland {
    /// All sixteen, in their order.
    pub const ALL: [Self; 16] = [Bw, By, Be, Bb, Hb, Hh, He, Mv, Ni, Nw, Rp, Sl, Sn, St, Sh, Th];

    /// The two capital letters of ISO 3166-2:DE without the country, as files and settings write them: `BW`.
    pub const fn code(self) -> &'static str {
        match self {
            Bw => "BW",
            By => "BY",
            Be => "BE",
            Bb => "BB",
            Hb => "HB",
            Hh => "HH",
            He => "HE",
            Mv => "MV",
            Ni => "NI",
            Nw => "NW",
            Rp => "RP",
            Sl => "SL",
            Sn => "SN",
            St => "ST",
            Sh => "SH",
            Th => "TH",
        }
    }

    /// The German name as a user reads it: `Baden-Württemberg`.
    pub const fn name(self) -> &'static str {
        match self {
            Bw => "Baden-Württemberg",
            By => "Bayern",
            Be => "Berlin",
            Bb => "Brandenburg",
            Hb => "Bremen",
            Hh => "Hamburg",
            He => "Hessen",
            Mv => "Mecklenburg-Vorpommern",
            Ni => "Niedersachsen",
            Nw => "Nordrhein-Westfalen",
            Rp => "Rheinland-Pfalz",
            Sl => "Saarland",
            Sn => "Sachsen",
            St => "Sachsen-Anhalt",
            Sh => "Schleswig-Holstein",
            Th => "Thüringen",
        }
    }
}

impl FromStr for Bundesland {
    type Err = UnknownBundesland;

    /// Reads the [code](Bundesland::code), in any case and with space around it.
    fn from_str(s: &str) -> Result<Self, UnknownBundesland> {
        let code = s.trim();
        Self::ALL.into_iter().find(|land| land.code().eq_ignore_ascii_case(code)).ok_or(UnknownBundesland)
    }
}

/// A text that is the code of no Bundesland. Its `Display` is German and lists the codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownBundesland;

impl fmt::Display for UnknownBundesland {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unbekanntes Bundesland; möglich sind {}", Bundesland::ALL.map(Bundesland::code).join(", "))
    }
}

impl std::error::Error for UnknownBundesland {}

/// A public holiday of some municipalities only, which an office there must switch on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Regional {
    /// Mariä Himmelfahrt, 15 August, in Bavarian municipalities with a Catholic majority (Art. 1(1) no. 2 `FTG`).
    /// In the Saarland it holds everywhere and needs no switch.
    MariaeHimmelfahrt,
    /// Augsburger Hohes Friedensfest, 8 August, in the city of Augsburg (Art. 1(2) `FTG`). Augsburg also has Mariä
    /// Himmelfahrt: an office there switches on both.
    Friedensfest,
    /// Fronleichnam in the Catholic municipalities of Sachsen (§1 `SächsSFG`) and Thüringen (§2(2) `ThürFGtG`).
    Fronleichnam,
}

impl Regional {
    /// Every regional holiday.
    pub const ALL: [Self; 3] = [Self::MariaeHimmelfahrt, Self::Friedensfest, Self::Fronleichnam];

    /// The key as settings write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MariaeHimmelfahrt => "mariae_himmelfahrt",
            Self::Friedensfest => "friedensfest",
            Self::Fronleichnam => "fronleichnam",
        }
    }

    /// Whether this is a holiday of some municipalities, and not of all or none, in `land`.
    pub const fn allowed_in(self, land: Bundesland) -> bool {
        match self {
            Self::MariaeHimmelfahrt | Self::Friedensfest => matches!(land, By),
            Self::Fronleichnam => matches!(land, Sn | Th),
        }
    }
}

impl FromStr for Regional {
    type Err = UnknownRegional;

    /// Reads the [key](Regional::as_str), exactly.
    fn from_str(s: &str) -> Result<Self, UnknownRegional> {
        Self::ALL.into_iter().find(|regional| regional.as_str() == s).ok_or(UnknownRegional)
    }
}

/// A text that is the key of no regional holiday. Its `Display` is German and lists the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownRegional;

impl fmt::Display for UnknownRegional {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unbekannter regionaler Feiertag; möglich sind {}", Regional::ALL.map(Regional::as_str).join(", "))
    }
}

impl std::error::Error for UnknownRegional {}

/// The public holidays of the whole country, of Länder, and of parts of them.
///
/// Of two on one day (1 May 2008) the earlier line names it.
#[rustfmt::skip] // One holiday a line, so that a lawyer can read it.
static FEIERTAGE: &[Feiertag] = &[
    always("Neujahr", Fixed(1, 1), Everywhere),
    always("Heilige Drei Könige", Fixed(1, 6), In(&[Bw, By])),
    // By an amendment of April 1992. The package `holidays` already has it in 1991 and 1992.
    always("Heilige Drei Könige", Fixed(1, 6), In(&[St])).from(1993),
    always("Frauentag", Fixed(3, 8), In(&[Be])).from(2019),
    always("Frauentag", Fixed(3, 8), In(&[Mv])).from(2023),
    always("Karfreitag", Easter(-2), Everywhere),
    always("Ostersonntag", Easter(0), In(&[Bb])).from(1991),
    always("Ostermontag", Easter(1), Everywhere),
    always("Erster Mai", Fixed(5, 1), Everywhere),
    // Berlin's single anniversaries, with the words of its act.
    always("75. Jahrestag der Befreiung vom Nationalsozialismus und der Beendigung des Zweiten Weltkriegs in Europa",
           Fixed(5, 8), In(&[Be])).only(2020),
    always("80. Jahrestag der Befreiung vom Nationalsozialismus und der Beendigung des Zweiten Weltkriegs in Europa",
           Fixed(5, 8), In(&[Be])).only(2025),
    always("Christi Himmelfahrt", Easter(39), Everywhere),
    always("Pfingstsonntag", Easter(49), In(&[Bb])).from(1991),
    always("Pfingstmontag", Easter(50), Everywhere),
    always("Fronleichnam", Easter(60), In(&[Bw, By, He, Nw, Rp, Sl])),
    always("Fronleichnam", Easter(60), PartsWith(Regional::Fronleichnam)),
    always("75. Jahrestag des Aufstandes vom 17. Juni 1953", Fixed(6, 17), In(&[Be])).only(2028),
    always("Augsburger Hohes Friedensfest", Fixed(8, 8), PartsWith(Regional::Friedensfest)),
    always("Mariä Himmelfahrt", Fixed(8, 15), In(&[Sl])),
    always("Mariä Himmelfahrt", Fixed(8, 15), PartsWith(Regional::MariaeHimmelfahrt)),
    always("Weltkindertag", Fixed(9, 20), In(&[Th])).from(2019),
    // Art. 2(2) Einigungsvertrag; the 17 June that it replaced was a Sunday in 1990.
    always("Tag der Deutschen Einheit", Fixed(10, 3), Everywhere).from(1990),
    always("Reformationstag", Fixed(10, 31), In(&[Bb, Mv, Sn, St, Th])).from(1990),
    // 500 years of Reformation: once in every Land.
    always("Reformationstag", Fixed(10, 31), Everywhere).only(2017),
    always("Reformationstag", Fixed(10, 31), In(&[Hb, Hh, Ni, Sh])).from(2018),
    always("Allerheiligen", Fixed(11, 1), In(&[Bw, By, Nw, Rp, Sl])),
    // Given up for the Pflegeversicherung by every Land but Sachsen.
    always("Buß- und Bettag", BussUndBettag, Everywhere).until(1994),
    always("Buß- und Bettag", BussUndBettag, In(&[Sn])).from(1995),
    always("Erster Weihnachtstag", Fixed(12, 25), Everywhere),
    always("Zweiter Weihnachtstag", Fixed(12, 26), Everywhere),
];

/// One line of holiday law.
#[derive(Debug)]
struct Feiertag {
    name: &'static str,
    when: When,
    place: Place,
    /// First and last year in which it is kept.
    years: (i32, i32),
}

#[derive(Debug, Clone, Copy)]
enum When {
    /// Month and day.
    Fixed(u32, u32),
    /// Days after Easter Sunday.
    Easter(i64),
    /// The Wednesday before the last Sunday of the church year: the one from 16 to 22 November.
    BussUndBettag,
}
use When::{BussUndBettag, Easter, Fixed};

#[derive(Debug, Clone, Copy)]
enum Place {
    Everywhere,
    In(&'static [Bundesland]),
    /// In those municipalities that have switched it on.
    PartsWith(Regional),
}
use Place::{Everywhere, In, PartsWith};

const fn always(name: &'static str, when: When, place: Place) -> Feiertag {
    Feiertag { name, when, place, years: (i32::MIN, i32::MAX) }
}

impl Feiertag {
    const fn from(mut self, year: i32) -> Self {
        self.years.0 = year;
        self
    }

    const fn until(mut self, year: i32) -> Self {
        self.years.1 = year;
        self
    }

    const fn only(self, year: i32) -> Self {
        self.from(year).until(year)
    }

    fn kept_in(&self, land: Bundesland, regional: &[Regional]) -> bool {
        match self.place {
            Everywhere => true,
            In(laender) => laender.contains(&land),
            PartsWith(part) => regional.contains(&part) && part.allowed_in(land),
        }
    }

    fn date(&self, year: i32, easter: NaiveDate) -> Option<NaiveDate> {
        if year < self.years.0 || self.years.1 < year {
            return None;
        }
        match self.when {
            Fixed(month, day) => NaiveDate::from_ymd_opt(year, month, day),
            Easter(days) => easter.checked_add_signed(TimeDelta::days(days)),
            BussUndBettag => {
                let latest = NaiveDate::from_ymd_opt(year, 11, 22)?;
                let past_wednesday = (latest.weekday().num_days_from_monday() + 5) % 7;
                NaiveDate::from_ymd_opt(year, 11, 22 - past_wednesday)
            }
        }
    }
}

/// The holiday law of one place: a Land and the regional holidays that hold there.
#[derive(Debug, Clone)]
pub(super) struct Feiertage(Vec<&'static Feiertag>);

impl Feiertage {
    /// Regional holidays that are not [allowed in](Regional::allowed_in) the Land have no effect.
    pub(super) fn new(land: Bundesland, regional: &[Regional]) -> Self {
        Self(FEIERTAGE.iter().filter(|feiertag| feiertag.kept_in(land, regional)).collect())
    }

    /// The holidays of a year with their names, in no order; a day may come twice.
    pub(super) fn of_year(&self, year: i32) -> impl Iterator<Item = (NaiveDate, &'static str)> {
        let easter = easter(year);
        self.0.iter().filter_map(move |feiertag| Some((feiertag.date(year, easter?)?, feiertag.name)))
    }

    /// The name of the holiday on this day.
    pub(super) fn name(&self, d: NaiveDate) -> Option<&'static str> {
        self.of_year(d.year()).find(|(date, _)| *date == d).map(|(_, name)| name)
    }
}

/// Easter Sunday of the Gregorian calendar (Meeus, Jones and Butcher); none outside the years that dates can hold.
fn easter(year: i32) -> Option<NaiveDate> {
    let golden = year.rem_euclid(19);
    let (century, rest) = (year.div_euclid(100), year.rem_euclid(100));
    let shift = (century - (century + 8).div_euclid(25) + 1).div_euclid(3);
    let moon = (19 * golden + century - century.div_euclid(4) - shift + 15).rem_euclid(30);
    let sunday = (32 + 2 * century.rem_euclid(4) + 2 * (rest / 4) - moon - rest % 4).rem_euclid(7);
    let late = (golden + 11 * moon + 22 * sunday) / 451;
    let day = (moon + sunday - 7 * late + 114).unsigned_abs();
    NaiveDate::from_ymd_opt(year, day / 31, day % 31 + 1)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use chrono::Weekday;

    use super::*;

    const LAENDER: &str = include_str!("../../../tests/fixtures/feiertage_laender_2020_2040.csv");
    const REGIONAL: &str = include_str!("../../../tests/fixtures/feiertage_regional_2020_2040.csv");
    const BW_ORACLE: &str = include_str!("../../../tests/oracle/feiertage_bw_2020_2040.csv");

    fn day(iso: &str) -> NaiveDate {
        iso.parse().unwrap()
    }

    fn name(land: Bundesland, iso: &str) -> Option<&'static str> {
        Feiertage::new(land, &[]).name(day(iso))
    }

    /// The cells of each row below the header.
    fn rows<const N: usize>(csv: &str) -> Vec<[&str; N]> {
        csv.lines().skip(1).map(|line| line.split(';').collect::<Vec<_>>().try_into().unwrap()).collect()
    }

    /// Asserts that exactly the listed days of 2020 to 2040 are holidays, with exactly these names.
    fn assert_holidays(feiertage: &Feiertage, expected: &BTreeMap<NaiveDate, &str>, place: &str) {
        for d in day("2020-01-01").iter_days().take_while(|d| d.year() <= 2040) {
            assert_eq!(feiertage.name(d), expected.get(&d).copied(), "{place} {d}");
        }
        let by_year: BTreeSet<_> = (2020..=2040).flat_map(|year| feiertage.of_year(year)).collect();
        assert_eq!(by_year, expected.iter().map(|(d, name)| (*d, *name)).collect(), "{place}");
    }

    #[test]
    fn every_land_has_exactly_the_holidays_of_the_independent_list() {
        let mut lands = BTreeMap::<Bundesland, BTreeMap<NaiveDate, &str>>::new();
        for [land, date, name] in rows(LAENDER) {
            lands.entry(land.parse().unwrap()).or_default().insert(day(date), name);
        }
        assert_eq!(lands.keys().copied().collect::<Vec<_>>(), Bundesland::ALL);
        for (land, expected) in lands {
            assert_holidays(&Feiertage::new(land, &[]), &expected, land.code());
        }
    }

    #[test]
    fn municipalities_have_exactly_the_holidays_of_the_independent_list() {
        let mut places = BTreeMap::<(&str, &str), BTreeMap<NaiveDate, &str>>::new();
        for [land, regional, date, name] in rows(REGIONAL) {
            places.entry((land, regional)).or_default().insert(day(date), name);
        }
        assert_eq!(places.len(), 4);
        for ((land, keys), expected) in places {
            let regional: Vec<Regional> = keys.split(',').map(|key| key.parse().unwrap()).collect();
            assert_holidays(&Feiertage::new(land.parse().unwrap(), &regional), &expected, keys);
        }
    }

    #[test]
    fn baden_wuerttemberg_agrees_with_the_reference_of_the_rules() {
        let expected = rows(BW_ORACLE).into_iter().map(|[date, name]| (day(date), name)).collect();
        assert_holidays(&Feiertage::new(Bw, &[]), &expected, "BW");
    }

    #[test]
    fn holidays_begin_and_end_with_the_law() {
        // (holiday, month and day, Land, last year without, first year with)
        for (feiertag, date, land, without, with) in [
            ("Heilige Drei Könige", "01-06", St, 1992, 1993),
            ("Frauentag", "03-08", Be, 2018, 2019),
            ("Frauentag", "03-08", Mv, 2022, 2023),
            ("Ostersonntag", "04-15", Bb, 1979, 2001),
            ("Pfingstsonntag", "06-03", Bb, 1979, 2001),
            ("Weltkindertag", "09-20", Th, 2018, 2019),
            ("Tag der Deutschen Einheit", "10-03", Bw, 1989, 1990),
            ("Reformationstag", "10-31", Bb, 1989, 1990),
            ("Reformationstag", "10-31", Ni, 2016, 2017),
            ("Reformationstag", "10-31", Ni, 2016, 2018),
            ("Reformationstag", "10-31", Bw, 2018, 2017),
            ("Buß- und Bettag", "11-16", Bw, 2033, 1994),
            ("Buß- und Bettag", "11-22", Bw, 1995, 1989),
        ] {
            assert_eq!(name(land, &format!("{without}-{date}")), None, "{feiertag} {} {without}", land.code());
            assert_eq!(name(land, &format!("{with}-{date}")), Some(feiertag), "{feiertag} {} {with}", land.code());
        }
        assert_eq!(name(Sn, "1995-11-22"), Some("Buß- und Bettag"));
        assert_eq!(name(Be, "2028-06-17"), Some("75. Jahrestag des Aufstandes vom 17. Juni 1953"));
        assert_eq!(name(Be, "2021-05-08"), None);
    }

    #[test]
    fn the_reformation_was_kept_by_all_in_2017_and_only_then() {
        for land in Bundesland::ALL {
            assert_eq!(name(land, "2017-10-31"), Some("Reformationstag"), "{}", land.code());
        }
        assert_eq!(Bundesland::ALL.iter().filter(|land| name(**land, "2016-10-31").is_some()).count(), 5);
        assert_eq!(Bundesland::ALL.iter().filter(|land| name(**land, "2026-10-31").is_some()).count(), 9);
    }

    #[test]
    fn two_holidays_on_one_day_have_one_name() {
        assert_eq!(name(Bw, "2008-05-01"), Some("Erster Mai"));
        assert_eq!(easter(2008), Some(day("2008-03-23")));
    }

    #[test]
    fn regional_holidays_hold_only_where_they_can() {
        for land in Bundesland::ALL {
            let all = Feiertage::new(land, &Regional::ALL);
            let parts = [(Regional::MariaeHimmelfahrt, "2026-08-15"), (Regional::Friedensfest, "2026-08-08")];
            for (part, date) in parts {
                let everywhere = name(land, date).is_some();
                assert_eq!(all.name(day(date)).is_some(), everywhere || part.allowed_in(land), "{}", land.code());
                assert!(!(everywhere && part.allowed_in(land)), "{}", land.code());
            }
            let corpus_christi = all.name(day("2026-06-04")).is_some();
            assert_eq!(corpus_christi, matches!(land, Bw | By | He | Nw | Rp | Sl | Sn | Th), "{}", land.code());
        }
    }

    #[test]
    fn easter_is_a_sunday_between_22_march_and_25_april_in_every_year() {
        for (year, iso) in [(1818, "1818-03-22"), (1943, "1943-04-25"), (2000, "2000-04-23"), (2038, "2038-04-25")] {
            assert_eq!(easter(year), Some(day(iso)));
        }
        let years = [NaiveDate::MIN.year(), -1, 0, 1, 9999, NaiveDate::MAX.year()];
        for year in (1583..4100).chain(years) {
            let sunday = easter(year).unwrap();
            assert_eq!(sunday.weekday(), Weekday::Sun, "{year}");
            assert!((22..=56).contains(&(sunday.month() * 31 - 93 + sunday.day())), "{sunday}");
        }
        assert_eq!(easter(i32::MAX), None);
        assert_eq!(easter(i32::MIN), None);
    }

    #[test]
    fn a_land_is_read_by_its_code_alone() {
        for land in Bundesland::ALL {
            assert_eq!(land.code().parse(), Ok(land));
            assert_eq!(format!("\t{} ", land.code().to_lowercase()).parse(), Ok(land));
            assert_eq!(land.name().parse::<Bundesland>(), Err(UnknownBundesland));
        }
        assert_eq!("".parse::<Bundesland>(), Err(UnknownBundesland));
        assert!(Bundesland::ALL.is_sorted_by_key(|land| land.name()));
        assert!(
            UnknownBundesland.to_string().ends_with("BW, BY, BE, BB, HB, HH, HE, MV, NI, NW, RP, SL, SN, ST, SH, TH")
        );
    }

    #[test]
    fn a_regional_holiday_is_read_by_its_key() {
        for regional in Regional::ALL {
            assert_eq!(regional.as_str().parse(), Ok(regional));
        }
        assert_eq!("Fronleichnam".parse::<Regional>(), Err(UnknownRegional));
        assert!(UnknownRegional.to_string().contains("mariae_himmelfahrt, friedensfest, fronleichnam"));
    }
}
