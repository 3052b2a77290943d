-- The blocks of the tutorial on messages, with the helpers that they leave to the reader.
local skynet = require "skynet"

-- 2.1
local function get_user_data(user_id)
    local user_service = skynet.query("USER_SERVICE")
    local ok, user_data = skynet.call(user_service, "lua", "get_user", user_id)
    if not ok then
        skynet.error("Failed to get user:", user_data)
        return nil
    end
    return user_data
end

-- 3.3
local function aggregate_data(sources, query)
    local responses = {}
    local pending = #sources
    local response_session = coroutine.running()

    for _, source in ipairs(sources) do
        skynet.fork(function()
            local response = skynet.call(source, "lua", "query", query)
            responses[source] = response
            pending = pending - 1
            if pending == 0 then
                skynet.wakeup(response_session)
            end
        end)
    end

    skynet.wait(response_session)
    return responses
end

-- 4.2
local function call_with_timeout(service, timeout, ...)
    local co = coroutine.running()
    local response

    -- Start timeout timer
    local timeout_session = skynet.timeout(timeout * 100, function()
        if not response then
            skynet.wakeup(co)
        end
    end)

    -- Make the call
    skynet.fork(function(...)
        response = {skynet.call(service, ...)}
        skynet.wakeup(co)
    end, ...)

    -- Wait for response or timeout
    skynet.wait(co)

    if response then
        skynet.kill(timeout_session)
        return unpack(response)
    else
        return false, "Timeout"
    end
end

-- 6.1
local circuit_breakers = {}

local function call_with_circuit(service_name, ...)
    local cb = circuit_breakers[service_name] or {
        state = "closed",  -- closed, open, half-open
        failures = 0,
        last_failure = 0,
        threshold = 5,
        timeout = 60  -- seconds
    }

    if cb.state == "open" then
        if skynet.time() - cb.last_failure > cb.timeout then
            cb.state = "half-open"
        else
            return false, "Circuit breaker open"
        end
    end

    local service = skynet.query(service_name)
    local ok, result = pcall(skynet.call, service, ...)

    if ok then
        cb.failures = 0
        cb.state = "closed"
        return result
    else
        cb.failures = cb.failures + 1
        cb.last_failure = skynet.time()

        if cb.failures >= cb.threshold then
            cb.state = "open"
        end

        return false, "Service call failed: " .. result
    end
end

-- 6.2
local function retry_call(service, max_retries, ...)
    local delay = 100  -- Initial delay in centiseconds

    for attempt = 1, max_retries do
        local ok, result = pcall(skynet.call, service, ...)
        if ok then
            return result
        end

        if attempt < max_retries then
            skynet.sleep(delay)
            delay = delay * 2  -- Exponential backoff
        end
    end

    return false, "Max retries exceeded"
end

local attempts = 0
local subscribers = {}
local batch_queue = {}

skynet.start(function()
    skynet.register("USER_SERVICE")
    skynet.dispatch("lua", function(session, source, cmd, ...)
        if cmd == "get_user" then
            skynet.ret(skynet.pack(true, { id = ... }))
        elseif cmd == "query" then
            skynet.sleep(1)
            skynet.retpack(...)
        elseif cmd == "slow" then
            skynet.sleep(300)
            skynet.retpack("late")
        elseif cmd == "flaky" then
            attempts = attempts + 1
            assert(attempts == 3, "not yet")
            skynet.retpack("third")
        elseif cmd == "subscribe" then -- 2.3
            local topic = ...
            subscribers[topic] = subscribers[topic] or {}
            subscribers[topic][source] = true
            skynet.ret()
        elseif cmd == "publish" then
            local topic, message = ...
            if subscribers[topic] then
                for subscriber, _ in pairs(subscribers[topic]) do
                    skynet.send(subscriber, "lua", "notify", topic, message)
                end
            end
            skynet.ret()
        elseif cmd == "notify" then
            skynet.error("notify", ...)
        elseif cmd == "process" then -- 5.1, answering by redirect
            batch_queue[#batch_queue + 1] = { data = ..., source = source, session = session }
            if #batch_queue == 2 then
                for _, item in ipairs(batch_queue) do
                    skynet.redirect(item.source, skynet.self(), "response", item.session, skynet.pack(item.data * 2))
                end
            end
        end
    end)

    local me = skynet.self()
    assert(get_user_data(7).id == 7)

    local all = aggregate_data({ me }, "q")
    assert(all[me] == "q")

    assert(call_with_timeout(me, 1, "lua", "query", "in time") == "in time")
    local ok, why = call_with_timeout(me, 1, "lua", "slow")
    assert(ok == false and why == "Timeout")

    assert(call_with_circuit("USER_SERVICE", "lua", "query", "closed") == "closed")
    local ok, why = call_with_circuit("NO_SUCH_SERVICE", "lua", "query")
    assert(ok == false and why:find "^Service call failed: ", why)

    assert(retry_call(me, 3, "lua", "flaky") == "third")
    assert(select(2, retry_call("NO_SUCH_SERVICE", 2, "lua")) == "Max retries exceeded")

    skynet.call(me, "lua", "subscribe", "news")
    skynet.call(me, "lua", "publish", "news", "extra")

    local sum = 0
    for i = 1, 2 do
        skynet.fork(function()
            local doubled = skynet.call(me, "lua", "process", i)
            sum = sum + doubled
        end)
    end
    skynet.sleep(1)
    assert(sum == 6, sum)
    skynet.error("ok")
end)
