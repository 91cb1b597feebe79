//! The queue as people see it: what is in it, and what they and foreign servers have to say of a mail.
//!
//! Who sends what, and what became of it, is `exchange`.

use chrono::{DateTime, NaiveDate, Utc};

use super::dialect::{Tx, all, maybe, one, run};
use super::{Db, StoreError, micros};
use crate::domain::digest::Kind;
use crate::domain::facts::words;

words! {
    /// Where a mail stands.
    OutboxState {
        /// Waits for its time.
        Queued = "queued",
        /// Somebody holds it.
        Sending = "sending",
        /// The other side has taken it.
        Sent = "sent",
        /// Given up.
        Failed = "failed",
        /// Replaced by a newer one before it left.
        Superseded = "superseded",
        /// Called back by hand.
        Cancelled = "cancelled",
    }
}

/// The mails in one state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboxCount {
    /// Which.
    pub state: OutboxState,
    /// How many.
    pub mails: u64,
    /// When the oldest of them was written.
    pub oldest: DateTime<Utc>,
}

/// Which mail somebody else spoke of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spoken {
    /// This one, and it was noted.
    Noted(i64),
    /// This one, and somebody is sending it: whether it was taken is not yet known.
    TooEarly(i64),
    /// This one, and it does not count as sent (any more).
    Elsewhere(i64),
    /// None of ours.
    Unknown,
}

/// A mail as the queue shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxEntry {
    /// Its id.
    pub id: i64,
    /// What it is about.
    pub dedup_key: String,
    /// Which kind; none where the row holds a word that this program does not know.
    pub kind: Option<Kind>,
    /// The office it comes from.
    pub office: String,
    /// The one address.
    pub recipient: String,
    /// The day it is for.
    pub day: NaiveDate,
    /// Subject.
    pub subject: String,
    /// Message-ID.
    pub message_id: String,
    /// SHA-256 of the whole mail, hexadecimal.
    pub sha256: String,
    /// Where it stands.
    pub state: OutboxState,
    /// Attempts so far.
    pub attempts: u32,
    /// When it is due (again); of one that was given up: when that was.
    pub next_attempt_at: DateTime<Utc>,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// When it was taken.
    pub sent_at: Option<DateTime<Utc>>,
    /// What the last attempt said.
    pub error: Option<String>,
}

/// A mail of the queue with its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxMail {
    /// What the queue shows.
    pub entry: OutboxEntry,
    /// The whole mail; none once the retention time is over.
    pub message: Option<Vec<u8>>,
}

/// Which mails to list; what is none does not restrict.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutboxFilter {
    /// Where they stand.
    pub state: Option<OutboxState>,
    /// Which kind.
    pub kind: Option<Kind>,
    /// The day they are for.
    pub day: Option<NaiveDate>,
    /// To whom.
    pub recipient: Option<String>,
}

#[derive(sqlx::FromRow)]
struct EntryRow {
    id: i64,
    dedup_key: String,
    kind: String,
    office: String,
    recipient: String,
    day: NaiveDate,
    subject: String,
    message_id: String,
    sha256: String,
    state: String,
    attempts: i64,
    next_attempt_at: DateTime<Utc>,
    created_at: DateTime<Utc>,
    sent_at: Option<DateTime<Utc>>,
    error: Option<String>,
}

macro_rules! entry_select {
    ($condition:literal) => {
        concat!(
            "select id, dedup_key, kind, office, recipient, day, subject, message_id, sha256, state, attempts, ",
            "next_attempt_at, created_at, sent_at, error from outbox where ",
            $condition
        )
    };
}

const LIST: &str = entry_select!(
    "id > $1 and ($3 is null or state = $3) and ($4 is null or kind = $4) and ($5 is null or day = $5) \
     and ($6 is null or recipient = $6) order by id limit $2"
);
const GET: &str = entry_select!("id = $1");

impl Db {
    /// Somebody reports at `now` that a mail which was taken cannot be delivered: it counts as given up from then on.
    /// Only what counts as sent is changed, so a report that is read twice says nothing new. `reason` must be nobody's
    /// data.
    pub async fn mark_bounced(&self, message_id: &str, now: DateTime<Utc>, reason: &str) -> Result<Spoken, StoreError> {
        let mut tx = self.write().await?;
        let rows = run!(
            &mut tx,
            "update outbox set state = 'failed', next_attempt_at = $2, error = $3 \
             where message_id = $1 and state = 'sent'",
            message_id,
            micros(now),
            reason
        )?;
        spoken_of(tx, message_id, rows == 1).await
    }

    /// Somebody reports that a mail which was taken is still on its way. It stays sent; `note` must be nobody's data.
    pub async fn note_delayed(&self, message_id: &str, note: &str) -> Result<Spoken, StoreError> {
        let mut tx = self.write().await?;
        let rows =
            run!(&mut tx, "update outbox set error = $2 where message_id = $1 and state = 'sent'", message_id, note)?;
        spoken_of(tx, message_id, rows == 1).await
    }

    /// The next at most `limit` mails with an id above `after`, by id.
    pub async fn outbox_list(
        &self,
        filter: &OutboxFilter,
        after: i64,
        limit: u32,
    ) -> Result<Vec<OutboxEntry>, StoreError> {
        let mut tx = self.read().await?;
        let rows: Vec<EntryRow> = all!(
            &mut tx,
            LIST,
            after,
            i64::from(limit),
            filter.state.map(OutboxState::as_str),
            filter.kind.map(Kind::as_str),
            filter.day,
            filter.recipient.as_deref()
        )?;
        rows.into_iter().map(EntryRow::entry).collect()
    }

    /// How many mails have yet to be sent, whoever holds them.
    pub async fn outbox_left(&self) -> Result<u64, StoreError> {
        let mut tx = self.read().await?;
        let (left,): (i64,) = one!(&mut tx, "select count(*) from outbox where state in ('queued', 'sending')")?;
        Ok(left.unsigned_abs())
    }

    /// How many mails are in which state, and since when the oldest of them is there.
    pub async fn outbox_counts(&self) -> Result<Vec<OutboxCount>, StoreError> {
        let mut tx = self.read().await?;
        let rows: Vec<(String, i64, DateTime<Utc>)> =
            all!(&mut tx, "select state, count(*), min(created_at) from outbox group by state order by state")?;
        rows.into_iter()
            .map(|(state, mails, oldest)| {
                let state = state.parse().map_err(|_| StoreError::Content("outbox.state"))?;
                Ok(OutboxCount { state, mails: mails.unsigned_abs(), oldest })
            })
            .collect()
    }

    /// One mail with its text.
    pub async fn outbox_get(&self, id: i64) -> Result<Option<OutboxMail>, StoreError> {
        let mut tx = self.read().await?;
        let row: Option<EntryRow> = maybe!(&mut tx, GET, id)?;
        let Some(row) = row else { return Ok(None) };
        let message: Option<(Vec<u8>,)> = maybe!(&mut tx, "select message from outbox_text where outbox_id = $1", id)?;
        Ok(Some(OutboxMail { entry: row.entry()?, message: message.map(|(message,)| message) }))
    }

    /// Queues a mail again, due `now`: one that was given up or called back, or one that waits for its next attempt.
    /// Its attempts and their days are counted anew. False: there is none such, or its text is gone.
    pub async fn outbox_retry(&self, id: i64, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let rows = run!(
            &mut tx,
            "update outbox set state = 'queued', next_attempt_at = $2, attempts = 0, first_attempt_at = null, sent_at = null \
             where id = $1 and state in ('queued', 'failed', 'cancelled') \
             and exists (select 1 from outbox_text where outbox_id = outbox.id)",
            id,
            micros(now)
        )?;
        tx.commit().await?;
        Ok(rows == 1)
    }

    /// Calls a mail back that is queued or was given up. False: there is none such, or somebody is sending it.
    pub async fn outbox_cancel(&self, id: i64) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let rows =
            run!(&mut tx, "update outbox set state = 'cancelled' where id = $1 and state in ('queued', 'failed')", id)?;
        tx.commit().await?;
        Ok(rows == 1)
    }
}

/// Commits, and says which mail it was about.
async fn spoken_of(mut tx: Tx, message_id: &str, noted: bool) -> Result<Spoken, StoreError> {
    let row: Option<(i64, String)> = maybe!(&mut tx, "select id, state from outbox where message_id = $1", message_id)?;
    tx.commit().await?;
    Ok(match row {
        None => Spoken::Unknown,
        Some((id, _)) if noted => Spoken::Noted(id),
        Some((id, state)) if state == OutboxState::Sending.as_str() => Spoken::TooEarly(id),
        Some((id, _)) => Spoken::Elsewhere(id),
    })
}

impl EntryRow {
    fn entry(self) -> Result<OutboxEntry, StoreError> {
        Ok(OutboxEntry {
            id: self.id,
            dedup_key: self.dedup_key,
            kind: self.kind.parse().ok(),
            office: self.office,
            recipient: self.recipient,
            day: self.day,
            subject: self.subject,
            message_id: self.message_id,
            sha256: self.sha256,
            state: self.state.parse().map_err(|_| StoreError::Content("outbox.state"))?,
            attempts: self.attempts.try_into().map_err(|_| StoreError::Content("outbox.attempts"))?,
            next_attempt_at: self.next_attempt_at,
            created_at: self.created_at,
            sent_at: self.sent_at,
            error: self.error,
        })
    }
}

pub(super) fn kind_of(word: &str) -> Result<Kind, StoreError> {
    word.parse().map_err(|_| StoreError::Content("outbox.kind"))
}
