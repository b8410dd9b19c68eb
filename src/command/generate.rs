//! `plan -generate-config-out`: writes the blocks of imported objects that nothing declares.

use super::connector::Links;
use super::context::Context;
use super::exit::Failure;
use super::planning::{Order, connection_of};
use super::project;
use crate::reconcile::discover::{described, undeclared};
use crate::source::{Diagnostic, Surroundings};
use crate::view::block_text::resource_text;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

/// Writes the file; nothing where everything is declared.
///
/// # Errors
/// When the file is there already or cannot be written, or an object cannot be found.
pub async fn generate(context: &Context, order: &Order, file: &Path) -> Result<(), Failure> {
    refuse(context, file)?;
    let project = project::read_for_generation(context)?;
    let assigned = project.given(context, order.arguments.clone())?;
    let world = project.world(context, &assigned);
    let found = undeclared(&world)?;
    if found.is_empty() {
        return Ok(());
    }
    let links = Arc::new(Links::new(context, order.parallelism).with_token(order.token.clone()));
    context.links.borrow_mut().push(links.clone());
    let (mut blocks, mut variables, mut told) = (String::new(), Vec::new(), Vec::new());
    for one in &found {
        let connection = connection_of(&world, one.provider.as_deref(), &links).await?;
        match described(one, &connection).await {
            Ok(attributes) => {
                let written = resource_text(one.kind, &one.address.name, &attributes);
                let _ = write!(blocks, "\n# imported from `{}`\n{}", one.id, written.text);
                variables.extend(written.variables);
            }
            Err(problem) => told.push(problem),
        }
    }
    links.close().await;
    if !told.is_empty() {
        return Err(told.into());
    }
    write(context, file, &blocks, &variables)
}

/// Refuses a file that is there, or that would be no part of the configuration.
fn refuse(context: &Context, file: &Path) -> Result<(), Failure> {
    let shown = file.display();
    let here = file
        .parent()
        .is_none_or(|parent| parent.as_os_str().is_empty() || parent == Path::new("."));
    let ends = file
        .extension()
        .is_some_and(|ending| ending == "tf" || ending == "tofu");
    if !here || !ends {
        let message = format!("`{shown}` would be no part of the configuration");
        return Err(Diagnostic::error("invalid-option", message)
            .hint("give a name in this directory that ends in `.tf`")
            .into());
    }
    if context.files.exists(file) {
        let message = format!("`{shown}` is there already");
        return Err(Diagnostic::error("invalid-option", message)
            .hint("give another name, or move the file away")
            .into());
    }
    Ok(())
}

fn write(
    context: &Context,
    file: &Path,
    blocks: &str,
    variables: &[(String, bool)],
) -> Result<(), Failure> {
    let mut text = String::from(
        "# Written by vaultform from what lives on the server. Read it, and make it your own.\n",
    );
    if !variables.is_empty() {
        text.push_str("# Each variable stands for what the server does not tell, or what is too secret for a file.\n");
    }
    text.push_str(blocks);
    for (variable, secret) in variables {
        let sensitive = if *secret { "  sensitive = true\n" } else { "" };
        let _ = write!(
            text,
            "\nvariable \"{variable}\" {{\n  type = string\n{sensitive}}}\n"
        );
    }
    let text = crate::syntax::format(&text).unwrap_or(text);
    std::fs::write(file, text).map_err(|error| {
        let message = format!(
            "`{}` cannot be written: {}",
            file.display(),
            super::files::words(&error)
        );
        Failure::from(Diagnostic::error("file-unusable", message))
    })?;
    context.say_text(&format!(
        "\nWrote {} with the blocks of what is imported.\n",
        file.display()
    ));
    Ok(())
}
