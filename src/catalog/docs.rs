//! The documentation page of a type, and what `explain` prints: both are read off its table.

use super::registry::ENGINES;
use super::{
    Attribute, Check, Default, Kind, Life, Nesting, OnChange, Presence, Products, ReadBack,
    ResourceType, Rule,
};
use crate::value::Mode;
use std::fmt::Write;

/// Returns the documentation page of a type, in Markdown.
#[must_use]
pub fn page(table: &ResourceType) -> String {
    let mut out = format!(
        "# {}\n\n{} · {}\n\n{}\n",
        table.name,
        mode(table.mode),
        products(table.products),
        table.about
    );
    for note in table.notes {
        let _ = write!(out, "\n> {note}\n");
    }
    let _ = write!(out, "\n```terraform\n{}```\n", table.example);
    out.push_str(&place(table));
    let attributes: Vec<&Attribute> = table.all().collect();
    out.push_str("\n## Attributes\n\n");
    section(&mut out, "", &attributes);
    if !table.rules.is_empty() {
        out.push_str("\n## Rules\n\n");
        for rule in table.rules {
            let _ = writeln!(out, "- {}", rule_text(rule));
        }
    }
    out
}

/// Returns the index of the pages, by engine.
#[must_use]
pub fn index() -> String {
    let mut out = "# Types\n\nWhat can be declared, by engine. Attributes and behaviour are those of the tables that the \
                   program runs on.\n"
        .to_owned();
    for engine in ENGINES {
        let _ = write!(out, "\n## {}\n\n", engine.name);
        for table in engine.types {
            let (file, about) = (file_name(table), table.about);
            let _ = writeln!(
                out,
                "- [`{}`]({file}), {}: {about}",
                table.name,
                mode(table.mode)
            );
        }
    }
    out
}

/// Returns the name of a type's page: `vault_mount.md`, `data.vault_namespace.md`.
#[must_use]
pub fn file_name(table: &ResourceType) -> String {
    match table.mode {
        Mode::Managed => format!("{}.md", table.name),
        Mode::Data => format!("data.{}.md", table.name),
        Mode::Ephemeral => format!("ephemeral.{}.md", table.name),
    }
}

/// Returns what `explain` prints of a type or of one of its attributes: plain text.
#[must_use]
pub fn explain(table: &ResourceType, attribute: Option<&Attribute>) -> String {
    match attribute {
        Some(attribute) => explain_attribute(table, attribute),
        None => explain_type(table),
    }
}

fn explain_type(table: &ResourceType) -> String {
    let mut out = format!("{} ({})\n  {}\n", table.name, mode(table.mode), table.about);
    let _ = writeln!(out, "  {}", products(table.products));
    if !table.place.is_empty() {
        let _ = writeln!(out, "  kept at {}", table.place);
    }
    for note in table.notes {
        let _ = writeln!(out, "  {note}");
    }
    out.push('\n');
    let width = table
        .all()
        .map(|one| one.name.len())
        .max()
        .unwrap_or_default();
    for attribute in table.all() {
        let said = presence(attribute);
        let _ = writeln!(
            out,
            "  {:width$}  {said:8}  {}",
            attribute.name, attribute.about
        );
    }
    out
}

fn explain_attribute(table: &ResourceType, attribute: &Attribute) -> String {
    let mut out = format!("{}.{}\n  {}\n", table.name, attribute.name, attribute.about);
    let _ = writeln!(out, "  {}, {}", kind(&attribute.kind), presence(attribute));
    if let Some(default) = default(attribute) {
        let _ = writeln!(out, "  left out: {default}");
    }
    for line in facts(attribute) {
        let _ = writeln!(out, "  {line}");
    }
    if let Kind::Block(_, inner) = attribute.kind {
        for inner in inner {
            let _ = writeln!(out, "    {}: {}", inner.name, inner.about);
        }
    }
    out
}

fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Managed => "resource",
        Mode::Data => "data source",
        Mode::Ephemeral => "ephemeral resource",
    }
}

fn products(products: Products) -> &'static str {
    match products {
        Products::Both => "OpenBao and Vault",
        Products::OpenBao => "OpenBao only",
        Products::Vault => "Vault only",
        Products::Enterprise => "Vault Enterprise only",
        Products::NotCommunity => "OpenBao and Vault Enterprise",
        Products::Nobody => "no server has it",
    }
}

fn place(table: &ResourceType) -> String {
    if table.place.is_empty() {
        return String::new();
    }
    let mut out = format!("\nKept at `{}`", table.place);
    match table.life {
        Life::Singleton { delete: false, .. } => {
            out.push_str("; put back to its defaults when it leaves the files.\n");
        }
        _ => out.push_str(".\n"),
    }
    if table.mode == Mode::Managed {
        let id = table.id_template();
        let _ = write!(
            out,
            "\n```terraform\nimport {{\n  to = {}.NAME\n  id = \"{id}\"\n}}\n```\n",
            table.name
        );
    }
    out
}

/// Writes a table of attributes, then one for each block among them.
fn section(out: &mut String, heading: &str, attributes: &[&Attribute]) {
    if !heading.is_empty() {
        let _ = write!(out, "\n### `{heading}`\n\n");
    }
    out.push_str("| name | type | | left out | |\n|---|---|---|---|---|\n");
    for attribute in attributes {
        let mut text = attribute.about.to_owned();
        for fact in facts(attribute) {
            let _ = write!(text, " {}.", capital(&fact));
        }
        let _ = writeln!(
            out,
            "| `{}` | {} | {} | {} | {} |",
            attribute.name,
            kind(&attribute.kind),
            presence(attribute),
            default(attribute).unwrap_or_default(),
            text.replace('|', "\\|")
        );
    }
    for attribute in attributes {
        if let Kind::Block(_, inner) = attribute.kind {
            let name = match heading {
                "" => attribute.name.to_owned(),
                around => format!("{around}.{}", attribute.name),
            };
            section(out, &name, &inner.iter().collect::<Vec<_>>());
        }
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters
        .next()
        .map(|letter| letter.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

fn presence(attribute: &Attribute) -> &'static str {
    match attribute.presence {
        Presence::Required => "required",
        Presence::Optional => "optional",
        Presence::Computed => "computed",
    }
}

fn kind(kind: &Kind) -> String {
    match kind {
        Kind::Bool => "bool".to_owned(),
        Kind::Integer | Kind::Float => "number".to_owned(),
        Kind::Seconds | Kind::SecondsText => "number of seconds".to_owned(),
        Kind::Duration => "duration".to_owned(),
        Kind::Pem => "PEM".to_owned(),
        Kind::Policy => "policy".to_owned(),
        Kind::Json(_) => "JSON".to_owned(),
        Kind::Cidr => "network".to_owned(),
        Kind::Path => "path".to_owned(),
        Kind::Url => "URL".to_owned(),
        Kind::Version => "version".to_owned(),
        Kind::Text { .. } | Kind::Words { .. } | Kind::Base64 => "string".to_owned(),
        Kind::List(inner, _) => format!("list of {}", self::kind(inner)),
        Kind::Set(inner) | Kind::SortedSet(inner) | Kind::SetText(inner) => {
            format!("set of {}", self::kind(inner))
        }
        Kind::Map(inner) => format!("map of {}", self::kind(inner)),
        Kind::Block(Nesting::One, _) => "block".to_owned(),
        Kind::Block(..) => "blocks".to_owned(),
        Kind::Any => "any".to_owned(),
    }
}

/// What it means to leave an attribute out; `None` where the configuration has no say or must.
fn default(attribute: &Attribute) -> Option<String> {
    if attribute.presence != Presence::Optional {
        return None;
    }
    match attribute.default {
        Default::Zero => None,
        Default::Bool(flag) => Some(format!("`{flag}`")),
        Default::Integer(number) => Some(format!("`{number}`")),
        Default::Text(text) => Some(format!("`\"{text}\"`")),
        Default::Texts(texts) => {
            let texts: Vec<_> = texts.iter().map(|text| format!("\"{text}\"")).collect();
            Some(format!("`[{}]`", texts.join(", ")))
        }
        Default::Server => Some("the server decides".to_owned()),
        Default::Of(other) => Some(format!("that of `{other}`")),
        Default::With(_) => Some("goes with the block".to_owned()),
    }
}

/// Sentences on what is special about an attribute, without capital and full stop.
fn facts(attribute: &Attribute) -> Vec<String> {
    let mut facts = Vec::new();
    facts.extend(attribute.checks.iter().filter_map(check_text));
    facts.extend(change(attribute).map(str::to_owned));
    facts.extend(comparison(attribute).map(str::to_owned));
    if attribute.sensitive {
        facts.push("a secret".to_owned());
    }
    if attribute.products != Products::Both {
        facts.push(products(attribute.products).to_owned());
    }
    facts.extend(
        attribute
            .deprecated
            .map(|hint| format!("deprecated: {hint}")),
    );
    facts
}

fn change(attribute: &Attribute) -> Option<&'static str> {
    if attribute.presence == Presence::Computed {
        return None;
    }
    match (attribute.on_change, attribute.read) {
        (OnChange::Replace, ReadBack::Place) => Some("part of its place"),
        (OnChange::Replace, _) => Some("another value replaces the object"),
        (OnChange::Remount, _) => Some("another value moves the mount"),
        (OnChange::OneWay, _) => Some("it cannot go back to false"),
        (OnChange::Rise { .. }, _) => Some("a lower number replaces the object"),
        (OnChange::Update | OnChange::Nothing, _) => None,
    }
}

/// How a value is compared where it is not simply read.
fn comparison(attribute: &Attribute) -> Option<&'static str> {
    if attribute.write_only.is_some() {
        return Some("write-only: compared by digest");
    }
    match attribute.read {
        ReadBack::Never => Some("the server never answers it: compared by digest"),
        ReadBack::Certificate => Some("read from the certificate"),
        ReadBack::Once | ReadBack::Picked(_) | ReadBack::Bundle(_) => {
            Some("answered once, when it is made; held afterwards")
        }
        ReadBack::OnceUnless { .. } => {
            Some("in another format answered once, when it is made; held afterwards")
        }
        ReadBack::Argument => Some("not sent to the server"),
        ReadBack::Sent => Some("sent, not kept"),
        ReadBack::Wrap => Some("asks for a wrapped answer"),
        _ => None,
    }
}

fn check_text(check: &Check) -> Option<String> {
    match check {
        Check::OneOf(choices) => {
            let choices: Vec<_> = choices.iter().map(|choice| format!("`{choice}`")).collect();
            Some(format!("one of {}", choices.join(", ")))
        }
        Check::NoEdgeSlashes => Some("no slash at its ends".to_owned()),
        Check::NoTrailingSlash => Some("no slash at its end".to_owned()),
        Check::NoSlash => Some("no slash in it".to_owned()),
        Check::NoComma => Some("no comma in it".to_owned()),
        Check::DurationWithUnit => Some("with a unit: `24h`".to_owned()),
        Check::Port => Some("a port".to_owned()),
        Check::AtLeast(least) => Some(format!("at least {least}")),
        Check::MinItems(least) => Some(format!("at least {least} of them")),
        Check::MaxItems(most) => Some(format!("at most {most} of them")),
        Check::Duration | Check::Json => None,
    }
}

fn rule_text(rule: &Rule) -> String {
    let names = |names: &[&str]| {
        let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
        names.join(", ")
    };
    match rule {
        Rule::Conflict(all) => format!("at most one of {}", names(all)),
        Rule::ExactlyOne(all) => format!("exactly one of {}", names(all)),
        Rule::AtLeastOne(all) => format!("at least one of {}", names(all)),
        Rule::Needs(first, second) => format!("`{first}` needs `{second}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::registry;

    fn table(name: &str) -> &'static ResourceType {
        registry::lookup(Mode::Managed, name).unwrap()
    }

    #[test]
    fn a_page_tells_defaults_and_replacement() {
        let page = page(table("vault_approle_auth_backend_role"));
        assert!(
            page.contains("| `backend` | path | optional | `\"approle\"` |"),
            "{page}"
        );
        assert!(
            page.contains("| `bind_secret_id` | bool | optional | `true` |"),
            "{page}"
        );
        assert!(
            page.contains("id = \"auth/{backend}/role/{role_name}\""),
            "{page}"
        );
    }

    #[test]
    fn nested_blocks_have_tables_of_their_own() {
        let page = page(table("vault_rabbitmq_secret_backend_role"));
        assert!(page.contains("### `vhost_topic.vhost`"), "{page}");
    }

    #[test]
    fn explain_tells_how_a_secret_is_compared() {
        let table = table("vault_kubernetes_auth_backend_config");
        let text = explain(table, table.attribute("token_reviewer_jwt"));
        assert!(text.contains("compared by digest"), "{text}");
        assert!(text.contains("a secret"), "{text}");
        assert!(explain(table, None).contains("kept at auth/{backend}/config"));
    }
}
