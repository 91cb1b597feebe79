//! Putting away what was taken: the file into `done` or `rejected`, its report beside it. Can be repeated at any point,
//! as after a loss of power, and then ends the same.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::share::{self, DONE, REJECTED};
use super::still::Signature;
use crate::mail::words::clean;
use crate::store::{Arrival, Taken};

/// What lies beside a file for people, by the end of its name.
pub(super) const REPORT: &str = ".bericht.txt";
/// Bytes of a name that leave room for the end of the report's.
const LONGEST: usize = 200;
/// What is being written has this end, and is hidden.
const PART: &str = ".teil";

/// What became of a file: its name where it lies now, or why it could not be put away (German).
pub(super) type Filed = Vec<(i64, Result<String, String>)>;

/// Puts files away. `copies`: what we have copied of them in this process, by name and fingerprint.
pub(super) fn put_away(dir: &Path, taken: &[Taken], copies: &HashMap<(String, String), PathBuf>) -> Filed {
    if let Err(sentence) = share::ready(dir, true) {
        return taken.iter().map(|taken| (taken.id, Err(sentence.clone()))).collect();
    }
    let filed = taken.iter().map(|taken| {
        let Arrival { name, sha256, .. } = &taken.arrival;
        let copy = copies.get(&(name.clone(), sha256.clone()));
        let filed = one(dir, &taken.arrival, copy.map(PathBuf::as_path));
        (taken.id, filed.map_err(|error| share::why(&error).to_owned()))
    });
    let filed = filed.collect();
    // Before the database calls them filed: a loss of power must not bring them back into the folder. Not every share
    // can be asked for it.
    for folder in [dir.join(DONE), dir.join(REJECTED), dir.to_owned()] {
        drop(File::open(folder).and_then(|folder| folder.sync_all()));
    }
    filed
}

fn one(dir: &Path, arrival: &Arrival, copy: Option<&Path>) -> io::Result<String> {
    let folder = dir.join(if arrival.accepted { DONE } else { REJECTED });
    let mut target = arrival.target.clone();
    let there = |target: &str| match share::fingerprint(&folder.join(target)) {
        Ok(sha256) => Ok(Some(sha256 == arrival.sha256)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    };
    let mut lies = there(&target)?;
    if let Some((original, before)) = share::find(dir, &arrival.name, &arrival.sha256)? {
        let original = dir.join(original);
        if lies == Some(true) {
            // A move over two file systems was cut off before its end.
            fs::remove_file(&original)?;
        } else {
            if lies == Some(false) {
                let taken = share::names(&folder)?;
                target = free(&arrival.target, |name| taken.contains(&name.to_lowercase()));
            }
            lies = move_to(&original, &folder.join(&target), before)?.then_some(true);
        }
    }
    // Not in the folder any more: moved already, or somebody has put another one in its place or taken it away.
    if lies.is_none()
        && let Some(copy) = copy
    {
        copy_to(copy, &folder.join(&target))?;
    }
    let report = folder.join(format!("{target}{REPORT}"));
    write(&report, &mut arrival.report.as_bytes())?;
    Ok(target)
}

/// Moves a file that looked like this when its content was read. False: somebody has written into it in the last moment,
/// and gets it back as a new one.
fn move_to(from: &Path, to: &Path, before: Signature) -> io::Result<bool> {
    let moved = renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE).map_err(io::Error::from);
    match moved {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::CrossesDevices => {
            copy_to(from, to)?;
            return fs::remove_file(from).map(|()| true);
        }
        // A file system that cannot promise it; that nothing is there was seen a moment ago.
        Err(error) if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => fs::rename(from, to)?,
        Err(error) => return Err(error),
    }
    // Being moved may change the third.
    let Signature { size, modified, .. } = share::signature(&fs::symlink_metadata(to)?);
    if (size, modified) == (before.size, before.modified) {
        return Ok(true);
    }
    renameat_with(CWD, to, CWD, from, RenameFlags::NOREPLACE)?;
    Ok(false)
}

fn copy_to(from: &Path, to: &Path) -> io::Result<()> {
    write(to, &mut share::open(from)?)
}

/// Writes a file that is there whole or not at all, for whoever may see into its folder.
fn write(to: &Path, content: &mut impl io::Read) -> io::Result<()> {
    let folder = to.parent().unwrap_or(Path::new("."));
    let mut name = OsString::from(".");
    name.push(to.file_name().unwrap_or_default());
    name.push(PART);
    let part = folder.join(name);
    drop(fs::remove_file(&part));
    let written = write_part(&part, folder, content).and_then(|()| fs::rename(&part, to));
    written.inspect_err(|_| drop(fs::remove_file(&part)))
}

fn write_part(part: &Path, folder: &Path, content: &mut impl io::Read) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(part)?;
    io::copy(content, &mut file)?;
    // The service keeps what it writes to itself; this is for those for whom the folder is.
    let mode = fs::metadata(folder)?.mode() & 0o666;
    drop(file.set_permissions(Permissions::from_mode(mode)));
    file.sync_all()
}

/// The name under which a file is put away: its own, made fit for every system, with a number where that is taken.
pub(super) fn free(name: &str, taken: impl Fn(&str) -> bool) -> String {
    let fit = |c: char| if r#"\/:*?"<>|"#.contains(c) { '_' } else { c };
    let name: String = clean(name).chars().map(fit).collect();
    let name = name.trim_end_matches([' ', '.']);
    let (stem, end) = match name.rfind('.') {
        Some(at) if at > 0 && name.len() - at <= 20 => name.split_at(at),
        _ => (name, ""),
    };
    let room = LONGEST - end.len();
    let stem = &stem[..stem.floor_char_boundary(room)];
    let is_free = |name: &String| !taken(name) && !taken(&format!("{name}{REPORT}"));
    let first = format!("{stem}{end}");
    if !first.is_empty() && is_free(&first) {
        return first;
    }
    // No folder holds so many of one name; if one did, the move would find it taken and be tried again.
    (2..100_000).map(|n| format!("{stem} ({n}){end}")).find(is_free).unwrap_or(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_name_keeps_what_it_can_of_the_old_one() {
        let taken = ["teams.csv", "teams (2).csv", "liste.xlsx.bericht.txt"];
        let long = format!("{}.csv", "ä".repeat(125));
        for (name, expected) in [
            ("betreuungen.csv", "betreuungen.csv".to_owned()),
            ("Teams.csv", "Teams (3).csv".to_owned()),
            ("liste.xlsx", "liste (2).xlsx".to_owned()),
            ("zwei\nZeilen: „neu“.csv", "zwei Zeilen_ „neu“.csv".to_owned()),
            ("ohne Endung. ", "ohne Endung".to_owned()),
            (&long, format!("{}.csv", "ä".repeat(98))),
        ] {
            let free = free(name, |name| taken.contains(&name.to_lowercase().as_str()));
            assert_eq!(free, expected, "{name}");
            assert!(free.len() + REPORT.len() + PART.len() < 255);
        }
    }

    fn house() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        share::ready(dir.path(), false).unwrap();
        dir
    }

    fn taken(dir: &Path, name: &str, content: &str, accepted: bool) -> Taken {
        let file = dir.join("inhalt");
        fs::write(&file, content).unwrap();
        let sha256 = share::fingerprint(&file).unwrap();
        fs::remove_file(file).unwrap();
        let arrival = Arrival { name: name.into(), sha256, accepted, target: name.into(), report: "Bericht".into() };
        Taken { id: 7, at: chrono::DateTime::UNIX_EPOCH, arrival }
    }

    /// All files below a folder with their content.
    fn files(dir: &Path) -> Vec<(String, String)> {
        let mut all = Vec::new();
        for folder in ["", "done/", "rejected/"] {
            for entry in fs::read_dir(dir.join(folder)).unwrap() {
                let path = entry.unwrap().path();
                if path.is_file() {
                    let name = format!("{folder}{}", path.file_name().unwrap().display());
                    all.push((name, fs::read_to_string(path).unwrap()));
                }
            }
        }
        all.sort();
        all
    }

    fn is(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(name, content)| ((*name).to_owned(), (*content).to_owned())).collect()
    }

    #[test]
    fn a_file_is_put_away_once_however_often_it_is_tried() {
        let dir = house();
        let taken = [taken(dir.path(), "a.csv", "eins", true)];
        fs::write(dir.path().join("a.csv"), "eins").unwrap();
        for _ in 0..3 {
            assert_eq!(put_away(dir.path(), &taken, &HashMap::new()), [(7, Ok("a.csv".to_owned()))]);
            assert_eq!(files(dir.path()), is(&[("done/a.csv", "eins"), ("done/a.csv.bericht.txt", "Bericht")]));
        }
        // The end of a move over two file systems was cut off.
        fs::write(dir.path().join("a.csv"), "eins").unwrap();
        put_away(dir.path(), &taken, &HashMap::new());
        assert_eq!(files(dir.path()), is(&[("done/a.csv", "eins"), ("done/a.csv.bericht.txt", "Bericht")]));
    }

    #[test]
    fn what_somebody_has_replaced_stays_and_what_was_read_is_put_away() {
        let dir = house();
        let taken = [taken(dir.path(), "a.csv", "eins", false)];
        fs::write(dir.path().join("a.csv"), "zwei").unwrap();
        let copies = tempfile::tempdir().unwrap();
        let copy = copies.path().join("a.csv");
        fs::write(&copy, "eins").unwrap();
        let key = ("a.csv".to_owned(), taken[0].arrival.sha256.clone());
        put_away(dir.path(), &taken, &HashMap::from([(key, copy)]));
        let all = [("a.csv", "zwei"), ("rejected/a.csv", "eins"), ("rejected/a.csv.bericht.txt", "Bericht")];
        assert_eq!(files(dir.path()), is(&all));
    }

    #[test]
    fn nothing_is_written_over_what_somebody_has_put_in_the_way() {
        let dir = house();
        let taken = [taken(dir.path(), "a.csv", "eins", true)];
        fs::write(dir.path().join("a.csv"), "eins").unwrap();
        fs::write(dir.path().join("done/a.csv"), "fremd").unwrap();
        assert_eq!(put_away(dir.path(), &taken, &HashMap::new()), [(7, Ok("a (2).csv".to_owned()))]);
        let all = [("done/a (2).csv", "eins"), ("done/a (2).csv.bericht.txt", "Bericht"), ("done/a.csv", "fremd")];
        assert_eq!(files(dir.path()), is(&all));
        fs::remove_dir_all(dir.path().join("rejected")).unwrap();
        let filed = put_away(dir.path(), &taken, &HashMap::new());
        assert!(filed[0].1.as_ref().unwrap_err().contains("nicht eingehängt"));
    }
}
