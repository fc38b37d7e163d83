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
mod ztoc;

/// In the browser only the library and its test are used.
#[cfg(target_arch = "wasm32")]
fn main() {}

#[cfg(not(target_arch = "wasm32"))]
fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // A build measures itself in a process of its own, so that its peak memory is its own.
    if let [verb, layer, out] = arguments.as_slice()
        && verb == "build-ztoc"
    {
        return ztoc::build_and_measure(layer.as_ref(), out.as_ref());
    }
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let size: u64 = if quick { 64 << 20 } else { 1100 << 20 };

    let folder = archive::folder()?;
    let layer = archive::layer(&folder, size)?;
    let compressed = std::fs::read(&layer)?;
    println!("{}", report::machine());
    println!(
        "Layer: {} of generated tar (40 % text, 40 % machine code, 20 % compressed data), zlib level 6: {}.\n",
        report::mib(size),
        report::mib(compressed.len() as u64)
    );

    inflate::native(&compressed)?;
    drop(compressed);
    let reference = ztoc::native_and_reference(&folder, &layer)?;
    browser::inflate()?;
    browser::whole_page(&folder, &layer, reference)?;
    Ok(())
}
