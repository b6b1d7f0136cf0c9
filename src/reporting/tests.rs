use proptest::prelude::*;

use super::*;

fn class(name: &str) -> Jid {
    Jid::parse(&format!("router@{name}/s")).expect("an address")
}

/// A listener at one moment after the other.
#[derive(Default)]
struct Listener {
    reporting: Reporting,
    held: usize,
    now: Tick,
}

impl Listener {
    /// What it tells, as words: `a: 3 after 17`.
    fn step(&mut self, input: Input) -> Vec<String> {
        let mut out = Vec::new();
        self.reporting.handle(self.now, input, &mut out);
        words(out)
    }

    /// A request with this number comes from the class of the router at this domain.
    fn gets(&mut self, name: &str, number: u64) -> Vec<String> {
        let asked = Input::Asked {
            class: class(name),
            number,
        };
        let before = self.reporting.deadline();
        assert!(self.step(asked).is_empty(), "it waits for what is held");
        assert_eq!(self.reporting.deadline(), before);
        self.comes()
    }

    /// A request comes from a class that does not ask.
    fn comes(&mut self) -> Vec<String> {
        self.held += 1;
        self.step(Input::Held(self.held))
    }

    /// It is done with one.
    fn ends(&mut self) -> Vec<String> {
        self.held -= 1;
        self.step(Input::Held(self.held))
    }

    /// What it tells until then.
    fn waits_until(&mut self, millis: u64) -> Vec<String> {
        let until = Tick::from_millis(millis);
        let mut out = Vec::new();
        while let Some(due) = self.reporting.deadline().filter(|due| *due <= until) {
            self.reporting.wake(due, &mut out);
        }
        self.now = until;
        words(out)
    }
}

fn words(effects: Vec<Effect>) -> Vec<String> {
    let effects = effects.into_iter();
    let words = effects.map(|Effect::Report(class, report)| {
        let LoadReport { held, number } = report;
        format!("{}: {held} after {number}", class.domain())
    });
    words.collect()
}

#[test]
fn nobody_is_told_anything_who_does_not_ask() {
    let mut listener = Listener::default();
    assert!(listener.comes().is_empty());
    assert!(listener.ends().is_empty());
    assert!(!listener.reporting.is_asked());
    assert!(listener.step(Input::Repeat(class("a"))).is_empty());
    assert_eq!(listener.reporting.deadline(), None);
}

#[test]
fn who_asks_first_is_told_at_once_and_what_it_passes_on_then_is_no_news() {
    let mut listener = Listener::default();
    listener.comes();
    assert_eq!(listener.gets("a", 1), ["a: 2 after 1"]);
    listener.waits_until(100);
    assert!(listener.gets("a", 2).is_empty());
    assert_eq!(listener.reporting.deadline(), None);
    // One of others is.
    assert_eq!(listener.comes(), ["a: 4 after 2"]);
}

#[test]
fn a_class_is_told_at_once_after_a_rest_and_else_after_the_interval_what_is_true_then() {
    let mut listener = Listener::default();
    for number in 1..=4 {
        listener.gets("a", number);
    }
    listener.waits_until(100);
    assert_eq!(listener.ends(), ["a: 3 after 4"]);
    listener.waits_until(101);
    assert!(listener.ends().is_empty());
    assert!(listener.ends().is_empty());
    assert_eq!(listener.reporting.deadline(), Some(Tick::from_millis(105)));
    assert_eq!(listener.waits_until(200), ["a: 1 after 4"]);
    assert_eq!(listener.reporting.deadline(), None);
    assert_eq!(listener.ends(), ["a: 0 after 4"]);
}

#[test]
fn what_comes_to_be_as_the_class_reckons_is_not_told() {
    let mut listener = Listener::default();
    listener.gets("a", 1);
    assert!(listener.comes().is_empty());
    assert!(listener.ends().is_empty());
    assert!(listener.waits_until(100).is_empty());
    // A number is missing: that request was lost on its way.
    assert_eq!(listener.gets("a", 3), ["a: 2 after 3"]);
}

#[test]
fn each_class_is_told_what_all_bring() {
    let mut listener = Listener::default();
    assert_eq!(listener.gets("a", 1), ["a: 1 after 1"]);
    assert_eq!(listener.gets("b", 1), ["b: 2 after 1"]);
    assert_eq!(listener.waits_until(100), ["a: 2 after 1"]);
    assert_eq!(listener.ends(), ["a: 1 after 1", "b: 1 after 1"]);
}

#[test]
fn a_class_that_numbers_from_the_start_is_told_anew() {
    let mut listener = Listener::default();
    for number in 1..=3 {
        listener.gets("a", number);
    }
    listener.waits_until(100);
    assert_eq!(listener.gets("a", 1), ["a: 4 after 1"]);
}

#[test]
fn what_may_be_lost_is_told_again() {
    let mut listener = Listener::default();
    listener.gets("a", 1);
    listener.waits_until(100);
    assert_eq!(listener.step(Input::Repeat(class("a"))), ["a: 1 after 1"]);
    assert!(listener.step(Input::Repeat(class("a"))).is_empty());
    assert_eq!(listener.waits_until(200), ["a: 1 after 1"]);
}

#[test]
fn a_class_that_is_gone_is_told_nothing_until_it_asks_again() {
    for end in [Input::Forget(class("a")), Input::LinkDown] {
        let mut listener = Listener::default();
        listener.gets("a", 1);
        listener.waits_until(100);
        listener.step(end);
        assert!(listener.ends().is_empty());
        assert!(listener.step(Input::Repeat(class("a"))).is_empty());
        assert_eq!(listener.gets("a", 2), ["a: 1 after 2"]);
    }
}

#[derive(Debug, Clone)]
enum Move {
    Get(usize),
    /// One comes past the classes.
    Come,
    End,
    Wait(u64),
}

fn moves() -> impl Strategy<Value = Move> {
    prop_oneof![
        4 => (0_usize..2).prop_map(Move::Get),
        1 => Just(Move::Come),
        4 => Just(Move::End),
        3 => (0_u64..8).prop_map(Move::Wait),
    ]
}

/// What a class reckons, and when it was told last.
#[derive(Default)]
struct Picture {
    passed: u64,
    told: Option<(Tick, LoadReport)>,
}

proptest! {
    #[test]
    fn pictures_end_true_and_reports_keep_their_distance(
        steps in prop::collection::vec(moves(), 0..200),
    ) {
        let mut reporting = Reporting::default();
        let mut pictures = [Picture::default(), Picture::default()];
        let names = [class("a"), class("b")];
        let (mut held, mut now) = (0_usize, Tick::ZERO);
        for step in steps.into_iter().chain([Move::Wait(8)]) {
            let mut told = Vec::new();
            match step {
                Move::Get(at) => {
                    held += 1;
                    pictures[at].passed += 1;
                    let (class, number) = (names[at].clone(), pictures[at].passed);
                    reporting.handle(now, Input::Asked { class, number }, &mut told);
                    reporting.handle(now, Input::Held(held), &mut told);
                }
                Move::Come => {
                    held += 1;
                    reporting.handle(now, Input::Held(held), &mut told);
                }
                Move::End if held > 0 => {
                    held -= 1;
                    reporting.handle(now, Input::Held(held), &mut told);
                }
                Move::End => {}
                Move::Wait(millis) => {
                    let until = now + Tick::from_millis(millis);
                    while let Some(due) = reporting.deadline().filter(|due| *due <= until) {
                        now = now.max(due);
                        reporting.wake(now, &mut told);
                        note(&mut pictures, &names, now, std::mem::take(&mut told))?;
                    }
                    now = until;
                }
            }
            note(&mut pictures, &names, now, told)?;
        }
        for picture in &pictures {
            if let Some((_, told)) = picture.told {
                let reckoned = u64::from(told.held) + picture.passed - told.number;
                prop_assert_eq!(reckoned, held as u64);
            }
            prop_assert_eq!(picture.told.is_some(), picture.passed > 0);
        }
    }
}

fn note(
    pictures: &mut [Picture; 2],
    names: &[Jid; 2],
    now: Tick,
    told: Vec<Effect>,
) -> Result<(), TestCaseError> {
    for Effect::Report(class, report) in told {
        let at = names.iter().position(|name| *name == class);
        let picture = &mut pictures[at.expect("it asked")];
        if let Some((before, _)) = picture.told {
            prop_assert!(now - before >= LOAD_INTERVAL);
        }
        picture.told = Some((now, report));
    }
    Ok(())
}
