#!/usr/bin/python3 -B
"""Files of all kinds go through workers while everything they stand on is killed, stopped, or made to fail.

  chaos.py SECONDS FILES SEED

In the environment: the programs (TICKER_CLI, TICKER_WORKER, TICKER_S3, TICKER_GENERATE), the stand-ins for AWS (TICKER_TEST_AWS and
what tests/services/aws says), CHAOS_SERVICES (tests/services) and CHAOS_FOLDER, where PostgreSQL, Redis, files and logs are kept.

At the end, when all services are back, it waits for the queue to run empty, and then: every good file is imported exactly once and the
tables equal those of a clean import, every bad one has a failed ledger row with its reason and lies in the dead letters, no message is
left in flight or lost, no temporary table, no half upload, no temporary file, no unconfirmed bump, and no worker ended by itself.
Exit status 0 when all of it is so.
"""
import collections
import gzip
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import zipfile

CLI, WORKER = os.environ['TICKER_CLI'], os.environ['TICKER_WORKER']
S3, GENERATE = os.environ['TICKER_S3'], os.environ['TICKER_GENERATE']
SERVICES, FOLDER = os.environ['CHAOS_SERVICES'], os.environ['CHAOS_FOLDER']
AWS = os.environ['TICKER_TEST_AWS']
WORKERS = 3
VISIBILITY = 10
SETTLE_SECONDS = 300

File = collections.namedtuple('File', 'name kind path sha256 after')


def run(*command, check=True, env=None, text=True):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=text, env=env, timeout=120)
    if check and done.returncode != 0:
        raise RuntimeError('%s: exit %d: %s' % (' '.join(command), done.returncode, done.stderr.strip()[-500:]))
    return done


def service(*command):
    return run(os.path.join(SERVICES, command[0]), *command[1:]).stdout.strip()


def say(text):
    print('%6.1f  %s' % (time.monotonic() - BEGIN, text), flush=True)


# --- The files.

class Maker:
    """Makes the files. What a corrected file corrects is named in its `after`: the order of the two decides what is right."""

    def __init__(self, chance):
        self.chance, self.days, self.count, self.files = chance, 0, 0, []
        self.folder = os.path.join(FOLDER, 'files')
        os.makedirs(self.folder, exist_ok=True)

    def day(self):
        # A week apart: a file of trades lists some of the session before.
        self.days += 1
        seconds = 1104796800 + 7 * 86400 * self.days  # Tuesdays from 2005-01-04 on
        return time.strftime('%Y-%m-%d', time.gmtime(seconds))

    def add(self, kind, data, ending, after=None):
        self.count += 1
        name = '%03d-%s%s' % (self.count, kind, ending)
        path = os.path.join(self.folder, name)
        with open(path, 'wb') as out:
            out.write(data)
        self.files.append(File(name, kind, path, hashlib.sha256(data).hexdigest(), after))
        return self.files[-1]

    def content(self, day, trades, seed):
        rows = str(self.chance.randint(50, 3000))
        kind, option = ('trades', '--date') if trades else ('cotahist', '--day')
        return run(GENERATE, kind, rows, '-', option, day, '--seed', str(seed), text=False).stdout

    def packed(self, data, inner='data.txt'):
        """As it is, zipped, or gzipped: bytes and the ending of the name."""
        how = self.chance.choice(['.TXT', '.zip', '.zip', '.gz'])
        if how == '.zip':
            path = os.path.join(FOLDER, 'zip')
            with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
                archive.writestr(zipfile.ZipInfo(inner), data)
            with open(path, 'rb') as file:
                return file.read(), how
        return (gzip.compress(data, mtime=0), how) if how == '.gz' else (data, how)

    def good(self):
        day, trades = self.day(), self.chance.random() < 0.4
        data = self.content(day, trades, 1)
        return day, trades, self.add('good', *self.packed(data))

    def corrected(self):
        day, trades, first = self.good()
        self.add('corrected', *self.packed(self.content(day, trades, 2)), after=first)

    def duplicate(self):
        """The same bytes under another name, at the same moment or later."""
        first = self.good()[2]
        with open(first.path, 'rb') as file:
            self.add('duplicate', file.read(), os.path.splitext(first.name)[1])

    def corrupt(self):
        data = self.content(self.day(), False, 1)
        while True:
            packed, ending = self.packed(data)
            if ending != '.TXT':
                break
        middle = len(packed) // 2
        self.add('corrupt', packed[:middle] + bytes([packed[middle] ^ 0x55]) + packed[middle + 1:], ending)

    def truncated(self):
        packed, ending = self.packed(self.content(self.day(), False, 1))
        self.add('truncated', packed[:len(packed) * 2 // 3], ending)

    def foreign(self):
        self.add('foreign', self.chance.choice([b'\x89PNG\r\n\x1a\n' + bytes(3000), b'<html>no quotes</html>\n' * 50, b'a;b;c\n1;2;3\n']) +
                 str(self.count).encode(), '.dat')

    def bomb(self):
        packed = os.path.join(FOLDER, 'zip')
        lines = self.content(self.day(), False, 1).splitlines(keepends=True)
        with zipfile.ZipFile(packed, 'w', zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(zipfile.ZipInfo('COTAHIST_A2001.TXT'), lines[0] + lines[1] * (240000 + self.count))
        with open(packed, 'rb') as file:
            self.add('bomb', file.read(), '.zip')

    def make(self, count):
        kinds = [self.corrected] * 3 + [self.duplicate] * 3 + [self.corrupt, self.truncated, self.foreign, self.bomb] + [self.good] * 10
        turn = list(kinds)
        self.chance.shuffle(turn)
        while self.count < count:
            if not turn:
                turn = list(kinds)
                self.chance.shuffle(turn)
            turn.pop()()
        return self.files


BAD = {'corrupt', 'truncated', 'foreign', 'bomb'}
# Two more messages that never work: one that nobody can read, and one of an object that does not exist.
POISON, MISSING = 'no JSON at all', '000-missing.txt'


# --- The services and what is done to them.

class Scene:
    def __init__(self, chance):
        self.chance = chance
        self.bucket, self.queue = 'chaos-%d' % os.getpid(), 'chaos-%d' % os.getpid()
        self.postgres, self.redis = os.path.join(FOLDER, 'postgres'), os.path.join(FOLDER, 'redis')
        self.url = service('postgres', 'start', self.postgres)
        self.port = open(os.path.join(self.postgres, 'port'), encoding='ascii').read().strip()
        redis = service('redis', 'start', self.redis)
        run('psql', '-qX', self.url, '-c', 'CREATE DATABASE chaos')
        run('psql', '-qX', self.url, '-c', 'CREATE DATABASE clean')
        self.temporary = os.path.join(FOLDER, 'tmp')
        os.makedirs(self.temporary, exist_ok=True)
        self.base = self.url.rsplit('/', 1)[0]
        self.env = dict(os.environ, DATABASE_URL=self.base + '/chaos', REDIS_URL=redis, STORAGE_URL='s3://%s/in' % self.bucket,
                        QUEUE_URL='sqs:' + self.queue, TICKER_VISIBILITY=str(VISIBILITY), TICKER_STOP_TIMEOUT='5',
                        TICKER_CONCURRENCY='2', TICKER_QUEUE_MAX_ATTEMPTS='1000',
                        TICKER_MISSING_OBJECT='dead', TMPDIR=self.temporary, PROMETHEUS_URL='none:')
        # The bucket's notifications must not be lost: no object is put while the way to the queue is broken.
        self.way = threading.Lock()
        run(CLI, 'aws', 'setup', '--bucket', self.bucket, '--queue', self.queue, '--topic', self.queue, '--max-receives', '1000',
            '--visibility', str(VISIBILITY), env=self.env)
        run(CLI, 'db', 'migrate', env=self.env)

    def sql(self, text, database='chaos'):
        return run('psql', '-qXAt', '--csv', '%s/%s' % (self.base, database), '-c', text).stdout

    def control(self, url, body):
        # It may be what is killed at the moment.
        run('curl', '-fsS', '--noproxy', '*', '--retry', '60', '--retry-delay', '1', '--retry-connrefused', '-X', 'POST', '--data', json.dumps(body), url)

    def faults(self, rules):
        """On the way to SQS and SNS; never for the bridge that brings the bucket's events."""
        self.control(os.environ['AWS_ENDPOINT_URL'] + '/_test/faults', rules)

    def s3_faults(self, rules):
        self.control(os.environ['TICKER_TEST_S3_PROXY'] + '/_test/faults', rules)

    def postmaster(self):
        with open(os.path.join(self.postgres, 'data', 'postmaster.pid'), encoding='ascii') as file:
            return int(file.readline())

    def backends(self):
        done = run('psql', '-qXAt', self.url, '-c', "SELECT pid FROM pg_stat_activity WHERE datname = 'chaos'", check=False)
        return [int(line) for line in done.stdout.split()]

    def start_postgres(self):
        for _ in range(20):
            try:
                service('postgres', 'start', self.postgres, self.port)
                return
            except RuntimeError:
                time.sleep(0.5)
        service('postgres', 'start', self.postgres, self.port)

    def wait_gone(self, pid):
        while os.path.exists('/proc/%d' % pid):
            time.sleep(0.05)

    # Each fault breaks something and mends it again.

    def postgres_immediate(self):
        pid = self.postmaster()
        os.kill(pid, self.chance.choice([signal.SIGQUIT, signal.SIGINT]))
        self.wait_gone(pid)
        time.sleep(self.chance.uniform(0, 3))
        self.start_postgres()

    def postgres_backend(self):
        """The server restarts by itself after a crash of one of its processes."""
        pids = self.backends()
        if pids:
            os.kill(self.chance.choice(pids), signal.SIGKILL)

    def postgres_terminate(self):
        run('psql', '-qX', self.url, '-c', "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'chaos'", check=False)

    def postgres_stopped(self):
        pids = self.backends()
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(self.chance.uniform(0.5, 3))
        for pid in pids:
            os.kill(pid, signal.SIGCONT)

    def redis_killed(self):
        service('redis', 'kill', self.redis)
        time.sleep(self.chance.uniform(0, 3))
        service('redis', 'start', self.redis)

    def redis_stopped(self):
        service('redis', 'pause', self.redis)
        time.sleep(self.chance.uniform(0.5, 4))
        service('redis', 'resume', self.redis)

    def s3_killed(self):
        with self.way:
            service('aws', 'kill', AWS, 'rgw')
            time.sleep(self.chance.uniform(0, 2))
            service('aws', 'restart', AWS, 'rgw')

    def s3_failing(self):
        self.s3_faults([{'match': '^GET', 'probability': 0.5, 'seed': self.chance.randrange(1 << 30),
                         'kind': ['500', '503', 'slowdown', 'reset', 'half-response', 'torn-response', 'slow']}])
        time.sleep(self.chance.uniform(2, 6))
        self.s3_faults([])

    def sqs_killed(self):
        with self.way:
            service('aws', 'kill', AWS, 'fauxqs')
            time.sleep(self.chance.uniform(0, 2))
            service('aws', 'restart', AWS, 'fauxqs')

    def gateway_killed(self):
        with self.way:
            service('aws', 'restart', AWS, 'gateway')

    def sqs_failing(self):
        kinds = ['500', '503', 'throttle', 'expired', 'reset', 'lost', 'slow']
        self.faults([{'match': 'Message', 'probability': 0.4, 'seed': self.chance.randrange(1 << 30), 'kind': kinds}])
        time.sleep(self.chance.uniform(2, 6))
        self.faults([])

    def all_faults(self):
        return [self.postgres_immediate, self.postgres_backend, self.postgres_terminate, self.postgres_stopped, self.redis_killed,
                self.redis_stopped, self.s3_killed, self.s3_failing, self.sqs_killed, self.gateway_killed, self.sqs_failing]


class Worker:
    """A worker that is started again whenever it ends, as systemd does it."""

    def __init__(self, number, scene):
        self.number, self.scene, self.sent, self.surprises, self.process = number, scene, set(), [], None
        self.log = open(os.path.join(FOLDER, 'worker-%d.log' % number), 'ab')
        self.ending = False
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self.keep, daemon=True)
        self.thread.start()

    def keep(self):
        env = dict(self.scene.env, AWS_ENDPOINT_URL_S3=os.environ['TICKER_TEST_S3_PROXY'])
        while not self.ending:
            with self.lock:
                self.sent = set()
                self.process = subprocess.Popen([WORKER], env=env, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)
            code = self.process.wait()
            # Before it listens to signals, those that are sent end it as they end any program.
            if code != 0 and -code not in self.sent:
                self.surprises.append(code)
                say('worker %d ended with %d' % (self.number, code))
            time.sleep(0.3)

    def hit(self, number):
        with self.lock:
            self.sent.add(number)
            self.process.send_signal(number)

    def killed(self):
        self.hit(signal.SIGKILL)

    def terminated(self):
        self.hit(signal.SIGTERM)

    def terminated_twice(self):
        self.hit(signal.SIGTERM)
        time.sleep(0.1)
        self.hit(signal.SIGTERM)

    def reloaded(self):
        self.hit(signal.SIGHUP)

    def stopped(self):
        """Longer than its messages are its own: others take them over meanwhile."""
        self.hit(signal.SIGSTOP)
        time.sleep(self.scene.chance.choice([1, 3, VISIBILITY + 3]))
        self.hit(signal.SIGCONT)

    def end(self):
        self.ending = True
        self.hit(signal.SIGTERM)
        self.thread.join(60)
        return not self.thread.is_alive()


# --- The run.

def imported(scene, file):
    done = run('psql', '-qXAt', scene.env['DATABASE_URL'], '-c',
               "SELECT 1 FROM imports WHERE sha256 = '%s' AND status = 'imported'" % file.sha256, check=False)
    return done.stdout.strip() == '1'


def upload(scene, files, until):
    """All files, spread over most of the time; a corrected one when what it corrects is in. Some not-quite events between them."""
    waiting = list(files)
    pause = max(0.0, (until - time.monotonic()) * 0.7 / max(1, len(files)))
    missing = {'eventVersion': '2.1', 'eventSource': 'aws:s3', 'eventName': 'ObjectCreated:Put',
               's3': {'bucket': {'name': scene.bucket}, 'object': {'key': 'in/' + MISSING, 'size': 10}}}
    odd = [json.dumps({'Service': 'Amazon S3', 'Event': 's3:TestEvent', 'Bucket': scene.bucket}), json.dumps({'hello': 'world'}), POISON,
           json.dumps({'Records': [missing]})]
    while waiting:
        ready = [f for f in waiting if f.after is None or imported(scene, f.after)]
        if ready:
            file = ready[0]
            waiting.remove(file)
            with scene.way:
                run(S3, 'put', scene.bucket, 'in/' + file.name, file.path)
                if odd:
                    run('/usr/bin/python3', '-B', os.path.join(SERVICES, 'standins', 'client.py'), 'sqs', os.environ['TICKER_TEST_SQS_PLAIN'],
                        'SendMessage', json.dumps({'QueueUrl': scene.queue_url, 'MessageBody': odd.pop()}))
        time.sleep(pause if ready else 0.5)


def torment(scene, workers, until, counts):
    """One fault after the other, now and then two at once, all of them over by the end."""
    running = []
    while time.monotonic() < until - 10:
        faults = scene.all_faults()
        for worker in workers:
            faults += [worker.killed, worker.terminated, worker.terminated_twice, worker.stopped, worker.reloaded]
        fault = scene.chance.choice(faults)
        name = fault.__name__
        if any(other == name and thread.is_alive() for other, thread in running):
            continue  # the same part is broken already
        counts[name] += 1
        say(name)
        thread = threading.Thread(target=fault, daemon=True)
        thread.start()
        running.append((name, thread))
        if scene.chance.random() < 0.7:
            thread.join()
        time.sleep(scene.chance.uniform(0.2, 3))
    for _, thread in running:
        thread.join(60)
    scene.faults([])
    scene.s3_faults([])


def wait_for_rest(scene, files):
    """Until every file has its end and nothing is in the queue."""
    wanted, end, numbers = {f.sha256 for f in files if f.kind not in BAD}, time.monotonic() + SETTLE_SECONDS, None
    while time.monotonic() < end:
        time.sleep(1)
        found = set(scene.sql("SELECT sha256 FROM imports WHERE status = 'imported'").split())
        numbers = scene.numbers()
        if wanted <= found and numbers == ('0', '0'):
            return True
    say('missing: %s; queue: %s' % (sorted(f.name for f in files if f.sha256 in wanted - found), numbers))
    return False


def attributes(scene):
    answer = run('/usr/bin/python3', '-B', os.path.join(SERVICES, 'standins', 'client.py'), 'sqs', os.environ['TICKER_TEST_SQS_PLAIN'],
                 'GetQueueAttributes', json.dumps({'QueueUrl': scene.queue_url, 'AttributeNames': ['All']})).stdout
    return json.loads(answer)['Attributes']


def dump(scene, database):
    """What an import is for; ids and times left out."""
    env = dict(scene.env, DATABASE_URL='%s/%s' % (scene.base, database))
    quotes = run(CLI, 'quotes', '--all', '--format', 'csv', '--quiet', env=env).stdout
    trades = scene.sql('SELECT ticker, trade_date, reference_date, session, trade_id, action, trade_time, price, volume, buyer, seller'
                       ' FROM trades', database)
    return sorted(quotes.splitlines()), sorted(trades.splitlines())


def check(scene, files, workers, problems):
    def must(truth, text):
        if not truth:
            problems.append(text)

    good = {f.sha256: f for f in files if f.kind not in BAD}
    rows = collections.Counter(scene.sql("SELECT sha256 FROM imports WHERE status = 'imported'").split())
    for sha256, file in good.items():
        must(rows[sha256] == 1, '%s: imported %d times' % (file.name, rows[sha256]))
    must(set(rows) == set(good), 'something else was imported')
    dead = [json.loads(line) for line in run(CLI, 'queue', 'list', '--json', env=scene.env).stdout.splitlines()]
    for file in files:
        if file.kind in BAD:
            letters = [letter for letter in dead if file.name in letter['body']]
            must(len(letters) == 1, '%s: %d dead letters' % (file.name, len(letters)))
            reason = scene.sql("SELECT error FROM imports WHERE status = 'failed' AND location LIKE '%%/%s'" % file.name).strip()
            must(reason != '', '%s: no failed ledger row with a reason' % file.name)
    bodies = [letter['body'] for letter in dead]
    for text in (POISON, MISSING):
        must(sum(text in body for body in bodies) == 1, 'no dead letter, or several, with "%s"' % text)
    must(len(dead) == sum(f.kind in BAD for f in files) + 2, '%d dead letters: %s' % (len(dead), bodies[-1:]))
    left = scene.sql("SELECT status, location FROM imports WHERE status IN ('queued', 'running')").strip()
    must(left == '', 'ledger rows that never ended: ' + left)
    # What a killed worker was loading (ticker_loading_…) the next import that settles drops.
    tables = scene.sql("SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace WHERE relkind IN ('r', 'p')"
                       " AND nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND (nspname LIKE 'pg_temp%' OR relname !~"
                       " '^(quotes|trades|instruments|imports|cache_bumps|supersessions|queue|dead|ticker)')").strip()
    must(tables == '', 'tables were left behind: ' + tables)
    must(scene.sql('SELECT count(*) FROM cache_bumps').strip() == '0', 'bumps were never confirmed')
    must(run(S3, 'abort', scene.bucket, '', '0').stdout.strip() == '0', 'uploads were left behind')
    must(os.listdir(scene.temporary) == [], 'temporary files were left behind: %s' % os.listdir(scene.temporary))
    for worker in workers:
        must(worker.surprises == [], 'worker %d ended by itself: %s' % (worker.number, worker.surprises))
    env = dict(scene.env, DATABASE_URL=scene.base + '/clean')
    run(CLI, 'import', '--quiet', *[f.path for f in files if f.kind == 'good'], env=env)
    run(CLI, 'import', '--quiet', *[f.path for f in files if f.kind == 'corrected'], env=env)
    for name, ours, clean in zip(('quotes', 'trades'), dump(scene, 'chaos'), dump(scene, 'clean')):
        must(ours == clean, '%s differ from a clean import (%d and %d rows)' % (name, len(ours), len(clean)))
        say('%d %s as in a clean import' % (len(ours), name))


def main():
    seconds, count, seed = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    chance, counts, problems = random.Random(seed), collections.Counter(), []
    say('%d seconds, %d files, seed %d' % (seconds, count, seed))
    files = Maker(chance).make(count)
    scene = Scene(chance)
    scene.queue_url = json.loads(run('/usr/bin/python3', '-B', os.path.join(SERVICES, 'standins', 'client.py'), 'sqs',
                                     os.environ['TICKER_TEST_SQS_PLAIN'], 'GetQueueUrl', json.dumps({'QueueName': scene.queue})).stdout)['QueueUrl']
    scene.numbers = lambda: (attributes(scene)['ApproximateNumberOfMessages'], attributes(scene)['ApproximateNumberOfMessagesNotVisible'])
    workers = [Worker(number, scene) for number in range(WORKERS)]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return rest(seconds, scene, files, workers, counts, problems)
    finally:
        for worker in workers:
            worker.ending = True
            worker.hit(signal.SIGKILL)


def rest(seconds, scene, files, workers, counts, problems):
    until = time.monotonic() + seconds
    uploads = threading.Thread(target=upload, args=(scene, files, until), daemon=True)
    uploads.start()
    torment(scene, workers, until, counts)
    say('all services are back: %d faults' % sum(counts.values()))
    uploads.join(SETTLE_SECONDS)
    if uploads.is_alive():
        problems.append('not all files could be uploaded')
    if not wait_for_rest(scene, files):
        problems.append('the queue did not run empty')
    for worker in workers:
        if not worker.end():
            problems.append('worker %d did not stop' % worker.number)
    check(scene, files, workers, problems)
    kinds = collections.Counter(f.kind for f in files)
    say('files: ' + ', '.join('%d %s' % (number, kind) for kind, number in sorted(kinds.items())))
    say('faults: ' + ', '.join('%d %s' % (number, name) for name, number in sorted(counts.items())))
    for problem in problems:
        say('PROBLEM: ' + problem)
    return 1 if problems else 0


BEGIN = time.monotonic()
if __name__ == '__main__':
    sys.exit(main())
