//! Lists that several declared objects hold: what one leaves out is another's, and disjoint elements are united.

use super::walk::{Candidate, Walk};
use super::world::{InstanceScope, View};
use crate::catalog::Life;
use crate::value::Value;

impl Walk<'_> {
    /// Adds the lists that other declared objects hold elements of, where this one leaves them out: they are theirs
    /// (semantics of what is absent here and carried by another).
    pub(super) fn with_claims(
        &self,
        candidate: &Candidate,
        mut ignored: Vec<String>,
    ) -> Vec<String> {
        for field in self.claims.get(&candidate.node).into_iter().flatten() {
            if candidate.declared.body.attribute(field).is_none() {
                ignored.push((*field).to_owned());
            }
        }
        ignored
    }

    /// Adds to a list that this object declares the elements that other declared objects add to it.
    pub(super) fn with_members(&self, candidate: &Candidate, attributes: Value) -> Value {
        let claims = self.claims.get(&candidate.node);
        let (Some(claims), Some(fields)) = (claims, attributes.as_fields()) else {
            return attributes;
        };
        if matches!(candidate.kind.life, Life::Member { .. }) {
            return attributes;
        }
        let mut fields = fields.clone();
        for field in claims {
            let Some(own) = fields.get(*field).filter(|value| !value.is_null()).cloned() else {
                continue;
            };
            let others = self.members(&candidate.node, field);
            let Some(items) = own.as_items().filter(|_| !others.is_empty()) else {
                continue;
            };
            let mut items = items.to_vec();
            items.extend(
                others
                    .into_iter()
                    .filter(|other| !own.as_items().is_some_and(|own| own.contains(other))),
            );
            let ty = crate::value::Type::String;
            let list = match own.shape {
                crate::value::Shape::Set(..) => Value::set(ty, items),
                _ => Value::list(ty, items),
            };
            fields.insert((*field).into(), list.marked(own.marks));
        }
        Value::object(fields)
    }

    /// Returns the known elements that other blocks add to a list of a block's objects.
    fn members(&self, target: &super::graph::Node, field: &str) -> Vec<Value> {
        let mut found = Vec::new();
        for module in self.world.modules() {
            for (id, declared) in &module.resources {
                let Some(Life::Member {
                    field: theirs,
                    elements,
                    ..
                }) = declared.kind.map(|kind| kind.life)
                else {
                    continue;
                };
                let node = super::graph::Node {
                    module: module.path.clone(),
                    item: super::graph::Item::Resource(id.clone()),
                };
                if theirs == field && self.graph.resources_needed(&node).contains(target) {
                    found.extend(self.elements_of(&node, declared, elements));
                }
            }
        }
        found
    }

    fn elements_of(
        &self,
        node: &super::graph::Node,
        declared: &crate::config::DeclaredResource,
        elements: &str,
    ) -> Vec<Value> {
        let Some(attribute) = declared.body.attribute(elements) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for at in self
            .world
            .module_instances(&node.module)
            .unwrap_or_default()
        {
            let keys = self.world.keys(&at, &declared.repetition, View::Plan);
            for (key, value) in keys.map(|keys| keys.keys).unwrap_or_default() {
                let mut scope = InstanceScope::new(&self.world, &at, View::Plan);
                scope.instance.key = Some(key);
                scope.instance.each_value = value;
                let Ok(value) = crate::eval::evaluate(&attribute.value, &scope) else {
                    continue;
                };
                let single = std::slice::from_ref(&value);
                let items = value.as_items().unwrap_or(single).iter();
                found.extend(items.filter(|item| item.as_text().is_some()).cloned());
            }
        }
        found
    }
}
