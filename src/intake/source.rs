//! The bytes of a file before they are rows: whether it can be read at all, and in which encoding.
//!
//! A file is read twice, in chunks: once to decide its encoding as a whole, once for its rows.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use super::fields::Encoding;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// A file that stands before its first row.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) file: File,
    pub(super) encoding: Encoding,
    /// The first line that is not UTF-8, in a file that has UTF-8 before it: not one encoding, but two.
    pub(super) mixed_at: Option<u64>,
}

/// Opens a file and decides its encoding; a refusal is a German sentence.
pub(super) fn open(path: &Path) -> Result<Source, String> {
    let failed = |e: io::Error| format!("Die Datei lässt sich nicht lesen: {}", why(&e));
    // Asked before it is opened: opening a pipe would wait for somebody to write to it.
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        return Err("Das ist keine Datei.".into());
    }
    let mut file = File::open(path).map_err(failed)?;
    if !file.metadata().map_err(failed)?.is_file() {
        return Err("Das ist keine Datei.".into());
    }
    let probe = probe(&mut file).map_err(failed)?;
    let start = match &probe.head[..] {
        [] => return Err("Die Datei ist leer: Es fehlt sogar die Kopfzeile.".into()),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
            return Err(
                "Die Datei ist als UTF-16 („Unicode-Text“) gespeichert. Bitte speichern Sie sie als „CSV UTF-8“."
                    .into(),
            );
        }
        [b'P', b'K', 3, 4] => {
            return Err("Das ist eine Excel-Arbeitsmappe. Bitte speichern Sie sie als „CSV UTF-8“.".into());
        }
        head if head.starts_with(BOM) => BOM.len() as u64,
        _ => 0,
    };
    file.seek(SeekFrom::Start(start)).map_err(failed)?;
    let encoding = if probe.invalid_at.is_none() { Encoding::Utf8 } else { Encoding::Windows1252 };
    let mixed_at = probe.invalid_at.filter(|_| start > 0 || probe.multibyte);
    Ok(Source { file, encoding, mixed_at })
}

/// What an input error is, in German and without the path.
pub(super) fn why(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => "Sie wurde nicht gefunden.",
        io::ErrorKind::PermissionDenied => "Die Rechte fehlen.",
        io::ErrorKind::StorageFull => "Der Datenträger ist voll.",
        io::ErrorKind::IsADirectory => "Es ist ein Ordner.",
        _ => "Ein- oder Ausgabefehler.",
    }
}

#[derive(Debug, Default)]
struct Probe {
    head: Vec<u8>,
    /// Line of the first bytes that are not UTF-8.
    invalid_at: Option<u64>,
    /// Whether anything before that is UTF-8 and not ASCII.
    multibyte: bool,
}

fn probe(file: &mut impl Read) -> io::Result<Probe> {
    let mut probe = Probe::default();
    let mut buf = vec![0; 1 << 16];
    // Bytes at the start of `buf` that may begin a character which the next chunk completes.
    let mut carry = 0;
    let mut line = 1;
    loop {
        let n = file.read(&mut buf[carry..])?;
        let bytes = &buf[..carry + n];
        if probe.head.is_empty() {
            probe.head = bytes[..bytes.len().min(4)].to_vec();
        }
        let valid = match std::str::from_utf8(bytes) {
            Ok(_) => bytes.len(),
            Err(e) if e.error_len().is_some() || n == 0 => {
                let valid = e.valid_up_to();
                probe.multibyte |= !bytes[..valid].is_ascii();
                probe.invalid_at = Some(line + newlines(&bytes[..valid]));
                return Ok(probe);
            }
            Err(e) => e.valid_up_to(),
        };
        if n == 0 {
            return Ok(probe);
        }
        line += newlines(&bytes[..valid]);
        probe.multibyte |= !bytes[..valid].is_ascii();
        let end = bytes.len();
        buf.copy_within(valid..end, 0);
        carry = end - valid;
    }
}

fn newlines(bytes: &[u8]) -> u64 {
    bytes.split(|b| *b == b'\n').count() as u64 - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives out a few bytes at a time, so that characters are torn.
    struct Torn<'a>(&'a [u8]);

    impl Read for Torn<'_> {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            let n = self.0.len().min(buf.len()).min(1);
            buf[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    #[test]
    fn the_encoding_is_decided_for_the_whole_file() {
        for (bytes, invalid_at, multibyte) in [
            ("a;ä;€;𝄞\n".as_bytes(), None, true),
            (b"a;b\n", None, false),
            (b"a;b\n\xe4;b\n", Some(2), false),
            (b"a;\xc3\xa4\n\n\xe4;b\n", Some(3), true),
            (b"a\n\xc3", Some(2), false),
            (b"", None, false),
        ] {
            for probe in [probe(&mut &*bytes).unwrap(), probe(&mut Torn(bytes)).unwrap()] {
                assert_eq!((probe.invalid_at, probe.multibyte), (invalid_at, multibyte), "{bytes:?}");
            }
        }
    }
}
