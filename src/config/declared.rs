//! What a configuration declares, block by block, with the place of each.

use super::place::Place;
use super::reference::Reference;
use crate::catalog::ResourceType;
use crate::source::Span;
use crate::syntax::{Body, Expression, Name};
use crate::value::{Defaults, Mode, Type, Value};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// A whole configuration: the root module and, below its calls, every local module.
#[derive(Clone, Debug)]
pub struct Configuration {
    pub root: Arc<Module>,
}

impl Configuration {
    /// Tells whether all of it could be read, so that what is missing is really missing.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        fn whole(module: &Module) -> bool {
            let calls = module.calls.values();
            let mut called = calls.filter_map(|call| call.module.as_deref());
            !module.incomplete && called.all(whole)
        }
        whole(&self.root)
    }
}

/// One module as it is called: two calls of one directory are two modules with different paths.
#[derive(Clone, Debug, Default)]
pub struct Module {
    /// The names of the calls on the way from the root; empty for the root.
    pub path: Vec<Arc<str>>,
    /// Where its files are, as the user would type it: what `path.module` answers.
    pub directory: PathBuf,
    pub settings: Settings,
    pub variables: BTreeMap<Arc<str>, DeclaredVariable>,
    pub locals: BTreeMap<Arc<str>, DeclaredLocal>,
    pub outputs: BTreeMap<Arc<str>, DeclaredOutput>,
    pub resources: BTreeMap<ResourceId, DeclaredResource>,
    pub calls: BTreeMap<Arc<str>, DeclaredCall>,
    /// By `vault` or `vault.alias`.
    pub providers: BTreeMap<Arc<str>, DeclaredProvider>,
    pub moved: Vec<DeclaredMoved>,
    pub imports: Vec<DeclaredImport>,
    pub removed: Vec<DeclaredRemoved>,
    pub checks: BTreeMap<Arc<str>, DeclaredCheck>,
    /// Resources of providers that are not run here, left out on request.
    pub foreign: BTreeMap<ResourceId, Span>,
    /// A syntax error, already told, is in its files: what seems to be missing may only have been unreadable.
    pub incomplete: bool,
}

/// Which resource of a module: `data.vault_mount.kv` without the instance.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceId {
    pub mode: Mode,
    pub type_name: Arc<str>,
    pub name: Arc<str>,
}

/// What the `terraform` blocks of a module say.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    pub required_providers: BTreeMap<Arc<str>, RequiredProvider>,
    /// The kind of its `backend`, or `cloud`; neither is used.
    pub backend: Option<Name>,
}

/// An entry of `required_providers`.
#[derive(Clone, Debug)]
pub struct RequiredProvider {
    pub name: Name,
    /// `hashicorp/vault`, without a registry's host where it is the public one.
    pub source: Arc<str>,
    pub version: Option<Arc<str>>,
    /// The slots that callers fill: `vault.east`.
    pub aliases: Vec<Arc<str>>,
}

/// A `variable` block.
#[derive(Clone, Debug)]
pub struct DeclaredVariable {
    pub name: Name,
    /// What values are converted to; [`Type::Dynamic`] where nothing is said.
    pub ty: Type,
    /// The defaults of optional attributes within the type: applied before the conversion.
    pub defaults: Option<Defaults>,
    /// Whether the block has a `type`: without one, values of the command line are text.
    pub typed: bool,
    /// Converted already; `None` means that a value is required.
    pub default: Option<Value>,
    pub description: Option<Arc<str>>,
    pub sensitive: bool,
    pub ephemeral: bool,
    pub nullable: bool,
    pub deprecated: Option<Arc<str>>,
    pub validations: Vec<Condition>,
    /// The block's header.
    pub span: Span,
}

/// A condition with what to say where it does not hold: `validation`, `precondition`, `postcondition`, `assert`.
#[derive(Clone, Debug)]
pub struct Condition {
    pub condition: Arc<Expression>,
    pub error_message: Arc<Expression>,
    /// The block's header.
    pub span: Span,
}

/// One value of a `locals` block.
#[derive(Clone, Debug)]
pub struct DeclaredLocal {
    pub name: Name,
    pub value: Arc<Expression>,
    pub span: Span,
}

/// An `output` block.
#[derive(Clone, Debug)]
pub struct DeclaredOutput {
    pub name: Name,
    pub value: Arc<Expression>,
    pub description: Option<Arc<str>>,
    pub sensitive: bool,
    pub ephemeral: bool,
    pub deprecated: Option<Arc<str>>,
    pub depends_on: Vec<Reference>,
    pub preconditions: Vec<Condition>,
    /// The block's header.
    pub span: Span,
}

/// How many instances a block makes.
#[derive(Clone, Debug, Default)]
pub enum Repetition {
    /// One, without a key.
    #[default]
    Once,
    Count(Arc<Expression>),
    ForEach(Arc<Expression>),
    /// One or none: `lifecycle { enabled = … }`.
    Enabled(Arc<Expression>),
}

/// A `resource`, `data` or `ephemeral` block.
#[derive(Clone, Debug)]
pub struct DeclaredResource {
    pub mode: Mode,
    /// As written, so `bao_mount` stays.
    pub type_name: Name,
    pub name: Name,
    /// Its table in the catalog; `None` after an error that named it.
    pub kind: Option<&'static ResourceType>,
    pub repetition: Repetition,
    /// `None`: the provider of its type's prefix.
    pub provider: Option<ProviderReference>,
    pub depends_on: Vec<Reference>,
    pub lifecycle: Lifecycle,
    pub provisioners: Vec<Provisioner>,
    pub connection: Option<Body>,
    /// What is left for the schema: neither meta-arguments nor `lifecycle`, `provisioner`, `connection`, `timeouts`. Its
    /// span is the block's header.
    pub body: Body,
    /// The block's header.
    pub span: Span,
}

/// `provider = vault.east["x"]`
#[derive(Clone, Debug)]
pub struct ProviderReference {
    /// `vault` or `vault.east`
    pub name: Arc<str>,
    pub key: Option<Arc<Expression>>,
    pub span: Span,
}

/// A `lifecycle` block as declared.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    pub prevent_destroy: bool,
    pub create_before_destroy: bool,
    /// `false`: what leaves the configuration is forgotten, not destroyed.
    pub destroy: Option<bool>,
    pub ignore_changes: IgnoreChanges,
    pub replace_triggered_by: Vec<Arc<Expression>>,
    pub preconditions: Vec<Condition>,
    pub postconditions: Vec<Condition>,
    /// The block's header, where there is one.
    pub span: Option<Span>,
}

/// `ignore_changes`
#[derive(Clone, Debug)]
pub enum IgnoreChanges {
    /// Attribute paths with their places: `tags`, `options.version`, `tune[0].max_lease_ttl`.
    These(Vec<Name>),
    All,
}

impl Default for IgnoreChanges {
    fn default() -> IgnoreChanges {
        IgnoreChanges::These(Vec::new())
    }
}

/// A `provisioner` block.
#[derive(Clone, Debug)]
pub struct Provisioner {
    /// `local-exec`
    pub kind: Name,
    /// `when = destroy`
    pub on_destroy: bool,
    /// `on_failure = continue`
    pub goes_on: bool,
    pub connection: Option<Body>,
    pub body: Body,
    /// The block's header.
    pub span: Span,
}

/// A `module` block.
#[derive(Clone, Debug)]
pub struct DeclaredCall {
    pub name: Name,
    /// `./modules/team`
    pub source: Name,
    /// `None` after an error that told why.
    pub module: Option<Arc<Module>>,
    pub repetition: Repetition,
    pub depends_on: Vec<Reference>,
    /// The module's name of a provider (`vault`, `vault.east`), and what the caller gives for it.
    pub providers: BTreeMap<Arc<str>, ProviderReference>,
    /// The input variables, and nothing else.
    pub arguments: Body,
    /// The block's header.
    pub span: Span,
}

/// A `provider` block.
#[derive(Clone, Debug)]
pub struct DeclaredProvider {
    /// `vault`
    pub name: Name,
    pub alias: Option<Name>,
    pub for_each: Option<Arc<Expression>>,
    /// Without `alias`, `for_each` and `version`. Its span is the block's header.
    pub body: Body,
    /// The block's header.
    pub span: Span,
}

/// A `moved` block. Both places are relative to the module that declares it.
#[derive(Clone, Debug)]
pub struct DeclaredMoved {
    pub from: Place,
    pub to: Place,
    /// The block's header.
    pub span: Span,
}

/// An `import` block.
#[derive(Clone, Debug)]
pub struct DeclaredImport {
    /// `module.x["a"].vault_mount.kv[each.key]`: [`super::place`] makes a [`Place`] of it.
    pub to: Arc<Expression>,
    pub id: Option<Arc<Expression>>,
    pub identity: Option<Arc<Expression>>,
    pub for_each: Option<Arc<Expression>>,
    pub provider: Option<ProviderReference>,
    /// The block's header.
    pub span: Span,
}

/// A `removed` block.
#[derive(Clone, Debug)]
pub struct DeclaredRemoved {
    /// Relative to the module that declares it; never with instance keys.
    pub from: Place,
    /// `false`: it is forgotten, not destroyed.
    pub destroy: bool,
    /// The block's header.
    pub span: Span,
}

/// A `check` block.
#[derive(Clone, Debug)]
pub struct DeclaredCheck {
    pub name: Name,
    /// Its data source, which only its assertions may refer to.
    pub data: Option<DeclaredResource>,
    pub assertions: Vec<Condition>,
    /// The block's header.
    pub span: Span,
}
