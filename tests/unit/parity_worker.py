"""A worker of parity runs that is played: observations that pass, made from the job itself."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from dlbench.engine import BuiltImage, EngineFacts, Exit, Recipe, RunSpec
from dlbench.job import Job, Probe
from dlbench.network import list_weights


@dataclass
class ParityEngine:
    """An engine whose images are all there and whose runs are played."""

    name: str = "played"
    #: Role -> what is done in place of ending well: change a result, or say how the run ended.
    changes: dict[str, Callable[[dict[str, Any]], Exit | None]] = field(default_factory=dict)
    #: (role, adapter's name) of every run.
    runs: list[tuple[str, str]] = field(default_factory=list)

    def facts(self) -> EngineFacts:
        return EngineFacts(name=self.name)

    def check_device(self, device: str) -> None:
        """Every device is there."""

    def find_image(self, recipe: Recipe) -> BuiltImage:
        return BuiltImage(
            image_id=recipe.image_id,
            device=recipe.device,
            tag=recipe.tag,
            digest=recipe.digest,
            engine_id="sha256:0",
            python="python3",
        )

    def build_image(self, recipe: Recipe, on_line: Callable[[str], None]) -> BuiltImage:
        raise NotImplementedError

    def cpu_seconds(self) -> float | None:
        return None

    def interrupt(self) -> None:
        """Nothing runs for long here."""

    def execute(self, spec: RunSpec) -> Exit:
        job = msgspec.json.decode((spec.in_folder / "job.json").read_bytes(), type=Job)
        assert job.parity is not None
        role = job.parity.role
        self.runs.append((role, job.adapter))
        result: dict[str, Any] = {
            "protocol": 1,
            "status": "ok",
            "parity": {probe.name: observe(probe) for probe in job.parity.probes},
        }
        ended = self.changes[role](result) if role in self.changes else None
        if role == "make":
            folder = spec.out_folder / "parity" / "network"
            folder.mkdir(parents=True)
            (folder / "losses.npy").write_bytes(b"arrays")
        else:
            assert spec.data_folder is not None
            assert (spec.data_folder / "network" / "losses.npy").read_bytes() == b"arrays"
        if ended is None or ended.how == "exited":
            (spec.out_folder / "result.json").write_text(json.dumps(result))
        return ended or Exit(how="exited", code=0)


def observe(probe: Probe) -> Mapping[str, Any]:
    """Return what a correct framework would be observed to do."""
    names = [weight.name for weight in list_weights(probe.task.layers)]
    sizes = [math.prod(weight.shape) for weight in list_weights(probe.task.layers)]
    norms = {"difference": 0.0, "scale": 1.0, "change": 1.0}
    losses = [2.0] * probe.steps
    rate = next((one.parameters["rate"] for one in probe.task.layers if one.kind == "dropout"), 0.0)
    return {
        "parameter_count": sum(sizes),
        "wrong_shapes": {},
        "outputs": norms,
        "outputs_after": norms,
        "losses": losses,
        "expected_losses": losses,
        "weights": {name: dict(norms) for name in names},
        "loss": 2.0,
        "expected_loss": 2.0,
        "gradients": {name: dict(norms) for name in names},
        "updates": [{"difference": 0.0}] * probe.steps,
        "values": 10000,
        "dropped": round(10000 * rate),
        "scale_low": 1 / (1 - rate),
        "scale_high": 1 / (1 - rate),
        "masks_differ": True,
        "predict_difference": 0.0,
        "predict_scale": 1.0,
    }
