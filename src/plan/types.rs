//! What planning works on, and the plan that comes out.

use crate::catalog::ResourceType;
use crate::source::{Diagnostic, Span};
use crate::value::{Address, Digest, ServerPath, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Which connection an object goes through: the name of a provider block (`vault`, `vault.east`), with the key of its
/// instance where it has `for_each`.
pub type ProviderName = Arc<str>;

/// One object that the configuration wants.
#[derive(Clone, Debug)]
pub struct Desired {
    pub address: Address,
    pub kind: &'static ResourceType,
    pub provider: ProviderName,
    /// `None` while it depends on what is not made yet.
    pub place: Option<ServerPath>,
    /// An object with every attribute of the type: as configured, null where left out.
    pub attributes: Value,
    /// The block's header, for diagnostics.
    pub span: Span,
    /// Where each attribute is set.
    pub spans: BTreeMap<Arc<str>, Span>,
    /// What it refers to or names in `depends_on`.
    pub needs: BTreeSet<Address>,
    pub lifecycle: Lifecycle,
    /// Paths of the attributes that this server does not have: neither compared nor sent, nor are their defaults.
    pub lacks: BTreeSet<String>,
}

/// What a `lifecycle` block asks for, evaluated.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    pub prevent_destroy: bool,
    pub create_before_destroy: bool,
    /// Attribute paths such as `data_json` or `tune`; `all` sets `ignore_all`.
    pub ignore_changes: Vec<String>,
    pub ignore_all: bool,
    /// A `replace_triggered_by` reference changes in this plan.
    pub triggered: bool,
}

/// One object as the server has it.
#[derive(Clone, Debug)]
pub struct Observed {
    pub place: ServerPath,
    /// An object with every attribute of the type, as far as the server tells: null where it does not.
    pub attributes: Value,
    /// What tells this object from a later one at the same place: a mount's uuid, an id, a creation time. Empty where
    /// the server tells nothing of the sort.
    pub incarnation: Arc<str>,
    /// The answers of the server by part (the main one under `""`), for writing back what a write would reset.
    pub raw: Raw,
    /// The id of a new object that a run of ours made and whose once-only values nobody kept: it is removed and made
    /// again. Where it is this object's own id, the object counts as not there.
    pub lost: Option<Arc<str>>,
}

/// Answers of the server by part. They may hold secrets: never shown, not even by `Debug`.
#[derive(Clone, Default)]
pub struct Raw(pub BTreeMap<&'static str, serde_json::Value>);

impl std::fmt::Debug for Raw {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "({} answers)", self.0.len())
    }
}

/// What the ledger remembers of an object of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owned {
    pub address: Address,
    /// The name of the type, as a configuration writes it.
    pub type_name: Arc<str>,
    pub provider: ProviderName,
    pub place: ServerPath,
    /// What the server calls a generated object; empty for others.
    pub id: Arc<str>,
    /// See [`Observed::incarnation`], as of the last write.
    pub incarnation: Arc<str>,
    /// The places and addresses that it needed: deletes run in the reverse of them.
    pub needs: BTreeSet<Address>,
    /// Non-secret arguments that say how it is deleted: `delete_all_versions`, `disable_remount`, and what path templates
    /// of its removal need.
    pub deletion: BTreeMap<Arc<str>, String>,
    pub prevent_destroy: bool,
    /// A digest an attribute of what the configuration said at the last apply. Attributes left out have none.
    pub desired: BTreeMap<Arc<str>, Digest>,
    /// A digest an attribute that cannot be read back, of the value that was sent.
    pub sent: BTreeMap<Arc<str>, Digest>,
    /// Attributes that the server has changed by itself since, and owns now: rotated passwords (semantics 1.7).
    pub rotated: BTreeSet<Arc<str>>,
    /// Paths of the attributes whose wish was secret at the last apply, though the type does not say that they are.
    pub hidden: BTreeSet<Arc<str>>,
    /// A write of it was begun and its end is not known.
    pub pending: Option<Pending>,
    /// Seconds since 1970 of the last write.
    pub written_at: i64,
}

impl Owned {
    /// Tells whether a write of it was begun and may not have been done, or not wholly.
    #[must_use]
    pub fn in_doubt(&self) -> bool {
        self.pending.is_some() && !self.is_undelivered()
    }

    /// Tells whether it is an object that an unfinished run made, and of which the record says what was sent. Only what the
    /// server names can be that: another write of it would have made another object.
    #[must_use]
    pub fn is_newborn(&self) -> bool {
        let made = self.pending.as_ref().is_some_and(|pending| {
            &*pending.action == Pending::CREATE && !pending.before.contains(&self.id)
        });
        made && !self.id.is_empty() && !self.desired.is_empty()
    }

    /// Tells whether it was made, and an object that carries what the server then gave once may not have been written.
    #[must_use]
    pub fn is_undelivered(&self) -> bool {
        let pending = self.pending.as_ref();
        pending.is_some_and(|pending| &*pending.action == Pending::DELIVER)
    }
}

impl Pending {
    /// The action of an object that is made, and whose once-given values are on their way to other objects.
    pub const DELIVER: &str = "deliver";

    /// The action of an object that is about to be made.
    pub const CREATE: &str = "create";
}

/// A write that was begun: written to the ledger before it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// `create`, `update`, `replace`, `delete`, `rotate`, `deliver`
    pub action: Arc<str>,
    /// The ids that the LIST of a generated type named before.
    pub before: BTreeSet<Arc<str>>,
}

/// What is done with an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// As wished and ours.
    Keep,
    /// As wished and not ours yet: the ledger learns it, nothing is written to it.
    Adopt,
    /// Ours under another address.
    Relabel,
    Create,
    Update,
    /// A mount moves, with all that is in it.
    Remount,
    /// Delete, then create.
    Replace,
    /// Create, then delete the old one.
    ReplaceCreateFirst,
    Delete,
    /// Gone from the configuration and from the server: the ledger forgets it.
    Forget,
    /// A data source that can be read only during apply.
    Read,
}

/// Who moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// The configuration: our wish changed since the last apply.
    Config,
    /// The world: it differs though our wish did not change.
    Drift,
    Both,
}

/// How an attribute was compared (semantics 1.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Comparison {
    /// With the live value.
    Compared,
    /// By the keyed digest of what was sent last.
    Digest,
    /// Given once and held.
    Held,
    /// It cannot be read and was never sent by us.
    Unverified,
    /// It has no value that could be compared: arguments, what the server decides.
    NotComparable,
}

/// Why an object is deleted, replaced or read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Its block left the configuration.
    NoBlock,
    /// Its module left the configuration.
    NoModule,
    /// Its key left `for_each`.
    NoKey,
    /// Its index is beyond `count`.
    NoIndex,
    /// The block has `count` or `for_each` now, or no longer.
    WrongRepetition,
    /// `destroy`
    Requested,
    /// `-replace=`
    ReplaceRequested,
    /// `replace_triggered_by`
    Triggered,
    /// A replacing attribute differs.
    CannotUpdate,
    /// A data source whose configuration is not known yet.
    ConfigUnknown,
    /// A data source that depends on something with changes pending.
    DependencyPending,
}

/// What changes in one attribute.
#[derive(Clone, Debug)]
pub struct AttributeChange {
    pub comparison: Comparison,
    /// Whether the step writes it because it differs.
    pub differs: bool,
    pub origin: Option<Origin>,
    pub replaces: bool,
}

/// One step of a plan: what happens to one object.
#[derive(Clone, Debug)]
pub struct Step {
    pub address: Address,
    /// The address that the ledger had it under.
    pub previous: Option<Address>,
    pub kind: &'static ResourceType,
    pub provider: ProviderName,
    pub place: Option<ServerPath>,
    /// Where a [`Change::Remount`] or a replacement comes from.
    pub old_place: Option<ServerPath>,
    pub change: Change,
    /// The object as the server has it: an object of attributes. `None` where there is none.
    pub before: Option<Value>,
    /// The object as it will be: unknown where the server decides. `None` where it goes.
    pub after: Option<Value>,
    /// By attribute name, those of the type that the plan looked at.
    pub attributes: BTreeMap<Arc<str>, AttributeChange>,
    /// `None` for steps that change nothing.
    pub origin: Option<Origin>,
    pub reason: Option<Reason>,
    /// It was there before and not ours: an update of it adopts it.
    pub adopts: bool,
    /// The id that an `import` block or command gave.
    pub import: Option<String>,
    /// Indices of the steps that must be done before this one.
    pub after_steps: Vec<usize>,
    pub span: Option<Span>,
    /// What the step destroys that this configuration did not write: `312 secrets`, for the data-loss guard.
    pub losses: Vec<String>,
}

impl Step {
    /// Tells whether nothing happens but that the ledger learns something of an object that stays where it is.
    #[must_use]
    pub fn is_note(&self) -> bool {
        self.change == Change::Relabel && self.previous.is_none()
    }
}

/// What happens to an output value of the root module.
#[derive(Clone, Debug)]
pub struct OutputChange {
    pub name: Arc<str>,
    pub before: Option<Value>,
    pub after: Option<Value>,
    pub sensitive: bool,
}

/// The outcome of a `check` block's assertion, or of a condition.
#[derive(Clone, Debug)]
pub struct CheckResult {
    /// `check.health`, `vault_mount.kv`, `output.x`
    pub address: String,
    /// `check`, `resource`, `output_value`, `var`
    pub kind: &'static str,
    /// `pass`, `fail`, `unknown`, `error`
    pub status: &'static str,
    pub problems: Vec<String>,
}

/// Steps that wait for many others together: all of `first` is done before any of `then` begins. Both are sorted indices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gate {
    pub first: Vec<usize>,
    pub then: Vec<usize>,
}

/// All that is to be done, in no order but that of `after_steps` and `gates`.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    pub steps: Vec<Step>,
    pub gates: Vec<Gate>,
    pub outputs: Vec<OutputChange>,
    pub checks: Vec<CheckResult>,
    /// Objects of a known type that live on the server and in no configuration; only where asked for.
    pub unmanaged: Vec<ServerPath>,
    /// What the ledger's own mount asks for: `the ledger's mount "vaultform/" will be created`.
    pub ledger_notice: Option<String>,
    pub diagnostics: Vec<Diagnostic>,
    /// `destroy`, or `plan -destroy`.
    pub destroys: bool,
}

/// How many objects a plan touches, as the summary line counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub import: usize,
    pub adopt: usize,
    pub add: usize,
    pub change: usize,
    pub destroy: usize,
    pub forget: usize,
    pub moved: usize,
}

impl Change {
    /// Tells whether it changes something on a server.
    #[must_use]
    pub fn writes(self) -> bool {
        matches!(
            self,
            Change::Create
                | Change::Update
                | Change::Remount
                | Change::Replace
                | Change::ReplaceCreateFirst
                | Change::Delete
        )
    }
}

impl Plan {
    /// Counts the steps.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for step in &self.steps {
            match step.change {
                Change::Create => counts.add += 1,
                Change::Update | Change::Remount => counts.change += 1,
                Change::Replace | Change::ReplaceCreateFirst => {
                    counts.add += 1;
                    counts.destroy += 1;
                }
                Change::Delete => counts.destroy += 1,
                Change::Forget => counts.forget += 1,
                Change::Adopt if step.import.is_none() => counts.adopt += 1,
                Change::Relabel if step.previous.is_some() => counts.moved += 1,
                Change::Keep | Change::Read | Change::Adopt | Change::Relabel => {}
            }
            counts.import += usize::from(step.import.is_some());
        }
        counts
    }

    /// Tells whether applying it would do anything at all: exit code 2 of `plan -detailed-exitcode`.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        let steps = self
            .steps
            .iter()
            .any(|step| !matches!(step.change, Change::Keep | Change::Read) && !step.is_note());
        steps
            || self
                .outputs
                .iter()
                .any(|output| output.before != output.after)
    }
}
