//! Running the program in a directory of its own.
#![allow(
    clippy::disallowed_methods,
    reason = "it writes files and starts the program"
)]
#![allow(dead_code, reason = "each test uses a part of it")]

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A directory with files, and what the program is told by the environment.
pub struct Place {
    pub folder: tempfile::TempDir,
    pub variables: BTreeMap<String, String>,
}

/// What a run came to.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub error: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Ran {
        Ran {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            error: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Ran {
    #[track_caller]
    pub fn ended(self, code: i32) -> Ran {
        assert_eq!(
            self.code, code,
            "output:\n{}\nerrors:\n{}",
            self.out, self.error
        );
        self
    }

    #[track_caller]
    pub fn says(self, text: &str) -> Ran {
        let all = format!("{}\n{}", self.out, self.error);
        assert!(all.contains(text), "no `{text}` in:\n{all}");
        self
    }

    #[track_caller]
    pub fn says_not(self, text: &str) -> Ran {
        let all = format!("{}\n{}", self.out, self.error);
        assert!(!all.contains(text), "`{text}` in:\n{all}");
        self
    }

    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|why| panic!("{why}: {}", self.out))
    }
}

impl Place {
    pub fn new(files: &[(&str, &str)]) -> Place {
        let place = Place {
            folder: tempfile::tempdir().unwrap(),
            variables: BTreeMap::new(),
        };
        for (name, text) in files {
            place.write(name, text);
        }
        place
    }

    /// Copies a directory of the repository, with what it needs of others.
    pub fn copy(folders: &[&str]) -> Place {
        let place = Place::new(&[]);
        for folder in folders {
            let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
            copy_into(&from, &place.path().join(folder));
        }
        place
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).unwrap()
    }

    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.fed(arguments, "")
    }

    /// Runs the program with something to read.
    pub fn fed(&self, arguments: &[&str], input: &str) -> Ran {
        let mut child = Command::new(env!("CARGO_BIN_EXE_vaultform"))
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .envs(&self.variables)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_owned();
        let writing = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
        let ran = child.wait_with_output().unwrap().into();
        let _ = writing.join();
        ran
    }
}

fn copy_into(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_into(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}
