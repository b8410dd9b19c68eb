//! The program dies at any request: the next one finds every record as it was before or after, and none lost.

use super::*;
use std::collections::BTreeMap;

/// What each address may be found as: `None` is "not at all". The places are those of its records.
type Allowed = BTreeMap<String, Vec<Option<Owned>>>;

fn gone() -> ServerError {
    ServerError::Unreachable {
        address: "memory://".into(),
        why: "killed".into(),
    }
}

/// An object with so much to remember that a few fill a shard.
fn heavy(name: &str, round: usize) -> Owned {
    let mut owned = owned(name, &format!("place-of-{name}"));
    let ids = (0..60).map(|id| {
        let digest = DigestKey::random().digest(&json!([name, round, id]));
        Arc::<str>::from(&*digest.0)
    });
    owned.pending = Some(Pending {
        action: "create".into(),
        before: ids.collect(),
    });
    owned
}

/// Makes shards so small that a few heavy records fill one.
fn small(mut ledger: Ledger) -> Ledger {
    if let Home::Vault(shelf, _) = &mut ledger.home {
        shelf.shard_limit = 16 * 1024;
    }
    ledger
}

/// A run: begins, records, moves, forgets, grows into more shards. Every step says what may be found afterwards.
async fn run(ledger: &Ledger, heavies: &[Owned], allowed: &mut Allowed) -> Result<(), LedgerError> {
    let mut may =
        |name: &str, found: Option<Owned>| allowed.entry(name.to_owned()).or_default().push(found);
    for name in ["a", "b", "c"] {
        may(name, None);
        may(name, Some(pending(name, name)));
    }
    ledger
        .begin(["a", "b", "c"].map(|name| pending(name, name)).to_vec())
        .await?;
    let mut may = |name: &str, found: Vec<Option<Owned>>| allowed.insert(name.to_owned(), found);
    may("a", vec![Some(pending("a", "a")), Some(owned("a", "a"))]);
    ledger.record(owned("a", "a")).await?;
    ledger.flush().await?;
    may("a", vec![Some(owned("a", "a"))]);
    for heavy in heavies {
        may(&heavy.address.name, vec![None, Some(heavy.clone())]);
    }
    ledger.begin(heavies.to_vec()).await?;
    for heavy in heavies {
        may(&heavy.address.name, vec![Some(heavy.clone())]);
    }
    may("b", vec![Some(pending("b", "b")), None]);
    ledger
        .forget(&owned("b", "b").address, &owned("b", "b").place)
        .await?;
    ledger.flush().await?;
    may("b", vec![None]);
    Ok(())
}

fn check(server_records: Vec<Owned>, allowed: &Allowed, at: &str) {
    for owned in &server_records {
        assert!(
            allowed.contains_key(&*owned.address.name),
            "{at}: {} came from nowhere",
            owned.address
        );
    }
    for (name, allowed) in allowed {
        let found: Vec<_> = server_records
            .iter()
            .filter(|owned| *owned.address.name == **name)
            .collect();
        assert!(found.len() <= 1, "{at}: {name} is there twice");
        let found = found.first().map(|owned| (*owned).clone());
        assert!(allowed.contains(&found), "{at}: {name} is as it never was");
    }
}

#[tokio::test]
async fn a_kill_at_any_request_loses_nothing() {
    let heavies: Vec<Owned> = (0..40)
        .map(|number| heavy(&format!("heavy_{number}"), 0))
        .collect();
    let mut finished = 0;
    for nth in 1.. {
        for moment in [Moment::Before, Moment::After] {
            let server = server().await;
            server.forget_seen();
            server.die(nth, moment, gone());
            let mut allowed = Allowed::new();
            let outcome = match Ledger::open(server.clone(), "", settings("app")).await {
                Ok(ledger) => run(&small(ledger), &heavies, &mut allowed).await,
                Err(error) => Err(error),
            };
            server.heal();
            let again = open(&server, "app").await;
            check(
                plain(again.records()),
                &allowed,
                &format!("{moment:?} request {nth}"),
            );
            // And the next run can go on from there.
            again.begin(vec![pending("z", "z")]).await.unwrap();
            let last = open(&server, "app").await;
            assert_eq!(last.records().len(), again.records().len());
            assert!(last.notices().is_empty());
            finished += usize::from(outcome.is_ok());
        }
        if finished == 2 {
            assert!(
                nth > 15,
                "the run is too short to prove anything: {nth} requests"
            );
            return;
        }
        finished = 0;
    }
}

#[tokio::test]
async fn a_moved_record_is_never_lost_nor_doubled() {
    for nth in 1..=4 {
        for moment in [Moment::Before, Moment::After] {
            let server = server().await;
            let ledger = open(&server, "app").await;
            let ledger = small(ledger);
            ledger.begin(many(300)).await.unwrap();
            ledger.begin(vec![owned("old", "kv")]).await.unwrap();
            server.forget_seen();
            server.die(nth, moment, gone());
            let moved = ledger
                .record_instead(
                    &owned("old", "kv").address,
                    &owned("old", "kv").place,
                    owned("new", "kv"),
                )
                .await;
            let done = moved.is_ok() && ledger.flush().await.is_ok();
            server.heal();
            let again = open(&server, "app").await;
            let names = |ledger: &Ledger| -> Vec<String> {
                let of_place = ledger
                    .records()
                    .into_iter()
                    .filter(|owned| &*owned.place.path == "kv");
                of_place
                    .map(|owned| owned.address.name.to_string())
                    .collect()
            };
            assert_eq!(names(&again).len(), 1, "{moment:?} {nth}");
            assert!(!done || names(&again) == ["new"]);
            // What the dead run left is tidied up with the next write.
            again.begin(vec![pending("z", "z")]).await.unwrap();
            assert_eq!(names(&open(&server, "app").await), names(&again));
        }
    }
}

#[tokio::test]
async fn moving_back_and_forth_ends_where_it_ended() {
    let server = server().await;
    let ledger = small(open(&server, "app").await);
    ledger.begin(many(300)).await.unwrap();
    ledger.begin(vec![owned("one", "kv")]).await.unwrap();
    for (from, to) in [("one", "two"), ("two", "one"), ("one", "two")] {
        let from = owned(from, "kv");
        ledger
            .record_instead(&from.address, &from.place, owned(to, "kv"))
            .await
            .unwrap();
        assert_eq!(ledger.records().len(), 301);
    }
    ledger.flush().await.unwrap();
    let again = open(&server, "app").await;
    assert!(plain(again.records()).contains(&owned("two", "kv")) && again.records().len() == 301);
}

#[tokio::test]
async fn after_a_failed_flush_the_same_run_goes_on() {
    let heavies: Vec<Owned> = (0..40)
        .map(|number| heavy(&format!("heavy_{number}"), 0))
        .collect();
    for nth in 1..=24 {
        for moment in [Moment::Before, Moment::After] {
            let server = server().await;
            let ledger = small(open(&server, "app").await);
            ledger.begin(vec![owned("a", "a")]).await.unwrap();
            server.forget_seen();
            server.fail(nth, moment, gone());
            let first = ledger.begin(heavies.clone()).await;
            let mut newer = heavies.clone();
            newer.iter_mut().for_each(|owned| owned.written_at += 1);
            newer.push(owned("a", "a"));
            let second = ledger.begin(newer.clone()).await;
            assert!(
                first.is_ok() || second.is_ok(),
                "{moment:?} {nth}: {first:?} {second:?}"
            );
            if second.is_err() {
                ledger.flush().await.unwrap();
            }
            server.heal();
            assert_eq!(
                sorted(plain(open(&server, "app").await.records())),
                sorted(newer),
                "{moment:?} {nth}"
            );
        }
    }
}

#[tokio::test]
async fn no_entry_holds_a_value() {
    let server = server().await;
    let ledger = open(&server, "app").await;
    let secret = json!({ "password": "canary-7f3a" });
    let digest = ledger.digester().digest(&secret);
    let mut record = owned("a", "a");
    record.sent.insert("password".into(), digest.clone());
    ledger.begin(vec![record]).await.unwrap();
    let key = ledger.key.text();
    let mut shards = 0;
    for request in server.seen().iter().filter(|request| !request.verb.reads()) {
        let body = request
            .body
            .as_ref()
            .map(|body| body.json().to_string())
            .unwrap_or_default();
        assert!(!body.contains("canary-7f3a"));
        if let Some(text) = request
            .body
            .as_ref()
            .and_then(|body| body.json().pointer("/data/records")?.as_str())
        {
            shards += 1;
            let pack = serde_json::to_string(&pack::Pack::from_text(text).unwrap()).unwrap();
            assert!(
                pack.contains(&*digest.0)
                    && !pack.contains("canary")
                    && !pack.contains(key.as_str())
            );
        }
    }
    assert_eq!(shards, 1);
}
