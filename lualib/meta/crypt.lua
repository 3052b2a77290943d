---@meta skynet.crypt
--- Annotations for the Lua language server: what `require "skynet.crypt"` returns, and `client.crypt`.
--- Old and weak on purpose: this is what Skynet's log-in protocol speaks.

---@class skynet.crypt
---@field padding { iso7816_4: integer, pkcs7: integer }
local crypt = {}

---Eight random bytes.
---@return string
function crypt.randomkey() end

---Eight bytes that stand for a text.
---@param text string
---@return string
function crypt.hashkey(text) end

---@param key string eight bytes
---@param text string
---@param padding? integer
---@return string
function crypt.desencode(key, text, padding) end

---@param key string eight bytes
---@param text string
---@param padding? integer
---@return string
function crypt.desdecode(key, text, padding) end

---@param bytes string
---@return string
function crypt.hexencode(bytes) end

---@param text string
---@return string
function crypt.hexdecode(text) end

---@param x string eight bytes
---@param y string eight bytes
---@return string
function crypt.hmac64(x, y) end

---@param x string eight bytes
---@param y string eight bytes
---@return string
function crypt.hmac64_md5(x, y) end

---@param key string eight bytes
---@param text string
---@return string
function crypt.hmac_hash(key, text) end

---What to tell the other side of an exchange.
---@param key string eight bytes
---@return string
function crypt.dhexchange(key) end

---The secret of both sides.
---@param theirs string eight bytes
---@param key string eight bytes
---@return string
function crypt.dhsecret(theirs, key) end

---@param bytes string
---@return string
function crypt.base64encode(bytes) end

---@param text string
---@return string
function crypt.base64decode(text) end

---@param text string
---@return string digest 20 bytes
function crypt.sha1(text) end

---@param key string
---@param text string
---@return string digest 20 bytes
function crypt.hmac_sha1(key, text) end

---@param text string
---@param mask string begins anew as often as needed
---@return string
function crypt.xor_str(text, mask) end

return crypt
