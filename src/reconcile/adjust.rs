//! Changes that follow from more than a comparison: certificates that end soon, switches that cannot be turned off.

use crate::catalog::{Life, OnChange};
use crate::plan::certificate::Certificate;
use crate::plan::change::{Decision, planned};
use crate::plan::template::effective;
use crate::plan::{Change, Desired, Observed, Origin, Reason};
use crate::source::Diagnostic;
use std::collections::BTreeMap;

/// Plans a new certificate where the old one ends soon and the configuration asks for that. `now` is in seconds since 1970.
pub(super) fn renew(
    desired: &Desired,
    decision: &mut Decision,
    observed: Option<&Observed>,
    now: i64,
) {
    let Life::Generate(crate::catalog::Generate {
        renew: Some((flag, within)),
        ..
    }) = desired.kind.life
    else {
        return;
    };
    let value = |name: &str| {
        effective(
            desired.kind.attribute(name),
            desired.attributes.field(name),
            &desired.attributes,
        )
    };
    let asked = value(flag).and_then(|flag| flag.as_bool()) == Some(true);
    let within = value(within)
        .and_then(|within| within.as_number()?.as_i64())
        .unwrap_or_default();
    let pem = observed.and_then(|seen| seen.raw.0.get("")?.get("certificate")?.as_str());
    let ends = pem
        .and_then(Certificate::of_pem)
        .map(|certificate| certificate.not_after);
    let due = ends.is_some_and(|ends| ends - now <= within);
    if !asked || !due || decision.change_is_replacement() {
        return;
    }
    decision.change = Change::Replace;
    decision.reason = Some(Reason::CannotUpdate);
    decision.origin = Some(Origin::Drift);
    decision.after = planned(desired, None, None, &BTreeMap::new());
    let change = crate::plan::AttributeChange {
        comparison: crate::plan::Comparison::Compared,
        differs: true,
        origin: Some(Origin::Drift),
        replaces: true,
    };
    decision.attributes.insert(flag.into(), change);
}

/// Returns an error for each attribute that can be turned on and never off, and that the plan would turn off.
pub(super) fn one_way(desired: &Desired, decision: &Decision) -> Vec<Diagnostic> {
    let stuck = desired.kind.all().filter(|attribute| {
        let differs = decision
            .attributes
            .get(attribute.name)
            .is_some_and(|change| change.differs);
        let before = decision
            .before
            .as_ref()
            .and_then(|before| before.field(attribute.name)?.as_bool());
        let stays = decision.change == Change::Update;
        attribute.on_change == OnChange::OneWay && stays && differs && before == Some(true)
    });
    stuck
        .map(|attribute| {
            let name = attribute.name;
            let span = desired.spans.get(name).copied().unwrap_or(desired.span);
            Diagnostic::error(
                "cannot-turn-off",
                format!("`{name}` cannot be turned off once it is on"),
            )
            .at(span, "turned off here")
            .hint(format!(
                "set `{name} = true`, or make the object anew with `-replace=ADDRESS`"
            ))
            .address(&desired.address)
        })
        .collect()
}
