import { script } from './script';
import { SERVER } from './server';

/**
 * Keys of changed entries remembered for readers, of a partition: those of more commits are forgotten, oldest
 * first.
 */
const REMEMBERED_KEYS = 20_000;
/** Commits remembered for readers, of a partition. */
const REMEMBERED_COMMITS = 2_048;

/**
 * Commits head and entries together, if nobody has taken the partition over and nothing was committed in
 * between.
 *
 * KEYS[1]  head (hash)
 * KEYS[2]  shown (hash)
 * KEYS[3]  kept (hash)
 * KEYS[4]  changes (stream): entry <counter>-0 for each commit, with its epoch, the keys of changed shown
 *          entries (MessagePack) and \`changed\`, how many keys all commits up to it have changed
 * ARGV[1]  epoch           ARGV[5]  lifecycle        ARGV[9]   how many shown entries are set
 * ARGV[2]  counter before  ARGV[6]  telemetry        ARGV[10]  how many shown entries are removed
 * ARGV[3]  counter after   ARGV[7]  page_time_ms     ARGV[11]  how many kept entries are set
 * ARGV[4]  batch id        ARGV[8]  fold             ARGV[12]  how many kept entries are removed
 * ARGV[13] behind: '1' or '0'
 * ARGV[14...]  in this order: key, value of each that is set, key of each that is removed; shown, then kept
 *
 * Answers 'applied' (now, or before under this epoch, counter and batch id) or 'stale'.
 *
 * A script isn't rolled back: what can fail (another type, an id that isn't new, no memory) fails at its
 * first write.
 */
export const COMMIT = script(`
${SERVER}
local kept = redis.call('HMGET', KEYS[1], 'epoch', 'server', 'counter', 'commit_epoch', 'batch', 'changed')
local counter = kept[3] or '0'
if kept[4] == ARGV[1] and counter == ARGV[3] and kept[5] == ARGV[4] then
  return 'applied'
end
if kept[1] ~= ARGV[1] or counter ~= ARGV[2] or kept[2] ~= server() then
  return 'stale'
end

-- unpack() answers at most some 8,000 values
local CHUNK = 4000
local function each_chunk(from, count, apply)
  local last = from + count - 1
  for first = from, last, CHUNK do
    apply(first, math.min(first + CHUNK - 1, last))
  end
  return last + 1
end

local shown_set = tonumber(ARGV[9])
local shown_removed = tonumber(ARGV[10])
local kept_set = tonumber(ARGV[11])
local kept_removed = tonumber(ARGV[12])

local first = 14
local keys = {}
for i = first, first + 2 * shown_set - 1, 2 do
  keys[#keys + 1] = ARGV[i]
end
for i = first + 2 * shown_set, first + 2 * shown_set + shown_removed - 1 do
  keys[#keys + 1] = ARGV[i]
end
local changed = tonumber(kept[6] or '0') + #keys
redis.call('XADD', KEYS[4], ARGV[3] .. '-0', 'epoch', ARGV[1],
  'changed', string.format('%.0f', changed), 'keys', cmsgpack.pack(keys))

local function set(key)
  return function(from, to) redis.call('HSET', key, unpack(ARGV, from, to)) end
end
local function remove(key)
  return function(from, to) redis.call('HDEL', key, unpack(ARGV, from, to)) end
end
first = each_chunk(first, 2 * shown_set, set(KEYS[2]))
first = each_chunk(first, shown_removed, remove(KEYS[2]))
first = each_chunk(first, 2 * kept_set, set(KEYS[3]))
each_chunk(first, kept_removed, remove(KEYS[3]))

redis.call('HSET', KEYS[1], 'commit_epoch', ARGV[1], 'counter', ARGV[3], 'batch', ARGV[4],
  'lifecycle', ARGV[5], 'telemetry', ARGV[6], 'page_time_ms', ARGV[7], 'fold', ARGV[8],
  'behind', ARGV[13], 'changed', string.format('%.0f', changed))

redis.call('XTRIM', KEYS[4], 'MAXLEN', '=', ${REMEMBERED_COMMITS})
while true do
  local oldest = redis.call('XRANGE', KEYS[4], '-', '+', 'COUNT', 1)[1]
  if changed - tonumber(oldest[2][4]) <= ${REMEMBERED_KEYS} then break end
  redis.call('XDEL', KEYS[4], oldest[1])
end
return 'applied'
`);
