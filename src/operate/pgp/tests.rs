use super::*;

const ADA: &[u8] = include_bytes!("samples/ada.asc");
const SIGNER: &[u8] = include_bytes!("samples/signer.asc");
const LATE: &[u8] = include_bytes!("samples/late.asc");
const REVOKED: &[u8] = include_bytes!("samples/revoked.asc");

/// 2026-12-01.
const NOW: i64 = 1_796_083_200;

#[test]
fn a_good_key_is_read_in_every_form() {
    let key = read(ADA, NOW).unwrap();
    assert_eq!(key.fingerprint, "A33897C308ACD390C072B2252A095D7BFC191E8D");
    assert_eq!(key.owner, "Ada <ada@example.org>");
    assert_eq!(key.unusable, None);
    assert_eq!(read(key.base64.as_bytes(), NOW).unwrap(), key);
    let plain = STANDARD.decode(&key.base64).unwrap();
    assert_eq!(read(&plain, NOW).unwrap(), key);
    assert!(same_fingerprint(
        "0xa338 97c3 08ac d390 c072  b225 2a09 5d7b fc19 1e8d",
        &key.fingerprint
    ));
    assert!(!same_fingerprint("FC191E8D", &key.fingerprint));
}

#[test]
fn keys_that_cannot_be_encrypted_to_say_why() {
    let why = |key: &[u8], now| read(key, now).unwrap().unusable;
    assert_eq!(
        why(SIGNER, NOW).unwrap(),
        "it cannot encrypt: it has no encryption key"
    );
    assert_eq!(why(LATE, NOW).unwrap(), "it expired on 2020-12-31");
    assert_eq!(why(LATE, 1_590_000_000), None, "in 2020 it was good");
    assert_eq!(why(REVOKED, NOW).unwrap(), "its encryption key is revoked");
}

#[test]
fn what_is_no_public_key_is_refused() {
    let two = [binary(ADA).unwrap(), binary(SIGNER).unwrap()].concat();
    assert!(read(&two, NOW).unwrap_err().contains("more than one"));
    let secret = b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nAAAA\n";
    assert!(read(secret, NOW).unwrap_err().contains("secret key"));
    for wrong in [
        b"hello".as_slice(),
        b"",
        b"\x99\x01",
        b"-----BEGIN PGP PUBLIC KEY BLOCK-----",
    ] {
        assert!(read(wrong, NOW).is_err());
    }
    let whole = binary(ADA).unwrap();
    for at in 0..whole.len() {
        // Never a panic, whatever is cut off.
        let _ = read(&whole[..at], NOW);
    }
}
