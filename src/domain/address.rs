//! Mail addresses: what one is, and which domain it belongs to. One answer for intake, settings, and the way out, so that
//! nothing is accepted that could never be sent to.

/// Whether `text` is one address that mail can be sent to: a local part in ASCII without quotes (RFC 5321 §4.1.2
/// *Dot-string*), one @, and a domain, which may have umlauts; 254 bytes at most.
pub fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~-".contains(c);
    let label = |l: &str| {
        let plain = |c: char| c.is_alphanumeric() || c == '-';
        !l.is_empty() && l.len() <= 63 && !l.starts_with('-') && !l.ends_with('-') && l.chars().all(plain)
    };
    text.len() <= 254
        && local.len() <= 64
        && local.split('.').all(|a| !a.is_empty() && a.chars().all(atom))
        && domain.split('.').all(label)
        && domain_of(text).is_some()
}

/// The domain of an address in lower case and in ASCII (`xn--…`); none if the address has none that can be.
pub fn domain_of(address: &str) -> Option<String> {
    let (local, domain) = address.trim().rsplit_once('@')?;
    let domain = idna::domain_to_ascii(domain).ok()?;
    (!local.is_empty() && !domain.is_empty()).then(|| domain.to_ascii_lowercase())
}

/// Whether the address belongs to one of the domains, however either is written.
pub fn is_within(address: &str, domains: &[String]) -> bool {
    let same = |d: &String, of: &str| idna::domain_to_ascii(d).is_ok_and(|d| d.eq_ignore_ascii_case(of));
    domain_of(address).is_some_and(|of| domains.iter().any(|d| same(d, &of)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_what_mail_can_be_sent_to() {
        let cases = [
            ("vor.nach-name+x@jobcenter.example", true),
            ("o'neil@jobcenter.example", true),
            ("name@jobcenter-köln.example", true),
            ("jäger@jobcenter.example", false),
            ("a b@jobcenter.example", false),
            ("\"a b\"@jobcenter.example", false),
            ("a@b@c.example", false),
            ("a..b@c.example", false),
            ("a@", false),
            ("@c.example", false),
            ("a@-c.example", false),
            ("Name <a@c.example>", false),
            ("a@c.example;b@c.example", false),
            ("a\n@c.example", false),
            ("", false),
        ];
        for (text, expected) in cases {
            assert_eq!(is_address(text), expected, "{text:?}");
        }
        assert!(!is_address(&format!("a@{}.de", "b.".repeat(200))));
        assert!(!is_address(&format!("{}@b.de", "a".repeat(65))));
    }

    #[test]
    fn a_domain_is_the_same_however_it_is_written() {
        let domains = ["Jobcenter.example".to_owned(), "jobcenter-köln.example".to_owned()];
        assert!(is_within("a@JOBCENTER.EXAMPLE", &domains));
        assert!(is_within("a@xn--jobcenter-kln-smb.example", &domains));
        assert!(!is_within("a@sub.jobcenter.example", &domains));
        assert!(!is_within("a@elsewhere.example", &domains));
        assert!(!is_within("jobcenter.example", &domains));
        assert_eq!(domain_of("@b.de"), None);
        assert_eq!(domain_of("a@B.DE").as_deref(), Some("b.de"));
    }
}
