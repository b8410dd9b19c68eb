//! Encryption with a passphrase, in the form of `openssl enc -aes-256-cbc -pbkdf2`, with an HMAC beside it that is checked
//! before anything is decrypted.

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockDecryptMut, BlockEncryptMut, KeyIvInit};
use ring::{hmac, pbkdf2};
use std::fmt::{self, Write as _};
use std::num::NonZeroU32;
use zeroize::Zeroizing;

/// Fewest rounds of the key derivation that are accepted.
pub const FEWEST_ROUNDS: u32 = 250_000;

/// Most rounds that are believed of a line: a false one must not keep the program busy for hours.
const MOST_ROUNDS: u32 = 100_000_000;

/// Rounds of the key derivation where none are named: what is recommended for PBKDF2 with HMAC-SHA-256 since 2023.
pub const ROUNDS: u32 = 600_000;

/// What OpenSSL begins a salted file with (openssl-enc(1)).
const MAGIC: &[u8; 8] = b"Salted__";

/// First word of a line that tells of an HMAC.
const SEAL: &str = "vaultform-hmac-sha256";

/// What tells a wrong passphrase from an altered file.
const CHECK: &[u8] = b"vaultform: this is the passphrase";

/// Encrypted bytes and the line beside them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// `Salted__`, 8 bytes of salt, AES-256-CBC: `openssl enc -d -aes-256-cbc -pbkdf2 -iter ROUNDS` opens them.
    pub bytes: Vec<u8>,
    /// `vaultform-hmac-sha256 ROUNDS SALT CHECK MAC`, in hexadecimal digits.
    pub seal: String,
}

/// Why something encrypted cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unopened {
    /// There is no HMAC beside it, or none that can be read.
    NoSeal,
    WrongPassphrase,
    /// The passphrase is right and the bytes are not those that were written.
    Altered,
}

impl fmt::Display for Unopened {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Unopened::NoSeal => "its HMAC is missing or cannot be read",
            Unopened::WrongPassphrase => "the passphrase is wrong",
            Unopened::Altered => "it was truncated or altered: its HMAC does not fit",
        })
    }
}

/// Encrypts with a passphrase. `None` for 0 rounds.
#[must_use]
pub fn seal(plain: &[u8], passphrase: &str, rounds: u32) -> Option<Sealed> {
    let rounds = NonZeroU32::new(rounds)?;
    let salt: [u8; 8] = rand::random();
    let mut bytes = Vec::with_capacity(plain.len() + 32);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&salt);
    bytes.extend(encrypt(plain, passphrase, &salt, rounds));
    let salt: [u8; 16] = rand::random();
    let key = seal_key(passphrase, &salt, rounds);
    let line = format!(
        "{SEAL} {rounds} {} {} {}",
        hex(&salt),
        hex(hmac::sign(&key, CHECK).as_ref()),
        hex(hmac::sign(&key, &bytes).as_ref()),
    );
    Some(Sealed { bytes, seal: line })
}

/// Decrypts what one of the lines fits; more than one stand there only while a file is being replaced.
///
/// # Errors
/// When the passphrase is wrong or the bytes are not those that were sealed.
pub fn open(bytes: &[u8], seals: &str, passphrase: &str) -> Result<Zeroizing<Vec<u8>>, Unopened> {
    let mut reason = Unopened::NoSeal;
    for line in seals.lines().filter_map(Line::read) {
        match line.fits(bytes, passphrase) {
            Ok(()) => return decrypt(bytes, passphrase, line.rounds).ok_or(Unopened::Altered),
            // A passphrase that is right for one line is right.
            Err(Unopened::WrongPassphrase) if reason == Unopened::Altered => {}
            Err(why) => reason = why,
        }
    }
    Err(reason)
}

/// A line that tells of an HMAC.
struct Line {
    rounds: NonZeroU32,
    salt: Vec<u8>,
    check: Vec<u8>,
    mac: Vec<u8>,
}

impl Line {
    fn read(line: &str) -> Option<Line> {
        let mut words = line.split_ascii_whitespace();
        (words.next()? == SEAL).then_some(())?;
        Some(Line {
            rounds: words
                .next()?
                .parse()
                .ok()
                .filter(|rounds: &NonZeroU32| rounds.get() <= MOST_ROUNDS)?,
            salt: unhex(words.next()?)?,
            check: unhex(words.next()?)?,
            mac: unhex(words.next()?)?,
        })
    }

    /// Compares in constant time.
    fn fits(&self, bytes: &[u8], passphrase: &str) -> Result<(), Unopened> {
        let key = seal_key(passphrase, &self.salt, self.rounds);
        hmac::verify(&key, CHECK, &self.check).map_err(|_| Unopened::WrongPassphrase)?;
        hmac::verify(&key, bytes, &self.mac).map_err(|_| Unopened::Altered)
    }
}

fn derived<const LENGTH: usize>(
    passphrase: &str,
    salt: &[u8],
    rounds: NonZeroU32,
) -> Zeroizing<[u8; LENGTH]> {
    let mut bytes = Zeroizing::new([0; LENGTH]);
    let hash = pbkdf2::PBKDF2_HMAC_SHA256;
    pbkdf2::derive(hash, rounds, salt, passphrase.as_bytes(), &mut *bytes);
    bytes
}

fn seal_key(passphrase: &str, salt: &[u8], rounds: NonZeroU32) -> hmac::Key {
    let bytes = derived::<32>(passphrase, salt, rounds);
    hmac::Key::new(hmac::HMAC_SHA256, &*bytes)
}

/// OpenSSL takes the key and then the initialisation vector from one derivation.
fn encrypt(plain: &[u8], passphrase: &str, salt: &[u8], rounds: NonZeroU32) -> Vec<u8> {
    let both = derived::<48>(passphrase, salt, rounds);
    let (key, vector) = both.split_at(32);
    let cipher = cbc::Encryptor::<aes::Aes256>::new_from_slices(key, vector);
    cipher.map_or_else(
        |_| Vec::new(),
        |cipher| cipher.encrypt_padded_vec_mut::<Pkcs7>(plain),
    )
}

fn decrypt(bytes: &[u8], passphrase: &str, rounds: NonZeroU32) -> Option<Zeroizing<Vec<u8>>> {
    let (salt, hidden) = bytes.strip_prefix(MAGIC)?.split_at_checked(8)?;
    let both = derived::<48>(passphrase, salt, rounds);
    let (key, vector) = both.split_at(32);
    let cipher = cbc::Decryptor::<aes::Aes256>::new_from_slices(key, vector).ok()?;
    let plain = cipher.decrypt_padded_vec_mut::<Pkcs7>(hidden).ok()?;
    Some(Zeroizing::new(plain))
}

/// Writes bytes as hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Reads hexadecimal digits; `None` for anything else.
#[must_use]
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let even = text.is_ascii() && text.len().is_multiple_of(2);
    let pairs = text
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    even.then(|| pairs.collect())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed() -> Sealed {
        seal(b"three shares", "correct horse", 2).unwrap()
    }

    #[test]
    fn it_opens_with_its_passphrase_alone() {
        let one = sealed();
        assert_eq!(
            &*open(&one.bytes, &one.seal, "correct horse").unwrap(),
            b"three shares"
        );
        assert_eq!(
            open(&one.bytes, &one.seal, "wrong"),
            Err(Unopened::WrongPassphrase)
        );
        assert_ne!(sealed().bytes, one.bytes, "salts differ");
    }

    #[test]
    fn every_altered_bit_and_every_truncation_is_found() {
        let one = sealed();
        for at in 0..one.bytes.len() {
            let mut bytes = one.bytes.clone();
            bytes[at] ^= 1;
            assert_eq!(
                open(&bytes, &one.seal, "correct horse"),
                Err(Unopened::Altered)
            );
            assert_eq!(
                open(&one.bytes[..at], &one.seal, "correct horse"),
                Err(Unopened::Altered)
            );
        }
        assert_eq!(open(&one.bytes, "", "correct horse"), Err(Unopened::NoSeal));
    }

    #[test]
    fn while_it_is_replaced_both_lines_stand_there() {
        let (old, new) = (sealed(), sealed());
        let both = format!("{}\n{}\n", new.seal, old.seal);
        for one in [&old, &new] {
            assert!(open(&one.bytes, &both, "correct horse").is_ok());
            assert_eq!(
                open(&one.bytes, &both, "wrong"),
                Err(Unopened::WrongPassphrase)
            );
        }
        assert_eq!(
            open(&old.bytes, &new.seal, "correct horse"),
            Err(Unopened::Altered)
        );
    }

    #[test]
    fn what_openssl_wrote_opens() {
        // printf 'hello sink' | openssl enc -aes-256-cbc -pbkdf2 -iter 1000 -pass pass:pw -S 0102030405060708
        let hidden = unhex("13cc961bd923aab8e4ff070c757eed70").unwrap();
        let bytes = [MAGIC.as_slice(), &[1, 2, 3, 4, 5, 6, 7, 8], &hidden].concat();
        let plain = decrypt(&bytes, "pw", NonZeroU32::new(1000).unwrap()).unwrap();
        assert_eq!(&*plain, b"hello sink");
        let again = encrypt(
            b"hello sink",
            "pw",
            &[1, 2, 3, 4, 5, 6, 7, 8],
            NonZeroU32::new(1000).unwrap(),
        );
        assert_eq!(again, hidden);
    }
}
