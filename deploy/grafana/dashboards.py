#!/usr/bin/env python3
"""Writes the dashboards of Grafana from the one table below.

  dashboards.py           writes deploy/grafana/dashboards/*.json
  dashboards.py --check   says which of them are not what the table makes, and fails
"""
import json
import pathlib
import sys

FOLDER = pathlib.Path(__file__).resolve().parent / "dashboards"
RATE = "[$__rate_interval]"
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
WIDTH = 24

# Limits above which a value is shown yellow and red. LOW: below which.
ERRORS = ("high", 0.01, 0.05)
SECONDS = ("high", 0.25, 1)
AGE = ("high", 60, 900)
SOME = ("high", None, 1)
UP = ("low", None, 1)


def panel(title, kind, unit, width, queries, about="", limits=None, stack=False, height=8):
    return {"title": title, "kind": kind, "unit": unit, "width": width, "queries": queries, "about": about, "limits": limits,
            "stack": stack, "height": height}


def lines(title, unit, *queries, about="", limits=None, stack=False, width=12):
    """Lines over time; a query is (PromQL, legend)."""
    return panel(title, "timeseries", unit, width, queries, about, limits, stack)


def number(title, unit, query, about="", limits=None, width=4):
    return panel(title, "stat", unit, width, [(query, "")], about, limits, height=4)


def quantiles(metric, by, where=""):
    bucket = f"sum by (le{', ' + by if by else ''}) (rate({metric}_bucket{where}{RATE}))"
    legend = f"{{{{{by}}}}} " if by else ""
    return [(f"histogram_quantile({q}, {bucket})", f"{legend}p{round(q * 100)}") for q in (0.5, 0.99)]


READS = '{method="GET", route=~"/api/.*"}'
DASHBOARDS = [
    ("ticker-overview", "Ticker: overview", [
        ("Now", [
            number("Programs that answer", "short", 'sum(up{job=~"ticker-.*"})', "Servers and workers", ("low", None, 1)),
            number("Answers a second", "reqps", f"sum(rate(ticker_http_requests_total{RATE}))"),
            number("Errors", "percentunit", "ticker:http_errors:ratio5m", "Answers with 5xx, of all in five minutes", ERRORS),
            number("99 of 100 are faster than", "s", "ticker:http_request_duration_seconds:p99_5m", "GET of the API", SECONDS),
            number("Files at work", "short", "sum(ticker_imports_in_progress)"),
            number("Latest trading day", "dateTimeAsIso", "1000 * ticker:last_trading_day:timestamp_seconds",
                   "Of all files that came in during the last 30 days"),
        ]),
        ("Throughput", [
            lines("Answers by status", "reqps", (f"sum by (status) (rate(ticker_http_requests_total{RATE}))", "{{status}}"), stack=True),
            lines("Time of answers", "s", *quantiles("ticker_http_request_duration_seconds", "", READS), limits=SECONDS),
            lines("Rows imported", "rowsps",
                  (f'sum by (format) (rate(ticker_import_rows_total{{result="imported"}}{RATE}))', "{{format}}"),
                  about="Counted when a file is done"),
            lines("Being imported, and waiting", "short", ("sum(ticker_imports_in_progress)", "files at work"),
                  ('max(ticker_queue_depth{state="waiting"})', "messages that wait")),
        ]),
        ("What it runs on", [
            lines("Services", "short", ("min by (job) (ticker_db_up)", "{{job}}: database"), ("min by (job) (ticker_cache_up)", "{{job}}: cache"),
                  ("min by (job) (ticker_queue_up)", "{{job}}: queue"), about="1: answers, 0: away"),
            lines("Memory", "bytes", ('process_resident_memory_bytes{job=~"ticker-.*"}', "{{job}} {{instance}}")),
            lines("Processor", "percentunit", (f'rate(process_cpu_seconds_total{{job=~"ticker-.*"}}{RATE})', "{{job}} {{instance}}"),
                  about="1 is one processor"),
            lines("Open files", "percentunit",
                  ('process_open_fds{job=~"ticker-.*"} / process_max_fds{job=~"ticker-.*"}', "{{job}} {{instance}}"), limits=("high", 0.5, 0.8)),
            panel("Builds", "table", "short", 24, [("ticker_build_info", "")], "Which build runs where", height=5),
        ]),
    ]),
    ("ticker-imports", "Ticker: imports", [
        ("Today", [
            number("Files imported", "short", 'round(sum(increase(ticker_import_files_total{result="imported"}[$__range])))', "In the time shown", width=6),
            number("Files refused", "short", 'round(sum(increase(ticker_import_files_total{result="failed"}[$__range])))', "In the time shown", SOME, 6),
            number("Rows rejected", "percentunit", "max(ticker:import_rejects:ratio1h)", "Of all of an hour, the worst format", ("high", 0.001, 0.01), 6),
            number("Last import", "dateTimeFromNow", "1000 * max(ticker_import_last_success_timestamp_seconds)", width=6),
        ]),
        ("Throughput", [
            lines("Rows by format", "rowsps", (f'sum by (format) (rate(ticker_import_rows_total{{result="imported"}}{RATE}))', "{{format}}")),
            lines("Bytes by format", "Bps", (f"sum by (format) (rate(ticker_import_bytes_total{RATE}))", "{{format}}"), about="Decompressed"),
            lines("Files by what came of them", "short", (f"sum by (format, result) (increase(ticker_import_files_total{RATE}))", "{{format}} {{result}}"),
                  stack=True),
            lines("Rejected rows", "rowsps", (f'sum by (format) (rate(ticker_import_rows_total{{result="rejected"}}{RATE}))', "{{format}}")),
        ]),
        ("Stages: received, waiting, imported, made known", [
            lines("Uploads received", "Bps", (f"sum(rate(ticker_upload_bytes_total{RATE}))", "received")),
            lines("Waiting for a worker", "s", *quantiles("ticker_queue_message_age_seconds", ""), limits=AGE),
            lines("Time of an import", "s", *quantiles("ticker_import_duration_seconds", "format")),
            lines("Cache told of imports", "ops", (f"sum by (result) (rate(ticker_cache_bumps_total{RATE}))", "{{result}}")),
            panel("Latest trading day by format", "table", "dateTimeAsIso", 24,
                  [("1000 * max by (format) (max_over_time(ticker_import_last_trading_day_timestamp_seconds[30d]))", "")], height=6),
        ]),
    ]),
    ("ticker-api", "Ticker: API", [
        ("Now", [
            number("Answers a second", "reqps", f"sum(rate(ticker_http_requests_total{RATE}))", width=6),
            number("Errors", "percentunit", "ticker:http_errors:ratio5m", "Answers with 5xx", ERRORS, 6),
            number("Being answered", "short", "sum(ticker_http_requests_in_flight)", width=6),
            number("Known to the cache", "percentunit", "ticker:cache_hits:ratio5m", "Questions of five minutes", width=6),
        ]),
        ("By route", [
            lines("Answers by route", "reqps", (f"sum by (route) (rate(ticker_http_requests_total{RATE}))", "{{route}}")),
            lines("Answers that were refused or failed", "reqps",
                  (f'sum by (route, status) (rate(ticker_http_requests_total{{status=~"[45].."}}{RATE}))', "{{route}} {{status}}")),
            lines("Half are faster than", "s", (
                f"histogram_quantile(0.5, sum by (le, route) (rate(ticker_http_request_duration_seconds_bucket{RATE})))", "{{route}}")),
            lines("99 of 100 are faster than", "s", (
                f"histogram_quantile(0.99, sum by (le, route) (rate(ticker_http_request_duration_seconds_bucket{RATE})))", "{{route}}"),
                limits=SECONDS),
        ]),
        ("Sizes, cache, database", [
            lines("Bytes sent", "Bps", (f"sum(rate(ticker_http_response_bytes_total{RATE}))", "bodies of answers")),
            lines("Bytes an answer", "bytes", (
                f"sum(rate(ticker_http_response_bytes_total{RATE})) / (sum(rate(ticker_http_requests_total{RATE})) > 0)", "on average")),
            lines("Questions to the cache", "ops", (f"sum by (result) (rate(ticker_cache_requests_total{RATE}))", "{{result}}"), stack=True),
            lines("Queries of the database", "s", *quantiles("ticker_db_query_duration_seconds", "query"), limits=SECONDS),
        ]),
    ]),
    ("ticker-queue", "Ticker: queue and workers", [
        ("Now", [
            number("Waiting", "short", 'max(ticker_queue_depth{state="waiting"})', width=6),
            number("Being worked on", "short", "sum(ticker_queue_in_flight)", width=6),
            number("Dead letters", "short", 'max(ticker_queue_depth{state="dead"})', "ticker-cli queue list shows them", SOME, 6),
            number("The queue answers", "short", "min(ticker_queue_up)", "1: yes", UP, 6),
        ]),
        ("Messages", [
            lines("Depth", "short", ("max by (state) (ticker_queue_depth)", "{{state}}")),
            lines("Age when received", "s", *quantiles("ticker_queue_message_age_seconds", ""), limits=AGE),
            lines("What became of them", "short", (f"sum by (result) (increase(ticker_queue_messages_total{RATE}))", "{{result}}"), stack=True),
            lines("Tried again, or dead", "short", (
                f'sum by (result) (increase(ticker_queue_messages_total{{result=~"retried|dead|lost|missing"}}{RATE}))', "{{result}}")),
        ]),
        ("Workers", [
            lines("Messages in flight", "short", ("ticker_queue_in_flight", "{{job}} {{instance}}")),
            lines("Files at work", "short", ("ticker_imports_in_progress", "{{job}} {{instance}}")),
            lines("Requests to AWS", "reqps", (
                f"sum by (service, result) (rate(ticker_aws_requests_total{RATE})) or label_replace(vector(0), \"service\", \"none\", \"\", \"\")",
                "{{service}} {{result}}"), about="\"none\": nothing of this installation is in AWS", width=24),
        ]),
    ]),
    ("ticker-database", "Ticker: database and cache", [
        ("As the programs see them", [
            lines("Database and cache answer", "short", ("ticker_db_up", "database, {{job}} {{instance}}"),
                  ("ticker_cache_up", "cache, {{job}} {{instance}}"), limits=UP),
            lines("Connections", "short", ("sum by (job, state) (ticker_db_connections)", "{{job}} {{state}}")),
            lines("Queries a second", "ops", (f"sum by (query) (rate(ticker_db_query_duration_seconds_count{RATE}))", "{{query}}")),
            lines("Time of queries", "s", *quantiles("ticker_db_query_duration_seconds", "query"), limits=SECONDS),
        ]),
        ("PostgreSQL (prometheus-postgres-exporter)", [
            number("PostgreSQL answers", "short", "min(pg_up)", "1: yes", UP, 6),
            number("Size", "bytes", "sum(pg_database_size_bytes)", "Of all databases", width=6),
            number("Connections", "short", "sum(pg_stat_database_numbackends)", width=6),
            number("Deadlocks", "short", "round(sum(increase(pg_stat_database_deadlocks[$__range])))", "In the time shown", SOME, 6),
            lines("Transactions", "ops", (f"sum(rate(pg_stat_database_xact_commit{RATE}))", "committed"),
                  (f"sum(rate(pg_stat_database_xact_rollback{RATE}))", "rolled back")),
            lines("Blocks found in memory", "percentunit", (
                f"sum(rate(pg_stat_database_blks_hit{RATE})) / (sum(rate(pg_stat_database_blks_hit{RATE})) + sum(rate(pg_stat_database_blks_read{RATE})))",
                "hits")),
        ]),
        ("Redis (prometheus-redis-exporter)", [
            number("Redis answers", "short", "min(redis_up)", "1: yes", UP, 6),
            number("Memory", "bytes", "sum(redis_memory_used_bytes)", width=6),
            number("Clients", "short", "sum(redis_connected_clients)", width=6),
            number("Keys", "short", "sum(redis_db_keys)", width=6),
            lines("Commands", "ops", (f"sum(rate(redis_commands_processed_total{RATE}))", "commands")),
            lines("Keys found", "ops", (f"sum(rate(redis_keyspace_hits_total{RATE}))", "found"),
                  (f"sum(rate(redis_keyspace_misses_total{RATE}))", "not found"), (f"sum(rate(redis_evicted_keys_total{RATE}))", "thrown out")),
        ]),
    ]),
]


def thresholds(limits):
    if limits is None:
        return {"mode": "absolute", "steps": [{"color": "green", "value": None}]}
    way, warn, bad = limits
    colours = ["green", "yellow", "red"] if way == "high" else ["red", "yellow", "green"]
    steps = [{"color": colours[0], "value": None}]
    if warn is not None:
        steps.append({"color": colours[1], "value": warn})
    return {"mode": "absolute", "steps": steps + [{"color": colours[2], "value": bad}]}


def options_of(kind):
    reduce = {"calcs": ["lastNotNull"], "fields": "", "values": False}
    return {
        "stat": {"colorMode": "value", "graphMode": "area", "justifyMode": "auto", "orientation": "auto", "reduceOptions": reduce,
                 "textMode": "auto"},
        "table": {"cellHeight": "sm", "showHeader": True},
        "timeseries": {"legend": {"calcs": ["lastNotNull", "max"], "displayMode": "table", "placement": "bottom", "showLegend": True},
                       "tooltip": {"mode": "multi", "sort": "desc"}},
    }[kind]


def custom_of(what):
    if what["kind"] != "timeseries":
        return {}
    return {"drawStyle": "line", "fillOpacity": 20 if what["stack"] else 5, "lineWidth": 1, "showPoints": "never", "spanNulls": False,
            "stacking": {"group": "A", "mode": "normal" if what["stack"] else "none"},
            "thresholdsStyle": {"mode": "dashed" if what["limits"] else "off"}}


def target(i, kind, query, legend):
    made = {"datasource": SOURCE, "editorMode": "code", "expr": query, "legendFormat": legend or "__auto", "range": kind != "table",
            "instant": kind == "table", "refId": chr(ord("A") + i)}
    return {**made, "format": "table"} if kind == "table" else made


def make_panel(number_, what, x, y):
    made = {"id": number_, "type": what["kind"], "title": what["title"], "description": what["about"], "datasource": SOURCE,
            "gridPos": {"h": what["height"], "w": what["width"], "x": x, "y": y},
            "fieldConfig": {"defaults": {"unit": what["unit"], "color": {"mode": "thresholds" if what["kind"] == "stat" else "palette-classic"},
                                         "thresholds": thresholds(what["limits"]), "custom": custom_of(what)}, "overrides": []},
            "options": options_of(what["kind"]),
            "targets": [target(i, what["kind"], *query) for i, query in enumerate(what["queries"])]}
    if what["unit"] == "percentunit":
        made["fieldConfig"]["defaults"]["min"] = 0
    if what["kind"] == "table":
        hidden = ["Time", "__name__"]
        made["transformations"] = [{"id": "organize", "options": {"excludeByName": {name: True for name in hidden}}}]
    return made


def lay_out(rows):
    made, y = [], 0
    for title, panels in rows:
        made.append({"id": len(made) + 1, "type": "row", "title": title, "collapsed": False, "panels": [],
                     "gridPos": {"h": 1, "w": WIDTH, "x": 0, "y": y}})
        y, x, height = y + 1, 0, 0
        for what in panels:
            if x + what["width"] > WIDTH:
                x, y, height = 0, y + height, 0
            made.append(make_panel(len(made) + 1, what, x, y))
            x, height = x + what["width"], max(height, what["height"])
        y += height
    return made


def dashboard(uid, title, rows):
    links = [{"type": "link", "title": other, "url": f"/d/{name}", "icon": "dashboard", "keepTime": True, "includeVars": True,
              "asDropdown": False, "targetBlank": False, "tags": [], "tooltip": ""} for name, other, _ in DASHBOARDS if name != uid]
    source = {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "current": {}, "hide": 0,
              "includeAll": False, "multi": False, "options": [], "refresh": 1, "regex": ""}
    alerts = {"name": "Annotations & Alerts", "builtIn": 1, "datasource": {"type": "grafana", "uid": "-- Grafana --"}, "enable": True,
              "hide": True, "iconColor": "rgba(0, 211, 255, 1)", "type": "dashboard"}
    return {"uid": uid, "title": title, "tags": ["ticker"], "schemaVersion": 39, "version": 1, "editable": True, "graphTooltip": 1,
            "refresh": "30s", "time": {"from": "now-3h", "to": "now"}, "timezone": "browser", "annotations": {"list": [alerts]},
            "links": links, "templating": {"list": [source]}, "panels": lay_out(rows)}


def main():
    wanted = {f"{uid}.json": json.dumps(dashboard(uid, title, rows), indent=1) + "\n" for uid, title, rows in DASHBOARDS}
    if sys.argv[1:] == ["--check"]:
        there = {path.name: path.read_text() for path in FOLDER.glob("*.json")}
        wrong = [name for name in sorted(wanted.keys() | there.keys()) if wanted.get(name) != there.get(name)]
        for name in wrong:
            print(f"{name}: not what dashboards.py makes; run it")
        return 1 if wrong else 0
    if sys.argv[1:]:
        print(__doc__, file=sys.stderr)
        return 2
    FOLDER.mkdir(exist_ok=True)
    for name, text in wanted.items():
        (FOLDER / name).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
