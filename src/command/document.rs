//! The plan document of a plan that was just made.

use super::context::Context;
use super::declared::configuration;
use super::planning::Session;
use crate::catalog::registry::lookup;
use crate::reconcile::Planned;
use crate::reconcile::world::World;
use crate::source::Surroundings;
use crate::value::{Address, Mode};
use crate::view::document::PlanDocument;
use crate::view::plan_json::{PlanFacts, plan_document};
use crate::view::schema::Schema;
use crate::view::state_json::StateObject;
use serde_json::Value as Json;

/// Makes the document; `saved` is what a saved plan needs besides.
#[must_use]
pub fn document(
    context: &Context,
    session: &Session,
    planned: &Planned,
    saved: Option<Json>,
    show_sensitive: bool,
) -> PlanDocument {
    let errored = planned
        .plan
        .diagnostics
        .iter()
        .any(crate::source::Diagnostic::is_error);
    let facts = PlanFacts {
        style: context.document_style(show_sensitive),
        variables: session.assigned.values.clone(),
        data: data(&planned.world),
        configuration: configuration(&planned.world.configuration, &planned.world),
        timestamp: context.files.started(),
        errored,
        whole: saved.is_some(),
        saved,
        access: session.access.clone(),
    };
    let mut document = plan_document(&planned.plan, &facts);
    if !show_sensitive {
        for row in &mut document.access_changes {
            row.veil(&|text| context.veil.over(text));
        }
    }
    document
}

/// Lists the data sources that were read.
#[must_use]
pub fn data(world: &World) -> Vec<StateObject> {
    let mut found = Vec::new();
    for module in world.modules() {
        let Ok(instances) = world.module_instances(&module.path) else {
            continue;
        };
        let declared = module
            .resources
            .iter()
            .filter(|(id, _)| id.mode == Mode::Data);
        for (id, resource) in declared {
            let Some(kind) = resource.kind else { continue };
            for at in &instances {
                let Some(known) = world.instances(at, id) else {
                    continue;
                };
                for (key, seen) in &known.seen {
                    let Some(seen) = seen else { continue };
                    if !seen.plan.is_wholly_known() {
                        continue;
                    }
                    let address = Address {
                        module: at.clone(),
                        mode: id.mode,
                        type_name: id.type_name.clone(),
                        name: id.name.clone(),
                        key: key.clone(),
                    };
                    found.push(StateObject {
                        address,
                        kind,
                        values: seen.plan.clone(),
                        depends_on: Vec::new(),
                    });
                }
            }
        }
    }
    found
}

/// Returns the schema of a type for texts.
#[must_use]
pub fn schema(mode: &str, type_name: &str) -> Option<Schema> {
    let mode = match mode {
        "data" => Mode::Data,
        _ => Mode::Managed,
    };
    lookup(mode, type_name).map(Schema::of)
}
