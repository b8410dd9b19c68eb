//! Just enough of RSA to read what somebody else encrypted: `rsadecrypt`. Not constant in time; it runs on the user's
//! own machine over the user's own configuration.

use dashu_int::UBig;
use dashu_int::fast_div::ConstDivisor;

use super::encoding::from_base64;

const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

/// A private key: modulus and private exponent. Not `Debug`, so that it is never shown.
pub(super) struct PrivateKey {
    modulus: UBig,
    exponent: UBig,
}

impl PrivateKey {
    /// Reads a key in PEM: `RSA PRIVATE KEY` (PKCS #1) or `PRIVATE KEY` (PKCS #8), not encrypted.
    ///
    /// # Errors
    /// Tells what is wrong without showing the key.
    pub fn from_pem(pem: &str) -> Result<PrivateKey, String> {
        let (_, rest) = pem
            .split_once("-----BEGIN ")
            .ok_or("no PEM block is in the private key")?;
        let (label, rest) = rest
            .split_once("-----")
            .ok_or("the PEM block has no label")?;
        let (body, _) = rest
            .split_once("-----END ")
            .ok_or("the PEM block has no end")?;
        if body.contains(':') || label.contains("ENCRYPTED") {
            return Err("an encrypted private key cannot be used".to_owned());
        }
        let joined: String = body.split_whitespace().collect();
        let der = from_base64(&joined).map_err(|_| "the PEM block is not base64")?;
        let key = match label {
            "RSA PRIVATE KEY" => PrivateKey::from_pkcs1(&der),
            "PRIVATE KEY" => PrivateKey::from_pkcs8(&der),
            _ => return Err("the private key is not an RSA key in PEM".to_owned()),
        };
        key.ok_or_else(|| "the private key has invalid ASN.1 data".to_owned())
    }

    fn from_pkcs1(der: &[u8]) -> Option<PrivateKey> {
        let (fields, rest) = take(der, SEQUENCE)?;
        let (_version, fields) = take(fields, INTEGER)?;
        let (modulus, fields) = take(fields, INTEGER)?;
        let (_public, fields) = take(fields, INTEGER)?;
        let (exponent, _) = take(fields, INTEGER)?;
        let key = PrivateKey {
            modulus: UBig::from_be_bytes(modulus),
            exponent: UBig::from_be_bytes(exponent),
        };
        (rest.is_empty() && key.modulus > UBig::ONE).then_some(key)
    }

    fn from_pkcs8(der: &[u8]) -> Option<PrivateKey> {
        let (fields, _) = take(der, SEQUENCE)?;
        let (_version, fields) = take(fields, INTEGER)?;
        let (_algorithm, fields) = take(fields, SEQUENCE)?;
        let (key, _) = take(fields, OCTETS)?;
        PrivateKey::from_pkcs1(key)
    }

    /// Decrypts one block with PKCS #1 v1.5 padding.
    ///
    /// # Errors
    /// Tells that it does not decrypt; why is not told, by design of the padding.
    pub fn decrypt(&self, ciphertext: &[u8]) -> Result<Vec<u8>, String> {
        let failed = || "the text cannot be decrypted with this key".to_owned();
        let cipher = UBig::from_be_bytes(ciphertext);
        let length = self.modulus.to_be_bytes().len();
        if cipher >= self.modulus || ciphertext.len() > length {
            return Err(failed());
        }
        let ring = ConstDivisor::new(self.modulus.clone());
        let plain = ring
            .reduce(cipher)
            .pow(&self.exponent)
            .residue()
            .to_be_bytes();
        // The leading zero byte is lost in a number: 02, at least eight bytes that are not zero, zero, the text.
        let padding = plain
            .iter()
            .position(|byte| *byte == 0)
            .ok_or_else(failed)?;
        match plain.first() {
            Some(2) if plain.len() + 1 == length && padding > 8 => {
                Ok(plain.get(padding + 1..).unwrap_or_default().to_vec())
            }
            _ => Err(failed()),
        }
    }
}

/// Takes one element of ASN.1 in DER: its content, and what follows.
fn take(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    if *first != tag {
        return None;
    }
    let (length, rest) = match length {
        0..=0x7f => (usize::from(*length), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            let length = bytes
                .iter()
                .fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
            (length, rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}
