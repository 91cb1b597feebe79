//! What so many clients mean in entries, by the rules that are built in.

use wiedervorlage::config::rulebook::default_rules;
use wiedervorlage::domain::digest::week::entries_a_week;
use wiedervorlage::domain::rules::Rule;

#[test]
fn forty_clients_mean_a_hundred_and_ten_entries() {
    let rules = default_rules().unwrap();
    for (clients, entries) in [(0, 0), (1, 3), (4, 11), (20, 55), (40, 110), (50, 138)] {
        assert_eq!(entries_a_week(&rules, clients), entries, "{clients}");
    }
    let none: Vec<Rule> = rules.into_iter().map(|rule| Rule { enabled: false, ..rule }).collect();
    assert_eq!(entries_a_week(&none, 40), 0);
}
