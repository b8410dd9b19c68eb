//! Nothing that is secret is shown, written to a file, logged or said in an error.

use crate::CANARY;
use crate::bao::Bao;
use crate::place::{Place, files, request, started};

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

/// A text that the program meets only when it runs: nobody can know it beforehand.
const WORKED_OUT: &str = "sensitive(base64decode(\"Y2FuYXJ5LTRmMWQ5Yg==\"))";

#[test]
fn errors_do_not_quote_secrets() {
    let secret = WORKED_OUT;
    let cases = [
        format!("{{for k in [{secret}, {secret}] : k => 1}}"),
        format!("{{for k in [{secret}] : k => 1}}.x"),
        format!("{{for k in [{secret}] : k => 1}}[\"x\"]"),
        format!("{{a = 1}}[{secret}]"),
        format!("tomap({{for k in [{secret}] : k => \"x\"}}).x"),
        format!("tonumber({secret})"),
        format!("tobool({secret})"),
        format!("{secret} + 1"),
        format!("{secret}.x"),
        format!("[1][{secret}]"),
        format!("jsondecode({secret})"),
        format!("yamldecode(\"a: [${{{secret}}}\")"),
        format!("base64decode(\"${{{secret}}}!\")"),
        format!("file({secret})"),
        format!("templatefile({secret}, {{}})"),
        format!("parseint({secret}, 10)"),
        format!("cidrhost({secret}, 1)"),
        format!("formatdate({secret}, \"2020-01-01T00:00:00Z\")"),
        format!("formatdate(\"YYYY\", {secret})"),
        format!("timeadd({secret}, \"1h\")"),
        format!("timecmp({secret}, {secret})"),
        format!("format({secret}, 1)"),
        format!("format(\"%d\", {secret})"),
        format!("regex({secret}, \"x\")"),
        format!("regex(\"(\", {secret})"),
        format!("csvdecode(\"a,b\\n${{{secret}}}\")"),
        format!("lookup({{a = 1}}, {secret})"),
        format!("index([\"a\"], {secret})"),
        format!("element({secret}, 1)"),
        format!("one([{secret}, {secret}])"),
        format!("zipmap([{secret}], [])"),
        format!("merge({{a = 1}}, {secret})"),
        format!("rsadecrypt({secret}, {secret})"),
        format!("bcrypt({secret}, 99)"),
        format!("tomap({{for k in [{secret}, \"b\"] : k => k == \"b\" ? [1] : \"x\"}})"),
        format!("chunklist([1], {secret})"),
        format!("pathexpand({secret}) + 1"),
        format!("uuidv5({secret}, \"x\")"),
        format!("urlencode([{secret}])"),
        format!("textencodebase64(\"x\", {secret})"),
        format!("textdecodebase64({secret}, \"UTF-8\")"),
        format!("strrev([{secret}])"),
        format!("setproduct({secret})"),
        format!("range({secret})"),
        format!("{secret} ? 1 : 2"),
        format!("!{secret}"),
        format!("\"%{{ for x in {secret} }}%{{ endfor }}\""),
        format!("[for x in {secret} : x]"),
    ];
    let locals: Vec<String> = (0..cases.len())
        .map(|at| format!("  l{at} = {}", cases[at]))
        .collect();
    let place = Place::new(&format!("locals {{\n{}\n}}\n", locals.join("\n")));
    for (at, case) in cases.iter().enumerate() {
        let mut command = place.command(&["console"]);
        command.stdin(std::process::Stdio::piped());
        command
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        std::io::Write::write_all(&mut input, format!("local.l{at}\n").as_bytes()).unwrap();
        drop(input);
        let output = child.wait_with_output().unwrap();
        let said = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(!said.contains(CANARY), "{case}:\n{said}");
        assert!(
            at > 0 || said.contains("wo elements have the key (sensitive value)"),
            "{said}"
        );
    }
}

#[test]
fn errors_of_data_sources_do_not_quote_secrets() {
    let (_runtime, bao) = started();
    for text in [
        "data \"http\" \"x\" {\n  url = \"http://user:canary-4f1d9b@127.0.0.1:1/x\"\n}\n",
        "data \"http\" \"x\" {\n  url = \"http://127.0.0.1:1/${SECRET}\"\n}\n",
        "data \"external\" \"x\" {\n  program = [\"sh\", \"-c\", \"cat >&2; exit 1\"]\n  query = { a = SECRET }\n}\n",
        "data \"external\" \"x\" {\n  program = [SECRET]\n}\n",
        "data \"local_file\" \"x\" {\n  filename = SECRET\n}\n",
        "data \"vault_kv_secret_v2\" \"x\" {\n  mount = \"kv\"\n  name  = SECRET\n}\n",
        "data \"vault_generic_secret\" \"x\" {\n  path = \"kv/data/${SECRET}\"\n}\n",
        "resource \"vault_policy\" \"x\" {\n  name   = SECRET\n  policy = \"\"\n}\nresource \"vault_policy\" \"y\" {\n  name   = SECRET\n  policy = \"\"\n}\n",
    ] {
        for secret in [WORKED_OUT, "var.secret"] {
            let text = text.replace("SECRET", secret);
            let place = Place::on(&bao, &format!("{HEAD}{text}"));
            let ran = place.run(&["plan", "-vv"]).ended(1);
            let said = format!("{}{}", ran.out, ran.error);
            let quoted = text.contains(CANARY);
            let said = match quoted {
                // The line of the configuration itself may be shown.
                true => said
                    .lines()
                    .filter(|line| !line.contains("url ="))
                    .collect(),
                false => said,
            };
            assert!(!said.contains(CANARY), "{text}:\n{said}");
        }
    }
}

#[test]
fn a_file_of_values_is_not_quoted() {
    let place = Place::new(HEAD);
    for text in [
        "secret = \"canary-4f1d9b\nother = 1\n",
        "secret = canary-4f1d9b\n",
        "odd = canary-4f1d9b\n",
        "secret = [\"canary-4f1d9b\"\n",
        "secret = {\n  \"canary-4f1d9b\" = [1]\n}\n",
        "secret = <<E\n  canary-4f1d9b\n",
        "canary-4f1d9b\n",
    ] {
        std::fs::write(place.path("terraform.tfvars"), text).unwrap();
        for words in [
            &["plan"][..],
            &["plan", "-json"],
            &["validate", "-json"],
            &["fmt", "terraform.tfvars"],
        ] {
            let ran = place.run(words);
            let said = format!("{}{}", ran.out, ran.error);
            assert!(!said.contains(CANARY), "{words:?} {text}:\n{said}");
            assert!(
                words[0] != "plan" || (ran.code == 1 && said.contains("tfvars")),
                "{text}:\n{said}"
            );
        }
    }
}

#[test]
fn an_overwritten_write_only_value_is_drift() {
    let (runtime, bao) = started();
    let text = r#"
resource "vault_kv_secret_v2" "a" {
  mount                = vault_mount.kv.path
  name                 = "a"
  data_json_wo         = jsonencode({ password = var.secret, port = 1.50, list = [{ b = 1, a = null }] })
  data_json_wo_version = 1
}
"#;
    let place = Place::on(&bao, &format!("{HEAD}{text}"));
    place.run(&["apply", "-auto-approve"]).ended(0);
    for words in [&["plan", "-detailed-exitcode"][..], &["drift"]] {
        place.run(words).ended(0).says_not(CANARY);
    }
    let other = serde_json::json!({ "data": { "password": "canary-of-another" } });
    request(&runtime, &bao, "POST", "kv/data/a", &other);
    for words in [&["plan", "-detailed-exitcode"][..], &["drift"]] {
        let ran = place.run(words).ended(2).says("vault_kv_secret_v2.a");
        ran.says("data_json_wo").says_not("canary");
    }
    place
        .run(&["apply", "-auto-approve"])
        .ended(0)
        .says("1 changed");
    let now = request(&runtime, &bao, "GET", "kv/data/a", &serde_json::Value::Null);
    assert_eq!(now["data"]["password"], CANARY);
    place.run(&["plan", "-detailed-exitcode"]).ended(0);
}

#[test]
fn a_declared_secret_is_managed_however_it_is_spelled() {
    let (runtime, bao) = started();
    let text = r#"
resource "vault_generic_secret" "a" {
  path      = "${vault_mount.kv.path}/app"
  data_json = jsonencode({ password = var.secret })
}
"#;
    let place = Place::on(&bao, &format!("{HEAD}{text}"));
    place.run(&["apply", "-auto-approve"]).ended(0);
    let other = serde_json::json!({ "data": { "a": "b" } });
    request(&runtime, &bao, "POST", "kv/data/other", &other);
    let ran = place.run(&["drift", "-unmanaged"]);
    ran.says("kv/data/other").says_not("kv/data/app");
}

#[test]
fn a_refused_write_of_our_own_is_not_blamed_on_others() {
    let (runtime, bao) = started();
    let text = r#"
variable "n" { default = "1" }
resource "random_password" "p" {
  length  = 20
  keepers = { n = var.n }
}
resource "vault_kv_secret_v2" "a" {
  mount     = vault_mount.kv.path
  name      = "a"
  data_json = jsonencode({ password = random_password.p.result })
}
resource "vault_auth_backend" "users" {
  type = "userpass"
}
resource "vault_userpass_auth_backend_user" "u" {
  mount     = vault_auth_backend.users.path
  username  = "u"
  password_wo = var.secret
  token_ttl = var.n
}
"#;
    let place = Place::on(&bao, &format!("{HEAD}{text}"));
    place.run(&["apply", "-auto-approve"]).ended(0);
    let all = "path \"*\" { capabilities = [\"create\", \"read\", \"update\", \"patch\", \"delete\", \"list\", \"sudo\"] }";
    // The capability is there, so the run begins; the write is refused all the same.
    let none = r#"
        path "kv/data/a" {
          capabilities      = ["create", "read", "update"]
          denied_parameters = { "data" = [] }
        }
        path "auth/userpass/users/u" {
          capabilities      = ["create", "read", "update"]
          denied_parameters = { "token_ttl" = [] }
        }
    "#;
    let policy = serde_json::json!({ "policy": format!("{all}\n{none}\n") });
    request(&runtime, &bao, "POST", "sys/policies/acl/most", &policy);
    let token = serde_json::json!({ "id": "limited-token", "policies": ["most"], "ttl": "1h" });
    request(&runtime, &bao, "POST", "auth/token/create", &token);
    let place = place.with("VAULT_TOKEN", "limited-token");
    let ran = place.run(&["apply", "-auto-approve", "-var=n=2"]);
    assert!(ran.out.contains("2 failed"), "{}{}", ran.out, ran.error);
    let place = place.with("VAULT_TOKEN", "root");
    place
        .run(&["plan", "-var=n=2", "-out=p", "-detailed-exitcode"])
        .ended(2);
    let shown = place.run(&["show", "-json", "p"]).ended(0);
    let shown: serde_json::Value = serde_json::from_str(&shown.out).unwrap();
    let changes = shown["resource_changes"].as_array().unwrap();
    let writes = changes
        .iter()
        .filter(|one| one["change"]["actions"][0] != "no-op");
    let origins: Vec<_> = writes
        .map(|one| (&one["address"], &one["vaultform"]["origin"]))
        .collect();
    assert!(
        origins.len() == 2 && origins.iter().all(|(_, origin)| **origin == "config"),
        "{origins:?}"
    );
    place.run(&["apply", "-auto-approve", "-var=n=2"]).ended(0);
    place
        .run(&["plan", "-var=n=2", "-detailed-exitcode"])
        .ended(0);
}

const NAMED_BY_SECRET: &str = r#"
variable "secret" {
  sensitive = true
}

resource "vault_policy" "app" {
  name   = var.secret
  policy = "path \"a\" { capabilities = [\"read\"] }"
}

resource "vault_mount" "kv" {
  path = "kv-${var.secret}"
  type = "kv"
}
"#;

#[test]
fn a_secret_name_that_becomes_another_tells_neither() {
    let (_runtime, bao) = started();
    let place = Place::on(&bao, NAMED_BY_SECRET);
    place.run(&["apply", "-auto-approve"]).ended(0);
    let other = "-var=secret=another-name";
    place
        .run(&["plan", other, "-out=p.json"])
        .ended(0)
        .says("will be moved on the server")
        .says("must be replaced")
        .says("loses read on a")
        .says_not(CANARY)
        .says_not("another-name");
    let saved = std::fs::read_to_string(place.path("p.json")).unwrap();
    assert!(!saved.contains(CANARY) && !saved.contains("another-name"));
    place
        .run(&["apply", other, "-auto-approve"])
        .ended(0)
        .says_not(CANARY)
        .says_not("another-name");
    place.run(&["plan", other, "-detailed-exitcode"]).ended(0);
}
