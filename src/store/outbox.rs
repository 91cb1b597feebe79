//! The queue: who sends what, under a lease, and what became of it.
//!
//! Whoever claims a mail writes a token of their own into it. Every outcome is an update on the condition that the
//! token still stands there, and the number of rows says whether it did: a worker that was thought dead and wakes up
//! again cannot overwrite what another has recorded since.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{FromRow, Row};

use super::dialect::{Tx, all, maybe, on, one, run};
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

/// One of the mails that somebody who asked for some got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// A mail.
    Mail(Box<Claimed>),
    /// A row that cannot be sent because no program of ours writes such a one. It is given up, with the reason, so that
    /// it does not keep the others from being sent. Its id.
    Unreadable(i64),
}

/// What became of a mail that was taken under a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Its id in the outbox.
    pub id: i64,
    /// The token.
    pub token: String,
    /// What.
    pub fate: Fate,
}

/// What can become of a mail. Errors must be nobody's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// The other side has taken it.
    Sent,
    /// The attempt did not succeed and is to be made again.
    Again {
        /// When.
        at: DateTime<Utc>,
        /// Why it did not.
        error: String,
    },
    /// Given up.
    Failed {
        /// Why.
        error: String,
    },
    /// It was not the mail's turn after all: it goes back as if it had not been taken. The attempt does not count, and
    /// if it was the first one, the days of trying have not begun.
    Back {
        /// When it is due.
        at: DateTime<Utc>,
        /// Why; none leaves what stands there.
        error: Option<String>,
    },
}

/// What came of an exchange with the queue.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Exchanged {
    /// For each outcome whether it was noted; if not, the lease had passed to somebody else.
    pub noted: Vec<bool>,
    /// The mails taken.
    pub claims: Vec<Claim>,
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

/// A mail in somebody's hands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// Its id in the outbox.
    pub id: i64,
    /// Which kind.
    pub kind: Kind,
    /// The one address.
    pub recipient: String,
    /// The day it is for.
    pub day: NaiveDate,
    /// Message-ID.
    pub message_id: String,
    /// What was queued.
    pub message: Vec<u8>,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// When it was first taken to be sent, or first since it was queued again by hand.
    pub first_attempt_at: DateTime<Utc>,
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
struct ClaimRow {
    id: i64,
    kind: String,
    recipient: String,
    day: NaiveDate,
    message_id: String,
    message: Option<Vec<u8>>,
    attempts: i64,
    created_at: DateTime<Utc>,
    first_attempt_at: DateTime<Utc>,
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
/// Why a row was given up that nobody can send.
const UNREADABLE: &str =
    "Nicht gesendet: Die Zeile im Postausgang enthält einen Wert, den dieses Programm nicht kennt.";
const UNKNOWN_KIND: &str = "Nicht gesendet: Die Art dieser Mail kennt dieses Programm nicht.";
const NO_MESSAGE: &str = "Nicht gesendet: Der Text dieser Mail fehlt.";
const GET: &str = entry_select!("id = $1");

impl Db {
    /// Notes what became of mails at `now`, and takes up to `want` of those that have been due longest until
    /// `lease_until`, under a token that nobody else uses. Both are durable together when this returns, in one
    /// transaction. Due is what is queued for `now` or before, and what somebody took and did not finish in their time.
    pub async fn exchange(
        &self,
        outcomes: &[Outcome],
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
        token: &str,
        want: usize,
    ) -> Result<Exchanged, StoreError> {
        let (now, until) = (micros(now), micros(lease_until));
        let mut tx = self.write().await?;
        let noted = note(&mut tx, outcomes, now).await?;
        let claims = if want > 0 { claim(&mut tx, now, until, token, want).await? } else { Vec::new() };
        tx.commit().await?;
        Ok(Exchanged { noted, claims })
    }

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
        let message: Option<(Option<Vec<u8>>,)> = maybe!(&mut tx, "select message from outbox where id = $1", id)?;
        Ok(Some(OutboxMail { entry: row.entry()?, message: message.and_then(|(message,)| message) }))
    }

    /// Queues a mail again, due `now`: one that was given up or called back, or one that waits for its next attempt.
    /// Its attempts and their days are counted anew. False: there is none such, or its text is gone.
    pub async fn outbox_retry(&self, id: i64, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let rows = run!(
            &mut tx,
            "update outbox set state = 'queued', next_attempt_at = $2, attempts = 0, first_attempt_at = null, sent_at = null \
             where id = $1 and state in ('queued', 'failed', 'cancelled') and message is not null",
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

/// Notes outcomes; for each whether the lease still held.
async fn note(tx: &mut Tx, outcomes: &[Outcome], now: DateTime<Utc>) -> Result<Vec<bool>, StoreError> {
    let sent: Vec<_> = outcomes.iter().filter(|o| o.fate == Fate::Sent).map(|o| (o.id, o.token.as_str())).collect();
    let mut taken = Vec::new();
    if !sent.is_empty() {
        // Nearly all that ever happens, and so in one go. A pair of a number and hexadecimal digits is always JSON.
        let sent = serde_json::to_string(&sent).map_err(|_| StoreError::Content("outbox.lease"))?;
        let sql = tx.mark_sent();
        taken = all!(tx, sql, sent, now)?;
    }
    let mut noted = Vec::with_capacity(outcomes.len());
    for Outcome { id, token, fate } in outcomes {
        let rows = match fate {
            Fate::Sent => {
                let at = taken.iter().position(|(taken,): &(i64,)| taken == id);
                // Taken out: of two that speak of one mail, one was heard.
                at.map(|at| taken.swap_remove(at)).map_or(0, |_| 1)
            }
            Fate::Again { at, error } => run!(
                tx,
                "update outbox set state = 'queued', next_attempt_at = $3, lease = null, lease_until = null, \
                 error = $4 where id = $1 and lease = $2 and state = 'sending'",
                id,
                token,
                micros(*at),
                error
            )?,
            Fate::Failed { error } => u64::from(give_up(tx, *id, token, now, error).await?),
            Fate::Back { at, error } => run!(
                tx,
                "update outbox set state = 'queued', next_attempt_at = $3, lease = null, lease_until = null, \
                 error = coalesce($4, error), attempts = attempts - 1, \
                 first_attempt_at = case when attempts > 1 then first_attempt_at end \
                 where id = $1 and lease = $2 and state = 'sending'",
                id,
                token,
                micros(*at),
                error.as_deref()
            )?,
        };
        noted.push(rows == 1);
    }
    Ok(noted)
}

/// Takes up to `want` mails.
async fn claim(
    tx: &mut Tx,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
    token: &str,
    want: usize,
) -> Result<Vec<Claim>, StoreError> {
    let sql = tx.claim();
    let rows: Vec<_> = on!(&mut *tx, conn => {
        let query = sqlx::query(sql).bind(now).bind(token).bind(until).bind(i64::try_from(want).unwrap_or(i64::MAX));
        let rows = query.fetch_all(conn).await?;
        rows.into_iter().map(|row| Ok((row.try_get("id")?, ClaimRow::from_row(&row)))).collect::<Result<_, sqlx::Error>>()
    })?;
    let mut claims = Vec::with_capacity(rows.len());
    for (id, row) in rows {
        claims.push(match row.map_err(|_| UNREADABLE).and_then(ClaimRow::claimed) {
            Ok(claimed) => Claim::Mail(Box::new(claimed)),
            Err(why) => {
                give_up(tx, id, token, now, why).await?;
                Claim::Unreadable(id)
            }
        });
    }
    Ok(claims)
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

/// Marks a mail that the token holds as failed; whether it still does. With no attempt to come, the column of the next
/// one holds when it was given up: a mail may be so days after it was written.
async fn give_up(tx: &mut Tx, id: i64, token: &str, now: DateTime<Utc>, error: &str) -> Result<bool, sqlx::Error> {
    let rows = run!(
        tx,
        "update outbox set state = 'failed', next_attempt_at = $3, lease = null, lease_until = null, error = $4 \
         where id = $1 and lease = $2 and state = 'sending'",
        id,
        token,
        now,
        error
    )?;
    Ok(rows == 1)
}

impl ClaimRow {
    /// The mail, or in German why it is none.
    fn claimed(self) -> Result<Claimed, &'static str> {
        Ok(Claimed {
            id: self.id,
            kind: self.kind.parse().map_err(|_| UNKNOWN_KIND)?,
            recipient: self.recipient,
            day: self.day,
            message_id: self.message_id,
            message: self.message.ok_or(NO_MESSAGE)?,
            attempt: self.attempts.try_into().map_err(|_| UNREADABLE)?,
            created_at: self.created_at,
            first_attempt_at: self.first_attempt_at,
        })
    }
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
