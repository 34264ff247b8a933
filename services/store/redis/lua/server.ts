/**
 * Lua function `server()`: which server answers. Its data is that of another moment when this changes, for it
 * may have lost the newest writes: `run_id` is new with each start, `master_replid` with each promotion.
 * Without the second, a primary that was demoted, resynchronised and promoted again would pass for the one
 * that it was before.
 */
export const SERVER = `
local function server()
  local info = redis.call('INFO', 'server', 'replication')
  return string.match(info, 'run_id:(%x+)') .. '-' .. string.match(info, 'master_replid:(%x+)')
end
`;
