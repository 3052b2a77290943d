//! `lfs`, on a folder of the build's own.

#[allow(dead_code, reason = "these scripts have a folder")]
mod world;

use world::vm;

/// Runs a script that has a new folder, `root`.
#[track_caller]
fn run(name: &str, script: &str) {
    let root = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&root);
    std::fs::create_dir_all(&root).expect("made");
    let lua = vm();
    lua.globals().set("root", root.to_str().expect("UTF-8")).expect("set");
    if let Err(error) = lua.load(script).set_name("=script").exec() {
        panic!("{error}");
    }
}

#[test]
fn folders_are_made_listed_and_removed() {
    run(
        "lfs-folders",
        r#"
        local lfs = require "lfs"
        is(lfs.mkdir(root .. "/a"), true)
        is(select(2, lfs.mkdir(root .. "/a")), "File exists")
        io.open(root .. "/f", "w"):close()
        local names = {}
        for name in lfs.dir(root) do names[#names + 1] = name end
        table.sort(names)
        is(table.concat(names, " "), ". .. a f")
        is(lfs.rmdir(root .. "/a"), true)
        local good, text, number = lfs.rmdir(root .. "/a")
        is(good, nil)
        is(text .. number, "No such file or directory2")
        is(fails(lfs.dir, root .. "/a"), "cannot open " .. root .. "/a: No such file or directory")
        local next, listing = lfs.dir(root)
        is(listing:next(), ".")
        listing:close()
        is(fails(next, listing), "closed directory")
        assert(lfs.currentdir():sub(1, 1) == "/")
    "#,
    );
}

#[test]
fn a_file_tells_what_it_is() {
    run(
        "lfs-attributes",
        r#"
        local lfs = require "lfs"
        local path = root .. "/f"
        io.open(path, "w"):write("12345"):close()
        is(lfs.touch(path, 1000, 2000), true)
        local a = lfs.attributes(path)
        is(show { a.mode, a.size, a.access, a.modification, #a.permissions }, '{1="file",2=5,3=1000,4=2000,5=9}')
        is(lfs.attributes(root, "mode"), "directory")
        local filled = {}
        is(lfs.attributes(path, filled), filled)
        is(filled.size, 5)
        is(fails(lfs.attributes, path, "nope"), "bad argument #2 to 'attributes' (invalid attribute name 'nope')")
        local none, text, number = lfs.attributes(root .. "/none")
        is(none, nil)
        is(text, "cannot obtain information from file '" .. root .. "/none': No such file or directory")
        is(number, 2)
        os.execute("ln -s f '" .. root .. "/l'")
        is(lfs.attributes(root .. "/l", "mode"), "file")
        is(lfs.symlinkattributes(root .. "/l", "mode"), "link")
        is(lfs.symlinkattributes(root .. "/l", "target"), "f")
    "#,
    );
}
