//! Roles → people: deputies, fallbacks, regions (RULES.md §5 *Who*).

use super::facts::{Case, Colleague, Rolle};

/// What a run needs to know of a colleague. The texts stand one behind the other in the directory's: a large house has
/// tens of thousands of colleagues, and four strings each would be most of what a run holds.
#[derive(Debug, Clone, Copy)]
struct Person {
    start: u32,
    /// Where kuerzel, name, address and deputy end.
    ends: [u32; 4],
    absent: bool,
}

/// A BAK's region.
#[derive(Debug, Clone, Copy)]
struct Region {
    start: u32,
    /// Where team, region and kuerzel end.
    ends: [u32; 3],
}

/// Where a colleague's mail goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached<'a> {
    /// The address.
    pub address: &'a str,
    /// Whether it is a deputy's („in Vertretung für").
    pub in_stead: bool,
}

/// The colleagues, one by one, on their way into a [`Directory`].
#[derive(Debug, Clone, Default)]
pub struct Roster {
    texts: Texts,
    people: Vec<Person>,
    regions: Vec<Region>,
}

impl Roster {
    /// Adds a colleague, and whether they are absent on the day. Of one kuerzel, the last one counts.
    pub fn add(&mut self, c: &Colleague, absent: bool) {
        if c.rolle == Rolle::Bak && !c.region.is_empty() {
            let (start, ends) = self.texts.add([&c.team, &c.region, &c.kuerzel]);
            self.regions.push(Region { start, ends });
        }
        let or_none = |text: &Option<String>| text.clone().unwrap_or_default();
        let (start, ends) = self.texts.add([&c.kuerzel, &c.name, &or_none(&c.email), &or_none(&c.vertretung)]);
        self.people.push(Person { start, ends, absent });
    }

    /// That is everybody.
    pub fn complete(self) -> Directory {
        let Self { mut texts, mut people, mut regions } = self;
        people.sort_by(|a, b| texts.kuerzel(a).cmp(texts.kuerzel(b)));
        regions.sort_by(|a, b| texts.region(a).cmp(&texts.region(b)));
        texts.0.shrink_to_fit();
        people.shrink_to_fit();
        regions.shrink_to_fit();
        Directory { texts, people, regions }
    }
}

/// Texts one behind the other.
#[derive(Debug, Clone, Default)]
struct Texts(String);

impl Texts {
    /// Where they start, and where each ends.
    fn add<const N: usize>(&mut self, texts: [&str; N]) -> (u32, [u32; N]) {
        // Four gigabytes of names do not fit into a Jobcenter; what lies beyond reads as empty.
        let at = |texts: &String| u32::try_from(texts.len()).unwrap_or(u32::MAX);
        let start = at(&self.0);
        let ends = texts.map(|text| {
            self.0.push_str(text);
            at(&self.0)
        });
        (start, ends)
    }

    fn slice(&self, from: u32, to: u32) -> &str {
        self.0.get(from as usize..to as usize).unwrap_or_default()
    }

    fn kuerzel(&self, p: &Person) -> &str {
        self.slice(p.start, p.ends[0])
    }

    /// Team, region, kuerzel.
    fn region(&self, r: &Region) -> [&str; 3] {
        [self.slice(r.start, r.ends[0]), self.slice(r.ends[0], r.ends[1]), self.slice(r.ends[1], r.ends[2])]
    }
}

/// Everybody who can be written to on a day.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    texts: Texts,
    /// In order of kuerzel.
    people: Vec<Person>,
    /// In order of team, region, kuerzel.
    regions: Vec<Region>,
}

impl Directory {
    /// The colleague's place in the order of kuerzel, if they are known.
    pub fn place(&self, kuerzel: &str) -> Option<usize> {
        let after = self.people.partition_point(|p| self.texts.kuerzel(p) <= kuerzel);
        after.checked_sub(1).filter(|at| self.texts.kuerzel(&self.people[*at]) == kuerzel)
    }

    fn person(&self, kuerzel: &str) -> Option<&Person> {
        self.place(kuerzel).map(|at| &self.people[at])
    }

    fn address(&self, p: &Person) -> Option<&str> {
        Some(self.texts.slice(p.ends[1], p.ends[2])).filter(|address| !address.is_empty())
    }

    fn deputy(&self, p: &Person) -> Option<&str> {
        Some(self.texts.slice(p.ends[2], p.ends[3])).filter(|deputy| !deputy.is_empty())
    }

    /// The colleague's name, if they are known.
    pub fn name(&self, kuerzel: &str) -> Option<&str> {
        self.person(kuerzel).map(|p| self.texts.slice(p.ends[0], p.ends[1]))
    }

    /// Whether the colleague is known and absent on the day.
    pub fn is_absent(&self, kuerzel: &str) -> bool {
        self.person(kuerzel).is_some_and(|p| p.absent)
    }

    /// Whether the colleague is known and has an address.
    pub fn has_address(&self, kuerzel: &str) -> bool {
        self.person(kuerzel).is_some_and(|p| self.address(p).is_some())
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
            let person = self.person(k)?;
            match self.address(person) {
                Some(address) if !person.absent => return Some(Reached { address, in_stead: seen.len() > 1 }),
                _ => next = self.deputy(person),
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
        let wanted = [case.team.as_str(), &case.region];
        let first = self.regions.partition_point(|r| self.texts.region(r)[..2] < wanted[..]);
        let [team, region, kuerzel] = self.texts.region(self.regions.get(first)?);
        (wanted == [team, region]).then_some(kuerzel)
    }
}
