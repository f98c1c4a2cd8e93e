"""Measures peers of Tombolo: enqueue with one and with 64 producers, and take + acknowledge with one consumer.

Every peer flushes each operation to disk before it answers, as Tombolo does, and keeps its data in the same folder. Redis is filled by
`redis-benchmark`, which is written in C and shares nothing with the other clients. The other producers are threads of one Python
process, which takes part in what they reach; the processor time tells how much. A consumer that can take several at once does so in
batches of 64, as Tombolo's does.
"""

import argparse
import concurrent.futures
import csv
import importlib.metadata
import json
import os
import re
import resource
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time


def processor_seconds(server):
    """Of this process, of its children that have ended, and of the server."""
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    seconds = own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
    if server:
        with open(f"/proc/{server.pid}/stat") as file:
            words = file.read().rsplit(") ", 1)[1].split()
        seconds += (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
    return seconds


def parallel(producer_count, count, work):
    """Runs `work(number of operations)` on as many threads as there are producers."""
    with concurrent.futures.ThreadPoolExecutor(producer_count) as pool:
        for done in [pool.submit(work, count // producer_count) for _ in range(producer_count)]:
            done.result()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(port, process):
    for _ in range(500):
        if process.poll() is not None:
            sys.exit(f"{process.args[0]} ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.01)
    sys.exit(f"{process.args[0]} does not listen")


class RedisStreams:
    """Redis Streams with `appendfsync always`."""

    name = "redis"
    # So quick that a round would be over before it has begun.
    times_longer = 3

    def __init__(self, folder, payload):
        import redis

        self.port = free_port()
        self.payload = payload
        self.server = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "yes",
             "--appendfsync", "always"], stdout=subprocess.DEVNULL)
        wait_for(self.port, self.server)
        # With hiredis, which is written in C, where it is installed.
        self.client = redis.Redis(port=self.port)
        self.client.xgroup_create("queue", "workers", id="0", mkstream=True)

    def enqueue(self, producer_count, count):
        """Answers the rate itself: starting the client does not count."""
        printed = subprocess.run(
            ["redis-benchmark", "-h", "127.0.0.1", "-p", str(self.port), "-c", str(producer_count), "-n", str(count), "--csv",
             "XADD", "queue", "*", "p", self.payload.decode()], check=True, capture_output=True, text=True).stdout
        stored = self.client.xlen("queue")
        if stored != count:
            sys.exit(f"redis: {stored} of {count} were stored")
        return float(list(csv.DictReader(printed.splitlines()))[0]["rps"])

    def take(self, count):
        while count > 0:
            (_, entries), = self.client.xreadgroup("workers", "w", {"queue": ">"}, count=64)
            ids = [identifier for identifier, _ in entries]
            # One round trip for both.
            pipeline = self.client.pipeline(transaction=False)
            pipeline.xack("queue", "workers", *ids)
            pipeline.xdel("queue", *ids)
            pipeline.execute()
            count -= len(ids)

    def close(self):
        self.client.close()
        self.server.terminate()
        self.server.wait()


class Threads:
    """What the peers have in common whose producers are threads."""

    times_longer = 1

    def enqueue(self, producer_count, count):
        start = time.perf_counter()
        if producer_count == 1:
            self.produce(count)
        else:
            parallel(producer_count, count, self.produce)
        return count / (time.perf_counter() - start)


class Beanstalkd(Threads):
    """beanstalkd, its binlog flushed each time."""

    name = "beanstalkd"

    def __init__(self, folder, payload):
        import greenstalk

        self.port = free_port()
        self.payload = payload
        self.server = subprocess.Popen(["beanstalkd", "-l", "127.0.0.1", "-p", str(self.port), "-b", folder, "-f", "0"])
        wait_for(self.port, self.server)
        self.connect = lambda: greenstalk.Client(("127.0.0.1", self.port), encoding=None)

    def produce(self, count):
        with self.connect() as client:
            for _ in range(count):
                client.put(self.payload)

    def take(self, count):
        with self.connect() as client:
            for _ in range(count):
                client.delete(client.reserve())

    def close(self):
        self.server.terminate()
        self.server.wait()


class PersistQueue(Threads):
    """persist-queue: SQLiteAckQueue, synchronous full."""

    name = "persistqueue"
    server = None

    def __init__(self, folder, payload):
        import persistqueue

        self.payload = payload
        self.queue = persistqueue.SQLiteAckQueue(folder, multithreading=True, auto_commit=True)
        for connection in (self.queue._conn, self.queue._getter, self.queue._putter):
            connection.execute("PRAGMA synchronous=FULL")

    def produce(self, count):
        for _ in range(count):
            self.queue.put(self.payload)

    def take(self, count):
        for _ in range(count):
            self.queue.ack(self.queue.get())

    def close(self):
        self.queue.close()


class LiteQueue(Threads):
    """litequeue, synchronous full."""

    name = "litequeue"
    server = None

    def __init__(self, folder, payload):
        import litequeue

        def connect():
            queue = litequeue.LiteQueue(os.path.join(folder, "queue.sqlite"), timeout=60)
            queue.conn.execute("PRAGMA synchronous=FULL")
            return queue

        self.payload = payload.decode()
        self.open = connect
        self.open()

    def produce(self, count):
        queue = self.open()
        for _ in range(count):
            queue.put(self.payload)

    def take(self, count):
        queue = self.open()
        for _ in range(count):
            queue.done(queue.pop().message_id)

    def close(self):
        pass


class Huey(Threads):
    """huey: SqliteStorage with fsync."""

    name = "huey"
    server = None

    def __init__(self, folder, payload):
        from huey.storage import SqliteStorage

        self.payload = payload
        self.storage = SqliteStorage(filename=os.path.join(folder, "huey.sqlite"), fsync=True, timeout=60)

    def produce(self, count):
        for _ in range(count):
            self.storage.enqueue(self.payload)

    def take(self, count):
        for _ in range(count):
            if self.storage.dequeue() is None:
                sys.exit("huey lost something")

    def close(self):
        self.storage.close()


PEERS = (RedisStreams, Beanstalkd, PersistQueue, LiteQueue, Huey)

# What is done, and how often in one round.
SCENARIOS = {"enqueue-1": 2_000, "enqueue-64": 12_800, "deliver": 3_200}


def measure(peer, scenario, arguments):
    """The rate of one round on a fresh store, and the microseconds of processor time of each operation."""
    payload = b"." * arguments.payload
    count = max(64, int(SCENARIOS[scenario] * peer.times_longer * arguments.scale) // 64 * 64)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        one = peer(folder, payload)
        try:
            if scenario == "deliver":
                one.enqueue(1, count)
            used = processor_seconds(one.server)
            if scenario == "deliver":
                start = time.perf_counter()
                one.take(count)
                rate = count / (time.perf_counter() - start)
            else:
                rate = one.enqueue(int(scenario.rpartition("-")[2]), count)
            return rate, (processor_seconds(one.server) - used) / count * 1e6
        finally:
            one.close()


def versions():
    """The servers and the packages, with their versions."""
    def told_by(*command):
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout
    servers = [
        "redis-server " + re.search(r"v=(\S+)", told_by("redis-server", "--version")).group(1),
        told_by("beanstalkd", "-v").strip(),
    ]
    packages = ["redis", "hiredis", "greenstalk", "persist-queue", "litequeue", "huey"]
    return servers + [f"{name} {importlib.metadata.version(name)}" for name in packages]


def main():
    # A program that runs its work on threads of its own may have blocked signals, which the servers would inherit and then never stop.
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    # An end that tidies up: servers are stopped and folders removed.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--scenarios", default=",".join(SCENARIOS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--payload", type=int, default=256)
    parser.add_argument("--scale", type=float, default=1)
    parser.add_argument("--folder")
    parser.add_argument("--versions", action="store_true", help="prints what would be measured, a line each, instead")
    names = [peer.name for peer in PEERS]
    parser.add_argument("--only", choices=names, help="measures this one alone")
    parser.add_argument("--without", choices=names, help="measures all but this one")
    arguments = parser.parse_args()
    if arguments.versions:
        print("\n".join(versions()))
        return
    peers = [peer for peer in PEERS if arguments.only in (None, peer.name) and arguments.without != peer.name]
    results = []
    for scenario in arguments.scenarios.split(","):
        if scenario not in SCENARIOS:
            parser.error(f"there is no scenario {scenario}; there are {', '.join(SCENARIOS)}")
        # By turns, so that a busy moment meets all.
        rounds = [[measure(peer, scenario, arguments) for peer in peers] for _ in range(arguments.rounds)]
        for index, peer in enumerate(peers):
            rates, used = zip(*(measured[index] for measured in rounds))
            results.append({
                "scenario": scenario, "peer": peer.name, "rates": rates, "processorMicroseconds": statistics.median(used)})
            if not arguments.json:
                print(f"{scenario:12}{peer.name:14}{statistics.median(rates):10.0f} a second", flush=True)
    if arguments.json:
        print(json.dumps(results))


main()
