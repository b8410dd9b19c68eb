//! What is told while an apply goes on.

use super::context::{Context, Voice};
use crate::apply::{Events, Outcome, Report};
use crate::plan::{Change, Plan};
use crate::value::Address;
use crate::view::marker::Marker;
use crate::view::paint::Paint;
use crate::view::plan_json::resource_change;
use crate::view::product::Product;
use crate::view::progress::{self, Act, Applied};
use crate::view::ui_json::Stream;
use std::io::Write;
use std::time::Duration;

/// Tells of each object as lines of text or events.
pub struct Teller {
    voice: Voice,
    paint: Paint,
    product: Product,
}

impl Teller {
    /// Makes one that speaks as the command does.
    #[must_use]
    pub fn new(context: &Context) -> Teller {
        Teller {
            voice: context.voice.get(),
            paint: context.paint.get(),
            product: context.product,
        }
    }

    /// Makes one that says nothing.
    #[must_use]
    pub fn silent(context: &Context) -> Teller {
        Teller {
            voice: Voice::Document,
            ..Teller::new(context)
        }
    }

    fn stream(&self) -> Stream<'static> {
        Stream {
            product: self.product,
            version: super::context::TERRAFORM_VERSION,
            now: jiff::Timestamp::now().as_microsecond(),
        }
    }

    fn say(&self, line: &str) {
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(line.as_bytes()).and_then(|()| out.flush());
    }

    fn tell(&self, text: String, event: impl FnOnce(Stream<'static>) -> String) {
        match self.voice {
            Voice::Text => self.say(&(text + "\n")),
            Voice::Events => self.say(&event(self.stream())),
            Voice::Document => {}
        }
    }
}

/// Returns what is done first and last in a change.
fn ends(change: Change) -> Option<(Act, Act)> {
    Some(match change {
        Change::Create => (Act::Create, Act::Create),
        Change::Update | Change::Remount => (Act::Update, Act::Update),
        Change::Replace => (Act::Delete, Act::Create),
        Change::ReplaceCreateFirst => (Act::Create, Act::Delete),
        Change::Delete => (Act::Delete, Act::Delete),
        Change::Read => (Act::Read, Act::Read),
        Change::Keep | Change::Adopt | Change::Relabel | Change::Forget => return None,
    })
}

impl Events for Teller {
    fn started(&self, address: &Address, change: Change, id: Option<&str>) {
        if let Some((act, _)) = ends(change) {
            let text = progress::started(&address.to_string(), act, id, self.paint);
            self.tell(text, |stream| stream.apply_start(address, act, id));
        }
    }

    fn still(&self, address: &Address, change: Change, elapsed: Duration) {
        if let Some((_, act)) = ends(change) {
            let text = progress::still(
                &address.to_string(),
                act,
                None,
                elapsed.as_secs(),
                self.paint,
            );
            self.tell(text, |stream| {
                stream.apply_progress(address, act, elapsed.as_secs())
            });
        }
    }

    fn done(&self, address: &Address, change: Change, id: Option<&str>, elapsed: Duration) {
        if let Some((first, act)) = ends(change) {
            let seconds = elapsed.as_secs();
            if first != act && first == Act::Delete {
                let text =
                    progress::completed(&address.to_string(), first, None, seconds, self.paint);
                self.tell(text, |stream| {
                    stream.apply_complete(address, first, None, seconds)
                });
            }
            let text = progress::completed(&address.to_string(), act, id, seconds, self.paint);
            self.tell(text, |stream| {
                stream.apply_complete(address, act, id, seconds)
            });
        }
    }

    fn failed(&self, address: &Address, change: Change, elapsed: Duration) {
        if let Some((_, act)) = ends(change)
            && self.voice == Voice::Events
        {
            let text = progress::errored(&address.to_string(), act, elapsed.as_secs(), self.paint);
            self.tell(text, |stream| {
                stream.apply_errored(address, act, elapsed.as_secs())
            });
        }
    }
}

/// Counts what an apply has done.
#[must_use]
pub fn applied(context: &Context, report: &Report) -> Applied {
    let mut applied = Applied::default();
    let style = context.document_style(false);
    for (step, outcome) in report.plan.steps.iter().zip(&report.outcomes) {
        let change = resource_change(step, style);
        match outcome {
            Outcome::Done => {
                for act in progress::acts(&change) {
                    applied.count(*act);
                }
                applied.imported += usize::from(step.import.is_some());
                let adopted = Marker::of(&change) == Marker::Adopt && step.import.is_none();
                applied.adopted += usize::from(adopted);
            }
            Outcome::Failed => applied.failed += 1,
            Outcome::Skipped => applied.skipped += usize::from(step.change != Change::Keep),
        }
    }
    applied
}

/// Lists what was left out, with why.
#[must_use]
pub fn skipped(plan: &Plan, report: &Report, paint: Paint) -> String {
    let mut out = String::new();
    for (index, (step, outcome)) in plan.steps.iter().zip(&report.outcomes).enumerate() {
        if *outcome == Outcome::Skipped && step.change.writes() {
            let failed = |index: &&usize| report.outcomes.get(**index) != Some(&Outcome::Done);
            let gates = plan
                .gates
                .iter()
                .filter(|gate| gate.then.binary_search(&index).is_ok());
            let because = step
                .after_steps
                .iter()
                .chain(gates.flat_map(|gate| &gate.first))
                .find(failed)
                .and_then(|index| plan.steps.get(*index));
            if let Some(because) = because {
                let line = progress::skipped(
                    &step.address.to_string(),
                    &because.address.to_string(),
                    paint,
                );
                out.push_str(&format!("{line}\n"));
            }
        }
    }
    out
}
