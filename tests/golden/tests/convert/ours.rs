//! What we make of images that the reference refuses: on record, with the reason.

use serde::{Deserialize, Serialize};
use sociscope_golden::fixtures;
use std::{collections::BTreeMap, fs, path::PathBuf, sync::Mutex};

/// One finished archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ours {
    pub size: u64,
    pub sha256: String,
    /// What was done that the reference would not have done.
    pub why: Vec<String>,
}

/// Two tests may write.
static WRITING: Mutex<()> = Mutex::new(());

fn path() -> PathBuf {
    fixtures().join("images/ours.json")
}

/// What is on record, by fixture and setting; `#1` and so on are the images of an archive of
/// several, `+` comes before choices that the reference lacks.
pub fn recorded() -> BTreeMap<String, Ours> {
    let text = fs::read(path()).unwrap_or_else(|_| b"{}".to_vec());
    serde_json::from_slice(&text).expect("the record can be read")
}

/// Where what was found is not what is on record, in words. With `SOCISCOPE_BLESS` set, it goes on
/// record instead.
pub fn differences(found: &BTreeMap<String, Ours>) -> Vec<String> {
    let guard = WRITING.lock().expect("no test has failed while writing");
    let mut record = recorded();
    if std::env::var_os("SOCISCOPE_BLESS").is_some() {
        record.extend(found.clone());
        let mut text = serde_json::to_string_pretty(&record).expect("plain data");
        text.push('\n');
        fs::write(path(), text).expect("the record can be written");
        return Vec::new();
    }
    drop(guard);
    let differs = |(name, ours): (&String, &Ours)| match record.get(name) {
        None => Some(format!("{name}: accepted, and not on record: {ours:?}")),
        Some(known) if known != ours => {
            Some(format!("{name}: another result\n  expected {known:?}\n  found    {ours:?}"))
        }
        Some(_) => None,
    };
    found.iter().filter_map(differs).collect()
}
