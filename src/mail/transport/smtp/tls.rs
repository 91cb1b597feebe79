//! TLS as offices have it: the system's certificates, and one of their own beside them.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use super::SetupError;
use super::wire::Stream;

/// Everything that a handshake needs.
#[derive(Clone)]
pub(super) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl Tls {
    /// Trusts the system's certificates and those of `ca_file` (PEM).
    pub(super) fn new(host: &str, ca_file: Option<&Path>) -> Result<Self, SetupError> {
        let ascii = idna::domain_to_ascii(host).unwrap_or_else(|_| host.to_owned());
        let name = ServerName::try_from(ascii).map_err(|_| SetupError::Host)?;
        let mut roots = RootCertStore::empty();
        // A certificate of the system that cannot be read is the system's business; the others still count.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if let Some(file) = ca_file {
            let wrong = || SetupError::CaFile(file.to_owned());
            let before = roots.len();
            for certificate in CertificateDer::pem_file_iter(file).map_err(|_| wrong())? {
                roots.add(certificate.map_err(|_| wrong())?).map_err(|_| wrong())?;
            }
            if roots.len() == before {
                return Err(wrong());
            }
        }
        if roots.is_empty() {
            return Err(SetupError::NoRoots);
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.map_err(|_| SetupError::Protocol)?.with_root_certificates(roots).with_no_client_auth();
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), name })
    }

    /// Shakes hands; what is wrong, in German.
    pub(super) async fn over(&self, stream: Box<dyn Stream>) -> Result<Box<dyn Stream>, &'static str> {
        match self.connector.connect(self.name.clone(), stream).await {
            Ok(secured) => Ok(Box::new(secured)),
            Err(error) => Err(cause(&error)),
        }
    }
}

fn cause(error: &io::Error) -> &'static str {
    let Some(error) = error.get_ref().and_then(|e| e.downcast_ref::<rustls::Error>()) else {
        return "Der Mailserver hat die Verbindung beim Aufbau der Verschlüsselung (TLS) geschlossen.";
    };
    match error {
        rustls::Error::InvalidCertificate(certificate) => match certificate {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "Das Zertifikat des Mailservers ist abgelaufen."
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "Das Zertifikat des Mailservers gilt noch nicht."
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "Das Zertifikat des Mailservers gilt nicht für den Namen, der in mail.smtp.host steht."
            }
            // A wrong signature is what an authority of the same name, but with another key, has given.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                "Das Zertifikat des Mailservers stammt von keiner bekannten Zertifizierungsstelle; die eigene der \
                 Behörde gehört in mail.smtp.ca_file."
            }
            CertificateError::Revoked => "Das Zertifikat des Mailservers ist gesperrt.",
            _ => "Das Zertifikat des Mailservers ist ungültig.",
        },
        rustls::Error::InvalidMessage(_) => {
            "Der Mailserver spricht an dieser Stelle kein TLS; mail.smtp.port und mail.smtp.tls passen nicht zusammen."
        }
        _ => "Die Verschlüsselung (TLS) mit dem Mailserver kommt nicht zustande.",
    }
}
