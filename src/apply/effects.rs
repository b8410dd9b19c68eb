//! What local objects do when they are made and unmade: values by chance, files, pauses.

use super::run::Run;
use super::write::Problems;
use crate::catalog::Local;
use crate::plan::Owned;
use crate::plan::normal::duration_seconds;
use crate::reconcile::made::{content_of, digests, make};
use crate::reconcile::outside::Paper;
use crate::source::Diagnostic;
use crate::value::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;

fn failed(code: &'static str) -> impl Fn(String) -> Problems {
    move |why| vec![Diagnostic::error(code, why)]
}

impl Run<'_> {
    /// Makes a local object and returns what comes out.
    pub(super) async fn made(
        &self,
        local: Local,
        wish: &Value,
        birth: &str,
    ) -> Result<Value, Problems> {
        match local {
            Local::File => return self.write_file(wish).await,
            Local::TimeSleep => {
                let asked = wish.field("create_duration").and_then(Value::as_text);
                pause(asked.unwrap_or_default()).await;
            }
            _ => {}
        }
        // Large primes take their time: they are looked for beside the requests.
        let (wish, birth, now) = (wish.clone(), birth.to_owned(), self.settings.now);
        let making = tokio::task::spawn_blocking(move || make(local, &wish, &birth, now));
        let made = making
            .await
            .map_err(|why| failed("random-failed")(why.to_string()))?;
        made.map_err(failed("random-failed"))
    }

    async fn write_file(&self, wish: &Value) -> Result<Value, Problems> {
        let text = |name: &str| {
            wish.field(name)
                .and_then(Value::as_text)
                .unwrap_or_default()
        };
        let content = content_of(wish).map_err(failed("file-refused"))?;
        let content = match content {
            Some(content) => content,
            None => {
                let source = text("source").to_owned();
                let read = self.world().surroundings.read(Path::new(&source));
                read.map_err(|why| failed("file-unreadable")(format!("`{source}`: {why}")))?
            }
        };
        let mode = |name: &str| u32::from_str_radix(text(name), 8).unwrap_or(0o700);
        let name = text("filename");
        let paper = Paper {
            path: PathBuf::from(name),
            content: content.clone(),
            mode: mode("file_permission"),
            directory_mode: mode("directory_permission"),
        };
        let written = self.connector.outside().write(paper).await;
        written.map_err(|why| failed("file-not-written")(format!("`{name}`: {why}")))?;
        Ok(Value::object(digests(&content)))
    }

    /// Does what the end of a local object asks for.
    pub(super) async fn unmake(&self, local: Local, owned: &Owned) -> Result<(), Problems> {
        match local {
            Local::File => self.remove_file(&remembered(owned, "filename")).await,
            Local::TimeSleep => {
                pause(&remembered(owned, "destroy_duration")).await;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Removes the file of an object that is another file now.
    pub(super) async fn remove_other_file(
        &self,
        owned: &Owned,
        wish: &Value,
    ) -> Result<(), Problems> {
        let name = remembered(owned, "filename");
        match wish.field("filename").and_then(Value::as_text) == Some(&name) {
            true => Ok(()),
            false => self.remove_file(&name).await,
        }
    }

    async fn remove_file(&self, name: &str) -> Result<(), Problems> {
        if name.is_empty() {
            return Ok(());
        }
        let removed = self.connector.outside().remove(PathBuf::from(name)).await;
        removed.map_err(|why| failed("file-not-removed")(format!("`{name}`: {why}")))
    }
}

/// Returns an argument that the ledger remembers for the end of an object.
fn remembered(owned: &Owned, name: &str) -> String {
    let json = owned.deletion.get(name);
    let text = json.and_then(|json| serde_json::from_str::<String>(json).ok());
    text.unwrap_or_default()
}

async fn pause(asked: &str) {
    let seconds = duration_seconds(asked).filter(|seconds| *seconds > 0.0);
    if let Some(seconds) = seconds {
        tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
    }
}
