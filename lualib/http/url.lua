--- Takes addresses of the web apart. What cannot be decoded stays as it is.

local url = {}

local function decode(text)
	text = text:gsub("+", " ")
	return (text:gsub("%%(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end))
end

--- `parse(url)`: the path, decoded, and the query as it came.
function url.parse(text)
	local path, query = text:match "^([^?]*)%??(.*)$"
	return decode(path), query
end

--- `parse_query(query)`: names to values, both decoded; a name that comes several times to a list.
function url.parse_query(query)
	local found = {}
	for key, text in query:gmatch "([^&=]*)=([^&]*)" do
		local name, value = decode(key), decode(text)
		local before = found[name]
		if type(before) == "table" then
			before[#before + 1] = value
		elseif before then
			found[name] = { before, value }
		else
			found[name] = value
		end
	end
	return found
end

return url
