//! OpenPGP public keys, read as far as it takes to tell before an initialisation that the server will be able to encrypt to
//! them. The server encrypts, so no plaintext share ever reaches this program; nothing is verified here but the pinned
//! fingerprint, from which all else of a key hangs.

mod packets;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use packets::{Packet, Signature, packets};
use sha1::{Digest, Sha1};

/// A key that shares may be encrypted to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// 40 hexadecimal digits in upper case.
    pub fingerprint: String,
    /// `Ada <ada@example.org>`; empty where the key names nobody.
    pub owner: String,
    /// The whole key, as the server wants it.
    pub base64: String,
    /// Why nothing can be encrypted to it now.
    pub unusable: Option<String>,
}

/// Reads a key, in armour or not, as of a time in seconds since 1970.
///
/// # Errors
/// Says why it is no key that the server could read.
pub fn read(bytes: &[u8], now: i64) -> Result<PublicKey, String> {
    let binary = binary(bytes)?;
    let found = packets(&binary).ok_or("it is damaged")?;
    let keys: Vec<usize> = found
        .iter()
        .enumerate()
        .filter_map(|(at, packet)| (packet.tag == packets::PUBLIC_KEY).then_some(at))
        .collect();
    if found.iter().any(|packet| packet.tag == packets::SECRET_KEY) {
        return Err("it holds a secret key; export the public one".to_owned());
    }
    match keys.as_slice() {
        [0] => {}
        [] => return Err("there is no public key in it".to_owned()),
        _ => return Err("it holds more than one key; one file is for one person".to_owned()),
    }
    let parts = parts(&found)?;
    let owner = found.iter().find(|packet| packet.tag == packets::USER_ID);
    Ok(PublicKey {
        fingerprint: parts.first().map(Part::fingerprint).unwrap_or_default(),
        owner: owner
            .map(|packet| String::from_utf8_lossy(packet.body).into_owned())
            .unwrap_or_default(),
        base64: STANDARD.encode(&binary),
        unusable: unusable(&parts, now),
    })
}

/// Compares fingerprints as people write them: blanks and case do not count, neither does `0x` in front.
#[must_use]
pub fn same_fingerprint(left: &str, right: &str) -> bool {
    let plain = |text: &str| -> String {
        let digits: String = text.split_whitespace().collect();
        digits.trim_start_matches("0x").to_ascii_uppercase()
    };
    plain(left) == plain(right)
}

/// Takes the armour off; base64 without armour is taken as well.
fn binary(bytes: &[u8]) -> Result<Vec<u8>, String> {
    if bytes.first().is_some_and(|first| first & 0x80 != 0) {
        return Ok(bytes.to_vec());
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "it is no OpenPGP key")?;
    let wrong = || "it is no OpenPGP key".to_owned();
    if text.contains("-----BEGIN PGP PRIVATE KEY BLOCK-----") {
        return Err("it holds a secret key; export the public one".to_owned());
    }
    let lines = match text.split_once("-----BEGIN PGP PUBLIC KEY BLOCK-----") {
        Some((_, rest)) => {
            let (inner, _) = rest
                .split_once("-----END PGP")
                .ok_or("its end is missing")?;
            // Headers such as `Comment:` end with an empty line.
            let blank = inner.replace('\r', "");
            let (_, body) = blank.split_once("\n\n").ok_or_else(wrong)?;
            body.to_owned()
        }
        None => text.to_owned(),
    };
    let body = lines.lines().filter(|line| !line.starts_with('='));
    let body: String = body.map(str::trim).collect();
    STANDARD.decode(body).map_err(|_| wrong())
}

/// The key itself, or a subkey, with the signatures that say what it is for.
struct Part<'a> {
    packet: Packet<'a>,
    signatures: Vec<Signature>,
}

/// Groups the packets; those of user ids belong to the key itself.
fn parts<'a>(found: &[Packet<'a>]) -> Result<Vec<Part<'a>>, String> {
    let mut parts: Vec<Part<'a>> = Vec::new();
    for packet in found {
        match packet.tag {
            packets::PUBLIC_KEY | packets::SUBKEY => {
                let version = packet.body.first().copied().unwrap_or_default();
                if version != 4 {
                    return Err(format!(
                        "it is of version {version}; servers know version 4"
                    ));
                }
                parts.push(Part {
                    packet: *packet,
                    signatures: Vec::new(),
                });
            }
            packets::SIGNATURE => {
                if let (Some(part), Some(signature)) =
                    (parts.last_mut(), Signature::read(packet.body))
                {
                    part.signatures.push(signature);
                }
            }
            _ => {}
        }
    }
    Ok(parts)
}

/// Says why nothing can be encrypted to a key now.
fn unusable(parts: &[Part<'_>], now: i64) -> Option<String> {
    let (main, subkeys) = parts.split_first()?;
    let id = main.key_id();
    // Signatures of other people say nothing about what the key is for.
    let own = |signature: &&Signature| signature.issuer.is_none_or(|issuer| issuer == id);
    let of = |part: &Part<'_>| {
        part.signatures
            .iter()
            .filter(own)
            .cloned()
            .collect::<Vec<_>>()
    };
    let signatures = of(main);
    if signatures
        .iter()
        .any(|one| one.kind == packets::KEY_REVOKED)
    {
        return Some("it is revoked".to_owned());
    }
    let newest = newest(&signatures);
    if let Some(end) = newest.and_then(|one| main.expired(one, now)) {
        return Some(format!("it expired on {end}"));
    }
    let mut reason = "it cannot encrypt: it has no encryption key".to_owned();
    if main.encrypts(newest) {
        return None;
    }
    for subkey in subkeys {
        let signatures = of(subkey);
        let newest = self::newest(&signatures);
        if !subkey.encrypts(newest) {
            continue;
        }
        if signatures
            .iter()
            .any(|one| one.kind == packets::SUBKEY_REVOKED)
        {
            reason = "its encryption key is revoked".to_owned();
        } else if let Some(end) = newest.and_then(|one| subkey.expired(one, now)) {
            reason = format!("its encryption key expired on {end}");
        } else {
            return None;
        }
    }
    Some(reason)
}

/// Of all that a key says about itself, the last counts.
fn newest(signatures: &[Signature]) -> Option<&Signature> {
    let binding = signatures.iter().filter(|one| one.binds());
    binding.max_by_key(|one| one.made)
}

impl Part<'_> {
    /// RFC 4880, 12.2.
    fn fingerprint(&self) -> String {
        let length = u16::try_from(self.packet.body.len()).unwrap_or(u16::MAX);
        let mut hash = Sha1::new();
        hash.update([0x99]);
        hash.update(length.to_be_bytes());
        hash.update(self.packet.body);
        super::passphrase::hex(&hash.finalize()).to_ascii_uppercase()
    }

    /// The last 16 digits of the fingerprint.
    fn key_id(&self) -> u64 {
        let text = self.fingerprint();
        u64::from_str_radix(text.get(24..).unwrap_or_default(), 16).unwrap_or_default()
    }

    fn made(&self) -> i64 {
        let bytes = self
            .packet
            .body
            .get(1..5)
            .and_then(|bytes| bytes.try_into().ok());
        i64::from(u32::from_be_bytes(bytes.unwrap_or_default()))
    }

    /// Returns the day on which it expired, where it has.
    fn expired(&self, signature: &Signature, now: i64) -> Option<String> {
        let lasts = i64::from(signature.lasts?);
        let end = self.made() + lasts;
        let day = jiff::Timestamp::from_second(end).ok()?.to_string();
        (lasts > 0 && end <= now).then(|| day.split('T').next().unwrap_or_default().to_owned())
    }

    /// Tells whether it may encrypt: by what it says of itself, else by its algorithm.
    fn encrypts(&self, newest: Option<&Signature>) -> bool {
        // RFC 4880, 9.1, and RFC 9580: RSA, RSA for encryption, Elgamal, ECDH, X25519, X448.
        let able = matches!(self.packet.body.get(5), Some(1 | 2 | 16 | 18 | 25 | 26));
        let flags = newest.and_then(|one| one.flags);
        // A subkey that nothing binds is none.
        let bound = self.packet.tag == packets::PUBLIC_KEY || newest.is_some();
        able && bound && flags.is_none_or(|flags| flags & 0x0c != 0)
    }
}

#[cfg(test)]
mod tests;
