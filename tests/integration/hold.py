#!/usr/bin/env python3
"""hold.py PORT N: holds N connections to 127.0.0.1:PORT without a word, another one for each that is closed, until it is ended."""
import select
import socket
import sys
import time

port, wanted = int(sys.argv[1]), int(sys.argv[2])
held = set()
while True:
    while len(held) < wanted:
        try:
            held.add(socket.create_connection(('127.0.0.1', port), 5))
        except OSError:
            time.sleep(0.1)
    for each in select.select(list(held), [], [], 1)[0]:
        each.close()
        held.remove(each)
