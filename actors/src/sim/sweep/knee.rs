//! Finds where a curve bends: from where on more of something brings little more.
//!
//! After Satopää and others, "Finding a Kneedle in a Haystack" (2011): both axes are brought to the
//! same length, and the knee is the point farthest from the straight line between the ends. Which
//! side of that line it is on, and whether the curve rises or falls, makes no difference.

/// Fewer have no bend that means anything.
const FEWEST: usize = 4;
/// As parts of the axes: a curve that is closer to the line than this is straight.
const STRAIGHT: f64 = 0.1;
/// As a part of the largest value: what differs less is flat.
const FLAT: f64 = 0.01;

/// Returns the place of the point at which a curve bends; nothing if it is flat or straight, has
/// fewer than four points, or is none: `xs` must grow, and all must be numbers.
#[must_use]
pub fn knee(xs: &[f64], ys: &[f64]) -> Option<usize> {
    let is_curve = xs.len() == ys.len() && xs.len() >= FEWEST;
    let is_finite = xs.iter().chain(ys).all(|value| value.is_finite());
    if !is_curve || !is_finite || !xs.is_sorted_by(|one, next| one < next) {
        return None;
    }
    let least = ys.iter().copied().fold(f64::INFINITY, f64::min);
    let most = ys.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let height = most - least;
    if height <= FLAT * most.abs().max(least.abs()) {
        return None;
    }
    let (from, to) = (0, xs.len() - 1);
    let distances = xs.iter().zip(ys).map(|(x, y)| {
        let along = (x - xs[from]) / (xs[to] - xs[from]);
        let chord = ys[from] + (ys[to] - ys[from]) * along;
        (y - chord).abs() / height
    });
    let mut farthest = (from, STRAIGHT);
    for (at, distance) in distances.enumerate() {
        // Of those that are as far, the first: it costs least.
        if distance > farthest.1 {
            farthest = (at, distance);
        }
    }
    (farthest.0 != from).then_some(farthest.0)
}

#[cfg(test)]
mod tests;
