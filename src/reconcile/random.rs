//! Making random values by the system's generator.

use crate::catalog::Local;
use crate::value::{Number, Value};
use base64::Engine;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Makes the outputs of a local object.
///
/// # Errors
/// Tells which wish cannot be met.
pub fn make(local: Local, wish: &Value, birth: &str) -> Result<Value, String> {
    let mut fields: BTreeMap<Arc<str>, Value> = BTreeMap::new();
    match local {
        Local::RandomPassword => {
            let text = password(wish)?;
            let hash = bcrypt::hash(
                text.as_bytes()
                    .get(..text.len().min(72))
                    .unwrap_or_default(),
                10,
            );
            fields.insert("result".into(), text.into());
            fields.insert(
                "bcrypt_hash".into(),
                hash.map_err(|why| why.to_string())?.into(),
            );
            fields.insert("id".into(), "none".into());
        }
        Local::RandomId => fields = id(wish)?,
        Local::Data | Local::Null | Local::PolicyDocument => {
            fields.insert("id".into(), birth.into());
        }
    }
    Ok(Value::object(fields))
}

fn number(wish: &Value, name: &str) -> usize {
    let number = wish
        .field(name)
        .and_then(Value::as_number)
        .and_then(Number::as_i64);
    number
        .and_then(|number| usize::try_from(number).ok())
        .unwrap_or(0)
}

fn flag(wish: &Value, name: &str) -> bool {
    wish.field(name).and_then(Value::as_bool).unwrap_or(true)
}

/// Returns a number below `limit`, each equally likely.
fn below(limit: usize) -> usize {
    use rand::Rng;
    rand::rng().random_range(0..limit)
}

fn password(wish: &Value) -> Result<String, String> {
    let special = wish.field("override_special").and_then(Value::as_text);
    let special = special
        .filter(|text| !text.is_empty())
        .unwrap_or("!@#$%&*()-_=+[]{}<>:?");
    let numeric = flag(wish, "numeric") && flag(wish, "number");
    let groups: [(&str, bool, &str); 4] = [
        (
            "min_lower",
            flag(wish, "lower"),
            "abcdefghijklmnopqrstuvwxyz",
        ),
        (
            "min_upper",
            flag(wish, "upper"),
            "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        ),
        ("min_numeric", numeric, "0123456789"),
        ("min_special", flag(wish, "special"), special),
    ];
    let length = number(wish, "length");
    let mut letters: Vec<char> = Vec::new();
    let mut all: Vec<char> = Vec::new();
    for (least, allowed, group) in groups {
        let group: Vec<char> = group.chars().collect();
        if allowed || number(wish, least) > 0 {
            letters.extend((0..number(wish, least)).map(|_| group[below(group.len())]));
        }
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
    for at in (1..letters.len()).rev() {
        letters.swap(at, below(at + 1));
    }
    Ok(letters.into_iter().collect())
}

fn id(wish: &Value) -> Result<BTreeMap<Arc<str>, Value>, String> {
    let length = number(wish, "byte_length");
    if length == 0 {
        return Err("`byte_length` must be 1 or more".to_owned());
    }
    let mut bytes = vec![0_u8; length];
    rand::fill(&mut bytes[..]);
    let prefix = wish
        .field("prefix")
        .and_then(Value::as_text)
        .unwrap_or_default();
    let url = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&bytes);
    let standard = base64::engine::general_purpose::STANDARD.encode(&bytes);
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let decimal = dashu_int::UBig::from_be_bytes(&bytes).to_string();
    let with = |text: &str| Value::from(format!("{prefix}{text}"));
    Ok(BTreeMap::from([
        (Arc::from("id"), Value::from(url.as_str())),
        (Arc::from("b64_url"), with(&url)),
        (Arc::from("b64_std"), with(&standard)),
        (Arc::from("hex"), with(&hex)),
        (Arc::from("dec"), with(&decimal)),
    ]))
}
