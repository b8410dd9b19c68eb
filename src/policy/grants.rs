//! Policies written from what is to be granted.

use super::capability::Capabilities;

/// Writes a policy: one rule a line, with what each is for after it. Pairs of path and capabilities, and the reason.
#[must_use]
pub fn written<'a>(rules: impl IntoIterator<Item = (&'a str, Capabilities, &'a str)>) -> String {
    let mut text = String::new();
    for (path, capabilities, reason) in rules {
        let names: Vec<String> = capabilities
            .iter()
            .map(|one| format!("\"{}\"", one.name()))
            .collect();
        let path = path.replace('\\', "\\\\").replace('"', "\\\"");
        text.push_str(&format!(
            "path \"{path}\" {{ capabilities = [{}] }} # {reason}\n",
            names.join(", ")
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::{Capability, Context, Operation, Request, Server, decide, parse};
    use super::*;

    #[test]
    fn what_is_written_grants_exactly_that() {
        let read: Capabilities = [Capability::Read].into_iter().collect();
        let text = written([("kv/data/a", read, "x"), ("odd/\"quoted\"", read, "y")]);
        let (policy, errors) = parse(&text, None, Server::OPENBAO);
        assert!(errors.is_empty(), "{text}");
        let policies = [policy];
        let context = Context::new(Server::OPENBAO);
        let may = |operation, path: &str| {
            decide(&policies, &Request::new(operation, path), &context).allowed
        };
        assert!(may(Operation::Read, "kv/data/a") && may(Operation::Read, "odd/\"quoted\""));
        assert!(!may(Operation::Update, "kv/data/a") && !may(Operation::Read, "kv/data/b"));
    }
}
