//! Functions that encode and decode: base64, gzip, JSON, YAML, CSV, URLs.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::sync::Arc;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use super::call::{Call, FunctionError, gives_any, gives_text};
use super::function::{Function, any, text};
use super::{csv, yaml};
use crate::value::{Refinement, Shape, Type, Value, json, normalized};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "base64decode",
        "Decodes base64 to text.",
        r#"base64decode("aGVsbG8=")"#,
        &[text("str")],
        gives_text,
        base64decode,
    ),
    Function::new(
        "base64encode",
        "Encodes text in base64.",
        r#"base64encode("hello")"#,
        &[text("str")],
        gives_text,
        base64encode,
    ),
    Function::new(
        "base64gunzip",
        "Decodes base64 and unpacks gzip.",
        r#"base64gunzip(base64gzip("hello"))"#,
        &[text("str")],
        gives_text,
        base64gunzip,
    ),
    Function::new(
        "base64gzip",
        "Packs text with gzip and encodes it in base64.",
        r#"base64gzip("hello")"#,
        &[text("str")],
        gives_text,
        base64gzip,
    ),
    Function::new(
        "csvdecode",
        "Reads comma-separated values; the first line names the attributes.",
        r#"csvdecode("a,b\n1,2")"#,
        &[text("str")],
        gives_any,
        csvdecode,
    ),
    Function::new(
        "jsondecode",
        "Reads JSON.",
        r#"jsondecode("{\"a\": 1}")"#,
        &[text("str")],
        gives_decoded,
        jsondecode,
    )
    .may_be_null(),
    Function::new(
        "jsonencode",
        "Writes a value as JSON.",
        "jsonencode({ a = [1, 2] })",
        &[any("val").nullable().unknown().dynamic()],
        gives_text,
        jsonencode,
    ),
    Function::new(
        "textdecodebase64",
        "Decodes base64 to text in a named character encoding.",
        r#"textdecodebase64("aAA=", "UTF-16LE")"#,
        &[text("source"), text("encoding")],
        gives_text,
        textdecodebase64,
    ),
    Function::new(
        "textencodebase64",
        "Encodes text in a named character encoding, then in base64.",
        r#"textencodebase64("h", "UTF-16LE")"#,
        &[text("string"), text("encoding")],
        gives_text,
        textencodebase64,
    ),
    Function::new(
        "urldecode",
        "Decodes what `urlencode` encoded.",
        r#"urldecode("a+b%21")"#,
        &[text("str")],
        gives_text,
        urldecode,
    ),
    Function::new(
        "urlencode",
        "Encodes text for the query of a URL.",
        r#"urlencode("a b!")"#,
        &[text("str")],
        gives_text,
        urlencode,
    ),
    Function::new(
        "yamldecode",
        "Reads YAML.",
        r#"yamldecode("a: 1")"#,
        &[text("src")],
        gives_any,
        yamldecode,
    )
    .may_be_null(),
    Function::new(
        "yamlencode",
        "Writes a value as YAML.",
        "yamlencode({ a = [1, 2] })",
        &[any("value").nullable().unknown().dynamic()],
        gives_text,
        yamlencode,
    ),
];

type Outcome = Result<Value, FunctionError>;

/// What a gzip may unpack to, in bytes.
const LARGEST_UNPACKED: u64 = 64 << 20;

/// Base64 as Go reads it: with padding, line breaks ignored, loose bits at the end accepted.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// Encodes bytes in base64.
pub(super) fn to_base64(bytes: impl AsRef<[u8]>) -> String {
    BASE64.encode(bytes)
}

/// Decodes base64; the message does not show the input.
pub(super) fn from_base64(text: &str) -> Result<Vec<u8>, String> {
    let joined: String = text
        .chars()
        .filter(|letter| !matches!(letter, '\r' | '\n'))
        .collect();
    BASE64
        .decode(joined)
        .map_err(|_| "the text is not base64".to_owned())
}

fn decoded(call: &Call<'_>) -> Result<Vec<u8>, FunctionError> {
    from_base64(call.text(0)).map_err(|message| FunctionError::at(0, message))
}

fn utf8(bytes: Vec<u8>) -> Outcome {
    String::from_utf8(bytes)
        .map(|text| Value::text(&text))
        .map_err(|_| FunctionError::at(0, "the decoded bytes are not valid UTF-8"))
}

fn base64decode(call: &Call<'_>) -> Outcome {
    utf8(decoded(call)?)
}

fn base64encode(call: &Call<'_>) -> Outcome {
    Ok(Value::from(to_base64(call.text(0))))
}

fn base64gunzip(call: &Call<'_>) -> Outcome {
    let packed = decoded(call)?;
    let mut unpacked = Vec::new();
    GzDecoder::new(packed.as_slice())
        .take(LARGEST_UNPACKED)
        .read_to_end(&mut unpacked)
        .map_err(|_| FunctionError::at(0, "the decoded bytes are not gzip"))?;
    utf8(unpacked)
}

fn base64gzip(call: &Call<'_>) -> Outcome {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    let packed = packer
        .write_all(call.text(0).as_bytes())
        .and_then(|()| packer.finish());
    let packed = packed.map_err(|error| FunctionError::new(error.to_string()))?;
    Ok(Value::from(to_base64(packed)))
}

fn csvdecode(call: &Call<'_>) -> Outcome {
    let rows = csv::rows(call.text(0)).map_err(|message| FunctionError::at(0, message))?;
    let Some((header, rows)) = rows.split_first() else {
        return Err(FunctionError::at(0, "the header line is missing"));
    };
    let names: Vec<Arc<str>> = header.iter().map(|name| normalized(name).into()).collect();
    if let Some(name) = names
        .iter()
        .enumerate()
        .find_map(|(at, name)| names.iter().take(at).find(|other| *other == name))
    {
        return Err(FunctionError::at(
            0,
            format!("the column name {} stands twice", call.shown(name)),
        ));
    }
    let ty = Type::object(names.iter().map(|name| (name.clone(), Type::String)));
    let row = |(at, cells): (usize, &Vec<String>)| {
        if cells.len() != names.len() {
            let line = at + 2;
            return Err(FunctionError::at(
                0,
                format!(
                    "row {line} has {} columns, the header has {}",
                    cells.len(),
                    names.len()
                ),
            ));
        }
        let cells = cells.iter().map(|cell| Value::text(cell));
        Ok(Value::object(names.iter().cloned().zip(cells).collect()))
    };
    let rows = rows
        .iter()
        .enumerate()
        .map(row)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Value::list(ty, rows))
}

/// Says what an unknown JSON will be, as far as its known beginning tells.
fn gives_decoded(arguments: &[Value]) -> Result<Type, FunctionError> {
    let Some(Shape::Unknown {
        refined: Some(refined),
        ..
    }) = arguments.first().map(|text| &text.shape)
    else {
        return Ok(Type::Dynamic);
    };
    let prefix = refined
        .prefix
        .as_deref()
        .unwrap_or_default()
        .trim_start_matches([' ', '\t', '\r', '\n']);
    match prefix.chars().next() {
        None | Some('{' | '[' | 'n') => Ok(Type::Dynamic),
        Some('"') => Ok(Type::String),
        Some('t' | 'f') => Ok(Type::Bool),
        Some('-' | '.' | '0'..='9') => Ok(Type::Number),
        Some(_) => Err(FunctionError::at(
            0,
            "the text will be no JSON, as its beginning tells",
        )),
    }
}

fn jsondecode(call: &Call<'_>) -> Outcome {
    let parsed: serde_json::Value = serde_json::from_str(call.text(0)).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        FunctionError::at(0, format!("invalid JSON at line {line}, column {column}"))
    })?;
    json::from_json(&parsed).map_err(|message| FunctionError::at(0, message))
}

fn jsonencode(call: &Call<'_>) -> Outcome {
    let value = call.argument(0);
    if value.is_wholly_readable() {
        return json_text(value)
            .map(Value::from)
            .map_err(|message| FunctionError::at(0, message));
    }
    let mut unknown = call.unknown();
    if let (Shape::Unknown { refined, .. }, Some(first)) = (&mut unknown.shape, first_letter(value))
    {
        *refined = Some(Box::new(Refinement {
            prefix: Some(first.into()),
            ..Refinement::default()
        }));
    }
    Ok(unknown)
}

/// Returns how the JSON of a value that is not null begins.
fn first_letter(value: &Value) -> Option<&'static str> {
    if let Shape::Unknown { refined, .. } = &value.shape {
        refined.as_ref().filter(|refined| refined.not_null)?;
    }
    match value.ty() {
        Type::String => Some("\""),
        Type::List(_) | Type::Set(_) | Type::Tuple(_) => Some("["),
        Type::Map(_) | Type::Object(_) => Some("{"),
        Type::Dynamic | Type::Bool | Type::Number => None,
    }
}

/// Writes JSON as the language does: on one line, and `<`, `>`, `&` and line separators escaped, as Go's encoder does.
pub(super) fn json_text(value: &Value) -> Result<String, String> {
    let plain = json::to_json(value, json::Secrets::Shown)?.to_string();
    let mut escaped = String::with_capacity(plain.len());
    for letter in plain.chars() {
        match letter {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(escaped, "\\u{:04x}", u32::from(letter));
            }
            '\u{7f}' => escaped.push(letter),
            _ => escaped.push(letter),
        }
    }
    Ok(escaped)
}

/// A character encoding that `textencodebase64` knows.
#[derive(Clone, Copy)]
enum Encoding {
    Utf8,
    Utf16 {
        little: bool,
        mark: bool,
    },
    /// One byte a character: all below this are themselves.
    Single(u32),
    Windows1252,
}

/// What the bytes 0x80 to 0x9f are in windows-1252; where the byte is not used, the control character.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

fn encoding(call: &Call<'_>) -> Result<Encoding, FunctionError> {
    Ok(match &*call.text(1).to_ascii_lowercase() {
        "utf-8" | "csutf8" => Encoding::Utf8,
        "utf-16" | "csutf16" => Encoding::Utf16 {
            little: false,
            mark: true,
        },
        "utf-16le" | "csutf16le" => Encoding::Utf16 {
            little: true,
            mark: false,
        },
        "utf-16be" | "csutf16be" => Encoding::Utf16 {
            little: false,
            mark: false,
        },
        "us-ascii" | "ascii" => Encoding::Single(0x80),
        "iso-8859-1" | "latin1" | "l1" | "iso_8859-1" => Encoding::Single(0x100),
        "windows-1252" | "cp1252" | "cswindows1252" => Encoding::Windows1252,
        name if extends_ascii(name) => Encoding::Single(0x80),
        _ => {
            let name = call.shown(call.text(1));
            return Err(FunctionError::at(
                1,
                format!("the character encoding {name} is not supported"),
            ));
        }
    })
}

/// Tells whether the encoding is known to have ASCII in its first half. Of these nothing but ASCII is supported: their
/// tables are large, and configurations use them hardly ever.
fn extends_ascii(name: &str) -> bool {
    let known = [
        "cp936",
        "gbk",
        "gb2312",
        "gb18030",
        "big5",
        "euc-jp",
        "euc-kr",
        "shift_jis",
        "koi8-r",
        "koi8-u",
        "ibm437",
        "macintosh",
    ];
    known.contains(&name)
        || [
            "iso-8859-",
            "windows-125",
            "cp125",
            "cp437",
            "ibm85",
            "ibm86",
        ]
        .iter()
        .any(|start| name.starts_with(start))
}

fn textencodebase64(call: &Call<'_>) -> Outcome {
    let encoding = encoding(call)?;
    let text = call.text(0);
    let bytes = match encoding {
        Encoding::Utf8 => Some(text.as_bytes().to_vec()),
        Encoding::Utf16 { little, mark } => {
            let units = mark
                .then_some(0xfeff)
                .into_iter()
                .chain(text.encode_utf16());
            Some(
                units
                    .flat_map(|unit| {
                        if little {
                            unit.to_le_bytes()
                        } else {
                            unit.to_be_bytes()
                        }
                    })
                    .collect(),
            )
        }
        Encoding::Single(limit) => text
            .chars()
            .map(|letter| {
                u8::try_from(u32::from(letter))
                    .ok()
                    .filter(|byte| u32::from(*byte) < limit)
            })
            .collect(),
        Encoding::Windows1252 => text.chars().map(to_windows_1252).collect(),
    };
    let bytes: Vec<u8> =
        bytes.ok_or_else(|| FunctionError::at(0, "the encoding lacks a character of the text"))?;
    Ok(Value::from(to_base64(bytes)))
}

fn to_windows_1252(letter: char) -> Option<u8> {
    match WINDOWS_1252.iter().position(|known| *known == letter) {
        Some(at) => u8::try_from(at + 0x80).ok(),
        None => u8::try_from(u32::from(letter)).ok(),
    }
}

fn textdecodebase64(call: &Call<'_>) -> Outcome {
    let encoding = encoding(call)?;
    let bytes = decoded(call)?;
    let text: Option<String> = match encoding {
        Encoding::Utf8 => String::from_utf8(bytes).ok(),
        Encoding::Utf16 { little, .. } => utf16(&bytes, little),
        Encoding::Single(limit) => bytes
            .iter()
            .map(|byte| Some(char::from(*byte)).filter(|_| u32::from(*byte) < limit))
            .collect(),
        Encoding::Windows1252 => bytes
            .iter()
            .map(|byte| match byte {
                0x80..=0x9f => WINDOWS_1252.get(usize::from(byte - 0x80)).copied(),
                _ => Some(char::from(*byte)),
            })
            .collect(),
    };
    text.filter(|text| !text.contains('\u{fffd}'))
        .map(|text| Value::text(&text))
        .ok_or_else(|| FunctionError::at(0, "the bytes are not text in this encoding"))
}

fn utf16(bytes: &[u8], little: bool) -> Option<String> {
    let units = bytes.chunks(2).map(|pair| match pair {
        [first, second] if little => Some(u16::from_le_bytes([*first, *second])),
        [first, second] => Some(u16::from_be_bytes([*first, *second])),
        _ => None,
    });
    String::from_utf16(&units.collect::<Option<Vec<_>>>()?).ok()
}

fn urlencode(call: &Call<'_>) -> Outcome {
    let mut encoded = String::new();
    for byte in call.text(0).bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte))
            }
            b' ' => encoded.push('+'),
            _ => {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    Ok(Value::from(encoded))
}

fn urldecode(call: &Call<'_>) -> Outcome {
    let mut decoded = Vec::new();
    let mut bytes = call.text(0).bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || {
                    bytes
                        .next()
                        .and_then(|digit| char::from(digit).to_digit(16))
                };
                let value = digit()
                    .zip(digit())
                    .and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
                value.ok_or_else(|| {
                    FunctionError::at(0, "a `%` must be followed by two hexadecimal digits")
                })?
            }
            other => other,
        });
    }
    utf8(decoded)
}

fn yamldecode(call: &Call<'_>) -> Outcome {
    yaml::decode(call.text(0)).map_err(|message| FunctionError::at(0, message))
}

fn yamlencode(call: &Call<'_>) -> Outcome {
    let value = call.argument(0);
    if !value.is_wholly_readable() {
        return Ok(call.unknown());
    }
    Ok(Value::text(&yaml::encode(value)))
}
