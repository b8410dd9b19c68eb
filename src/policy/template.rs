//! `{{identity.…}}` in the path of a rule: whose request it is decides what the path says.

use std::collections::BTreeMap;

use super::time;

/// Whose token makes a request, as far as templated paths ask.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    pub entity: Option<Entity>,
    pub groups: Vec<Group>,
}

/// An identity entity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entity {
    pub id: String,
    pub name: String,
    pub metadata: BTreeMap<String, String>,
    pub aliases: Vec<Alias>,
}

/// An alias of an entity at one auth mount.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alias {
    /// The accessor of the auth mount.
    pub accessor: String,
    pub id: String,
    pub name: String,
    pub metadata: BTreeMap<String, String>,
    pub custom_metadata: BTreeMap<String, String>,
}

/// A group that the entity belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    pub id: String,
    pub name: String,
    /// The namespace path, `""` for the root.
    pub namespace: String,
    pub metadata: BTreeMap<String, String>,
}

/// Why a templated path says nothing for this identity: its rule is then not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfilled {
    /// The identity has no such value, or nobody knows the selector.
    Missing(String),
    /// The value holds a character that OpenBao does not let in.
    Blocked { selector: String, character: char },
}

/// What filling a template may use.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filling<'a> {
    pub identity: Option<&'a Identity>,
    /// Seconds since 1970.
    pub now: Option<i64>,
    pub namespace: &'a str,
    pub blocked: &'a [char],
}

/// Tells whether a path has templates; `None` when its braces do not match.
#[must_use]
pub fn has_template(path: &str) -> Option<bool> {
    let mut pieces = path.split("{{");
    if pieces.next()?.contains("}}") {
        return None;
    }
    let mut found = false;
    for piece in pieces {
        if piece.matches("}}").count() != 1 {
            return None;
        }
        found = true;
    }
    Some(found)
}

/// Returns the path with every template filled in.
pub(super) fn fill(path: &str, filling: Filling<'_>) -> Result<String, Unfilled> {
    let mut pieces = path.split("{{");
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (selector, tail) = piece.split_once("}}").unwrap_or((piece, ""));
        let selector = selector.trim();
        let value =
            value(selector, filling).ok_or_else(|| Unfilled::Missing(selector.to_owned()))?;
        let blocked = filling.blocked.iter().find(|c| value.contains(**c));
        if let Some(character) = blocked {
            return Err(Unfilled::Blocked {
                selector: selector.to_owned(),
                character: *character,
            });
        }
        out.push_str(&value);
        out.push_str(tail);
    }
    Ok(out)
}

fn value(selector: &str, filling: Filling<'_>) -> Option<String> {
    if let Some(rest) = selector.strip_prefix("time.") {
        return time_value(rest, filling.now?);
    }
    let identity = filling.identity?;
    if let Some(rest) = selector.strip_prefix("identity.entity.") {
        return entity_value(rest, identity.entity.as_ref()?);
    }
    let rest = selector.strip_prefix("identity.groups.")?;
    group_value(rest, &identity.groups, filling.namespace)
}

fn filled(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn entity_value(selector: &str, entity: &Entity) -> Option<String> {
    match selector {
        "id" => filled(&entity.id),
        "name" => filled(&entity.name),
        _ => {
            if let Some(key) = selector.strip_prefix("metadata.") {
                return entity.metadata.get(key).cloned();
            }
            let (accessor, rest) = selector.strip_prefix("aliases.")?.split_once('.')?;
            let alias = entity.aliases.iter().find(|one| one.accessor == accessor)?;
            alias_value(rest, alias)
        }
    }
}

fn alias_value(selector: &str, alias: &Alias) -> Option<String> {
    match selector {
        "id" => filled(&alias.id),
        "name" => filled(&alias.name),
        _ => match selector.strip_prefix("metadata.") {
            Some(key) => alias.metadata.get(key).cloned(),
            None => alias
                .custom_metadata
                .get(selector.strip_prefix("custom_metadata.")?)
                .cloned(),
        },
    }
}

fn group_value(selector: &str, groups: &[Group], namespace: &str) -> Option<String> {
    let (by, rest) = selector.split_once('.')?;
    let (wanted, rest) = rest.split_once('.')?;
    let group = groups.iter().find(|group| match by {
        "ids" => group.id == wanted,
        "names" => group.namespace == namespace && group.name == wanted,
        _ => false,
    })?;
    match rest {
        "id" => Some(group.id.clone()),
        "name" => filled(&group.name),
        _ => group.metadata.get(rest.strip_prefix("metadata.")?).cloned(),
    }
}

fn time_value(selector: &str, now: i64) -> Option<String> {
    let mut parts = selector.splitn(3, '.');
    if parts.next()? != "now" {
        return None;
    }
    let Some(operator) = parts.next() else {
        return Some(now.to_string());
    };
    let seconds = time::duration(parts.next()?)?.div_euclid(1_000_000_000);
    let time = match operator {
        "plus" => now.checked_add(seconds)?,
        "minus" => now.checked_sub(seconds)?,
        _ => return None,
    };
    Some(time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity {
        Identity {
            entity: Some(Entity {
                id: "e-1".into(),
                name: "alice".into(),
                metadata: BTreeMap::from([("team".into(), "red/*".into())]),
                aliases: vec![Alias {
                    accessor: "auth_userpass_1".into(),
                    name: "al".into(),
                    ..Alias::default()
                }],
            }),
            groups: vec![Group {
                id: "g-1".into(),
                name: "ops".into(),
                ..Group::default()
            }],
        }
    }

    fn filled_in(path: &str, blocked: &[char]) -> Result<String, Unfilled> {
        let identity = identity();
        fill(
            path,
            Filling {
                identity: Some(&identity),
                now: Some(100),
                namespace: "",
                blocked,
            },
        )
    }

    #[test]
    fn selectors_are_filled() {
        let path = "kv/{{ identity.entity.name }}/{{identity.groups.names.ops.id}}/*";
        assert_eq!(filled_in(path, &[]).as_deref(), Ok("kv/alice/g-1/*"));
        let alias = "{{identity.entity.aliases.auth_userpass_1.name}}";
        assert_eq!(filled_in(alias, &[]).as_deref(), Ok("al"));
        assert_eq!(filled_in("{{time.now.plus.1m}}", &[]).as_deref(), Ok("160"));
        assert!(filled_in("{{identity.nosuch}}", &[]).is_err());
    }

    #[test]
    fn wildcards_from_metadata_are_blocked_where_asked() {
        let path = "kv/{{identity.entity.metadata.team}}";
        assert_eq!(filled_in(path, &[]).as_deref(), Ok("kv/red/*"));
        let blocked = filled_in(path, &['/', '*', '+']);
        assert!(matches!(
            blocked,
            Err(Unfilled::Blocked { character: '/', .. })
        ));
    }

    #[test]
    fn braces_must_match() {
        assert_eq!(has_template("a{{b"), None);
        assert_eq!(has_template("a}}b"), None);
        assert_eq!(has_template("a{{b}}c"), Some(true));
        assert_eq!(has_template("abc"), Some(false));
    }
}
