//! Keeps what we sent out of what we show: a server may quote a request in its error text.

use super::message::Body;

/// What a quoted secret is replaced with.
const HIDDEN: &str = "(hidden)";

/// Texts this short stand in any sentence; replacing them would only garble it.
const TOO_SHORT: usize = 4;

/// Replaces every text of the request's body that is not said to be plain, and the token, wherever the server quotes them.
///
/// Words that the server needs to explain itself may be hidden too: better than a secret shown.
pub(super) fn scrub(
    texts: Vec<String>,
    body: Option<&Body>,
    token: Option<&str>,
    plain: &[String],
) -> Vec<String> {
    let mut sent: Vec<String> = Vec::new();
    if let Some(body) = body {
        body.each_text(&mut |text| {
            if !plain.iter().any(|plain| plain == text) {
                add(&mut sent, text);
            }
        });
    }
    add(&mut sent, token.unwrap_or_default());
    // The longest first: a secret may contain another one.
    sent.sort_by_key(|text| std::cmp::Reverse(text.len()));
    let clean = texts.into_iter().map(|text| hide(text, &sent)).collect();
    sent.iter_mut().for_each(zeroize::Zeroize::zeroize);
    clean
}

/// Adds a sent text as it is, its lines (servers quote parts), and as JSON and Go quote it.
fn add(sent: &mut Vec<String>, text: &str) {
    let whole = text.trim();
    for part in std::iter::once(whole).chain(whole.lines().map(str::trim)) {
        if part.len() >= TOO_SHORT {
            let quoted = part.escape_debug().to_string();
            if quoted != part {
                sent.push(quoted);
            }
            sent.push(part.to_owned());
        }
    }
}

fn hide(text: String, sent: &[String]) -> String {
    sent.iter().fold(text, |text, secret| {
        if text.contains(secret.as_str()) {
            text.replace(secret.as_str(), HIDDEN)
        } else {
            text
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn quoted_secrets_are_hidden() {
        let body = Body::from(
            json!({"password": "hunter2secret", "deep": [{"pem": "line-one\nline-two"}], "ttl": "1h"}),
        );
        let texts = vec![
            "bad value \"hunter2secret\" for 1h".to_owned(),
            "parsing \"line-one\\nline-two\" with s.TOKEN, near line-two".to_owned(),
        ];
        let clean = scrub(texts, Some(&body), Some("s.TOKEN"), &[]);
        assert_eq!(clean[0], "bad value \"(hidden)\" for 1h");
        for secret in ["line-one", "line-two", "s.TOKEN"] {
            assert!(!clean[1].contains(secret), "{}", clean[1]);
        }
    }

    #[test]
    fn plain_texts_are_shown() {
        let body = Body::from(json!({"type": "kvvv", "password": "hunter2secret"}));
        let told = vec!["no plugin kvvv for hunter2secret".to_owned()];
        let clean = scrub(told, Some(&body), None, &["kvvv".to_owned()]);
        assert_eq!(clean, ["no plugin kvvv for (hidden)"]);
    }

    #[test]
    fn the_longer_secret_goes_first() {
        let body = Body::from(json!(["abcd", "abcd-efgh"]));
        assert_eq!(
            scrub(vec!["x abcd-efgh".into()], Some(&body), None, &[]),
            ["x (hidden)"]
        );
    }
}
