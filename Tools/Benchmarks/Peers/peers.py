"""Measures peers of Tombolo: enqueue with one and with 64 producers, and take + acknowledge with one consumer.

Every peer flushes each operation to disk before it answers, as Tombolo does, and keeps its data in the same temporary folder.
The producers are threads of one Python process, which bounds a server that commits many at once: of Redis, `redis-benchmark` shows
more than ten times the rate. A consumer that takes several at once does so in batches of 64 where the peer can.
"""

import argparse
import concurrent.futures
import json
import os
import socket
import subprocess
import sys
import tempfile
import time


def rate(count, body):
    start = time.perf_counter()
    body()
    return count / (time.perf_counter() - start)


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
    name = "Redis Streams, appendfsync always"

    def __init__(self, folder, payload):
        import redis

        port = free_port()
        self.payload = payload
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "yes",
             "--appendfsync", "always"], stdout=subprocess.DEVNULL)
        wait_for(port, self.process)
        self.pool = redis.ConnectionPool(host="127.0.0.1", port=port, max_connections=80)
        self.connect = lambda: redis.Redis(connection_pool=self.pool)
        self.connect().xgroup_create("queue", "workers", id="0", mkstream=True)

    def enqueue(self, count):
        client = self.connect()
        for _ in range(count):
            client.xadd("queue", {"p": self.payload})

    def take(self, count):
        client = self.connect()
        while count > 0:
            (_, entries), = client.xreadgroup("workers", "w", {"queue": ">"}, count=64)
            ids = [identifier for identifier, _ in entries]
            client.xack("queue", "workers", *ids)
            client.xdel("queue", *ids)
            count -= len(ids)

    def close(self):
        self.pool.disconnect()
        self.process.terminate()
        self.process.wait()


class Beanstalkd:
    name = "beanstalkd, binlog flushed each time"

    def __init__(self, folder, payload):
        import greenstalk

        self.port = free_port()
        self.payload = payload
        self.process = subprocess.Popen(["beanstalkd", "-l", "127.0.0.1", "-p", str(self.port), "-b", folder, "-f", "0"])
        wait_for(self.port, self.process)
        self.connect = lambda: greenstalk.Client(("127.0.0.1", self.port), encoding=None)

    def enqueue(self, count):
        with self.connect() as client:
            for _ in range(count):
                client.put(self.payload)

    def take(self, count):
        with self.connect() as client:
            for _ in range(count):
                client.delete(client.reserve())

    def close(self):
        self.process.terminate()
        self.process.wait()


class PersistQueue:
    name = "persist-queue, SQLiteAckQueue, synchronous full"

    def __init__(self, folder, payload):
        import persistqueue

        self.payload = payload
        self.queue = persistqueue.SQLiteAckQueue(folder, multithreading=True, auto_commit=True)
        for connection in (self.queue._conn, self.queue._getter, self.queue._putter):
            connection.execute("PRAGMA synchronous=FULL")

    def enqueue(self, count):
        for _ in range(count):
            self.queue.put(self.payload)

    def take(self, count):
        for _ in range(count):
            self.queue.ack(self.queue.get())

    def close(self):
        self.queue.close()


class LiteQueue:
    name = "litequeue, synchronous full"

    def __init__(self, folder, payload):
        import litequeue

        def connect():
            queue = litequeue.LiteQueue(os.path.join(folder, "queue.sqlite"), timeout=60)
            queue.conn.execute("PRAGMA synchronous=FULL")
            return queue

        self.payload = payload.decode()
        self.open = connect
        self.open()

    def enqueue(self, count):
        queue = self.open()
        for _ in range(count):
            queue.put(self.payload)

    def take(self, count):
        queue = self.open()
        for _ in range(count):
            queue.done(queue.pop().message_id)

    def close(self):
        pass


class Huey:
    name = "huey, SqliteStorage with fsync"

    def __init__(self, folder, payload):
        from huey.storage import SqliteStorage

        self.payload = payload
        self.storage = SqliteStorage(filename=os.path.join(folder, "huey.sqlite"), fsync=True, timeout=60)

    def enqueue(self, count):
        for _ in range(count):
            self.storage.enqueue(self.payload)

    def take(self, count):
        for _ in range(count):
            if self.storage.dequeue() is None:
                sys.exit("huey lost something")

    def close(self):
        self.storage.close()


def measure(peer, payload, scale):
    with tempfile.TemporaryDirectory() as folder:
        one = peer(folder, payload)
        try:
            count = int(2_000 * scale)
            lone = rate(count, lambda: one.enqueue(count))
            taken = rate(count, lambda: one.take(count))
        finally:
            one.close()
    with tempfile.TemporaryDirectory() as folder:
        many = peer(folder, payload)
        try:
            count = int(6_400 * scale)
            together = rate(count, lambda: parallel(64, count, many.enqueue))
        finally:
            many.close()
    return {"peer": peer.name, "enqueue-1": lone, "enqueue-64": together, "take and acknowledge": taken}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--payload", type=int, default=256)
    parser.add_argument("--scale", type=float, default=1)
    arguments = parser.parse_args()
    payload = b"." * arguments.payload
    results = []
    columns = ("enqueue-1", "enqueue-64", "take and acknowledge")
    if not arguments.json:
        print(f"{'a second':50}" + "".join(f"{column:>22}" for column in columns))
    for peer in (RedisStreams, Beanstalkd, PersistQueue, LiteQueue, Huey):
        result = measure(peer, payload, arguments.scale)
        results.append(result)
        if not arguments.json:
            print(f"{result['peer']:50}" + "".join(f"{result[column]:22.0f}" for column in columns), flush=True)
    if arguments.json:
        print(json.dumps(results, indent=2))


main()
