//! Keys as OpenSSH writes them (its PROTOCOL.key).

use super::der::{self, take};
use super::key::{Key, Kind};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use md5::Md5;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

fn string(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes(), bytes].concat()
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Rsa => "ssh-rsa",
        Kind::P256 => "ecdsa-sha2-nistp256",
        Kind::P384 => "ecdsa-sha2-nistp384",
        Kind::Ed25519 => "ssh-ed25519",
    }
}

fn curve(kind: Kind) -> &'static str {
    name(kind).rsplit('-').next().unwrap_or_default()
}

/// The numbers of an RSA key in the order of PKCS #1, as they stand there: big-endian, with a zero before a high bit.
fn numbers(key: &Key) -> Vec<&[u8]> {
    let fields = take(&key.inner, der::SEQUENCE).map(|(fields, _)| fields);
    der::each(fields.unwrap_or_default())
        .map(|(_, number)| number)
        .collect()
}

/// The public key in the form that goes over the wire.
pub(super) fn public_blob(key: &Key) -> Vec<u8> {
    let mut out = string(name(key.kind).as_bytes());
    match key.kind {
        Kind::Rsa => {
            let numbers = numbers(key);
            for at in [2, 1] {
                out.extend(string(numbers.get(at).copied().unwrap_or_default()));
            }
        }
        Kind::P256 | Kind::P384 => {
            out.extend(string(curve(key.kind).as_bytes()));
            out.extend(string(&key.public));
        }
        Kind::Ed25519 => out.extend(string(&key.public)),
    }
    out
}

/// The public key as a line of `authorized_keys`.
pub(super) fn public_line(key: &Key) -> String {
    format!("{} {}\n", name(key.kind), STANDARD.encode(public_blob(key)))
}

/// The fingerprint by MD5: pairs of digits.
pub(super) fn md5(blob: &[u8]) -> String {
    let digest = Md5::digest(blob);
    let pairs: Vec<String> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(":")
}

/// The fingerprint by SHA-256.
pub(super) fn sha256(blob: &[u8]) -> String {
    format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(blob)))
}

/// The private key, not encrypted.
pub(super) fn private(key: &Key) -> String {
    let check = rand::random::<u32>().to_be_bytes();
    let mut inside = Zeroizing::new([check, check].concat());
    inside.extend(string(name(key.kind).as_bytes()));
    match key.kind {
        Kind::Rsa => {
            let numbers = numbers(key);
            // n, e, d, the inverse of q, p, q.
            for at in [1, 2, 3, 8, 4, 5] {
                inside.extend(string(numbers.get(at).copied().unwrap_or_default()));
            }
        }
        Kind::P256 | Kind::P384 => {
            inside.extend(string(curve(key.kind).as_bytes()));
            inside.extend(string(&key.public));
            let scalar = key.scalar();
            let high = scalar.first().is_some_and(|byte| *byte >= 0x80);
            let zero: &[u8] = if high { &[0] } else { &[] };
            inside.extend(string(&Zeroizing::new([zero, &scalar].concat())));
        }
        Kind::Ed25519 => {
            inside.extend(string(&key.public));
            let both = Zeroizing::new([key.inner.as_slice(), &key.public].concat());
            inside.extend(string(&both));
        }
    }
    inside.extend(string(b""));
    let padding = (8 - inside.len() % 8) % 8;
    inside.extend((1..=padding).filter_map(|byte| u8::try_from(byte).ok()));
    let whole = Zeroizing::new(
        [
            b"openssh-key-v1\0".to_vec(),
            string(b"none"),
            string(b"none"),
            string(b""),
            1_u32.to_be_bytes().to_vec(),
            string(&public_blob(key)),
            string(&inside),
        ]
        .concat(),
    );
    der::pem("OPENSSH PRIVATE KEY", &whole)
}
