//! Policies in files of their own.

use std::path::{Path, PathBuf};

/// HCL files that are something else, whatever they hold.
const OTHERS: &[&str] = &[
    "vaultform.hcl",
    ".vaultpolicytest.hcl",
    ".tftest.hcl",
    ".tofutest.hcl",
    ".tfmock.hcl",
    ".pkr.hcl",
    ".lock.hcl",
    "terragrunt.hcl",
];

/// Finds the HCL files below a directory, hidden ones and those of other tools left out, in order.
pub fn find(directory: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return;
    };
    let mut inside: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    inside.sort();
    for path in inside {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') || name == "node_modules" || name == "target" {
            continue;
        }
        if path.is_dir() {
            find(&path, found);
        } else if name.ends_with(".hcl") && !OTHERS.iter().any(|other| name.ends_with(other)) {
            found.push(path.strip_prefix(".").unwrap_or(&path).to_owned());
        }
    }
}

/// Tells whether a text looks like a policy: it has a stanza `path "…" {`.
#[must_use]
pub fn is_policy(text: &str) -> bool {
    text.lines().any(|line| {
        let rest = line.trim_start().strip_prefix("path");
        rest.is_some_and(|rest| rest.trim_start().starts_with('"') && rest.contains('{'))
    })
}

#[cfg(test)]
mod tests {
    use super::is_policy;

    #[test]
    fn policies_are_told_from_other_files() {
        assert!(is_policy("# why\n  path \"kv/*\" {\n}"));
        assert!(!is_policy("storage \"raft\" {\n  path = \"/data\"\n}"));
    }
}
