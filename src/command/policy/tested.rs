//! The policies that tests are about, and the same questions put to a real server.

use super::test::relocated;
use crate::command::access::server_of;
use crate::command::context::Context;
use crate::command::exit::Failure;
use crate::command::stock::{Place, read_policy, take};
use crate::config::variables::Argument;
use crate::observe::Connection;
use crate::policy::testing::{Case, Named, TestFile, requests};
use crate::policy::{Alias, Broken, Context as Deciding, Entity, Group, Identity, Policy, RuleSet};
use crate::server::{Reply, Request, ServerError};
use crate::source::{Diagnostic, Span, Surroundings, nearest};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Policies by name, with where each is written.
#[derive(Clone, Default)]
pub struct Policies {
    named: Named,
    places: BTreeMap<String, Place>,
    texts: BTreeMap<String, String>,
}

impl Policies {
    /// Returns them by name.
    #[must_use]
    pub fn named(&self) -> &Named {
        &self.named
    }

    /// Returns where a rule is written.
    #[must_use]
    pub fn rule(&self, name: &str, rule: usize) -> Option<Span> {
        let policy = self.named.get(name)?;
        let rule = policy.rules.get(rule)?;
        let place = self.places.get(name)?;
        place.span(policy, rule.path_extent)
    }

    /// Returns the error of a name that no policy has.
    #[must_use]
    pub fn unknown(&self, name: &str, span: Span) -> Diagnostic {
        let message = format!("there is no policy `{name}`");
        let problem = Diagnostic::error("unknown-policy", message).at(span, "named here");
        match nearest(name, self.named.keys().map(String::as_str)) {
            Some(near) => problem.hint(format!("did you mean `{near}`?")),
            None => problem.hint(format!(
                "it is looked for in `{name}.hcl` beside the tests, and in the configuration that `config` names"
            )),
        }
    }
}

/// Configurations that were evaluated already.
pub struct Shelf {
    arguments: Vec<Argument>,
    configurations: BTreeMap<PathBuf, Policies>,
}

impl Shelf {
    /// Begins with none.
    #[must_use]
    pub fn new(arguments: Vec<Argument>) -> Shelf {
        Shelf {
            arguments,
            configurations: BTreeMap::new(),
        }
    }

    /// Returns the policies that a test file's names mean: of its configuration, and files beside it.
    ///
    /// # Errors
    /// What is wrong with the configuration, or with a policy.
    pub async fn policies(
        &mut self,
        context: &Context,
        file: &TestFile,
        directory: &Path,
    ) -> Result<Policies, Failure> {
        let mut policies = match &file.config {
            Some(config) => {
                self.configuration(context, file, &directory.join(config))
                    .await?
            }
            None => Policies::default(),
        };
        let named = file.cases.iter().flat_map(|case| &case.policies);
        let mut faults = Vec::new();
        for (name, _) in named.chain(&file.covers) {
            if !policies.named.contains_key(name) {
                faults.extend(beside(context, file, directory, name, &mut policies));
            }
        }
        if faults.iter().any(Diagnostic::is_error) {
            return Err(faults.into());
        }
        Ok(policies)
    }

    async fn configuration(
        &mut self,
        context: &Context,
        file: &TestFile,
        directory: &Path,
    ) -> Result<Policies, Failure> {
        if let Some(known) = self.configurations.get(directory) {
            return Ok(known.clone());
        }
        let from = context.sources.borrow().files().count();
        let here = std::env::current_dir().unwrap_or_default();
        std::env::set_current_dir(directory).map_err(|error| {
            let message = format!(
                "the configuration `{}` cannot be read: {}",
                directory.display(),
                crate::command::files::words(&error)
            );
            Diagnostic::error("file-unusable", message)
        })?;
        let taken = take(context, self.arguments.clone()).await;
        let _ = std::env::set_current_dir(here);
        let seen = relocated(&context.sources.borrow(), from, directory);
        context.sources.replace(seen);
        let taken = taken?;
        let mut policies = Policies::default();
        for (text, place) in taken.census.policies.iter().zip(&taken.places) {
            let (policy, _, _) =
                read_policy(&text.text, None, file.server, context.files.started());
            let name = text.name.clone();
            policies
                .named
                .insert(name.clone(), policy.named(name.as_str()));
            policies.places.insert(name.clone(), place.clone());
            policies.texts.insert(name, text.text.clone());
        }
        self.configurations
            .insert(directory.to_owned(), policies.clone());
        Ok(policies)
    }
}

/// Reads a policy from a file beside the tests; returns what the server would refuse in it.
fn beside(
    context: &Context,
    file: &TestFile,
    directory: &Path,
    name: &str,
    policies: &mut Policies,
) -> Vec<Diagnostic> {
    let path = match name.ends_with(".hcl") || name.ends_with(".json") {
        true => directory.join(name),
        false => directory.join(format!("{name}.hcl")),
    };
    let Some(text) = context
        .files
        .read(&path)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
    else {
        return Vec::new();
    };
    let mut sources = context.sources.borrow_mut();
    let id = sources.add(crate::command::findings::cleaned(&path), &text);
    let text = sources.file(id).text.to_string();
    let (policy, faults, _) = read_policy(&text, Some(id), file.server, context.files.started());
    let place = Place::Text(crate::command::stock::TextMap::whole(id, &text));
    policies.named.insert(name.to_owned(), policy.named(name));
    policies.places.insert(name.to_owned(), place);
    policies.texts.insert(name.to_owned(), text);
    faults
}

/// A server that is asked the same questions.
pub struct Live<'c> {
    connection: &'c Connection,
    /// What names of objects begin with that are made for the question.
    mark: String,
}

/// What was made for a question, to be removed after it.
#[derive(Default)]
struct Made {
    paths: Vec<String>,
    accessor: Option<String>,
}

impl<'c> Live<'c> {
    /// Asks at a connection.
    #[must_use]
    pub fn new(connection: &'c Connection) -> Live<'c> {
        let number: u64 = rand::random();
        Live {
            connection,
            mark: format!("vaultform-test-{number:016x}"),
        }
    }

    async fn send(&self, namespace: &str, request: Request) -> Result<Reply, ServerError> {
        let base = self.connection.namespace.trim_matches('/');
        let whole = format!("{base}/{namespace}");
        self.connection.server.send(request.namespace(&whole)).await
    }

    /// Puts the questions of a case to the server; returns an error for each answer that is not the model's, and a note where
    /// it could not be asked.
    pub async fn compare(
        &self,
        case: &Case,
        file: &TestFile,
        policies: &Policies,
        now: i64,
    ) -> Vec<Diagnostic> {
        let mut made = Made::default();
        let told = self.asked(case, file, policies, now, &mut made).await;
        self.clean(&file.namespace, made).await;
        told.unwrap_or_else(|problem| vec![problem])
    }

    async fn asked(
        &self,
        case: &Case,
        file: &TestFile,
        policies: &Policies,
        now: i64,
        made: &mut Made,
    ) -> Result<Vec<Diagnostic>, Diagnostic> {
        let namespace = file.namespace.as_str();
        let (names, used) = self.taught(case, namespace, policies, made).await?;
        let (token, identity) = match &case.identity {
            None => (self.token(namespace, &names, None, made).await, None),
            Some(wanted) => match self.person(namespace, wanted, made).await? {
                None => return Ok(vec![self.skipped(case)]),
                Some((identity, name)) => (
                    self.token(namespace, &names, Some(&name), made).await,
                    Some(identity),
                ),
            },
        };
        let token = token.map_err(|error| {
            self.failed(&error, case.span, "no token can be made for this case")
        })?;
        let mounts = file.mounts.iter();
        let mounts: Vec<(&str, &str)> = mounts
            .map(|(path, kind)| (path.as_str(), kind.as_str()))
            .collect();
        let context = Deciding {
            server: server_of(self.connection),
            identity: identity.as_ref(),
            now: Some(now),
            mounts: &mounts,
        };
        self.answers(case, namespace, &token, RuleSet::new(&used, &context))
            .await
    }

    /// Writes the policies of a case; returns their names there, and what the model makes of them.
    async fn taught(
        &self,
        case: &Case,
        namespace: &str,
        policies: &Policies,
        made: &mut Made,
    ) -> Result<(Vec<String>, Vec<Policy>), Diagnostic> {
        let (mut names, mut used) = (Vec::new(), Vec::new());
        for (at, (name, span)) in case.policies.iter().enumerate() {
            let (Some(policy), Some(text)) = (policies.named.get(name), policies.texts.get(name))
            else {
                continue;
            };
            let kept = format!("{}-{at}", self.mark);
            let path = format!("sys/policies/acl/{kept}");
            let request = Request::post(path.as_str(), json!({ "policy": text }));
            let sent = self.send(namespace, request).await;
            sent.map_err(|error| {
                let what = format!("the server does not take the policy `{name}`");
                self.failed(&error, *span, &what)
            })?;
            made.paths.push(path);
            names.push(kept);
            used.push(Policy {
                namespace: namespace.to_owned(),
                ..policy.clone()
            });
        }
        Ok((names, used))
    }

    /// Asks for the capabilities on every path of a case, and compares.
    async fn answers(
        &self,
        case: &Case,
        namespace: &str,
        token: &str,
        rules: Result<RuleSet, Broken>,
    ) -> Result<Vec<Diagnostic>, Diagnostic> {
        let asked = requests(case);
        let paths: Vec<&str> = asked.iter().map(|request| request.path.as_str()).collect();
        let body = json!({ "token": token, "paths": paths });
        let answer = self
            .send(namespace, Request::post("sys/capabilities", body))
            .await;
        match (answer, rules) {
            (Ok(answer), Ok(rules)) => Ok(differing(case, namespace, &rules, answer.data())),
            (Err(_), Err(_)) => Ok(Vec::new()),
            (Err(error), Ok(_)) => {
                let what = "the server does not answer for this case";
                Err(self.failed(&error, case.span, what))
            }
            (Ok(_), Err(broken)) => {
                let why = crate::policy::words::broken(&broken);
                let message = format!("the model says that {why}, and the server answers");
                Err(disagreement(case.span, message))
            }
        }
    }

    fn failed(&self, error: &ServerError, span: Span, what: &str) -> Diagnostic {
        let told = error.to_diagnostic();
        disagreement(span, what.to_owned()).detail(told.message)
    }

    fn skipped(&self, case: &Case) -> Diagnostic {
        let message = format!("the case `{}` was not asked of the server", case.name);
        Diagnostic::note("policy-test-not-live", message)
            .at(case.span, "its identity cannot be made there: an entity or group of that name exists, or it has aliases of its own")
    }

    async fn token(
        &self,
        namespace: &str,
        names: &[String],
        alias: Option<&str>,
        made: &mut Made,
    ) -> Result<String, ServerError> {
        let mut body = json!({ "policies": names, "no_default_policy": true, "ttl": "5m", "renewable": false });
        let mut path = "auth/token/create".to_owned();
        if let Some(alias) = alias {
            let role = format!("auth/token/roles/{}", self.mark);
            let allowed = json!({ "allowed_entity_aliases": [alias], "allowed_policies_glob": [format!("{}*", self.mark)] });
            self.send(namespace, Request::post(role.as_str(), allowed))
                .await?;
            made.paths.push(role);
            body["entity_alias"] = alias.into();
            path = format!("{path}/{}", self.mark);
        }
        let reply = self.send(namespace, Request::post(path, body)).await?;
        let auth = reply.auth().cloned().unwrap_or_default();
        made.accessor = auth["accessor"].as_str().map(str::to_owned);
        Ok(auth["client_token"].as_str().unwrap_or_default().to_owned())
    }

    /// Makes an identity on the server; nothing where that cannot be done without touching what is there.
    async fn person(
        &self,
        namespace: &str,
        wanted: &Identity,
        made: &mut Made,
    ) -> Result<Option<(Identity, String)>, Diagnostic> {
        let Some(entity) = wanted
            .entity
            .as_ref()
            .filter(|one| one.aliases.is_empty() && !one.name.is_empty())
        else {
            return Ok(None);
        };
        let problem = |error: ServerError| error.to_diagnostic();
        if self
            .exists(namespace, &format!("identity/entity/name/{}", entity.name))
            .await
        {
            return Ok(None);
        }
        let alias = self.mark.clone();
        let body = json!({ "name": entity.name, "metadata": entity.metadata });
        let reply = self
            .send(namespace, Request::post("identity/entity", body))
            .await
            .map_err(problem)?;
        let id = reply.data()["id"].as_str().unwrap_or_default().to_owned();
        made.paths.push(format!("identity/entity/id/{id}"));
        let table = self
            .send(namespace, Request::get("sys/auth"))
            .await
            .map_err(problem)?;
        let accessor = table.data()["token/"]["accessor"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let body = json!({ "name": alias, "canonical_id": id, "mount_accessor": accessor });
        let reply = self
            .send(namespace, Request::post("identity/entity-alias", body))
            .await
            .map_err(problem)?;
        let mut found = Identity {
            entity: Some(Entity {
                id: id.clone(),
                name: entity.name.clone(),
                metadata: entity.metadata.clone(),
                aliases: vec![Alias {
                    accessor,
                    id: reply.data()["id"].as_str().unwrap_or_default().to_owned(),
                    name: alias.clone(),
                    ..Alias::default()
                }],
            }),
            groups: Vec::new(),
        };
        for group in &wanted.groups {
            match self.group(namespace, group, &id, made).await? {
                Some(group) => found.groups.push(group),
                None => return Ok(None),
            }
        }
        Ok(Some((found, alias)))
    }

    async fn group(
        &self,
        namespace: &str,
        group: &Group,
        member: &str,
        made: &mut Made,
    ) -> Result<Option<Group>, Diagnostic> {
        let place = format!("identity/group/name/{}", group.name);
        if self.exists(namespace, &place).await {
            return Ok(None);
        }
        let body = json!({ "name": group.name, "metadata": group.metadata, "member_entity_ids": [member] });
        let sent = self
            .send(namespace, Request::post("identity/group", body))
            .await;
        let reply = sent.map_err(|error| error.to_diagnostic())?;
        let id = reply.data()["id"].as_str().unwrap_or_default().to_owned();
        made.paths.push(format!("identity/group/id/{id}"));
        Ok(Some(Group {
            id,
            ..group.clone()
        }))
    }

    async fn exists(&self, namespace: &str, path: &str) -> bool {
        self.send(namespace, Request::get(path)).await.is_ok()
    }

    async fn clean(&self, namespace: &str, made: Made) {
        if let Some(accessor) = made.accessor {
            let body = json!({ "accessor": accessor });
            let _ = self
                .send(namespace, Request::post("auth/token/revoke-accessor", body))
                .await;
        }
        for path in made.paths.into_iter().rev() {
            let _ = self.send(namespace, Request::delete(path)).await;
        }
    }
}

fn disagreement(span: Span, message: String) -> Diagnostic {
    Diagnostic::error("policy-test-live", message).at(span, "")
}

/// Returns an error for each path for which the server answers otherwise.
fn differing(case: &Case, namespace: &str, rules: &RuleSet, answer: &Json) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    for request in requests(case) {
        let ours = rules.capabilities(namespace, &request.path);
        let theirs = &answer[&request.path];
        if json!(ours) != *theirs {
            let at = case
                .expectations
                .iter()
                .find(|one| one.request.path == request.path);
            let span = at.map_or(case.span, |one| one.span);
            let message = format!(
                "case `{}`: the server answers {theirs} for `{}`, the model {}",
                case.name,
                request.path,
                json!(ours)
            );
            problems.push(disagreement(span, message));
        }
    }
    problems
}
