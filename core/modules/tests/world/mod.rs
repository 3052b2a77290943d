//! A VM that has all modules.

use mlua::Lua;

/// Helpers of the scripts: `hex`, `unhex`, `fails(f, ...)`, the text that a call raises, and more.
const HELPERS: &str = r#"
function hex(s)
    return (s:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end
function unhex(s)
    return (s:gsub("%s", ""):gsub("%x%x", function(x) return string.char(tonumber(x, 16)) end))
end
function fails(f, ...)
    local good, text = pcall(f, ...)
    if good then error("it did not fail: " .. show { ... }) end
    assert(type(text) == "string", "the error is no text")
    return text
end
-- The same without the line.
function reason(f, ...)
    return (fails(f, ...):gsub("^[^ ]*:%d+: ", ""))
end
function is(got, wanted)
    if got ~= wanted then
        error(("got %s\nnot %s"):format(tostring(got), tostring(wanted)), 2)
    end
end
-- A value as a text, with the keys in order.
function show(v)
    if type(v) == "table" then
        local keys, parts = {}, {}
        for key in pairs(v) do keys[#keys + 1] = key end
        table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
        for i, key in ipairs(keys) do parts[i] = tostring(key) .. "=" .. show(v[key]) end
        return "{" .. table.concat(parts, ",") .. "}"
    elseif type(v) == "string" then
        return '"' .. v .. '"'
    end
    return tostring(v)
end
"#;

/// The modules that are written in Lua.
const TEXTS: [(&str, &str); 2] = [
    ("sproto", include_str!("../../../../lualib/sproto.lua")),
    ("sprotoloader", include_str!("../../../../lualib/sprotoloader.lua")),
];

/// A VM that has all modules and the helpers.
pub(crate) fn vm() -> Lua {
    vm_with(&skyloom_modules::all())
}

/// A VM that has these modules.
pub(crate) fn vm_with(modules: &[(&'static str, skyloom_modules::Open)]) -> Lua {
    let lua = Lua::new();
    for (name, open) in modules {
        lua.register_module(name, open(&lua).expect("it opens")).expect("it is registered");
    }
    for (name, text) in TEXTS {
        let module = lua.load(text).set_name(format!("={name}.lua")).into_function().expect("it compiles");
        lua.preload_module(name, module).expect("it is registered");
    }
    lua.load(HELPERS).exec().expect("the helpers compile");
    lua
}

/// Runs a script that asserts.
#[track_caller]
pub(crate) fn run(script: &str) {
    if let Err(error) = vm().load(script).set_name("=script").exec() {
        panic!("{error}");
    }
}
