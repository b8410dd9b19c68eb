//! What must hold of every table before it compiles.

use super::{Attribute, Default, Kind, Presence, ReadBack, ResourceType};

/// Passes tables through and stops compilation when a path names no attribute, a name stands twice, or a required
/// attribute has a default.
#[must_use]
pub const fn checked(types: &'static [ResourceType]) -> &'static [ResourceType] {
    let mut index = 0;
    while index < types.len() {
        let table = &types[index];
        check_names(table);
        check_template(table, table.place);
        check_template(table, table.id);
        check_fields(table, table.attributes);
        if let Some(path) = table.list {
            check_template(table, path);
        }
        let mut part = 0;
        while part < table.parts.len() {
            let (path, each) = (table.parts[part].path, table.parts[part].each);
            check_part(table, path, each);
            part += 1;
        }
        index += 1;
    }
    types
}

/// Checks the path of a part; one of many objects names the attribute of their blocks last.
const fn check_part(table: &ResourceType, path: &str, each: &str) {
    if each.is_empty() {
        check_template(table, path);
        return;
    }
    let (path, each) = (path.as_bytes(), each.as_bytes());
    assert!(
        path.len() > each.len() + 2,
        "the path of a part is too short"
    );
    let (before, last) = path.split_at(path.len() - each.len() - 2);
    let (_, last) = last.split_at(1);
    let (name, _) = last.split_at(each.len());
    assert!(
        same(name, each),
        "the path of a part does not end in what names its objects"
    );
    check_bytes(table, before);
}

/// Checks the templates of attributes.
const fn check_fields(table: &ResourceType, attributes: &[Attribute]) {
    let mut index = 0;
    while index < attributes.len() {
        let attribute = &attributes[index];
        if let Some(template) = attribute.refers {
            check_template(table, template);
        }
        if let ReadBack::Template(template) = attribute.read {
            check_template(table, template);
        }
        index += 1;
    }
}

const fn check_names(table: &ResourceType) {
    check_group(table.attributes);
    let mut group = 0;
    while group < table.shared.len() {
        check_group(table.shared[group]);
        let mut index = 0;
        while index < table.shared[group].len() {
            let name = table.shared[group][index].name;
            assert!(
                !stands_in(table.attributes, name),
                "an attribute stands twice in a table"
            );
            index += 1;
        }
        group += 1;
    }
}

const fn check_group(attributes: &[Attribute]) {
    let mut index = 0;
    while index < attributes.len() {
        let attribute = &attributes[index];
        let (_, rest) = attributes.split_at(index + 1);
        assert!(
            !stands_in(rest, attribute.name),
            "an attribute stands twice in a table"
        );
        if matches!(attribute.presence, Presence::Required) {
            assert!(
                matches!(attribute.default, Default::Zero),
                "a required attribute has a default"
            );
        }
        if let Kind::Block(_, inner) = attribute.kind {
            check_group(inner);
        }
        index += 1;
    }
}

const fn stands_in(attributes: &[Attribute], name: &str) -> bool {
    let mut index = 0;
    while index < attributes.len() {
        if same(attributes[index].name.as_bytes(), name.as_bytes()) {
            return true;
        }
        index += 1;
    }
    false
}

/// Checks every `{name}` and `{name|other}` of a template.
const fn check_template(table: &ResourceType, template: &str) {
    check_bytes(table, template.as_bytes());
}

const fn check_bytes(table: &ResourceType, template: &[u8]) {
    let mut rest = template;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte == b'{' {
            rest = check_placeholder(table, after);
        }
    }
}

/// Checks one placeholder and gives what follows it.
const fn check_placeholder<'a>(table: &ResourceType, text: &'a [u8]) -> &'a [u8] {
    let mut start = 0;
    let mut end = 0;
    while end < text.len() {
        let byte = text[end];
        if byte == b'|' || byte == b'}' {
            let (_, from) = text.split_at(start);
            let (name, _) = from.split_at(end - start);
            assert!(
                is_known(table, name),
                "a path names no attribute of its table"
            );
            start = end + 1;
        }
        if byte == b'}' {
            return text.split_at(start).1;
        }
        end += 1;
    }
    // The compiler comes here, never a run: it is evaluated for constants alone.
    panic!("a placeholder has no end")
}

const fn is_known(table: &ResourceType, name: &[u8]) -> bool {
    if name.is_empty()
        || same(name, b"id")
        || same(name, b"namespace")
        || has(table.attributes, name)
    {
        return true;
    }
    let mut group = 0;
    while group < table.shared.len() {
        if has(table.shared[group], name) {
            return true;
        }
        group += 1;
    }
    false
}

const fn has(attributes: &[Attribute], name: &[u8]) -> bool {
    let mut index = 0;
    while index < attributes.len() {
        if same(attributes[index].name.as_bytes(), name) {
            return true;
        }
        index += 1;
    }
    false
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut index = 0;
    while index < a.len() {
        if a[index] != b[index] {
            return false;
        }
        index += 1;
    }
    true
}
