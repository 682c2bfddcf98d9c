#!/usr/bin/python3 -B
"""Imports into a real PostgreSQL that is stopped, crashes, fills its disk or is cut off at a random moment; each is repeated until it is in.

  faults.py ROUNDS SEED

In the environment: TICKER_CLI, TICKER_GENERATE, FAULTS_SERVICES (tests/services), FAULTS_FOLDER (where everything is kept), FAULTS_DISK
(full_disk.c as a library, for LD_PRELOAD) and TICKER_DISK (its control file).

After each round: the failed import ended with a status that says "try again" (1 or 3), with one line that says why, and wrote nothing
into the ledger; the repeated one is in, exactly once; no table is left that is none of ours, no session in a transaction. At the end the
tables equal those of a clean import of the same files. Exit status 0 when all of it is so.
"""
import collections
import os
import random
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

CLI, GENERATE = os.environ['TICKER_CLI'], os.environ['TICKER_GENERATE']
SERVICES, FOLDER = os.environ['FAULTS_SERVICES'], os.environ['FAULTS_FOLDER']
DISK_LIBRARY, DISK = os.environ['FAULTS_DISK'], os.environ['TICKER_DISK']
TRIES = 10
LARGE = 40000  # rows that are loaded over several connections
LOADING = 'ticker_loading_'  # begins the names of tables of such an import, which the next one drops
PATIENCE = 60  # seconds that anything may take


def run(*command, check=True, env=None):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env, timeout=PATIENCE * 2)
    if check and done.returncode != 0:
        raise RuntimeError('%s: exit %d: %s' % (' '.join(command), done.returncode, done.stderr.strip()[-500:]))
    return done


def say(text):
    print('%6.1f  %s' % (time.monotonic() - BEGIN, text), flush=True)


def wait_until(truth, what):
    end = time.monotonic() + PATIENCE
    while not truth():
        if time.monotonic() > end:
            raise RuntimeError(what + ' did not come about')
        time.sleep(0.02)


class Proxy(threading.Thread):
    """Between the program and the server. Counts what goes through; when a plan is set, it acts on the connection whose byte is the one
    that the plan names, in its direction (0: to the server, 1: from it)."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.target = port
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.plan(None, 0, 0)
        self.start()

    def plan(self, what, direction, byte):
        with self.lock:
            self.what, self.direction, self.byte, self.passed, self.acted = what, direction, byte, [0, 0], False

    def run(self):
        while True:
            client = self.listener.accept()[0]
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def share(self, direction, size):
        """How many of the bytes pass before something is to happen, and what that is."""
        with self.lock:
            begin = self.passed[direction]
            self.passed[direction] += size
            if self.what is None or self.acted or direction != self.direction or begin + size < self.byte:
                return size, None
            self.acted = True
            return max(0, self.byte - begin), self.what

    def serve(self, client):
        try:
            server = socket.create_connection(('127.0.0.1', self.target), 10)
        except OSError:
            client.close()
            return
        try:
            self.pass_on([client, server])
        except OSError:
            pass
        client.close()
        server.close()

    def pass_on(self, ends):
        deaf = set()
        while True:
            for end in select.select([e for e in ends if e not in deaf], [], [], PATIENCE)[0]:
                direction = ends.index(end)
                data = end.recv(65536)
                if not data:
                    return
                size, what = self.share(direction, len(data))
                ends[1 - direction].sendall(data[:size])
                if what == 'close':
                    return
                if what == 'reset':
                    for each in ends:
                        each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
                    return
                if what == 'truncate':  # the one that waits for the rest hears that there is none; the other one hears nothing
                    ends[1 - direction].shutdown(socket.SHUT_WR)
                    deaf.add(end)
                    continue
                if what == 'hold':
                    time.sleep(0.5)
                elif what == 'hold-reset':
                    time.sleep(0.5)
                    for each in ends:
                        each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
                    return
                ends[1 - direction].sendall(data[size:])


class Scene:
    def __init__(self, chance):
        self.chance = chance
        self.folder = os.path.join(FOLDER, 'postgres')
        self.start()
        run('psql', '-qX', self.url, '-c', 'CREATE DATABASE faulty')
        run('psql', '-qX', self.url, '-c', 'CREATE DATABASE clean')
        self.proxy = Proxy(int(self.port))
        self.direct = self.database('faulty')
        self.through = self.direct.replace(':%s/' % self.port, ':%d/' % self.proxy.port)

    def database(self, name):
        return self.url.rsplit('/', 1)[0] + '/' + name

    def start(self, *port):
        env = dict(os.environ, LD_PRELOAD=DISK_LIBRARY)
        for attempt in range(20):
            done = run(os.path.join(SERVICES, 'postgres'), 'start', self.folder, *port, check=False, env=env)
            if done.returncode == 0:
                break
            time.sleep(0.2)
        else:
            raise RuntimeError(done.stderr)
        self.url = done.stdout.strip()
        self.port = open(os.path.join(self.folder, 'port'), encoding='ascii').read().strip()

    def sql(self, text, database='faulty', check=True):
        return run('psql', '-qXAt', '--csv', self.database(database), '-c', text, check=check).stdout

    def tables(self):
        """Those that are no partitions; of temporary ones all."""
        return self.sql("SELECT nspname, relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE relkind IN ('r', 'p') AND"
                        " nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND (NOT relispartition OR nspname LIKE"
                        " 'pg\\_temp%') ORDER BY 1, 2").split()

    def disk(self, limit, text=''):
        with open(DISK, 'r+b', buffering=0) as control:
            control.seek(8)
            control.write(text.encode().ljust(248, b'\0'))
            control.seek(0)
            control.write(struct.pack('=q', limit))

    def postmaster(self):
        with open(os.path.join(self.folder, 'data', 'postmaster.pid'), encoding='ascii') as file:
            return int(file.readline())

    def importers(self):
        """Of the server's processes those that do an import; without asking the server, which takes longer than a small import."""
        found = []
        parent = 'PPid:\t%d\n' % self.postmaster()
        for pid in filter(str.isdigit, os.listdir('/proc')):
            try:
                with open('/proc/%s/cmdline' % pid, 'rb') as line:
                    if b' faulty ' not in line.read():
                        continue
                with open('/proc/%s/status' % pid, encoding='ascii') as status:
                    if parent in status.read():
                        found.append(int(pid))
            except OSError:
                pass
        return found

    def is_up(self):
        return run('psql', '-qXAt', self.url, '-c', 'SELECT 1', check=False).returncode == 0

    def is_up_again(self):
        """It starts again by itself after a crash, unless what made it crash does not let it."""
        if not os.path.exists(os.path.join(self.folder, 'data', 'postmaster.pid')):
            self.start(self.port)
        return self.is_up()

    # The faults. Each is given how long an import takes and how many bytes go both ways; what it returns, if anything, mends it.

    def stop_server(self, took, _, number):
        time.sleep(self.chance.uniform(0, took))
        pid = self.postmaster()
        os.kill(pid, number)

        def mend():
            wait_until(lambda: not os.path.exists('/proc/%d' % pid), 'the end of the server')
            self.start(self.port)
        return mend

    def stopped_fast(self, took, passed):
        return self.stop_server(took, passed, signal.SIGINT)

    def stopped_immediately(self, took, passed):
        return self.stop_server(took, passed, signal.SIGQUIT)

    def signal_importers(self, took, number):
        time.sleep(self.chance.uniform(0, took))
        for pid in self.importers():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def backend_killed(self, took, _):
        """The server ends all others and starts again."""
        self.signal_importers(took, signal.SIGKILL)
        return lambda: wait_until(self.is_up_again, 'the return of the server')

    def backend_terminated(self, took, _):
        self.signal_importers(took, signal.SIGTERM)

    def statement_canceled(self, took, _):
        self.signal_importers(took, signal.SIGINT)

    def cut(self, what, passed):
        direction = self.chance.randrange(2)
        total = passed[direction]
        # The last bytes are those of the commit and its answer.
        byte = self.chance.randint(max(0, total - 400), total) if self.chance.random() < 0.4 else self.chance.randint(0, total)
        self.proxy.plan(what, direction, byte)

    def connection_closed(self, _, passed):
        self.cut('close', passed)

    def connection_reset(self, _, passed):
        self.cut('reset', passed)

    def connection_truncated(self, _, passed):
        self.cut('truncate', passed)

    def connection_held(self, _, passed):
        self.cut('hold', passed)

    def connection_held_and_reset(self, _, passed):
        self.cut('hold-reset', passed)

    def fill_disk(self, text):
        # Most growth is that of a fresh table; often a full disk is met at its first page.
        self.disk(0 if self.chance.random() < 0.2 else int(2 ** self.chance.uniform(13, 21)), text)

        def mend():
            self.disk(-1)
            wait_until(self.is_up_again, 'the return of the server')
        return mend

    def tables_disk_full(self, *_):
        return self.fill_disk('/base/')

    def whole_disk_full(self, *_):
        return self.fill_disk('/data/')

    def held_by_lock(self, took, _):
        table = self.chance.choice(['quotes', 'trades', 'imports', 'instruments'])
        holder = subprocess.Popen(['psql', '-qX', self.direct, '-c', 'BEGIN; LOCK TABLE %s IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(%.2f)'
                                   % (table, self.chance.uniform(0.1, 1))], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return holder.wait

    def faults(self):
        return [self.stopped_fast, self.stopped_immediately, self.backend_killed, self.backend_terminated, self.statement_canceled,
                self.connection_closed, self.connection_reset, self.connection_truncated, self.connection_held,
                self.connection_held_and_reset, self.tables_disk_full, self.whole_disk_full, self.held_by_lock]


class Files:
    """Fresh days and years, few rows and many, and corrections of what is in."""

    def __init__(self, chance):
        self.chance, self.days, self.year, self.past = chance, 0, 1990, []

    def day(self):
        self.days += 1
        return time.strftime('%Y-%m-%d', time.gmtime(1104796800 + 7 * 86400 * self.days))

    def make(self, number):
        rows = str(self.chance.choice([60, 500, 3000, 6000, 6000, LARGE]))
        path = os.path.join(FOLDER, '%03d.txt' % number)
        if self.past and self.chance.random() < 0.25:
            words = self.chance.choice(self.past) + ['--seed', str(number + 2)]  # 1 is what they had
        else:
            kind = self.chance.choice(['day', 'year', 'trades', 'trades'])
            if kind == 'year':
                self.year += 1
            words = {'day': ['cotahist', rows, '--day', self.day()], 'year': ['cotahist', rows, '--year', str(self.year)],
                     'trades': ['trades', rows, '--date', self.day()]}[kind]
            self.past.append(words)
        run(GENERATE, words[0], words[1], path, *words[2:])
        return path, words


class Rounds:
    def __init__(self, scene, chance):
        self.scene, self.chance, self.files, self.paths = scene, chance, Files(chance), []
        self.problems, self.ends = [], collections.defaultdict(collections.Counter)
        # How long an import of each size takes and what goes through, as measured last.
        self.measured, self.tables = {}, []

    def start_import(self, path):
        env = dict(os.environ, DATABASE_URL=self.scene.through, REDIS_URL='none:')
        return subprocess.Popen([CLI, 'import', '--quiet', '--json', path], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True)

    def end_import(self, program):
        try:
            out, err = program.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            program.kill()
            raise RuntimeError('an import does not end')
        return program.returncode, out, err

    def must(self, truth, text):
        if not truth:
            self.problems.append(text)
            say('PROBLEM: ' + text)

    def expected(self, words):
        return self.measured.get((words[0], words[1]), (0.3, [200 * int(words[1]) + 4000, 4000]))

    def judge(self, name, end):
        code, out, err = end
        self.must(code in (0, 1, 3), '%s: exit %d: %s' % (name, code, err))
        if code != 0:
            lines = err.splitlines()
            self.must(len(lines) == 1 and lines[0].startswith('ticker-cli: ') and 'PostgreSQL (' in lines[0], '%s: %s' % (name, err))
        return 'exit %d' % code

    def repeat(self, name, path):
        for _ in range(TRIES):
            begin = time.monotonic()
            self.scene.proxy.plan(None, 0, 0)
            code, out, err = self.end_import(self.start_import(path))
            if code == 0:
                return out, time.monotonic() - begin
            self.must(code in (1, 3), '%s, again: exit %d: %s' % (name, code, err))
            time.sleep(0.1)
        self.must(False, '%s: not imported in the end: %s' % (name, err))
        return '', 0

    def look(self, name, path, before):
        rows = self.scene.sql("SELECT status FROM imports WHERE file = '%s'" % path).split()
        self.must(rows == ['imported'], '%s: its rows of the ledger: %s' % (name, rows))
        count = int(self.scene.sql('SELECT count(*) FROM imports'))
        self.must(count == before + 1, '%s: %d rows of the ledger are new' % (name, count - before))
        wait_until(lambda: not self.scene.importers(), 'the end of all sessions')
        self.look_at_tables(name, [table for table in self.scene.tables() if LOADING not in table])

    def look_at_tables(self, name, tables):
        self.must(tables == self.tables, '%s: tables: %s, not %s' % (name, tables, self.tables))

    def round(self, number, fault):
        scene, name = self.scene, '%d %s' % (number, fault.__name__)
        path, words = self.files.make(number)
        took, passed = self.expected(words)
        before = int(scene.sql('SELECT count(*) FROM imports'))
        self.paths.append(path)
        scene.proxy.plan(None, 0, 0)
        if fault.__name__.startswith(('connection', 'tables', 'whole', 'held')):
            mend = fault(took, passed)
            program = self.start_import(path)
        else:
            program = self.start_import(path)
            mend = fault(took, passed)
        end = self.end_import(program)
        if mend is not None:
            mend()
        result = self.judge(name, end)
        out, seconds = self.repeat(name, path)
        known = '"status":"duplicate"' in out
        if end[0] != 0 and known:
            result += ', but in'
        self.must(known or end[0] != 0, '%s: an import that was done is not there' % name)
        if not known:
            self.measured[(words[0], words[1])] = (seconds, list(scene.proxy.passed))
        self.ends[fault.__name__][result] += 1
        self.look(name, path, before)
        say('%-26s %-8s %5s rows  %-14s %s' % (fault.__name__, words[0], words[1], result, end[2].strip().split(': ', 2)[-1][:100]))

    def run(self, count):
        turn = []
        for number in range(count):
            if not turn:
                turn = self.scene.faults()
                self.chance.shuffle(turn)
            self.round(number, turn.pop())

    def dump(self, database):
        env = dict(os.environ, DATABASE_URL=self.scene.database(database))
        quotes = run(CLI, 'quotes', '--all', '--format', 'csv', '--quiet', env=env).stdout
        trades = self.scene.sql('SELECT ticker, trade_date, reference_date, session, trade_id, action, trade_time, price, volume, buyer,'
                                ' seller FROM trades', database)
        instruments = self.scene.sql('SELECT * FROM instruments', database)
        return [sorted(text.splitlines()) for text in (quotes, trades, instruments)]

    def end(self):
        """What a crash has left is gone after one more import."""
        path = os.path.join(FOLDER, 'last.txt')
        left = sum(LOADING in table for table in self.scene.tables())
        run(GENERATE, 'cotahist', '60', path, '--year', '1980')
        self.paths.append(path)
        self.repeat('the last one', path)
        say('%d tables of imports that were cut short were left for the last one to drop' % left)
        self.look_at_tables('the last one', self.scene.tables())

    def compare(self):
        env = dict(os.environ, DATABASE_URL=self.scene.database('clean'))
        run(CLI, 'import', '--quiet', *self.paths, env=env)
        for name, ours, clean in zip(('quotes', 'trades', 'instruments'), self.dump('faulty'), self.dump('clean')):
            self.must(ours == clean, '%s differ from a clean import (%d and %d rows)' % (name, len(ours), len(clean)))
            say('%d %s as in a clean import' % (len(ours), name))


def main():
    count, seed = int(sys.argv[1]), int(sys.argv[2])
    chance = random.Random(seed)
    scene = Scene(chance)
    rounds = Rounds(scene, chance)
    say('%d rounds, seed %d' % (count, seed))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    run(CLI, 'db', 'migrate', env=dict(os.environ, DATABASE_URL=scene.direct))
    rounds.tables = scene.tables()
    rounds.run(count)
    rounds.end()
    rounds.compare()
    for name, ends in sorted(rounds.ends.items()):
        say('%-26s %s' % (name, ', '.join('%d x %s' % (number, end) for end, number in sorted(ends.items()))))
    say('%d problems' % len(rounds.problems))
    return 1 if rounds.problems else 0


BEGIN = time.monotonic()
if __name__ == '__main__':
    sys.exit(main())
