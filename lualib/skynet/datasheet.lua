--- Read-only data that all services share by name, changed in place by an update.
--- Nothing here yields.

local shared = require "skyloom.shared"
require "skynet.sharedata.objects"

local datasheet = {}

--- The data of a name; `skynet.datasheet.builder` makes it.
function datasheet.query(name)
	local root = shared.view("sheet", name)
	if not root then
		error(("no datasheet named '%s': create data first"):format(name), 2)
	end
	return root
end

return datasheet
