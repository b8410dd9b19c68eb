//! What a run may do besides talking to Vault: files, programs, pages of the web. The commands lend it.

use crate::catalog::Local;
use crate::eval::compute_data;
use crate::source::{Diagnostic, Surroundings};
use crate::value::{Marks, Type, VEILED, Value};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::future::BoxFuture;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::made::{self, digests};

/// A file to be written.
#[derive(Clone)]
pub struct Paper {
    pub path: PathBuf,
    pub content: Vec<u8>,
    /// Its permissions, and those of directories that are made for it.
    pub mode: u32,
    pub directory_mode: u32,
}

/// A page to be read.
#[derive(Clone, Default)]
pub struct Question {
    pub url: String,
    pub method: String,
    pub headers: Vec<(String, String)>,
    pub body: Option<String>,
    pub timeout: Option<Duration>,
    /// PEM of the authorities to trust, in place of the system's.
    pub authorities: Option<String>,
    pub insecure: bool,
}

/// A page that was read.
#[derive(Clone, Default)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// What the commands do for a run. Errors are words without a full stop.
pub trait Outside: Send + Sync {
    /// Writes a file whole, with the directories above it.
    fn write(&self, paper: Paper) -> BoxFuture<'_, Result<(), String>>;
    /// Removes a file; one that is not there is no error.
    fn remove(&self, path: PathBuf) -> BoxFuture<'_, Result<(), String>>;
    /// Runs a program with this input and returns what it wrote.
    fn run(
        &self,
        program: Vec<String>,
        input: Vec<u8>,
        directory: Option<PathBuf>,
    ) -> BoxFuture<'_, Result<Vec<u8>, String>>;
    /// Reads a page.
    fn fetch(&self, question: Question) -> BoxFuture<'_, Result<Answer, String>>;
}

/// Lends nothing.
pub struct Nothing;

fn refused<T: Send + 'static>() -> BoxFuture<'static, Result<T, String>> {
    Box::pin(async { Err("this run may not do that".to_owned()) })
}

impl Outside for Nothing {
    fn write(&self, _: Paper) -> BoxFuture<'_, Result<(), String>> {
        refused()
    }
    fn remove(&self, _: PathBuf) -> BoxFuture<'_, Result<(), String>> {
        refused()
    }
    fn run(
        &self,
        _: Vec<String>,
        _: Vec<u8>,
        _: Option<PathBuf>,
    ) -> BoxFuture<'_, Result<Vec<u8>, String>> {
        refused()
    }
    fn fetch(&self, _: Question) -> BoxFuture<'_, Result<Answer, String>> {
        refused()
    }
}

/// Tells whether reading a data source looks at what may change while a plan is applied.
#[must_use]
pub(super) fn looks_outside(local: Local) -> bool {
    matches!(local, Local::ReadFile | Local::Program | Local::Page)
}

/// Works out a data source or an ephemeral that no server tells. `now` is in seconds since 1970.
///
/// # Errors
/// Tells which wish cannot be met.
pub async fn computed(
    local: Local,
    attributes: &Value,
    surroundings: &dyn Surroundings,
    outside: &dyn Outside,
    now: i64,
) -> Result<Value, Vec<Diagnostic>> {
    let refuse = |code: &'static str| move |why: String| vec![Diagnostic::error(code, why)];
    let made = match local {
        Local::PolicyDocument => return compute_data(local, attributes),
        Local::PublicKey => made::public_key(attributes).map_err(refuse("key-refused"))?,
        Local::ReadFile => file(attributes, surroundings).map_err(refuse("file-unreadable"))?,
        Local::Program => {
            let answer = program(attributes, outside).await;
            answer.map_err(refuse("program-failed"))?
        }
        Local::Page => page(attributes, outside)
            .await
            .map_err(refuse("page-unreadable"))?,
        _ => {
            let made = made::make(local, attributes, "", now);
            let made = made.map_err(refuse("random-failed"))?;
            made.as_fields().cloned().unwrap_or_default()
        }
    };
    let mut fields = attributes.as_fields().cloned().unwrap_or_default();
    let marks = Marks {
        ephemeral: false,
        ..attributes.marks_within()
    };
    fields.extend(made.into_iter().map(|(name, value)| {
        let secret = local == Local::PublicKey;
        (name, if secret { value } else { value.marked(marks) })
    }));
    Ok(Value::object(fields))
}

type Fields = BTreeMap<Arc<str>, Value>;

fn said<'a>(attributes: &'a Value, name: &str) -> Option<&'a str> {
    attributes.field(name).and_then(Value::as_text)
}

/// Returns an argument for a message: in backticks, or hidden where it is sensitive.
fn told(attributes: &Value, name: &str, text: &str) -> String {
    let marks = attributes.field(name).map(Value::marks_within);
    match marks.is_some_and(|marks| marks.sensitive || marks.ephemeral) {
        true => VEILED.to_owned(),
        false => format!("`{text}`"),
    }
}

/// Returns a URL without the name and password that stand in it.
fn without_login(url: &str) -> String {
    let start = url.find("://").map_or(0, |at| at + 3);
    let (scheme, rest) = url.split_at(start);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    format!("{scheme}{host}{path}")
}

fn file(attributes: &Value, surroundings: &dyn Surroundings) -> Result<Fields, String> {
    let name = said(attributes, "filename").unwrap_or_default();
    let content = surroundings.read(Path::new(name));
    let content = content.map_err(|why| {
        let name = told(attributes, "filename", name);
        format!("{name} cannot be read: {why}")
    })?;
    let mut fields = digests(&content);
    fields.insert("content_base64".into(), STANDARD.encode(&content).into());
    let text = String::from_utf8_lossy(&content);
    fields.insert("content".into(), (&*text).into());
    Ok(fields)
}

/// Runs the program; what it writes must be an object of texts.
async fn program(attributes: &Value, outside: &dyn Outside) -> Result<Fields, String> {
    let command = crate::plan::given::texts(attributes.field("program"));
    let name = command.first().cloned().unwrap_or_default();
    let query = attributes
        .field("query")
        .and_then(crate::plan::normal::plain);
    let query = query.filter(|query| !query.is_null());
    let input = query.map_or_else(|| "{}".to_owned(), |query| query.to_string());
    let directory = said(attributes, "working_dir").map(PathBuf::from);
    let answer = outside.run(command, input.into_bytes(), directory).await;
    let marks = attributes.marks_within();
    let secret = marks.sensitive || marks.ephemeral;
    let name = told(attributes, "program", &name);
    let answer = answer.map_err(|why| match secret {
        true => format!(
            "the program {name} failed; what it said is not shown, as its arguments are sensitive"
        ),
        false => format!("the program {name} failed: {why}"),
    })?;
    let wrong = || format!("the program {name} did not write a JSON object of texts");
    let parsed: BTreeMap<String, String> = serde_json::from_slice(&answer).map_err(|_| wrong())?;
    let entries = parsed
        .into_iter()
        .map(|(key, text)| (Arc::from(key), Value::from(text)));
    let result = Value::map(Type::String, entries.collect());
    Ok([("id".into(), "-".into()), ("result".into(), result)].into())
}

async fn page(attributes: &Value, outside: &dyn Outside) -> Result<Fields, String> {
    let url = said(attributes, "url").unwrap_or_default().to_owned();
    let number = |name: &str| {
        let number = attributes.field(name)?.as_number()?.as_i64()?;
        u64::try_from(number).ok()
    };
    let headers = attributes.field("request_headers");
    let headers = headers.and_then(Value::as_fields).into_iter().flatten();
    let question = Question {
        url: url.clone(),
        method: said(attributes, "method").unwrap_or("GET").to_owned(),
        headers: headers
            .filter_map(|(name, value)| Some((name.to_string(), value.as_text()?.to_owned())))
            .collect(),
        body: said(attributes, "request_body").map(str::to_owned),
        timeout: number("request_timeout_ms").map(Duration::from_millis),
        authorities: said(attributes, "ca_cert_pem").map(str::to_owned),
        insecure: attributes.field("insecure").and_then(Value::as_bool) == Some(true),
    };
    let answer = patiently(attributes, question, outside).await;
    let plain = without_login(&url);
    let answer = answer.map_err(|why| {
        let why = why.replace(&url, VEILED);
        format!("{} cannot be read: {why}", told(attributes, "url", &plain))
    })?;
    let marks = match plain == url {
        true => Marks::NONE,
        false => Marks::SENSITIVE,
    };
    let url = Value::from(url).marked(marks);
    let body = String::from_utf8_lossy(&answer.body).into_owned();
    let headers = answer.headers.into_iter();
    let headers = headers.map(|(name, value)| (Arc::from(name), Value::from(value)));
    Ok([
        ("id".into(), url.clone()),
        ("url".into(), url),
        ("status_code".into(), i64::from(answer.status).into()),
        ("body".into(), body.as_str().into()),
        ("response_body".into(), body.into()),
        (
            "response_body_base64".into(),
            STANDARD.encode(&answer.body).into(),
        ),
        (
            "response_headers".into(),
            Value::map(Type::String, headers.collect()),
        ),
    ]
    .into())
}

/// Asks as often as the block `retry` says, while the server does not answer or is out of order.
async fn patiently(
    attributes: &Value,
    question: Question,
    outside: &dyn Outside,
) -> Result<Answer, String> {
    let retry = attributes.field("retry");
    let retry = retry.and_then(|retry| retry.as_items()?.first());
    let number = |name: &str| {
        let number = retry?.field(name)?.as_number()?.as_i64()?;
        u64::try_from(number).ok()
    };
    let attempts = number("attempts").unwrap_or(0);
    let pause = Duration::from_millis(number("min_delay_ms").unwrap_or(1000));
    for _ in 0..attempts {
        match outside.fetch(question.clone()).await {
            Ok(answer) if answer.status < 500 && answer.status != 429 => return Ok(answer),
            _ => tokio::time::sleep(pause).await,
        }
    }
    outside.fetch(question).await
}
