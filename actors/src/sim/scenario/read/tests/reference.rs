//! The reference says every key and its default, and the scenarios beside it can be run.

use std::path::PathBuf;

use super::*;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/scenarios")
}

fn text() -> String {
    std::fs::read_to_string(folder().join("reference.toml")).expect("is there")
}

/// The key of a line, whether it is commented out or not.
fn key(line: &str) -> Option<&str> {
    let (key, _) = line.split_once(" = ")?;
    let is_key = |b: u8| b.is_ascii_lowercase() || b == b'_';
    key.bytes().all(is_key).then_some(key)
}

/// It with the settings in its comments made real; those behind more than one blank are other ways
/// to say the same.
fn uncommented() -> String {
    let text = text();
    let lines = text.lines().map(|line| match line.strip_prefix("# ") {
        Some(rest) if key(rest).is_some() => rest,
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_reference_says_the_defaults() {
    let (plain, said) = (load(&text()).complete(), load(&uncommented()).complete());
    // Whoever names the domain or the hosts that count anyhow is in the same place.
    let mut said = said;
    for hosts in &mut said.hosts {
        assert_eq!(hosts.domain.take().as_deref(), Some("localhost"));
        assert_eq!(hosts.routers.take(), Some(vec!["localhost".to_owned()]));
    }
    let named: Vec<_> = said
        .services
        .iter_mut()
        .filter_map(|served| served.hosts.take())
        .collect();
    assert_eq!(named, [["app"]]);
    let named: Vec<_> = said
        .clients
        .iter_mut()
        .filter_map(|group| group.domain.take())
        .collect();
    assert_eq!(named, ["localhost"]);
    assert_eq!(format!("{plain:#?}"), format!("{said:#?}"));
}

#[test]
fn the_reference_says_every_key() {
    // A key that nobody knows makes each table tell the ones that it knows.
    let text = uncommented();
    let mut asking = "zzzzzzzz = 1\n".to_owned();
    for line in text.lines() {
        let line = match line.split_once("= { ") {
            Some((key, rest)) if !line.starts_with('#') => {
                format!("{key}= {{ zzzzzzzz = 1, {rest}")
            }
            _ => line.to_owned(),
        };
        let table = if line.starts_with("[[") {
            "zzzzzzzz = 1\n"
        } else {
            ""
        };
        asking.push_str(&format!("{line}\n{table}"));
    }
    let asking = asking.replace("bursts = { ", "bursts = { zzzzzzzz = 1, ");
    let mut known: Vec<_> = problems(&asking)
        .iter()
        .filter_map(|problem| problem.split_once("known here: "))
        .flat_map(|(_, keys)| keys.split(", ").map(str::to_owned).collect::<Vec<_>>())
        .collect();
    known.sort();
    known.dedup();
    assert!(known.len() > 50, "{known:?}");
    let is_said = |key: &String| {
        let setting = format!("{key} = ");
        let at = text.match_indices(&setting).map(|(at, _)| at);
        let begins = |at: usize| text[..at].ends_with(['\n', ' ', '#']);
        text.contains(&format!("[[{key}]]")) || at.clone().any(begins)
    };
    let missing: Vec<_> = known.iter().filter(|key| !is_said(key)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn each_other_way_that_the_reference_shows_is_right() {
    let text = text();
    let lines: Vec<&str> = text.lines().collect();
    let mut tried = 0;
    for (number, line) in lines.iter().enumerate() {
        let Some(other) = line.strip_prefix("#   ").filter(|rest| key(rest).is_some()) else {
            continue;
        };
        if other.starts_with("trace") || lines[number - 1].contains("[[") {
            continue; // the group of a recording needs its file
        }
        let mut changed = lines.clone();
        changed[number] = other;
        Scenario::from_toml("a.toml", &changed.join("\n")).unwrap();
        tried += 1;
    }
    assert!(tried >= 7, "{tried}");
}

#[test]
fn every_scenario_that_comes_along_can_be_read() {
    let mut files: Vec<_> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "toml"))
        .collect();
    files.sort();
    assert!(files.len() >= 8, "{files:?}");
    for file in files {
        let scenario = Scenario::from_file(&file).unwrap_or_else(|error| panic!("{error}"));
        let name = file.file_stem().unwrap();
        assert_eq!(*scenario.name, *name, "it is called as its file");
    }
}
