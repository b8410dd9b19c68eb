//! Bech32 (BIP 173), in which age writes keys.

use zeroize::Zeroizing;

const DIGITS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// Writes bytes under a name, in lower case.
#[must_use]
pub fn encode(name: &str, bytes: &[u8]) -> Zeroizing<String> {
    let mut groups = Zeroizing::new(regroup(bytes, 8, 5, true).unwrap_or_default());
    let check = remainder(name, &[groups.as_slice(), &[0; 6]].concat()) ^ 1;
    groups.extend((0..6).map(|at| ((check >> (5 * (5 - at))) & 31) as u8));
    let mut text = Zeroizing::new(String::with_capacity(name.len() + 1 + groups.len()));
    text.push_str(name);
    text.push('1');
    text.extend(groups.iter().filter_map(|group| digit(*group)));
    text
}

/// Reads name and bytes; `None` where the checksum does not fit.
#[must_use]
pub fn decode(text: &str) -> Option<(String, Zeroizing<Vec<u8>>)> {
    let lower = Zeroizing::new(text.to_ascii_lowercase());
    if *lower != text && text.to_ascii_uppercase() != text {
        return None;
    }
    let (name, digits) = lower.rsplit_once('1')?;
    let groups: Option<Vec<u8>> = digits.bytes().map(value).collect();
    let groups = Zeroizing::new(groups?);
    if remainder(name, &groups) != 1 {
        return None;
    }
    let payload = groups.get(..groups.len().checked_sub(6)?)?;
    let bytes = Zeroizing::new(regroup(payload, 5, 8, false)?);
    Some((name.to_owned(), bytes))
}

fn digit(group: u8) -> Option<char> {
    DIGITS.get(usize::from(group)).copied().map(char::from)
}

fn value(digit: u8) -> Option<u8> {
    let at = DIGITS.iter().position(|known| *known == digit)?;
    u8::try_from(at).ok()
}

/// The checksum's polynomial over the name and the groups.
fn remainder(name: &str, groups: &[u8]) -> u32 {
    const POLYNOMIAL: [u32; 5] = [
        0x3b6a_57b2,
        0x2650_8e6d,
        0x1ea1_19fa,
        0x3d42_33dd,
        0x2a14_62b3,
    ];
    let high = name.bytes().map(|byte| byte >> 5);
    let low = name.bytes().map(|byte| byte & 31);
    let all = high.chain([0]).chain(low).chain(groups.iter().copied());
    all.fold(1_u32, |sum, group| {
        let top = sum >> 25;
        let next = ((sum & 0x01ff_ffff) << 5) ^ u32::from(group);
        let used = POLYNOMIAL.iter().enumerate();
        used.filter(|(bit, _)| (top >> bit) & 1 == 1)
            .fold(next, |sum, (_, part)| sum ^ part)
    })
}

/// Cuts bits into groups of another size. Without `pad`, bits that are left over must be fewer than a group and zero.
fn regroup(groups: &[u8], from: u32, to: u32, pad: bool) -> Option<Vec<u8>> {
    let (mut held, mut bits) = (0_u32, 0);
    let mut out = Vec::with_capacity(groups.len() * from as usize / to as usize + 1);
    for group in groups {
        held = (held << from) | u32::from(*group);
        bits += from;
        while bits >= to {
            bits -= to;
            out.push(((held >> bits) & ((1 << to) - 1)) as u8);
        }
        held &= (1 << bits) - 1;
    }
    if pad && bits > 0 {
        out.push(((held << (to - bits)) & ((1 << to) - 1)) as u8);
    }
    (pad || (bits < from && held == 0)).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_comes_back_and_errors_are_found() {
        let text = encode("age", &[7; 32]);
        assert_eq!(
            decode(&text).unwrap(),
            ("age".to_owned(), Zeroizing::new(vec![7; 32]))
        );
        assert!(decode(&text.to_ascii_uppercase()).is_some());
        assert!(decode(&text.replacen('q', "p", 1)).is_none());
        assert!(decode("Age1qq").is_none() && decode("").is_none() && decode("age1").is_none());
        // From BIP 173.
        assert!(decode("A12UEL5L").is_some());
        assert!(decode("split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w").is_some());
    }
}
