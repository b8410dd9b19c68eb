//! What all of a bootstrap works with: the settings, the configuration's way to the server, its login.

use super::settings::{self, Bootstrap};
use crate::command::context::Context;
use crate::command::exit::Failure;
use crate::command::open::door;
use crate::command::planning::Order;
use crate::command::wish::{Wish, arguments};
use crate::operate::keyring::State;
use crate::operate::seal::{SealStatus, seal_status};
use crate::server::connect::Settings;
use crate::server::{Connection, Http, Login};
use crate::source::Diagnostic;
use crate::value::Text;
use clap::ArgMatches;

/// A bootstrap at work.
pub struct Work<'a> {
    pub context: &'a Context,
    pub bootstrap: Bootstrap,
    /// How the provider block says to reach the server, its login included.
    pub door: Settings,
    /// How the configuration is planned.
    pub order: Order,
}

/// How things stand.
pub struct Stand {
    pub seal: SealStatus,
    pub kept: State,
}

impl<'a> Work<'a> {
    /// Reads settings and configuration. Nothing is asked of the server yet.
    ///
    /// # Errors
    /// Everything that is wrong with either.
    pub fn prepare(context: &'a Context, matches: &ArgMatches) -> Result<Work<'a>, Failure> {
        let bootstrap = settings::read(context)?;
        let given = arguments(matches)?;
        let door = door(context, given.clone())?;
        if !matches!(door.login, Login::At { .. }) {
            return Err(no_login().into());
        }
        let wish = Wish::default();
        let order = Order {
            options: wish.options(),
            arguments: given,
            hold: crate::command::apply::hold(matches, "bootstrap")?,
            wish,
            ..Order::default()
        };
        Ok(Work {
            context,
            bootstrap,
            door,
            order,
        })
    }

    /// Connects without a token.
    ///
    /// # Errors
    /// When nothing answers there.
    pub async fn reach(&self) -> Result<Http, Failure> {
        anonymous(&self.door, &self.door.address).await
    }

    /// Connects with a token.
    ///
    /// # Errors
    /// When the server cannot be worked with, or does not know the token.
    pub async fn open(&self, token: &Text) -> Result<Connection, Diagnostic> {
        let mut settings = self.door.clone();
        settings.login = Login::Token(token.clone());
        let opened = Connection::open(&settings).await;
        opened.map_err(|error| error.to_diagnostic())
    }

    /// Looks at the server and at the sinks.
    ///
    /// # Errors
    /// When one of them cannot be looked at.
    pub async fn look(&self) -> Result<Stand, Failure> {
        let server = self.reach().await?;
        let seal = seal_status(&server).await;
        Ok(Stand {
            seal: seal.map_err(|error| error.to_diagnostic())?,
            kept: self.bootstrap.keyring.state().await?,
        })
    }
}

/// Connects without a token to a node at an address.
///
/// # Errors
/// When nothing answers there.
pub async fn anonymous(door: &Settings, address: &str) -> Result<Http, Failure> {
    let mut settings = door.clone();
    settings.login = Login::None;
    address.clone_into(&mut settings.address);
    let reached = Http::reach(&settings).await;
    reached.map_err(|error| {
        Failure::with(
            vec![error.to_diagnostic()],
            crate::command::exit::Exit::Unreachable,
        )
    })
}

fn no_login() -> Diagnostic {
    Diagnostic::error(
        "no-login",
        "the provider block says nothing of how to log in once the root token is gone",
    )
    .hint("give it the login of the identity that is made here, such as `auth_login_userpass { username = \"admin\" password = var.admin_password }`")
}
