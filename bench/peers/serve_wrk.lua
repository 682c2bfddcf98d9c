-- One line that is easy to read: ticker-bench REQUESTS MICROSECONDS BYTES ERRORS P50 P99
done = function(summary, latency)
    local errors = summary.errors
    io.write(string.format("ticker-bench %d %d %d %d %d %d\n", summary.requests, summary.duration, summary.bytes,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout, latency:percentile(50), latency:percentile(99)))
end
