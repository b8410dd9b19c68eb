//! The file system and the clock, as pure rooms see them.

use crate::source::{Entry, Surroundings};
use std::path::{Path, PathBuf};

/// The world as it is; the time is that at which the run began.
#[derive(Clone, Debug)]
pub struct Files {
    started: i64,
    /// Where the program was called, before `-chdir`.
    called_in: PathBuf,
    home: Option<PathBuf>,
}

impl Files {
    /// Notes the time and where the program was called.
    #[must_use]
    pub fn new(called_in: PathBuf, home: Option<PathBuf>) -> Files {
        Files {
            started: jiff::Timestamp::now().as_second(),
            called_in,
            home,
        }
    }
}

/// The current directory is written as nothing.
fn here(path: &Path) -> &Path {
    if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    }
}

impl Surroundings for Files {
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        std::fs::read(path).map_err(|error| words(&error))
    }

    fn list(&self, path: &Path) -> Result<Vec<Entry>, String> {
        let entries = std::fs::read_dir(here(path)).map_err(|error| words(&error))?;
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| words(&error))?;
            found.push(Entry {
                name: entry.file_name().to_string_lossy().into_owned(),
                is_directory: entry.path().is_dir(),
            });
        }
        found.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(found)
    }

    fn exists(&self, path: &Path) -> bool {
        here(path).exists()
    }

    fn started(&self) -> i64 {
        self.started
    }

    fn working_directory(&self) -> PathBuf {
        self.called_in.clone()
    }

    fn home(&self) -> Option<PathBuf> {
        self.home.clone()
    }
}

/// Says in words what is wrong with a file.
#[must_use]
pub fn words(error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::NotFound => "it does not exist".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        ErrorKind::IsADirectory => "it is a directory".to_owned(),
        _ => error.to_string(),
    }
}
