//! What a door does for a guest in several steps, awaiting hub and rooms.
//!
//! The guest may have gone whenever an answer comes: then what was begun is undone.

use std::time::Duration;

use skyloom::prelude::*;

use super::check;
use super::door::{CHAT, Door, Room};
use super::speech::{Kept, News, Speech};

/// Hub and rooms answer sooner, or are lost.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a room answers to who enters: epoch, people, lines, number of the last line.
type Entered = (String, Vec<String>, Vec<Kept>, u64);

/// Tells the hub who the guest is.
pub(super) async fn hello(ctx: Context<Door>, hub: Handle, fd: u32, nick: String, token: String) -> Result<(), News> {
    let ask = ("hello", fd, check::key(&nick), nick.clone(), token);
    let (id, why): (Option<u64>, Option<String>) =
        ctx.call(hub, ask).timeout(PATIENCE).await.map_err(|error| failed("nick", &error))?;
    let id = id.ok_or_else(|| News::error("nick", why.unwrap_or_default()))?;
    ctx.with(|me| match me.guests.get_mut(&fd) {
        Some(guest) => {
            guest.id = Some(id);
            guest.nick.clone_from(&nick);
            me.tell(&ctx, fd, &News::Welcome { nick });
        }
        None => {
            let _ = ctx.send_raw(hub, CHAT, skyloom::pack(("bye", id)));
        }
    });
    Ok(())
}

/// Gives a guest another name, everywhere.
pub(super) async fn rename(ctx: Context<Door>, hub: Handle, fd: u32, id: u64, nick: String) -> Result<(), News> {
    let ask = ("rename", id, check::key(&nick), nick.clone());
    let (done, why): (bool, Option<String>) =
        ctx.call(hub, ask).timeout(PATIENCE).await.map_err(|error| failed("nick", &error))?;
    if !done {
        return Err(News::error("nick", why.unwrap_or_default()));
    }
    ctx.with(|me| {
        let Some(guest) = me.guests.get_mut(&fd) else { return };
        guest.nick.clone_from(&nick);
        let rooms: Vec<String> = guest.rooms.iter().cloned().collect();
        for room in rooms {
            me.to_room(&ctx, &room, ("rename", id, nick.clone()));
        }
        me.tell(&ctx, fd, &News::Nick { nick });
    });
    Ok(())
}

/// Brings a guest into a room, which the hub opens if need be.
pub(super) async fn join(
    ctx: Context<Door>,
    hub: Handle,
    fd: u32,
    id: u64,
    name: String,
    seen: (u64, String),
) -> Result<(), News> {
    let wrong = |text: String| News::Error { about: "join", text, room: Some(name.clone()), mark: None };
    let mut nick = String::new();
    let mut again = true;
    let (handle, entered) = loop {
        let known = ctx.with(|me| {
            nick = me.guests.get(&fd).map(|guest| guest.nick.clone()).unwrap_or_default();
            me.rooms.get(&name).map(|room| room.handle)
        });
        let handle = match known {
            Some(handle) => handle,
            None => open(&ctx, hub, &name).await.map_err(wrong)?,
        };
        let ask = ("enter", id, nick.clone(), seen.0, seen.1.clone());
        match ctx.call::<Entered>(handle, ask).timeout(PATIENCE).await {
            Ok(entered) => break (handle, entered),
            // It ended just now, to make place for others: the next one will be new.
            Err(CallError::Died | CallError::Undelivered(_)) if again => {
                again = false;
                ctx.with(|me| me.rooms.remove(&name));
            }
            Err(error) => return Err(wrong(error.to_string())),
        }
    };
    let (epoch, people, lines, last) = entered;
    ctx.with(|me| {
        let Some(guest) = me.guests.get_mut(&fd) else {
            let _ = ctx.send_raw(handle, CHAT, skyloom::pack(("leave", id)));
            return;
        };
        let left = match me.speech {
            // Lines do not say which room they are from, so there is one at a time.
            Speech::Lines => std::mem::take(&mut guest.rooms),
            Speech::Json => Default::default(),
        };
        guest.rooms.insert(name.clone());
        for room in left {
            me.left_room(&ctx, fd, id, &room);
        }
        let room = me.rooms.entry(name.clone()).or_insert_with(|| Room { handle, guests: Default::default() });
        room.guests.insert(fd);
        me.tell(&ctx, fd, &News::Joined { room: name.clone(), epoch, people, lines, last });
    });
    Ok(())
}

/// Asks the hub for a room, which is there from then on.
async fn open(ctx: &Context<Door>, hub: Handle, name: &str) -> Result<Handle, String> {
    let answer = ctx.call(hub, ("room", name.to_owned())).timeout(PATIENCE).await;
    let (handle, why): (Option<u32>, Option<String>) = answer.map_err(|error| error.to_string())?;
    let Some(handle) = handle.and_then(Handle::new) else { return Err(why.unwrap_or_default()) };
    ctx.with(|me| {
        let known = me.rooms.insert(name.to_owned(), Room { handle, guests: Default::default() });
        if let Some(room) = known.filter(|room| room.handle == handle) {
            // Another guest was quicker.
            me.rooms.insert(name.to_owned(), room);
        } else {
            ctx.monitor(handle);
        }
    });
    Ok(handle)
}

pub(super) async fn who(ctx: Context<Door>, room: Handle, fd: u32, name: String) -> Result<(), News> {
    let people = ctx.call(room, "who").timeout(PATIENCE).await.map_err(|error| failed("room", &error))?;
    ctx.with(|me| me.tell(&ctx, fd, &News::People { room: name, people }));
    Ok(())
}

pub(super) async fn history(ctx: Context<Door>, room: Handle, fd: u32, name: String, before: u64) -> Result<(), News> {
    let ask = ("history", before.min(1 << 53));
    let lines = ctx.call(room, ask).timeout(PATIENCE).await.map_err(|error| failed("room", &error))?;
    ctx.with(|me| me.tell(&ctx, fd, &News::History { room: name, lines }));
    Ok(())
}

pub(super) async fn rooms(ctx: Context<Door>, hub: Handle, fd: u32) -> Result<(), News> {
    let rooms = ctx.call(hub, "rooms").timeout(PATIENCE).await.map_err(|error| failed("rooms", &error))?;
    ctx.with(|me| me.tell(&ctx, fd, &News::Rooms { rooms }));
    Ok(())
}

/// Lets a guest go who has heard everything that it said before: an answer of a room comes behind that.
pub(super) async fn quit(ctx: Context<Door>, rooms: Vec<Handle>, fd: u32) -> Result<(), News> {
    for room in rooms {
        // Whether it answers or has ended, there is nothing more to hear from it.
        let _ = ctx.call::<Vec<String>>(room, "who").timeout(PATIENCE).await;
    }
    ctx.with(|me| me.kick(&ctx, fd, None));
    Ok(())
}

fn failed(about: &'static str, error: &CallError) -> News {
    News::error(about, format!("the chat does not answer: {error}"))
}

/// A token that nobody can guess, for guests who do not bring one: nobody is to know it.
pub(super) fn token() -> String {
    use std::hash::{BuildHasher, RandomState};
    // Each `RandomState` is seeded by the system or differs from the last one.
    format!("{:016x}{:016x}", RandomState::new().hash_one(0), RandomState::new().hash_one(1))
}
