//! `graph`: what needs what, for Graphviz.

use super::context::Context;
use super::exit::{Done, Exit};
use super::flags::{ignored, is_set, switch};
use super::project;
use crate::reconcile::graph::{Item, Node};
use clap::{ArgMatches, Command};
use std::collections::BTreeSet;

/// Declares the command.
#[must_use]
pub fn command() -> Command {
    Command::new("graph")
        .about("Draw what needs what, as DOT")
        .args([
            switch("all", "Also variables, locals, outputs and providers"),
            ignored("type"),
            ignored("plan"),
            ignored("draw-cycles"),
        ])
}

/// Draws the graph of the configuration.
///
/// # Errors
/// When the configuration cannot be read.
pub fn run(context: &Context, matches: &ArgMatches) -> Done {
    let project = project::read(context, true)?;
    let all = is_set(matches, "all");
    let graph = &project.graph;
    let resource = |node: &Node| matches!(node.item, Item::Resource(_));
    let nodes: BTreeSet<&Node> = graph.nodes().filter(|node| all || resource(node)).collect();
    let mut out =
        "digraph G {\n  rankdir = \"RL\";\n  node [shape = rect, fontname = \"sans-serif\"];\n"
            .to_owned();
    for node in &nodes {
        out.push_str(&format!("  {} [label={}];\n", quoted(node), quoted(node)));
    }
    let mut edges = BTreeSet::new();
    if all {
        edges.extend(graph.edges().map(|(from, to)| (quoted(from), quoted(to))));
    } else {
        for node in &nodes {
            let needed = graph.resources_needed(node);
            edges.extend(needed.iter().map(|other| (quoted(node), quoted(other))));
        }
    }
    for (from, to) in edges {
        out.push_str(&format!("  {from} -> {to};\n"));
    }
    context.say(&(out + "}\n"));
    Ok(Exit::Done)
}

fn quoted(node: &Node) -> String {
    format!(
        "\"{}\"",
        node.to_string().replace('\\', "\\\\").replace('"', "\\\"")
    )
}
