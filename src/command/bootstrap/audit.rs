//! Audit devices: looked for, made where the server allows it, and where it does not, written as its own file wants them.

use super::settings::Audit;
use super::work::Work;
use crate::command::exit::{Exit, Failure};
use crate::server::{Connection, Request, Server, ServerError};
use crate::source::Diagnostic;
use serde_json::{Map, Value as Json, json};

/// Makes sure that every audit device is there.
///
/// # Errors
/// When one must be made in the server's own file.
pub async fn devices(work: &Work<'_>, root: &Connection) -> Result<(), Failure> {
    let reply = root.server.send(Request::get("sys/audit")).await;
    let reply = reply.map_err(|error| error.to_diagnostic())?;
    let live = reply.data();
    let mut missing = Vec::new();
    for audit in &work.bootstrap.audits {
        if live.get(format!("{}/", audit.path)).is_some() {
            continue;
        }
        match make(root, audit).await {
            Ok(()) => work.say("audit", &format!("`{}` is written to", audit.path)),
            Err(error) if by_file_only(&error) => missing.push(audit),
            Err(error) => return Err(error.to_diagnostic().into()),
        }
    }
    match missing.is_empty() {
        true => Ok(()),
        false => Err(Failure::with(vec![in_the_file(&missing)], Exit::Refused)),
    }
}

async fn make(root: &Connection, audit: &Audit) -> Result<(), ServerError> {
    let options = audit.options.iter();
    let options: Map<String, Json> = options
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    let body = json!({ "type": audit.kind, "options": options });
    let request = Request::post(format!("sys/audit/{}", audit.path), body);
    root.server.send(request).await.map(|_| ())
}

/// OpenBao makes audit devices only as its file says, unless `unsafe_allow_api_audit_creation` is set.
fn by_file_only(error: &ServerError) -> bool {
    error
        .texts()
        .iter()
        .any(|text| text.contains("cannot enable audit device via API"))
}

fn in_the_file(missing: &[&Audit]) -> Diagnostic {
    let stanzas: Vec<String> = missing.iter().map(|audit| stanza(audit)).collect();
    Diagnostic::error(
        "audit-by-file",
        "this server makes audit devices only as its own file says",
    )
    .detail(format!("Add to the server's file:\n\n{}", stanzas.concat()))
    .hint("let the server read its file again (`kill -HUP`, or start it anew), then run this again")
}

/// Writes a device as a server's file wants it.
#[must_use]
pub fn stanza(audit: &Audit) -> String {
    let options = audit.options.iter();
    let lines: String = options
        .map(|(name, value)| format!("    {name} = {}\n", Json::from(value.as_str())))
        .collect();
    format!(
        "audit \"{}\" \"{}\" {{\n  options {{\n{lines}  }}\n}}\n",
        audit.kind, audit.path
    )
}
