//! From the text of a test file to cases.
//!
//! ```hcl
//! covers = ["reader"]
//!
//! case "readers read" {
//!   policies = ["reader"]
//!   identity = { name = "ann", metadata = { team = "red" }, groups = ["ops"] }
//!
//!   expect allow "kv/data/a" { capabilities = ["read"] }
//!   expect deny "kv/data/a" { capabilities = ["update"], parameters = { ttl = "9h" } }
//!
//!   table {
//!     allow = { "kv/data/b" = ["read"], "kv/metadata" = ["list"] }
//!     deny  = { "sys/mounts" = ["read"] }
//!   }
//! }
//! ```

use super::{Case, Expectation, TestFile};
use crate::policy::capability::Capability;
use crate::policy::decide::{Operation, Request};
use crate::policy::wire;
use crate::source::{Diagnostic, Outcome, Span, nearest};
use crate::syntax::{Attribute, Block, Body, Expression, Node};
use crate::value::Value;
use crate::value::json::{Secrets, to_json};
use serde_json::{Map, Value as Json};

/// How expressions of the file get their values.
type Evaluate<'e> = &'e dyn Fn(&Expression) -> Outcome<Value>;

/// Reads the body of a test file.
#[must_use]
pub fn read(body: &Body, evaluate: Evaluate<'_>) -> (TestFile, Vec<Diagnostic>) {
    let mut reader = Reader {
        evaluate,
        told: Vec::new(),
        namespace: String::new(),
    };
    let file = reader.file(body);
    (file, reader.told)
}

struct Reader<'e> {
    evaluate: Evaluate<'e>,
    told: Vec<Diagnostic>,
    namespace: String,
}

const FILE: &[&str] = &["server", "config", "namespace", "mounts", "covers"];
const CASE: &[&str] = &["policies", "identity"];
const EXPECT: &[&str] = &["capabilities", "parameters", "wrap_ttl"];
const TABLE: &[&str] = &["allow", "deny"];

impl Reader<'_> {
    fn file(&mut self, body: &Body) -> TestFile {
        self.strangers(body, FILE, &["case"]);
        let mut file = TestFile::default();
        if let Some((name, span)) = self.text(body, "server") {
            file.server = wire::server_named(&name);
            if file.server.is_none() {
                let message = format!("`{name}` is no server such as `openbao-2.7`");
                self.wrong(span, message, "write `openbao-VERSION` or `vault-VERSION`");
            }
        }
        file.config = self.text(body, "config").map(|(path, _)| path);
        if let Some((namespace, _)) = self.text(body, "namespace") {
            self.namespace = match namespace.trim_matches('/') {
                "" => String::new(),
                inner => format!("{inner}/"),
            };
        }
        file.namespace.clone_from(&self.namespace);
        if let Some((Json::Object(mounts), _)) = self.value(body, "mounts") {
            let each = mounts.iter().map(|(path, kind)| {
                let kind = kind.as_str().unwrap_or_default().to_owned();
                (format!("{}/", path.trim_matches('/')), kind)
            });
            file.mounts = each.collect();
        }
        file.covers = self.texts(body, "covers");
        for block in body.blocks_of("case") {
            let case = self.case(block);
            file.cases.push(case);
        }
        file
    }

    fn case(&mut self, block: &Block) -> Case {
        let body = &block.body;
        self.strangers(body, CASE, &["expect", "table"]);
        let name = block.labels.first().map(|label| label.text.to_string());
        if name.is_none() {
            let hint = "write `case \"what it is about\" { … }`";
            self.wrong(block.header, "this case has no name".to_owned(), hint);
        }
        let mut case = Case {
            name: name.unwrap_or_default(),
            span: block.header,
            policies: self.texts(body, "policies"),
            identity: None,
            expectations: Vec::new(),
        };
        if body.attribute("policies").is_none() {
            let hint = "name them: `policies = [\"reader\"]`";
            self.wrong(block.header, "this case has no policies".to_owned(), hint);
        }
        if let Some((json, span)) = self.value(body, "identity") {
            match wire::identity(&json) {
                Ok(identity) => case.identity = identity,
                Err(why) => self.wrong(
                    span,
                    why,
                    "write such as `{ name = \"ann\", groups = [\"ops\"] }`",
                ),
            }
        }
        for inner in &body.blocks {
            match &*inner.kind.text {
                "expect" => self.expect(inner, &mut case),
                "table" => self.table(inner, &mut case),
                _ => {}
            }
        }
        if case.expectations.is_empty() && self.told.is_empty() {
            let hint = "add `expect allow \"PATH\" { capabilities = [\"read\"] }`";
            self.wrong(block.header, "this case expects nothing".to_owned(), hint);
        }
        case
    }

    fn expect(&mut self, block: &Block, case: &mut Case) {
        self.strangers(&block.body, EXPECT, &[]);
        let labels: Vec<&str> = block.labels.iter().map(|label| &*label.text).collect();
        let (allow, path) = match labels.as_slice() {
            ["allow", path] => (true, *path),
            ["deny", path] => (false, *path),
            _ => {
                let hint = "write `expect allow \"PATH\" { … }` or `expect deny \"PATH\" { … }`";
                let message = "an expectation says `allow` or `deny`, and a path".to_owned();
                return self.wrong(block.header, message, hint);
            }
        };
        let mut names = self.texts(&block.body, "capabilities");
        if names.is_empty() {
            names.push(("read".to_owned(), block.header));
        }
        let data = match self.value(&block.body, "parameters") {
            Some((Json::Object(data), _)) => data,
            Some((_, span)) => {
                self.wrong(
                    span,
                    "`parameters` must be an object".to_owned(),
                    "write `{ name = \"value\" }`",
                );
                Map::new()
            }
            None => Map::new(),
        };
        let wrap_ttl = self.text(&block.body, "wrap_ttl").and_then(|(text, span)| {
            let ttl = crate::policy::time::duration(&text);
            if ttl.is_none() {
                self.wrong(
                    span,
                    format!("`{text}` is no duration"),
                    "write such as `60s`",
                );
            }
            ttl
        });
        for (name, span) in names {
            if let Some(mut one) = self.expectation(allow, path, &name, span) {
                one.request.data.clone_from(&data);
                one.request.wrap_ttl = wrap_ttl;
                one.span = block.header;
                case.expectations.push(one);
            }
        }
    }

    fn table(&mut self, block: &Block, case: &mut Case) {
        self.strangers(&block.body, TABLE, &[]);
        for (side, allow) in [("allow", true), ("deny", false)] {
            let Some(attribute) = block.body.attribute(side) else {
                continue;
            };
            let Node::Object(items) = &attribute.value.node else {
                let hint = "write `{ \"PATH\" = [\"read\"] }`";
                self.wrong(
                    attribute.value.span,
                    format!("`{side}` must be an object"),
                    hint,
                );
                continue;
            };
            for item in items {
                let path = self.evaluated(&item.key);
                let names = self.evaluated(&item.value);
                let path = path
                    .as_ref()
                    .and_then(Json::as_str)
                    .unwrap_or_default()
                    .to_owned();
                for name in names_in(names.as_ref()) {
                    if let Some(mut one) = self.expectation(allow, &path, &name, item.value.span) {
                        one.span = item.key.span;
                        case.expectations.push(one);
                    }
                }
            }
        }
    }

    fn expectation(
        &mut self,
        allow: bool,
        path: &str,
        name: &str,
        span: Span,
    ) -> Option<Expectation> {
        let known = Capability::named(name).filter(|one| *one != Capability::Deny);
        let Some(capability) = known else {
            let names = Capability::ALL.iter().map(|one| one.name());
            let near = nearest(name, names).map(|near| format!("did you mean `{near}`?"));
            let hint = near.unwrap_or_else(|| "write such as `read`, `update`, `list`".to_owned());
            self.wrong(span, format!("`{name}` is no capability"), &hint);
            return None;
        };
        let path = path.strip_prefix('/').unwrap_or(path);
        let mut request = Request::new(operation(capability), path);
        request.namespace.clone_from(&self.namespace);
        Some(Expectation {
            allow,
            request,
            capability,
            span,
        })
    }

    /// Tells of attributes and blocks that do not belong here.
    fn strangers(&mut self, body: &Body, attributes: &[&str], blocks: &[&str]) {
        let names = body.attributes.iter().map(|one: &Attribute| &one.name);
        let kinds = body.blocks.iter().map(|one| &one.kind);
        let attributes = names
            .filter(|name| !attributes.contains(&&*name.text))
            .map(|name| (name, attributes));
        let blocks = kinds
            .filter(|kind| !blocks.contains(&&*kind.text))
            .map(|kind| (kind, blocks));
        let strangers: Vec<_> = attributes.chain(blocks).collect();
        for (name, known) in strangers {
            let near = nearest(&name.text, known.iter().copied());
            let hint = near.map_or_else(
                || format!("what may stand here: {}", known.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            self.wrong(
                name.span,
                format!("`{}` does not belong here", name.text),
                &hint,
            );
        }
    }

    fn wrong(&mut self, span: Span, message: String, hint: &str) {
        let problem = Diagnostic::error("invalid-policy-test", message);
        self.told.push(problem.at(span, "").hint(hint));
    }

    fn evaluated(&mut self, expression: &Expression) -> Option<Json> {
        match (self.evaluate)(expression) {
            Ok(value) => match to_json(&value, Secrets::Shown) {
                Ok(json) => Some(json),
                Err(why) => {
                    self.wrong(expression.span, why, "write the value itself");
                    None
                }
            },
            Err(problems) => {
                self.told.extend(problems);
                None
            }
        }
    }

    fn value(&mut self, body: &Body, name: &str) -> Option<(Json, Span)> {
        let attribute = body.attribute(name)?;
        let json = self.evaluated(&attribute.value)?;
        (!json.is_null()).then_some((json, attribute.value.span))
    }

    fn text(&mut self, body: &Body, name: &str) -> Option<(String, Span)> {
        let (json, span) = self.value(body, name)?;
        match json.as_str() {
            Some(text) => Some((text.to_owned(), span)),
            None => {
                self.wrong(
                    span,
                    format!("`{name}` must be a text"),
                    "write it in quotation marks",
                );
                None
            }
        }
    }

    /// Reads a list of texts, each with its own place where the list is written out.
    fn texts(&mut self, body: &Body, name: &str) -> Vec<(String, Span)> {
        let Some(attribute) = body.attribute(name) else {
            return Vec::new();
        };
        let value = attribute.value.clone();
        let places: Vec<Span> = match &value.node {
            Node::Tuple(items) => items.iter().map(|item| item.span).collect(),
            _ => Vec::new(),
        };
        let json = self.evaluated(&value);
        let names = names_in(json.as_ref()).into_iter().enumerate();
        names
            .map(|(at, name)| (name, places.get(at).copied().unwrap_or(value.span)))
            .collect()
    }
}

/// Returns the texts of a list, or of one text alone.
fn names_in(json: Option<&Json>) -> Vec<String> {
    match json {
        Some(Json::String(text)) => vec![text.clone()],
        Some(Json::Array(items)) => {
            let texts = items.iter().filter_map(Json::as_str);
            texts.map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

fn operation(capability: Capability) -> Operation {
    match capability {
        Capability::Create => Operation::Create,
        Capability::Update => Operation::Update,
        Capability::Patch => Operation::Patch,
        Capability::Delete => Operation::Delete,
        Capability::List => Operation::List,
        Capability::Scan => Operation::Scan,
        Capability::Recover => Operation::Recover,
        _ => Operation::Read,
    }
}
