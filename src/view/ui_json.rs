//! The stream of JSON events, one a line, that `plan -json` and `apply -json` write: `ui` version 1.2.

use super::access::{AccessRow, predicate, subject};
use super::diagnostic::sentence;
use super::diagnostic_json::diagnostic_json;
use super::document::{PlanDocument, ResourceChange};
use super::marker::{Marker, counts, moved, plan_line};
use super::plan_text::TextOptions;
use super::product::Product;
use super::progress::{self, Act, Applied};
use super::state_json::{DocumentStyle, index_json, output_values};
use crate::plan::{Change, Plan};
use crate::source::{Diagnostic, Severity, Sources};
use crate::value::{Address, Mode, Value};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What every event of a stream carries.
#[derive(Clone, Copy, Debug)]
pub struct Stream<'a> {
    pub product: Product,
    pub version: &'a str,
    /// When the event happens, in microseconds since 1970.
    pub now: i64,
}

impl Stream<'_> {
    pub(super) fn event(self, level: &str, kind: &str, message: &str, more: Json) -> String {
        let stamp = jiff::Timestamp::from_microsecond(self.now).unwrap_or_default();
        let mut event = Map::new();
        event.insert("@level".to_owned(), level.into());
        event.insert("@message".to_owned(), message.into());
        event.insert(
            "@module".to_owned(),
            format!("{}.ui", self.product.word()).into(),
        );
        event.insert("@timestamp".to_owned(), format!("{stamp:.6}").into());
        if let Json::Object(more) = more {
            event.extend(more);
        }
        event.insert("type".to_owned(), kind.into());
        Json::Object(event).to_string() + "\n"
    }

    /// Returns the first event: which program, which version of the format.
    #[must_use]
    pub fn version(self) -> String {
        let message = format!("{} {}", self.product.name(), self.version);
        let mut more = Map::new();
        more.insert(self.product.word().to_owned(), self.version.into());
        more.insert("ui".to_owned(), "1.2".into());
        self.event("info", "version", &message, more.into())
    }

    /// Returns a message without further meaning.
    #[must_use]
    pub fn log(self, message: &str) -> String {
        self.event("info", "log", message, json!({}))
    }

    /// Returns a diagnostic; notes are messages.
    #[must_use]
    pub fn diagnostic(self, diagnostic: &Diagnostic, sources: &Sources) -> String {
        let summary = sentence(&diagnostic.message);
        let (level, word) = match diagnostic.severity {
            Severity::Error => ("error", "Error"),
            Severity::Warning => ("warn", "Warning"),
            Severity::Note => return self.log(&format!("Note: {summary}")),
        };
        let more = json!({ "diagnostic": diagnostic_json(diagnostic, sources) });
        self.event(level, "diagnostic", &format!("{word}: {summary}"), more)
    }

    /// Returns the events of a plan: drift, changes, the summary, outputs.
    #[must_use]
    pub fn plan(self, document: &PlanDocument) -> String {
        let drift = document
            .resource_drift
            .iter()
            .map(|entry| self.drift(entry));
        let said = |change: &&ResourceChange| {
            Marker::of(change) != Marker::Keep || change.change.importing.is_some() || moved(change)
        };
        let changes = document.resource_changes.iter().filter(said);
        let changes = changes.map(|change| self.planned_change(change));
        let mut out: String = drift.chain(changes).collect();
        out.push_str(&self.plan_summary(document));
        if !document.output_changes.is_empty() {
            out.push_str(&self.planned_outputs(document));
        }
        for row in &document.access_changes {
            out.push_str(&self.access(row));
        }
        out
    }

    /// Returns a message of who gains or loses what, with the row of the plan document.
    fn access(self, row: &AccessRow) -> String {
        let message = format!("Access: {} {}", subject(row), predicate(row));
        self.event("info", "log", &message, json!({ "access_change": row }))
    }

    fn drift(self, entry: &ResourceChange) -> String {
        let action = if entry.change.actions == ["delete"] {
            "delete"
        } else {
            "update"
        };
        let change = json!({ "resource": resource_of(entry), "action": action });
        let message = format!("{}: Drift detected ({action})", entry.address);
        self.event(
            "info",
            "resource_drift",
            &message,
            json!({ "change": change }),
        )
    }

    fn planned_change(self, change: &ResourceChange) -> String {
        let action = action(change);
        let mut entry = json!({ "resource": resource_of(change), "action": action });
        if moved(change) {
            let mut previous = change.clone();
            previous.address = change.previous_address.clone().unwrap_or_default();
            entry["previous_resource"] = resource_of(&previous);
        }
        if let Some(reason) = change.action_reason.as_deref().and_then(reason) {
            entry["reason"] = reason.into();
        }
        if let Some(importing) = &change.change.importing {
            entry["importing"] = json!({ "id": importing.id });
        }
        if let Some(notes) = &change.vaultform {
            entry["vaultform"] = json!({ "change": notes.change, "origin": notes.origin });
        }
        let message = match Marker::of(change) {
            Marker::Adopt if change.change.importing.is_none() => {
                format!("{}: Plan to adopt", change.address)
            }
            _ => format!("{}: Plan to {action}", change.address),
        };
        self.event(
            "info",
            "planned_change",
            &message,
            json!({ "change": entry }),
        )
    }

    fn plan_summary(self, document: &PlanDocument) -> String {
        let counts = counts(document);
        let changes = json!({
            "add": counts.add,
            "change": counts.change,
            "import": counts.import,
            "remove": counts.destroy,
            "forget": counts.forget,
            "adopt": counts.adopt,
            "operation": "plan",
        });
        self.event(
            "info",
            "change_summary",
            &plan_line(counts),
            json!({ "changes": changes }),
        )
    }

    fn planned_outputs(self, document: &PlanDocument) -> String {
        let outputs = document.output_changes.iter().map(|(name, change)| {
            let action = match change.actions.first().map(String::as_str) {
                Some("no-op") | None => "noop",
                Some(action) => action,
            };
            let sides = [&change.before_sensitive, &change.after_sensitive];
            let sensitive = sides.into_iter().any(|tree| *tree == Json::Bool(true));
            (
                name.clone(),
                json!({ "sensitive": sensitive, "action": action }),
            )
        });
        let outputs: Map<String, Json> = outputs.collect();
        let message = format!("Outputs: {}", outputs.len());
        self.event("info", "outputs", &message, json!({ "outputs": outputs }))
    }

    /// Returns the outputs after an apply; sensitive ones without a value.
    #[must_use]
    pub fn outputs(self, outputs: &BTreeMap<Arc<str>, Value>) -> String {
        let style = DocumentStyle {
            terraform_version: self.version,
            registry: "",
            show_sensitive: false,
        };
        let mut values = output_values(outputs, style);
        for output in values
            .as_object_mut()
            .into_iter()
            .flat_map(|outputs| outputs.values_mut())
        {
            if output["sensitive"] == true
                && let Some(fields) = output.as_object_mut()
            {
                fields.remove("value");
            }
        }
        let message = format!("Outputs: {}", outputs.len());
        self.event("info", "outputs", &message, json!({ "outputs": values }))
    }

    /// Returns that the objects that were there before have been looked at: `refresh_start` and `refresh_complete` of each.
    /// They come together, as thousands are read at once.
    #[must_use]
    pub fn refreshed(self, plan: &Plan) -> String {
        let seen = plan.steps.iter().filter(|step| {
            step.address.mode == Mode::Managed && !matches!(step.change, Change::Create)
        });
        let mut out = String::new();
        for step in seen {
            let id = step.before.as_ref().and_then(|before| before.field("id"));
            let id = id.filter(|id| !id.marks.any()).and_then(Value::as_text);
            let named = id.map(|id| format!(" [id={id}]")).unwrap_or_default();
            let mut about = json!({ "resource": resource(&step.address) });
            if let Some(id) = id {
                about["id_key"] = "id".into();
                about["id_value"] = id.into();
            }
            for (kind, word) in [
                ("refresh_start", "Refreshing state..."),
                ("refresh_complete", "Refresh complete"),
            ] {
                let message = format!("{}: {word}{named}", step.address);
                out.push_str(&self.hook("info", kind, &message, about.clone()));
            }
        }
        out
    }

    /// Returns that an act begins.
    #[must_use]
    pub fn apply_start(self, address: &Address, act: Act, id: Option<&str>) -> String {
        let message = progress::started(&address.to_string(), act, id, plain());
        self.hook(
            "info",
            "apply_start",
            &message,
            hook(address, act, id, None),
        )
    }

    /// Returns that an act goes on.
    #[must_use]
    pub fn apply_progress(self, address: &Address, act: Act, seconds: u64) -> String {
        let message = progress::still(&address.to_string(), act, None, seconds, plain());
        self.hook(
            "info",
            "apply_progress",
            &message,
            hook(address, act, None, Some(seconds)),
        )
    }

    /// Returns that an act is done.
    #[must_use]
    pub fn apply_complete(
        self,
        address: &Address,
        act: Act,
        id: Option<&str>,
        seconds: u64,
    ) -> String {
        let message = progress::completed(&address.to_string(), act, id, seconds, plain());
        self.hook(
            "info",
            "apply_complete",
            &message,
            hook(address, act, id, Some(seconds)),
        )
    }

    /// Returns that an act failed; the diagnostic is an event of its own.
    #[must_use]
    pub fn apply_errored(self, address: &Address, act: Act, seconds: u64) -> String {
        let message = progress::errored(&address.to_string(), act, seconds, plain());
        self.hook(
            "info",
            "apply_errored",
            &message,
            hook(address, act, None, Some(seconds)),
        )
    }

    fn hook(self, level: &str, kind: &str, message: &str, hook: Json) -> String {
        self.event(level, kind, message, json!({ "hook": hook }))
    }

    /// Returns the summary after an apply.
    #[must_use]
    pub fn apply_summary(self, applied: Applied, destroy: bool) -> String {
        let changes = json!({
            "add": applied.added,
            "change": applied.changed,
            "import": applied.imported,
            "remove": applied.destroyed,
            "forget": applied.forgotten,
            "adopt": applied.adopted,
            "failed": applied.failed,
            "skipped": applied.skipped,
            "operation": if destroy { "destroy" } else { "apply" },
        });
        let message = progress::last_line(applied, destroy);
        self.event(
            "info",
            "change_summary",
            &message,
            json!({ "changes": changes }),
        )
    }
}

fn plain() -> super::paint::Paint {
    TextOptions::default().paint
}

fn hook(address: &Address, act: Act, id: Option<&str>, seconds: Option<u64>) -> Json {
    let mut hook = json!({ "resource": resource(address), "action": act_name(act) });
    if let Some(id) = id {
        hook["id_key"] = "id".into();
        hook["id_value"] = id.into();
    }
    if let Some(seconds) = seconds {
        hook["elapsed_seconds"] = seconds.into();
    }
    hook
}

fn act_name(act: Act) -> &'static str {
    match act {
        Act::Create => "create",
        Act::Update => "update",
        Act::Delete => "delete",
        Act::Read => "read",
        Act::Forget => "remove",
    }
}

/// Returns what names an object in events.
#[must_use]
pub fn resource(address: &Address) -> Json {
    let module = address.module.to_string();
    let whole = address.to_string();
    resource_json(
        &whole,
        &module,
        (&address.type_name, &address.name),
        index_json(&address.key),
    )
}

fn resource_of(change: &ResourceChange) -> Json {
    let module = change.module_address.as_deref().unwrap_or_default();
    let names = (change.type_name.as_str(), change.name.as_str());
    resource_json(&change.address, module, names, change.index.clone())
}

fn resource_json(whole: &str, module: &str, names: (&str, &str), key: Option<Json>) -> Json {
    let (type_name, name) = names;
    let within = whole
        .strip_prefix(module)
        .unwrap_or(whole)
        .trim_start_matches('.');
    json!({
        "addr": whole,
        "module": module,
        "resource": within,
        "implied_provider": type_name.split('_').next().unwrap_or_default(),
        "resource_type": type_name,
        "resource_name": name,
        "resource_key": key,
    })
}

fn action(change: &ResourceChange) -> &'static str {
    let imports = change.change.importing.is_some();
    match Marker::of(change) {
        Marker::Keep | Marker::Adopt if imports => "import",
        Marker::Relabel => "move",
        Marker::Keep if moved(change) => "move",
        Marker::Keep | Marker::Adopt => "noop",
        Marker::Create => "create",
        Marker::Update | Marker::Remount => "update",
        Marker::Delete => "delete",
        Marker::DeleteThenCreate | Marker::CreateThenDelete => "replace",
        Marker::Read => "read",
        Marker::Forget => "remove",
    }
}

/// Returns the word that events have for a reason of plan documents.
fn reason(name: &str) -> Option<&str> {
    Some(match name {
        "replace_by_request" => "requested",
        "replace_by_triggers" => "replace_triggered_by",
        "replace_because_cannot_update" => "cannot_update",
        "replace_because_tainted" => "tainted",
        other if other.starts_with("delete_because") || other.starts_with("read_because") => other,
        _ => return None,
    })
}
