import { EPOCH } from './epoch';
import { script } from './script';
import { SERVER } from './server';

/**
 * Seals a partition for a switch: raises its epoch, so that its owner's commits are stale, and keeps new
 * owners away until the switch has ended (see ACQUIRE). Readers are answered as before.
 *
 * KEYS[1]  head (hash)
 * ARGV[1]  how many partitions the caller counts
 * ARGV[2]  id of the switch
 *
 * Answers as STANDING
 */
export const SEAL = script(`
${SERVER}
${EPOCH}
local kept = redis.call('HMGET', KEYS[1], 'partitions', 'epoch', 'server', 'behind')
if kept[1] and kept[1] ~= ARGV[1] then
  return {'partitions', kept[1]}
end
redis.call('HSET', KEYS[1], 'partitions', ARGV[1], 'epoch', epoch_after(kept[2]), 'sealed', ARGV[2])
local behind = (kept[4] ~= '0' or kept[3] ~= server()) and '1' or '0'
return {'standing', behind, unpack(redis.call('HMGET', KEYS[1], 'counter', 'lifecycle', 'telemetry', 'page_time_ms', 'fold'))}
`);

/**
 * KEYS[1]  head (hash)
 * ARGV[1]  how many partitions the caller counts
 *
 * Answers
 *   {'standing', behind, counter, lifecycle, telemetry, page_time_ms, fold}; from counter on false (null) if
 *   nothing has ever been committed; behind is '1' too if the partition wasn't taken over since
 *   another server began to answer
 *   {'partitions', n}: the partition belongs to a store of n partitions
 */
export const STANDING = script(`
${SERVER}
redis.call('HDEL', KEYS[1], 'barrier')
local kept = redis.call('HMGET', KEYS[1], 'partitions', 'server', 'behind')
if kept[1] and kept[1] ~= ARGV[1] then
  return {'partitions', kept[1]}
end
local behind = (kept[3] ~= '0' or kept[2] ~= server()) and '1' or '0'
return {'standing', behind, unpack(redis.call('HMGET', KEYS[1], 'counter', 'lifecycle', 'telemetry', 'page_time_ms', 'fold'))}
`);
