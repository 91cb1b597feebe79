//! The tables: whether a database has those that this program works with, and bringing them up to date.

use sqlx::migrate::Migrator;
use sqlx::{PgPool, SqlitePool};

use super::dialect::{all, one};
use super::{Db, StoreError};

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// A migration as the database notes it: number, checksum, whether it came to its end.
type Applied = (i64, Vec<u8>, bool);

pub(super) async fn update_file(writer: &SqlitePool) -> Result<(), StoreError> {
    Ok(SQLITE.run(writer).await?)
}

pub(super) async fn update_server(pool: &PgPool) -> Result<(), StoreError> {
    Ok(POSTGRES.run(pool).await?)
}

impl Db {
    /// Whether the tables are those of this program; only looks.
    ///
    /// # Errors
    /// [`StoreError::Empty`], [`StoreError::Older`], [`StoreError::Newer`] or [`StoreError::Schema`] where they are not.
    pub(super) async fn fits(&self) -> Result<(), StoreError> {
        let (noted, migrator) = match self {
            Self::Sqlite { .. } => {
                ("select count(*) from sqlite_master where type = 'table' and name = '_sqlx_migrations'", &SQLITE)
            }
            Self::Postgres(_) => ("select count(*) where to_regclass('_sqlx_migrations') is not null", &POSTGRES),
        };
        let mut tx = self.read().await?;
        let (tables,): (i64,) = one!(&mut tx, noted)?;
        let applied: Vec<Applied> = if tables == 0 {
            Vec::new()
        } else {
            all!(&mut tx, "select version, checksum, success from _sqlx_migrations order by version")?
        };
        compare(&applied, migrator)
    }
}

fn compare(applied: &[Applied], known: &Migrator) -> Result<(), StoreError> {
    let Some((newest, ..)) = applied.last() else { return Err(StoreError::Empty) };
    for (version, checksum, whole) in applied {
        match known.iter().find(|migration| migration.version == *version) {
            None => return Err(StoreError::Newer(*version)),
            Some(migration) if !whole || *migration.checksum != **checksum => return Err(StoreError::Schema(*version)),
            Some(_) => {}
        }
    }
    let lacking = |version| applied.iter().all(|(applied, ..)| *applied != version);
    if known.iter().any(|migration| lacking(migration.version)) { Err(StoreError::Older(*newest)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use sqlx::SqlSafeStr;
    use sqlx::migrate::{Migration, MigrationType};

    use super::*;

    #[test]
    fn a_database_has_the_tables_of_this_program_or_it_says_whose() {
        let migration =
            |version| Migration::new(version, "x".into(), MigrationType::Simple, "select 1".into_sql_str(), false);
        let known = Migrator::with_migrations(vec![migration(1), migration(2)]);
        let sum = known.iter().next().unwrap().checksum.to_vec();
        let of = |applied: &[(i64, bool)]| {
            let applied: Vec<_> = applied.iter().map(|(version, whole)| (*version, sum.clone(), *whole)).collect();
            compare(&applied, &known)
        };
        assert!(matches!(of(&[]), Err(StoreError::Empty)));
        assert!(matches!(of(&[(1, true)]), Err(StoreError::Older(1))));
        assert!(matches!(of(&[(1, true), (2, true)]), Ok(())));
        assert!(matches!(of(&[(1, true), (2, true), (3, true)]), Err(StoreError::Newer(3))));
        assert!(matches!(of(&[(1, true), (2, false)]), Err(StoreError::Schema(2))));
        assert!(matches!(compare(&[(1, vec![0], true)], &known), Err(StoreError::Schema(1))));
    }
}
