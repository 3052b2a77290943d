use std::sync::Arc;
use std::thread;

use super::super::tree::{Builder, Key, Name, ROOT, Tree, Value};
use super::{Blob, Kind, Store};

/// A hundred times the same number.
fn tree(number: i64) -> Tree {
    let mut builder = Builder::new();
    builder.fill(ROOT, (1..=100).map(|at| (Key::Integer(at), Value::Integer(number))).collect()).unwrap();
    builder.finish()
}

#[test]
fn kinds_have_names_of_their_own() {
    let store = Store::default();
    assert!(store.add(Kind::Data, b"x", tree(1)));
    assert!(store.add(Kind::Sheet, b"x", tree(2)));
    assert!(!store.add(Kind::Data, b"x", tree(3)));
    assert!(store.find(Kind::Table, b"x").is_none());
    assert_eq!(store.names(Kind::Data), [b"x"]);
}

#[test]
fn a_reader_keeps_the_tree_that_it_has() {
    let store = Store::default();
    store.set(Kind::Data, b"x", tree(1));
    let named = store.find(Kind::Data, b"x").unwrap();
    let (version, old) = named.current();
    store.set(Kind::Data, b"x", tree(2));
    assert_ne!(named.version(), version);
    assert_eq!(old.get(ROOT, Name::Integer(1)), Some(Value::Integer(1)));
    assert_eq!(named.current().1.get(ROOT, Name::Integer(1)), Some(Value::Integer(2)));
}

#[test]
fn an_old_tree_goes_with_its_last_reader() {
    let store = Store::default();
    store.set(Kind::Data, b"x", tree(1));
    let old = store.find(Kind::Data, b"x").unwrap().current().1;
    let watch = Arc::downgrade(&old);
    store.set(Kind::Data, b"x", tree(2));
    assert!(watch.upgrade().is_some());
    drop(old);
    assert!(watch.upgrade().is_none());
}

#[test]
fn readers_on_other_threads_never_see_a_mixture() {
    let store = Store::default();
    store.set(Kind::Data, b"x", tree(0));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let named = store.find(Kind::Data, b"x").unwrap();
                let mut last = 0;
                while last < 500 {
                    let (version, tree) = named.current();
                    let Some(Value::Integer(first)) = tree.get(ROOT, Name::Integer(1)) else { panic!("a number") };
                    assert!((1..=100).all(|at| tree.get(ROOT, Name::Integer(at)) == Some(Value::Integer(first))));
                    assert_eq!(version, first as u64 + 1, "the number of the version is that of the tree");
                    assert!(first >= last, "a reader never goes back");
                    last = first;
                }
            });
        }
        for number in 1..=500 {
            store.set(Kind::Data, b"x", tree(number));
        }
    });
}

#[test]
fn a_blob_is_new_once() {
    let blob = Blob::new(b"one");
    let (seen, bytes) = blob.read(0).unwrap();
    assert_eq!(&*bytes, b"one");
    assert!(blob.read(seen).is_none());
    blob.write(b"two");
    assert_eq!(&*blob.read(seen).unwrap().1, b"two");
}

#[test]
fn a_token_is_redeemed_once() {
    let store = Store::default();
    let token = store.issue(Blob::new(b"x")).unwrap();
    assert!(store.redeem(token).is_some());
    assert!(store.redeem(token).is_none());
    assert!(store.redeem(999).is_none());
}
