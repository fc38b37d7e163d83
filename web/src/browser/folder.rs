//! Reading folders that were dropped or chosen.
//!
//! A dropped folder is walked through its entries, which the browser hands out a hundred at a
//! time; a folder from the picker comes as a flat list whose paths begin with the folder's name.

use js_sys::{Array, Promise};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{DataTransfer, File, FileSystemDirectoryEntry, FileSystemEntry, FileSystemFileEntry};

/// A file and its path inside the folder, with `/` between the names.
pub type PathedFile = (String, File);

/// Something that was handed in.
#[derive(Clone, Debug)]
pub enum Entry {
    /// A file.
    File(File),
    /// A folder that is not read yet.
    Folder(FileSystemDirectoryEntry),
}

/// What a drop brought. Only readable while the event is being handled; the entries stay good.
pub fn entries(data: &DataTransfer) -> Vec<Entry> {
    let items = data.items();
    let entries = (0..items.length()).filter_map(|index| {
        let item = items.get(index).filter(|item| item.kind() == "file")?;
        let folder = item.webkit_get_as_entry().ok().flatten().filter(FileSystemEntry::is_directory);
        Some(match folder {
            Some(folder) => Entry::Folder(folder.unchecked_into()),
            None => Entry::File(item.get_as_file().ok().flatten()?),
        })
    });
    entries.collect()
}

/// The path of a file from a chosen folder, beginning with the folder's own name; its bare name
/// for any other file.
pub fn path_of(file: &File) -> String {
    let path =
        js_sys::Reflect::get(file, &"webkitRelativePath".into()).ok().and_then(|path| path.as_string());
    path.filter(|path| !path.is_empty()).unwrap_or_else(|| file.name())
}

/// Every file below `folder`, with its path inside of it.
///
/// # Errors
/// What the browser says when something in it cannot be read.
pub async fn walk(folder: &FileSystemDirectoryEntry) -> Result<Vec<PathedFile>, JsValue> {
    let mut files = Vec::new();
    let mut folders = vec![(String::new(), folder.clone())];
    while let Some((path, folder)) = folders.pop() {
        let reader = folder.create_reader();
        loop {
            // Empty once everything was handed out, however many rounds that takes.
            let batch =
                settle(|done, failed| reader.read_entries_with_callback_and_callback(done, failed).err());
            let batch: Array = JsFuture::from(batch).await?.unchecked_into();
            if batch.length() == 0 {
                break;
            }
            let opened = Array::new();
            let mut paths = Vec::new();
            for entry in batch.iter() {
                let entry: FileSystemEntry = entry.unchecked_into();
                let path = format!("{path}{}", entry.name());
                if entry.is_directory() {
                    folders.push((format!("{path}/"), entry.unchecked_into()));
                } else {
                    let entry: FileSystemFileEntry = entry.unchecked_into();
                    opened.push(&settle(|done, failed| {
                        entry.file_with_callback_and_callback(done, failed);
                        None
                    }));
                    paths.push(path);
                }
            }
            // A hundred at a time, not one after the other.
            let opened: Array = JsFuture::from(Promise::all(&opened)).await?.unchecked_into();
            files.extend(paths.into_iter().zip(opened.iter().map(JsCast::unchecked_into)));
        }
    }
    Ok(files)
}

/// A promise for an interface of two callbacks. What `ask` returns is why it could not even ask.
fn settle(ask: impl FnOnce(&js_sys::Function, &js_sys::Function) -> Option<JsValue>) -> Promise {
    let mut ask = Some(ask);
    Promise::new(&mut |done, failed| {
        if let Some(ask) = ask.take()
            && let Some(error) = ask(&done, &failed)
        {
            let _ = failed.call1(&JsValue::UNDEFINED, &error);
        }
    })
}
