import { script } from './script';
import { SERVER } from './server';

/**
 * A larger answer would hold up the server for too long (it does one thing at a time): the reader loads in
 * chunks instead.
 */
const ANSWER_BYTES = 64 * 1024 * 1024;

/**
 * What has changed of the shown entries since a version, with the values that they have now.
 *
 * KEYS[1]  head (hash)
 * KEYS[2]  shown (hash)
 * KEYS[3]  changes (stream), see COMMIT
 * ARGV[1]  how many partitions the caller counts
 * ARGV[2]  epoch of the version ('' where the caller has none)
 * ARGV[3]  its counter
 *
 * Answers
 *   {'delta', epoch, counter, lifecycle, telemetry, page_time_ms, fold, key, value, key, value, ...}: a
 *   removed entry's value is false (null); no keys if the caller has no version
 *   {'reload'}: that version isn't remembered, or of another history, or too much has changed
 *   {'empty'}: nothing has ever been committed
 *   {'partitions', n}: the partition belongs to a store of n partitions
 *   {'another'}: not taken over since another server has begun to answer
 *   {'behind'}: taken over, but its owner hasn't caught up yet
 */
export const CHANGES = script(`
${SERVER}
-- The barrier: a write that changes nothing, and is refused by a primary that was cut off from its replicas
-- (min-replicas-to-write) or is none any more. It needs no memory, so a full server still answers readers.
redis.call('HDEL', KEYS[1], 'barrier')

local head = redis.call('HMGET', KEYS[1], 'partitions', 'server', 'behind', 'first_epoch', 'changed',
  'commit_epoch', 'counter', 'lifecycle', 'telemetry', 'page_time_ms', 'fold')
if head[1] and head[1] ~= ARGV[1] then return {'partitions', head[1]} end
if not head[7] then return {'empty'} end
if head[2] ~= server() then return {'another'} end
if head[3] ~= '0' then return {'behind'} end

local answer = {'delta', unpack(head, 6)}
if ARGV[2] == '' then return answer end

local since = ARGV[3] .. '-0'
local base = redis.call('XRANGE', KEYS[3], since, since)[1]
if not base or base[2][2] ~= ARGV[2] or tonumber(ARGV[2]) < tonumber(head[4]) then
  return {'reload'}
end

local keys = {}
local count = 0
local seen = {}
for _, entry in ipairs(redis.call('XRANGE', KEYS[3], '(' .. since, '+')) do
  for _, key in ipairs(cmsgpack.unpack(entry[2][6])) do
    if not seen[key] then
      seen[key] = true
      count = count + 1
      keys[count] = key
    end
  end
end

-- unpack() answers at most some 8,000 values
local CHUNK = 4000
local bytes = 0
local length = #answer
for first = 1, count, CHUNK do
  local last = math.min(first + CHUNK - 1, count)
  local values = redis.call('HMGET', KEYS[2], unpack(keys, first, last))
  for i = first, last do
    local value = values[i - first + 1]
    bytes = bytes + #keys[i] + (value and #value or 0)
    answer[length + 1] = keys[i]
    answer[length + 2] = value
    length = length + 2
  end
  if bytes > ${ANSWER_BYTES} then return {'reload'} end
end
return answer
`);
