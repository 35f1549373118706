"""Only the first half of every batch is trained on."""

import adapter


class Adapter(adapter.Adapter):
    def train_step(self, prepared):
        inputs, target = prepared
        half = len(target) // 2
        super().train_step(([one[:half] for one in inputs], target[:half]))
