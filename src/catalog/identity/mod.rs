//! Identity: who somebody is, however they logged in.

pub mod entities;
pub mod groups;
pub mod mfa;
pub mod oidc;

use super::{Attribute, Find, Generate, boolean, map, set};

/// An object of the identity store: named by the server, recognised by its name.
const fn stored(create: &'static str, list: &'static str) -> Generate {
    Generate {
        list,
        find: Find::Fields(&[("name", "name")]),
        ..Generate::at(create, "id")
    }
}

const METADATA: Attribute = map("metadata", "Any text by key.");
const POLICIES: Attribute = set("policies", "Policies that it has.")
    .lower_cased()
    .refers("sys/policies/acl/{}")
    .unless(&[("external_policies", "true")]);
const EXTERNAL_POLICIES: Attribute =
    boolean("external_policies", "Whether others manage its policies.").argument();
const EXCLUSIVE: Attribute = boolean("exclusive", "Whether nobody else adds any.")
    .default_bool(true)
    .argument();
