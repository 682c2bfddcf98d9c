"""Looks at dashboards of Grafana without Grafana.

  dashboards.py METRICS.DEF RULES DASHBOARD...   ids, places, kinds, units, links, variables; names of metrics; the queries' syntax (promtool)
  PROMETHEUS=URL …                               also: asks every query there; each must have a value, each metric must be known there
Says what is wrong, a line each, and how much it looked at; fails when something is.
"""
import json
import math
import os
import re
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request

KINDS = {"timeseries", "stat", "table", "row"}
UNITS = {"short", "reqps", "rowsps", "ops", "Bps", "bytes", "s", "percentunit", "dateTimeAsIso", "dateTimeFromNow"}
VARIABLES = re.compile(r"\$\{?([A-Za-z_]\w*)")
EXPORTERS = ("pg_", "redis_", "process_")
INTERVAL = "30s"
problems = []


def wrong(*words):
    problems.append(": ".join(str(word) for word in words))


def known_names(definitions, rules):
    """The series that the programs and the rules make, as far as the sources tell."""
    names = {"up"}
    for name, kind in re.findall(r'METRIC\(\w+, "(\w+)", (\w+)', open(definitions).read()):
        names |= {name} if kind != "HISTOGRAM" else {name + end for end in ("_bucket", "_count", "_sum")}
    return names | set(re.findall(r"record: (\S+)", open(rules).read()))


def metrics_of(query):
    bare = re.sub(r'"[^"]*"', '""', query)
    bare = re.sub(r"\{[^}]*\}|\[[^]]*\]", "", bare)
    bare = re.sub(r"\b(by|without|on|ignoring)\s*\([^)]*\)", "", bare)
    return {name for name in re.findall(r"(?<![\w:.])([A-Za-z_][\w:]*)(?!\s*\(|[\w:])", bare) if name not in ("or", "and", "unless", "bool")}


def at_prometheus(query):
    for name in ("$__rate_interval", "$__range"):
        query = query.replace(name, INTERVAL if name != "$__range" else "5m")
    return query


def ask(path, **arguments):
    url = f"{os.environ['PROMETHEUS']}/api/v1/{path}?{urllib.parse.urlencode(arguments)}"
    with urllib.request.urlopen(url, timeout=60) as answer:
        return json.load(answer)["data"]


def check_place(where, panel, taken):
    place = panel.get("gridPos", {})
    if set(place) != {"x", "y", "w", "h"} or place["w"] < 1 or place["h"] < 1 or place["x"] < 0 or place["x"] + place["w"] > 24:
        wrong(where, "is not inside the grid", place)
        return
    cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
    if cells & taken:
        wrong(where, "lies over another panel")
    taken |= cells


def check_panel(where, panel, variables, names, queries):
    if panel.get("type") not in KINDS:
        wrong(where, "is of no current kind", panel.get("type"))
    if panel.get("type") == "row":
        return
    unit = panel.get("fieldConfig", {}).get("defaults", {}).get("unit")
    if unit not in UNITS:
        wrong(where, "has no unit that Grafana knows", unit)
    if not panel.get("fieldConfig", {}).get("defaults", {}).get("thresholds", {}).get("steps"):
        wrong(where, "has no thresholds")
    if not panel.get("targets"):
        wrong(where, "asks nothing")
    for name in set(VARIABLES.findall(json.dumps(panel))) - variables:
        if not name.startswith("__"):
            wrong(where, "uses a variable that is not there", name)
    for target in panel.get("targets", []):
        queries.append((where, at_prometheus(target.get("expr", ""))))
        for name in metrics_of(target.get("expr", "")):
            if name not in names and not name.startswith(EXPORTERS):
                wrong(where, "no such metric", name)


def check_dashboard(path, all_ids, names, queries):
    board = json.load(open(path))
    where, ids, taken = board.get("uid", path), set(), set()
    variables = {variable["name"] for variable in board.get("templating", {}).get("list", [])}
    for panel in board.get("panels", []):
        name = f"{where}/{panel.get('title')}"
        if panel.get("id") in ids:
            wrong(name, "has the id of another panel", panel.get("id"))
        ids.add(panel.get("id"))
        check_place(name, panel, taken)
        check_panel(name, panel, variables, names, queries)
    for link in board.get("links", []):
        if link["url"].removeprefix("/d/") not in all_ids:
            wrong(where, "links to a dashboard that is not there", link["url"])


def check_syntax(queries):
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        rules = [{"record": f"query:{i}", "expr": query} for i, (_, query) in enumerate(queries)]
        json.dump({"groups": [{"name": "queries", "rules": rules}]}, file)
        file.flush()
        said = subprocess.run(["promtool", "check", "rules", file.name], capture_output=True, text=True, check=False)
    if said.returncode != 0:
        wrong("promtool", said.stdout + said.stderr)


def check_answers(queries):
    there = set(ask("label/__name__/values")) | set(ask("metadata"))
    for where, query in queries:
        try:
            found = ask("query", query=query)["result"]
        except OSError as error:
            wrong(where, error, query)
            continue
        if not any(not math.isnan(float(series["value"][1])) for series in found):
            wrong(where, "no data", query)
        for name in metrics_of(query):
            if name not in there and re.sub("_(bucket|count|sum)$", "", name) not in there:
                wrong(where, "Prometheus does not know the metric", name)


def main():
    definitions, rules, *boards = sys.argv[1:]
    queries, names = [], known_names(definitions, rules)
    all_ids = [json.load(open(board)).get("uid") for board in boards]
    if len(set(all_ids)) != len(boards) or None in all_ids:
        wrong("uids are missing, or there twice", all_ids)
    for board in boards:
        check_dashboard(board, all_ids, names, queries)
    check_syntax(queries)
    if "PROMETHEUS" in os.environ:
        check_answers(queries)
    for problem in problems:
        print(problem)
    print(f"{len(boards)} dashboards, {len(queries)} queries, {len(problems)} problems")
    return 1 if problems or not queries else 0


sys.exit(main())
