//! The binary: parses the command line and calls the library.

use std::process::ExitCode;

/// Gives memory back after a morning, and does not keep room apart for every thread as the system's does.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

// Two, as a Jobcenter's virtual machine has cores: while a morning reckons for seconds without a pause, the other one
// hears signals, keeps the watchdog quiet and delivers. The main thread does none of that; it only waits.
#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    wiedervorlage::cli::run().await
}
