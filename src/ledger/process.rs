//! Who we are among the processes of this host, and whether another of them still lives.

use std::path::Path;

/// A process, so that it cannot be mistaken for another one: numbers are used again, by other starts of the host, in
/// other containers, and by later processes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Process {
    pub host: String,
    /// Linux's id of this start of the host; empty elsewhere.
    pub boot: String,
    /// The space that process numbers count in: `pid:[4026531836]`; empty elsewhere.
    pub space: String,
    pub pid: u32,
    /// When it began, in ticks since the host's start; 0 elsewhere.
    pub began: u64,
}

impl Process {
    /// Returns this process.
    pub fn own() -> Process {
        let pid = std::process::id();
        Process {
            host: line("/proc/sys/kernel/hostname")
                .or_else(|| line("/etc/hostname"))
                .unwrap_or_else(|| "unknown".into()),
            boot: line("/proc/sys/kernel/random/boot_id").unwrap_or_default(),
            space: space().unwrap_or_default(),
            pid,
            began: state(pid).map(|(_, began)| began).unwrap_or_default(),
        }
    }

    /// Tells whether it certainly lives no more. Only of processes of this host is that known.
    pub fn is_dead(&self) -> bool {
        let here = Process::own();
        let same_host =
            self.host == here.host && self.boot == here.boot && self.space == here.space;
        // Where there is no /proc, nothing is known.
        if !same_host
            || self.boot.is_empty()
            || self.space.is_empty()
            || here.began == 0
            || self.began == 0
        {
            return false;
        }
        match state(self.pid) {
            None => !Path::new(&format!("/proc/{}", self.pid)).exists(),
            Some((letter, began)) => matches!(letter, 'Z' | 'X') || began != self.began,
        }
    }
}

fn line(path: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn space() -> Option<String> {
    let link = std::fs::read_link("/proc/self/ns/pid").ok()?;
    Some(link.to_string_lossy().into_owned())
}

/// Returns the state (`R`, `S`, `Z` …) and the start of a process, fields 3 and 22 of `/proc/PID/stat` (proc(5)). The
/// name before them may hold anything, so what follows its last bracket is read.
fn state(pid: u32) -> Option<(char, u64)> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = text.rsplit_once(')')?.1.split_whitespace();
    let letter = fields.next()?.chars().next()?;
    Some((letter, fields.nth(18)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn we_live_and_others_of_our_number_do_not() {
        let own = Process::own();
        assert!(!own.is_dead());
        if own.began > 0 {
            let earlier = Process {
                began: own.began - 1,
                ..own.clone()
            };
            assert!(earlier.is_dead());
            let elsewhere = Process {
                host: "another".into(),
                ..earlier.clone()
            };
            assert!(!elsewhere.is_dead());
            let before_the_start = Process {
                boot: "another".into(),
                ..earlier.clone()
            };
            assert!(!before_the_start.is_dead());
            let in_a_container = Process {
                space: "pid:[1]".into(),
                ..earlier
            };
            assert!(!in_a_container.is_dead());
        }
    }
}
