//! Requests that somebody still has to answer.

use std::collections::VecDeque;

use skyloom_abi::{Handle, Session};

use super::{Scheduler, Slot, Task};

/// Whom to answer, under which session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) to: Handle,
    pub(crate) session: Session,
}

/// The number of a response object, handed to the script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Detached(pub(crate) u64);

/// Where a coroutine's message came from.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Origin {
    pub(super) source: Option<Handle>,
    pub(super) session: Option<Session>,
    pub(super) reply: Reply,
}

/// What became of the answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Reply {
    /// The coroutine handles no request, or has answered it: answering is an error.
    #[default]
    None,
    /// Nobody is known to wait for an answer, so nobody misses it: but one that is given is sent, if
    /// the message has a session and a sender.
    Unwanted,
    /// The caller waits.
    Owed,
}

/// How a coroutine that serves a request ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Nothing is owed.
    Settled,
    /// It returned without an answer: worth a log line.
    Forgot(Request),
}

/// Unanswered requests that are remembered; beyond that the oldest is answered with an error.
const ORPHAN_LIMIT: usize = 1 << 16;

impl<C: Slot, T: Copy> Scheduler<C, T> {
    /// `co` begins to handle a message.
    #[inline]
    pub(crate) fn begin(&mut self, co: C, source: Option<Handle>, session: Option<Session>, awaited: bool) {
        let reply = if awaited { Reply::Owed } else { Reply::Unwanted };
        *self.task(co) = Task { origin: Origin { source, session, reply }, waits_on: None };
    }

    /// Session and source of the message that `co` handles.
    pub(crate) fn context(&self, co: C) -> (Option<Session>, Option<Handle>) {
        self.tasks.get(co.index()).map_or((None, None), |task| (task.origin.session, task.origin.source))
    }

    /// Takes the request that `co` is about to answer.
    ///
    /// `Ok(None)` if nobody waits for the answer, `Err` if there is no request (any more).
    #[inline]
    pub(crate) fn answer(&mut self, co: C) -> Result<Option<Request>, NoSession> {
        let origin = &mut self.task(co).origin;
        match std::mem::take(&mut origin.reply) {
            Reply::None => Err(NoSession),
            // Nobody is known to wait; but a client's frame may have been sent as a request.
            Reply::Unwanted => Ok(origin.request()),
            Reply::Owed => {
                let request = origin.request();
                origin.session = None;
                Ok(request)
            }
        }
    }

    /// The request that `co` still owes an answer to, if any.
    pub(crate) fn owes(&self, co: C) -> Option<Request> {
        let origin = self.tasks.get(co.index())?.origin;
        if origin.reply == Reply::Owed { origin.request() } else { None }
    }

    /// Takes the answer out of the coroutine's hands: it may come at any time, from anybody.
    pub(crate) fn detach(&mut self, co: C) -> Result<Option<Detached>, NoSession> {
        let Some(request) = self.answer(co)? else { return Ok(None) };
        self.next_detached += 1;
        self.detached.insert(self.next_detached, request);
        Ok(Some(Detached(self.next_detached)))
    }

    /// Whether the one who asked still waits for this response.
    pub(crate) fn is_awaited_response(&self, response: Detached) -> bool {
        self.detached.contains_key(&response.0)
    }

    /// Takes the request behind a response object; `None` if its caller is gone.
    pub(crate) fn answer_detached(&mut self, response: Detached) -> Option<Request> {
        self.detached.remove(&response.0)
    }

    /// The coroutine returned. An answer that is still owed is remembered, because a
    /// script may keep source and session and answer by hand.
    ///
    /// The second value is a request too old to be remembered, to be answered with an error.
    #[inline]
    pub(crate) fn ended(&mut self, co: C) -> (Ended, Option<Request>) {
        let owed = self.owes(co);
        *self.task(co) = Task::default();
        match owed {
            None => (Ended::Settled, None),
            Some(request) => self.forgot(request),
        }
    }

    #[cold]
    fn forgot(&mut self, request: Request) -> (Ended, Option<Request>) {
        self.orphans.push_back(request);
        let oldest = (self.orphans.len() > ORPHAN_LIMIT).then(|| self.orphans.pop_front());
        (Ended::Forgot(request), oldest.flatten())
    }

    /// The coroutine raised an error or was killed: the request to be refused.
    pub(crate) fn failed(&mut self, co: C) -> Option<Request> {
        let owed = self.owes(co);
        *self.task(co) = Task::default();
        owed
    }

    /// A message was sent by hand that answers, or hands over, this request.
    ///
    /// `co` is looked at first: most of what is handed over is what it handles.
    pub(crate) fn answered_by_hand(&mut self, co: Option<C>, request: Request) {
        let mine = co.and_then(|co| self.tasks.get_mut(co.index()));
        if let Some(task) = mine.filter(|task| task.origin.owes(request)) {
            task.origin.reply = Reply::None;
            return;
        }
        if let Some(place) = self.orphans.iter().position(|orphan| *orphan == request) {
            self.orphans.remove(place);
            return;
        }
        if let Some(task) = self.tasks.iter_mut().find(|task| task.origin.owes(request)) {
            task.origin.reply = Reply::None;
        }
    }

    /// Everything that is still owed, for a service that ends.
    pub(crate) fn take_unanswered(&mut self) -> Vec<Request> {
        let mut owed: Vec<Request> = std::mem::take(&mut self.orphans).into();
        owed.extend(self.detached.drain().map(|(_, request)| request));
        for task in &mut self.tasks {
            if task.origin.reply == Reply::Owed {
                owed.extend(task.origin.request());
                task.origin.reply = Reply::None;
            }
        }
        owed
    }

    /// `who` is gone and waits for nothing any more.
    pub(super) fn forget_requests_of(&mut self, who: Handle) {
        self.detached.retain(|_, request| request.to != who);
        let orphans: VecDeque<Request> = std::mem::take(&mut self.orphans);
        self.orphans = orphans.into_iter().filter(|request| request.to != who).collect();
    }
}

/// The coroutine handles no request, or has answered it already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoSession;

impl Origin {
    fn request(&self) -> Option<Request> {
        Some(Request { to: self.source?, session: self.session? })
    }

    fn owes(&self, request: Request) -> bool {
        self.reply == Reply::Owed && self.request() == Some(request)
    }
}
