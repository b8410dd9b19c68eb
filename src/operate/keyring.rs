//! All places that keep the keys of one server: sinks, or a folder with what the server encrypted to people.

use super::keys::{Content, Keys, ShareKind};
use super::people::Folder;
use super::sink::{Place, Problem, Sink};
use crate::source::{Diagnostic, Outcome};
use crate::value::Text;

/// Who keeps the keys.
pub enum Keyring {
    /// Each has all of them.
    Sinks(Vec<Sink>),
    /// Each person has one share; the server encrypts.
    People(Folder),
}

/// What is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Nothing,
    /// An initialisation was about to be asked for, and no answer was kept.
    Pending {
        address: String,
    },
    Kept(Known),
}

/// What can be known of kept keys without opening them to anybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub address: String,
    pub cluster: Option<String>,
    pub kind: ShareKind,
    pub threshold: usize,
    pub shares: usize,
    /// Whether the root token is kept: it then still has to be revoked.
    pub has_root: bool,
    /// Sinks that lack what others have.
    pub lacking: Vec<String>,
}

impl Keyring {
    /// Looks at what is kept.
    ///
    /// # Errors
    /// Names every sink that is there and cannot be opened.
    pub async fn state(&self) -> Outcome<State> {
        match self {
            Keyring::Sinks(sinks) => Ok(known(sinks, &contents(sinks).await?)),
            Keyring::People(folder) => folder.state(),
        }
    }

    /// Writes that an initialisation is about to be asked for, and reads it again.
    ///
    /// # Errors
    /// Names every sink that cannot be written to, or not be read; and those that keep keys already.
    pub async fn prove(&self, address: &str) -> Outcome<()> {
        let content = Content::Pending {
            address: address.to_owned(),
        };
        let mut problems = self.in_use().await?;
        match self {
            Keyring::Sinks(sinks) if problems.is_empty() => {
                if !sinks.iter().any(Sink::opens_here) {
                    problems.push(nobody_opens());
                }
                for sink in sinks {
                    let proved = sink.prove(&content).await;
                    problems.extend(proved.err().map(|problem| Diagnostic {
                        // Nothing is lost yet.
                        detail: None,
                        ..told(sink, problem)
                    }));
                }
            }
            Keyring::People(folder) if problems.is_empty() => {
                problems.extend(folder.prove(address).err().into_iter().flatten());
            }
            _ => {}
        }
        none(problems)
    }

    /// Keys of another server must not be lost to a new one.
    async fn in_use(&self) -> Outcome<Vec<Diagnostic>> {
        let State::Kept(known) = self.state().await? else {
            return Ok(Vec::new());
        };
        let message = format!(
            "{} keeps the keys of a server that was at `{}`",
            self.whereabouts(),
            known.address
        );
        let problem = Diagnostic::error("sink-in-use", message)
            .hint("this server is not initialised, so they are not its keys: name another place, or move them away");
        Ok(vec![problem])
    }

    /// Says where the keys are.
    #[must_use]
    pub fn whereabouts(&self) -> String {
        match self {
            Keyring::Sinks(sinks) => {
                let each = sinks.iter().map(|sink| format!("`{}`", sink.whereabouts()));
                each.collect::<Vec<_>>().join(" and ")
            }
            Keyring::People(folder) => format!("`{}`", folder.path.display()),
        }
    }

    /// Keeps the keys in every sink; those that have them already are written again.
    ///
    /// # Errors
    /// Names every sink that could not be written; its keys stand in the detail, encrypted.
    pub async fn keep(&self, keys: &Keys) -> Outcome<()> {
        match self {
            Keyring::Sinks(sinks) => {
                let content = Content::Keys(keys.clone());
                let mut problems = Vec::new();
                for sink in sinks {
                    let kept = sink.write(&content).await;
                    problems.extend(kept.err().map(|problem| told(sink, problem)));
                }
                none(problems)
            }
            Keyring::People(folder) => folder.keep(keys),
        }
    }

    /// Opens the keys, all of them; of people's shares as many as can be opened here.
    ///
    /// # Errors
    /// When there are none, or too few can be opened here.
    pub async fn open(&self) -> Outcome<Keys> {
        match self {
            Keyring::Sinks(sinks) => {
                let contents = contents(sinks).await?;
                let keys = contents.into_iter().find_map(|content| match content {
                    Some(Content::Keys(keys)) => Some(keys),
                    _ => None,
                });
                keys.ok_or_else(|| vec![no_keys(&self.whereabouts())])
            }
            Keyring::People(folder) => folder.open().await,
        }
    }

    /// Opens the root token alone; `None` where none is kept.
    ///
    /// # Errors
    /// When it cannot be opened here.
    pub async fn root_token(&self) -> Outcome<Option<Text>> {
        match self {
            Keyring::Sinks(_) => Ok(self.open().await?.root_token),
            Keyring::People(folder) => folder.root_token().await,
        }
    }

    /// Forgets the root token, which was revoked, and notes whose keys these are.
    ///
    /// # Errors
    /// Names every sink that could not be written.
    pub async fn forget_root(&self, cluster: Option<String>) -> Outcome<()> {
        match self {
            Keyring::Sinks(_) => {
                let mut keys = self.open().await?;
                keys.root_token = None;
                keys.cluster = cluster.or(keys.cluster);
                self.keep(&keys).await
            }
            Keyring::People(folder) => folder.forget_root(cluster),
        }
    }
}

fn none(problems: Vec<Diagnostic>) -> Outcome<()> {
    match problems.is_empty() {
        true => Ok(()),
        false => Err(problems),
    }
}

/// Reads all sinks; what is encrypted to people elsewhere counts as nothing.
async fn contents(sinks: &[Sink]) -> Outcome<Vec<Option<Content>>> {
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    for sink in sinks {
        match sink.read().await {
            Ok(content) => found.push(content),
            Err(Problem::NoIdentity) => found.push(None),
            Err(problem) => problems.push(told(sink, problem)),
        }
    }
    none(problems).map(|()| found)
}

fn known(sinks: &[Sink], contents: &[Option<Content>]) -> State {
    let keys = contents.iter().find_map(|content| match content {
        Some(Content::Keys(keys)) => Some(keys),
        _ => None,
    });
    let Some(keys) = keys else {
        let pending = contents.iter().find_map(|content| match content {
            Some(Content::Pending { address }) => Some(State::Pending {
                address: address.clone(),
            }),
            _ => None,
        });
        return pending.unwrap_or(State::Nothing);
    };
    let pairs = sinks.iter().zip(contents);
    let lacking = pairs.filter(|(sink, content)| {
        // What cannot be opened here is believed to be there.
        sink.opens_here() && !matches!(content, Some(Content::Keys(other)) if other == keys)
    });
    State::Kept(Known {
        address: keys.address.clone(),
        cluster: keys.cluster.clone(),
        kind: keys.kind,
        threshold: keys.threshold,
        shares: keys.shares.len(),
        has_root: contents.iter().any(
            |content| matches!(content, Some(Content::Keys(keys)) if keys.root_token.is_some()),
        ),
        lacking: lacking.map(|(sink, _)| sink.name.clone()).collect(),
    })
}

/// Says what is wrong with a sink.
fn told(sink: &Sink, problem: Problem) -> Diagnostic {
    let name = format!("the sink `{}` ({})", sink.name, sink.whereabouts());
    match problem {
        Problem::Unwritten { why, blob } => {
            let hint = match &sink.place {
                Place::File(path) => format!("make `{}` writable", path.display()),
                Place::Programs { .. } => "see why the program failed".to_owned(),
            };
            let problem = Diagnostic::error(
                "sink-not-written",
                format!("{name} cannot be written: {why}"),
            );
            problem.detail(blob).hint(hint)
        }
        Problem::Unopened(why) => {
            Diagnostic::error("sink-not-opened", format!("{name} cannot be opened: {why}"))
                .hint("the passphrase, the identity, or a copy of the sink from elsewhere may help")
        }
        Problem::NoIdentity => nobody_opens(),
    }
}

fn nobody_opens() -> Diagnostic {
    Diagnostic::error("sink-not-opened", "no sink can be opened here").hint(
        "give one of them a `passphrase` or an `identity`: what cannot be opened cannot be proved",
    )
}

fn no_keys(whereabouts: &str) -> Diagnostic {
    Diagnostic::error("no-keys", format!("{whereabouts} keeps no keys"))
}
