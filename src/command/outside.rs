//! Files, programs and pages of the web, for configurations that ask for them.

use super::files::words;
use crate::reconcile::outside::{Answer, Outside, Paper, Question};
use crate::server::{PageRequest, read_page};
use futures::future::BoxFuture;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::io::AsyncWriteExt;

/// The machine that the program runs on.
pub struct ThisMachine;

impl Outside for ThisMachine {
    fn write(&self, paper: Paper) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            let writing = tokio::task::spawn_blocking(move || write(&paper));
            let written = writing.await.map_err(|error| error.to_string())?;
            written.map_err(|error| words(&error))
        })
    }

    fn remove(&self, path: PathBuf) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            match tokio::fs::remove_file(path).await {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(words(&error)),
                _ => Ok(()),
            }
        })
    }

    fn run(
        &self,
        program: Vec<String>,
        input: Vec<u8>,
        directory: Option<PathBuf>,
    ) -> BoxFuture<'_, Result<Vec<u8>, String>> {
        Box::pin(run(program, input, directory))
    }

    fn fetch(&self, question: Question) -> BoxFuture<'_, Result<Answer, String>> {
        Box::pin(async move {
            let page = read_page(PageRequest {
                url: question.url,
                method: question.method,
                headers: question.headers,
                body: question.body,
                timeout: question.timeout,
                authorities: question.authorities,
                insecure: question.insecure,
            })
            .await?;
            Ok(Answer {
                status: page.status,
                headers: page.headers,
                body: page.body,
            })
        })
    }
}

/// Writes a new file beside the old one and puts it in its place: nobody sees half of it, or too open permissions.
fn write(paper: &Paper) -> std::io::Result<()> {
    use std::io::Write;
    let folder = paper
        .path
        .parent()
        .filter(|path| !path.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    make_folder(folder, paper.directory_mode)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(&paper.content)?;
    set_mode(file.path(), paper.mode)?;
    file.persist(&paper.path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(unix)]
fn make_folder(folder: &Path, mode: u32) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(folder)
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn make_folder(folder: &Path, _: u32) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: u32) -> std::io::Result<()> {
    Ok(())
}

async fn run(
    program: Vec<String>,
    input: Vec<u8>,
    directory: Option<PathBuf>,
) -> Result<Vec<u8>, String> {
    let (name, arguments) = program.split_first().ok_or("no program is named")?;
    let mut command = tokio::process::Command::new(name);
    command.args(arguments).kill_on_drop(true);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if let Some(directory) = directory {
        command.current_dir(directory);
    }
    let mut child = command.spawn().map_err(|error| words(&error))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program need not read what it is given.
        let _ = stdin.write_all(&input).await;
    }
    let output = child.wait_with_output().await;
    let output = output.map_err(|error| words(&error))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let told = String::from_utf8_lossy(&output.stderr);
    Err(format!("{}: {}", output.status, told.trim()))
}
