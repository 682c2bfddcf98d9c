#!/usr/bin/env python3
"""Values of the last line's JSON object of a file, one a line, as JSON. Of its own, because it is called most: it reads nothing that it does not need.

get.py FILE KEY [KEY...]    a.b: b within a
"""
import json
import sys


def main():
    with open(sys.argv[1], encoding="utf-8") as stream:
        value = json.loads(stream.read().splitlines()[-1], parse_float=str)
    for key in sys.argv[2:]:
        found = value
        for part in key.split("."):
            found = found[part]
        print(json.dumps(found, default=str))


main()
