//! The running service: a bell that rings every minute, one task for mornings, one for delivery, signals, and the
//! service manager.
//!
//! The bell only wakes; what is due then is decided by [`schedule`](crate::schedule) and the outbox from the database
//! and the clock. It is a timer of the monotonic clock. tokio-cron-scheduler was tried and given up: it waits for an
//! instant, so that it falls silent for as long as the clock is set back, and it looks twice a second whether that has
//! come, which is most of what an idle service would do.
//!
//! Stopping, in this order: no new mail is claimed and no new morning begun; what is under way is awaited; what is still
//! under way then is let go (a morning leaves no trace, a mail stays leased and is sent by the next service); the
//! connections are closed.
//!
//! A task lives as long as the service. What it works at in one minute may fail, by a panic of ours as well: that is
//! logged, and the next bell is another minute.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::runtime::Handle;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::bounces::{self, BouncesError, Counts};
use crate::caught::{Panicked, caught, log_places_alone};
use crate::delivery::Courier;
use crate::inbox::Inbox;
use crate::schedule::Mornings;
use crate::store::{Delivering, Guard, StoreError};
use crate::upkeep;

/// What is under way is awaited for so long: the unit's TimeoutStopSec (90 s) less the time to close.
const STOPS_WITHIN: Duration = Duration::from_secs(75);

/// The house as last read, and what brings its mails away: that remembers how the mail server is.
struct Parts {
    app: App,
    courier: Courier,
}

impl Parts {
    /// Words, rules or certificates that do not work are refused now, at noon and not at 06:30.
    async fn of(app: App) -> anyhow::Result<Arc<Self>> {
        app.renderer().await?;
        let courier = app.courier()?;
        Ok(Arc::new(Self { app, courier }))
    }
}

/// What the tasks of a running service share.
struct Service {
    /// Settings, rules and words as last read.
    parts: watch::Sender<Arc<Parts>>,
    /// How often the bell has rung.
    minute: watch::Sender<u64>,
    /// There are new mails.
    mails: Notify,
    /// The database was looked through.
    sound: CancellationToken,
    /// Something was done for which the database took memory.
    worked: AtomicBool,
    /// No new work.
    stop: CancellationToken,
}

/// Runs until it is told to stop, as the one service that the guard makes it.
///
/// # Errors
/// What kept the service from starting, or ended one of its tasks.
pub async fn run(app: App, guard: Guard, config: Option<PathBuf>) -> anyhow::Result<()> {
    log_places_alone();
    let mut signals =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?, signal(SignalKind::hangup())?);
    let db = app.db.clone();
    let freed = app.db.free_orphans(&app.settings.database_url, app.clock.now()).await?;
    if freed > 0 {
        tracing::info!(freed, "mails that a dead process held are due again");
    }
    let delivering = Delivering::begin(&app.settings.database_url)?;
    let parts = Parts::of(app).await?;
    let service = Arc::new(Service {
        parts: watch::Sender::new(parts),
        minute: watch::Sender::new(0),
        mails: Notify::new(),
        sound: CancellationToken::new(),
        worked: AtomicBool::new(false),
        stop: CancellationToken::new(),
    });
    // A morning reckons for seconds without a pause, and nobody else is to wait for it.
    let (runtime, worker) = (Handle::current(), Arc::clone(&service));
    let mut mornings = tokio::task::spawn_blocking(move || runtime.block_on(worker.mornings()));
    let mut delivery = tokio::spawn(Arc::clone(&service).delivery());
    let mut soundness = tokio::spawn(Arc::clone(&service).soundness());
    let mut looking = true;
    let mut minute = Box::pin(tokio::time::sleep(service.until_next_minute()));
    say(&[NotifyState::Ready]);
    tracing::info!("service ready");

    let ended = loop {
        tokio::select! {
            _ = signals.0.recv() => break Ok(()),
            _ = signals.1.recv() => break Ok(()),
            _ = signals.2.recv() => service.reread(config.as_deref()).await,
            () = &mut minute => {
                minute.set(tokio::time::sleep(service.until_next_minute()));
                service.rest().await;
                service.ring();
                say(&[NotifyState::Watchdog]);
            }
            ended = &mut mornings => break Err(unexpected("Läufe", &ended)),
            ended = &mut delivery => break Err(unexpected("Versand", &ended)),
            sound = &mut soundness, if looking => {
                looking = false;
                if let Err(error) = sound.unwrap_or_else(|_| Err(Panicked.into())) {
                    break Err(error);
                }
            }
        }
    };
    say(&[NotifyState::Stopping]);
    tracing::info!("service stopping");
    service.stop.cancel();
    soundness.abort();
    service.sound.cancel();
    let under_way = [mornings, delivery].into_iter().filter(|task| !task.is_finished());
    finish(under_way.collect()).await;
    db.close().await;
    drop((delivering, guard));
    tracing::info!("service stopped");
    ended
}

impl Service {
    /// So long until the clock shows a full minute; never longer than one, whatever the clock does.
    fn until_next_minute(&self) -> Duration {
        let second = self.parts().app.clock.now().timestamp().rem_euclid(60).unsigned_abs();
        Duration::from_secs(60 - second.min(59))
    }

    fn ring(&self) {
        self.minute.send_modify(|times| *times = times.wrapping_add(1));
    }

    fn parts(&self) -> Arc<Parts> {
        Arc::clone(&self.parts.borrow())
    }

    /// Waits for the next minute. False: the service stops.
    async fn wait(&self, minute: &mut watch::Receiver<u64>) -> bool {
        tokio::select! {
            () = self.stop.cancelled() => false,
            _ = minute.changed() => true,
        }
    }

    async fn mornings(self: Arc<Self>) {
        let (mut mornings, mut minute) = (Mornings::default(), self.minute.subscribe());
        let (mut trouble, mut inbox, mut inbox_trouble) =
            (Trouble::of_task("mornings"), Inbox::default(), Trouble::of_task("inbox"));
        // Nobody is written to from a damaged database.
        self.sound.cancelled().await;
        loop {
            let parts = self.parts();
            let looked = async {
                let wrote = mornings.tick(&parts.app, &self.stop).await?;
                tracing::debug!(wrote, "looked for mornings");
                if wrote {
                    self.mails.notify_one();
                    self.worked();
                }
                // After the mornings, and in their task: never beside one.
                if !self.stop.is_cancelled() && upkeep::tick(&parts.app, &self.stop).await? {
                    self.rest().await;
                }
                Ok(())
            };
            trouble.in_minute(Box::pin(looked)).await;
            if !self.stop.is_cancelled() {
                inbox_trouble.in_minute(Box::pin(self.inbox(&parts.app, &mut inbox))).await;
            }
            drop(parts);
            if !self.wait(&mut minute).await {
                return;
            }
        }
    }

    /// Behind the mornings, which have a time; and in their task, so that an import never runs beside one.
    async fn inbox(&self, app: &App, inbox: &mut Inbox) -> Result<(), StoreError> {
        let looked = inbox.look(app, app.clock.now(), &self.stop).await?;
        tracing::debug!(files = looked.files.len(), waiting = looked.waiting, "looked into the watched folder");
        if looked.mails {
            self.mails.notify_one();
        }
        if !looked.files.is_empty() {
            self.worked();
        }
        Ok(())
    }

    async fn delivery(self: Arc<Self>) {
        let (mut minute, mut trouble) = (self.minute.subscribe(), Trouble::of_task("delivery"));
        let (mut parts, mut returns) = (self.parts.subscribe(), Returns::default());
        loop {
            self.bounces(&mut returns).await;
            let courier = parts.borrow_and_update().courier.clone();
            let delivered = async {
                // A queue may take hours. Who changes the server, or sends all to one box, means the next mail.
                let halt = self.stop.child_token();
                let mut drained = std::pin::pin!(courier.drain(&halt));
                let counts = tokio::select! {
                    drained = &mut drained => drained,
                    _ = parts.changed() => {
                        halt.cancel();
                        drained.await
                    }
                }?;
                if counts.sent > 0 {
                    self.worked();
                }
                Ok(())
            };
            // A mail that a panic left in somebody's hands stays leased: who knows how far it came. It is due again when
            // the lease is over, as after the death of a process.
            trouble.in_minute(Box::pin(delivered)).await;
            tokio::select! {
                goes_on = self.wait(&mut minute) => if !goes_on { return },
                () = self.mails.notified() => {}
            }
        }
    }

    /// What came back. A maildir that cannot be read must not keep what is queued from leaving.
    async fn bounces(&self, returns: &mut Returns) {
        let parts = self.parts();
        let Some(maildir) = &parts.app.settings.bounces_maildir else { return };
        match caught(bounces::read(&parts.app.db, maildir, parts.app.clock.now())).await {
            Ok(found) => returns.are(found),
            Err(panicked) => returns.unread(&panicked),
        }
    }

    /// Reads the database through, once, before the first morning and beside the rest: a large one takes seconds.
    async fn soundness(self: Arc<Self>) -> anyhow::Result<()> {
        let sound = caught(self.parts().app.db.check()).await;
        self.worked();
        let unknown = match sound {
            Ok(Ok(())) => None,
            Ok(Err(error @ StoreError::NotADatabase)) => return Err(error.into()),
            Ok(Err(error)) => Some(error.to_string()),
            Err(panicked) => Some(panicked.to_string()),
        };
        if let Some(error) = unknown {
            tracing::warn!(error, "the database could not be looked through");
        }
        self.sound.cancel();
        Ok(())
    }

    /// At the next bell there is something to give back. Not at once: a connection needs a moment to come back to the rest.
    fn worked(&self) {
        self.worked.store(true, Ordering::Relaxed);
    }

    /// Gives back what the database kept in memory for work that is done: until tomorrow nobody asks for it.
    async fn rest(&self) {
        if !self.worked.swap(false, Ordering::Relaxed) {
            return;
        }
        if let Err(error) = self.parts().app.db.rest().await {
            tracing::warn!(error = error.to_string(), "the database keeps its memory");
        }
    }

    /// Settings, rules and words anew. A set that does not work is refused as a whole, and the old one stays.
    async fn reread(&self, config: Option<&Path>) {
        say(&[NotifyState::Reloading]);
        let parts = match self.parts().app.reread(config) {
            Ok(app) => Parts::of(app).await,
            Err(error) => Err(error),
        };
        match parts {
            Ok(parts) => {
                self.parts.send_replace(parts);
                tracing::info!("settings, rules and words read anew");
            }
            Err(error) => {
                let error = format!("{error:#}");
                tracing::error!(error, "new settings refused, the old ones stay");
            }
        }
        // Another morning time, another calendar: looked at now, not in a minute.
        self.ring();
        say(&[NotifyState::Ready]);
    }
}

/// Says once that something does not work, and once that it works again, however often it is tried in between.
#[derive(Debug)]
struct Trouble {
    /// Which task's.
    task: &'static str,
    known: Option<(&'static str, String)>,
}

impl Trouble {
    const fn of_task(task: &'static str) -> Self {
        Self { task, known: None }
    }

    /// Does a task's work of one minute. However that ends, the task can go on.
    async fn in_minute(&mut self, work: impl Future<Output = Result<(), StoreError>>) {
        match caught(work).await {
            Ok(Ok(())) => self.over(),
            Ok(Err(error)) => self.of("the database", error.to_string()),
            Err(panicked) => self.of("the program", panicked.to_string()),
        }
    }

    fn of(&mut self, what: &'static str, error: String) {
        if self.known.as_ref().is_none_or(|(_, known)| *known != error) {
            tracing::error!(error, task = self.task, "{what} does not do what it is asked, will be tried again");
            self.known = Some((what, error));
        }
    }

    fn over(&mut self) {
        if let Some((what, _)) = self.known.take() {
            tracing::info!(task = self.task, "{what} does what it is asked again");
        }
    }
}

/// What was last found in the maildir of what comes back: looked at every minute, said when it is something new.
#[derive(Debug, Default)]
struct Returns {
    unreadable: u32,
    error: Option<String>,
}

impl Returns {
    fn are(&mut self, found: Result<Counts, BouncesError>) {
        match found {
            Ok(counts) => {
                let Counts { failed, delayed, unreadable, .. } = counts;
                if failed + delayed > 0 {
                    tracing::warn!(failed, delayed, "mails came back");
                }
                if unreadable > self.unreadable {
                    tracing::warn!(unreadable, "messages of the bounce maildir cannot be read or put aside");
                }
                *self = Self { unreadable, error: None };
            }
            Err(error) => self.unread(&error),
        }
    }

    fn unread(&mut self, error: &dyn std::error::Error) {
        let error = error.to_string();
        if self.error.as_ref() != Some(&error) {
            tracing::warn!(error, "what came back could not be read, will be tried again");
            self.error = Some(error);
        }
    }
}

/// Awaits what is under way, for a while.
async fn finish(mut tasks: Vec<JoinHandle<()>>) {
    let all = async {
        for task in &mut tasks {
            // How it ended is of no use any more.
            let _ = task.await;
        }
    };
    if tokio::time::timeout(STOPS_WITHIN, all).await.is_err() {
        tracing::warn!("work under way was let go");
        tasks.iter().for_each(JoinHandle::abort);
    }
}

fn unexpected(task: &str, ended: &Result<(), tokio::task::JoinError>) -> anyhow::Error {
    match ended {
        Ok(()) => anyhow::anyhow!("Der Teil „{task}“ des Dienstes hat unerwartet geendet."),
        Err(_) => anyhow::anyhow!("Der Teil „{task}“ des Dienstes ist abgestürzt. Bitte das Protokoll weitergeben."),
    }
}

/// Tells the service manager, where there is one. It does without if it cannot be told.
fn say(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(error = error.to_string(), "the service manager could not be told");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_goes_on_after_a_minute_that_failed_however_it_did() {
        let (mut trouble, mut done) = (Trouble::of_task("test"), 0);
        // As a task does it: one minute after the other, with what it keeps in its hands.
        for minute in 0..6 {
            let work = async {
                tokio::task::yield_now().await;
                match minute {
                    1 | 2 => panic!("Mia Muster"),
                    3 => Err(StoreError::Full),
                    _ => {
                        done += 1;
                        Ok(())
                    }
                }
            };
            trouble.in_minute(work).await;
            let said = trouble.known.as_ref().map(|(what, error)| (*what, error.clone()));
            let expected = match minute {
                1 | 2 => Some(("the program", Panicked.to_string())),
                3 => Some(("the database", StoreError::Full.to_string())),
                _ => None,
            };
            assert_eq!(said, expected, "minute {minute}");
        }
        assert_eq!(done, 3);
    }
}
