//! What people read: every kind of mail with invented data, as snapshots of its text part, and what its HTML and its
//! MIME must be.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

#[path = "mails/sample.rs"]
mod sample;

use wiedervorlage::domain::digest::Digest;

fn print(digest: &Digest) -> String {
    let parts = sample::renderer().render(digest).unwrap();
    format!("Betreff: {}\n\n{}", parts.subject, parts.text)
}

macro_rules! snapshot {
    ($name:ident, $digest:expr) => {
        #[test]
        fn $name() {
            insta::assert_snapshot!(print(&$digest));
        }
    };
}

snapshot!(a_bad_day_of_a_team, sample::bad_day());
snapshot!(a_stale_day_with_a_deputy, sample::stale_day());
snapshot!(a_quiet_day_is_a_receipt, sample::quiet_day(3));
snapshot!(notices_to_a_case_worker_and_deputy, sample::notices());
snapshot!(the_stand_at_the_start, sample::start());
snapshot!(a_reminder_in_stead, sample::reminder_in_stead());
snapshot!(an_escalation, sample::escalation());
snapshot!(a_week, sample::week());
snapshot!(to_the_administrator, sample::admin());
