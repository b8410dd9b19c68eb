//! Sinks: where the keys of a server are kept, encrypted. How they are encrypted and where they go are two choices.

use super::age::{self, Identity, Recipient};
use super::keys::Content;
use super::{durable, passphrase, program};
use crate::value::Text;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// One place for keys.
pub struct Sink {
    /// As the settings call it.
    pub name: String,
    pub place: Place,
    pub lock: Lock,
}

/// Where bytes go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    File(PathBuf),
    /// A program that gets the encrypted bytes on its standard input, and one that answers them.
    Programs {
        write: Vec<String>,
        read: Vec<String>,
    },
}

/// How bytes are encrypted.
pub enum Lock {
    Passphrase {
        text: Text,
        rounds: u32,
    },
    /// Without identities it can be written but not opened here.
    Age {
        recipients: Vec<Recipient>,
        identities: Vec<Identity>,
    },
}

/// Why a sink does not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// It could not be written. What should be in it, encrypted, in text that can be copied.
    Unwritten { why: String, blob: String },
    /// It could not be read, or not be opened.
    Unopened(String),
    /// It is encrypted to people none of whom is here.
    NoIdentity,
}

/// Encrypted bytes with the line beside them, which only the passphrase's have.
struct Locked {
    bytes: Vec<u8>,
    seal: Option<String>,
}

/// Characters of a line of base64: as OpenSSL expects them.
const LINE: usize = 64;

impl Sink {
    /// Says where it is: a path, or the program that writes it.
    #[must_use]
    pub fn whereabouts(&self) -> String {
        match &self.place {
            Place::File(path) => path.display().to_string(),
            Place::Programs { write, .. } => write.join(" "),
        }
    }

    /// Opens it; `None` where nothing is kept yet.
    ///
    /// # Errors
    /// When something is there and cannot be opened.
    pub async fn read(&self) -> Result<Option<Content>, Problem> {
        let Some(locked) = self.stored().await? else {
            return Ok(None);
        };
        let plain = self.opened(&locked)?;
        let content = Content::parse(&plain);
        let strange = || Problem::Unopened("it holds something else than keys".to_owned());
        content.map(Some).ok_or_else(strange)
    }

    /// Replaces what it keeps; a file has either the old or the new afterwards, on the disk.
    ///
    /// # Errors
    /// Holds what could not be written, encrypted.
    pub async fn write(&self, content: &Content) -> Result<(), Problem> {
        self.store(content).await.map(|_| ())
    }

    async fn store(&self, content: &Content) -> Result<Locked, Problem> {
        let cannot = || Problem::Unwritten {
            why: "it cannot be encrypted".to_owned(),
            blob: String::new(),
        };
        let locked = self.locked(&content.bytes()).ok_or_else(cannot)?;
        let stored = match (&self.place, &locked.seal) {
            (Place::File(path), Some(seal)) => replace(path, &locked.bytes, seal),
            (Place::File(path), None) => durable::write(path, &locked.bytes),
            (Place::Programs { write, .. }, _) => {
                let done = program::run(write, locked.text_or_bytes().as_slice()).await;
                done.map(|_| ())
                    .map_err(|failed| std::io::Error::other(failed.words))
            }
        };
        let unwritten = |error: std::io::Error| Problem::Unwritten {
            why: error.to_string(),
            blob: locked.text(),
        };
        stored.map_err(unwritten)?;
        Ok(locked)
    }

    /// Writes something and opens it again: what cannot be proved here is found out before there is anything to lose.
    ///
    /// # Errors
    /// When it cannot be written, or what comes back is something else.
    pub async fn prove(&self, content: &Content) -> Result<(), Problem> {
        let locked = self.store(content).await?;
        let stored = self.stored().await?;
        let same = stored.filter(|stored| stored.bytes == locked.bytes);
        let lost = || Problem::Unopened("what was written does not come back".to_owned());
        let plain = match self.opened(&same.ok_or_else(lost)?) {
            // That it comes back unaltered is all that can be known here.
            Err(Problem::NoIdentity) => return Ok(()),
            opened => opened?,
        };
        let found = Content::parse(&plain).filter(|found| found == content);
        found.map(|_| ()).ok_or_else(lost)
    }

    /// Tells whether what is written can be opened here.
    #[must_use]
    pub fn opens_here(&self) -> bool {
        !matches!(&self.lock, Lock::Age { identities, .. } if identities.is_empty())
    }

    fn locked(&self, plain: &[u8]) -> Option<Locked> {
        match &self.lock {
            Lock::Passphrase { text, rounds } => {
                let sealed = passphrase::seal(plain, text, *rounds)?;
                Some(Locked {
                    bytes: sealed.bytes,
                    seal: Some(sealed.seal),
                })
            }
            Lock::Age { recipients, .. } => Some(Locked {
                bytes: age::seal(plain, recipients)?,
                seal: None,
            }),
        }
    }

    async fn stored(&self) -> Result<Option<Locked>, Problem> {
        let unread = |error: std::io::Error| Problem::Unopened(error.to_string());
        match &self.place {
            Place::File(path) => {
                let Some(bytes) = durable::read(path).map_err(unread)? else {
                    return Ok(None);
                };
                let seal = durable::read(&beside(path)).map_err(unread)?;
                let seal = seal.map(|seal| String::from_utf8_lossy(&seal).into_owned());
                Ok(Some(Locked { bytes, seal }))
            }
            Place::Programs { read, .. } => match program::run(read, b"").await {
                Ok(answer) if answer.is_empty() => Ok(None),
                Ok(answer) => Ok(Some(Locked::from_text_or_bytes(&answer))),
                // Most programs fail where there is nothing yet. Whether this one can read at all is proved by writing.
                Err(failed) if failed.started && failed.answer.is_empty() => Ok(None),
                Err(failed) => Err(Problem::Unopened(failed.words)),
            },
        }
    }

    fn opened(&self, locked: &Locked) -> Result<Zeroizing<Vec<u8>>, Problem> {
        match &self.lock {
            Lock::Passphrase { text, .. } => {
                let seals = locked.seal.as_deref().unwrap_or_default();
                let opened = passphrase::open(&locked.bytes, seals, text);
                opened.map_err(|why| Problem::Unopened(why.to_string()))
            }
            Lock::Age { identities, .. } if identities.is_empty() => Err(Problem::NoIdentity),
            Lock::Age { identities, .. } => {
                let opened = age::open(&locked.bytes, identities);
                opened.map_err(|why| Problem::Unopened(why.to_string()))
            }
        }
    }
}

/// The file of the HMAC.
#[must_use]
pub fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".hmac");
    PathBuf::from(name)
}

/// Replaces a file and its HMAC. In between, the HMAC's file fits the old and the new: a crash leaves one that opens.
fn replace(path: &Path, bytes: &[u8], seal: &str) -> std::io::Result<()> {
    let before = durable::read(&beside(path))?.unwrap_or_default();
    let both = [seal.as_bytes(), b"\n", &before].concat();
    durable::write(&beside(path), &both)?;
    durable::write(path, bytes)?;
    durable::write(&beside(path), format!("{seal}\n").as_bytes())
}

impl Locked {
    /// Bytes for a program: with a passphrase the line of the HMAC, then base64 for `openssl enc -d -a`; else as they are.
    fn text_or_bytes(&self) -> Vec<u8> {
        match &self.seal {
            Some(_) => self.text().into_bytes(),
            None => self.bytes.clone(),
        }
    }

    fn from_text_or_bytes(bytes: &[u8]) -> Locked {
        let whole = || Locked {
            bytes: bytes.to_vec(),
            seal: None,
        };
        let Ok(text) = std::str::from_utf8(bytes) else {
            return whole();
        };
        let Some((seal, body)) = text.split_once('\n') else {
            return whole();
        };
        let digits: String = body.split_ascii_whitespace().collect();
        match STANDARD.decode(digits) {
            Ok(bytes) => Locked {
                bytes,
                seal: Some(seal.to_owned()),
            },
            Err(_) => whole(),
        }
    }

    /// Text that can be copied from a screen.
    fn text(&self) -> String {
        let mut text = self
            .seal
            .clone()
            .map(|seal| seal + "\n")
            .unwrap_or_default();
        let digits = STANDARD.encode(&self.bytes);
        for line in digits.as_bytes().chunks(LINE) {
            text.push_str(&String::from_utf8_lossy(line));
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::keys::tests::sample;
    use super::*;

    fn sinks(folder: &Path) -> Vec<Sink> {
        let identity = Identity::random();
        let file = |name: &str| Place::File(folder.join(name));
        let programs = |name: &str| {
            let path = folder.join(name).display().to_string();
            Place::Programs {
                write: ["sh", "-c", "cat > \"$0\"", &path]
                    .map(str::to_owned)
                    .into(),
                read: ["cat", &path].map(str::to_owned).into(),
            }
        };
        let age = || Lock::Age {
            recipients: vec![identity.recipient()],
            identities: vec![identity.clone()],
        };
        let passphrase = || Lock::Passphrase {
            text: "correct horse".into(),
            rounds: 3,
        };
        let sink = |name: &str, place, lock| Sink {
            name: name.into(),
            place,
            lock,
        };
        vec![
            sink("a", file("a"), passphrase()),
            sink("b", file("b"), age()),
            sink("c", programs("c"), passphrase()),
            sink("d", programs("d"), age()),
        ]
    }

    #[tokio::test]
    async fn every_kind_keeps_and_gives_back_and_writes_nothing_in_the_open() {
        let folder = tempfile::tempdir().unwrap();
        for sink in sinks(folder.path()) {
            assert_eq!(sink.read().await.unwrap(), None, "{}", sink.name);
            let pending = Content::Pending {
                address: "x".into(),
            };
            sink.prove(&pending).await.unwrap();
            let keys = Content::Keys(sample(Some("canary-root")));
            sink.write(&keys).await.unwrap();
            assert_eq!(sink.read().await.unwrap(), Some(keys), "{}", sink.name);
        }
        for entry in folder.path().read_dir().unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            assert!(!String::from_utf8_lossy(&bytes).contains("canary"));
        }
    }

    #[tokio::test]
    async fn a_crash_between_the_two_files_leaves_one_that_opens() {
        let folder = tempfile::tempdir().unwrap();
        let sink = sinks(folder.path()).remove(0);
        let path = folder.path().join("a");
        let old = Content::Keys(sample(Some("canary-root")));
        sink.write(&old).await.unwrap();
        let before = std::fs::read(&path).unwrap();
        sink.write(&Content::Keys(sample(None))).await.unwrap();
        // As if the program had died after the first of the three files.
        let seal = std::fs::read(beside(&path)).unwrap();
        let locked = sink.locked(&old.bytes()).unwrap();
        let both = [locked.seal.unwrap().as_bytes(), b"\n", &seal].concat();
        std::fs::write(beside(&path), both).unwrap();
        assert_eq!(
            sink.read().await.unwrap(),
            Some(Content::Keys(sample(None)))
        );
        std::fs::write(&path, before).unwrap();
        assert!(
            matches!(sink.read().await, Err(Problem::Unopened(why)) if why.contains("altered"))
        );
    }

    #[tokio::test]
    async fn what_cannot_be_written_is_handed_back_encrypted() {
        let folder = tempfile::tempdir().unwrap();
        let mut sink = sinks(folder.path()).remove(0);
        sink.place = Place::File(folder.path().join("no/such/folder"));
        let problem = sink.write(&Content::Keys(sample(None))).await.unwrap_err();
        let Problem::Unwritten { blob, .. } = problem else {
            panic!("{problem:?}");
        };
        let locked = Locked::from_text_or_bytes(blob.as_bytes());
        let plain = sink.opened(&locked).unwrap();
        assert_eq!(Content::parse(&plain), Some(Content::Keys(sample(None))));
        sink.place = Place::Programs {
            write: vec!["true".into()],
            read: vec!["echo".into(), "something".into()],
        };
        let problem = sink.prove(&Content::Keys(sample(None))).await.unwrap_err();
        assert!(matches!(problem, Problem::Unopened(_)), "{problem:?}");
    }
}
