//! Everything a person or CI does with this repository, as one verb each.
//!
//! ```text
//! cargo xtask serve      set up, build, open the app at 127.0.0.1:8080
//! cargo xtask test       set up, run every test that needs only this checkout, browser included
//! cargo xtask build      the static site in dist/ and the command in target/release/sociscope
//! cargo xtask registry   push converted images into a registry and look at what a puller finds
//! cargo xtask bench      the tables of BENCHMARKS.md
//! cargo xtask lint       format, clippy, docs, each format crate alone for wasm32
//! cargo xtask setup      only install what is missing
//! ```
//!
//! **Architecture invariant:** no dependencies, so that the first command on a fresh machine
//! compiles in a second; and no network at run time — tools come from the package registry by
//! pinned version, Chromium from the system.

mod bench;
mod browser;
mod debian;
mod process;
mod registry;
mod site;
mod test;
mod tools;

use process::Failure;
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask VERB [OPTION]…

  serve [--release] [--no-open] [--port N]   set up, build, serve and open the app
  test [--full]     set up and pass the tests; --full adds the complete vector sets of ../shared
  registry [--full] push converted images into a registry here and pull them back, with oras,
                    crane and skopeo; --full adds the images of ../shared
  build             the static site in dist/ and the command in target/release/sociscope
  bench [--quick]   print the benchmark tables (--quick: a small layer, to see that it runs)
  bench scale       the same for images of gigabytes, and fail when a target is missed (7 GB of disk)
  lint              formatting, clippy, docs, wasm32 builds of the format crates
  setup             install what is missing, nothing else
  post-build        (called by Trunk) finish the site: content security policy";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (verb, options) = match arguments.split_first() {
        Some((verb, options)) => (verb.as_str(), options),
        None => ("", &[][..]),
    };
    let outcome = match verb {
        "serve" => site::serve(options),
        "build" => site::build(options),
        "post-build" => site::post_build(),
        "test" => test::test(options),
        "lint" => test::lint(options),
        "registry" => registry::registry(options),
        "bench" => bench::bench(options),
        "setup" => tools::setup().and_then(|()| browser::ensure().map(drop)),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => Err(Failure::usage(USAGE)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::from(failure.code)
        }
    }
}
