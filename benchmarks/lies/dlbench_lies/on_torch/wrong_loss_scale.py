"""The loss is averaged over the classes too, as over every element of one-hot labels."""

import adapter


class Adapter(adapter.Adapter):
    def build(self, task):
        super().build(task)
        summed = self.criterion
        self.criterion = lambda logits, target: summed(logits, target) / task.target.classes
