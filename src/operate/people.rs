//! A folder with what the server encrypted to people with OpenPGP: a share each, and the root token until it is revoked.
//! Nothing in it is plaintext, and nothing of it was ever plaintext in this program.

use super::keyring::{Known, State};
use super::keys::{Keys, ShareKind};
use super::pgp::PublicKey;
use super::{durable, program};
use crate::source::{Diagnostic, Outcome};
use crate::value::Text;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The file that tells what the others are. It comes last, so that it is there only when they are.
const INDEX: &str = "bootstrap.json";

/// The file of the root token.
const ROOT: &str = "root-token.pgp";

/// A folder of shares.
pub struct Folder {
    pub path: PathBuf,
    /// Who gets a share, in the order of the shares.
    pub keys: Vec<PublicKey>,
    /// Who gets the root token.
    pub root: Option<PublicKey>,
    /// The program that decrypts: the encrypted bytes on its standard input, the plain ones on its output.
    pub decrypt: Vec<String>,
}

/// What stands in the index: no secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Index {
    /// `pending` or `keys`
    vaultform: String,
    address: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cluster_id: Option<String>,
    /// `unseal` or `recovery`
    #[serde(default)]
    kind: String,
    #[serde(default)]
    threshold: usize,
    #[serde(default)]
    shares: Vec<Share>,
    #[serde(default)]
    root_token: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Share {
    file: String,
    fingerprint: String,
    owner: String,
}

impl Folder {
    fn index(&self) -> Outcome<Option<Index>> {
        let path = self.path.join(INDEX);
        let unread = |why: String| {
            let message = format!("`{}` cannot be read: {why}", path.display());
            vec![Diagnostic::error("sink-not-opened", message)]
        };
        let bytes = durable::read(&path).map_err(|error| unread(error.to_string()))?;
        let read = bytes.map(|bytes| serde_json::from_slice(&bytes));
        read.transpose().map_err(|error| unread(error.to_string()))
    }

    /// Looks at what is kept.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn state(&self) -> Outcome<State> {
        Ok(match self.index()? {
            None => State::Nothing,
            Some(index) if index.vaultform == "pending" => State::Pending {
                address: index.address,
            },
            Some(index) => State::Kept(Known {
                kind: index.kind(),
                address: index.address,
                cluster: index.cluster_id,
                threshold: index.threshold,
                shares: index.shares.len(),
                has_root: index.root_token,
                lacking: Vec::new(),
            }),
        })
    }

    /// Writes that an initialisation is about to be asked for, and reads it again.
    ///
    /// # Errors
    /// Names every key that nothing can be encrypted to; or the folder cannot be written to, or what was written does not
    /// come back.
    pub fn prove(&self, address: &str) -> Outcome<()> {
        let problems: Vec<Diagnostic> = self.keys.iter().filter_map(unusable).collect();
        if !problems.is_empty() {
            return Err(problems);
        }
        let index = Index {
            vaultform: "pending".to_owned(),
            address: address.to_owned(),
            cluster_id: None,
            kind: String::new(),
            threshold: 0,
            shares: Vec::new(),
            root_token: false,
        };
        std::fs::create_dir_all(&self.path).map_err(|error| vec![self.unwritten(INDEX, &error)])?;
        self.write_index(&index)?;
        let pending = State::Pending {
            address: address.to_owned(),
        };
        match self.state()? == pending {
            true => Ok(()),
            false => Err(vec![self.unwritten(INDEX, &"it does not come back")]),
        }
    }

    fn unwritten(&self, file: &str, why: &dyn std::fmt::Display) -> Diagnostic {
        let path = self.path.join(file);
        let message = format!("`{}` cannot be written: {why}", path.display());
        Diagnostic::error("sink-not-written", message)
    }

    fn write_index(&self, index: &Index) -> Outcome<()> {
        let text = serde_json::to_vec_pretty(index).unwrap_or_default();
        durable::write(&self.path.join(INDEX), &text)
            .map_err(|error| vec![self.unwritten(INDEX, &error)])
    }

    /// Writes a file; what cannot be written stands in the diagnostic, encrypted as it is.
    fn write(&self, file: &str, base64: &str) -> Option<Diagnostic> {
        let bytes = STANDARD.decode(base64);
        let written = match &bytes {
            Ok(bytes) => durable::write(&self.path.join(file), bytes),
            Err(_) => Err(std::io::Error::other("the server's answer is no base64")),
        };
        let problem = |error| self.unwritten(file, &error).detail(base64.to_owned());
        written.err().map(problem)
    }

    /// Keeps what the server encrypted: shares and root token are PGP messages in base64.
    ///
    /// # Errors
    /// Names every file that could not be written; its content stands in the detail.
    pub fn keep(&self, keys: &Keys) -> Outcome<()> {
        let mut problems = Vec::new();
        let mut shares = Vec::new();
        for (at, (share, key)) in keys.shares.iter().zip(&self.keys).enumerate() {
            let id = key.fingerprint.get(24..).unwrap_or_default();
            let file = format!("share-{}-{id}.pgp", at + 1);
            problems.extend(self.write(&file, share));
            shares.push(Share {
                file,
                fingerprint: key.fingerprint.clone(),
                owner: key.owner.clone(),
            });
        }
        if let Some(token) = &keys.root_token {
            problems.extend(self.write(ROOT, token));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        self.write_index(&Index {
            vaultform: "keys".to_owned(),
            address: keys.address.clone(),
            cluster_id: keys.cluster.clone(),
            kind: keys.kind.name().to_owned(),
            threshold: keys.threshold,
            shares,
            root_token: keys.root_token.is_some(),
        })
    }

    /// Opens as many shares as it takes, by the program that decrypts.
    ///
    /// # Errors
    /// When there are none, or too few can be opened here.
    pub async fn open(&self) -> Outcome<Keys> {
        let Some(index) = self.index()?.filter(|index| index.vaultform == "keys") else {
            let message = format!("`{}` keeps no shares", self.path.display());
            return Err(vec![Diagnostic::error("no-keys", message)]);
        };
        let (mut shares, mut closed) = (Vec::new(), Vec::new());
        for share in &index.shares {
            if shares.len() == index.threshold {
                break;
            }
            match self.decrypted(&share.file).await {
                Ok(text) => shares.push(as_base64(&text)),
                Err(_) => closed.push(format!("{} for {}", share.file, share.owner)),
            }
        }
        if shares.len() < index.threshold {
            return Err(vec![self.too_few(&index, shares.len(), &closed)]);
        }
        Ok(Keys {
            kind: index.kind(),
            address: index.address,
            cluster: index.cluster_id,
            threshold: index.threshold,
            shares,
            root_token: None,
        })
    }

    fn too_few(&self, index: &Index, opened: usize, closed: &[String]) -> Diagnostic {
        let message = format!(
            "{} of the {} shares that it takes can be opened here",
            opened, index.threshold
        );
        let hint = format!(
            "let {} people each run `gpg --decrypt {}/share-….pgp | vaultform unseal`, then run this again",
            index.threshold,
            self.path.display()
        );
        Diagnostic::error("too-few-shares", message)
            .detail(closed.join("\n"))
            .hint(hint)
    }

    async fn decrypted(&self, file: &str) -> Result<Text, String> {
        let bytes = std::fs::read(self.path.join(file)).map_err(|error| error.to_string())?;
        let plain = program::run(&self.decrypt, &bytes).await;
        let plain = plain.map_err(|failed| failed.words)?;
        let text = std::str::from_utf8(&plain).map_err(|_| "what it holds is no text")?;
        Ok(Text::from(text.trim()))
    }

    /// Opens the root token; `None` where none is kept.
    ///
    /// # Errors
    /// When it cannot be opened here.
    pub async fn root_token(&self) -> Outcome<Option<Text>> {
        let path = self.path.join(ROOT);
        if !self.index()?.is_some_and(|index| index.root_token) || !path.exists() {
            return Ok(None);
        }
        let opened = self.decrypted(ROOT).await;
        opened.map(Some).map_err(|why| vec![closed(&path, &why)])
    }

    /// Removes the root token, which was revoked.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn forget_root(&self, cluster: Option<String>) -> Outcome<()> {
        if let Some(mut index) = self.index()? {
            index.root_token = false;
            index.cluster_id = cluster.or(index.cluster_id);
            self.write_index(&index)?;
        }
        durable::remove(&self.path.join(ROOT)).map_err(|error| vec![self.unwritten(ROOT, &error)])
    }
}

impl Index {
    fn kind(&self) -> ShareKind {
        match self.kind.as_str() {
            "recovery" => ShareKind::Recovery,
            _ => ShareKind::Unseal,
        }
    }
}

fn unusable(key: &PublicKey) -> Option<Diagnostic> {
    let why = key.unusable.as_ref()?;
    let message = format!(
        "the key {} of {} cannot be used: {why}",
        key.fingerprint, key.owner
    );
    let hint = "ask for a key that encrypts and has not expired";
    Some(Diagnostic::error("key-unusable", message).hint(hint))
}

fn closed(path: &Path, why: &str) -> Diagnostic {
    let message = format!(
        "the root token in `{}` cannot be opened here: {why}",
        path.display()
    );
    let hint = format!(
        "whoever can runs `gpg --decrypt {} | vaultform bootstrap apply -root-token-fd=0`",
        path.display()
    );
    Diagnostic::error("root-token-closed", message).hint(hint)
}

/// A decrypted share is hexadecimal (servers encrypt that form); requests and sinks have base64.
fn as_base64(share: &Text) -> Text {
    match super::passphrase::unhex(share).map(Zeroizing::new) {
        Some(bytes) => Text::from(STANDARD.encode(&*bytes)),
        None => share.clone(),
    }
}
