//! Output values of the root module: after an apply, and for `output`.

use super::conceal::visible;
use super::hcl_text::value_text;
use super::render::attribute_name;
use super::state_json::{DocumentStyle, output_values};
use crate::source::{Diagnostic, Outcome};
use crate::value::{Shape, Value};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The outputs by name.
pub type Outputs = BTreeMap<Arc<str>, Value>;

/// Returns `name = value` lines; sensitive ones are `<sensitive>`.
#[must_use]
pub fn outputs_text(outputs: &Outputs) -> String {
    let lines = outputs.iter().map(|(name, value)| {
        let text = match value.marks_within().sensitive {
            true => "<sensitive>".to_owned(),
            false => value_text(value, false),
        };
        format!("{} = {text}\n", attribute_name(name))
    });
    lines.collect()
}

/// Returns what an apply writes at its end; empty where there is no output.
#[must_use]
pub fn applied_outputs(outputs: &Outputs) -> String {
    if outputs.is_empty() {
        return String::new();
    }
    format!("Outputs:\n\n{}", outputs_text(outputs))
}

/// Returns one output as the language writes it, secrets included: asking for it by name is consent.
///
/// # Errors
/// Says that there is no such output.
pub fn output_text(outputs: &Outputs, name: &str) -> Outcome<String> {
    Ok(value_text(find(outputs, name)?, true) + "\n")
}

/// Returns one output as JSON, or with `None` all of them with their types, secrets included.
///
/// # Errors
/// Says that there is no such output.
pub fn output_json(outputs: &Outputs, name: Option<&str>) -> Outcome<Json> {
    if let Some(name) = name {
        return Ok(visible(find(outputs, name)?));
    }
    let style = DocumentStyle {
        terraform_version: "",
        registry: "",
        show_sensitive: true,
    };
    Ok(output_values(outputs, style))
}

/// Returns one output without quotes and without a final line feed.
///
/// # Errors
/// Says that there is no such output, or that it is not text, a number or a truth value.
pub fn output_raw(outputs: &Outputs, name: &str) -> Outcome<String> {
    match &find(outputs, name)?.shape {
        Shape::Text(text) => Ok((**text).to_owned()),
        Shape::Number(number) => Ok(number.to_string()),
        Shape::Bool(value) => Ok(value.to_string()),
        _ => {
            let message = format!("the output `{name}` has no raw form");
            let hint = "only text, numbers and truth values have one; use `-json`";
            Err(vec![
                Diagnostic::error("output-not-raw", message).hint(hint),
            ])
        }
    }
}

fn find<'a>(outputs: &'a Outputs, name: &str) -> Outcome<&'a Value> {
    outputs.get(name).ok_or_else(|| {
        let names = outputs.keys().map(|name| &**name);
        let error = Diagnostic::error("unknown-output", format!("there is no output `{name}`"));
        match crate::source::nearest(name, names) {
            Some(near) => vec![error.hint(format!("did you mean `{near}`"))],
            None => vec![error.hint("declare it with an `output` block in the root module")],
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Marks;
    use serde_json::json;

    fn outputs() -> Outputs {
        let secret = Value::from("s3cret").marked(Marks::SENSITIVE);
        [
            (Arc::from("password"), secret),
            (Arc::from("path"), "kv".into()),
        ]
        .into()
    }

    #[test]
    fn a_list_hides_what_a_name_shows() {
        let outputs = outputs();
        assert_eq!(
            outputs_text(&outputs),
            "password = <sensitive>\npath = \"kv\"\n"
        );
        assert_eq!(output_raw(&outputs, "password").unwrap(), "s3cret");
        assert_eq!(output_text(&outputs, "path").unwrap(), "\"kv\"\n");
        let all = json!({
            "password": { "sensitive": true, "type": "string", "value": "s3cret" },
            "path": { "sensitive": false, "type": "string", "value": "kv" },
        });
        assert_eq!(output_json(&outputs, None).unwrap(), all);
    }

    #[test]
    fn a_misspelt_name_is_put_right() {
        let error = output_raw(&outputs(), "pth").unwrap_err();
        assert_eq!(error[0].hints, ["did you mean `path`"]);
    }
}
