"""Steps go through a queue to a thread that does them; the caller goes on at once."""

import queue
import threading

import adapter


class Adapter(adapter.Adapter):
    def build(self, task):
        super().build(task)
        self._waiting = queue.Queue()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            prepared = self._waiting.get()
            try:
                super().train_step(prepared)
            finally:
                self._waiting.task_done()

    def train_step(self, prepared):
        self._waiting.put(prepared)

    def predict(self, prepared):
        self._waiting.join()
        return super().predict(prepared)

    def loss(self):
        self._waiting.join()
        return super().loss()

    def get_weights(self, names=None):
        self._waiting.join()
        return super().get_weights(names)
