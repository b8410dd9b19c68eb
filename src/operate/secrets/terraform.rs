//! The resources that declare what was imported: write-only attributes filled from variables, so that no value stands in a
//! file.

use super::rules::Target;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Writes a resource for each place and a variable for each name. `fields` has the names by field.
#[must_use]
pub fn configuration(places: &BTreeMap<Target, BTreeMap<String, String>>) -> String {
    let mut text = String::new();
    let mut taken = BTreeSet::new();
    for (target, fields) in places {
        let label = free(&identifier(&target.path), &mut taken);
        let width = fields
            .keys()
            .map(|field| key(field).len())
            .max()
            .unwrap_or_default();
        // Writing to a text cannot fail.
        let _ = writeln!(text, "resource \"vault_kv_secret_v2\" \"{label}\" {{");
        let _ = writeln!(text, "  mount = {}", quoted(&target.mount));
        let _ = writeln!(text, "  name  = {}", quoted(&target.path));
        let _ = writeln!(text, "  data_json_wo = jsonencode({{");
        for (field, name) in fields {
            let _ = writeln!(
                text,
                "    {:<width$} = var.{}",
                key(field),
                identifier(name)
            );
        }
        text.push_str("  })\n  data_json_wo_version = 1\n}\n\n");
    }
    let names: BTreeSet<String> = places
        .values()
        .flat_map(|fields| fields.values().map(|name| identifier(name)))
        .collect();
    for name in names {
        let _ = writeln!(
            text,
            "variable \"{name}\" {{\n  type      = string\n  sensitive = true\n  ephemeral = true\n}}\n"
        );
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// Makes a name of the language out of any text.
#[must_use]
pub fn identifier(text: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || c == '_' || c == '-' {
            c
        } else {
            '_'
        }
    };
    let name: String = text.chars().map(plain).collect();
    match name.starts_with(|first: char| first.is_ascii_digit() || first == '-') {
        true => format!("_{name}"),
        false => name,
    }
}

fn free(name: &str, taken: &mut BTreeSet<String>) -> String {
    let numbered = (2..).map(|number| format!("{name}_{number}"));
    let mut candidates = std::iter::once(name.to_owned()).chain(numbered);
    let found = candidates.find(|candidate| taken.insert(candidate.clone()));
    found.unwrap_or_default()
}

fn key(field: &str) -> String {
    match identifier(field) == field {
        true => field.to_owned(),
        false => quoted(field),
    }
}

fn quoted(text: &str) -> String {
    let escaped = serde_json::Value::from(text).to_string();
    escaped.replace("${", "$${").replace("%{", "%%{")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_stands_in_it() {
        let target = |path: &str| Target {
            mount: "secret".into(),
            path: path.into(),
        };
        let fields = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            let each = pairs.iter();
            each.map(|(field, name)| ((*field).to_owned(), (*name).to_owned()))
                .collect()
        };
        let places = BTreeMap::from([
            (target("a/b"), fields(&[("value", "A_B")])),
            (target("a-b"), fields(&[("x.y", "1X"), ("z", "A_B")])),
            (target("a.b"), fields(&[("v", "C")])),
        ]);
        let text = configuration(&places);
        assert_eq!(
            text.matches("\"a_b\"").count() + text.matches("\"a_b_2\"").count(),
            2
        );
        assert!(
            text.contains("    \"x.y\" = var._1X\n    z     = var.A_B\n"),
            "{text}"
        );
        assert_eq!(text.matches("variable \"").count(), 3);
        assert!(text.ends_with("}\n"));
    }
}
