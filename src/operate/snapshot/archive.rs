//! What a snapshot is made of: a compressed archive of the state, what raft says of it, and digests of both.

use super::super::passphrase::hex;
use flate2::write::GzDecoder;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};

/// Bytes of a block of an archive (POSIX ustar).
const BLOCK: usize = 512;

/// Files of an archive that are kept: what raft says of it, and the digests. The state is much larger.
const SMALL: u64 = 1 << 20;

/// What a snapshot says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    pub index: u64,
    pub term: u64,
    /// Bytes of the state.
    pub size: u64,
    /// SHA-256 of the state, in hexadecimal digits.
    pub digest: String,
    /// Ids and addresses of the cluster's nodes.
    pub nodes: Vec<(String, String)>,
}

/// Why something is no whole snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken(pub String);

impl fmt::Display for Broken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Checks what is written to it.
pub struct Check(GzDecoder<Archive>);

impl Default for Check {
    fn default() -> Check {
        Check(GzDecoder::new(Archive::default()))
    }
}

impl Write for Check {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Check {
    /// Compares the digests; all must have been written.
    ///
    /// # Errors
    /// When it was cut off, altered, or is something else.
    pub fn finish(self) -> Result<Contents, Broken> {
        let archive = self
            .0
            .finish()
            .map_err(|_| Broken("it is cut off or no archive".into()))?;
        archive.contents()
    }
}

/// An archive on its way.
#[derive(Default)]
struct Archive {
    head: Vec<u8>,
    /// The file that is being read.
    current: Option<Entry>,
    /// Bytes that fill the last block of a file.
    padding: u64,
    files: BTreeMap<String, Entry>,
    /// The size that an extended header gives the next file: more than the usual one can tell.
    size: Option<u64>,
}

#[derive(Default)]
struct Entry {
    name: String,
    extended: bool,
    left: u64,
    size: u64,
    hash: Sha256,
    kept: Vec<u8>,
}

impl Write for Archive {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut rest = bytes;
        while !rest.is_empty() {
            rest = self.take(rest)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Splits at a length that may be larger than there is.
fn split(bytes: &[u8], at: u64) -> (&[u8], &[u8]) {
    let at = usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
    bytes.split_at(at)
}

impl Archive {
    /// Takes bytes for whatever is next; returns the rest.
    fn take<'a>(&mut self, bytes: &'a [u8]) -> io::Result<&'a [u8]> {
        if let Some(entry) = &mut self.current {
            let (now, rest) = split(bytes, entry.left);
            entry.take(now);
            if entry.left == 0 {
                self.end();
            }
            return Ok(rest);
        }
        if self.padding > 0 {
            let (now, rest) = split(bytes, self.padding);
            self.padding -= now.len() as u64;
            return Ok(rest);
        }
        let (now, rest) = split(bytes, (BLOCK - self.head.len()) as u64);
        self.head.extend_from_slice(now);
        if self.head.len() == BLOCK {
            let head = std::mem::take(&mut self.head);
            self.begin(&head)?;
        }
        Ok(rest)
    }

    fn begin(&mut self, head: &[u8]) -> io::Result<()> {
        // Two empty blocks end an archive.
        if head.iter().all(|byte| *byte == 0) {
            return Ok(());
        }
        let broken = || io::Error::other("it is no archive");
        let size = number(head.get(124..136).unwrap_or_default()).ok_or_else(broken)?;
        let kind = head.get(156).copied().unwrap_or_default();
        let extended = matches!(kind, b'x' | b'g');
        let size = self.size.take().filter(|_| !extended).unwrap_or(size);
        let entry = Entry {
            name: text(head.get(..100).unwrap_or_default()),
            extended,
            left: size,
            size,
            ..Entry::default()
        };
        self.current = Some(entry);
        if size == 0 {
            self.end();
        }
        Ok(())
    }

    fn end(&mut self) {
        let Some(entry) = self.current.take() else {
            return;
        };
        let block = BLOCK as u64;
        self.padding = (block - entry.size % block) % block;
        if entry.extended {
            let text = String::from_utf8_lossy(&entry.kept).into_owned();
            let size = text
                .lines()
                .find_map(|line| line.split_once(" size=")?.1.parse().ok());
            self.size = size.or(self.size);
        } else {
            self.files.insert(entry.name.clone(), entry);
        }
    }

    fn contents(mut self) -> Result<Contents, Broken> {
        let broken = |why: &str| Broken(why.to_owned());
        if self.current.is_some() {
            return Err(broken("it is cut off"));
        }
        let sums = self.files.remove("SHA256SUMS");
        let sums = sums.ok_or_else(|| broken("it has no digests"))?;
        let sums = String::from_utf8_lossy(&sums.kept).into_owned();
        let digests: BTreeMap<String, String> = std::mem::take(&mut self.files)
            .into_iter()
            .map(|(name, entry)| {
                let digest = hex(&entry.hash.clone().finalize());
                self.files.insert(name.clone(), entry);
                (name, digest)
            })
            .collect();
        for name in ["state.bin", "meta.json"] {
            let wanted = sums.lines().find_map(|line| line.strip_suffix(name));
            let wanted = wanted
                .map(str::trim)
                .ok_or_else(|| broken("it has no digests"))?;
            if digests.get(name).map(String::as_str) != Some(wanted) {
                return Err(Broken(format!("the digest of `{name}` does not fit")));
            }
        }
        let meta = self
            .files
            .get("meta.json")
            .map(|entry| entry.kept.as_slice());
        let meta: Json = serde_json::from_slice(meta.unwrap_or_default()).unwrap_or_default();
        let size = self.files.get("state.bin").map_or(0, |entry| entry.size);
        let digest = digests.get("state.bin").cloned().unwrap_or_default();
        Ok(described(&meta, size, digest))
    }
}

fn described(meta: &Json, size: u64, digest: String) -> Contents {
    let number = |name: &str| meta.get(name).and_then(Json::as_u64).unwrap_or_default();
    let servers = meta
        .pointer("/Configuration/Servers")
        .and_then(Json::as_array);
    let text = |json: &Json, name: &str| {
        let text = json.get(name).and_then(Json::as_str);
        text.unwrap_or_default().to_owned()
    };
    let nodes = servers.into_iter().flatten();
    Contents {
        index: number("Index"),
        term: number("Term"),
        size,
        digest,
        nodes: nodes
            .map(|node| (text(node, "ID"), text(node, "Address")))
            .collect(),
    }
}

impl Entry {
    fn take(&mut self, bytes: &[u8]) {
        self.left -= bytes.len() as u64;
        self.hash.update(bytes);
        if self.size <= SMALL {
            self.kept.extend_from_slice(bytes);
        }
    }
}

fn text(field: &[u8]) -> String {
    let end = field.iter().position(|byte| *byte == 0);
    let text = field.get(..end.unwrap_or(field.len())).unwrap_or_default();
    String::from_utf8_lossy(text).into_owned()
}

/// Reads a number: octal digits, or, with the highest bit set, binary.
fn number(field: &[u8]) -> Option<u64> {
    if field.first().is_some_and(|first| first & 0x80 != 0) {
        let low = field.get(field.len().checked_sub(8)?..)?;
        return Some(u64::from_be_bytes(low.try_into().ok()?));
    }
    let digits = text(field);
    u64::from_str_radix(digits.trim(), 8).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;

    fn head(name: &str, size: usize) -> Vec<u8> {
        let mut head = vec![0; BLOCK];
        head[..name.len()].copy_from_slice(name.as_bytes());
        head[124..135].copy_from_slice(format!("{size:011o}").as_bytes());
        head[156] = b'0';
        head
    }

    fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut gz = GzEncoder::new(Vec::new(), Compression::fast());
        for (name, content) in files {
            gz.write_all(&head(name, content.len())).unwrap();
            gz.write_all(content).unwrap();
            let padding = (BLOCK - content.len() % BLOCK) % BLOCK;
            gz.write_all(&vec![0; padding]).unwrap();
        }
        gz.write_all(&[0; 1024]).unwrap();
        gz.finish().unwrap()
    }

    fn sample(state: &[u8]) -> Vec<u8> {
        let meta =
            br#"{"Index":32,"Term":3,"Configuration":{"Servers":[{"ID":"one","Address":"a:1"}]}}"#;
        let sum = |bytes: &[u8]| hex(&Sha256::digest(bytes));
        let sums = format!(
            "{}  state.bin\n{}  meta.json\n",
            sum(b"the state"),
            sum(meta)
        );
        archive(&[
            ("meta.json", meta),
            ("state.bin", state),
            ("SHA256SUMS", sums.as_bytes()),
            ("SHA256SUMS.sealed", b"x"),
        ])
    }

    fn checked(bytes: &[u8], piece: usize) -> Result<Contents, Broken> {
        let mut check = Check::default();
        for part in bytes.chunks(piece) {
            check
                .write_all(part)
                .map_err(|error| Broken(error.to_string()))?;
        }
        check.finish()
    }

    #[test]
    fn a_whole_snapshot_is_read_in_pieces_of_any_size() {
        let whole = sample(b"the state");
        for piece in [1, 7, 512, 10_000] {
            let contents = checked(&whole, piece).unwrap();
            assert_eq!((contents.index, contents.term, contents.size), (32, 3, 9));
            assert_eq!(contents.nodes, [("one".to_owned(), "a:1".to_owned())]);
        }
    }

    #[test]
    fn what_is_cut_off_or_altered_is_refused() {
        let whole = sample(b"the state");
        for at in 0..whole.len() {
            assert!(checked(&whole[..at], 4096).is_err(), "cut at {at}");
        }
        let told = checked(&sample(b"another s"), 4096).unwrap_err();
        assert!(told.0.contains("digest of `state.bin`"), "{told}");
        assert!(checked(b"hello, this is no archive", 4096).is_err());
        assert!(checked(&archive(&[("a", b"b")]), 4096).is_err());
    }

    #[test]
    fn large_sizes_are_read_in_both_forms() {
        let mut field = [0; 12];
        field[0] = 0x80;
        field[4..].copy_from_slice(&(9_u64 << 33).to_be_bytes());
        assert_eq!(number(&field), Some(9 << 33));
        assert_eq!(number(b"00000000017\0"), Some(15));
        assert_eq!(number(b"zz"), None);
    }
}
