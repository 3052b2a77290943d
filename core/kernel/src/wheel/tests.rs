use super::*;
use proptest::prelude::*;

fn fired(wheel: &mut Wheel<u32>, to: u64) -> Vec<u32> {
    let mut out = Vec::new();
    wheel.advance(to, |item| out.push(item));
    out
}

#[test]
fn timers_of_one_tick_fire_in_the_order_they_were_set() {
    let mut wheel = Wheel::new();
    wheel.insert(5000, 1);
    assert_eq!(fired(&mut wheel, 4990), []);
    wheel.insert(5000, 2);
    wheel.insert(4999, 0);
    assert_eq!(fired(&mut wheel, 5000), [0, 1, 2]);
}

#[test]
fn a_timer_in_the_past_fires_at_the_next_tick() {
    let mut wheel = Wheel::new();
    wheel.advance(100, drop);
    wheel.insert(3, 7);
    assert_eq!(fired(&mut wheel, 100), []);
    assert_eq!(fired(&mut wheel, 101), [7]);
}

#[test]
fn a_key_that_has_fired_cancels_nothing_even_when_its_place_is_taken_again() {
    let mut wheel = Wheel::new();
    let old = wheel.insert(1, 1);
    assert_eq!(fired(&mut wheel, 1), [1]);
    wheel.insert(2, 2);
    assert_eq!(wheel.cancel(old), None);
    assert_eq!(fired(&mut wheel, 2), [2]);
}

#[test]
fn timers_beyond_the_last_level_and_at_the_end_of_time_are_kept() {
    let mut wheel = Wheel::new();
    wheel.insert(REACH * 3 + 17, 1);
    wheel.insert(u64::MAX, 2);
    assert_eq!(fired(&mut wheel, REACH * 3 + 16), []);
    assert_eq!(fired(&mut wheel, REACH * 3 + 17), [1]);
    assert_eq!(wheel.len(), 1);
}

#[test]
fn fifty_days_in_one_step_lose_nothing() {
    let mut wheel = Wheel::new();
    for i in 0..1000 {
        wheel.insert(u64::from(i) * 4_320_000 + 1, i);
    }
    assert_eq!(fired(&mut wheel, 50 * 86_400_000), (0..1000).collect::<Vec<_>>());
}

#[derive(Debug, Clone)]
enum Step {
    Insert(u64),
    Cancel(usize),
    Advance(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let distance = prop_oneof![0..80u64, 0..5000u64, 0..400_000u64, 0..(REACH * 2)];
    prop_oneof![
        4 => distance.clone().prop_map(Step::Insert),
        1 => (0..50usize).prop_map(Step::Cancel),
        2 => distance.prop_map(Step::Advance),
    ]
}

proptest! {
    /// Against the obvious model: a list sorted by due tick, stable in insertion order.
    #[test]
    fn the_wheel_behaves_like_a_sorted_list(steps in prop::collection::vec(step(), 1..120)) {
        let mut wheel = Wheel::new();
        let mut model: Vec<(u64, u32, Key)> = Vec::new();
        let (mut now, mut serial) = (0u64, 0u32);
        for step in steps {
            match step {
                Step::Insert(distance) => {
                    let key = wheel.insert(now + distance, serial);
                    model.push(((now + distance).max(now + 1), serial, key));
                    serial += 1;
                }
                Step::Cancel(index) if index < model.len() => {
                    let (_, item, key) = model.remove(index);
                    prop_assert_eq!(wheel.cancel(key), Some(item));
                }
                Step::Cancel(_) => {}
                Step::Advance(distance) => {
                    now += distance;
                    let first = model.iter().map(|(due, ..)| *due).min();
                    prop_assert!(wheel.next() <= first || first.is_none());
                    let mut due: Vec<_> = model.iter().filter(|(due, ..)| *due <= now).cloned().collect();
                    model.retain(|(due, ..)| *due > now);
                    due.sort_by_key(|(due, serial, _)| (*due, *serial));
                    let expected: Vec<u32> = due.into_iter().map(|(_, item, _)| item).collect();
                    prop_assert_eq!(fired(&mut wheel, now), expected);
                }
            }
            prop_assert_eq!(wheel.len(), model.len());
        }
    }
}
