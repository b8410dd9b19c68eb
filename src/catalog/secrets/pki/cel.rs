//! Roles whose rules are programs.

use crate::catalog::{Attribute, Life, Omitted, Products, ResourceType, block, blocks, path, text};

pub const CEL_ROLE: ResourceType = ResourceType::new(
    "bao_pki_secret_backend_cel_role",
    "A role whose program says which certificates may be issued.",
    "{backend}/cel/roles/{name}",
    Life::Upsert(Omitted::Reset),
)
.only(Products::OpenBao)
.list("{backend}/cel/roles")
.attributes(&[
    path("backend", "Mount path of the engine.")
        .required()
        .identity(),
    text("name", "Name of the role.").required().identity(),
    block(
        "cel_program",
        PROGRAM,
        "What decides, in the Common Expression Language.",
    )
    .field("cel_program"),
])
.example(
    r#"resource "vault_mount" "ruled" {
  path = "ruled"
  type = "pki"
}

resource "bao_pki_secret_backend_cel_role" "internal" {
  backend = vault_mount.ruled.path
  name    = "internal"

  cel_program {
    variable {
      name       = "internal"
      expression = "request.common_name.endsWith('.internal.example')"
    }
    expression = "internal"
  }
}
"#,
);

/// A program: variables, then what it comes to.
pub const PROGRAM: &[Attribute] = &[
    blocks(
        "variable",
        VARIABLE,
        "A value with a name, for what stands below it.",
    )
    .field("variables"),
    text("expression", "What it comes to.").required(),
];

const VARIABLE: &[Attribute] = &[
    text("name", "Its name.").required(),
    text("expression", "Its value.").required(),
];
