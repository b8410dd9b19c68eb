//! Which paths get another answer when policies change: computed from the patterns, without trying paths.
//!
//! Every path is decided by one rule before and by one after. The paths of one such pair are a *cell*: the overlap
//! of the two patterns without what higher rules take away. A cell is empty exactly when its most general sample
//! of every length is taken by another pair, because a sample made of characters that no pattern knows lies in as
//! few patterns as any path of the cell can. Cells with the same change are then put together.

use std::collections::{BTreeSet, HashMap};

use super::capability::{Capabilities, Capability};
use super::change::{Change, Danger, Direction, Incomparable, danger};
use super::merged::{Broken, Context, RuleSet, Step};
use super::overlap::Overlaps;
use super::paths::{PathSet, fresh};
use super::pattern::Pattern;
use super::power::Powers;
use super::rule::{Permissions, Policy};

/// Returns the smallest list of path patterns whose answer changes, the most dangerous first.
///
/// Without an identity in the context a templated path is compared as it is written.
///
/// # Errors
/// With the context's identity the server would fail every request of the token, or the rules overlap in too many ways.
pub fn difference(
    before: &[Policy],
    after: &[Policy],
    context: &Context<'_>,
) -> Result<Vec<Change>, Incomparable> {
    let before = rule_set(before, context).map_err(Incomparable::Broken)?;
    let after = rule_set(after, context).map_err(Incomparable::Broken)?;
    let mut changes = Vec::new();
    for listing in [false, true] {
        let comparison = Comparison::new(&before, &after, listing);
        changes.extend(comparison.changes());
        if comparison.is_exhausted() {
            return Err(Incomparable::Overlaps);
        }
    }
    let powers = Powers::new();
    for change in &mut changes {
        let rules = match change.direction {
            Direction::Lost => &before,
            Direction::Gained | Direction::Conditions => &after,
        };
        let rule = change.rule_of(rules);
        let granted = rule.map(|rule| rule.permissions.capabilities);
        change.danger = danger(change, granted.unwrap_or_default(), &powers);
    }
    changes.sort_by_cached_key(|change| {
        (
            change.direction,
            change.danger.rank(&[change.capability]),
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

/// The rows of one side, and how they are found.
struct Table<'r> {
    rules: &'r RuleSet,
    rows: Vec<Row>,
    /// From rule and step to row.
    numbers: HashMap<(usize, Step), usize>,
    /// Rows by what they match.
    overlaps: Overlaps,
    /// Which conditions each rule sets: equal ones have equal numbers, on both sides.
    conditions: Vec<usize>,
}

/// Rows that decide before and after.
type Pair = [Option<usize>; 2];

/// The answer of one pair of rules, on a part of the paths that both match.
struct Cell {
    set: PathSet,
    example: String,
    pair: Pair,
    effects: Vec<Effect>,
}

struct Comparison<'r> {
    sides: [Table<'r>; 2],
    listing: bool,
    /// For each row before the row after with the same pattern and step, and the other way round.
    twins: [Vec<Option<usize>>; 2],
    lengths: BTreeSet<usize>,
    fresh: String,
    /// How many bytes may still be looked at.
    patience: std::cell::Cell<u64>,
}

/// How many bytes of paths a comparison looks at before it gives up: a second's work, and a thousand times what
/// policies that people write need.
const PATIENCE: u64 = 30_000_000;

/// Something that may change: a capability, and which way.
type Effect = (Capability, Direction);

impl<'r> Comparison<'r> {
    fn new(before: &'r RuleSet, after: &'r RuleSet, listing: bool) -> Comparison<'r> {
        let mut known = HashMap::new();
        let sides = [before, after].map(|side| Table::new(side, listing, &mut known));
        let sets = sides
            .iter()
            .flat_map(|side| &side.rows)
            .flat_map(|row| &row.sets);
        let lengths = sets
            .flat_map(|set| [set.length(), set.length() + 1])
            .collect();
        let stems = sides
            .iter()
            .flat_map(|side| side.rules.rules())
            .map(|rule| rule.pattern.stem());
        Comparison {
            fresh: fresh(stems),
            twins: twins(&sides),
            sides,
            listing,
            lengths,
            patience: std::cell::Cell::new(PATIENCE),
        }
    }

    /// Takes a piece of work from the patience; tells whether there is any left.
    fn may_look(&self, bytes: usize) -> bool {
        let left = self.patience.get().saturating_sub(bytes as u64 + 64);
        self.patience.set(left);
        left > 0
    }

    fn is_exhausted(&self) -> bool {
        self.patience.get() == 0
    }

    fn side(&self, side: usize) -> &Table<'r> {
        let [before, after] = &self.sides;
        if side == 0 { before } else { after }
    }

    fn twin(&self, side: usize, row: usize) -> Option<usize> {
        self.twins.get(side)?.get(row).copied().flatten()
    }

    /// Returns the rows that decide a path before and after.
    fn deciders(&self, path: &str) -> Pair {
        let asked = if self.listing {
            format!("{path}/")
        } else {
            path.to_owned()
        };
        [0, 1].map(|side| {
            let table = self.side(side);
            let found = table.rules.find(&asked, self.listing)?;
            table.numbers.get(&found).copied()
        })
    }

    /// Returns a path of the set that just these two rows decide.
    fn example(&self, set: &PathSet, pair: Pair) -> Option<String> {
        let shortest = set.length();
        let longer = self.lengths.range(shortest + 1..).filter(|_| set.is_open());
        std::iter::once(&shortest)
            .chain(longer)
            .map_while(|length| {
                let path = set.sample(*length, &self.fresh);
                self.may_look(path.len() + 16 * length).then_some(path)
            })
            .find(|path| self.deciders(path) == pair)
    }

    /// Calls `see` with every pair that may decide a path of the set, and the part of the set that both rows match. Two
    /// rows that both stand on both sides decide no path together, unless they are one.
    fn pairs(&self, set: &PathSet, see: &mut dyn FnMut(Pair, PathSet)) {
        let (before, after) = (self.side(0), self.side(1));
        for at in before.overlaps.meeting(set) {
            if !self.may_look(set.length()) {
                return;
            }
            let twin = self.twin(0, at);
            for part in before.parts(at, set) {
                if twin.is_some() {
                    see([Some(at), twin], part);
                    continue;
                }
                for other in after.overlaps.meeting(&part) {
                    if !self.may_look(part.length()) {
                        return;
                    }
                    for both in after.parts(other, &part) {
                        see([Some(at), Some(other)], both);
                    }
                }
                see([Some(at), None], part);
            }
        }
        let lonely = after.overlaps.meeting(set).into_iter();
        for at in lonely.filter(|at| self.twin(1, *at).is_none()) {
            for part in after.parts(at, set) {
                let shared = before.overlaps.meeting(&part).into_iter();
                for other in shared.filter(|other| self.twin(0, *other).is_some()) {
                    if !self.may_look(part.length()) {
                        return;
                    }
                    for both in before.parts(other, &part) {
                        see([Some(other), Some(at)], both);
                    }
                }
                see([None, Some(at)], part);
            }
        }
    }

    /// Returns all cells in which something changes. What stands on both sides unchanged is not looked at.
    fn cells(&self) -> Vec<Cell> {
        let mut cells = Vec::new();
        let mut see = |pair: Pair, set: PathSet| {
            let effects = self.effects(pair);
            if !effects.is_empty()
                && let Some(example) = self.example(&set, pair)
            {
                cells.push(Cell {
                    set,
                    example,
                    pair,
                    effects,
                });
            }
        };
        let (before, after) = (self.side(0), self.side(1));
        for (at, row) in before.rows.iter().enumerate() {
            if self.is_exhausted() {
                break;
            }
            for set in &row.sets {
                match self.twin(0, at) {
                    Some(twin) => see([Some(at), Some(twin)], set.clone()),
                    None => self.beside(0, at, set, &mut see),
                }
            }
        }
        let rows = after.rows.iter().enumerate();
        for (at, row) in rows.filter(|(at, _)| self.twin(1, *at).is_none()) {
            for set in &row.sets {
                self.beside(1, at, set, &mut see);
            }
        }
        cells
    }

    /// Calls `see` with the pairs of a row that stands on one side only.
    fn beside(&self, side: usize, at: usize, set: &PathSet, see: &mut dyn FnMut(Pair, PathSet)) {
        let pair = |other: Option<usize>| match side {
            0 => [Some(at), other],
            _ => [other, Some(at)],
        };
        see(pair(None), set.clone());
        let table = self.side(1 - side);
        for other in table.overlaps.meeting(set) {
            // A pair of two lonely rows is seen from the side before.
            if side == 1 && self.twin(0, other).is_none() {
                continue;
            }
            if !self.may_look(set.length()) {
                return;
            }
            for both in table.parts(other, set) {
                see(pair(Some(other)), both);
            }
        }
    }

    fn effects(&self, pair: Pair) -> Vec<Effect> {
        let [before, after] = [0, 1].map(|side: usize| {
            let row = pair.get(side).copied().flatten()?;
            self.side(side).answer(row)
        });
        let granted = |side: Option<(Capabilities, usize)>| {
            side.map_or(Capabilities::NONE, |(granted, _)| granted)
        };
        let (was, is) = (granted(before), granted(after));
        let other_conditions =
            matches!((before, after), (Some((_, one)), Some((_, other))) if one != other);
        if was == is && !other_conditions {
            return Vec::new();
        }
        let mut effects = Vec::new();
        for one in asked(self.listing) {
            match (was.has(one), is.has(one)) {
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
        let kinds: BTreeSet<Effect> = cells
            .iter()
            .flat_map(|cell| &cell.effects)
            .copied()
            .collect();
        let mut changes = Vec::new();
        for kind in kinds {
            let mut entries: Vec<Change> = Vec::new();
            let mut known = Overlaps::default();
            for cell in cells.iter().filter(|cell| cell.effects.contains(&kind)) {
                if self.is_exhausted() {
                    return Vec::new();
                }
                let around = known.meeting(&cell.set);
                let mut around = around.iter().filter_map(|at| entries.get(*at));
                if !around.any(|entry| self.covers(entry, cell)) {
                    let entry = self.entry(cell, kind);
                    known.insert(&entry.pattern, entries.len());
                    entries.push(entry);
                }
            }
            changes.extend(entries);
        }
        changes
    }

    /// Makes the change of a cell as wide as its pattern: whatever lies in the pattern and has another effect is excepted.
    fn entry(&self, cell: &Cell, (capability, direction): Effect) -> Change {
        let mut parts = Vec::new();
        self.pairs(&cell.set, &mut |pair, part| {
            if !self.effects(pair).contains(&(capability, direction)) {
                parts.push((part, pair));
            }
        });
        parts.sort_by_cached_key(|(part, _)| (part.narrowness(), part.clone()));
        let mut except: Vec<PathSet> = Vec::new();
        let mut known = Overlaps::default();
        for (part, pair) in parts {
            let around = known.meeting(&part);
            let mut around = around.iter().filter_map(|at| except.get(*at));
            if !around.any(|wider| part.is_within(wider)) && self.example(&part, pair).is_some() {
                known.insert(&part, except.len());
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
            danger: Danger::Plain,
        }
    }

    fn covers(&self, entry: &Change, cell: &Cell) -> bool {
        cell.set.is_within(&entry.pattern)
            && entry.except.iter().all(|set| {
                set.meet(&cell.set)
                    .is_none_or(|part| self.example(&part, cell.pair).is_none())
            })
    }
}

impl<'r> Table<'r> {
    fn new(rules: &'r RuleSet, listing: bool, known: &mut HashMap<String, usize>) -> Table<'r> {
        let rows = rows(rules, listing);
        let mut overlaps = Overlaps::default();
        for (at, row) in rows.iter().enumerate() {
            for set in &row.sets {
                overlaps.insert(set, at);
            }
        }
        let numbers = rows.iter().enumerate();
        let numbers = numbers
            .map(|(at, row)| ((row.rule, row.step), at))
            .collect();
        let conditions = rules.rules().iter().map(|rule| {
            let count = known.len();
            *known.entry(conditions(&rule.permissions)).or_insert(count)
        });
        Table {
            conditions: conditions.collect(),
            rules,
            rows,
            numbers,
            overlaps,
        }
    }

    /// Returns what a row says: capabilities, and the number of its conditions.
    fn answer(&self, row: usize) -> Option<(Capabilities, usize)> {
        let rule = self.rows.get(row)?.rule;
        let granted = self.rules.rule(rule)?.permissions.capabilities;
        Some((granted, *self.conditions.get(rule)?))
    }

    /// Returns the parts of a set that a row matches.
    fn parts(&self, row: usize, set: &PathSet) -> Vec<PathSet> {
        let sets = self.rows.get(row).into_iter().flat_map(|row| &row.sets);
        sets.filter_map(|own| own.meet(set)).collect()
    }

    fn pattern(&self, row: &Row) -> Option<(&'r Pattern, Step)> {
        let rule = self.rules.rule(row.rule)?;
        Some((&rule.pattern, row.step))
    }
}

fn twins(sides: &[Table<'_>; 2]) -> [Vec<Option<usize>>; 2] {
    let [before, after] = sides;
    let of = |own: &Table<'_>, other: &Table<'_>| {
        let keyed = other.rows.iter().enumerate();
        let partner: HashMap<(&Pattern, Step), usize> = keyed
            .filter_map(|(at, row)| Some((other.pattern(row)?, at)))
            .collect();
        let twin = |row: &Row| partner.get(&own.pattern(row)?).copied();
        own.rows.iter().map(twin).collect()
    };
    [of(before, after), of(after, before)]
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

/// Returns a text that equal conditions share; none at all is the empty text.
fn conditions(permissions: &Permissions) -> String {
    let plain = super::same::plain(Permissions {
        // Without a capability there would be nothing to set conditions for.
        capabilities: Capabilities::NONE.with(Capability::Read),
        ..permissions.clone()
    });
    let free = Permissions {
        capabilities: plain.capabilities,
        ..Permissions::default()
    };
    if plain == free {
        return String::new();
    }
    format!("{plain:?}")
}
