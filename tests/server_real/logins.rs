//! Logins, and TLS with an authority of our own.

use super::bao::{Bao, connect, initialise, openssl};
use super::code;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use vaultform::server::connect::{Authority, Environment, ProviderBlock, Settings, Tls, settle};
use vaultform::server::{Connection, Http, Request, Server};
use vaultform::value::Value;

async fn write(server: &Http, path: &str, body: Json) {
    server
        .send(Request::post(path, body))
        .await
        .unwrap_or_else(|error| panic!("{path}: {error}"));
}

/// Turns JSON into a provider block, as an evaluated configuration would be.
fn value(json: &Json) -> Value {
    match json {
        Json::String(text) => text.as_str().into(),
        Json::Object(fields) => Value::object(
            fields
                .iter()
                .map(|(name, inner)| (Arc::from(name.as_str()), value(inner)))
                .collect(),
        ),
        Json::Array(items) => Value::tuple(items.iter().map(value).collect()),
        other => panic!("not used here: {other}"),
    }
}

fn settled(address: &str, login: &Json) -> Settings {
    let mut block = login.clone();
    block["address"] = json!(address);
    let block = ProviderBlock::from_value(&value(&block)).unwrap();
    settle(&block, &Environment::new()).unwrap()
}

/// Logs in, checks that the token carries the policy, closes, and checks that the token is gone.
async fn works(root: &Http, settings: &Settings) {
    let connection = connect(settings).await;
    let own = connection
        .server
        .send(Request::get("auth/token/lookup-self"))
        .await
        .unwrap();
    assert!(
        own.data()["policies"].to_string().contains("ci"),
        "{:?}",
        own.data()
    );
    let accessor = json!({ "accessor": own.data()["accessor"] });
    write(root, "auth/token/lookup-accessor", accessor.clone()).await;
    connection.close().await.unwrap();
    let gone = root
        .send(Request::post("auth/token/lookup-accessor", accessor))
        .await;
    assert!(gone.is_err(), "the token was not revoked");
}

#[tokio::test]
async fn approle_with_a_one_time_secret_id() {
    let bao = Bao::dev().await;
    let root = bao.root().await.server;
    write(&root, "sys/auth/approle", json!({"type": "approle"})).await;
    write(
        &root,
        "auth/approle/role/ci",
        json!({"token_policies": ["ci"], "secret_id_num_uses": 1, "token_ttl": "5m"}),
    )
    .await;
    let role = root
        .send(Request::get("auth/approle/role/ci/role-id"))
        .await
        .unwrap();
    let secret = root
        .send(Request::post("auth/approle/role/ci/secret-id", json!({})).once())
        .await
        .unwrap();
    let parameters =
        json!({"role_id": role.data()["role_id"], "secret_id": secret.data()["secret_id"]});
    let settings = settled(
        &bao.address,
        &json!({"auth_login": [{"path": "auth/approle/login", "parameters": parameters}]}),
    );
    works(&root, &settings).await;
    let again = Connection::open(&settings).await.err().unwrap();
    assert!(
        !again
            .to_string()
            .contains(secret.data()["secret_id"].as_str().unwrap()),
        "{again}"
    );
    assert_eq!(again.code(), "refused-by-server");
}

#[tokio::test]
async fn userpass_also_for_people_whose_policies_are_their_entitys() {
    let bao = Bao::dev().await;
    let root = bao.root().await.server;
    write(&root, "sys/auth/people", json!({"type": "userpass"})).await;
    write(
        &root,
        "auth/people/users/ann",
        json!({"password": "correct horse", "token_policies": ["ci"]}),
    )
    .await;
    write(
        &root,
        "auth/people/users/bob",
        json!({"password": "pw", "token_no_default_policy": true}),
    )
    .await;
    let login = |user: &str, password: &str| {
        settled(
            &bao.address,
            &json!({"auth_login_userpass": [{"mount": "people", "username": user, "password": password}]}),
        )
    };
    works(&root, &login("ann", "correct horse")).await;
    connect(&login("bob", "pw")).await;
    let wrong = Connection::open(&login("ann", "battery staple"))
        .await
        .err()
        .unwrap();
    assert!(
        wrong.to_string().contains("invalid username or password"),
        "{wrong}"
    );
}

#[tokio::test]
async fn jwt_signed_by_a_key_that_the_server_knows() {
    let bao = Bao::dev().await;
    let root = bao.root().await.server;
    let folder = bao.folder.path();
    openssl(folder, &["genrsa", "-out", "key.pem", "2048"]);
    let public = String::from_utf8(openssl(folder, &["rsa", "-in", "key.pem", "-pubout"])).unwrap();
    write(&root, "sys/auth/jwt", json!({"type": "jwt"})).await;
    write(
        &root,
        "auth/jwt/config",
        json!({"jwt_validation_pubkeys": [public]}),
    )
    .await;
    let role = json!({"role_type": "jwt", "user_claim": "sub", "bound_audiences": ["vaultform"], "token_policies": ["ci"]});
    write(&root, "auth/jwt/role/ci", role).await;
    let part = |json: Json| URL_SAFE_NO_PAD.encode(json.to_string());
    let claims = json!({"sub": "pipeline", "aud": "vaultform", "exp": 4_102_444_800_u64, "iat": 1_700_000_000});
    let unsigned = format!(
        "{}.{}",
        part(json!({"alg": "RS256", "typ": "JWT"})),
        part(claims)
    );
    std::fs::write(folder.join("unsigned"), &unsigned).unwrap();
    let signature = openssl(folder, &["dgst", "-sha256", "-sign", "key.pem", "unsigned"]);
    let jwt = format!("{unsigned}.{}", URL_SAFE_NO_PAD.encode(signature));
    works(
        &root,
        &settled(
            &bao.address,
            &json!({"auth_login_jwt": [{"role": "ci", "jwt": jwt}]}),
        ),
    )
    .await;
    let forged = settled(
        &bao.address,
        &json!({"auth_login_jwt": [{"role": "ci", "jwt": format!("{unsigned}.AAAA")}]}),
    );
    let error = Connection::open(&forged).await.err().unwrap();
    assert!(
        !format!("{error} {error:?}").contains(&unsigned),
        "the token is not shown"
    );
}

/// Makes an authority, a server certificate for `vault.internal` and 127.0.0.1, a client certificate, and a stranger's authority.
fn certificates(folder: &Path) {
    let authority = |name: &str| {
        let (key, certificate) = (format!("{name}.key"), format!("{name}.pem"));
        let subject = format!("/CN={name}");
        openssl(
            folder,
            &[
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-keyout",
                &key,
                "-out",
                &certificate,
                "-subj",
                &subject,
                "-days",
                "2",
            ],
        );
    };
    authority("ca");
    authority("stranger");
    for (name, extension) in [
        (
            "server",
            "subjectAltName=DNS:vault.internal\nextendedKeyUsage=serverAuth",
        ),
        (
            "client",
            "subjectAltName=DNS:ci\nextendedKeyUsage=clientAuth",
        ),
    ] {
        std::fs::write(
            folder.join("ext"),
            format!("{extension}\nbasicConstraints=CA:FALSE\n"),
        )
        .unwrap();
        let (key, request, certificate) = (
            format!("{name}.key"),
            format!("{name}.csr"),
            format!("{name}.pem"),
        );
        let subject = format!("/CN={name}");
        openssl(
            folder,
            &[
                "req", "-newkey", "rsa:2048", "-nodes", "-keyout", &key, "-out", &request, "-subj",
                &subject,
            ],
        );
        openssl(
            folder,
            &[
                "x509",
                "-req",
                "-in",
                &request,
                "-CA",
                "ca.pem",
                "-CAkey",
                "ca.key",
                "-CAcreateserial",
                "-out",
                &certificate,
                "-days",
                "2",
                "-extfile",
                "ext",
            ],
        );
    }
}

#[tokio::test]
async fn tls_with_an_authority_of_our_own() {
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let listener = "tls_cert_file = \"DIR/server.pem\"\n tls_key_file = \"DIR/server.key\"\n tls_client_ca_file = \"DIR/ca.pem\"";
    std::fs::create_dir(folder.path().join("data")).unwrap();
    let storage = "\"raft\" { path = \"DIR/data\" }";
    let bao = Bao::configured(folder, "https", storage, listener).await;
    let file = |name: &str| bao.folder.path().join(name);
    let tls = |authority: Option<Authority>, name: Option<&str>| Settings {
        tls: Tls {
            authority,
            server_name: name.map(str::to_owned),
            ..Tls::default()
        },
        max_retries: Some(0),
        ..Settings::new(&bao.address)
    };
    let ca = || Some(Authority::File(file("ca.pem")));
    let good = tls(ca(), Some("vault.internal"));
    let (_, token) = initialise(&good).await;
    for (settings, part) in [
        (
            tls(
                Some(Authority::File(file("stranger.pem"))),
                Some("vault.internal"),
            ),
            "VAULT_CACERT",
        ),
        (tls(ca(), None), "VAULT_TLS_SERVER_NAME"),
        (tls(ca(), Some("other.internal")), "VAULT_TLS_SERVER_NAME"),
        (
            Settings::new(&bao.address.replace("https", "http")),
            "https://",
        ),
    ] {
        let error = Http::reach(&settings).await.err().unwrap();
        assert_eq!(error.code(), "tls-failed", "{error}");
        assert!(
            error.hint().unwrap().contains(part),
            "{error}: {:?}",
            error.hint()
        );
    }
    let pem = std::fs::read_to_string(file("ca.pem")).unwrap();
    assert_eq!(
        code(Http::reach(&tls(Some(Authority::Bytes(pem)), Some("vault.internal"))).await),
        "done"
    );
    let folder = Some(Authority::Directory(bao.folder.path().to_owned()));
    assert_eq!(
        code(Http::reach(&tls(folder, Some("vault.internal"))).await),
        "done"
    );
    let trusting = Settings {
        tls: Tls {
            skip_verify: true,
            ..Tls::default()
        },
        ..Settings::new(&bao.address)
    };
    assert_eq!(code(Http::reach(&trusting).await), "done");
    certificate_login(&bao, &token).await;
}

async fn certificate_login(bao: &Bao, token: &str) {
    let file = |name: &str| bao.folder.path().join(name).to_str().unwrap().to_owned();
    let environment: Environment = BTreeMap::from([
        ("VAULT_ADDR".to_owned(), bao.address.clone()),
        ("VAULT_CACERT".to_owned(), file("ca.pem")),
        (
            "VAULT_TLS_SERVER_NAME".to_owned(),
            "vault.internal".to_owned(),
        ),
        ("VAULT_TOKEN".to_owned(), token.to_owned()),
    ]);
    let root = connect(&settle(&ProviderBlock::default(), &environment).unwrap())
        .await
        .server;
    write(&root, "sys/auth/cert", json!({"type": "cert"})).await;
    let authority = std::fs::read_to_string(file("ca.pem")).unwrap();
    write(
        &root,
        "auth/cert/certs/web",
        json!({"certificate": authority, "token_policies": ["ci"]}),
    )
    .await;
    let login = json!({"auth_login_cert": [{"cert_file": file("client.pem"), "key_file": file("client.key"), "name": "web"}]});
    let block = ProviderBlock::from_value(&value(&login)).unwrap();
    works(&root, &settle(&block, &environment).unwrap()).await;
}

#[tokio::test]
async fn plain_http_behind_a_tls_address_is_told() {
    let bao = Bao::dev().await;
    let wrong = Settings {
        max_retries: Some(0),
        ..Settings::new(&bao.address.replace("http", "https"))
    };
    let error = Http::reach(&wrong).await.err().unwrap();
    assert_eq!(error.code(), "tls-failed");
    assert!(
        error.hint().unwrap().contains("http://"),
        "{:?}",
        error.hint()
    );
}
