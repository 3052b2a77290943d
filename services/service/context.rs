//! What a service sees of the world.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use skyloom_abi::{CallError, ExitReason, Handle, Message, Payload, Protocol, Session, Undelivered};
use skyloom_kernel::Node;

use super::desk::{Order, Task};
use super::error::{Error, SendError, text_of};
use super::link::{Link, register};
use super::reply::Reply;
use super::typed::{Incoming, Outgoing, pack};
use super::waits::{Call, Sleep, Timer, Wait};

/// A service's state while its tasks are polled; at other times its host has it.
pub(super) type Lent<S> = Mutex<Option<Box<S>>>;

/// What a service of type `S` sees of the world: others, the clock, and itself.
///
/// Cheap to clone. Tasks get their own; messages sent and called from one
/// service to another arrive in the order in which they were sent, whichever
/// handler or task sent them.
pub struct Context<S> {
    link: Arc<Link>,
    lent: Arc<Lent<S>>,
}

/// What a handler returns: the answer to the message, made by [`Context::reply`],
/// [`Context::done`] and the others that return it.
#[derive(Debug)]
#[must_use = "this is what the handler returns"]
pub struct Answer(Payload);

impl Answer {
    pub(super) fn into_payload(self) -> Payload {
        self.0
    }
}

/// Answering.
impl<S: Send + 'static> Context<S> {
    /// Answers with `value`. If nobody asked, it is dropped.
    ///
    /// # Errors
    ///
    /// None: it is a `Result` because handlers return one.
    pub fn reply(&self, value: impl Outgoing) -> Result<Answer, Error> {
        Ok(Answer(pack(value)))
    }

    /// Nothing more to say: who asked gets an answer without content.
    ///
    /// # Errors
    ///
    /// None: it is a `Result` because handlers return one.
    pub fn done(&self) -> Result<Answer, Error> {
        Ok(Answer(Payload::EMPTY))
    }

    /// Answers with what `answer` resolves to, while the service goes on with other messages.
    ///
    /// # Errors
    ///
    /// None: it is a `Result` because handlers return one.
    ///
    /// # Examples
    /// ```
    /// # use skyloom::prelude::*;
    /// # struct Total { sum: u64, other: Handle }
    /// # impl Service for Total {
    /// #     type Message = ();
    /// fn handle(&mut self, ctx: &Context<Self>, _: ()) -> Result<Answer, Error> {
    ///     let other = self.other;
    ///     ctx.later(move |ctx| async move {
    ///         let more: u64 = ctx.call(other, "get").await?;
    ///         Ok(ctx.with(|me| {
    ///             me.sum += more;
    ///             me.sum
    ///         }))
    ///     })
    /// }
    /// # }
    /// ```
    pub fn later<R, F>(&self, answer: impl FnOnce(Context<S>) -> F) -> Result<Answer, Error>
    where
        R: Outgoing,
        F: Future<Output = Result<R, Error>> + Send + 'static,
    {
        let reply = self.promise();
        let answer = answer(self.clone());
        let link = self.link.clone();
        self.begin(Box::pin(async move {
            match answer.await {
                Ok(value) => reply.send(value),
                Err(error) if reply.is_awaited() => reply.refuse(error),
                Err(error) => report(&link, &error),
            };
        }));
        self.done()
    }

    /// Takes the duty to answer the message that is being handled; what the handler returns no longer does it.
    ///
    /// For answers that wait for another message rather than for a future: keep
    /// the [`Reply`] in the service, return [`done`](Self::done), and send it when the time has come.
    #[must_use = "dropped, it refuses the request"]
    pub fn promise(&self) -> Reply {
        Reply::new(&self.link, self.link.take_request())
    }

    /// Passes the request on: `to` answers it instead of this service, and hears it from who asked.
    ///
    /// # Errors
    ///
    /// [`SendError`], which then answers the request.
    pub fn redirect(&self, to: Handle, message: impl Outgoing) -> Result<Answer, Error> {
        let (source, session) = match self.link.take_request() {
            Some((source, session)) => (Some(source), Some(session)),
            None => (self.source(), None),
        };
        let message = Message { source, session, protocol: Protocol::LUA, payload: pack(message) };
        match self.link.post(to, message) {
            Ok(()) => self.done(),
            Err(back) => {
                let error = SendError::from(back);
                Reply::new(&self.link, source.zip(session)).refuse(error);
                if session.is_some() { self.done() } else { Err(error.into()) }
            }
        }
    }

    /// Who sent the message that is being handled; `None` outside of `handle` and `raw`, and for
    /// what timers and sockets say.
    #[must_use]
    pub fn source(&self) -> Option<Handle> {
        self.link.source()
    }
}

/// Talking to others.
impl<S: Send + 'static> Context<S> {
    /// Sends `message` and forgets it.
    ///
    /// # Errors
    ///
    /// [`SendError`] if there is no such service or its mailbox is full.
    pub fn send(&self, to: Handle, message: impl Outgoing) -> Result<(), SendError> {
        let message = Message::send(Some(self.handle()), Protocol::LUA, pack(message));
        Ok(self.link.post(to, message)?)
    }

    /// Sends a request now; await the result for its answer.
    ///
    /// Every call ends: with the answer, with the error that the other side answers, with its
    /// death, or at the deadline if it has one ([`Call::timeout`]).
    ///
    /// # Examples
    /// ```
    /// # use skyloom::prelude::*;
    /// # use std::time::Duration;
    /// # async fn f<S: Service>(ctx: Context<S>, shop: Handle) -> Result<(), Error> {
    /// let price: u64 = ctx.call(shop, ("price", "apple")).timeout(Duration::from_secs(1)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn call<R: Incoming>(&self, to: Handle, message: impl Outgoing) -> Call<R> {
        Call::new(self.request(to, Protocol::LUA, pack(message)), to)
    }

    /// Sends any payload under any protocol.
    ///
    /// # Errors
    ///
    /// [`Undelivered`] gives the message back.
    pub fn send_raw(&self, to: Handle, protocol: Protocol, payload: Payload) -> Result<(), Undelivered> {
        self.link.post(to, Message::send(Some(self.handle()), protocol, payload))
    }

    /// Like [`call`](Self::call), with any payload under any protocol, and a deadline if there is to be one.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub fn call_raw(
        &self,
        to: Handle,
        protocol: Protocol,
        payload: Payload,
        timeout: Option<Duration>,
    ) -> impl Future<Output = Result<Payload, CallError>> + Send + use<S> {
        let wait = self.request(to, protocol, payload);
        if let Some(time) = timeout {
            wait.order(|session| Order::Deadline(session, time));
        }
        wait
    }

    /// Puts a message through the door as it is, whoever it says it is from.
    ///
    /// # Errors
    ///
    /// [`Undelivered`] gives it back.
    pub fn post(&self, to: Handle, message: Message) -> Result<(), Undelivered> {
        self.link.post(to, message)
    }

    fn request(&self, to: Handle, protocol: Protocol, payload: Payload) -> Wait {
        let me = self.handle();
        Wait::request(&self.link, to, |session| Message::request(me, session, protocol, payload))
    }

    /// Finds a service by its local name, with or without the dot.
    #[must_use]
    pub fn lookup(&self, name: &str) -> Option<Handle> {
        self.node().lookup(name)
    }

    /// Takes a local name for this service, until it ends.
    ///
    /// # Errors
    ///
    /// If it cannot be a name, or another service has it.
    pub fn register(&self, name: &str) -> Result<(), Error> {
        register(self.node(), name, self.handle())
    }

    /// Asks to hear of the end of `target` in [`exited`](crate::Service::exited): at once if it has ended already.
    pub fn monitor(&self, target: Handle) {
        self.link.order(Order::Monitor(target));
    }

    /// Takes the wish of [`monitor`](Self::monitor) back.
    pub fn demonitor(&self, target: Handle) {
        self.link.order(Order::Demonitor(target));
    }

    /// Ends another service at once; `false` if there is none. What it owes is answered with errors.
    pub fn kill(&self, target: Handle) -> bool {
        self.node().kill(target, ExitReason::Killed)
    }
}

/// Itself, its tasks, and time.
impl<S: Send + 'static> Context<S> {
    /// The service's own address.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.link.handle
    }

    /// The node it lives on.
    #[must_use]
    pub fn node(&self) -> &Node {
        &self.link.node
    }

    /// The worker that runs this callback: what [`Net`](crate::net::Net) wants to know.
    #[must_use]
    pub fn worker(&self) -> Option<usize> {
        self.link.near().worker()
    }

    /// How long the node has been up; virtual in a [`Sim`](crate::test::Sim).
    #[must_use]
    pub fn now(&self) -> Duration {
        self.node().now()
    }

    /// Does something with the service's state, between two awaits of a task.
    ///
    /// # Panics
    ///
    /// In a handler or a hook, which has `&mut self` already, and on any thread but the service's own.
    pub fn with<R>(&self, do_it: impl FnOnce(&mut S) -> R) -> R {
        if !self.link.in_turn() {
            panic!("Context::with outside of the service's own tasks");
        }
        let Some(mut lent) = self.lent.try_lock() else {
            panic!("Context::with inside of itself, or of a timer: the state is at hand there already");
        };
        match &mut *lent {
            Some(me) => do_it(me),
            None => panic!("Context::with in a handler: use `self` there; it is for tasks and `later`"),
        }
    }

    /// Begins a task: it runs in the service's own turns, wherever it has something to wait for
    /// the service goes on. An error is reported to the log; the end of the service drops it.
    pub fn task<F>(&self, task: impl FnOnce(Context<S>) -> F)
    where
        F: Future<Output = Result<(), Error>> + Send + 'static,
    {
        let task = task(self.clone());
        let link = self.link.clone();
        self.begin(Box::pin(async move {
            if let Err(error) = task.await {
                report(&link, &error);
            }
        }));
    }

    fn begin(&self, task: Task) {
        let refused = self.link.tell(|desk| desk.begin(task));
        drop(refused);
    }

    /// Waits: never less than `time`, late only when all workers are held up.
    pub fn sleep(&self, time: Duration) -> Sleep {
        Sleep::new(&self.link, time)
    }

    /// Does something after `time`, unless the [`Timer`] is cancelled.
    pub fn after(&self, time: Duration, do_it: impl FnOnce(&mut S, &Context<S>) + Send + 'static) -> Timer {
        let sleep = self.sleep(time);
        let timer = sleep.timer();
        let ctx = self.clone();
        self.begin(Box::pin(async move {
            if sleep.was_whole().await {
                ctx.with(|me| do_it(me, &ctx));
            }
        }));
        timer
    }

    /// Ends this service when the running callback returns. What it owes is answered with errors.
    pub fn exit(&self) {
        self.exit_with(ExitReason::Finished);
    }

    /// Like [`exit`](Self::exit), with a reason for those who monitor it; the first one stays.
    pub fn exit_with(&self, reason: ExitReason) {
        self.link.order(Order::Exit(reason));
    }

    /// Writes a line to the node's log in this service's name.
    pub fn report(&self, text: &str) {
        self.node().report(Some(self.handle()), text);
    }

    /// Lets the counter of sessions stand at `last`: for tests of its end.
    #[doc(hidden)]
    pub fn sessions_at(&self, last: Session) {
        self.link.look(|desk| desk.sessions_at(last));
    }
}

impl<S> Context<S> {
    pub(super) fn new(link: Arc<Link>) -> Context<S> {
        Context { link, lent: Arc::default() }
    }

    pub(super) fn link(&self) -> &Arc<Link> {
        &self.link
    }

    pub(super) fn lent(&self) -> &Lent<S> {
        &self.lent
    }
}

fn report(link: &Link, error: &Error) -> bool {
    link.node.report(Some(link.handle), &format!("error: {}", text_of(error)));
    false
}

impl<S> Clone for Context<S> {
    fn clone(&self) -> Context<S> {
        Context { link: self.link.clone(), lent: self.lent.clone() }
    }
}

impl<S> fmt::Debug for Context<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Context({})", self.link.handle)
    }
}
