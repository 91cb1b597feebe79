//! Paths → files of a delivery, in the order in which they must be taken over.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::kinds::{Kind, REJECT_SUFFIX};
use super::report::FileReport;
use super::source::why;

/// A file that is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Input {
    pub(super) path: PathBuf,
    pub(super) kind: Kind,
    /// Its size now, for the progress shown.
    pub(super) bytes: u64,
}

/// The inputs in dependency order (those of a kind in the order given), and a report for what is none.
///
/// Of a folder only the CSV files in it count, and not our own lists of refused rows; a file that is named itself must
/// be one of ours.
pub(super) fn discover(paths: &[PathBuf]) -> (Vec<Input>, Vec<FileReport>) {
    let (mut inputs, mut refused) = (Vec::new(), Vec::new());
    let mut seen = HashSet::new();
    for path in paths {
        let files = match list(path) {
            Ok(files) => files,
            Err(text) => {
                refused.push(FileReport::fatal(path, text));
                continue;
            }
        };
        for file in files {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            match Kind::of_file_name(&name) {
                Ok(kind) => {
                    let same = fs::canonicalize(&file).unwrap_or_else(|_| file.clone());
                    if seen.insert(same) {
                        let bytes = fs::metadata(&file).map_or(0, |m| m.len());
                        inputs.push(Input { path: file, kind, bytes });
                    }
                }
                Err(text) => refused.push(FileReport::fatal(&file, text)),
            }
        }
    }
    inputs.sort_by_key(|input| input.kind);
    (inputs, refused)
}

fn list(path: &Path) -> Result<Vec<PathBuf>, String> {
    let failed = |e: std::io::Error| format!("Der Pfad lässt sich nicht lesen: {}", why(&e));
    if !fs::metadata(path).map_err(failed)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().to_lowercase();
        // Hidden files are drafts of other programs and of our own.
        let csv = Path::new(&name).extension().is_some_and(|e| e == "csv");
        if csv && !name.ends_with(REJECT_SUFFIX) && !name.starts_with(['.', '~']) {
            files.push(entry.path());
        }
    }
    files.sort();
    if files.is_empty() {
        return Err("Der Ordner enthält keine CSV-Datei einer Lieferung.".into());
    }
    Ok(files)
}
