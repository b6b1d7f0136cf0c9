//! The command `opensrf`.

use std::process::ExitCode;

fn main() -> ExitCode {
    opensrf_actors::cli::main()
}
