//! What can be awaited: answers and the passing of time.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use skyloom_abi::{CallError, Cause, Handle, Message, Payload, Session};

use super::desk::{Ended, Order};
use super::link::Link;
use super::typed::{Incoming, unpack};

/// A wait for whatever ends one session. Dropped before, it gives the session up.
pub(super) struct Wait {
    link: Arc<Link>,
    state: State,
}

#[derive(Clone, Copy)]
enum State {
    Waits(Session),
    /// It could not even begin.
    Failed(Option<Cause>),
    Done,
}

impl Wait {
    /// Begins a wait. `None` as its session: the service has ended, and the wait fails.
    pub(super) fn new(link: &Arc<Link>) -> Wait {
        let session = link.look(|desk| desk.open());
        Wait { link: link.clone(), state: session.map_or(State::Failed(None), State::Waits) }
    }

    /// Sends `message` under a fresh session and waits for its answer.
    pub(super) fn request(link: &Arc<Link>, to: Handle, message: impl FnOnce(Session) -> Message) -> Wait {
        let mut wait = Wait::new(link);
        if let State::Waits(session) = wait.state
            && let Err(back) = link.post(to, message(session))
        {
            let _ = link.look(|desk| desk.abandon(session));
            wait.state = State::Failed(Some(back.cause));
        }
        wait
    }

    pub(super) fn session(&self) -> Option<Session> {
        match self.state {
            State::Waits(session) => Some(session),
            State::Failed(_) | State::Done => None,
        }
    }

    /// Has something happen to the session later.
    pub(super) fn order(&self, order: impl FnOnce(Session) -> Order) {
        if let Some(session) = self.session() {
            self.link.order(order(session));
        }
    }
}

impl Future for Wait {
    type Output = Ended;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Ended> {
        let polled = match self.state {
            State::Waits(session) => self.link.look(|desk| desk.poll(session, cx.waker())).0,
            State::Failed(Some(cause)) => Poll::Ready(Err(CallError::Undelivered(cause))),
            State::Failed(None) => Poll::Ready(Err(CallError::Cancelled)),
            State::Done => panic!("polled after it had ended"),
        };
        if polled.is_ready() {
            self.state = State::Done;
        }
        polled
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        if let State::Waits(session) = self.state {
            let abandoned = self.link.tell(|desk| desk.abandon(session));
            drop(abandoned);
        }
    }
}

/// A request under way: await it for the answer.
///
/// The request was sent when this was made. Dropping it gives the answer up:
/// one that comes nevertheless is dropped and counted ([`NodeStats::late`](crate::NodeStats::late)).
#[must_use = "the answer is lost unless this is awaited"]
pub struct Call<R> {
    wait: Wait,
    to: Handle,
    read: PhantomData<fn() -> R>,
}

impl<R> Call<R> {
    pub(super) fn new(wait: Wait, to: Handle) -> Call<R> {
        Call { wait, to, read: PhantomData }
    }

    /// Ends the wait with [`CallError::TimedOut`] when no answer has come after `time`, counted from now.
    pub fn timeout(self, time: Duration) -> Call<R> {
        self.wait.order(|session| Order::Deadline(session, time));
        self
    }
}

impl<R: Incoming> Future for Call<R> {
    type Output = Result<R, CallError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<R, CallError>> {
        let to = self.to;
        Pin::new(&mut self.wait).poll(cx).map(|ended| read(to, ended?))
    }
}

/// Reads an answer; one that cannot be read counts as refused, for there is nothing better to tell the caller.
pub(crate) fn read<R: Incoming>(from: Handle, answer: Payload) -> Result<R, CallError> {
    unpack(answer).map_err(|error| CallError::Refused(format!("answer of {from}: {error}")))
}

impl<R> fmt::Debug for Call<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Call(to {})", self.to)
    }
}

/// A while, by the node's clock: await it.
#[must_use = "nothing waits unless this is awaited"]
pub struct Sleep(Wait);

impl Sleep {
    pub(super) fn new(link: &Arc<Link>, time: Duration) -> Sleep {
        let wait = Wait::new(link);
        wait.order(|session| Order::Timeout(session, time));
        Sleep(wait)
    }

    pub(super) fn timer(&self) -> Timer {
        Timer { link: self.0.link.clone(), session: self.0.session() }
    }

    /// Waits, and tells whether it was for the whole time.
    pub(super) async fn was_whole(self) -> bool {
        self.0.await.is_ok()
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx).map(|_| ())
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sleep")
    }
}

/// Something that will be done after a while, unless it is [cancelled](Timer::cancel). Dropping it changes nothing.
pub struct Timer {
    link: Arc<Link>,
    session: Option<Session>,
}

impl Timer {
    /// Takes it back; `false` if it has been done already.
    pub fn cancel(self) -> bool {
        let Some(session) = self.session else { return false };
        let Some(settled) = self.link.look(|desk| desk.settle(session, Err(CallError::Cancelled))) else {
            return false;
        };
        if let Some(timer) = settled.timer {
            self.link.order(Order::Cancel(timer));
        }
        if let Some(waker) = settled.waker {
            waker.wake();
        }
        true
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Timer")
    }
}
