//! `skynet.crypt` and `md5`, against what Skynet's own answer.

mod world;

use world::run;

#[test]
fn the_digests_of_the_login_protocol_are_skynets() {
    run(r#"
        local crypt = require "skynet.crypt"
        is(hex(crypt.hashkey "hello"), "9930920fcbef1867")
        is(hex(crypt.hashkey ""), "05150000a7c6674e")
        is(hex(crypt.hashkey "\xff\x80abc"), "ca424d1a65085551")
        is(hex(crypt.hashkey(12)), "c8705900c443a8a4")
        is(hex(crypt.hmac64("12345678", "abcdefgh")), "ac9ffda9547a027a")
        is(hex(crypt.hmac64("\0\0\0\0\0\0\0\1", "\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8")), "a4ac796066f47e2e")
        is(hex(crypt.hmac64_md5("12345678", "abcdefgh")), "c2a34748cf834af4")
        is(hex(crypt.hmac_hash("12345678", "hello")), "c7c836eeffbdd948")
        is(hex(crypt.sha1 "abc"), "a9993e364706816aba3e25717850c26c9cd0d89d")
        is(hex(crypt.hmac_sha1("key", "abc")), "4fd0b215276ef12f2b3e4c8ecac2811498b656fc")
        is(fails(crypt.hmac64, "123", "abcdefgh"), "Invalid uint64 x")
        is(fails(crypt.hmac64, "12345678", "abcdefghi"), "Invalid uint64 y")
        is(fails(crypt.hmac_hash, "x", "hello"), "Invalid uint64 key")
        is(fails(crypt.sha1, {}), "bad argument #1 to 'sha1' (string expected, got table)")
        is(fails(crypt.sha1), "bad argument #1 to 'sha1' (string expected, got no value)")
    "#);
}

#[test]
fn two_sides_come_to_the_same_secret() {
    run(r#"
        local crypt = require "client.crypt"
        local a, b = crypt.randomkey(), crypt.randomkey()
        is(#a, 8)
        is(crypt.dhsecret(crypt.dhexchange(a), b), crypt.dhsecret(crypt.dhexchange(b), a))
        is(hex(crypt.dhexchange "12345678"), "a18e89af97222f0e")
        is(hex(crypt.dhexchange(("\xff"):rep(8))), "4e2ea6baf651b377")
        is(hex(crypt.dhsecret("12345678", "abcdefgh")), "c28f6c29ade90908")
        is(hex(crypt.dhsecret(("\xff"):rep(8), ("\xff"):rep(8))), "2c4f081c6ac8d444")
        is(fails(crypt.dhexchange, ("\0"):rep(8)), "Can't be 0")
        is(fails(crypt.dhsecret, ("\0"):rep(8), "12345678"), "Can't be 0")
        is(fails(crypt.dhexchange, "x"), "Invalid dh uint64 key")
    "#);
}

#[test]
fn des_pads_in_two_ways_and_checks_the_padding() {
    run(r#"
        local crypt = require "skynet.crypt"
        local key, pad = "12345678", crypt.padding
        is(hex(crypt.desencode(key, "hello world, this is des")), hex(crypt.desencode(key, "hello world, this is des", pad.iso7816_4)))
        for _, text in ipairs { "", "a", "1234567", "12345678", "hello world, this is des" } do
            for _, mode in pairs(pad) do
                is(crypt.desdecode(key, crypt.desencode(key, text, mode), mode), text)
            end
        end
        local function raw(block, mode) -- a block whose padding is what it says
            local other = mode == 0 and 1 or 0
            return crypt.desdecode, key, crypt.desencode(key, block, other):sub(1, 8), mode
        end
        is(fails(raw("aaaaaaab", 0)), "Invalid des crypt text")
        is(fails(raw("\0\0\0\0\0\0\0\0", 0)), "Invalid des crypt text")
        is(fails(raw("aa\x80\1\0\0\0\0", 0)), "Invalid des crypt text")
        is(fails(raw("\0\0\0\0\0\0\0\0", 1)), "Invalid des crypt text")
        is(fails(raw("aaaaaaa\9", 1)), "Invalid des crypt text")
        is(fails(raw("\1\1\1\1\1\3\2\3", 1)), "Invalid des crypt text")
        local decode, k, text, mode = raw("\8\8\8\8\8\8\8\8", 1)
        is(decode(k, text, mode), "")
        is(fails(crypt.desencode, "abc", "a"), "Invalid key size 3, need 8 bytes")
        is(fails(crypt.desdecode, key, "abc"), "Invalid des crypt text length 3")
        is(fails(crypt.desdecode, key, ""), "Invalid des crypt text length 0")
        is(fails(crypt.desencode, key, "a", 2), "Invalid padding mode 2")
        is(fails(crypt.desencode, key, "a", "x"), "bad argument #3 to 'desencode' (number expected, got string)")
        is(fails(crypt.desencode, key, "a", 1.5), "bad argument #3 to 'desencode' (number has no integer representation)")
    "#);
}

#[test]
fn the_cipher_is_byte_for_byte_skynets() {
    run(r#"
        local crypt = require "skynet.crypt"
        is(hex(crypt.desencode("12345678", "a", 0)), "443a09928d9ac952")
        is(hex(crypt.desencode("12345678", "a", 1)), "2f1518e5843f0f69")
        is(hex(crypt.desencode("12345678", "12345678", 0)), "96d0028878d58c898d3d438a718b4510")
    "#);
}

#[test]
fn base64_and_hexadecimal_come_back_and_say_no_to_what_they_are_not() {
    run(r#"
        local crypt = require "skynet.crypt"
        for text, coded in pairs { [""] = "", f = "Zg==", fo = "Zm8=", foo = "Zm9v", foob = "Zm9vYg==", ["\xff\xfe\xfd"] = "//79" } do
            is(crypt.base64encode(text), coded)
            is(crypt.base64decode(coded), text)
        end
        for coded, text in pairs { Zg = "f", ["Zg="] = "f", Zm8 = "fo", ["Z m\n9-v"] = "foo", ["Zg==Zg=="] = "ff", ["Zm9v\n"] = "foo" } do
            is(crypt.base64decode(coded), text)
        end
        for _, coded in ipairs { "Z", "Zg===", "====", "Zm9=v", "Z=m9", "Zm9vZ", "Zm9v=", "Zm8==", "Zg=a", "Zh", "Zm9" } do
            is(fails(crypt.base64decode, coded), "Invalid base64 text")
        end
        is(crypt.hexencode "\1\xff", "01ff")
        is(crypt.hexdecode "01fF", "\1\xff")
        is(fails(crypt.hexdecode, "0"), "Invalid hex text size 1")
        is(fails(crypt.hexdecode, "0g"), "Invalid hex text")
        is(hex(crypt.xor_str("abc", "ab")), "000002")
        is(fails(crypt.xor_str, "abc", ""), "Can't xor empty string")
    "#);
}

#[test]
fn an_error_names_the_callers_line() {
    run(r#"
        local crypt = require "skynet.crypt"
        local text = fails(function()
            local x = crypt.base64decode "Z"
            return x
        end)
        is(text, "script:4: Invalid base64 text")
    "#);
}

#[test]
fn md5_digests_and_its_cipher_are_the_librarys() {
    run(r#"
        local md5 = require "md5"
        is(hex(md5.sum "abc"), "900150983cd24fb0d6963f7d28e17f72")
        is(md5.sumhexa "abc", "900150983cd24fb0d6963f7d28e17f72")
        is(md5.hmacmd5("data", "key"), "9d5c73ef85594d34ec4438b7c97e51d8")
        is(md5.hmacmd5("data", ("k"):rep(100)), "38a034384b6cbf08275f34dc859e6d6b")
        is(hex(md5.exor("abc", "abd")), "000007")
        is(fails(md5.exor, "abc", "ab"), "bad argument #2 to 'exor' (lengths must be equal)")
        is(hex(md5.crypt("message", "key", "0123456789abcdef")), "10303132333435363738396162636465664b54f427deec43")
        is(hex(md5.crypt(("m"):rep(40), "key", "seed")),
            "0473656564c28824b64ca7e85498f5e3eab40837792c82c586d63f48aff47f9400047bb4166170060a6ae13803")
        is(md5.decrypt(md5.crypt("message", "key"), "key"), "message")
        is(fails(md5.decrypt, "", "key"), "bad argument #1 to 'decrypt' (invalid cyphered string)")
        is(fails(md5.crypt, "message", ("k"):rep(257), ""), "key too long (> 256)")
        is(fails(md5.crypt, "message", "k", ("s"):rep(17)), "seed too long (> 16)")
        is(require "md5.core".sum "abc", md5.sum "abc")
    "#);
}
