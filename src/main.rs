//! The binary: parses the command line and calls the library.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    wiedervorlage::cli::run().await
}
