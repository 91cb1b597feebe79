//! A running service, its clock and its log.
//!
//! Time is moved with libfaketime, the monotonic clock left alone; nothing sleeps: who waits reads the log, which says
//! when something was looked at, and fails loudly if it falls silent.
#![allow(dead_code, reason = "each test takes what it needs")]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::plain::House;

/// Nothing that a service is asked takes longer, however busy the machine.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// The library that moves the clock of a program.
pub fn libfaketime() -> PathBuf {
    let found = ["x86_64", "aarch64"].map(|arch| format!("/usr/lib/{arch}-linux-gnu/faketime/libfaketimeMT.so.1"));
    let found = found.into_iter().map(PathBuf::from).find(|path| path.exists());
    found.expect("libfaketime is missing; tests/packages installs it")
}

/// A running service and what it writes to its log.
pub struct Running {
    child: Child,
    lines: Receiver<String>,
    /// The file that libfaketime reads the time from.
    pub clock: PathBuf,
}

impl Running {
    /// Starts the service; `at` is the instant its clock begins with, in UTC.
    pub fn start(house: &House, arguments: &[&str], at: &str) -> Self {
        Self::start_with(house, arguments, at, |_| {})
    }

    pub fn start_with(house: &House, arguments: &[&str], at: &str, change: impl FnOnce(&mut Command)) -> Self {
        let clock = house.path("uhr");
        set(&clock, at);
        let mut command = house.command(arguments);
        command
            .arg("run")
            .env("WIEDERVORLAGE_LOG", "info,wiedervorlage=debug,sqlx=error")
            .env("LD_PRELOAD", libfaketime())
            .env("FAKETIME_TIMESTAMP_FILE", &clock)
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .env("TZ", "UTC");
        change(&mut command);
        Self::spawn(command, clock)
    }

    pub fn spawn(mut command: Command, clock: PathBuf) -> Self {
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let (said, lines) = channel();
        let log = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || log.lines().map_while(Result::ok).try_for_each(|line| said.send(line)));
        Self { child, lines, clock }
    }

    /// The next line of the log that holds the words; `None` if the log ends before.
    pub fn hears_or_ends(&self, words: &str) -> Option<String> {
        let (mut heard, since) = (Vec::new(), Instant::now());
        loop {
            match self.lines.recv_timeout(PATIENCE.saturating_sub(since.elapsed())) {
                Ok(line) if line.contains(words) => return Some(line),
                Ok(line) => heard.push(line),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => panic!("never heard {words:?}, only\n{}", heard.join("\n")),
            }
        }
    }

    pub fn hears(&self, words: &str) -> String {
        self.hears_or_ends(words).unwrap_or_else(|| panic!("the service ended without {words:?}"))
    }

    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([format!("-{name}"), pid]).status().unwrap().success());
    }

    /// Sets the clock, and has the service look at it at once.
    pub fn set(&self, at: &str) {
        set(&self.clock, at);
        self.signal("HUP");
        self.hears("read anew");
    }

    /// Rings the bell: settings are read anew, or not, and everything is looked at.
    pub fn ring(&self) {
        self.signal("HUP");
    }

    /// Whether the next look finds a morning to run.
    pub fn looks(&self) -> bool {
        self.hears("looked for mornings").contains("wrote=true")
    }

    pub fn stop(mut self) -> ExitStatus {
        self.signal("TERM");
        let ended = self.hears_or_ends("service stopped");
        assert!(ended.is_some(), "the service did not stop in order");
        self.child.wait().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn set(clock: &Path, at: &str) {
    // Replaced at once: half a line would be another time.
    let new = clock.with_extension("neu");
    std::fs::write(&new, format!("@{at}\n")).unwrap();
    std::fs::rename(new, clock).unwrap();
}
