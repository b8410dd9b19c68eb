//! The program.

fn main() -> std::process::ExitCode {
    vaultform::command::main()
}
