//! Points in time with an offset from UTC, and durations: what the functions over time need of a calendar.

use std::fmt;

const NANOSECONDS: i128 = 1_000_000_000;
const DAY: i64 = 86_400;

/// A point in time as somebody with an offset from UTC writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// Since 1970 in UTC.
    nanoseconds: i128,
    /// Seconds east of UTC.
    offset: i64,
}

impl Moment {
    /// Makes a time in UTC from seconds since 1970.
    pub fn from_seconds(seconds: i64) -> Moment {
        Moment {
            nanoseconds: i128::from(seconds) * NANOSECONDS,
            offset: 0,
        }
    }

    /// Reads `2006-01-02T15:04:05.999+07:00`; nothing may be left out but the fraction.
    ///
    /// # Errors
    /// Tells which part is wrong.
    pub fn parse(text: &str) -> Result<Moment, String> {
        let mut rest = text;
        let year = field(&mut rest, 4, 0..=9999, "-", "year")?;
        let month = field(&mut rest, 2, 1..=12, "-", "month")?;
        let day = field(&mut rest, 2, 1..=days_in(year, month), "T", "day of month")?;
        let hour = field(&mut rest, 2, 0..=23, ":", "hour")?;
        let minute = field(&mut rest, 2, 0..=59, ":", "minute")?;
        let second = field(&mut rest, 2, 0..=59, "", "second")?;
        let fraction = fraction(&mut rest)?;
        let offset = offset(rest)?;
        let seconds =
            days_from_civil(year, month, day) * DAY + hour * 3600 + minute * 60 + second - offset;
        Ok(Moment {
            nanoseconds: i128::from(seconds) * NANOSECONDS + fraction,
            offset,
        })
    }

    /// Nanoseconds since 1970 in UTC.
    pub fn nanoseconds(self) -> i128 {
        self.nanoseconds
    }

    /// Returns the time that is so many nanoseconds later; `None` outside the years 0 to 9999.
    pub fn moved(self, nanoseconds: i128) -> Option<Moment> {
        let moved = Moment {
            nanoseconds: self.nanoseconds.checked_add(nanoseconds)?,
            ..self
        };
        let seconds = i64::try_from(moved.nanoseconds.div_euclid(NANOSECONDS)).ok()?;
        (days_from_civil(0, 1, 1) * DAY..days_from_civil(10_000, 1, 1) * DAY)
            .contains(&seconds)
            .then_some(moved)
    }

    /// Seconds since 1970 on the clock where it was written.
    fn local(self) -> i64 {
        i64::try_from(self.nanoseconds.div_euclid(NANOSECONDS)).unwrap_or(0) + self.offset
    }

    /// Year, month and day.
    pub fn date(self) -> (i64, u32, u32) {
        civil_from_days(self.local().div_euclid(DAY))
    }

    /// Hour, minute and second.
    pub fn time(self) -> (u32, u32, u32) {
        let second = u32::try_from(self.local().rem_euclid(DAY)).unwrap_or(0);
        (second / 3600, second / 60 % 60, second % 60)
    }

    /// The day of the week, 0 for Sunday.
    pub fn weekday(self) -> u32 {
        // The first of January 1970 was a Thursday.
        u32::try_from((self.local().div_euclid(DAY) + 4).rem_euclid(7)).unwrap_or(0)
    }

    /// The offset as `+07` `separator` `00`, or `utc` where it is none.
    pub fn zone(self, separator: &str, utc: &str) -> String {
        if self.offset == 0 {
            return utc.to_owned();
        }
        let sign = if self.offset < 0 { '-' } else { '+' };
        let minutes = self.offset.abs() / 60;
        format!("{sign}{:02}{separator}{:02}", minutes / 60, minutes % 60)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.date();
        let (hour, minute, second) = self.time();
        let zone = self.zone(":", "Z");
        write!(
            out,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{zone}"
        )
    }
}

/// Takes a number of a fixed count of digits and the text behind it.
fn field(
    rest: &mut &str,
    digits: usize,
    range: std::ops::RangeInclusive<i64>,
    behind: &str,
    what: &str,
) -> Result<i64, String> {
    let wrong = || {
        format!(
            "the {what} must be {digits} digits from {} to {}",
            range.start(),
            range.end()
        )
    };
    let (number, after) = rest.split_at_checked(digits).ok_or_else(wrong)?;
    let value = number
        .bytes()
        .all(|digit| digit.is_ascii_digit())
        .then(|| number.parse().ok())
        .flatten();
    let value = value
        .filter(|value| range.contains(value))
        .ok_or_else(wrong)?;
    *rest = after
        .strip_prefix(behind)
        .ok_or_else(|| format!("`{behind}` is required after the {what}"))?;
    Ok(value)
}

/// Takes a fraction of a second, in nanoseconds.
fn fraction(rest: &mut &str) -> Result<i128, String> {
    let Some(after) = rest.strip_prefix('.') else {
        return Ok(0);
    };
    let end = after
        .find(|digit: char| !digit.is_ascii_digit())
        .unwrap_or(after.len());
    let (digits, behind) = after.split_at(end);
    *rest = behind;
    let nine: String = digits.chars().chain("000000000".chars()).take(9).collect();
    nine.parse()
        .ok()
        .filter(|_| end > 0)
        .ok_or_else(|| "a fraction must have digits".to_owned())
}

fn offset(text: &str) -> Result<i64, String> {
    let (sign, mut rest) = match text.split_at_checked(1) {
        Some(("Z", "")) => return Ok(0),
        Some(("+", rest)) => (1, rest),
        Some(("-", rest)) => (-1, rest),
        _ => return Err("it must end with `Z` or an offset such as `+02:00`".to_owned()),
    };
    let hours = field(&mut rest, 2, 0..=23, ":", "offset's hour")?;
    let minutes = field(&mut rest, 2, 0..=59, "", "offset's minute")?;
    if !rest.is_empty() {
        return Err("there is text behind the offset".to_owned());
    }
    Ok(sign * (hours * 60 + minutes) * 60)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970 of a date in the Gregorian calendar (Howard Hinnant's algorithm).
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The date of a count of days since 1970: the inverse of [`days_from_civil`].
fn civil_from_days(days: i64) -> (i64, u32, u32) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = (shifted + 2) % 12 + 1;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    (
        year,
        u32::try_from(month).unwrap_or(1),
        u32::try_from(day).unwrap_or(1),
    )
}

/// Reads a duration of Go, `-1h30m0.5s`, in nanoseconds.
pub(super) fn duration(text: &str) -> Option<i128> {
    let (sign, mut rest) = match text.split_at_checked(1)? {
        ("-", rest) => (-1, rest),
        ("+", rest) => (1, rest),
        _ => (1, text),
    };
    if rest == "0" {
        return Some(0);
    }
    let mut total = 0_i128;
    while !rest.is_empty() {
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let (number, behind) = rest.split_at(end);
        let end = behind
            .find(|letter: char| letter.is_ascii_digit() || letter == '.')
            .unwrap_or(behind.len());
        let (name, behind) = behind.split_at(end);
        total = total.checked_add(times(number, unit(name)?)?)?;
        rest = behind;
    }
    // Go counts in 64 bits.
    (text.len() > 1 && i64::try_from(total).is_ok()).then_some(sign * total)
}

fn unit(name: &str) -> Option<i128> {
    Some(match name {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => NANOSECONDS,
        "m" => 60 * NANOSECONDS,
        "h" => 3600 * NANOSECONDS,
        _ => return None,
    })
}

/// Multiplies a decimal number with a unit; what is below a nanosecond is cut off.
fn times(number: &str, unit: i128) -> Option<i128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let fraction = fraction.get(..fraction.len().min(18))?;
    let digits = |digits: &str| {
        if digits.is_empty() {
            Some(0)
        } else {
            digits.parse::<i128>().ok()
        }
    };
    let scale = 10_i128.pow(u32::try_from(fraction.len()).ok()?);
    digits(whole)?
        .checked_mul(unit)?
        .checked_add(digits(fraction)? * unit / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_are_inverse() {
        for days in (-800_000..800_000).step_by(97) {
            let (year, month, day) = civil_from_days(days);
            assert_eq!(
                days_from_civil(year, i64::from(month), i64::from(day)),
                days
            );
        }
        assert_eq!(civil_from_days(0), (1970, 1, 1));
    }

    #[test]
    fn timestamps_keep_their_offset() {
        let moment = Moment::parse("2017-11-22T00:00:00.5+02:00").unwrap();
        let moved = moment.moved(duration("-1.5s").unwrap()).unwrap();
        assert_eq!(moved.to_string(), "2017-11-21T23:59:59+02:00");
        for wrong in [
            "2018-02-29T00:00:00Z",
            "2018-01-01T24:00:00Z",
            "2018-01-01 00:00:00Z",
            "2018-01-01T00:00:00",
        ] {
            assert!(Moment::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn durations_are_those_of_go() {
        assert_eq!(duration("1h30m"), Some(5400 * NANOSECONDS));
        assert_eq!(duration("1.5µs"), Some(1500));
        for wrong in ["", "1", "d", "1d", ".s", "-", "1h-1m", "9999999h"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }
}
