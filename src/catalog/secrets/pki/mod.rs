//! PKI: certificate authorities and what they sign.

mod authority;
pub mod cel;
mod config;
mod issuers;
mod leaf;
mod role;
mod subject;

use crate::catalog::{ResourceType, checked};

/// The types of this engine.
pub const TYPES: &[ResourceType] = checked(&[
    authority::ROOT,
    authority::REQUEST,
    authority::SIGN,
    authority::SET_SIGNED,
    authority::IMPORT,
    issuers::ISSUER,
    issuers::KEY,
    issuers::DEFAULTS,
    role::ROLE,
    cel::CEL_ROLE,
    leaf::CERT,
    leaf::SIGNED,
    config::URLS,
    config::CRL,
    config::CLUSTER,
    config::ACME,
    config::EAB,
    config::TIDY,
    issuers::READ_ISSUER,
    issuers::READ_ISSUERS,
    issuers::READ_KEY,
    issuers::READ_KEYS,
]);
