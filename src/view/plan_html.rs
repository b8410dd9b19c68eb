//! A page as one HTML file: no script, nothing fetched, light and dark, to be read with a keyboard or on a telephone.

use super::access::{AccessRow, predicate, source, subject};
use super::page::{Destroyed, Entry, Line, Page, Tone};
use super::paint::{count, harmless};
use std::fmt::Write;

const STYLE: &str = include_str!("page.css");
/// Up to so many objects all are unfolded.
const OPEN: usize = 12;

/// Writes a page as HTML.
#[must_use]
pub fn page_html(page: &Page) -> String {
    let title = escaped(&page.title);
    let parts = parts(page);
    let notes: String = page
        .notes
        .iter()
        .map(|note| format!("<p class=\"note\">{}</p>\n", escaped(note)))
        .collect();
    let body: String = parts
        .iter()
        .map(|(name, title, text)| {
            format!("<section id=\"{name}\" aria-labelledby=\"{name}-title\">\n<h2 id=\"{name}-title\">{title}</h2>\n{text}</section>\n")
        })
        .collect();
    let nav = navigation(&parts);
    let made = page.timestamp.split('.').next().unwrap_or_default();
    let made = escaped(made.trim_end_matches('Z'));
    let shown = made.replace('T', " ");
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n{HEAD}<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#main\">To the plan</a>\n\
         <header>\n<h1>{title}</h1>\n{nav}</header>\n<main id=\"main\">\n{notes}{body}</main>\n\
         <footer>vaultform, <time datetime=\"{made}Z\">{shown} UTC</time>; secrets are not in here</footer>\n</body>\n</html>\n"
    )
}

/// Nothing may be fetched and nothing run, whatever stands in a name.
const HEAD: &str = "<meta charset=\"utf-8\">\n\
    <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
    <meta name=\"color-scheme\" content=\"light dark\">\n\
    <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n\
    <link rel=\"icon\" href=\"data:,\">\n";

fn navigation(parts: &[Part]) -> String {
    if parts.len() < 2 {
        return String::new();
    }
    let links: String = parts
        .iter()
        .map(|(name, title, _)| format!("<a href=\"#{name}\">{title}</a>\n"))
        .collect();
    format!("<nav aria-label=\"Parts of this page\">\n{links}</nav>\n")
}

/// Returns the parts that are not empty: name, title, content.
fn parts(page: &Page) -> Vec<Part> {
    let listed = |places: &[String]| list(places.iter().map(|place| code(place)));
    let outputs = match page.outputs.is_empty() {
        true => String::new(),
        false => lines(&page.outputs),
    };
    let parts = [
        ("destroyed", "Destroyed", destroyed(&page.destroyed)),
        ("problems", "Errors and warnings", problems(page)),
        ("checks", "Checks that fail", checks(page)),
        (
            "access",
            "Access changes, the worst first",
            access(&page.access, &page.access_unknown),
        ),
        ("drift", "Changed outside", objects(&page.drift)),
        ("changes", "What will happen", objects(&page.changes)),
        ("outputs", "Changes to outputs", outputs),
        (
            "pending",
            "Declared and not applied yet, which is no drift",
            listed(&page.pending),
        ),
        (
            "ignored",
            "Ignored, as vaultform.hcl says",
            list(page.ignored.iter().map(|line| escaped(line))),
        ),
        (
            "unmanaged",
            "On the server and in no configuration",
            listed(&page.unmanaged),
        ),
    ];
    let filled = parts.into_iter().filter(|(_, _, text)| !text.is_empty());
    filled.collect()
}

type Part = (&'static str, &'static str, String);

fn problems(page: &Page) -> String {
    page.problems
        .iter()
        .map(|one| {
            let class = if one.error { "danger" } else { "note" };
            format!("<pre class=\"{class}\">{}</pre>\n", all_escaped(&one.text))
        })
        .collect()
}

/// Returns a list; nothing where it is empty.
fn list(items: impl Iterator<Item = String>) -> String {
    let items: String = items.map(|item| format!("<li>{item}</li>\n")).collect();
    match items.is_empty() {
        true => items,
        false => format!("<ul>\n{items}</ul>\n"),
    }
}

fn destroyed(destroyed: &[Destroyed]) -> String {
    if destroyed.is_empty() {
        return String::new();
    }
    let mut sorted: Vec<&Destroyed> = destroyed.iter().collect();
    sorted.sort_by_key(|one| one.losses.is_empty());
    let items = list(sorted.iter().map(|one| {
        let losses = match one.losses.is_empty() {
            true => String::new(),
            false => format!(
                ", and with it <strong>{}</strong>",
                escaped(&one.losses.join(", "))
            ),
        };
        format!("{} will be {}{losses}", code(&one.address), one.how)
    }));
    let number = count(destroyed.len(), "object");
    format!(
        "<div class=\"danger\">\n<p><strong>{number} will be destroyed or replaced.</strong></p>\n{items}</div>\n"
    )
}

fn checks(page: &Page) -> String {
    list(
        page.checks
            .iter()
            .map(|(name, problem)| format!("{}: {}", code(name), escaped(problem))),
    )
}

fn access(rows: &[AccessRow], unknown: &[String]) -> String {
    let items = rows.iter().map(|row| {
        let (sign, tone) = match (row.direction.as_str(), row.danger.as_str()) {
            ("gains", "sudo" | "root-equivalent") => ("+", "goes"),
            ("gains", _) => ("+", "comes"),
            ("loses", _) => ("−", "goes"),
            _ => ("~", "changes"),
        };
        let root = match (row.direction.as_str(), row.danger.as_str()) {
            ("gains", "root-equivalent") => " <strong class=\"goes\">as good as root</strong>",
            _ => "",
        };
        let source = source(row);
        let source = match source.is_empty() {
            true => String::new(),
            false => format!("<br><small>{}</small>", escaped(&source)),
        };
        format!(
            "<span class=\"sign {tone}\">{sign}</span> {} <strong>{}</strong>{root}{source}",
            escaped(&subject(row)),
            escaped(&predicate(row))
        )
    });
    let unknown: Vec<String> = unknown.iter().map(|name| code(name)).collect();
    let more = (!unknown.is_empty()).then(|| {
        format!(
            "Not among them is what these policies grant, as their text is not known: {}",
            unknown.join(", ")
        )
    });
    let items: Vec<String> = items.chain(more).collect();
    let (first, rest) = items.split_at(items.len().min(OPEN));
    let shown = signed_list(first);
    match rest.is_empty() {
        true => shown,
        false => format!(
            "{shown}<details>\n<summary>{} more</summary>\n{}</details>\n",
            rest.len(),
            signed_list(rest)
        ),
    }
}

fn signed_list(items: &[String]) -> String {
    list(items.iter().cloned()).replacen("<ul>", "<ul class=\"signed\">", 1)
}

fn objects(entries: &[Entry]) -> String {
    let open = entries.len() <= OPEN;
    entries.iter().map(|entry| object(entry, open)).collect()
}

fn object(entry: &Entry, open: bool) -> String {
    let sign = format!(
        "<span class=\"sign {}\">{}</span>",
        class(entry.tone),
        escaped(&entry.sign)
    );
    let head = format!(
        "{sign} <span class=\"what\"><code>{}</code> {}</span>",
        escaped(&entry.address),
        escaped(&entry.predicate)
    );
    if entry.body.is_empty() {
        return format!("<p class=\"line\">{head}</p>\n");
    }
    let open = if open { " open" } else { "" };
    let body = lines(&entry.body);
    format!("<details{open}>\n<summary>{head}</summary>\n{body}</details>\n")
}

fn lines(lines: &[Line]) -> String {
    let mut out = "<pre>".to_owned();
    for line in lines {
        let tone = class(line.tone);
        let _ = write!(out, "<span class=\"row {tone}-row\">");
        for (tone, text) in &line.parts {
            match tone {
                Tone::Plain => out.push_str(&escaped(text)),
                tone => {
                    let _ = write!(out, "<b class=\"{}\">{}</b>", class(*tone), escaped(text));
                }
            }
        }
        out.push_str("\n</span>");
    }
    out + "</pre>\n"
}

fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "plain",
        Tone::Comes => "comes",
        Tone::Goes => "goes",
        Tone::Changes => "changes",
        Tone::Read => "read",
        Tone::Quiet => "quiet",
    }
}

fn code(text: &str) -> String {
    format!("<code>{}</code>", escaped(text))
}

/// Returns lines as HTML may hold them.
fn all_escaped(text: &str) -> String {
    let lines: Vec<String> = text.trim_end().lines().map(escaped).collect();
    lines.join("\n")
}

/// Returns text as HTML may hold it, in attributes too.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in harmless(text).chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_holds_no_script_and_nothing_from_elsewhere() {
        let page = Page {
            title: "Plan: 1 to add, 0 to change, 0 to destroy.".into(),
            changes: vec![Entry {
                sign: "+".into(),
                tone: Tone::Comes,
                address: "vault_policy.a[\"<script>\"]".into(),
                predicate: "will be created".into(),
                body: vec![Line {
                    tone: Tone::Comes,
                    parts: vec![
                        (Tone::Plain, "  ".into()),
                        (Tone::Comes, "+".into()),
                        (Tone::Plain, " a = \"</pre>\"".into()),
                    ],
                }],
            }],
            ..Page::default()
        };
        let text = page_html(&page);
        assert!(!text.contains("<script") && !text.contains("http:") && !text.contains("https:"));
        assert!(
            text.contains(
                "<code>vault_policy.a[&quot;&lt;script&gt;&quot;]</code> will be created"
            )
        );
        let row = "<span class=\"row comes-row\">  <b class=\"comes\">+</b> a = &quot;&lt;/pre&gt;&quot;\n</span>";
        assert!(text.contains(row), "{text}");
        assert!(text.contains("<details open>"));
    }
}
