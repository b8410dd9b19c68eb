//! Paths to the parts of a value that force replacement.

use serde_json::Value as Json;

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathStep {
    Key(String),
    Index(usize),
}

/// Paths that lead on from where the walk is.
#[derive(Clone, Debug, Default)]
pub struct Paths(pub Vec<Vec<PathStep>>);

impl Paths {
    /// Reads `replace_paths` of a plan document: an array of arrays of names and indices.
    #[must_use]
    pub fn from_json(json: Option<&Json>) -> Paths {
        let paths = json.and_then(Json::as_array).map(Vec::as_slice);
        Paths(paths.unwrap_or_default().iter().map(steps).collect())
    }

    /// Tells whether a path ends here.
    #[must_use]
    pub fn here(&self) -> bool {
        self.0.iter().any(Vec::is_empty)
    }

    /// Returns the paths that lead on below a name.
    #[must_use]
    pub fn below(&self, name: &str) -> Paths {
        self.follow(|step| matches!(step, PathStep::Key(key) if key == name))
    }

    /// Returns the paths that lead on below an index.
    #[must_use]
    pub fn at(&self, index: usize) -> Paths {
        self.follow(|step| *step == PathStep::Index(index))
    }

    fn follow(&self, matches: impl Fn(&PathStep) -> bool) -> Paths {
        let below = self.0.iter().filter_map(|path| {
            let (first, rest) = path.split_first()?;
            matches(first).then(|| rest.to_vec())
        });
        Paths(below.collect())
    }
}

fn steps(path: &Json) -> Vec<PathStep> {
    let steps = path.as_array().into_iter().flatten();
    steps
        .filter_map(|step| match step {
            Json::String(key) => Some(PathStep::Key(key.clone())),
            other => Some(PathStep::Index(usize::try_from(other.as_u64()?).ok()?)),
        })
        .collect()
}
