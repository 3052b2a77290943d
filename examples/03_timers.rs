//! Shows timers: a kettle that boils in four minutes of virtual time, and an egg that is saved.
//! Run: `cargo run --example 03_timers`
//! Prints:
//! ```text
//!  60 s: 40 degrees
//! 120 s: 60 degrees
//! 150 s: the egg is taken out in time
//! 180 s: 80 degrees
//! 240 s: 100 degrees, tea!
//! ```
#![allow(clippy::print_stdout, reason = "an example talks to people")]

use std::time::Duration;

use serde::{Deserialize, Serialize};
use skyloom::prelude::*;
use skyloom::{Timer, test::Sim};

const MINUTE: Duration = Duration::from_secs(60);

#[derive(Default)]
struct Kitchen {
    egg: Option<Timer>,
}

#[derive(Serialize, Deserialize)]
enum Do {
    BoilWater,
    BoilEgg,
    TakeEggOut,
}

fn say(ctx: &Context<Kitchen>, text: &str) {
    println!("{:3} s: {text}", ctx.now().as_secs());
}

impl Service for Kitchen {
    type Message = Do;

    fn handle(&mut self, ctx: &Context<Self>, what: Do) -> Result<Answer, Error> {
        match what {
            // A task sleeps as often as it likes, and the kitchen stays open.
            Do::BoilWater => ctx.task(|ctx| async move {
                for degrees in [40, 60, 80] {
                    ctx.sleep(MINUTE).await;
                    say(&ctx, &format!("{degrees} degrees"));
                }
                ctx.sleep(MINUTE).await;
                say(&ctx, "100 degrees, tea!");
                Ok(())
            }),
            // A timer can be cancelled.
            Do::BoilEgg => self.egg = Some(ctx.after(3 * MINUTE, |_, ctx| say(ctx, "the egg is a stone"))),
            Do::TakeEggOut => {
                if self.egg.take().is_some_and(Timer::cancel) {
                    say(ctx, "the egg is taken out in time");
                }
            }
        }
        ctx.done()
    }
}

fn main() -> Result<(), Error> {
    // A simulated node has a clock that is moved: four minutes pass at once.
    let mut sim = Sim::new(1);
    let kitchen = sim.spawn(Kitchen::default());
    sim.call::<()>(kitchen, Do::BoilWater)?;
    sim.call::<()>(kitchen, Do::BoilEgg)?;
    sim.advance(150 * Duration::from_secs(1));
    sim.call::<()>(kitchen, Do::TakeEggOut)?;
    sim.advance(10 * MINUTE);
    Ok(())
}
