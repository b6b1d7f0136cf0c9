//! Configurations of the original, and the paths that they are asked with.

use opensrf::original::data::Data;
use opensrf::original::host::{default_config, host_config, overlay};
use opensrf::original::import::{Surroundings, app_settings, core_settings};
use opensrf::original::xpath::XPath;
use opensrf::xml::{Node, read_document};

/// A document is refused with a line that it has, or read; then it can be asked, merged and
/// imported, and what comes of it knows its lines.
pub fn check(data: &[u8]) {
    let lines = 1 + data.iter().filter(|b| matches!(b, b'\n' | b'\r')).count();
    let root = match read_document(data) {
        Ok(root) => root,
        Err(error) => {
            assert!((1..=lines).contains(&error.line), "{error}");
            return check_path(data);
        }
    };
    let all = XPath::parse("//*").expect("an expression").pick(&root);
    assert_eq!(all.len(), elements(&root), "each element is picked once");
    assert_eq!(all.first(), Some(&Data::of(&root)));

    let defaults = default_config(&root);
    let mut twice = defaults.clone();
    overlay(&mut twice, defaults.clone());
    assert_eq!(twice, defaults, "a layer on itself changes nothing");
    let _ = host_config(&root, "a,b").json();

    for is_embedded in [false, true] {
        let around = Surroundings {
            is_embedded,
            resolve: &|_| Vec::new(),
        };
        let imported = core_settings("f", &root, &around);
        let notes = imported.notes.iter().map(|note| &note.origin);
        let items = imported.settings.0.iter().map(|(_, item)| &item.origin);
        notes
            .chain(items)
            .for_each(|origin| check_origin(origin, lines));
    }
    let imported = app_settings("f", &root, "f", None, "a", &["opensrf.math"]);
    let notes = imported.notes.iter().map(|note| &note.origin);
    notes.for_each(|origin| check_origin(origin, lines));
}

/// What is no document may be a path.
fn check_path(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let document = b"<a b='1'><c>1</c><c><d>2</d></c><!-- x --></a>";
    let root = read_document(document).expect("a document");
    if let Ok(path) = XPath::parse(&text) {
        assert!(path.pick(&root).len() <= 3 * elements(&root));
    }
}

fn elements(node: &Node) -> usize {
    1 + node.children.iter().map(elements).sum::<usize>()
}

fn check_origin(origin: &str, lines: usize) {
    let line = origin.strip_prefix("f:").and_then(|line| line.parse().ok());
    assert!(
        line.is_some_and(|line| (1..=lines).contains(&line)),
        "{origin}"
    );
}
