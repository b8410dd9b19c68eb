//! What the block `drift` of `vaultform.hcl` says besides: whom to tell, what to ignore, how far to heal.

use crate::command::context::Context;
use crate::command::exit::Failure;
use crate::command::settings::{self, of_text, secret, texts, whole};
use crate::operate::watch::Seconds;
use crate::operate::watch::ignore::Rule;
use crate::source::Diagnostic;
use crate::value::Text;
use hcl::{Block, Body, Expression};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// How many objects `drift -heal` puts right where nobody says.
const HEALED: usize = 10;

/// What the block says.
#[derive(Default)]
pub struct Watch {
    pub channels: Vec<Channel>,
    pub rules: Vec<Rule>,
    /// How many objects one run may heal.
    pub heal_limit: usize,
}

/// Somebody who is told.
pub struct Channel {
    pub name: String,
    pub form: Form,
    /// Where to, or why that is not known here. It may be a secret.
    pub url: Result<Text, String>,
    /// PEM of the authorities to trust, in place of the system's.
    pub ca_file: Option<PathBuf>,
}

/// How a message is written.
pub enum Form {
    /// JSON, with the secret that signs it, or why that is not known here.
    Webhook(Option<Result<Text, String>>),
    Slack,
    Teams,
}

/// Reads the block.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read(context: &Context) -> Result<Watch, Failure> {
    let body = settings::body(context)?;
    let mut reading = Reading {
        context,
        problems: Vec::new(),
        watch: Watch {
            heal_limit: HEALED,
            ..Watch::default()
        },
    };
    for block in body.blocks().filter(|block| block.identifier() == "drift") {
        reading.drift(block.body());
    }
    let problems: Vec<Diagnostic> = reading.problems.into_iter().map(settings::wrong).collect();
    match problems.is_empty() {
        true => Ok(reading.watch),
        false => Err(problems.into()),
    }
}

struct Reading<'a> {
    context: &'a Context,
    problems: Vec<String>,
    watch: Watch,
}

impl Reading<'_> {
    fn problem(&mut self, why: impl Into<String>) {
        self.problems.push(why.into());
    }

    /// Keeps what is good of a result.
    fn good<T>(&mut self, result: Result<T, String>) -> Option<T> {
        result.map_err(|why| self.problem(why)).ok()
    }

    fn drift(&mut self, body: &Body) {
        for block in body.blocks() {
            match block.identifier() {
                "ignore" => self.ignore(block),
                "notify" => self.notify(block),
                "heal" => self.heal(block.body()),
                _ => {}
            }
        }
        let mut names = BTreeSet::new();
        let channels = self.watch.channels.iter().map(|channel| &channel.name);
        let twice = channels.filter(|name| !names.insert((*name).clone()));
        let twice: Vec<String> = twice.cloned().collect();
        for name in twice {
            self.problem(format!(
                "two blocks `notify` are called `{name}`: write `notify \"slack\" \"ANOTHER NAME\"`"
            ));
        }
    }

    fn heal(&mut self, body: &Body) {
        for attribute in body.attributes() {
            let read = whole(attribute.key(), &attribute.expr);
            self.watch.heal_limit = self.good(read).unwrap_or(HEALED);
        }
    }

    fn ignore(&mut self, block: &Block) {
        let Some(address) = label(block, 0) else {
            self.problem("an `ignore` says what: `ignore \"vault_policy.x\" { reason = \"…\" }`");
            return;
        };
        if let Err(why) = crate::reconcile::parse_address(&address) {
            self.problem(format!("`ignore`: {why}"));
        }
        let mut rule = Rule {
            address,
            attributes: Vec::new(),
            reason: String::new(),
            until: None,
        };
        for attribute in block.body().attributes() {
            let (key, value) = (attribute.key(), &attribute.expr);
            match key {
                "attributes" => {
                    rule.attributes = self.good(texts(key, value)).unwrap_or_default();
                    if rule.attributes.is_empty() {
                        self.problem("`attributes` of `ignore` is empty: leave it out where the whole object is meant");
                    }
                }
                "reason" => rule.reason = self.good(of_text(key, value)).unwrap_or_default(),
                "until" => {
                    rule.until = self.good(of_text(key, value).and_then(|text| day(&text)));
                }
                _ => {}
            }
        }
        if rule.reason.trim().is_empty() {
            let address = &rule.address;
            self.problem(format!(
                "`ignore \"{address}\"` has no `reason`: whoever reads it later needs one"
            ));
        }
        self.watch.rules.push(rule);
    }

    fn notify(&mut self, block: &Block) {
        let kind = label(block, 0).unwrap_or_default();
        let name = label(block, 1).unwrap_or_else(|| kind.clone());
        let mut form = match kind.as_str() {
            "webhook" => Form::Webhook(None),
            "slack" => Form::Slack,
            "teams" => Form::Teams,
            other => {
                return self.problem(format!(
                    "`notify \"{other}\"` is none of `webhook`, `slack` and `teams`"
                ));
            }
        };
        let (mut url, mut ca_file) = (None, None);
        for attribute in block.body().attributes() {
            let (key, value) = (attribute.key(), &attribute.expr);
            match (key, &mut form) {
                ("url", form) => url = self.url(value, form),
                ("secret", Form::Webhook(kept)) => *kept = self.hidden(key, value),
                ("ca_file", _) => ca_file = self.good(of_text(key, value)).map(PathBuf::from),
                (other, _) => {
                    self.problem(format!(
                        "`{other}` of `notify \"{name}\"` means nothing here"
                    ));
                }
            }
        }
        let Some(url) = url else {
            if self.problems.is_empty() {
                self.problem(format!("`notify \"{name}\"` has no `url`"));
            }
            return;
        };
        self.watch.channels.push(Channel {
            name,
            form,
            url,
            ca_file,
        });
    }

    /// Reads an address. That of Slack and Teams is a secret: who knows it may write there.
    fn url(&mut self, value: &Expression, form: &Form) -> Option<Result<Text, String>> {
        match (value, form) {
            (Expression::String(text), Form::Webhook(_)) => Some(Ok(Text::from(text.as_str()))),
            _ => self.hidden("url", value),
        }
    }

    /// Reads a secret. One that is not set here does not keep the run from its own result.
    fn hidden(&mut self, key: &str, value: &Expression) -> Option<Result<Text, String>> {
        let is_call = matches!(value, Expression::FuncCall(_));
        let read = secret(self.context, key, value);
        match is_call {
            true => Some(read),
            false => {
                self.good(read);
                None
            }
        }
    }
}

fn label(block: &Block, at: usize) -> Option<String> {
    let label = block.labels().get(at)?.as_str();
    (!label.is_empty()).then(|| label.to_owned())
}

/// Reads a day, of which nothing counts any more once it is over (UTC), or a moment.
fn day(text: &str) -> Result<Seconds, String> {
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Ok(moment.as_second());
    }
    let day: Option<jiff::civil::Date> = text.parse().ok();
    let after = day.and_then(|day| day.tomorrow().ok());
    let moment = after.and_then(|day| day.to_zoned(jiff::tz::TimeZone::UTC).ok());
    moment
        .map(|moment| moment.timestamp().as_second())
        .ok_or_else(|| format!("`until` is `{text}`, neither a day such as `2027-01-31` nor a moment such as `2027-01-31T12:00:00Z`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_over_when_it_ends() {
        assert_eq!(day("1970-01-01"), Ok(86_400));
        assert_eq!(day("1970-01-01T00:01:00Z"), Ok(60));
        assert!(day("31.1.2027").is_err() && day("2027-02-30").is_err());
    }
}
