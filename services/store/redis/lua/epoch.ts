/**
 * Lua for the top of a script: `epoch_after(last)` gives an epoch, in microseconds of the server's
 * clock.
 *
 * An epoch that a rewind has lost must not be given again, or its owner's delayed commit would pass for the
 * new owner's. If the clock has not passed the last one (it was ahead, and was set right), one more than
 * the last is what the lost takeover got too: so the clock's fraction of a second is added as well, which
 * differs from one takeover to the next.
 */
export const EPOCH = `
local function epoch_after(last)
  local now = redis.call('TIME')
  local epoch = tonumber(now[1]) * 1000000 + tonumber(now[2])
  if last and tonumber(last) >= epoch then
    epoch = tonumber(last) + 1 + tonumber(now[2])
  end
  return string.format('%.0f', epoch)
end
`;
