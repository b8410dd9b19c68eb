//! Messages about new drift, and about its end: for any receiver, for Slack, for Microsoft Teams. They name objects and
//! attributes, never a value.

use crate::operate::watch::{End, Item, News, Seconds};
use serde_json::{Value as Json, json};

/// How many objects a message for people names; the rest is counted.
const NAMED: usize = 20;
/// How long a line in such a message may be, in characters.
const LINE: usize = 300;

/// Where a message comes from.
#[derive(Clone, Debug, Default)]
pub struct Sender {
    /// The configuration's name.
    pub name: String,
    pub workspace: String,
    /// The address of the server that keeps the ledger.
    pub server: String,
    pub now: Seconds,
}

/// Returns a moment as RFC 3339.
#[must_use]
pub fn moment(seconds: Seconds) -> String {
    let at = jiff::Timestamp::from_second(seconds).unwrap_or_default();
    at.to_string()
}

/// Returns how long something lasted, in its largest whole unit.
#[must_use]
pub fn span(seconds: Seconds) -> String {
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute")];
    let unit = units.iter().find(|(length, _)| seconds >= *length);
    let (number, word) = unit.map_or((seconds.max(0), "second"), |(length, word)| {
        (seconds / length, *word)
    });
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}

/// Returns the message for any receiver.
#[must_use]
pub fn plain(news: &News, sender: &Sender) -> Json {
    let all = |items: &[Item]| -> Json { items.iter().map(item).collect() };
    json!({
        "format_version": "1.0",
        "type": format!("vaultform.{}", news.event()),
        "timestamp": moment(sender.now),
        "data": {
            "configuration": sender.name,
            "workspace": sender.workspace,
            "server": sender.server,
            "all_clear": news.all_clear(),
            "new": all(&news.new),
            "changed": all(&news.changed),
            "recovered": all(&news.recovered),
            "standing": all(&news.standing),
        },
    })
}

fn item(item: &Item) -> Json {
    let mut json = json!({
        "address": item.address,
        "drift": if item.deleted { "deleted" } else { "changed" },
        "attributes": item.attributes,
        "since": moment(item.since),
    });
    if let Some(until) = item.until {
        json["until"] = moment(until).into();
        json["end"] = serde_json::to_value(item.end).unwrap_or_default();
    }
    json
}

/// Returns the first line of a message for people.
#[must_use]
pub fn headline(news: &News, sender: &Sender) -> String {
    let name = match sender.workspace.as_str() {
        "default" => sender.name.clone(),
        workspace => format!("{} ({workspace})", sender.name),
    };
    let mut parts = Vec::new();
    let fresh = news.new.len() + news.changed.len();
    if fresh > 0 {
        parts.push(format!("{fresh} changed outside of vaultform"));
    }
    if !news.recovered.is_empty() {
        parts.push(format!("{} no longer drifting", news.recovered.len()));
    }
    if news.event() == "recovery" && !news.standing.is_empty() {
        parts.push(format!("{} still drifting", news.standing.len()));
    }
    let word = if news.event() == "drift" {
        "Drift"
    } else {
        "Recovery"
    };
    format!(
        "{word} in {name} on {}: {}",
        sender.server,
        parts.join(", ")
    )
}

/// Returns what a message for people lists: each object in a line, with `mark` around its address.
fn lines(news: &News, sender: &Sender, mark: &str, escape: fn(&str) -> String) -> Vec<String> {
    let one = |item: &Item| {
        let what = match (item.until, item.deleted) {
            (Some(until), _) => end(item, until),
            (None, true) => "deleted".to_owned(),
            (None, false) if item.attributes.is_empty() => "changed".to_owned(),
            (None, false) => format!("changed: {}", item.attributes.join(", ")),
        };
        let since = match item.until.is_none() && sender.now - item.since >= 60 {
            true => format!(", for {}", span(sender.now - item.since)),
            false => String::new(),
        };
        let text: String = format!("{what}{since}").chars().take(LINE).collect();
        let address: String = item.address.chars().take(LINE).collect();
        format!("{mark}{}{mark} {}", escape(&address), escape(&text))
    };
    let items = news.new.iter().chain(&news.changed).chain(&news.recovered);
    let mut lines: Vec<String> = items.clone().take(NAMED).map(one).collect();
    let more = items.count().saturating_sub(NAMED);
    if more > 0 {
        lines.push(format!("… and {more} more"));
    }
    lines
}

fn end(item: &Item, until: Seconds) -> String {
    match item.end {
        End::Over => format!("as declared again after {}", span(until - item.since)),
        End::Healed => "put right by vaultform".to_owned(),
        End::Ignored => "ignored from now on, as the settings say".to_owned(),
    }
}

/// Returns the message for an incoming webhook of Slack.
#[must_use]
pub fn slack(news: &News, sender: &Sender) -> Json {
    let headline = headline(news, sender);
    let sections = lines(news, sender, "`", slack_escape);
    // A section holds 3,000 characters, so a few lines each.
    let sections = sections.chunks(4).map(|lines| {
        let text = lines.join("\n");
        json!({ "type": "section", "text": { "type": "mrkdwn", "text": text } })
    });
    let short: String = headline.chars().take(150).collect();
    let mut blocks =
        vec![json!({ "type": "header", "text": { "type": "plain_text", "text": short } })];
    blocks.extend(sections);
    json!({ "text": slack_escape(&headline), "blocks": blocks })
}

fn slack_escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('`', "'")
}

/// Returns the message for a workflow of Microsoft Teams: an adaptive card.
#[must_use]
pub fn teams(news: &News, sender: &Sender) -> Json {
    let colour = if news.event() == "drift" {
        "Attention"
    } else {
        "Good"
    };
    let mut body = vec![json!({
        "type": "TextBlock", "size": "Medium", "weight": "Bolder", "wrap": true, "color": colour,
        "text": teams_escape(&headline(news, sender)),
    })];
    let lines = lines(news, sender, "**", teams_escape);
    body.extend(
        lines
            .iter()
            .map(|line| json!({ "type": "TextBlock", "wrap": true, "text": format!("- {line}") })),
    );
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "body": body,
            },
        }],
    })
}

/// Text blocks of cards know a little Markdown.
fn teams_escape(text: &str) -> String {
    let special = |letter: char| matches!(letter, '*' | '_' | '[' | ']' | '`' | '\\');
    let mut out = String::new();
    for letter in text.chars() {
        if special(letter) {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drift(count: usize) -> News {
        let item = |number: usize| Item {
            address: format!("vault_policy.p[\"<{number}>\"]"),
            deleted: number == 1,
            attributes: vec!["policy".to_owned()],
            since: 0,
            until: None,
            end: End::Over,
        };
        News {
            new: (0..count).map(item).collect(),
            ..News::default()
        }
    }

    fn sender() -> Sender {
        Sender {
            name: "prod".to_owned(),
            workspace: "default".to_owned(),
            server: "https://bao".to_owned(),
            now: 7_200,
        }
    }

    #[test]
    fn a_message_for_people_names_some_and_counts_the_rest() {
        let text = slack(&drift(50), &sender()).to_string();
        assert!(text.contains("Drift in prod on https://bao: 50 changed outside of vaultform"));
        assert!(text.contains("… and 30 more"));
        assert!(text.contains("&lt;3&gt;") && !text.contains("<3>"));
        assert!(text.contains("deleted, for 2 hours"));
        let card = teams(&drift(5_000), &sender()).to_string();
        // Teams takes 28 KB.
        assert!(
            card.len() < 28_000 && card.contains("and 4980 more"),
            "{}",
            card.len()
        );
    }

    #[test]
    fn slack_takes_its_sections() {
        let mut news = drift(50);
        for item in &mut news.new {
            item.address = "x".repeat(5_000);
        }
        let message = slack(&news, &sender());
        let blocks = message["blocks"].as_array().unwrap();
        assert!(blocks.len() <= 50);
        let length = |block: &Json| block["text"]["text"].as_str().unwrap().chars().count();
        assert!(blocks.iter().all(|block| length(block) <= 3_000));
    }

    #[test]
    fn a_recovery_says_how_long_it_took() {
        let mut news = drift(1);
        news.recovered = std::mem::take(&mut news.new);
        news.recovered[0].until = Some(3 * 86_400);
        let text = teams(&news, &sender()).to_string();
        assert!(
            text.contains("Recovery in prod on https://bao: 1 no longer drifting"),
            "{text}"
        );
        assert!(text.contains("after 3 days"), "{text}");
        let json = plain(&news, &sender());
        assert_eq!(json["type"], "vaultform.recovery");
        assert_eq!(json["data"]["all_clear"], true);
        assert_eq!(
            json["data"]["recovered"][0]["until"],
            "1970-01-04T00:00:00Z"
        );
    }
}
