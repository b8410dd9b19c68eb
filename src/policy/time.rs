//! Durations and points in time as the servers' `parseutil` reads them.

use jiff::Timestamp;

/// Nanoseconds.
pub type Nanoseconds = i64;

const SECOND: i64 = 1_000_000_000;

/// Reads `90`, `1h30m`, `2d`; a plain number is seconds, the empty text 0.
pub(super) fn duration(text: &str) -> Option<Nanoseconds> {
    if text.is_empty() {
        return Some(0);
    }
    if let Ok(seconds) = text.parse::<i64>() {
        return seconds.checked_mul(SECOND);
    }
    if let Some(days) = text.strip_suffix('d') {
        return days.parse::<i64>().ok()?.checked_mul(86_400 * SECOND);
    }
    let (sign, rest) = match text.as_bytes().first()? {
        b'-' => (-1, text.get(1..)?),
        b'+' => (1, text.get(1..)?),
        _ => (1, text),
    };
    if rest == "0" {
        return Some(0);
    }
    parts(rest)?.checked_mul(sign)
}

/// Reads Go's `1h2.5m3s`.
fn parts(mut rest: &str) -> Option<i64> {
    let mut total = 0_i64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at_checked(end)?;
        let end = tail
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(end)?;
        total = total.checked_add(one_part(number, unit)?)?;
        rest = tail;
    }
    Some(total)
}

fn one_part(number: &str, unit: &str) -> Option<i64> {
    let unit = match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => SECOND,
        "m" => 60 * SECOND,
        "h" => 3_600 * SECOND,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let digits = |text: &str| {
        if text.is_empty() {
            Some(0)
        } else {
            text.parse::<i64>().ok()
        }
    };
    let whole = digits(whole)?.checked_mul(unit)?;
    let fraction = fraction.get(..fraction.len().min(9))?;
    let scale = 10_i64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let part = i128::from(digits(fraction)?) * i128::from(unit) / i128::from(scale);
    whole.checked_add(i64::try_from(part).ok()?)
}

/// Reads a point in time, in seconds since 1970: RFC 3339, or a number of seconds. `Some(None)` for the empty text.
pub(super) fn absolute(text: &str) -> Option<Option<i64>> {
    if text.is_empty() {
        return Some(None);
    }
    if let Ok(seconds) = text.parse::<i64>() {
        return Some(Some(seconds));
    }
    let text = in_full(text);
    if !is_rfc3339(&text) {
        return None;
    }
    let (local, ahead) = match text.strip_suffix('Z') {
        Some(local) => (local, 0),
        None => (
            text.get(..text.len() - 6)?,
            offset(text.get(text.len() - 6..)?)?,
        ),
    };
    let time: Timestamp = format!("{local}Z").parse().ok()?;
    Some(Some(time.as_second() - ahead))
}

/// Reads `+01:00` in seconds, with the limits of Go's parser: 24 hours and 60 minutes.
fn offset(zone: &str) -> Option<i64> {
    let number = |at: std::ops::Range<usize>| zone.get(at)?.parse::<i64>().ok();
    let (hours, minutes) = (number(1..3)?, number(4..6)?);
    let seconds = hours * 3_600 + minutes * 60;
    let is_one = hours <= 24 && minutes <= 60;
    is_one.then_some(if zone.starts_with('-') {
        -seconds
    } else {
        seconds
    })
}

/// Writes out what Go's parser lets people shorten: an hour of one digit, a comma before the fraction.
fn in_full(text: &str) -> String {
    let text = text.replacen(',', ".", 1);
    match (text.get(..11), text.get(11..)) {
        (Some(day), Some(time)) if time.find(':') == Some(1) => format!("{day}0{time}"),
        _ => text,
    }
}

/// Reads the beginning of a day such as `2027-01-31`, in seconds since 1970.
pub(super) fn day(text: &str) -> Option<i64> {
    let midnight: Timestamp = format!("{text}T00:00:00Z").parse().ok()?;
    Some(midnight.as_second())
}

fn is_rfc3339(text: &str) -> bool {
    let shape: String = text
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    let Some(rest) = shape.strip_prefix("0000-00-00T00:00:00") else {
        return false;
    };
    let zone = match rest.strip_prefix('.') {
        Some(fraction) if fraction.starts_with('0') => fraction.trim_start_matches('0'),
        Some(_) => return false,
        None => rest,
    };
    matches!(zone, "Z" | "+00:00" | "-00:00") && !has_leap_second(text)
}

/// Go knows no 61st second.
fn has_leap_second(text: &str) -> bool {
    text.get(17..19) == Some("60")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_reads_them() {
        assert_eq!(duration("90"), Some(90 * SECOND));
        assert_eq!(duration("1h30m"), Some(5_400 * SECOND));
        assert_eq!(duration("1.5s"), Some(1_500_000_000));
        assert_eq!(duration("-5s"), Some(-5 * SECOND));
        assert_eq!(duration("2d"), Some(172_800 * SECOND));
        assert_eq!(
            (duration("abc"), duration("1"), duration("1x")),
            (None, Some(SECOND), None)
        );
        assert_eq!(duration(""), Some(0));
    }

    #[test]
    fn times_need_a_zone() {
        assert_eq!(absolute("2001-01-01T00:00:00Z"), Some(Some(978_307_200)));
        assert_eq!(
            absolute("2001-01-01T01:00:00.5+01:00"),
            Some(Some(978_307_200))
        );
        for same in ["2001-01-01T0:00:00Z", "2001-01-01T0:00:00,25Z"] {
            assert_eq!(absolute(same), Some(Some(978_307_200)), "{same}");
        }
        assert_eq!(
            absolute("2001-01-01T00:00:00+23:60"),
            Some(Some(978_220_800))
        );
        assert_eq!(absolute("2001-01-01T00:00:00+25:00"), None);
        assert_eq!(absolute("2016-12-31T23:59:60Z"), None);
        assert_eq!(absolute("2001-1-01T00:00:00Z"), None);
        assert_eq!(absolute("7000000000"), Some(Some(7_000_000_000)));
        assert_eq!(absolute("2199-01-01"), None);
        assert_eq!(absolute("2199-01-01T00:00:00"), None);
        assert_eq!(absolute(""), Some(None));
    }
}
