//! What is asked before something is done, and what is said after a plan.

use super::document::PlanDocument;
use super::marker::Marker;
use super::paint::{Paint, wrap};
use super::product::Product;

/// Returns the question before an apply; the answer is `yes` or anything else. What is lost is said again.
#[must_use]
pub fn approval(document: &PlanDocument, product: Product, paint: Paint) -> String {
    let name = product.name();
    let (question, warning) = if document.vaultform.destroys {
        (
            "Do you really want to destroy all objects?",
            format!(
                "{name} will destroy all your managed objects, as shown above.\n  There is no undo."
            ),
        )
    } else {
        (
            "Do you want to perform these actions?",
            format!("{name} will perform the actions described above."),
        )
    };
    let losses = losses(document);
    let losses = if losses.is_empty() {
        String::new()
    } else {
        let lines: String = losses.iter().map(|line| format!("    {line}\n")).collect();
        let heading = "This destroys data that this configuration did not write:";
        format!("  {}\n{lines}", paint.red(heading))
    };
    format!(
        "{}\n  {warning}\n{losses}  Only 'yes' will be accepted to approve.\n\n  {} ",
        paint.bold(question),
        paint.bold("Enter a value:")
    )
}

/// Returns what the plan destroys that this configuration did not write: `vault_mount.kv: 312 secrets, 4 issuers`.
#[must_use]
pub fn losses(document: &PlanDocument) -> Vec<String> {
    let with_losses = document.resource_changes.iter().filter_map(|change| {
        let notes = change
            .vaultform
            .as_ref()
            .filter(|notes| !notes.losses.is_empty())?;
        let acts = Marker::of(change).acts();
        acts.then(|| format!("{}: {}", change.address, notes.losses.join(", ")))
    });
    with_losses.collect()
}

/// Returns what is said after a plan: where it was saved, or that it was not.
#[must_use]
pub fn after_plan(saved: Option<&str>, product: Product, width: usize) -> String {
    let rule = "─".repeat(width);
    let text = match saved {
        Some(file) => format!(
            "Saved the plan to: {file}\n\nTo perform exactly these actions, run the following command to apply:\n    vaultform apply \"{file}\""
        ),
        None => format!(
            "Note: You didn't use the -out option to save this plan, so {} can't guarantee to take exactly these actions if you run \"vaultform apply\" now.",
            product.name()
        ),
    };
    format!("{rule}\n\n{}\n", wrap(&text, width))
}
