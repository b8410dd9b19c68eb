//! The page of each lint, and the list of all.

use super::{LINTS, Lint};
use crate::source::Severity;

/// Returns the name of a lint's page.
#[must_use]
pub fn file_name(lint: &Lint) -> String {
    format!("{}.md", lint.code)
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// What `lint -fix` does about the lints that it knows how to put right.
fn mended(code: &str) -> Option<&'static str> {
    Some(match code {
        "VF-P006" => "takes `list` away, unless it is the only capability",
        "VF-P007" => "takes `sudo` away, unless it is the only capability",
        "VF-P015" => "writes the capabilities that the shorthand stands for",
        "VF-P016" => "writes one stanza, where both have capabilities and nothing else",
        "VF-P018" => "removes the stanza",
        _ => return None,
    })
}

/// Returns a lint's page.
#[must_use]
pub fn page(lint: &Lint) -> String {
    let (code, title) = (lint.code, lint.title);
    let mut out = format!(
        "# {code}: {title}\n\nSeverity: {}.\n\n{}\n\n",
        word(lint.severity),
        lint.doc
    );
    out.push_str(&format!("This raises it:\n\n```hcl\n{}\n```\n\n", lint.bad));
    out.push_str(&format!("This does not:\n\n```hcl\n{}\n```\n\n", lint.good));
    if let Some(what) = mended(code) {
        out.push_str(&format!("`vaultform lint -fix` {what}.\n\n"));
    }
    let place = if code.starts_with("VF-P") {
        "in the stanza or right above it"
    } else {
        "in the block or right above it"
    };
    out.push_str(&format!(
        "Where it is right as it is, say so {place}, with a reason and perhaps an end:\n\n```hcl\n# vaultform:allow {code} until=2027-01-31 why it is right here\n```\n"
    ));
    out
}

/// Returns the list of all lints.
#[must_use]
pub fn index() -> String {
    let mut out = "# Lints\n\n`vaultform lint [DIR]` evaluates the configuration without a server, as far as that goes, and looks at policies, \
roles and mounts. Codes are stable.\n\n| code | severity | what |\n|---|---|---|\n"
        .to_owned();
    for lint in LINTS {
        out.push_str(&format!(
            "| [{0}]({1}) | {2} | {3} |\n",
            lint.code,
            file_name(lint),
            word(lint.severity),
            lint.title
        ));
    }
    out + "\nExit code 2 tells that there are findings. `-fix` puts right what can be without changing what is meant, \
`-format=json|sarif|junit` writes for other tools, `-level=warning` leaves notes out.\n"
}
