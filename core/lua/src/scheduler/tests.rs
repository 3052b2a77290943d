//! The matrix of the coroutine scheduler: coroutines are numbers, and so are timers.

use skyloom_abi::{CallError, Handle, Session};

use super::{Alarm, Answer, Awoken, Ended, Kill, Request, Scheduler, Step, Token};

type Table = Scheduler<u32, u32>;

fn session(number: u32) -> Session {
    Session::new(number).unwrap()
}

fn handle(number: u32) -> Handle {
    Handle::new(number).unwrap()
}

fn alarm(number: u32, timer: u32) -> Option<Alarm<u32>> {
    Some(Alarm { session: session(number), timer: Some(timer) })
}

fn request(to: u32, number: u32) -> Request {
    Request { to: handle(to), session: session(number) }
}

/// A table in which coroutine `co` handles a request of service 9.
fn serving(co: u32, number: u32) -> Table {
    let mut table = Table::new();
    table.begin(co, Some(handle(9)), Some(session(number)), true);
    table
}

mod waiting {
    use super::*;

    #[test]
    fn a_response_finds_the_coroutine_that_called() {
        let mut table = Table::new();
        table.wait_call(3, session(1), Some(handle(8)), None);
        assert!(table.is_taken(session(1)));
        assert_eq!(table.response(session(1)), Answer::Call(3, None));
        assert_eq!(table.response(session(1)), Answer::Unknown, "only once");
        assert!(!table.is_taken(session(1)));
    }

    #[test]
    fn a_call_with_a_deadline_gives_the_deadline_back() {
        let mut table = Table::new();
        table.wait_call(3, session(1), None, Some(70));
        assert_eq!(table.response(session(1)), Answer::Call(3, alarm(1, 70)));
    }

    #[test]
    fn an_error_ends_a_call_and_nothing_else() {
        let mut table = Table::new();
        table.wait_call(0, session(1), None, None);
        table.wait_sleep(1, session(2), Token(1), Some(5));
        table.wait_wakeup(2, session(3), Token(2));
        table.wait_timeout(3, session(4), Some(6));
        assert_eq!(table.error(session(1)), Answer::Call(0, None));
        for other in 2..=5 {
            assert_eq!(table.error(session(other)), Answer::Unknown);
        }
        assert_eq!(table.waiting(), 3);
    }

    #[test]
    fn a_sleeper_is_resumed_by_its_timer() {
        let mut table = Table::new();
        table.wait_sleep(1, session(2), Token(1), Some(5));
        assert_eq!(table.response(session(2)), Answer::Slept(1));
        assert!(!table.is_awaited(Token(1)));
    }

    #[test]
    fn a_timeout_is_started_by_its_timer() {
        let mut table = Table::new();
        table.wait_timeout(1, session(2), None);
        assert_eq!(table.response(session(2)), Answer::Due(1));
    }

    #[test]
    fn a_forged_response_does_not_end_a_wait() {
        let mut table = Table::new();
        table.wait_wakeup(1, session(2), Token(1));
        assert_eq!(table.response(session(2)), Answer::Unknown);
        assert_eq!(table.wakeup(Token(1)), Awoken::Soon);
    }

    #[test]
    fn the_end_of_a_service_fails_all_calls_to_it_in_the_order_they_were_made() {
        let mut table = Table::new();
        for (co, to) in [(0, 8), (1, 7), (2, 8)] {
            table.wait_call(co, session(co + 1), Some(handle(to)), None);
        }
        table.gone(handle(8));
        assert_eq!(table.next(), Some(Step::Fail(0, CallError::Died, None)));
        assert_eq!(table.next(), Some(Step::Fail(2, CallError::Died, None)));
        assert_eq!(table.next(), None);
        assert_eq!(table.session_of(1), Some(session(2)), "who asked another goes on waiting");
    }

    #[test]
    fn a_call_answered_before_its_failure_is_reached_does_not_fail() {
        let mut table = Table::new();
        table.wait_call(0, session(1), Some(handle(8)), None);
        table.gone(handle(8));
        assert_eq!(table.response(session(1)), Answer::Call(0, None));
        assert_eq!(table.next(), None);
    }
}

mod waking {
    use super::*;

    #[test]
    fn a_wakeup_breaks_a_sleep_later_not_now() {
        let mut table = Table::new();
        table.wait_sleep(1, session(2), Token(1), Some(5));
        assert_eq!(table.wakeup(Token(1)), Awoken::Soon);
        assert_eq!(table.session_of(1), Some(session(2)), "it still sleeps");
        assert_eq!(table.next(), Some(Step::Break(1, alarm(2, 5))));
        assert_eq!(table.session_of(1), None);
    }

    #[test]
    fn a_wait_that_is_woken_has_no_timer_to_cancel() {
        let mut table = Table::new();
        table.wait_wakeup(1, session(2), Token(40));
        table.wakeup(Token(40));
        assert_eq!(table.next(), Some(Step::Break(1, None)));
    }

    #[test]
    fn a_sleep_of_no_time_that_is_woken_has_a_message_to_swallow() {
        let mut table = Table::new();
        table.wait_sleep(1, session(2), Token(1), None);
        table.wakeup(Token(1));
        let due = Some(Alarm { session: session(2), timer: None });
        assert_eq!(table.next(), Some(Step::Break(1, due)));
        table.swallow(session(2));
        assert_eq!(table.response(session(2)), Answer::Abandoned);
    }

    #[test]
    fn nobody_is_woken_who_does_not_wait() {
        let mut table = Table::new();
        table.wait_call(1, session(2), None, None);
        assert_eq!(table.wakeup(Token(1)), Awoken::Nobody, "a call is not interrupted");
    }

    #[test]
    fn waking_twice_breaks_the_next_sleep_too() {
        let mut table = Table::new();
        table.wait_wakeup(1, session(1), Token(1));
        assert_eq!((table.wakeup(Token(1)), table.wakeup(Token(1))), (Awoken::Soon, Awoken::Soon));
        assert_eq!(table.next(), Some(Step::Break(1, None)));
        table.wait_sleep(1, session(2), Token(1), Some(5));
        assert_eq!(table.next(), Some(Step::Break(1, alarm(2, 5))));
    }

    #[test]
    fn the_second_of_two_wakeups_is_lost_when_nobody_sleeps_again() {
        let mut table = Table::new();
        table.wait_wakeup(1, session(1), Token(1));
        table.wakeup(Token(1));
        table.wakeup(Token(1));
        assert_eq!(table.next(), Some(Step::Break(1, None)));
        assert_eq!(table.next(), None);
    }
}

mod order {
    use super::*;

    #[test]
    fn wakeups_come_before_failed_calls_and_those_before_forks() {
        let mut table = Table::new();
        table.fork(4);
        table.wait_call(3, session(3), Some(handle(8)), None);
        table.gone(handle(8));
        table.wait_wakeup(1, session(1), Token(1));
        table.wait_wakeup(2, session(2), Token(2));
        table.wakeup(Token(2));
        table.wakeup(Token(1));
        assert_eq!(table.next(), Some(Step::Break(2, None)));
        assert_eq!(table.next(), Some(Step::Break(1, None)));
        assert_eq!(table.next(), Some(Step::Fail(3, CallError::Died, None)));
        assert_eq!(table.next(), Some(Step::Start(4)));
        assert_eq!(table.next(), None);
    }

    #[test]
    fn forks_run_in_order_and_one_made_meanwhile_runs_last() {
        let mut table = Table::new();
        table.fork(1);
        table.fork(2);
        assert_eq!(table.next(), Some(Step::Start(1)));
        table.fork(3);
        assert_eq!(table.next(), Some(Step::Start(2)));
        assert_eq!(table.next(), Some(Step::Start(3)));
    }

    #[test]
    fn what_a_fork_wakes_runs_before_the_next_fork() {
        let mut table = Table::new();
        table.wait_wakeup(9, session(1), Token(9));
        table.fork(1);
        table.fork(2);
        assert_eq!(table.next(), Some(Step::Start(1)));
        table.wakeup(Token(9));
        assert_eq!(table.next(), Some(Step::Break(9, None)));
        assert_eq!(table.next(), Some(Step::Start(2)));
    }
}

mod requests {
    use super::*;

    #[test]
    fn a_request_is_answered_once() {
        let mut table = serving(1, 5);
        assert_eq!(table.context(1), (Some(session(5)), Some(handle(9))));
        assert_eq!(table.answer(1), Ok(Some(request(9, 5))));
        assert!(table.answer(1).is_err());
        assert_eq!(table.ended(1), (Ended::Settled, None));
    }

    #[test]
    fn a_message_that_awaits_nothing_is_answered_into_nothing() {
        let mut table = Table::new();
        table.begin(1, Some(handle(9)), None, false);
        assert_eq!(table.answer(1), Ok(None));
        assert_eq!(table.ended(1), (Ended::Settled, None));
    }

    #[test]
    fn a_coroutine_without_a_message_has_nothing_to_answer() {
        let mut table = Table::new();
        table.fork(1);
        assert!(table.answer(1).is_err());
        assert_eq!(table.context(1), (None, None));
    }

    #[test]
    fn an_error_leaves_the_request_to_be_refused_unless_it_was_answered() {
        assert_eq!(serving(1, 5).failed(1), Some(request(9, 5)));
        let mut table = serving(1, 5);
        table.answer(1).unwrap();
        assert_eq!(table.failed(1), None);
    }

    #[test]
    fn a_forgotten_answer_is_remembered_until_the_service_ends() {
        let mut table = serving(1, 5);
        assert_eq!(table.ended(1), (Ended::Forgot(request(9, 5)), None));
        assert_eq!(table.take_unanswered(), [request(9, 5)]);
        assert_eq!(table.take_unanswered(), []);
    }

    #[test]
    fn an_answer_by_hand_settles_a_forgotten_request() {
        let mut table = serving(1, 5);
        let _ = table.ended(1);
        table.answered_by_hand(None, request(9, 5));
        assert_eq!(table.take_unanswered(), []);
    }

    #[test]
    fn handing_a_request_over_settles_it_for_the_coroutine_that_handles_it() {
        let mut table = serving(1, 5);
        table.answered_by_hand(Some(1), request(9, 5));
        assert_eq!(table.ended(1), (Ended::Settled, None));
    }

    #[test]
    fn an_answer_by_hand_from_another_coroutine_settles_it_too() {
        let mut table = serving(1, 5);
        table.answered_by_hand(Some(2), request(9, 5));
        assert_eq!(table.failed(1), None);
    }

    #[test]
    fn too_many_forgotten_requests_push_out_the_oldest() {
        let mut table = Table::new();
        let mut pushed_out = None;
        for number in 1..=(1 << 16) + 1 {
            table.begin(1, Some(handle(9)), Some(session(number)), true);
            pushed_out = table.ended(1).1;
        }
        assert_eq!(pushed_out, Some(request(9, 1)));
    }

    #[test]
    fn a_detached_response_outlives_its_coroutine_and_is_used_once() {
        let mut table = serving(1, 5);
        let response = table.detach(1).unwrap().unwrap();
        assert!(table.detach(1).is_err() && table.answer(1).is_err());
        assert_eq!(table.ended(1), (Ended::Settled, None));
        assert!(table.is_awaited_response(response));
        assert_eq!(table.answer_detached(response), Some(request(9, 5)));
        assert_eq!(table.answer_detached(response), None);
    }

    #[test]
    fn a_response_for_one_who_is_gone_is_void() {
        let mut table = serving(1, 5);
        let response = table.detach(1).unwrap().unwrap();
        table.gone(handle(9));
        assert!(!table.is_awaited_response(response));
        assert_eq!(table.answer_detached(response), None);
    }

    #[test]
    fn everything_that_is_owed_is_known_at_the_end() {
        let mut table = Table::new();
        table.begin(1, Some(handle(9)), Some(session(1)), true);
        table.begin(2, Some(handle(9)), Some(session(2)), true);
        table.detach(2).unwrap();
        table.begin(3, Some(handle(9)), Some(session(3)), true);
        let _ = table.ended(3);
        table.begin(4, Some(handle(9)), Some(session(4)), true);
        table.answer(4).unwrap();
        let mut owed: Vec<u32> = table.take_unanswered().iter().map(|r| r.session.get()).collect();
        owed.sort_unstable();
        assert_eq!(owed, [1, 2, 3]);
    }

    #[test]
    fn a_slot_that_is_used_again_owes_nothing() {
        let mut table = serving(1, 5);
        table.failed(1);
        table.fork(1);
        assert!(table.answer(1).is_err());
    }
}

mod killing {
    use super::*;

    #[test]
    fn a_fork_that_is_killed_does_not_run() {
        let mut table = Table::new();
        table.fork(1);
        table.fork(2);
        assert_eq!(table.kill(1), Kill::Fork);
        assert_eq!(table.next(), Some(Step::Start(2)));
        assert_eq!(table.next(), None);
    }

    #[test]
    fn a_timeout_that_is_killed_gives_its_timer_back() {
        let mut table = Table::new();
        table.wait_timeout(1, session(4), Some(6));
        assert_eq!(table.kill(1), Kill::Timeout(Alarm { session: session(4), timer: Some(6) }));
        assert_eq!(table.waiting(), 0);
    }

    #[test]
    fn the_late_answer_to_a_killed_call_is_swallowed_once() {
        let mut table = Table::new();
        table.wait_call(1, session(4), Some(handle(8)), None);
        assert_eq!(table.kill(1), Kill::Waiting(None));
        assert!(table.is_taken(session(4)), "the session is not given out again");
        assert_eq!(table.response(session(4)), Answer::Abandoned);
        assert_eq!(table.response(session(4)), Answer::Unknown);
    }

    #[test]
    fn a_killed_sleeper_is_not_woken_any_more() {
        let mut table = Table::new();
        table.wait_sleep(1, session(4), Token(1), Some(6));
        table.wakeup(Token(1));
        assert_eq!(table.kill(1), Kill::Waiting(alarm(4, 6)));
        assert_eq!(table.next(), None);
        assert_eq!(table.wakeup(Token(1)), Awoken::Nobody);
    }

    #[test]
    fn one_that_does_not_wait_cannot_be_killed() {
        assert_eq!(Table::new().kill(7), Kill::NotWaiting);
        assert_eq!(serving(1, 5).kill(1), Kill::NotWaiting);
    }

    #[test]
    fn the_end_forgets_everybody_who_waits() {
        let mut table = Table::new();
        table.fork(1);
        table.wait_call(2, session(1), Some(handle(8)), None);
        table.wait_call(3, session(2), Some(handle(8)), None);
        table.wait_sleep(4, session(3), Token(4), Some(1));
        assert_eq!(table.asked(), [handle(8)]);
        let mut all = table.abandon_all();
        all.sort_unstable();
        assert_eq!(all, [1, 2, 3, 4]);
        assert_eq!((table.waiting(), table.next()), (0, None));
    }
}
