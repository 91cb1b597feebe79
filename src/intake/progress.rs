//! How far an import is, for people who watch.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Told how far an import is. Called from the reading thread.
pub trait Progress: Send + Sync {
    /// The whole call is about so many bytes.
    fn begin(&self, total: u64);
    /// A file's turn has come.
    fn file(&self, name: &str);
    /// So many bytes more have been read.
    fn advance(&self, bytes: u64);
    /// Everything is decided.
    fn end(&self);
}

/// A bar on standard error, on a terminal, once it has taken a second.
pub struct Bar {
    bar: ProgressBar,
    visible: AtomicBool,
}

impl Bar {
    /// What is quicker needs no bar.
    const PATIENCE: Duration = Duration::from_secs(1);

    /// A bar that is not seen yet.
    pub fn new() -> Self {
        let style = ProgressStyle::with_template("{msg:20} {bar:30} {percent:>3} % · noch {eta}");
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { bar, visible: AtomicBool::new(false) }
    }
}

impl Default for Bar {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Bar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bar")
    }
}

impl Progress for Bar {
    fn begin(&self, total: u64) {
        self.bar.set_length(total);
    }

    fn file(&self, name: &str) {
        self.bar.set_message(name.to_owned());
    }

    fn advance(&self, bytes: u64) {
        self.bar.inc(bytes);
        if self.bar.elapsed() > Self::PATIENCE && !self.visible.swap(true, Ordering::Relaxed) {
            // Draws nothing where standard error is no terminal.
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    fn end(&self) {
        self.bar.finish_and_clear();
    }
}
