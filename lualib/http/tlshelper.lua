--- TLS under HTTP and WebSocket. It is not built in yet: what would use it says so.

local tlshelper = {}

local function missing()
	error("TLS is not built in yet: use http or ws, or let a proxy in front speak TLS", 2)
end

for _, name in ipairs {
	"newctx", "newtls", "init_requestfunc", "init_responsefunc",
	"readfunc", "writefunc", "readallfunc", "closefunc",
} do
	tlshelper[name] = missing
end

return tlshelper
