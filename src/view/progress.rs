//! The lines of an apply while it runs, and its last line.

use super::document::ResourceChange;
use super::marker::Marker;
use super::paint::{Paint, harmless};

/// What is being done to an object. A replacement is a destruction and a creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    Create,
    Update,
    Delete,
    Read,
    Forget,
}

impl Act {
    /// Returns the word while it is done: `Creating`.
    #[must_use]
    pub fn doing(self) -> &'static str {
        match self {
            Act::Create => "Creating",
            Act::Update => "Modifying",
            Act::Delete => "Destroying",
            Act::Read => "Reading",
            Act::Forget => "Removing",
        }
    }

    /// Returns the word when it is done: `Creation`.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Act::Create => "Creation",
            Act::Update => "Modifications",
            Act::Delete => "Destruction",
            Act::Read => "Read",
            Act::Forget => "Removal",
        }
    }
}

/// How many objects an apply has handled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    pub imported: usize,
    pub adopted: usize,
    pub added: usize,
    pub changed: usize,
    pub destroyed: usize,
    pub forgotten: usize,
    /// Failed, and left out because what they need failed.
    pub failed: usize,
    pub skipped: usize,
}

impl Applied {
    /// Adds one act that was done.
    pub fn count(&mut self, act: Act) {
        match act {
            Act::Create => self.added += 1,
            Act::Update => self.changed += 1,
            Act::Delete => self.destroyed += 1,
            Act::Forget => self.forgotten += 1,
            Act::Read => {}
        }
    }
}

/// Returns the acts of a planned change, in order.
#[must_use]
pub fn acts(change: &ResourceChange) -> &'static [Act] {
    match Marker::of(change) {
        Marker::Keep | Marker::Adopt | Marker::Relabel => &[],
        Marker::Create => &[Act::Create],
        Marker::Update | Marker::Remount => &[Act::Update],
        Marker::Delete => &[Act::Delete],
        Marker::DeleteThenCreate => &[Act::Delete, Act::Create],
        Marker::CreateThenDelete => &[Act::Create, Act::Delete],
        Marker::Read => &[Act::Read],
        Marker::Forget => &[Act::Forget],
    }
}

/// Returns `vault_mount.kv: Creating...`, with ` [id=kv]` for what exists.
#[must_use]
pub fn started(address: &str, act: Act, id: Option<&str>, paint: Paint) -> String {
    let text = format!("{address}: {}...{}", act.doing(), id_note(id));
    paint.bold(&text)
}

/// Returns `vault_mount.kv: Still creating... [10s elapsed]`.
#[must_use]
pub fn still(address: &str, act: Act, id: Option<&str>, seconds: u64, paint: Paint) -> String {
    let doing = act.doing().to_lowercase();
    let id = id
        .map(|id| format!("id={}, ", harmless(id)))
        .unwrap_or_default();
    paint.bold(&format!(
        "{address}: Still {doing}... [{id}{} elapsed]",
        duration(seconds)
    ))
}

/// Returns `vault_mount.kv: Creation complete after 0s [id=kv]`.
#[must_use]
pub fn completed(address: &str, act: Act, id: Option<&str>, seconds: u64, paint: Paint) -> String {
    let id = if act == Act::Delete { None } else { id };
    let text = format!(
        "{address}: {} complete after {}",
        act.noun(),
        duration(seconds)
    );
    paint.bold(&(text + &id_note(id)))
}

/// Returns `vault_mount.kv: Creation errored after 0s`.
#[must_use]
pub fn errored(address: &str, act: Act, seconds: u64, paint: Paint) -> String {
    paint.bold(&format!(
        "{address}: {} errored after {}",
        act.noun(),
        duration(seconds)
    ))
}

/// Returns the line of an object that was left out because another one failed.
#[must_use]
pub fn skipped(address: &str, because: &str, paint: Paint) -> String {
    paint.yellow(&format!("{address}: Skipped, because {because} failed"))
}

fn id_note(id: Option<&str>) -> String {
    let id = id.filter(|id| !id.is_empty());
    id.map(|id| format!(" [id={}]", harmless(id)))
        .unwrap_or_default()
}

/// Returns seconds as Go writes them: `1m30s`.
#[must_use]
pub fn duration(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}s"),
        (0, _) => format!("{minutes}m{seconds}s"),
        _ => format!("{hours}h{minutes}m{seconds}s"),
    }
}

/// Returns the last line: `Apply complete! Resources: 1 added, 0 changed, 0 destroyed.` What failed makes it another line,
/// so that no tool takes it for success.
#[must_use]
pub fn last_line(applied: Applied, destroy: bool) -> String {
    let Applied {
        imported,
        adopted,
        added,
        changed,
        destroyed,
        forgotten,
        failed,
        skipped,
    } = applied;
    let some = |number: usize, text: &str| {
        if number > 0 {
            text.replace('#', &number.to_string())
        } else {
            String::new()
        }
    };
    let before = some(imported, "# imported, ") + &some(adopted, "# adopted, ");
    let after = some(forgotten, ", # forgotten");
    let all = format!("{before}{added} added, {changed} changed, {destroyed} destroyed{after}");
    if failed > 0 || skipped > 0 {
        format!("Apply incomplete. Resources: {all}, {failed} failed, {skipped} skipped.")
    } else if destroy {
        format!("Destroy complete! Resources: {destroyed} destroyed{after}.")
    } else {
        format!("Apply complete! Resources: {all}.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_terraforms() {
        let paint = Paint(false);
        assert_eq!(
            started("vault_mount.kv", Act::Create, None, paint),
            "vault_mount.kv: Creating..."
        );
        let line = started("vault_mount.kv", Act::Update, Some("kv"), paint);
        assert_eq!(line, "vault_mount.kv: Modifying... [id=kv]");
        let line = completed("vault_mount.kv", Act::Create, Some("kv"), 0, paint);
        assert_eq!(line, "vault_mount.kv: Creation complete after 0s [id=kv]");
        let line = completed("vault_mount.kv", Act::Delete, Some("kv"), 61, paint);
        assert_eq!(line, "vault_mount.kv: Destruction complete after 1m1s");
        let line = still("vault_mount.kv", Act::Delete, Some("kv"), 10, paint);
        assert_eq!(
            line,
            "vault_mount.kv: Still destroying... [id=kv, 10s elapsed]"
        );
    }

    #[test]
    fn the_last_line_tells_success_from_failure() {
        let mut applied = Applied::default();
        applied.count(Act::Create);
        let done = "Apply complete! Resources: 1 added, 0 changed, 0 destroyed.";
        assert_eq!(last_line(applied, false), done);
        applied.adopted = 2;
        let done = "Apply complete! Resources: 2 adopted, 1 added, 0 changed, 0 destroyed.";
        assert_eq!(last_line(applied, false), done);
        applied.failed = 1;
        assert!(last_line(applied, false).starts_with("Apply incomplete."));
        let gone = Applied {
            destroyed: 3,
            ..Applied::default()
        };
        assert_eq!(
            last_line(gone, true),
            "Destroy complete! Resources: 3 destroyed."
        );
    }
}
