use super::knee;

fn numbers(many: usize) -> Vec<f64> {
    (1..=many).map(|number| number as f64).collect()
}

#[test]
fn curves_bend_where_more_brings_little_more() {
    let table: [(&str, &[f64], Option<usize>); 8] = [
        ("falls", &[90.0, 40.0, 10.0, 9.0, 8.5, 8.0], Some(2)),
        (
            "rises to a bound",
            &[10.0, 20.0, 30.0, 30.0, 30.0, 30.0],
            Some(2),
        ),
        ("rises late", &[1.0, 1.0, 1.1, 1.2, 2.0, 50.0], Some(4)),
        (
            "peaks and falls",
            &[10.0, 20.0, 30.0, 25.0, 20.0, 15.0],
            Some(2),
        ),
        ("is flat", &[5.0, 5.0, 5.01, 5.0, 5.0, 5.0], None),
        ("is zero", &[0.0, 0.0, 0.0, 0.0, 0.0, 0.0], None),
        ("is straight", &[1.0, 2.0, 3.1, 4.0, 4.9, 6.0], None),
        (
            "is no number somewhere",
            &[90.0, 40.0, f64::NAN, 9.0, 8.5, 8.0],
            None,
        ),
    ];
    for (what, ys, wanted) in table {
        assert_eq!(knee(&numbers(ys.len()), ys), wanted, "it {what}");
    }
}

#[test]
fn the_places_count_and_not_the_number_of_points() {
    let ys = [10.0, 20.0, 30.0, 40.0, 41.0];
    assert_eq!(knee(&[1.0, 2.0, 3.0, 4.0, 16.0], &ys), Some(3));
    // The same values over places that make a straight line of them.
    assert_eq!(knee(&[1.0, 2.0, 3.0, 4.0, 4.1], &ys), None);
}

#[test]
fn units_make_no_difference() {
    let (xs, ys) = (numbers(6), [90.0, 40.0, 10.0, 9.0, 8.5, 8.0]);
    let scaled =
        |values: &[f64], by: f64| values.iter().map(|value| value * by).collect::<Vec<_>>();
    assert_eq!(knee(&scaled(&xs, 1e6), &scaled(&ys, 1e-9)), knee(&xs, &ys));
}

#[test]
fn no_curve_has_no_knee() {
    assert_eq!(knee(&[], &[]), None);
    assert_eq!(knee(&[1.0, 2.0, 3.0], &[9.0, 1.0, 1.0]), None);
    assert_eq!(knee(&numbers(5), &numbers(4)), None);
    assert_eq!(knee(&[1.0, 1.0, 1.0, 1.0], &[9.0, 1.0, 1.0, 1.0]), None);
    assert_eq!(knee(&[4.0, 3.0, 2.0, 1.0], &[9.0, 1.0, 1.0, 1.0]), None);
}
