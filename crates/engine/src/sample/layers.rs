//! The five layers as tars.

use super::{MADE_AT, content::Source};

/// A tar being written.
pub(super) struct Tree {
    tar: tar::Builder<Vec<u8>>,
    owner: u64,
}

impl Tree {
    pub(super) fn new() -> Self {
        Self::owned_by(0)
    }

    fn owned_by(owner: u64) -> Self {
        Self { tar: tar::Builder::new(Vec::new()), owner }
    }

    fn entry(&mut self, path: &str, kind: tar::EntryType, mode: u32, link: &str, data: &[u8]) {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(self.owner);
        header.set_gid(self.owner);
        header.set_mtime(MADE_AT);
        header.set_size(data.len() as u64);
        // Paths here are literals that fit ustar, and a Vec takes every byte; nothing can fail.
        if !link.is_empty() {
            header.set_link_name(link).expect("a short link name");
        }
        self.tar.append_data(&mut header, path, data).expect("writing to memory");
    }

    pub(super) fn directory(&mut self, path: &str) {
        self.entry(path, tar::EntryType::Directory, 0o755, "", &[]);
    }

    pub(super) fn file(&mut self, path: &str, mode: u32, data: &[u8]) {
        self.entry(path, tar::EntryType::Regular, mode, "", data);
    }

    fn symlink(&mut self, path: &str, target: &str) {
        self.entry(path, tar::EntryType::Symlink, 0o777, target, &[]);
    }

    fn hard_link(&mut self, path: &str, target: &str) {
        self.entry(path, tar::EntryType::Link, 0o755, target, &[]);
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.tar.into_inner().expect("writing to memory")
    }
}

/// Layer 1: a small Debian-like system.
pub(super) fn base(source: &mut Source) -> Vec<u8> {
    let mut tree = Tree::new();
    for directory in [
        "etc/",
        "etc/apt/",
        "home/",
        "opt/",
        "root/",
        "run/",
        "srv/",
        "tmp/",
        "usr/",
        "usr/bin/",
        "usr/lib/",
        "usr/lib/x86_64-linux-gnu/",
        "usr/local/",
        "usr/local/bin/",
        "usr/sbin/",
        "usr/share/",
        "usr/share/doc/",
        "usr/share/zoneinfo/",
        "var/",
        "var/lib/",
        "var/log/",
    ] {
        tree.directory(directory);
    }
    for link in ["bin", "sbin", "lib"] {
        tree.symlink(link, &format!("usr/{link}"));
    }
    tree.file(
        "etc/os-release",
        0o644,
        b"PRETTY_NAME=\"Sample GNU/Linux 12\"\nNAME=\"Sample GNU/Linux\"\nVERSION_ID=\"12\"\nID=sample\n",
    );
    tree.file(
        "etc/passwd",
        0o644,
        b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    );
    tree.file("etc/hosts", 0o644, b"127.0.0.1\tlocalhost\n");
    tree.file("etc/hostname", 0o644, b"");
    for (name, size) in [
        ("bash", 160_000),
        ("dash", 60_000),
        ("cat", 36_000),
        ("cp", 60_000),
        ("grep", 80_000),
        ("ls", 70_000),
        ("sed", 80_000),
        ("tar", 110_000),
    ] {
        let program = source.elf(size);
        tree.file(&format!("usr/bin/{name}"), 0o755, &program);
    }
    tree.symlink("usr/bin/sh", "dash");
    for (name, size) in [
        ("libc.so.6", 480_000),
        ("libm.so.6", 130_000),
        ("libz.so.1.2.13", 90_000),
        ("libcrypto.so.3", 320_000),
    ] {
        let library = source.elf(size);
        tree.file(&format!("usr/lib/x86_64-linux-gnu/{name}"), 0o644, &library);
    }
    tree.symlink("usr/lib/x86_64-linux-gnu/libz.so.1", "libz.so.1.2.13");
    for package in ["base-files", "bash", "coreutils", "libc6", "openssl", "tar"] {
        tree.directory(&format!("usr/share/doc/{package}/"));
        let text = source.prose(9_000);
        tree.file(&format!("usr/share/doc/{package}/copyright"), 0o644, &text);
        let text = source.prose(14_000);
        tree.file(&format!("usr/share/doc/{package}/NEWS"), 0o644, &text);
    }
    for zone in ["Berlin", "London", "Madrid", "Paris", "Rome", "Vienna"] {
        let table = source.noise(1_200);
        tree.file(&format!("usr/share/zoneinfo/{zone}"), 0o644, &table);
    }
    tree.into_bytes()
}

/// Layer 2: small, below the minimum layer size.
pub(super) fn certificates(source: &mut Source) -> Vec<u8> {
    let mut tree = Tree::new();
    tree.directory("etc/ssl/");
    tree.directory("etc/ssl/certs/");
    let mut bundle = Vec::new();
    for index in 0..18 {
        let certificate = source.certificate();
        bundle.extend(&certificate);
        tree.file(&format!("etc/ssl/certs/Sample_Root_{index:02}.pem"), 0o644, &certificate);
    }
    tree.file("etc/ssl/certs/ca-certificates.crt", 0o644, &bundle);
    let program = source.elf(24_000);
    tree.file("usr/bin/curl", 0o755, &program);
    // What a later layer removes from an earlier one is written as a "whiteout".
    tree.file("var/log/.wh.bootstrap.log", 0o644, b"");
    tree.into_bytes()
}

/// Layer 3: Python and its packages, the largest.
pub(super) fn packages(source: &mut Source) -> Vec<u8> {
    let mut tree = Tree::new();
    tree.directory("usr/local/lib/");
    tree.directory("usr/local/lib/python3.12/");
    let python = source.elf(300_000);
    tree.file("usr/local/bin/python3.12", 0o755, &python);
    tree.hard_link("usr/local/bin/python3", "usr/local/bin/python3.12");
    tree.symlink("usr/local/bin/python", "python3");
    tree.file(
        "usr/local/bin/gunicorn",
        0o755,
        b"#!/usr/local/bin/python3\nimport sys\nfrom gunicorn.app.wsgiapp import run\nsys.exit(run())\n",
    );
    for module in [
        "argparse",
        "asyncio",
        "base64",
        "dataclasses",
        "datetime",
        "functools",
        "inspect",
        "json",
        "logging",
        "pathlib",
        "pickle",
        "random",
        "re",
        "socket",
        "ssl",
        "subprocess",
        "threading",
        "typing",
        "unittest",
        "zipfile",
    ] {
        let code = source.code(16_000);
        tree.file(&format!("usr/local/lib/python3.12/{module}.py"), 0o644, &code);
    }
    let site = "usr/local/lib/python3.12/site-packages";
    tree.directory(&format!("{site}/"));
    for (package, modules, extension) in [
        ("click", 10, 0),
        ("flask", 14, 0),
        ("gunicorn", 12, 0),
        ("jinja2", 16, 0),
        ("numpy", 30, 640_000),
        ("pandas", 34, 360_000),
        ("psycopg", 9, 120_000),
        ("requests", 11, 0),
        ("sqlalchemy", 26, 120_000),
        ("werkzeug", 16, 0),
    ] {
        tree.directory(&format!("{site}/{package}/"));
        tree.file(&format!("{site}/{package}/py.typed"), 0o644, b"");
        for _ in 0..modules {
            let (a, b) = (source.word().to_owned(), source.below(100));
            let size = 1_500 + source.below(12_000);
            let code = source.code(size);
            tree.file(&format!("{site}/{package}/{a}_{b}.py"), 0o644, &code);
        }
        if extension > 0 {
            let library = source.elf(extension);
            let name = format!("{site}/{package}/_core.cpython-312-x86_64-linux-gnu.so");
            tree.file(&name, 0o755, &library);
        }
        tree.directory(&format!("{site}/{package}-1.0.dist-info/"));
        let text = source.prose(5_000);
        tree.file(&format!("{site}/{package}-1.0.dist-info/LICENSE"), 0o644, &text);
    }
    tree.into_bytes()
}

/// Layer 4: stored as zstd.
pub(super) fn catalogue(source: &mut Source) -> Vec<u8> {
    let mut tree = Tree::new();
    tree.directory("srv/catalogue/");
    for index in 0..12 {
        let picture = source.noise(14_000 + index * 500);
        tree.file(&format!("srv/catalogue/product-{index:03}.jpg"), 0o644, &picture);
    }
    let text = source.prose(30_000);
    tree.file("srv/catalogue/descriptions.txt", 0o644, &text);
    tree.into_bytes()
}

/// Layer 5: the application.
pub(super) fn application(source: &mut Source) -> Vec<u8> {
    let mut tree = Tree::owned_by(10_001);
    for directory in
        ["srv/app/", "srv/app/shop/", "srv/app/shop/static/", "srv/app/shop/templates/", "srv/app/tests/"]
    {
        tree.directory(directory);
    }
    tree.file(
        "srv/app/requirements.txt",
        0o644,
        b"flask\ngunicorn\nnumpy\npandas\npsycopg\nrequests\nsqlalchemy\n",
    );
    for module in [
        "__init__",
        "basket",
        "catalogue",
        "checkout",
        "config",
        "health",
        "models",
        "orders",
        "payments",
        "search",
        "stock",
        "users",
        "wsgi",
    ] {
        let code = source.code(11_000);
        tree.file(&format!("srv/app/shop/{module}.py"), 0o644, &code);
    }
    for page in ["base", "basket", "index", "order", "product"] {
        let text = source.prose(7_000);
        tree.file(&format!("srv/app/shop/templates/{page}.html"), 0o644, &text);
    }
    let script = source.code(180_000);
    tree.file("srv/app/shop/static/shop.js", 0o644, &script);
    for picture in ["logo", "header", "footer"] {
        let bytes = source.noise(40_000);
        tree.file(&format!("srv/app/shop/static/{picture}.webp"), 0o644, &bytes);
    }
    for test in ["basket", "checkout", "orders"] {
        let code = source.code(6_000);
        tree.file(&format!("srv/app/tests/test_{test}.py"), 0o644, &code);
    }
    tree.into_bytes()
}
