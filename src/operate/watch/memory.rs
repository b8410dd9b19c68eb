//! What is remembered of drift from run to run. It holds no value: only names, times and keyed digests.

use super::{End, Item, Look, News, Seconds, Sighting};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// The format of what is kept.
const FORMAT: u64 = 1;

/// All drift that stands, or of whose end somebody is to be told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    #[serde(default)]
    format: u64,
    #[serde(default)]
    drift: BTreeMap<String, Remembered>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Remembered {
    since: Seconds,
    deleted: bool,
    attributes: Vec<String>,
    digest: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    over: Option<Over>,
    /// Who was told, and of which drift; nothing where it was told of the end.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    told: BTreeMap<String, Option<String>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Over {
    at: Seconds,
    #[serde(default)]
    end: End,
}

impl Memory {
    /// Reads what was kept; null is an empty memory.
    ///
    /// # Errors
    /// When it is something else, or a later version of this program wrote it.
    pub fn read(json: &Json) -> Result<Memory, String> {
        if json.is_null() {
            return Ok(Memory::default());
        }
        let fields = json.as_object().ok_or("it is no memory of drift")?;
        let memory = Memory::deserialize(fields);
        let memory = memory.map_err(|error| format!("it is no memory of drift: {error}"))?;
        match memory.format > FORMAT {
            true => Err("a newer vaultform wrote it".to_owned()),
            false => Ok(memory),
        }
    }

    /// Returns what is to be kept.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let kept = Memory {
            format: FORMAT,
            drift: self.drift.clone(),
        };
        serde_json::to_value(kept).unwrap_or_default()
    }

    /// Takes in what was seen.
    pub fn see(&mut self, look: &Look) {
        let seen: BTreeSet<&str> = look.seen.iter().map(|one| one.address.as_str()).collect();
        for sighting in &look.seen {
            self.note(sighting, look.now);
        }
        for (address, known) in &mut self.drift {
            let examined = look.examined.as_ref();
            let unknown = examined.is_some_and(|examined| !examined.contains(address));
            if !unknown && !seen.contains(address.as_str()) && known.over.is_none() {
                known.over = Some(Over {
                    at: look.now,
                    end: look.end_of(address),
                });
            }
        }
    }

    fn note(&mut self, sighting: &Sighting, now: Seconds) {
        let entry = self.drift.entry(sighting.address.clone());
        let known = entry.or_insert_with(|| Remembered {
            since: now,
            deleted: false,
            attributes: Vec::new(),
            digest: String::new(),
            over: None,
            told: BTreeMap::new(),
        });
        if known.over.take().is_some() {
            // It was over, and this is another one.
            known.since = now;
            known.told.retain(|_, digest| digest.is_some());
        }
        known.deleted = sighting.deleted;
        known.attributes.clone_from(&sighting.attributes);
        known.digest.clone_from(&sighting.digest);
    }

    /// Returns since when an object has been drifting.
    #[must_use]
    pub fn since(&self, address: &str) -> Option<Seconds> {
        let known = self.drift.get(address)?;
        known.over.is_none().then_some(known.since)
    }

    /// Returns since when the oldest drift stands.
    #[must_use]
    pub fn oldest(&self) -> Option<Seconds> {
        let standing = self.drift.values().filter(|known| known.over.is_none());
        standing.map(|known| known.since).min()
    }

    /// Returns what a channel has not been told.
    #[must_use]
    pub fn news_for(&self, channel: &str) -> News {
        let mut news = News::default();
        for (address, known) in &self.drift {
            let item = known.item(address);
            let told = known.told.get(channel);
            match (&known.over, told) {
                (None, None) => news.new.push(item),
                (None, Some(digest)) if digest.as_ref() == Some(&known.digest) => {
                    news.standing.push(item);
                }
                (None, Some(_)) => news.changed.push(item),
                (Some(_), Some(Some(_))) => news.recovered.push(item),
                (Some(over), None) if over.end == End::Healed => news.recovered.push(item),
                (Some(_), _) => {}
            }
        }
        news
    }

    /// Notes that a channel knows everything.
    pub fn told(&mut self, channel: &str) {
        for known in self.drift.values_mut() {
            let digest = known.over.is_none().then(|| known.digest.clone());
            known.told.insert(channel.to_owned(), digest);
        }
    }

    /// Forgets what is over and of which none of the channels is still to be told.
    pub fn forget_what_is_over(&mut self, channels: &[String]) {
        let left: BTreeSet<String> = self
            .drift
            .iter()
            .filter(|(_, known)| known.over.is_some())
            .filter(|(address, _)| {
                let waits = |channel: &String| {
                    let news = self.news_for(channel);
                    news.recovered.iter().any(|item| item.address == **address)
                };
                !channels.iter().any(waits)
            })
            .map(|(address, _)| address.clone())
            .collect();
        self.drift.retain(|address, _| !left.contains(address));
    }
}

impl Look {
    fn end_of(&self, address: &str) -> End {
        match (
            self.healed.contains(address),
            self.ignored.contains(address),
        ) {
            (true, _) => End::Healed,
            (false, true) => End::Ignored,
            (false, false) => End::Over,
        }
    }
}

impl Remembered {
    fn item(&self, address: &str) -> Item {
        Item {
            address: address.to_owned(),
            deleted: self.deleted,
            attributes: self.attributes.clone(),
            since: self.since,
            until: self.over.as_ref().map(|over| over.at),
            end: self.over.as_ref().map(|over| over.end).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(now: Seconds, seen: &[(&str, &str)]) -> Look {
        let sighting = |(address, digest): &(&str, &str)| Sighting {
            address: (*address).to_owned(),
            deleted: false,
            attributes: vec!["policy".to_owned()],
            digest: (*digest).to_owned(),
        };
        Look {
            now,
            seen: seen.iter().map(sighting).collect(),
            ..Look::default()
        }
    }

    fn names(items: &[Item]) -> Vec<&str> {
        items.iter().map(|item| item.address.as_str()).collect()
    }

    #[test]
    fn the_same_drift_is_told_once_and_its_end_once() {
        let mut memory = Memory::default();
        memory.see(&look(10, &[("a", "1")]));
        assert_eq!(names(&memory.news_for("ops").new), ["a"]);
        memory.told("ops");
        let mut memory = Memory::read(&memory.to_json()).unwrap();
        memory.see(&look(20, &[("a", "1")]));
        assert!(memory.news_for("ops").is_empty());
        assert_eq!(memory.since("a"), Some(10));
        memory.see(&look(30, &[]));
        let news = memory.news_for("ops");
        assert_eq!(
            (names(&news.recovered), news.event()),
            (vec!["a"], "recovery")
        );
        assert_eq!(
            (news.recovered[0].since, news.recovered[0].until),
            (10, Some(30))
        );
        memory.told("ops");
        memory.forget_what_is_over(&["ops".to_owned()]);
        assert!(memory.news_for("ops").is_empty());
        assert_eq!(
            memory,
            Memory {
                format: 1,
                ..Memory::default()
            }
        );
    }

    #[test]
    fn who_could_not_be_told_is_told_later() {
        let mut memory = Memory::default();
        let channels = ["down".to_owned(), "up".to_owned()];
        memory.see(&look(10, &[("a", "1")]));
        memory.told("up");
        memory.see(&look(20, &[("a", "1")]));
        assert!(memory.news_for("up").is_empty());
        assert_eq!(names(&memory.news_for("down").new), ["a"]);
        memory.told("down");
        memory.see(&look(30, &[]));
        memory.told("up");
        memory.forget_what_is_over(&channels);
        assert_eq!(names(&memory.news_for("down").recovered), ["a"]);
        assert!(memory.news_for("up").is_empty());
    }

    #[test]
    fn another_change_of_the_same_object_is_told_again() {
        let mut memory = Memory::default();
        memory.see(&look(10, &[("a", "1")]));
        memory.told("ops");
        memory.see(&look(20, &[("a", "2")]));
        let news = memory.news_for("ops");
        assert_eq!(
            (names(&news.changed), news.changed[0].since),
            (vec!["a"], 10)
        );
        // Over before anybody was told: nobody needs to know.
        let mut memory = Memory::default();
        memory.see(&look(10, &[("a", "1")]));
        memory.see(&look(20, &[]));
        assert!(memory.news_for("ops").is_empty());
        memory.see(&look(30, &[("a", "1")]));
        assert_eq!(memory.since("a"), Some(30));
    }

    #[test]
    fn drift_that_comes_back_is_new_once_its_end_was_told() {
        let mut memory = Memory::default();
        memory.see(&look(10, &[("a", "1")]));
        memory.told("ops");
        memory.see(&look(20, &[]));
        memory.told("ops");
        memory.see(&look(30, &[("a", "1")]));
        assert_eq!(names(&memory.news_for("ops").new), ["a"]);
    }

    #[test]
    fn what_was_not_looked_at_is_not_over() {
        let mut memory = Memory::default();
        memory.see(&look(10, &[("a", "1"), ("b", "1")]));
        memory.told("ops");
        let mut part = look(20, &[]);
        part.examined = Some(BTreeSet::from(["b".to_owned()]));
        memory.see(&part);
        let news = memory.news_for("ops");
        assert_eq!(
            (names(&news.recovered), names(&news.standing)),
            (vec!["b"], vec!["a"])
        );
        assert!(!news.all_clear());
    }

    #[test]
    fn what_a_run_finds_and_heals_is_told_as_healed() {
        let mut memory = Memory::default();
        memory.see(&look(10, &[("a", "1")]));
        let mut after = look(11, &[]);
        after.healed.insert("a".to_owned());
        memory.see(&after);
        let news = memory.news_for("ops");
        assert!(news.recovered[0].end == End::Healed && news.all_clear());
        // What is ignored from now on is told to those who knew of it.
        let mut memory = Memory::default();
        memory.see(&look(10, &[("a", "1")]));
        memory.told("ops");
        let mut after = look(11, &[]);
        after.ignored.insert("a".to_owned());
        memory.see(&after);
        assert_eq!(memory.news_for("ops").recovered[0].end, End::Ignored);
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        assert!(Memory::read(&serde_json::json!({ "format": 2 })).is_err());
        assert!(Memory::read(&serde_json::json!([1])).is_err());
    }
}
