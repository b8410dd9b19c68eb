//! Nothing that is secret is shown, written to a file, logged or said in an error.

use crate::CANARY;
use crate::bao::Bao;
use crate::place::{Place, files, started};

const HEAD: &str = r#"
variable "secret" {
  type      = string
  sensitive = true
}

resource "vault_mount" "kv" {
  path = "kv"
  type = "kv-v2"
}
"#;

const LIFE: &[&[&str]] = &[
    &["plan", "-out=p"],
    &["show", "p"],
    &["show", "-json", "p"],
    &["apply", "-json", "p"],
    &["plan", "-json", "-vv"],
    &["show"],
    &["show", "-json"],
    &["plan", "-vv", "-var=n=2", "-out=u"],
    &["show", "-json", "u"],
    &["drift", "-json", "-vv"],
    &["state", "list"],
    &["ledger", "show", "vault_kv_secret_v2.a"],
    &["apply", "-auto-approve", "-var=n=2", "-vv"],
    &["plan", "-destroy", "-out=d", "-vv"],
    &["show", "-json", "d"],
    &["show", "d"],
];

/// Runs all of it, then without the resource, and looks for the secret in what was said and written.
fn nothing_said(bao: &Bao, text: &str) {
    let place = Place::on(bao, &format!("{HEAD}{text}"));
    let mut said = String::new();
    let run = |said: &mut String, words: &[&str]| {
        let ran = place.run(words);
        assert!(ran.code == 0, "{words:?}: {}\n{}", ran.out, ran.error);
        for text in [&ran.out, &ran.error] {
            assert!(
                !text.to_lowercase().contains(CANARY),
                "{words:?} says the secret:\n{text}"
            );
            said.push_str(text);
        }
    };
    for words in LIFE {
        run(&mut said, words);
    }
    std::fs::write(
        place.path("main.tf"),
        format!("{HEAD}variable \"n\" {{ default = 1 }}\n"),
    )
    .unwrap();
    for words in [
        &["plan", "-out=o"][..],
        &["show", "-json", "o"],
        &["plan", "-json", "-vv"],
        &["apply", "-auto-approve", "-json", "-vv"],
        &["destroy", "-auto-approve", "-allow-data-loss"],
    ] {
        run(&mut said, words);
    }
    assert!(said.contains("sys/mounts"), "the log tells of requests");
    for (path, bytes) in files(place.folder.path()) {
        let text = String::from_utf8_lossy(&bytes);
        assert!(
            !text.to_lowercase().contains(CANARY),
            "{}:\n{text}",
            path.display()
        );
    }
}

#[test]
fn secret_metadata_is_hidden_wherever_the_server_says_it() {
    let (_runtime, bao) = started();
    nothing_said(
        &bao,
        r#"
variable "n" { default = 1 }
resource "vault_kv_secret_v2" "a" {
  mount     = vault_mount.kv.path
  name      = "a"
  data_json = jsonencode({ n = var.n })
  custom_metadata {
    data = { note = var.secret }
  }
}
"#,
    );
}

#[test]
fn a_secret_in_a_place_is_hidden_wherever_the_place_is_told() {
    let (_runtime, bao) = started();
    nothing_said(
        &bao,
        r#"
variable "n" { default = 1 }
resource "vault_kv_secret_v2" "a" {
  mount     = vault_mount.kv.path
  name      = "sec-${var.secret}"
  data_json = jsonencode({ n = var.n })
}
resource "vault_policy" "of" {
  name   = "upper-${upper(var.secret)}"
  policy = "path \"kv/data/x${var.n}\" {\n  capabilities = [\"read\"]\n}\n"
}
"#,
    );
}
