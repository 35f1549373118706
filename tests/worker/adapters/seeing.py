"""A toy that notes the pixels it is given, and has an epoch loop of its own."""
from quiet import Quiet


class Adapter(Quiet):
    features = ("train_epoch",)

    def train_step(self, prepared):
        self.note("trained", prepared["inputs"]["x"].reshape(4, -1).tolist())

    def train_epoch(self, data, order):
        for start in range(0, len(order), 4):
            rows = data["inputs"]["x"][order[start : start + 4]]
            self.note("trained", rows.reshape(4, -1).tolist())

    def predict(self, prepared):
        rows = prepared["inputs"]["x"].reshape(4, -1)
        self.note("predicted", rows.tolist())
        return rows[:, :3]
