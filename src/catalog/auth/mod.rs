//! Auth methods: how people and machines log in.

pub mod approle;
pub mod cert;
pub mod jwt;
pub mod kubernetes;
pub mod token;
mod tokens;
pub mod userpass;

pub use tokens::TOKEN_ATTRIBUTES;
