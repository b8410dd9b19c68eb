//! What `test` tells: lines, events, and a report in the form of JUnit.

use super::paint::{Paint, harmless};
use super::ui_json::Stream;
use serde_json::{Value as Json, json};
use std::fmt::Write as _;

/// How a run or a file ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// It was left out, because one before it ended in an error.
    Skip,
    #[default]
    Pass,
    /// An assertion does not hold.
    Fail,
    /// Something else went wrong.
    Error,
}

/// A run that is over.
#[derive(Clone, Debug, Default)]
pub struct RunReport {
    pub name: String,
    pub status: Status,
    /// What went wrong, as people read it.
    pub text: String,
    /// What went wrong, in one line.
    pub summary: String,
    pub seconds: f64,
}

/// A test file that is over.
#[derive(Clone, Debug, Default)]
pub struct FileReport {
    pub path: String,
    pub runs: Vec<RunReport>,
    /// How it ended, with its end taken in.
    pub status: Status,
}

impl Status {
    /// Returns the word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Status::Skip => "skip",
            Status::Pass => "pass",
            Status::Fail => "fail",
            Status::Error => "error",
        }
    }

    /// Returns the word that people read: an error is a failure to them.
    fn told(self, paint: Paint) -> String {
        match self {
            Status::Skip => "skip".to_owned(),
            Status::Pass => paint.green("pass"),
            Status::Fail | Status::Error => paint.red("fail"),
        }
    }
}

/// Returns the line of a run that is over.
#[must_use]
pub fn run_line(run: &RunReport, paint: Paint) -> String {
    format!("  run {:?}... {}\n", run.name, run.status.told(paint))
}

/// Returns a line about a file: `in progress`, `tearing down`, or how it ended.
#[must_use]
pub fn file_line(path: &str, status: Option<Status>, word: &str, paint: Paint) -> String {
    let word = status.map_or_else(|| word.to_owned(), |status| status.told(paint));
    format!("{path}... {word}\n")
}

/// Counts of runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub passed: usize,
    pub failed: usize,
    pub errored: usize,
    pub skipped: usize,
}

/// Counts the runs of all files.
#[must_use]
pub fn tally(files: &[FileReport]) -> Tally {
    let count = |status: Status| {
        let runs = files.iter().flat_map(|file| &file.runs);
        runs.filter(|run| run.status == status).count()
    };
    Tally {
        passed: count(Status::Pass),
        failed: count(Status::Fail),
        errored: count(Status::Error),
        skipped: count(Status::Skip),
    }
}

/// Returns the worst that happened.
#[must_use]
pub fn worst(files: &[FileReport]) -> Status {
    files
        .iter()
        .map(|file| file.status)
        .max()
        .unwrap_or_default()
}

/// Returns the last line: `Success! 3 passed, 0 failed.`
#[must_use]
pub fn summary(files: &[FileReport]) -> String {
    let tally = tally(files);
    if files.iter().all(|file| file.runs.is_empty()) {
        return "Success! 0 passed, 0 failed.".to_owned();
    }
    let word = match worst(files) {
        Status::Fail | Status::Error => "Failure!",
        _ => "Success!",
    };
    let failed = tally.failed + tally.errored;
    let skipped = match tally.skipped {
        0 => String::new(),
        count => format!(", {count} skipped"),
    };
    format!("{word} {} passed, {failed} failed{skipped}.", tally.passed)
}

impl Stream<'_> {
    /// Returns which runs of which files there are.
    #[must_use]
    pub fn test_abstract(self, files: &[(String, Vec<String>)]) -> String {
        let runs: usize = files.iter().map(|(_, runs)| runs.len()).sum();
        let plural = |count: usize, word: &str| match count {
            1 => format!("1 {word}"),
            _ => format!("{count} {word}s"),
        };
        let message = format!(
            "Found {} and {}",
            plural(files.len(), "file"),
            plural(runs, "run block")
        );
        let all: serde_json::Map<String, Json> = files
            .iter()
            .map(|(path, runs)| (path.clone(), json!(runs)))
            .collect();
        let more = json!({ "test_abstract": all });
        self.event("info", "test_abstract", &message, more)
    }

    /// Returns how far a file is: `starting`, `teardown`, or `complete` with how it ended.
    #[must_use]
    pub fn test_file(self, path: &str, progress: &str, status: Option<Status>) -> String {
        let mut file = json!({ "path": path, "progress": progress });
        let word = match (status, progress) {
            (Some(Status::Error), _) => "fail",
            (Some(status), _) => status.word(),
            (None, "teardown") => "tearing down",
            _ => "in progress",
        };
        if let Some(status) = status {
            file["status"] = status.word().into();
        }
        let more = json!({ "@testfile": path, "test_file": file });
        self.event("info", "test_file", &format!("{path}... {word}"), more)
    }

    /// Returns how far a run is: `starting`, or `complete` with how it ended.
    #[must_use]
    pub fn test_run(self, path: &str, name: &str, status: Option<Status>) -> String {
        let mut run = json!({ "path": path, "run": name });
        let word = match status {
            Some(status) => {
                run["progress"] = "complete".into();
                run["status"] = status.word().into();
                if status == Status::Error {
                    "fail"
                } else {
                    status.word()
                }
            }
            None => {
                run["progress"] = "starting".into();
                run["elapsed"] = 0.into();
                "in progress"
            }
        };
        let more = json!({ "@testfile": path, "@testrun": name, "test_run": run });
        self.event("info", "test_run", &format!("  {name:?}... {word}"), more)
    }

    /// Returns the counts.
    #[must_use]
    pub fn test_summary(self, files: &[FileReport]) -> String {
        let tally = tally(files);
        let more = json!({ "test_summary": {
            "status": worst(files).word(),
            "passed": tally.passed,
            "failed": tally.failed,
            "errored": tally.errored,
            "skipped": tally.skipped,
        } });
        self.event("info", "test_summary", &summary(files), more)
    }
}

/// Returns the report that other tools read.
#[must_use]
pub fn junit(files: &[FileReport]) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?><testsuites>\n");
    for file in files {
        let tally = tally(std::slice::from_ref(file));
        let _ = writeln!(
            out,
            "  <testsuite name=\"{}\" tests=\"{}\" skipped=\"{}\" failures=\"{}\" errors=\"{}\">",
            escaped(&file.path),
            file.runs.len(),
            tally.skipped,
            tally.failed,
            tally.errored
        );
        for run in &file.runs {
            out.push_str(&case(&file.path, run));
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn case(path: &str, run: &RunReport) -> String {
    let head = format!(
        "    <testcase name=\"{}\" classname=\"{}\" time=\"{:.3}\">",
        escaped(&run.name),
        escaped(path),
        run.seconds
    );
    let element = match run.status {
        Status::Pass => return format!("{head}</testcase>\n"),
        Status::Skip => "skipped",
        Status::Fail => "failure",
        Status::Error => "error",
    };
    let summary = match run.status {
        Status::Skip => "Testcase skipped due to a previous testcase error",
        _ => &run.summary,
    };
    format!(
        "{head}\n      <{element} message=\"{}\">{}</{element}>\n    </testcase>\n",
        escaped(summary),
        escaped(&run.text)
    )
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    let lines: Vec<String> = text.split('\n').map(harmless).collect();
    for letter in lines.join("\n").chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> Vec<FileReport> {
        let run = |name: &str, status, text: &str| RunReport {
            name: name.to_owned(),
            status,
            text: text.to_owned(),
            summary: text.to_owned(),
            seconds: 0.5,
        };
        vec![FileReport {
            path: "main.tftest.hcl".to_owned(),
            runs: vec![
                run("a", Status::Pass, ""),
                run("b", Status::Fail, "x < \"y\""),
                run("c", Status::Error, "broken"),
                run("d", Status::Skip, ""),
            ],
            status: Status::Error,
        }]
    }

    #[test]
    fn counts_read_as_terraform_writes_them() {
        assert_eq!(summary(&files()), "Failure! 1 passed, 2 failed, 1 skipped.");
        assert_eq!(summary(&[]), "Success! 0 passed, 0 failed.");
    }

    #[test]
    fn reports_are_xml() {
        let expected = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><testsuites>
  <testsuite name=\"main.tftest.hcl\" tests=\"4\" skipped=\"1\" failures=\"1\" errors=\"1\">
    <testcase name=\"a\" classname=\"main.tftest.hcl\" time=\"0.500\"></testcase>
    <testcase name=\"b\" classname=\"main.tftest.hcl\" time=\"0.500\">
      <failure message=\"x &lt; &quot;y&quot;\">x &lt; &quot;y&quot;</failure>
    </testcase>
    <testcase name=\"c\" classname=\"main.tftest.hcl\" time=\"0.500\">
      <error message=\"broken\">broken</error>
    </testcase>
    <testcase name=\"d\" classname=\"main.tftest.hcl\" time=\"0.500\">
      <skipped message=\"Testcase skipped due to a previous testcase error\"></skipped>
    </testcase>
  </testsuite>
</testsuites>
";
        assert_eq!(junit(&files()), expected);
    }
}
