//! Starts real servers for a test, and stops exactly those.

use serde_json::json;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use vaultform::server::connect::Settings;
use vaultform::server::{Connection, Http, Login, Request, Server};

/// Finds the server's binary: `BAO_BIN`, the `PATH`, or what `make tools` installs.
fn binary() -> PathBuf {
    let named = std::env::var_os("BAO_BIN").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join("bao"));
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools/venv/bin/bao");
    let found = named
        .into_iter()
        .chain(on_path)
        .chain([own])
        .find(|file| file.is_file());
    found.expect("no `bao` to test against: run `make tools`, or set BAO_BIN")
}

/// A server of our own, killed when it goes.
pub struct Bao {
    child: Child,
    pub address: String,
    pub port: u16,
    pub folder: tempfile::TempDir,
}

impl Drop for Bao {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

impl Bao {
    fn run(folder: tempfile::TempDir, port: u16, scheme: &str, arguments: &[String]) -> Bao {
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let child = Command::new(binary())
            .arg("server")
            .args(arguments)
            .env_remove("VAULT_ADDR")
            .env("HOME", folder.path())
            .stdout(log)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Bao {
            child,
            address: format!("{scheme}://127.0.0.1:{port}"),
            port,
            folder,
        }
    }

    /// Starts an unsealed server in memory whose root token is `root`.
    pub async fn dev() -> Bao {
        let port = free_port();
        let listen = format!("-dev-listen-address=127.0.0.1:{port}");
        let arguments = [
            "-dev".to_owned(),
            "-dev-root-token-id=root".into(),
            "-dev-no-store-token".into(),
            listen,
        ];
        let bao = Bao::run(tempfile::tempdir().unwrap(), port, "http", &arguments);
        bao.listening().await;
        bao
    }

    /// Starts an uninitialised server; `listener` and `rest` are lines of its configuration, with `PORT` and `DIR` filled in.
    pub async fn configured(
        folder: tempfile::TempDir,
        scheme: &str,
        storage: &str,
        listener: &str,
    ) -> Bao {
        let (port, cluster) = (free_port(), free_port());
        let text = format!(
            "storage {storage}\nlistener \"tcp\" {{\n address = \"127.0.0.1:{port}\"\n cluster_address = \"127.0.0.1:{cluster}\"\n {listener}\n}}\n\
             api_addr = \"{scheme}://127.0.0.1:{port}\"\ncluster_addr = \"https://127.0.0.1:{cluster}\"\ndisable_mlock = true\n"
        );
        let file = folder.path().join("server.hcl");
        std::fs::write(&file, text.replace("DIR", folder.path().to_str().unwrap())).unwrap();
        let bao = Bao::run(
            folder,
            port,
            scheme,
            &["-config".to_owned(), file.to_str().unwrap().to_owned()],
        );
        bao.listening().await;
        bao
    }

    async fn listening(&self) {
        for _ in 0..600 {
            if tokio::net::TcpStream::connect(("127.0.0.1", self.port))
                .await
                .is_ok()
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        panic!("the server did not start:\n{log}");
    }

    /// Returns settings for it with a token.
    pub fn settings(&self, token: &str) -> Settings {
        Settings {
            login: Login::Token(token.into()),
            ..Settings::new(&self.address)
        }
    }

    pub async fn root(&self) -> Connection {
        connect(&self.settings("root")).await
    }
}

pub async fn connect(settings: &Settings) -> Connection {
    Connection::open(settings)
        .await
        .unwrap_or_else(|error| panic!("{error}"))
}

/// Initialises with one key and unseals; returns the key and the root token.
pub async fn initialise(settings: &Settings) -> (String, String) {
    let http = Http::reach(settings)
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    let shares = json!({"secret_shares": 1, "secret_threshold": 1});
    let made = http
        .send(Request::post("sys/init", shares).once())
        .await
        .unwrap();
    let key = made.data()["keys"][0].as_str().unwrap().to_owned();
    let token = made.data()["root_token"].as_str().unwrap().to_owned();
    unseal(settings, &key).await;
    (key, token)
}

/// Unseals and waits until a node leads.
pub async fn unseal(settings: &Settings, key: &str) {
    let http = Http::reach(settings).await.unwrap();
    http.send(Request::post("sys/unseal", json!({ "key": key })))
        .await
        .unwrap();
    for _ in 0..400 {
        let leader = http.send(Request::get("sys/leader")).await;
        let named = leader
            .ok()
            .and_then(|reply| reply.data()["leader_address"].as_str().map(str::to_owned));
        if named.is_some_and(|address| !address.is_empty()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("nobody leads");
}

/// Runs `openssl` in a folder; it must succeed.
pub fn openssl(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("openssl")
        .args(arguments)
        .current_dir(folder)
        .output();
    let output = output.expect("these tests need `openssl`");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}
