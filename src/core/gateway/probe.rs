//! Why a gateway hangs up during the handshake: one below our server versions closes the socket
//! without a word, but tells its version to a client that accepts every version.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Time for the whole question.
const WITHIN: Duration = Duration::from_secs(1);

/// Longest answer that can be a version and a time.
const LONGEST: usize = 256;

/// The server version a gateway offers to a client that takes any; `None` when it says nothing.
pub(super) async fn offered_version(address: &str) -> Option<i32> {
    tokio::time::timeout(WITHIN, ask(address)).await.ok()?
}

async fn ask(address: &str) -> Option<i32> {
    let mut socket = TcpStream::connect(address).await.ok()?;
    let versions = b"v100..226";
    let mut hello = b"API\0".to_vec();
    hello.extend(u32::try_from(versions.len()).ok()?.to_be_bytes());
    hello.extend(versions);
    socket.write_all(&hello).await.ok()?;
    let length = usize::try_from(socket.read_u32().await.ok()?).ok()?;
    let mut answer = vec![0; length.min(LONGEST)];
    socket.read_exact(&mut answer).await.ok()?;
    version(&answer)
}

/// The first of the NUL-terminated fields, if it is a number.
fn version(answer: &[u8]) -> Option<i32> {
    let field = answer.split(|byte| *byte == 0).next()?;
    std::str::from_utf8(field).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_first_field() {
        assert_eq!(version(b"178\x0020260415 09:30:00 EST\0"), Some(178));
        assert_eq!(version(b"HTTP/1.1"), None);
        assert_eq!(version(b""), None);
    }
}
