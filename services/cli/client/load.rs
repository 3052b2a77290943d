//! Bots that talk, and what they measured.

use std::collections::VecDeque;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use skyloom::net::Limits;
use skyloom::{Handle, Log, Skyloom};

use super::herd::{Herd, Plan, Score, Wish};
use crate::args::ClientChat;
use crate::failure::Failure;
use crate::files;

/// How often it looks at the score.
const LOOK: Duration = Duration::from_millis(50);
/// When nothing has changed for so long, nothing will.
const PATIENCE: Duration = Duration::from_secs(15);

pub(crate) fn load(options: &ClientChat, bots: u32) -> Result<ExitCode, Failure> {
    if !(0.001..=1000.0).contains(&options.rate) {
        return Err(Failure::new(format!("--rate {}: expected 0.001 to 1000 lines per second", options.rate)));
    }
    if !(0.0..=86_400.0).contains(&options.seconds) {
        return Err(Failure::new(format!("--seconds {}: expected 0 to 86400", options.seconds)));
    }
    files::raise_limit();
    let limits = Limits { connections: bots as usize + 16, ..Limits::default() };
    let skyloom = Skyloom::builder().sockets(limits).log(Log::None).start().map_err(Failure::new)?;
    let plan = Arc::new(Plan {
        run: format!("b{:05}", std::process::id() % 100_000),
        bots,
        rooms: options.rooms.min(bots),
        room: options.room.clone().unwrap_or_else(|| "bots".into()),
        rate: options.rate,
        lines: (options.host.clone(), options.port),
        web: (options.host.clone(), options.port_web),
        via: options.via,
    });
    let score = Arc::new(Score::new(&plan));
    let herds = spawn_herds(&skyloom, &plan, &score);
    let outcome = Watch { skyloom: &skyloom, plan: &plan, score: &score, herds, bar: progress() }.run(options.seconds);
    let _ = skyloom.stop(Duration::from_secs(2));
    outcome
}

fn spawn_herds(skyloom: &Skyloom, plan: &Arc<Plan>, score: &Arc<Score>) -> Vec<Handle> {
    let count = std::thread::available_parallelism().map_or(1, usize::from).min(plan.bots as usize);
    let mut shares = vec![VecDeque::new(); count];
    (0..plan.bots).for_each(|bot| shares[bot as usize % count].push_back(bot));
    let net = skyloom.net();
    shares.into_iter().map(|bots| skyloom.spawn(Herd::new(net.clone(), plan.clone(), score.clone(), bots))).collect()
}

fn progress() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed:>4} {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// The one who watches the bots and tells them when to talk.
struct Watch<'a> {
    skyloom: &'a Skyloom,
    plan: &'a Plan,
    score: &'a Score,
    herds: Vec<Handle>,
    bar: ProgressBar,
}

impl Watch<'_> {
    fn run(&self, seconds: f64) -> Result<ExitCode, Failure> {
        let (plan, score) = (self.plan, self.score);
        let in_room = self.wait(
            || u64::from(score.joined.load(Relaxed)),
            || score.joined.load(Relaxed) + score.gone.load(Relaxed) >= plan.bots,
            "joining",
        );
        let joined = score.joined.load(Relaxed);
        if !in_room || joined < plan.bots {
            self.bar.finish_and_clear();
            let why = self.complaints().first().cloned().unwrap_or_else(|| "no answer".into());
            return Err(Failure::new(format!("only {joined} of {} bots came into their rooms: {why}", plan.bots)));
        }
        self.tell(Wish::Talk);
        let end = Instant::now() + Duration::from_secs_f64(seconds);
        while Instant::now() < end {
            self.show("talking");
            std::thread::sleep(LOOK.min(end - Instant::now().min(end)));
        }
        self.tell(Wish::Hush);
        self.wait(|| score.heard.load(Relaxed), || score.heard.load(Relaxed) >= self.expected(), "listening");
        self.bar.finish_and_clear();
        Ok(self.report(seconds))
    }

    fn tell(&self, wish: Wish) {
        for herd in &self.herds {
            let _ = self.skyloom.send(*herd, wish);
        }
    }

    /// Waits until `done`; false when nothing has changed for too long.
    fn wait(&self, progress: impl Fn() -> u64, done: impl Fn() -> bool, what: &str) -> bool {
        let mut last = (progress(), Instant::now());
        while !done() {
            let now = progress();
            if now != last.0 {
                last = (now, Instant::now());
            } else if last.1.elapsed() > PATIENCE {
                return false;
            }
            self.show(what);
            std::thread::sleep(LOOK);
        }
        true
    }

    /// Lines that all bots together have to hear: each line as often as there are bots in its room.
    fn expected(&self) -> u64 {
        let said = self.score.said.iter().zip(0..);
        said.map(|(said, bot)| u64::from(said.load(Relaxed)) * u64::from(self.plan.company(bot))).sum()
    }

    fn said(&self) -> u64 {
        self.score.said.iter().map(|said| u64::from(said.load(Relaxed))).sum()
    }

    fn show(&self, what: &str) {
        let score = self.score;
        let p99 = score.latency.lock().map(|latency| latency.value_at_quantile(0.99)).unwrap_or_default();
        self.bar.set_message(format!(
            "{what}: {} of {} bots, {} lines said, {} heard, p99 {}",
            score.joined.load(Relaxed).saturating_sub(score.gone.load(Relaxed)),
            self.plan.bots,
            HumanCount(self.said()),
            HumanCount(score.heard.load(Relaxed)),
            time(p99),
        ));
    }

    fn complaints(&self) -> Vec<String> {
        self.score.complaints.lock().map(|complaints| complaints.clone()).unwrap_or_default()
    }

    fn report(&self, seconds: f64) -> ExitCode {
        let (plan, score) = (self.plan, self.score);
        let (heard, expected) = (score.heard.load(Relaxed), self.expected());
        let (lost, disorder, gone) =
            (expected.saturating_sub(heard), score.disorder.load(Relaxed), score.gone.load(Relaxed));
        let rooms = if plan.rooms == 1 { "1 room".to_owned() } else { format!("{} rooms", plan.rooms) };
        println!("{} bots in {rooms}, {seconds} s: {} lines said, {heard} heard", plan.bots, self.said());
        println!("lost {lost}, out of order {disorder}, connections lost {gone}");
        if let Ok(latency) = score.latency.lock() {
            let at = |quantile| time(latency.value_at_quantile(quantile));
            println!(
                "latency: median {}, p90 {}, p99 {}, p99.9 {}, max {}",
                at(0.5),
                at(0.9),
                at(0.99),
                at(0.999),
                time(latency.max())
            );
        }
        for complaint in self.complaints() {
            println!("! {complaint}");
        }
        ExitCode::from(u8::from(lost > 0 || disorder > 0 || gone > 0))
    }
}

/// Microseconds, as people read them.
fn time(micros: u64) -> String {
    match micros {
        0..1000 => format!("{micros} µs"),
        1000..1_000_000 => format!("{:.1} ms", micros as f64 / 1e3),
        _ => format!("{:.2} s", micros as f64 / 1e6),
    }
}
