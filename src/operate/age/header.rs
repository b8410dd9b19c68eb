//! Recipients, identities, and the header that wraps a file's key for them.

use super::{Unopened, bech32};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ring::{aead, hkdf, hmac};
use std::fmt;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

const VERSION: &str = "age-encryption.org/v1";
const X25519_INFO: &[u8] = b"age-encryption.org/v1/X25519";

/// A header longer than this is none.
const LONGEST: usize = 64 << 10;

/// Bytes of a file's key.
pub(super) const FILE_KEY: usize = 16;

/// Somebody to encrypt to: `age1…`.
#[derive(Clone)]
pub struct Recipient(PublicKey);

/// What opens a file: `AGE-SECRET-KEY-1…`. Wiped when it goes.
#[derive(Clone)]
pub struct Identity(StaticSecret);

impl Recipient {
    /// Reads `age1…`.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn parse(text: &str) -> Result<Recipient, String> {
        let text = text.trim();
        if text.to_ascii_uppercase().starts_with("AGE-SECRET-KEY-") {
            return Err("this is a secret key, not a recipient".to_owned());
        }
        if !text.starts_with("age1") || text.len() < 10 {
            return Err(format!("`{text}` is no X25519 recipient such as `age1…`"));
        }
        let key = bech32::decode(text).filter(|(name, _)| name == "age");
        let key = key.and_then(|(_, bytes)| <[u8; 32]>::try_from(bytes.as_slice()).ok());
        let key = key.ok_or_else(|| format!("`{text}` is mistyped: its checksum does not fit"))?;
        Ok(Recipient(PublicKey::from(key)))
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&bech32::encode("age", self.0.as_bytes()))
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl Identity {
    /// Makes a new one by the system's generator.
    #[must_use]
    pub fn random() -> Identity {
        Identity(StaticSecret::from(rand::random::<[u8; 32]>()))
    }

    /// Returns who must be encrypted to for this identity.
    #[must_use]
    pub fn recipient(&self) -> Recipient {
        Recipient(PublicKey::from(&self.0))
    }

    fn parse(text: &str) -> Option<Identity> {
        let (name, bytes) = bech32::decode(text)?;
        let bytes = Zeroizing::new(<[u8; 32]>::try_from(bytes.as_slice()).ok()?);
        (name == "age-secret-key-").then(|| Identity(StaticSecret::from(*bytes)))
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("(identity)")
    }
}

/// Reads an identity file: one a line; empty lines and those that begin with `#` are left out.
///
/// # Errors
/// Names the line that is none; never shows it.
pub fn identities(text: &str) -> Result<Vec<Identity>, String> {
    let mut found = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let wrong = || format!("line {} is no `AGE-SECRET-KEY-1…`", at + 1);
        found.push(Identity::parse(line).ok_or_else(wrong)?);
    }
    if found.is_empty() {
        return Err("there is no `AGE-SECRET-KEY-1…` in it".to_owned());
    }
    Ok(found)
}

/// Derives a key by HKDF with SHA-256.
pub(super) fn derived(secret: &[u8], salt: &[u8], info: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, salt);
    let mut key = Zeroizing::new([0; 32]);
    let extracted = salt.extract(secret);
    let info = [info];
    let okm = extracted.expand(&info, hkdf::HKDF_SHA256).ok()?;
    okm.fill(&mut *key).ok()?;
    Some(key)
}

/// Makes the cipher of a key.
pub(super) fn cipher(key: &[u8; 32]) -> Option<aead::LessSafeKey> {
    let key = aead::UnboundKey::new(&aead::CHACHA20_POLY1305, key).ok()?;
    Some(aead::LessSafeKey::new(key))
}

/// The key that wraps a file's key, by what both sides know.
fn wrapping(shared: &[u8], ephemeral: &PublicKey, to: &PublicKey) -> Option<aead::LessSafeKey> {
    // A point of small order would make the key known to everybody.
    if shared.iter().all(|byte| *byte == 0) {
        return None;
    }
    let salt = [ephemeral.as_bytes().as_slice(), to.as_bytes()].concat();
    cipher(&*derived(shared, &salt, X25519_INFO)?)
}

fn nothing() -> aead::Nonce {
    // Every wrapping key is used once.
    aead::Nonce::assume_unique_for_key([0; 12])
}

fn stanza(file_key: &[u8; FILE_KEY], to: &Recipient) -> Option<String> {
    let ephemeral = StaticSecret::from(rand::random::<[u8; 32]>());
    let share = PublicKey::from(&ephemeral);
    let shared = ephemeral.diffie_hellman(&to.0);
    let key = wrapping(shared.as_bytes(), &share, &to.0)?;
    let mut body = file_key.to_vec();
    key.seal_in_place_append_tag(nothing(), aead::Aad::empty(), &mut body)
        .ok()?;
    Some(format!(
        "-> X25519 {}\n{}\n",
        STANDARD_NO_PAD.encode(share.as_bytes()),
        STANDARD_NO_PAD.encode(body)
    ))
}

fn mac_key(file_key: &[u8]) -> Option<hmac::Key> {
    let key = derived(file_key, &[], b"header")?;
    Some(hmac::Key::new(hmac::HMAC_SHA256, &*key))
}

/// Writes the header of a file for all recipients.
pub(super) fn write(file_key: &[u8; FILE_KEY], recipients: &[Recipient]) -> Option<String> {
    let mut text = format!("{VERSION}\n");
    for to in recipients {
        text.push_str(&stanza(file_key, to)?);
    }
    text.push_str("---");
    let mac = hmac::sign(&mac_key(file_key)?, text.as_bytes());
    text.push_str(&format!(" {}\n", STANDARD_NO_PAD.encode(mac)));
    (!recipients.is_empty()).then_some(text)
}

/// Reads lines up to the one that begins with `---`, and no byte more.
pub(super) fn read_text(from: &mut dyn std::io::Read) -> Result<String, Unopened> {
    let (mut text, mut line_at) = (Vec::new(), 0);
    let mut byte = [0];
    loop {
        if text.len() > LONGEST || from.read_exact(&mut byte).is_err() {
            return Err(broken(&text));
        }
        text.push(byte[0]);
        if byte[0] == b'\n' {
            let line = text.get(line_at..).unwrap_or_default();
            if line_at == 0 && line.strip_suffix(b"\n") != Some(VERSION.as_bytes()) {
                return Err(Unopened::NoAge);
            }
            if line.starts_with(b"---") {
                return String::from_utf8(text).map_err(|_| Unopened::Altered);
            }
            line_at = text.len();
        }
    }
}

/// Tells a file of another kind from one that is cut off.
fn broken(begun: &[u8]) -> Unopened {
    match begun.starts_with(VERSION.as_bytes()) {
        true => Unopened::Altered,
        false => Unopened::NoAge,
    }
}

/// Finds a file's key.
pub(super) fn read(text: &str, identities: &[Identity]) -> Result<Zeroizing<Vec<u8>>, Unopened> {
    let (signed, mac) = text.rsplit_once(' ').ok_or(Unopened::Altered)?;
    let mac = STANDARD_NO_PAD.decode(mac.trim_end_matches('\n'));
    let mac = mac.map_err(|_| Unopened::Altered)?;
    let mut lines = signed.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(share) = line.strip_prefix("-> X25519 ") else {
            continue;
        };
        let body = lines.peek().copied().unwrap_or_default();
        let found = identities
            .iter()
            .find_map(|one| unwrapped(share, body, one));
        if let Some(key) = found {
            let checked = mac_key(&key).ok_or(Unopened::Altered)?;
            hmac::verify(&checked, signed.as_bytes(), &mac).map_err(|_| Unopened::Altered)?;
            return Ok(key);
        }
    }
    Err(Unopened::NotForUs)
}

fn unwrapped(share: &str, body: &str, identity: &Identity) -> Option<Zeroizing<Vec<u8>>> {
    let share: [u8; 32] = STANDARD_NO_PAD.decode(share).ok()?.try_into().ok()?;
    let share = PublicKey::from(share);
    let mut body = Zeroizing::new(STANDARD_NO_PAD.decode(body).ok()?);
    if body.len() != FILE_KEY + aead::CHACHA20_POLY1305.tag_len() {
        return None;
    }
    let shared = identity.0.diffie_hellman(&share);
    let key = wrapping(shared.as_bytes(), &share, &PublicKey::from(&identity.0))?;
    key.open_in_place(nothing(), aead::Aad::empty(), &mut body)
        .ok()?;
    body.truncate(FILE_KEY);
    Some(body)
}
