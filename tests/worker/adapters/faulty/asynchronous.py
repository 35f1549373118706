"""Works in a thread and does not wait for it: ``synchronize`` returns at once."""
import threading
import time

from adapter import Adapter as Oracle

STEP_SECONDS = 0.004


class Adapter(Oracle):
    def __init__(self, settings):
        Oracle.__init__(self, settings)
        self._threads = []

    def train_step(self, prepared):
        before = self._threads[-1] if self._threads else None
        thread = threading.Thread(target=self._work, args=(prepared, before))
        thread.daemon = True
        self._threads = [thread]
        thread.start()

    def _work(self, prepared, before):
        if before is not None:
            before.join()
        time.sleep(STEP_SECONDS)
        Oracle.train_step(self, prepared)

    def _wait(self):
        for thread in self._threads:
            thread.join()

    def loss(self):
        self._wait()
        return Oracle.loss(self)

    def predict(self, prepared):
        self._wait()
        return Oracle.predict(self, prepared)

    def get_weights(self, names=None):
        self._wait()
        return Oracle.get_weights(self, names)
