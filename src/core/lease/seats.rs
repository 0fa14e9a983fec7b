//! The client ids one client holds: its own, and the one of its feed.

use std::io;
use std::path::PathBuf;
use std::sync::Mutex;

use super::held;
use super::lock_file::{self, Directory, Holder};
use crate::error::{Error, ErrorKind, Result};
use crate::lock::lock;
use crate::model::{ClientId, ClientIds};

const CLIENT_ID_IN_USE: i32 = 326;

/// What this client holds at its gateway. Dropping it gives everything up.
pub(crate) struct Seats {
    directory: io::Result<Directory>,
    address: String,
    client_id: ClientId,
    held: Mutex<Vec<PathBuf>>,
}

impl Seats {
    /// A client that holds nothing yet.
    pub(crate) fn new(address: String, client_id: ClientId) -> Self {
        Self::inside(Directory::of_user(), address, client_id)
    }

    fn inside(directory: io::Result<Directory>, address: String, client_id: ClientId) -> Self {
        Self { directory, address, client_id, held: Mutex::default() }
    }

    /// The first id of the range that no program of this machine holds, held.
    ///
    /// # Errors
    /// `ClientIdInUse` naming the range and who holds it; `Config` where locks cannot be kept.
    pub(crate) fn lease(address: String, ids: ClientIds) -> Result<Self> {
        Self::lease_inside(Directory::of_user(), address, ids)
    }

    fn lease_inside(
        directory: io::Result<Directory>,
        address: String,
        ids: ClientIds,
    ) -> Result<Self> {
        let directory = directory.map_err(|error| unkept(&"the home directory", &error))?;
        // Whoever looks who holds an id keeps it from being taken for a moment: once more, then.
        for id in ids.iter().chain(ids.iter()) {
            let seats = Self::inside(Ok(directory.clone()), address.clone(), id);
            let is_ours = seats.take(id, None);
            if is_ours.map_err(|error| unkept(&directory.path().display(), &error))? {
                return Ok(seats);
            }
        }
        Err(all_taken(&directory, &address, ids))
    }

    /// The client's own id.
    pub(crate) fn client_id(&self) -> ClientId {
        self.client_id
    }

    /// The control link has its id: others may know.
    pub(crate) fn hold(&self) {
        self.note(self.take(self.client_id, None));
    }

    /// The feed link has this id: others may know.
    pub(crate) fn hold_feed(&self, id: ClientId) {
        self.note(self.take(id, Some(self.client_id)));
    }

    /// Gives up everything.
    pub(crate) fn release(&self) {
        for path in lock(&self.held).drain(..) {
            held::give_up(&path);
        }
    }

    /// The error of a client id the gateway refuses, and who holds it.
    pub(crate) fn in_use(&self) -> Error {
        let (address, id) = (&self.address, self.client_id);
        let path = self.directory.as_ref().ok().map(|directory| directory.file(address, id));
        let is_ours = path.as_ref().is_some_and(|path| lock(&self.held).contains(path));
        let holder = path.as_deref().and_then(lock_file::holder);
        let who = match holder {
            _ if is_ours => {
                "perhaps this client's own, whose end the gateway has not noticed".into()
            }
            Some(holder) => told(holder),
            None => "of no aioibkr program of this user and machine".into(),
        };
        let message = format!(
            "{address}: client id {id} is in use by another connection, {who}: give another id, or a \
             range of client_ids; a client with a feed also takes the id 1000 above its own, or one of \
             the next eight"
        );
        let error = Error::new(ErrorKind::ClientIdInUse, message).with_code(CLIENT_ID_IN_USE);
        match holder.filter(|_| !is_ours) {
            Some(holder) => error.with_detail("holder_pid", holder.pid),
            None => error,
        }
    }

    fn take(&self, id: ClientId, feed_of: Option<ClientId>) -> io::Result<bool> {
        let directory = match &self.directory {
            Ok(directory) => directory,
            Err(error) => return Err(io::Error::new(error.kind(), error.to_string())),
        };
        let (path, pid) = (directory.file(&self.address, id), std::process::id());
        let is_ours = held::take(directory, &path, Holder { pid, feed_of })?;
        if is_ours {
            lock(&self.held).push(path);
        }
        Ok(is_ours)
    }

    /// Nothing depends on an id that is told to others.
    fn note(&self, taken: io::Result<bool>) {
        if let Err(error) = taken {
            log::debug!(target: "aioibkr::lease", "{}: {error}", self.address);
        }
    }
}

impl Drop for Seats {
    fn drop(&mut self) {
        self.release();
    }
}

fn told(holder: Holder) -> String {
    let whose = match holder.feed_of {
        Some(client) => format!(" for the feed of its client id {client}"),
        None => String::new(),
    };
    match holder.pid == std::process::id() {
        true => format!("of this process{whose}"),
        false => format!("of process {} of this machine{whose}", holder.pid),
    }
}

fn all_taken(directory: &Directory, address: &str, ids: ClientIds) -> Error {
    let holder = |id| match lock_file::holder(&directory.file(address, id)) {
        Some(holder) => format!("{id} by process {}", holder.pid),
        None => format!("{id} a moment ago"),
    };
    let holders = ids.iter().map(holder).collect::<Vec<_>>().join(", ");
    let message = format!(
        "client ids {ids} of {address} are all taken on this machine: {holders}: give a wider range, \
         or end one of them"
    );
    Error::new(ErrorKind::ClientIdInUse, message)
        .with_detail("client_ids", ids)
        .with_detail("holders", holders)
}

fn unkept(place: &dyn std::fmt::Display, error: &io::Error) -> Error {
    Error::config(format!(
        "client_ids: locks cannot be kept in {place}: {error}; XDG_STATE_HOME may name another place"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: &str = "gateway:4002";

    struct Place(PathBuf);

    impl Place {
        fn new(name: &str) -> Self {
            let unique = format!("aioibkr-{name}-{}", std::process::id());
            Self(std::env::temp_dir().join(unique))
        }

        fn directory(&self) -> io::Result<Directory> {
            Ok(Directory::at(self.0.join("client-ids")))
        }

        fn lease(&self, first: i32, last: i32) -> Result<Seats> {
            let ids = ClientIds::new(ClientId(first), ClientId(last)).unwrap();
            Seats::lease_inside(self.directory(), ADDRESS.into(), ids)
        }

        fn client(&self, id: i32) -> Seats {
            Seats::inside(self.directory(), ADDRESS.into(), ClientId(id))
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn each_lease_is_of_another_id_and_the_error_names_who_has_them() {
        let place = Place::new("leases");
        let (first, second) = (place.lease(11, 12).unwrap(), place.lease(11, 12).unwrap());
        let ids = (first.client_id(), second.client_id());

        let error = place.lease(11, 12).err().unwrap();
        first.release();
        let third = place.lease(11, 12).unwrap();

        assert_eq!(ids, (ClientId(11), ClientId(12)));
        assert_eq!(error.kind(), ErrorKind::ClientIdInUse);
        let pid = std::process::id();
        let holders = format!("11 by process {pid}, 12 by process {pid}");
        assert!(error.message().contains("11-12") && error.message().contains(&holders), "{error}");
        assert_eq!(third.client_id(), ClientId(11));
    }

    #[test]
    fn an_id_that_is_just_held_is_not_leased() {
        let place = Place::new("held");
        let plain = place.client(11);
        plain.hold();
        plain.hold_feed(ClientId(13));

        let leased: Vec<_> = (0..2).map(|_| place.lease(11, 14).unwrap()).collect();

        let ids: Vec<_> = leased.iter().map(Seats::client_id).collect();
        assert_eq!(ids, [ClientId(12), ClientId(14)]);
    }

    #[test]
    fn whoever_holds_an_id_is_named() {
        let place = Place::new("named");
        let bot = place.client(1);
        bot.hold();
        bot.hold_feed(ClientId(1001));

        let (own, feed) = (place.client(1).in_use(), place.client(1001).in_use());
        let (again, nobody) = (bot.in_use(), place.client(5).in_use());

        assert!(own.message().contains("of this process:"), "{own}");
        assert!(feed.message().contains("for the feed of its client id 1:"), "{feed}");
        assert!(again.message().contains("this client's own"), "{again}");
        assert!(nobody.message().contains("of no aioibkr program"), "{nobody}");
        assert_eq!(own.details()["holder_pid"], std::process::id().to_string());
    }

    #[cfg(unix)]
    #[test]
    fn locks_are_this_users_alone_and_leave_nothing_behind() {
        use std::os::unix::fs::PermissionsExt;

        let place = Place::new("private");
        let seats = place.lease(11, 11).unwrap();
        let directory = place.directory().unwrap();
        let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;

        let modes = (mode(directory.path()), mode(&directory.file(ADDRESS, ClientId(11))));
        drop(seats);

        assert_eq!(modes, (0o700, 0o600));
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn a_directory_that_others_may_write_keeps_no_leases() {
        use std::os::unix::fs::PermissionsExt;

        let place = Place::new("open");
        let directory = place.directory().unwrap();
        std::fs::create_dir_all(directory.path()).unwrap();
        let open = std::fs::Permissions::from_mode(0o777);
        std::fs::set_permissions(directory.path(), open).unwrap();

        let error = place.lease(11, 12).err().unwrap();

        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.message().contains("XDG_STATE_HOME"), "{error}");
    }
}
