//! What runs a service: between the kernel's callbacks and the application's.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use skyloom_abi::{CallError, ExitReason, Handle, Message, Protocol, Session};
use skyloom_kernel::{self as kernel, Exited, Start, StartError};

use super::context::{Answer, Context};
use super::contract::{Service, Strange};
use super::desk::{Ended, Order, Work};
use super::error::{Error, text_of, text_of_panic};
use super::link::{Link, Look};
use super::tasks::Tasks;
use super::typed::unpack;

pub(super) struct Host<S> {
    /// Elsewhere only while tasks are polled.
    me: Option<Box<S>>,
    /// From the start on.
    ctx: Option<Context<S>>,
    tasks: Tasks,
    /// Emptied work, kept for its memory.
    spare: Work,
    /// It has reported a message that it could not understand; once is enough.
    complained: bool,
}

/// A callback ended by a panic.
type Panic = Box<dyn Any + Send>;

/// How often within one callback the desk is looked at again before others have their turn.
const ROUNDS: usize = 16;

impl<S: Service> Host<S> {
    pub(super) fn new(service: S) -> Host<S> {
        Host {
            me: Some(Box::new(service)),
            ctx: None,
            tasks: Tasks::default(),
            spare: Work::default(),
            complained: false,
        }
    }

    /// Runs a callback of the service and then what it left on the desk.
    fn run<R>(&mut self, kernel: &kernel::Context<'_>, callback: impl FnOnce(&mut S, &Context<S>) -> R) -> Option<R> {
        let (Some(me), Some(ctx)) = (&mut self.me, &self.ctx) else { return None };
        let entered = ctx.link().enter(kernel.near());
        let outcome = catch_unwind(AssertUnwindSafe(|| callback(me, ctx)));
        let outcome = outcome.map_err(|panic| end_by(kernel, &*panic)).ok();
        let due = ctx.link().is_due();
        drop(entered);
        if due {
            self.clear_desk(kernel);
        }
        outcome
    }

    /// A message for the application.
    fn deliver(
        &mut self,
        kernel: &kernel::Context<'_>,
        message: Message,
        handle: impl FnOnce(&mut S, &Context<S>, Message) -> Result<Answer, Failure>,
    ) {
        let awaits = message.awaits().map(|(_, session)| session);
        let source = message.source;
        let complaint = self.run(kernel, |me, ctx| {
            let link = ctx.link();
            link.handling(source, awaits);
            let outcome = catch_unwind(AssertUnwindSafe(|| handle(me, ctx, message)));
            let asked = link.take_request();
            link.handling(None, None);
            match outcome {
                Ok(Ok(answer)) => {
                    if let Some((to, session)) = asked {
                        kernel.reply(to, session, answer.into_payload());
                    }
                    None
                }
                Ok(Err(failure)) => fail(kernel, asked, failure),
                Err(panic) => {
                    if let Some((to, session)) = asked {
                        kernel.refuse(to, session, CallError::Died);
                    }
                    end_by(kernel, &*panic);
                    None
                }
            }
        });
        if let Some(Some(complaint)) = complaint {
            complaint.make(kernel, &mut self.complained);
        }
    }

    /// A request that somebody here waits for has ended.
    fn ended(&mut self, kernel: &kernel::Context<'_>, session: Session, ended: Ended, from_timer: bool) {
        let Some(ctx) = &self.ctx else { return };
        let Some(settled) = ctx.link().look(|desk| desk.settle(session, ended)) else {
            if !from_timer {
                kernel.count_late_answer();
            }
            return;
        };
        if let Some(timer) = settled.timer {
            kernel.cancel(timer);
        }
        if let Some(waker) = settled.waker {
            self.run(kernel, |_, _| waker.wake());
        }
    }

    /// Does what callbacks and tasks have left on the desk.
    fn clear_desk(&mut self, kernel: &kernel::Context<'_>) {
        // Out of its place, so that it can be lent beside the rest; nothing in between unwinds.
        let Some(ctx) = self.ctx.take() else { return };
        let entered = ctx.link().enter(kernel.near());
        let mut rounds = 0;
        loop {
            self.clear_once(kernel, &ctx);
            // What other threads put there meanwhile comes with a message of its own.
            if !ctx.link().is_due() || kernel.is_ending() {
                break;
            }
            rounds += 1;
            if rounds == ROUNDS {
                ctx.link().look_later();
                break;
            }
        }
        drop(entered);
        self.ctx = Some(ctx);
    }

    fn clear_once(&mut self, kernel: &kernel::Context<'_>, ctx: &Context<S>) {
        ctx.link().looked();
        let spare = std::mem::take(&mut self.spare);
        let mut work = ctx.link().look(|desk| std::mem::replace(&mut desk.work, spare));
        for order in work.orders.drain(..) {
            carry_out(kernel, ctx.link(), order);
        }
        if let Err(panic) = self.poll(ctx, &mut work) {
            end_by(kernel, &*panic);
        }
        self.spare = work;
    }

    /// Polls what was begun and what was woken, with the service's state lent to the tasks.
    fn poll(&mut self, ctx: &Context<S>, work: &mut Work) -> Result<(), Panic> {
        if work.begun.is_empty() && work.woken.is_empty() {
            return Ok(());
        }
        *ctx.lent().lock() = self.me.take();
        let tasks = &mut self.tasks;
        let polled = catch_unwind(AssertUnwindSafe(|| {
            for task in work.begun.drain(..) {
                let slot = tasks.insert(ctx.link(), task);
                tasks.poll(slot);
            }
            for slot in work.woken.drain(..) {
                tasks.poll(slot);
            }
        }));
        self.me = ctx.lent().lock().take();
        polled
    }
}

impl<S: Service> kernel::Service for Host<S> {
    fn start(&mut self, kernel: &mut kernel::Context<'_>) -> Result<Start, StartError> {
        self.ctx = Some(Context::new(Link::new(kernel.node().clone(), kernel.handle())));
        match self.run(kernel, |me, ctx| me.start(ctx)) {
            Some(Ok(())) => Ok(Start::Ready),
            Some(Err(error)) => Err(StartError::new(text_of(&error))),
            // It panicked: the kernel tells whoever waits when it retires the service.
            None => Ok(Start::Later),
        }
    }

    fn handle(&mut self, kernel: &mut kernel::Context<'_>, message: kernel::Envelope) {
        let (kernel, message) = (&*kernel, message.open());
        match message.protocol {
            Protocol::LUA => self.deliver(kernel, message, |me, ctx, message| {
                let message = unpack(message.payload).map_err(|error| Failure::Strange(error.into()))?;
                me.handle(ctx, message).map_err(Failure::Handler)
            }),
            Protocol::RESPONSE if message.payload.holds::<Look>() => {
                if let Some(ctx) = &self.ctx {
                    ctx.link().look(|desk| desk.called = false);
                }
                self.clear_desk(kernel);
            }
            Protocol::RESPONSE | Protocol::ERROR => {
                let Some(session) = message.session else { return };
                let from_timer = message.source.is_none();
                let ended = match message.protocol {
                    Protocol::RESPONSE => Ok(message.payload),
                    _ => Err(message.into_call_error()),
                };
                self.ended(kernel, session, ended, from_timer);
            }
            _ if message.payload.holds::<Exited>() => {
                if let Ok(exited) = message.payload.take::<Exited>() {
                    self.run(kernel, |me, ctx| me.exited(ctx, *exited));
                }
            }
            _ => self.deliver(kernel, message, |me, ctx, message| {
                me.raw(ctx, message).map_err(|error| match error.is::<Strange>() {
                    true => Failure::Strange(error),
                    false => Failure::Handler(error),
                })
            }),
        }
    }

    fn stop(&mut self, kernel: &mut kernel::Context<'_>) {
        self.run(kernel, |me, ctx| me.stop(ctx));
    }

    /// Drops all that lives here: dropped replies answer, dropped calls give their timers back.
    fn retire(&mut self, kernel: &mut kernel::Context<'_>, _: &ExitReason) {
        let Some(ctx) = self.ctx.take() else { return };
        let _entered = ctx.link().enter(kernel.near());
        let mut work = ctx.link().look(|desk| desk.close());
        work.begun.clear();
        self.tasks = Tasks::default();
        // After a panic in a task it is still lent.
        drop(self.me.take().or_else(|| ctx.lent().lock().take()));
        for order in work.orders.into_iter().chain(ctx.link().look(|desk| desk.close()).orders) {
            if let Order::Cancel(timer) = order {
                kernel.cancel(timer);
            }
        }
    }
}

/// Why a message was not handled.
enum Failure {
    /// It is not what the service understands.
    Strange(Error),
    /// The handler says so.
    Handler(Error),
}

/// Something to be said in the log.
struct Complaint {
    text: String,
    /// Others would come by the thousand.
    once: bool,
}

impl Complaint {
    fn make(self, kernel: &kernel::Context<'_>, complained: &mut bool) {
        if !(self.once && std::mem::replace(complained, true)) {
            kernel.report(&format!("error: {}", self.text));
        }
    }
}

/// Answers with the failure; what nobody would hear of otherwise goes to the log.
#[cold]
fn fail(kernel: &kernel::Context<'_>, asked: Option<(Handle, Session)>, failure: Failure) -> Option<Complaint> {
    let (error, once) = match failure {
        Failure::Strange(error) => (error, true),
        Failure::Handler(error) => (error, false),
    };
    let text = text_of(&error);
    if let Some((to, session)) = asked {
        kernel.refuse(to, session, CallError::Refused(text.clone()));
    }
    (once || asked.is_none()).then_some(Complaint { text, once })
}

/// Ends the service because its code panicked.
#[cold]
fn end_by(kernel: &kernel::Context<'_>, panic: &(dyn Any + Send)) {
    kernel.exit(ExitReason::Panicked(text_of_panic(panic)));
}

fn carry_out(kernel: &kernel::Context<'_>, link: &Link, order: Order) {
    let timed = |session, timer| {
        let Some(timer) = timer else { return };
        if let Some(old) = link.look(|desk| desk.timed(session, timer)) {
            kernel.cancel(old);
        }
    };
    match order {
        // The wait may have been given up before its timer was even set.
        Order::Timeout(session, _) | Order::Deadline(session, _) if !link.look(|desk| desk.awaits(session)) => {}
        Order::Timeout(session, after) => timed(session, kernel.timeout(session, after)),
        Order::Deadline(session, after) => timed(session, kernel.deadline(session, after)),
        Order::Cancel(timer) => {
            kernel.cancel(timer);
        }
        Order::Monitor(target) => kernel.monitor(target),
        Order::Demonitor(target) => kernel.demonitor(target),
        Order::Exit(reason) => kernel.exit(reason),
    }
}
