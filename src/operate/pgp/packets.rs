//! The packets of an OpenPGP message (RFC 4880).

pub const SIGNATURE: u8 = 2;
pub const SECRET_KEY: u8 = 5;
pub const PUBLIC_KEY: u8 = 6;
pub const USER_ID: u8 = 13;
pub const SUBKEY: u8 = 14;

/// Kinds of signatures.
pub const KEY_REVOKED: u8 = 0x20;
pub const SUBKEY_REVOKED: u8 = 0x28;

/// A packet.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    pub tag: u8,
    pub body: &'a [u8],
}

/// What a signature says.
#[derive(Clone, Debug, Default)]
pub struct Signature {
    pub kind: u8,
    /// Seconds since 1970.
    pub made: u32,
    /// Seconds from the making of the key until it expires; 0 is never.
    pub lasts: Option<u32>,
    pub flags: Option<u8>,
    /// The id of the key that signed.
    pub issuer: Option<u64>,
}

/// Cuts bytes into packets; `None` where they do not add up.
#[must_use]
pub fn packets(bytes: &[u8]) -> Option<Vec<Packet<'_>>> {
    let (mut rest, mut found) = (bytes, Vec::new());
    while let Some((head, after)) = rest.split_first() {
        if head & 0x80 == 0 {
            return None;
        }
        let (tag, length, after) = match head & 0x40 {
            0 => {
                let (length, after) = old_length(after, head & 3)?;
                ((head >> 2) & 15, length, after)
            }
            _ => {
                let (length, after) = new_length(after)?;
                (head & 63, length, after)
            }
        };
        let (body, after) = after.split_at_checked(length)?;
        found.push(Packet { tag, body });
        rest = after;
    }
    Some(found)
}

fn old_length(bytes: &[u8], kind: u8) -> Option<(usize, &[u8])> {
    let (length, rest) = bytes.split_at_checked(match kind {
        0 => 1,
        1 => 2,
        2 => 4,
        // Keys have no packets of unknown length.
        _ => return None,
    })?;
    Some((number(length), rest))
}

fn new_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    match first {
        0..192 => Some((usize::from(*first), rest)),
        192..224 => {
            let (second, rest) = rest.split_first()?;
            let length = (usize::from(*first) - 192) * 256 + usize::from(*second) + 192;
            Some((length, rest))
        }
        255 => {
            let (length, rest) = rest.split_at_checked(4)?;
            Some((number(length), rest))
        }
        _ => None,
    }
}

fn number(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .fold(0, |number, byte| number << 8 | usize::from(*byte))
}

impl Signature {
    /// Reads a signature of version 4; `None` for others.
    #[must_use]
    pub fn read(body: &[u8]) -> Option<Signature> {
        let (4, kind) = (*body.first()?, *body.get(1)?) else {
            return None;
        };
        let mut signature = Signature {
            kind,
            ..Signature::default()
        };
        let (hashed, rest) = area(body.get(4..)?)?;
        signature.learn(hashed, true);
        let (unhashed, _) = area(rest)?;
        signature.learn(unhashed, false);
        Some(signature)
    }

    /// Tells whether it says what a key is for: a certificate of a name, of the key itself, of a subkey.
    #[must_use]
    pub fn binds(&self) -> bool {
        matches!(self.kind, 0x10..=0x13 | 0x18 | 0x1f)
    }

    /// Reads subpackets; of those that are not signed only the issuer is believed.
    fn learn(&mut self, mut rest: &[u8], signed: bool) {
        while let Some((length, after)) = new_length(rest) {
            let Some((body, after)) = after.split_at_checked(length) else {
                return;
            };
            rest = after;
            let Some((kind, value)) = body.split_first() else {
                continue;
            };
            let small = || u32::try_from(number(value.get(..4).unwrap_or(value))).ok();
            match (kind & 0x7f, signed) {
                (2, true) => self.made = small().unwrap_or_default(),
                (9, true) => self.lasts = small(),
                (27, true) => self.flags = value.first().copied(),
                (16, _) => self.issuer = value.try_into().ok().map(u64::from_be_bytes),
                (33, _) => {
                    let id = value.len().checked_sub(8).and_then(|at| value.get(at..));
                    let id = id.and_then(|id| id.try_into().ok());
                    self.issuer = self.issuer.or(id.map(u64::from_be_bytes));
                }
                _ => {}
            }
        }
    }
}

/// Cuts an area of subpackets off, which begins with its length in two bytes.
fn area(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_at_checked(2)?;
    rest.split_at_checked(number(length))
}
