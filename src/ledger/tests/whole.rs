//! The mount, other ledgers, what is beside the records, backups, files.

use super::*;

#[tokio::test]
async fn no_mount_without_the_wish_for_one() {
    let mut wish = settings("app");
    wish.kind = Kind::Vault {
        mount: "vaultform".into(),
        create: false,
    };
    let ledger = Ledger::open(Arc::new(Memory::new()), "", wish)
        .await
        .unwrap();
    assert!(matches!(
        ledger.create_mount_if_missing().await,
        Err(LedgerError::NoMount { .. })
    ));
    assert!(matches!(
        ledger.begin(vec![owned("a", "a")]).await,
        Err(LedgerError::NoMount { .. })
    ));
}

#[tokio::test]
async fn another_engine_at_the_mount_is_refused() {
    let server = Arc::new(Memory::new());
    server
        .send(Request::post(
            "sys/mounts/vaultform",
            json!({ "type": "kv" }),
        ))
        .await
        .unwrap();
    let ledger = open(&server, "app").await;
    let error = ledger.begin(vec![owned("a", "a")]).await.err().unwrap();
    assert!(matches!(error, LedgerError::NotVersioned { .. }), "{error}");
}

#[tokio::test]
async fn the_last_ledger_takes_the_mount_with_it() {
    let server = server().await;
    for name in ["one", "two"] {
        open(&server, name)
            .await
            .begin(vec![owned("a", "a")])
            .await
            .unwrap();
    }
    let is_there = async |server: &Memory| {
        server
            .send(Request::get("sys/mounts/vaultform"))
            .await
            .is_ok()
    };
    for (name, mount) in [("one", false), ("two", true)] {
        let ledger = open(&server, name).await;
        let lock = ledger.lock(lock_tests::wish(&|_| {})).await.unwrap();
        assert_eq!(
            ledger.remove_if_empty(Some(lock)).await.unwrap(),
            Removed::default()
        );
        let lock = ledger.lock(lock_tests::wish(&|_| {})).await.unwrap();
        ledger
            .forget(&owned("a", "a").address, &owned("a", "a").place)
            .await
            .unwrap();
        ledger.flush().await.unwrap();
        assert_eq!(
            ledger.remove_if_empty(Some(lock)).await.unwrap(),
            Removed {
                ledger: true,
                mount
            }
        );
        assert_eq!(is_there(&server).await, !mount);
    }
}

#[tokio::test]
async fn a_foreign_mount_stays() {
    let server = Arc::new(Memory::new());
    let body = json!({ "type": "kv", "options": { "version": "2" } });
    server
        .send(Request::post("sys/mounts/vaultform", body))
        .await
        .unwrap();
    let ledger = open(&server, "app").await;
    ledger.establish().await.unwrap();
    assert_eq!(
        ledger.remove_if_empty(None).await.unwrap(),
        Removed {
            ledger: true,
            mount: false
        }
    );
}

#[tokio::test]
async fn ledgers_know_each_other() {
    let server = server().await;
    open(&server, "app")
        .await
        .begin(vec![owned("a", "a")])
        .await
        .unwrap();
    let staging = Settings {
        workspace: "staging".into(),
        ..settings("other")
    };
    let staging = Ledger::open(server.clone(), "", staging).await.unwrap();
    staging.begin(vec![owned("b", "b")]).await.unwrap();
    let names = ledgers(server.clone(), "", "vaultform").await.unwrap();
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["app", "other/staging"]);
    let ledger = open(&server, "app").await;
    let owners = ledger.owners_of(&owned("b", "b").place).await.unwrap();
    assert_eq!(owners.len(), 1);
    assert_eq!(
        (owners[0].ledger.to_string().as_str(), &owners[0].address),
        ("other/staging", &owned("b", "b").address)
    );
    assert!(
        ledger
            .owners_of(&owned("a", "a").place)
            .await
            .unwrap()
            .is_empty()
    );
    let error = staging.remove(None, false).await.err().unwrap();
    assert!(matches!(error, LedgerError::NotEmpty { records: 1, .. }));
    staging.remove(None, true).await.unwrap();
    assert_eq!(ledgers(server, "", "vaultform").await.unwrap().len(), 1);
}

#[tokio::test]
async fn random_values_are_made_once_and_need_vault() {
    let server = server().await;
    let ledger = open(&server, "app").await;
    assert_eq!(
        ledger.read_random("b1").await.unwrap(),
        RandomValue::Missing
    );
    ledger
        .keep_random("b1", &json!({ "result": "hunter2" }))
        .await
        .unwrap();
    ledger
        .keep_random("b1", &json!({ "result": "hunter2" }))
        .await
        .unwrap();
    assert!(ledger.keep_random("b1", &json!("other")).await.is_err());
    let RandomValue::Kept(value) = open(&server, "app").await.read_random("b1").await.unwrap()
    else {
        panic!("it is kept");
    };
    assert_eq!(value.json(), &json!({ "result": "hunter2" }));
    let request = Request::get("x");
    server.fail_when(Moment::Before, denied(&request), |_, request| {
        request.path.contains("/random/")
    });
    assert_eq!(
        ledger.read_random("b1").await.unwrap(),
        RandomValue::NotReadable
    );
    server.heal();
    ledger.drop_random("b1").await.unwrap();
    assert_eq!(
        ledger.read_random("b1").await.unwrap(),
        RandomValue::Missing
    );
    let nothing = Settings {
        kind: Kind::None,
        ..settings("app")
    };
    let nothing = Ledger::open(server, "", nothing).await.unwrap();
    assert!(matches!(
        nothing.keep_random("b1", &json!(1)).await,
        Err(LedgerError::NeedsVault { .. })
    ));
    assert!(!nothing.remembers());
}

#[tokio::test]
async fn drift_memory_is_no_part_of_the_version() {
    let server = server().await;
    let ledger = open(&server, "app").await;
    ledger.begin(vec![owned("a", "a")]).await.unwrap();
    let version = open(&server, "app").await.version();
    assert_eq!(ledger.drift_memory().await.unwrap(), json!(null));
    ledger
        .set_drift_memory(&json!({ "seen": ["x"] }))
        .await
        .unwrap();
    let again = open(&server, "app").await;
    assert_eq!(
        again.drift_memory().await.unwrap(),
        json!({ "seen": ["x"] })
    );
    assert_eq!(again.version(), version);
}

#[tokio::test]
async fn a_backup_brings_everything_back() {
    let server = server().await;
    let ledger = open(&server, "app").await;
    ledger.begin(many(20)).await.unwrap();
    ledger.keep_random("b1", &json!("hunter2")).await.unwrap();
    let backup = ledger.backup().await.unwrap();
    assert!(!format!("{backup:?}").contains("hunter2"));
    let backup = Backup::parse(&backup.bytes()).unwrap();
    let denied = Ledger::restore(server.clone(), "", settings("app"), &backup)
        .await
        .err()
        .unwrap();
    assert!(matches!(denied, LedgerError::NotEmpty { .. }));
    let fresh = Arc::new(Memory::new());
    Ledger::restore(fresh.clone(), "", settings("app"), &backup)
        .await
        .unwrap();
    let restored = open(&fresh, "app").await;
    assert_eq!(restored.records(), ledger.records());
    assert_eq!(
        restored.digester().digest(&json!(1)),
        ledger.digester().digest(&json!(1))
    );
    assert_eq!(
        restored.read_random("b1").await.unwrap(),
        RandomValue::Kept(json!("hunter2").into())
    );
    assert!(Backup::parse(b"{}").is_err());
}

#[tokio::test]
async fn a_file_keeps_a_ledger_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/ledger.json");
    let wish = Settings {
        kind: Kind::File(path.clone()),
        ..settings("app")
    };
    let server = Arc::new(Memory::new());
    let ledger = Ledger::open(server.clone(), "", wish.clone())
        .await
        .unwrap();
    let lock = ledger.lock(lock_tests::wish(&|_| {})).await.unwrap();
    let second = Ledger::open(server.clone(), "", wish.clone())
        .await
        .unwrap();
    let error = second
        .lock(LockWish {
            wait: Duration::ZERO,
            ..lock_tests::wish(&|_| {})
        })
        .await
        .err()
        .unwrap();
    assert!(
        error.is_locked() && error.to_string().contains("anna"),
        "{error}"
    );
    ledger.begin(many(30)).await.unwrap();
    lock.release().await.unwrap();
    let again = Ledger::open(server.clone(), "", wish.clone())
        .await
        .unwrap();
    assert_eq!(again.records(), ledger.records());
    assert_eq!(
        again.digester().digest(&json!(1)),
        ledger.digester().digest(&json!(1))
    );
    assert!(matches!(
        again.keep_random("b", &json!(1)).await,
        Err(LedgerError::NeedsVault { .. })
    ));
    let staging = Settings {
        workspace: "staging".into(),
        ..wish
    };
    assert!(
        Ledger::open(server.clone(), "", staging)
            .await
            .unwrap()
            .records()
            .is_empty()
    );
    again.remove(None, true).await.unwrap();
    assert!(
        std::fs::read_dir(path.parent().unwrap())
            .unwrap()
            .next()
            .is_none()
    );
    assert_eq!(server.counts().total(), 0);
}

#[tokio::test]
async fn every_call_may_run_on_any_thread() {
    fn movable<T: Send>(future: T) -> T {
        future
    }
    let server = server().await;
    let ledger = movable(open(&server, "app")).await;
    let record = owned("a", "a");
    let lock = movable(ledger.lock(lock_tests::wish(&|_| {})))
        .await
        .unwrap();
    movable(ledger.begin(vec![record.clone()])).await.unwrap();
    movable(ledger.record_instead(&record.address, &record.place, owned("b", "a")))
        .await
        .unwrap();
    movable(ledger.flush()).await.unwrap();
    assert!(movable(lock.held()).await);
    assert!(
        movable(ledger.owners_of(&record.place))
            .await
            .unwrap()
            .is_empty()
    );
    movable(ledger.backup()).await.unwrap();
    let removed = movable(ledger.remove(Some(lock), true)).await.unwrap();
    assert_eq!(
        removed,
        Removed {
            ledger: true,
            mount: true
        }
    );
}
