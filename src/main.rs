//! The binary: parses the command line and calls the library.

use std::process::ExitCode;

/// Gives memory back after a morning, and does not keep room apart for every thread as the system's does.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

// One worker: it delivers, and whatever has arrived finds it awake, where a second one would only be woken to find nothing
// to do. The main thread hears signals and keeps the watchdog quiet; a service's mornings have a thread of their own.
fn main() -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("Das Betriebssystem gibt dem Programm nicht, was es zum Arbeiten braucht: {error}");
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(wiedervorlage::cli::run());
    // What is still at work was told to stop, and awaited for as long as that is allowed.
    runtime.shutdown_background();
    code
}
