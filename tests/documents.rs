//! What documents say is what the program does.
#![expect(clippy::unwrap_used, reason = "a document that cannot be read fails the test")]

use std::path::Path;
use std::process::Command;

fn house() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(house().join(path)).unwrap()
}

#[test]
fn the_examples_of_the_rules_page_hold_for_oracle_and_program() {
    let run = Command::new("python3")
        .arg(house().join("tests/regeln.py"))
        .arg(env!("CARGO_BIN_EXE_wiedervorlage"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{said}{}", String::from_utf8_lossy(&run.stderr));
}

#[test]
fn the_rule_that_the_documents_show_is_the_file_that_is_tested() {
    let file = read("config/beispiel-nachbetreuung.toml");
    for page in ["README.md", "docs/regeln.md"] {
        assert!(read(page).contains(&format!("```toml\n{file}```")), "{page} shows another rule");
    }
}

#[test]
fn every_rule_has_its_heading_on_the_rules_page() {
    let page = read("docs/regeln.md");
    for rule in wiedervorlage::config::rulebook::default_rules().unwrap() {
        assert!(page.contains(&format!("\n### {}\n", rule.id)), "{} is not explained", rule.id);
    }
}

#[test]
fn the_handbook_says_of_every_rule_what_its_mails_say_ends_it() {
    let page = read("docs/handbuch.md");
    for rule in wiedervorlage::config::rulebook::default_rules().unwrap() {
        let row = format!("\n| {} | {} |\n", rule.wording.title, rule.wording.ends);
        assert!(page.contains(&row), "the handbook has no row{row}");
    }
}

#[test]
fn every_setting_of_the_production_example_is_accepted() {
    let example = house().join("config/produktion.beispiel.toml");
    let settings = wiedervorlage::config::settings::Settings::load(Some(&example)).unwrap();
    assert!(!settings.mail.allowed_domains.is_empty());
}
