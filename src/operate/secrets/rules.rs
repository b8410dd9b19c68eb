//! Rules: which secret goes where, by the glob that its name matches.

use regex::Regex;

/// All rules, and what no rule is for.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// The first that matches counts.
    pub rules: Vec<Rule>,
    /// Names that are no secrets.
    pub ignored: Vec<Glob>,
}

/// Where the names of a category go.
#[derive(Clone, Debug)]
pub struct Rule {
    pub category: String,
    pub globs: Vec<Glob>,
    pub mount: String,
    /// A template: `billing/stripe/{rest}`.
    pub path: String,
    /// A template: `value`.
    pub field: String,
}

/// A pattern: `*` is anything, `?` one character.
#[derive(Clone, Debug)]
pub struct Glob(Regex);

/// Where a secret goes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    pub mount: String,
    pub path: String,
}

/// What becomes of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    Goes {
        category: String,
        target: Target,
        field: String,
    },
    Ignored,
    /// No rule matches it.
    Unmapped,
}

/// What may stand in templates.
const PLACEHOLDERS: &[&str] = &["name", "NAME", "rest", "REST", "category"];

impl Glob {
    /// Reads a pattern; `None` where it is too large.
    #[must_use]
    pub fn parse(text: &str) -> Option<Glob> {
        let quoted = regex::escape(text)
            .replace(r"\*", "(.*)")
            .replace(r"\?", "(.)");
        Regex::new(&format!("^(?s:{quoted})$")).ok().map(Glob)
    }

    /// Returns what the first `*` or `?` of the pattern stands for, or the whole name where it has none.
    fn rest<'a>(&self, name: &'a str) -> Option<&'a str> {
        let found = self.0.captures(name)?;
        Some(found.get(1).map_or(name, |part| part.as_str()))
    }
}

/// Checks a template.
///
/// # Errors
/// Names the placeholder that is none.
pub fn check(template: &str) -> Result<(), String> {
    let mut rest = template;
    while let Some((_, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else {
            return Err(format!("`{template}` has a `{{` that is not closed"));
        };
        if !PLACEHOLDERS.contains(&name) {
            let known = PLACEHOLDERS.join("}`, `{");
            return Err(format!(
                "`{{{name}}}` in `{template}` is none of `{{{known}}}`"
            ));
        }
        rest = after;
    }
    Ok(())
}

impl Rules {
    /// Finds what becomes of a name.
    #[must_use]
    pub fn fate(&self, name: &str) -> Fate {
        if self.ignored.iter().any(|glob| glob.rest(name).is_some()) {
            return Fate::Ignored;
        }
        let found = self.rules.iter().find_map(|rule| {
            let rest = rule.globs.iter().find_map(|glob| glob.rest(name))?;
            Some((rule, rest))
        });
        let Some((rule, rest)) = found else {
            return Fate::Unmapped;
        };
        let fill = |template: &str| {
            template
                .replace("{name}", &name.to_lowercase())
                .replace("{NAME}", name)
                .replace("{rest}", &rest.to_lowercase())
                .replace("{REST}", rest)
                .replace("{category}", &rule.category)
        };
        Fate::Goes {
            category: rule.category.clone(),
            target: Target {
                mount: rule.mount.trim_matches('/').to_owned(),
                path: fill(&rule.path).trim_matches('/').to_owned(),
            },
            field: fill(&rule.field),
        }
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}/{}", self.mount, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(category: &str, globs: &[&str], path: &str, field: &str) -> Rule {
        Rule {
            category: category.into(),
            globs: globs.iter().filter_map(|glob| Glob::parse(glob)).collect(),
            mount: "secret/".into(),
            path: path.into(),
            field: field.into(),
        }
    }

    #[test]
    fn the_first_rule_that_matches_says_where_a_name_goes() {
        let rules = Rules {
            rules: vec![
                rule(
                    "stripe",
                    &["STRIPE_*"],
                    "billing/{category}/{rest}",
                    "value",
                ),
                rule("database", &["DATABASE_URL", "DB_*"], "database", "{rest}"),
                rule("other", &["*_TOKEN", "X?"], "{name}", "{NAME}"),
            ],
            ignored: Glob::parse("VAULT_*").into_iter().collect(),
        };
        let goes = |name: &str| match rules.fate(name) {
            Fate::Goes { target, field, .. } => format!("{target}#{field}"),
            other => format!("{other:?}"),
        };
        assert_eq!(
            goes("STRIPE_API_KEY"),
            "secret/billing/stripe/api_key#value"
        );
        assert_eq!(goes("STRIPE_TOKEN"), "secret/billing/stripe/token#value");
        assert_eq!(goes("DATABASE_URL"), "secret/database#database_url");
        assert_eq!(goes("DB_PASSWORD"), "secret/database#password");
        assert_eq!(goes("A_TOKEN"), "secret/a_token#A_TOKEN");
        assert_eq!(goes("VAULT_TOKEN"), "Ignored");
        assert_eq!(goes("XYZ"), "Unmapped");
        assert_eq!(goes("aSTRIPE_X"), "Unmapped");
    }

    #[test]
    fn templates_are_checked() {
        assert!(check("a/{rest}/{NAME}").is_ok());
        assert!(check("a/{wrong}").unwrap_err().contains("`{wrong}`"));
        assert!(check("a/{rest").is_err());
    }
}
