//! A page as Markdown, for a comment on a pull request: what is lost in front, each object to be unfolded, and what does not
//! fit told in one line each.

use super::access::{AccessRow, predicate, source, subject};
use super::page::{Destroyed, Entry, Line, Page, Problem, Tone};
use super::paint::{count, harmless};
use std::fmt::Write;

/// How many bytes the text has at most. GitHub takes 65,536 characters; the rest is for what a job writes around it.
pub const ROOM: usize = 64_000;
/// How many bytes one object may take.
const ENTRY: usize = 16_000;
/// What is kept for the lines of objects that do not fit.
const TAIL: usize = 8_000;
/// How many bytes the lists before the objects take at most, each.
const LIST: usize = 8_000;

/// How many access changes are seen without unfolding.
const SEEN: usize = 10;

/// Writes a page as GitHub's and GitLab's Markdown.
#[must_use]
pub fn page_markdown(page: &Page) -> String {
    let mut out = format!("### {}\n", escaped(&page.title));
    for note in &page.notes {
        let _ = write!(out, "\n> [!NOTE]\n> {}\n", escaped(note));
    }
    out.push_str(&destroyed(&page.destroyed));
    out.push_str(&problems(&page.problems));
    let checks = page
        .checks
        .iter()
        .map(|(name, problem)| format!("- {}: {}\n", code(name), escaped(problem)));
    out.push_str(&section("Checks that fail", checks));
    out.push_str(&access(&page.access, &page.access_unknown));
    let end = end(page);
    let mut room = ROOM.saturating_sub(out.len() + end.len());
    for (title, entries) in [
        ("Changed outside", &page.drift),
        ("What will happen", &page.changes),
    ] {
        if !entries.is_empty() {
            // Drift may take half of it: what happens matters more.
            let share = match title {
                "Changed outside" if !page.changes.is_empty() => room / 2,
                _ => room,
            };
            let objects = objects(entries, share);
            let part = format!("\n#### {title}\n\n{}\n", objects.trim_end());
            room = room.saturating_sub(part.len());
            out.push_str(&part);
        }
    }
    out + &end
}

/// Returns what stands below the objects: outputs, what is pending, what nobody manages, when it was made.
fn end(page: &Page) -> String {
    let mut out = String::new();
    if !page.outputs.is_empty() {
        let lines = fenced(&page.outputs, LIST);
        let _ = write!(
            out,
            "\n<details><summary>Changes to outputs</summary>\n\n{lines}\n</details>\n"
        );
    }
    let listed = |places: &[String]| -> Vec<String> {
        places
            .iter()
            .map(|place| format!("- {}\n", code(place)))
            .collect()
    };
    out.push_str(&section(
        "Declared and not applied yet, which is no drift",
        listed(&page.pending).into_iter(),
    ));
    let ignored = page
        .ignored
        .iter()
        .map(|line| format!("- {}\n", escaped(line)));
    out.push_str(&section("Ignored, as `vaultform.hcl` says", ignored));
    out.push_str(&section(
        "On the server and in no configuration",
        listed(&page.unmanaged).into_iter(),
    ));
    let made = page.timestamp.split('.').next().unwrap_or_default();
    let _ = write!(
        out,
        "\n<sub>vaultform, {}; secrets are not in here</sub>\n",
        made.trim_end_matches('Z').replace('T', " ") + " UTC"
    );
    out
}

/// Returns a heading and as many of the lines as fit; nothing where there is none.
fn section(title: &str, lines: impl Iterator<Item = String>) -> String {
    let lines: Vec<String> = lines.collect();
    match lines.is_empty() {
        true => String::new(),
        false => format!("\n#### {title}\n\n{}", fitting(&lines, LIST)),
    }
}

/// Joins lines up to a size, and tells how many more there are.
fn fitting(lines: &[String], room: usize) -> String {
    let mut out = String::new();
    for (at, line) in lines.iter().enumerate() {
        if out.len() + line.len() > room {
            let _ = writeln!(out, "- and {} more", lines.len() - at);
            break;
        }
        out.push_str(line);
    }
    out
}

fn destroyed(destroyed: &[Destroyed]) -> String {
    if destroyed.is_empty() {
        return String::new();
    }
    let mut sorted: Vec<&Destroyed> = destroyed.iter().collect();
    sorted.sort_by_key(|one| one.losses.is_empty());
    let lines: Vec<String> = sorted
        .iter()
        .map(|one| {
            let losses = match one.losses.is_empty() {
                true => String::new(),
                false => format!(", and with it **{}**", escaped(&one.losses.join(", "))),
            };
            format!("> - {} will be {}{losses}\n", code(&one.address), one.how)
        })
        .collect();
    let number = count(destroyed.len(), "object");
    let lines = fitting(&lines, LIST).replace("\n- and", "\n> - and");
    format!("\n> [!CAUTION]\n> **{number} will be destroyed or replaced.**\n>\n{lines}")
}

/// Writes errors in full, warnings to be unfolded.
fn problems(problems: &[Problem]) -> String {
    let part = |error: bool| -> String {
        let texts = problems.iter().filter(|problem| problem.error == error);
        let text = texts.map(|problem| problem.text.trim_end().to_owned());
        let text = shortened(&text.collect::<Vec<_>>().join("\n\n"), LIST);
        let fence = fence(&text, 3);
        format!("{fence}text\n{text}\n{fence}\n")
    };
    let mut out = String::new();
    let errors = problems.iter().filter(|problem| problem.error).count();
    if errors > 0 {
        let _ = write!(out, "\n#### {}\n\n{}", count(errors, "error"), part(true));
    }
    let warnings = problems.len() - errors;
    if warnings > 0 {
        let number = count(warnings, "warning");
        let _ = write!(
            out,
            "\n<details><summary>{number}</summary>\n\n{}\n</details>\n",
            part(false)
        );
    }
    out
}

/// Returns the lines that fit.
fn shortened(text: &str, room: usize) -> String {
    let mut out = String::new();
    for (at, line) in text.lines().enumerate() {
        if out.len() + line.len() > room {
            let left = text.lines().count() - at;
            let _ = write!(out, "\nand {}", count(left, "more line"));
            break;
        }
        if at > 0 {
            out.push('\n');
        }
        out.push_str(line);
    }
    out
}

fn access(rows: &[AccessRow], unknown: &[String]) -> String {
    let lines = rows.iter().map(|row| {
        let sign = match (row.direction.as_str(), row.danger.as_str()) {
            ("gains", "sudo" | "root-equivalent") => "🔺",
            ("gains", _) => "➕",
            ("loses", _) => "➖",
            _ => "🔁",
        };
        let root = match (row.direction.as_str(), row.danger.as_str()) {
            ("gains", "root-equivalent") => " **(as good as root)**",
            _ => "",
        };
        let source = source(row);
        let source = match source.is_empty() {
            true => String::new(),
            false => format!(" <sub>{}</sub>", escaped(&source)),
        };
        let who = escaped(&subject(row));
        format!(
            "- {sign} {who} **{}**{root}{source}\n",
            escaped(&predicate(row))
        )
    });
    let mut lines: Vec<String> = lines.collect();
    if !unknown.is_empty() {
        let names: Vec<String> = unknown.iter().map(|name| code(name)).collect();
        lines.push(format!(
            "- Not among them is what these policies grant, as their text is not known: {}\n",
            names.join(", ")
        ));
    }
    let rest = lines.split_off(lines.len().min(SEEN));
    let mut out = section("Access changes, the worst first", lines.into_iter());
    if !rest.is_empty() {
        let _ = write!(
            out,
            "\n<details><summary>{} more</summary>\n\n{}\n</details>\n",
            rest.len(),
            fitting(&rest, LIST)
        );
    }
    out
}

/// Writes objects to be unfolded while there is room, then one line each, then their number.
fn objects(entries: &[Entry], room: usize) -> String {
    let mut out = String::new();
    let mut rest = entries;
    while let Some((entry, later)) = rest.split_first() {
        let text = object(entry);
        let kept = TAIL.min(later.iter().map(|entry| short(entry).len()).sum());
        if out.len() + text.len() + kept > room {
            break;
        }
        out.push_str(&text);
        rest = later;
    }
    if rest.is_empty() {
        return out;
    }
    let text = format!(
        "\n**{} without details**, as a comment has no room for more:\n\n",
        count(rest.len(), "object")
    );
    let left = room.saturating_sub(out.len() + text.len() + 40);
    let lines: Vec<String> = rest.iter().map(short).collect();
    out + &text + &fitting(&lines, left)
}

fn short(entry: &Entry) -> String {
    let sign = match entry.sign.is_empty() {
        true => String::new(),
        false => format!("{} ", code(&entry.sign)),
    };
    format!(
        "- {sign}{} {}\n",
        code(&entry.address),
        escaped(&entry.predicate)
    )
}

fn object(entry: &Entry) -> String {
    let (address, predicate) = (in_html(&entry.address), in_html(&entry.predicate));
    if entry.body.is_empty() {
        return short(entry) + "\n";
    }
    let sign = match entry.sign.is_empty() {
        true => String::new(),
        false => format!("<code>{}</code> ", in_html(&entry.sign)),
    };
    let body = fenced(&entry.body, ENTRY);
    format!(
        "<details><summary>{sign}<code>{address}</code> {predicate}</summary>\n\n{body}\n</details>\n\n"
    )
}

/// Returns lines as a difference, with their signs at the front where GitHub colours by them.
fn fenced(lines: &[Line], room: usize) -> String {
    let mut text = String::new();
    for (at, line) in lines.iter().enumerate() {
        let line = signed(line);
        if text.len() + line.len() > room {
            let _ = writeln!(text, "# and {}", count(lines.len() - at, "more line"));
            break;
        }
        text.push_str(&line);
        text.push('\n');
    }
    let fence = fence(&text, 3);
    format!("{fence}diff\n{text}{fence}\n")
}

/// Moves the sign of a line to its front; GitHub colours `!` where plans write `~`.
fn signed(line: &Line) -> String {
    let text = line.text();
    let sign = match line.tone {
        Tone::Comes => "+",
        Tone::Goes => "-",
        Tone::Changes => "~",
        _ => return text,
    };
    match text.split_once(sign) {
        Some((room, rest)) if room.trim().is_empty() => {
            let sign = if sign == "~" { "!" } else { sign };
            format!("{sign}{room}{rest}")
        }
        _ => text,
    }
}

/// Returns a row of backticks that is longer than any in the text.
fn fence(text: &str, least: usize) -> String {
    let longest = text
        .split(|letter| letter != '`')
        .map(str::len)
        .max()
        .unwrap_or_default();
    "`".repeat(least.max(longest + 1))
}

/// Returns text as code.
fn code(text: &str) -> String {
    let text = harmless(text);
    let fence = fence(&text, 1);
    match text.contains('`') {
        true => format!("{fence} {text} {fence}"),
        false => format!("{fence}{text}{fence}"),
    }
}

/// Returns text of which nothing is read as Markdown, as a name or as HTML.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in harmless(text).chars() {
        match letter {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '!' | '$' => {
                out.extend(['\\', letter]);
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '@' => out.push_str("&#64;"),
            _ => out.push(letter),
        }
    }
    out
}

/// Returns text as HTML may hold it within Markdown.
fn in_html(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(tone: Tone, text: &str) -> Line {
        Line {
            tone,
            parts: vec![(tone, text.to_owned())],
        }
    }

    fn entry(number: usize, size: usize) -> Entry {
        Entry {
            sign: "+".into(),
            tone: Tone::Comes,
            address: format!("vault_policy.p[\"{number}\"]"),
            predicate: "will be created".into(),
            body: vec![line(Tone::Comes, &format!("  + {}", "x".repeat(size)))],
        }
    }

    fn page(entries: Vec<Entry>) -> Page {
        Page {
            title: "Plan: 1 to add, 0 to change, 0 to destroy.".into(),
            changes: entries,
            ..Page::default()
        }
    }

    #[test]
    fn signs_go_to_the_front_and_fences_hold() {
        let text = fenced(
            &[
                line(Tone::Comes, "      + a = 1"),
                line(Tone::Changes, "  ~ b"),
                line(Tone::Plain, "    - no sign ````"),
            ],
            100,
        );
        let expected = "`````diff\n+       a = 1\n!   b\n    - no sign ````\n`````\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn what_does_not_fit_is_told_in_one_line_each_and_then_by_number() {
        for (number, size) in [(3, 10), (200, 900), (20_000, 10), (5, 100_000)] {
            let page = page((0..number).map(|at| entry(at, size)).collect());
            let text = page_markdown(&page);
            assert!(text.len() <= ROOM, "{number} × {size}: {}", text.len());
            let whole = text.matches("<details>").count();
            let short = text.matches("\n- `+`").count();
            let more = text.split("- and ").nth(1).map_or(0, |rest| {
                let number = rest.split(' ').next().unwrap();
                number.parse::<usize>().unwrap()
            });
            assert_eq!(whole + short + more, number, "{number} × {size}");
            assert!(whole > 2, "{number} × {size}: {whole} with details");
            assert_eq!(text.matches("</details>").count(), whole);
        }
    }

    #[test]
    fn what_is_lost_comes_first_and_its_names_are_text() {
        let page = Page {
            destroyed: vec![
                Destroyed {
                    address: "vault_policy.a[\"`@all\"]".into(),
                    how: "replaced",
                    losses: Vec::new(),
                },
                Destroyed {
                    address: "vault_mount.kv".into(),
                    how: "destroyed",
                    losses: vec!["312 secrets <b>".into()],
                },
            ],
            ..page(vec![entry(1, 5)])
        };
        let text = page_markdown(&page);
        let expected = "### Plan: 1 to add, 0 to change, 0 to destroy.

> [!CAUTION]
> **2 objects will be destroyed or replaced.**
>
> - `vault_mount.kv` will be destroyed, and with it **312 secrets &lt;b&gt;**
> - `` vault_policy.a[\"`@all\"] `` will be replaced

#### What will happen

<details><summary><code>+</code> <code>vault_policy.p[\"1\"]</code> will be created</summary>

```diff
+   xxxxx
```

</details>
";
        assert!(text.starts_with(expected), "{text}");
    }
}
