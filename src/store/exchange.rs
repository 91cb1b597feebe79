//! The queue as the delivery sees it: who sends what, under a lease, and what became of it.
//!
//! Whoever claims a mail writes a token of their own into it. Every outcome is an update on the condition that the
//! token still stands there, and the number of rows says whether it did: a worker that was thought dead and wakes up
//! again cannot overwrite what another has recorded since.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use sqlx::{FromRow, Row};

use super::dialect::{self, run};
use super::{Db, StoreError, micros};
use crate::domain::digest::Kind;

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
    next_attempt_at: DateTime<Utc>,
}

/// Why a row was given up that nobody can send.
const UNREADABLE: &str =
    "Nicht gesendet: Die Zeile im Postausgang enthält einen Wert, den dieses Programm nicht kennt.";
const UNKNOWN_KIND: &str = "Nicht gesendet: Die Art dieser Mail kennt dieses Programm nicht.";
const NO_MESSAGE: &str = "Nicht gesendet: Der Text dieser Mail fehlt.";

impl Db {
    /// Notes what became of mails at `now`, and takes up to `want` of those that have been due longest until
    /// `lease_until`, under a token that nobody else uses. Both are durable when this returns. Due is what is queued for
    /// `now` or before, and what somebody took and did not finish in their time.
    pub async fn exchange(
        &self,
        outcomes: &[Outcome],
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
        token: &str,
        want: usize,
    ) -> Result<Exchanged, StoreError> {
        let (now, until) = (micros(now), micros(lease_until));
        let mut done = Exchanged { noted: self.note(outcomes, now).await?, claims: Vec::new() };
        let sent: Vec<_> = outcomes.iter().filter(|o| o.fate == Fate::Sent).map(|o| (o.id, o.token.as_str())).collect();
        if sent.is_empty() && want == 0 {
            return Ok(done);
        }
        // A pair of a number and hexadecimal digits is always JSON.
        let sent = serde_json::to_string(&sent).map_err(|_| StoreError::Content("outbox.lease"))?;
        let want = i64::try_from(want).unwrap_or(i64::MAX);
        let (mut taken, mut claims) = (Vec::new(), Vec::new());
        macro_rules! exchange {
            ($pool:expr, $sql:expr) => {{
                // One statement is one transaction; without more words around it each round is one way to the database.
                let query = sqlx::query($sql).bind(now).bind(token).bind(until).bind(want).bind(sent);
                for row in query.fetch_all($pool).await? {
                    let id: i64 = row.try_get("id")?;
                    if row.try_get("held")? { claims.push((id, ClaimRow::from_row(&row))) } else { taken.push(id) }
                }
            }};
        }
        match self {
            Self::Sqlite { writer, .. } => exchange!(writer, dialect::SQLITE_EXCHANGE),
            Self::Postgres(pool) => exchange!(pool, dialect::PG_EXCHANGE),
        }
        for (outcome, noted) in outcomes.iter().zip(&mut done.noted).filter(|(outcome, _)| outcome.fate == Fate::Sent) {
            // Taken out: of two that speak of one mail, one was heard.
            let at = taken.iter().position(|id| *id == outcome.id);
            *noted = at.map(|at| taken.swap_remove(at)).is_some();
        }
        // In the order in which they came due, whatever order the rows were touched in.
        claims.sort_by_key(|(id, row)| (row.as_ref().ok().map(|row| row.next_attempt_at), *id));
        for (id, row) in claims {
            done.claims.push(match row.map_err(|_| UNREADABLE).and_then(ClaimRow::claimed) {
                Ok(claimed) => Claim::Mail(Box::new(claimed)),
                Err(why) => {
                    let fate = Fate::Failed { error: why.to_owned() };
                    self.note(&[Outcome { id, token: token.to_owned(), fate }], now).await?;
                    Claim::Unreadable(id)
                }
            });
        }
        Ok(done)
    }

    /// Makes due `now` what waits for longer than `longest`: it was put off by a clock that was ahead. How many it were.
    pub async fn free_ahead(&self, now: DateTime<Utc>, longest: TimeDelta) -> Result<u64, StoreError> {
        // In the words of the index `outbox_due`: SQLite does not see that it holds all that is queued.
        const FREE: &str = "update outbox set next_attempt_at = $1 \
             where state in ('queued', 'sending') and state = 'queued' and next_attempt_at > $2";
        let (now, far) = (micros(now), micros(now + longest));
        Ok(match self {
            Self::Sqlite { writer, .. } => sqlx::query(FREE).bind(now).bind(far).execute(writer).await?.rows_affected(),
            Self::Postgres(pool) => sqlx::query(FREE).bind(now).bind(far).execute(pool).await?.rows_affected(),
        })
    }

    /// Notes all that is not „sent“; for each whether the lease still held.
    async fn note(&self, outcomes: &[Outcome], now: DateTime<Utc>) -> Result<Vec<bool>, StoreError> {
        let mut noted = vec![false; outcomes.len()];
        if outcomes.iter().all(|outcome| outcome.fate == Fate::Sent) {
            return Ok(noted);
        }
        let mut tx = self.write().await?;
        for (Outcome { id, token, fate }, noted) in outcomes.iter().zip(&mut noted) {
            let rows = match fate {
                Fate::Sent => 0,
                Fate::Again { at, error } => run!(
                    &mut tx,
                    "update outbox set state = 'queued', next_attempt_at = $3, lease = null, lease_until = null, \
                     error = $4 where id = $1 and lease = $2 and state = 'sending'",
                    id,
                    token,
                    micros(*at),
                    error
                )?,
                // With no attempt to come, the column of the next one holds when it was given up: a mail may be so days
                // after it was written.
                Fate::Failed { error } => run!(
                    &mut tx,
                    "update outbox set state = 'failed', next_attempt_at = $3, lease = null, lease_until = null, error = $4 \
                     where id = $1 and lease = $2 and state = 'sending'",
                    id,
                    token,
                    now,
                    error
                )?,
                Fate::Back { at, error } => run!(
                    &mut tx,
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
            *noted = rows == 1;
        }
        tx.commit().await?;
        Ok(noted)
    }
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
