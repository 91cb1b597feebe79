//! A copy of what was known at the end of a day.

use chrono::{DateTime, Utc};
use wiedervorlage::domain::facts::{Art, CaseFile};
use wiedervorlage::store::import::Value;
use wiedervorlage::store::{ChangeKind, Db, Until};

use super::changes::{by, import};
use super::{House, TEAMS, at, day};

/// All cases, and how fresh the data is.
async fn known(db: &Db) -> (Vec<CaseFile>, Vec<DateTime<Utc>>) {
    let mut snapshot = db.snapshot().await.unwrap();
    let cases = snapshot.cases(None, "", 99).await.unwrap().files;
    (cases, snapshot.datenstand(None).await.unwrap().into_values().collect())
}

async fn copy(house: &House, name: &str, until: Until) -> (Vec<CaseFile>, Vec<DateTime<Utc>>) {
    let path = house.folder.path().join(name);
    let copy = house.db.copy_facts_to(&path, at("05:00:00"), Some(until)).await.unwrap();
    let known = known(&copy).await;
    copy.close().await;
    known
}

pub(crate) async fn a_copy_until_a_day_knows_nothing_of_later_changes(house: House) {
    let record = async |fallnr: &str, art, anzahl, time| {
        let cases = [fallnr.to_owned()];
        let done = house.db.record(art, &cases, day("2026-11-20"), anzahl, at(time), "mia").await.unwrap();
        assert_eq!(done.changed, cases);
    };
    house.sql(TEAMS).await;
    import(&house, "1", "A", "10:00:00").await;
    import(&house, "2", "A", "10:10:00").await;
    record("1", Art::AgKontakt, 2, "10:20:00").await;
    record("2", Art::AgKontakt, 1, "10:30:00").await;
    let (before, _) = known(&house.db).await;
    assert_eq!(before.len(), 2);

    // Changed, changed again, withdrawn, added, and added and changed.
    import(&house, "1", "B", "12:00:00").await;
    record("1", Art::AgKontakt, 3, "12:10:00").await;
    record("1", Art::AgKontakt, 4, "12:20:00").await;
    record("2", Art::AgKontakt, 0, "12:30:00").await;
    record("2", Art::KontaktPersoenlich, 1, "12:40:00").await;
    import(&house, "3", "A", "12:50:00").await;
    let set = by(ChangeKind::Set, "12:55:00");
    house.db.set_field("3", "region", Value::Text("Süd".into()), &set).await.unwrap();
    let (after, _) = known(&house.db).await;
    assert_eq!((after.len(), after[0].case.bak.as_deref(), after[2].case.region.as_str()), (3, Some("B"), "Süd"));

    let until = Until { day: day("2026-11-23"), end: at("12:00:00") };
    let last = at("11:59:59.999999");
    assert_eq!(copy(&house, "mittags", until).await, (before.clone(), vec![last, last]));
    let until = Until { end: at("12:00:00.000001"), ..until };
    assert_ne!(copy(&house, "danach", until).await.0, before, "an import is of the instant at which it was made");
    let until = Until { end: at("13:00:00"), ..until };
    assert_eq!(copy(&house, "abends", until).await.0, after);
    assert_eq!(known(&house.db).await.0, after, "the house itself is as it was");
}

pub(crate) async fn a_copy_from_before_the_first_import_knows_what_was_reported_on_its_day(house: House) {
    house.sql(TEAMS).await;
    import(&house, "1", "A", "10:00:00").await;
    for (art, on) in [(Art::AgKontakt, "2026-10-05"), (Art::Stellensuchlauf, "2026-10-06")] {
        house.db.record(art, &["1".to_owned()], day(on), 1, at("10:30:00"), "mia").await.unwrap();
    }
    for (field, on) in [("ende_am", "2026-10-06"), ("fazit_am", "2026-10-05"), ("kennung_seit", "2026-10-07")] {
        let set = by(ChangeKind::Set, "10:40:00");
        house.db.set_field("1", field, Value::Day(Some(day(on))), &set).await.unwrap();
    }
    let until = Until { day: day("2026-10-05"), end: "2026-10-05T22:00:00Z".parse().unwrap() };
    let (cases, datenstand) = copy(&house, "früher", until).await;
    let [file] = &cases[..] else { panic!("{cases:?}") };
    assert_eq!(file.activities.iter().map(|a| a.art).collect::<Vec<_>>(), [Art::AgKontakt]);
    let case = &file.case;
    assert_eq!((case.ende_am, case.fazit_am, case.kennung_seit), (None, Some(day("2026-10-05")), None));
    assert_eq!(datenstand, vec!["2026-10-05T21:59:59.999999Z".parse::<DateTime<Utc>>().unwrap(); 2]);
}
