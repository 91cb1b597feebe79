//! The queue as one worker with one mail at a time sees it.

#![allow(dead_code, reason = "each test takes what it needs")]

use chrono::{DateTime, Utc};
use wiedervorlage::store::{Claim, Claimed, Db, Fate, Outcome};

/// Takes the next mail that is due.
pub(crate) async fn claim(db: &Db, now: DateTime<Utc>, until: DateTime<Utc>, token: &str) -> Option<Claimed> {
    match db.exchange(&[], now, until, token, 1).await.unwrap().claims.pop() {
        Some(Claim::Mail(claimed)) => Some(*claimed),
        None => None,
        Some(Claim::Unreadable(id)) => unreachable!("row {id} cannot be read"),
    }
}

/// Notes what became of a mail; whether it was noted.
pub(crate) async fn note(db: &Db, id: i64, token: &str, now: DateTime<Utc>, fate: Fate) -> bool {
    let outcome = Outcome { id, token: token.to_owned(), fate };
    let exchanged = db.exchange(&[outcome], now, now, "nobody", 0).await.unwrap();
    assert!(exchanged.claims.is_empty());
    exchanged.noted == [true]
}

/// Given up, and why.
pub(crate) fn failed(error: &str) -> Fate {
    Fate::Failed { error: error.to_owned() }
}

/// To be tried again then, and why.
pub(crate) fn again(at: DateTime<Utc>, error: &str) -> Fate {
    Fate::Again { at, error: error.to_owned() }
}
