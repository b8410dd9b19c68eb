//! Modules that are elsewhere: repositories and archives.

use crate::place::Place;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

const POLICY: &str = r#"
variable "name" {}
resource "vault_policy" "p" {
  name   = var.name
  policy = "path \"x\" {}"
}
"#;

fn git(folder: &Path, words: &[&str]) {
    let done = Command::new("git")
        .args(["-c", "user.name=a", "-c", "user.email=a@example.com"])
        .args(words)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
}

/// A repository whose module `team` calls `../base`; its tag `v1` lacks an output that the branch has.
fn repository(folder: &Path) {
    for name in ["modules/team", "modules/base"] {
        std::fs::create_dir_all(folder.join(name)).unwrap();
    }
    std::fs::write(folder.join("modules/base/main.tf"), POLICY).unwrap();
    let call =
        "variable \"name\" {}\nmodule \"base\" {\n  source = \"../base\"\n  name   = var.name\n}\n";
    std::fs::write(folder.join("modules/team/main.tf"), call).unwrap();
    git(folder, &["init", "-q", "-b", "main"]);
    git(folder, &["add", "-A"]);
    git(folder, &["commit", "-q", "-m", "one"]);
    git(folder, &["tag", "v1"]);
    let output = format!("{call}output \"name\" {{\n  value = var.name\n}}\n");
    std::fs::write(folder.join("modules/team/main.tf"), output).unwrap();
    git(folder, &["commit", "-q", "-a", "-m", "two"]);
}

fn calling(source: &str) -> String {
    format!(
        "module \"team\" {{\n  source = {source:?}\n  name   = \"a\"\n}}\noutput \"n\" {{\n  value = module.team.name\n}}\n"
    )
}

#[test]
fn repositories_are_fetched_once_and_anew_when_they_change() {
    let home = tempfile::tempdir().unwrap();
    repository(home.path());
    let url = format!("git::file://{}//modules/team", home.path().display());
    let place = Place::new(&calling(&url)).with("PATH", &std::env::var("PATH").unwrap());
    place
        .run(&["validate"])
        .ended(1)
        .says("`vaultform get` fetches it");
    place.run(&["get"]).ended(0).says("for team");
    place.run(&["validate"]).ended(0);
    place.run(&["get"]).ended(0).says_not("Fetching");
    std::fs::write(place.path("main.tf"), calling(&format!("{url}?ref=v1"))).unwrap();
    place.run(&["validate"]).ended(1).says("has changed since");
    place
        .run(&["init", "-backend=false"])
        .ended(1)
        .says("has no output `name`");
    std::fs::write(place.path("main.tf"), calling(&format!("{url}?ref=none"))).unwrap();
    place
        .run(&["get"])
        .ended(1)
        .says("git says")
        .says("main.tf line 2");
    std::fs::write(place.path("main.tf"), calling("acme/team/vault")).unwrap();
    place
        .run(&["get"])
        .ended(1)
        .says("git::https://github.com/acme/terraform-vault-team");
}

/// A `.tar.gz` with one file.
fn packed(name: &str, content: &str) -> Vec<u8> {
    let mut header = vec![0; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
    header[156] = b'0';
    header.extend(content.as_bytes());
    header.resize(512 + content.len().div_ceil(512) * 512 + 1024, 0);
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(&header).unwrap();
    writer.finish().unwrap()
}

#[test]
fn archives_are_fetched_from_the_disk_and_the_web() {
    let place = Place::new("");
    let archive = packed("deep/main.tf", POLICY);
    std::fs::write(place.path("m.tgz"), &archive).unwrap();
    let source = format!("file://{}//deep", place.path("m.tgz").display());
    let call = calling(&source).replace("module.team.name", "1");
    std::fs::write(place.path("main.tf"), call).unwrap();
    place.run(&["get"]).ended(0);
    place.run(&["validate"]).ended(0);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 2048];
        let length = stream.read(&mut request).unwrap();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            archive.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&archive).unwrap();
        String::from_utf8_lossy(&request[..length]).into_owned()
    });
    let source = format!("http://{address}/get?archive=tar.gz");
    let source = source.replace("/get?", "/get//deep?");
    let call = calling(&source).replace("module.team.name", "1");
    std::fs::write(place.path("main.tf"), call).unwrap();
    let place = place.with("VAULT_TOKEN", "hvs.secret");
    place.run(&["get"]).ended(0);
    place.run(&["validate"]).ended(0);
    let request = server.join().unwrap();
    assert!(request.starts_with("GET /get HTTP/1.1"), "{request}");
    assert!(!request.contains("hvs.secret"), "{request}");
}
