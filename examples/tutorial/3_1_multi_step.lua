--- Section 3.1: an order goes through stock, payment and records; each step may stop it.
--
-- Prints:
--   order 1: true paid-1
--   order 2: false Items not available
--   order 3: false Payment failed
--   apples left: 3
--   orders on record: 1
local skynet = require "skynet"
require "skynet.manager"

local role = ...

local function calculate_total(items)
	local total = 0
	for _, item in ipairs(items) do
		total = total + item.price * item.count
	end
	return total
end

local roles = {}

function roles.INVENTORY()
	local stock = { apple = 5 }
	return {
		check_inventory = function(items)
			for _, item in ipairs(items) do
				if (stock[item.name] or 0) < item.count then
					return true, false
				end
			end
			return true, true
		end,
		update_inventory = function(items)
			for _, item in ipairs(items) do
				stock[item.name] = stock[item.name] - item.count
			end
			return true
		end,
		left = function(name)
			return stock[name]
		end,
	}
end

function roles.PAYMENT()
	local credit, payments = { ada = 10, bob = 1 }, 0
	return {
		process_payment = function(user_id, total)
			if (credit[user_id] or 0) < total then
				return false
			end
			credit[user_id] = credit[user_id] - total
			payments = payments + 1
			return true, "paid-" .. payments
		end,
	}
end

function roles.ORDER()
	local orders = 0
	return {
		create_order = function()
			orders = orders + 1
			return true
		end,
		count = function()
			return orders
		end,
	}
end

if roles[role] then
	skynet.start(function()
		local commands = roles[role]()
		skynet.dispatch("lua", function(_, _, cmd, ...)
			skynet.ret(skynet.pack(commands[cmd](...)))
		end)
		skynet.register(role)
	end)
elseif role == "orders" then
	skynet.start(function()
		skynet.dispatch("lua", function(_, _, cmd, ...)
			if cmd == "process_order" then
				local order_id, user_id, items = ...

				-- Step 1: is it there?
				local inventory_service = skynet.query("INVENTORY")
				local ok, available = skynet.call(inventory_service, "lua", "check_inventory", items)
				if not ok or not available then
					skynet.ret(skynet.pack(false, "Items not available"))
					return
				end

				-- Step 2: is it paid?
				local payment_service = skynet.query("PAYMENT")
				local paid, transaction_id =
					skynet.call(payment_service, "lua", "process_payment", user_id, calculate_total(items))
				if not paid then
					skynet.ret(skynet.pack(false, "Payment failed"))
					return
				end

				-- Step 3: take it.
				skynet.call(inventory_service, "lua", "update_inventory", items)

				-- Step 4: write it down.
				local order_service = skynet.query("ORDER")
				skynet.call(order_service, "lua", "create_order", order_id, user_id, items, transaction_id)

				skynet.ret(skynet.pack(true, transaction_id))
			end
		end)
	end)
else
	skynet.start(function()
		for name in pairs(roles) do
			skynet.newservice(SERVICE_NAME, name)
		end
		local shop = skynet.newservice(SERVICE_NAME, "orders")
		local function order(id, user, count)
			local items = { { name = "apple", price = 2, count = count } }
			local ok, what = skynet.call(shop, "lua", "process_order", id, user, items)
			print("order " .. id .. ": " .. tostring(ok) .. " " .. what)
		end
		order(1, "ada", 2)
		order(2, "ada", 9)
		order(3, "bob", 3)
		print("apples left: " .. skynet.call(skynet.query "INVENTORY", "lua", "left", "apple"))
		print("orders on record: " .. skynet.call(skynet.query "ORDER", "lua", "count"))
		skynet.abort()
	end)
end
