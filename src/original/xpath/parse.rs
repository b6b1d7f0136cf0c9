//! From the text of an expression to its steps.

/// Bytes of an expression.
const LONGEST: usize = 1_024;
/// Steps of an expression, all its paths together.
const STEPS: usize = 64;

/// Why an expression is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum XPathError {
    /// More bytes than an expression may have.
    #[error("the expression is longer than {LONGEST} bytes")]
    TooLong,
    /// More steps than an expression may have.
    #[error("the expression has more than {STEPS} steps")]
    TooManySteps,
    /// No XPath, or a part of it that is not understood.
    #[error(
        "{found} at character {at} of the expression; understood are / // | names * . @name \
         text() and [n] [last()] [name] [name='v'] [@name='v']"
    )]
    NotUnderstood {
        /// What stands there.
        found: String,
        /// Where, from 1.
        at: usize,
    },
}

/// One path of a union.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Path {
    pub(super) steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    /// Whether it stands behind `//`.
    pub(super) is_deep: bool,
    pub(super) test: Test,
    pub(super) predicates: Vec<Predicate>,
}

/// What a step goes to; any name if there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Test {
    Element(Option<String>),
    Attribute(Option<String>),
    Text,
    Same,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Predicate {
    /// From 1.
    Position(usize),
    Last,
    /// Has such a part, with this text if one is given.
    Has(Subject, Option<String>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subject {
    Attribute(String),
    Child(String),
    Text,
    Same,
}

pub(super) fn expression(text: &str) -> Result<Vec<Path>, XPathError> {
    if text.len() > LONGEST {
        return Err(XPathError::TooLong);
    }
    let mut rest = Rest {
        all: text,
        rest: text,
    };
    let mut paths = vec![rest.path()?];
    while rest.take("|") {
        paths.push(rest.path()?);
    }
    rest.space();
    if !rest.rest.is_empty() {
        return Err(rest.refuse());
    }
    match paths.iter().map(|path| path.steps.len()).sum::<usize>() {
        steps if steps > STEPS => Err(XPathError::TooManySteps),
        _ => Ok(paths),
    }
}

struct Rest<'a> {
    all: &'a str,
    rest: &'a str,
}

impl<'a> Rest<'a> {
    fn path(&mut self) -> Result<Path, XPathError> {
        let mut path = Path::default();
        let mut is_deep = self.take("//");
        if !is_deep {
            self.take("/");
        }
        loop {
            let step = self.step(is_deep)?;
            let is_end = matches!(step.test, Test::Attribute(_) | Test::Text);
            path.steps.push(step);
            is_deep = self.take("//");
            if !is_deep && !self.take("/") {
                return Ok(path);
            }
            if is_end {
                // Nothing is below an attribute or a text.
                return Err(self.refuse());
            }
        }
    }

    fn step(&mut self, is_deep: bool) -> Result<Step, XPathError> {
        let test = match () {
            () if self.take("text()") => Test::Text,
            () if self.take("@*") => Test::Attribute(None),
            () if self.take("@") => Test::Attribute(Some(self.name()?)),
            () if self.take("*") => Test::Element(None),
            () if self.rest.starts_with("..") => return Err(self.refuse()),
            () if self.take(".") => Test::Same,
            () => Test::Element(Some(self.name()?)),
        };
        let mut predicates = Vec::new();
        while matches!(test, Test::Element(_)) && self.take("[") {
            predicates.push(self.predicate()?);
            if !self.take("]") {
                return Err(self.refuse());
            }
        }
        Ok(Step {
            is_deep,
            test,
            predicates,
        })
    }

    fn predicate(&mut self) -> Result<Predicate, XPathError> {
        self.space();
        if self.take("last()") {
            return Ok(Predicate::Last);
        }
        let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            let at = self.rest[..digits].parse().ok().filter(|&at| at > 0);
            let at = at.ok_or_else(|| self.refuse())?;
            self.rest = &self.rest[digits..];
            return Ok(Predicate::Position(at));
        }
        let subject = match () {
            () if self.take("text()") => Subject::Text,
            () if self.take("@") => Subject::Attribute(self.name()?),
            () if self.rest.starts_with("..") => return Err(self.refuse()),
            () if self.take(".") => Subject::Same,
            () => Subject::Child(self.name()?),
        };
        let wanted = match self.take("=") {
            true => Some(self.literal()?),
            false => None,
        };
        Ok(Predicate::Has(subject, wanted))
    }

    fn literal(&mut self) -> Result<String, XPathError> {
        self.space();
        let quote = self.rest.chars().next().filter(|c| matches!(c, '\'' | '"'));
        let end = quote.and_then(|quote| self.rest[1..].find(quote));
        let end = end.ok_or_else(|| self.refuse())?;
        let text = self.rest[1..=end].to_owned();
        self.rest = &self.rest[end + 2..];
        Ok(text)
    }

    fn name(&mut self) -> Result<String, XPathError> {
        self.space();
        let is_first = |c: char| c.is_alphabetic() || c == '_';
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
        let end = self.rest.find(|c| !is_name(c)).unwrap_or(self.rest.len());
        let name = &self.rest[..end];
        let after = self.rest[end..].trim_start();
        // `axis::` and `function(` begin like names.
        if !name.starts_with(is_first) || name.contains("::") || after.starts_with('(') {
            return Err(self.refuse());
        }
        self.rest = &self.rest[end..];
        Ok(name.to_owned())
    }

    fn take(&mut self, token: &str) -> bool {
        self.space();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Says what stands here and cannot.
    fn refuse(&self) -> XPathError {
        let before = &self.all[..self.all.len() - self.rest.len()];
        let is_end = |c: char| c.is_whitespace() || matches!(c, '/' | '[' | ']' | '|');
        let first = self.rest.chars().next().map_or(0, char::len_utf8);
        let end = self.rest[first..]
            .find(is_end)
            .map_or(self.rest.len(), |end| first + end);
        XPathError::NotUnderstood {
            found: match self.rest {
                "" => "nothing".to_owned(),
                rest => format!("{:?}", rest[..end].chars().take(40).collect::<String>()),
            },
            at: before.chars().count() + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_understood_is_named_with_its_place() {
        let cases = [
            ("", "nothing at character 1"),
            ("/", "nothing at character 2"),
            ("//", "nothing at character 3"),
            ("/a/..", "\"..\" at character 4"),
            ("count(//a)", "\"count(\" at character 1"),
            ("/a/descendant::b", "\"descendant::b\" at character 4"),
            ("//a[position() < 3]", "\"position()\" at character 5"),
            ("//a[0]", "\"0\" at character 5"),
            ("//a[b", "nothing at character 6"),
            ("//a[b='x]", "\"'x\" at character 7"),
            ("//a b", "\"b\" at character 5"),
            ("@a/b", "\"b\" at character 4"),
            ("a|", "nothing at character 3"),
            ("a | $b", "\"$b\" at character 5"),
            ("a[b][", "nothing at character 6"),
        ];
        for (text, expected) in cases {
            let told = expression(text).expect_err(text).to_string();
            assert!(told.starts_with(expected), "{text}\n=> {told}");
        }
    }

    #[test]
    fn length_and_steps_have_bounds() {
        let long = "a".repeat(LONGEST + 1);
        assert_eq!(expression(&long), Err(XPathError::TooLong));
        assert!(expression(&vec!["a"; STEPS].join("/")).is_ok());
        let many = vec!["a"; STEPS + 1].join("/");
        assert_eq!(expression(&many), Err(XPathError::TooManySteps));
    }
}
