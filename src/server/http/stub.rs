//! A tiny HTTP server that answers as a test says.

use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A request as the stub saw it.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub method: String,
    pub target: String,
    pub headers: String,
    pub body: String,
}

impl Seen {
    /// Tells whether the head has this text, in any case.
    pub fn has(&self, header: &str) -> bool {
        self.headers.to_lowercase().contains(&header.to_lowercase())
    }
}

/// What the stub does with a request.
pub(super) enum Act {
    Answer(u16, String),
    With(u16, &'static str, String),
    /// Takes the request and closes without a word.
    Drop,
}

type Behaviour = Box<dyn FnMut(&Seen) -> Act + Send>;

/// A tiny HTTP server on a free port.
pub(super) struct Stub {
    pub address: String,
    pub seen: Arc<Mutex<Vec<Seen>>>,
}

impl Stub {
    pub async fn start(behaviour: impl FnMut(&Seen) -> Act + Send + 'static) -> Stub {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (log, behaviour): (_, Arc<Mutex<Behaviour>>) =
            (seen.clone(), Arc::new(Mutex::new(Box::new(behaviour))));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, log.clone(), behaviour.clone()));
            }
        });
        Stub { address, seen }
    }

    /// Returns what arrived beside the questions which server it is.
    pub fn asked(&self) -> Vec<Seen> {
        let seen = self.seen.lock().unwrap();
        let own = seen.iter().filter(|seen| {
            !["seal-status", "health", "sys/leader"]
                .iter()
                .any(|part| seen.target.contains(part))
        });
        own.cloned().collect()
    }

    /// Returns their targets.
    pub fn targets(&self) -> Vec<String> {
        self.asked().into_iter().map(|seen| seen.target).collect()
    }
}

async fn serve(
    mut stream: TcpStream,
    log: Arc<Mutex<Vec<Seen>>>,
    behaviour: Arc<Mutex<Behaviour>>,
) {
    let Some(seen) = read_request(&mut stream).await else {
        return;
    };
    log.lock().unwrap().push(seen.clone());
    let act = behaviour.lock().unwrap()(&seen);
    let (status, header, body) = match act {
        Act::Answer(status, body) => (status, "X-Nothing: 1", body),
        Act::With(status, header, body) => (status, header, body),
        Act::Drop => return,
    };
    let head = format!(
        "HTTP/1.1 {status} X\r\n{header}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all((head + &body).as_bytes()).await;
}

async fn read_request(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let read = stream
            .read(&mut chunk)
            .await
            .ok()
            .filter(|read| *read > 0)?;
        bytes.extend_from_slice(&chunk[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let (line, headers) = head.split_once("\r\n").unwrap_or((head, ""));
        let length = headers.to_lowercase();
        let length = length
            .split("content-length: ")
            .nth(1)
            .and_then(|rest| rest.lines().next());
        if body.len() >= length.map_or(0, |length| length.trim().parse().unwrap()) {
            let mut words = line.split(' ').map(str::to_owned);
            let (method, target) = (words.next()?, words.next()?);
            return Some(Seen {
                method,
                target,
                headers: headers.to_owned(),
                body: body.to_owned(),
            });
        }
    }
}
