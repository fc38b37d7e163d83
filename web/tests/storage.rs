//! What is written to a temporary file comes back as a file; it is gone once nobody holds it, and
//! what a tab left behind is swept away by the next one.

#![cfg(target_arch = "wasm32")]

use js_sys::Uint8Array;
use sociscope_web::browser::storage::{Directory, MEMORY_LIMIT, Place, Sink, Trouble, room, sweep};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{Blob, DedicatedWorkerGlobalScope, FileSystemDirectoryHandle, FileSystemGetDirectoryOptions};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

fn content(len: usize) -> Vec<u8> {
    (0..len as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

async fn bytes_of(blob: &Blob) -> Vec<u8> {
    Uint8Array::new(&JsFuture::from(blob.array_buffer()).await.expect("readable")).to_vec()
}

async fn home() -> FileSystemDirectoryHandle {
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    let root: FileSystemDirectoryHandle =
        JsFuture::from(scope.navigator().storage().get_directory()).await.expect("Chromium has OPFS").into();
    create(&root, "sociscope").await
}

async fn create(parent: &FileSystemDirectoryHandle, name: &str) -> FileSystemDirectoryHandle {
    let options = FileSystemGetDirectoryOptions::new();
    options.set_create(true);
    JsFuture::from(parent.get_directory_handle_with_options(name, &options)).await.expect("created").into()
}

async fn holds(place: &Place) -> bool {
    let home = home().await;
    let Ok(directory) = JsFuture::from(home.get_directory_handle(&place.directory)).await else {
        return false;
    };
    let directory: FileSystemDirectoryHandle = directory.unchecked_into();
    JsFuture::from(directory.get_file_handle(&place.file)).await.is_ok()
}

async fn soon(what: &str, place: &Place, expected: bool) {
    for _ in 0..100 {
        if holds(place).await == expected {
            return;
        }
        yew::platform::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{what}: {place:?}");
}

/// Writes pieces of these sizes and compares what comes back.
async fn check(place: Option<&Place>, sizes: &[usize]) -> Blob {
    let mut sink = Sink::create(place).await;
    assert_eq!(sink.is_on_disk(), place.is_some());
    let whole = content(sizes.iter().sum());
    let mut rest = whole.as_slice();
    for size in sizes {
        let (piece, after) = rest.split_at(*size);
        sink.write(piece).expect("there is room");
        rest = after;
    }
    assert_eq!(sink.written(), whole.len() as u64);
    let file = sink.finish().await.expect("written");
    assert!(bytes_of(&file).await == whole, "pieces of {sizes:?}: other bytes");
    file
}

const SIZES: [&[usize]; 4] = [&[], &[1], &[3, 0, 100_000, 1], &[1 << 20, 5_000_000, 7, 1 << 20]];

#[wasm_bindgen_test]
async fn a_temporary_file_holds_what_was_written_until_it_is_dropped() {
    let directory = Directory::open().await.expect("Chromium has OPFS and locks");
    for sizes in SIZES {
        let file = directory.file();
        let place = file.place();
        check(Some(&place), sizes).await;
        assert!(holds(&place).await);
        drop(file);
        soon("it is removed", &place, false).await;
    }
}

#[wasm_bindgen_test]
async fn a_file_that_is_still_being_written_is_removed_once_its_writer_ends() {
    let directory = Directory::open().await.expect("Chromium has OPFS and locks");
    let file = directory.file();
    let place = file.place();
    let mut sink = Sink::create(Some(&place)).await;
    sink.write(b"half").expect("there is room");
    drop(file);
    yew::platform::time::sleep(std::time::Duration::from_millis(200)).await;
    drop(sink);
    soon("it is removed", &place, false).await;
}

#[wasm_bindgen_test]
async fn without_a_place_bytes_are_kept_in_memory_up_to_a_limit() {
    for sizes in SIZES {
        check(None, sizes).await;
    }
    let nowhere = Place { directory: "of no tab".into(), file: "0".into() };
    assert!(!Sink::create(Some(&nowhere)).await.is_on_disk(), "a directory without a lock is not made");

    let mut sink = Sink::create(None).await;
    let piece = vec![0; 64 << 20];
    for _ in 0..MEMORY_LIMIT / (64 << 20) {
        sink.write(&piece).expect("below the limit");
    }
    assert!(matches!(sink.write(&[0]), Err(Trouble::TooLargeForMemory)));
}

#[wasm_bindgen_test]
async fn the_sweep_takes_what_dead_tabs_left_and_nothing_else() {
    let directory = Directory::open().await.expect("Chromium has OPFS and locks");
    let alive = directory.file();
    check(Some(&alive.place()), &[1000]).await;

    // A directory whose lock nobody holds, with a file in it: written by hand, as its tab is gone.
    let dead = Place { directory: "0000000000abc".into(), file: "0".into() };
    create(&home().await, &dead.directory).await;
    check(Some(&dead), &[1000]).await;

    sweep().await;
    assert!(!holds(&dead).await, "left behind");
    assert!(holds(&alive.place()).await, "in use");
}

#[wasm_bindgen_test]
async fn the_browser_says_how_much_room_there_is() {
    let room = room().await.expect("Chromium says");
    assert!(room.free() > 0 && room.free() <= room.quota, "{room:?}");
}
