# Medians, rates, ratios and goals from the lines of scripts/bench:
# PART KIND BYTES NAME ROWS SECONDS [KIB [P50 P99]], with tabs, the last two in microseconds. -v json=yes: JSON lines. -v check=yes: exit with 1 when a goal is missed.

BEGIN {
    FS = "\t"
    # What the others of a part are divided by.
    reference["parse"] = "wc-l"
    reference["sqlite"] = "sqlite-import"
    reference["postgres"] = "server-copy+key"
    reference["sigv4"] = "botocore"
    reference["s3"] = "curl"
    reference["worker", "files"] = "receive-delete-1"
    reference["worker", "big"] = "ticker-cli"
    reference["serve", "nginx"] = "fcgi-hello"
    reference["serve", "listener"] = "nginx-static"
    reference["serve", "uncached"] = "pgbench"
    reference["serve", "csv"] = "psql-copy"
    reference["serve", "upload"] = "nginx-spool"
}

{
    id = $1 SUBSEP $2 SUBSEP $4
    if (!(id in runs))
        order[++entries] = id
    times[id, ++runs[id]] = $6 + 0
    bytes[id] = $1 == "serve" || $1 == "worker" && $2 != "big" ? 0 : $3 # what an answer has is not the file's
    rows[id] = $5
    if ($7 + 0 > peak[id])
        peak[id] = $7 + 0
    if ($1 == "parse" && $8 > 0)
        cycles[id, runs[id]] = $8
    # Runs of load take as long as they are told, and differ in what was done meanwhile: the time of a fixed number is what can be compared.
    if ($1 == "serve" && $5 > 0) {
        if (runs[id] == 1)
            first_rows[id] = $5
        rows[id] = first_rows[id]
        times[id, runs[id]] = $6 * rows[id] / $5
        middle_ms[id, runs[id]] = $8 / 1000
        tail_ms[id, runs[id]] = $9 / 1000
    }
}

# Sorts the runs of an entry and gives the middle.
function median_of(values, id, i, j, value) {
    for (i = 2; i <= runs[id]; i++) {
        value = values[id, i]
        for (j = i - 1; j > 0 && values[id, j] > value; j--)
            values[id, j + 1] = values[id, j]
        values[id, j + 1] = value
    }
    i = int((runs[id] + 1) / 2)
    return runs[id] % 2 ? values[id, i] : (values[id, i] + values[id, i + 1]) / 2
}

function median(id) {
    return median_of(times, id)
}

function seconds_of(part, kind, name, id) {
    id = part SUBSEP kind SUBSEP name
    return id in middle ? middle[id] : 0
}

function each(id, all, i) {
    for (i = 1; i <= runs[id]; i++)
        all = all (i > 1 ? "," : "") sprintf("%.6f", times[id, i])
    return all
}

# Of one row; the signers of "sigv4" do not sign as many requests as each other.
function ratio_of(id, base) {
    return (middle[id] / rows[id]) / (middle[base] / rows[base])
}

function reference_of(part, kind) {
    return (part, kind) in reference ? reference[part, kind] : reference[part]
}

function show(id, at, base, ratio, rate) {
    split(id, at, SUBSEP)
    base = at[1] SUBSEP at[2] SUBSEP reference_of(at[1], at[2])
    ratio = base in middle && middle[base] > 0 ? sprintf("%.3f", ratio_of(id, base)) : ""
    rate = middle[id] > 0 ? 1 / middle[id] : 0
    if (json)
        printf "{\"part\":\"%s\",\"kind\":\"%s\",\"name\":\"%s\",\"rows\":%d,\"bytes\":%.0f,\"seconds\":%.6f,\"runs\":[%s]," \
            "\"rows_per_second\":%.0f,\"mb_per_second\":%.1f,\"ns_per_row\":%.1f,\"ratio\":%s,\"ratio_to\":%s,\"peak_kib\":%s}\n",
            at[1], at[2], at[3], rows[id], bytes[id], middle[id], each(id), rows[id] * rate, bytes[id] * rate / 1e6,
            middle[id] * 1e9 / rows[id], (ratio == "" ? "null" : ratio), (ratio == "" ? "null" : "\"" reference_of(at[1], at[2]) "\""),
            (peak[id] ? peak[id] : "null")
    else
        printf "%-9s %-9s %-16s %10d %4d %9.3f %9.3f %9.3f %11.0f %9s %7.1f %7s %9s\n", at[1], at[2], at[3], rows[id],
            runs[id], middle[id], times[id, 1], times[id, runs[id]], rows[id] * rate, (bytes[id] ? sprintf("%.1f", bytes[id] * rate / 1e6) : "-"),
            middle[id] * 1e9 / rows[id], (ratio == "" ? "-" : ratio), (peak[id] ? sprintf("%.1f", peak[id] / 1024) : "-")
}

function goal(what, value, relation, limit, met) {
    met = relation == "<=" ? value <= limit : value >= limit
    missed += !met
    if (json)
        printf "{\"goal\":\"%s\",\"value\":%.3f,\"relation\":\"%s\",\"limit\":%.3f,\"met\":%s}\n", what, value, relation, limit,
            (met ? "true" : "false")
    else
        printf "%-6s %-75s %9.3f %s %.3f\n", (met ? "met" : "MISSED"), what, value, relation, limit
}

# Ticks of the time stamp counter a record, and how near it comes to only reading the bytes.
function show_cycles(id, at, memory) {
    split(id, at, SUBSEP)
    if (at[1] != "parse" || !((id, 1) in cycles))
        return
    memory = seconds_of("parse", at[2], "memory-read")
    if (json)
        printf "{\"cycles\":\"%s\",\"name\":\"%s\",\"per_record\":%.1f,\"gb_per_second\":%.3f,\"memory_read_gb_per_second\":%.3f}\n", at[2],
            at[3], median_of(cycles, id), bytes[id] / middle[id] / 1e9, (memory > 0 ? bytes[id] / memory / 1e9 : 0)
    else
        printf "parse %s, %s: %.1f cycles a record by the time stamp counter, %.2f GB/s; memory is read at %.2f GB/s\n", at[2], at[3],
            median_of(cycles, id), bytes[id] / middle[id] / 1e9, (memory > 0 ? bytes[id] / memory / 1e9 : 0)
}

function parse_goals(ours, lines, speed, line_speed) {
    ours = seconds_of("parse", "cotahist", "ticker-reader")
    lines = seconds_of("parse", "cotahist", "wc-l")
    if (ours > 0 && lines > 0) {
        speed = bytes["parse", "cotahist", "ticker-reader"] / ours / 1e9
        line_speed = bytes["parse", "cotahist", "wc-l"] / lines / 1e9
        goal("parse COTAHIST, GB/s (2, or 40 % of wc -l when that is lower)", speed, ">=", line_speed * 0.4 < 2 ? line_speed * 0.4 : 2)
    }
    ours = seconds_of("parse", "trades", "ticker-reader")
    if (ours > 0)
        goal("parse trades, GB/s", bytes["parse", "trades", "ticker-reader"] / ours / 1e9, ">=", 1)
}

function sqlite_goals(ours, theirs) {
    ours = seconds_of("sqlite", "cotahist", "ticker-cli-zip")
    theirs = seconds_of("sqlite", "cotahist", "sqlite-import")
    if (ours > 0)
        goal("SQLite, zipped COTAHIST with the key: times faster than .import without", theirs / ours, ">=", 2)
    ours = seconds_of("sqlite", "trades", "ticker-cli-zip")
    theirs = seconds_of("sqlite", "trades", "sqlite-import")
    if (ours > 0)
        goal("SQLite, zipped trades with the key: times faster than .import without", theirs / ours, ">=", 1.2)
}

function postgres_goals() {
    postgres_goal("cotahist", "COTAHIST", 1.2)
    postgres_goal("trades", "trades", 1)
}

# With the key, over what the server itself takes to read the same rows, with the key and without.
function postgres_goal(kind, name, limit, ours, keyed, bare) {
    ours = seconds_of("postgres", kind, "ticker-cli-zip")
    keyed = seconds_of("postgres", kind, "server-copy+key")
    bare = seconds_of("postgres", kind, "server-copy")
    if (ours > 0 && keyed > 0)
        goal("PostgreSQL, zipped " name ": time over the server's binary COPY + same key", ours / keyed, "<=", limit)
    if (ours > 0 && bare > 0)
        goal("PostgreSQL, zipped " name " with the key: time over the server's COPY without", ours / bare, "<=", 1)
}

function sigv4_goals(ours, theirs) {
    ours = "sigv4" SUBSEP "s3-get" SUBSEP "ticker-signing"
    theirs = "sigv4" SUBSEP "s3-get" SUBSEP "botocore"
    if (ours in middle)
        goal("sigv4, signatures a second", rows[ours] / middle[ours], ">=", 300000)
    if (ours in middle && theirs in middle)
        goal("sigv4, times faster than botocore", 1 / ratio_of(ours, theirs), ">=", 10)
}

function s3_goal(way, name, ours) {
    ours = seconds_of("s3", way, name)
    if (ours <= 0)
        return
    goal("S3, " way " by " name ": time over curl's", ours / seconds_of("s3", way, "curl"), "<=", 1.15)
    goal("S3, " way " by " name ": times faster than aws s3 cp", seconds_of("s3", way, "aws-s3-cp") / ours, ">=", 1)
    goal("S3, " way " by " name ": times faster than s3cmd", seconds_of("s3", way, "s3cmd") / ours, ">=", 1)
    goal("S3, " way " by " name ": peak MiB", peak["s3", way, name] / 1024, "<=", 64)
}

# How many times as fast as another of the same kind.
function serve_goal(what, kind, name, other, limit, ours, theirs) {
    ours = "serve" SUBSEP kind SUBSEP name
    theirs = "serve" SUBSEP kind SUBSEP other
    if (ours in middle && theirs in middle && ratio_of(ours, theirs) > 0)
        goal("serve, " what, 1 / ratio_of(ours, theirs), ">=", limit)
}

function tail_goal(kind, name, id) {
    id = "serve" SUBSEP kind SUBSEP name
    if (id in middle && median_of(middle_ms, id) > 0)
        goal("serve, " kind ", " name ": p99 over p50", median_of(tail_ms, id) / median_of(middle_ms, id), "<=", 3)
}

function serve_goals() {
    serve_goal("FastCGI behind nginx: rate over that of a program that writes the bytes", "nginx", "ticker-fastcgi", "fcgi-hello", 0.9)
    serve_goal("FastCGI behind nginx: rate over Fastify's", "nginx", "ticker-fastcgi", "fastify", 1.3)
    serve_goal("own listener: rate over that of nginx with a static file", "listener", "ticker-http", "nginx-static", 0.6)
    serve_goal("own listener: rate over Fastify's", "listener", "ticker-http", "fastify", 2)
    serve_goal("own listener: rate of 304 over that of 200", "listener", "ticker-http-304", "ticker-http", 1)
    serve_goal("uncached: rate over pgbench's", "uncached", "ticker-http", "pgbench", 0.8)
    serve_goal("CSV of all rows: speed over that of psql COPY", "csv", "ticker-http", "psql-copy", 0.7)
    serve_goal("upload through nginx: speed over that of its own spooling", "upload", "ticker-nginx", "nginx-spool", 0.8)
    tail_goal("nginx", "ticker-fastcgi")
    tail_goal("listener", "ticker-http")
}

# What memory does from the first to the last look at it.
function growth_goal(kind, first, last) {
    if (first == "" || last == "")
        return
    goal("worker, " kind ": growth of resident memory, MiB", (peak[last] - peak[first]) / 1024, "<=", 5)
    goal("worker, " kind ": resident MiB with four importers", peak[last] / 1024, "<=", 96)
}

function worker_goals(ours, theirs, i, at, first, last) {
    ours = "worker" SUBSEP "files" SUBSEP
    if ((ours "worker-folder") in middle)
        goal("worker: small files a second from a folder, two importers", rows[ours "worker-folder"] / middle[ours "worker-folder"], ">=", 300)
    if ((ours "worker-s3") in middle)
        goal("worker: small files a second from S3, two importers", rows[ours "worker-s3"] / middle[ours "worker-s3"], ">=", 300)
    ours = seconds_of("worker", "big", "ticker-worker")
    theirs = seconds_of("worker", "big", "ticker-cli")
    if (ours > 0 && theirs > 0)
        goal("worker: one big zip from S3, time over that of ticker-cli import from the disk", ours / theirs, "<=", 1.1)
    for (i = 1; i <= entries; i++) {
        split(order[i], at, SUBSEP)
        if (at[1] == "worker" && (at[2] == "memory" || at[2] == "soak")) {
            if (first[at[2]] == "")
                first[at[2]] = order[i]
            last[at[2]] = order[i]
        }
    }
    growth_goal("1,000 files", first["memory"], last["memory"])
    growth_goal("soak", first["soak"], last["soak"])
}

END {
    if (!json) {
        print "made-up files; " machine
        printf "%-9s %-9s %-16s %10s %4s %9s %9s %9s %11s %9s %7s %7s %9s\n", "part", "kind", "name", "rows", "runs", "median s",
            "min s", "max s", "rows/s", "MB/s", "ns/row", "ratio", "peak MiB"
    }
    for (i = 1; i <= entries; i++)
        middle[order[i]] = median(order[i])
    for (i = 1; i <= entries; i++)
        show(order[i])
    if (!json)
        print "ratio: median time over that of wc-l (parse), sqlite-import (sqlite), server-copy+key (postgres), botocore (sigv4), curl (s3: rows are MiB), and of fcgi-hello, nginx-static, pgbench, psql-copy, nginx-spool (serve: requests, rows or MiB), receive-delete-1 or ticker-cli (worker: files or rows); MB of the plain file\n"
    for (i = 1; i <= entries; i++)
        show_cycles(order[i])
    parse_goals()
    sqlite_goals()
    postgres_goals()
    sigv4_goals()
    s3_goal("upload", "ticker-s3")
    s3_goal("upload", "ticker-cli")
    s3_goal("download", "ticker-s3")
    serve_goals()
    worker_goals()
    for (i = 1; i <= entries; i++) {
        split(order[i], at, SUBSEP)
        if (at[1] == "memory")
            goal("memory, " at[3] ": peak MiB", peak[order[i]] / 1024, "<=", 64)
    }
    if (check && missed)
        exit 1
}
