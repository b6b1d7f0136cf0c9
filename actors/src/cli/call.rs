//! `opensrf call`: one request from the command line.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use futures::StreamExt;
use opensrf::limits::LOGIN_TIME;
use opensrf::osrf::Json;
use serde_json::value::{RawValue, to_raw_value};

use super::{REFUSED, complain, print_line};
use crate::client::{Client, Context};
use crate::host::HostBuilder;
use crate::settings::Settings;

/// Ask a service: each result is a line of JSON on stdout
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A PARAM is JSON: 1, true, null, '\"text\"', '[1,2]', '{\"a\":1}'. What is not valid JSON is taken
as a string, so text needs no second quotes: `hello` is \"hello\". To send the string 1, write
'\"1\"'.
A PARAM that begins with a dash and is no number goes behind `--`.

Without --config it asks the `opensrf up` of the same user on this machine.

Examples:
  opensrf call opensrf.math add 1 2
  opensrf call opensrf.math opensrf.system.echo hello '{\"a\":[1,2]}'
  opensrf call --timeout 5 --stream opensrf.math opensrf.system.method.all
  opensrf call --locale fr-CA --xid 17000000421 opensrf.math add 1 2

Exit codes: 0 done, 1 the network said no (why is on stderr), 2 bad usage or configuration.")]
pub(crate) struct Args {
    /// The service, such as opensrf.math
    pub(crate) service: String,

    /// The method, such as add
    pub(crate) method: String,

    /// Parameters: JSON, or text that is not JSON as a string
    #[arg(value_name = "PARAM", allow_negative_numbers = true)]
    pub(crate) params: Vec<String>,

    /// Give up when no answer has come for so long [default: client.timeout_seconds, 30]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) timeout: Option<Duration>,

    /// Print each result as it comes, instead of all of them at the end
    #[arg(long)]
    pub(crate) stream: bool,

    /// Open a session first (CONNECT), ask in it, and close it
    #[arg(long)]
    pub(crate) connect: bool,

    /// The language that texts should be in, such as fr-CA [default: en-US]
    #[arg(long, value_parser = word)]
    pub(crate) locale: Option<String>,

    /// The caller's time zone by its Olson name, such as Europe/Berlin
    #[arg(long, value_name = "ZONE", value_parser = word)]
    pub(crate) tz: Option<String>,

    /// The transaction that the request belongs to, to find it in logs [default: a new one]
    #[arg(long, value_parser = word)]
    pub(crate) xid: Option<String>,
}

impl Args {
    /// What the request says of its caller.
    fn context(&self) -> Context {
        let default = Context::default();
        let given = |text: &Option<String>| text.clone().map(Into::into);
        Context {
            xid: given(&self.xid),
            locale: given(&self.locale).unwrap_or(default.locale),
            tz: given(&self.tz),
            ..default
        }
    }
}

pub(crate) fn run(settings: Settings, args: Args) -> ExitCode {
    let login = match settings.client_login() {
        Ok(login) => login,
        Err(error) => return complain(&error),
    };
    let mut builder = HostBuilder::client_only(&login, &settings);
    if let Some(timeout) = args.timeout {
        builder = builder.timeout(timeout);
        builder.connect_timeout = builder.connect_timeout.min(timeout);
    }
    match actix_rt::System::new().block_on(ask(builder, args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(REFUSED)
        }
    }
}

async fn ask(builder: HostBuilder, args: Args) -> Result<(), Box<dyn Error>> {
    let patience = args.timeout.unwrap_or(LOGIN_TIME);
    let host = builder.start().await?;
    let client = host.client();
    tokio::time::timeout(patience, client.online())
        .await
        .map_err(|_| format!("the Jabber server did not answer within {patience:?}"))??;
    let outcome = print_answers(&client.with_context(args.context()), &args).await;
    host.stop().await?;
    outcome
}

async fn print_answers(client: &Client, args: &Args) -> Result<(), Box<dyn Error>> {
    let (service, method) = (&args.service, &args.method);
    let params: Vec<_> = args.params.iter().map(|text| param(text)).collect();
    let session = match args.connect {
        true => Some(client.connect(service).await?),
        false => None,
    };
    if args.stream {
        let mut results = match &session {
            Some(session) => session.stream(method, params).await?,
            None => client.stream(service, method, params).await?,
        };
        while let Some(result) = results.next().await {
            print_line(line(&result?))?;
        }
        return Ok(());
    }
    let answers = match &session {
        Some(session) => session.call(method, params).await?,
        None => client.call(service, method, params).await?,
    };
    for result in answers.json() {
        print_line(line(result))?;
    }
    Ok(())
}

/// A result as one line: JSON has line breaks between its parts only, where a space means the same.
fn line(result: &Json) -> String {
    result.as_str().replace(['\n', '\r'], " ")
}

/// A parameter as JSON: as it was typed if it is valid, else as a string.
fn param(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned())
        .or_else(|_| to_raw_value(text))
        .expect("a text is always valid JSON once quoted")
}

/// A name or an id: some text without spaces or control characters.
fn word(text: &str) -> Result<String, String> {
    let is_odd = |c: char| c.is_control() || c.is_whitespace();
    match text {
        "" => Err("expected some text".to_owned()),
        _ if text.contains(is_odd) => Err("expected no spaces or control characters".to_owned()),
        _ => Ok(text.to_owned()),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected a number".to_owned())?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if !duration.is_zero() && seconds < 1e7 => Ok(duration),
        _ => Err("expected a number above 0 and below 10,000,000".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_json_is_a_string() {
        let cases = [
            ("1", "1"),
            ("-0.50", "-0.50"),
            ("{\"a\": [1]}", "{\"a\": [1]}"),
            ("\"x\"", "\"x\""),
            ("null", "null"),
            ("hello", "\"hello\""),
            ("1 2", "\"1 2\""),
            ("say \"a\"", "\"say \\\"a\\\"\""),
            ("", "\"\""),
        ];
        for (text, json) in cases {
            assert_eq!(param(text).get(), json, "{text}");
        }
    }

    #[test]
    fn a_result_is_one_line() {
        let result = Json::parse("{\n\"a\":\r\n[\"\\n\"]\n}").unwrap();
        assert_eq!(line(&result), "{ \"a\":  [\"\\n\"] }");
    }

    #[test]
    fn languages_zones_and_transactions_are_words() {
        assert_eq!(word("fr-CA"), Ok("fr-CA".to_owned()));
        for text in ["", "a b", "a\n", "\u{1}"] {
            assert!(word(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_timeout_is_above_zero() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        for text in ["0", "-1", "nan", "x", "1e9"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
