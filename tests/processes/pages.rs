//! The pages of reports in a browser, Debian's Chromium: they load without complaint and without
//! asking for anything else, and each plot can be seen, light and dark.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use opensrf_actors::sim::report::Report;
use opensrf_actors::sim::sweep::SweepReport;
use serde_json::Value;

use crate::reports;
use crate::support::{Ended, World, run, skip};

/// Puts what the browser has made of the page where it can be read. A report's own page has no
/// script and allows none.
const MEASURE: &str = r#"<script>
addEventListener("load", () => {
  const plots = [...document.querySelectorAll("svg.plot")].map(plot => {
    const { width, height } = plot.getBoundingClientRect();
    const lines = [...plot.querySelectorAll("polyline, path")].map(line => line.getBBox());
    const drawn = lines.filter(box => box.width > 0 || box.height > 0).length;
    return { title: plot.querySelector("title").textContent, width, height, drawn };
  });
  const loaded = performance.getEntriesByType("resource").map(entry => entry.name);
  const overflow = document.documentElement.scrollWidth - innerWidth;
  const measured = document.createElement("pre");
  measured.id = "measured";
  measured.textContent = btoa(unescape(encodeURIComponent(JSON.stringify({ plots, loaded, overflow }))));
  document.body.append(measured);
});
</script></body>"#;
const NO_SCRIPT: &str = "default-src 'none';";
const WITH_SCRIPT: &str = "default-src 'none'; script-src 'unsafe-inline';";

/// Runs a test with a folder of its own if there is a Chromium.
fn in_chromium(name: &str, test: impl FnOnce(&World)) {
    let mut version = Command::new("sh");
    version.args(["-c", "command -v chromium"]);
    if run(version).code != Some(0) {
        return skip(name, "no Chromium; install the package chromium");
    }
    test(&World::new());
}

/// Opens a page in a window so wide.
fn open(world: &World, page: &str, width: u32, options: &[&str]) -> Ended {
    let file = world.path("page.html");
    fs::write(&file, page).expect("a folder");
    let mut chromium = Command::new("chromium");
    // The sandbox of Chromium does not run as root, and the page is ours.
    chromium.args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
    ]);
    chromium.args([
        "--enable-logging=stderr",
        "--disable-background-networking",
        "--no-first-run",
    ]);
    chromium.arg(format!(
        "--user-data-dir={}",
        world.path("profile").display()
    ));
    chromium.arg(format!("--window-size={width},3000"));
    chromium
        .args(options)
        .arg(format!("file://{}", file.display()));
    let ended = run(chromium);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended
}

/// What the browser complains about, of the page and not of the machine.
fn complaints(ended: &Ended) -> Vec<&String> {
    let lines = ended.stderr.iter();
    lines.filter(|line| line.contains("CONSOLE")).collect()
}

/// What the browser makes of a page: its plots, what it has loaded, and by how much it is too wide.
fn measured(world: &World, page: &str, width: u32) -> Value {
    assert!(page.contains(NO_SCRIPT), "no script is allowed");
    let page = page
        .replace(NO_SCRIPT, WITH_SCRIPT)
        .replace("</body>", MEASURE);
    let ended = open(world, &page, width, &["--dump-dom"]);
    assert!(complaints(&ended).is_empty(), "{ended:?}");
    let dom = ended.stdout.join("\n");
    let (_, measured) = dom
        .split_once("<pre id=\"measured\">")
        .expect("it was measured");
    let (measured, _) = measured.split_once('<').expect("the end of the element");
    let measured = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, measured);
    serde_json::from_slice(&measured.expect("base64")).expect("JSON")
}

/// A picture of a page: how light it is on average, from 0 to 255, and how many colours it has.
fn pictured(world: &World, page: &str, options: &[&str]) -> (u64, usize) {
    let picture = world.path("picture.png");
    let screenshot = format!("--screenshot={}", picture.display());
    let options: Vec<_> = std::iter::once(screenshot.as_str())
        .chain(options.iter().copied())
        .collect();
    let ended = open(world, page, 1_240, &options);
    assert!(complaints(&ended).is_empty(), "{ended:?}");
    looked_at(&picture)
}

fn looked_at(picture: &Path) -> (u64, usize) {
    let file = std::io::BufReader::new(fs::File::open(picture).expect("a picture"));
    let mut reader = png::Decoder::new(file).read_info().expect("a picture");
    let mut bytes = vec![0; reader.output_buffer_size().expect("it has a size")];
    let info = reader.next_frame(&mut bytes).expect("a picture");
    let pixels = bytes[..info.buffer_size()].chunks_exact(info.color_type.samples());
    let all = pixels.len() as u64;
    let light: u64 = pixels.clone().map(|pixel| u64::from(pixel[1])).sum();
    (light / all, pixels.collect::<BTreeSet<_>>().len())
}

fn run_page(text: &str) -> String {
    Report::from_json(text).expect("a report").page()
}

fn sweep_page(text: &str) -> String {
    SweepReport::from_json(text).expect("a report").page()
}

#[test]
fn each_plot_of_a_page_is_seen_and_nothing_else_is_loaded() {
    in_chromium("pages", |world| {
        let (evening, grid) = (reports::evening(), reports::grid());
        let pages = [
            (run_page(&evening), 5, 1_240),
            (run_page(&evening), 5, 500),
            (sweep_page(&reports::sweep()), 4, 1_240),
            (sweep_page(&grid), 5, 500),
        ];
        for (page, plots, width) in pages {
            let measured = measured(world, &page, width);
            assert_eq!(measured["loaded"], serde_json::json!([]));
            assert!(measured["overflow"].as_f64().unwrap() <= 0.0, "{measured}");
            let seen = measured["plots"].as_array().unwrap();
            assert_eq!(seen.len(), plots, "{measured}");
            for plot in seen {
                assert!(plot["width"].as_f64().unwrap() > 300.0, "{plot}");
                assert!(plot["height"].as_f64().unwrap() > 150.0, "{plot}");
                assert!(plot["drawn"].as_u64().unwrap() > 0, "{plot}");
            }
        }
    });
}

#[test]
fn a_page_is_light_or_dark_as_its_reader_wants() {
    in_chromium("light and dark", |world| {
        for page in [run_page(&reports::evening()), sweep_page(&reports::grid())] {
            let (light, colors) = pictured(world, &page, &[]);
            assert!(light > 200 && colors > 100, "{light}, {colors} colours");
            let (dark, colors) = pictured(world, &page, &["--force-dark-mode"]);
            assert!(dark < 60 && colors > 100, "{dark}, {colors} colours");
        }
    });
}

#[test]
fn what_users_wrote_is_text_in_the_browser_too() {
    in_chromium("hostile names", |world| {
        let name = "</title><script>document.body.remove()</script><img src=http://127.0.0.1:9/x>";
        let measured = measured(world, &run_page(&reports::evening_of(name)), 1_240);
        assert_eq!(measured["loaded"], serde_json::json!([]));
        assert_eq!(measured["plots"].as_array().unwrap().len(), 5);
    });
}

/// Otherwise the tests above would prove nothing.
#[test]
fn a_page_that_loads_something_would_be_noticed() {
    in_chromium("complaints", |world| {
        let image = format!("<img src=\"http://{}/x.png\"></body>", world.address());
        let page = run_page(&reports::evening()).replace("</body>", &image);
        let ended = open(world, &page, 1_240, &["--dump-dom"]);
        assert!(!complaints(&ended).is_empty(), "{ended:?}");
    });
}
