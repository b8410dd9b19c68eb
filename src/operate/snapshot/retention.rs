//! Which snapshots of a folder are kept.

use jiff::Timestamp;
use std::time::Duration;

/// How snapshots in a folder are named: `PREFIX-20261122T065800Z.snap`, with `.age` where they are encrypted.
const FORMAT: &str = "%Y%m%dT%H%M%SZ";

/// What is kept; a snapshot stays where one of both says so. With neither, all stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// That many of the newest.
    pub newest: Option<usize>,
    /// Those that are younger.
    pub younger: Option<Duration>,
}

/// Returns the name of a snapshot.
#[must_use]
pub fn name(prefix: &str, at: Timestamp, encrypted: bool) -> String {
    let time = at.strftime(FORMAT);
    let ending = if encrypted { ".age" } else { "" };
    format!("{prefix}-{time}.snap{ending}")
}

/// Reads the time of a snapshot of this prefix; `None` for any other file.
fn time(prefix: &str, file: &str) -> Option<Timestamp> {
    let rest = file.strip_prefix(prefix)?.strip_prefix('-')?;
    let rest = rest.strip_suffix(".age").unwrap_or(rest);
    let rest = rest.strip_suffix(".snap")?;
    let civil = jiff::civil::DateTime::strptime(FORMAT, rest).ok()?;
    Some(civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
}

impl Keep {
    /// Returns the files that may go. The newest never does, and what is no snapshot of this prefix is not touched.
    #[must_use]
    pub fn surplus(&self, prefix: &str, files: &[String], now: Timestamp) -> Vec<String> {
        if self.newest.is_none() && self.younger.is_none() {
            return Vec::new();
        }
        let mut snapshots: Vec<(Timestamp, &String)> = files
            .iter()
            .filter_map(|file| Some((time(prefix, file)?, file)))
            .collect();
        snapshots.sort_by(|left, right| right.cmp(left));
        let newest = self.newest.unwrap_or_default().max(1);
        let old = |at: Timestamp| {
            let age = Duration::try_from(now.duration_since(at)).unwrap_or_default();
            self.younger.is_none_or(|younger| age > younger)
        };
        let beyond = snapshots.into_iter().skip(newest);
        beyond
            .filter(|(at, _)| old(*at))
            .map(|(_, file)| file.clone())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn files(days: &[&str]) -> Vec<String> {
        let each = days.iter().enumerate();
        let names = each.map(|(number, day)| {
            name(
                "prod",
                at(&format!("2026-11-{day}T06:58:00Z")),
                number % 2 == 0,
            )
        });
        let others = [
            "prod-notes.txt",
            "other-20261101T000000Z.snap",
            "prod-x.snap",
        ];
        names.chain(others.map(str::to_owned)).collect()
    }

    #[test]
    fn old_ones_go_and_the_newest_and_strangers_stay() {
        let all = files(&["22", "01", "15", "21"]);
        assert_eq!(all[0], "prod-20261122T065800Z.snap.age");
        let now = at("2026-11-22T12:00:00Z");
        let gone = |keep: Keep| keep.surplus("prod", &all, now);
        assert!(gone(Keep::default()).is_empty());
        let newest = |count| Keep {
            newest: Some(count),
            ..Keep::default()
        };
        assert_eq!(gone(newest(3)), ["prod-20261101T065800Z.snap"]);
        assert_eq!(gone(newest(0)).len(), 3, "the last one never goes");
        let days = |days: u64| Some(Duration::from_secs(days * 86_400));
        let younger = Keep {
            newest: None,
            younger: days(3),
        };
        assert_eq!(
            gone(younger),
            [
                "prod-20261115T065800Z.snap.age",
                "prod-20261101T065800Z.snap"
            ]
        );
        let both = Keep {
            newest: Some(3),
            younger: days(3),
        };
        assert_eq!(
            gone(both),
            ["prod-20261101T065800Z.snap"],
            "either is reason to stay"
        );
        let late = at("2027-11-22T12:00:00Z");
        assert_eq!(younger.surplus("prod", &all, late).len(), 3);
    }
}
