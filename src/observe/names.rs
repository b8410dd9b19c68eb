//! Attributes that a configuration may set to a name, for which the server answers an id.

use super::{Wanted, data, get};
use crate::catalog::{Attribute, ReadBack};
use crate::plan::Observed;
use crate::plan::template::fill;
use crate::plan::wire;
use crate::value::Value;
use serde_json::Value as Json;

/// Puts back the names that the configuration uses, where they name what the server's ids name.
pub(super) async fn put_back(wanted: &Wanted, observed: &mut Observed) {
    for attribute in wanted.kind.all() {
        let ReadBack::Named { path, id } = attribute.read else {
            continue;
        };
        let Some((wish, live)) = told_apart(wanted, attribute, observed) else {
            continue;
        };
        if id_of(wanted, path, id, &wish)
            .await
            .is_some_and(|found| found == live)
        {
            let mut fields = observed.attributes.as_fields().cloned().unwrap_or_default();
            fields.insert(attribute.name.into(), wish.as_str().into());
            observed.attributes = Value::object(fields);
        }
    }
}

/// Returns what is wished and what is there, where both are texts and not the same.
fn told_apart(
    wanted: &Wanted,
    attribute: &Attribute,
    observed: &Observed,
) -> Option<(String, String)> {
    let wish = wanted.guide.field(attribute.name)?.as_text()?;
    let live = observed.attributes.field(attribute.name)?.as_text()?;
    (wish != live).then(|| (wish.to_owned(), live.to_owned()))
}

/// Asks which id a name stands for; `None` where the server does not say.
async fn id_of(wanted: &Wanted, path: &str, field: &str, name: &str) -> Option<String> {
    let path = fill(&path.replace("{}", name), wanted.kind, &wanted.guide, None).known()?;
    let reply = wanted.server.send(get(&wanted.place, &path)).await.ok()?;
    let answer: Json = data(&reply);
    wire::get(&answer, field)?.as_str().map(str::to_owned)
}
