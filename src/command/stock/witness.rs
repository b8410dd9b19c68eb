//! Which files an evaluation reads.

use crate::command::files::Files;
use crate::source::{Entry, Surroundings};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The world, with a memory of the files that were read in it.
pub struct Witness {
    files: Arc<Files>,
    read: Mutex<BTreeMap<PathBuf, Vec<u8>>>,
}

impl Witness {
    /// Begins with no file read.
    #[must_use]
    pub fn new(files: Arc<Files>) -> Witness {
        Witness {
            files,
            read: Mutex::default(),
        }
    }

    /// Returns the files that were read and are text.
    #[must_use]
    pub fn texts(&self) -> Vec<(PathBuf, String)> {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let texts = read.iter().filter_map(|(path, bytes)| {
            Some((path.clone(), String::from_utf8(bytes.clone()).ok()?))
        });
        texts.collect()
    }
}

impl Surroundings for Witness {
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        let bytes = self.files.read(path)?;
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.insert(path.to_owned(), bytes.clone());
        Ok(bytes)
    }

    fn list(&self, path: &Path) -> Result<Vec<Entry>, String> {
        self.files.list(path)
    }

    fn exists(&self, path: &Path) -> bool {
        self.files.exists(path)
    }

    fn started(&self) -> i64 {
        self.files.started()
    }

    fn working_directory(&self) -> PathBuf {
        self.files.working_directory()
    }

    fn home(&self) -> Option<PathBuf> {
        self.files.home()
    }
}
