//! Who gets the lock, and who loses it.

use super::*;
use crate::ledger::lock::taken;
use crate::ledger::process::Process;
use std::sync::atomic::{AtomicUsize, Ordering};

pub fn wish(on_wait: &(dyn Fn(&Held) + Send + Sync)) -> LockWish<'_> {
    LockWish {
        who: "anna",
        operation: "apply",
        wait: Duration::from_millis(1),
        on_wait,
    }
}

const ENTRY: &str = "vaultform/data/app/default/lock";

async fn put(server: &Memory, holder: &Holder) {
    server
        .send(Request::post(ENTRY, json!({ "data": taken(holder, 1) })))
        .await
        .unwrap();
}

/// A run on another host.
fn stranger() -> Holder {
    Holder {
        run: "r-1".into(),
        who: "ci".into(),
        operation: "destroy".into(),
        host: "elsewhere".into(),
        pid: 7,
        ..Holder::default()
    }
}

#[tokio::test]
async fn the_second_one_waits_and_is_told_who_holds_it() {
    let server = server().await;
    let ledger = open(&server, "app").await;
    let lock = ledger.lock(wish(&|_| {})).await.unwrap();
    assert!(lock.notice().is_none());
    let told = AtomicUsize::new(0);
    let count = |held: &Held| {
        assert_eq!(held.holder.who, "anna");
        told.fetch_add(1, Ordering::Relaxed);
    };
    let second = open(&server, "app").await;
    let patient = LockWish {
        wait: Duration::from_secs(1),
        ..wish(&count)
    };
    let error = second.lock(patient).await.err().unwrap();
    let LedgerError::Locked(held) = &error else {
        panic!("{error}")
    };
    assert_eq!(held.holder.run, lock.run());
    assert!(held.age.is_some() && !held.holder.since.is_empty());
    assert_eq!(told.load(Ordering::Relaxed), 1);
    assert!(error.hint().unwrap().contains(lock.run()));
    lock.release().await.unwrap();
    assert!(second.lock(wish(&|_| {})).await.unwrap().notice().is_none());
}

#[tokio::test]
async fn of_many_at_once_one_gets_it() {
    let server = server().await;
    let runs = (0..12).map(|_| {
        let server = server.clone();
        tokio::spawn(async move { open(&server, "app").await.lock(wish(&|_| {})).await })
    });
    let mut locks = Vec::new();
    for run in runs.collect::<Vec<_>>() {
        locks.extend(run.await.unwrap().ok());
    }
    assert_eq!(locks.len(), 1);
}

#[tokio::test]
async fn a_lock_that_is_not_renewed_is_taken_over() {
    let server = server().await;
    let ledger = open(&server, "app").await;
    put(&server, &stranger()).await;
    server.advance(Duration::from_secs(19));
    assert!(ledger.lock(wish(&|_| {})).await.err().unwrap().is_locked());
    server.advance(Duration::from_secs(2));
    let lock = ledger.lock(wish(&|_| {})).await.unwrap();
    let notice = &lock.notice().unwrap().message;
    assert!(
        notice.contains("`destroy` of `ci` on `elsewhere`") && notice.contains("not renewed"),
        "{notice}"
    );
    assert!(lock.held().await);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_lock_of_a_dead_process_of_this_host_is_taken_over_at_once() {
    let server = server().await;
    let own = Process::own();
    let alive = Holder {
        host: own.host,
        boot: own.boot,
        space: own.space,
        pid: own.pid,
        began: own.began,
        ..stranger()
    };
    put(&server, &alive).await;
    let ledger = open(&server, "app").await;
    assert!(ledger.lock(wish(&|_| {})).await.err().unwrap().is_locked());
    // A number that no process has: above every limit of Linux (4194304).
    put(
        &server,
        &Holder {
            pid: 4_194_305,
            ..alive
        },
    )
    .await;
    let lock = ledger.lock(wish(&|_| {})).await.unwrap();
    assert!(lock.notice().unwrap().message.contains("is dead"));
}

#[tokio::test]
async fn a_lock_that_another_took_is_lost() {
    let server = server().await;
    let ledger = open(&server, "app").await;
    let lock = ledger.lock(wish(&|_| {})).await.unwrap();
    assert!(lock.renew().await && lock.held().await && !lock.is_lost());
    put(&server, &stranger()).await;
    assert!(!lock.renew().await && !lock.held().await && lock.is_lost());
    let error = ledger.remove_if_empty(Some(lock)).await.err().unwrap();
    assert!(
        matches!(error, LedgerError::Changed { .. }),
        "another's ledger must stay"
    );
    server
        .send(Request::delete(ENTRY.replace("/data/", "/metadata/")))
        .await
        .unwrap();
    let lock = ledger.lock(wish(&|_| {})).await.unwrap();
    put(&server, &stranger()).await;
    lock.release().await.unwrap();
    let error = ledger.lock(wish(&|_| {})).await.err().unwrap();
    assert!(matches!(error, LedgerError::Locked(held) if held.holder.run == "r-1"));
}

#[tokio::test]
async fn a_renewal_whose_answer_got_lost_loses_nothing() {
    let server = server().await;
    let lock = open(&server, "app")
        .await
        .lock(wish(&|_| {}))
        .await
        .unwrap();
    let lost = ServerError::Unreachable {
        address: "memory://".into(),
        why: "reset".into(),
    };
    server.forget_seen();
    server.fail(1, Moment::After, lost);
    assert!(!lock.renew().await && !lock.is_lost());
    assert!(lock.renew().await);
    server.heal();
    lock.release().await.unwrap();
}

#[tokio::test]
async fn only_who_names_the_run_breaks_its_lock() {
    let server = server().await;
    let ledger = open(&server, "app").await;
    assert!(matches!(
        ledger.force_unlock("r-1").await,
        Err(LedgerError::NotTheHolder(None))
    ));
    put(&server, &stranger()).await;
    let error = ledger.force_unlock("r-2").await.err().unwrap();
    assert!(error.hint().unwrap().contains("r-1"));
    assert_eq!(ledger.force_unlock("r-1").await.unwrap().who, "ci");
    assert!(ledger.lock(wish(&|_| {})).await.is_ok());
}

#[tokio::test]
async fn where_the_clock_cannot_be_asked_a_lock_is_waited_for() {
    let server = server().await;
    put(&server, &stranger()).await;
    server.advance(Duration::from_secs(60));
    let about = About::from(&Request::post("clock", json!({})));
    server.fail_when(
        Moment::Before,
        ServerError::Denied { about },
        |_, request| request.path.ends_with("/clock"),
    );
    let error = open(&server, "app")
        .await
        .lock(wish(&|_| {}))
        .await
        .err()
        .unwrap();
    assert!(matches!(error, LedgerError::Locked(held) if held.age.is_none()));
}
