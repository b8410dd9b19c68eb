//! Hashes, passwords and identifiers.

use md5::Md5;
use sha1::Sha1;
use sha2::digest::Digest;
use sha2::{Sha256, Sha512};

use super::call::{Call, FunctionError, Phase, gives_text};
use super::encoding::{from_base64, to_base64};
use super::files::read;
use super::function::{Function, number, text};
use super::rsa;
use crate::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "base64sha256",
        "Returns the SHA-256 of text, in base64.",
        r#"base64sha256("hello")"#,
        &[text("str")],
        gives_text,
        |call| of_text::<Sha256>(call, in_base64),
    ),
    Function::new(
        "base64sha512",
        "Returns the SHA-512 of text, in base64.",
        r#"base64sha512("hello")"#,
        &[text("str")],
        gives_text,
        |call| of_text::<Sha512>(call, in_base64),
    ),
    Function::new(
        "bcrypt",
        "Hashes a password with bcrypt; another result each time, so only at apply.",
        r#"bcrypt("secret", 10)"#,
        &[text("str")],
        gives_text,
        bcrypt,
    )
    .variadic(number("cost"))
    .impure(),
    Function::new(
        "filebase64sha256",
        "Returns the SHA-256 of a file, in base64.",
        r#"filebase64sha256("a.txt")"#,
        &[text("path")],
        gives_text,
        |call| of_file::<Sha256>(call, in_base64),
    ),
    Function::new(
        "filebase64sha512",
        "Returns the SHA-512 of a file, in base64.",
        r#"filebase64sha512("a.txt")"#,
        &[text("path")],
        gives_text,
        |call| of_file::<Sha512>(call, in_base64),
    ),
    Function::new(
        "filemd5",
        "Returns the MD5 of a file.",
        r#"filemd5("a.txt")"#,
        &[text("path")],
        gives_text,
        |call| of_file::<Md5>(call, in_hex),
    ),
    Function::new(
        "filesha1",
        "Returns the SHA-1 of a file.",
        r#"filesha1("a.txt")"#,
        &[text("path")],
        gives_text,
        |call| of_file::<Sha1>(call, in_hex),
    ),
    Function::new(
        "filesha256",
        "Returns the SHA-256 of a file.",
        r#"filesha256("a.txt")"#,
        &[text("path")],
        gives_text,
        |call| of_file::<Sha256>(call, in_hex),
    ),
    Function::new(
        "filesha512",
        "Returns the SHA-512 of a file.",
        r#"filesha512("a.txt")"#,
        &[text("path")],
        gives_text,
        |call| of_file::<Sha512>(call, in_hex),
    ),
    Function::new(
        "md5",
        "Returns the MD5 of text.",
        r#"md5("hello")"#,
        &[text("str")],
        gives_text,
        |call| of_text::<Md5>(call, in_hex),
    ),
    Function::new(
        "rsadecrypt",
        "Decrypts what was encrypted with an RSA key (PKCS #1 v1.5).",
        r#"rsadecrypt(filebase64("a.bin"), file("key.pem"))"#,
        &[text("ciphertext"), text("privatekey")],
        gives_text,
        rsadecrypt,
    ),
    Function::new(
        "sha1",
        "Returns the SHA-1 of text.",
        r#"sha1("hello")"#,
        &[text("str")],
        gives_text,
        |call| of_text::<Sha1>(call, in_hex),
    ),
    Function::new(
        "sha256",
        "Returns the SHA-256 of text.",
        r#"sha256("hello")"#,
        &[text("str")],
        gives_text,
        |call| of_text::<Sha256>(call, in_hex),
    ),
    Function::new(
        "sha512",
        "Returns the SHA-512 of text.",
        r#"sha512("hello")"#,
        &[text("str")],
        gives_text,
        |call| of_text::<Sha512>(call, in_hex),
    ),
    Function::new(
        "uuid",
        "Returns a random identifier; another each time, so only at apply.",
        "uuid()",
        &[],
        gives_text,
        uuid,
    )
    .impure(),
    Function::new(
        "uuidv5",
        "Returns the identifier of a name within a namespace.",
        r#"uuidv5("dns", "example.org")"#,
        &[text("namespace"), text("name")],
        gives_text,
        uuidv5,
    ),
];

type Outcome = Result<Value, FunctionError>;

fn in_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn in_base64(bytes: &[u8]) -> String {
    to_base64(bytes)
}

fn of_text<D: Digest>(call: &Call<'_>, write: fn(&[u8]) -> String) -> Outcome {
    Ok(Value::from(write(&D::digest(call.text(0)))))
}

fn of_file<D: Digest>(call: &Call<'_>, write: fn(&[u8]) -> String) -> Outcome {
    Ok(Value::from(write(&D::digest(read(call, 0)?))))
}

fn bcrypt(call: &Call<'_>) -> Outcome {
    if call.arguments.len() > 2 {
        return Err(FunctionError::new("`bcrypt` takes one or two arguments"));
    }
    let cost = match call.arguments.get(1) {
        None => 10,
        Some(_) => u32::try_from(call.whole(1)?)
            .ok()
            .filter(|cost| *cost <= 31)
            .ok_or_else(|| FunctionError::at(1, "a cost from 4 to 31 is required"))?,
    };
    let cost = if cost < 4 { 10 } else { cost };
    if call.text(0).len() > 72 {
        return Err(FunctionError::at(
            0,
            "a password of more than 72 bytes cannot be hashed",
        ));
    }
    if call.context.phase == Phase::Plan {
        return Ok(call.unknown());
    }
    let mut salt = [0; 16];
    (call.context.entropy)(&mut salt);
    ::bcrypt::hash_with_salt(call.text(0), cost, salt)
        .map(|parts| Value::from(parts.format_for_version(::bcrypt::Version::TwoA)))
        .map_err(|_| FunctionError::at(0, "the password cannot be hashed"))
}

fn rsadecrypt(call: &Call<'_>) -> Outcome {
    let ciphertext = from_base64(call.text(0)).map_err(|message| FunctionError::at(0, message))?;
    let key =
        rsa::PrivateKey::from_pem(call.text(1)).map_err(|message| FunctionError::at(1, message))?;
    let plain = key.decrypt(&ciphertext).map_err(FunctionError::new)?;
    String::from_utf8(plain)
        .map(|text| Value::text(&text))
        .map_err(|_| FunctionError::new("the decrypted bytes are not valid UTF-8"))
}

fn uuid(call: &Call<'_>) -> Outcome {
    if call.context.phase == Phase::Plan {
        return Ok(call.unknown());
    }
    let mut bytes = [0; 16];
    (call.context.entropy)(&mut bytes);
    Ok(Value::from(
        ::uuid::Builder::from_random_bytes(bytes)
            .into_uuid()
            .to_string(),
    ))
}

fn uuidv5(call: &Call<'_>) -> Outcome {
    let namespace = match call.text(0) {
        "dns" => ::uuid::Uuid::NAMESPACE_DNS,
        "url" => ::uuid::Uuid::NAMESPACE_URL,
        "oid" => ::uuid::Uuid::NAMESPACE_OID,
        "x500" => ::uuid::Uuid::NAMESPACE_X500,
        other => ::uuid::Uuid::parse_str(other).map_err(|_| {
            let shown = call.shown(other);
            FunctionError::at(
                0,
                format!("{shown} is neither dns, url, oid, x500 nor an identifier"),
            )
        })?,
    };
    Ok(Value::from(
        ::uuid::Uuid::new_v5(&namespace, call.text(1).as_bytes()).to_string(),
    ))
}
