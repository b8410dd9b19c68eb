//! Which server it is: product, version, edition, and what follows from them.

use serde_json::Value as Json;
use std::fmt;
use std::sync::Arc;

/// Whose server it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Product {
    OpenBao,
    Vault,
}

impl fmt::Display for Product {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Product::OpenBao => "OpenBao",
            Product::Vault => "Vault",
        })
    }
}

/// `1.21.4`. Means nothing without the product: OpenBao 2.7 is not newer than Vault 1.21.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    pub major: u32,
    pub minor: u32,
    pub patch: u32,
}

impl Version {
    /// Reads `1.21.4`, `v2.7.2`, `1.21.4+ent.hsm`, `2.8.0-beta1`; missing parts are 0.
    #[must_use]
    pub fn parse(text: &str) -> Option<Version> {
        let text = text.trim().trim_start_matches('v');
        let numbers = text.split(['+', '-']).next()?;
        let mut parts = numbers.split('.').map(|part| part.parse::<u32>().ok());
        Some(Version {
            major: parts.next()??,
            minor: parts.next().unwrap_or(Some(0))?,
            patch: parts.next().unwrap_or(Some(0))?,
        })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// Whether the server can work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    Active,
    /// Answers, but another node leads; it forwards what it does not serve itself.
    Standby,
    Sealed,
    Uninitialised,
}

/// What one product can do and the other cannot (measured on Vault 1.21.4 and OpenBao 2.7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// The header `X-Vault-Namespace` means something; community Vault silently ignores it.
    Namespaces,
    /// LIST `sys/policies/detailed/acl` answers all texts at once.
    DetailedPolicies,
    /// LIST `KV/detailed-metadata/…` answers the metadata of a level at once.
    DetailedMetadata,
    /// SCAN of KV metadata and namespaces.
    Scan,
    /// `after` and `limit` of LIST.
    Pagination,
    /// `cas` of ACL policies.
    PolicyCheckAndSet,
    /// PATCH of ACL policies.
    PolicyPatch,
    /// `X-Vault-Index`: reads that are at least as new as a write.
    IndexHeaders,
    /// Audit devices can be made through the API without a special setting.
    AuditByApi,
    /// A request may hold only 1,000 strings, keys included.
    FewStrings,
}

/// Which server this is. Its `id` tells servers apart: two addresses of one cluster have one id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerIdentity {
    /// The cluster's id; the address where the server tells none (sealed, uninitialised).
    pub id: Arc<str>,
    /// The address as it was configured, without a slash at its end.
    pub address: Arc<str>,
    pub product: Product,
    pub version: Version,
    /// The version as the server wrote it.
    pub version_text: Arc<str>,
    /// Vault Enterprise or HCP Vault.
    pub enterprise: bool,
    /// `raft`, `inmem`, …; empty when the server does not tell.
    pub storage: Arc<str>,
    pub readiness: Readiness,
}

impl ServerIdentity {
    /// Tells whether this server has a feature; what is not known of old versions is tried and falls back.
    #[must_use]
    pub fn has(&self, feature: Feature) -> bool {
        let openbao = self.product == Product::OpenBao;
        match feature {
            Feature::Namespaces => openbao || self.enterprise,
            Feature::AuditByApi => !openbao,
            Feature::DetailedPolicies
            | Feature::DetailedMetadata
            | Feature::Scan
            | Feature::Pagination
            | Feature::PolicyCheckAndSet
            | Feature::PolicyPatch
            | Feature::IndexHeaders
            | Feature::FewStrings => openbao,
        }
    }

    /// Reads `sys/seal-status` and, where it could be read, `sys/health`. `None` when neither tells a version.
    #[must_use]
    pub fn detect(address: &str, seal: &Json, health: Option<&Json>) -> Option<ServerIdentity> {
        let text = |name: &str| {
            let of = |json: &Json| json.get(name).and_then(Json::as_str).map(Arc::<str>::from);
            of(seal)
                .or_else(|| health.and_then(of))
                .filter(|text| !text.is_empty())
        };
        let version_text = text("version")?;
        let version = Version::parse(&version_text)?;
        Some(ServerIdentity {
            id: text("cluster_id").unwrap_or_else(|| address.into()),
            address: address.into(),
            product: product(seal, health, version),
            version,
            enterprise: enterprise(health, &version_text),
            version_text,
            storage: text("storage_type").unwrap_or_default(),
            readiness: readiness(seal, health),
        })
    }
}

/// Only Vault says `enterprise`, only OpenBao says `commit_date`. A version from 2 on that says neither is OpenBao's where
/// `sys/health` could be read and lacks `enterprise`; where it could not, it is taken for community Vault, which no
/// namespace must reach: it would ignore it.
fn product(seal: &Json, health: Option<&Json>, version: Version) -> Product {
    let told = health.filter(|health| is_health(health));
    let says_enterprise = told.is_some_and(|health| health.get("enterprise").is_some());
    let says_none = told.is_some() && !says_enterprise && version.major >= 2;
    if !says_enterprise && (seal.get("commit_date").is_some() || says_none) {
        Product::OpenBao
    } else {
        Product::Vault
    }
}

/// Tells whether an answer is one of `sys/health`, not of something in between.
pub(super) fn is_health(answer: &Json) -> bool {
    answer.get("initialized").is_some_and(Json::is_boolean)
        && answer.get("sealed").is_some_and(Json::is_boolean)
}

fn enterprise(health: Option<&Json>, version: &str) -> bool {
    let said = health.and_then(|health| health.get("enterprise")?.as_bool());
    said.unwrap_or_else(|| version.contains("+ent") || version.contains("+prem"))
}

fn readiness(seal: &Json, health: Option<&Json>) -> Readiness {
    let is = |json: &Json, name: &str| json.get(name).and_then(Json::as_bool);
    if is(seal, "initialized") == Some(false) {
        Readiness::Uninitialised
    } else if is(seal, "sealed") == Some(true) {
        Readiness::Sealed
    } else if health.and_then(|health| is(health, "standby")) == Some(true) {
        Readiness::Standby
    } else {
        Readiness::Active
    }
}

impl fmt::Display for ServerIdentity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let edition = match (self.product, self.enterprise) {
            (Product::OpenBao, _) => "",
            (Product::Vault, true) => " Enterprise",
            (Product::Vault, false) => " Community",
        };
        write!(out, "{}{edition} {}", self.product, self.version_text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(seal: Json, health: Json) -> ServerIdentity {
        ServerIdentity::detect("http://a", &seal, Some(&health)).unwrap()
    }

    #[test]
    fn products_are_told_by_what_only_they_say() {
        // As measured: OpenBao says `commit_date`, Vault `build_date` and `enterprise`.
        let bao = found(
            json!({"version": "2.7.2", "commit_date": "x", "cluster_id": "c"}),
            json!({"standby": false}),
        );
        assert_eq!(
            (
                bao.product,
                bao.has(Feature::Namespaces),
                bao.has(Feature::DetailedPolicies)
            ),
            (Product::OpenBao, true, true)
        );
        assert_eq!(bao.to_string(), "OpenBao 2.7.2");
        let community = found(
            json!({"version": "1.21.4", "build_date": "x"}),
            json!({"initialized": true, "sealed": false, "enterprise": false}),
        );
        assert_eq!(
            (community.product, community.has(Feature::Namespaces)),
            (Product::Vault, false)
        );
        assert_eq!(
            &*community.id, "http://a",
            "without a cluster id the address stands for it"
        );
        let newer = found(
            json!({"version": "2.1.0", "build_date": "x"}),
            json!({"initialized": true, "sealed": false, "enterprise": true}),
        );
        assert_eq!(
            (newer.product, newer.has(Feature::Namespaces)),
            (Product::Vault, true)
        );
        let old = found(json!({"version": "1.9.0+ent.hsm"}), json!({}));
        assert_eq!(
            (old.product, old.enterprise, old.version),
            (
                Product::Vault,
                true,
                Version {
                    major: 1,
                    minor: 9,
                    patch: 0
                }
            )
        );
        assert!(ServerIdentity::detect("http://a", &json!({"sealed": true}), None).is_none());
    }

    #[test]
    fn what_cannot_be_told_gets_no_namespace() {
        let seal = json!({"version": "2.0.1", "initialized": true, "sealed": false});
        let health =
            json!({"initialized": true, "sealed": false, "standby": false, "version": "2.0.1"});
        let product = |health: Option<&Json>| {
            let found = ServerIdentity::detect("http://a", &seal, health).unwrap();
            (found.product, found.has(Feature::Namespaces))
        };
        assert_eq!(product(None), (Product::Vault, false));
        let between = json!({"errors": ["no healthy upstream"]});
        assert_eq!(product(Some(&between)), (Product::Vault, false));
        assert_eq!(product(Some(&health)), (Product::OpenBao, true));
    }

    #[test]
    fn readiness_is_read() {
        let seal = |initialized, sealed| json!({"version": "2.7.2", "initialized": initialized, "sealed": sealed});
        let health = |standby: bool| json!({ "standby": standby });
        assert_eq!(
            found(seal(false, true), health(true)).readiness,
            Readiness::Uninitialised
        );
        assert_eq!(
            found(seal(true, true), health(true)).readiness,
            Readiness::Sealed
        );
        assert_eq!(
            found(seal(true, false), health(true)).readiness,
            Readiness::Standby
        );
        assert_eq!(
            found(seal(true, false), health(false)).readiness,
            Readiness::Active
        );
    }

    #[test]
    fn versions_are_read_and_ordered() {
        assert!(Version::parse("1.9.0") < Version::parse("v1.21.4+ent"));
        assert_eq!(
            Version::parse("2.8-beta1"),
            Some(Version {
                major: 2,
                minor: 8,
                patch: 0
            })
        );
        assert_eq!(Version::parse("latest"), None);
    }
}
