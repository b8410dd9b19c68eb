//! Telling the channels what is new.

use super::settings::{Channel, Form, Watch};
use crate::command::context::Context;
use crate::command::settings::FILE;
use crate::operate::watch::Memory;
use crate::operate::watch::signature::signature;
use crate::server::post::{Message, post};
use crate::source::{Diagnostic, Surroundings};
use crate::value::Text;
use crate::view::drift_notice::{Sender, plain, slack, teams};
use futures::future::join_all;
use std::collections::BTreeMap;

/// Tells every channel what it does not know, all at once. Returns which of those that were to be told could be.
pub async fn tell(
    context: &Context,
    watch: &Watch,
    memory: &mut Memory,
    sender: &Sender,
) -> (BTreeMap<String, bool>, Vec<Diagnostic>) {
    let messages = watch.channels.iter().filter_map(|channel| {
        let news = memory.news_for(&channel.name);
        let body = match channel.form {
            Form::Webhook(_) => plain(&news, sender),
            Form::Slack => slack(&news, sender),
            Form::Teams => teams(&news, sender),
        };
        (!news.is_empty()).then(|| (channel, message(context, channel, body.to_string(), sender)))
    });
    let sent = messages.map(|(channel, message)| async move {
        let outcome = match message {
            Ok(message) => post(&message).await,
            Err(why) => Err(why),
        };
        (channel, outcome)
    });
    let (mut told, mut problems) = (BTreeMap::new(), Vec::new());
    for (channel, outcome) in join_all(sent).await {
        told.insert(channel.name.clone(), outcome.is_ok());
        match outcome {
            Ok(()) => memory.told(&channel.name),
            Err(why) => problems.push(untold(channel, &why)),
        }
    }
    let names: Vec<String> = watch
        .channels
        .iter()
        .map(|channel| channel.name.clone())
        .collect();
    memory.forget_what_is_over(&names);
    (told, problems)
}

fn untold(channel: &Channel, why: &str) -> Diagnostic {
    let message = format!("`{}` could not be told of drift: {why}", channel.name);
    Diagnostic::warning("not-notified", message)
        .hint("the result of this run stands; the next run tells it")
}

/// Makes the message to a channel.
fn message(
    context: &Context,
    channel: &Channel,
    body: String,
    sender: &Sender,
) -> Result<Message, String> {
    let url = channel.url.as_ref().map_err(Clone::clone)?;
    let url: &str = url;
    if !url.starts_with("https://") && !url.starts_with("http://") {
        return Err(format!(
            "its `url` in `{FILE}` begins neither with `https://` nor with `http://`"
        ));
    }
    let authorities = channel.ca_file.as_ref().map(|path| {
        let read = context.files.read(path);
        read.map_err(|why| format!("`{}`: {why}", path.display()))
    });
    let mut headers = Vec::new();
    if let Form::Webhook(secret) = &channel.form {
        let secret = secret.as_ref().map(Result::as_ref).transpose();
        headers = signed(secret.map_err(Clone::clone)?, &body, sender);
    }
    Ok(Message {
        url: url.to_owned(),
        headers,
        body,
        authorities: authorities.transpose()?,
    })
}

fn signed(secret: Option<&Text>, body: &str, sender: &Sender) -> Vec<(&'static str, String)> {
    let id = format!("msg_{}", uuid::Uuid::new_v4().simple());
    let seconds = sender.now;
    let signature = secret.map(|secret| signature(secret, &id, seconds, body));
    let mut headers = vec![
        ("webhook-id", id),
        ("webhook-timestamp", seconds.to_string()),
    ];
    headers.extend(signature.map(|signature| ("webhook-signature", signature)));
    headers
}
