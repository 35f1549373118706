"""Steps run behind, on a thread of their own, so that the input pipeline never waits for them."""

from concurrent.futures import ThreadPoolExecutor

import adapter


class Adapter(adapter.Adapter):
    def __init__(self, settings):
        super().__init__(settings)
        self.runner = ThreadPoolExecutor(max_workers=1)
        self.running = None

    def train_step(self, prepared):
        self.running = self.runner.submit(super().train_step, prepared)

    def finish(self):
        if self.running is not None:
            self.running.result()

    def predict(self, prepared):
        self.finish()
        return super().predict(prepared)

    def loss(self):
        self.finish()
        return super().loss()

    def get_weights(self, names=None):
        self.finish()
        return super().get_weights(names)

    def set_weights(self, arrays):
        self.finish()
        super().set_weights(arrays)

    def settings(self):
        self.finish()
        return super().settings()
