//! Private keys: made, read from PEM, written, signed with.

use super::der::{self, bits, element, integer, object, sequence, take};
use super::{Fields, chance, number, openssh, primes, text};
use crate::value::{Marks, Value};
use ring::rand::SystemRandom;
use ring::signature::{
    self, ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RsaKeyPair,
};
use sha1::{Digest, Sha1};
use zeroize::Zeroizing;

const RSA: &str = "1.2.840.113549.1.1.1";
const EC: &str = "1.2.840.10045.2.1";
const P256: &str = "1.2.840.10045.3.1.7";
const P384: &str = "1.3.132.0.34";
const ED25519: &str = "1.3.101.112";

/// What a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Rsa,
    P256,
    P384,
    Ed25519,
}

impl Kind {
    /// The name of the algorithm in configurations.
    pub(super) fn algorithm(self) -> &'static str {
        match self {
            Kind::Rsa => "RSA",
            Kind::P256 | Kind::P384 => "ECDSA",
            Kind::Ed25519 => "ED25519",
        }
    }

    /// The algorithm of the key, in DER.
    fn identifier(self) -> Vec<u8> {
        match self {
            Kind::Rsa => sequence(&[&object(RSA), &element(0x05, &[])]),
            Kind::P256 => sequence(&[&object(EC), &object(P256)]),
            Kind::P384 => sequence(&[&object(EC), &object(P384)]),
            Kind::Ed25519 => sequence(&[&object(ED25519)]),
        }
    }

    /// The algorithm of its signatures, in DER.
    pub(super) fn signature(self) -> Vec<u8> {
        match self {
            Kind::Rsa => sequence(&[&object("1.2.840.113549.1.1.11"), &element(0x05, &[])]),
            Kind::P256 => sequence(&[&object("1.2.840.10045.4.3.2")]),
            Kind::P384 => sequence(&[&object("1.2.840.10045.4.3.3")]),
            Kind::Ed25519 => sequence(&[&object(ED25519)]),
        }
    }

    fn curve(self) -> Option<(&'static str, &'static EcdsaSigningAlgorithm)> {
        match self {
            Kind::P256 => Some((P256, &ECDSA_P256_SHA256_ASN1_SIGNING)),
            Kind::P384 => Some((P384, &ECDSA_P384_SHA384_ASN1_SIGNING)),
            Kind::Rsa | Kind::Ed25519 => None,
        }
    }
}

/// A private key. Not `Debug`, so that it is never shown.
pub(super) struct Key {
    pub kind: Kind,
    /// What is particular to its kind: PKCS #1, SEC 1 without parameters, or the 32 bytes of Ed25519.
    pub inner: Zeroizing<Vec<u8>>,
    /// The public key's bits.
    pub public: Vec<u8>,
}

impl Key {
    /// Makes a new key.
    fn new(kind: Kind, size: usize) -> Result<Key, String> {
        let failed = |_| "the system's generator failed".to_owned();
        let random = SystemRandom::new();
        match kind.curve() {
            Some((_, algorithm)) => {
                let made = EcdsaKeyPair::generate_pkcs8(algorithm, &random).map_err(failed)?;
                Key::from_pkcs8(made.as_ref())
            }
            None if kind == Kind::Rsa => Key::from_inner(Kind::Rsa, primes::rsa(size)),
            None => {
                let mut seed = Zeroizing::new(vec![0_u8; 32]);
                rand::fill(&mut seed[..]);
                Key::from_inner(Kind::Ed25519, seed)
            }
        }
    }

    /// Reads a key in PEM: PKCS #8, PKCS #1 or SEC 1, not encrypted.
    pub(super) fn from_pem(pem: &str) -> Result<Key, String> {
        let (label, der) = der::from_pem(pem).ok_or("the private key is no PEM text")?;
        match label {
            "PRIVATE KEY" => Key::from_pkcs8(&der),
            "RSA PRIVATE KEY" => Key::from_inner(Kind::Rsa, der),
            "EC PRIVATE KEY" => Key::from_sec1(&der),
            other => Err(format!(
                "a `{other}` cannot be used: write it as `PRIVATE KEY`"
            )),
        }
    }

    fn from_pkcs8(der: &[u8]) -> Result<Key, String> {
        let read = || {
            let (fields, _) = take(der, der::SEQUENCE)?;
            let (_version, fields) = take(fields, der::INTEGER)?;
            let (algorithm, fields) = der::whole(fields, der::SEQUENCE)?;
            let (inner, _) = take(fields, der::OCTETS)?;
            let kinds = [Kind::Rsa, Kind::P256, Kind::P384, Kind::Ed25519];
            let kind = kinds
                .into_iter()
                .find(|kind| kind.identifier() == algorithm)?;
            let inner = match kind {
                Kind::Ed25519 => take(inner, der::OCTETS)?.0,
                _ => inner,
            };
            Some((kind, inner.to_vec()))
        };
        let (kind, inner) = read().ok_or("the private key is of a kind that is not supported")?;
        Key::from_inner(kind, inner.into())
    }

    fn from_sec1(der: &[u8]) -> Result<Key, String> {
        let read = || {
            let (fields, _) = take(der, der::SEQUENCE)?;
            let mut fields = der::each(fields);
            let curve = fields.find(|(tag, _)| *tag == 0xa0)?.1;
            let (curve, _) = der::whole(curve, der::OBJECT)?;
            let kinds = [Kind::P256, Kind::P384];
            let mut kinds = kinds.into_iter();
            kinds.find(|kind| kind.curve().is_some_and(|(name, _)| object(name) == curve))
        };
        let kind = read().ok_or("the private key is of a curve that is not supported")?;
        Key::from_inner(kind, der.to_vec().into())
    }

    fn from_inner(kind: Kind, inner: Zeroizing<Vec<u8>>) -> Result<Key, String> {
        let mut key = Key {
            kind,
            inner,
            public: Vec::new(),
        };
        key.public = key.public_bits()?;
        Ok(key)
    }

    fn public_bits(&self) -> Result<Vec<u8>, String> {
        let rejected = |why: ring::error::KeyRejected| format!("the private key is refused: {why}");
        let pkcs8 = self.pkcs8();
        Ok(match self.kind.curve() {
            Some((_, algorithm)) => {
                let random = SystemRandom::new();
                let pair =
                    EcdsaKeyPair::from_pkcs8(algorithm, &pkcs8, &random).map_err(rejected)?;
                pair.public_key().as_ref().to_vec()
            }
            None if self.kind == Kind::Rsa => {
                let pair = RsaKeyPair::from_der(&self.inner).map_err(rejected)?;
                pair.public_key().as_ref().to_vec()
            }
            None => {
                let pair = Ed25519KeyPair::from_seed_unchecked(&self.inner).map_err(rejected)?;
                pair.public_key().as_ref().to_vec()
            }
        })
    }

    /// The key in DER by PKCS #8.
    pub(super) fn pkcs8(&self) -> Zeroizing<Vec<u8>> {
        let inner = match self.kind {
            Kind::Ed25519 => Zeroizing::new(element(der::OCTETS, &self.inner)),
            _ => self.inner.clone(),
        };
        let inner = Zeroizing::new(element(der::OCTETS, &inner));
        sequence(&[&integer(&[0]), &self.kind.identifier(), &inner]).into()
    }

    /// The key as its kind is usually written in PEM.
    fn usual_pem(&self) -> String {
        match self.kind.curve() {
            _ if self.kind == Kind::Rsa => der::pem("RSA PRIVATE KEY", &self.inner),
            Some((curve, _)) => der::pem("EC PRIVATE KEY", &self.sec1(curve)),
            None => der::pem("PRIVATE KEY", &self.pkcs8()),
        }
    }

    /// SEC 1 with the curve in it.
    fn sec1(&self, curve: &str) -> Zeroizing<Vec<u8>> {
        let secret = self.scalar();
        let secret = Zeroizing::new(element(der::OCTETS, &secret));
        sequence(&[
            &integer(&[1]),
            &secret,
            &element(0xa0, &object(curve)),
            &element(0xa1, &bits(&self.public)),
        ])
        .into()
    }

    /// The secret number of a key on a curve.
    pub(super) fn scalar(&self) -> Zeroizing<Vec<u8>> {
        let read = || {
            let (fields, _) = take(&self.inner, der::SEQUENCE)?;
            let (_, fields) = take(fields, der::INTEGER)?;
            Some(take(fields, der::OCTETS)?.0.to_vec())
        };
        read().unwrap_or_default().into()
    }

    /// The public key with its algorithm, in DER.
    pub(super) fn public_info(&self) -> Vec<u8> {
        sequence(&[&self.kind.identifier(), &bits(&self.public)])
    }

    /// Signs a message.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, String> {
        let failed = "the key does not sign";
        let random = SystemRandom::new();
        if let Some((_, algorithm)) = self.kind.curve() {
            let pair = EcdsaKeyPair::from_pkcs8(algorithm, &self.pkcs8(), &random);
            let pair = pair.map_err(|_| failed)?;
            let signed = pair.sign(&random, message).map_err(|_| failed)?;
            return Ok(signed.as_ref().to_vec());
        }
        if self.kind == Kind::Ed25519 {
            let pair = Ed25519KeyPair::from_seed_unchecked(&self.inner).map_err(|_| failed)?;
            return Ok(pair.sign(message).as_ref().to_vec());
        }
        let pair = RsaKeyPair::from_der(&self.inner).map_err(|_| failed)?;
        let mut out = vec![0; pair.public().modulus_len()];
        pair.sign(&signature::RSA_PKCS1_SHA256, &random, message, &mut out)
            .map_err(|_| failed)?;
        Ok(out)
    }

    /// Returns what is signed, the algorithm and the signature as one sequence.
    pub(super) fn signed(&self, content: &[u8]) -> Result<Vec<u8>, String> {
        let signature = self.sign(content)?;
        Ok(sequence(&[
            content,
            &self.kind.signature(),
            &bits(&signature),
        ]))
    }
}

/// Makes a private key with all its spellings.
pub(super) fn private_key(wish: &Value) -> Result<Fields, String> {
    let (kind, size) = match text(wish, "algorithm") {
        Some("RSA") => (Kind::Rsa, rsa_size(wish)?),
        Some("ECDSA") => (curve(text(wish, "ecdsa_curve"))?, 0),
        _ => (Kind::Ed25519, 0),
    };
    let key = Key::new(kind, size)?;
    let mut fields = public(&key);
    let secret = |text: String| Value::from(text).marked(Marks::SENSITIVE);
    fields.extend([
        ("private_key_pem".into(), secret(key.usual_pem())),
        (
            "private_key_pem_pkcs8".into(),
            secret(der::pem("PRIVATE KEY", &key.pkcs8())),
        ),
        ("private_key_openssh".into(), secret(openssh::private(&key))),
    ]);
    fields.remove("algorithm");
    Ok(fields)
}

fn rsa_size(wish: &Value) -> Result<usize, String> {
    let bits = number(wish, "rsa_bits").unwrap_or(2048);
    let wanted = usize::try_from(bits).ok();
    let fits = |bits: &usize| (2048..=8192).contains(bits) && bits.is_multiple_of(512);
    wanted
        .filter(fits)
        .ok_or_else(|| "`rsa_bits` must be from 2048 to 8192, in steps of 512".to_owned())
}

fn curve(name: Option<&str>) -> Result<Kind, String> {
    match name {
        Some("P256") => Ok(Kind::P256),
        Some("P384") => Ok(Kind::P384),
        other => Err(format!(
            "keys on the curve {} are not made here: say `ecdsa_curve = \"P256\"` or `\"P384\"`",
            other.unwrap_or("P224")
        )),
    }
}

/// The public half of a key, by attribute.
fn public(key: &Key) -> Fields {
    let info = key.public_info();
    let line = openssh::public_line(key);
    let blob = openssh::public_blob(key);
    [
        ("id".into(), chance::hex(&Sha1::digest(&info)).into()),
        ("algorithm".into(), key.kind.algorithm().into()),
        (
            "public_key_pem".into(),
            der::pem("PUBLIC KEY", &info).into(),
        ),
        ("public_key_openssh".into(), line.into()),
        (
            "public_key_fingerprint_md5".into(),
            openssh::md5(&blob).into(),
        ),
        (
            "public_key_fingerprint_sha256".into(),
            openssh::sha256(&blob).into(),
        ),
    ]
    .into()
}

/// Returns the public half of the key in `private_key_pem`.
///
/// # Errors
/// Tells what is wrong with the key without showing it.
pub fn public_key(wish: &Value) -> Result<Fields, String> {
    let pem = text(wish, "private_key_pem").unwrap_or_default();
    Ok(public(&Key::from_pem(pem)?))
}
