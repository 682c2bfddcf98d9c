#!/usr/bin/python3
"""What most Python users write: pandas in chunks, then COPY through psycopg2; then the key.

pandas_copy.py KIND FILE KEY_SQL: the tables of schema.sql must be there and empty. Prints NAME, ROWS, SECONDS with tabs."""
import io
import os
import sys
import time

import pandas as pd
import psycopg2

WIDTHS = [2, 8, 2, 12, 3, 12, 10, 3, 4] + [13] * 7 + [5, 18, 18, 13, 1, 8, 7, 13, 12, 3]
FIELDS = """rt trade_date bdi ticker market company spec term_days currency open high low avg last bid ask trades quantity
volume strike opt_ind expiry factor strike_pts isin dist""".split()
CENTS = "open high low avg last bid ask volume strike".split()
COLUMNS = "ref_date ticker action price quantity close_time trade_id session trade_date buyer seller".split()


def put(cursor, frame, table):
    text = io.StringIO()
    frame.to_csv(text, header=False, index=False)
    text.seek(0)
    cursor.copy_expert("COPY %s FROM STDIN WITH (FORMAT csv)" % table, text)
    return len(frame)


def cotahist(cursor, path):
    rows = 0
    for frame in pd.read_fwf(path, widths=WIDTHS, names=FIELDS, header=None, dtype=str, chunksize=200000,
                             encoding="latin-1", keep_default_na=False):
        frame = frame[frame.rt == "01"].drop(columns="rt")
        for name in CENTS:
            frame[name] = (frame[name].astype("int64") / 100).map("{:.2f}".format)
        frame["strike_pts"] = (frame.strike_pts.astype("int64") / 1e6).map("{:.6f}".format)
        rows += put(cursor, frame, "quotes")
    return rows


def trades(cursor, path):
    rows = 0
    for frame in pd.read_csv(path, sep=";", decimal=",", header=0, names=COLUMNS, chunksize=500000, encoding="latin-1",
                             dtype={"close_time": str, "buyer": "Int64", "seller": "Int64"}):
        clock = frame.close_time
        frame["close_time"] = clock.str[:2] + ":" + clock.str[2:4] + ":" + clock.str[4:6] + "." + clock.str[6:9]
        rows += put(cursor, frame, "trades")
    return rows


def main():
    kind, path, key = sys.argv[1:4]
    connection = psycopg2.connect(host=os.environ["PGHOST"], port=os.environ["PGPORT"], user=os.environ["PGUSER"],
                                  dbname=os.environ["PGDATABASE"])
    cursor = connection.cursor()
    begin = time.monotonic()
    rows = {"cotahist": cotahist, "trades": trades}[kind](cursor, path)
    cursor.execute(key)
    connection.commit()
    print("pandas+key\t%d\t%.6f" % (rows, time.monotonic() - begin))


main()
