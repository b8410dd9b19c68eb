//! Text as the language keeps it.

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// Returns text in Unicode's normal form C, in which the language keeps all text.
#[must_use]
pub fn normalized(text: &str) -> std::borrow::Cow<'_, str> {
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => text.into(),
        _ => text.nfc().collect::<String>().into(),
    }
}
