//! Where an expression is evaluated: the scope, and the names that the expression itself binds.

use super::scope::Scope;
use crate::value::Value;
use std::sync::Arc;

/// Names that a `for` or a splat binds, innermost first.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) scope: &'a dyn Scope,
    frame: Option<&'a Frame<'a>>,
    /// Errors here are looked at and not told: they need no values.
    pub(super) quiet: bool,
}

/// What one `for` or splat binds.
pub(super) struct Frame<'a> {
    pub(super) names: Vec<(Arc<str>, Value)>,
    /// The element that a splat is at.
    pub(super) item: Option<Value>,
    outer: Option<&'a Frame<'a>>,
}

impl<'a> Context<'a> {
    pub(super) fn new(scope: &'a dyn Scope) -> Context<'a> {
        Context {
            scope,
            frame: None,
            quiet: false,
        }
    }

    /// Returns an empty frame to be filled and entered.
    pub(super) fn frame(self) -> Frame<'a> {
        Frame {
            names: Vec::new(),
            item: None,
            outer: self.frame,
        }
    }

    /// Returns the context inside of a frame that [`Context::frame`] made.
    pub(super) fn inside<'b>(self, frame: &'b Frame<'b>) -> Context<'b>
    where
        'a: 'b,
    {
        Context {
            frame: Some(frame),
            ..self
        }
    }

    /// Returns the same context for an evaluation whose errors nobody sees.
    pub(super) fn quietly(self) -> Context<'a> {
        Context {
            quiet: true,
            ..self
        }
    }

    fn frames(self) -> impl Iterator<Item = &'a Frame<'a>> {
        std::iter::successors(self.frame, |frame| frame.outer)
    }

    /// Returns the value of a bound name.
    pub(super) fn bound(self, name: &str) -> Option<Value> {
        self.frames()
            .flat_map(|frame| &frame.names)
            .find(|(bound, _)| &**bound == name)
            .map(|(_, value)| value.clone())
            .or_else(|| self.scope.bound(name))
    }

    /// Lists all bound names.
    pub(super) fn names(self) -> Vec<Arc<str>> {
        let mut names: Vec<Arc<str>> = self
            .frames()
            .flat_map(|frame| frame.names.iter().map(|(name, _)| name.clone()))
            .collect();
        names.extend(self.scope.bound_names());
        names
    }

    /// Returns the element that the nearest splat is at.
    pub(super) fn splat_item(self) -> Option<&'a Value> {
        self.frames().find_map(|frame| frame.item.as_ref())
    }
}
