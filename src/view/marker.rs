//! What happens to an object, as plan texts sign it.

use super::document::{PlanDocument, ResourceChange};
use super::paint::Paint;
use super::product::Product;
use crate::plan::Counts;

/// What is written for a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marker {
    Keep,
    Adopt,
    Relabel,
    Create,
    Update,
    Remount,
    Delete,
    DeleteThenCreate,
    CreateThenDelete,
    Read,
    Forget,
}

impl Marker {
    /// Reads it from a document: from our own key, or from Terraform's actions.
    #[must_use]
    pub fn of(change: &ResourceChange) -> Marker {
        let own = change
            .vaultform
            .as_ref()
            .and_then(|notes| by_name(&notes.change));
        // The ledger learns something of it; nothing that a reader must know.
        let own = own.map(|own| match own {
            Marker::Relabel if !moved(change) => Marker::Keep,
            own => own,
        });
        own.unwrap_or_else(|| {
            let actions: Vec<&str> = change.change.actions.iter().map(String::as_str).collect();
            match actions.as_slice() {
                ["create"] => Marker::Create,
                ["update"] => Marker::Update,
                ["delete"] => Marker::Delete,
                ["read"] => Marker::Read,
                ["forget"] => Marker::Forget,
                ["delete", "create"] => Marker::DeleteThenCreate,
                ["create", "delete"] => Marker::CreateThenDelete,
                _ if moved(change) => Marker::Relabel,
                _ => Marker::Keep,
            }
        })
    }

    /// Returns the sign, three columns wide.
    #[must_use]
    pub fn sign(self, paint: Paint) -> String {
        match self {
            Marker::Keep | Marker::Adopt | Marker::Relabel => "   ".to_owned(),
            Marker::Create => format!("  {}", paint.green("+")),
            Marker::Update | Marker::Remount => format!("  {}", paint.yellow("~")),
            Marker::Delete => format!("  {}", paint.red("-")),
            Marker::DeleteThenCreate => format!("{}/{}", paint.red("-"), paint.green("+")),
            Marker::CreateThenDelete => format!("{}/{}", paint.green("+"), paint.red("-")),
            Marker::Read => format!(" {}", paint.cyan("<=")),
            Marker::Forget => format!("  {}", paint.red(".")),
        }
    }

    /// Returns the line of the legend, where it has one.
    #[must_use]
    pub fn legend(self, product: Product, paint: Paint) -> Option<String> {
        let meaning = match self {
            Marker::Keep | Marker::Adopt | Marker::Relabel | Marker::Remount => return None,
            Marker::Create => "create",
            Marker::Update if product == Product::OpenTofu => {
                "update in-place (current -> planned)"
            }
            Marker::Update => "update in-place",
            Marker::Delete => "destroy",
            Marker::DeleteThenCreate => "destroy and then create replacement",
            Marker::CreateThenDelete => "create replacement and then destroy",
            Marker::Read => "read (data resources)",
            Marker::Forget => "forget",
        };
        Some(format!("{} {meaning}", self.sign(paint)))
    }

    /// Tells whether something is done on a server, or read from it.
    #[must_use]
    pub fn acts(self) -> bool {
        !matches!(self, Marker::Keep | Marker::Adopt | Marker::Relabel)
    }
}

fn by_name(name: &str) -> Option<Marker> {
    Some(match name {
        "keep" => Marker::Keep,
        "adopt" => Marker::Adopt,
        "relabel" => Marker::Relabel,
        "create" => Marker::Create,
        "update" => Marker::Update,
        "remount" => Marker::Remount,
        "replace" => Marker::DeleteThenCreate,
        "replace_create_first" => Marker::CreateThenDelete,
        "delete" => Marker::Delete,
        "forget" => Marker::Forget,
        "read" => Marker::Read,
        _ => return None,
    })
}

/// Tells whether an object has another address than before.
#[must_use]
pub fn moved(change: &ResourceChange) -> bool {
    change
        .previous_address
        .as_ref()
        .is_some_and(|previous| *previous != change.address)
}

/// Counts the changes of a document as the summary line does.
#[must_use]
pub fn counts(document: &PlanDocument) -> Counts {
    let mut counts = Counts::default();
    for change in &document.resource_changes {
        match Marker::of(change) {
            Marker::Create => counts.add += 1,
            Marker::Update | Marker::Remount => counts.change += 1,
            Marker::DeleteThenCreate | Marker::CreateThenDelete => {
                counts.add += 1;
                counts.destroy += 1;
            }
            Marker::Delete if change.mode == "data" => {}
            Marker::Delete => counts.destroy += 1,
            Marker::Forget => counts.forget += 1,
            Marker::Adopt if change.change.importing.is_none() => counts.adopt += 1,
            Marker::Relabel => counts.moved += 1,
            Marker::Keep | Marker::Read | Marker::Adopt => {}
        }
        counts.import += usize::from(change.change.importing.is_some());
    }
    counts
}

/// Returns the summary line of a plan: `Plan: 1 to add, 0 to change, 0 to destroy.`
#[must_use]
pub fn plan_line(counts: Counts) -> String {
    let mut parts = Vec::new();
    let mut part = |number: usize, what: &str, always: bool| {
        if always || number > 0 {
            parts.push(format!("{number} to {what}"));
        }
    };
    part(counts.import, "import", false);
    part(counts.adopt, "adopt", false);
    part(counts.add, "add", true);
    part(counts.change, "change", true);
    part(counts.destroy, "destroy", true);
    part(counts.forget, "forget", false);
    format!("Plan: {}.", parts.join(", "))
}
