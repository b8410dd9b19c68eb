//! Files that are there as a whole or not at all, and stay when the power goes.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Writes a file beside its place, makes sure that the disk has it, and puts it in place; only the owner may read it.
///
/// # Errors
/// When one of the steps fails; then what stood there before still does.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = Beside::new(path)?;
    let mut file = beside.create()?;
    file.write_all(bytes)?;
    file.sync_all()?;
    beside.put_in_place()
}

/// A file on its way to its place; removed again when it does not come there.
pub struct Beside<'a> {
    place: &'a Path,
    path: PathBuf,
    arrived: bool,
}

impl<'a> Beside<'a> {
    /// Chooses a name in the same folder.
    ///
    /// # Errors
    /// When the place is not that of a file.
    pub fn new(place: &'a Path) -> io::Result<Beside<'a>> {
        let name = place.file_name().ok_or(io::ErrorKind::IsADirectory)?;
        let hidden = format!(".{}.{:08x}", name.to_string_lossy(), rand::random::<u32>());
        Ok(Beside {
            place,
            path: place.with_file_name(hidden),
            arrived: false,
        })
    }

    /// Creates the file, readable by its owner only.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn create(&self) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        options.open(&self.path)
    }

    /// Puts the file in place. It must have been synchronised before.
    ///
    /// # Errors
    /// When it cannot be renamed.
    pub fn put_in_place(mut self) -> io::Result<()> {
        std::fs::rename(&self.path, self.place)?;
        self.arrived = true;
        synchronise_folder(self.place)
    }
}

impl Drop for Beside<'_> {
    fn drop(&mut self) {
        if !self.arrived {
            // It may never have been created.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Removes a file, so that it stays removed; one that is not there is no error.
///
/// # Errors
/// When it cannot be removed.
pub fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => synchronise_folder(path),
    }
}

/// Reads a file; `None` where there is none.
///
/// # Errors
/// When it is there and cannot be read.
pub fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// A rename is safe only when the folder is on the disk, too.
fn synchronise_folder(path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(read(&path).unwrap().unwrap(), b"two");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let beside = Beside::new(&path).unwrap();
        beside.create().unwrap();
        assert_eq!(folder.path().read_dir().unwrap().count(), 2);
        drop(beside);
        assert_eq!(folder.path().read_dir().unwrap().count(), 1);
        assert!(write(&folder.path().join("none/keys"), b"x").is_err());
        remove(&path).unwrap();
        remove(&path).unwrap();
        assert_eq!(read(&path).unwrap(), None);
    }
}
