#!/usr/bin/env python3
"""What the processes of a stack (scripts/stack) do, as the kernel sees them.

  stack.py processes DIR   a line for each: process id, name
  stack.py check DIR       each listens on 127.0.0.1 only, and has no file open for writing that is not in DIR; exit status 1 when not
"""
import os
import re
import sys


def read(path):
    try:
        with open(path, 'rb') as file:
            return file.read()
    except OSError:
        return b''


def is_alive(pid):
    state = re.search(rb'\) (\w) ', read('/proc/%s/stat' % pid))
    return state is not None and state.group(1) not in (b'Z', b'X')


def belongs(pid, folder):
    """By what scripts/stack leaves in the environment; or by the folder in the arguments, or the current one: some overwrite the first two."""
    try:
        current = os.readlink('/proc/%s/cwd' % pid)
    except OSError:
        current = ''
    return (('TICKER_STACK_DIR=' + folder).encode() in read('/proc/%s/environ' % pid).split(b'\0')
            or re.search(re.escape(folder.encode()) + rb'(/|\0)', read('/proc/%s/cmdline' % pid)) is not None
            or (current + '/').startswith(folder + '/'))


def processes(folder):
    """Not this one and those that called it, which name the folder too."""
    mine, pid = set(), str(os.getpid())
    while pid not in ('', '0', '1'):
        mine.add(pid)
        found = re.search(rb'^PPid:\s*(\d+)', read('/proc/%s/status' % pid), re.M)
        pid = found.group(1).decode() if found else ''
    return [pid for pid in os.listdir('/proc')
            if pid.isdigit() and pid not in mine and belongs(pid, folder) and is_alive(pid)]


def name_of(pid):
    return read('/proc/%s/comm' % pid).decode().strip()


def listening():
    """The inodes of sockets that listen, with their addresses as the kernel writes them."""
    found = {}
    for table in ('tcp', 'tcp6'):
        for line in read('/proc/net/' + table).decode().splitlines()[1:]:
            field = line.split()
            if field[3] == '0A':
                found[field[9]] = field[1]
    return found


def check(folder):
    sockets, bad, listeners = listening(), [], 0
    for pid in processes(folder):
        for number in os.listdir('/proc/%s/fd' % pid):
            try:
                target = os.readlink('/proc/%s/fd/%s' % (pid, number))
            except OSError:
                continue
            inode = re.fullmatch(r'socket:\[(\d+)\]', target)
            if inode and inode.group(1) in sockets:
                listeners += 1
                if not sockets[inode.group(1)].startswith('0100007F:'):
                    bad.append('%s (%s) listens at %s' % (name_of(pid), pid, sockets[inode.group(1)]))
            flags = re.search(rb'^flags:\s*(\d+)', read('/proc/%s/fdinfo/%s' % (pid, number)), re.M)
            writes = flags is not None and int(flags.group(1), 8) & 3 != 0
            if writes and target.startswith('/') and not target.startswith((folder + '/', '/dev/')):
                bad.append('%s (%s) writes %s' % (name_of(pid), pid, target))
    print('\n'.join(bad) if bad else '%d sockets listen' % listeners)
    return 1 if bad or listeners == 0 else 0


if __name__ == '__main__':
    where = os.path.realpath(sys.argv[2])
    if sys.argv[1] == 'check':
        sys.exit(check(where))
    for each in processes(where):
        print(each, name_of(each), read('/proc/%s/cmdline' % each).replace(b'\0', b' ').decode(errors='replace'))
