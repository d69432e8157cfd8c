//! The module structure: the allowed dependencies between modules, and no dependency cycles between
//! files.
//!
//! See `ARCHITECTURE.md`. Cargo enforces the boundaries between crates; this test parses the source
//! code and enforces those inside a crate. Code under `#[cfg(test)]` is exempt.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "an unreadable source file fails the test"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use syn::visit::{self, Visit};

/// For each module of the exporter, the modules and workspace crates that it may use.
const ALLOWED_DEPENDENCIES: &[(&str, &[&str])] = &[
    ("build", &[]),
    ("clock", &[]),
    ("run_blocking", &[]),
    ("config", &["billing", "exporter_toolkit", "heroku_api"]),
    ("snapshot", &["billing", "heroku_api"]),
    (
        "collector",
        &[
            "billing",
            "clock",
            "config",
            "heroku_api",
            "run_blocking",
            "snapshot",
            "store",
        ],
    ),
    ("store", &["billing", "heroku_api"]),
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
            "store",
        ],
    ),
    ("report", &["billing", "heroku_api", "snapshot", "store"]),
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

/// Modules that may use all others, because they only connect them.
const WIRING: &[&str] = &["cli", "lib", "main"];

/// The source directories of all crates in the workspace.
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

/// The names of the library crates in the workspace.
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
fn modules_use_only_allowed_dependencies() {
    let modules = modules("src");
    let top_level = |module: &Segments| module.first().map_or("lib".to_owned(), String::clone);
    let mut dependencies = BTreeSet::new();
    let mut violations = Vec::new();
    for (module, file) in &modules {
        let from = top_level(module);
        if WIRING.contains(&from.as_str()) {
            continue;
        }
        let allowed = ALLOWED_DEPENDENCIES.iter().find(|(name, _)| *name == from);
        let (_, allowed) =
            allowed.unwrap_or_else(|| panic!("{from} is not in ALLOWED_DEPENDENCIES"));
        for path in paths(file) {
            let used = match resolve(&modules, module, &path) {
                Some(target) => top_level(target),
                None if LIBRARIES.contains(&path[0].as_str()) => path[0].clone(),
                None => continue,
            };
            if used != from && used != "lib" {
                if !allowed.contains(&used.as_str()) {
                    violations.push(format!("{} uses {}", file.display(), path.join("::")));
                }
                dependencies.insert((from.clone(), used));
            }
        }
    }
    assert!(violations.is_empty(), "{violations:#?}");
    let unused: Vec<_> = ALLOWED_DEPENDENCIES
        .iter()
        .flat_map(|(from, used)| used.iter().map(move |used| (*from, *used)))
        .filter(|(from, used)| !dependencies.contains(&((*from).to_owned(), (*used).to_owned())))
        .collect();
    assert!(
        unused.is_empty(),
        "allowed but unused dependencies: {unused:?}"
    );
}

#[test]
fn files_have_no_dependency_cycles() {
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
        let cycle = find_cycle(&graph);
        assert!(cycle.is_none(), "{root}: {cycle:?}");
    }
}

#[test]
fn find_cycle_returns_modules_of_cycle() {
    let [a, b, c, d] = ["a", "b", "c", "d"].map(|name| vec![name.to_owned()]);
    let mut graph = BTreeMap::from([
        (&a, BTreeSet::from([&b, &d])),
        (&b, BTreeSet::from([&c, &d])),
    ]);
    assert_eq!(find_cycle(&graph), None);
    graph.insert(&c, BTreeSet::from([&a]));
    assert_eq!(find_cycle(&graph), Some(vec![&a, &b, &c]));
}

#[test]
fn crates_have_no_forbidden_dependencies() {
    let io_crates = ["axum", "hyper", "reqwest", "serde_json", "tokio"];
    let heroku_crates = [
        "billing",
        "heroku-api",
        "heroku-sim",
        "heroku-cost-exporter",
    ];
    let table: [(&str, &[&str]); 4] = [
        ("billing", &io_crates),
        ("expfmt", &heroku_crates),
        ("exporter-toolkit", &heroku_crates),
        (
            "heroku-sim",
            &["billing", "heroku-api", "heroku-cost-exporter"],
        ),
    ];
    for (package, forbidden) in table {
        let dependencies = dependencies(package);
        assert!(dependencies.contains(package), "{package}");
        for name in forbidden {
            assert!(!dependencies.contains(*name), "{package} depends on {name}");
        }
    }
}

/// Returns the names of a package and of all its normal dependencies.
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
        .expect("cargo cannot be run");
    let text = String::from_utf8(output.stdout).expect("invalid UTF-8");
    let names = text.lines().filter_map(|line| line.split(' ').next());
    names.map(str::to_owned).collect()
}

/// Returns the modules of a crate and their files.
fn modules(root: &str) -> BTreeMap<Segments, PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(root);
    let mut modules = BTreeMap::new();
    collect_modules(&root, &mut Vec::new(), &mut modules);
    assert!(
        !modules.is_empty(),
        "{} has no source files",
        root.display()
    );
    modules
}

fn collect_modules(
    directory: &Path,
    module: &mut Segments,
    modules: &mut BTreeMap<Segments, PathBuf>,
) {
    for entry in fs::read_dir(directory).expect("directory cannot be read") {
        let path = entry.expect("directory cannot be read").path();
        let name = path
            .file_stem()
            .expect("path has no file name")
            .to_string_lossy();
        match (path.is_dir(), &*name) {
            (true, _) => {
                module.push(name.into_owned());
                collect_modules(&path, module, modules);
                module.pop();
            }
            (false, "mod" | "lib") => _ = modules.insert(module.clone(), path),
            // The root of a crate without a library is main.rs.
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

/// Returns the module of this crate that a path in `module` refers to.
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
        modules.get_key_value(&candidate).map(|(target, _)| target)
    })
}

/// Returns all paths in a file. Groups in `use` declarations are expanded.
fn paths(file: &Path) -> Vec<Segments> {
    let text = fs::read_to_string(file).expect("file cannot be read");
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

/// Returns the modules of the dependency cycles, or `None` if there are none. Repeatedly removes
/// the modules that use no remaining module, and those that no remaining module uses.
fn find_cycle<'a>(
    graph: &BTreeMap<&'a Segments, BTreeSet<&'a Segments>>,
) -> Option<Vec<&'a Segments>> {
    let mut remaining = graph.clone();
    loop {
        let before = remaining.len();
        let sources: BTreeSet<_> = remaining.keys().copied().collect();
        remaining.retain(|_, targets| targets.iter().any(|target| sources.contains(*target)));
        let targets: BTreeSet<_> = remaining.values().flatten().copied().collect();
        remaining.retain(|module, _| targets.contains(*module));
        if remaining.len() == before {
            break;
        }
    }
    (!remaining.is_empty()).then(|| remaining.into_keys().collect())
}
