//! Shows a handler that answers later: `Till` asks `Prices` and goes on selling meanwhile.
//! Run: `cargo run --example 02_later`
//! Prints:
//! ```text
//! nothing is sold yet: 0 cents
//! three apples: [30, 60, 90] cents
//! a kiwi: no price for "kiwi"
//! ```
#![allow(clippy::print_stdout, reason = "an example talks to people")]

use std::time::Duration;

use serde::{Deserialize, Serialize};
use skyloom::prelude::*;

/// Takes its time to look a price up.
struct Prices;

impl Service for Prices {
    type Message = String;

    fn handle(&mut self, ctx: &Context<Self>, fruit: String) -> Result<Answer, Error> {
        ctx.later(move |ctx| async move {
            ctx.sleep(Duration::from_millis(50)).await;
            if fruit == "apple" { Ok(30u64) } else { Err(format!("no price for {fruit:?}").into()) }
        })
    }
}

/// Counts what was sold.
struct Till {
    prices: Handle,
    total: u64,
}

#[derive(Serialize, Deserialize)]
enum Ask {
    Sell(String),
    Total,
}

impl Service for Till {
    type Message = Ask;

    fn handle(&mut self, ctx: &Context<Self>, ask: Ask) -> Result<Answer, Error> {
        match ask {
            Ask::Total => ctx.reply(self.total),
            Ask::Sell(fruit) => {
                let prices = self.prices;
                ctx.later(move |ctx| async move {
                    // While this waits, the till handles other messages.
                    let price: u64 = ctx.call(prices, fruit).timeout(Duration::from_secs(1)).await?;
                    Ok(ctx.with(|me| {
                        me.total += price;
                        me.total
                    }))
                })
            }
        }
    }
}

fn main() -> Result<(), Error> {
    let skyloom = Skyloom::builder().start()?;
    let prices = skyloom.spawn(Prices);
    let till = skyloom.spawn(Till { prices, total: 0 });
    let second = Duration::from_secs(1);
    let sell = |fruit: &str| skyloom.call_blocking::<u64>(till, Ask::Sell(fruit.into()), second);

    let mut totals: Vec<u64> = std::thread::scope(|scope| {
        let sales = ["apple"; 3].map(|fruit| scope.spawn(move || sell(fruit)));
        let total: u64 = skyloom.call_blocking(till, Ask::Total, second)?;
        println!("nothing is sold yet: {total} cents");
        sales.into_iter().map(|sale| sale.join().expect("no sale panics")).collect::<Result<_, _>>()
    })?;
    totals.sort_unstable();
    println!("three apples: {totals:?} cents");
    if let Err(error) = sell("kiwi") {
        println!("a kiwi: {error}");
    }

    skyloom.stop(Duration::from_secs(5))?;
    Ok(())
}
