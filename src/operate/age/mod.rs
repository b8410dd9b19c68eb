//! Encryption to people: the format of age (C2SP `age.md`, `age-encryption.org/v1`) with X25519 recipients, as the program
//! `age` and its kin read and write it.

mod bech32;
mod header;
mod stream;

pub use header::{Identity, Recipient, identities};
pub use stream::{Opening, Sealing};

use std::fmt;
use std::io::{Read, Write};
use zeroize::Zeroizing;

/// Why something encrypted cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unopened {
    /// It does not begin as an age file does.
    NoAge,
    /// It is not for any of the identities.
    NotForUs,
    /// It was truncated or altered.
    Altered,
}

impl fmt::Display for Unopened {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Unopened::NoAge => "it is no age file",
            Unopened::NotForUs => "it is encrypted to none of the identities",
            Unopened::Altered => "it was truncated or altered",
        })
    }
}

impl From<Unopened> for std::io::Error {
    fn from(why: Unopened) -> std::io::Error {
        std::io::Error::new(std::io::ErrorKind::InvalidData, why.to_string())
    }
}

/// Encrypts to recipients.
#[must_use]
pub fn seal(plain: &[u8], recipients: &[Recipient]) -> Option<Vec<u8>> {
    let mut sealing = Sealing::new(Vec::new(), recipients).ok()?;
    sealing.write_all(plain).ok()?;
    sealing.finish().ok()
}

/// Decrypts with the first identity that fits.
///
/// # Errors
/// When none fits, or the bytes are not those that were written.
pub fn open(bytes: &[u8], identities: &[Identity]) -> Result<Zeroizing<Vec<u8>>, Unopened> {
    let mut opening = Opening::new(bytes, identities)?;
    // Reading whole at once: a vector that grows leaves copies behind that nobody wipes.
    let mut plain = Zeroizing::new(Vec::with_capacity(bytes.len()));
    opening
        .read_to_end(&mut plain)
        .map_err(|_| Unopened::Altered)?;
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with pyrage 1.4.0, whose key it is.
    const SECRET: &str =
        "AGE-SECRET-KEY-1D4QQRSNNDAK80G38563VYSR7XHKDLKE47LWRXJZQXQK3EREH620SKL7GC7";
    const PUBLIC: &str = "age12myegxngkctlsyx3khzs5zqed372hytd33zqz2chqrllutvwpaqsq7fulj";
    const FOREIGN: &str = "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBoYXVVTG01Y2J6KzZtWUpUU1JpWGZkLzhBbWdYTTdOT24zc2VmbnBibFhNCmRmeHFvNW5pMVQzbUY3enFGZjhLenhUdDF4VG5zTzlJbnVaWFBhanZjR2cKLT4gYH0iRS1ncmVhc2UgVEUwSXAKUFhKUG5vWQotLS0gSVFKWTVORi9mbWw0WUR3K2l4MzlydkYxcU1RdkNGWVN6bEFjaXVkMDJVTQq6D7LsTV/i1ElAkUPiJ5aCyPx9O2nylTuPjOd/igWATjXlJxYlgPiCniwMA88S7XVJ";

    fn ours() -> Vec<Identity> {
        identities(&format!("# created: today\n{SECRET}\n")).unwrap()
    }

    #[test]
    fn what_another_program_wrote_opens() {
        use base64::Engine as _;
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(FOREIGN)
            .unwrap();
        assert_eq!(&*open(&bytes, &ours()).unwrap(), b"hello from pyrage");
        assert_eq!(ours()[0].recipient().to_string(), PUBLIC);
    }

    #[test]
    fn every_length_comes_back() {
        let recipient = Recipient::parse(PUBLIC).unwrap();
        for length in [0, 1, 65_535, 65_536, 65_537, 131_072, 200_000] {
            let plain: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            let sealed = seal(&plain, std::slice::from_ref(&recipient)).unwrap();
            assert_eq!(*open(&sealed, &ours()).unwrap(), plain, "{length}");
        }
    }

    #[test]
    fn altered_truncated_and_foreign_files_are_refused() {
        let other = Identity::random();
        let sealed = seal(
            b"shares",
            &[Recipient::parse(PUBLIC).unwrap(), other.recipient()],
        )
        .unwrap();
        assert!(
            open(&sealed, &[other]).is_ok(),
            "every recipient can open it"
        );
        for at in 0..sealed.len() {
            let mut bytes = sealed.clone();
            bytes[at] ^= 1;
            assert!(open(&bytes, &ours()).is_err(), "bit {at}");
            assert!(open(&sealed[..at], &ours()).is_err(), "cut at {at}");
        }
        assert_eq!(
            open(&sealed, &[Identity::random()]),
            Err(Unopened::NotForUs)
        );
        assert_eq!(open(b"Salted__", &ours()), Err(Unopened::NoAge));
        let longer = [sealed.as_slice(), b"x"].concat();
        assert!(open(&longer, &ours()).is_err());
    }

    #[test]
    fn keys_are_checked() {
        let wrong = PUBLIC.replace("age1", "age1q");
        for (text, why) in [
            (wrong.as_str(), "checksum"),
            ("ssh-ed25519 AAAA", "X25519"),
            ("age1", "X25519"),
            (SECRET, "secret"),
        ] {
            let said = Recipient::parse(text).unwrap_err();
            assert!(said.contains(why), "{text}: {said}");
            assert!(!said.contains(SECRET));
        }
        let said = identities("AGE-SECRET-KEY-1QQ\n").unwrap_err();
        assert!(said.contains("line 1"), "{said}");
        assert!(identities("# nothing\n").is_err());
    }
}
