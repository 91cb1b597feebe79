//! A panic of ours becomes an error: the work in which it happened has failed, and whoever asked for it goes on.
//!
//! What a panic says may quote anybody's data (a text that was cut in the wrong place, a value that nobody expected), so
//! it ends here; the log gets the place in the program, and no more. This room does not know what the work is about.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

/// The program has panicked. Holds nobody's data; the place stands in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "Das Programm ist dabei auf einen eigenen Fehler gestoßen (Absturz). Bitte das Protokoll weitergeben; es nennt die Stelle."
)]
pub struct Panicked;

/// Does work that may panic; a panic in it is an error.
pub async fn caught<T>(work: impl Future<Output = T>) -> Result<T, Panicked> {
    // What is left half done goes with the work: a transaction is rolled back, a lease runs out, and what is shared
    // beside the database is single values behind locks that do not mind.
    AssertUnwindSafe(work).catch_unwind().await.map_err(|_| Panicked)
}

/// From now on a panic anywhere in this process leaves its place in the log, and nothing of what it says.
pub fn log_places_alone() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "the program has panicked");
    }));
}
