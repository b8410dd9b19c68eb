//! The block `bootstrap` of `vaultform.hcl`.

use crate::command::context::Context;
use crate::command::exit::Failure;
use crate::command::settings::{self, of_text, texts, whole};
use crate::operate::age::{self, Recipient};
use crate::operate::keyring::Keyring;
use crate::operate::passphrase;
use crate::operate::people::Folder;
use crate::operate::pgp;
use crate::operate::sink::{Lock, Place, Sink};
use crate::source::{Diagnostic, Surroundings};
use crate::value::Text;
use hcl::{Block, Body, Expression};
use std::path::{Path, PathBuf};

/// What a bootstrap is to do.
pub struct Bootstrap {
    pub shares: usize,
    pub threshold: usize,
    /// Addresses of the nodes that join the cluster.
    pub peers: Vec<String>,
    /// Addresses of the resources and modules that are applied first, with the root token.
    pub apply: Vec<String>,
    pub audits: Vec<Audit>,
    pub keyring: Keyring,
}

/// An audit device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// `file`, `socket`, `syslog` …
    pub kind: String,
    pub path: String,
    pub options: Vec<(String, String)>,
}

/// Reads the block.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read(context: &Context) -> Result<Bootstrap, Failure> {
    let body = settings::body(context)?;
    let mut blocks = body
        .blocks()
        .filter(|block| block.identifier() == "bootstrap");
    let (Some(block), None) = (blocks.next(), blocks.next()) else {
        let message = format!("`{}` needs one block `bootstrap`", settings::FILE);
        return Err(Diagnostic::error("invalid-settings", message)
            .hint("it says where the keys of the server go: `bootstrap { sink \"keys\" { path = \"keys.enc\" } … }`")
            .into());
    };
    let mut reading = Reading {
        context,
        problems: Vec::new(),
    };
    let found = reading.bootstrap(block.body());
    match found.filter(|_| reading.problems.is_empty()) {
        Some(bootstrap) => Ok(bootstrap),
        None => Err(reading.problems.into()),
    }
}

/// Reads the audit devices of the block alone; without a block there are none.
///
/// # Errors
/// When one of them is written wrongly.
pub fn audits(context: &Context) -> Result<Vec<Audit>, Failure> {
    let body = settings::body(context)?;
    let mut reading = Reading {
        context,
        problems: Vec::new(),
    };
    let blocks = body
        .blocks()
        .filter(|block| block.identifier() == "bootstrap");
    let inner = blocks.flat_map(|block| block.body().blocks());
    let audits = inner.filter(|block| block.identifier() == "audit");
    let found: Vec<Audit> = audits.filter_map(|block| reading.audit(block)).collect();
    match reading.problems.is_empty() {
        true => Ok(found),
        false => Err(reading.problems.into()),
    }
}

/// Reads a block and collects what is wrong.
struct Reading<'a> {
    context: &'a Context,
    problems: Vec<Diagnostic>,
}

impl Reading<'_> {
    fn problem(&mut self, why: impl Into<String>) {
        self.problems.push(settings::wrong(why.into()));
    }

    /// Keeps what is good of a result.
    fn good<T>(&mut self, result: Result<T, String>) -> Option<T> {
        result.map_err(|why| self.problem(why)).ok()
    }

    fn bootstrap(&mut self, body: &Body) -> Option<Bootstrap> {
        let (mut shares, mut threshold) = (None, None);
        let (mut peers, mut apply) = (Vec::new(), Vec::new());
        for attribute in body.attributes() {
            let (key, value) = (attribute.key(), &attribute.expr);
            match key {
                "shares" => shares = self.good(whole(key, value)),
                "threshold" => threshold = self.good(whole(key, value)),
                "peers" => peers = self.good(texts(key, value)).unwrap_or_default(),
                "apply" => apply = self.good(texts(key, value)).unwrap_or_default(),
                _ => {}
            }
        }
        let (mut sinks, mut people, mut audits) = (Vec::new(), Vec::new(), Vec::new());
        for block in body.blocks() {
            match block.identifier() {
                "sink" => sinks.extend(self.sink(block)),
                "pgp" => people.extend(self.people(block.body())),
                "audit" => audits.extend(self.audit(block)),
                _ => {}
            }
        }
        let by_people = people.first().map(|folder: &Folder| folder.keys.len());
        let shares = shares.or(by_people).unwrap_or(5);
        let threshold = threshold.unwrap_or(shares / 2 + 1);
        self.check_numbers(shares, threshold, by_people);
        let keyring = self.keyring(sinks, people)?;
        Some(Bootstrap {
            shares,
            threshold,
            peers,
            apply,
            audits,
            keyring,
        })
    }

    fn check_numbers(&mut self, shares: usize, threshold: usize, people: Option<usize>) {
        if threshold == 0 || threshold > shares {
            self.problem(format!("`threshold` is {threshold} of {shares} shares"));
        }
        if shares > 1 && threshold == 1 {
            self.problem("servers refuse a `threshold` of 1 with more than one share");
        }
        if people.is_some_and(|people| people != shares) {
            let people = people.unwrap_or_default();
            self.problem(format!("`shares` is {shares}, and there are {people} blocks `key`: each person gets one share"));
        }
    }

    fn keyring(&mut self, sinks: Vec<Sink>, mut people: Vec<Folder>) -> Option<Keyring> {
        match (sinks.is_empty(), people.len()) {
            (false, 0) => Some(Keyring::Sinks(sinks)),
            (true, 1) => people.pop().map(Keyring::People),
            (true, 0) if self.problems.is_empty() => {
                self.problem("`bootstrap` names no place for the keys: it needs blocks `sink`, or a block `pgp`");
                None
            }
            (true, 0) => None,
            _ => {
                self.problem("`bootstrap` has either blocks `sink` or one block `pgp`: with `pgp` no share is ever in the open, so no sink can have one");
                None
            }
        }
    }

    fn sink(&mut self, block: &Block) -> Option<Sink> {
        let name = label(block).unwrap_or_else(|| "keys".to_owned());
        let mut given = Given::default();
        for attribute in block.body().attributes() {
            let (key, value) = (attribute.key(), &attribute.expr);
            match key {
                "path" => given.path = self.good(of_text(key, value)).map(PathBuf::from),
                "write" => given.write = self.good(texts(key, value)),
                "read" => given.read = self.good(texts(key, value)),
                "passphrase" => given.passphrase = self.secret(key, value),
                "iterations" => given.rounds = self.good(whole(key, value)),
                "recipients" => given.recipients = self.good(texts(key, value)),
                "identity" => given.identity = self.good(of_text(key, value)).map(PathBuf::from),
                _ => {}
            }
        }
        let place = self.place(&name, &mut given)?;
        let lock = self.lock(&name, given)?;
        Some(Sink { name, place, lock })
    }

    fn place(&mut self, name: &str, given: &mut Given) -> Option<Place> {
        match (given.path.take(), given.write.take(), given.read.take()) {
            (Some(path), None, None) => Some(Place::File(path)),
            (None, Some(write), Some(read)) if !write.is_empty() && !read.is_empty() => {
                Some(Place::Programs { write, read })
            }
            (None, Some(_), None) => {
                self.problem(format!("the sink `{name}` has `write` and no `read`: what cannot be read again cannot be proved"));
                None
            }
            _ => {
                self.problem(format!(
                    "the sink `{name}` needs either `path`, or `write` and `read`"
                ));
                None
            }
        }
    }

    fn lock(&mut self, name: &str, given: Given) -> Option<Lock> {
        if let Some(recipients) = given.recipients {
            let recipients: Vec<Recipient> = recipients
                .iter()
                .filter_map(|text| self.good(Recipient::parse(text)))
                .collect();
            let identities = match given.identity {
                Some(path) => self.identities(&path)?,
                None => Vec::new(),
            };
            return Some(Lock::Age {
                recipients,
                identities,
            });
        }
        let rounds = given.rounds.unwrap_or(passphrase::ROUNDS as usize);
        let rounds = u32::try_from(rounds).unwrap_or_default();
        if rounds < passphrase::FEWEST_ROUNDS {
            self.problem(format!(
                "`iterations` of the sink `{name}` is {rounds}; below {} a stolen file is too quick to guess",
                passphrase::FEWEST_ROUNDS
            ));
        }
        let set = || {
            self.context
                .variable("VAULTFORM_PASSPHRASE")
                .map(Text::from)
        };
        let text = given.passphrase.or_else(set);
        if text.is_none() && self.problems.is_empty() {
            self.problem(format!("the sink `{name}` has no `passphrase`: set VAULTFORM_PASSPHRASE, or `passphrase = file(\"…\")`"));
        }
        Some(Lock::Passphrase {
            text: text.filter(|text| !text.is_empty())?,
            rounds,
        })
    }

    fn identities(&mut self, path: &Path) -> Option<Vec<age::Identity>> {
        let text = settings::secret_file(self.context, path);
        let read = text.and_then(|text| age::identities(&text));
        let named = read.map_err(|why| format!("the identity `{}`: {why}", path.display()));
        self.good(named)
    }

    fn people(&mut self, body: &Body) -> Option<Folder> {
        let mut folder = Folder {
            path: PathBuf::from("shares"),
            keys: Vec::new(),
            root: None,
            decrypt: ["gpg", "--batch", "--quiet", "--decrypt"]
                .map(str::to_owned)
                .into(),
        };
        let mut root = None;
        for attribute in body.attributes() {
            let (key, value) = (attribute.key(), &attribute.expr);
            match key {
                "directory" => folder.path = self.good(of_text(key, value))?.into(),
                "root_token" => root = self.good(of_text(key, value)),
                "decrypt" => folder.decrypt = self.good(texts(key, value))?,
                _ => {}
            }
        }
        for block in body.blocks().filter(|block| block.identifier() == "key") {
            let file = label(block).unwrap_or_default();
            if let Some(key) = self.key(&file, block.body()) {
                if root.as_ref().is_none_or(|named| *named == file) && folder.root.is_none() {
                    folder.root = Some(key.clone());
                }
                folder.keys.push(key);
            }
        }
        if let (Some(root), None) = (&root, &folder.root) {
            self.problem(format!(
                "`root_token` names `{root}`, and no block `key` does"
            ));
        }
        if folder.keys.is_empty() && self.problems.is_empty() {
            self.problem("`pgp` has no block `key \"FILE\" { fingerprint = \"…\" }`");
        }
        Some(folder)
    }

    fn key(&mut self, file: &str, body: &Body) -> Option<pgp::PublicKey> {
        let bytes = self.context.files.read(Path::new(file));
        let read = bytes.and_then(|bytes| pgp::read(&bytes, self.context.files.started()));
        let read = read.map_err(|why| format!("the OpenPGP key `{file}`: {why}"));
        let key = self.good(read)?;
        let pinned = body
            .attributes()
            .find(|attribute| attribute.key() == "fingerprint");
        let pinned = pinned.map(|attribute| of_text("fingerprint", &attribute.expr));
        let Some(pinned) = pinned else {
            self.problem(format!("`key \"{file}\"` has no `fingerprint`: ask {} whether it is `{}`, and write it there", key.owner, key.fingerprint));
            return None;
        };
        if !pgp::same_fingerprint(&self.good(pinned)?, &key.fingerprint) {
            self.problem(format!(
                "the OpenPGP key `{file}` is not the one that is pinned: its fingerprint is `{}`",
                key.fingerprint
            ));
        }
        Some(key)
    }

    fn audit(&mut self, block: &Block) -> Option<Audit> {
        let labels: Vec<&str> = block.labels().iter().map(hcl::BlockLabel::as_str).collect();
        let [kind, path] = labels.as_slice() else {
            self.problem("an audit device is written as in a server's file: `audit \"file\" \"to-file\" { options { … } }`");
            return None;
        };
        let mut audit = Audit {
            kind: (*kind).to_owned(),
            path: path.trim_matches('/').to_owned(),
            options: Vec::new(),
        };
        for options in block
            .body()
            .blocks()
            .filter(|inner| inner.identifier() == "options")
        {
            for attribute in options.body().attributes() {
                let value = match &attribute.expr {
                    Expression::String(text) => text.clone(),
                    other => other.to_string(),
                };
                audit.options.push((attribute.key().to_owned(), value));
            }
        }
        Some(audit)
    }

    /// Reads a secret from where the setting says: it never stands in the file itself.
    fn secret(&mut self, key: &str, value: &Expression) -> Option<Text> {
        let found = settings::secret(self.context, key, value);
        self.good(found)
    }
}

/// What a sink says, before it is sorted.
#[derive(Default)]
struct Given {
    path: Option<PathBuf>,
    write: Option<Vec<String>>,
    read: Option<Vec<String>>,
    passphrase: Option<Text>,
    rounds: Option<usize>,
    recipients: Option<Vec<String>>,
    identity: Option<PathBuf>,
}

fn label(block: &Block) -> Option<String> {
    Some(block.labels().first()?.as_str().to_owned())
}
