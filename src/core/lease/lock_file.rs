//! A file that is locked while a client id is held. Its text names the holder; it is removed by the
//! holder, and left behind unlocked by one that was killed.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::model::ClientId;

/// How often the file may be removed by its last holder just as it is opened.
const TRIES: usize = 8;

/// Longest text of a holder that is read.
const LONGEST: u64 = 64;

/// Who holds a client id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Holder {
    pub(super) pid: u32,
    /// The client whose feed holds it.
    pub(super) feed_of: Option<ClientId>,
}

impl Holder {
    fn text(self) -> String {
        match self.feed_of {
            Some(client) => format!("{} {client}\n", self.pid),
            None => format!("{}\n", self.pid),
        }
    }

    fn read(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let pid = words.next()?.parse().ok()?;
        Some(Self { pid, feed_of: words.next().and_then(|id| id.parse().ok()).map(ClientId) })
    }
}

/// Where the locks of this user are.
#[derive(Debug, Clone)]
pub(super) struct Directory(PathBuf);

impl Directory {
    /// `$XDG_STATE_HOME/aioibkr/client-ids`, else below `~/.local/state`.
    pub(super) fn of_user() -> io::Result<Self> {
        let given = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
        let state = given.filter(|path| path.is_absolute());
        let state = state.or_else(|| Some(std::env::home_dir()?.join(".local").join("state")));
        let state = state.ok_or_else(|| io::Error::other("this user has no home directory"))?;
        Ok(Self(state.join("aioibkr").join("client-ids")))
    }

    #[cfg(test)]
    pub(super) fn at(path: PathBuf) -> Self {
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// The file of a client id; a name for this machine is the machine.
    pub(super) fn file(&self, address: &str, id: ClientId) -> PathBuf {
        let address = match address.strip_prefix("localhost:").or(address.strip_prefix("[::1]:")) {
            Some(port) => format!("127.0.0.1:{port}"),
            None => address.to_ascii_lowercase(),
        };
        let plain = |c: char| if c.is_ascii_alphanumeric() || "-.".contains(c) { c } else { '_' };
        let name: String = address.chars().map(plain).collect();
        self.0.join(format!("{name}_{id}.lock"))
    }

    /// Sees to it that the directory is there and nobody else's to write.
    fn make(&self) -> io::Result<()> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.0)?;
        match is_private(&fs::symlink_metadata(&self.0)?) {
            true => Ok(()),
            false => Err(io::Error::other("others may write there: make it this user's alone")),
        }
    }

    /// Locks a file for its holder; `None` while somebody else has it.
    pub(super) fn lock(&self, path: &Path, holder: Holder) -> io::Result<Option<File>> {
        self.make()?;
        for _ in 0..TRIES {
            let mut file = open(path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
            }
            if is_at(&file, path) {
                file.set_len(0)?;
                file.write_all(holder.text().as_bytes())?;
                return Ok(Some(file));
            }
        }
        Ok(None)
    }
}

/// Who holds the lock of a file, if anybody does and says so.
pub(super) fn holder(path: &Path) -> Option<Holder> {
    let file = File::open(path).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {}
        Ok(()) | Err(TryLockError::Error(_)) => return None,
    }
    let mut text = String::new();
    file.take(LONGEST).read_to_string(&mut text).ok()?;
    Holder::read(&text)
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Whether the file locked is the one that is there, and not one its last holder removed.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;

    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(ours), Ok(there)) => (ours.dev(), ours.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_at(_file: &File, _path: &Path) -> bool {
    true
}

#[cfg(unix)]
fn is_private(directory: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;

    directory.is_dir() && directory.mode() & 0o022 == 0
}

#[cfg(not(unix))]
fn is_private(directory: &Metadata) -> bool {
    directory.is_dir()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_holder_is_read_as_written() {
        for feed_of in [None, Some(ClientId(1))] {
            let holder = Holder { pid: 4242, feed_of };

            assert_eq!(Holder::read(&holder.text()), Some(holder));
        }
        assert_eq!(Holder::read(""), None);
        assert_eq!(Holder::read("nobody"), None);
    }

    #[test]
    fn names_of_this_machine_share_a_file_and_no_address_leaves_the_directory() {
        let directory = Directory::at("/locks".into());
        let file = |address| directory.file(address, ClientId(7));

        assert_eq!(file("127.0.0.1:4002"), Path::new("/locks/127.0.0.1_4002_7.lock"));
        assert_eq!(file("localhost:4002"), file("127.0.0.1:4002"));
        assert_eq!(file("[::1]:4002"), file("127.0.0.1:4002"));
        assert_eq!(file("GW.example:4002"), file("gw.example:4002"));
        assert_ne!(file("127.0.0.1:4001"), file("127.0.0.1:4002"));
        assert_eq!(file("../../x:1").parent(), Some(Path::new("/locks")));
    }
}
