#![allow(
    clippy::disallowed_methods,
    reason = "other programs read what is made here"
)]

use super::*;
use serde_json::json;
use std::process::Command;

const NOW: i64 = 1_800_000_000;

fn wish(json: serde_json::Value) -> Value {
    crate::value::json::from_json(&json).unwrap()
}

fn made(local: Local, json: serde_json::Value) -> Value {
    make(local, &wish(json), "birth", NOW).unwrap()
}

fn said(value: &Value, name: &str) -> String {
    value
        .field(name)
        .and_then(Value::as_text)
        .unwrap()
        .to_owned()
}

#[test]
fn random_values_are_as_asked_for() {
    let text = made(
        Local::RandomString,
        json!({ "length": 12, "upper": false, "special": false, "numeric": false }),
    );
    assert!(
        said(&text, "result")
            .bytes()
            .all(|byte| byte.is_ascii_lowercase())
    );
    assert_eq!(said(&text, "result").len(), 12);
    assert_eq!(said(&text, "id"), said(&text, "result"));
    let number = made(Local::RandomInteger, json!({ "min": 7, "max": 7 }));
    assert_eq!(super::number(&number, "result"), Some(7));
    let pet = made(
        Local::RandomPet,
        json!({ "length": 3, "prefix": "my", "separator": "_" }),
    );
    assert_eq!(said(&pet, "id").split('_').count(), 4);
    let input = json!({ "input": ["a", "b", "c"], "result_count": 2 });
    let two = texts(&made(Local::RandomShuffle, input), "result");
    assert!(two.len() == 2 && two[0] != two[1]);
    let bytes = made(Local::RandomBytes, json!({ "length": 5 }));
    assert_eq!(said(&bytes, "hex").len(), 10);
    let wrong = make(
        Local::RandomInteger,
        &wish(json!({ "min": 2, "max": 1 })),
        "",
        NOW,
    );
    assert!(wrong.unwrap_err().contains("more than"));
}

#[test]
fn moments_are_counted_as_go_counts() {
    let base = json!({ "base_rfc3339": "2027-01-31T12:00:00Z", "offset_months": 1 });
    assert_eq!(
        said(&made(Local::TimeOffset, base), "rfc3339"),
        "2027-03-03T12:00:00Z"
    );
    let back =
        json!({ "base_rfc3339": "2028-02-29T00:00:00Z", "offset_years": -1, "offset_hours": -1 });
    assert_eq!(
        said(&made(Local::TimeOffset, back), "rfc3339"),
        "2027-02-28T23:00:00Z"
    );
    let fixed = made(Local::TimeStatic, json!({}));
    assert_eq!(said(&fixed, "rfc3339"), "2027-01-15T08:00:00Z");
    assert_eq!(super::number(&fixed, "unix"), Some(NOW));
}

#[test]
fn what_is_over_is_made_anew() {
    let rotating = made(Local::TimeRotating, json!({ "rotation_days": 30 }));
    assert_eq!(
        is_over(Local::TimeRotating, &rotating, NOW + 29 * 86_400),
        None
    );
    let later = NOW + 30 * 86_400;
    assert_eq!(
        is_over(Local::TimeRotating, &rotating, later),
        Some("rotation_rfc3339")
    );
    // The wish has changed since: what was noted is the moment, not its end.
    let sooner = wish(json!({ "rotation_days": 1 }));
    let kept = refreshed(Local::TimeRotating, &sooner, rotating, NOW);
    assert!(is_over(Local::TimeRotating, &kept, NOW + 86_400).is_some());
}

fn key(json: serde_json::Value) -> Value {
    made(Local::PrivateKey, json)
}

fn openssl(arguments: &[&str], input: &str) -> String {
    use std::io::Write;
    let mut child = Command::new("openssl")
        .args(arguments)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("openssl");
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        text(&output.stderr)
    );
    text(&output.stdout)
}

#[test]
fn keys_are_those_that_others_read() {
    let kinds = [
        json!({ "algorithm": "RSA", "rsa_bits": 2048 }),
        json!({ "algorithm": "ECDSA", "ecdsa_curve": "P256" }),
        json!({ "algorithm": "ECDSA", "ecdsa_curve": "P384" }),
        json!({ "algorithm": "ED25519" }),
    ];
    for kind in kinds {
        let key = key(kind);
        for spelling in ["private_key_pem", "private_key_pem_pkcs8"] {
            let public = openssl(&["pkey", "-pubout"], &said(&key, spelling));
            assert_eq!(public, said(&key, "public_key_pem"));
            let again = public_key(&wish(json!({ "private_key_pem": said(&key, spelling) })));
            let again = Value::object(again.unwrap());
            for name in [
                "public_key_pem",
                "public_key_openssh",
                "public_key_fingerprint_sha256",
            ] {
                assert_eq!(said(&again, name), said(&key, name));
            }
        }
    }
    let curve = json!({ "algorithm": "ECDSA", "ecdsa_curve": "P521" });
    assert!(
        make(Local::PrivateKey, &wish(curve), "", NOW)
            .unwrap_err()
            .contains("P256")
    );
}

#[test]
fn ssh_reads_the_keys_of_every_kind() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    for kind in [
        json!({ "algorithm": "RSA" }),
        json!({ "algorithm": "ECDSA", "ecdsa_curve": "P256" }),
        json!({ "algorithm": "ED25519" }),
    ] {
        let key = key(kind);
        write_private(&file, &said(&key, "private_key_openssh"));
        let told = Command::new("ssh-keygen")
            .arg("-y")
            .arg("-f")
            .arg(&file)
            .output();
        let Ok(told) = told else { return };
        let line = String::from_utf8_lossy(&told.stdout).into_owned();
        assert_eq!(line.trim(), said(&key, "public_key_openssh").trim());
    }
}

fn write_private(path: &std::path::Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

fn authority(kind: serde_json::Value) -> (Value, Value) {
    let key = key(kind);
    let certificate = made(
        Local::SelfSigned,
        json!({
            "private_key_pem": said(&key, "private_key_pem"),
            "is_ca_certificate": true,
            "validity_period_hours": 24,
            "allowed_uses": ["cert_signing", "crl_signing"],
            "subject": [{ "common_name": "Bücher Root", "organization": "Example", "street_address": ["A 1"] }],
        }),
    );
    (key, certificate)
}

#[test]
fn a_chain_of_our_own_is_verified_by_others() {
    let folder = tempfile::tempdir().unwrap();
    for kind in [
        json!({ "algorithm": "RSA" }),
        json!({ "algorithm": "ECDSA", "ecdsa_curve": "P384" }),
        json!({ "algorithm": "ED25519" }),
    ] {
        let (ca_key, ca) = authority(kind);
        let own = key(json!({ "algorithm": "ECDSA", "ecdsa_curve": "P256" }));
        let request = made(
            Local::Request,
            json!({
                "private_key_pem": said(&own, "private_key_pem"),
                "dns_names": ["app.internal.example"],
                "ip_addresses": ["10.0.0.7", "2001:db8::1"],
                "uris": ["spiffe://example/app"],
                "subject": [{ "common_name": "app.internal.example" }],
            }),
        );
        let told = openssl(
            &["req", "-verify", "-noout", "-text"],
            &said(&request, "cert_request_pem"),
        );
        assert!(told.contains("URI:spiffe://example/app"), "{told}");
        let leaf = made(
            Local::LocallySigned,
            json!({
                "cert_request_pem": said(&request, "cert_request_pem"),
                "ca_private_key_pem": said(&ca_key, "private_key_pem"),
                "ca_cert_pem": said(&ca, "cert_pem"),
                "validity_period_hours": 24,
                "early_renewal_hours": 4,
                "allowed_uses": ["digital_signature", "server_auth"],
            }),
        );
        let file = folder.path().join("ca.pem");
        write_private(&file, &said(&ca, "cert_pem"));
        let arguments = [
            "verify",
            "-attime",
            "1800000060",
            "-x509_strict",
            "-purpose",
            "sslserver",
            "-verify_hostname",
            "app.internal.example",
            "-verify_ip",
            "2001:db8::1",
            "-CAfile",
        ];
        let mut arguments = arguments.to_vec();
        let path = file.display().to_string();
        arguments.push(&path);
        openssl(&arguments, &said(&leaf, "cert_pem"));
        let early = wish(json!({ "early_renewal_hours": 4 }));
        let after = |hours: i64| {
            let now = NOW + hours * 3600;
            let kept = refreshed(Local::LocallySigned, &early, leaf.clone(), now);
            is_over(Local::LocallySigned, &kept, now)
        };
        assert_eq!((after(19), after(20)), (None, Some("ready_for_renewal")));
    }
}

#[test]
fn a_strangers_key_signs_nothing() {
    let (_, ca) = authority(json!({ "algorithm": "ED25519" }));
    let other = key(json!({ "algorithm": "ED25519" }));
    let wrong = json!({
        "cert_request_pem": "",
        "ca_private_key_pem": said(&other, "private_key_pem"),
        "ca_cert_pem": said(&ca, "cert_pem"),
    });
    let why = make(Local::LocallySigned, &wish(wrong), "", NOW).unwrap_err();
    assert!(why.contains("not the key"), "{why}");
}
