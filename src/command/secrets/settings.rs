//! The block `secrets` of `vaultform.hcl`: which secret goes where.

use crate::command::context::Context;
use crate::command::exit::Failure;
use crate::command::settings::{self, FILE, of_text, texts};
use crate::operate::secrets::rules::{Glob, Rule, Rules, check};
use crate::source::Diagnostic;
use hcl::{Block, Body};

/// Reads the block.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read(context: &Context) -> Result<Rules, Failure> {
    let body = settings::body(context)?;
    let mut problems = Vec::new();
    let mut rules = Rules::default();
    for block in body
        .blocks()
        .filter(|block| block.identifier() == "secrets")
    {
        block_rules(block.body(), &mut rules, &mut problems);
    }
    if rules.rules.is_empty() && problems.is_empty() {
        problems.push(
            Diagnostic::error("invalid-settings", format!("`{FILE}` has no rule that says where secrets go"))
                .hint("write `secrets { mount = \"secret\"  rule \"stripe\" { match = [\"STRIPE_*\"]  path = \"billing/stripe/{rest}\" } }`"),
        );
    }
    match problems.is_empty() {
        true => Ok(rules),
        false => Err(problems.into()),
    }
}

fn block_rules(body: &Body, rules: &mut Rules, problems: &mut Vec<Diagnostic>) {
    let mut mount = "secret".to_owned();
    for attribute in body.attributes() {
        let (key, value) = (attribute.key(), &attribute.expr);
        let read = match key {
            "mount" => of_text(key, value).map(|text| mount = text),
            "ignore" => texts(key, value).and_then(|globs| {
                rules.ignored = parsed(&globs)?;
                Ok(())
            }),
            _ => Ok(()),
        };
        problems.extend(read.err().map(settings::wrong));
    }
    for block in body.blocks() {
        let read = rule(block, &mount).map(|rule| rules.rules.push(rule));
        problems.extend(read.err().map(settings::wrong));
    }
}

fn rule(block: &Block, mount: &str) -> Result<Rule, String> {
    let label = block
        .labels()
        .first()
        .map(|label| label.as_str().to_owned());
    let category = label.ok_or("a `rule` has a name: `rule \"database\" { … }`")?;
    let mut rule = Rule {
        globs: Vec::new(),
        mount: mount.to_owned(),
        path: "{category}".to_owned(),
        field: String::new(),
        category,
    };
    let mut path_set = false;
    for attribute in block.body().attributes() {
        let (key, value) = (attribute.key(), &attribute.expr);
        match key {
            "match" => rule.globs = parsed(&texts(key, value)?)?,
            "mount" => rule.mount = of_text(key, value)?,
            "path" => (rule.path, path_set) = (of_text(key, value)?, true),
            "field" => rule.field = of_text(key, value)?,
            _ => {}
        }
    }
    if rule.field.is_empty() {
        // A place of its own for each has one field; one place for all has a field for each.
        let own = path_set && (rule.path.contains("{rest}") || rule.path.contains("{name}"));
        rule.field = if own { "value" } else { "{rest}" }.to_owned();
    }
    if rule.globs.is_empty() {
        return Err(format!(
            "the rule `{}` has no `match`, such as `match = [\"DATABASE_*\"]`",
            rule.category
        ));
    }
    check(&rule.path)?;
    check(&rule.field)?;
    Ok(rule)
}

fn parsed(globs: &[String]) -> Result<Vec<Glob>, String> {
    let each = globs.iter();
    each.map(|text| Glob::parse(text).ok_or_else(|| format!("the pattern `{text}` cannot be used")))
        .collect()
}
