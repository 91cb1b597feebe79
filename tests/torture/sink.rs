//! A mail server of the test's own, which writes down what it was given and misbehaves as it is told.
#![allow(dead_code, reason = "each test takes what it needs")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// How the server behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// Takes everything.
    Good,
    /// Closes every connection at once.
    Refuses,
    /// „Try again later“ for every recipient.
    Later,
    /// Closes in the middle of the mail.
    CutsBeforeTheDot,
    /// Has the mail, and closes without saying so.
    CutsAfterTheDot,
    /// „Try again later“ after the dot.
    LaterAfterTheDot,
    /// Takes every second mail only.
    EverySecond,
    /// Says nothing more once it has heard the recipient.
    Hangs,
    /// Does not want our sender.
    RefusesTheSender,
}

impl Mood {
    pub const ALL: [Self; 8] = [
        Self::Good,
        Self::Refuses,
        Self::Later,
        Self::CutsBeforeTheDot,
        Self::CutsAfterTheDot,
        Self::LaterAfterTheDot,
        Self::EverySecond,
        Self::RefusesTheSender,
    ];
}

/// A mail that the server has.
#[derive(Debug, Clone)]
pub struct Taken {
    pub recipient: String,
    pub message_id: String,
    /// Whether the other side was told so.
    pub confirmed: bool,
}

#[derive(Debug)]
struct Inside {
    mood: Mood,
    taken: Vec<Taken>,
    asked: u64,
    hanging: u64,
    /// Nobody of this name is here: refused for good.
    nobody: String,
}

/// The server. It listens as long as the process lives.
#[derive(Debug, Clone)]
pub struct Sink {
    pub port: u16,
    inside: Arc<Mutex<Inside>>,
    hangs: Arc<Condvar>,
}

impl Sink {
    pub fn new(nobody: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let inside = Inside { mood: Mood::Good, taken: Vec::new(), asked: 0, hanging: 0, nobody: nobody.to_owned() };
        let sink = Self { port, inside: Arc::new(Mutex::new(inside)), hangs: Arc::default() };
        let serving = sink.clone();
        std::thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let serving = serving.clone();
                // What the other side breaks off is its own affair.
                std::thread::spawn(move || drop(serving.talk(connection)));
            }
        });
        sink
    }

    pub fn be(&self, mood: Mood) {
        self.inside.lock().unwrap().mood = mood;
    }

    fn mood(&self) -> Mood {
        self.inside.lock().unwrap().mood
    }

    /// Until a connection hangs.
    pub fn waits_for_somebody_to_hang(&self) {
        let inside = self.inside.lock().unwrap();
        let (_inside, wait) =
            self.hangs.wait_timeout_while(inside, Duration::from_mins(1), |inside| inside.hanging == 0).unwrap();
        assert!(!wait.timed_out(), "nobody came");
    }

    pub fn taken(&self) -> Vec<Taken> {
        self.inside.lock().unwrap().taken.clone()
    }

    fn talk(&self, stream: TcpStream) -> std::io::Result<()> {
        if self.mood() == Mood::Refuses {
            return Ok(());
        }
        let mut lines = BufReader::new(stream.try_clone()?);
        let mut stream = stream;
        stream.write_all(b"220 sink.example ESMTP\r\n")?;
        let mut recipient = String::new();
        loop {
            if self.mood() == Mood::Hangs && !recipient.is_empty() {
                self.inside.lock().unwrap().hanging += 1;
                self.hangs.notify_all();
                // Until the other side has had enough.
                std::io::copy(&mut lines, &mut std::io::sink())?;
                return Ok(());
            }
            let mut line = String::new();
            if lines.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
            let answer = match verb.as_str() {
                "EHLO" => "250-sink.example\r\n250-8BITMIME\r\n250 SIZE 10000000\r\n",
                "MAIL" if self.mood() == Mood::RefusesTheSender => "553 5.7.1 not from you\r\n",
                "RCPT" => {
                    recipient = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                    let mut inside = self.inside.lock().unwrap();
                    inside.asked += 1;
                    let later = inside.mood == Mood::Later
                        || inside.mood == Mood::EverySecond && inside.asked.is_multiple_of(2);
                    if recipient == inside.nobody {
                        "550 5.1.1 no such user\r\n"
                    } else if later {
                        "451 4.3.0 later\r\n"
                    } else {
                        "250 ok\r\n"
                    }
                }
                "DATA" => {
                    stream.write_all(b"354 go on\r\n")?;
                    match self.data(&mut lines, &recipient)? {
                        Some(answer) => answer,
                        None => return Ok(()),
                    }
                }
                "QUIT" => {
                    stream.write_all(b"221 bye\r\n")?;
                    return Ok(());
                }
                _ => "250 ok\r\n",
            };
            stream.write_all(answer.as_bytes())?;
        }
    }

    /// Takes a mail; what to answer, or nothing and the connection is cut.
    fn data(&self, lines: &mut BufReader<TcpStream>, recipient: &str) -> std::io::Result<Option<&'static str>> {
        let mut message_id = String::new();
        for number in 0_u32.. {
            let mut line = Vec::new();
            if lines.read_until(b'\n', &mut line)? == 0 {
                return Ok(None);
            }
            let text = String::from_utf8_lossy(&line);
            if let Some(id) = text.strip_prefix("Message-ID: ") {
                id.trim().clone_into(&mut message_id);
            }
            if self.mood() == Mood::CutsBeforeTheDot && number > 5 {
                return Ok(None);
            }
            if text == ".\r\n" {
                break;
            }
        }
        let mut inside = self.inside.lock().unwrap();
        if inside.mood == Mood::LaterAfterTheDot {
            return Ok(Some("451 4.3.0 later\r\n"));
        }
        let confirmed = inside.mood != Mood::CutsAfterTheDot;
        inside.taken.push(Taken { recipient: recipient.to_owned(), message_id, confirmed });
        Ok(confirmed.then_some("250 2.0.0 taken\r\n"))
    }
}
