//! Ledgers on a server in memory.

use super::samples::owned;
use super::*;
use crate::plan::Pending;
use crate::server::{About, Memory, Moment, Request, ServerError, Verb};
use serde_json::json;
use std::time::Duration;

pub(super) fn settings(name: &str) -> Settings {
    Settings {
        kind: Kind::Vault {
            mount: "vaultform".into(),
            create: true,
        },
        name: name.into(),
        workspace: "default".into(),
    }
}

pub(super) async fn open(server: &Arc<Memory>, name: &str) -> Ledger {
    Ledger::open(server.clone(), "", settings(name))
        .await
        .unwrap()
}

/// A server with a mount for ledgers.
pub(super) async fn server() -> Arc<Memory> {
    let server = Arc::new(Memory::new());
    assert!(
        open(&server, "app")
            .await
            .create_mount_if_missing()
            .await
            .unwrap()
    );
    server
}

pub(super) fn pending(name: &str, path: &str) -> Owned {
    let mut owned = owned(name, path);
    owned.pending = Some(Pending {
        action: "create".into(),
        before: [].into(),
    });
    owned
}

fn denied(request: &Request) -> ServerError {
    ServerError::Denied {
        about: About::from(request),
    }
}

pub(super) fn many(count: usize) -> Vec<Owned> {
    let each = (0..count).map(|number| {
        let mut owned = owned(
            &format!("object_{number}"),
            &format!("auth/approle/role/name-{number}"),
        );
        for attribute in [
            "role_name",
            "token_ttl",
            "token_policies",
            "backend",
            "bind_secret_id",
            "token_type",
        ] {
            let digest = DigestKey::random().digest(&json!(number));
            owned.desired.insert(attribute.into(), digest);
        }
        owned
    });
    each.collect()
}

/// Records apart from what else holds them.
pub(super) fn plain(records: Vec<Arc<Owned>>) -> Vec<Owned> {
    records.iter().map(|owned| Owned::clone(owned)).collect()
}

fn sorted(mut records: Vec<Owned>) -> Vec<Owned> {
    records.sort_by(|a, b| RecordKey::of(a).cmp(&RecordKey::of(b)));
    records
}

fn writes(server: &Memory) -> usize {
    server
        .seen()
        .iter()
        .filter(|request| !request.verb.reads())
        .count()
}

#[tokio::test]
async fn a_ledger_that_is_not_there_is_empty_and_reading_writes_nothing() {
    let bare = Arc::new(Memory::new());
    let ledger = open(&bare, "app").await;
    assert_eq!(ledger.missing_mount(), Some("vaultform"));
    assert!(ledger.records().is_empty() && ledger.is_new() && ledger.version() == 0);
    let server = server().await;
    server.forget_seen();
    let ledger = open(&server, "app").await;
    assert!(ledger.records().is_empty() && ledger.missing_mount().is_none());
    assert_eq!(writes(&bare) + writes(&server), 0);
}

#[tokio::test]
async fn a_denial_names_path_and_capability() {
    let server = server().await;
    let request = Request::get("vaultform/data/app/default/index");
    server.fail_when(Moment::Before, denied(&request), |_, request| {
        request.verb == Verb::Get
    });
    let error = Ledger::open(server, "", settings("app"))
        .await
        .err()
        .unwrap();
    assert!(
        error
            .to_string()
            .contains("vaultform/data/app/default/index"),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("\"read\""));
}

#[tokio::test]
async fn names_that_lead_elsewhere_are_refused() {
    for name in ["", "..", "a/b", " a", "a\nb"] {
        let result = Ledger::open(Arc::new(Memory::new()), "", settings(name)).await;
        assert!(matches!(result, Err(LedgerError::Name { .. })), "{name:?}");
    }
}

#[tokio::test]
async fn three_thousand_records_come_back_in_few_requests() {
    let server = server().await;
    let ledger = open(&server, "app").await;
    server.forget_seen();
    let all = many(3_000);
    ledger.begin(all.clone()).await.unwrap();
    assert!(server.counts().total() < 30, "{}", server.counts().total());
    server.forget_seen();
    let again = open(&server, "app").await;
    assert!(server.counts().total() < 20, "{}", server.counts().total());
    assert_eq!(sorted(plain(again.records())), sorted(all));
    assert_eq!(
        again.digester().digest(&json!("x")),
        ledger.digester().digest(&json!("x"))
    );
    assert!(!again.is_new() && again.version() != 0);
    let shards = server
        .seen()
        .iter()
        .filter(|request| request.path.contains("/records/"))
        .count();
    assert!([4, 16].contains(&shards), "{shards} shards");
}

#[tokio::test]
async fn results_are_written_in_batches() {
    let server = server().await;
    let ledger = Arc::new(open(&server, "app").await);
    let all = many(2_000);
    let begun = all.iter().cloned().map(|mut owned| {
        owned.pending = pending("a", "b").pending;
        owned
    });
    ledger.begin(begun.collect()).await.unwrap();
    server.forget_seen();
    let workers = (0..16).map(|worker| {
        let (ledger, all) = (ledger.clone(), all.clone());
        tokio::spawn(async move {
            for owned in all.into_iter().skip(worker).step_by(16) {
                ledger.record(owned).await.unwrap();
            }
        })
    });
    for worker in workers.collect::<Vec<_>>() {
        worker.await.unwrap();
    }
    ledger.flush().await.unwrap();
    assert!(
        writes(&server) <= 200,
        "{} writes for 2000 results",
        writes(&server)
    );
    assert_eq!(
        sorted(plain(open(&server, "app").await.records())),
        sorted(all)
    );
}

#[tokio::test]
async fn one_change_writes_one_shard_and_no_change_writes_none() {
    let server = server().await;
    let ledger = open(&server, "app").await;
    let mut all = many(3_000);
    ledger.begin(all.clone()).await.unwrap();
    let version = open(&server, "app").await.version();
    server.forget_seen();
    ledger.record(all[7].clone()).await.unwrap();
    ledger.flush().await.unwrap();
    assert_eq!(writes(&server), 0);
    assert_eq!(open(&server, "app").await.version(), version);
    server.forget_seen();
    all[7].written_at += 1;
    ledger.record(all[7].clone()).await.unwrap();
    ledger.flush().await.unwrap();
    assert_eq!(writes(&server), 1);
    assert_ne!(open(&server, "app").await.version(), version);
}

#[tokio::test]
async fn a_pending_record_gives_way_to_its_result() {
    let server = server().await;
    let ledger = open(&server, "app").await;
    ledger
        .begin(vec![pending("named", "kv"), pending("made", "")])
        .await
        .unwrap();
    assert_eq!(open(&server, "app").await.records().len(), 2);
    ledger.record(owned("named", "kv")).await.unwrap();
    ledger.record(owned("made", "pki/issuer/17")).await.unwrap();
    ledger.flush().await.unwrap();
    let wanted = vec![owned("named", "kv"), owned("made", "pki/issuer/17")];
    assert_eq!(
        sorted(plain(open(&server, "app").await.records())),
        sorted(wanted)
    );
    ledger
        .forget(
            &owned("made", "").address,
            &owned("made", "pki/issuer/17").place,
        )
        .await
        .unwrap();
    ledger.flush().await.unwrap();
    assert_eq!(
        plain(open(&server, "app").await.records()),
        [owned("named", "kv")]
    );
}

#[tokio::test]
async fn two_runs_that_change_different_records_both_count() {
    let server = server().await;
    open(&server, "app")
        .await
        .begin(vec![owned("a", "a"), owned("b", "b")])
        .await
        .unwrap();
    let (one, two) = (open(&server, "app").await, open(&server, "app").await);
    one.begin(vec![pending("a", "a")]).await.unwrap();
    two.begin(vec![pending("b", "b"), owned("c", "c")])
        .await
        .unwrap();
    let wanted = vec![pending("a", "a"), pending("b", "b"), owned("c", "c")];
    assert_eq!(
        sorted(plain(open(&server, "app").await.records())),
        sorted(wanted.clone())
    );
    assert_eq!(sorted(plain(two.records())), sorted(wanted));
}

#[tokio::test]
async fn two_runs_that_change_one_record_conflict() {
    let server = server().await;
    open(&server, "app")
        .await
        .begin(vec![owned("a", "a")])
        .await
        .unwrap();
    let (one, two) = (open(&server, "app").await, open(&server, "app").await);
    one.begin(vec![pending("a", "a")]).await.unwrap();
    let mut other = owned("a", "a");
    other.written_at = 1;
    assert!(matches!(
        two.begin(vec![other]).await,
        Err(LedgerError::Changed { .. })
    ));
    assert_eq!(
        plain(open(&server, "app").await.records()),
        [pending("a", "a")]
    );
}

#[tokio::test]
async fn a_lost_answer_is_no_conflict() {
    let server = server().await;
    let ledger = open(&server, "app").await;
    ledger.begin(vec![pending("a", "a")]).await.unwrap();
    let lost = || ServerError::Unreachable {
        address: "memory://".into(),
        why: "reset".into(),
    };
    server.forget_seen();
    server.fail(1, Moment::After, lost());
    assert!(ledger.begin(vec![owned("a", "a")]).await.is_err());
    server.heal();
    // Our own write of a moment ago is no stranger's, whether we write the same again or something newer.
    let mut newer = owned("a", "a");
    newer.written_at += 1;
    ledger.record(newer.clone()).await.unwrap();
    ledger.flush().await.unwrap();
    assert_eq!(plain(open(&server, "app").await.records()), [newer]);
}

#[tokio::test]
async fn without_its_key_a_ledger_loses_its_digests_and_says_so() {
    let server = server().await;
    open(&server, "app")
        .await
        .begin(vec![owned("a", "a"), owned("b", "b")])
        .await
        .unwrap();
    server
        .send(Request::delete("vaultform/metadata/app/default/key"))
        .await
        .unwrap();
    let ledger = open(&server, "app").await;
    assert_eq!(ledger.notices().len(), 1);
    ledger.begin(vec![pending("a", "a")]).await.unwrap();
    let again = open(&server, "app").await;
    assert!(again.notices().is_empty());
    assert_eq!(
        again.digester().digest(&json!(1)),
        ledger.digester().digest(&json!(1))
    );
    let digests: Vec<usize> = again
        .records()
        .iter()
        .map(|owned| owned.desired.len())
        .collect();
    assert_eq!(digests, [1, 0]);
}

#[tokio::test]
async fn a_missing_shard_is_an_error_not_an_empty_ledger() {
    let server = server().await;
    open(&server, "app")
        .await
        .begin(vec![owned("a", "a")])
        .await
        .unwrap();
    let shard = server
        .seen()
        .into_iter()
        .find(|request| request.path.contains("/records/"))
        .unwrap();
    let path = shard.path.replace("/data/", "/metadata/");
    server.send(Request::delete(path)).await.unwrap();
    let error = Ledger::open(server, "", settings("app"))
        .await
        .err()
        .unwrap();
    assert!(matches!(error, LedgerError::Damaged { .. }), "{error}");
}

mod kills;
mod lock_tests;
mod whole;
