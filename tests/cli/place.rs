//! A folder with a configuration, the program run in it, and a real server.

use crate::CANARY;
use crate::bao::Bao;
use serde_json::Value as Json;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A directory with a configuration, and what the program is told besides.
pub struct Place {
    pub folder: tempfile::TempDir,
    pub variables: Vec<(String, String)>,
}

/// What a run came to.
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
}

impl Place {
    pub fn new(configuration: &str) -> Place {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("main.tf"), configuration).unwrap();
        Place {
            folder,
            variables: Vec::new(),
        }
    }

    pub fn on(bao: &Bao, configuration: &str) -> Place {
        Place::new(configuration)
            .with("VAULT_ADDR", &bao.address)
            .with("VAULT_TOKEN", "root")
            .with("TF_VAR_secret", CANARY)
    }

    pub fn with(mut self, name: &str, value: &str) -> Place {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vaultform"));
        command
            .args(words)
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .env("VAULTFORM_NAME", "test")
            .stdin(Stdio::null());
        for (name, value) in &self.variables {
            command.env(name, value);
        }
        command
    }

    pub fn run(&self, words: &[&str]) -> Ran {
        self.command(words).output().unwrap().into()
    }
}

pub fn tokio() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap()
}

pub fn started() -> (tokio::runtime::Runtime, Bao) {
    let runtime = tokio();
    let bao = runtime.block_on(Bao::dev());
    (runtime, bao)
}

/// Sends a request with the root token.
pub fn request(
    runtime: &tokio::runtime::Runtime,
    bao: &Bao,
    method: &str,
    path: &str,
    body: &Json,
) -> Json {
    runtime.block_on(async {
        let settings = bao.settings("root");
        let connection = vaultform::server::Connection::open(&settings)
            .await
            .unwrap();
        let request = match method {
            "GET" => vaultform::server::Request::get(path),
            "DELETE" => vaultform::server::Request::delete(path),
            "LIST" => vaultform::server::Request::list(path),
            _ => vaultform::server::Request::post(path, body.clone()),
        };
        use vaultform::server::Server;
        connection
            .server
            .send(request)
            .await
            .unwrap()
            .data()
            .clone()
    })
}

/// Lists all files below a folder with what is in them.
pub fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.clone(), std::fs::read(&path).unwrap()));
        }
    }
    found
}
