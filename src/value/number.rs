//! Exact numbers: binary floats of 512 bits of mantissa, as the language defines them, with whole numbers kept small.

use std::cmp::Ordering;
use std::fmt;

use dashu_int::ops::{Abs, BitTest, DivRem};
use dashu_int::{IBig, Sign, UBig};

use super::digits::{decimal_parts, rounded_decimal, shortest, trimmed};

/// How many bits a mantissa keeps; what is beyond is rounded half to even.
const PRECISION: usize = 512;
/// Larger powers of two are refused, so that no text of a few characters can fill the memory.
const LARGEST_EXPONENT: i64 = 1 << 21;

/// A number of the language: what 512 bits of mantissa can hold, as in cty. No infinity, no "not a number".
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Number(Repr);

/// `Small` whenever the number is whole and fits: each number has one form, so that equality is that of the parts.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Repr {
    Small(i64),
    /// `mantissa × 2^exponent`, the mantissa odd.
    Big(IBig, i64),
}

impl From<i64> for Number {
    fn from(value: i64) -> Number {
        Number(Repr::Small(value))
    }
}

impl Number {
    /// Zero.
    pub const ZERO: Number = Number(Repr::Small(0));

    /// Makes the number of a count.
    #[must_use]
    pub fn count(value: usize) -> Number {
        Number::whole(IBig::from(value))
    }

    /// Makes a whole number, rounded to 512 bits.
    #[must_use]
    fn whole(value: IBig) -> Number {
        Number::scaled(value, 0, false).unwrap_or(Number::ZERO)
    }

    /// Makes `mantissa × 2^exponent`, rounded to 512 bits; `sticky` tells that a smaller rest was cut off before.
    /// `None` when it is too large; what is too small is zero.
    fn scaled(mantissa: IBig, exponent: i64, sticky: bool) -> Option<Number> {
        let (sign, magnitude) = mantissa.into_parts();
        let (magnitude, exponent) = rounded(magnitude, exponent, sticky);
        let Some(zeros) = magnitude.trailing_zeros() else {
            return Some(Number::ZERO);
        };
        let (magnitude, exponent) = (magnitude >> zeros, exponent + i64::try_from(zeros).ok()?);
        if exponent > LARGEST_EXPONENT {
            return None;
        }
        if exponent < -LARGEST_EXPONENT {
            return Some(Number::ZERO);
        }
        Some(Number(small(sign, &magnitude, exponent).unwrap_or_else(
            || Repr::Big(IBig::from_parts(sign, magnitude), exponent),
        )))
    }

    /// Returns mantissa and power of two.
    fn parts(&self) -> (IBig, i64) {
        match &self.0 {
            Repr::Small(value) => (IBig::from(*value), 0),
            Repr::Big(mantissa, exponent) => (mantissa.clone(), *exponent),
        }
    }

    /// Reads a decimal number: `8200`, `-1.5`, `1e400`. `None` when it is none, or too large to hold.
    #[must_use]
    pub fn parse(text: &str) -> Option<Number> {
        if let Some(value) = text.parse().ok().filter(|_| text.len() < 19) {
            return Some(Number(Repr::Small(value)));
        }
        let (negative, rest) = match text.as_bytes().first()? {
            b'-' => (true, text.get(1..)?),
            b'+' => (false, text.get(1..)?),
            _ => (false, text),
        };
        let (digits, power) = decimal_parts(rest)?;
        let sign = if negative {
            Sign::Negative
        } else {
            Sign::Positive
        };
        Number::from_decimal(IBig::from_parts(sign, digits), power)
    }

    /// Makes `digits × 10^power`.
    fn from_decimal(digits: IBig, power: i64) -> Option<Number> {
        let shift = usize::try_from(power.unsigned_abs()).ok()?;
        let fives = IBig::from(5).pow(shift);
        if power >= 0 {
            return Number::scaled(digits * fives, power, false);
        }
        divided(&digits, power, &fives, 0)
    }

    /// Reads a whole number in a base of 2 to 62, as `parseint` does: letters of either case up to base 36, then
    /// upper-case letters after the lower-case ones.
    #[must_use]
    pub fn parse_radix(text: &str, radix: u32) -> Option<Number> {
        let (negative, digits) = match text.as_bytes().first()? {
            b'-' => (true, text.get(1..)?),
            b'+' => (false, text.get(1..)?),
            _ => (false, text),
        };
        if digits.is_empty() {
            return None;
        }
        let mut value = IBig::ZERO;
        for letter in digits.chars() {
            value = value * radix + digit_of(letter, radix).filter(|digit| *digit < radix)?;
        }
        Some(Number::whole(if negative { -value } else { value }))
    }

    /// Makes the number whose shortest text is that of the float; `None` for infinities and "not a number".
    #[must_use]
    pub fn from_f64(value: f64) -> Option<Number> {
        value
            .is_finite()
            .then(|| format!("{value:e}"))
            .and_then(|text| Number::parse(&text))
    }

    /// Returns the whole number, when it is one that fits.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match &self.0 {
            Repr::Small(value) => Some(*value),
            Repr::Big(..) => None,
        }
    }

    /// Returns the whole number, when it is one that fits and is not negative.
    #[must_use]
    pub fn as_usize(&self) -> Option<usize> {
        usize::try_from(self.as_i64()?).ok()
    }

    /// Returns the nearest float; too large ones become infinite.
    #[must_use]
    pub fn as_f64(&self) -> f64 {
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    /// Tells whether it has no fraction.
    #[must_use]
    pub fn is_integer(&self) -> bool {
        !matches!(&self.0, Repr::Big(_, exponent) if *exponent < 0)
    }

    /// Tells whether it is zero.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.0 == Repr::Small(0)
    }

    /// Tells whether it is below zero.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        match &self.0 {
            Repr::Small(value) => *value < 0,
            Repr::Big(mantissa, _) => mantissa.sign() == Sign::Negative,
        }
    }

    /// Returns the sum; `None` when it is too large to hold.
    #[must_use]
    pub fn add(&self, other: &Number) -> Option<Number> {
        if let (Repr::Small(left), Repr::Small(right)) = (&self.0, &other.0)
            && let Some(sum) = left.checked_add(*right)
        {
            return Some(Number::from(sum));
        }
        let (left, right, exponent) = aligned(self, other);
        Number::scaled(left + right, exponent, false)
    }

    /// Returns the difference; `None` when it is too large to hold.
    #[must_use]
    pub fn sub(&self, other: &Number) -> Option<Number> {
        self.add(&other.neg())
    }

    /// Returns the product; `None` when it is too large to hold.
    #[must_use]
    pub fn mul(&self, other: &Number) -> Option<Number> {
        if let (Repr::Small(left), Repr::Small(right)) = (&self.0, &other.0)
            && let Some(product) = left.checked_mul(*right)
        {
            return Some(Number::from(product));
        }
        let ((left, left_power), (right, right_power)) = (self.parts(), other.parts());
        Number::scaled(left * right, left_power + right_power, false)
    }

    /// Returns the quotient; `None` for a division by zero, and when it is too large to hold.
    #[must_use]
    pub fn div(&self, other: &Number) -> Option<Number> {
        if other.is_zero() {
            return None;
        }
        let ((left, left_power), (right, right_power)) = (self.parts(), other.parts());
        divided(&left, left_power, &right, right_power)
    }

    /// Returns what is left of the division, with the sign of `self`; by zero it is `self`, as in cty.
    #[must_use]
    pub fn rem(&self, other: &Number) -> Option<Number> {
        if other.is_zero() {
            return Some(self.clone());
        }
        // The quotient is rounded before it is cut, as in cty: `5 % 0.1` is 0.
        let whole = self.div(other)?.truncate();
        self.sub(&other.mul(&whole)?)
    }

    /// Returns the number with the other sign.
    #[must_use]
    pub fn neg(&self) -> Number {
        match &self.0 {
            Repr::Small(value) if *value != i64::MIN => Number::from(-value),
            _ => {
                let (mantissa, exponent) = self.parts();
                Number::scaled(-mantissa, exponent, false).unwrap_or(Number::ZERO)
            }
        }
    }

    /// Returns the number without its sign.
    #[must_use]
    pub fn abs(&self) -> Number {
        if self.is_negative() {
            self.neg()
        } else {
            self.clone()
        }
    }

    /// Returns the largest whole number that is not above it.
    #[must_use]
    pub fn floor(&self) -> Number {
        match &self.0 {
            // A shift of a negative number rounds towards minus infinity.
            Repr::Big(mantissa, exponent) if *exponent < 0 => {
                let shift = usize::try_from(-exponent).unwrap_or(usize::MAX);
                Number::whole(mantissa.clone() >> shift)
            }
            _ => self.clone(),
        }
    }

    /// Returns the smallest whole number that is not below it.
    #[must_use]
    pub fn ceil(&self) -> Number {
        self.neg().floor().neg()
    }

    /// Returns the number without its fraction.
    #[must_use]
    pub fn truncate(&self) -> Number {
        if self.is_negative() {
            self.ceil()
        } else {
            self.floor()
        }
    }

    /// Writes a whole number in a base of 2 to 36, lower case; the fraction is left out.
    #[must_use]
    pub fn to_radix(&self, radix: u32) -> String {
        let (mantissa, exponent) = self.truncate().parts();
        let whole = mantissa << usize::try_from(exponent).unwrap_or(0);
        whole.in_radix(radix.clamp(2, 36)).to_string()
    }

    /// Writes it with exactly `places` digits after the point, rounded half to even on the exact value.
    #[must_use]
    pub fn to_fixed(&self, places: usize) -> String {
        let (mantissa, exponent) = self.parts();
        let (sign, magnitude) = mantissa.into_parts();
        let scaled = magnitude * UBig::from(10u8).pow(places);
        let whole = shifted_half_even(scaled, exponent).to_string();
        let padded = format!("{whole:0>width$}", width = places + 1);
        let (before, after) = padded.split_at(padded.len() - places);
        let minus = if sign == Sign::Negative { "-" } else { "" };
        let point = if places > 0 { "." } else { "" };
        format!("{minus}{before}{point}{after}")
    }

    /// Returns the digits rounded half to even to a count of significant ones (without zeros at the end), and where
    /// the point stands: the value is `0.DIGITS × 10^point`. Without the sign; no digits for zero.
    #[must_use]
    pub fn rounded_digits(&self, count: usize) -> (String, i64) {
        let (mantissa, exponent) = self.parts();
        let magnitude = mantissa.abs().into_parts().1;
        let shift = usize::try_from(exponent.unsigned_abs()).unwrap_or(0);
        let (digits, point) = match exponent {
            0.. => trimmed((magnitude << shift).to_string(), 0),
            _ => trimmed((magnitude * UBig::from(5u8).pow(shift)).to_string(), shift),
        };
        rounded_decimal(&digits, point, count)
    }

    /// Returns the digits of the shortest decimal text that reads back as this number, and where the point stands:
    /// the value is `0.DIGITS × 10^point`. Without the sign; no digits for zero.
    #[must_use]
    pub fn shortest_digits(&self) -> (String, i64) {
        let (mantissa, exponent) = self.parts();
        let magnitude = mantissa.abs().into_parts().1;
        let bits = i64::try_from(magnitude.bit_len()).unwrap_or(i64::MAX);
        if exponent >= 0 && bits + exponent <= PRECISION as i64 {
            return trimmed(
                (magnitude << usize::try_from(exponent).unwrap_or(0)).to_string(),
                0,
            );
        }
        let widened = PRECISION + 1 - magnitude.bit_len();
        let exponent = exponent - i64::try_from(widened).unwrap_or(0);
        shortest(&(magnitude << widened), exponent)
    }
}

/// Cuts a magnitude to 512 bits, half to even.
fn rounded(magnitude: UBig, exponent: i64, sticky: bool) -> (UBig, i64) {
    let Some(excess) = magnitude
        .bit_len()
        .checked_sub(PRECISION)
        .filter(|bits| *bits > 0)
    else {
        return (magnitude, exponent);
    };
    let half = magnitude.bit(excess - 1);
    let rest = sticky
        || magnitude
            .trailing_zeros()
            .is_some_and(|zeros| zeros < excess - 1);
    let mut kept = magnitude >> excess;
    if half && (rest || kept.bit(0)) {
        kept += 1u8;
    }
    (
        kept,
        exponent.saturating_add(i64::try_from(excess).unwrap_or(i64::MAX)),
    )
}

/// Returns `magnitude × 2^exponent` as a whole number, half to even.
fn shifted_half_even(magnitude: UBig, exponent: i64) -> UBig {
    let shift = usize::try_from(exponent.unsigned_abs()).unwrap_or(0);
    if exponent >= 0 {
        return magnitude << shift;
    }
    let half = magnitude.bit(shift - 1);
    let rest = magnitude
        .trailing_zeros()
        .is_some_and(|zeros| zeros < shift - 1);
    let mut kept = magnitude >> shift;
    if half && (rest || kept.bit(0)) {
        kept += 1u8;
    }
    kept
}

fn small(sign: Sign, magnitude: &UBig, exponent: i64) -> Option<Repr> {
    let shift = usize::try_from(exponent).ok().filter(|shift| *shift < 64)?;
    let value = IBig::from_parts(sign, magnitude.clone() << shift);
    i64::try_from(value).ok().map(Repr::Small)
}

/// Returns both mantissas at the smaller exponent.
fn aligned(left: &Number, right: &Number) -> (IBig, IBig, i64) {
    let ((left, left_power), (right, right_power)) = (left.parts(), right.parts());
    let exponent = left_power.min(right_power);
    let shift = |power: i64| usize::try_from(power - exponent).unwrap_or(0);
    (
        left << shift(left_power),
        right << shift(right_power),
        exponent,
    )
}

/// Divides so that more bits than are kept come out, and remembers whether something was left.
fn divided(left: &IBig, left_power: i64, right: &IBig, right_power: i64) -> Option<Number> {
    let missing = (PRECISION + 2 + right.bit_len()).saturating_sub(left.bit_len());
    let (quotient, rest) = (left.clone() << missing).div_rem(right);
    let exponent = left_power - right_power - i64::try_from(missing).ok()?;
    Number::scaled(quotient, exponent, !rest.is_zero())
}

fn digit_of(letter: char, radix: u32) -> Option<u32> {
    match letter {
        'A'..='Z' if radix > 36 => Some(u32::from(letter) - u32::from('A') + 36),
        _ => letter.to_digit(36),
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Number) -> Ordering {
        if let (Repr::Small(left), Repr::Small(right)) = (&self.0, &other.0) {
            return left.cmp(right);
        }
        let (left, right, _) = aligned(self, other);
        left.cmp(&right)
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Number) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The text that the language gives a number: all digits, no exponent.
impl fmt::Display for Number {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Repr::Small(value) = self.0 {
            return write!(out, "{value}");
        }
        if self.is_negative() {
            out.write_str("-")?;
        }
        let (digits, point) = self.shortest_digits();
        let length = i64::try_from(digits.len()).unwrap_or(0);
        let zeros = |count: i64| "0".repeat(usize::try_from(count).unwrap_or(0));
        if point <= 0 {
            return write!(out, "0.{}{digits}", zeros(-point));
        }
        let (before, after) = digits.split_at(usize::try_from(point.min(length)).unwrap_or(0));
        write!(out, "{before}{}", zeros(point - length))?;
        if after.is_empty() {
            Ok(())
        } else {
            write!(out, ".{after}")
        }
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        Number::parse(text).expect(text)
    }

    #[test]
    fn text_is_kept_exactly() {
        for text in [
            "0.1",
            "3.14159265359",
            "123456789012345678901234567890",
            "-0.5",
            "9223372036854775808",
            "99999999999999999999999999999999999999999999999999999",
            "0.0000001",
        ] {
            assert_eq!(number(text).to_string(), text);
        }
        assert_eq!(number("1e400").to_string(), format!("1{}", "0".repeat(400)));
        assert_eq!(
            number("1e-400").to_string(),
            format!("0.{}1", "0".repeat(399))
        );
        assert_eq!(number("1.0"), Number::from(1));
        assert_eq!(number("+.50"), number("5e-1"));
        for text in [
            "",
            "-",
            ".",
            "1e",
            "0x1",
            "1_0",
            "1 ",
            "inf",
            "1e999999999999",
            "é",
        ] {
            assert_eq!(Number::parse(text), None, "{text}");
        }
    }

    #[test]
    fn arithmetic_is_that_of_512_bits() {
        assert_eq!(
            number("0.1").add(&number("0.2")).unwrap().to_string(),
            "0.3"
        );
        let third = Number::from(1).div(&Number::from(3)).unwrap();
        assert_eq!(third.to_string(), format!("0.{}5", "3".repeat(154)));
        let two_thirds = Number::from(2).div(&Number::from(3)).unwrap();
        assert_eq!(two_thirds.to_string(), format!("0.{}7", "6".repeat(153)));
        assert_eq!(third.mul(&Number::from(3)).unwrap().to_string(), "1");
        assert_eq!(
            Number::from(i64::MAX).add(&Number::from(1)).unwrap(),
            number("9223372036854775808")
        );
        assert_eq!(Number::from(1).div(&Number::ZERO), None);
        assert_eq!(
            number("-7").rem(&Number::from(3)).unwrap(),
            Number::from(-1)
        );
        assert_eq!(number("7.5").rem(&Number::from(2)).unwrap(), number("1.5"));
    }

    #[test]
    fn floor_and_ceil_go_to_either_side() {
        assert_eq!(number("-1.2").floor(), Number::from(-2));
        assert_eq!(number("-1.2").ceil(), Number::from(-1));
        assert_eq!(number("1.2").ceil(), Number::from(2));
        assert_eq!(number("-1.7").truncate(), Number::from(-1));
    }

    #[test]
    fn fixed_places_round_half_to_even() {
        assert_eq!(number("0.125").to_fixed(2), "0.12");
        assert_eq!(number("-2.5").to_fixed(0), "-2");
        assert_eq!(number("3").to_fixed(3), "3.000");
    }

    #[test]
    fn order_and_equality_agree() {
        assert!(number("0.1") < number("0.2"));
        assert!(number("-1e30") < Number::from(i64::MIN));
        assert_eq!(number("1e2"), Number::from(100));
    }
}
