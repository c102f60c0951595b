#!lua name=sinkwatch

-- Functions for feeds: each changes a list and appends to the change stream, as a single step.
-- Redis 7.0 or later. `sinkwatch setup` loads the functions, or:
--
--     redis-cli -x FUNCTION LOAD REPLACE < sinkwatch.lua
--
-- Keys come first, so that a Cluster finds the node; P is the prefix, {sinkwatch} by default.
--
--     FCALL sinkwatch_policy  2  P:lists P:changes            LIST POLICY-JSON
--     FCALL sinkwatch_add     2  P:list:LIST P:changes        LIST INDICATOR FACTS [INDICATOR FACTS ...]
--     FCALL sinkwatch_remove  2  P:list:LIST P:changes        LIST INDICATOR [INDICATOR ...]
--     FCALL sinkwatch_replace 4  STAGING P:list:LIST P:list:LIST:previous P:changes   LIST
--     FCALL sinkwatch_drop    4  P:lists P:list:LIST P:list:LIST:previous P:changes   LIST
--
-- Each returns the id of the new entry in the change stream. A resolver that reports this id or a
-- later id as `applied` enforces the change. Indicators are in canonical form (lower case, A-labels,
-- no final dot); resolvers refuse only the indicators that do not parse. Facts: a JSON object, or an
-- empty string.
-- sinkwatch_replace: fill a hash under a staging key (P:list:LIST:staging:ANYTHING), then call the
-- function; the former content is kept for `sinkwatch rollback`.
--
-- Decision: D-035 of module/DECISIONS.md.

local KEPT = 100000   -- entries of the change stream, about
local ENTRY = 1000    -- indicators in an entry

-- items: indicators; ends[i]: when items[i] ends ('': never), or nil where resolvers need not know.
local function tell(changes, op, list, items, ends)
    local id
    local at = 1
    repeat
        local words = { changes, 'MAXLEN', '~', KEPT, '*', 'op', op, 'list', list }
        local last = math.min(at + ENTRY - 1, #items)
        local said
        for i = at, last do
            if ends and ends[i] ~= said then
                said = ends[i]
                words[#words + 1] = 'expires'
                words[#words + 1] = said
            end
            words[#words + 1] = 'i'
            words[#words + 1] = items[i]
        end
        id = redis.call('XADD', unpack(words))
        at = last + 1
    until at > #items
    return id
end

-- The end that the facts declare, as text; nil for facts that are no JSON object, or with an end that is
-- neither text nor a number: resolvers then read the facts themselves, and report them.
local function end_of(facts)
    if facts == '' then
        return ''
    end
    local ok, object = pcall(cjson.decode, facts)
    if not ok or type(object) ~= 'table' or not string.find(facts, '^%s*{') then
        return nil
    end
    local value = object.expires
    if value == nil or value == cjson.null then
        return ''
    end
    if type(value) == 'number' then
        return string.format('%.0f', value)
    end
    return type(value) == 'string' and value or nil
end

local function wrong(words)
    return redis.error_reply('ERR sinkwatch: ' .. words)
end

redis.register_function('sinkwatch_policy', function(keys, args)
    if #keys ~= 2 or #args ~= 2 then
        return wrong('2 keys, then LIST and POLICY-JSON')
    end
    local json = args[2] == '' and '{}' or args[2]
    if not pcall(cjson.decode, json) then
        return wrong('the policy is no JSON')
    end
    redis.call('HSET', keys[1], args[1], json)
    return tell(keys[2], 'policy', args[1], {})
end)

redis.register_function('sinkwatch_add', function(keys, args)
    if #keys ~= 2 or #args < 3 or #args % 2 == 0 then
        return wrong('2 keys, then LIST and pairs of INDICATOR and FACTS')
    end
    local items, ends, odd = {}, {}, {}
    for i = 2, #args, 2 do
        local ending = end_of(args[i + 1])
        redis.call('HSET', keys[1], args[i], args[i + 1])
        if ending then
            items[#items + 1] = args[i]
            ends[#ends + 1] = ending
        else
            odd[#odd + 1] = args[i]
        end
    end
    local id = #odd > 0 and tell(keys[2], 'add', args[1], odd)
    return #items > 0 and tell(keys[2], 'add', args[1], items, ends) or id
end)

redis.register_function('sinkwatch_remove', function(keys, args)
    if #keys ~= 2 or #args < 2 then
        return wrong('2 keys, then LIST and INDICATORs')
    end
    local items = {}
    for i = 2, #args do
        redis.call('HDEL', keys[1], args[i])
        items[#items + 1] = args[i]
    end
    return tell(keys[2], 'remove', args[1], items)
end)

redis.register_function('sinkwatch_replace', function(keys, args)
    if #keys ~= 4 or #args ~= 1 then
        return wrong('4 keys, then LIST')
    end
    if redis.call('TYPE', keys[1]).ok ~= 'hash' then
        return wrong('the staging key is no hash')
    end
    if redis.call('EXISTS', keys[2]) == 1 then
        redis.call('UNLINK', keys[3])
        redis.call('RENAME', keys[2], keys[3])
    end
    redis.call('RENAME', keys[1], keys[2])
    return tell(keys[4], 'replace', args[1], {})
end)

redis.register_function('sinkwatch_drop', function(keys, args)
    if #keys ~= 4 or #args ~= 1 then
        return wrong('4 keys, then LIST')
    end
    redis.call('HDEL', keys[1], args[1])
    redis.call('UNLINK', keys[2], keys[3])
    return tell(keys[4], 'drop', args[1], {})
end)
