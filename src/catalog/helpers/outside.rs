//! Files beside the configuration, programs, and pages of the web.

use crate::catalog::{
    Attribute, Check, DataRead, Life, Local, ResourceType, Rule, block, boolean, checked, integer,
    list, map, pem, text, url,
};

/// The types of this group.
pub const TYPES: &[ResourceType] = checked(&[
    FILE,
    SENSITIVE_FILE,
    READ_FILE,
    READ_SENSITIVE_FILE,
    PROGRAM,
    PAGE,
]);

/// Digests of a file's content.
const DIGESTS: &[Attribute] = &[
    text("content_md5", "Its MD5 digest.").computed(),
    text("content_sha1", "Its SHA-1 digest.").computed(),
    text("content_sha256", "Its SHA-256 digest.").computed(),
    text("content_base64sha256", "The same, in base64.").computed(),
    text("content_sha512", "Its SHA-512 digest.").computed(),
    text("content_base64sha512", "The same, in base64.").computed(),
];

const FILENAME: Attribute = text("filename", "Path of the file.")
    .required()
    .argument()
    .replaces();
const SOURCE: Attribute = text("source", "Path of a file to copy.").replaces();
const ONE_CONTENT: &[Rule] = &[Rule::ExactlyOne(&["content", "content_base64", "source"])];

const FILE: ResourceType = ResourceType::new(
    "local_file",
    "A file on the machine that applies.",
    "",
    Life::Local(Local::File),
)
.attributes(&[
    FILENAME,
    text("content", "What it holds.").replaces(),
    text("content_base64", "What it holds, in base64.").replaces(),
    SOURCE,
    text("sensitive_content", "What it holds.")
        .sensitive()
        .replaces()
        .deprecated("use `local_sensitive_file`"),
    text("file_permission", "Its permissions.")
        .default("0777")
        .replaces(),
    text(
        "directory_permission",
        "Permissions of directories that are made for it.",
    )
    .default("0777")
    .replaces(),
])
.with(&[DIGESTS])
.rules(&[Rule::ExactlyOne(&[
    "content",
    "content_base64",
    "source",
    "sensitive_content",
])])
.notes(&["A file that is missing or was changed is written anew."])
.example(
    r#"# Needs a directory to write to.
resource "local_file" "agent" {
  filename = "agent.hcl"
  content  = "vault { address = \"https://vault.internal.example:8200\" }\n"
}
"#,
);

const SENSITIVE_FILE: ResourceType = ResourceType::new(
    "local_sensitive_file",
    "A secret file on the machine that applies.",
    "",
    Life::Local(Local::File),
)
.attributes(&[
    FILENAME,
    text("content", "What it holds.").sensitive().replaces(),
    text("content_base64", "What it holds, in base64.")
        .sensitive()
        .replaces(),
    SOURCE,
    text("file_permission", "Its permissions.")
        .default("0700")
        .replaces(),
    text(
        "directory_permission",
        "Permissions of directories that are made for it.",
    )
    .default("0700")
    .replaces(),
])
.with(&[DIGESTS])
.rules(ONE_CONTENT)
.notes(&["The one type that writes a secret to a disk, because it is asked to."])
.example(
    r#"# Needs a directory to write to.
resource "local_sensitive_file" "token" {
  filename = "token"
  content  = "not-a-real-token"
}
"#,
);

const READ_FILE: ResourceType = ResourceType::data(
    "local_file",
    "Reads a file of the machine that plans.",
    "",
    DataRead::Local(Local::ReadFile),
)
.attributes(&[
    text("filename", "Path of the file.").required(),
    text("content", "What it holds.").computed(),
    text("content_base64", "What it holds, in base64.").computed(),
])
.with(&[DIGESTS])
.example(
    r#"data "local_file" "self" {
  filename = "main.tf"
}
"#,
);

const READ_SENSITIVE_FILE: ResourceType = ResourceType::data(
    "local_sensitive_file",
    "Reads a secret file of the machine that plans.",
    "",
    DataRead::Local(Local::ReadFile),
)
.attributes(&[
    text("filename", "Path of the file.").required(),
    text("content", "What it holds.").computed().sensitive(),
    text("content_base64", "What it holds, in base64.")
        .computed()
        .sensitive(),
])
.with(&[DIGESTS])
.example(
    r#"data "local_sensitive_file" "self" {
  filename = "main.tf"
}
"#,
);

const PROGRAM: ResourceType = ResourceType::data(
    "external",
    "Runs a program, gives it JSON and reads JSON.",
    "",
    DataRead::Local(Local::Program),
)
.attributes(&[
    list("program", "The program and its arguments.")
        .required()
        .checks(&[Check::MinItems(1)]),
    text("working_dir", "Where it runs."),
    map("query", "What it is given, as an object on its input."),
    map(
        "result",
        "What it answers: an object of texts on its output.",
    )
    .computed(),
])
.notes(&["The program runs whenever a plan is made, with the rights of whoever plans."])
.example(
    r#"# Needs a machine that may run programs.
data "external" "greeting" {
  program = ["echo", "{\"said\": \"hello\"}"]
}
"#,
);

const PAGE: ResourceType = ResourceType::data(
    "http",
    "Reads a page of the web.",
    "",
    DataRead::Local(Local::Page),
)
.attributes(&[
    url("url", "Its address.").required(),
    text("method", "The method of the request.")
        .default("GET")
        .checks(&[Check::OneOf(&["GET", "POST", "HEAD"])]),
    map("request_headers", "Headers of the request."),
    text("request_body", "Body of the request."),
    integer("request_timeout_ms", "How many milliseconds to wait.").checks(&[Check::AtLeast(1)]),
    pem("ca_cert_pem", "Certificates of authorities to trust."),
    boolean(
        "insecure",
        "Whether the server's certificate is not checked.",
    ),
    block("retry", RETRY, "How often to try again."),
    integer("status_code", "Status of the answer.").computed(),
    text("response_body", "Body of the answer.").computed(),
    text("response_body_base64", "The same, in base64.").computed(),
    text("body", "The same as `response_body`.").computed(),
    map("response_headers", "Headers of the answer.").computed(),
])
.example(
    r#"# Needs a server of the web.
data "http" "keys" {
  url = "https://ci.internal.example/.well-known/jwks.json"
}
"#,
);

const RETRY: &[Attribute] = &[
    integer("attempts", "How many times."),
    integer(
        "min_delay_ms",
        "How many milliseconds at least between them.",
    ),
    integer(
        "max_delay_ms",
        "How many milliseconds at most between them.",
    ),
];
