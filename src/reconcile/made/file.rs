//! What a file holds, and its digests.

use super::{Fields, chance, text};
use crate::value::Value;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

/// Returns what a file is to hold; `None` where another file is to be copied.
///
/// # Errors
/// Tells that a content is no base64.
pub fn content_of(wish: &Value) -> Result<Option<Vec<u8>>, String> {
    for name in ["content", "sensitive_content"] {
        if let Some(content) = wish.field(name).and_then(Value::as_text) {
            return Ok(Some(content.as_bytes().to_vec()));
        }
    }
    let Some(encoded) = text(wish, "content_base64") else {
        return Ok(None);
    };
    let decoded = STANDARD.decode(encoded);
    decoded
        .map(Some)
        .map_err(|_| "`content_base64` is no base64".to_owned())
}

/// Returns the digests of a file's content by attribute, and its id.
#[must_use]
pub fn digests(content: &[u8]) -> Fields {
    let sha1 = chance::hex(&Sha1::digest(content));
    let (sha256, sha512) = (Sha256::digest(content), Sha512::digest(content));
    [
        ("id".into(), sha1.as_str().into()),
        (
            "content_md5".into(),
            chance::hex(&Md5::digest(content)).into(),
        ),
        ("content_sha1".into(), sha1.into()),
        ("content_sha256".into(), chance::hex(&sha256).into()),
        (
            "content_base64sha256".into(),
            STANDARD.encode(sha256).into(),
        ),
        ("content_sha512".into(), chance::hex(&sha512).into()),
        (
            "content_base64sha512".into(),
            STANDARD.encode(sha512).into(),
        ),
    ]
    .into()
}
