//! Whatever comes in whatever order: no class twice, and every question answered once.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::stanza::Parts;

const CLASSES: [&str; 3] = ["acme.calc", "acme.text", "acme.time"];
const QUESTIONS: [&str; 4] = [
    "class.list",
    "stats.class.all",
    "stats.class.summary",
    "stats.class.node.all",
];

#[derive(Debug, Clone, Copy)]
enum Move {
    Register(usize, usize),
    Unregister(usize, usize),
    /// The oldest news of a class arrive.
    News,
    /// A class breaks.
    Die(usize),
    /// Somebody takes a class's address.
    Evict(usize),
    /// A listener is there, or its session has ended.
    Show(usize),
    End(usize),
    Ask(usize),
    Wake,
}

fn moves() -> impl Strategy<Value = Move> {
    let (class, node) = (0..CLASSES.len(), 0_usize..3);
    let both = (class.clone(), node.clone());
    prop_oneof![
        4 => both.clone().prop_map(|(class, node)| Move::Register(class, node)),
        3 => both.prop_map(|(class, node)| Move::Unregister(class, node)),
        6 => Just(Move::News),
        1 => class.clone().prop_map(Move::Die),
        1 => class.prop_map(Move::Evict),
        1 => node.clone().prop_map(Move::Show),
        1 => node.prop_map(Move::End),
        2 => (0..QUESTIONS.len()).prop_map(Move::Ask),
        1 => Just(Move::Wake),
    ]
}

/// A class as its router should know it.
#[derive(Debug, Default)]
struct Opened {
    nodes: BTreeSet<Jid>,
    added: u64,
    state: State,
}

#[derive(Debug, Default, PartialEq)]
enum State {
    #[default]
    Alive,
    /// The router told it to end.
    Ending,
    /// It ended by itself, and the router does not know yet.
    Dead,
}

struct World {
    router: Router,
    now: Tick,
    classes: BTreeMap<String, Opened>,
    /// On their way to the router.
    news: VecDeque<RouterInput>,
    /// Who is registered for what, as far as it was not lost with a class.
    registered: BTreeSet<(String, Jid)>,
    asked: u64,
    answered: Vec<u64>,
}

fn stats(class: String) -> ClassStats {
    ClassStats {
        class,
        ..ClassStats::default()
    }
}

impl World {
    fn new() -> Self {
        Self {
            router: router(),
            now: Tick::ZERO,
            classes: BTreeMap::new(),
            news: VecDeque::new(),
            registered: BTreeSet::new(),
            asked: 0,
            answered: Vec::new(),
        }
    }

    fn go(&mut self, step: Move) {
        match step {
            Move::Register(class, node) => self.command("register", class, node),
            Move::Unregister(class, node) => self.command("unregister", class, node),
            Move::News => {
                if let Some(input) = self.news.pop_front() {
                    self.arrive(input);
                }
            }
            Move::Die(class) => self.die(CLASSES[class], ClassEnd::Broken),
            Move::Evict(class) => self.die(CLASSES[class], ClassEnd::Evicted),
            Move::Show(node) => self.show(node, Presence::Here),
            Move::End(node) => {
                let gone = listener(&format!("node{node}"));
                self.registered.retain(|(_, node)| *node != gone);
                self.show(node, Presence::Gone);
            }
            Move::Ask(question) => self.ask(QUESTIONS[question]),
            Move::Wake => self.wake(),
        }
    }

    fn command(&mut self, command: &str, class: usize, node: usize) {
        let (class, node) = (CLASSES[class], listener(&format!("node{node}")));
        let entry = (class.to_owned(), node.clone());
        match command {
            "register" => drop(self.registered.insert(entry)),
            _ => drop(self.registered.remove(&entry)),
        }
        let opensrf = Extension {
            router_command: command.into(),
            router_class: class.into(),
            ..Extension::default()
        };
        let message = Message {
            opensrf,
            ..Message::default()
        };
        self.handle(stanza(&node, message));
    }

    fn ask(&mut self, question: &str) {
        self.asked += 1;
        let method = format!("opensrf.router.info.{question}");
        let about = Json::string(CLASSES[0]);
        let request = osrf::Message::request(self.asked, method.into(), vec![about]);
        let message = Message {
            thread: "thread".into(),
            body: osrf::encode([&request]).into(),
            ..Message::default()
        };
        self.handle(stanza(&jid(ASKER), message));
    }

    fn show(&mut self, node: usize, presence: Presence) {
        let stanza = Stanza::from(Parts {
            from: Some(listener(&format!("node{node}"))),
            ..Stanza::presence(jid(ROUTER), presence).into_parts()
        });
        self.handle(RouterInput::Stanza(stanza));
    }

    fn die(&mut self, class: &str, end: ClassEnd) {
        if let Some(opened) = self.opened_and_alive(class) {
            *opened = Opened {
                state: State::Dead,
                ..Opened::default()
            };
            self.news.push_back(ended(class, end));
        }
    }

    fn opened_and_alive(&mut self, class: &str) -> Option<&mut Opened> {
        let opened = self.classes.get_mut(class)?;
        (opened.state == State::Alive).then_some(opened)
    }

    fn arrive(&mut self, input: RouterInput) {
        if let RouterInput::ClassGone { class, end } = &input {
            self.classes.remove(class).expect("it was open");
            if *end == ClassEnd::Evicted {
                // Its listeners will say it again.
                self.registered.retain(|(name, _)| name != class);
            }
        }
        self.handle(input);
    }

    fn wake(&mut self) {
        if let Some(due) = self.router.deadline() {
            self.now = self.now.max(due);
            let mut out = Vec::new();
            self.router.wake(self.now, &mut out);
            self.perform(out);
        }
    }

    fn handle(&mut self, input: RouterInput) {
        let mut out = Vec::new();
        self.router.handle(self.now, input, &mut out);
        self.perform(out);
    }

    /// A class that was opened and is not gone, as far as the router knows.
    fn opened(&mut self, name: &str) -> &mut Opened {
        self.classes.get_mut(name).expect("the class is open")
    }

    fn perform(&mut self, effects: Vec<RouterEffect>) {
        for effect in effects {
            match effect {
                RouterEffect::OpenClass { class, .. } => {
                    self.news.push_back(RouterInput::ClassUp(class.clone()));
                    let before = self.classes.insert(class, Opened::default());
                    assert!(before.is_none(), "a class twice");
                }
                RouterEffect::AddNode(name, node) => {
                    let class = self.opened(&name);
                    assert_ne!(class.state, State::Ending, "it was told to end");
                    if class.state == State::Alive {
                        class.added += 1;
                        class.nodes.insert(node.jid);
                    }
                }
                RouterEffect::RemoveNode(name, node) | RouterEffect::LoseNode(name, node) => {
                    let class = self.opened(&name);
                    if class.nodes.remove(&node) && class.nodes.is_empty() {
                        let added = class.added;
                        self.news
                            .push_back(RouterInput::ClassEmpty { class: name, added });
                    }
                }
                RouterEffect::CloseClass(name) => {
                    if let Some(class) = self.opened_and_alive(&name) {
                        assert!(class.nodes.is_empty(), "it has nodes");
                        class.state = State::Ending;
                        self.news.push_back(gone(&name));
                    }
                }
                RouterEffect::AskStats(name) => {
                    if self.opened_and_alive(&name).is_some() {
                        self.news.push_back(RouterInput::Report(stats(name)));
                    }
                }
                RouterEffect::Send(stanza) if stanza.kind == Kind::Presence => {
                    let node = stanza.to.clone().expect("it is for one");
                    let is_known = self.registered.iter().any(|(_, known)| *known == node);
                    let shown = stanza.shows().expect("it says something");
                    assert_eq!(shown == Presence::Here, is_known);
                }
                RouterEffect::Send(stanza) => self.answer(&stanza),
                RouterEffect::Distrusted(news) => panic!("distrusted: {news:?}"),
                RouterEffect::Dropped(why, _) => panic!("dropped: {why}"),
            }
        }
    }

    fn answer(&mut self, stanza: &Stanza) {
        for message in osrf::decode(&stanza.decode().body).expect("it is a body") {
            if let Body::Status(status) = message.body {
                assert_eq!(status.code, osrf::code::COMPLETE);
                self.answered.push(message.trace);
            }
        }
    }

    /// Lets all news arrive and all time pass.
    fn settle(&mut self) {
        while !self.news.is_empty() || self.router.deadline().is_some() {
            while !self.news.is_empty() {
                self.go(Move::News);
            }
            self.wake();
        }
    }
}

proptest! {
    #[test]
    fn no_class_is_there_twice_and_every_question_is_answered_once(
        steps in vec(moves(), 0..150),
    ) {
        let mut world = World::new();
        for step in steps {
            world.go(step);
        }
        world.settle();
        let known = world.classes.iter().flat_map(|(name, class)| {
            class.nodes.iter().map(move |node| (name.clone(), node.clone()))
        });
        prop_assert_eq!(known.collect::<BTreeSet<_>>(), world.registered);
        prop_assert!(world.classes.values().all(|class| !class.nodes.is_empty()));
        world.answered.sort_unstable();
        prop_assert_eq!(world.answered, (1..=world.asked).collect::<Vec<_>>());
    }
}
