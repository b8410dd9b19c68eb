//! What the ledger owns, as it is on the server.

use super::context::{Context, Voice};
use super::document::data;
use super::exit::{Done, Exit, Failure};
use super::flags::{ignored, switch};
use super::plan::may_show;
use super::planning::{Order, make};
use super::wish::Wish;
use crate::plan::OutputChange;
use crate::reconcile::world::View;
use crate::reconcile::{Planned, reveal};
use crate::source::Diagnostic;
use crate::value::{ModuleAddress, Value};
use crate::view::outputs::applied_outputs;
use crate::view::state_json::{StateObject, state_document};
use crate::view::state_text::state_text;
use clap::{ArgMatches, Command};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What lives, with the outputs as they are now.
pub struct Live {
    pub objects: Vec<StateObject>,
    pub outputs: BTreeMap<Arc<str>, Value>,
    /// What is wrong with single objects or outputs.
    pub diagnostics: Vec<Diagnostic>,
}

/// Looks at everything that the configuration and the ledger name.
///
/// # Errors
/// When nothing can be looked at.
pub async fn look(context: &Context, matches: &ArgMatches) -> Result<Live, Failure> {
    let wish = Wish {
        allow_data_loss: true,
        unsupported_warns: true,
        ..Wish::default()
    };
    let order = Order {
        arguments: super::wish::arguments(matches)?,
        options: wish.options(),
        wish,
        ..Order::default()
    };
    let (session, mut planned) = make(context, order).await?;
    let held = |change: &OutputChange| change.after.as_ref().is_some_and(Value::has_held);
    if planned.plan.outputs.iter().any(held) {
        reveal(&mut planned, &session.ledger).await;
    }
    let live = live(&planned);
    context.tell(&session.close().await);
    Ok(live)
}

fn live(planned: &Planned) -> Live {
    let steps = planned.plan.steps.iter().zip(&planned.work);
    let owned = steps.filter(|(_, work)| work.owned.is_some());
    let objects = owned.filter_map(|(step, work)| {
        let needs = work
            .owned
            .as_ref()
            .map(|owned| owned.needs.iter().map(ToString::to_string).collect());
        Some(StateObject {
            address: step
                .previous
                .clone()
                .unwrap_or_else(|| step.address.clone()),
            kind: step.kind,
            values: step.before.clone()?,
            depends_on: needs.unwrap_or_default(),
        })
    });
    let mut objects: Vec<StateObject> = objects.collect();
    objects.extend(data(&planned.world));
    objects.sort_by(|left, right| left.address.cmp(&right.address));
    let root = ModuleAddress::default();
    let names = planned.world.configuration.root.outputs.keys();
    let outputs = names
        .filter_map(|name| {
            Some((
                name.clone(),
                planned.world.output(&root, name, View::Real).ok()?,
            ))
        })
        .filter(|(_, value)| value.is_wholly_known() && !value.is_null());
    Live {
        objects,
        outputs: outputs.collect(),
        diagnostics: planned.plan.diagnostics.clone(),
    }
}

/// Declares `refresh`.
#[must_use]
pub fn refresh_command() -> Command {
    Command::new("refresh")
        .about("Look at the server; nothing is kept, so nothing is refreshed")
        .args(super::wish::variable_flags())
        .args(
            [
                "target",
                "lock",
                "lock-timeout",
                "input",
                "parallelism",
                "compact-warnings",
                "state",
            ]
            .map(ignored),
        )
        .arg(switch("json", "Accepted"))
}

/// Runs `refresh`: looks at everything, which is all that there is to do.
///
/// # Errors
/// When something cannot be looked at.
pub async fn refresh(context: &Context, matches: &ArgMatches) -> Done {
    let live = look(context, matches).await?;
    if live.diagnostics.iter().any(Diagnostic::is_error) {
        return Err(live.diagnostics.into());
    }
    context.tell(&live.diagnostics);
    context.say_text("\nThere is no state to refresh: the live server is looked at every time.\n");
    if !live.outputs.is_empty() {
        context.say_text(&format!("\n{}", applied_outputs(&live.outputs)));
    }
    Ok(Exit::Done)
}

/// Runs `show` without a file.
///
/// # Errors
/// When nothing can be looked at.
pub async fn show_all(context: &Context, matches: &ArgMatches) -> Done {
    let show_sensitive = may_show(context, matches)?;
    let live = look(context, matches).await?;
    if context.voice.get() == Voice::Document {
        let document = state_document(
            &live.objects,
            &live.outputs,
            context.document_style(show_sensitive),
        );
        context.say(&format!("{document}\n"));
    } else {
        context.say(&state_text(
            &live.objects,
            &live.outputs,
            context.paint.get(),
            show_sensitive,
        ));
    }
    Ok(Exit::Done)
}
