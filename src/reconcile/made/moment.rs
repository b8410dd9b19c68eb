//! Moments: noted, counted from, over.

use super::{Fields, number, text as said};
use crate::catalog::Local;
use crate::value::Value;
use jiff::civil;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// Returns seconds since 1970 as RFC 3339.
pub(super) fn text(seconds: i64) -> String {
    crate::eval::functions::rfc3339(seconds)
}

fn read(text: &str) -> Result<i64, String> {
    let parsed: Result<Timestamp, _> = text.parse();
    parsed
        .map(Timestamp::as_second)
        .map_err(|_| format!("`{text}` is no time such as `2030-01-31T12:00:00Z`"))
}

/// Makes the outputs of a new moment.
pub(super) fn made(local: Local, wish: &Value, now: i64) -> Result<Fields, String> {
    let base = match said(wish, base_name(local)) {
        Some(given) => read(given)?,
        None => now,
    };
    outputs(local, wish, base)
}

/// The attribute that holds what is counted from.
fn base_name(local: Local) -> &'static str {
    match local {
        Local::TimeOffset => "base_rfc3339",
        _ => "rfc3339",
    }
}

fn outputs(local: Local, wish: &Value, base: i64) -> Result<Fields, String> {
    let mut fields = Fields::new();
    fields.insert(base_name(local).into(), text(base).into());
    fields.insert("id".into(), text(base).into());
    let shown = match local {
        Local::TimeOffset => {
            let later = later(wish, "offset", base)?;
            fields.insert("rfc3339".into(), text(later).into());
            later
        }
        Local::TimeRotating => {
            let end = match said(wish, "rotation_rfc3339") {
                Some(given) => read(given)?,
                None => later(wish, "rotation", base)?,
            };
            fields.insert("rotation_rfc3339".into(), text(end).into());
            base
        }
        _ => base,
    };
    fields.extend(pieces(shown)?);
    Ok(fields)
}

/// Works the outputs out anew from the moment that was kept.
pub(super) fn refreshed(local: Local, wish: &Value, kept: Value) -> Value {
    let base = said(&kept, base_name(local)).and_then(|base| read(base).ok());
    let fresh = base.and_then(|base| outputs(local, wish, base).ok());
    let mut fields = kept.as_fields().cloned().unwrap_or_default();
    fields.extend(fresh.unwrap_or_default());
    Value::object(fields)
}

/// Tells whether the time of a rotating moment is over.
pub(super) fn is_over(kept: &Value, now: i64) -> bool {
    let end = said(kept, "rotation_rfc3339").and_then(|end| read(end).ok());
    end.is_some_and(|end| end <= now)
}

/// Counts on from a moment: years, months and days by the calendar, where 31 January and a month is 3 March, as Go counts.
fn later(wish: &Value, prefix: &str, base: i64) -> Result<i64, String> {
    let much = |unit: &str| number(wish, &format!("{prefix}_{unit}")).unwrap_or(0);
    let far = || "the time is too far away".to_owned();
    let start = Timestamp::from_second(base)
        .map_err(|_| far())?
        .to_zoned(TimeZone::UTC)
        .datetime();
    let months = i64::from(start.year()) * 12 + i64::from(start.month()) - 1
        + much("years").saturating_mul(12)
        + much("months");
    let year = i16::try_from(months.div_euclid(12)).map_err(|_| far())?;
    let month = i8::try_from(months.rem_euclid(12) + 1).map_err(|_| far())?;
    let first = civil::Date::new(year, month, 1).map_err(|_| far())?;
    let days = i64::from(start.day()) - 1 + much("days");
    let seconds = days * 86_400 + much("hours") * 3600 + much("minutes") * 60 + much("seconds");
    let moved = first
        .to_datetime(start.time())
        .checked_add(SignedDuration::from_secs(seconds))
        .map_err(|_| far())?;
    let moved = moved.to_zoned(TimeZone::UTC).map_err(|_| far())?;
    Ok(moved.timestamp().as_second())
}

fn pieces(seconds: i64) -> Result<Fields, String> {
    let moment = Timestamp::from_second(seconds).map_err(|_| "the time is too far away")?;
    let moment = moment.to_zoned(TimeZone::UTC);
    let piece = |number: i64| Value::from(number);
    Ok([
        ("year".into(), piece(i64::from(moment.year()))),
        ("month".into(), piece(i64::from(moment.month()))),
        ("day".into(), piece(i64::from(moment.day()))),
        ("hour".into(), piece(i64::from(moment.hour()))),
        ("minute".into(), piece(i64::from(moment.minute()))),
        ("second".into(), piece(i64::from(moment.second()))),
        ("unix".into(), piece(seconds)),
    ]
    .into())
}
