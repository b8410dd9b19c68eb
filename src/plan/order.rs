//! What must be done before what: from needs, from places, and for deletes the other way round.

use crate::catalog::Life;
use crate::plan::place::{ancestors, governs, referred};
use crate::plan::types::{Change, Plan, Step};
use crate::value::{Address, ServerPath};
use std::collections::{BTreeSet, HashMap};

/// Fills `after_steps` of every step. `needs` tells the addresses that each step's object needs besides the plan's gates.
pub fn order(plan: &mut Plan, needs: &[BTreeSet<Address>]) {
    let mut by_address: HashMap<&Address, usize> = HashMap::new();
    let mut by_place: HashMap<ServerPath, Vec<usize>> = HashMap::new();
    for (index, step) in plan.steps.iter().enumerate() {
        by_address.entry(&step.address).or_insert(index);
        // What is part of another object's list is not what stands there.
        if let Some(place) = step.place.as_ref().filter(|_| !is_member(step)) {
            by_place.entry(place.clone()).or_default().push(index);
            if let Some(ruled) = governs(step.kind, place) {
                by_place.entry(ruled).or_default().push(index);
            }
        }
        // What goes from a mount that moves goes before it does.
        let left = step.old_place.as_ref().filter(|_| moves(step));
        if let Some(left) = left.and_then(|old| governs(step.kind, old)) {
            by_place.entry(left).or_default().push(index);
        }
    }
    let mut edges: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); plan.steps.len()];
    for (index, step) in plan.steps.iter().enumerate() {
        let mut needed: BTreeSet<usize> = needs
            .get(index)
            .into_iter()
            .flatten()
            .filter_map(|address| by_address.get(address).copied())
            .collect();
        if let Some(place) = &step.place {
            let attributes = step.after.as_ref().or(step.before.as_ref());
            let named = attributes.map(|value| referred(step.kind, value, place));
            let whole = is_member(step).then(|| place.clone());
            let places = ancestors(place)
                .chain(whole)
                .chain(named.into_iter().flatten());
            needed.extend(
                places
                    .filter_map(|place| by_place.get(&place))
                    .flatten()
                    .copied(),
            );
        }
        needed.remove(&index);
        for other in needed {
            connect(plan, &mut edges, index, other);
        }
    }
    free_places(plan, &mut edges);
    let mut edges: Vec<Vec<usize>> = edges
        .into_iter()
        .map(|edges| edges.into_iter().collect())
        .collect();
    through_gates(plan, &mut edges);
    break_rings(&mut edges);
    take_over(plan, edges);
}

/// Adds the gates as further nodes behind the steps. Nothing that goes waits at a gate.
fn through_gates(plan: &Plan, edges: &mut Vec<Vec<usize>>) {
    let stays = |at: &&usize| plan.steps[**at].change != Change::Delete;
    for gate in &plan.gates {
        let node = edges.len();
        for step in gate.then.iter().filter(stays) {
            edges[*step].push(node);
        }
        let first = gate.first.iter().filter(stays);
        edges.push(first.copied().collect());
    }
}

/// Puts the edges into the plan.
fn take_over(plan: &mut Plan, edges: Vec<Vec<usize>>) {
    let count = plan.steps.len();
    for gate in &mut plan.gates {
        gate.then.clear();
    }
    let mut edges = edges.into_iter();
    for (index, step) in plan.steps.iter_mut().enumerate() {
        let (steps, gates): (Vec<usize>, Vec<usize>) = edges
            .next()
            .into_iter()
            .flatten()
            .partition(|at| *at < count);
        step.after_steps = steps;
        for gate in gates {
            plan.gates[gate - count].then.push(index);
        }
    }
    for (gate, first) in plan.gates.iter_mut().zip(edges) {
        gate.first = first;
    }
}

fn moves(step: &Step) -> bool {
    step.change == Change::Remount
}

fn is_member(step: &Step) -> bool {
    matches!(step.kind.life, Life::Member { .. })
}

/// `index` needs `other`: it is made after it, and goes before it.
fn connect(plan: &Plan, edges: &mut [BTreeSet<usize>], index: usize, other: usize) {
    let goes = |at: usize| plan.steps[at].change == Change::Delete;
    let first = |at: usize| {
        let step = &plan.steps[at];
        matches!(step.change, Change::Replace) || moves(step)
    };
    match (goes(index), goes(other)) {
        (true, true) => edges[other].insert(index),
        (true, false) if first(other) => edges[other].insert(index),
        (true, false) => false,
        (false, true) => edges[other].insert(index),
        (false, false) => edges[index].insert(other),
    };
}

/// What takes a place comes after what leaves it.
fn free_places(plan: &Plan, edges: &mut [BTreeSet<usize>]) {
    let mut leaving: HashMap<(&ServerPath, &str), usize> = HashMap::new();
    for (index, step) in plan.steps.iter().enumerate() {
        let old = match step.change {
            Change::Delete => step.place.as_ref(),
            _ => step.old_place.as_ref(),
        };
        if let Some(old) = old {
            leaving.insert((old, step.kind.name), index);
        }
    }
    for (index, step) in plan.steps.iter().enumerate() {
        if step.change == Change::Delete {
            continue;
        }
        let Some(place) = &step.place else { continue };
        if let Some(&other) = leaving.get(&(place, step.kind.name))
            && other != index
        {
            edges[index].insert(other);
        }
    }
}

/// Removes edges that close a ring: places can say more than the text, never less.
fn break_rings(edges: &mut [Vec<usize>]) {
    let mut state = vec![0_u8; edges.len()];
    for start in 0..edges.len() {
        let mut open = vec![(start, 0_usize)];
        if state[start] != 0 {
            continue;
        }
        state[start] = 1;
        while let Some((at, next)) = open.pop() {
            let Some(&other) = edges[at].get(next) else {
                state[at] = 2;
                continue;
            };
            match state[other] {
                0 => {
                    open.push((at, next + 1));
                    state[other] = 1;
                    open.push((other, 0));
                }
                1 => {
                    edges[at].remove(next);
                    open.push((at, next));
                }
                _ => open.push((at, next + 1)),
            }
        }
    }
}
