//! Keyed digests: HMAC-SHA256 over canonical JSON, shortened to 16 bytes.

use crate::plan::change::Digester;
use crate::value::Digest;
use hmac::{Hmac, Mac};
use serde_json::Value as Json;
use sha2::Sha256;
use std::fmt::{self, Write as _};
use std::io;
use zeroize::Zeroizing;

/// Bytes of a key.
const KEY_BYTES: usize = 32;
/// Bytes of a digest: enough that no two values meet by chance.
const DIGEST_BYTES: usize = 16;

/// The secret key of one ledger's digests. Without it nobody can guess a value and check the guess.
#[derive(Clone)]
pub(super) struct DigestKey {
    bytes: Zeroizing<[u8; KEY_BYTES]>,
}

impl DigestKey {
    /// Makes a new key by the system's generator.
    pub fn random() -> DigestKey {
        DigestKey {
            bytes: Zeroizing::new(rand::random()),
        }
    }

    /// Reads what [`DigestKey::text`] wrote.
    pub fn parse(text: &str) -> Option<DigestKey> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        if text.len() != 2 * KEY_BYTES || !text.is_ascii() {
            return None;
        }
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
        }
        Some(DigestKey { bytes })
    }

    /// Writes the key as hexadecimal digits.
    pub fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(hex(&self.bytes[..]))
    }
}

impl fmt::Debug for DigestKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("(key)")
    }
}

/// Writes bytes as lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
            // Writing to a text cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

impl Digester for DigestKey {
    fn digest(&self, normal: &Json) -> Digest {
        // Every length of key is accepted; the alternative is a digest that equals no other.
        let Ok(mac) = Hmac::<Sha256>::new_from_slice(&self.bytes[..]) else {
            return Digest("".into());
        };
        let mut feed = Feed(mac);
        // Feeding a hash cannot fail.
        let _ = feed.value(normal);
        let full = feed.0.finalize().into_bytes();
        Digest(hex(full.get(..DIGEST_BYTES).unwrap_or(&full)).into())
    }
}

/// Feeds canonical JSON (no spaces, keys sorted) piece by piece, so that no copy of a secret is made.
struct Feed(Hmac<Sha256>);

impl io::Write for Feed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Feed {
    fn value(&mut self, value: &Json) -> serde_json::Result<()> {
        match value {
            Json::Array(items) => self.array(items),
            Json::Object(fields) => self.object(fields),
            plain => serde_json::to_writer(self, plain),
        }
    }

    fn array(&mut self, items: &[Json]) -> serde_json::Result<()> {
        self.0.update(b"[");
        for (at, item) in items.iter().enumerate() {
            self.0.update(if at > 0 { b"," } else { b"" });
            self.value(item)?;
        }
        self.0.update(b"]");
        Ok(())
    }

    fn object(&mut self, fields: &serde_json::Map<String, Json>) -> serde_json::Result<()> {
        let mut sorted: Vec<_> = fields.iter().collect();
        sorted.sort_unstable_by_key(|(name, _)| *name);
        self.0.update(b"{");
        for (at, (name, value)) in sorted.into_iter().enumerate() {
            self.0.update(if at > 0 { b"," } else { b"" });
            serde_json::to_writer(&mut *self, name)?;
            self.0.update(b":");
            self.value(value)?;
        }
        self.0.update(b"}");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_digest_is_the_keyed_hash_of_canonical_json() {
        let key = DigestKey::parse(&"0b".repeat(32)).unwrap();
        let value = json!({ "b": [1, "x\n"], "a": null });
        let mut plain = Hmac::<Sha256>::new_from_slice(&[0x0b; 32]).unwrap();
        plain.update(br#"{"a":null,"b":[1,"x\n"]}"#);
        let expected = hex(&plain.finalize().into_bytes()[..16]);
        assert_eq!(&*key.digest(&value).0, expected);
        let other_order = json!({ "a": null, "b": [1, "x\n"] });
        assert_eq!(key.digest(&value), key.digest(&other_order));
        assert_ne!(key.digest(&value), DigestKey::random().digest(&value));
    }

    #[test]
    fn a_key_survives_its_text_and_hides_in_debug() {
        let key = DigestKey::random();
        let back = DigestKey::parse(&key.text()).unwrap();
        assert_eq!(key.digest(&json!(1)), back.digest(&json!(1)));
        assert_eq!(format!("{key:?}"), "(key)");
        for wrong in ["", "00", &"zz".repeat(32), &"ö".repeat(32)] {
            assert!(DigestKey::parse(wrong).is_none(), "{wrong}");
        }
    }
}
