//! What every command has at hand: the environment, the terminal, the sources read so far.

use super::connector::Links;
use super::exit::Failure;
use super::files::Files;
use crate::source::{Diagnostic, Severity, Sources};
use crate::value::Veil;
use crate::view::diagnostic::{DiagnosticStyle, diagnostics_text};
use crate::view::paint::Paint;
use crate::view::plan_text::TextOptions;
use crate::view::product::Product;
use crate::view::state_json::DocumentStyle;
use crate::view::ui_json::Stream;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// The version of this program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The version of Terraform whose language and documents these are: what tools ask for.
pub const TERRAFORM_VERSION: &str = "1.13.0";

/// How a command speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    Text,
    /// One JSON event a line.
    Events,
    /// One JSON document at the end; diagnostics are part of it or go to the error stream.
    Document,
}

/// What every command has at hand.
pub struct Context {
    pub environment: Arc<BTreeMap<String, String>>,
    pub files: Arc<Files>,
    pub sources: RefCell<Sources>,
    pub product: Product,
    pub paint: Cell<Paint>,
    error_paint: Cell<Paint>,
    /// Whether somebody can be asked.
    pub interactive: bool,
    pub voice: Cell<Voice>,
    /// Warnings in one line each.
    pub compact_warnings: Cell<bool>,
    pub verbosity: Cell<u8>,
    pub workspace: Arc<str>,
    /// Terraform's directory for data of its own, `.terraform`.
    pub data_directory: PathBuf,
    /// Set when the user asks to stop.
    pub stop: Arc<AtomicBool>,
    /// Set once writing begins: from then on a stop is waited for.
    pub writing: Arc<AtomicBool>,
    pub clock: Instant,
    /// Secrets that the run has met: kept out of logs and diagnostics.
    pub veil: Veil,
    /// All connections of the run, for the count of requests.
    pub links: RefCell<Vec<Arc<Links>>>,
}

impl Context {
    /// Looks at the environment and the terminal.
    #[must_use]
    pub fn new(environment: BTreeMap<String, String>, files: Files) -> Context {
        let set = |name: &str| environment.get(name).filter(|value| !value.is_empty());
        let colours = set("NO_COLOR").is_none() && set("TERM").is_none_or(|term| term != "dumb");
        let data = set("TF_DATA_DIR").map_or_else(|| PathBuf::from(".terraform"), PathBuf::from);
        let chosen = set("TF_WORKSPACE").cloned();
        let kept = || std::fs::read_to_string(data.join("environment")).ok();
        let workspace = chosen.or_else(kept).map(|name| name.trim().to_owned());
        let workspace = workspace.filter(|name| !name.is_empty());
        Context {
            product: product(set("VAULTFORM_PRODUCT").map(String::as_str)),
            paint: Cell::new(Paint(colours && std::io::stdout().is_terminal())),
            error_paint: Cell::new(Paint(colours && std::io::stderr().is_terminal())),
            interactive: std::io::stdin().is_terminal()
                && set("TF_INPUT").is_none_or(|on| on != "0" && on != "false"),
            voice: Cell::new(Voice::Text),
            compact_warnings: Cell::new(false),
            verbosity: Cell::new(verbosity(set("VAULTFORM_LOG").or_else(|| set("TF_LOG")))),
            workspace: workspace.unwrap_or_else(|| "default".to_owned()).into(),
            data_directory: data,
            environment: Arc::new(environment),
            files: Arc::new(files),
            sources: RefCell::default(),
            stop: Arc::default(),
            writing: Arc::default(),
            clock: Instant::now(),
            veil: Veil::default(),
            links: RefCell::default(),
        }
    }

    /// Returns a variable of the environment; an empty one counts as unset.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.environment
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// Tells whether the program runs in somebody else's automation: hints about what to type next are left out.
    #[must_use]
    pub fn in_automation(&self) -> bool {
        self.variable("TF_IN_AUTOMATION").is_some()
    }

    /// Turns colours off.
    pub fn no_colour(&self) {
        self.paint.set(Paint(false));
        self.error_paint.set(Paint(false));
    }

    /// Returns how plans are written.
    #[must_use]
    pub fn text_options(&self, show_sensitive: bool) -> TextOptions {
        TextOptions {
            product: self.product,
            paint: self.paint.get(),
            show_sensitive,
            ..TextOptions::default()
        }
    }

    /// Returns how documents are written.
    #[must_use]
    pub fn document_style(&self, show_sensitive: bool) -> DocumentStyle<'static> {
        DocumentStyle {
            terraform_version: TERRAFORM_VERSION,
            registry: "",
            show_sensitive,
        }
    }

    /// Returns the stream of events as of now.
    #[must_use]
    pub fn stream(&self) -> Stream<'static> {
        Stream {
            product: self.product,
            version: TERRAFORM_VERSION,
            now: jiff::Timestamp::now().as_microsecond(),
        }
    }

    /// Writes to the output; a reader that went away is no error.
    pub fn say(&self, text: &str) {
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    /// Writes text for people: nothing where the output is a document or a stream of events.
    pub fn say_text(&self, text: &str) {
        if self.voice.get() == Voice::Text {
            self.say(text);
        }
    }

    /// Writes to the error stream.
    pub fn mutter(&self, text: &str) {
        let mut out = std::io::stderr().lock();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    /// Tells diagnostics: errors and notes on the error stream, warnings on the output, as Terraform does.
    pub fn tell(&self, diagnostics: &[Diagnostic]) {
        let veiled = diagnostics.iter().map(|one| self.veil.over_diagnostic(one));
        let diagnostics = &veiled.collect::<Vec<_>>();
        let sources = self.sources.borrow();
        if self.voice.get() == Voice::Events {
            for diagnostic in diagnostics {
                self.say(&self.stream().diagnostic(diagnostic, &sources));
            }
            return;
        }
        let of = |wanted: &[Severity]| -> Vec<Diagnostic> {
            diagnostics
                .iter()
                .filter(|found| wanted.contains(&found.severity))
                .cloned()
                .collect()
        };
        let mut warnings = of(&[Severity::Warning]);
        if self.compact_warnings.get() {
            warnings = warnings.into_iter().map(compact).collect();
        }
        let (notes, errors) = (of(&[Severity::Note]), of(&[Severity::Error]));
        if self.voice.get() == Voice::Text {
            self.write(&warnings, &sources, self.paint.get(), &|text| {
                self.say(text)
            });
        } else {
            self.write(&warnings, &sources, self.error_paint.get(), &|text| {
                self.mutter(text)
            });
        }
        for part in [notes, errors] {
            self.write(&part, &sources, self.error_paint.get(), &|text| {
                self.mutter(text)
            });
        }
    }

    fn write(&self, part: &[Diagnostic], sources: &Sources, paint: Paint, out: &dyn Fn(&str)) {
        if !part.is_empty() {
            let style = DiagnosticStyle {
                paint,
                drawn: paint.0,
                width: 77,
            };
            out(&format!("\n{}", diagnostics_text(part, sources, style)));
        }
    }

    /// Asks for a line; `None` where nobody can be asked.
    #[must_use]
    pub fn ask(&self, question: &str) -> Option<String> {
        if !self.interactive {
            return None;
        }
        self.say(question);
        let mut answer = String::new();
        let read = std::io::stdin().read_line(&mut answer).ok()?;
        (read > 0).then(|| answer.trim().to_owned())
    }
}

fn compact(mut warning: Diagnostic) -> Diagnostic {
    warning.detail = None;
    warning.labels.truncate(1);
    warning.hints.clear();
    warning
}

fn product(name: Option<&str>) -> Product {
    match name.map(str::to_lowercase).as_deref() {
        Some("opentofu" | "tofu") => Product::OpenTofu,
        Some("vaultform") => Product::Vaultform,
        _ => Product::Terraform,
    }
}

fn verbosity(level: Option<&String>) -> u8 {
    match level.map(|level| level.to_lowercase()).as_deref() {
        Some("trace" | "2") => 2,
        Some("debug" | "info" | "1" | "json") => 1,
        _ => 0,
    }
}

/// Divides diagnostics: all of them as a failure where there is an error.
///
/// # Errors
/// When one of them is an error.
pub fn sound(diagnostics: Vec<Diagnostic>) -> Result<Vec<Diagnostic>, Failure> {
    if diagnostics.iter().any(Diagnostic::is_error) {
        Err(diagnostics.into())
    } else {
        Ok(diagnostics)
    }
}
