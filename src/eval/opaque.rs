//! Results of what cannot be looked at: unknown while an operand is unknown, held while one is held.

use crate::value::{Refinement, Shape, Type, Value, held_result};
use std::sync::Arc;

/// Returns the result of an operation on operands of which one at least cannot be read; marks are the caller's.
///
/// It waits for all that the operands wait for. When they wait for nothing it is held: the same as long as the
/// operation and its operands are the same.
pub(super) fn opaque(operation: &str, ty: Type, operands: &[&Value]) -> Value {
    if operands.iter().all(|operand| operand.is_wholly_known()) {
        let inputs: Vec<Value> = operands.iter().map(|operand| (*operand).clone()).collect();
        return held_result(operation, &inputs, ty);
    }
    let waits_for = operands
        .iter()
        .flat_map(|operand| operand.waits_for())
        .collect();
    Value::unknown(ty, Arc::new(waits_for))
}

/// Returns the value with what more is known of it, when it is unknown.
pub(super) fn refined(mut value: Value, refine: impl FnOnce(&mut Refinement)) -> Value {
    if let Shape::Unknown { refined, .. } = &mut value.shape {
        refine(refined.get_or_insert_default());
    }
    value
}

/// Tells whether the value is not null, and will not be.
pub(super) fn surely_not_null(value: &Value) -> bool {
    match &value.shape {
        Shape::Unknown { refined, .. } => refined.as_ref().is_some_and(|known| known.not_null),
        Shape::Null(_) => false,
        _ => true,
    }
}
