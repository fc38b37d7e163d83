//! Prints the benchmark tables. See `cargo xtask bench`.

#[cfg(not(target_arch = "wasm32"))]
mod archive;
#[cfg(not(target_arch = "wasm32"))]
mod browser;
#[cfg(not(target_arch = "wasm32"))]
mod inflate;
#[cfg(not(target_arch = "wasm32"))]
mod report;
#[cfg(not(target_arch = "wasm32"))]
mod scale;
#[cfg(not(target_arch = "wasm32"))]
mod ztoc;

/// In the browser only the library and its test are used.
#[cfg(target_arch = "wasm32")]
fn main() {}

/// In the order they are printed. The page is held against the reference, which `ztoc` measures.
#[cfg(not(target_arch = "wasm32"))]
const TABLES: [&str; 4] = ["inflate", "ztoc", "wasm", "page"];

#[cfg(not(target_arch = "wasm32"))]
fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // A build measures itself in a process of its own, so that its peak memory is its own.
    if let [verb, layer, out] = arguments.as_slice()
        && verb == "build-ztoc"
    {
        return ztoc::build_and_measure(layer.as_ref(), out.as_ref());
    }
    // Larger, slower and with targets of its own, so only when it is asked for.
    if arguments.first().is_some_and(|table| table == "scale") {
        return scale::run(&arguments[1..]);
    }
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let size: u64 = if quick { 64 << 20 } else { 1100 << 20 };
    // Named tables only, or all of them.
    let named: Vec<&str> =
        arguments.iter().map(String::as_str).filter(|argument| !argument.starts_with("--")).collect();
    if let Some(unknown) = named.iter().find(|name| !TABLES.contains(name)) {
        return Err(format!("there is no table {unknown:?}; there are {TABLES:?}").into());
    }
    let wanted = |table| named.is_empty() || named.contains(&table);

    let folder = archive::folder()?;
    let layer = archive::layer(&folder, size)?;
    let compressed = std::fs::read(&layer)?;
    println!("{}", report::machine());
    println!(
        "Layer: {} of generated tar (40 % text, 40 % machine code, 20 % compressed data), zlib level 6: {}.\n",
        report::mib(size),
        report::mib(compressed.len() as u64)
    );

    if wanted("inflate") {
        inflate::native(&compressed)?;
    }
    drop(compressed);
    let reference = if wanted("ztoc") { ztoc::native_and_reference(&folder, &layer)? } else { None };
    if wanted("wasm") {
        browser::inflate()?;
        browser::build(&folder)?;
    }
    if wanted("page") {
        browser::whole_page(&folder, &layer, reference)?;
    }
    Ok(())
}
