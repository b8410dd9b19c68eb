//! Archives: what is in a `.zip`, `.tar` or `.tar.gz`. Links and special files are left out, and nothing leads outside.

use crate::config::package::Form;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

/// The most bytes that an archive may hold, unpacked.
pub const LARGEST: usize = 256 << 20;

/// The files of an archive by their paths in it.
pub type Files = Vec<(PathBuf, Vec<u8>)>;

/// Unpacks an archive.
///
/// # Errors
/// Says in words what is wrong with it.
pub fn unpack(bytes: &[u8], form: Form) -> Result<Files, String> {
    let files = match form {
        Form::Zip => zip(bytes)?,
        Form::Tar => tar(bytes)?,
        Form::TarGz => tar(&limited(flate2::read::MultiGzDecoder::new(bytes))?)?,
    };
    match files.is_empty() {
        true => Err("it holds no files".to_owned()),
        false => Ok(files),
    }
}

/// Reads all, unless it is too much.
fn limited(reader: impl Read) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let most = u64::try_from(LARGEST).unwrap_or(u64::MAX);
    let read = reader.take(most + 1).read_to_end(&mut bytes);
    read.map_err(|_| "it is damaged".to_owned())?;
    match bytes.len() > LARGEST {
        true => Err("it is too large".to_owned()),
        false => Ok(bytes),
    }
}

/// Returns a path that stays inside; `None` for what leads outside, and for folders.
fn inside(name: &str) -> Option<PathBuf> {
    if name.ends_with('/') {
        return None;
    }
    let mut path = PathBuf::new();
    for part in Path::new(name).components() {
        match part {
            Component::Normal(part) => path.push(part),
            Component::CurDir => {}
            _ => return None,
        }
    }
    (!path.as_os_str().is_empty()).then_some(path)
}

fn damaged() -> String {
    "it is damaged".to_owned()
}

const BLOCK: usize = 512;

fn tar(bytes: &[u8]) -> Result<Files, String> {
    let (mut files, mut at, mut long_name) = (Vec::new(), 0, None);
    while let Some(header) = bytes.get(at..at + BLOCK) {
        if header.iter().all(|byte| *byte == 0) {
            break;
        }
        let size = octal(header.get(124..136).unwrap_or_default()).ok_or_else(damaged)?;
        let start = at + BLOCK;
        let content = start
            .checked_add(size)
            .and_then(|end| bytes.get(start..end));
        let content = content.ok_or_else(damaged)?;
        match header.get(156) {
            Some(b'L') => long_name = Some(text(content)),
            Some(b'x') => long_name = pax_path(content).or(long_name),
            Some(b'0' | 0) => {
                let name = long_name.take().unwrap_or_else(|| plain_name(header));
                if let Some(path) = inside(&name) {
                    files.push((path, content.to_vec()));
                }
            }
            _ => long_name = None,
        }
        at = start + size.div_ceil(BLOCK) * BLOCK;
    }
    Ok(files)
}

fn text(bytes: &[u8]) -> String {
    let end = bytes
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(bytes.len());
    String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned()
}

fn octal(bytes: &[u8]) -> Option<usize> {
    let digits = text(bytes);
    usize::from_str_radix(digits.trim(), 8).ok()
}

/// Returns the name in a header, with its prefix.
fn plain_name(header: &[u8]) -> String {
    let name = text(header.get(..100).unwrap_or_default());
    let prefix = text(header.get(345..500).unwrap_or_default());
    let is_ustar = header.get(257..262) == Some(b"ustar");
    match is_ustar && !prefix.is_empty() {
        true => format!("{prefix}/{name}"),
        false => name,
    }
}

/// Finds `path` among the records `LENGTH KEY=VALUE\n` of an extended header.
fn pax_path(content: &[u8]) -> Option<String> {
    let records = String::from_utf8_lossy(content).into_owned();
    let mut lines = records.lines();
    lines.find_map(|line| Some(line.split_once(" path=")?.1.to_owned()))
}

/// Reads a number of `N` bytes, the least first.
fn number<const N: usize>(bytes: &[u8], at: usize) -> Option<usize> {
    let found = bytes.get(at..at.checked_add(N)?)?;
    let value = found
        .iter()
        .rev()
        .fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
    usize::try_from(value).ok()
}

const END: &[u8] = b"PK\x05\x06";
const ENTRY: &[u8] = b"PK\x01\x02";

fn zip(bytes: &[u8]) -> Result<Files, String> {
    let end = bytes
        .windows(4)
        .rposition(|four| four == END)
        .ok_or_else(damaged)?;
    let count = number::<2>(bytes, end + 10).ok_or_else(damaged)?;
    let mut at = number::<4>(bytes, end + 16).ok_or_else(damaged)?;
    let (mut files, mut total) = (Vec::new(), 0_usize);
    for _ in 0..count {
        let entry = entry(bytes, at).ok_or_else(damaged)?;
        at = entry.next;
        let Some(path) = inside(&entry.name).filter(|_| entry.is_file) else {
            continue;
        };
        total = total.saturating_add(entry.size);
        if total > LARGEST {
            return Err("it is too large".to_owned());
        }
        files.push((path, content(bytes, &entry)?));
    }
    Ok(files)
}

/// An entry of the list at the end of a `.zip`.
struct Entry {
    name: String,
    method: usize,
    sum: usize,
    packed: usize,
    size: usize,
    /// Where its own header begins.
    header: usize,
    is_file: bool,
    /// Where the next entry begins.
    next: usize,
}

fn entry(bytes: &[u8], at: usize) -> Option<Entry> {
    if bytes.get(at..at.checked_add(4)?)? != ENTRY {
        return None;
    }
    let [name, extra, comment] = [28, 30, 32].map(|place| number::<2>(bytes, at + place));
    let (name, extra, comment) = (name?, extra?, comment?);
    let mode = number::<4>(bytes, at + 38)? >> 16;
    Some(Entry {
        name: String::from_utf8_lossy(bytes.get(at + 46..at + 46 + name)?).into_owned(),
        method: number::<2>(bytes, at + 10)?,
        sum: number::<4>(bytes, at + 16)?,
        packed: number::<4>(bytes, at + 20)?,
        size: number::<4>(bytes, at + 24)?,
        header: number::<4>(bytes, at + 42)?,
        // A mode of its own tells links; without one it is a file.
        is_file: mode & 0o170_000 == 0 || mode & 0o170_000 == 0o100_000,
        next: at + 46 + name + extra + comment,
    })
}

fn content(bytes: &[u8], entry: &Entry) -> Result<Vec<u8>, String> {
    let lengths = [26, 28].map(|place| number::<2>(bytes, entry.header.saturating_add(place)));
    let [Some(name), Some(extra)] = lengths else {
        return Err(damaged());
    };
    let start = entry.header + 30 + name + extra;
    let packed = start
        .checked_add(entry.packed)
        .and_then(|end| bytes.get(start..end));
    let packed = packed.ok_or_else(damaged)?;
    let content = match entry.method {
        0 => packed.to_vec(),
        8 => limited(flate2::read::DeflateDecoder::new(packed))?,
        other => return Err(format!("`{}` is packed by method {other}", entry.name)),
    };
    let sum = usize::try_from(crc32fast::hash(&content)).ok();
    match sum == Some(entry.sum) {
        true => Ok(content),
        false => Err(damaged()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn tar_entry(name: &str, kind: u8, content: &[u8]) -> Vec<u8> {
        let mut header = vec![0; BLOCK];
        header[..name.len()].copy_from_slice(name.as_bytes());
        let size = format!("{:011o}", content.len());
        header[124..135].copy_from_slice(size.as_bytes());
        header[156] = kind;
        header.extend_from_slice(content);
        header.resize(BLOCK + content.len().div_ceil(BLOCK) * BLOCK, 0);
        header
    }

    fn gzipped(bytes: &[u8]) -> Vec<u8> {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap()
    }

    #[test]
    fn a_tar_gives_its_files_and_nothing_outside() {
        let mut bytes = tar_entry("m/", b'5', b"");
        bytes.extend(tar_entry("m/main.tf", b'0', b"locals {}\n"));
        bytes.extend(tar_entry("../outside.tf", b'0', b"x"));
        bytes.extend(tar_entry("/etc/outside", b'0', b"x"));
        bytes.extend(tar_entry("m/link", b'2', b""));
        bytes.extend(tar_entry("pax", b'x', b"20 path=m/long.tf\n"));
        bytes.extend(tar_entry("short", b'0', b"y"));
        bytes.extend(vec![0; 2 * BLOCK]);
        let expected: Files = vec![
            ("m/main.tf".into(), b"locals {}\n".to_vec()),
            ("m/long.tf".into(), b"y".to_vec()),
        ];
        assert_eq!(unpack(&bytes, Form::Tar).unwrap(), expected);
        assert_eq!(unpack(&gzipped(&bytes), Form::TarGz).unwrap(), expected);
        for cut in [1, 100, 600, bytes.len() / 2] {
            let _ = unpack(&bytes[..cut], Form::Tar);
        }
        assert!(unpack(b"no archive", Form::TarGz).is_err());
    }

    /// One deflated file `a.tf` and one link, as zip 3.0 writes them.
    fn zipped() -> Vec<u8> {
        let content = b"locals {}\n";
        let mut packer =
            flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(content).unwrap();
        let packed = packer.finish().unwrap();
        let sum = crc32fast::hash(content).to_le_bytes();
        let sizes = |bytes: &mut Vec<u8>| {
            bytes.extend(sum);
            bytes.extend(u32::try_from(packed.len()).unwrap().to_le_bytes());
            bytes.extend(u32::try_from(content.len()).unwrap().to_le_bytes());
        };
        let mut bytes = b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0".to_vec();
        sizes(&mut bytes);
        bytes.extend(b"\x04\0\0\0a.tf");
        bytes.extend(&packed);
        let list = u32::try_from(bytes.len()).unwrap();
        for mode in [0o100_644_u32, 0o120_777] {
            bytes.extend(b"PK\x01\x02\x1e\x03\x14\0\0\0\x08\0\0\0\0\0");
            sizes(&mut bytes);
            bytes.extend(b"\x04\0\0\0\0\0\0\0\0\0");
            bytes.extend((mode << 16).to_le_bytes());
            bytes.extend(b"\0\0\0\0a.tf");
        }
        let size = u32::try_from(bytes.len()).unwrap() - list;
        bytes.extend(b"PK\x05\x06\0\0\0\0\x02\0\x02\0");
        bytes.extend(size.to_le_bytes());
        bytes.extend(list.to_le_bytes());
        bytes.extend(b"\0\0");
        bytes
    }

    #[test]
    fn a_zip_gives_its_files() {
        let bytes = zipped();
        let expected: Files = vec![("a.tf".into(), b"locals {}\n".to_vec())];
        assert_eq!(unpack(&bytes, Form::Zip).unwrap(), expected);
        let mut broken = bytes.clone();
        broken[36] ^= 0xff;
        assert!(unpack(&broken, Form::Zip).is_err());
        for cut in 0..bytes.len() {
            let _ = unpack(&bytes[..cut], Form::Zip);
        }
    }
}
