//! A server as it will be once mounts have moved: what is asked of their new paths is asked of the old ones.

use crate::server::{Body, Counts, Reply, Request, Server, ServerError, ServerIdentity};
use crate::value::ServerPath;
use futures::future::BoxFuture;
use serde_json::Value as Json;
use std::sync::Arc;

/// A mount that moves within its server and namespace: the paths below which its engine answers, `pki` or `auth/people`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shift {
    pub from: ServerPath,
    pub to: ServerPath,
}

impl Shift {
    /// Returns where a place goes with the mount; `None` where it stands elsewhere.
    #[must_use]
    pub fn follow(&self, place: &ServerPath) -> Option<ServerPath> {
        let same = place.server == self.from.server && place.namespace == self.from.namespace;
        let path = replaced(&place.path, &self.from.path, &self.to.path)?;
        same.then(|| place.beside(&path))
    }

    /// Returns where the server keeps now what a path will be.
    fn back(&self, path: &str) -> Option<String> {
        let entry = |path: &str| match path.strip_prefix("auth/") {
            Some(below) => format!("sys/auth/{below}"),
            None => format!("sys/mounts/{path}"),
        };
        let told = |path: &str| format!("{TOLD}{path}");
        let (from, to) = (&*self.from.path, &*self.to.path);
        replaced(path, to, from)
            .or_else(|| replaced(path, &entry(to), &entry(from)))
            .or_else(|| replaced(path, &told(to), &told(from)))
    }

    /// Renames the mount in what the server tells of mounts.
    fn rename(&self, path: &str, answer: &mut Json) {
        let (from, to) = (format!("{}/", self.from.path), format!("{}/", self.to.path));
        if path.starts_with(TOLD) {
            if let Some(told) = answer.pointer_mut("/data/path")
                && *told == from.as_str()
            {
                *told = to.into();
            }
            return;
        }
        let table = match path {
            "sys/mounts" => "",
            "sys/auth" => "auth/",
            _ => return,
        };
        let (Some(from), Some(to)) = (from.strip_prefix(table), to.strip_prefix(table)) else {
            return;
        };
        rename_key(answer, from, to);
        if let Some(data) = answer.get_mut("data") {
            rename_key(data, from, to);
        }
    }
}

/// Where everybody is told of the mount that holds a path.
const TOLD: &str = "sys/internal/ui/mounts/";

/// Replaces a path's beginning, at a slash.
fn replaced(path: &str, from: &str, to: &str) -> Option<String> {
    let below = path.strip_prefix(from)?;
    (below.is_empty() || below.starts_with('/')).then(|| format!("{to}{below}"))
}

fn rename_key(table: &mut Json, from: &str, to: &str) {
    if let Json::Object(fields) = table
        && let Some(entry) = fields.remove(from)
    {
        fields.insert(to.to_owned(), entry);
    }
}

/// See the module.
struct Shifted {
    server: Arc<dyn Server>,
    shifts: Arc<[Shift]>,
}

/// Returns the server as it will be after these moves; they concern its reads only.
#[must_use]
pub fn shifted(server: Arc<dyn Server>, shifts: Arc<[Shift]>) -> Arc<dyn Server> {
    let here = |shift: &Shift| shift.to.server == server.identity().id;
    match shifts.iter().any(here) {
        true => Arc::new(Shifted { server, shifts }),
        false => server,
    }
}

impl Server for Shifted {
    fn send<'a>(&'a self, mut request: Request) -> BoxFuture<'a, Result<Reply, ServerError>> {
        let path = request.path.clone();
        let namespace = request.namespace.clone();
        let here = move |shift: &&Shift| {
            shift.to.namespace == namespace && shift.to.server == self.server.identity().id
        };
        let back = self
            .shifts
            .iter()
            .filter(&here)
            .find_map(|shift| shift.back(&path));
        if let Some(back) = back {
            request.path = back.into();
        }
        Box::pin(async move {
            let mut reply = self.server.send(request).await?;
            let mut answer = reply.body.into_json();
            for shift in self.shifts.iter().filter(&here) {
                shift.rename(&path, &mut answer);
            }
            reply.body = Body::from(answer);
            Ok(reply)
        })
    }

    fn identity(&self) -> &ServerIdentity {
        self.server.identity()
    }

    fn counts(&self) -> Counts {
        self.server.counts()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::Memory;
    use serde_json::json;

    fn place(path: &str) -> ServerPath {
        ServerPath::new("here", "team", path)
    }

    #[test]
    fn places_follow_their_mount_and_no_other() {
        let shift = Shift {
            from: place("old"),
            to: place("new/house"),
        };
        assert_eq!(
            shift.follow(&place("old/data/a")),
            Some(place("new/house/data/a"))
        );
        assert_eq!(shift.follow(&place("old")), Some(place("new/house")));
        for other in [
            place("older/a"),
            place("sys/mounts/old"),
            ServerPath::new("here", "", "old/a"),
        ] {
            assert_eq!(shift.follow(&other), None);
        }
    }

    #[test]
    fn each_path_of_a_mount_leads_back() {
        let people = Shift {
            from: place("auth/people"),
            to: place("auth/staff"),
        };
        for (asked, kept) in [
            ("auth/staff/users/ada", Some("auth/people/users/ada")),
            ("sys/auth/staff/tune", Some("sys/auth/people/tune")),
            (
                "sys/internal/ui/mounts/auth/staff",
                Some("sys/internal/ui/mounts/auth/people"),
            ),
            ("auth/staffed/users/ada", None),
            ("sys/mounts/auth/staff", None),
        ] {
            assert_eq!(people.back(asked).as_deref(), kept, "{asked}");
        }
    }

    #[tokio::test]
    async fn the_tables_of_mounts_tell_new_paths() {
        let memory: Arc<dyn Server> = Arc::new(Memory::default());
        let post = |path: &str, body| Request::post(path, body);
        memory
            .send(post(
                "sys/mounts/old",
                json!({ "type": "kv", "options": { "version": "2" } }),
            ))
            .await
            .unwrap();
        memory
            .send(post("old/data/a", json!({ "data": { "b": "c" } })))
            .await
            .unwrap();
        let here = |path: &str| ServerPath::new(&memory.identity().id, "", path);
        let shifts = [Shift {
            from: here("old"),
            to: here("new"),
        }];
        let later = shifted(memory.clone(), shifts.into());
        let mounts = later.send(Request::get("sys/mounts")).await.unwrap();
        assert!(mounts.data().get("new/").is_some() && mounts.data().get("old/").is_none());
        let secret = later.send(Request::get("new/data/a")).await.unwrap();
        assert_eq!(secret.data()["data"]["b"], "c");
    }
}
