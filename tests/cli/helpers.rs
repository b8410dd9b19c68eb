//! Types of the helper providers: keys, certificates, times, files and programs, beside a real server.

use crate::place::{Place, started};

const HELPERS: &str = r#"
variable "days" {
  type    = number
  default = 7
}

resource "random_pet" "name" {
  length = 3
}

resource "random_bytes" "key" {
  length = 16
}

resource "time_offset" "expiry" {
  base_rfc3339 = "2030-01-01T00:00:00Z"
  offset_days  = var.days
}

resource "tls_private_key" "ca" {
  algorithm   = "ECDSA"
  ecdsa_curve = "P256"
}

resource "tls_self_signed_cert" "ca" {
  private_key_pem       = tls_private_key.ca.private_key_pem
  is_ca_certificate     = true
  validity_period_hours = 100
  allowed_uses          = ["cert_signing"]

  subject {
    common_name = "Example Root"
  }
}

resource "local_file" "ca" {
  filename = "${path.module}/out/ca.pem"
  content  = tls_self_signed_cert.ca.cert_pem
}

resource "local_sensitive_file" "key" {
  filename        = "${path.module}/out/ca.key"
  content         = tls_private_key.ca.private_key_pem
  file_permission = "0600"
}

data "external" "echo" {
  program = ["cat"]
  query   = { said = "hello" }
}

data "local_file" "ca" {
  filename = local_file.ca.filename
}

resource "vault_mount" "kv" {
  path = "kv"
  type = "kv-v2"
}

resource "vault_kv_secret_v2" "pet" {
  mount     = vault_mount.kv.path
  name      = random_pet.name.id
  data_json = jsonencode({ key = random_bytes.key.hex, said = data.external.echo.result.said })
}

output "expiry" {
  value = time_offset.expiry.rfc3339
}

output "same" {
  value = data.local_file.ca.content == tls_self_signed_cert.ca.cert_pem
}
"#;

#[test]
fn helpers_keep_what_they_made() {
    let (_runtime, bao) = started();
    let place = Place::on(&bao, HELPERS);
    place
        .run(&["apply", "-auto-approve"])
        .ended(0)
        .says("expiry = \"2030-01-08T00:00:00Z\"")
        .says("same = true");
    place.run(&["plan", "-detailed-exitcode"]).ended(0);
    let certificate = place.path("out/ca.pem");
    let before = std::fs::read_to_string(&certificate).unwrap();
    std::fs::write(&certificate, "something else").unwrap();
    place
        .run(&["plan", "-detailed-exitcode"])
        .ended(2)
        .says("local_file.ca must be replaced");
    std::fs::remove_file(&certificate).unwrap();
    place
        .run(&["apply", "-auto-approve", "-var", "days=8"])
        .ended(0)
        .says("expiry = \"2030-01-09T00:00:00Z\"");
    assert_eq!(std::fs::read_to_string(&certificate).unwrap(), before);
    place
        .run(&["plan", "-detailed-exitcode", "-var", "days=8"])
        .ended(0);
    place.run(&["destroy", "-auto-approve"]).ended(0);
    assert!(!certificate.exists() && !place.path("out/ca.key").exists());
}

#[test]
fn only_the_file_that_is_asked_for_holds_the_key() {
    use std::os::unix::fs::PermissionsExt;
    let (_runtime, bao) = started();
    let place = Place::on(&bao, HELPERS);
    let ran = place.run(&["apply", "-auto-approve"]).ended(0);
    let key = std::fs::read_to_string(place.path("out/ca.key")).unwrap();
    let line = key.lines().nth(1).unwrap();
    assert!(!ran.out.contains(line) && !ran.error.contains(line));
    let mode = std::fs::metadata(place.path("out/ca.key")).unwrap();
    assert_eq!(mode.permissions().mode() & 0o777, 0o600);
}

const KEY: &str = r#"
resource "tls_private_key" "k" {
  algorithm = "ED25519"
}

resource "random_password" "p" {
  length = 20
}

resource "vault_jwt_auth_backend" "j" {
  path                   = "jwt"
  jwt_validation_pubkeys = [tls_private_key.k.public_key_pem]
}

resource "vault_policy" "p" {
  name   = "p"
  policy = "path \"kv/${tls_private_key.k.public_key_fingerprint_sha256}\" {}"
}

resource "vault_mount" "kv" {
  path = "kv"
  type = "kv-v2"
}

resource "vault_kv_secret_v2" "s" {
  mount     = vault_mount.kv.path
  name      = "s"
  data_json = jsonencode({ key = tls_private_key.k.private_key_pem, password = random_password.p.result })
}

output "pub" {
  value = tls_private_key.k.public_key_pem
}

output "password" {
  value     = random_password.p.result
  sensitive = true
}
"#;

#[test]
fn what_is_open_of_a_kept_key_is_known_and_its_secrets_stay_held() {
    let (_runtime, bao) = started();
    let place = Place::on(&bao, KEY);
    place.run(&["apply", "-auto-approve"]).ended(0);
    place
        .run(&["plan", "-detailed-exitcode", "-no-color"])
        .ended(0)
        .says("No changes.");
    let public = place.run(&["output", "-raw", "pub"]).ended(0);
    assert!(public.out.starts_with("-----BEGIN PUBLIC KEY-----"));
    let password = place.run(&["output", "-raw", "password"]).ended(0);
    assert_eq!(password.out.chars().count(), 20);
    let all = place.run(&["output", "-json"]).ended(0);
    let all: serde_json::Value = serde_json::from_str(&all.out).unwrap();
    assert_eq!(all["password"]["value"], password.out);
    assert_eq!(all["pub"]["value"], public.out);
    let changed = KEY.replace("kv/$", "other/$");
    std::fs::write(place.path("main.tf"), changed).unwrap();
    let plan = place.run(&["plan", "-no-color"]).ended(0);
    plan.says("1 to change").says_not(&password.out);
}
