//! Records for tests.

use super::record::{Stored, spread};
use crate::plan::Owned;
use crate::value::{Address, Digest, InstanceKey, Mode, ModuleAddress, ServerPath};

/// An address of a root module.
pub fn address(name: &str) -> Address {
    Address {
        module: ModuleAddress::default(),
        mode: Mode::Managed,
        type_name: "vault_mount".into(),
        name: name.into(),
        key: InstanceKey::None,
    }
}

/// A record that nobody is writing.
pub fn owned(name: &str, path: &str) -> Owned {
    Owned {
        address: address(name),
        type_name: "vault_mount".into(),
        provider: "vault".into(),
        place: ServerPath::new("cluster", "", path),
        id: "".into(),
        incarnation: "".into(),
        needs: [].into(),
        deletion: [].into(),
        prevent_destroy: false,
        desired: [("path".into(), Digest(format!("{name}{path}").into()))].into(),
        sent: [].into(),
        rotated: [].into(),
        hidden: [].into(),
        pending: None,
        written_at: 1_800_000_000,
    }
}

pub(super) fn stored(name: &str, path: &str, number: u64) -> Stored {
    let owned = owned(name, path);
    Stored {
        spread: spread(&owned.address),
        owned: owned.into(),
        number,
        instead_of: None,
    }
}
