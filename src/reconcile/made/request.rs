//! Requests to sign a certificate (PKCS #10), and what requests and certificates share: subjects and names.

use super::der::{self, element, integer, object, sequence, take};
use super::key::Key;
use super::{Fields, chance, flag, text, texts};
use crate::value::Value;
use sha1::{Digest, Sha1};
use std::net::IpAddr;

const EXTENSION_REQUEST: &str = "1.2.840.113549.1.9.14";
pub(super) const ALTERNATIVE_NAMES: &str = "2.5.29.17";

/// Makes a request.
pub(super) fn request(wish: &Value) -> Result<Fields, String> {
    let key = Key::from_pem(text(wish, "private_key_pem").unwrap_or_default())?;
    let names = alternative_names(wish)?;
    let attributes = names.map(|names| {
        let all = element(der::SET, &sequence(&[&names]));
        sequence(&[&object(EXTENSION_REQUEST), &all])
    });
    let content = sequence(&[
        &integer(&[0]),
        &subject(wish),
        &key.public_info(),
        &element(0xa0, &attributes.unwrap_or_default()),
    ]);
    let pem = der::pem("CERTIFICATE REQUEST", &key.signed(&content)?);
    Ok([
        ("id".into(), chance::hex(&Sha1::digest(&pem)).into()),
        ("key_algorithm".into(), key.kind.algorithm().into()),
        ("cert_request_pem".into(), pem.into()),
    ]
    .into())
}

/// What a request asks for.
pub(super) struct Asked {
    /// The subject, in DER.
    pub subject: Vec<u8>,
    /// The public key with its algorithm, in DER.
    pub public_info: Vec<u8>,
    /// The extension with alternative names, in DER.
    pub names: Option<Vec<u8>>,
}

/// Reads a request in PEM.
pub(super) fn asked(pem: &str) -> Result<Asked, String> {
    let wrong = || "`cert_request_pem` is no request in PEM".to_owned();
    let (_, request) = der::from_pem(pem).ok_or_else(wrong)?;
    let read = || {
        let (whole, _) = take(&request, der::SEQUENCE)?;
        let (content, _) = take(whole, der::SEQUENCE)?;
        let (_, rest) = take(content, der::INTEGER)?;
        let (subject, rest) = der::whole(rest, der::SEQUENCE)?;
        let (public, rest) = der::whole(rest, der::SEQUENCE)?;
        let attributes = take(rest, 0xa0).map(|(attributes, _)| attributes);
        Some(Asked {
            subject: subject.to_vec(),
            public_info: public.to_vec(),
            names: attributes.and_then(asked_names),
        })
    };
    read().ok_or_else(wrong)
}

/// Finds the extension with alternative names among the attributes of a request.
fn asked_names(attributes: &[u8]) -> Option<Vec<u8>> {
    let wanted = object(EXTENSION_REQUEST);
    der::each(attributes).find_map(|(_, attribute)| {
        let (name, rest) = der::whole(attribute, der::OBJECT)?;
        let (set, _) = take(rest, der::SET).filter(|_| name == wanted)?;
        let (extensions, _) = take(set, der::SEQUENCE)?;
        extension(extensions, ALTERNATIVE_NAMES).map(|content| element(der::SEQUENCE, content))
    })
}

/// Finds an extension: what stands in its sequence.
pub(super) fn extension<'a>(extensions: &'a [u8], dotted: &str) -> Option<&'a [u8]> {
    let wanted = object(dotted);
    let mut all = der::each(extensions).map(|(_, content)| content);
    all.find(|content| content.starts_with(&wanted))
}

/// Writes the block `subject` as a name.
pub(super) fn subject(wish: &Value) -> Vec<u8> {
    let block = wish.field("subject");
    let block = block.and_then(|block| block.as_items()?.first());
    let Some(block) = block else {
        return sequence(&[]);
    };
    const PARTS: [(&str, &str); 9] = [
        ("country", "2.5.4.6"),
        ("organization", "2.5.4.10"),
        ("organizational_unit", "2.5.4.11"),
        ("locality", "2.5.4.7"),
        ("province", "2.5.4.8"),
        ("street_address", "2.5.4.9"),
        ("postal_code", "2.5.4.17"),
        ("common_name", "2.5.4.3"),
        ("serial_number", "2.5.4.5"),
    ];
    let parts = PARTS.iter().flat_map(|(name, dotted)| {
        let values = texts(block, name);
        let values = values.into_iter().filter(|text| !text.is_empty());
        values
            .map(|text| name_part(dotted, &text))
            .collect::<Vec<_>>()
    });
    element(der::SEQUENCE, &parts.collect::<Vec<_>>().concat())
}

fn name_part(dotted: &str, text: &str) -> Vec<u8> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&byte);
    let tag = if text.bytes().all(plain) {
        der::PRINTABLE
    } else {
        der::UTF8
    };
    let pair = sequence(&[&object(dotted), &element(tag, text.as_bytes())]);
    element(der::SET, &pair)
}

/// Writes the extension with alternative names; `None` where there are none.
pub(super) fn alternative_names(wish: &Value) -> Result<Option<Vec<u8>>, String> {
    let mut names = Vec::new();
    for name in texts(wish, "dns_names") {
        names.extend(element(0x82, name.as_bytes()));
    }
    for text in texts(wish, "ip_addresses") {
        let address: IpAddr = text
            .parse()
            .map_err(|_| format!("`{text}` is no IP address"))?;
        match address {
            IpAddr::V4(four) => names.extend(element(0x87, &four.octets())),
            IpAddr::V6(six) => names.extend(element(0x87, &six.octets())),
        }
    }
    for uri in texts(wish, "uris") {
        names.extend(element(0x86, uri.as_bytes()));
    }
    if names.is_empty() {
        return Ok(None);
    }
    // Where nobody is named in the subject these are all that names it: critical (RFC 5280, 4.2.1.6).
    let critical = subject(wish) == sequence(&[]) && !flag(wish, "is_ca_certificate");
    Ok(Some(written(
        ALTERNATIVE_NAMES,
        critical,
        &sequence(&[&names]),
    )))
}

/// Writes an extension.
pub(super) fn written(dotted: &str, critical: bool, content: &[u8]) -> Vec<u8> {
    let critical = if critical {
        element(0x01, &[0xff])
    } else {
        Vec::new()
    };
    sequence(&[&object(dotted), &critical, &element(der::OCTETS, content)])
}
