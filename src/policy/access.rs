//! Who gains or loses what, when policies and those who hold them change.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::capability::Capability;
use super::census::{Census, Holder, HolderKind, Key, Listed};
use super::change::{Change, Danger, Direction, Incomparable};
use super::difference::difference;
use super::merged::{Context, RuleSet, Source};
use super::parse::parse_at;
use super::paths::PathSet;
use super::pattern::Pattern;
use super::rule::Policy;
use super::same::same;

/// One line of the report: the same change for all of `who`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessChange {
    /// Sorted by kind and name.
    pub who: Vec<Who>,
    pub direction: Direction,
    /// In alphabetical order.
    pub capabilities: Vec<Capability>,
    pub pattern: String,
    /// Parts of the pattern that the change leaves alone.
    pub except: Vec<String>,
    /// One path that it concerns.
    pub example: String,
    pub danger: Danger,
    /// The policies whose rule decides for the example, after a gain or before a loss.
    pub through: Vec<String>,
    /// The mount whose coming or going makes the difference; no policy changes then.
    pub mount: Option<String>,
}

/// Whose access changes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Who {
    /// `role`, `token role`, `token`, `entity`, `group`; `policy` for one that nobody here holds.
    pub kind: &'static str,
    /// With its namespace in front.
    pub name: String,
}

/// All that changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// Gains first, then other conditions, then losses; the worst of each first.
    pub changes: Vec<AccessChange>,
    /// Policies that are held and whose text is not known: what they grant is not in the changes.
    pub unknown: Vec<String>,
    /// Who could not be compared, as the rules overlap in too many ways.
    pub incomparable: Vec<Who>,
}

impl Access {
    /// Tells whether anybody gains anything, or has it under other conditions.
    #[must_use]
    pub fn gains(&self) -> bool {
        !self.incomparable.is_empty()
            || self
                .changes
                .iter()
                .any(|one| one.direction != Direction::Lost)
    }
}

/// A policy by namespace and name.
type Name = (String, String);

/// The policies of one side, read once.
struct Side<'c> {
    census: &'c Census,
    policies: HashMap<Name, Arc<Policy>>,
    texts: HashMap<Name, &'c str>,
}

/// Somebody with what they hold before and after.
struct Held {
    who: Who,
    before: Option<BTreeSet<Name>>,
    after: Option<BTreeSet<Name>>,
}

/// Compares two sides. The context's identity is not used: templated paths are compared as they are written.
#[must_use]
pub fn access(before: &Census, after: &Census, context: &Context<'_>) -> Access {
    let mut texts = HashMap::new();
    let sides = [before, after].map(|census| Side::new(census, context, &mut texts));
    let held = held(before, after);
    let mut found = Collected::default();
    let mut memory = HashMap::new();
    for one in &held {
        let changes = sides_of(one, &sides, context, &mut memory);
        found.add(&one.who, &changes);
        found.unknown(one, &sides);
    }
    for who in unheld(&held, &sides) {
        let changes = sides_of(&who, &sides, context, &mut memory);
        found.add(&who.who, &changes);
    }
    found.mounts(&held, &sides, context);
    found.finish()
}

/// Returns the policies that somebody whose access may change holds, and whose text neither side has.
#[must_use]
pub fn missing(before: &Census, after: &Census) -> Vec<Name> {
    let texts = |census: &Census| -> BTreeMap<Name, String> {
        let policies = census.policies.iter();
        policies
            .map(|policy| {
                let name = (policy.namespace.clone(), policy.name.clone());
                (name, policy.text.clone())
            })
            .collect()
    };
    let [was, is] = [texts(before), texts(after)];
    let unread = before.unread.iter().chain(&after.unread);
    let unread: BTreeSet<Name> = unread
        .map(|policy| (policy.namespace.clone(), policy.name.clone()))
        .collect();
    let known =
        |name: &Name| was.contains_key(name) || is.contains_key(name) || unread.contains(name);
    let mut missing = BTreeSet::new();
    for one in held(before, after) {
        let names: BTreeSet<Name> = one
            .before
            .iter()
            .chain(&one.after)
            .flatten()
            .cloned()
            .collect();
        let moves = one.before != one.after;
        if moves || names.iter().any(|name| was.get(name) != is.get(name)) {
            missing.extend(
                names
                    .into_iter()
                    .filter(|name| !known(name) && name.1 != "root"),
            );
        }
    }
    missing.into_iter().collect()
}

impl<'c> Side<'c> {
    fn new(
        census: &'c Census,
        context: &Context<'_>,
        read: &mut HashMap<(String, String), Arc<Policy>>,
    ) -> Side<'c> {
        let mut side = Side {
            census,
            policies: HashMap::new(),
            texts: HashMap::new(),
        };
        for text in &census.policies {
            let name = (text.namespace.clone(), text.name.to_lowercase());
            let key = (text.namespace.clone(), text.text.clone());
            let policy = read.entry(key).or_insert_with(|| {
                let (mut policy, _) = parse_at(&text.text, None, context.server, context.now);
                policy.namespace.clone_from(&text.namespace);
                Arc::new(policy)
            });
            side.policies.insert(name.clone(), policy.clone());
            side.texts.insert(name, &text.text);
        }
        side
    }

    fn policies(&self, names: &BTreeSet<Name>) -> Vec<Policy> {
        let found = names.iter().filter_map(|name| {
            if name.1 == "root" {
                return Some(Policy {
                    namespace: name.0.clone(),
                    ..Policy::default().named("root")
                });
            }
            let policy = self.policies.get(name)?;
            Some(Policy::clone(policy).named(&name.1))
        });
        found.collect()
    }
}

fn namespaced(namespace: &str, name: &str) -> String {
    format!("{namespace}{name}")
}

/// Lists everybody with the names of what they hold.
fn held(before: &Census, after: &Census) -> Vec<Held> {
    let mut all: BTreeMap<(HolderKind, String, String), [Option<&Holder>; 2]> = BTreeMap::new();
    for (side, census) in [before, after].into_iter().enumerate() {
        for holder in &census.holders {
            let key = (
                holder.kind,
                holder.namespace.clone(),
                holder.role.name.clone(),
            );
            if let Some(slot) = all.entry(key).or_default().get_mut(side) {
                *slot = Some(holder);
            }
        }
    }
    let each = all.into_iter().map(|((kind, namespace, name), [was, is])| {
        let (mut own_before, mut own_after) = (
            was.map(|holder| own(before, holder)),
            is.map(|holder| own(after, holder)),
        );
        if let (Some(was), Some(is), Some(list)) = (was, is, &mut own_after)
            && is.others_give
        {
            list.extend(left_alone(before, was));
        }
        if kind == HolderKind::Entity {
            add_groups(before, &groups(before, was), &mut own_before);
            add_groups(after, &groups(after, is), &mut own_after);
        }
        // Everybody who logs in has the policy `default`: coming and going is compared with it.
        let default = (namespace.clone(), "default".to_owned());
        let [before, after] =
            [(&own_before, &own_after), (&own_after, &own_before)].map(|(own, other)| {
                match (own, other) {
                    (Some(own), _) => Some(own.clone()),
                    (None, Some(other)) if other.contains(&default) => {
                        Some(BTreeSet::from([default.clone()]))
                    }
                    (None, _) => None,
                }
            });
        Held {
            who: Who {
                kind: kind.word(),
                name: namespaced(&namespace, &name),
            },
            before,
            after,
        }
    });
    each.collect()
}

fn own(census: &Census, holder: &Holder) -> BTreeSet<Name> {
    let names = census.policies_of(holder).into_iter();
    names.map(|name| (holder.namespace.clone(), name)).collect()
}

/// Returns what a group or entity holds that no object of the configuration gives it: it stays.
fn left_alone(census: &Census, holder: &Holder) -> Vec<Name> {
    let given: BTreeSet<&str> = census
        .shares
        .iter()
        .filter(|share| share.listed == Listed::Policies && holder.keys.contains(&share.target))
        .flat_map(|share| &share.elements)
        .filter_map(|element| match element {
            Key::Id(name) => Some(name.as_str()),
            Key::Address(_) => None,
        })
        .collect();
    let stays = holder.role.policies.iter().map(|name| name.to_lowercase());
    stays
        .filter(|name| !given.contains(name.as_str()))
        .map(|name| (holder.namespace.clone(), name))
        .collect()
}

/// Returns the positions of the groups that an entity is in, directly or through other groups.
fn groups(census: &Census, entity: Option<&Holder>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let Some(entity) = entity else {
        return found;
    };
    let all = || {
        census
            .holders
            .iter()
            .filter(|one| one.kind == HolderKind::Group)
    };
    let mut open: Vec<&Holder> = all()
        .filter(|group| group.entities.iter().any(|key| entity.keys.contains(key)))
        .collect();
    while let Some(group) = open.pop() {
        if found.insert(namespaced(&group.namespace, &group.role.name)) {
            let around = all().filter(|one| one.groups.iter().any(|key| group.keys.contains(key)));
            open.extend(around);
        }
    }
    found
}

fn add_groups(census: &Census, names: &BTreeSet<String>, into: &mut Option<BTreeSet<Name>>) {
    let Some(into) = into.as_mut().filter(|_| !names.is_empty()) else {
        return;
    };
    let groups = census.holders.iter().filter(|one| {
        one.kind == HolderKind::Group && names.contains(&namespaced(&one.namespace, &one.role.name))
    });
    groups.for_each(|group| into.extend(own(census, group)));
}

/// Lists changed policies that nobody holds on either side.
fn unheld(held: &[Held], sides: &[Side<'_>; 2]) -> Vec<Held> {
    let used: BTreeSet<&Name> = held
        .iter()
        .flat_map(|one| one.before.iter().chain(&one.after).flatten())
        .collect();
    let names: BTreeSet<&Name> = sides.iter().flat_map(|side| side.texts.keys()).collect();
    let free = names.into_iter().filter(|name| !used.contains(name));
    let one = |name: &Name| Held {
        who: Who {
            kind: "policy",
            name: namespaced(&name.0, &name.1),
        },
        before: Some(BTreeSet::from([name.clone()])),
        after: Some(BTreeSet::from([name.clone()])),
    };
    free.map(one).collect()
}

/// What was found out for a pair of sets of policies; many hold the same.
type Memory = HashMap<(BTreeSet<Name>, BTreeSet<Name>), Arc<Outcome>>;

type Outcome = Result<Vec<(Change, Vec<String>)>, Incomparable>;

fn sides_of(
    one: &Held,
    sides: &[Side<'_>; 2],
    context: &Context<'_>,
    memory: &mut Memory,
) -> Arc<Outcome> {
    let before = one.before.clone().unwrap_or_default();
    let after = one.after.clone().unwrap_or_default();
    let [was, is] = sides;
    let changed = before != after
        || before
            .iter()
            .any(|name| match (was.texts.get(name), is.texts.get(name)) {
                (Some(left), Some(right)) => left != right && !same(left, right, context.server),
                (left, right) => left.is_some() != right.is_some(),
            });
    if !changed {
        return Arc::new(Ok(Vec::new()));
    }
    let key = (before, after);
    if let Some(known) = memory.get(&key) {
        return known.clone();
    }
    let policies = [was.policies(&key.0), is.policies(&key.1)];
    let outcome = Arc::new(compare(&policies, context));
    memory.insert(key, outcome.clone());
    outcome
}

fn compare([before, after]: &[Vec<Policy>; 2], context: &Context<'_>) -> Outcome {
    let context = Context {
        identity: None,
        ..*context
    };
    let changes = difference(before, after, &context)?;
    let rules = [before, after].map(|side| RuleSet::new(side, &context).ok());
    let [was, is] = &rules;
    let through = |change: &Change| {
        let (rules, policies) = match change.direction {
            Direction::Lost => (was, before),
            Direction::Gained | Direction::Conditions => (is, after),
        };
        deciding(rules.as_ref(), policies, change)
    };
    Ok(changes
        .into_iter()
        .map(|change| {
            let through = through(&change);
            (change, through)
        })
        .collect())
}

/// Returns the policies that grant what changes for its example; those that decide together where none grants it alone.
fn deciding(rules: Option<&RuleSet>, policies: &[Policy], change: &Change) -> Vec<String> {
    let rule = rules.and_then(|rules| change.rule_of(rules));
    let sources = || rule.into_iter().flat_map(|rule| &rule.sources);
    let grants = |source: &&Source| {
        let policy = policies.get(source.policy);
        let rule = policy.and_then(|policy| policy.rules.get(source.rule));
        rule.is_some_and(|rule| rule.permissions.capabilities.has(change.capability))
    };
    let name = |source: &Source| Some(policies.get(source.policy)?.name.clone());
    let mut names: Vec<String> = sources().filter(grants).filter_map(name).collect();
    if names.is_empty() {
        names = sources().filter_map(name).collect();
    }
    names.sort();
    names.dedup();
    names
}

/// Returns how much of a pattern is fixed, in bytes: the less, the more paths it has.
fn breadth(pattern: &str) -> usize {
    pattern.find(['*', '+']).unwrap_or(pattern.len())
}

/// What makes two lines one: direction, pattern, exceptions, mount.
type Line = (Direction, String, Vec<String>, Option<String>);

/// What is known of a line.
struct Entry {
    example: String,
    whose: BTreeMap<Who, Part>,
}

/// What somebody has of a line.
#[derive(Clone)]
struct Part {
    danger: Danger,
    capabilities: BTreeSet<Capability>,
    through: BTreeSet<String>,
}

#[derive(Default)]
struct Collected {
    lines: BTreeMap<Line, Entry>,
    unknown: BTreeSet<String>,
    incomparable: BTreeSet<Who>,
}

impl Collected {
    fn add(&mut self, who: &Who, outcome: &Outcome) {
        match outcome {
            Err(_) => {
                self.incomparable.insert(who.clone());
            }
            Ok(changes) => {
                for (change, through) in changes {
                    let except = change.except.iter().map(ToString::to_string).collect();
                    let line = (change.direction, change.pattern.to_string(), except, None);
                    self.put(line, who, change, (&change.example, through));
                }
            }
        }
    }

    fn put(
        &mut self,
        line: Line,
        who: &Who,
        change: &Change,
        (example, through): (&str, &[String]),
    ) {
        let entry = self.lines.entry(line).or_insert_with(|| Entry {
            example: example.to_owned(),
            whose: BTreeMap::new(),
        });
        let part = entry.whose.entry(who.clone()).or_insert_with(|| Part {
            danger: change.danger,
            capabilities: BTreeSet::new(),
            through: BTreeSet::new(),
        });
        part.danger = part.danger.min(change.danger);
        part.through.extend(through.iter().cloned());
        part.capabilities.insert(change.capability);
    }

    /// Notes policies of unknown text among those that somebody comes to hold.
    fn unknown(&mut self, one: &Held, [was, is]: &[Side<'_>; 2]) {
        let nothing = BTreeSet::new();
        let before = one.before.as_ref().unwrap_or(&nothing);
        let after = one.after.as_ref().unwrap_or(&nothing);
        let unread = |census: &Census, name: &Name| {
            census
                .unread
                .iter()
                .any(|policy| policy.namespace == name.0 && policy.name == name.1)
        };
        for name in before.union(after) {
            let moves = before.contains(name) != after.contains(name);
            let known = was.texts.contains_key(name) || is.texts.contains_key(name);
            let built_in = name.1 == "default" || name.1 == "root";
            if unread(is.census, name) || moves && !known && !built_in {
                self.unknown.insert(namespaced(&name.0, &name.1));
            }
        }
    }

    /// Adds what comes into reach, or goes out of it, with a mount, by policies that do not change.
    fn mounts(&mut self, held: &[Held], sides: &[Side<'_>; 2], context: &Context<'_>) {
        let paths = |side: &Side<'_>| -> BTreeSet<String> {
            let mounts = side
                .census
                .mounts
                .iter()
                .filter(|mount| !mount.kind.is_empty());
            mounts
                .map(|mount| namespaced(&mount.namespace, &mount.path))
                .collect()
        };
        let [was, is] = [paths(&sides[0]), paths(&sides[1])];
        let moved: Vec<(String, Direction)> = is
            .difference(&was)
            .map(|path| (path.clone(), Direction::Gained))
            .chain(
                was.difference(&is)
                    .map(|path| (path.clone(), Direction::Lost)),
            )
            .collect();
        if moved.is_empty() {
            return;
        }
        let mut memory: HashMap<&BTreeSet<Name>, Arc<Outcome>> = HashMap::new();
        for one in held.iter().filter(|one| one.before == one.after) {
            let Some(names) = &one.before else { continue };
            let outcome = memory.entry(names).or_insert_with(|| {
                let unchanged = names.iter().all(|name| {
                    let [left, right] = [0, 1].map(|at: usize| sides.get(at)?.texts.get(name));
                    left == right
                });
                let policies = sides.first().map(|side| side.policies(names));
                let policies = policies.filter(|_| unchanged).unwrap_or_default();
                Arc::new(compare(&[Vec::new(), policies], context))
            });
            let outcome = outcome.clone();
            for (path, direction) in &moved {
                self.reached(&one.who, &outcome, path, *direction);
            }
        }
    }

    fn reached(&mut self, who: &Who, outcome: &Outcome, path: &str, direction: Direction) {
        let pattern = Pattern::read(&format!("{path}*"));
        let (Some(mount), Ok(granted)) = (pattern.map(|one| PathSet::of(&one)), outcome) else {
            return;
        };
        for (change, through) in granted {
            let Some(part) = change.pattern.meet(&mount) else {
                continue;
            };
            let except = change.except.iter().filter_map(|set| set.meet(&mount));
            let except: Vec<PathSet> = except.collect();
            let example = part.sample(part.length(), "x");
            if except
                .iter()
                .any(|set| part.is_within(set) || set.contains(&example))
            {
                continue;
            }
            let line = (
                direction,
                part.to_string(),
                except.iter().map(ToString::to_string).collect(),
                Some(path.to_owned()),
            );
            self.put(line, who, change, (&example, through));
        }
    }

    fn finish(self) -> Access {
        let mut changes = Vec::new();
        for ((direction, pattern, except, mount), entry) in self.lines {
            let mut alike: BTreeMap<_, Vec<Who>> = BTreeMap::new();
            for (who, part) in entry.whose {
                let key = (part.capabilities, part.through, part.danger);
                alike.entry(key).or_default().push(who);
            }
            for ((capabilities, through, danger), who) in alike {
                changes.push(AccessChange {
                    who,
                    direction,
                    capabilities: capabilities.into_iter().collect(),
                    pattern: pattern.clone(),
                    except: except.clone(),
                    example: entry.example.clone(),
                    danger,
                    through: through.into_iter().collect(),
                    mount: mount.clone(),
                });
            }
        }
        let place = |direction| match direction {
            Direction::Gained => 0,
            Direction::Conditions => 1,
            Direction::Lost => 2,
        };
        changes.sort_by_key(|one: &AccessChange| {
            let gives = std::cmp::Reverse(one.capabilities.len());
            (
                place(one.direction),
                one.danger.rank(&one.capabilities),
                breadth(&one.pattern),
                gives,
            )
        });
        Access {
            changes,
            unknown: self.unknown.into_iter().collect(),
            incomparable: self.incomparable.into_iter().collect(),
        }
    }
}
