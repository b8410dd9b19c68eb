//! The server room against a real OpenBao, started by each test on a free port.

#![allow(
    clippy::disallowed_methods,
    reason = "tests start servers, read files and the environment"
)]

mod bao;
mod logins;
mod nodes;

use bao::{Bao, connect};
use serde_json::json;
use vaultform::server::connect::Settings;
use vaultform::server::{
    Connection, Feature, Http, Login, Product, Readiness, Request, Server, ServerError, Verb,
};

fn code<T>(outcome: Result<T, ServerError>) -> &'static str {
    outcome.map_or_else(|error| error.code(), |_| "done")
}

#[tokio::test]
async fn it_is_known_and_answers() {
    let bao = Bao::dev().await;
    let server = bao.root().await.server;
    let identity = server.identity();
    assert_eq!(
        (identity.product, identity.readiness, identity.enterprise),
        (Product::OpenBao, Readiness::Active, false)
    );
    assert!(identity.version.major >= 2 && identity.has(Feature::Namespaces));
    assert_ne!(identity.id, identity.address, "a cluster has an id");
    let policy = Request::post(
        "sys/policies/acl/with space",
        json!({"policy": "path \"a\" { capabilities = [\"read\"] }"}),
    );
    server.send(policy).await.unwrap();
    let read = server
        .send(Request::get("sys/policies/acl/with space"))
        .await
        .unwrap();
    assert_eq!(read.data()["name"], "with space");
    let bulk = server
        .send(Request::list("sys/policies/detailed/acl"))
        .await
        .unwrap();
    assert!(
        bulk.keys().contains(&"with space")
            && bulk.data()["key_info"]["with space"]["policy"].is_string()
    );
    server
        .send(Request::delete("sys/policies/acl/with space"))
        .await
        .unwrap();
    assert_eq!(
        code(
            server
                .send(Request::get("sys/policies/acl/with space"))
                .await
        ),
        "not-found"
    );
    assert_eq!(server.counts().of(Verb::List), 1);
}

#[tokio::test]
async fn errors_are_told_apart() {
    let bao = Bao::dev().await;
    let server = bao.root().await.server;
    let send = |request| server.send(request);
    assert_eq!(
        code(send(Request::get("nosuch/x")).await),
        "nothing-mounted"
    );
    assert_eq!(
        code(send(Request::list("identity/entity/name")).await),
        "not-found"
    );
    assert_eq!(
        code(send(Request::new(Verb::Scan, "sys/policies/acl")).await),
        "unsupported-by-server"
    );
    assert_eq!(
        code(send(Request::get("sys/quotas/lease-count/x")).await),
        "unsupported-by-server"
    );
    let secret = Request::post(
        "secret/data/x",
        json!({"data": {"a": 1}, "options": {"cas": 0}}),
    );
    assert_eq!(code(send(secret.clone()).await), "done");
    assert_eq!(code(send(secret).await), "changed-meanwhile");
    send(Request::delete("secret/data/x")).await.unwrap();
    let Err(ServerError::Missing {
        left: Some(left), ..
    }) = send(Request::get("secret/data/x")).await
    else {
        panic!("a deleted version leaves its metadata");
    };
    assert_eq!(left.data()["metadata"]["version"], 1);
    assert_eq!(
        code(send(Request::patch("secret/data/never", json!({"data": {}}))).await),
        "not-found"
    );
    let broken = Request::post(
        "sys/policies/acl/x",
        json!({"policy": "path \"a\" { capabilities = [\"raed\"] }"}),
    );
    let error = send(broken).await.unwrap_err();
    assert!(error.to_string().contains("invalid capability"), "{error}");
}

#[tokio::test]
async fn a_denial_is_no_bad_token() {
    let bao = Bao::dev().await;
    let root = bao.root().await.server;
    let made = root
        .send(Request::post(
            "auth/token/create",
            json!({"policies": ["default"]}),
        ))
        .await
        .unwrap();
    let token = made.auth().unwrap()["client_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let poor = connect(&bao.settings(&token)).await.server;
    let error = poor
        .send(Request::post("sys/mounts/kv", json!({"type": "kv"})))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "permission-denied");
    assert!(
        error.to_string().contains("`sys/mounts/kv`")
            && error.to_string().contains("create or update")
    );
    let unknown = Connection::open(&bao.settings("s.no-such-token")).await;
    assert_eq!(code(unknown), "bad-token");
}

#[tokio::test]
async fn namespaces_are_sent_and_a_tokens_own_is_found() {
    let bao = Bao::dev().await;
    let root = bao.root().await.server;
    let inside = |request: Request| request.namespace("team");
    let mounts = || inside(Request::get("sys/mounts"));
    assert_eq!(code(root.send(mounts()).await), "namespace-not-found");
    root.send(Request::post("sys/namespaces/team", json!({})))
        .await
        .unwrap();
    root.send(inside(Request::post(
        "sys/mounts/ours",
        json!({"type": "kv"}),
    )))
    .await
    .unwrap();
    assert!(
        root.send(mounts())
            .await
            .unwrap()
            .data()
            .get("ours/")
            .is_some()
    );
    assert!(
        root.send(Request::get("sys/mounts"))
            .await
            .unwrap()
            .data()
            .get("ours/")
            .is_none()
    );
    let made = root
        .send(inside(Request::post(
            "auth/token/create",
            json!({"ttl": "5m"}),
        )))
        .await
        .unwrap();
    let token = made.auth().unwrap()["client_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let connection = connect(&bao.settings(&token)).await;
    assert_eq!(&*connection.namespace, "team");
    let elsewhere = Settings {
        namespace_from_token: false,
        ..bao.settings(&token)
    };
    assert_eq!(&*connect(&elsewhere).await.namespace, "");
}

#[tokio::test]
async fn answers_can_be_wrapped() {
    let bao = Bao::dev().await;
    let root = bao.root().await.server;
    let request =
        Request::get("sys/policies/acl/default").wrapped(std::time::Duration::from_secs(60));
    let wrapped = root.send(request).await.unwrap();
    assert_eq!(wrapped.wrap_info().unwrap()["ttl"], 60);
    assert!(wrapped.data().is_null());
}

#[tokio::test]
async fn a_fresh_server_is_uninitialised_then_sealed_then_works() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("data")).unwrap();
    let storage = "\"raft\" { path = \"DIR/data\" }";
    let bao = Bao::configured(folder, "http", storage, "tls_disable = true").await;
    let settings = bao.settings("any");
    assert_eq!(
        Http::reach(&settings).await.unwrap().identity().readiness,
        Readiness::Uninitialised
    );
    assert_eq!(
        code(Connection::open(&settings).await),
        "server-uninitialised"
    );
    let (key, token) = bao::initialise(&settings).await;
    let connection = connect(&bao.settings(&token)).await;
    connection
        .server
        .send(Request::post("sys/seal", json!({})))
        .await
        .unwrap();
    assert_eq!(
        code(Connection::open(&bao.settings(&token)).await),
        "server-sealed"
    );
    let impatient = Settings {
        max_retries: Some(1),
        login: Login::None,
        ..settings
    };
    let sealed = Http::reach(&impatient).await.unwrap();
    assert_eq!(sealed.identity().readiness, Readiness::Sealed);
    assert_eq!(
        code(sealed.send(Request::get("sys/mounts")).await),
        "server-sealed"
    );
    bao::unseal(&bao.settings(&token), &key).await;
    connect(&bao.settings(&token)).await;
}
