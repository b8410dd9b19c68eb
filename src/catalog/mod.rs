//! What every resource type is, as data. Validation, plan, apply, import, drift, docs and the conformance test come from
//! these tables; nothing here has logic, and no other room knows a type by its name.

mod attribute;
mod auth;
mod checked;
mod construct;
pub mod docs;
pub mod elsewhere;
pub mod foreign;
mod helpers;
mod hoard;
mod identity;
mod kind;
mod life;
mod provider;
pub mod registry;
mod secrets;
mod system;

pub use attribute::{Attribute, Check, Default, OnChange, Presence, ReadBack};
pub use checked::checked;
pub use construct::{
    block, block_set, blocks, boolean, cidrs, duration, float, integer, joined, json, list, map,
    objects, path, pem, policy, seconds, seconds_text, set, sorted_set, text, url,
};
pub use hoard::Hoard;
pub use kind::{JsonWire, Kind, Nesting, Order};
pub use life::{
    DataRead, Find, Generate, Life, Local, Lookup, MountTable, MountType, Omitted, Part, Removal,
    Rotation,
};

pub use provider::PROVIDER;

use crate::value::Mode;

/// Which product has a type or an attribute. A plan that asks a server for what it lacks is refused (semantics 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Products {
    /// OpenBao and community Vault.
    Both,
    /// OpenBao only.
    OpenBao,
    /// Vault, community and Enterprise; OpenBao drops or refuses it.
    Vault,
    /// Vault Enterprise only.
    Enterprise,
    /// OpenBao and Vault Enterprise: namespaces.
    NotCommunity,
    /// None of them: people write it, and every server drops it.
    Nobody,
}

/// A rule between attributes of one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// At most one of them may be set. Nested names are written `block.attribute`.
    Conflict(&'static [&'static str]),
    /// Exactly one of them must be set.
    ExactlyOne(&'static [&'static str]),
    /// At least one of them must be set.
    AtLeastOne(&'static [&'static str]),
    /// The first needs the second.
    Needs(&'static str, &'static str),
}

/// Another way to say a value: `type = "kv-v2"` is `type = "kv"` with `options = { version = "2" }`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spelling {
    pub attribute: &'static str,
    /// What the configuration may say.
    pub text: &'static str,
    /// What it means, and what the server answers.
    pub is: &'static str,
    /// What it means besides: an attribute that is a map, a key of it, and the text there.
    pub with: (&'static str, &'static str, &'static str),
}

/// A type of resource, data source or ephemeral resource: one table.
///
/// Path templates name attributes in braces: `auth/{backend}/role/{role_name}`; `{path|type}` is the first of the two that
/// is set; `{id}` is what the server calls the object. Values lose slashes at their ends.
#[derive(Clone, Copy, Debug)]
pub struct ResourceType {
    pub mode: Mode,
    /// The name in configurations: `vault_mount`.
    pub name: &'static str,
    /// One sentence, for the docs page and `explain`.
    pub about: &'static str,
    /// The template of the place where a server keeps the object; empty for what no server keeps.
    pub place: &'static str,
    /// What objects of several types are, and the template of what names one among them: a secret is the same one in every
    /// type that can declare it. Nothing where only this type can.
    pub one_of: Option<(&'static str, &'static str)>,
    /// The template of the attribute `id` where it is not the place.
    pub id: &'static str,
    pub life: Life,
    /// Endpoints besides the main one that carry some of the attributes.
    pub parts: &'static [Part],
    pub attributes: &'static [Attribute],
    /// Attributes that several types share, such as those of every auth role's tokens.
    pub shared: &'static [&'static [Attribute]],
    pub rules: &'static [Rule],
    pub spellings: &'static [Spelling],
    /// The template of the path whose LIST names all objects of the type, the last placeholder of `place` being the key.
    pub list: Option<&'static str>,
    /// Names in that LIST that every server has by itself.
    pub built_in: &'static [&'static str],
    /// The path whose LIST answers the whole objects in `key_info` (OpenBao), so that many are read in one request.
    pub bulk: Option<&'static str>,
    /// How the server takes over a password that it was given.
    pub rotation: Option<Rotation>,
    /// Texts of 400 and 404 answers that go away by themselves while the server settles, and are worth retrying.
    pub settles: &'static [&'static str],
    /// Query parameters of every GET: pairs of name and template; one without a value is left out.
    pub query: &'static [(&'static str, &'static str)],
    /// Whether the server goes on removing it after it said yes.
    pub removed_later: bool,
    /// Which servers tell making it from changing it, so that a token needs `create` for the one and `update` for the
    /// other; else `update` is for both (`x-vault-createSupported` of the servers' OpenAPI documents).
    pub tells_making: Products,
    /// What is lost for good with an object of the type, in words; empty where the configuration brings all of it back.
    pub irreplaceable: &'static str,
    /// Texts of refusals that mean that the object is not there, where the status does not say so.
    pub absent: &'static [&'static str],
    /// Texts by which a server refuses to empty what must have a value; that stays when the settings are put back.
    pub stays: &'static [&'static str],
    /// What to do about refusals: pairs of words of the server's text, and the hint.
    pub advice: &'static [(&'static str, &'static str)],
    pub products: Products,
    /// Further sentences for the docs page: what surprises.
    pub notes: &'static [&'static str],
    /// A complete configuration that the conformance test runs and the docs page shows.
    pub example: &'static str,
}

/// What every type has without its table saying so: `id`, from [`ResourceType::id`], and the namespace, which is relative
/// to that of the provider block.
const IMPLICIT: &[Attribute] = &[
    text("id", "What names the object for references and import.")
        .computed()
        .identity(),
    text(
        "namespace",
        "Namespace that holds the object, relative to that of the provider block.",
    )
    .identity()
    .checks(&[Check::NoEdgeSlashes]),
];

impl ResourceType {
    /// Begins a table of a managed resource.
    #[must_use]
    pub const fn new(
        name: &'static str,
        about: &'static str,
        place: &'static str,
        life: Life,
    ) -> ResourceType {
        ResourceType {
            mode: Mode::Managed,
            name,
            about,
            place,
            one_of: None,
            id: "",
            life,
            parts: &[],
            attributes: &[],
            shared: &[],
            rules: &[],
            spellings: &[],
            list: None,
            built_in: &[],
            bulk: None,
            rotation: None,
            settles: &[],
            absent: &[],
            stays: &[],
            advice: &[],
            query: &[],
            removed_later: false,
            tells_making: Products::Nobody,
            irreplaceable: "",
            products: Products::Both,
            notes: &[],
            example: "",
        }
    }

    /// Begins a table of a data source.
    #[must_use]
    pub const fn data(
        name: &'static str,
        about: &'static str,
        place: &'static str,
        read: DataRead,
    ) -> ResourceType {
        let mut table = ResourceType::new(name, about, place, Life::Data(read));
        table.mode = Mode::Data;
        table
    }

    /// Begins a table of an ephemeral resource.
    #[must_use]
    pub const fn ephemeral(
        name: &'static str,
        about: &'static str,
        place: &'static str,
        read: DataRead,
    ) -> ResourceType {
        let mut table = ResourceType::new(name, about, place, Life::Data(read));
        table.mode = Mode::Ephemeral;
        table
    }

    /// Says what objects of this type and of others are, and names one among them.
    #[must_use]
    pub const fn one_of(mut self, things: &'static str, template: &'static str) -> ResourceType {
        self.one_of = Some((things, template));
        self
    }

    /// Sets the template of the attribute `id`.
    #[must_use]
    pub const fn id(mut self, template: &'static str) -> ResourceType {
        self.id = template;
        self
    }

    /// Sets the attributes.
    #[must_use]
    pub const fn attributes(mut self, attributes: &'static [Attribute]) -> ResourceType {
        self.attributes = attributes;
        self
    }

    /// Adds attributes that several types share.
    #[must_use]
    pub const fn with(mut self, shared: &'static [&'static [Attribute]]) -> ResourceType {
        self.shared = shared;
        self
    }

    /// Sets the endpoints besides the main one.
    #[must_use]
    pub const fn parts(mut self, parts: &'static [Part]) -> ResourceType {
        self.parts = parts;
        self
    }

    /// Sets the rules between attributes.
    #[must_use]
    pub const fn rules(mut self, rules: &'static [Rule]) -> ResourceType {
        self.rules = rules;
        self
    }

    /// Sets other ways to say values.
    #[must_use]
    pub const fn spellings(mut self, spellings: &'static [Spelling]) -> ResourceType {
        self.spellings = spellings;
        self
    }

    /// Sets the path whose LIST names all objects.
    #[must_use]
    pub const fn list(mut self, path: &'static str) -> ResourceType {
        self.list = Some(path);
        self
    }

    /// Names the objects that every server has by itself.
    #[must_use]
    pub const fn built_in(mut self, names: &'static [&'static str]) -> ResourceType {
        self.built_in = names;
        self
    }

    /// Sets the path whose LIST answers whole objects.
    #[must_use]
    pub const fn bulk(mut self, path: &'static str) -> ResourceType {
        self.bulk = Some(path);
        self
    }

    /// Says how the server takes over a password that it was given.
    #[must_use]
    pub const fn rotates(mut self, rotation: Rotation) -> ResourceType {
        self.rotation = Some(rotation);
        self
    }

    /// Names answers that are worth retrying.
    #[must_use]
    pub const fn settles(mut self, texts: &'static [&'static str]) -> ResourceType {
        self.settles = texts;
        self
    }

    /// Sets query parameters of every GET.
    #[must_use]
    pub const fn query(mut self, pairs: &'static [(&'static str, &'static str)]) -> ResourceType {
        self.query = pairs;
        self
    }

    /// Says that the server goes on removing it after it said yes.
    #[must_use]
    pub const fn removed_later(mut self) -> ResourceType {
        self.removed_later = true;
        self
    }

    /// Says that all servers tell making it from changing it.
    #[must_use]
    pub const fn tells_making(self) -> ResourceType {
        self.tells_making_on(Products::Both)
    }

    /// Says which servers tell making it from changing it.
    #[must_use]
    pub const fn tells_making_on(mut self, products: Products) -> ResourceType {
        self.tells_making = products;
        self
    }

    /// Says what is lost for good with an object of the type.
    #[must_use]
    pub const fn irreplaceable(mut self, what: &'static str) -> ResourceType {
        self.irreplaceable = what;
        self
    }

    /// Names refusals that mean that the object is not there.
    #[must_use]
    pub const fn absent(mut self, texts: &'static [&'static str]) -> ResourceType {
        self.absent = texts;
        self
    }

    /// Names refusals to empty what must have a value.
    #[must_use]
    pub const fn stays(mut self, texts: &'static [&'static str]) -> ResourceType {
        self.stays = texts;
        self
    }

    /// Says what to do about refusals.
    #[must_use]
    pub const fn advice(mut self, pairs: &'static [(&'static str, &'static str)]) -> ResourceType {
        self.advice = pairs;
        self
    }

    /// Says which product has the type.
    #[must_use]
    pub const fn only(mut self, products: Products) -> ResourceType {
        self.products = products;
        self
    }

    /// Adds sentences to the docs page.
    #[must_use]
    pub const fn notes(mut self, notes: &'static [&'static str]) -> ResourceType {
        self.notes = notes;
        self
    }

    /// Sets the example.
    #[must_use]
    pub const fn example(mut self, text: &'static str) -> ResourceType {
        self.example = text;
        self
    }

    /// Returns the template of an object's attribute `id`: its place, where the table says nothing else.
    #[must_use]
    pub const fn id_template(&self) -> &'static str {
        if self.id.is_empty() {
            self.place
        } else {
            self.id
        }
    }

    /// Iterates over its own attributes, those that it shares with other types, and those that every type has.
    pub fn all(&self) -> impl Iterator<Item = &'static Attribute> + use<> {
        let local = matches!(self.life, Life::Local(_) | Life::Data(DataRead::Local(_)));
        let implicit = if local { &IMPLICIT[..1] } else { IMPLICIT };
        let own = self.attributes;
        let named = move |name| own.iter().any(|attribute| attribute.name == name);
        own.iter()
            .chain(self.shared.iter().flat_map(|group| group.iter()))
            .chain(
                implicit
                    .iter()
                    .filter(move |attribute| !named(attribute.name)),
            )
    }

    /// Returns an attribute by name.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        self.all().find(|attribute| attribute.name == name)
    }
}
