//! What can go wrong in the store, in words that say what to do. No word of them comes from anybody's data: values of
//! rows never get in here, only names of tables and columns, codes, and the path or server from the settings.

use sqlx::migrate::MigrateError;
use sqlx::postgres::PgDatabaseError;
use sqlx::sqlite::SqliteError;

/// Why the database could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// `database.url` is neither of the two forms.
    #[error("database.url: erwartet wird „sqlite:PFAD“ oder „postgres://NUTZER@RECHNER/DATENBANK“.")]
    Url,
    /// A folder of the path can neither be found nor made.
    #[error("Das Verzeichnis {0} fehlt und lässt sich nicht anlegen. Bitte anlegen oder database.url ändern.")]
    Directory(String),
    /// The file cannot be opened or made.
    #[error("Die Datenbankdatei {0} lässt sich nicht öffnen. Bitte Pfad und Zugriffsrechte prüfen.")]
    File(String),
    /// The file to be made is there already.
    #[error("Die Datei {0} gibt es schon. Bitte einen anderen Ort angeben oder sie entfernen.")]
    Exists(String),
    /// There is no file, where one is only looked at.
    #[error(
        "Die Datenbankdatei {0} gibt es noch nicht. „wiedervorlage import ORDNER“ legt sie an; sollte sie da sein, bitte \
         database.url prüfen."
    )]
    Missing(String),
    /// There are no tables, where they are only looked at.
    #[error("Die Datenbank ist noch leer. „wiedervorlage import ORDNER“ legt ihre Tabellen an.")]
    Empty,
    /// The tables are those of an earlier program, where they are only looked at.
    #[error(
        "Die Datenbank hat noch den Stand einer älteren Version dieses Programms (Schema {0}). Bitte den Dienst neu starten: \
         Er bringt sie auf den neuen Stand."
    )]
    Older(i64),
    /// The copy failed without which the tables are not changed; why.
    #[error(
        "Vor der Umstellung der Tabellen wird die Datenbank gesichert, und das ist nicht gelungen; sie ist unverändert. {0}"
    )]
    NotCopied(String),
    /// Something else has it.
    #[error(
        "Die Datenbank ist durch einen anderen Vorgang gesperrt. Bitte dessen Ende abwarten und den Befehl wiederholen."
    )]
    Locked,
    /// A service works with the file already.
    #[error(
        "Mit dieser Datenbank arbeitet schon ein anderer Dienst. Bitte ihn zuerst beenden; zwei Dienste an einer Datei \
         gibt es nicht."
    )]
    Served,
    /// Writing is not allowed.
    #[error("Die Datenbank ist schreibgeschützt. Bitte die Zugriffsrechte auf Datei und Verzeichnis prüfen.")]
    ReadOnly,
    /// The disk is full.
    #[error("Der Datenträger der Datenbank ist voll. Bitte Platz schaffen und den Befehl wiederholen.")]
    Full,
    /// The file is something else, or damaged.
    #[error("Die Datei ist keine Datenbank oder beschädigt. Bitte database.url prüfen oder eine Sicherung einspielen.")]
    NotADatabase,
    /// A later program has changed the tables.
    #[error(
        "Die Datenbank stammt von einer neueren Version dieses Programms (Schema {0}). Bitte das Programm aktualisieren; \
         an der Datenbank wurde nichts geändert."
    )]
    Newer(i64),
    /// The tables are not those that this program made.
    #[error(
        "Das Schema der Datenbank (Stand {0}) passt nicht zu diesem Programm. Bitte die zur Datenbank gehörende Version \
         verwenden oder eine Sicherung einspielen."
    )]
    Schema(i64),
    /// The server does not answer.
    #[error("Der Datenbankserver antwortet nicht. Bitte prüfen, ob er läuft und ob database.url stimmt.")]
    Unreachable,
    /// The server does not let us in.
    #[error("Der Datenbankserver lehnt die Anmeldung ab. Bitte Nutzer, Kennwort und Datenbanknamen prüfen.")]
    Refused,
    /// A row holds what no program of ours writes.
    #[error(
        "Die Datenbank enthält in {0} einen Wert, den dieses Programm nicht kennt. Bitte die Daten erneut einspielen."
    )]
    Content(&'static str),
    /// The system gives no random bytes.
    #[error("Das System liefert keine Zufallszahlen. Bitte das Betriebssystem prüfen.")]
    Random,
    /// Anything else; the code or the name of what was hit.
    #[error("Die Datenbank meldet einen Fehler ({0}). Bitte den Befehl wiederholen und sonst den Administrator rufen.")]
    Other(String),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(database) => {
                if let Some(sqlite) = database.try_downcast_ref::<SqliteError>() {
                    of_sqlite(sqlite)
                } else if let Some(postgres) = database.try_downcast_ref::<PgDatabaseError>() {
                    of_postgres(postgres)
                } else {
                    Self::Other("unbekannte Datenbank".into())
                }
            }
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) => Self::Unreachable,
            sqlx::Error::PoolTimedOut => Self::Locked,
            sqlx::Error::PoolClosed => Self::Other("Verbindungen geschlossen".into()),
            sqlx::Error::ColumnDecode { index, .. } => Self::Other(format!("Spalte {index}")),
            sqlx::Error::Configuration(_) => Self::Url,
            sqlx::Error::RowNotFound => Self::Other("Zeile fehlt".into()),
            _ => Self::Other("unerwartet".into()),
        }
    }
}

impl From<MigrateError> for StoreError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
            MigrateError::VersionMissing(version) | MigrateError::VersionTooNew(version, _) => Self::Newer(version),
            MigrateError::VersionMismatch(version) | MigrateError::Dirty(version) => Self::Schema(version),
            _ => Self::Other("Schema".into()),
        }
    }
}

/// By the primary result code, <https://www.sqlite.org/rescode.html>.
fn of_sqlite(error: &SqliteError) -> StoreError {
    use sqlx::error::DatabaseError;
    let code = error.code().and_then(|code| code.parse::<i32>().ok()).unwrap_or(0);
    match code & 0xff {
        5 | 6 => StoreError::Locked,
        8 => StoreError::ReadOnly,
        13 => StoreError::Full,
        14 => StoreError::File(String::new()),
        11 | 26 => StoreError::NotADatabase,
        _ => StoreError::Other(format!("SQLite {code}")),
    }
}

/// By SQLSTATE, PostgreSQL's appendix A.
fn of_postgres(error: &PgDatabaseError) -> StoreError {
    match error.code() {
        "28000" | "28P01" | "3D000" | "42501" => StoreError::Refused,
        "25006" => StoreError::ReadOnly,
        "40001" | "40P01" | "55P03" => StoreError::Locked,
        "53100" => StoreError::Full,
        "57P01" | "57P02" | "57P03" | "53300" => StoreError::Unreachable,
        code => StoreError::Other(match error.constraint() {
            Some(constraint) => format!("PostgreSQL {code}, {constraint}"),
            None => format!("PostgreSQL {code}"),
        }),
    }
}
