//! A conversation with an SMTP server: commands out, answers in, each within its time and its bounds.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use super::answer::{Answer, Assembly, LONGEST_LINE, Malformed};

/// Bytes both ways: a socket, or TLS over one.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Why a conversation cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
    /// The other side has closed it.
    Closed,
    /// The other side was silent for too long.
    Timeout,
    /// The other side said something that is no answer.
    Malformed,
    /// The other side said something that nobody had asked for. Whatever it says next may answer anything.
    Unasked,
}

impl From<Malformed> for Broken {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// How far the handover of a mail came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Handover {
    /// The final dot did not leave: the server cannot have taken the mail.
    Cut(Broken),
    /// The final dot has left, or may have.
    Whole,
}

/// One conversation.
pub(super) struct Wire {
    stream: Box<dyn Stream>,
    /// What was read and not yet used.
    unread: Vec<u8>,
}

impl Wire {
    pub(super) fn new(stream: Box<dyn Stream>) -> Self {
        Self { stream, unread: Vec::new() }
    }

    /// The bare stream, for TLS to go over. None if something was read that nobody had asked for: it was sent in the
    /// clear, by whomever, and must not count as said under TLS (RFC 3207 §4.2 and the holes that came of it).
    pub(super) fn into_stream(self) -> Option<Box<dyn Stream>> {
        self.unread.is_empty().then_some(self.stream)
    }

    /// Says something and waits for the answer; the limit is for both together.
    pub(super) async fn ask(&mut self, command: &str, limit: Duration) -> Result<Answer, Broken> {
        if !self.unread.is_empty() {
            return Err(Broken::Unasked);
        }
        let exchange = async {
            let said = self.stream.write_all(format!("{command}\r\n").as_bytes()).await;
            said.map_err(|_| Broken::Closed)?;
            self.stream.flush().await.map_err(|_| Broken::Closed)?;
            self.assemble().await
        };
        timeout(limit, exchange).await.unwrap_or(Err(Broken::Timeout))
    }

    /// Waits for an answer, all of which has to come within the limit.
    pub(super) async fn answer(&mut self, limit: Duration) -> Result<Answer, Broken> {
        timeout(limit, self.assemble()).await.unwrap_or(Err(Broken::Timeout))
    }

    async fn assemble(&mut self) -> Result<Answer, Broken> {
        let mut assembly = Assembly::default();
        loop {
            while let Some(end) = self.unread.iter().position(|b| *b == b'\n') {
                let line: Vec<u8> = self.unread.drain(..=end).collect();
                if let Some(answer) = assembly.line(&line)? {
                    return Ok(answer);
                }
            }
            if self.unread.len() > LONGEST_LINE {
                return Err(Broken::Malformed);
            }
            let mut block = [0_u8; 1024];
            match self.stream.read(&mut block).await {
                Ok(0) | Err(_) => return Err(Broken::Closed),
                Ok(n) => self.unread.extend_from_slice(&block[..n]),
            }
        }
    }

    /// Sends the content of a mail, final dot included. Each step forward may take `block`, all of it `whole`.
    pub(super) async fn hand_over(&mut self, content: &[u8], block: Duration, whole: Duration) -> Handover {
        if !self.unread.is_empty() {
            // It would be read as the answer to a mail that was not sent yet.
            return Handover::Cut(Broken::Unasked);
        }
        // „.\r\n" ends the content. With the dot out, nobody knows what the other side makes of it.
        let dot = content.len().saturating_sub(3);
        let mut sent = 0;
        let sending = async {
            while sent < content.len() {
                match timeout(block, self.stream.write(&content[sent..])).await {
                    Err(_) => return Err(Broken::Timeout),
                    Ok(Ok(0) | Err(_)) => return Err(Broken::Closed),
                    Ok(Ok(n)) => sent += n,
                }
            }
            timeout(block, self.stream.flush()).await.map_err(|_| Broken::Timeout)?.map_err(|_| Broken::Closed)
        };
        let end = timeout(whole, sending).await.unwrap_or(Err(Broken::Timeout));
        match end {
            Err(broken) if sent <= dot => Handover::Cut(broken),
            // Even where the connection is gone, the answer may lie there to be read.
            _ => Handover::Whole,
        }
    }
}
