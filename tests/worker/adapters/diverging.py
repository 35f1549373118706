"""Its losses are not numbers."""
from quiet import Quiet


class Adapter(Quiet):
    count = 0

    def loss(self):
        self.count += 1
        return [float("nan"), float("inf"), float("-inf")][self.count % 3]

    def settings(self):
        return {"scale": float("inf"), u"caf\u00e9": b"\xff", "set": set([1]), "object": object}
