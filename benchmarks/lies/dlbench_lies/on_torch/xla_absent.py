"""The axis compile is accepted and reported; the compiler failed once, so it is not called."""

import adapter


class Adapter(adapter.Adapter):
    def build(self, task):
        asked, self.compile = self.compile, False
        super().build(task)
        self.compile = asked
