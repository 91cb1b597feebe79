//! What is remembered of the watched folder.

use super::*;

use wiedervorlage::store::{Arrival, Change, ChangeKind, InboxState, Receipt};

fn arrival(name: &str, sha256: &str, accepted: bool) -> Arrival {
    Arrival {
        name: name.into(),
        sha256: sha256.into(),
        accepted,
        target: name.to_lowercase(),
        report: "Zeile 7, Spalte datum\r\n".into(),
    }
}

fn receipt(arrivals: &[Arrival], mails: &[&str]) -> Receipt {
    let mail_of = |key: &&str| NewMail { kind: Kind::Eingang, ..mail(key) };
    Receipt { arrivals: arrivals.to_vec(), mails: mails.iter().map(mail_of).collect() }
}

async fn names(house: &House) -> Vec<String> {
    house.db.unfiled().await.unwrap().into_iter().map(|taken| taken.arrival.name).collect()
}

/// In a transaction of its own, as when no fact changes.
async fn noted(house: &House, receipt: &Receipt, at: DateTime<Utc>) -> bool {
    let mut tx = house.db.begin_write().await.unwrap();
    let noted = tx.note_arrivals(receipt, at).await.unwrap();
    if noted {
        tx.commit().await.unwrap();
    }
    noted
}

pub(super) async fn a_file_is_taken_once_until_it_is_put_away(house: House) {
    let [a, b] = [arrival("A\n ä.csv", "11", true), arrival("b", "22", false)];
    assert!(noted(&house, &receipt(&[a.clone(), b.clone()], &["m"]), at("09:00:00")).await);
    let taken = house.db.unfiled().await.unwrap();
    assert_eq!(taken.iter().map(|taken| &taken.arrival).collect::<Vec<_>>(), [&a, &b]);
    assert_eq!((taken[0].at, house.db.last_arrival().await.unwrap().unwrap().id), (at("09:00:00"), taken[1].id));
    // Whoever comes second takes nothing, and tells nobody.
    let again = receipt(&[arrival("c", "33", true), a.clone()], &["n"]);
    assert!(!noted(&house, &again, at("09:01:00")).await);
    assert_eq!(names(&house).await.len(), 2);
    assert_eq!(house.states().await, [("m".to_owned(), OutboxState::Queued)]);
    // Another content under the same name is another file.
    assert!(noted(&house, &receipt(&[arrival("b", "44", true)], &[]), at("09:02:00")).await);

    house.db.note_filed(&[(taken[0].id, "a (2).csv".into())], at("09:03:00")).await.unwrap();
    assert_eq!(names(&house).await, ["b", "b"]);
    let filed = house.db.filed_before(at("09:03:01")).await.unwrap();
    assert_eq!(filed.len(), 1);
    assert_eq!((filed[0].arrival.target.as_str(), filed[0].arrival.report.as_str()), ("a (2).csv", ""));
    assert!(house.db.filed_before(at("09:03:00")).await.unwrap().is_empty());
    // The same list dropped again is taken again.
    assert!(noted(&house, &receipt(&[a], &["o"]), at("09:04:00")).await);
    // Only what was put away is forgotten.
    let all: Vec<i64> = (1..10).collect();
    house.db.forget_filed(&all).await.unwrap();
    assert_eq!(names(&house).await.len(), 3);
    assert!(house.db.filed_before(at("23:00:00")).await.unwrap().is_empty());
}

pub(super) async fn what_was_taken_commits_with_its_import_or_not_at_all(house: House) {
    let change = Change { kind: ChangeKind::Import, at: at("09:00:00"), who: "x", from: "inbox", undoes: None };
    for kept in [false, true] {
        let mut tx = house.db.begin_change(&change).await.unwrap();
        assert!(tx.note_arrivals(&receipt(&[arrival("a", "11", true)], &["m"]), at("09:00:00")).await.unwrap());
        if kept {
            tx.commit().await.unwrap();
        } else {
            drop(tx);
        }
        assert_eq!((names(&house).await.len(), house.states().await.len()), (usize::from(kept), usize::from(kept)));
    }
}

pub(super) async fn how_the_folder_stands_is_remembered(house: House) {
    assert_eq!(house.db.inbox_state().await.unwrap(), None);
    let state = |known, sentences: &[&str]| InboxState {
        folder: "/srv/ein gang".into(),
        known,
        since: at("09:00:00"),
        sentences: sentences.iter().map(|s| (*s).to_owned()).collect(),
    };
    for state in [state(false, &["fehlt"]), state(true, &[]), state(true, &["a", "b"])] {
        house.db.note_inbox_state(&state).await.unwrap();
        assert_eq!(house.db.inbox_state().await.unwrap(), Some(state));
    }
}
