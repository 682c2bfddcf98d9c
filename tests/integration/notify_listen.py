#!/usr/bin/env python3
"""Stands in for systemd's notification socket: notify_listen.py SOCKET FILE

Each datagram becomes a line of FILE: monotonic milliseconds, then its assignments with a tab between them. Ends when the socket is removed."""
import os
import socket
import sys
import time

path, name = sys.argv[1:3]
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind(path)
listener.settimeout(0.5)
with open(name, "w", encoding="utf-8") as lines:
    while os.path.exists(path):
        try:
            data = listener.recv(65536)
        except socket.timeout:
            continue
        lines.write(f"{time.monotonic_ns() // 1000000}\t" + data.decode("utf-8").replace("\n", "\t") + "\n")
        lines.flush()
