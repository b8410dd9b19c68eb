use super::*;
use std::sync::Arc;

fn environment(pairs: &[(&str, &str)]) -> Environment {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn object(pairs: &[(&str, Value)]) -> Value {
    Value::object(
        pairs
            .iter()
            .map(|(name, value)| (Arc::from(*name), value.clone()))
            .collect(),
    )
}

fn block(pairs: &[(&str, Value)]) -> ProviderBlock {
    ProviderBlock::from_value(&object(pairs)).unwrap()
}

fn settled(block: &ProviderBlock, pairs: &[(&str, &str)]) -> Settings {
    let settled = settle(block, &environment(pairs));
    settled.unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn problems(block: &ProviderBlock, pairs: &[(&str, &str)]) -> Vec<String> {
    let problems = settle(block, &environment(pairs)).err().unwrap_or_default();
    problems
        .into_iter()
        .map(|problem| format!("{} / {}", problem.message, problem.hints.join(" ")))
        .collect()
}

fn sent(login: &Login) -> (String, String, Vec<String>) {
    let Login::At {
        path,
        namespace,
        body,
    } = login
    else {
        panic!("no login request");
    };
    let body = body
        .iter()
        .map(|(name, value)| format!("{name}={}", &**value));
    (path.clone(), namespace.clone(), body.collect())
}

#[test]
fn the_block_wins_over_bao_over_vault_over_the_default() {
    let none = ProviderBlock::default();
    assert_eq!(settled(&none, &[]).address, "https://127.0.0.1:8200");
    assert_eq!(
        settled(&none, &[("VAULT_ADDR", "http://v")]).address,
        "http://v"
    );
    let both = [("VAULT_ADDR", "http://v"), ("BAO_ADDR", "http://b")];
    assert_eq!(settled(&none, &both).address, "http://b");
    assert_eq!(
        settled(&none, &[("VAULT_ADDR", "http://v"), ("BAO_ADDR", "")]).address,
        "http://v"
    );
    let named = block(&[("address", "http://p".into())]);
    assert_eq!(settled(&named, &both).address, "http://p");
    let agent = [
        ("VAULT_ADDR", "http://v"),
        ("VAULT_AGENT_ADDR", "unix:///run/a"),
    ];
    assert_eq!(settled(&none, &agent).address, "unix:///run/a");
}

#[test]
fn every_variable_is_read() {
    let settings = settled(
        &ProviderBlock::default(),
        &[
            ("VAULT_NAMESPACE", "/team/"),
            ("VAULT_CACERT", "ca.pem"),
            ("VAULT_CLIENT_CERT", "c.pem"),
            ("VAULT_CLIENT_KEY", "k.pem"),
            ("VAULT_TLS_SERVER_NAME", "vault.internal"),
            ("VAULT_SKIP_VERIFY", "true"),
            ("VAULT_CLIENT_TIMEOUT", "1m30s"),
            ("VAULT_MAX_RETRIES", "5"),
            ("VAULT_RATE_LIMIT", "50:100"),
            ("VAULT_DISABLE_REDIRECTS", "1"),
            ("BAO_TOKEN", "s.t"),
        ],
    );
    assert_eq!(settings.namespace, "team");
    assert_eq!(
        settings.tls.authority,
        Some(Authority::File("ca.pem".into()))
    );
    assert_eq!(settings.tls.client, Some(("c.pem".into(), "k.pem".into())));
    assert_eq!(settings.tls.server_name.as_deref(), Some("vault.internal"));
    assert!(settings.tls.skip_verify);
    assert_eq!(settings.timeout, Duration::from_secs(90));
    assert_eq!(settings.max_retries, Some(5));
    assert_eq!(settings.rate_limit, Some((50.0, 100)));
    assert!(!settings.follow_leader);
    assert!(matches!(&settings.login, Login::Token(token) if &**token == "s.t"));
    let others = [
        ("VAULT_CACERT_BYTES", "pem"),
        ("VAULT_CAPATH", "dir"),
        ("VAULT_HTTP_PROXY", "http://a"),
        ("VAULT_PROXY_ADDR", "http://b"),
    ];
    let settings = settled(&ProviderBlock::default(), &others);
    assert_eq!(settings.tls.authority, Some(Authority::Bytes("pem".into())));
    assert_eq!(settings.proxy.as_deref(), Some("http://b"));
}

#[test]
fn an_unclear_truth_value_never_turns_verification_off() {
    for unclear in ["no", "yes", "off", " true", "2"] {
        let told = problems(&ProviderBlock::default(), &[("VAULT_SKIP_VERIFY", unclear)]);
        assert!(told[0].contains("VAULT_SKIP_VERIFY"), "{told:?}");
    }
    for off in ["", "0", "false", "F"] {
        let settings = settled(&ProviderBlock::default(), &[("VAULT_SKIP_VERIFY", off)]);
        assert!(!settings.tls.skip_verify);
    }
}

#[test]
fn all_problems_are_told_at_once() {
    let wrong = [
        ("VAULT_MAX_RETRIES", "many"),
        ("VAULT_CLIENT_TIMEOUT", "soon"),
        ("VAULT_RATE_LIMIT", "-1"),
        ("VAULT_CLIENT_CERT", "c.pem"),
        ("VAULT_PROXY_ADDR", "http://p"),
        ("VAULT_TLS_SERVER_NAME", "n"),
    ];
    assert_eq!(problems(&ProviderBlock::default(), &wrong).len(), 5);
}

#[test]
fn a_block_is_read_with_its_nested_ones() {
    let header = |name: &str| object(&[("name", name.into()), ("value", "v".into())]);
    let read = block(&[
        ("address", "http://p".into()),
        ("token", Value::from("s.t")),
        ("skip_tls_verify", false.into()),
        ("max_retries", 3.into()),
        ("ca_cert_dir", Value::null(crate::value::Type::String)),
        (
            "client_auth",
            Value::tuple(vec![object(&[
                ("cert_file", "c".into()),
                ("key_file", "k".into()),
            ])]),
        ),
        ("headers", Value::tuple(vec![header("X-A"), header("X-B")])),
        ("skip_child_token", true.into()),
    ]);
    let settings = settled(&read, &[("VAULT_CAPATH", "dir"), ("VAULT_TOKEN", "other")]);
    assert_eq!(settings.max_retries, Some(3));
    assert_eq!(settings.tls.client, Some(("c".into(), "k".into())));
    assert_eq!(
        settings.tls.authority,
        Some(Authority::Directory("dir".into()))
    );
    let names: Vec<_> = settings
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(names, ["X-A", "X-B"]);
    assert!(matches!(&settings.login, Login::Token(token) if &**token == "s.t"));
}

#[test]
fn logins_send_what_their_method_wants() {
    let login = |kind: &str, arguments: &[(&str, Value)], variables: &[(&str, &str)]| {
        let read = block(&[
            (kind, Value::tuple(vec![object(arguments)])),
            ("namespace", "team".into()),
        ]);
        sent(&settled(&read, variables).login)
    };
    let parameters = object(&[("role_id", "r".into()), ("secret_id", "s".into())]);
    let approle = [
        ("path", "/auth/approle/login/".into()),
        ("parameters", parameters),
    ];
    let body = |pairs: &[&str]| {
        pairs
            .iter()
            .map(|pair| (*pair).to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        login("auth_login", &approle, &[]),
        (
            "auth/approle/login".into(),
            "team".into(),
            body(&["role_id=r", "secret_id=s"])
        )
    );
    let user = [
        ("username", "u".into()),
        ("mount", "people".into()),
        ("use_root_namespace", true.into()),
    ];
    let from_environment = [("TERRAFORM_VAULT_PASSWORD", "pw")];
    assert_eq!(
        login("auth_login_userpass", &user, &from_environment),
        (
            "auth/people/login/u".into(),
            String::new(),
            body(&["password=pw"])
        )
    );
    let jwt = [
        ("role", "ci".into()),
        ("jwt", "j".into()),
        ("namespace", "other".into()),
    ];
    assert_eq!(
        login("auth_login_jwt", &jwt, &[]),
        (
            "auth/jwt/login".into(),
            "other".into(),
            body(&["jwt=j", "role=ci"])
        )
    );
    let cert = [
        ("cert_file", "c".into()),
        ("key_file", "k".into()),
        ("name", "web".into()),
    ];
    assert_eq!(
        login("auth_login_cert", &cert, &[]),
        ("auth/cert/login".into(), "team".into(), body(&["name=web"]))
    );
    let kubernetes = object(&[("role", "r".into()), ("jwt", "j".into())]);
    let kubernetes = [
        ("path", "auth/kubernetes/login".into()),
        ("parameters", kubernetes),
    ];
    assert_eq!(
        login("auth_login", &kubernetes, &[]).2,
        body(&["jwt=j", "role=r"])
    );
}

#[test]
fn a_certificate_login_brings_its_certificate() {
    let cert = object(&[("cert_file", "c".into()), ("key_file", "k".into())]);
    let read = block(&[("auth_login_cert", Value::tuple(vec![cert]))]);
    assert_eq!(
        settled(&read, &[]).tls.client,
        Some(("c".into(), "k".into()))
    );
}

#[test]
fn what_cannot_log_in_says_what_can() {
    for kind in ["aws", "azure", "gcp", "oci", "kerberos", "radius", "oidc"] {
        let name = format!("auth_login_{kind}");
        let read = ProviderBlock::from_value(&object(&[(
            &name,
            Value::tuple(vec![object(&[("role", "r".into())])]),
        )]));
        let problem = &read.err().unwrap()[0];
        assert!(
            problem.message.contains(kind) && problem.hints[0].starts_with("use "),
            "{problem:?}"
        );
    }
    let lacking = block(&[(
        "auth_login_jwt",
        Value::tuple(vec![object(&[("role", "r".into())])]),
    )]);
    let told = problems(&lacking, &[]);
    assert!(
        told[0].contains("`jwt`") && told[0].contains("TERRAFORM_VAULT_AUTH_JWT"),
        "{told:?}"
    );
}

#[test]
fn the_token_file_comes_last() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join(".vault-token"), "s.home\n").unwrap();
    let home = home.path().to_str().unwrap();
    let token = |pairs: &[(&str, &str)]| match settled(&ProviderBlock::default(), pairs).login {
        Login::Token(token) => token.to_string(),
        _ => String::new(),
    };
    assert_eq!(token(&[("HOME", home)]), "s.home");
    assert_eq!(token(&[("HOME", home), ("VAULT_TOKEN", "s.env")]), "s.env");
    assert_eq!(token(&[("HOME", "/nowhere")]), "");
}
