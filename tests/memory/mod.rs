//! Files in memory, for tests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use vaultform::source::{Entry, Surroundings};

/// Files in memory, by path.
pub struct Files(pub BTreeMap<PathBuf, String>);

impl Files {
    /// Makes files of pairs of path and text.
    #[allow(dead_code)] // Not every test that uses this module needs it.
    pub fn of(files: &[(&str, &str)]) -> Files {
        let pair = |(path, text): &(&str, &str)| (PathBuf::from(path), (*text).to_owned());
        Files(files.iter().map(pair).collect())
    }
}

impl Surroundings for Files {
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        let text = self.0.get(path).ok_or("there is no such file")?;
        Ok(text.clone().into_bytes())
    }
    fn list(&self, path: &Path) -> Result<Vec<Entry>, String> {
        let base = if path == Path::new(".") {
            Path::new("")
        } else {
            path
        };
        let mut entries = BTreeMap::new();
        for inner in self
            .0
            .keys()
            .filter_map(|file| file.strip_prefix(base).ok())
        {
            let mut parts = inner.components();
            if let Some(first) = parts.next() {
                let name = first.as_os_str().to_string_lossy().into_owned();
                entries.insert(name, parts.next().is_some());
            }
        }
        if entries.is_empty() {
            return Err("there is no such directory".to_owned());
        }
        let entry = |(name, is_directory)| Entry { name, is_directory };
        Ok(entries.into_iter().map(entry).collect())
    }
    fn exists(&self, path: &Path) -> bool {
        self.0.contains_key(path)
    }
    fn started(&self) -> i64 {
        0
    }
    fn working_directory(&self) -> PathBuf {
        PathBuf::from("/work")
    }
    fn home(&self) -> Option<PathBuf> {
        None
    }
}
