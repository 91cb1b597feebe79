//! A certificate authority of the tests' own, made with openssl in a temporary folder.
#![allow(dead_code, reason = "each test takes what it needs")]
#![expect(clippy::expect_used, reason = "without certificates there is nothing to test")]

use std::path::{Path, PathBuf};
use std::process::Command;

const CONFIG: &str = "
[req]
distinguished_name = name
x509_extensions = authority
prompt = no
[name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[ca]
default_ca = own
[own]
database = index
serial = serial
new_certs_dir = .
certificate = ca.pem
private_key = ca.key
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
";

/// A certificate authority.
pub(crate) struct Ca {
    folder: tempfile::TempDir,
}

/// A server's certificate and its key, as PEM files.
#[derive(Clone)]
pub(crate) struct Certificate {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Ca {
    pub(crate) fn new() -> Self {
        Self::named("Behoerde")
    }

    pub(crate) fn named(name: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (file, content) in [("config", CONFIG), ("index", ""), ("serial", "01\n")] {
            std::fs::write(folder.path().join(file), content).expect("a file in it");
        }
        let ca = Self { folder };
        ca.openssl(&format!("req -config config -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj /CN={name} -keyout ca.key -out ca.pem"));
        ca
    }

    /// What to trust.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A certificate for a name (`DNS:…` or `IP:…`) that is valid from one year to another.
    pub(crate) fn certificate(&self, name: &str, years: (u32, u32)) -> Certificate {
        let stem = format!("{}{}{}", name.replace([':', '.'], "-"), years.0, years.1);
        let usage = format!("basicConstraints = CA:FALSE\nextendedKeyUsage = serverAuth\nsubjectAltName = {name}\n");
        std::fs::write(self.folder.path().join("usage"), usage).expect("a file");
        self.openssl(&format!("req -config config -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=server -keyout {stem}.key -out {stem}.csr"));
        let (from, to) = (format!("{}0101000000Z", years.0), format!("{}0101000000Z", years.1));
        self.openssl(&format!(
            "ca -batch -notext -config config -extfile usage -startdate {from} -enddate {to} -in {stem}.csr -out {stem}.pem"
        ));
        let file = |end| self.folder.path().join(format!("{stem}.{end}"));
        Certificate { certificate: file("pem"), key: file("key") }
    }

    fn openssl(&self, words: &str) {
        let out = Command::new("openssl").args(words.split(' ')).current_dir::<&Path>(self.folder.path()).output();
        let out = out.expect("openssl is missing; run tests/all: it installs what is missing");
        assert!(out.status.success(), "openssl {words}: {}", String::from_utf8_lossy(&out.stderr));
    }
}
