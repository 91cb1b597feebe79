//! A mail server that does as it is told: proper SMTP, but for the faults it is given.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::time::{Instant, sleep};
use tokio_rustls::TlsAcceptor;
use wiedervorlage::mail::transport::smtp::{Dial, DialError, Dialled, Stream};

use crate::ca::Certificate;

/// Where a fault shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    Connect,
    Greeting,
    Ehlo,
    StartTls,
    Auth,
    Mail,
    Rcpt,
    Data,
    /// While the content is on its way.
    Content,
    Dot,
    Quit,
}

/// What the server does instead of what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Says this, without line end.
    Say(&'static str),
    /// Says nothing more.
    Hang,
    /// Says the right thing so late.
    Late(u64),
    /// Hangs up.
    Close,
    /// Says the right thing, a byte a second.
    Slowly,
    /// A line of a megabyte.
    Megabyte,
    /// Ten thousand lines.
    Endless,
}

/// A mail that was taken.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    pub(crate) at: Instant,
    pub(crate) to: String,
    pub(crate) content: Vec<u8>,
}

/// What is planned and what has happened.
#[derive(Default)]
pub(crate) struct Book {
    /// Faults to come: where, for which recipient (empty: any), what, how many times.
    pub(crate) faults: Vec<(At, &'static str, Fault, usize)>,
    /// What is offered beside STARTTLS and AUTH.
    pub(crate) offers: Vec<&'static str>,
    /// Name and password; without them no AUTH is offered.
    pub(crate) login: Option<(&'static str, &'static str)>,
    /// `PLAIN`, `LOGIN`.
    pub(crate) mechanisms: &'static str,
    pub(crate) tls: Option<TlsAcceptor>,
    pub(crate) implicit: bool,
    pub(crate) taken: Vec<Taken>,
    pub(crate) heard: Vec<String>,
    pub(crate) connections: usize,
}

/// The server; clones are the same one.
#[derive(Clone, Default)]
pub(crate) struct Server(pub(crate) Arc<Mutex<Book>>);

impl Server {
    pub(crate) fn book(&self) -> std::sync::MutexGuard<'_, Book> {
        self.0.lock().unwrap()
    }

    pub(crate) fn with(faults: &[(At, Fault)]) -> Self {
        let server = Self::default();
        server.book().faults = faults.iter().map(|(at, fault)| (*at, "", *fault, 1)).collect();
        server
    }

    pub(crate) fn certified(self, certificate: &Certificate, implicit: bool) -> Self {
        let chain: Vec<_> =
            CertificateDer::pem_file_iter(&certificate.certificate).unwrap().map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_file(&certificate.key).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config =
            rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(chain, key).unwrap();
        self.book().tls = Some(TlsAcceptor::from(Arc::new(config)));
        self.book().implicit = implicit;
        self
    }

    /// How a client reaches it: through memory, so that time may stand still.
    pub(crate) fn dial(&self) -> Dial {
        let server = self.clone();
        Arc::new(move || {
            let server = server.clone();
            Box::pin(async move {
                match server.fault(At::Connect, "") {
                    Some(Fault::Hang) => std::future::pending().await,
                    Some(_) => return Err(DialError::Refused),
                    None => {}
                }
                server.book().connections += 1;
                // Smaller than a mail: a server that stops reading is felt.
                let (ours, theirs) = duplex(4096);
                tokio::spawn(async move { server.serve(Box::new(ours)).await });
                let local = SocketAddr::from(([192, 0, 2, 7], 4711)).ip();
                Ok(Dialled { stream: Box::new(theirs), local: Some(local) })
            })
        })
    }

    /// The recipients of what was taken.
    pub(crate) fn taken(&self) -> Vec<String> {
        self.book().taken.iter().map(|t| t.to.clone()).collect()
    }

    /// How many connections were made.
    pub(crate) fn connections(&self) -> usize {
        self.book().connections
    }

    pub(crate) fn heard(&self, word: &str) -> usize {
        self.book().heard.iter().filter(|h| h.starts_with(word)).count()
    }

    fn fault(&self, at: At, to: &str) -> Option<Fault> {
        let mut book = self.book();
        let fault = book.faults.iter_mut().find(|f| f.0 == at && (f.1.is_empty() || f.1 == to) && f.3 > 0)?;
        fault.3 -= 1;
        Some(fault.2)
    }

    async fn serve(self, stream: Box<dyn Stream>) {
        let (tls, implicit) = {
            let book = self.book();
            (book.tls.clone(), book.implicit)
        };
        let stream = match tls.filter(|_| implicit) {
            None => stream,
            Some(tls) => match tls.accept(stream).await {
                Ok(secured) => Box::new(secured),
                Err(_) => return,
            },
        };
        let mut line = Line { server: self, stream, unread: Vec::new(), to: String::new(), begun: false };
        let _ = line.talk(implicit).await;
    }
}

/// One connection.
struct Line {
    server: Server,
    stream: Box<dyn Stream>,
    unread: Vec<u8>,
    to: String,
    begun: bool,
}

/// The connection is over.
struct Gone;

impl Line {
    async fn talk(&mut self, mut secure: bool) -> Result<(), Gone> {
        self.answer(At::Greeting, "220 mx.example ESMTP").await?;
        loop {
            let command = self.line().await?;
            self.server.book().heard.push(command.clone());
            let word = command.split(' ').next().unwrap_or_default();
            match word {
                "EHLO" => {
                    let mut lines = vec!["mx.example grüßt".to_owned()];
                    {
                        let book = self.server.book();
                        if book.tls.is_some() && !secure {
                            lines.push("STARTTLS".to_owned());
                        }
                        if book.login.is_some() {
                            lines.push(format!("AUTH {}", book.mechanisms));
                        }
                        lines.extend(book.offers.iter().map(|o| (*o).to_owned()));
                    }
                    let last = lines.len() - 1;
                    let lines: Vec<_> = lines
                        .iter()
                        .enumerate()
                        .map(|(i, l)| format!("250{}{l}", if i == last { ' ' } else { '-' }))
                        .collect();
                    self.answer(At::Ehlo, &lines.join("\r\n")).await?;
                }
                "STARTTLS" => {
                    self.answer(At::StartTls, "220 go ahead").await?;
                    let tls = self.server.book().tls.clone().ok_or(Gone)?;
                    let bare = std::mem::replace(&mut self.stream, Box::new(duplex(1).0));
                    self.stream = Box::new(tls.accept(bare).await.map_err(|_| Gone)?);
                    secure = true;
                }
                "AUTH" => self.auth(&command).await?,
                "MAIL" if self.begun => self.say(None, "503 5.5.1 nested MAIL").await?,
                "MAIL" => self.begun = self.answer(At::Mail, "250 2.1.0 ok").await?,
                "RCPT" | "DATA" if !self.begun => self.say(None, "503 5.5.1 MAIL first").await?,
                "RCPT" => {
                    command.split(['<', '>']).nth(1).unwrap_or_default().clone_into(&mut self.to);
                    self.answer(At::Rcpt, "250 2.1.5 ok").await?;
                }
                "DATA" => {
                    if self.answer(At::Data, "354 go on").await? {
                        let to = self.to.clone();
                        let content = self.content().await?;
                        // Taken, whatever is answered: that is what makes the end unknown.
                        let fault = self.server.fault(At::Dot, &to);
                        let refuses = matches!(fault, Some(Fault::Say(words)) if !words.starts_with('2'));
                        if !refuses {
                            self.server.book().taken.push(Taken { at: Instant::now(), to, content });
                        }
                        self.begun = false;
                        self.say(fault, "250 2.0.0 queued as 4711").await?;
                    }
                }
                "RSET" => {
                    self.begun = false;
                    self.say(None, "250 ok").await?;
                }
                "QUIT" => {
                    self.answer(At::Quit, "221 bye").await?;
                    return Err(Gone);
                }
                _ => self.say(None, "500 what").await?,
            }
        }
    }

    async fn auth(&mut self, command: &str) -> Result<(), Gone> {
        use base64::Engine;
        let open = |text: &str| {
            let bytes = base64::prelude::BASE64_STANDARD.decode(text).unwrap_or_default();
            String::from_utf8(bytes).unwrap_or_default()
        };
        let said = match command.split(' ').collect::<Vec<_>>()[..] {
            [_, "PLAIN", secret] => open(secret).split('\0').skip(1).map(str::to_owned).collect::<Vec<_>>(),
            [_, "LOGIN"] => {
                let mut said = Vec::new();
                for prompt in ["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"] {
                    self.say(None, prompt).await?;
                    said.push(open(&self.line().await?));
                }
                said
            }
            _ => Vec::new(),
        };
        let right = self.server.book().login.is_some_and(|(name, password)| said == [name, password]);
        self.answer(At::Auth, if right { "235 2.7.0 welcome" } else { "535 5.7.8 no such user w@a.example" }).await?;
        Ok(())
    }

    async fn content(&mut self) -> Result<Vec<u8>, Gone> {
        match self.server.fault(At::Content, &self.to) {
            Some(Fault::Hang) => std::future::pending().await,
            Some(_) => return Err(Gone),
            None => {}
        }
        let mut content = Vec::new();
        loop {
            let line = self.bytes().await?;
            if line == b".\r\n" {
                return Ok(content);
            }
            content.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        }
    }

    /// The right answer, unless a fault is due; whether the right one was given.
    async fn answer(&mut self, at: At, right: &str) -> Result<bool, Gone> {
        let fault = self.server.fault(at, &self.to);
        self.say(fault, right).await?;
        Ok(matches!(fault, None | Some(Fault::Slowly | Fault::Late(_)))
            || matches!(fault, Some(Fault::Say(s)) if s.starts_with("354")))
    }

    async fn say(&mut self, fault: Option<Fault>, right: &str) -> Result<(), Gone> {
        match fault {
            None => self.write(format!("{right}\r\n").as_bytes()).await,
            Some(Fault::Say(words)) => {
                self.write(format!("{words}\r\n").as_bytes()).await?;
                if words.starts_with("421") { Err(Gone) } else { Ok(()) }
            }
            Some(Fault::Hang) => std::future::pending().await,
            Some(Fault::Late(seconds)) => {
                sleep(Duration::from_secs(seconds)).await;
                self.write(format!("{right}\r\n").as_bytes()).await
            }
            Some(Fault::Close) => Err(Gone),
            Some(Fault::Slowly) => {
                for byte in format!("{right}\r\n").bytes() {
                    sleep(Duration::from_secs(1)).await;
                    self.write(&[byte]).await?;
                }
                Ok(())
            }
            Some(Fault::Megabyte) => {
                self.write(b"220 ").await?;
                self.write(&vec![b'x'; 1 << 20]).await?;
                self.write(b"\r\n").await
            }
            Some(Fault::Endless) => {
                for _ in 0..10_000 {
                    self.write(b"250-and\r\n").await?;
                }
                self.write(b"250 that is all\r\n").await
            }
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Gone> {
        self.stream.write_all(bytes).await.map_err(|_| Gone)?;
        self.stream.flush().await.map_err(|_| Gone)
    }

    async fn line(&mut self) -> Result<String, Gone> {
        let line = self.bytes().await?;
        Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
    }

    async fn bytes(&mut self) -> Result<Vec<u8>, Gone> {
        loop {
            if let Some(end) = self.unread.iter().position(|b| *b == b'\n') {
                return Ok(self.unread.drain(..=end).collect());
            }
            let mut block = [0; 4096];
            match self.stream.read(&mut block).await {
                Ok(n) if n > 0 => self.unread.extend_from_slice(&block[..n]),
                _ => return Err(Gone),
            }
        }
    }
}
