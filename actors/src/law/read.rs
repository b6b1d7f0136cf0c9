//! Reads laws as they stand in scenarios.
//!
//! ```text
//! law       = length | name "(" [ parameter { "," parameter } ] ")"
//! parameter = [ name "=" ] ( length | number | file )
//! ```
//!
//! Parameters without a name stand in the order of the examples in [`FORMS`].

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use super::sample::Sample;
use super::{Kind, Law, LawError, length};

/// Every law's name, with an example.
const FORMS: [(&str, &str); 6] = [
    ("constant", "constant(20ms)"),
    ("uniform", "uniform(1ms, 3ms)"),
    ("exponential", "exponential(20ms)"),
    (
        "lognormal",
        "lognormal(mean = 20ms, cv = 1.5) or lognormal(median = 10ms, p99 = 200ms)",
    ),
    ("pareto", "pareto(mean = 20ms, shape = 2.5)"),
    (
        "empirical",
        "empirical(times.txt) or empirical(1ms, 2ms, 9ms)",
    ),
];

impl Law {
    /// Reads a law as the [module](super) shows them. Files are looked for in the current folder.
    ///
    /// # Errors
    /// [`LawError`] names what is wrong, and the remedy.
    ///
    /// ```
    /// # use opensrf_actors::law::Law;
    /// let law = Law::parse("lognormal(median = 10ms, p99 = 200ms)")?;
    /// assert!(law.mean().as_millis() > 10);
    /// # Ok::<(), opensrf_actors::law::LawError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, LawError> {
        Self::parse_beside(text, Path::new(""))
    }

    /// The same, with files looked for in `folder`.
    ///
    /// # Errors
    /// [`LawError`] names what is wrong, and the remedy.
    pub fn parse_beside(text: &str, folder: &Path) -> Result<Self, LawError> {
        let text = text.trim();
        let Some((name, rest)) = text.split_once('(') else {
            if text.starts_with(|c: char| c.is_ascii_digit()) {
                return Self::constant(length::parse(text)?);
            }
            return Err(LawError::UnknownLaw(text.to_owned()));
        };
        let known = FORMS.iter().find(|(known, _)| *known == name.trim());
        let &(law, form) = known.ok_or_else(|| LawError::UnknownLaw(text.to_owned()))?;
        let inside = rest.strip_suffix(')');
        let inside = inside.ok_or_else(|| LawError::NotClosed(text.to_owned()))?;
        let mut parameters = Parameters::of(law, form, inside);
        let read = read(&mut parameters, folder)?;
        parameters.end()?;
        Ok(read)
    }
}

impl FromStr for Law {
    type Err = LawError;

    fn from_str(text: &str) -> Result<Self, LawError> {
        Self::parse(text)
    }
}

fn read(from: &mut Parameters<'_>, folder: &Path) -> Result<Law, LawError> {
    match from.law {
        "constant" => Law::constant(from.length("length")?),
        "uniform" => Law::uniform(from.length("least")?, from.length("most")?),
        "exponential" => Law::exponential(from.length("mean")?),
        "lognormal" if from.has("median") || from.has("p99") => {
            Law::log_normal_by_median(from.length("median")?, from.length("p99")?)
        }
        "lognormal" => Law::log_normal(from.length("mean")?, from.number("cv")?),
        "pareto" => Law::pareto(from.length("mean")?, from.number("shape")?),
        _ => empirical(from, folder),
    }
}

/// A file, or lengths. A file whose name is a length can be given as `./20ms`.
fn empirical(from: &mut Parameters<'_>, folder: &Path) -> Result<Law, LawError> {
    let first = from.text("a file or lengths")?;
    if first.starts_with(|c: char| c.is_ascii_digit()) && length::parse(first).is_ok()
        || !from.is_empty()
    {
        let mut lengths = vec![length::parse(first)?];
        while !from.is_empty() {
            lengths.push(from.length("a length")?);
        }
        return Law::empirical(lengths);
    }
    let file = Path::new(first);
    Ok(Law(Kind::Empirical(Sample::read(
        &folder.join(file),
        file,
    )?)))
}

/// What stands in the parentheses and was not read yet.
struct Parameters<'a> {
    law: &'static str,
    form: &'static str,
    left: Vec<&'a str>,
}

impl<'a> Parameters<'a> {
    fn of(law: &'static str, form: &'static str, inside: &'a str) -> Self {
        let mut left: Vec<&str> = inside.split(',').map(str::trim).collect();
        if left == [""] {
            left.clear();
        }
        Self { law, form, left }
    }

    fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    fn has(&self, name: &str) -> bool {
        self.left
            .iter()
            .any(|parameter| value_of(name, parameter).is_some())
    }

    /// The parameter called `name`, or else the first that has no name.
    fn text(&mut self, name: &'static str) -> Result<&'a str, LawError> {
        let named = self.left.iter().position(|p| value_of(name, p).is_some());
        let place = named.or_else(|| self.left.iter().position(|p| !p.contains('=')));
        let Some(place) = place else {
            return Err(LawError::Missing {
                law: self.law,
                what: name,
                form: self.form,
            });
        };
        let parameter = self.left.remove(place);
        Ok(value_of(name, parameter).unwrap_or(parameter))
    }

    fn length(&mut self, name: &'static str) -> Result<Duration, LawError> {
        Ok(length::parse(self.text(name)?)?)
    }

    fn number(&mut self, name: &'static str) -> Result<f64, LawError> {
        let text = self.text(name)?;
        text.parse().map_err(|_| LawError::NoNumber {
            what: name,
            text: text.to_owned(),
        })
    }

    /// Nothing may be left.
    fn end(&self) -> Result<(), LawError> {
        match self.left.first() {
            None => Ok(()),
            Some(parameter) => Err(LawError::Surplus {
                law: self.law,
                parameter: (*parameter).to_owned(),
                form: self.form,
            }),
        }
    }
}

/// What stands behind `name =`, if the parameter has that name.
fn value_of<'a>(name: &str, parameter: &'a str) -> Option<&'a str> {
    let (found, value) = parameter.split_once('=')?;
    (found.trim() == name).then(|| value.trim())
}
