//! Shows a supervisor: a monitor that hears of the end of a service and starts it anew.
//! Run: `cargo run --example 04_monitor`
//! Prints:
//! ```text
//! 10 / 2 = 5
//! the calculator has ended: panicked: attempt to divide by zero
//! 10 / 0: the service ended before it answered
//! 10 / 5 = 2
//! ```
#![allow(clippy::print_stdout, reason = "an example talks to people")]

use skyloom::prelude::*;
use skyloom::test::Sim;

/// Falls over when it is asked to divide by zero, and falls alone.
struct Calculator;

impl Service for Calculator {
    type Message = (u32, u32);

    fn handle(&mut self, ctx: &Context<Self>, (a, b): (u32, u32)) -> Result<Answer, Error> {
        ctx.reply(a / b)
    }
}

/// Keeps one calculator running and passes questions on to it.
#[derive(Default)]
struct Supervisor {
    child: Option<Handle>,
}

impl Supervisor {
    fn start_child(&mut self, ctx: &Context<Self>) {
        let child = ctx.spawn(Calculator);
        ctx.monitor(child);
        self.child = Some(child);
    }
}

impl Service for Supervisor {
    type Message = (u32, u32);

    fn start(&mut self, ctx: &Context<Self>) -> Result<(), Error> {
        self.start_child(ctx);
        Ok(())
    }

    fn handle(&mut self, ctx: &Context<Self>, question: (u32, u32)) -> Result<Answer, Error> {
        let child = self.child.ok_or("no calculator")?;
        // The child answers whoever asked: the answer does not come by here.
        ctx.redirect(child, question)
    }

    fn exited(&mut self, ctx: &Context<Self>, exited: Exited) {
        println!("the calculator has ended: {}", exited.reason);
        self.start_child(ctx);
    }
}

fn main() -> Result<(), Error> {
    // What a panic prints by itself is not part of this story.
    std::panic::set_hook(Box::new(|_| {}));
    let mut sim = Sim::new(1);
    let supervisor = sim.spawn(Supervisor::default());
    for (a, b) in [(10, 2), (10, 0), (10, 5)] {
        match sim.call::<u32>(supervisor, (a, b)) {
            Ok(quotient) => println!("{a} / {b} = {quotient}"),
            Err(error) => println!("{a} / {b}: {error}"),
        }
    }
    Ok(())
}
