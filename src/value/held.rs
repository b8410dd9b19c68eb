//! Values that cannot be read, and what is computed from them: unchanged as long as its inputs are unchanged.

use sha2::{Digest as _, Sha256};

use super::{Digest, Shape, Type, Value};

/// Returns the result of an operation on inputs of which some are held: held too, with a digest of the operation's
/// name and all inputs, so that it is equal to itself while they are.
#[must_use]
pub fn held_result(operation: &str, inputs: &[Value], ty: Type) -> Value {
    let mut hash = Sha256::new();
    feed_text(&mut hash, operation);
    for input in inputs {
        feed(&mut hash, input);
    }
    let hex: String = hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Shape::Held {
        ty,
        digest: Digest(hex.into()),
        kept: !inputs.iter().any(Value::has_gone),
    }
    .into()
}

fn feed_text(hash: &mut Sha256, text: &str) {
    hash.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
    hash.update(text);
}

/// Feeds a value so that no two different values feed the same bytes. Marks do not count.
fn feed(hash: &mut Sha256, value: &Value) {
    let tag: u8 = match &value.shape {
        Shape::Null(_) => 0,
        Shape::Bool(_) => 1,
        Shape::Number(_) => 2,
        Shape::Text(_) => 3,
        Shape::List(..) => 4,
        Shape::Set(..) => 5,
        Shape::Map(..) => 6,
        Shape::Tuple(_) => 7,
        Shape::Object(_) => 8,
        Shape::Unknown { .. } => 9,
        Shape::Held { .. } => 10,
    };
    hash.update([tag]);
    match &value.shape {
        Shape::Bool(value) => hash.update([u8::from(*value)]),
        Shape::Number(number) => feed_text(hash, &number.to_string()),
        Shape::Text(text) => feed_text(hash, text),
        Shape::Null(ty) | Shape::Unknown { ty, .. } => feed_text(hash, &ty.to_string()),
        Shape::Held { ty, digest, .. } => {
            feed_text(hash, &ty.to_string());
            feed_text(hash, &digest.0);
        }
        _ => feed_elements(hash, value),
    }
}

fn feed_elements(hash: &mut Sha256, value: &Value) {
    let count = u64::try_from(value.elements().count()).unwrap_or(u64::MAX);
    hash.update(count.to_be_bytes());
    for name in value
        .as_fields()
        .into_iter()
        .flat_map(|fields| fields.keys())
    {
        feed_text(hash, name);
    }
    for inner in value.elements() {
        feed(hash, inner);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_follows_operation_and_inputs() {
        let held = |digest: &str| {
            Value::from(Shape::Held {
                ty: Type::String,
                digest: Digest(digest.into()),
                kept: false,
            })
        };
        let of = |name: &str, inputs: &[Value]| held_result(name, inputs, Type::String);
        let first = of("upper", &[held("01")]);
        assert_eq!(first, of("upper", &[held("01")]));
        assert_ne!(first, of("lower", &[held("01")]));
        assert_ne!(first, of("upper", &[held("02")]));
        assert_ne!(
            of("join", &[Value::text("ab"), held("01")]),
            of("join", &[Value::text("a"), Value::text("b"), held("01")])
        );
    }
}
