//! Coroutines that wait under a session.

use skyloom_abi::{CallError, Handle, Session};

use super::{Alarm, Answer, Scheduler, Slot};

/// What `wakeup` names: the host gives each Lua value that is waited on a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Token(pub(crate) u32);

/// Why a coroutine waits under a session.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wait<C, T> {
    /// For a reply, perhaps not for ever.
    Call { co: C, to: Option<Handle>, deadline: Option<T> },
    /// For its time, or for somebody to wake it.
    Sleep { co: C, token: Token, timer: Option<T> },
    /// For somebody to wake it.
    Wakeup { co: C, token: Token },
    /// To be started by a timer.
    Timeout { co: C, timer: Option<T> },
}

impl<C: Copy, T: Copy> Wait<C, T> {
    pub(super) fn co(&self) -> C {
        match *self {
            Wait::Call { co, .. } | Wait::Sleep { co, .. } | Wait::Wakeup { co, .. } | Wait::Timeout { co, .. } => co,
        }
    }

    /// What would still come for `session` by itself.
    pub(super) fn alarm(&self, session: Session) -> Option<Alarm<T>> {
        match *self {
            Wait::Call { deadline, .. } => deadline.map(|timer| Alarm { session, timer: Some(timer) }),
            Wait::Sleep { timer, .. } | Wait::Timeout { timer, .. } => Some(Alarm { session, timer }),
            Wait::Wakeup { .. } => None,
        }
    }

    pub(super) fn asked(&self) -> Option<Handle> {
        match *self {
            Wait::Call { to, .. } => to,
            _ => None,
        }
    }
}

/// How a sleeper was found by `wakeup`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Awoken {
    /// It will run when the current coroutine suspends or ends.
    Soon,
    /// Nobody waits on that token.
    Nobody,
}

/// What there is to undo for a coroutine that is killed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Kill<T> {
    /// It had not begun: a fork.
    Fork,
    /// It had not begun: a `timeout`, whose timer is to be cancelled.
    Timeout(Alarm<T>),
    /// It waited: cancel the timer if there is one, and close it.
    Waiting(Option<Alarm<T>>),
    /// It does not wait: nothing to kill.
    NotWaiting,
}

/// Late replies that are remembered as unwanted; beyond that they are forgotten, and a late
/// one costs a log line.
const ABANDONED_LIMIT: usize = 1 << 16;

impl<C: Slot, T: Copy> Scheduler<C, T> {
    /// `co` suspends until `session` is answered.
    #[inline]
    pub(crate) fn wait_call(&mut self, co: C, session: Session, to: Option<Handle>, deadline: Option<T>) {
        self.task(co).waits_on = Some(session);
        self.waits.insert(session, || Wait::Call { co, to, deadline });
    }

    /// `co` suspends until its timer fires or somebody wakes `token`.
    ///
    /// The host has asked [`is_awaited`](Self::is_awaited) before.
    pub(crate) fn wait_sleep(&mut self, co: C, session: Session, token: Token, timer: Option<T>) {
        self.task(co).waits_on = Some(session);
        self.waits.insert(session, || Wait::Sleep { co, token, timer });
        self.sleepers.insert(token, session);
    }

    /// `co` suspends until somebody wakes `token`.
    pub(crate) fn wait_wakeup(&mut self, co: C, session: Session, token: Token) {
        self.task(co).waits_on = Some(session);
        self.waits.insert(session, || Wait::Wakeup { co, token });
        self.sleepers.insert(token, session);
    }

    /// `co`, not yet begun, is to be started by a timer.
    pub(crate) fn wait_timeout(&mut self, co: C, session: Session, timer: Option<T>) {
        *self.task(co) = super::Task { waits_on: Some(session), ..Default::default() };
        self.waits.insert(session, || Wait::Timeout { co, timer });
    }

    /// Whether somebody waits on `token`: a second one is an error of the script.
    pub(crate) fn is_awaited(&self, token: Token) -> bool {
        self.sleepers.contains_key(&token)
    }

    /// Wakes whoever waits on `token`, not now but soon.
    ///
    /// As in Skynet, waking twice before the sleeper runs breaks its next sleep too.
    pub(crate) fn wakeup(&mut self, token: Token) -> Awoken {
        if !self.sleepers.contains_key(&token) {
            return Awoken::Nobody;
        }
        self.woken.push_back(token);
        self.is_settled = false;
        Awoken::Soon
    }

    /// A response came in.
    #[inline(always)]
    pub(crate) fn response(&mut self, session: Session) -> Answer<C, T> {
        let Some(wait) = self.unwait(session) else {
            return if self.abandoned.remove(&session) { Answer::Abandoned } else { Answer::Unknown };
        };
        match wait {
            Wait::Call { co, .. } => Answer::Call(co, wait.alarm(session)),
            Wait::Sleep { co, token, .. } => {
                self.sleepers.remove(&token);
                Answer::Slept(co)
            }
            Wait::Timeout { co, .. } => Answer::Due(co),
            Wait::Wakeup { co, .. } => {
                // Forged: nobody was asked under this session.
                self.task(co).waits_on = Some(session);
                self.waits.insert(session, || wait);
                Answer::Unknown
            }
        }
    }

    /// An error notice came in: only a call can fail.
    pub(crate) fn error(&mut self, session: Session) -> Answer<C, T> {
        match self.waits.get(session) {
            Some(wait @ &Wait::Call { co, .. }) => {
                let alarm = wait.alarm(session);
                self.unwait(session);
                Answer::Call(co, alarm)
            }
            _ if self.abandoned.remove(&session) => Answer::Abandoned,
            _ => Answer::Unknown,
        }
    }

    /// `who` is gone: all calls to it fail, and the responses promised to it are void.
    pub(crate) fn gone(&mut self, who: Handle) {
        let mut lost: Vec<Session> =
            self.waits.iter().filter(|(_, wait)| wait.asked() == Some(who)).map(|(session, _)| session).collect();
        lost.sort_unstable();
        self.failed.extend(lost.into_iter().map(|session| (session, CallError::Died)));
        self.is_settled = false;
        self.forget_requests_of(who);
    }

    /// A message for `session` may still come, and is to be dropped without a word.
    pub(crate) fn swallow(&mut self, session: Session) {
        if self.abandoned.len() >= ABANDONED_LIMIT {
            self.abandoned.clear();
        }
        self.abandoned.insert(session);
    }

    /// Takes `co` out of every queue, because it is killed or was resumed by hand.
    pub(crate) fn kill(&mut self, co: C) -> Kill<T> {
        if let Some(place) = self.forks.iter().position(|&fork| fork == co) {
            self.forks.remove(place);
            return Kill::Fork;
        }
        let Some(session) = self.session_of(co) else { return Kill::NotWaiting };
        let Some(wait) = self.unwait(session) else { return Kill::NotWaiting };
        match wait {
            Wait::Timeout { timer, .. } => return Kill::Timeout(Alarm { session, timer }),
            // The answer may still come, and nobody wants it.
            Wait::Call { .. } => self.swallow(session),
            Wait::Sleep { token, .. } | Wait::Wakeup { token, .. } => {
                self.sleepers.remove(&token);
            }
        }
        Kill::Waiting(wait.alarm(session))
    }
}
