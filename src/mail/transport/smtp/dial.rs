//! How a connection to the mail server comes about.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::wire::Stream;

/// An address that does not answer must leave time for the next one.
const PER_ADDRESS: Duration = Duration::from_secs(10);

/// A fresh connection.
pub struct Dialled {
    /// The bytes.
    pub stream: Box<dyn Stream>,
    /// Our own address on it.
    pub local: Option<IpAddr>,
}

/// Why there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DialError {
    /// The name of the server leads nowhere.
    Name,
    /// Nobody listens there.
    Refused,
    /// Nobody answers, or the network is down.
    Unreachable,
}

/// Makes connections. Cheap to clone.
pub type Dial = Arc<dyn Fn() -> BoxFuture<'static, Result<Dialled, DialError>> + Send + Sync>;

/// By TCP, to any address that the name has, in turn.
pub(super) fn tcp(host: &str, port: u16) -> Dial {
    let host: Arc<str> = idna::domain_to_ascii(host).unwrap_or_else(|_| host.to_owned()).into();
    Arc::new(move || Box::pin(connect(host.clone(), port)))
}

async fn connect(host: Arc<str>, port: u16) -> Result<Dialled, DialError> {
    let mut error = DialError::Name;
    for address in lookup_host((&*host, port)).await.map_err(|_| DialError::Name)? {
        match timeout(PER_ADDRESS, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // A mail goes out in several small writes, each of which would otherwise wait for an echo (40 ms).
                // Without it mails are slower, nothing else.
                let _ = stream.set_nodelay(true);
                let local = stream.local_addr().ok().map(|a| a.ip());
                return Ok(Dialled { stream: Box::new(stream), local });
            }
            Ok(Err(e)) if e.kind() == io::ErrorKind::ConnectionRefused => error = DialError::Refused,
            _ => error = DialError::Unreachable,
        }
    }
    Err(error)
}
