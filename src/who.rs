//! Who runs this program: the only place that asks the operating system.

/// The user's name. Whoever works as another user through `sudo` is named beside it; that name is what `sudo` says, and
/// what a person could say of themselves.
pub fn name() -> String {
    let user = whoami::username().unwrap_or_else(|_| "unbekannt".to_owned());
    match std::env::var("SUDO_USER") {
        Ok(person) if !person.is_empty() && person != user => named(&user, &person),
        _ => user,
    }
}

fn named(user: &str, person: &str) -> String {
    // It comes from the environment: nothing that would break a line or fill one.
    let person: String = person.chars().filter(|c| !c.is_control()).take(64).collect();
    format!("{user} (sudo: {person})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_that_sudo_says_is_one_short_line() {
        assert_eq!(named("dienst", "mu\nster"), "dienst (sudo: muster)");
        assert!(named("dienst", &"x".repeat(1000)).len() < 100);
    }

    #[test]
    fn the_operating_system_knows_who_runs_this() {
        let name = name();
        assert!(!name.is_empty() && name != "unbekannt", "{name}");
    }
}
