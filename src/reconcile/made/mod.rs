//! Values that are made here: by chance, at a moment, from a key.

mod certificate;
mod chance;
mod der;
mod file;
mod key;
mod moment;
mod openssh;
mod pet;
mod primes;
mod request;

pub use file::{content_of, digests};
pub use key::public_key;

use crate::catalog::Local;
use crate::value::{Number, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The outputs of an object, by attribute.
pub(super) type Fields = BTreeMap<Arc<str>, Value>;

/// Makes the outputs of a local object. `birth` names it where nothing else does; `now` is in seconds since 1970.
///
/// # Errors
/// Tells which wish cannot be met.
pub fn make(local: Local, wish: &Value, birth: &str, now: i64) -> Result<Value, String> {
    let fields = match local {
        Local::RandomPassword => chance::password(wish)?,
        Local::RandomString => chance::text(wish)?,
        Local::RandomId => chance::id(wish)?,
        Local::RandomBytes => chance::bytes(wish)?,
        Local::RandomUuid => chance::uuid(),
        Local::RandomPet => pet::pet(wish)?,
        Local::RandomInteger => chance::integer(wish)?,
        Local::RandomShuffle => chance::shuffle(wish),
        Local::TimeStatic | Local::TimeOffset | Local::TimeRotating => {
            moment::made(local, wish, now)?
        }
        Local::TimeSleep => [("id".into(), moment::text(now).into())].into(),
        Local::PrivateKey => key::private_key(wish)?,
        Local::Request => request::request(wish)?,
        Local::SelfSigned => certificate::self_signed(wish, now)?,
        Local::LocallySigned => certificate::locally_signed(wish, now)?,
        Local::Data
        | Local::Null
        | Local::PolicyDocument
        | Local::PublicKey
        | Local::File
        | Local::ReadFile
        | Local::Program
        | Local::Page => [("id".into(), birth.into())].into(),
    };
    Ok(Value::object(fields))
}

/// Returns kept outputs with those worked out anew that follow from the wish and from the time.
#[must_use]
pub fn refreshed(local: Local, wish: &Value, kept: Value, now: i64) -> Value {
    match local {
        Local::TimeOffset | Local::TimeRotating => moment::refreshed(local, wish, kept),
        Local::SelfSigned | Local::LocallySigned => certificate::refreshed(wish, kept, now),
        _ => kept,
    }
}

/// Names the output that says that an object is to be made anew, where it is time.
#[must_use]
pub fn is_over(local: Local, kept: &Value, now: i64) -> Option<&'static str> {
    match local {
        Local::TimeRotating => moment::is_over(kept, now).then_some("rotation_rfc3339"),
        Local::SelfSigned | Local::LocallySigned => {
            let ready = kept.field("ready_for_renewal").and_then(Value::as_bool);
            (ready == Some(true)).then_some("ready_for_renewal")
        }
        _ => None,
    }
}

fn number(wish: &Value, name: &str) -> Option<i64> {
    wish.field(name)
        .and_then(Value::as_number)
        .and_then(Number::as_i64)
}

fn text<'a>(wish: &'a Value, name: &str) -> Option<&'a str> {
    let text = wish.field(name).and_then(Value::as_text);
    text.filter(|text| !text.is_empty())
}

fn texts(wish: &Value, name: &str) -> Vec<String> {
    crate::plan::given::texts(wish.field(name))
}

fn flag(wish: &Value, name: &str) -> bool {
    wish.field(name).and_then(Value::as_bool) == Some(true)
}

#[cfg(test)]
mod tests;
