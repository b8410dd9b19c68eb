//! Decimal text of exact numbers: reading, and the shortest digits that read back as the same number.

use dashu_int::UBig;
use dashu_int::ops::BitTest;

/// The largest power of ten, and the largest count of digits, that text may have.
const LARGEST_DECIMAL_EXPONENT: i64 = 500_000;

/// Splits `12.5e3` into all its digits and a power of ten.
pub(super) fn decimal_parts(text: &str) -> Option<(UBig, i64)> {
    let (number, power) = match text.find(['e', 'E']) {
        Some(at) => (text.get(..at)?, text.get(at + 1..)?.parse::<i64>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let power = power.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    let extent = power.checked_add(i64::try_from(digits.len()).ok()?)?;
    let limit = -LARGEST_DECIMAL_EXPONENT..=LARGEST_DECIMAL_EXPONENT;
    (limit.contains(&power) && limit.contains(&extent))
        .then(|| UBig::from_str_radix(&digits, 10).ok())?
        .map(|digits| (digits, power))
}

/// Cuts zeros off the end of digits; the point stands behind the last one, less `fraction`.
pub(super) fn trimmed(digits: String, fraction: usize) -> (String, i64) {
    let digits = digits.trim_start_matches('0');
    let point = i64::try_from(digits.len()).unwrap_or(0) - i64::try_from(fraction).unwrap_or(0);
    (digits.trim_end_matches('0').to_owned(), point)
}

/// Finds the shortest digits between the neighbours of `mantissa × 2^exponent`, whose last bit is half a unit: the
/// rule of Go's `big.Float.Text('f', -1)`.
pub(super) fn shortest(mantissa: &UBig, exponent: i64) -> (String, i64) {
    let shift = usize::try_from(exponent.unsigned_abs()).unwrap_or(0);
    let places = if exponent < 0 { shift } else { 0 };
    let expand = |value: UBig| match exponent {
        0.. => (value << shift).to_string(),
        _ => (value * UBig::from(5u8).pow(shift)).to_string(),
    };
    let inclusive = !mantissa.bit(1);
    let upper = expand(mantissa + 1u8);
    let pad = |text: String| "0".repeat(upper.len().saturating_sub(text.len())) + &text;
    let (lower, exact) = (pad(expand(mantissa - 1u8)), pad(expand(mantissa.clone())));
    let kept = shortest_prefix(
        lower.as_bytes(),
        exact.as_bytes(),
        upper.as_bytes(),
        inclusive,
    );
    let zeros = exact.len() - kept.len().min(exact.len());
    let (digits, point) = trimmed(kept + &"0".repeat(zeros), places);
    (digits, point)
}

/// Walks the digits until cutting or rounding up stays within the bounds. All three are of equal length.
fn shortest_prefix(lower: &[u8], exact: &[u8], upper: &[u8], inclusive: bool) -> String {
    let significant = |digits: &[u8]| {
        digits
            .iter()
            .rposition(|digit| *digit != b'0')
            .map_or(0, |at| at + 1)
    };
    let (lower_end, upper_end) = (significant(lower), significant(upper));
    let (mut differs_below, mut differs_above) = (false, false);
    for (at, ((low, digit), high)) in lower.iter().zip(exact).zip(upper).enumerate() {
        let down = differs_below || low != digit || (inclusive && at + 1 == lower_end);
        let up = differs_above
            || (digit != high && (inclusive || digit + 1 < *high || at + 1 < upper_end));
        differs_below |= low != digit;
        differs_above |= digit + 1 < *high;
        let rest = exact.get(at + 1..).unwrap_or_default();
        match (down, up) {
            (true, true) if round_half_even(*digit, rest) => return prefix_up(exact, at),
            (true, _) => return prefix_down(exact, at),
            (_, true) => return prefix_up(exact, at),
            _ => {}
        }
    }
    String::from_utf8_lossy(exact).into_owned()
}

/// Tells whether the rest behind a digit rounds it up.
fn round_half_even(last: u8, rest: &[u8]) -> bool {
    let exactly_half =
        rest.first() == Some(&b'5') && rest.iter().skip(1).all(|digit| *digit == b'0');
    match rest.first() {
        _ if exactly_half => last % 2 == 1,
        first => first.is_some_and(|digit| *digit >= b'5'),
    }
}

/// Rounds `0.DIGITS × 10^point` half to even to a count of digits.
pub(super) fn rounded_decimal(digits: &str, point: i64, count: usize) -> (String, i64) {
    let Some((kept, rest)) = digits
        .split_at_checked(count)
        .filter(|(_, rest)| !rest.is_empty())
    else {
        return (digits.to_owned(), point);
    };
    let last = kept.bytes().last().unwrap_or(b'0');
    if !round_half_even(last, rest.as_bytes()) {
        return (kept.trim_end_matches('0').to_owned(), point);
    }
    let raised = prefix_up(format!("0{kept}").as_bytes(), count);
    let carried = i64::from(!raised.starts_with('0'));
    (raised.trim_matches('0').to_owned(), point + carried)
}

fn prefix_down(digits: &[u8], at: usize) -> String {
    String::from_utf8_lossy(digits.get(..=at).unwrap_or(digits)).into_owned()
}

/// Returns the digits up to and with `at`, one more in the last place.
fn prefix_up(digits: &[u8], at: usize) -> String {
    let mut kept = digits.get(..=at).unwrap_or(digits).to_vec();
    for digit in kept.iter_mut().rev() {
        if *digit < b'9' {
            *digit += 1;
            break;
        }
        *digit = b'0';
    }
    String::from_utf8_lossy(&kept).into_owned()
}
