//! The binary: parses the command line and calls the library.

use std::process::ExitCode;

/// Gives memory back after a morning, and does not keep room apart for every thread as the system's does.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

// The main thread works as well: two cores are what a Jobcenter's virtual machine has.
#[tokio::main(worker_threads = 1)]
async fn main() -> ExitCode {
    wiedervorlage::cli::run().await
}
