//! Mails as files: one `.eml` each in a folder, for trials and for whoever brings them away by other means.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use chrono::TimeDelta;

use super::{Outgoing, SendError};

/// Longer than any local disk takes. Should one take longer, a second writer writes the same bytes to the same name.
pub(super) const EXCHANGE: TimeDelta = TimeDelta::seconds(10);

/// Writes the mail; when this returns `Ok`, no power cut takes it away.
pub(super) async fn send(dir: PathBuf, mail: Outgoing) -> Result<(), SendError> {
    tokio::task::spawn_blocking(move || write(&dir, &mail))
        .await
        .unwrap_or_else(|_| Err(SendError::Unknown("Das Schreiben der Datei wurde abgebrochen.".to_owned())))
}

fn write(dir: &Path, mail: &Outgoing) -> Result<(), SendError> {
    let transient = |what: &str, e: &io::Error| {
        SendError::Transient(format!("Der Mailordner (mail.file.dir) {what}: {}.", cause(e)))
    };
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|e| transient("lässt sich nicht anlegen", &e))?;
    let name = mail.file_name();
    // A name of its own per mail, not per attempt: what a killed attempt left behind is written over, not left lying.
    let draft = dir.join(format!(".{name}.tmp"));
    let durable = || {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(&mail.message)?;
        file.sync_all()?;
        std::fs::rename(&draft, dir.join(&name))
    };
    durable().map_err(|e| transient("nimmt die Datei nicht an", &e))?;
    // The file stands there, but a power cut could still take its name away.
    File::open(dir)
        .and_then(|folder| folder.sync_all())
        .map_err(|e| SendError::Unknown(format!("Der Mailordner lässt sich nicht sichern: {}.", cause(&e))))
}

/// The kind of an error in German; the system's own words could hold a path.
fn cause(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "keine Schreibrechte",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "kein Platz mehr",
        io::ErrorKind::NotFound => "er fehlt",
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => "am selben Ort liegt eine Datei",
        io::ErrorKind::ReadOnlyFilesystem => "nur lesbar",
        _ => "Ein-/Ausgabefehler",
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::domain::digest::Kind;
    use crate::domain::retry::Failure;

    fn mail(id: &str) -> Outgoing {
        Outgoing {
            from: "w@b.de".to_owned(),
            to: "a@b.de".to_owned(),
            message: b"To: a@b.de\r\n\r\nInhalt\r\n".to_vec(),
            message_id: id.to_owned(),
            kind: Kind::Mitteilung.into(),
            day: "2026-11-23".parse().unwrap(),
        }
    }

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[tokio::test]
    async fn a_second_delivery_overwrites_its_own_file() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join("neu/mails");
        for id in ["<ab01@b.de>", "<ab02@b.de>", "<ab01@b.de>"] {
            send(dir.clone(), mail(id)).await.unwrap();
        }
        assert_eq!(names(&dir), ["2026-11-23_mitteilung_ab01.eml", "2026-11-23_mitteilung_ab02.eml"]);
        assert_eq!(std::fs::read(dir.join("2026-11-23_mitteilung_ab01.eml")).unwrap(), mail("").message);
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&dir), mode(&dir.join("2026-11-23_mitteilung_ab02.eml"))), (0o700, 0o600));
    }

    #[tokio::test]
    async fn what_a_killed_attempt_left_behind_is_written_over() {
        let temp = tempfile::tempdir().unwrap();
        std::fs::write(temp.path().join(".2026-11-23_mitteilung_ab01.eml.tmp"), [b'x'; 4096]).unwrap();
        send(temp.path().to_owned(), mail("<ab01@b.de>")).await.unwrap();
        assert_eq!(names(temp.path()), ["2026-11-23_mitteilung_ab01.eml"]);
        assert_eq!(std::fs::read(temp.path().join("2026-11-23_mitteilung_ab01.eml")).unwrap(), mail("").message);
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_is_worth_another_try() {
        let temp = tempfile::tempdir().unwrap();
        std::fs::write(temp.path().join("datei"), "").unwrap();
        let error = send(temp.path().join("datei/mails"), mail("<a@b>")).await.unwrap_err();
        assert_eq!(error.failure(), Some(Failure::Transient));
        assert!(!error.to_string().contains(temp.path().to_str().unwrap()), "{error}");
    }

    #[test]
    fn no_message_id_leads_out_of_the_folder() {
        assert_eq!(mail("<../../x/y@b>").file_name(), "2026-11-23_mitteilung_xy.eml");
        assert_eq!(mail("").file_name(), "2026-11-23_mitteilung_.eml");
    }
}
