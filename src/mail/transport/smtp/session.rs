//! One connection at a time, used for one mail after the other: what is said about a mail, and what the answers mean.

use std::fmt;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::answer::{Answer, Offers};
use super::open::{Open, open};
use super::trouble::{Stage, broke, refused};
use super::wire::{Broken, Handover};
use super::{BLOCK, COMMAND, CONTENT, DATA, DOT, KEPT, Office, QUIT, content};
use crate::mail::transport::{Outgoing, SendError};

/// One connection at a time, used for one mail after the other.
pub(in crate::mail::transport) struct SmtpSession {
    office: Arc<Office>,
    stop: CancellationToken,
    kept: Option<Kept>,
    /// The conversation in which a mail was offered, and the mail's Message-ID.
    offered: Option<(String, Kept)>,
}

/// A conversation that the next mail can be sent in.
struct Kept {
    open: Open,
    /// Whether a mail was begun that the server must forget first.
    begun: bool,
}

impl fmt::Debug for SmtpSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SmtpSession")
    }
}

impl SmtpSession {
    /// Not connected yet.
    pub(super) fn new(office: Arc<Office>, stop: CancellationToken) -> Self {
        Self { office, stop, kept: None, offered: None }
    }

    /// Connects and signs in.
    pub(in crate::mail::transport) async fn probe(&mut self) -> Result<(), SendError> {
        let open = open(&self.office).await?;
        self.kept = Some(Kept { open, begun: false });
        Ok(())
    }

    /// Says who writes to whom, and waits for the server's consent; nothing of the mail itself leaves. Also where this
    /// says that it cannot be sent, the next mail may be offered.
    pub(in crate::mail::transport) async fn offer(&mut self, mail: &Outgoing) -> Result<(), SendError> {
        // What was offered and never handed over: the server may wait for its content, and is left.
        self.offered = None;
        let stop = self.stop.clone();
        let kept = tokio::select! {
            biased;
            () = stop.cancelled() => Err(SendError::Stopped),
            begun = self.begin(mail) => begun,
        }?;
        self.offered = Some((mail.message_id.clone(), kept));
        Ok(())
    }

    /// Hands one mail over that was offered just before; one that was not is offered first. A stop is heard until the
    /// content begins; from there on the end is awaited.
    pub(in crate::mail::transport) async fn send(
        &mut self,
        mail: &Outgoing,
        may_still_send: impl Fn() -> bool,
    ) -> Result<(), SendError> {
        if self.offered.as_ref().is_none_or(|(offered, _)| *offered != mail.message_id) {
            self.offer(mail).await?;
        }
        let Some((_, mut kept)) = self.offered.take() else { return Err(SendError::Late) };
        let stop = self.stop.clone();
        let ahead = kept.open.offers.pipelining;
        if !ahead && !may_still_send() {
            self.kept = Some(kept);
            return Err(SendError::Late);
        }
        let data = async {
            // Said along with MAIL, where that may be.
            if ahead { kept.open.wire.answer(DATA).await } else { kept.open.wire.ask("DATA", DATA).await }
        };
        let answer = tokio::select! {
            biased;
            () = stop.cancelled() => return Err(SendError::Stopped),
            answer = data => answer.map_err(|b| broke(Stage::Data, b))?,
        };
        if answer.code != 354 {
            self.keep(kept, &answer);
            return Err(refused(Stage::Data, &answer));
        }
        if ahead && !may_still_send() {
            // The server waits for the content, and without its end takes nothing.
            return Err(SendError::Late);
        }
        let content = content::wire(&mail.message);
        if let Handover::Cut(broken) = kept.open.wire.hand_over(&content, BLOCK, CONTENT).await {
            return Err(broke(Stage::Content, broken));
        }
        let answer = kept.open.wire.answer(DOT).await.map_err(|b| broke(Stage::Dot, b))?;
        kept.begun = false;
        self.keep(kept, &answer);
        if answer.is_positive() { Ok(()) } else { Err(refused(Stage::Dot, &answer)) }
    }

    /// Brings a mail up to DATA. The connection is the session's again when this fails in a way that leaves it whole.
    async fn begin(&mut self, mail: &Outgoing) -> Result<Kept, SendError> {
        let never = |why: &str| SendError::Permanent(why.to_owned());
        let from = content::path(&mail.from).ok_or_else(|| never("Die Absenderadresse (mail.from) passt nicht."))?;
        let to = content::path(&mail.to).ok_or_else(|| never("Die Empfängeradresse passt nicht."))?;
        // Before there is a connection: it would stand idle, and a server may close it by then.
        self.office.pace.turn().await;
        let (mut kept, answer) = match self.kept.take() {
            Some(kept) => match self.first_word(kept, &from, &to, mail, KEPT).await {
                // What was kept had gone: nothing of the mail was said yet, so it begins again.
                Err(Word::Broken(_)) => self.afresh(&from, &to, mail).await?,
                said => said.map_err(Word::error)?,
            },
            None => self.afresh(&from, &to, mail).await?,
        };
        kept.begun = true;
        let ahead = kept.open.offers.pipelining;
        if !answer.is_positive() {
            self.hear_out(kept, &answer, if ahead { 2 } else { 0 }).await;
            return Err(refused(Stage::Mail, &answer));
        }
        let answer = if ahead {
            kept.open.wire.answer(COMMAND).await
        } else {
            kept.open.wire.ask(&rcpt_command(&to), COMMAND).await
        };
        let answer = answer.map_err(|b| broke(Stage::Rcpt, b))?;
        if !answer.is_positive() {
            self.hear_out(kept, &answer, usize::from(ahead)).await;
            return Err(refused(Stage::Rcpt, &answer));
        }
        Ok(kept)
    }

    /// Keeps the connection after a refusal, once the server has also refused the `more` commands that were said ahead.
    /// One that would rather go on, or does not answer soon, is left: nothing was handed over.
    async fn hear_out(&mut self, mut kept: Kept, refusal: &Answer, more: usize) {
        for _ in 0..more {
            match kept.open.wire.answer(KEPT).await {
                Ok(answer) if answer.code != 421 && (answer.is_transient() || answer.is_permanent()) => {}
                _ => return,
            }
        }
        self.keep(kept, refusal);
    }

    async fn afresh(&mut self, from: &str, to: &str, mail: &Outgoing) -> Result<(Kept, Answer), SendError> {
        let kept = Kept { open: open(&self.office).await?, begun: false };
        self.first_word(kept, from, to, mail, COMMAND).await.map_err(Word::error)
    }

    /// MAIL, and RSET before it where a mail was broken off.
    async fn first_word(
        &mut self,
        mut kept: Kept,
        from: &str,
        to: &str,
        mail: &Outgoing,
        limit: Duration,
    ) -> Result<(Kept, Answer), Word> {
        let mut command = match mail_command(from, to, mail, &kept.open.offers) {
            Ok(command) => command,
            Err(never) => {
                self.kept = Some(kept);
                return Err(Word::Never(never));
            }
        };
        if kept.open.offers.pipelining {
            // All that comes before the content in one breath: two journeys a mail instead of four.
            let _ = write!(command, "\r\n{}\r\nDATA", rcpt_command(to));
        }
        if std::mem::take(&mut kept.begun) {
            let answer = kept.open.wire.ask("RSET", limit).await.map_err(Word::Broken)?;
            if !answer.is_positive() {
                return Err(Word::Broken(Broken::Closed));
            }
        }
        let answer = kept.open.wire.ask(&command, limit).await.map_err(Word::Broken)?;
        // 421 is how a server says that it hangs up; on a connection that was kept that is about the connection.
        if answer.code == 421 && limit == KEPT {
            return Err(Word::Broken(Broken::Closed));
        }
        Ok((kept, answer))
    }

    /// Keeps the connection, unless the server has just said that it closes it.
    fn keep(&mut self, kept: Kept, answer: &Answer) {
        let odd = !(answer.is_positive() || answer.is_transient() || answer.is_permanent());
        if answer.code != 421 && !odd {
            self.kept = Some(kept);
        }
    }

    /// Takes leave. A server that does not answer is left all the same.
    pub(in crate::mail::transport) async fn quit(mut self) {
        if let Some(mut kept) = self.kept.take() {
            let _ = kept.open.wire.ask("QUIT", QUIT).await;
        }
    }
}

/// What became of the first word about a mail.
enum Word {
    /// It was not heard.
    Broken(Broken),
    /// It was not even said: this server can never take this mail.
    Never(SendError),
}

impl Word {
    fn error(self) -> SendError {
        match self {
            Self::Broken(broken) => broke(Stage::Mail, broken),
            Self::Never(error) => error,
        }
    }
}

fn rcpt_command(to: &str) -> String {
    format!("RCPT TO:<{to}>")
}

/// MAIL with what the mail needs and the server offers.
fn mail_command(from: &str, to: &str, mail: &Outgoing, offers: &Offers) -> Result<String, SendError> {
    let never = |why: &str| Err(SendError::Permanent(why.to_owned()));
    let mut command = format!("MAIL FROM:<{from}>");
    if let Some(limit) = offers.size {
        let size = mail.message.len();
        if limit > 0 && size as u64 > limit {
            return never("Die Mail ist größer, als der Mailserver annimmt.");
        }
        let _ = write!(command, " SIZE={size}");
    }
    if !mail.message.is_ascii() {
        if !offers.eight_bit {
            return never("Die Mail enthält Zeichen, die der Mailserver nicht weiterleiten kann (8BITMIME fehlt).");
        }
        command.push_str(" BODY=8BITMIME");
    }
    if !(from.is_ascii() && to.is_ascii()) {
        if !offers.utf8 {
            return never("Die Adresse hat vor dem @ Umlaute; das kann der Mailserver nicht (SMTPUTF8 fehlt).");
        }
        command.push_str(" SMTPUTF8");
    }
    Ok(command)
}
