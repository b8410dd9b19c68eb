//! What the user sees of a fault of the program itself.

/// Replaces the text of panics: it could hold a value, so only the place is shown.
pub fn hide() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map_or_else(|| "?".to_owned(), ToString::to_string);
        let version = super::context::VERSION;
        eprintln!(
            "Error: vaultform {version} has a fault at {place}: please report this line and what you did"
        );
    }));
}
