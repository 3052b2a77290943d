//! `skyloom client …`

mod bot;
mod herd;
mod load;
mod terminal;

use std::process::ExitCode;

use crate::args::{Client, Clients};
use crate::failure::Failure;

pub(crate) fn client(client: &Client) -> Result<ExitCode, Failure> {
    match &client.which {
        Clients::Chat(options) => match options.bots {
            Some(bots) => load::load(options, bots),
            None => terminal::terminal(options),
        },
    }
}
