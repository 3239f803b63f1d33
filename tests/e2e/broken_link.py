"""A TCP proxy that can be cut: at once, or only once a request has gone through, so that its sender
cannot know what became of it."""

import socket
import threading


class Pair(tuple):
    """Both ends of a connection, and whether the request under way is an insert."""

    is_insert = False


class BrokenLink:
    def __init__(self, target_port):
        self.target_port = target_port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.pairs = []
        self.swallow_next_answer = False
        self.cut_count = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self):
        """Closes every connection now."""
        with self.lock:
            pairs, self.pairs = self.pairs, []
            self.cut_count += 1
        for pair in pairs:
            self._close(pair)

    def swallow_answer(self):
        """The next answer to an insert never arrives: the connection ends in its place."""
        self.swallow_next_answer = True

    def close(self):
        self.listener.close()
        self.cut()

    @staticmethod
    def _close(pair):
        for end in pair:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.target_port), timeout=5)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            pair = Pair((client, server))
            with self.lock:
                self.pairs.append(pair)
            threading.Thread(target=self._pump, args=(client, server, pair, False), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client, pair, True), daemon=True).start()

    def _pump(self, source, sink, pair, is_answer):
        try:
            while data := source.recv(65536):
                if not is_answer and b"POST /" in data:
                    pair.is_insert = b"query=INSERT" in data
                if is_answer and pair.is_insert and self.swallow_next_answer:
                    self.swallow_next_answer = False
                    self.cut_count += 1
                    break
                sink.sendall(data)
        except OSError:
            pass
        self._close(pair)
