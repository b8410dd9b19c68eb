//! Random values, by the system's generator.

use super::{Fields, number, text as said, texts};
use crate::value::{Type, Value};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// A password, and its bcrypt hash.
pub(super) fn password(wish: &Value) -> Result<Fields, String> {
    let text = letters(wish)?;
    let head = text.as_bytes().get(..text.len().min(72));
    let hash = bcrypt::hash(head.unwrap_or_default(), 10).map_err(|why| why.to_string())?;
    Ok([
        ("result".into(), text.into()),
        ("bcrypt_hash".into(), hash.into()),
        ("id".into(), "none".into()),
    ]
    .into())
}

/// A text that is no secret.
pub(super) fn text(wish: &Value) -> Result<Fields, String> {
    let text = letters(wish)?;
    Ok([
        ("id".into(), text.as_str().into()),
        ("result".into(), text.into()),
    ]
    .into())
}

/// Bytes in several spellings, with a prefix.
pub(super) fn id(wish: &Value) -> Result<Fields, String> {
    let bytes = some_bytes(wish, "byte_length")?;
    let prefix = said(wish, "prefix").unwrap_or_default();
    let url = URL_SAFE_NO_PAD.encode(&bytes);
    let with = |text: &str| Value::from(format!("{prefix}{text}"));
    let decimal = dashu_int::UBig::from_be_bytes(&bytes).to_string();
    Ok([
        ("b64_url".into(), with(&url)),
        ("b64_std".into(), with(&STANDARD.encode(&bytes))),
        ("hex".into(), with(&hex(&bytes))),
        ("dec".into(), with(&decimal)),
        ("id".into(), url.into()),
    ]
    .into())
}

/// Secret bytes.
pub(super) fn bytes(wish: &Value) -> Result<Fields, String> {
    let bytes = some_bytes(wish, "length")?;
    Ok([
        ("base64".into(), STANDARD.encode(&bytes).into()),
        ("hex".into(), hex(&bytes).into()),
    ]
    .into())
}

pub(super) fn uuid() -> Fields {
    let text = uuid::Uuid::new_v4().to_string();
    [
        ("id".into(), text.as_str().into()),
        ("result".into(), text.into()),
    ]
    .into()
}

/// A whole number from `min` to `max`.
pub(super) fn integer(wish: &Value) -> Result<Fields, String> {
    use rand::Rng;
    let bounds = number(wish, "min").zip(number(wish, "max"));
    let (min, max) = bounds.ok_or("`min` and `max` must be whole numbers of 64 bits")?;
    if min > max {
        return Err(format!("`min`, {min}, is more than `max`, {max}"));
    }
    let number = rand::rng().random_range(min..=max);
    Ok([
        ("id".into(), number.to_string().into()),
        ("result".into(), number.into()),
    ]
    .into())
}

/// Texts in another order.
pub(super) fn shuffle(wish: &Value) -> Fields {
    let mut items = texts(wish, "input");
    mix(&mut items);
    let count = number(wish, "result_count").and_then(|count| usize::try_from(count).ok());
    let count = count.filter(|count| *count > 0).unwrap_or(items.len());
    // More than there are: they come again, in another order.
    let mut all = Vec::new();
    while all.len() < count && !items.is_empty() {
        all.extend(items.iter().take(count - all.len()).cloned());
        mix(&mut items);
    }
    let all = all.into_iter().map(Value::from).collect();
    [
        ("id".into(), "-".into()),
        ("result".into(), Value::list(Type::String, all)),
    ]
    .into()
}

/// Returns a number below `limit`, each equally likely.
pub(super) fn below(limit: usize) -> usize {
    use rand::Rng;
    rand::rng().random_range(0..limit)
}

fn mix<T>(items: &mut [T]) {
    for at in (1..items.len()).rev() {
        items.swap(at, below(at + 1));
    }
}

/// Returns bytes in hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn some_bytes(wish: &Value, length: &str) -> Result<Vec<u8>, String> {
    let wanted = number(wish, length).and_then(|count| usize::try_from(count).ok());
    let wanted = wanted.filter(|count| (1..=65_536).contains(count));
    let count = wanted.ok_or_else(|| format!("`{length}` must be from 1 to 65536"))?;
    let mut bytes = vec![0_u8; count];
    rand::fill(&mut bytes[..]);
    Ok(bytes)
}

fn count(wish: &Value, name: &str) -> usize {
    let number = number(wish, name).and_then(|number| usize::try_from(number).ok());
    number.unwrap_or(0)
}

/// Returns text of the letters that are allowed, with the least numbers of each kind.
fn letters(wish: &Value) -> Result<String, String> {
    let allowed = |name: &str| wish.field(name).and_then(Value::as_bool).unwrap_or(true);
    let special = said(wish, "override_special").unwrap_or("!@#$%&*()-_=+[]{}<>:?");
    let numeric = allowed("numeric") && allowed("number");
    let groups: [(&str, bool, &str); 4] = [
        ("min_lower", allowed("lower"), "abcdefghijklmnopqrstuvwxyz"),
        ("min_upper", allowed("upper"), "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        ("min_numeric", numeric, "0123456789"),
        ("min_special", allowed("special"), special),
    ];
    let length = count(wish, "length");
    let mut letters: Vec<char> = Vec::new();
    let mut all: Vec<char> = Vec::new();
    for (least, allowed, group) in groups {
        let group: Vec<char> = group.chars().collect();
        letters.extend((0..count(wish, least)).map(|_| group[below(group.len())]));
        if allowed {
            all.extend(group);
        }
    }
    if letters.len() > length {
        return Err(format!(
            "the least numbers add up to more than the length, {length}"
        ));
    }
    if all.is_empty() && letters.len() < length {
        return Err("no letters are allowed to make it of".to_owned());
    }
    while letters.len() < length {
        letters.push(all[below(all.len())]);
    }
    mix(&mut letters);
    Ok(letters.into_iter().collect())
}
