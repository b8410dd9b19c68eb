//! Which paths get another answer when policies change: computed from the patterns, without trying paths.
//!
//! Every path is decided by one rule before and by one after. The paths of one such pair are a *cell*: the overlap
//! of the two patterns without what higher rules take away. A cell is empty exactly when its most general sample
//! of every length is taken by another pair, because a sample made of characters that no pattern knows lies in as
//! few patterns as any path of the cell can. Cells with the same change are then put together.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::capability::{Capabilities, Capability};
use super::merged::{Broken, Context, RuleSet, Step};
use super::paths::{PathSet, Segment, fresh};
use super::pattern::Pattern;
use super::rule::{Permissions, Policy};

/// Which way an answer changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Direction {
    Gained,
    Lost,
    /// Granted before and after, under other conditions (parameters, wrapping, approvals, page size).
    Conditions,
}

/// Paths whose answer for one capability changes: those of `pattern` that are in no set of `except`.
/// For `list` and `scan` they are the listed directories, without a final slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub pattern: PathSet,
    pub except: Vec<PathSet>,
    pub capability: Capability,
    pub direction: Direction,
    /// One such path.
    pub example: String,
}

impl Change {
    /// Tells whether this change concerns a path.
    #[must_use]
    pub fn concerns(&self, path: &str) -> bool {
        self.pattern.contains(path) && !self.except.iter().any(|set| set.contains(path))
    }
}

/// Returns the smallest list of path patterns whose answer changes, the most dangerous first.
///
/// Without an identity in the context a templated path is compared as it is written.
///
/// # Errors
/// With the context's identity the server would fail every request of the token.
pub fn difference(
    before: &[Policy],
    after: &[Policy],
    context: &Context<'_>,
) -> Result<Vec<Change>, Broken> {
    let before = rule_set(before, context)?;
    let after = rule_set(after, context)?;
    let mut changes = Vec::new();
    for listing in [false, true] {
        changes.extend(Comparison::new(&before, &after, listing).changes());
    }
    changes.sort_by_cached_key(|change| {
        (
            danger(change),
            change.pattern.to_string(),
            change.capability,
        )
    });
    Ok(changes)
}

fn rule_set(policies: &[Policy], context: &Context<'_>) -> Result<RuleSet, Broken> {
    let mut policies = policies.to_vec();
    for policy in &mut policies {
        if policy.name == "root" {
            *policy = everything(policy);
        }
        if context.identity.is_none() {
            for rule in policy
                .rules
                .iter_mut()
                .filter(|rule| rule.pattern.is_none())
            {
                let path = rule.path.strip_prefix('/').unwrap_or(&rule.path);
                rule.pattern = Pattern::read(path);
            }
        }
    }
    RuleSet::new(&policies, context)
}

/// Returns the `root` policy as rules.
fn everything(root: &Policy) -> Policy {
    let all = Capability::ALL
        .into_iter()
        .filter(|one| *one != Capability::Deny);
    Policy {
        namespace: root.namespace.clone(),
        rules: vec![super::rule::Rule {
            path: "*".to_owned(),
            pattern: Pattern::read("*"),
            permissions: Permissions {
                capabilities: all.collect(),
                ..Permissions::default()
            },
            expiration: None,
            shorthand: false,
            extent: super::tree::Extent::default(),
            path_extent: super::tree::Extent::default(),
            capabilities_extent: super::tree::Extent::default(),
        }],
        ..Policy::default()
    }
}

/// A rule at one step of the look-up, with the paths (or directories) for which that step finds it.
struct Row {
    rule: usize,
    step: Step,
    sets: Vec<PathSet>,
}

/// The answer of one pair of rules, on a part of the paths that both match.
struct Cell {
    set: PathSet,
    example: String,
    before: Option<usize>,
    after: Option<usize>,
}

struct Comparison<'r> {
    sides: [&'r RuleSet; 2],
    listing: bool,
    rows: [Vec<Row>; 2],
    /// From rule and step to row.
    numbers: [HashMap<(usize, Step), usize>; 2],
    lengths: BTreeSet<usize>,
    fresh: String,
}

/// Something that may change: a capability, and which way.
type Effect = (Capability, Direction);

impl<'r> Comparison<'r> {
    fn new(before: &'r RuleSet, after: &'r RuleSet, listing: bool) -> Comparison<'r> {
        let sides = [before, after];
        let rows = sides.map(|side| rows(side, listing));
        let numbers = [0, 1].map(|side: usize| {
            let rows = rows.get(side).into_iter().flatten().enumerate();
            rows.map(|(at, row)| ((row.rule, row.step), at)).collect()
        });
        let sets = rows.iter().flatten().flat_map(|row| &row.sets);
        let lengths = sets
            .flat_map(|set| [set.length(), set.length() + 1])
            .collect();
        let stems = sides
            .into_iter()
            .flat_map(RuleSet::rules)
            .map(|rule| rule.pattern.stem());
        Comparison {
            fresh: fresh(stems),
            sides,
            listing,
            rows,
            numbers,
            lengths,
        }
    }

    fn row(&self, side: usize, at: usize) -> Option<&Row> {
        self.rows.get(side)?.get(at)
    }

    fn permissions(&self, side: usize, row: Option<usize>) -> Option<&'r Permissions> {
        let rule = self.row(side, row?)?.rule;
        self.sides
            .get(side)?
            .rule(rule)
            .map(|rule| &rule.permissions)
    }

    fn pattern(&self, side: usize, row: &Row) -> Option<(&'r Pattern, Step)> {
        let rule = self.sides.get(side)?.rule(row.rule)?;
        Some((&rule.pattern, row.step))
    }

    /// Returns the rows that decide a path before and after.
    fn deciders(&self, path: &str) -> [Option<usize>; 2] {
        let asked = if self.listing {
            format!("{path}/")
        } else {
            path.to_owned()
        };
        [0, 1].map(|side: usize| {
            let found = self.sides.get(side)?.find(&asked, self.listing)?;
            self.numbers.get(side)?.get(&found).copied()
        })
    }

    /// Returns a path of the set that just these two rows decide.
    fn example(&self, set: &PathSet, pair: [Option<usize>; 2]) -> Option<String> {
        let shortest = set.length();
        let longer = self.lengths.range(shortest + 1..).filter(|_| set.is_open());
        std::iter::once(&shortest)
            .chain(longer)
            .map(|length| set.sample(*length, &self.fresh))
            .find(|path| self.deciders(path) == pair)
    }

    /// Returns, for each row before, the row after with the same pattern and step.
    fn twins(&self) -> Vec<Option<usize>> {
        let [before, after] = &self.rows;
        let keyed = after.iter().enumerate();
        let partner: HashMap<(&Pattern, Step), usize> = keyed
            .filter_map(|(at, row)| Some((self.pattern(1, row)?, at)))
            .collect();
        let twin = |row: &Row| partner.get(&self.pattern(0, row)?).copied();
        before.iter().map(twin).collect()
    }

    /// Returns all cells that are not empty. Two rules that both stand on both sides share no cell.
    fn cells(&self) -> Vec<Cell> {
        let mut cells = Vec::new();
        let [before, after] = &self.rows;
        let twins = self.twins();
        let shared: HashSet<usize> = twins.iter().flatten().copied().collect();
        for ((at, row), twin) in before.iter().enumerate().zip(&twins) {
            if twin.is_some() {
                self.add(&mut cells, &row.sets, [Some(at), *twin]);
                continue;
            }
            self.add(&mut cells, &row.sets, [Some(at), None]);
            for (other, against) in after.iter().enumerate() {
                self.add(&mut cells, &overlap(row, against), [Some(at), Some(other)]);
            }
        }
        let lonely = after
            .iter()
            .enumerate()
            .filter(|(at, _)| !shared.contains(at));
        for (at, row) in lonely {
            self.add(&mut cells, &row.sets, [None, Some(at)]);
            let against = before.iter().enumerate().zip(&twins);
            for ((other, against), _) in against.filter(|(_, twin)| twin.is_some()) {
                self.add(&mut cells, &overlap(row, against), [Some(other), Some(at)]);
            }
        }
        cells
    }

    fn add(&self, cells: &mut Vec<Cell>, sets: &[PathSet], pair: [Option<usize>; 2]) {
        for set in sets {
            if let Some(example) = self.example(set, pair) {
                let [before, after] = pair;
                cells.push(Cell {
                    set: set.clone(),
                    example,
                    before,
                    after,
                });
            }
        }
    }

    fn effects(&self, cell: &Cell) -> Vec<Effect> {
        let before = self.permissions(0, cell.before);
        let after = self.permissions(1, cell.after);
        let granted = |side: Option<&Permissions>| {
            side.map_or(Capabilities::NONE, |permissions| permissions.capabilities)
        };
        let other_conditions = match (before, after) {
            (Some(before), Some(after)) => conditions(before) != conditions(after),
            _ => false,
        };
        let mut effects = Vec::new();
        for one in asked(self.listing) {
            match (granted(before).has(one), granted(after).has(one)) {
                (false, true) => effects.push((one, Direction::Gained)),
                (true, false) => effects.push((one, Direction::Lost)),
                (true, true) if other_conditions => effects.push((one, Direction::Conditions)),
                _ => {}
            }
        }
        effects
    }

    fn changes(&self) -> Vec<Change> {
        let mut cells = self.cells();
        cells.sort_by_cached_key(|cell| (cell.set.narrowness(), cell.set.clone()));
        let effects: Vec<Vec<Effect>> = cells.iter().map(|cell| self.effects(cell)).collect();
        let kinds: BTreeSet<Effect> = effects.iter().flatten().copied().collect();
        let mut changes = Vec::new();
        for kind in kinds {
            let mut entries: Vec<Change> = Vec::new();
            for (cell, _) in cells
                .iter()
                .zip(&effects)
                .filter(|(_, all)| all.contains(&kind))
            {
                if !entries.iter().any(|entry| self.covers(entry, cell)) {
                    let others = cells
                        .iter()
                        .zip(&effects)
                        .filter(|(_, all)| !all.contains(&kind));
                    entries.push(self.entry(cell, others.map(|(other, _)| other), kind));
                }
            }
            changes.extend(entries);
        }
        changes
    }

    /// Makes the change of a cell as wide as its pattern: whatever lies in the pattern and has another effect is excepted.
    fn entry<'c>(
        &self,
        cell: &Cell,
        others: impl Iterator<Item = &'c Cell>,
        (capability, direction): Effect,
    ) -> Change {
        let mut except: Vec<PathSet> = Vec::new();
        for other in others {
            let part = meet(&cell.set, &other.set);
            if let Some(part) =
                part.filter(|part| self.example(part, [other.before, other.after]).is_some())
                && !except.iter().any(|known| part.is_within(known))
            {
                except.retain(|known| !known.is_within(&part));
                except.push(part);
            }
        }
        except.sort();
        Change {
            pattern: cell.set.clone(),
            except,
            capability,
            direction,
            example: cell.example.clone(),
        }
    }

    fn covers(&self, entry: &Change, cell: &Cell) -> bool {
        cell.set.is_within(&entry.pattern)
            && entry.except.iter().all(|set| {
                meet(set, &cell.set)
                    .is_none_or(|part| self.example(&part, [cell.before, cell.after]).is_none())
            })
    }
}

/// Returns the overlap of two sets, looking at the first segment before all others.
fn meet(left: &PathSet, right: &PathSet) -> Option<PathSet> {
    if let (Some(Segment::Is(left)), Some(Segment::Is(right))) = (left.first(), right.first())
        && left != right
    {
        return None;
    }
    left.meet(right)
}

fn overlap(left: &Row, right: &Row) -> Vec<PathSet> {
    let pairs = left
        .sets
        .iter()
        .flat_map(|l| right.sets.iter().filter_map(move |r| meet(l, r)));
    pairs.collect()
}

fn rows(side: &RuleSet, listing: bool) -> Vec<Row> {
    let mut rows = Vec::new();
    for step in side.steps(listing) {
        for (rule, merged) in side.rules().iter().enumerate() {
            let exact = merged.pattern.form() == super::pattern::Form::Exact;
            if exact != matches!(step, Step::Exact | Step::ExactTrimmed) {
                continue;
            }
            let set = PathSet::of(&merged.pattern);
            let sets = match step {
                Step::Exact | Step::Wild if listing => set.directories(),
                _ => vec![set],
            };
            rows.push(Row {
                rule,
                step: *step,
                sets,
            });
        }
    }
    rows
}

/// Returns the capabilities that a kind of look-up answers for.
fn asked(listing: bool) -> impl Iterator<Item = Capability> {
    Capability::ALL.into_iter().filter(move |one| match one {
        Capability::Deny => false,
        Capability::List | Capability::Scan => listing,
        _ => !listing,
    })
}

fn conditions(permissions: &Permissions) -> Permissions {
    Permissions {
        capabilities: Capabilities::NONE,
        ..permissions.clone()
    }
}

/// Returns the place of a change in the list: what is gained before what is lost, and there `sudo`, everything,
/// `sys/`, other wildcards, the rest.
fn danger(change: &Change) -> (Direction, u8) {
    let first = change.pattern.first();
    let kind = match first {
        _ if change.capability == Capability::Sudo => 0,
        Some(Segment::Begins(_)) => 1,
        Some(Segment::Is(first)) if first == "sys" => 2,
        _ if change.pattern.is_open() => 3,
        _ => 4,
    };
    (change.direction, kind)
}
