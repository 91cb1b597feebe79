//! What a Wochenliste asks and says: what is known of a case, and people's word as part of an import.

use std::collections::BTreeMap;

use wiedervorlage::domain::facts::{Art, EndeGrund};
use wiedervorlage::store::import::{CaseField, KnownCase};
use wiedervorlage::store::{Change, ChangeKind, Undo};

use super::{CASES, House, TEAMS, at, day};

const DONE: &str = "insert into aktivitaet (fallnr, art, datum, anzahl) values
    ('9', 'stellensuchlauf', '2026-11-23', 2), ('9', 'ag_kontakt', '2026-11-20', 0), ('Z', 'ag_kontakt', '2026-11-20', 1)";

fn import(time: &str) -> Change<'static> {
    Change { kind: ChangeKind::Import, at: at(time), who: "mia", from: "import", undoes: None }
}

async fn known(house: &House, fallnr: &str) -> Option<KnownCase> {
    house.db.begin_change(&import("09:00:00")).await.unwrap().known_case(fallnr).await.unwrap()
}

pub(crate) async fn what_a_form_says_is_peoples_word_and_can_be_taken_back(house: House) {
    house.sql(TEAMS).await;
    house.sql(CASES).await;
    house.sql(DONE).await;
    assert_eq!(known(&house, "nie gesehen").await, None);
    let before = known(&house, "9").await.unwrap();
    let (search, employer) = ((Art::Stellensuchlauf, day("2026-11-23")), (Art::AgKontakt, day("2026-11-20")));
    let expected = KnownCase {
        team: "T1".into(),
        done: BTreeMap::from([(search, 2), (employer, 0)]),
        done_delivered: BTreeMap::new(),
        days: BTreeMap::new(),
        reason: None,
        fields_delivered: BTreeMap::new(),
    };
    assert_eq!(before, expected);

    let mut write = house.db.begin_change(&import("10:00:00")).await.unwrap();
    let id = write.change();
    let new = (Art::KontaktPersoenlich, day("2026-11-24"));
    write.tick("9", search.0, search.1, 3, Some(2)).await.unwrap();
    write.tick("9", new.0, new.1, 1, None).await.unwrap();
    // The same file may hold a case twice.
    write.tick("9", new.0, new.1, 2, Some(1)).await.unwrap();
    write.date("9", CaseField::End, Some(day("2026-11-20"))).await.unwrap();
    write.date("9", CaseField::End, Some(day("2026-11-23"))).await.unwrap();
    write.reason("9", Some(EndeGrund::Integration)).await.unwrap();
    write.commit().await.unwrap();
    let after = known(&house, "9").await.unwrap();
    assert_eq!(after.done, BTreeMap::from([(search, 3), (employer, 0), (new, 2)]));
    assert_eq!(after.done_delivered, BTreeMap::from([(search, 2)]));
    assert_eq!(after.days, BTreeMap::from([(CaseField::End, day("2026-11-23"))]));
    assert_eq!((after.reason, after.fields_delivered), (Some(EndeGrund::Integration), BTreeMap::new()));
    let history = house.snapshot().await.history("9").await.unwrap();
    assert!(
        history.corrections.iter().any(|c| c.field == "anzahl" && c.delivered.as_deref() == Some("2") && c.by == id)
    );

    let undo = Change { kind: ChangeKind::Undo, undoes: Some(id), ..import("11:00:00") };
    assert!(matches!(house.db.undo(&undo).await.unwrap(), Undo::Done { removed: 1, restored: 2, later: 0 }));
    assert_eq!(known(&house, "9").await, Some(before));
}

pub(crate) async fn the_cases_of_a_bak_come_with_their_history(house: House) {
    house.sql(TEAMS).await;
    house.sql(CASES).await;
    house.sql(DONE).await;
    let mut snapshot = house.snapshot().await;
    let own = snapshot.files_of_bak("BAK1", None).await.unwrap();
    let said: Vec<_> = own.files.iter().map(|f| (f.case.fallnr.as_str(), f.activities.len())).collect();
    assert_eq!(said, [("9", 2), ("Z", 1)]);
    let with_nobodys = snapshot.files_of_bak("BAK1", Some("T1")).await.unwrap();
    let said: Vec<_> = with_nobodys.files.iter().map(|f| f.case.fallnr.as_str()).collect();
    assert_eq!(said, ["10", "9", "B", "Z", "a", "ä"]);
    assert!(snapshot.files_of_bak("BAK9", None).await.unwrap().files.is_empty());
}
