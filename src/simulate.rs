//! What a service that starts fresh would send: the morning itself, driven day by day over a copy of the facts.

use chrono::NaiveDate;

use crate::clock::end_of;
use crate::config::rulebooks::Rulebooks;
use crate::config::settings::Settings;
use crate::domain::digest::Digest;
use crate::mail::Parts;
use crate::morning::{Morning, MorningError};
use crate::store::{Db, Until};

/// The days to simulate.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
    /// First and last day of a standstill.
    pub down: Option<(NaiveDate, NaiveDate)>,
    /// The last day on which data comes in: what came later is not known, and what is known grows old. None: data counts
    /// as fresh on every day.
    pub data_until: Option<NaiveDate>,
}

/// Runs the mornings of the span over a throw-away copy of the facts and hands every mail to `seen`, day by day.
/// Nothing of the installation is touched.
pub async fn simulate(
    db: &Db,
    settings: &Settings,
    rulebooks: &Rulebooks,
    span: Span,
    seen: &mut (dyn FnMut(&Digest) + Send),
) -> Result<(), MorningError> {
    // The folder is ours alone (0700) and goes with this value.
    let ours = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    let folder = tempfile::Builder::new().prefix("wiedervorlage-simulate-").permissions(ours).tempdir()?;
    let begin = span.from.and_time(chrono::NaiveTime::MIN).and_utc();
    let until = span.data_until.map(|day| Until { day, end: end_of(day) });
    let scratch = db.copy_facts_to(&folder.path().join("simulate.db"), begin, until).await?;
    let result = days(&scratch, settings, rulebooks, span, seen).await;
    scratch.close().await;
    result
}

async fn days(
    scratch: &Db,
    settings: &Settings,
    rulebooks: &Rulebooks,
    span: Span,
    seen: &mut (dyn FnMut(&Digest) + Send),
) -> Result<(), MorningError> {
    let offices = scratch.snapshot().await?.offices().await?;
    for day in span.from.iter_days().take_while(|d| *d <= span.to) {
        if span.down.is_some_and(|(from, to)| from <= day && day <= to) {
            continue;
        }
        for office in &offices {
            let mut words = |digest: &Digest| {
                seen(digest);
                Ok(Parts::default())
            };
            let fresh = span.data_until.is_none_or(|until| day <= until);
            let mut morning = Morning { db: scratch, settings, rulebooks, fresh, words: &mut words };
            // Days without a run are part of the answer: nothing is sent on them.
            let _ = morning.run(office, day, day.and_time(chrono::NaiveTime::MIN).and_utc()).await?;
        }
    }
    Ok(())
}
