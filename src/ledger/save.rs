//! How a ledger in Vault is written: shard by shard, or all of it in new shards when these grow too large.

use super::LedgerError;
use super::book::{Batch, merge};
use super::digest::{DigestKey, hex};
use super::pack::FORMAT;
use super::record::{RecordKey, Records};
use super::shards::{self, ShardWrite};
use super::shelf::{Layout, Shelf, at_once};
use futures::FutureExt as _;
use serde_json::json;

/// How often a write is tried when others write to the same shard.
const TRIES: usize = 5;

/// What became of a batch: the keys that are kept, and what somebody else wrote beside them.
#[derive(Default)]
pub(super) struct Outcome {
    pub kept: Vec<RecordKey>,
    /// By shard and number of shards: what it holds now.
    pub theirs: Vec<(usize, usize, Records)>,
    pub error: Option<LedgerError>,
}

impl Shelf {
    /// Keeps a batch: the shards that it touches, or all in new ones when they grow too large.
    pub async fn save(&self, layout: &mut Layout, key: &DigestKey, batch: &Batch) -> Outcome {
        let mut outcome = Outcome::default();
        if let Err(error) = self.try_save(layout, key, batch, &mut outcome).await {
            outcome.error = Some(error);
        }
        outcome
    }

    async fn try_save(
        &self,
        layout: &mut Layout,
        key: &DigestKey,
        batch: &Batch,
        outcome: &mut Outcome,
    ) -> Result<(), LedgerError> {
        self.settle_attempt(layout).await?;
        if !layout.is_there() {
            // Before the first digest: records without their key would be worth nothing.
            self.keep_key(layout, key).await?;
        }
        let shards = match layout.is_there() {
            true => shards::touched(batch, layout.shards.len(), self.shard_limit)?,
            false => None,
        };
        match shards {
            Some(shards) => self.save_shards(layout, batch, shards, outcome).await?,
            None => {
                self.save_anew(layout, batch).await?;
                outcome.kept = batch.touched.keys().cloned().collect();
            }
        }
        // A key in place of a lost one comes after the records that lost their digests.
        self.keep_key(layout, key).await
    }

    /// Writes the key when the one that is kept is another or none.
    pub async fn keep_key(&self, layout: &mut Layout, key: &DigestKey) -> Result<(), LedgerError> {
        if layout.key_is_kept {
            return Ok(());
        }
        let text = key.text();
        let fields = json!({ "key": text.as_str() });
        let written = self
            .entries
            .write(&self.name("key"), fields, Some(layout.key_version))
            .await?;
        layout.key_version = written.version;
        layout.key_is_kept = true;
        Ok(())
    }

    async fn save_shards(
        &self,
        layout: &mut Layout,
        batch: &Batch,
        shards: Vec<ShardWrite>,
        outcome: &mut Outcome,
    ) -> Result<(), LedgerError> {
        let count = layout.shards.len();
        let writes = shards
            .iter()
            .map(|shard| self.save_shard(layout, shard, batch).boxed());
        let done = at_once(writes.collect()).await;
        let mut failed = None;
        for (shard, result) in shards.into_iter().zip(done) {
            match result {
                Ok((version, theirs)) => {
                    outcome.kept.extend(shard.touched.into_keys());
                    outcome
                        .theirs
                        .extend(theirs.map(|theirs| (shard.number, count, theirs)));
                    if let Some(known) = layout.shards.get_mut(shard.number) {
                        *known = version;
                    }
                }
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Writes one shard; returns its version. Where somebody else wrote it meanwhile, our changes go on top of theirs,
    /// unless both changed the same record; what it holds then is returned too.
    async fn save_shard(
        &self,
        layout: &Layout,
        shard: &ShardWrite,
        batch: &Batch,
    ) -> Result<(u64, Option<Records>), LedgerError> {
        let name = self.shard(&layout.generation, shard.number);
        let changed = || LedgerError::Changed {
            entry: name.clone(),
        };
        let mut version = layout.shards.get(shard.number).copied().unwrap_or_default();
        let mut merged: Option<(String, Records)> = None;
        for _ in 0..TRIES {
            let text = merged.as_ref().map_or(&shard.text, |(text, _)| text);
            match self
                .entries
                .write(&name, json!({ "records": text }), Some(version))
                .await
            {
                Ok(written) => return Ok((written.version, merged.map(|(_, records)| records))),
                Err(LedgerError::Changed { .. }) => {}
                Err(error) => return Err(error),
            }
            let loaded = self.load_shard(&layout.generation, shard.number).await;
            let (_, theirs_version, theirs) = loaded.map_err(|_| changed())?;
            let both = merge(&theirs, &batch.records, &shard.touched).ok_or_else(changed)?;
            version = theirs_version;
            merged = Some((shards::pack(&name, both.values())?, both));
        }
        Err(changed())
    }

    /// Writes all records into as many new shards as they need; the index, written last, makes them count.
    async fn save_anew(&self, layout: &mut Layout, batch: &Batch) -> Result<(), LedgerError> {
        let texts = shards::all(batch, layout.shards.len(), self.shard_limit)?;
        let generation = hex(&rand::random::<[u8; 6]>());
        let writes = texts.into_iter().enumerate();
        let writes =
            writes.map(|(number, text)| self.make_shard(&generation, number, text).boxed());
        let written: Result<Vec<u64>, LedgerError> =
            at_once(writes.collect()).await.into_iter().collect();
        let written = written?;
        self.check_unchanged(layout).await?;
        let index = json!({ "format": FORMAT, "generation": generation, "shards": written.len() });
        layout.attempt = Some(Box::new(Layout {
            generation,
            shards: written,
            attempt: None,
            ..layout.clone()
        }));
        let written = self
            .entries
            .write(&self.name("index"), index, Some(layout.index_version))
            .await?;
        self.take_attempt(layout, written.version);
        self.sweep(&layout.generation).await;
        Ok(())
    }

    fn take_attempt(&self, layout: &mut Layout, index_version: u64) {
        if let Some(attempt) = layout.attempt.take() {
            *layout = *attempt;
            layout.index_version = index_version;
        }
    }

    /// Makes sure that nobody wrote to the old shards while we copied them.
    async fn check_unchanged(&self, layout: &Layout) -> Result<(), LedgerError> {
        let reads = layout.shards.iter().enumerate();
        let reads = reads.map(|(number, version)| {
            self.check_version(&layout.generation, number, *version)
                .boxed()
        });
        at_once(reads.collect()).await.into_iter().collect()
    }

    async fn check_version(
        &self,
        generation: &str,
        number: usize,
        version: u64,
    ) -> Result<(), LedgerError> {
        let name = self.shard(generation, number);
        let entry = self.entries.read(&name).await?;
        match entry.version == version {
            true => Ok(()),
            false => Err(LedgerError::Changed { entry: name }),
        }
    }

    async fn make_shard(
        &self,
        generation: &str,
        number: usize,
        text: String,
    ) -> Result<u64, LedgerError> {
        let name = self.shard(generation, number);
        let written = self
            .entries
            .write(&name, json!({ "records": text }), Some(0))
            .await?;
        Ok(written.version)
    }

    /// Finds out what became of new shards whose index was about to be written. An index that is still the old one is
    /// written again as it was, so that the other write cannot arrive later.
    async fn settle_attempt(&self, layout: &mut Layout) -> Result<(), LedgerError> {
        let Some(attempt) = &layout.attempt else {
            return Ok(());
        };
        let name = self.name("index");
        let index = self.entries.read(&name).await?;
        let (generation, count) = self.read_index(&index)?;
        if generation == attempt.generation {
            self.take_attempt(layout, index.version);
        } else if generation == layout.generation {
            if layout.is_there() {
                let same = json!({ "format": FORMAT, "generation": generation, "shards": count });
                layout.index_version = self
                    .entries
                    .write(&name, same, Some(index.version))
                    .await?
                    .version;
            }
            layout.attempt = None;
        } else {
            return Err(LedgerError::Changed { entry: name });
        }
        Ok(())
    }

    /// Destroys the shards of all other generations. What stays because of an error is swept the next time.
    async fn sweep(&self, generation: &str) {
        let folder = self.name("records");
        let Ok(names) = self.entries.list(&folder).await else {
            return;
        };
        let ours = format!("{generation}-");
        let old = names.iter().filter(|name| !name.starts_with(&ours));
        let old: Vec<String> = old.map(|name| format!("{folder}/{name}")).collect();
        at_once(
            old.iter()
                .map(|name| self.entries.destroy(name).boxed())
                .collect(),
        )
        .await;
    }
}
