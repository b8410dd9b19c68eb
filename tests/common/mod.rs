//! A real OpenBao for tests: started on a free port, stopped when dropped, with the smallest of HTTP clients.
#![allow(
    clippy::disallowed_methods,
    reason = "a test looks at the world itself"
)]
#![allow(dead_code, reason = "each test uses a part of it")]

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// The root token of every server that is started here.
pub const ROOT: &str = "root";

/// A running development server. Nothing of it outlives the value.
pub struct Bao {
    /// `http://127.0.0.1:PORT`.
    pub address: String,
    child: Child,
    client: reqwest::Client,
    runtime: Runtime,
    /// The server's home directory.
    _home: tempfile::TempDir,
}

/// Where a server keeps things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// A development server.
    Memory,
    /// One node on disk.
    Raft,
}

fn development(port: u16) -> Vec<String> {
    let listen = format!("-dev-listen-address=127.0.0.1:{port}");
    let root = format!("-dev-root-token-id={ROOT}");
    vec!["-dev".into(), "-dev-no-store-token".into(), root, listen]
}

fn raft(home: &Path, port: u16) -> String {
    let data = home.join("data");
    std::fs::create_dir(&data).expect("a directory for the data");
    format!(
        "storage \"raft\" {{\n  path = \"{}\"\n  node_id = \"one\"\n  performance_multiplier = 1\n}}\n\
         listener \"tcp\" {{\n  address = \"127.0.0.1:{port}\"\n  tls_disable = true\n}}\n\
         api_addr = \"http://127.0.0.1:{port}\"\ncluster_addr = \"http://127.0.0.1:{}\"\ndisable_mlock = true\n",
        data.display(),
        port + 1
    )
}

/// What a server answered: its status, and the body, `Null` where it was empty or no JSON.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

impl Bao {
    /// Starts a server; panics with what to do when there is no program for it.
    pub fn start() -> Bao {
        Bao::start_with("")
    }

    /// Starts a server with lines of configuration of its own.
    pub fn start_with(configuration: &str) -> Bao {
        Bao::start_on(Storage::Memory, configuration)
    }

    /// Starts a server with storage of one's choice.
    pub fn start_on(storage: Storage, configuration: &str) -> Bao {
        let program = program();
        let _ = rustls::crypto::ring::default_provider().install_default();
        for _ in 0..5 {
            if let Some(bao) = Bao::try_start(&program, storage, configuration) {
                return bao;
            }
        }
        panic!(
            "`{}` did not become ready within 30 seconds",
            program.display()
        );
    }

    fn try_start(program: &Path, storage: Storage, configuration: &str) -> Option<Bao> {
        let home = tempfile::tempdir().expect("a directory for the server");
        let file = home.path().join("server.hcl");
        let port = free_port();
        let (lines, arguments) = match storage {
            Storage::Memory => (String::new(), development(port)),
            Storage::Raft => (raft(home.path(), port), Vec::new()),
        };
        std::fs::write(&file, configuration.to_owned() + &lines)
            .expect("a configuration for the server");
        let child = Command::new(program)
            .arg("server")
            .args(arguments)
            .arg(format!("-config={}", file.display()))
            .env("HOME", home.path())
            .current_dir(home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|why| panic!("`{}` cannot be started: {why}", program.display()));
        let mut bao = Bao {
            address: format!("http://127.0.0.1:{port}"),
            child,
            client: reqwest::Client::builder()
                .no_proxy()
                .build()
                .expect("a client"),
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime"),
            _home: home,
        };
        if storage == Storage::Raft {
            bao.unseal()?;
        }
        bao.is_ready().then_some(bao)
    }

    /// Takes a new server into use, with [`ROOT`] as a token of the root policy.
    fn unseal(&mut self) -> Option<()> {
        let put = |path: &str, body: Value| {
            let answer = self.try_request("PUT", path, "", Some(&body), &[]);
            answer.ok().filter(|answer| answer.status == 200)
        };
        let shares = json!({"secret_shares": 1, "secret_threshold": 1});
        let new = (0..600).find_map(|_| {
            std::thread::sleep(Duration::from_millis(50));
            put("sys/init", shares.clone())
        })?;
        put("sys/unseal", json!({"key": new.body["keys"][0]}))?;
        let first = new.body["root_token"].as_str()?.to_owned();
        let ours = json!({"id": ROOT, "policies": ["root"], "no_parent": true});
        (0..600).find_map(|_| {
            std::thread::sleep(Duration::from_millis(50));
            let made = self.try_request("POST", "auth/token/create", &first, Some(&ours), &[]);
            made.ok().filter(|made| made.status == 200)
        })?;
        Some(())
    }

    fn is_ready(&mut self) -> bool {
        for _ in 0..600 {
            if self
                .try_request("GET", "sys/mounts", ROOT, None, &[])
                .is_ok_and(|answer| answer.status == 200)
            {
                return true;
            }
            if self.child.try_wait().is_ok_and(|status| status.is_some()) {
                return false;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        false
    }

    fn try_request(
        &self,
        method: &str,
        path: &str,
        token: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> reqwest::Result<Answer> {
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = self
            .client
            .request(method.clone(), format!("{}/v1/{path}", self.address))
            .header("X-Vault-Token", token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if method == reqwest::Method::PATCH {
            request = request.header("Content-Type", "application/merge-patch+json");
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        self.runtime.block_on(async {
            let response = request.send().await?;
            let status = response.status().as_u16();
            let text = response.bytes().await?;
            let body = serde_json::from_slice(&text).unwrap_or(Value::Null);
            Ok(Answer { status, body })
        })
    }

    /// Sends a request with a token and headers. Status 0 when the server closed the connection.
    pub fn request(
        &self,
        method: &str,
        path: &str,
        token: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        self.try_request(method, path, token, body, headers)
            .unwrap_or(Answer {
                status: 0,
                body: Value::Null,
            })
    }

    /// Sends a request as root; panics when it is refused.
    pub fn root(&self, method: &str, path: &str, body: Value) -> Value {
        let body = Some(&body).filter(|body| !body.is_null());
        let answer = self.request(method, path, ROOT, body, &[]);
        assert!(
            matches!(answer.status, 200 | 204),
            "{method} {path}: {answer:?}"
        );
        answer.body
    }
}

impl Drop for Bao {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the program: `BAO_BIN`, else `bao` on the PATH, else the one that `make tools` installs.
fn program() -> PathBuf {
    if let Some(named) = std::env::var_os("BAO_BIN") {
        return named.into();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools/venv/bin/bao");
    std::env::split_paths(&path)
        .map(|directory| directory.join("bao"))
        .chain([ours])
        .find(|candidate| candidate.is_file())
        .unwrap_or_else(|| panic!("no `bao` on the PATH: run `make tools`, or set BAO_BIN"))
}

/// Returns a port that is free together with its successor, which the server takes for its cluster.
fn free_port() -> u16 {
    loop {
        let first = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = first.local_addr().expect("an address").port();
        if port < u16::MAX && TcpListener::bind(("127.0.0.1", port + 1)).is_ok() {
            return port;
        }
    }
}
