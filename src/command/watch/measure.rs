//! The file of metrics that `drift -metrics FILE` writes, however the run ends.

use crate::command::context::Context;
use crate::command::files::words;
use crate::source::Diagnostic;
use crate::view::drift_metrics::{Found, Measured, last_success, metrics};
use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// What is gathered for the file while a run goes on.
#[derive(Default)]
pub struct Gauge {
    pub file: Option<PathBuf>,
    pub name: String,
    pub found: Option<Found>,
    pub notified: BTreeMap<String, bool>,
}

impl Gauge {
    /// Writes the file: as a whole or not at all, readable by whoever collects it.
    ///
    /// # Errors
    /// A warning: the run's own result stands.
    pub fn write(self, context: &Context, exit: u8) -> Result<(), Diagnostic> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let now = jiff::Timestamp::now().as_second();
        let earlier = std::fs::read_to_string(file).unwrap_or_default();
        let text = metrics(&Measured {
            name: self.name,
            workspace: context.workspace.to_string(),
            now,
            duration: context.clock.elapsed().as_secs_f64(),
            exit,
            last_success: match self.found.is_some() {
                true => Some(now),
                false => last_success(&earlier),
            },
            found: self.found,
            notified: self.notified,
        });
        replace(file, &text).map_err(|error| {
            let message = format!(
                "the metrics cannot be written to `{}`: {}",
                file.display(),
                words(&error)
            );
            Diagnostic::warning("metrics-not-written", message)
        })
    }
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    file.write_all(text.as_bytes())?;
    let everybody = std::fs::Permissions::from_mode(0o644);
    file.as_file().set_permissions(everybody)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
