use std::time::Duration;

use super::{Count, Figure, Length, Share, Span};

#[test]
fn times_are_said_as_people_say_them() {
    let table = [
        (0, "0.0 s"),
        (9_940, "9.9 s"),
        (61_000, "61 s"),
        (7_199_000, "119 min"),
        (7_260_000, "2 h 1 min"),
        (172_799_000, "47 h 59 min"),
        (356_400_000, "4 d 3 h"),
    ];
    for (millis, said) in table {
        assert_eq!(Span(Duration::from_millis(millis)).to_string(), said);
    }
}

#[test]
fn measured_times_have_three_digits_and_the_unit_that_fits() {
    let table = [
        (0, "0 s"),
        (999, "999 ns"),
        (1_000, "1.00 µs"),
        (999_499, "999 µs"),
        (999_500, "1.00 ms"),
        (143_210_000, "143 ms"),
        (999_500_000, "1.00 s"),
        (21_440_000_000, "21.4 s"),
        (4_000_000_000_000, "4,000 s"),
        (86_400_000_000_000, "24 h 0 min"),
    ];
    for (nanos, said) in table {
        assert_eq!(Length(Duration::from_nanos(nanos)).to_string(), said);
    }
}

#[test]
fn measured_figures_have_three_digits_and_all_before_the_point() {
    let table = [
        (0.0, "0"),
        (0.000_04, "4.0e-5"),
        (0.25, "0.250"),
        (0.999_7, "1.00"),
        (9.996, "10.0"),
        (99.97, "100"),
        (1_234_567.8, "1,234,568"),
        (-1_234.0, "-1,234"),
        (f64::NAN, "-"),
    ];
    for (figure, said) in table {
        assert_eq!(Figure(figure).to_string(), said);
    }
}

#[test]
fn counts_are_in_groups_of_three() {
    let table = [
        (0, "0"),
        (999, "999"),
        (1_000, "1,000"),
        (12_345_678, "12,345,678"),
    ];
    for (count, said) in table {
        assert_eq!(Count(count).to_string(), said);
    }
}

#[test]
fn no_part_is_rounded_away() {
    let table = [
        (0, 0, "0.0 %"),
        (0, 9, "0.0 %"),
        (1, 100_000, "<0.1 %"),
        (1, 3, "33.3 %"),
        (99_999, 100_000, ">99.9 %"),
        (9, 9, "100.0 %"),
    ];
    for (part, all, said) in table {
        assert_eq!(Share::of(part, all).to_string(), said);
    }
}
