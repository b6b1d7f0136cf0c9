//! Draws lines over an axis as SVG. Only this file names the library that does.
//!
//! Colours are variables of the page's style, so one drawing serves light, dark and paper. No line
//! is told by its colour alone: each has dashes and markers of its own.

use std::sync::Arc;

use kuva::backend::svg::SvgBackend;
use kuva::plot::scatter::MarkerShape;
use kuva::prelude::{Layout, LinePlot, LineStyle, Plot as Drawn, ScatterPlot, Theme, TickFormat};
use kuva::render::annotations::{ReferenceLine, ShadedRegion};
use kuva::render::layout::ComputedLayout;
use kuva::render::render::{Primitive, Scene, TextAnchor, render_multiple};

use super::axis::Axis;

/// Lines that one plot may have: as many as have a style.
pub(super) const LINES: usize = STYLES.len();
/// In units of the drawing, which the page stretches as it likes.
const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 285.0;
/// Room for what stands around the axes, alike in all plots; above: the name of the axis and the
/// numbers of marks.
const LEFT: f64 = 60.0;
const RIGHT: f64 = 18.0;
const TOP: f64 = 38.0;
const BOTTOM: f64 = 48.0;
const TEXT: u32 = 13;
/// How far around a point that is pointed out its ring is.
const RING: f64 = 8.0;
/// Markers on a long line.
const MARKERS: usize = 7;
/// Points of a line that has a marker at each.
const FEW_POINTS: usize = 40;

/// Dashes and marker of each line, the marker also as a path around zero for the legend.
const STYLES: [(&str, MarkerShape, &str); 6] = [
    (
        "",
        MarkerShape::Circle,
        "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
    ),
    ("8 3", MarkerShape::Square, "M-4-4h8v8h-8z"),
    ("2 3", MarkerShape::Triangle, "M0-4.5l4.5 8.5h-9z"),
    ("9 3 2 3", MarkerShape::Diamond, "M0-5l5 5l-5 5l-5-5z"),
    ("5 2", MarkerShape::TriangleDown, "M0 4.5l4.5-8.5h-9z"),
    (
        "12 3 2 3 2 3",
        MarkerShape::Plus,
        "M-1-4.5h2v3.5h3.5v2h-3.5v3.5h-2v-3.5h-3.5v-2h3.5z",
    ),
];

/// What is to be drawn.
#[derive(Debug)]
pub(super) struct Plot {
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) lines: Vec<Line>,
    pub(super) marks: Vec<Mark>,
    pub(super) spots: Vec<Spot>,
}

/// Points from left to right; a line has a gap where it has no value.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) name: String,
    /// Whether there is anything between the points: between two names there is not.
    pub(super) is_joined: bool,
    pub(super) points: Vec<(f64, Option<f64>)>,
}

/// A time at which something happened, or for which it lasted.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    pub(super) from: f64,
    pub(super) until: Option<f64>,
    pub(super) label: String,
}

/// A point of a line that is pointed out.
#[derive(Debug, Clone)]
pub(super) struct Spot {
    pub(super) at: (f64, f64),
    pub(super) label: String,
}

/// What the legend shows of a line.
#[derive(Debug)]
pub(super) struct Sample {
    pub(super) name: String,
    pub(super) color: String,
    pub(super) dashes: &'static str,
    pub(super) marker: &'static str,
}

impl Plot {
    /// The drawing, without the element `svg` around it that says how large it is.
    pub(super) fn svg(&self) -> String {
        let layout = self.layout();
        let computed = ComputedLayout::from_layout(&layout);
        let lines = self.lines.iter().enumerate();
        let drawn = lines.flat_map(|(at, line)| line.drawn(at)).collect();
        let mut scene = render_multiple(drawn, layout);
        scene.background_color = None;
        // Its clipping has a name that is counted up in each process, so the same plot would give
        // other bytes. All that is drawn lies between the axes.
        scene.defs.clear();
        let is_clip =
            |part: &Primitive| matches!(part, Primitive::ClipStart { .. } | Primitive::ClipEnd);
        scene.elements.retain(|part| !is_clip(part));
        text(&mut scene, (4.0, 12.0), &self.y.label, TextAnchor::Start);
        self.number_marks(&mut scene, &computed);
        self.ring_spots(&mut scene, &computed);
        SvgBackend::new().render_scene(&scene)
    }

    /// The size of the drawing, as the attribute `viewBox` has it.
    pub(super) fn view_box() -> String {
        format!("0 0 {WIDTH} {HEIGHT}")
    }

    pub(super) fn legend(&self) -> Vec<Sample> {
        let lines = self.lines.iter().enumerate();
        let samples = lines.map(|(at, line)| Sample {
            name: line.name.clone(),
            color: color(at),
            dashes: STYLES[at % LINES].0,
            marker: STYLES[at % LINES].2,
        });
        samples.collect()
    }

    fn layout(&self) -> Layout {
        let (x, y) = (&self.x, &self.y);
        let mut layout = Layout::new(x.range, y.range)
            .with_width(WIDTH)
            .with_height(HEIGHT)
            .with_theme(theme())
            .with_font_family("system-ui, sans-serif")
            .with_x_label(literal(&x.label))
            .with_label_size(TEXT)
            .with_tick_size(TEXT)
            .with_ticks(5)
            .with_grid_line_width(0.7)
            .with_x_tick_format(ticks(x))
            .with_y_tick_format(ticks(y))
            .with_x_axis_min(x.range.0)
            .with_x_axis_max(x.range.1)
            .with_y_axis_min(y.range.0)
            .with_y_axis_max(y.range.1)
            .with_force_margins(LEFT, RIGHT)
            .with_force_margins_y(TOP, BOTTOM);
        if x.is_logarithmic {
            layout = layout.with_log_x();
        }
        if y.is_logarithmic {
            layout = layout.with_log_y();
        }
        if let Some(step) = x.step {
            layout = layout.with_x_tick_step(step);
        }
        self.marks()
            .fold(layout, |layout, mark| mark.on(layout, x.range.1))
    }

    /// Those that are in sight.
    fn marks(&self) -> impl Iterator<Item = &Mark> {
        let (from, to) = self.x.range;
        let marks = self.marks.iter();
        marks.filter(move |mark| (from..=to).contains(&mark.from))
    }

    /// Above the axes, and only where there is room for another one.
    fn number_marks(&self, scene: &mut Scene, computed: &ComputedLayout) {
        let mut free_from = 0.0;
        for mark in self.marks() {
            let x = computed.map_x(mark.from);
            let width = 8.0 * mark.label.chars().count() as f64;
            if x - width / 2.0 >= free_from {
                text(scene, (x, TOP - 5.0), &mark.label, TextAnchor::Middle);
                free_from = x + width / 2.0 + 4.0;
            }
        }
    }

    fn ring_spots(&self, scene: &mut Scene, computed: &ComputedLayout) {
        let mut rings: Vec<(f64, f64)> = Vec::new();
        for spot in &self.spots {
            let (cx, cy) = (computed.map_x(spot.at.0), computed.map_y(spot.at.1));
            // One says it where curves meet.
            if rings.iter().any(|(x, y)| (x - cx).hypot(y - cy) < RING) {
                continue;
            }
            rings.push((cx, cy));
            scene.add(Primitive::Circle {
                cx,
                cy,
                r: RING,
                fill: "none".into(),
                fill_opacity: None,
                stroke: Some("var(--ink)".into()),
                stroke_width: Some(1.8),
            });
            let (aside, anchor) = match cx > WIDTH * 0.75 {
                true => (-11.0, TextAnchor::End),
                false => (11.0, TextAnchor::Start),
            };
            text(scene, (cx + aside, cy - 9.0), &spot.label, anchor);
        }
    }
}

impl Line {
    fn drawn(&self, at: usize) -> Vec<Drawn> {
        let (dashes, marker, _) = STYLES[at % LINES];
        let pieces = self
            .points
            .chunk_by(|one, other| one.1.is_some() == other.1.is_some());
        let pieces = pieces.map(|piece| {
            let points = piece.iter().filter_map(|&(x, y)| Some((x, y?)));
            points.collect::<Vec<_>>()
        });
        let pieces = pieces.filter(|piece| self.is_joined && !piece.is_empty());
        let lines = pieces.map(|piece| {
            let line = LinePlot::new().with_data(piece).with_color(color(at));
            let line = line.with_stroke_width(1.7);
            Drawn::Line(match dashes.is_empty() {
                true => line,
                false => line.with_line_style(LineStyle::Custom(dashes.to_owned())),
            })
        });
        let mut drawn: Vec<_> = lines.collect();
        let markers = ScatterPlot::new()
            .with_data(self.marked(at))
            .with_color(color(at));
        let markers = markers.with_marker(marker).with_size(4.0);
        drawn.push(Drawn::Scatter(markers));
        drawn
    }

    /// The points that have a marker: so far apart, and not at the same place as those of others.
    fn marked(&self, at: usize) -> Vec<(f64, f64)> {
        let apart = match self.points.len() {
            _ if !self.is_joined => 1,
            0..=FEW_POINTS => 1,
            many => many / MARKERS,
        };
        let first = apart * (2 * at + 1) / (2 * LINES);
        let points = self.points.iter().skip(first).step_by(apart);
        points.filter_map(|&(x, y)| Some((x, y?))).collect()
    }
}

impl Mark {
    fn on(&self, layout: Layout, end: f64) -> Layout {
        let color = "var(--mark)";
        let layout = match self.until {
            Some(until) => {
                let band = ShadedRegion::vertical(self.from, until.min(end)).with_color(color);
                layout.with_shaded_region(band.with_opacity(0.18))
            }
            None => layout,
        };
        let line = ReferenceLine::vertical(self.from).with_color(color);
        layout.with_reference_line(line.with_dasharray("4 3"))
    }
}

fn text(scene: &mut Scene, (x, y): (f64, f64), content: &str, anchor: TextAnchor) {
    scene.add(Primitive::Text {
        x,
        y,
        content: literal(content),
        size: TEXT,
        anchor,
        rotate: None,
        bold: false,
        color: None,
    });
}

/// The library reads what stands between two dollars as a formula.
fn literal(text: &str) -> String {
    text.replace('$', "\\$")
}

fn ticks(axis: &Axis) -> TickFormat {
    let tick = axis.tick.clone();
    TickFormat::Custom(Arc::new(move |value| literal(&tick.text(value))))
}

fn color(at: usize) -> String {
    format!("var(--line-{})", at % LINES + 1)
}

fn theme() -> Theme {
    let ink = || "var(--ink)".to_owned();
    Theme {
        background: "none".to_owned(),
        axis_color: "var(--axis)".to_owned(),
        grid_color: "var(--grid)".to_owned(),
        tick_color: "var(--axis)".to_owned(),
        text_color: ink(),
        ..Theme::light()
    }
}
