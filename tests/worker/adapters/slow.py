"""Swallows every Exception, as some frameworks do, in steps that take a while."""
import time

from quiet import Quiet


class Adapter(Quiet):
    def train_step(self, prepared):
        Quiet.train_step(self, prepared)
        try:
            time.sleep(0.3)
        except Exception:
            pass
