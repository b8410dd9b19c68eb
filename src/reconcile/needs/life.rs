//! What one object needs, by how it lives.

use super::pattern::filled;
use super::{Deeds, Needs};
use crate::catalog::{
    DataRead, Find, Generate, Hoard, Life, Lookup, MountTable, Part, ReadBack, Removal,
    ResourceType,
};
use crate::observe::{Cache, Connection, secret_at};
use crate::plan::Change;
use crate::plan::leaf::leaves;
use crate::plan::template::effective;
use crate::policy::{Context, Product, Server, Version, needs_sudo};
use crate::reconcile::Planned;
use crate::reconcile::graph::Node;
use crate::server::Product as Make;
use crate::value::{ServerPath, Value};

/// An object with all that its paths come from.
pub(super) struct Task<'a> {
    pub planned: &'a Planned,
    pub kind: &'static ResourceType,
    /// Where it is, as far as that is known.
    pub place: Option<String>,
    pub change: Change,
    /// What the configuration says of it.
    pub wished: Option<&'a Value>,
    pub node: Option<&'a Node>,
    /// With `+` for what is not known.
    pub attributes: Value,
}

/// Tells whether a path needs `sudo` on the server of a connection.
#[must_use]
pub fn sudo(connection: &Connection, path: &str) -> bool {
    let identity = connection.server.identity();
    let product = match identity.product {
        Make::OpenBao => Product::OpenBao,
        Make::Vault => Product::Vault,
    };
    let version = Version::read(&identity.version_text).unwrap_or(match product {
        Product::OpenBao => Server::OPENBAO.version,
        Product::Vault => Server::VAULT.version,
    });
    needs_sudo(path, &Context::new(Server::new(product, version)))
}

impl Task<'_> {
    fn path(&self, template: &str) -> Option<String> {
        filled(template, self.kind, &self.attributes)
    }

    fn place(&self) -> Option<String> {
        // Names that the server keeps in lower case stand so in the place.
        let known = self.place.clone();
        match self.kind.life {
            Life::Generate(_) => self.path(self.kind.place),
            Life::Member { object, .. } => self.path(object),
            _ => known.or_else(|| self.path(self.kind.place)),
        }
    }

    fn flag(&self, name: &str) -> bool {
        let attribute = self.kind.attribute(name);
        let value = effective(attribute, self.attributes.field(name), &self.attributes);
        value.and_then(|value| value.as_bool()).unwrap_or(false)
    }

    /// Collects what the deeds need.
    pub async fn needs(&self, needs: &mut Needs<'_>, deeds: Deeds) {
        match self.kind.life {
            Life::Local(_) => return,
            Life::Data(read) => return self.data(needs, read).await,
            Life::Secret => return self.secret(needs, deeds).await,
            _ => {}
        }
        let Some(place) = self.place() else { return };
        match self.kind.life {
            Life::Upsert(_) => self.object(needs, &place, deeds, true),
            Life::Singleton { delete, .. } => self.object(needs, &place, deeds, delete),
            Life::Mounted(table, _) => self.mounted(needs, &place, table, deeds),
            Life::CreateOnly { table } => self.entry(needs, &place, table, deeds),
            Life::Generate(generate) => self.generated(needs, &place, &generate, deeds),
            Life::Versioned => self.versioned(needs, &place, deeds),
            Life::Endpoint => self.endpoint(needs, &place, deeds),
            Life::Member { .. } => {
                needs.read(&place);
                if deeds.make || deeds.change || deeds.remove {
                    needs.update(&place);
                }
            }
            Life::Data(_) | Life::Local(_) | Life::Secret => {}
        }
        if deeds.make || deeds.change {
            self.rotation(needs);
        }
        self.parts(needs, deeds);
        if deeds.read {
            self.names(needs);
        }
    }

    /// A POST of an object: where the server tells making from changing, each has its own capability.
    fn write(&self, needs: &mut Needs<'_>, path: &str, deeds: Deeds) {
        use crate::policy::Capability::{Create, Update};
        if !(deeds.make || deeds.change) {
            return;
        }
        if !needs.connection.is_one_of(self.kind.tells_making) {
            return needs.update(path);
        }
        if deeds.make {
            needs.one(path, Create);
        }
        if deeds.change {
            needs.one(path, Update);
        }
    }

    fn object(&self, needs: &mut Needs<'_>, place: &str, deeds: Deeds, delete: bool) {
        if deeds.read {
            match (self.kind.bulk, self.kind.list) {
                (Some(bulk), None) => {
                    if let Some(bulk) = self.path(bulk) {
                        needs.list(&bulk);
                    }
                }
                _ => needs.read(place),
            }
        }
        self.write(needs, place, deeds);
        if deeds.remove {
            match delete {
                true => needs.delete(place),
                false => needs.update(place),
            }
            if self.kind.removed_later {
                needs.list(self.kind.place.split("/{").next().unwrap_or_default());
            }
        }
    }

    fn mounted(&self, needs: &mut Needs<'_>, place: &str, table: MountTable, deeds: Deeds) {
        if deeds.read {
            needs.read(table.root());
        }
        if deeds.make {
            needs.update(place);
        }
        if deeds.change {
            needs.update(&format!("{place}/tune"));
        }
        if self.change == Change::Remount {
            needs.update("sys/remount");
            needs.read("sys/remount/status/+");
        }
        if deeds.remove {
            needs.delete(place);
            self.hoard(needs, place, table);
        }
    }

    /// Before a mount goes, what it holds is counted.
    fn hoard(&self, needs: &mut Needs<'_>, place: &str, table: MountTable) {
        let text = |value: Option<&Value>| value.and_then(Value::as_text).map(str::to_owned);
        let kind = text(self.attributes.field("type"));
        let kind = match (&kind, self.kind.life) {
            (_, Life::Mounted(_, crate::catalog::MountType::Fixed(name))) => name,
            (Some(kind), _) => kind.as_str(),
            (None, _) => return,
        };
        let options = self.attributes.field("options");
        let version = text(options.and_then(|options| options.field("version")));
        let (kind, version) = match kind {
            "kv-v2" => ("kv", Some("2".to_owned())),
            other => (other, version),
        };
        let name = place.strip_prefix(table.root()).unwrap_or(place);
        let mount = match table {
            MountTable::Secrets => name.trim_matches('/').to_owned(),
            MountTable::Auth => format!("auth/{}", name.trim_matches('/')),
        };
        for hoard in Hoard::of(table, kind, version.as_deref()) {
            let folder = hoard.folder(&mount);
            needs.list(&folder);
            if hoard.deep {
                needs.list(&format!("{folder}/*"));
            }
        }
    }

    fn entry(&self, needs: &mut Needs<'_>, place: &str, table: &str, deeds: Deeds) {
        if deeds.read
            && let Some(table) = self.path(table)
        {
            needs.read(&table);
        }
        if deeds.make {
            needs.update(place);
        }
        if deeds.remove {
            needs.delete(place);
        }
    }

    fn generated(&self, needs: &mut Needs<'_>, place: &str, generate: &Generate, deeds: Deeds) {
        let list = self.path(generate.list);
        if deeds.read {
            match generate.lookup {
                Lookup::Get => needs.read(place),
                Lookup::Post { path, .. } => {
                    if let Some(path) = self.path(path) {
                        needs.update(&path);
                    }
                }
                Lookup::KeyInfo | Lookup::Listed => {
                    if let Some(list) = &list {
                        needs.list(list);
                    }
                }
            }
            match generate.find {
                Find::Lookup { path, .. } => needs.update(path),
                Find::Fields(_) | Find::Certificate => {
                    if let Some(list) = &list {
                        needs.list(list);
                    }
                }
                Find::No => {}
            }
        }
        if deeds.make {
            // What the server is to choose is in the plan as well, and is no wish.
            let set = |name: &str| {
                self.wished
                    .unwrap_or(&self.attributes)
                    .field(name)
                    .is_some_and(|value| !value.is_null())
            };
            let instead = generate
                .instead
                .iter()
                .find(|(names, _)| names.split('+').all(set));
            let template = instead.map_or(generate.create, |(_, template)| template);
            if let Some(path) = self.path(template) {
                needs.update(&path);
            }
            if let Some(list) = &list {
                needs.list(list);
            }
        }
        if deeds.change && self.can_change() {
            needs.update(place);
        }
        if deeds.remove {
            self.removal(needs, place, generate.removal);
        }
    }

    /// Tells whether anything of a generated object can be changed where it is.
    fn can_change(&self) -> bool {
        use crate::catalog::{OnChange, Presence};
        self.kind.all().any(|attribute| {
            attribute.presence != Presence::Computed
                && attribute.part.is_empty()
                && attribute.read != ReadBack::Place
                && attribute.on_change == OnChange::Update
        })
    }

    fn removal(&self, needs: &mut Needs<'_>, place: &str, removal: Removal) {
        match removal {
            Removal::Delete => needs.delete(place),
            Removal::Post { path, .. } => {
                if let Some(path) = self.path(path) {
                    needs.update(&path);
                }
            }
            Removal::PostWhen { path, when, .. } => {
                if let Some(path) = self.path(path).filter(|_| self.flag(when)) {
                    needs.update(&path);
                }
            }
            Removal::Stays => {}
        }
    }

    fn versioned(&self, needs: &mut Needs<'_>, place: &str, deeds: Deeds) {
        let metadata = place.replacen("/data/", "/metadata/", 1);
        if deeds.read {
            needs.read(place);
        }
        self.write(needs, place, deeds);
        if deeds.make {
            // A secret whose versions were deleted counts on.
            needs.read(&metadata);
        }
        if deeds.remove {
            match self.flag("delete_all_versions") {
                true => needs.delete(&metadata),
                false => needs.delete(place),
            }
        }
    }

    fn endpoint(&self, needs: &mut Needs<'_>, place: &str, deeds: Deeds) {
        if deeds.read && !self.flag("disable_read") {
            needs.read(place);
        }
        if deeds.make || deeds.change {
            needs.either(place);
        }
        if deeds.remove && !self.flag("disable_delete") {
            needs.delete(place);
        }
    }

    /// A secret of a mount of either version: where its mount is not there yet, the plan says of which it will be.
    async fn secret(&self, needs: &mut Needs<'_>, deeds: Deeds) {
        let Some(path) = self.path(self.kind.place) else {
            return;
        };
        let (data, metadata) = self.secret_paths(needs, &path).await;
        if deeds.read {
            needs.read(&data);
        }
        self.write(needs, &data, deeds);
        if deeds.remove {
            match metadata.filter(|_| self.flag("delete_all_versions")) {
                Some(metadata) => needs.delete(&metadata),
                None => needs.delete(&data),
            }
        }
    }

    async fn secret_paths(&self, needs: &Needs<'_>, path: &str) -> (String, Option<String>) {
        let server = &needs.connection.server;
        let place = ServerPath::new(&server.identity().id, &needs.namespace, path);
        if let Some(secret) = secret_at(server, &place, &Cache::default()).await {
            let metadata = (secret.version == 2).then(|| secret.metadata_path());
            return (secret.data_path(), metadata);
        }
        let declared = self.planned.plan.steps.iter().find_map(|step| {
            let mount = step
                .place
                .as_ref()?
                .path
                .strip_prefix("sys/mounts/")?
                .to_owned();
            let rest = path
                .strip_prefix(mount.as_str())?
                .strip_prefix('/')?
                .to_owned();
            let after = step.after.as_ref()?;
            let kind = after.field("type").and_then(Value::as_text);
            let version = after
                .field("options")
                .and_then(|options| options.field("version"));
            let second = kind == Some("kv-v2") || version.and_then(Value::as_text) == Some("2");
            second.then(|| {
                (
                    format!("{mount}/data/{rest}"),
                    Some(format!("{mount}/metadata/{rest}")),
                )
            })
        });
        declared.unwrap_or_else(|| (path.to_owned(), None))
    }

    fn rotation(&self, needs: &mut Needs<'_>) {
        if let Some(rotation) = self.kind.rotation
            && self.flag(rotation.when)
            && let Some(path) = self.path(rotation.path)
        {
            needs.update(&path);
        }
    }

    fn parts(&self, needs: &mut Needs<'_>, deeds: Deeds) {
        for part in self.kind.parts {
            for path in self.part_paths(part) {
                let carried = self.carries(part);
                if deeds.read && part.read && (carried || !part.only_if_set || self.is_read(part)) {
                    needs.read(&path);
                }
                if (deeds.make || deeds.change) && (carried || !part.only_if_set) {
                    match part.each.is_empty() {
                        true => needs.update(&path),
                        false => needs.either(&path),
                    }
                }
                if part.delete && (deeds.change || deeds.remove) {
                    needs.delete(&path);
                }
            }
        }
    }

    /// One path, or one for each object that blocks declare.
    fn part_paths(&self, part: &Part) -> Vec<String> {
        if part.each.is_empty() {
            return self.path(part.path).into_iter().collect();
        }
        let names =
            crate::plan::many::wanted(self.kind, part, &self.attributes, std::iter::empty());
        let path =
            |name: &str| crate::observe::object_path(self.kind, part, &self.attributes, name);
        names.keys().filter_map(|name| path(name)).collect()
    }

    fn carries(&self, part: &Part) -> bool {
        if !part.each.is_empty() {
            return true;
        }
        let all = leaves(self.kind, self.wished.unwrap_or(&self.attributes), None);
        all.iter()
            .any(|leaf| leaf.set && self.part_of(leaf.top()) == Some(part.name))
    }

    /// Returns the part that carries an attribute with all that is in it.
    fn part_of(&self, name: &str) -> Option<&'static str> {
        self.kind.attribute(name).map(|attribute| attribute.part)
    }

    /// Tells whether other expressions read something of a part.
    fn is_read(&self, part: &Part) -> bool {
        let Some(node) = self.node else {
            return false;
        };
        match self.planned.graph.read.get(node) {
            None => false,
            Some(None) => true,
            Some(Some(names)) => self
                .kind
                .all()
                .any(|attribute| attribute.part == part.name && names.contains(attribute.name)),
        }
    }

    /// Attributes that may be set to a name, for which the server answers an id.
    fn names(&self, needs: &mut Needs<'_>) {
        for attribute in self.kind.all() {
            let (ReadBack::Named { path, .. }, Some(name)) = (
                attribute.read,
                self.attributes
                    .field(attribute.name)
                    .and_then(Value::as_text),
            ) else {
                continue;
            };
            if let Some(path) = self.path(&path.replace("{}", name)) {
                needs.read(&path);
            }
        }
    }

    async fn data(&self, needs: &mut Needs<'_>, read: DataRead) {
        let Some(place) = self.path(self.kind.place) else {
            return;
        };
        match read {
            DataRead::Get | DataRead::Versioned => needs.read(&place),
            DataRead::List { .. } => needs.list(&place),
            DataRead::Post => needs.either(&place),
            DataRead::Tree { deep, .. } => {
                needs.list(&place);
                if self.flag(deep) {
                    needs.list(&format!("{place}/*"));
                }
            }
            DataRead::Mount(table) | DataRead::Mounts(table) => needs.read(table.root()),
            DataRead::Secret => {
                let (data, _) = self.secret_paths(needs, &place).await;
                needs.read(&data);
            }
            DataRead::Local(_) => {}
        }
    }
}
