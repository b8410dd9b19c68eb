//! What every auth role says of the tokens that it gives.

use crate::catalog::{Attribute, Products, boolean, cidrs, integer, map, seconds, set, text};

/// The `token_…` attributes that roles of all auth methods share.
pub const TOKEN_ATTRIBUTES: &[Attribute] = &[
    seconds(
        "token_ttl",
        "How long a token lives at first; 0 is the mount's default.",
    ),
    seconds(
        "token_max_ttl",
        "How long a token may live with renewals; 0 is the mount's limit.",
    ),
    seconds(
        "token_explicit_max_ttl",
        "A limit that no renewal and no change of the mount can lift.",
    ),
    seconds(
        "token_period",
        "Makes periodic tokens: each renewal gives this many seconds, without a limit.",
    ),
    set("token_policies", "Policies of the tokens.").refers("sys/policies/acl/{}"),
    cidrs(
        "token_bound_cidrs",
        "Networks in which the tokens may be used.",
    ),
    boolean(
        "token_no_default_policy",
        "Whether the tokens lack the policy `default`.",
    ),
    integer(
        "token_num_uses",
        "How often a token may be used; 0 is without limit.",
    ),
    text(
        "token_type",
        "`default`, `service`, `batch`, `default-service` or `default-batch`.",
    )
    .default("default"),
    map(
        "alias_metadata",
        "Metadata of the alias that a login makes.",
    )
    .only(Products::Enterprise),
];
