//! The module structure: which module may use which, and no circles between files.
//!
//! ARCHITECTURE.md has the reasons. Cargo enforces the boundaries between crates; this test reads the
//! paths in the source and enforces those inside a crate. Code under `#[cfg(test)]` is exempt.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a source file that cannot be read fails the test"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use syn::visit::{self, Visit};

/// For each module of the program, the modules and workspace crates that it may use.
const MAY_USE: &[(&str, &[&str])] = &[
    ("build", &[]),
    ("clock", &[]),
    ("run_blocking", &[]),
    ("config", &["billing", "exporter_toolkit"]),
    ("snapshot", &["billing", "heroku_api"]),
    (
        "collector",
        &[
            "billing",
            "clock",
            "config",
            "exporter_toolkit",
            "heroku_api",
            "snapshot",
        ],
    ),
    (
        "metrics",
        &[
            "billing",
            "build",
            "clock",
            "expfmt",
            "heroku_api",
            "run_blocking",
            "snapshot",
        ],
    ),
    ("report", &["billing", "heroku_api", "snapshot"]),
    (
        "web",
        &[
            "clock",
            "expfmt",
            "exporter_toolkit",
            "metrics",
            "report",
            "run_blocking",
            "snapshot",
        ],
    ),
];

/// Modules that may use everything: they only connect the others.
const WIRING: &[&str] = &["cli", "lib", "main"];

/// Every crate of the workspace, by the folder of its sources.
const CRATES: &[&str] = &[
    "src",
    "crates/billing/src",
    "crates/expfmt/src",
    "crates/exporter-toolkit/src",
    "crates/heroku-api/src",
    "crates/heroku-sim/src",
    "tools/bench/src",
    "tools/exposition-parser/src",
    "tools/soak/src",
];

/// The names of the workspace's libraries in paths.
const LIBRARIES: &[&str] = &[
    "billing",
    "expfmt",
    "exporter_toolkit",
    "heroku_api",
    "heroku_sim",
];

/// A path of identifiers, such as `crate::snapshot::Team`.
type Segments = Vec<String>;

#[test]
fn modules_use_only_what_the_table_allows() {
    let modules = modules("src");
    let top = |module: &Segments| module.first().map_or("lib".to_owned(), String::clone);
    let mut seen = BTreeSet::new();
    let mut violations = Vec::new();
    for (module, file) in &modules {
        let from = top(module);
        if WIRING.contains(&from.as_str()) {
            continue;
        }
        let allowed = MAY_USE.iter().find(|(name, _)| *name == from);
        let (_, allowed) = allowed.unwrap_or_else(|| panic!("{from} is not in the table"));
        for path in paths(file) {
            let used = match resolve(&modules, module, &path) {
                Some(target) => top(target),
                None if LIBRARIES.contains(&path[0].as_str()) => path[0].clone(),
                None => continue,
            };
            if used != from && used != "lib" {
                if !allowed.contains(&used.as_str()) {
                    violations.push(format!("{} uses {}", file.display(), path.join("::")));
                }
                seen.insert((from.clone(), used));
            }
        }
    }
    assert!(violations.is_empty(), "{violations:#?}");
    let unused: Vec<_> = MAY_USE
        .iter()
        .flat_map(|(from, used)| used.iter().map(move |used| (*from, *used)))
        .filter(|(from, used)| !seen.contains(&((*from).to_owned(), (*used).to_owned())))
        .collect();
    assert!(unused.is_empty(), "nothing uses {unused:?}");
}

#[test]
fn no_circles_between_files() {
    for root in CRATES {
        let modules = modules(root);
        let mut graph: BTreeMap<&Segments, BTreeSet<&Segments>> = BTreeMap::new();
        for (module, file) in &modules {
            for path in paths(file) {
                let Some(target) = resolve(&modules, module, &path) else {
                    continue;
                };
                // A module and its children may refer to each other.
                if !target.starts_with(module) && !module.starts_with(target) {
                    graph.entry(module).or_default().insert(target);
                }
            }
        }
        let circle = circle(&graph);
        assert!(circle.is_none(), "{root}: {circle:?}");
    }
}

#[test]
fn finds_a_circle_of_three() {
    let [a, b, c, d] = ["a", "b", "c", "d"].map(|name| vec![name.to_owned()]);
    let mut graph = BTreeMap::from([
        (&a, BTreeSet::from([&b, &d])),
        (&b, BTreeSet::from([&c, &d])),
    ]);
    assert_eq!(circle(&graph), None);
    graph.insert(&c, BTreeSet::from([&a]));
    assert_eq!(circle(&graph), Some(vec![&a, &b, &c]));
}

#[test]
fn pure_crates_stay_pure() {
    let io = ["axum", "hyper", "reqwest", "serde_json", "tokio"];
    let heroku = [
        "billing",
        "heroku-api",
        "heroku-sim",
        "heroku-cost-exporter",
    ];
    let table: [(&str, &[&str]); 4] = [
        ("billing", &io),
        ("expfmt", &heroku),
        ("exporter-toolkit", &heroku),
        (
            "heroku-sim",
            &["billing", "heroku-api", "heroku-cost-exporter"],
        ),
    ];
    for (package, banned) in table {
        let dependencies = dependencies(package);
        assert!(dependencies.contains(package), "{package}");
        for name in banned.iter().filter(|name| **name != package) {
            assert!(!dependencies.contains(*name), "{package} depends on {name}");
        }
    }
}

/// The packages that `package` is built from.
fn dependencies(package: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--package", package, "--edges", "normal"])
        .args([
            "--prefix",
            "none",
            "--format",
            "{p}",
            "--offline",
            "--locked",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo starts");
    let text = String::from_utf8(output.stdout).expect("names are UTF-8");
    let names = text.lines().filter_map(|line| line.split(' ').next());
    names.map(str::to_owned).collect()
}

/// Every module of a crate with its file.
fn modules(root: &str) -> BTreeMap<Segments, PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(root);
    let mut modules = BTreeMap::new();
    collect(&root, &mut Vec::new(), &mut modules);
    assert!(!modules.is_empty(), "{} has no sources", root.display());
    modules
}

fn collect(directory: &Path, module: &mut Segments, modules: &mut BTreeMap<Segments, PathBuf>) {
    for entry in fs::read_dir(directory).expect("the folder can be read") {
        let path = entry.expect("the entry can be read").path();
        let name = path.file_stem().expect("it has a name").to_string_lossy();
        match (path.is_dir(), &*name) {
            (true, _) => {
                module.push(name.into_owned());
                collect(&path, module, modules);
                module.pop();
            }
            (false, "mod" | "lib") => _ = modules.insert(module.clone(), path),
            // A binary without a library has its modules below main.rs.
            (false, "main") if !directory.join("lib.rs").exists() => {
                modules.insert(module.clone(), path);
            }
            (false, "main" | "tests" | "properties") => {}
            (false, _) if path.extension().is_some_and(|extension| extension == "rs") => {
                module.push(name.into_owned());
                modules.insert(module.clone(), path);
                module.pop();
            }
            (false, _) => {}
        }
    }
}

/// The module of this crate that `path` leads into, seen from `module`.
fn resolve<'a>(
    modules: &'a BTreeMap<Segments, PathBuf>,
    module: &Segments,
    path: &[String],
) -> Option<&'a Segments> {
    let (mut base, mut rest) = match path[0].as_str() {
        "crate" => (Vec::new(), &path[1..]),
        "self" => (module.clone(), &path[1..]),
        "super" => (module.clone(), path),
        _ => {
            let child = [module.as_slice(), &path[..1]].concat();
            modules.contains_key(&child).then_some(())?;
            (module.clone(), path)
        }
    };
    while rest.first().is_some_and(|first| first == "super") {
        base.pop()?;
        rest = &rest[1..];
    }
    (0..=rest.len()).rev().find_map(|length| {
        let candidate = [base.as_slice(), &rest[..length]].concat();
        modules.get_key_value(&candidate).map(|(known, _)| known)
    })
}

/// Every path in a file, those of `use` declarations expanded.
fn paths(file: &Path) -> Vec<Segments> {
    let text = fs::read_to_string(file).expect("the file can be read");
    let parsed = syn::parse_file(&text);
    let parsed = parsed.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut collector = Paths(Vec::new());
    collector.visit_file(&parsed);
    collector.0
}

struct Paths(Vec<Segments>);

impl Paths {
    fn add_tree(&mut self, tree: &syn::UseTree, prefix: &mut Segments) {
        match tree {
            syn::UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.add_tree(&path.tree, prefix);
                prefix.pop();
            }
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.add_tree(tree, prefix);
                }
            }
            syn::UseTree::Name(syn::UseName { ident })
            | syn::UseTree::Rename(syn::UseRename { ident, .. }) => {
                let mut path = prefix.clone();
                if ident != "self" || path.is_empty() {
                    path.push(ident.to_string());
                }
                self.0.push(path);
            }
            syn::UseTree::Glob(_) => self.0.push(prefix.clone()),
        }
    }
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let attributes = match item {
            syn::Item::Mod(item) => item.attrs.as_slice(),
            syn::Item::Use(item) => item.attrs.as_slice(),
            syn::Item::Fn(item) => item.attrs.as_slice(),
            syn::Item::Impl(item) => item.attrs.as_slice(),
            _ => &[],
        };
        let is_test = |attribute: &syn::Attribute| {
            attribute.path().is_ident("cfg")
                && attribute
                    .parse_args::<syn::Ident>()
                    .is_ok_and(|argument| argument == "test")
        };
        if !attributes.iter().any(is_test) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.add_tree(&item.tree, &mut Vec::new());
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            let segments = path.segments.iter();
            self.0
                .push(segments.map(|segment| segment.ident.to_string()).collect());
        }
        visit::visit_path(self, path);
    }
}

/// The modules of a circle, if there is one: what is left when modules that use nothing, or nothing
/// that is left, are removed again and again, and then those that nothing uses.
fn circle<'a>(graph: &BTreeMap<&'a Segments, BTreeSet<&'a Segments>>) -> Option<Vec<&'a Segments>> {
    let mut left = graph.clone();
    loop {
        let before = left.len();
        let sources: BTreeSet<_> = left.keys().copied().collect();
        left.retain(|_, targets| targets.iter().any(|target| sources.contains(*target)));
        let targets: BTreeSet<_> = left.values().flatten().copied().collect();
        left.retain(|module, _| targets.contains(*module));
        if left.len() == before {
            break;
        }
    }
    (!left.is_empty()).then(|| left.into_keys().collect())
}
