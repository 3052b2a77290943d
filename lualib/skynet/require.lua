--- Skynet's `skynet.require`: the global `require` can wait already.

local skynet = require "skynet"

return {
	require = require,
	init = skynet.init,
	-- Initialisers run by themselves, in order.
	init_all = function() end,
}
