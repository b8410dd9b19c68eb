//! `policy can` and `policy who`: whether somebody may do something, and who may.

use super::holders::{Known, Token, know};
use crate::command::context::{Context, Voice};
use crate::command::exit::{Done, Exit};
use crate::command::flags::{is_set, switch, text, value, word};
use crate::command::lint::server;
use crate::command::wish::{arguments, variable_flags};
use crate::policy::words;
use crate::policy::{
    Capability, Context as Deciding, Decision, Operation, PathSet, Pattern, Policy, Reason,
    Request, RuleSet, Source, difference,
};
use crate::source::{Diagnostic, nearest};
use clap::{Arg, ArgMatches, Command};
use serde_json::{Value as Json, json};

fn shared_flags() -> Vec<Arg> {
    let mut flags = vec![
        value("namespace", "NAMESPACE", "The namespace of the path"),
        value(
            "server",
            "NAME-VERSION",
            "The server that decides: `openbao-2.7`",
        ),
        switch(
            "live",
            "Ask the server for policies and holders, not the configuration",
        ),
        switch("json", "Write JSON"),
    ];
    flags.extend(variable_flags());
    flags
}

/// Declares `policy can`.
#[must_use]
pub fn command() -> Command {
    Command::new("can")
        .about("Tell whether a role, user, group or entity, or who has these policies, may do something; ends with 2 when not")
        .args([
            word("HOLDER", "`auth/approle/role/ci`, the name of a group or entity, an address; or policies, parted by commas").required(true),
            word("CAPABILITY", "`read`, `update`, `list`, `sudo` …").required(true),
            word("PATH", "A path, or a pattern as policies have them").required(true),
        ])
        .args(shared_flags())
}

/// Declares `policy who`.
#[must_use]
pub fn who_command() -> Command {
    Command::new("who")
        .about("List every role, user, group and entity that may do something")
        .args([
            word("CAPABILITY", "`read`, `update`, `list`, `sudo` …").required(true),
            word("PATH", "A path, or a pattern as policies have them").required(true),
        ])
        .args(shared_flags())
}

/// What is asked about.
struct Question {
    capability: Capability,
    path: String,
    namespace: String,
    /// The paths, where it is a pattern.
    pattern: Option<PathSet>,
}

/// What is answered.
struct Answer {
    allowed: bool,
    why: String,
    /// Parts of a pattern on which it is allowed.
    parts: Vec<String>,
    sources: Vec<Source>,
}

fn question(matches: &ArgMatches) -> Result<Question, Diagnostic> {
    let name = text(matches, "CAPABILITY").unwrap_or_default();
    let Some(capability) = Capability::named(name).filter(|one| *one != Capability::Deny) else {
        let message = format!("`{name}` is no capability");
        let names = Capability::ALL.iter().map(|one| one.name());
        let near = nearest(name, names).map(|near| format!("did you mean `{near}`?"));
        let hint =
            near.unwrap_or_else(|| "write such as `read`, `update`, `list` or `sudo`".to_owned());
        return Err(Diagnostic::error("unknown-capability", message).hint(hint));
    };
    let path = text(matches, "PATH").unwrap_or_default();
    let path = path.trim_start_matches('/').to_owned();
    let namespace = text(matches, "namespace")
        .unwrap_or_default()
        .trim_matches('/');
    let namespace = match namespace {
        "" => String::new(),
        inner => format!("{inner}/"),
    };
    let wild = path.ends_with('*') || path.split('/').any(|segment| segment == "+");
    let pattern = Pattern::read(&format!("{namespace}{path}")).filter(|_| wild);
    if wild && pattern.is_none() {
        let message = format!("`{path}` is no pattern: `+*` is not allowed");
        return Err(Diagnostic::error("policy-path", message));
    }
    Ok(Question {
        capability,
        pattern: pattern.map(|pattern| PathSet::of(&pattern)),
        path,
        namespace,
    })
}

/// Answers `policy can`.
///
/// # Errors
/// When nobody is meant, or what is asked makes no sense.
pub async fn run(context: &Context, matches: &ArgMatches) -> Done {
    let question = question(matches)?;
    let mut known = learn(context, matches).await?;
    let token = known.find(context, text(matches, "HOLDER").unwrap_or_default())?;
    let answer = ask(&known, &token, &question);
    let places = places(context, &known, &token, &answer);
    if is_set(matches, "json") {
        let mut said = entry(&token, &answer, &places);
        said["allowed"] = answer.allowed.into();
        said["capability"] = question.capability.name().into();
        said["path"] = question.path.clone().into();
        context.say(&format!("{said}\n"));
    } else {
        let paint = context.paint.get();
        let (word, may) = match answer.allowed {
            true => (paint.green("yes"), "may"),
            false => (paint.red("no"), "may not"),
        };
        context.say(&format!(
            "{word}: {} {may} {} {}\n  {}\n",
            token.name, question.capability, question.path, answer.why
        ));
        for place in &places {
            context.say(&format!("  {place}\n"));
        }
        missing(context, &[&token]);
    }
    Ok(if answer.allowed {
        Exit::Done
    } else {
        Exit::Changes
    })
}

/// Answers `policy who`.
///
/// # Errors
/// When what is asked makes no sense.
pub async fn who(context: &Context, matches: &ArgMatches) -> Done {
    let question = question(matches)?;
    let known = learn(context, matches).await?;
    let tokens: Vec<Token> = known.tokens().collect();
    let mut entries = Vec::new();
    for token in &tokens {
        let answer = ask(&known, token, &question);
        if answer.allowed {
            entries.push((token, places(context, &known, token, &answer), answer));
        }
    }
    if is_set(matches, "json") {
        let entries: Vec<Json> = entries
            .iter()
            .map(|(token, places, answer)| entry(token, answer, places))
            .collect();
        context.say(&format!("{}\n", Json::Array(entries)));
        return Ok(Exit::Done);
    }
    for (token, places, answer) in &entries {
        let parts = match answer.parts.as_slice() {
            [] => String::new(),
            parts => format!(" on {}", parts.join(", ")),
        };
        let place = places
            .first()
            .map(|place| format!("  ({place})"))
            .unwrap_or_default();
        context.say(&format!("{}{parts}{place}\n", token.name));
    }
    if entries.is_empty() {
        context.say("Nobody here.\n");
    }
    missing(context, &tokens.iter().collect::<Vec<_>>());
    Ok(Exit::Done)
}

async fn learn(
    context: &Context,
    matches: &ArgMatches,
) -> Result<Known, crate::command::exit::Failure> {
    let server = server(text(matches, "server"))?;
    if is_set(matches, "json") {
        context.voice.set(Voice::Document);
    }
    let known = know(
        context,
        arguments(matches)?,
        server,
        is_set(matches, "live"),
    )
    .await?;
    context.tell(&known.stock.notes);
    Ok(known)
}

/// Tells of policies that are held and that nobody here has the text of.
fn missing(context: &Context, tokens: &[&Token]) {
    let mut names: Vec<&String> = tokens.iter().flat_map(|token| &token.missing).collect();
    names.sort();
    names.dedup();
    let notes: Vec<Diagnostic> = names
        .into_iter()
        .map(|name| {
            let message = format!(
                "the policy `{name}` is held and not declared here: what it grants is not counted"
            );
            Diagnostic::note("policy-unknown", message).hint("`-live` asks the server for it")
        })
        .collect();
    context.tell(&notes);
}

fn entry(token: &Token, answer: &Answer, places: &[String]) -> Json {
    let mut entry = json!({ "holder": token.name, "why": answer.why, "places": places });
    if !answer.parts.is_empty() {
        entry["paths"] = answer.parts.clone().into();
    }
    entry
}

fn ask(known: &Known, token: &Token, question: &Question) -> Answer {
    let mounts = known.stock.census.mounts.iter();
    let mounts: Vec<(&str, &str)> = mounts
        .map(|mount| (mount.path.as_str(), mount.kind.as_str()))
        .collect();
    let context = Deciding {
        server: known.server(),
        identity: token.identity.as_ref(),
        now: Some(known.now),
        mounts: &mounts,
    };
    match &question.pattern {
        Some(pattern) => on_pattern(token, question.capability, pattern, &context),
        None => on_path(token, question, &context),
    }
}

fn operation(capability: Capability) -> Operation {
    match capability {
        Capability::Create => Operation::Create,
        Capability::Update => Operation::Update,
        Capability::Patch => Operation::Patch,
        Capability::Delete => Operation::Delete,
        Capability::List => Operation::List,
        Capability::Scan => Operation::Scan,
        Capability::Recover => Operation::Recover,
        _ => Operation::Read,
    }
}

fn on_path(token: &Token, question: &Question, context: &Deciding<'_>) -> Answer {
    let refused = |why: String| Answer {
        allowed: false,
        why,
        parts: Vec::new(),
        sources: Vec::new(),
    };
    let rules = match RuleSet::new(&token.policies, context) {
        Ok(rules) => rules,
        Err(broken) => return refused(words::broken(&broken)),
    };
    let capability = question.capability;
    let mut request = Request::new(operation(capability), question.path.as_str());
    request.namespace.clone_from(&question.namespace);
    let mut decision = rules.decide(&request, context);
    let bare = matches!(capability, Capability::Sudo | Capability::Subscribe);
    if bare && let Some(rule) = &decision.rule {
        decision.reason = match rule.permissions.capabilities.has(capability) {
            true => Reason::Allowed,
            false => Reason::Lacks(capability),
        };
        decision.allowed = decision.reason == Reason::Allowed;
    }
    let why = words::why(&decision, &token.policies);
    let conditional = is_conditional(&decision);
    Answer {
        allowed: decision.allowed || conditional,
        why: match conditional {
            true => format!("under conditions: {why}"),
            false => why,
        },
        parts: Vec::new(),
        sources: decision.rule.map(|rule| rule.sources).unwrap_or_default(),
    }
}

/// Tells whether a request with the right parameters would be allowed.
fn is_conditional(decision: &Decision) -> bool {
    matches!(
        decision.reason,
        Reason::Wrapping
            | Reason::Missing(_)
            | Reason::ParameterDenied(_)
            | Reason::ParameterNotAllowed(_)
            | Reason::Limit
    )
}

fn on_pattern(
    token: &Token,
    capability: Capability,
    pattern: &PathSet,
    context: &Deciding<'_>,
) -> Answer {
    let nothing: [Policy; 0] = [];
    let granted = difference(&nothing, &token.policies, context);
    let mut parts = Vec::new();
    let mut why = "no rule grants it on any of these paths".to_owned();
    match granted {
        Err(_) => "its rules overlap in too many ways to tell".clone_into(&mut why),
        Ok(granted) => {
            for change in granted
                .iter()
                .filter(|change| change.capability == capability)
            {
                let part = change.pattern.meet(pattern);
                let hidden = |part: &PathSet| change.except.iter().any(|set| part.is_within(set));
                parts.extend(
                    part.filter(|part| !hidden(part))
                        .map(|part| part.to_string()),
                );
            }
        }
    }
    parts.sort();
    parts.dedup();
    if !parts.is_empty() {
        why = format!("on {}", parts.join(", "));
    }
    Answer {
        allowed: !parts.is_empty(),
        why,
        parts,
        sources: Vec::new(),
    }
}

/// Returns where the rules that decide are written: `policy reader, policies/reader.hcl:3`.
fn places(context: &Context, known: &Known, token: &Token, answer: &Answer) -> Vec<String> {
    let sources = context.sources.borrow();
    let place = |source: &Source| {
        let policy = token.policies.get(source.policy)?;
        let rule = policy.rules.get(source.rule)?;
        let at = known.place(policy, rule.extent).map(|span| {
            let position = sources.position(span.file, span.start);
            let file = sources.file(span.file).path.display().to_string();
            format!(", {file}:{}", position.line)
        });
        Some(format!("policy {}{}", policy.name, at.unwrap_or_default()))
    };
    answer.sources.iter().filter_map(place).collect()
}
