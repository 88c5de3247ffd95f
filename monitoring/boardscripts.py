"""What happens inside Redis in one step each: Lua, sent whole with every call (EVAL), so that a restart loses nothing.

All keys of a call share a hash tag, as a cluster demands. A script writes the sentinel first: where memory is full Redis
refuses that command, and with it the whole call; nothing is ever half written.

In the hash of a partition: `@` topic id and next offset (the sentinel), `@at` when and how far (JSON), `@rebuilding` (JSON)
while it is read anew, `@graves` how many graves; `=key` an entry and `~key` a grave of one, each as "sequence rest".
"""

from typing import Final

APPLY: Final = """
local hash, changes = KEYS[1], KEYS[2]
local expected, sentinel, details, ttl, maxlen, graves_max = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local kind, partition = ARGV[7], ARGV[8]
local held = redis.call('HGET', hash, '@')
if held ~= expected then return {0, held or ''} end
redis.call('HSET', hash, '@', sentinel, '@at', details)
redis.call('HDEL', hash, '@rebuilding')
local changed, graves = 0, tonumber(redis.call('HGET', hash, '@graves') or '0')
for i = 9, #ARGV, 3 do
  local key, sequence, value = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local entry = redis.call('HGET', hash, '=' .. key)
  local grave = not entry and redis.call('HGET', hash, '~' .. key)
  local known = (entry or grave) and string.match(entry or grave, '^%S+')
  if sequence == '' then
    sequence = entry and known or ''
  elseif known and tonumber(known) >= tonumber(sequence) then
    sequence = ''
  end
  if sequence ~= '' then
    local op = 'set'
    if value ~= '' then
      redis.call('HSET', hash, '=' .. key, sequence .. ' ' .. value)
      if grave then
        redis.call('HDEL', hash, '~' .. key)
        graves = graves - 1
      end
    else
      op = 'delete'
      redis.call('HDEL', hash, '=' .. key)
      redis.call('HSET', hash, '~' .. key, sequence .. ' ' .. sentinel)
      if not grave then graves = graves + 1 end
    end
    if entry or value ~= '' then
      redis.call('XADD', changes, 'MAXLEN', '~', maxlen, '*', 'kind', kind, 'partition', partition, 'op', op,
        'key', key, 'sequence', sequence, 'value', value)
      changed = changed + 1
    end
  end
end
if graves > tonumber(graves_max) then
  local all, found = redis.call('HGETALL', hash), {}
  for i = 1, #all, 2 do
    if string.sub(all[i], 1, 1) == '~' then
      found[#found + 1] = {tonumber(string.match(all[i + 1], '%d+$')), all[i]}
    end
  end
  table.sort(found, function(a, b) return a[1] < b[1] or (a[1] == b[1] and a[2] < b[2]) end)
  for i = 1, math.ceil(#found / 2) do redis.call('HDEL', hash, found[i][2]) end
  graves = math.floor(#found / 2)
end
redis.call('HSET', hash, '@graves', graves)
redis.call('PEXPIRE', hash, ttl)
redis.call('PEXPIRE', changes, ttl)
return {1, tostring(changed)}
"""
"""Keys: the partition's hash, the stream of changes. Arguments: expected sentinel, new sentinel, details, TTL (ms), length of
the stream, most graves, kind, partition, then for each change key, sequence (empty: whatever is there ends), value (empty: it
ends). Returns {1, entries changed}, or {0, the sentinel that was found} and has done nothing."""

SWAP: Final = """
local fresh, hash, changes = KEYS[1], KEYS[2], KEYS[3]
local replaces, topic, offset, details, fields = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local graves, ttl, maxlen, kind, partition = ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10]
local held = redis.call('HGET', hash, '@')
if held and held ~= replaces then
  local other, at = string.match(held, '^(%S+) (%d+)$')
  if other == topic and tonumber(at) >= tonumber(offset) then
    redis.call('DEL', fresh)
    return {0, held}
  end
end
if redis.call('HLEN', fresh) ~= fields then
  redis.call('DEL', fresh)
  return {-1, ''}
end
redis.call('HSET', fresh, '@', topic .. ' ' .. offset, '@at', details, '@graves', graves)
redis.call('RENAME', fresh, hash)
redis.call('XADD', changes, 'MAXLEN', '~', maxlen, '*', 'kind', kind, 'partition', partition, 'op', 'reset',
  'key', '', 'sequence', '', 'value', '')
redis.call('PEXPIRE', hash, ttl)
redis.call('PEXPIRE', changes, ttl)
return {1, ''}
"""
"""Keys: the hash of the rebuilt image, the partition's hash, the stream. Arguments: the sentinel that is to be replaced, topic
id, next offset, details, fields that the image must have, graves among them, TTL (ms), length of the stream, kind, partition.
Returns {1}; {0, sentinel} if somebody else was faster; {-1} if parts of the image were lost."""

FILL: Final = """
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
"""
"""Key: the hash of an image that is being rebuilt. Arguments: TTL (ms), then fields and values."""

MARK: Final = """
redis.call('HSET', KEYS[1], '@rebuilding', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
"""
"""Key: a partition's hash. Arguments: progress (JSON), TTL (ms)."""

BEAT: Final = """
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[4])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', '(' .. (ARGV[3] - ARGV[2]))
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return 1
"""
"""Keys: a worker's facts, the index of workers. Arguments: facts (JSON), TTL (ms), now (ms), the worker's id."""
