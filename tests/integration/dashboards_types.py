"""Dashboards as TypeScript that the compiler compares with Grafana's own types: dashboards_types.py FILE.json ... >dashboards.ts"""
import json
import sys

HEAD = """import type * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import type * as common from '@grafana/grafana-foundation-sdk/common';
import type * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import type * as stat from '@grafana/grafana-foundation-sdk/stat';
import type * as table from '@grafana/grafana-foundation-sdk/table';
import type * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';
// JSON has the values of enumerations where the types have their names, and leaves defaults out.
type Widen<T> = T extends string ? T | `${T}`
    : T extends number ? T | (`${T}` extends `${infer N extends number}` ? N : never)
    : T extends (infer U)[] ? Widen<U>[]
    : T extends object ? {[K in keyof T]?: Widen<T[K]>}
    : T;
"""
# What the fields of a panel may say beside the rest.
FIELDS = {"stat": "Record<string, never>", "table": "common.TableFieldOptions", "timeseries": "timeseries.FieldConfig"}


def main():
    lines = [HEAD]

    def put(value, type_name):
        lines.append(f"export const value{len(lines)} = {json.dumps(value)} satisfies Widen<{type_name}>;")

    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            board = json.load(file)
        panels = board.pop("panels")
        put(board, "dashboard.Dashboard")
        for panel in panels:
            if panel["type"] == "row":
                put(panel, "dashboard.RowPanel")
                continue
            # To the types of a panel these are anything.
            for target in panel.pop("targets"):
                put(target, "prometheus.Dataquery")
            put(panel.pop("options"), f"{panel['type']}.Options")
            custom = panel["fieldConfig"]["defaults"].pop("custom", None)
            if custom is not None:
                put(custom, FIELDS[panel["type"]])
            put(panel, "dashboard.Panel")
    print("\n".join(lines))


main()
