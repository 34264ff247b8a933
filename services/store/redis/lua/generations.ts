import { script } from './script';
import { SERVER } from './server';

/**
 * Which generation is current, and the switch to another one: scripts on the one hash `<prefix>:generation`.
 *
 *   current    the generation that pages are made of; absent: '1'
 *   previous   what was current before
 *   building   what is being built
 *   last       the highest number given to a generation so far; absent: '1'
 *   dropping   what nobody knows any more, and of which keys may be left
 *   switching  id of the switch that is under way; with it \`switching_to\`, \`switching_until\` (ms) and
 *              \`switching_server\`, the server that it was begun on
 *   published  id of the last switch that was made
 *
 * KEYS[1] is that hash in all of them.
 */

/**
 * Answers {current, previous, building, dropping}. Every scrape asks it first, so it writes like CHANGES does
 * (and changes nothing): a primary that was cut off must not name a generation that is no longer current.
 */
export const NAMES = script(`
redis.call('HDEL', KEYS[1], 'barrier')
local kept = redis.call('HMGET', KEYS[1], 'current', 'previous', 'building', 'dropping')
return {kept[1] or '1', kept[2], kept[3], kept[4]}
`);

/** Returns the name of the generation that is being built, a new one if there was none. */
export const BUILD = script(`
local kept = redis.call('HMGET', KEYS[1], 'building', 'last')
if kept[1] then return kept[1] end
local name = string.format('%d', tonumber(kept[2] or '1') + 1)
redis.call('HSET', KEYS[1], 'building', name, 'last', name)
return name
`);

const NOW_MS = `
local function now_ms()
  local now = redis.call('TIME')
  return tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000)
end
`;

/**
 * ARGV[1] from   ARGV[2] to   ARGV[3] id   ARGV[4] for how many ms owners leave it alone
 *
 * Answers 'switching', or 'refused' where \`from\` is not current or \`to\` is not known.
 */
export const BEGIN_SWITCH = script(`
${SERVER}
${NOW_MS}
local kept = redis.call('HMGET', KEYS[1], 'current', 'previous', 'building')
if (kept[1] or '1') ~= ARGV[1] or (kept[2] ~= ARGV[2] and kept[3] ~= ARGV[2]) then return 'refused' end
redis.call('HSET', KEYS[1], 'switching', ARGV[3], 'switching_to', ARGV[2],
  'switching_until', string.format('%.0f', now_ms() + tonumber(ARGV[4])), 'switching_server', server())
return 'switching'
`);

/** ARGV[1] id   ARGV[2] for how many ms more owners leave it alone. Answers 'extended' or 'ended'. */
export const EXTEND_SWITCH = script(`
${NOW_MS}
if redis.call('HGET', KEYS[1], 'switching') ~= ARGV[1] then return 'ended' end
redis.call('HSET', KEYS[1], 'switching_until', string.format('%.0f', now_ms() + tonumber(ARGV[2])))
return 'extended'
`);

const FORGET_SWITCH = `
local function forget_switch()
  redis.call('HDEL', KEYS[1], 'switching', 'switching_to', 'switching_until', 'switching_server')
end
`;

/**
 * ARGV[1] id
 *
 * Answers 'published' (now, or before under this id), or 'ended' if the switch is no longer under way.
 * It is not on another server than it was begun on either: the seals may be lost, and what was committed
 * since with them.
 */
export const PUBLISH = script(`
${SERVER}
${FORGET_SWITCH}
local kept = redis.call('HMGET', KEYS[1], 'current', 'previous', 'building', 'published',
  'switching', 'switching_to', 'switching_server')
if kept[4] == ARGV[1] then return 'published' end
if kept[5] ~= ARGV[1] then return 'ended' end
forget_switch()
if kept[7] ~= server() then return 'ended' end
if kept[3] == kept[6] then redis.call('HDEL', KEYS[1], 'building') end
if kept[2] and kept[2] ~= kept[6] then redis.call('HSET', KEYS[1], 'dropping', kept[2]) end
redis.call('HSET', KEYS[1], 'current', kept[6], 'previous', kept[1] or '1', 'published', ARGV[1])
return 'published'
`);

/**
 * ARGV[1] id   ARGV[2] '1': at once; '0': only if its time is up
 *
 * Answers 'ended' (now or before), or 'going' where its time is not up.
 */
export const END_SWITCH = script(`
${NOW_MS}
${FORGET_SWITCH}
local kept = redis.call('HMGET', KEYS[1], 'switching', 'switching_until')
if kept[1] ~= ARGV[1] then return 'ended' end
if ARGV[2] == '0' and now_ms() < tonumber(kept[2]) then return 'going' end
forget_switch()
return 'ended'
`);

/**
 * ARGV[1] name
 *
 * Takes a generation out of the names, before its keys are deleted. Answers 'forgotten', or 'current'.
 */
export const FORGET = script(`
local kept = redis.call('HMGET', KEYS[1], 'current', 'previous', 'building')
if (kept[1] or '1') == ARGV[1] then return 'current' end
if kept[2] == ARGV[1] then redis.call('HDEL', KEYS[1], 'previous') end
if kept[3] == ARGV[1] then redis.call('HDEL', KEYS[1], 'building') end
redis.call('HSET', KEYS[1], 'dropping', ARGV[1])
return 'forgotten'
`);

/** ARGV[1] name. Its keys are deleted. */
export const DROPPED = script(`
if redis.call('HGET', KEYS[1], 'dropping') == ARGV[1] then redis.call('HDEL', KEYS[1], 'dropping') end
return 'dropped'
`);
