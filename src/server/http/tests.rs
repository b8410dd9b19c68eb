use super::stub::{Act, Seen, Stub};
use super::*;
use crate::server::{Connection, Login, Product, Verb};
use crate::value::Text;
use serde_json::json;
use std::sync::Mutex;

fn openbao(cluster: &str) -> String {
    json!({"initialized": true, "sealed": false, "standby": false, "version": "2.7.2", "commit_date": "x", "cluster_id": cluster}).to_string()
}

fn vault(enterprise: bool) -> String {
    json!({"initialized": true, "sealed": false, "standby": false, "version": "1.21.4", "enterprise": enterprise, "cluster_id": "c"}).to_string()
}

/// Answers who it is, and everything else by `rest`.
fn known(
    who: String,
    mut rest: impl FnMut(&Seen) -> Act + Send + 'static,
) -> impl FnMut(&Seen) -> Act + Send + 'static {
    move |seen| match seen.target.contains("sys/seal-status") || seen.target.contains("sys/health")
    {
        true => Act::Answer(200, who.clone()),
        false => rest(seen),
    }
}

fn settings(address: &str) -> Settings {
    Settings {
        patience: Duration::from_secs(5),
        ..Settings::new(address)
    }
}

async fn reach(address: &str) -> Http {
    let http = Http::reach(&settings(address)).await.unwrap();
    http.set_token(Some(Text::from("s.secret-token"))).unwrap();
    http
}

fn ok() -> Act {
    Act::Answer(
        200,
        json!({"request_id": "r", "data": {"a": 1}}).to_string(),
    )
}

/// Answers in turn, then 200 for ever.
fn in_turn(acts: impl IntoIterator<Item = Act>) -> impl FnMut(&Seen) -> Act + Send + 'static {
    let mut acts: Vec<Act> = acts.into_iter().collect();
    acts.reverse();
    move |_| acts.pop().unwrap_or_else(ok)
}

fn errors(texts: &[&str]) -> String {
    json!({ "errors": texts }).to_string()
}

#[tokio::test]
async fn passing_faults_are_waited_out() {
    let acts = [
        Act::With(429, "Retry-After: 0", errors(&["quota"])),
        Act::Answer(412, errors(&[])),
        Act::Answer(472, errors(&[])),
        Act::Answer(502, "<html>".into()),
        Act::Answer(
            500,
            errors(&["1 error occurred:\n\t* transaction commit failed\n\n"]),
        ),
        Act::Drop,
    ];
    let stub = Stub::start(known(openbao("c"), in_turn(acts))).await;
    let http = reach(&stub.address).await;
    let reply = http
        .send(Request::post("auth/approle/role/x", json!({"a": 1})))
        .await
        .unwrap();
    assert_eq!(reply.data()["a"], 1);
    assert_eq!(stub.asked().len(), 7);
    assert_eq!(http.counts().of(Verb::Post), 7);
}

#[tokio::test]
async fn what_must_not_happen_twice_is_not_sent_twice() {
    let acts = [Act::Answer(429, errors(&[])), Act::Drop];
    let stub = Stub::start(known(openbao("c"), in_turn(acts))).await;
    let http = reach(&stub.address).await;
    let request = Request::post("pki/root/generate/internal", json!({"common_name": "x"})).once();
    let error = http.send(request).await.unwrap_err();
    assert_eq!(error.code(), "outcome-unknown");
    assert_eq!(
        stub.asked().len(),
        2,
        "the refused one is repeated, the unknown one is not"
    );
}

#[tokio::test]
async fn retries_are_counted() {
    let stub = Stub::start(known(openbao("c"), |_| {
        Act::Answer(429, errors(&["quota"]))
    }))
    .await;
    let http = Http::reach(&Settings {
        max_retries: Some(2),
        ..settings(&stub.address)
    })
    .await
    .unwrap();
    assert_eq!(
        http.send(Request::get("a/b")).await.unwrap_err().code(),
        "rate-limited"
    );
    assert_eq!(stub.asked().len(), 3);
}

#[tokio::test]
async fn a_redirect_elsewhere_never_gets_the_token() {
    let elsewhere = Stub::start(|_| ok()).await;
    let location: &'static str = format!("Location: {}/v1/a/b", elsewhere.address).leak();
    let stub = Stub::start(known(openbao("c"), move |seen| {
        match seen.target.contains("sys/leader") {
            true => Act::Answer(
                200,
                json!({"leader_address": "http://127.0.0.1:1"}).to_string(),
            ),
            false => Act::With(307, location, String::new()),
        }
    }))
    .await;
    let error = reach(&stub.address)
        .await
        .send(Request::get("a/b"))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "redirect-not-followed");
    assert!(elsewhere.seen.lock().unwrap().is_empty());
}

/// Starts a leader of a cluster and a standby that redirects to it.
async fn leader_and_standby(leader_cluster: &str) -> (Stub, Stub) {
    let leader = Stub::start(known(openbao(leader_cluster), |_| ok())).await;
    let address = leader.address.clone();
    let location: &'static str = format!("Location: {address}/v1/a/b").leak();
    let standby = Stub::start(known(openbao("c"), move |seen| {
        match seen.target.contains("sys/leader") {
            true => Act::Answer(200, json!({ "leader_address": address }).to_string()),
            false => Act::With(307, location, String::new()),
        }
    }));
    (leader, standby.await)
}

#[tokio::test]
async fn a_redirect_to_the_leader_is_followed_and_remembered() {
    let (leader, standby) = leader_and_standby("c").await;
    let http = reach(&standby.address).await;
    for _ in 0..2 {
        http.send(Request::get("a/b")).await.unwrap();
    }
    assert_eq!((standby.asked().len(), leader.asked().len()), (1, 2));
    assert!(leader.asked()[0].has("x-vault-token: s.secret-token"));
}

#[tokio::test]
async fn a_leader_of_another_cluster_is_a_stranger() {
    let (leader, standby) = leader_and_standby("other").await;
    let error = reach(&standby.address)
        .await
        .send(Request::get("a/b"))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "redirect-not-followed");
    let seen = leader.seen.lock().unwrap().clone();
    assert!(
        seen.iter().all(|seen| !seen.has("x-vault-token")),
        "{seen:?}"
    );
}

#[tokio::test]
async fn other_redirects_are_errors() {
    let stub = Stub::start(known(openbao("c"), |_| {
        Act::With(301, "Location: /v1/elsewhere", String::new())
    }))
    .await;
    let error = reach(&stub.address)
        .await
        .send(Request::get("a/b"))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "redirect-not-followed");
    assert_eq!(stub.targets(), ["/v1/a/b"]);
}

#[tokio::test]
async fn a_path_prefix_and_odd_names_arrive_as_they_are() {
    let stub = Stub::start(known(openbao("c"), |_| ok())).await;
    let http = reach(&format!("{}/behind/proxy/", stub.address)).await;
    http.send(Request::list("kv/metadata/a b/c?d").query("after", "x&y"))
        .await
        .unwrap();
    http.send(Request::patch("kv/data/ö%2e", json!({"a": null})))
        .await
        .unwrap();
    let asked = stub.asked();
    assert_eq!(
        asked[0].target,
        "/behind/proxy/v1/kv/metadata/a%20b/c%3Fd?after=x%26y&list=true"
    );
    assert_eq!(asked[0].method, "GET");
    assert!(asked[0].has("x-vault-request: true"));
    assert_eq!(asked[1].target, "/behind/proxy/v1/kv/data/%C3%B6%252e");
    assert!(asked[1].has("content-type: application/merge-patch+json"));
    assert_eq!(asked[1].body, r#"{"a":null}"#);
    assert!(
        http.send(Request::delete("sys/policies/acl/.."))
            .await
            .is_err()
    );
    assert_eq!(
        stub.asked().len(),
        2,
        "a path that leads elsewhere is not sent"
    );
}

#[tokio::test]
async fn errors_quote_no_secret() {
    let echo = |seen: &Seen| {
        Act::Answer(
            400,
            errors(&[&format!("bad: {} {}", seen.body, seen.headers)]),
        )
    };
    let stub = Stub::start(known(openbao("c"), echo)).await;
    let body = json!({"password": "hunter2-hunter2", "key": "line \"one\"\nline two"});
    let error = reach(&stub.address)
        .await
        .send(Request::post("database/config/x", body))
        .await
        .unwrap_err();
    let told = format!("{error} {error:?} {:?}", error.to_diagnostic());
    assert!(told.contains("bad: "));
    for secret in ["hunter2-hunter2", "line two", "one\\\"", "s.secret-token"] {
        assert!(!told.contains(secret), "{secret} in {told}");
    }
}

#[tokio::test]
async fn namespaces_go_only_to_servers_that_honour_them() {
    for (who, sent) in [
        (openbao("c"), true),
        (vault(true), true),
        (vault(false), false),
    ] {
        let stub = Stub::start(known(who, |_| ok())).await;
        let http = reach(&stub.address).await;
        let outcome = http
            .send(Request::post("sys/mounts/kv", json!({"type": "kv"})).namespace("/team/a/"))
            .await;
        assert_eq!(outcome.is_ok(), sent);
        assert_eq!(stub.asked().len(), usize::from(sent));
        assert!(
            stub.asked()
                .iter()
                .all(|seen| seen.has("x-vault-namespace: team/a\r"))
        );
        http.send(Request::get("sys/mounts")).await.unwrap();
        assert!(!stub.asked().last().unwrap().has("x-vault-namespace"));
    }
}

#[tokio::test]
async fn index_headers_go_to_openbao_reads_only() {
    // {"cluster":"c","value":"31"} and …"9"}: the greater one stays.
    let newer = "X-Vault-Index: eyJjbHVzdGVyIjoiYyIsInZhbHVlIjoiMzEifQ==";
    let older = "X-Vault-Index: eyJjbHVzdGVyIjoiYyIsInZhbHVlIjoiOSJ9";
    for (who, sent) in [(openbao("c"), true), (vault(true), false)] {
        let acts = [
            ok(),
            Act::With(204, newer, String::new()),
            Act::With(204, older, String::new()),
        ];
        let stub = Stub::start(known(who, in_turn(acts))).await;
        let http = reach(&stub.address).await;
        http.send(Request::get("a/b")).await.unwrap();
        for _ in 0..2 {
            http.send(Request::post("a/b", json!({}))).await.unwrap();
        }
        http.send(Request::get("a/b")).await.unwrap();
        let carried: Vec<bool> = stub
            .asked()
            .iter()
            .map(|seen| seen.has("x-vault-index"))
            .collect();
        assert_eq!(carried, [false, false, false, sent]);
        assert_eq!(stub.asked()[3].has(newer), sent);
    }
}

#[tokio::test]
async fn what_is_no_vault_is_told_so() {
    let stub = Stub::start(|_| Act::Answer(200, "<html>hello</html>".into())).await;
    let error = Http::reach(&Settings {
        max_retries: Some(0),
        ..settings(&stub.address)
    })
    .await
    .err()
    .unwrap();
    assert_eq!(error.code(), "not-a-vault-answer");
    assert!(!error.to_string().contains("hello"));
    let closed = Stub::start(|_| Act::Drop)
        .await
        .address
        .replace("127.0.0.1", "127.0.0.2");
    let error = Http::reach(&Settings {
        max_retries: Some(1),
        ..settings(&closed)
    })
    .await
    .err()
    .unwrap();
    assert_eq!(error.code(), "server-unreachable");
    assert!(error.is_unreachable());
}

#[tokio::test]
async fn a_sealed_server_is_told_at_once_when_it_stays_so() {
    let stub = Stub::start(known(openbao("c"), |_| {
        Act::Answer(503, errors(&["Vault is sealed"]))
    }))
    .await;
    let http = Http::reach(&Settings {
        max_retries: Some(1),
        ..settings(&stub.address)
    })
    .await
    .unwrap();
    assert_eq!(
        http.send(Request::get("a/b")).await.unwrap_err().code(),
        "server-sealed"
    );
}

#[tokio::test]
async fn a_version_override_serves_where_the_server_tells_none() {
    let stub = Stub::start(|_| Act::Answer(403, errors(&["permission denied"]))).await;
    assert!(Http::reach(&settings(&stub.address)).await.is_err());
    let named = Settings {
        version_override: Some("1.20.0+ent".into()),
        ..settings(&stub.address)
    };
    let http = Http::reach(&named).await.unwrap();
    assert_eq!(
        (http.identity().product, http.identity().enterprise),
        (Product::Vault, true)
    );
    let skips = Settings {
        skip_detection: true,
        ..named
    };
    let http = Http::reach(&skips).await.unwrap();
    assert_eq!(*http.identity().id, *stub.address);
}

/// Objects are remembered by the cluster's id: it must not change with how the version is found.
#[tokio::test]
async fn a_version_that_is_said_changes_nothing_about_which_cluster_it_is() {
    let stub = Stub::start(known(openbao("c"), |_| ok())).await;
    let named = Settings {
        version_override: Some("2.1.0".into()),
        skip_detection: true,
        ..settings(&stub.address)
    };
    let http = Http::reach(&named).await.unwrap();
    assert_eq!(
        (&*http.identity().id, &*http.identity().version_text),
        ("c", "2.1.0")
    );
}

#[tokio::test]
async fn requests_in_flight_stay_below_the_limit() {
    let stub = Stub::start(known(openbao("c"), |_| ok())).await;
    let (now, most) = (Arc::new(Mutex::new(0_i32)), Arc::new(Mutex::new(0_i32)));
    let http = Arc::new(
        Http::reach(&Settings {
            in_flight: 3,
            ..settings(&stub.address)
        })
        .await
        .unwrap(),
    );
    let sends = (0..20).map(|_| {
        let (http, now, most) = (http.clone(), now.clone(), most.clone());
        async move {
            let _turn = http.link.wire.limits.turn(&Request::get("a")).await;
            let count = {
                let mut now = now.lock().unwrap();
                *now += 1;
                *now
            };
            most.lock()
                .map(|mut most| *most = count.max(*most))
                .unwrap();
            tokio::task::yield_now().await;
            *now.lock().unwrap() -= 1;
        }
    });
    futures::future::join_all(sends).await;
    assert_eq!(*most.lock().unwrap(), 3);
}

#[tokio::test]
async fn the_log_tells_what_happened_and_no_secret() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let log = lines.clone();
    let stub = Stub::start(known(openbao("c"), |_| ok())).await;
    let told = Settings {
        log: Some(Arc::new(move |event| {
            log.lock().unwrap().push(format!("{event:?}"))
        })),
        ..settings(&stub.address)
    };
    let http = Http::reach(&told).await.unwrap();
    http.set_token(Some(Text::from("s.secret-token"))).unwrap();
    http.send(Request::post("a/b", json!({"password": "hunter2"})))
        .await
        .unwrap();
    let last = lines.lock().unwrap().last().unwrap().clone();
    assert!(
        last.contains("Post") && last.contains("a/b") && last.contains("200"),
        "{last}"
    );
    assert!(!last.contains("hunter2") && !last.contains("secret-token"));
}

#[tokio::test]
async fn a_login_is_sent_without_a_token_and_revoked_at_the_end() {
    let stub = Stub::start(known(openbao("c"), |seen| {
        let auth = json!({"client_token": "s.made", "lease_duration": 60, "renewable": true, "token_type": "service"});
        match seen.target.contains("login") {
            true => Act::Answer(200, json!({"request_id": "r", "data": null, "auth": auth}).to_string()),
            false => Act::Answer(204, String::new()),
        }
    }))
    .await;
    let login = Login::At {
        path: "auth/approle/login".into(),
        namespace: "team".into(),
        body: [("role_id".to_owned(), Text::from("r"))].into(),
    };
    let connection = Connection::open(&Settings {
        login,
        ..settings(&stub.address)
    })
    .await
    .unwrap();
    connection.close().await.unwrap();
    let asked = stub.asked();
    assert_eq!(
        stub.targets(),
        ["/v1/auth/approle/login", "/v1/auth/token/revoke-self"]
    );
    assert!(!asked[0].has("x-vault-token") && asked[1].has("x-vault-token: s.made"));
    assert!(
        asked
            .iter()
            .all(|seen| seen.has("x-vault-namespace: team\r"))
    );
}

#[tokio::test]
async fn a_given_token_is_looked_at_and_never_revoked() {
    let stub = Stub::start(known(openbao("c"), |_| {
        Act::Answer(200, json!({"request_id": "r", "data": {"ttl": 60, "renewable": true, "namespace_path": "team/"}}).to_string())
    }))
    .await;
    let given = Settings {
        login: Login::Token(Text::from("s.given")),
        ..settings(&stub.address)
    };
    let connection = Connection::open(&given).await.unwrap();
    assert_eq!(&*connection.namespace, "team");
    connection.close().await.unwrap();
    assert_eq!(stub.targets(), ["/v1/auth/token/lookup-self"]);
}

#[tokio::test]
async fn a_token_that_no_header_can_carry_is_refused_in_words() {
    let stub = Stub::start(known(openbao("c"), |_| ok())).await;
    let given = Settings {
        login: Login::Token(Text::from("s.two\nlines")),
        ..settings(&stub.address)
    };
    let error = Connection::open(&given).await.err().unwrap();
    assert_eq!(error.code(), "connection-settings");
    assert!(!format!("{error} {error:?}").contains("lines\""));
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends() {
    let stub = Stub::start(known(openbao("c"), |seen| {
        let auth = json!({"client_token": "s.made", "lease_duration": 0, "renewable": false, "token_type": "service"});
        match seen.target.contains("lookup-self") {
            true => Act::Answer(200, json!({"request_id": "r", "data": {"ttl": 2, "renewable": true}}).to_string()),
            false => Act::Answer(200, json!({"request_id": "r", "auth": auth}).to_string()),
        }
    }))
    .await;
    let given = Settings {
        login: Login::Token(Text::from("s.given")),
        ..settings(&stub.address)
    };
    let connection = Connection::open(&given).await.unwrap();
    let _alive = connection.keep_alive();
    while stub.asked().len() < 2 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(stub.targets()[1], "/v1/auth/token/renew-self");
}

#[tokio::test]
async fn what_waits_for_its_turn_is_not_sent_once_its_guard_holds_no_more() {
    let held = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let server = held.clone();
    // The lock is lost while the first write is under way, and the others wait.
    let lose = move |_: &Seen| {
        server.store(false, std::sync::atomic::Ordering::SeqCst);
        ok()
    };
    let stub = Stub::start(known(openbao("c"), lose)).await;
    let alone = Settings {
        in_flight: 1,
        ..settings(&stub.address)
    };
    let http = Http::reach(&alone).await.unwrap();
    let guard = crate::server::Guard::new(move || held.load(std::sync::atomic::Ordering::SeqCst));
    let server = crate::server::guarded(Arc::new(http), &guard);
    let write =
        |name: &str| server.send(Request::post(format!("sys/policies/acl/{name}"), json!({})));
    let (first, second, third) = futures::join!(write("a"), write("b"), write("c"));
    assert!(first.is_ok());
    for later in [second, third] {
        assert_eq!(later.unwrap_err().code(), "lock-lost");
    }
    assert_eq!(stub.targets(), ["/v1/sys/policies/acl/a"]);
    // What reads, and what closes what was opened, goes on.
    assert!(server.send(Request::get("a/b")).await.is_ok());
    let close = Request::post("sys/leases/revoke", json!({})).guard(crate::server::Guard::open());
    assert!(server.send(close).await.is_ok());
}

#[tokio::test]
async fn a_server_whose_health_is_not_told_gets_no_namespace() {
    let seal = json!({"initialized": true, "sealed": false, "version": "2.0.1", "cluster_id": "c"});
    let health =
        json!({"initialized": true, "sealed": false, "standby": false, "version": "2.0.1"});
    // How often the health is refused, and what the server is then taken for.
    for (refused, product) in [(1, Product::OpenBao), (99, Product::Vault)] {
        let (seal, health) = (seal.to_string(), health.to_string());
        let mut left = refused;
        let stub = Stub::start(move |seen| {
            if seen.target.contains("sys/seal-status") {
                Act::Answer(200, seal.clone())
            } else if seen.target.contains("sys/health") && left > 0 {
                left -= 1;
                Act::Answer(503, errors(&["no healthy upstream"]))
            } else {
                Act::Answer(200, health.clone())
            }
        })
        .await;
        let http = Http::reach(&settings(&stub.address)).await.unwrap();
        assert_eq!(http.identity().product, product, "refused {refused} times");
    }
}
