//! YAML as `yamldecode` reads it and `yamlencode` writes it: the conventions of go-cty-yaml.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, StrInput, Tag};

use super::calendar::Moment;
use crate::value::{Number, Shape, Type, Value, normalized};

pub(super) use super::yaml_writer::encode;

/// As many values as a document may have after its aliases are replaced.
const MOST_VALUES: usize = 1_000_000;
const DEEPEST: usize = 256;

/// Reads one document.
///
/// # Errors
/// Tells what is wrong and in which line; never shows a value.
pub fn decode(text: &str) -> Result<Value, String> {
    let mut reader = Reader {
        events: Parser::new_from_str(text),
        anchors: HashMap::new(),
        count: 0,
        line: 1,
    };
    match (reader.next()?, reader.next()?) {
        (Event::StreamStart, Event::DocumentStart(_)) => {}
        _ => return Err("there is no document".to_owned()),
    }
    let first = reader.next()?;
    let value = reader.value(first, 0)?;
    match (reader.next()?, reader.next()?) {
        (Event::DocumentEnd, Event::StreamEnd) => Ok(value),
        _ => Err(reader.wrong("only one document is allowed")),
    }
}

struct Reader<'a> {
    events: Parser<'a, StrInput<'a>>,
    anchors: HashMap<usize, Value>,
    count: usize,
    line: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<Event<'a>, String> {
        match self.events.next_event() {
            Some(Ok((event, span))) => {
                self.line = span.start.line();
                Ok(event)
            }
            Some(Err(error)) => Err(format!("line {}: {}", error.marker().line(), error.info())),
            None => Err("the document ends too early".to_owned()),
        }
    }

    fn wrong(&self, message: &str) -> String {
        format!("line {}: {message}", self.line)
    }

    fn value(&mut self, event: Event<'a>, depth: usize) -> Result<Value, String> {
        self.count += 1;
        if self.count > MOST_VALUES || depth > DEEPEST {
            return Err(self.wrong("the document is too large"));
        }
        let (anchor, value) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let value =
                    scalar(&text, style, tag.as_deref()).map_err(|message| self.wrong(&message))?;
                (anchor, value)
            }
            Event::SequenceStart(anchor, tag) => {
                self.check_tag(tag.as_deref(), "seq")?;
                (anchor, self.sequence(depth)?)
            }
            Event::MappingStart(anchor, tag) => {
                self.check_tag(tag.as_deref(), "map")?;
                (anchor, self.mapping(depth)?)
            }
            Event::Alias(anchor) => {
                let value = self.anchors.get(&anchor).cloned();
                let value = value.ok_or_else(|| self.wrong("an alias within its own anchor"))?;
                self.count += size(&value);
                (0, value)
            }
            _ => return Err(self.wrong("a value is missing")),
        };
        if anchor > 0 {
            self.anchors.insert(anchor, value.clone());
        }
        Ok(value)
    }

    fn check_tag(&self, tag: Option<&Tag>, kind: &str) -> Result<(), String> {
        match tag {
            Some(tag) if !(tag.is_yaml_core_schema() && tag.suffix == kind) => {
                Err(self.wrong("a tag that is not supported here"))
            }
            _ => Ok(()),
        }
    }

    fn sequence(&mut self, depth: usize) -> Result<Value, String> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                Event::SequenceEnd => return Ok(Value::tuple(items)),
                event => items.push(self.value(event, depth + 1)?),
            }
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Value, String> {
        let mut fields = BTreeMap::new();
        loop {
            let event = self.next()?;
            if event == Event::MappingEnd {
                return Ok(Value::object(fields));
            }
            let merges =
                matches!(&event, Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "<<");
            let key = if merges { None } else { Some(self.key(event)?) };
            let event = self.next()?;
            let value = self.value(event, depth + 1)?;
            match key {
                Some(key) => {
                    fields.insert(key, value);
                }
                None => merge(&mut fields, &value).map_err(|message| self.wrong(message))?,
            }
        }
    }

    fn key(&mut self, event: Event<'a>) -> Result<Arc<str>, String> {
        let Event::Scalar(..) = event else {
            return Err(self.wrong("only text can be a key"));
        };
        let key = self.value(event, 0)?;
        match &key.shape {
            Shape::Text(text) => Ok(normalized(text).into()),
            Shape::Number(number) => Ok(number.to_string().into()),
            Shape::Bool(value) => Ok(value.to_string().into()),
            _ => Err(self.wrong("null cannot be a key")),
        }
    }
}

fn size(value: &Value) -> usize {
    1 + value.elements().map(size).sum::<usize>()
}

/// Takes in what `<<` names: a mapping or a sequence of them.
fn merge(fields: &mut BTreeMap<Arc<str>, Value>, value: &Value) -> Result<(), &'static str> {
    match &value.shape {
        Shape::Object(merged) => {
            fields.extend(Arc::unwrap_or_clone(merged.clone()));
            Ok(())
        }
        Shape::Tuple(items) => items.iter().try_for_each(|item| match &item.shape {
            Shape::Object(_) => merge(fields, item),
            _ => Err("only mappings can be merged"),
        }),
        _ => Err("only mappings can be merged"),
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, String> {
    let quoted = matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted);
    let kind = match tag {
        None => "",
        Some(tag) if tag.is_yaml_core_schema() => &tag.suffix,
        Some(tag) if tag.handle.is_empty() && tag.suffix == "!" => "str",
        Some(_) => return Err("a tag that is not supported".to_owned()),
    };
    let no_such = || Err(format!("the text is no {kind}"));
    match kind {
        "binary" => super::encoding::from_base64(text).map(|_| Value::text(text)),
        // Quotes win over a tag here.
        _ if quoted => Ok(Value::text(text)),
        "" if style != ScalarStyle::Plain => Ok(Value::text(text)),
        "" => resolved(text),
        "str" => Ok(Value::text(text)),
        "null" => Ok(Value::null(Type::Dynamic)),
        "bool" => boolean(text).map_or_else(no_such, |value| Ok(Value::from(value))),
        "int" | "float" => {
            number(&text.replace('_', "")).map_or_else(no_such, |value| Ok(Value::from(value)))
        }
        "timestamp" => timestamp(text).map_or_else(no_such, |text| Ok(Value::from(text))),
        _ => Err("a tag that is not supported".to_owned()),
    }
}

/// Decides what a plain scalar is.
fn resolved(text: &str) -> Result<Value, String> {
    if matches!(text, "" | "~" | "null" | "Null" | "NULL") {
        return Ok(Value::null(Type::Dynamic));
    }
    if let Some(value) = boolean(text) {
        return Ok(Value::from(value));
    }
    let unsigned = text.trim_start_matches(['+', '-']);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Err("an infinite number is not supported".to_owned());
    }
    if let Some(time) = timestamp(text) {
        return Ok(Value::from(time));
    }
    Ok(number(text).map_or_else(|| Value::text(text), Value::from))
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Some(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Some(false)
        }
        _ => None,
    }
}

fn number(text: &str) -> Option<Number> {
    if let Some(digits) = text.strip_prefix("0x") {
        return Number::parse_radix(digits, 16).filter(|_| !digits.starts_with(['+', '-']));
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return Number::parse_radix(digits, 8).filter(|_| !digits.starts_with(['+', '-']));
    }
    Number::parse(text)
}

/// Returns a date or time as RFC 3339 writes it. Fields may be short, and the time or the zone left out.
fn timestamp(text: &str) -> Option<String> {
    let (date, time) = match text.find(['T', 't', ' ']) {
        Some(at) => (text.get(..at)?, Some(text.get(at..)?)),
        None => (text, None),
    };
    let padded = |field: &str| {
        (1..=2)
            .contains(&field.len())
            .then(|| format!("{field:0>2}"))
    };
    let mut fields = date.split('-');
    let year = fields.next().filter(|year| year.len() == 4)?;
    let (month, day) = (padded(fields.next()?)?, padded(fields.next()?)?);
    let clock = match time {
        None => "00:00:00Z".to_owned(),
        Some(time) => {
            let spaced = time.starts_with(' ');
            let time = time.get(1..)?;
            let end = time.find(['Z', '+', '-']).unwrap_or(time.len());
            let (clock, zone) = time.split_at(end);
            if spaced != zone.is_empty() {
                return None;
            }
            let mut parts = clock.splitn(3, ':');
            let (hour, minute) = (padded(parts.next()?)?, padded(parts.next()?)?);
            let (second, fraction) = parts
                .next()
                .map(|second| second.split_once('.').unwrap_or((second, "")))?;
            let fraction = if fraction.is_empty() {
                String::new()
            } else {
                format!(".{fraction}")
            };
            format!(
                "{hour}:{minute}:{}{fraction}{}",
                padded(second)?,
                if zone.is_empty() { "Z" } else { zone }
            )
        }
    };
    let moment = Moment::parse(&format!("{year}-{month}-{day}T{clock}")).ok()?;
    fields.next().is_none().then(|| moment.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        format!("{:?}", decode(text).unwrap())
    }

    #[test]
    fn plain_scalars_are_resolved_as_terraform_resolves_them() {
        assert_eq!(
            shown("[yes, 'yes', 0x1f, 1_000, 2020-01-02, 0o17, 017, ~, 1:30, 12e03, 1., 0b11]"),
            r#"[true, "yes", 31, "1_000", "2020-01-02T00:00:00Z", 15, 17, null, "1:30", 12000, 1, "0b11"]"#
        );
        assert_eq!(
            shown("- 2001-12-14t21:59:43.10-05:00\n- ''\n-\n- |\n  5\n- !!str 12\n- !!int '5'"),
            r#"["2001-12-14T21:59:43-05:00", "", null, "5\n", "12", "5"]"#
        );
        assert_eq!(shown("on: x\n1: z"), r#"{"1": "z", "true": "x"}"#);
    }

    #[test]
    fn anchors_and_merges_are_followed() {
        assert_eq!(
            shown("x: &a {p: 1}\nz: {<<: *a, q: 2}"),
            r#"{"x": {"p": 1}, "z": {"p": 1, "q": 2}}"#
        );
        let bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n".to_owned()
            + &(b'b'..=b'i')
                .map(|name| {
                    let (name, before) = (char::from(name), char::from(name - 1));
                    format!(
                        "{name}: &{name} [{}]\n",
                        vec![format!("*{before}"); 10].join(",")
                    )
                })
                .collect::<String>();
        assert!(decode(&bomb).unwrap_err().contains("too large"));
    }

    #[test]
    fn what_terraform_refuses_is_refused() {
        for text in [
            "",
            "&a [1, *a]",
            "---\na\n---\nb",
            "~: x",
            "? [a]\n: b",
            "!foo 12",
            ".inf",
            "a: [",
            "*x",
        ] {
            assert!(decode(text).is_err(), "{text}");
        }
    }
}
