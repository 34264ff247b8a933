import { EPOCH } from './epoch';
import { script } from './script';
import { SERVER } from './server';

/**
 * Takes a partition over.
 *
 * KEYS[1]  head (hash)
 * ARGV[1]  how many partitions the caller counts
 * ARGV[2]  id of a switch that has ended: its seal is broken. '*': any seal is; '': none
 *
 * Answers
 *   {'acquired', epoch, behind, counter, lifecycle, telemetry, page_time_ms, fold}; from counter on false
 *   (null) if nothing has ever been committed
 *   {'partitions', n}: the partition belongs to a store of n partitions, nothing is changed
 *   {'sealed', id}: for the switch of that id, nothing is changed
 *
 * If another server answers than at the previous takeover, the partition is behind, and no reader can
 * continue from a version before this epoch: it may have loaded entries that are lost.
 */
export const ACQUIRE = script(`
${SERVER}
${EPOCH}
local kept = redis.call('HMGET', KEYS[1], 'partitions', 'epoch', 'server', 'sealed')
if kept[1] and kept[1] ~= ARGV[1] then
  return {'partitions', kept[1]}
end
if kept[4] and ARGV[2] ~= '*' and ARGV[2] ~= kept[4] then
  return {'sealed', kept[4]}
end
local epoch = epoch_after(kept[2])
local current = server()
redis.call('HSET', KEYS[1], 'partitions', ARGV[1], 'epoch', epoch, 'server', current)
redis.call('HDEL', KEYS[1], 'sealed')
if kept[3] ~= current then
  redis.call('HSET', KEYS[1], 'behind', '1', 'first_epoch', epoch)
end
local head = redis.call('HMGET', KEYS[1], 'behind', 'counter', 'lifecycle', 'telemetry', 'page_time_ms', 'fold')
return {'acquired', epoch, unpack(head)}
`);
