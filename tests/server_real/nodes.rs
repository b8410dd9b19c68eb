//! Two nodes of one cluster: reads from a standby's address are not stale.

use super::bao::{Bao, connect, initialise};
use serde_json::json;
use std::time::Duration;
use vaultform::server::connect::Settings;
use vaultform::server::{Http, Login, Readiness, Request, Server};

async fn node(name: &str, join: &str) -> Bao {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("data")).unwrap();
    let storage = format!("\"raft\" {{\n path = \"DIR/data\"\n node_id = \"{name}\"\n {join}\n}}");
    Bao::configured(folder, "http", &storage, "tls_disable = true").await
}

/// Starts a leader and a standby; returns them with the root token.
async fn cluster() -> (Bao, Bao, String) {
    let leader = node("one", "").await;
    let (key, token) = initialise(&leader.settings("none")).await;
    let standby = node(
        "two",
        &format!("retry_join {{ leader_api_addr = \"{}\" }}", leader.address),
    )
    .await;
    let alone = Settings {
        login: Login::None,
        follow_leader: false,
        ..Settings::new(&standby.address)
    };
    for _ in 0..400 {
        let http = Http::reach(&alone).await.unwrap();
        match http.identity().readiness {
            Readiness::Uninitialised => {}
            Readiness::Sealed => {
                let _ = http
                    .send(Request::post("sys/unseal", json!({ "key": key })))
                    .await;
            }
            Readiness::Standby | Readiness::Active => return (leader, standby, token),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the second node did not join");
}

async fn write_and_read(http: &Http, rounds: usize) -> usize {
    let mut fresh = 0;
    for round in 0..rounds {
        let text = format!("path \"a{round}\" {{ capabilities = [\"read\"] }}");
        http.send(Request::post(
            "sys/policies/acl/seen",
            json!({ "policy": text }),
        ))
        .await
        .unwrap();
        let read = http
            .send(Request::get("sys/policies/acl/seen"))
            .await
            .unwrap();
        fresh += usize::from(read.data()["policy"] == text.as_str());
    }
    fresh
}

#[tokio::test]
async fn a_standbys_address_gives_no_stale_reads() {
    let (leader, standby, token) = cluster().await;
    // To the leader's own address, found through the standby.
    let through = connect(&standby.settings(&token)).await.server;
    assert_eq!(through.identity().readiness, Readiness::Standby);
    assert_eq!(write_and_read(&through, 20).await, 20);
    // At the standby itself, by index headers.
    let staying = Settings {
        follow_leader: false,
        ..standby.settings(&token)
    };
    assert_eq!(
        write_and_read(&connect(&staying).await.server, 20).await,
        20
    );
    // Both addresses are one server.
    let direct = connect(&leader.settings(&token)).await.server;
    assert_eq!(direct.identity().id, through.identity().id);
}

#[tokio::test]
async fn a_leader_that_goes_away_is_forgotten() {
    let (leader, standby, token) = cluster().await;
    let through = connect(&standby.settings(&token)).await.server;
    assert_eq!(write_and_read(&through, 1).await, 1);
    // Two nodes cannot elect a new leader, but what needs none is answered by the node that is left.
    drop(leader);
    through.send(Request::get("sys/seal-status")).await.unwrap();
}
