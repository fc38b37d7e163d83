//! ARCHITECTURE.md tells every bound and its default; both must be those of the code.

use sociscope_golden::{read, workspace};
use std::{collections::BTreeMap, fmt::Debug};

/// Bounds by name, in their own unit: bytes or a count.
type Bounds = BTreeMap<String, u64>;

#[test]
fn the_table_of_limits_is_that_of_the_code() {
    let mut code = Bounds::new();
    fields("image::Limits", &sociscope_image::Limits::default(), &mut code);
    fields("ztoc::Limits", &sociscope_ztoc::Limits::default(), &mut code);
    fields("engine::UnpackLimits", &sociscope_engine::UnpackLimits::default(), &mut code);
    let text = String::from_utf8(read(&workspace().join("ARCHITECTURE.md"))).expect("a text");
    assert_eq!(table(&text), code);
}

/// The fields of a struct of numbers. `Debug` lists every one, so that a new field cannot be forgotten.
fn fields(name: &str, limits: &impl Debug, bounds: &mut Bounds) {
    let shown = format!("{limits:?}");
    let inner = shown.split_once('{').and_then(|(_, rest)| rest.strip_suffix('}')).expect("a struct");
    for field in inner.split(", ") {
        let (field, value) = field.split_once(": ").expect("name: value");
        bounds.insert(format!("{name}::{}", field.trim()), value.trim().parse().expect("a number"));
    }
}

/// The rows of the section "Limits".
fn table(text: &str) -> Bounds {
    let section = text.split("\n## Limits\n").nth(1).expect("a section Limits");
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter_map(|line| {
        let mut cells = line.split('|').skip(1).map(str::trim);
        let bound = cells.next()?.strip_prefix('`')?.strip_suffix('`')?;
        Some((bound.to_owned(), amount(cells.next()?)))
    });
    rows.collect()
}

/// `4,096` or `32 MiB`.
fn amount(text: &str) -> u64 {
    let (number, unit) = text.split_once(' ').unwrap_or((text, ""));
    let number: u64 = number.replace(',', "").parse().unwrap_or_else(|_| panic!("{text:?} is no amount"));
    number
        << match unit {
            "" => 0,
            "KiB" => 10,
            "MiB" => 20,
            "GiB" => 30,
            "TiB" => 40,
            _ => panic!("{unit:?} is no unit"),
        }
}
