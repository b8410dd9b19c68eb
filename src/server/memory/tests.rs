use super::*;

fn send(memory: &Memory, request: Request) -> Result<Reply, ServerError> {
    memory.answer(&request)
}

fn code(outcome: Result<Reply, ServerError>) -> &'static str {
    outcome.map_or_else(|error| error.code(), |_| "done")
}

#[test]
fn mounts_come_and_go_with_what_is_below() {
    let memory = Memory::new();
    let mount = || {
        Request::post(
            "sys/mounts/pki",
            json!({"type": "pki", "config": {"max_lease_ttl": "1h30m"}}),
        )
    };
    send(&memory, mount()).unwrap();
    assert_eq!(code(send(&memory, mount())), "refused-by-server");
    let shown = send(&memory, Request::get("sys/mounts")).unwrap();
    assert_eq!(shown.data()["pki/"]["config"]["max_lease_ttl"], 5400);
    send(&memory, Request::post("pki/roles/a/b", json!({"ttl": 1}))).unwrap();
    assert_eq!(
        send(&memory, Request::list("pki/roles")).unwrap().keys(),
        ["a/"]
    );
    send(
        &memory,
        Request::post("sys/remount", json!({"from": "pki", "to": "pki2"})),
    )
    .unwrap();
    assert_eq!(
        send(&memory, Request::get("pki2/roles/a/b"))
            .unwrap()
            .data()["ttl"],
        1
    );
    assert_eq!(
        code(send(&memory, Request::get("pki/roles/a/b"))),
        "nothing-mounted"
    );
    send(&memory, Request::delete("sys/mounts/pki2")).unwrap();
    send(
        &memory,
        Request::post("sys/mounts/pki2", json!({"type": "pki"})),
    )
    .unwrap();
    assert_eq!(
        code(send(&memory, Request::get("pki2/roles/a/b"))),
        "not-found"
    );
}

#[test]
fn writes_merge_unless_told_to_replace() {
    let memory = Memory::new()
        .replacing("auth/approle/put/*")
        .defaults("auth/approle/put/*", json!({"z": 0}));
    let memory = memory.hiding("auth/approle/role/*", &["secret"]);
    send(
        &memory,
        Request::post("sys/auth/approle", json!({"type": "approle"})),
    )
    .unwrap();
    for path in ["auth/approle/role/x", "auth/approle/put/x"] {
        send(&memory, Request::post(path, json!({"a": 1, "secret": "s"}))).unwrap();
        send(&memory, Request::post(path, json!({"b": 2}))).unwrap();
    }
    let read = |path: &'static str| send(&memory, Request::get(path)).unwrap().data().clone();
    assert_eq!(read("auth/approle/role/x"), json!({"a": 1, "b": 2}));
    assert_eq!(read("auth/approle/put/x"), json!({"z": 0, "b": 2}));
}

#[test]
fn check_and_set_lets_one_through() {
    let memory = Memory::new();
    send(
        &memory,
        Request::post("sys/mounts/kv", json!({"type": "kv-v2"})),
    )
    .unwrap();
    let write = |cas| {
        Request::post(
            "kv/data/a/b",
            json!({"data": {"x": cas}, "options": {"cas": cas}}),
        )
    };
    assert_eq!(code(send(&memory, write(1))), "changed-meanwhile");
    assert_eq!(send(&memory, write(0)).unwrap().data()["version"], 1);
    assert_eq!(code(send(&memory, write(0))), "changed-meanwhile");
    assert_eq!(send(&memory, write(1)).unwrap().data()["version"], 2);
    assert_eq!(
        send(&memory, Request::list("kv/metadata/a"))
            .unwrap()
            .keys(),
        ["b"]
    );
    send(&memory, Request::delete("kv/data/a/b")).unwrap();
    let Err(ServerError::Missing {
        left: Some(left), ..
    }) = send(&memory, Request::get("kv/data/a/b"))
    else {
        panic!("a deleted version leaves its metadata");
    };
    assert_eq!(left.data()["metadata"]["version"], 2);
    assert_eq!(code(send(&memory, write(0))), "changed-meanwhile");
    send(&memory, Request::delete("kv/metadata/a/b")).unwrap();
    assert_eq!(code(send(&memory, write(0))), "done");
}

#[test]
fn policies_are_lower_cased_and_listed_in_bulk_by_openbao_only() {
    for (memory, bulk) in [
        (Memory::new(), "done"),
        (Memory::vault(), "unsupported-by-server"),
    ] {
        send(
            &memory,
            Request::post("sys/policies/acl/Ci", json!({"policy": "path \"a\" {}"})),
        )
        .unwrap();
        assert_eq!(
            send(&memory, Request::list("sys/policies/acl"))
                .unwrap()
                .keys(),
            ["ci", "default", "root"]
        );
        assert_eq!(
            code(send(&memory, Request::list("sys/policies/detailed/acl"))),
            bulk
        );
        assert_eq!(
            code(send(&memory, Request::delete("sys/policies/acl/default"))),
            "refused-by-server"
        );
    }
}

#[test]
fn namespaces_are_apart_and_community_vault_has_none() {
    let memory = Memory::new();
    let mounts = || Request::get("sys/mounts").namespace("team/sub");
    assert_eq!(code(send(&memory, mounts())), "namespace-not-found");
    send(&memory, Request::post("sys/namespaces/team", json!({}))).unwrap();
    send(
        &memory,
        Request::post("sys/namespaces/sub", json!({})).namespace("team"),
    )
    .unwrap();
    send(
        &memory,
        Request::post("sys/mounts/kv", json!({"type": "kv"})).namespace("team/sub"),
    )
    .unwrap();
    assert!(send(&memory, mounts()).unwrap().data().get("kv/").is_some());
    assert!(
        send(&memory, Request::get("sys/mounts"))
            .unwrap()
            .data()
            .get("kv/")
            .is_none()
    );
    assert_eq!(
        send(&memory, Request::list("sys/namespaces"))
            .unwrap()
            .keys(),
        ["team/"]
    );
    assert_eq!(
        code(send(&Memory::vault(), mounts())),
        "namespaces-unsupported"
    );
}

#[test]
fn faults_strike_before_or_after_the_effect() {
    let memory = Memory::new();
    let policy =
        |name: &str| Request::post(format!("sys/policies/acl/{name}"), json!({"policy": "x"}));
    let lost = || ServerError::Unreachable {
        address: "memory://".into(),
        why: "reset".into(),
    };
    memory.fail(1, Moment::Before, lost());
    memory.die(3, Moment::After, lost());
    let outcomes: Vec<_> = ["a", "b", "c", "d"]
        .map(|name| code(send(&memory, policy(name))))
        .into();
    assert_eq!(
        outcomes,
        [
            "server-unreachable",
            "done",
            "server-unreachable",
            "server-unreachable"
        ]
    );
    memory.heal();
    assert_eq!(
        send(&memory, Request::list("sys/policies/acl"))
            .unwrap()
            .keys(),
        ["b", "c", "default", "root"]
    );
    assert_eq!(memory.counts().total(), 5);
}
