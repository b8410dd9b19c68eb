//! Snapshots of raft storage: streamed to a file and back, their digests checked, encrypted where asked for, old ones
//! removed.

mod archive;
pub mod retention;

pub use archive::{Broken, Check, Contents};

use super::age::{Identity, Opening, Recipient, Sealing};
use super::durable::Beside;
use crate::server::{Connection, Http, Pieces, Request, ServerError};
use crate::source::Diagnostic;
use bytes::Bytes;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

const PATH: &str = "sys/storage/raft/snapshot";

/// Restores although the snapshot is of another cluster, or of this one under other keys.
const FORCED: &str = "sys/storage/raft/snapshot-force";

/// Bytes read and sent at once.
const PIECE: usize = 64 << 10;

/// How an age file begins.
const AGE: &[u8] = b"age-encryption.org/";

/// Refuses servers whose storage cannot make snapshots.
///
/// # Errors
/// Says what to do there instead.
pub fn check_storage(storage: &str, address: &str) -> Result<(), Diagnostic> {
    let instead = match storage {
        "raft" => return Ok(()),
        "inmem" => {
            "it keeps everything in memory: there is nothing that a backup could come back to"
        }
        "postgresql" => "back its database up with `pg_dump` or the means of whoever runs it",
        "consul" => "back Consul up with `consul snapshot save`",
        "file" => {
            "stop the server and copy the folder in `path`, or move it to raft with `operator migrate`"
        }
        _ => "back the storage itself up, or move the server to raft with `operator migrate`",
    };
    let message = format!(
        "the server at `{address}` has storage `{storage}`, and only raft can make snapshots"
    );
    Err(Diagnostic::error("no-snapshots", message).hint(instead))
}

/// Saves a snapshot to a file, encrypted where there are recipients; it is there as a whole, checked, or not at all.
///
/// # Errors
/// When it cannot be read, written, or is not whole.
pub async fn save(
    connection: &Connection,
    file: &Path,
    recipients: &[Recipient],
) -> Result<Contents, Failure> {
    let unwritten = |error: io::Error| Failure::File(error.to_string());
    let beside = Beside::new(file).map_err(unwritten)?;
    let target = BufWriter::with_capacity(PIECE, beside.create().map_err(unwritten)?);
    let mut to = To::new(target, recipients).map_err(unwritten)?;
    let mut check = Check::default();
    let take = |piece: &[u8]| {
        check.write_all(piece)?;
        to.write_all(piece)
    };
    let taken = connection.server.download(Request::get(PATH), take).await;
    match (taken, check.finish()) {
        (Ok(_), Ok(contents)) => {
            let file = to.finish().map_err(unwritten)?;
            file.sync_all().map_err(unwritten)?;
            beside.put_in_place().map_err(unwritten)?;
            Ok(contents)
        }
        (Err(error), _) => Err(Failure::Server(error)),
        (Ok(_), Err(broken)) => Err(Failure::Broken(broken)),
    }
}

/// Why a snapshot was not saved or not restored.
#[derive(Debug)]
pub enum Failure {
    Server(ServerError),
    /// The file cannot be read or written.
    File(String),
    /// It is not whole, or no snapshot.
    Broken(Broken),
}

impl Failure {
    /// Says it.
    #[must_use]
    pub fn to_diagnostic(&self, file: &Path) -> Diagnostic {
        let file = file.display();
        match self {
            Failure::Server(error) => error.to_diagnostic(),
            Failure::File(why) => {
                Diagnostic::error("file-unusable", format!("`{file}` cannot be used: {why}"))
            }
            Failure::Broken(broken) => {
                let message = format!("`{file}` is no whole snapshot: {broken}");
                Diagnostic::error("snapshot-broken", message)
                    .hint("take another one, or another copy of this one")
            }
        }
    }
}

/// A file, encrypted or not.
enum To {
    Plain(BufWriter<File>),
    Age(Box<Sealing<BufWriter<File>>>),
}

impl To {
    fn new(file: BufWriter<File>, recipients: &[Recipient]) -> io::Result<To> {
        match recipients {
            [] => Ok(To::Plain(file)),
            some => Ok(To::Age(Box::new(Sealing::new(file, some)?))),
        }
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            To::Plain(file) => file.write_all(bytes),
            To::Age(sealing) => sealing.write_all(bytes),
        }
    }

    fn finish(self) -> io::Result<File> {
        let file = match self {
            To::Plain(file) => file,
            To::Age(sealing) => sealing.finish()?,
        };
        file.into_inner().map_err(io::IntoInnerError::into_error)
    }
}

/// Opens a file, encrypted or not.
///
/// # Errors
/// When it cannot be read, or is encrypted to nobody here.
pub fn open(file: &Path, identities: &[Identity]) -> Result<Box<dyn Read + Send>, Failure> {
    let unread = |error: io::Error| Failure::File(error.to_string());
    let mut begin = [0; AGE.len()];
    let read = File::open(file).and_then(|mut file| file.read_exact(&mut begin));
    match read {
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(unread(error)),
        _ => {}
    }
    let whole = BufReader::with_capacity(PIECE, File::open(file).map_err(unread)?);
    if begin != AGE {
        return Ok(Box::new(whole));
    }
    let opening = Opening::new(whole, identities);
    Ok(Box::new(
        opening.map_err(|why| Failure::File(why.to_string()))?,
    ))
}

/// Reads a snapshot to its end and checks it.
///
/// # Errors
/// When it cannot be read or is not whole.
pub fn inspect(file: &Path, identities: &[Identity]) -> Result<Contents, Failure> {
    let mut from = open(file, identities)?;
    let mut check = Check::default();
    match io::copy(&mut from, &mut check) {
        Ok(_) => check.finish().map_err(Failure::Broken),
        Err(error) => Err(Failure::Broken(Broken(error.to_string()))),
    }
}

/// Sends a snapshot to a server, which then is what it was. It is checked before; `forced` takes one of other keys, too.
///
/// # Errors
/// When it is not whole, or the server refuses it.
pub async fn restore(
    server: &Http,
    file: &Path,
    identities: Vec<Identity>,
    forced: bool,
) -> Result<(), Failure> {
    let from = open(file, &identities)?;
    let (sender, pieces): (_, Pieces) = tokio::sync::mpsc::channel(4);
    let reading = tokio::task::spawn_blocking(move || feed(from, &sender));
    let path = if forced { FORCED } else { PATH };
    let request = Request::new(crate::server::Verb::Post, path);
    let sent = server.upload(request, pieces).await;
    let read = reading
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::BrokenPipe.into()));
    match (sent, read) {
        (Ok(()), _) => Ok(()),
        (Err(_), Err(error)) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::File(error.to_string()))
        }
        (Err(error), _) => Err(Failure::Server(error)),
    }
}

fn feed(
    mut from: Box<dyn Read + Send>,
    to: &tokio::sync::mpsc::Sender<io::Result<Bytes>>,
) -> io::Result<()> {
    let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
    loop {
        let mut piece = vec![0; PIECE];
        match from.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(length) => {
                piece.truncate(length);
                to.blocking_send(Ok(piece.into())).map_err(|_| gone())?;
            }
            Err(error) => {
                // The request breaks off: half a snapshot must not look like a whole one.
                let told = io::Error::new(error.kind(), error.to_string());
                let _ = to.blocking_send(Err(error));
                return Err(told);
            }
        }
    }
}
