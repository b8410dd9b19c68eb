//! Secrets from where they are now: read from files, mapped by rules, stored in KV, looked at again.

pub mod dotenv;
pub mod rules;
pub mod store;
pub mod terraform;
pub mod tree;

use crate::value::Text;
use std::fmt;

/// A secret as a file has it.
#[derive(Clone, PartialEq, Eq)]
pub struct Named {
    pub name: String,
    pub value: Text,
    /// The line where it begins, from 1; 0 where the form has no lines of its own.
    pub line: usize,
}

impl fmt::Debug for Named {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} in line {}", self.name, self.line)
    }
}

/// What is wrong with a file, and where. It never holds a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// From 1; 0 where the form does not tell.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    pub what: String,
}

/// What a file holds.
#[derive(Debug, Default)]
pub struct Listing {
    pub secrets: Vec<Named>,
    /// What is odd and was taken all the same.
    pub oddities: Vec<Flaw>,
}
