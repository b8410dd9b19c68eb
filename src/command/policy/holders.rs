//! Whom a question is about: holders and policies of the configuration or of the live server.

use crate::command::access::server_of;
use crate::command::context::Context;
use crate::command::exit::Failure;
use crate::command::live;
use crate::command::open;
use crate::command::stock::{Stock, add_file, read_policy, take};
use crate::config::variables::Argument;
use crate::policy::{
    Alias, Census, Entity, Extent, Group, Holder, HolderKind, Identity, Key, Policy, PolicyText,
    Server,
};
use crate::source::{Diagnostic, Span, Surroundings, nearest};
use std::collections::BTreeSet;
use std::path::Path;

/// What questions are answered from.
pub struct Known {
    pub stock: Stock,
    pub server: Option<Server>,
    /// Seconds since 1970.
    pub now: i64,
}

/// Policies with whose they are.
pub struct Token {
    /// `role auth/approle/role/ci`, `policy a`
    pub name: String,
    pub policies: Vec<Policy>,
    pub identity: Option<Identity>,
    /// Policies that are named and that nobody here has the text of.
    pub missing: Vec<String>,
}

/// Learns what there is: from the configuration here, or with `live` from its server.
///
/// # Errors
/// When the configuration cannot be read, or the server not be reached.
pub async fn know(
    context: &Context,
    arguments: Vec<Argument>,
    server: Option<Server>,
    live: bool,
) -> Result<Known, Failure> {
    let now = context.files.started();
    if !live {
        let stock = take(context, arguments).await?;
        return Ok(Known { stock, server, now });
    }
    let (links, connection) = open::server(context, arguments).await?;
    let found = live::census(&connection).await;
    let server = server.unwrap_or(server_of(&connection));
    context.tell(&links.close().await);
    let stock = Stock {
        census: found.census,
        notes: found.notes,
        ..Stock::default()
    };
    Ok(Known {
        stock,
        server: Some(server),
        now,
    })
}

impl Known {
    fn texts(&self) -> impl Iterator<Item = &PolicyText> {
        self.stock.census.policies.iter().chain(&self.stock.loose)
    }

    /// Returns the server whose rules count.
    #[must_use]
    pub fn server(&self) -> Server {
        self.server.unwrap_or(Server::OPENBAO)
    }

    fn policy(&self, namespace: &str, name: &str) -> Option<Policy> {
        if name == "root" {
            return Some(Policy::default().named("root"));
        }
        let text = self
            .texts()
            .find(|text| text.name == name && text.namespace == namespace)?;
        let (mut policy, _, _) = read_policy(&text.text, None, self.server, self.now);
        policy.namespace.clone_from(&text.namespace);
        Some(policy.named(name))
    }

    /// Returns where a part of a policy is written.
    #[must_use]
    pub fn place(&self, policy: &Policy, extent: Extent) -> Option<Span> {
        let is_it =
            |text: &PolicyText| text.name == policy.name && text.namespace == policy.namespace;
        let declared = self.stock.census.policies.iter().position(is_it);
        if let Some(at) = declared {
            return self.stock.places.get(at)?.span(policy, extent);
        }
        let at = self.stock.loose.iter().position(is_it)?;
        Some(Span {
            file: *self.stock.loose_files.get(at)?,
            start: extent.start,
            end: extent.end,
        })
    }

    /// Returns the token that policies of these names make.
    #[must_use]
    pub fn token(&self, name: String, namespace: &str, names: &BTreeSet<String>) -> Token {
        let mut token = Token {
            name,
            policies: Vec::new(),
            identity: None,
            missing: Vec::new(),
        };
        for name in names {
            match self.policy(namespace, name) {
                Some(policy) => token.policies.push(policy),
                None if name == "default" => {}
                None => token.missing.push(name.clone()),
            }
        }
        token
    }

    /// Returns what a holder's token may use: entities have the policies of their groups too.
    #[must_use]
    pub fn token_of(&self, holder: &Holder) -> Token {
        let census = &self.stock.census;
        let mut names: BTreeSet<String> = census.policies_of(holder).into_iter().collect();
        let mut groups = Vec::new();
        if holder.kind == HolderKind::Entity {
            groups = groups_of(census, holder);
            for group in &groups {
                names.extend(census.policies_of(group));
            }
        }
        let name = format!(
            "{} {}{}",
            holder.kind.word(),
            holder.namespace,
            holder.role.name
        );
        let mut token = self.token(name, &holder.namespace, &names);
        if holder.kind == HolderKind::Entity {
            token.identity = Some(identity(holder, &groups));
        }
        token
    }

    /// Lists everybody.
    pub fn tokens(&self) -> impl Iterator<Item = Token> {
        self.stock
            .census
            .holders
            .iter()
            .map(|holder| self.token_of(holder))
    }

    /// Returns whom a word of the command line means: a holder by name, end of name or address; else policies, by name or
    /// file, parted by commas.
    ///
    /// # Errors
    /// When nobody is meant.
    pub fn find(&mut self, context: &Context, word: &str) -> Result<Token, Diagnostic> {
        let census = &self.stock.census;
        let exact = census.holders.iter().find(|holder| {
            format!("{}{}", holder.namespace, holder.role.name) == word
                || holder.role.origin.address.as_deref() == Some(word)
        });
        let by_end = || {
            let end = format!("/{word}");
            let mut fitting = census
                .holders
                .iter()
                .filter(|one| one.role.name.ends_with(&end));
            let first = fitting.next();
            first.filter(|_| fitting.next().is_none())
        };
        let is_policy = self.texts().any(|text| text.name == word);
        if let Some(holder) = exact.or_else(|| by_end().filter(|_| !is_policy)) {
            return Ok(self.token_of(holder));
        }
        self.named(context, word)
    }

    fn named(&mut self, context: &Context, word: &str) -> Result<Token, Diagnostic> {
        let mut names = BTreeSet::new();
        for name in word
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
        {
            let file = Path::new(name);
            let lower = name.to_lowercase();
            if lower == "root" || self.texts().any(|text| text.name == lower) {
                names.insert(lower);
            } else if context.files.exists(file) && !file.is_dir() {
                add_file(context, &mut self.stock, file)?;
                names.extend(self.stock.loose.last().map(|text| text.name.clone()));
            } else {
                return Err(self.unknown(name));
            }
        }
        if names.is_empty() {
            return Err(self.unknown(word));
        }
        let kind = if names.len() == 1 {
            "policy"
        } else {
            "policies"
        };
        let list: Vec<String> = names.iter().cloned().collect();
        Ok(self.token(format!("{kind} {}", list.join(", ")), "", &names))
    }

    fn unknown(&self, word: &str) -> Diagnostic {
        let message =
            format!("`{word}` is neither a role, user, group or entity, nor a policy or its file");
        let problem = Diagnostic::error("unknown-holder", message);
        let holders = self
            .stock
            .census
            .holders
            .iter()
            .map(|one| one.role.name.as_str());
        let names = holders.chain(self.texts().map(|text| text.name.as_str()));
        match nearest(word, names) {
            Some(near) => problem.hint(format!("did you mean `{near}`?")),
            None => problem.hint("`-live` asks the server instead of the configuration"),
        }
    }
}

fn groups_of<'c>(census: &'c Census, entity: &Holder) -> Vec<&'c Holder> {
    let all = || {
        census
            .holders
            .iter()
            .filter(|one| one.kind == HolderKind::Group)
    };
    let mut found: Vec<&Holder> = Vec::new();
    let mut open: Vec<&Holder> = all()
        .filter(|group| group.entities.iter().any(|key| entity.keys.contains(key)))
        .collect();
    while let Some(group) = open.pop() {
        if !found.iter().any(|known| std::ptr::eq(*known, group)) {
            found.push(group);
            open.extend(all().filter(|one| one.groups.iter().any(|key| group.keys.contains(key))));
        }
    }
    found
}

/// Returns an entity as templated paths ask for it.
fn identity(holder: &Holder, groups: &[&Holder]) -> Identity {
    let id = |holder: &Holder| {
        let ids = holder.keys.iter().find_map(|key| match key {
            Key::Id(id) => Some(id.clone()),
            Key::Address(_) => None,
        });
        ids.unwrap_or_default()
    };
    Identity {
        entity: Some(Entity {
            id: id(holder),
            name: holder.role.name.clone(),
            metadata: holder.metadata.clone(),
            aliases: Vec::<Alias>::new(),
        }),
        groups: groups
            .iter()
            .map(|group| Group {
                id: id(group),
                name: group.role.name.clone(),
                namespace: group.namespace.clone(),
                metadata: group.metadata.clone(),
            })
            .collect(),
    }
}
