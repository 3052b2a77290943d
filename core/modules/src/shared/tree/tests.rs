use super::{Builder, Key, MAX_BYTES, Name, ROOT, TooLarge, Tree, Value};

/// `{ "one", "two", three = 3, under = { leaf = true } }`, with more keys if asked for.
fn tree(more: usize) -> Tree {
    let mut builder = Builder::new();
    let (one, two) = (builder.text(b"one").unwrap(), builder.text(b"two").unwrap());
    let (three, under, leaf) =
        (builder.text(b"three").unwrap(), builder.text(b"under").unwrap(), builder.text(b"leaf").unwrap());
    let child = builder.table(ROOT, Key::Text(under)).unwrap();
    builder.fill(child, vec![(Key::Text(leaf), Value::Boolean(true))]).unwrap();
    let mut pairs = vec![
        (Key::Text(three), Value::Integer(3)),
        (Key::Integer(2), Value::Text(two)),
        (Key::Text(under), Value::Table(child)),
        (Key::Integer(1), Value::Text(one)),
    ];
    for n in 0..more {
        let key = builder.text(format!("key {n}").as_bytes()).unwrap();
        pairs.push((Key::Text(key), Value::Integer(n as i64)));
    }
    builder.fill(ROOT, pairs).unwrap();
    builder.finish()
}

#[test]
fn a_key_is_found_in_small_tables_and_in_large_ones() {
    for more in [0, 5, 13, 14, 15, 1000] {
        let tree = tree(more);
        assert_eq!(tree.get(ROOT, Name::Text(b"three")), Some(Value::Integer(3)));
        assert_eq!(tree.get(ROOT, Name::Text(b"four")), None);
        assert_eq!(tree.get(ROOT, Name::Integer(0)), None);
        assert_eq!(tree.get(ROOT, Name::Integer(3)), None);
        for n in 0..more {
            let name = format!("key {n}");
            assert_eq!(tree.get(ROOT, Name::Text(name.as_bytes())), Some(Value::Integer(n as i64)), "{name} of {more}");
        }
        let Some(Value::Text(two)) = tree.get(ROOT, Name::Integer(2)) else { panic!("a text") };
        assert_eq!(tree.text(two), b"two");
    }
}

#[test]
fn a_walk_meets_every_key_once_in_their_order() {
    for more in [0, 100] {
        let tree = tree(more);
        let (mut names, mut after) = (Vec::new(), None);
        while let Some((name, _)) = tree.next(ROOT, after) {
            names.push(name);
            after = Some(name);
        }
        assert_eq!(names.len(), 4 + more);
        assert_eq!(&names[..2], [Name::Integer(1), Name::Integer(2)]);
        assert!(names.windows(2).all(|pair| pair[0].order(&pair[1]).is_lt()));
    }
}

#[test]
fn a_walk_goes_on_behind_a_key_that_is_not_there() {
    let tree = tree(0);
    let next = |name| tree.next(ROOT, Some(name)).map(|(name, _)| name);
    assert_eq!(next(Name::Integer(2)), Some(Name::Text(b"three")));
    assert_eq!(next(Name::Integer(77)), Some(Name::Text(b"three")));
    assert_eq!(next(Name::Text(b"toad")), Some(Name::Text(b"under")));
    assert_eq!(next(Name::Text(b"zebra")), None);
}

#[test]
fn of_two_values_for_a_key_the_later_counts() {
    let mut builder = Builder::new();
    let pairs = (0..5).map(|n| (Key::Boolean(true), Value::Integer(n))).collect();
    builder.fill(ROOT, pairs).unwrap();
    let tree = builder.finish();
    assert_eq!(tree.get(ROOT, Name::Boolean(true)), Some(Value::Integer(4)));
    assert_eq!(tree.map_len(ROOT), 1);
}

#[test]
fn a_table_finds_its_counterpart_by_the_way_to_it() {
    let (old, new) = (tree(0), tree(40));
    let Some(Value::Table(under)) = old.get(ROOT, Name::Text(b"under")) else { panic!("a table") };
    let there = old.counterpart(under, &new).unwrap();
    assert_eq!(new.get(there, Name::Text(b"leaf")), Some(Value::Boolean(true)));
    assert_eq!(old.place(under), ".under");
    assert_eq!(old.place(ROOT), "");
    assert_eq!(old.counterpart(under, &Builder::new().finish()), None);
}

#[test]
fn the_same_short_text_is_kept_once() {
    let mut builder = Builder::new();
    assert_eq!(builder.text(b"word").unwrap(), builder.text(b"word").unwrap());
    assert_eq!(builder.finish().weight() / 100, 0);
}

#[test]
fn numbers_of_tables_that_are_not_there_find_nothing() {
    let tree = tree(0);
    assert_eq!(tree.get(99, Name::Integer(1)), None);
    assert_eq!(tree.next(99, None), None);
    assert_eq!(tree.len(99), 0);
    assert_eq!(tree.function(0), None);
}

#[test]
fn a_text_beyond_the_limit_is_refused() {
    let mut builder = Builder::new();
    let half = vec![b'x'; MAX_BYTES / 2];
    builder.text(&half).unwrap();
    assert_eq!(builder.text(&half), Err(TooLarge));
}
