//! What becomes of a panic. In a process of its own, because it changes what every panic leaves behind.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::io::Write;
use std::sync::{Arc, Mutex};

use wiedervorlage::caught::{Panicked, caught, log_places_alone};

/// The log of this test.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Panics with somebody's name, in one of the ways in which work is shared out.
async fn falls(how: &str) {
    let fall = || -> () { panic!("Mia Muster, 0000017") };
    match how {
        "before it waits" => fall(),
        "after it waited" => {
            tokio::task::yield_now().await;
            fall();
        }
        "in a thread" => std::thread::scope(|scope| {
            scope.spawn(fall).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        }),
        "in a task" => match tokio::spawn(async move { fall() }).await {
            Ok(()) => {}
            Err(ended) => std::panic::resume_unwind(ended.into_panic()),
        },
        other => unreachable!("{other}"),
    }
}

#[tokio::test]
async fn a_panic_is_an_error_whose_place_is_logged_without_its_words() {
    let log = Log::default();
    let to = log.clone();
    tracing_subscriber::fmt().with_writer(move || to.clone()).with_ansi(false).init();
    log_places_alone();
    assert_eq!(caught(async { 7 }).await, Ok(7));
    assert!(log.0.lock().unwrap().is_empty());
    for how in ["before it waits", "after it waited", "in a thread", "in a task"] {
        let error = caught(falls(how)).await.unwrap_err();
        assert_eq!(error, Panicked, "{how}");
        assert!(!error.to_string().contains("Muster"), "{how}");
        let said = String::from_utf8(std::mem::take(&mut *log.0.lock().unwrap())).unwrap();
        assert_eq!(said.lines().count(), 1, "{how}: said once: {said}");
        assert!(said.contains("ERROR") && said.contains("tests/caught.rs:"), "{how}: {said}");
        assert!(!said.contains("Muster") && !said.contains("0000017"), "{how}: {said}");
    }
    // And the next work is none the worse for it.
    assert_eq!(caught(async { 8 }).await, Ok(8));
}
