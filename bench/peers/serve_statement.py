#!/usr/bin/env python3
"""Finds our statement over the quotes of one ticker in PostgreSQL's log, on standard input, and writes it for pgbench.

    serve_statement.py TICKER FILE     prints pgbench's arguments that define its values, one a line
"""
import re
import sys

ticker, path = sys.argv[1:]
log = sys.stdin.read()
for match in re.finditer(r"execute [^:\n]*: (SELECT .*?)\n(?=\S)[^\n]*DETAIL:\s+parameters: ([^\n]*)", log, re.S):
    statement, given = match.groups()
    values = dict(re.findall(r"\$(\d+) = '((?:[^']|'')*)'", given))
    if ticker not in values.values() or "occurrence" not in statement and "quotes" not in statement:
        continue
    numbers = sorted(map(int, values))
    # pgbench makes parameters of its variables, in their order in the text.
    text = re.sub(r"\$(\d+)", lambda number: f":v{number[1]}", " ".join(statement.split()))
    with open(path, "w", encoding="utf-8") as file:
        file.write(text + ";\n")
    for number in numbers:
        print("-D")
        print(f"v{number}={values[str(number)]}")
    sys.exit(0)
sys.exit("no such statement")
