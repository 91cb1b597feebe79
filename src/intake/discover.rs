//! Paths → files of a delivery, in the order in which they must be taken over.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::kinds::{Kind, REJECT_SUFFIX};
use super::mapping::Mapping;
use super::report::FileReport;
use super::source::why;
use super::wochenliste;

/// How the names of workbooks end.
const WORKBOOKS: [&str; 4] = ["xlsx", "xlsm", "xls", "ods"];

/// A file that is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Input {
    pub(super) path: PathBuf,
    pub(super) kind: Kind,
    /// Its size now, for the progress shown.
    pub(super) bytes: u64,
    /// Whether it is an office's own list, to be read by the mapping.
    pub(super) list: bool,
    /// Whether it is a Wochenliste, which needs no mapping.
    pub(super) week: bool,
}

/// The inputs in dependency order (those of a kind in the order given), and a report for what is none.
///
/// Of a folder only the CSV files in it count, and not our own lists of refused rows; a file that is named itself must
/// be one of ours. With a mapping, files that are none of ours are lists, and workbooks count in a folder as well.
pub(super) fn discover(paths: &[PathBuf], mapping: Option<&Mapping>) -> (Vec<Input>, Vec<FileReport>) {
    let (mut inputs, mut refused) = (Vec::new(), Vec::new());
    let mut seen = HashSet::new();
    for path in paths {
        let files = match list(path, mapping.is_some()) {
            Ok(files) => files,
            Err(text) => {
                refused.push(FileReport::fatal(path, text));
                continue;
            }
        };
        for file in files {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            if is_workbook(&name) && wochenliste::is_one(&file) {
                let same = fs::canonicalize(&file).unwrap_or_else(|_| file.clone());
                if seen.insert(same) {
                    let bytes = fs::metadata(&file).map_or(0, |m| m.len());
                    // Behind the cases that it speaks of.
                    inputs.push(Input { path: file, kind: Kind::Aktivitaeten, bytes, list: false, week: true });
                }
                continue;
            }
            let of_delivery = mapping.and_then(|m| m.beside(&name)).map_or_else(|| Kind::of_file_name(&name), Ok);
            let found = match (of_delivery, mapping) {
                (Ok(kind), _) => Ok((kind, false)),
                (Err(_), Some(mapping)) if !name.to_lowercase().ends_with(REJECT_SUFFIX) => Ok((mapping.kind, true)),
                (Err(text), _) => Err(text),
            };
            match found {
                Ok((kind, list)) => {
                    let same = fs::canonicalize(&file).unwrap_or_else(|_| file.clone());
                    if seen.insert(same) {
                        let bytes = fs::metadata(&file).map_or(0, |m| m.len());
                        inputs.push(Input { path: file, kind, bytes, list, week: false });
                    }
                }
                Err(text) => refused.push(FileReport::fatal(&file, text)),
            }
        }
    }
    inputs.sort_by_key(|input| input.kind);
    (inputs, refused)
}

/// Whether a file's name, in any case, is that of a workbook.
fn is_workbook(name: &str) -> bool {
    let name = name.to_lowercase();
    let extension = Path::new(&name).extension().and_then(|e| e.to_str()).unwrap_or_default();
    WORKBOOKS.contains(&extension)
}

fn list(path: &Path, workbooks: bool) -> Result<Vec<PathBuf>, String> {
    let failed = |e: std::io::Error| format!("Der Pfad lässt sich nicht lesen: {}", why(&e));
    if !fs::metadata(path).map_err(failed)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().to_lowercase();
        // Hidden files are drafts of other programs and of our own.
        if name.ends_with(REJECT_SUFFIX) || name.starts_with(['.', '~']) {
            continue;
        }
        let counts = || workbooks || wochenliste::is_one(&entry.path());
        if Path::new(&name).extension().is_some_and(|e| e == "csv") || (is_workbook(&name) && counts()) {
            files.push(entry.path());
        }
    }
    files.sort();
    if files.is_empty() {
        let what = if workbooks { "weder eine Liste noch eine CSV-Datei" } else { "keine CSV-Datei einer Lieferung" };
        return Err(format!("Der Ordner enthält {what}."));
    }
    Ok(files)
}
