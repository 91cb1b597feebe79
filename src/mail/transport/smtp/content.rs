//! What is sent after DATA and inside the angle brackets. Pure.

use memchr::memchr2;

use crate::domain::address::domain_of;

/// The mail as it goes over the wire (RFC 5321 §4.5.2): a dot before each line that begins with one, and the final dot.
/// Every kind of line end becomes CRLF, so that no line of the mail can be read as the end by one server and as text by
/// the next.
pub fn wire(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + message.len() / 64 + 5);
    let mut rest = message;
    while !rest.is_empty() {
        let end = memchr2(b'\r', b'\n', rest);
        let (line, after) = rest.split_at(end.unwrap_or(rest.len()));
        if line.starts_with(b".") {
            out.push(b'.');
        }
        out.extend_from_slice(line);
        out.extend_from_slice(b"\r\n");
        rest = after.strip_prefix(b"\r\n").or_else(|| after.get(1..)).unwrap_or_default();
    }
    out.extend_from_slice(b".\r\n");
    out
}

/// An address as it stands between the angle brackets: the domain in ASCII. None if it cannot stand there.
pub fn path(address: &str) -> Option<String> {
    let (local, _) = address.trim().rsplit_once('@')?;
    let domain = domain_of(address)?;
    let plain = |c: char| !c.is_control() && !c.is_whitespace() && !"<>\"\\".contains(c);
    let path = format!("{local}@{domain}");
    (local.len() <= 64 && path.len() <= 254 && path.chars().all(plain)).then_some(path)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dots_are_doubled_and_every_line_end_is_the_same() {
        for (message, expected) in [
            ("", ".\r\n"),
            ("a", "a\r\n.\r\n"),
            ("a\r\n", "a\r\n.\r\n"),
            (".", "..\r\n.\r\n"),
            ("a\r\n.\r\nb\r\n", "a\r\n..\r\nb\r\n.\r\n"),
            ("a\n.\nb", "a\r\n..\r\nb\r\n.\r\n"),
            ("a\r.\rb", "a\r\n..\r\nb\r\n.\r\n"),
            ("a\n\r\n\r", "a\r\n\r\n\r\n.\r\n"),
            ("a.b\r\n..c", "a.b\r\n...c\r\n.\r\n"),
        ] {
            assert_eq!(String::from_utf8(wire(message.as_bytes())).unwrap(), expected, "{message:?}");
        }
    }

    #[test]
    fn a_path_holds_no_more_than_an_address() {
        for (address, expected) in [
            ("a@b.de", Some("a@b.de")),
            ("A.b@Jobcenter-Köln.example", Some("A.b@xn--jobcenter-kln-smb.example")),
            ("jäger@b.de", Some("jäger@b.de")),
            ("a@b.de>\r\nRCPT TO:<x@y.de", None),
            ("a b@c.de", None),
            ("<a@c.de", None),
            ("a", None),
            ("@b.de", None),
        ] {
            assert_eq!(path(address).as_deref(), expected, "{address:?}");
        }
    }

    proptest! {
        #[test]
        fn a_server_reads_back_what_was_sent(message in "[a.\r\n]{0,60}") {
            let wire = String::from_utf8(wire(message.as_bytes())).unwrap();
            let lines: Vec<_> = wire.strip_suffix("\r\n").unwrap().split("\r\n").collect();
            let (end, lines) = lines.split_last().unwrap();
            prop_assert_eq!(*end, ".");
            prop_assert!(lines.iter().all(|l| *l != "." && !l.contains(['\r', '\n'])));
            let read: Vec<_> = lines.iter().map(|l| l.strip_prefix('.').unwrap_or(l)).collect();
            let meant = message.replace("\r\n", "\n").replace('\r', "\n");
            let meant: Vec<_> = meant.strip_suffix('\n').unwrap_or(&meant).split('\n').collect();
            if !message.is_empty() {
                prop_assert_eq!(read, meant);
            }
        }
    }
}
