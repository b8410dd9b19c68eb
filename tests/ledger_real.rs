//! The ledger on a real OpenBao, started by each test on a free port.

#![allow(clippy::disallowed_methods, reason = "starts servers")]

#[allow(dead_code, reason = "other tests use the rest")]
#[path = "server_real/bao.rs"]
mod bao;

use bao::{Bao, connect};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};
use vaultform::ledger::{
    Held, Kind, Ledger, LedgerError, LockWish, RandomValue, Removed, Settings, ledgers,
};
use vaultform::plan::{Owned, Pending};
use vaultform::server::{Http, Request, Server, ServerError};
use vaultform::value::{Address, InstanceKey, Mode, ModuleAddress, ServerPath};

fn settings(name: &str) -> Settings {
    Settings {
        kind: Kind::Vault {
            mount: "vaultform".into(),
            create: true,
        },
        name: name.into(),
        workspace: "default".into(),
    }
}

async fn open(server: &Arc<Http>, name: &str) -> Ledger {
    Ledger::open(server.clone(), "", settings(name))
        .await
        .unwrap()
}

/// A record with as many digests as a role has attributes.
fn owned(ledger: &Ledger, number: u64) -> Owned {
    let names = [
        "backend",
        "role_name",
        "token_ttl",
        "token_max_ttl",
        "token_policies",
        "bind_secret_id",
        "token_type",
        "secret_id_ttl",
    ];
    let digest = |name: &&str| {
        (
            (*name).into(),
            ledger.digester().digest(&json!([name, number])),
        )
    };
    Owned {
        address: Address {
            module: ModuleAddress::default().child(
                "team",
                InstanceKey::Key(format!("team-{}", number % 50).into()),
            ),
            mode: Mode::Managed,
            type_name: "vault_approle_auth_backend_role".into(),
            name: "service".into(),
            key: InstanceKey::Index(number),
        },
        type_name: "vault_approle_auth_backend_role".into(),
        provider: "vault".into(),
        place: ServerPath::new(
            "cluster",
            "",
            &format!("auth/approle/role/service-{number}"),
        ),
        id: "".into(),
        incarnation: "".into(),
        needs: [].into(),
        deletion: [].into(),
        prevent_destroy: false,
        desired: names.iter().map(digest).collect(),
        sent: [].into(),
        rotated: [].into(),
        hidden: [].into(),
        pending: None,
        written_at: 1_800_000_000,
    }
}

/// Records apart from what else holds them.
fn plain(records: Vec<Arc<Owned>>) -> Vec<Owned> {
    records.iter().map(|owned| Owned::clone(owned)).collect()
}

fn sorted(mut records: Vec<Owned>) -> Vec<Owned> {
    records.sort_by(|a, b| a.address.cmp(&b.address));
    records
}

fn wish(wait: Duration) -> LockWish<'static> {
    fn ignore(_: &Held) {}
    LockWish {
        who: "anna",
        operation: "apply",
        wait,
        on_wait: &ignore,
    }
}

/// Makes a token with one policy, and a connection with it.
async fn restricted(bao: &Bao, root: &Arc<Http>, policy: &str) -> Arc<Http> {
    let body = json!({ "policy": policy });
    root.send(Request::post("sys/policies/acl/restricted", body))
        .await
        .unwrap();
    let body = json!({ "policies": ["restricted"] });
    let reply = root
        .send(Request::post("auth/token/create", body))
        .await
        .unwrap();
    let token = reply.auth().unwrap()["client_token"]
        .as_str()
        .unwrap()
        .to_owned();
    connect(&bao.settings(&token)).await.server
}

#[tokio::test]
async fn a_plan_needs_only_to_read() {
    let bao = Bao::dev().await;
    let root = bao.root().await.server;
    let reader = restricted(
        &bao,
        &root,
        "path \"vaultform/data/*\" { capabilities = [\"read\"] }",
    )
    .await;
    let ledger = open(&reader, "app").await;
    assert_eq!(
        (ledger.missing_mount(), ledger.records().len()),
        (Some("vaultform"), 0)
    );
    let writer = open(&root, "app").await;
    assert!(writer.create_mount_if_missing().await.unwrap());
    assert!(
        !open(&root, "app")
            .await
            .create_mount_if_missing()
            .await
            .unwrap()
    );
    assert!(open(&reader, "app").await.missing_mount().is_none());
    let records = vec![owned(&writer, 1)];
    writer.begin(records.clone()).await.unwrap();
    let ledger = open(&reader, "app").await;
    assert_eq!(plain(ledger.records()), records);
    let error = ledger.begin(vec![owned(&ledger, 2)]).await.err().unwrap();
    assert!(
        error
            .to_string()
            .contains("vaultform/data/app/default/records/"),
        "{error}"
    );
    assert!(
        ledger
            .owners_of(&records[0].place)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_denial_names_path_and_capability() {
    let bao = Bao::dev().await;
    let root = bao.root().await.server;
    let nobody = restricted(&bao, &root, "path \"x\" { capabilities = [\"read\"] }").await;
    let error = Ledger::open(nobody, "", settings("app"))
        .await
        .err()
        .unwrap();
    assert!(
        matches!(error, LedgerError::Server(ServerError::Denied { .. })),
        "{error}"
    );
    let hint = error.hint().unwrap();
    assert!(
        hint.contains("vaultform/data/app/default/") && hint.contains("read"),
        "{hint}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_records_go_and_come() {
    let bao = Bao::dev().await;
    let server = bao.root().await.server;
    let ledger = Arc::new(open(&server, "app").await);
    ledger.create_mount_if_missing().await.unwrap();
    let all: Vec<Owned> = (0..10_000).map(|number| owned(&ledger, number)).collect();
    let begun = all.iter().map(|owned| {
        let pending = Pending {
            action: "create".into(),
            before: [].into(),
        };
        Owned {
            pending: Some(pending),
            ..owned.clone()
        }
    });
    let before = server.counts().total();
    ledger.begin(begun.collect()).await.unwrap();
    let begun = server.counts().total() - before;
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
    let written = server.counts().total() - before - begun;
    let (before, began) = (server.counts().total(), Instant::now());
    let again = open(&server, "app").await;
    let read = server.counts().total() - before;
    // Shown by `--nocapture`; only the requests are judged.
    eprintln!(
        "begin {begun}, results {written}, open {read} requests in {:?}",
        began.elapsed()
    );
    assert_eq!(sorted(plain(again.records())), sorted(all));
    assert!(
        begun < 60 && written < 600 && read < 30,
        "{begun} {written} {read}"
    );
}

#[tokio::test]
async fn two_lockers_and_a_dead_one() {
    let bao = Bao::dev().await;
    let server = bao.root().await.server;
    let ledger = open(&server, "app").await;
    ledger.create_mount_if_missing().await.unwrap();
    let lock = ledger.lock(wish(Duration::ZERO)).await.unwrap();
    let error = open(&server, "app")
        .await
        .lock(wish(Duration::ZERO))
        .await
        .err()
        .unwrap();
    let LedgerError::Locked(held) = &error else {
        panic!("{error}")
    };
    assert_eq!(held.holder.run, lock.run());
    assert!(held.age.unwrap() < Duration::from_secs(15), "{error}");
    assert!(lock.renew().await && lock.held().await);
    // The same process number, begun at another time: it is dead.
    let path = "vaultform/data/app/default/lock";
    let mut entry = server.send(Request::get(path)).await.unwrap().data()["data"].clone();
    entry["holder"]["run"] = json!("another");
    entry["holder"]["began"] = json!(1);
    server
        .send(Request::post(path, json!({ "data": entry })))
        .await
        .unwrap();
    assert!(!lock.renew().await && lock.is_lost());
    lock.release().await.unwrap();
    if cfg!(target_os = "linux") {
        let lock = open(&server, "app")
            .await
            .lock(wish(Duration::ZERO))
            .await
            .unwrap();
        assert!(
            lock.notice()
                .is_some_and(|notice| notice.message.contains("is dead"))
        );
        lock.release().await.unwrap();
        assert!(
            ledger
                .lock(wish(Duration::ZERO))
                .await
                .unwrap()
                .notice()
                .is_none()
        );
    }
}

#[tokio::test]
async fn of_many_at_once_one_gets_the_lock() {
    let bao = Bao::dev().await;
    let server = bao.root().await.server;
    let ledger = Arc::new(open(&server, "app").await);
    ledger.create_mount_if_missing().await.unwrap();
    let runs = (0..24).map(|_| {
        let ledger = ledger.clone();
        tokio::spawn(async move { ledger.lock(wish(Duration::ZERO)).await })
    });
    let mut locks = Vec::new();
    for run in runs.collect::<Vec<_>>() {
        locks.extend(run.await.unwrap().ok());
    }
    assert_eq!(locks.len(), 1);
}

#[tokio::test]
async fn conflicts_are_merged_or_told() {
    let bao = Bao::dev().await;
    let server = bao.root().await.server;
    let first = open(&server, "app").await;
    first.create_mount_if_missing().await.unwrap();
    first.begin(vec![owned(&first, 1)]).await.unwrap();
    let (one, two) = (open(&server, "app").await, open(&server, "app").await);
    let changed = |written_at| Owned {
        written_at,
        ..owned(&first, 1)
    };
    one.begin(vec![changed(1), owned(&first, 2)]).await.unwrap();
    two.begin(vec![owned(&first, 3)]).await.unwrap();
    assert_eq!(open(&server, "app").await.records().len(), 3);
    assert!(plain(two.records()).contains(&changed(1)));
    first.record(changed(2)).await.unwrap();
    assert!(matches!(
        first.flush().await,
        Err(LedgerError::Changed { .. })
    ));
}

#[tokio::test]
async fn everything_goes_with_the_last_ledger() {
    let bao = Bao::dev().await;
    let server = bao.root().await.server;
    let ledger = open(&server, "an app").await;
    ledger.create_mount_if_missing().await.unwrap();
    ledger.keep_random("b-1", &json!("x")).await.unwrap();
    ledger.set_drift_memory(&json!({ "a": 1 })).await.unwrap();
    let record = owned(&ledger, 1);
    ledger.begin(vec![record.clone()]).await.unwrap();
    let again = open(&server, "an app").await;
    assert_eq!(
        again.read_random("b-1").await.unwrap(),
        RandomValue::Kept(json!("x").into())
    );
    assert_eq!(again.drift_memory().await.unwrap(), json!({ "a": 1 }));
    let names = ledgers(server.clone(), "", "vaultform").await.unwrap();
    assert_eq!(
        names.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["an app"]
    );
    let backup = again.backup().await.unwrap();
    let lock = again.lock(wish(Duration::ZERO)).await.unwrap();
    again.forget(&record.address, &record.place).await.unwrap();
    again.drop_random("b-1").await.unwrap();
    again.flush().await.unwrap();
    let removed = again.remove_if_empty(Some(lock)).await.unwrap();
    assert_eq!(
        removed,
        Removed {
            ledger: true,
            mount: true
        }
    );
    assert!(
        server
            .send(Request::get("sys/mounts/vaultform"))
            .await
            .is_err()
    );
    let restored = Ledger::restore(server.clone(), "", settings("an app"), &backup)
        .await
        .unwrap();
    assert_eq!(plain(restored.records()), [record]);
    assert_eq!(
        plain(open(&server, "an app").await.records()),
        plain(restored.records())
    );
}

#[tokio::test]
async fn version_1_of_kv_is_refused() {
    let bao = Bao::dev().await;
    let server = bao.root().await.server;
    server
        .send(Request::post(
            "sys/mounts/vaultform",
            json!({ "type": "kv" }),
        ))
        .await
        .unwrap();
    let error = Ledger::open(server, "", settings("app"))
        .await
        .err()
        .unwrap();
    assert!(matches!(error, LedgerError::NotVersioned { .. }), "{error}");
}
