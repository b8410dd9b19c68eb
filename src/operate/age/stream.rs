//! The payload: pieces of 64 KiB, each sealed, the last one marked, so that nothing can be cut off, swapped or added.

use super::Unopened;
use super::header::{self, FILE_KEY, Identity, Recipient};
use ring::aead;
use std::io::{self, Read, Write};
use zeroize::Zeroizing;

/// Bytes of a piece.
const PIECE: usize = 64 << 10;
const TAG: usize = 16;

/// The cipher of the payload, with the number of the next piece.
struct Pieces {
    key: aead::LessSafeKey,
    next: u64,
}

impl Pieces {
    fn new(file_key: &[u8], nonce: &[u8; 16]) -> Option<Pieces> {
        let key = header::derived(file_key, nonce, b"payload")?;
        Some(Pieces {
            key: header::cipher(&key)?,
            next: 0,
        })
    }

    /// Eleven bytes count the pieces, the twelfth tells the last.
    fn nonce(&mut self, last: bool) -> aead::Nonce {
        let mut bytes = [0; 12];
        let (count, mark) = bytes.split_at_mut(11);
        for (to, from) in count
            .iter_mut()
            .rev()
            .zip(self.next.to_be_bytes().iter().rev())
        {
            *to = *from;
        }
        mark.fill(u8::from(last));
        self.next += 1;
        aead::Nonce::assume_unique_for_key(bytes)
    }

    fn seal(&mut self, piece: &mut Vec<u8>, last: bool) -> io::Result<()> {
        let nonce = self.nonce(last);
        let sealed = self
            .key
            .seal_in_place_append_tag(nonce, aead::Aad::empty(), piece);
        sealed.map_err(|_| io::Error::other("it cannot be encrypted"))
    }

    fn open(&mut self, piece: &mut Vec<u8>, last: bool) -> Result<(), Unopened> {
        let nonce = self.nonce(last);
        let plain = self.key.open_in_place(nonce, aead::Aad::empty(), piece);
        let length = plain.map_err(|_| Unopened::Altered)?.len();
        piece.truncate(length);
        Ok(())
    }
}

/// Encrypts what is written to it. Without [`Sealing::finish`] the file stays incomplete.
pub struct Sealing<W: Write> {
    to: W,
    pieces: Pieces,
    held: Zeroizing<Vec<u8>>,
}

impl<W: Write> Sealing<W> {
    /// Writes the header.
    ///
    /// # Errors
    /// When there are no recipients, or the header cannot be written.
    pub fn new(mut to: W, recipients: &[Recipient]) -> io::Result<Sealing<W>> {
        let file_key = Zeroizing::new(rand::random::<[u8; FILE_KEY]>());
        let nonce: [u8; 16] = rand::random();
        let cannot = || io::Error::other("there is no recipient that can be encrypted to");
        let text = header::write(&file_key, recipients).ok_or_else(cannot)?;
        to.write_all(text.as_bytes())?;
        to.write_all(&nonce)?;
        Ok(Sealing {
            to,
            pieces: Pieces::new(&*file_key, &nonce).ok_or_else(cannot)?,
            held: Zeroizing::new(Vec::with_capacity(PIECE + TAG)),
        })
    }

    fn send(&mut self, last: bool) -> io::Result<()> {
        self.pieces.seal(&mut self.held, last)?;
        self.to.write_all(&self.held)?;
        self.held.clear();
        Ok(())
    }

    /// Writes the last piece and hands the writer back.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self) -> io::Result<W> {
        self.send(true)?;
        self.to.flush()?;
        Ok(self.to)
    }
}

impl<W: Write> Write for Sealing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.held.len() == PIECE && !bytes.is_empty() {
            self.send(false)?;
        }
        let (now, _) = bytes.split_at(bytes.len().min(PIECE - self.held.len()));
        self.held.extend_from_slice(now);
        Ok(now.len())
    }

    /// A piece is written when it is full.
    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Decrypts what is read from it. Each piece is checked before it is handed on; a file that is cut off ends in an error.
pub struct Opening<R: Read> {
    from: R,
    pieces: Pieces,
    /// Encrypted bytes read ahead: one more than a piece tells whether it is the last.
    ahead: Vec<u8>,
    plain: Zeroizing<Vec<u8>>,
    given: usize,
    ended: bool,
}

impl<R: Read> Opening<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// When it is none, is not for these identities, or was altered.
    pub fn new(mut from: R, identities: &[Identity]) -> Result<Opening<R>, Unopened> {
        let text = header::read_text(&mut from)?;
        let key = header::read(&text, identities)?;
        let mut nonce = [0; 16];
        from.read_exact(&mut nonce).map_err(|_| Unopened::Altered)?;
        Ok(Opening {
            from,
            pieces: Pieces::new(&key, &nonce).ok_or(Unopened::Altered)?,
            ahead: Vec::with_capacity(PIECE + TAG + 1),
            plain: Zeroizing::default(),
            given: 0,
            ended: false,
        })
    }

    /// Opens the next piece.
    fn next(&mut self) -> io::Result<()> {
        let wanted = PIECE + TAG + 1 - self.ahead.len();
        let read = (&mut self.from)
            .take(wanted as u64)
            .read_to_end(&mut self.ahead)?;
        self.ended = read < wanted;
        let rest = match self.ended {
            true => Vec::new(),
            false => self.ahead.split_off(PIECE + TAG),
        };
        let mut piece = Zeroizing::new(std::mem::replace(&mut self.ahead, rest));
        let first = self.pieces.next == 0;
        self.pieces.open(&mut piece, self.ended)?;
        // Only an empty file has an empty piece.
        if piece.is_empty() && !first {
            return Err(Unopened::Altered.into());
        }
        (self.plain, self.given) = (piece, 0);
        Ok(())
    }
}

impl<R: Read> Read for Opening<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.given == self.plain.len() {
            if self.ended || into.is_empty() {
                return Ok(0);
            }
            self.next()?;
        }
        let rest = self.plain.get(self.given..).unwrap_or_default();
        let length = rest.len().min(into.len());
        if let (Some(to), Some(from)) = (into.get_mut(..length), rest.get(..length)) {
            to.copy_from_slice(from);
        }
        self.given += length;
        Ok(length)
    }
}
