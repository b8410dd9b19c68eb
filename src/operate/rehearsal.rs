//! A server that is not there: it takes requests as a new OpenBao would, and answers what later requests need. So the
//! requests of a configuration's first apply are known before any server is.

use crate::catalog::{Life, Lookup, registry};
use crate::server::{Counts, Memory, Reply, Request, Server, ServerError, ServerIdentity, Verb};
use futures::future::BoxFuture;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How ids begin that are made up here. No server would choose such a one.
const MADE_UP: &str = "vaultform-made-up-";

/// A server in memory that also makes objects and names them, and remembers in which order all was written.
#[derive(Default)]
pub struct Rehearsal {
    memory: Memory,
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    written: Vec<Written>,
    /// Objects that were made and named here, by path.
    made: BTreeMap<String, Json>,
}

/// A write.
#[derive(Clone)]
pub struct Written {
    pub verb: Verb,
    pub namespace: String,
    pub path: String,
    pub body: Json,
    /// The id that was made up in its answer, and the fields where a server tells it.
    pub answered: Option<(String, Vec<String>)>,
}

/// A type whose objects the server names.
struct Maker {
    create: &'static str,
    /// The field of the answer.
    id: &'static str,
    /// The template of the place.
    place: &'static str,
}

/// Tells whether objects can be made at a path, named by the server, and read again by that name.
#[must_use]
pub fn makes(path: &str) -> bool {
    maker(path).is_some()
}

/// Returns how an object is made at a path, where that path names none.
fn maker(path: &str) -> Option<Maker> {
    registry::all().find_map(|kind| match kind.life {
        Life::Generate(generate) if generate.create == path && generate.lookup == Lookup::Get => {
            Some(Maker {
                create: generate.create,
                id: generate.id,
                place: kind.place,
            })
        }
        _ => None,
    })
}

impl Rehearsal {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns all writes in their order.
    #[must_use]
    pub fn written(&self) -> Vec<Written> {
        self.inside().written.clone()
    }

    /// Returns the accessors of mounts, with the paths in whose answers servers tell them.
    pub async fn accessors(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        for table in ["sys/auth", "sys/mounts"] {
            let Ok(reply) = self.memory.send(Request::get(table)).await else {
                continue;
            };
            for (mount, entry) in reply.data().as_object().into_iter().flatten() {
                if let Some(accessor) = entry.get("accessor").and_then(Json::as_str) {
                    let path = format!("{table}/{}", mount.trim_end_matches('/'));
                    found.insert(accessor.to_owned(), path);
                }
            }
        }
        found
    }

    async fn answer(&self, request: Request) -> Result<Reply, ServerError> {
        if let Some(object) = self.read(&request) {
            return Ok(object);
        }
        let body = request.body.as_ref().map(|body| body.json().clone());
        let mut written = Written {
            verb: request.verb,
            namespace: request.namespace.to_string(),
            path: request.path.to_string(),
            body: body.unwrap_or_default(),
            answered: None,
        };
        if request.verb.reads() {
            return self.memory.send(request).await;
        }
        let made = match maker(&written.path) {
            Some(maker) => {
                let (id, reply) = self.make(&maker, &written.body);
                written.answered = Some((id, vec!["data".to_owned(), maker.id.to_owned()]));
                reply
            }
            None => self.memory.send(request).await?,
        };
        self.inside().written.push(written);
        Ok(made)
    }

    fn read(&self, request: &Request) -> Option<Reply> {
        let made = self.inside().made.get(&*request.path).cloned();
        made.filter(|_| request.verb == Verb::Get)
            .map(|object| Reply::new(200, envelope(object)))
    }

    fn make(&self, maker: &Maker, body: &Json) -> (String, Reply) {
        let mut inside = self.inside();
        let id = format!("{MADE_UP}{}", inside.made.len() + 1);
        let mut object = body.as_object().cloned().unwrap_or_default();
        object.insert("id".to_owned(), json!(id));
        let place = maker.place.replace("{id}", &id);
        debug_assert!(!maker.create.contains('{'));
        inside.made.insert(place, Json::Object(object));
        let mut told = Map::new();
        told.insert(maker.id.to_owned(), json!(id));
        (id, Reply::new(200, envelope(Json::Object(told))))
    }
}

fn envelope(data: Json) -> Json {
    json!({ "request_id": "rehearsal", "lease_id": "", "renewable": false, "lease_duration": 0, "data": data })
}

impl Server for Rehearsal {
    fn send<'a>(&'a self, request: Request) -> BoxFuture<'a, Result<Reply, ServerError>> {
        Box::pin(self.answer(request))
    }

    fn identity(&self) -> &ServerIdentity {
        self.memory.identity()
    }

    fn counts(&self) -> Counts {
        self.memory.counts()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_made_has_a_name_and_is_read_again() {
        let server = Rehearsal::default();
        let made = Request::post("identity/entity", json!({ "name": "ada" }));
        let reply = server.send(made).await.unwrap();
        let id = reply.data()["id"].as_str().unwrap().to_owned();
        let read = Request::get(format!("identity/entity/id/{id}"));
        assert_eq!(server.send(read).await.unwrap().data()["name"], "ada");
        let mount = Request::post("sys/auth/people", json!({ "type": "userpass" }));
        server.send(mount).await.unwrap();
        assert!(
            server
                .accessors()
                .await
                .values()
                .any(|path| path == "sys/auth/people")
        );
        let paths: Vec<String> = server.written().into_iter().map(|one| one.path).collect();
        assert_eq!(paths, ["identity/entity", "sys/auth/people"]);
    }
}
