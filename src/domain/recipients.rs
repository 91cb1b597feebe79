//! Roles → people: deputies, fallbacks, regions (RULES.md §5 *Who*).

use std::collections::{BTreeMap, HashMap, HashSet};

use super::facts::{Case, Colleague, Rolle};

/// What a run needs to know of a colleague.
#[derive(Debug, Clone)]
struct Person {
    name: Box<str>,
    email: Option<Box<str>>,
    deputy: Option<Box<str>>,
    absent: bool,
}

/// Where a colleague's mail goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached<'a> {
    /// The address.
    pub address: &'a str,
    /// Whether it is a deputy's („in Vertretung für").
    pub in_stead: bool,
}

/// Everybody who can be written to on a day.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    people: HashMap<Box<str>, Person>,
    /// (team, region) → the BAK of the smallest kuerzel.
    regions: BTreeMap<(Box<str>, Box<str>), Box<str>>,
}

impl Directory {
    /// The colleagues, and who of them is absent on the day.
    pub fn new(colleagues: impl IntoIterator<Item = Colleague>, absent: &HashSet<String>) -> Self {
        let mut all = Self::default();
        for c in colleagues {
            let kuerzel: Box<str> = c.kuerzel.into();
            if c.rolle == Rolle::Bak && !c.region.is_empty() {
                let first = all.regions.entry((c.team.into(), c.region.into())).or_insert_with(|| kuerzel.clone());
                if kuerzel < *first {
                    first.clone_from(&kuerzel);
                }
            }
            let person = Person {
                name: c.name.into(),
                email: c.email.map(Into::into),
                deputy: c.vertretung.map(Into::into),
                absent: absent.contains(&*kuerzel),
            };
            all.people.insert(kuerzel, person);
        }
        all
    }

    /// The colleague's name, if they are known.
    pub fn name(&self, kuerzel: &str) -> Option<&str> {
        self.people.get(kuerzel).map(|p| &*p.name)
    }

    /// Whether the colleague is known and has an address.
    pub fn has_address(&self, kuerzel: &str) -> bool {
        self.people.get(kuerzel).is_some_and(|p| p.email.is_some())
    }

    /// The first along the chain of deputies who is there and has an address; each colleague once.
    pub fn reach(&self, kuerzel: &str) -> Option<Reached<'_>> {
        let mut seen: Vec<&str> = Vec::new();
        let mut next = Some(kuerzel);
        while let Some(k) = next {
            if seen.contains(&k) {
                return None;
            }
            seen.push(k);
            let person = self.people.get(k)?;
            match &person.email {
                Some(address) if !person.absent => return Some(Reached { address, in_stead: seen.len() > 1 }),
                _ => next = person.deputy.as_deref(),
            }
        }
        None
    }

    /// The BAK whose case it is: the one named, else the team's BAK whose region matches (the smallest kuerzel).
    pub fn bak_of<'a>(&'a self, case: &'a Case) -> Option<&'a str> {
        if let Some(bak) = &case.bak {
            return Some(bak);
        }
        if case.region.is_empty() {
            return None;
        }
        self.regions.get(&(case.team.as_str().into(), case.region.as_str().into())).map(|k| &**k)
    }
}
