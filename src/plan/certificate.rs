//! What an X.509 certificate tells of the attributes that it was made with (RFC 5280).

use base64::Engine;
use serde_json::Value as Json;

/// A certificate, as far as attributes ask for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificate {
    /// Big-endian, without leading zeros.
    serial: Vec<u8>,
    /// Attributes of the subject in order: object identifier in dots, text.
    subject: Vec<(String, String)>,
    /// Seconds since 1970.
    pub not_after: i64,
    names: Vec<String>,
    addresses: Vec<String>,
    uris: Vec<String>,
    key: Option<(&'static str, i64)>,
}

/// One element of DER: its tag, what is in it, and what follows it.
type Element<'a> = (u8, &'a [u8], &'a [u8]);

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const IDENTIFIER: u8 = 0x06;

impl Certificate {
    /// Reads the first certificate of a PEM text; `None` where there is none that can be read.
    #[must_use]
    pub fn of_pem(pem: &str) -> Option<Certificate> {
        let (_, rest) = pem.split_once("-----BEGIN CERTIFICATE-----")?;
        let (body, _) = rest.split_once("-----END CERTIFICATE-----")?;
        let body: String = body.split_whitespace().collect();
        let der = base64::engine::general_purpose::STANDARD
            .decode(body)
            .ok()?;
        Certificate::of_der(&der)
    }

    fn of_der(der: &[u8]) -> Option<Certificate> {
        let whole = tagged(der, SEQUENCE)?.0;
        let mut rest = tagged(whole, SEQUENCE)?.0;
        if let Some((0xa0, _, after)) = element(rest) {
            rest = after;
        }
        let (serial, rest) = tagged(rest, INTEGER)?;
        let (_, rest) = tagged(rest, SEQUENCE)?;
        let (_, rest) = tagged(rest, SEQUENCE)?;
        let (validity, rest) = tagged(rest, SEQUENCE)?;
        let (subject, rest) = tagged(rest, SEQUENCE)?;
        let (key, rest) = tagged(rest, SEQUENCE)?;
        let (_, _, end) = element(validity)?;
        let (_, end, _) = element(end)?;
        let zeros = serial.iter().take_while(|byte| **byte == 0).count();
        let mut read = Certificate {
            serial: serial.get(zeros..).unwrap_or_default().to_vec(),
            subject: subject_of(subject),
            not_after: time_of(end)?,
            key: key_of(key),
            ..Certificate::default()
        };
        read.alternatives(rest);
        Some(read)
    }

    /// Reads the alternative names out of the extensions.
    fn alternatives(&mut self, rest: &[u8]) {
        let fields = elements(rest);
        let lists = fields.iter().filter(|(tag, _)| *tag == 0xa3);
        for (_, list) in lists {
            let Some((list, _)) = tagged(list, SEQUENCE) else {
                continue;
            };
            for (_, extension) in elements(list) {
                let parts = elements(extension);
                let named = parts.first().map(|(_, id)| identifier(id));
                if named.as_deref() != Some("2.5.29.17") {
                    continue;
                }
                let names = parts.last().and_then(|(_, text)| tagged(text, SEQUENCE));
                for (tag, name) in names.map(|(names, _)| elements(names)).unwrap_or_default() {
                    self.alternative(tag, name);
                }
            }
        }
    }

    fn alternative(&mut self, tag: u8, name: &[u8]) {
        let text = || String::from_utf8_lossy(name).into_owned();
        match tag {
            0x81 | 0x82 => self.names.push(text()),
            0x86 => self.uris.push(text()),
            0x87 => self.addresses.extend(address(name)),
            _ => {}
        }
    }

    /// Returns what an attribute of that name was; `None` where a certificate does not tell it.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<Json> {
        let of_subject = |identifier: &str| {
            let found = self.subject.iter().filter(|(id, _)| id == identifier);
            Json::from(
                found
                    .map(|(_, text)| text.as_str())
                    .collect::<Vec<_>>()
                    .join(","),
            )
        };
        Some(match name {
            "common_name" => of_subject("2.5.4.3"),
            "country" => of_subject("2.5.4.6"),
            "locality" => of_subject("2.5.4.7"),
            "province" => of_subject("2.5.4.8"),
            "street_address" => of_subject("2.5.4.9"),
            "organization" => of_subject("2.5.4.10"),
            "ou" => of_subject("2.5.4.11"),
            "postal_code" => of_subject("2.5.4.17"),
            "alt_names" => {
                let own = of_subject("2.5.4.3");
                let others = self
                    .names
                    .iter()
                    .filter(|name| own.as_str() != Some(name.as_str()));
                others.cloned().collect()
            }
            "ip_sans" => self.addresses.iter().cloned().collect(),
            "uri_sans" => self.uris.iter().cloned().collect(),
            "key_type" => Json::from(self.key?.0),
            "key_bits" => Json::from(self.key?.1),
            "serial_number" => {
                let pairs = self.serial.iter().map(|byte| format!("{byte:02x}"));
                Json::from(pairs.collect::<Vec<_>>().join(":"))
            }
            _ => return None,
        })
    }
}

/// Reads one element: tag, length in one or several bytes, content.
fn element(der: &[u8]) -> Option<Element<'_>> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = if *first < 0x80 {
        (usize::from(*first), rest)
    } else {
        let count = usize::from(first & 0x7f);
        let bytes = rest.get(..count).filter(|_| (1..=4).contains(&count))?;
        let length = bytes
            .iter()
            .fold(0_usize, |sum, byte| (sum << 8) | usize::from(*byte));
        (length, rest.get(count..)?)
    };
    Some((*tag, rest.get(..length)?, rest.get(length..)?))
}

fn tagged(der: &[u8], wanted: u8) -> Option<(&[u8], &[u8])> {
    let (_, content, rest) = element(der).filter(|(tag, ..)| *tag == wanted)?;
    Some((content, rest))
}

fn elements(mut der: &[u8]) -> Vec<(u8, &[u8])> {
    let mut found = Vec::new();
    while let Some((tag, content, rest)) = element(der) {
        found.push((tag, content));
        der = rest;
    }
    found
}

/// Writes an object identifier in dots (X.690 section 8.19).
fn identifier(content: &[u8]) -> String {
    let mut numbers = Vec::new();
    let mut number: u64 = 0;
    for byte in content {
        number = (number << 7) | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            numbers.push(number);
            number = 0;
        }
    }
    let first = numbers.first().copied().unwrap_or_default();
    let top = (first / 40).min(2);
    let head = format!("{top}.{}", first - 40 * top);
    numbers
        .iter()
        .skip(1)
        .fold(head, |text, number| format!("{text}.{number}"))
}

fn subject_of(names: &[u8]) -> Vec<(String, String)> {
    let sets = elements(names);
    let pairs = sets.iter().flat_map(|(_, set)| elements(set));
    let read = |(_, pair): (u8, &[u8])| {
        let (id, rest) = tagged(pair, IDENTIFIER)?;
        let (_, text, _) = element(rest)?;
        Some((identifier(id), String::from_utf8_lossy(text).into_owned()))
    };
    pairs.filter_map(read).collect()
}

/// Returns kind and size of a public key: of RSA the modulus's bits, of a curve its name's, of Ed25519 none.
fn key_of(key: &[u8]) -> Option<(&'static str, i64)> {
    let (algorithm, rest) = tagged(key, SEQUENCE)?;
    let (id, parameters) = tagged(algorithm, IDENTIFIER)?;
    match identifier(id).as_str() {
        "1.2.840.113549.1.1.1" => {
            let (bits, _) = tagged(rest, 0x03)?;
            let (numbers, _) = tagged(bits.get(1..)?, SEQUENCE)?;
            let (modulus, _) = tagged(numbers, INTEGER)?;
            let zeros = modulus.iter().take_while(|byte| **byte == 0).count();
            let bytes = modulus.len().checked_sub(zeros)?;
            Some(("rsa", i64::try_from(bytes).ok()?.checked_mul(8)?))
        }
        "1.2.840.10045.2.1" => {
            let (curve, _) = tagged(parameters, IDENTIFIER)?;
            let bits = match identifier(curve).as_str() {
                "1.3.132.0.33" => 224,
                "1.2.840.10045.3.1.7" => 256,
                "1.3.132.0.34" => 384,
                "1.3.132.0.35" => 521,
                _ => return None,
            };
            Some(("ec", bits))
        }
        "1.3.101.112" => Some(("ed25519", 0)),
        _ => None,
    }
}

fn address(bytes: &[u8]) -> Option<String> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(std::net::Ipv4Addr::from(four).to_string());
    }
    let sixteen = <[u8; 16]>::try_from(bytes).ok()?;
    Some(std::net::Ipv6Addr::from(sixteen).to_string())
}

/// Reads `YYMMDDHHMMSSZ` (before 2050) or `YYYYMMDDHHMMSSZ` as seconds since 1970.
fn time_of(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let full = match text.len() {
        12 if text < "5" => format!("20{text}"),
        12 => format!("19{text}"),
        14 => text.to_owned(),
        _ => return None,
    };
    let part = |from: usize, to: usize| full.get(from..to)?.parse::<i64>().ok();
    let days = days_from_civil(part(0, 4)?, part(4, 6)?, part(6, 8)?);
    Some(((days * 24 + part(8, 10)?) * 60 + part(10, 12)?) * 60 + part(12, 14)?)
}

/// Counts the days since 1970-01-01 of a date of the Gregorian calendar: years begin in March, so that leap days end them.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEM: &str = include_str!("certificate_sample.pem");

    #[test]
    fn reads_what_it_was_made_with() {
        let read = Certificate::of_pem(PEM).expect("a certificate");
        let text = |name: &str| read.attribute(name).unwrap_or_default();
        assert_eq!(text("common_name"), "api.example");
        assert_eq!(text("organization"), "Example");
        assert_eq!(text("country"), "DE");
        assert_eq!(
            text("alt_names"),
            serde_json::json!(["b.example", "ops@example.org"])
        );
        assert_eq!(text("ip_sans"), serde_json::json!(["10.0.0.9", "fd00::1"]));
        assert_eq!(
            text("uri_sans"),
            serde_json::json!(["spiffe://example/api"])
        );
        assert_eq!(text("key_type"), "ec");
        assert_eq!(text("key_bits"), 256);
        assert_eq!(text("serial_number"), "0a:bc:de");
        assert_eq!(text("other_sans"), Json::Null);
    }

    #[test]
    fn times_are_seconds() {
        assert_eq!(time_of(b"700101000000Z"), Some(0));
        assert_eq!(time_of(b"20500101000000Z"), Some(2_524_608_000));
        assert_eq!(time_of(b"240229120000Z"), Some(1_709_208_000));
        assert_eq!(time_of(b"240229"), None);
    }

    #[test]
    fn what_is_cut_off_is_no_certificate() {
        let body: String = PEM.lines().filter(|line| !line.starts_with('-')).collect();
        let der = base64::engine::general_purpose::STANDARD
            .decode(body)
            .expect("base64");
        for length in 0..der.len() {
            assert_eq!(
                Certificate::of_der(der.get(..length).unwrap_or_default()),
                None
            );
        }
    }
}
