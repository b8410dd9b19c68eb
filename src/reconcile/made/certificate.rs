//! Certificates (RFC 5280) that are signed here.

use super::der::{self, element, integer, object, sequence, take};
use super::key::Key;
use super::request::{alternative_names, asked, extension, subject, written};
use super::{Fields, flag, moment, number, text, texts};
use crate::value::Value;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sha1::{Digest, Sha1};

const KEY_ID: &str = "2.5.29.14";

/// What a certificate says.
struct Content {
    subject: Vec<u8>,
    public_info: Vec<u8>,
    names: Option<Vec<u8>>,
    issuer: Vec<u8>,
    /// The id of the key that signs it.
    authority: Option<Vec<u8>>,
}

/// Makes a certificate that its own key signs.
pub(super) fn self_signed(wish: &Value, now: i64) -> Result<Fields, String> {
    let key = Key::from_pem(text(wish, "private_key_pem").unwrap_or_default())?;
    let info = key.public_info();
    let own = key_id(&info);
    let content = Content {
        subject: subject(wish),
        issuer: subject(wish),
        names: alternative_names(wish)?,
        authority: flag(wish, "set_authority_key_id").then_some(own),
        public_info: info,
    };
    let mut fields = certificate(wish, &content, &key, now)?;
    fields.insert("key_algorithm".into(), key.kind.algorithm().into());
    Ok(fields)
}

/// Makes a certificate for a request, signed by the key of an authority.
pub(super) fn locally_signed(wish: &Value, now: i64) -> Result<Fields, String> {
    let key = Key::from_pem(text(wish, "ca_private_key_pem").unwrap_or_default())?;
    let authority = Authority::from_pem(text(wish, "ca_cert_pem").unwrap_or_default())?;
    if authority.public_info != key.public_info() {
        return Err("`ca_private_key_pem` is not the key of `ca_cert_pem`".to_owned());
    }
    let asked = asked(text(wish, "cert_request_pem").unwrap_or_default())?;
    let content = Content {
        subject: asked.subject,
        public_info: asked.public_info,
        names: asked.names,
        issuer: authority.subject,
        authority: authority.key_id,
    };
    let mut fields = certificate(wish, &content, &key, now)?;
    fields.insert("ca_key_algorithm".into(), key.kind.algorithm().into());
    Ok(fields)
}

/// What is needed of the certificate of an authority.
struct Authority {
    subject: Vec<u8>,
    public_info: Vec<u8>,
    key_id: Option<Vec<u8>>,
}

impl Authority {
    fn from_pem(pem: &str) -> Result<Authority, String> {
        let wrong = || "`ca_cert_pem` is no certificate in PEM".to_owned();
        let (_, whole) = der::from_pem(pem).ok_or_else(wrong)?;
        Authority::read(&whole).ok_or_else(wrong)
    }

    fn read(whole: &[u8]) -> Option<Authority> {
        let (content, _) = take(whole, der::SEQUENCE)?;
        let (mut rest, _) = take(content, der::SEQUENCE)?;
        if let Some((_, after)) = take(rest, 0xa0) {
            rest = after;
        }
        let (_serial, rest) = take(rest, der::INTEGER)?;
        let (_algorithm, rest) = take(rest, der::SEQUENCE)?;
        let (_issuer, rest) = take(rest, der::SEQUENCE)?;
        let (_validity, rest) = take(rest, der::SEQUENCE)?;
        let (subject, rest) = der::whole(rest, der::SEQUENCE)?;
        let (public, rest) = der::whole(rest, der::SEQUENCE)?;
        let mut others = der::each(rest);
        let extensions = others.find(|(tag, _)| *tag == 0xa3);
        let extensions = extensions.and_then(|(_, list)| Some(take(list, der::SEQUENCE)?.0));
        let key_id = extensions.and_then(|list| {
            let content = extension(list, KEY_ID)?;
            let (_, value) = der::each(content).last()?;
            Some(take(value, der::OCTETS)?.0.to_vec())
        });
        Some(Authority {
            subject: subject.to_vec(),
            public_info: public.to_vec(),
            key_id,
        })
    }
}

fn certificate(wish: &Value, content: &Content, key: &Key, now: i64) -> Result<Fields, String> {
    let hours = number(wish, "validity_period_hours").unwrap_or(0);
    let end = now.saturating_add(hours.saturating_mul(3600));
    let mut serial = [0_u8; 16];
    rand::fill(&mut serial[..]);
    serial[0] = serial[0] & 0x7f | 0x40;
    let tbs = sequence(&[
        &element(0xa0, &integer(&[2])),
        &integer(&serial),
        &key.kind.signature(),
        &content.issuer,
        &sequence(&[&time(now)?, &time(end)?]),
        &content.subject,
        &content.public_info,
        &element(0xa3, &extensions(wish, content)?),
    ]);
    let pem = der::pem("CERTIFICATE", &key.signed(&tbs)?);
    let number = dashu_int::UBig::from_be_bytes(&serial).to_string();
    Ok([
        ("id".into(), number.into()),
        ("cert_pem".into(), pem.into()),
        ("ready_for_renewal".into(), false.into()),
        ("validity_start_time".into(), moment::text(now).into()),
        ("validity_end_time".into(), moment::text(end).into()),
    ]
    .into())
}

/// Works out anew whether a certificate is to be made anew.
pub(super) fn refreshed(wish: &Value, kept: Value, now: i64) -> Value {
    let end = text(&kept, "validity_end_time");
    let end = end.and_then(|end| end.parse::<Timestamp>().ok());
    let early = number(wish, "early_renewal_hours").unwrap_or(0);
    let due = end.is_some_and(|end| end.as_second() - early.saturating_mul(3600) <= now);
    let mut fields = kept.as_fields().cloned().unwrap_or_default();
    fields.insert("ready_for_renewal".into(), due.into());
    Value::object(fields)
}

/// Writes a time: two digits of the year until 2049 (RFC 5280, 4.1.2.5).
fn time(seconds: i64) -> Result<Vec<u8>, String> {
    let moment = Timestamp::from_second(seconds);
    let moment = moment.map_err(|_| "the certificate would end too far away")?;
    let moment = moment.to_zoned(TimeZone::UTC);
    Ok(if moment.year() < 2050 {
        element(
            0x17,
            moment.strftime("%y%m%d%H%M%SZ").to_string().as_bytes(),
        )
    } else {
        element(
            0x18,
            moment.strftime("%Y%m%d%H%M%SZ").to_string().as_bytes(),
        )
    })
}

/// The id of a public key: the digest of its bits.
fn key_id(public_info: &[u8]) -> Vec<u8> {
    let read = || {
        let (fields, _) = take(public_info, der::SEQUENCE)?;
        let (_, fields) = take(fields, der::SEQUENCE)?;
        take(fields, der::BITS)?.0.get(1..)
    };
    Sha1::digest(read().unwrap_or_default()).to_vec()
}

fn extensions(wish: &Value, content: &Content) -> Result<Vec<u8>, String> {
    let uses = texts(wish, "allowed_uses");
    let authority = flag(wish, "is_ca_certificate");
    let mut all = Vec::new();
    let (usage, extended) = key_usage(&uses)?;
    all.extend(usage.map(|bits| written("2.5.29.15", true, &bits)));
    if !extended.is_empty() {
        let list = element(der::SEQUENCE, &extended.concat());
        all.push(written("2.5.29.37", false, &list));
    }
    let length = number(wish, "max_path_length").filter(|length| *length >= 0 && authority);
    let length = length.map(|length| integer(&length.to_be_bytes()));
    let constraints = match authority {
        true => sequence(&[&element(0x01, &[0xff]), &length.unwrap_or_default()]),
        false => sequence(&[]),
    };
    all.push(written("2.5.29.19", true, &constraints));
    if authority || flag(wish, "set_subject_key_id") {
        let id = element(der::OCTETS, &key_id(&content.public_info));
        all.push(written(KEY_ID, false, &id));
    }
    if let Some(id) = &content.authority {
        let id = sequence(&[&element(0x80, id)]);
        all.push(written("2.5.29.35", false, &id));
    }
    all.extend(content.names.clone());
    Ok(element(der::SEQUENCE, &all.concat()))
}

const USAGES: [&str; 9] = [
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "cert_signing",
    "crl_signing",
    "encipher_only",
    "decipher_only",
];

const EXTENDED: [(&str, &str); 14] = [
    ("any_extended", "2.5.29.37.0"),
    ("server_auth", "1.3.6.1.5.5.7.3.1"),
    ("client_auth", "1.3.6.1.5.5.7.3.2"),
    ("code_signing", "1.3.6.1.5.5.7.3.3"),
    ("email_protection", "1.3.6.1.5.5.7.3.4"),
    ("ipsec_end_system", "1.3.6.1.5.5.7.3.5"),
    ("ipsec_tunnel", "1.3.6.1.5.5.7.3.6"),
    ("ipsec_user", "1.3.6.1.5.5.7.3.7"),
    ("timestamping", "1.3.6.1.5.5.7.3.8"),
    ("ocsp_signing", "1.3.6.1.5.5.7.3.9"),
    ("microsoft_server_gated_crypto", "1.3.6.1.4.1.311.10.3.3"),
    ("netscape_server_gated_crypto", "2.16.840.1.113730.4.1"),
    (
        "microsoft_commercial_code_signing",
        "1.3.6.1.4.1.311.2.1.22",
    ),
    ("microsoft_kernel_code_signing", "1.3.6.1.4.1.311.61.1.1"),
];

/// The bits of the usages, and the extended ones.
type Usages = (Option<Vec<u8>>, Vec<Vec<u8>>);

fn key_usage(uses: &[String]) -> Result<Usages, String> {
    let (mut bits, mut extended) = (0_u16, Vec::new());
    for name in uses {
        let bit = USAGES.iter().position(|usage| usage == name);
        let other = EXTENDED.iter().find(|(usage, _)| usage == name);
        match (bit, other) {
            (Some(bit), _) => bits |= 0x8000 >> bit,
            (_, Some((_, dotted))) => extended.push(object(dotted)),
            _ => {
                return Err(format!(
                    "`{name}` is no use of a key: `server_auth`, `cert_signing` …"
                ));
            }
        }
    }
    let written = |bits: u16| {
        let unused = u8::try_from(bits.trailing_zeros() % 8).unwrap_or(0);
        let mut bytes = bits.to_be_bytes().to_vec();
        if bytes.last() == Some(&0) {
            bytes.pop();
        }
        element(der::BITS, &[&[unused], bytes.as_slice()].concat())
    };
    Ok(((bits != 0).then(|| written(bits)), extended))
}
