-- Given to wrk -s. The argument is the size of the body to upload, 0 for a GET.
-- The last line of output is for a program: wrk's own is rounded.

function init(arguments)
  local size = tonumber(arguments[1])
  if size > 0 then
    wrk.method = "POST"
    wrk.body = string.rep("x", size)
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format("FIGURES %d %d %d %d %d\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.timeout + errors.status))
end
