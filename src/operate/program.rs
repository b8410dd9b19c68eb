//! Other programs: they get bytes on their standard input and answer on their standard output, never in arguments.

use std::process::Stdio;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use zeroize::Zeroizing;

/// Runs a program, word by word and without a shell; its error stream is the user's. Returns what it wrote.
///
/// # Errors
/// Says in words that it cannot be started or ended badly.
pub async fn run(words: &[String], input: &[u8]) -> Result<Zeroizing<Vec<u8>>, Failed> {
    let (name, arguments) = words
        .split_first()
        .ok_or(Failed::start("", "it has no name"))?;
    let mut child = tokio::process::Command::new(name)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| Failed::start(name, &error.to_string()))?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let feed = async {
        if let Some(mut stdin) = stdin {
            // A program that ends without reading is judged by how it ends.
            let _ = stdin.write_all(input).await;
        }
    };
    let ((), answer) = futures::join!(feed, drained(stdout));
    let status = child
        .wait()
        .await
        .map_err(|error| Failed::start(name, &error.to_string()))?;
    match status.success() {
        true => Ok(answer),
        false => Err(Failed {
            words: format!("`{name}` ended with {status}"),
            started: true,
            answer,
        }),
    }
}

/// Why a program did not do what it should.
#[derive(Clone)]
pub struct Failed {
    pub words: String,
    pub started: bool,
    /// What it wrote before.
    pub answer: Zeroizing<Vec<u8>>,
}

impl Failed {
    fn start(name: &str, why: &str) -> Failed {
        Failed {
            words: format!("`{name}` cannot be started: {why}"),
            started: false,
            answer: Zeroizing::default(),
        }
    }
}

/// Reads to the end; the memory is wiped wherever it grows.
async fn drained(from: Option<tokio::process::ChildStdout>) -> Zeroizing<Vec<u8>> {
    let mut held = Zeroizing::new(Vec::with_capacity(64 << 10));
    let Some(mut from) = from else {
        return held;
    };
    let mut piece = Zeroizing::new([0_u8; 4096]);
    while let Ok(length @ 1..) = from.read(&mut *piece).await {
        if held.len() + length > held.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(held.capacity() * 2));
            larger.extend_from_slice(&held);
            held = larger;
        }
        held.extend_from_slice(piece.get(..length).unwrap_or_default());
    }
    held
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[tokio::test]
    async fn bytes_go_in_and_come_out() {
        let large = vec![b'x'; 300_000];
        assert_eq!(*run(&words(&["cat"]), &large).await.ok().unwrap(), large);
        let failed = run(&words(&["false"]), &large).await.err().unwrap();
        assert!(failed.started && failed.words.contains("`false`"));
        assert!(!run(&words(&["/no/such"]), b"").await.err().unwrap().started);
        assert!(run(&[], b"").await.is_err());
    }
}
