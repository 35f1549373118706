"""What tells two parity runs apart: digests of probes, image, adapter, worker and machine.

A verdict speaks for every cell with the same key.  The batch size is in it, by the probes, for
programs choose algorithms by the shape of a batch; it is not in the key of the oracle's arrays,
which are those of a few items.  Threads, feed and loop are in neither: they change how much is done
at once, not what is computed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from dlbench.engine import BuiltImage
from dlbench.framework import Framework, Image
from dlbench.gpus import read_gpus
from dlbench.host import read_cpu
from dlbench.job import Job
from dlbench.runner import WORKER


def reference_key(job: Job, built: BuiltImage, framework: Framework, image: Image) -> str:
    """Return what is equal for equal arrays of the oracle."""
    return digest([identify_job(job), identify_image(built), identify_code(framework, image)])


def maker_key(built: BuiltImage, framework: Framework, image: Image) -> str:
    """Return what is equal for all arrays of one oracle, whatever they are of."""
    return digest([identify_image(built), identify_code(framework, image)])


def parity_key(
    job: Job, built: BuiltImage, framework: Framework, image: Image, reference: str
) -> str:
    """Return what is equal for cells that one verdict speaks for.

    ``reference`` is the key of the arrays that the cell is compared with.
    """
    return digest([
        identify_job(job),
        identify_image(built),
        identify_code(framework, image),
        identify_processor(job.settings.device),
        reference,
    ])


def digest(facts: object) -> str:
    """Return 24 hexadecimal digits that are equal for equal facts."""
    content = msgspec.json.encode(facts, order="sorted")
    return hashlib.sha256(content).hexdigest()[:24]


def identify_job(job: Job) -> list[Any]:
    """Return what a parity job computes: its probes, seed, device and the framework's axes."""
    settings = job.settings
    return [job.protocol, job.parity, settings.seed, settings.device, settings.axes, job.processes]


def identify_image(built: BuiltImage) -> list[Any]:
    """Return what an image holds; one that is not pinned is told by what is installed."""
    if built.pinned:
        return [built.image_id, built.device, built.digest]
    return [built.image_id, built.device, built.digest, built.engine_id, dict(built.packages)]


def identify_code(framework: Framework, image: Image) -> list[str]:
    """Return digests of the adapter with its further files, and of the worker."""
    adapter = image.adapter or framework.adapter
    return [
        " ".join(framework.command),
        digest_files([adapter, *framework.files]),
        digest_files(WORKER.glob("*.py")),
    ]


def identify_processor(device: str) -> list[str]:
    """Return what computes: libraries choose other kernels for other processors."""
    try:
        cpu = read_cpu(Path("/proc/cpuinfo").read_text())
    except OSError:
        return []
    gpus = () if device == "cpu" else read_gpus()
    return [cpu.model, *cpu.features, *(str(gpu.get("name")) for gpu in gpus)]


def digest_files(files: Iterable[Path]) -> str:
    """Return the digest of files by name and content."""
    found = hashlib.sha256()
    for file in sorted(files, key=lambda path: path.name):
        content = file.read_bytes()
        found.update(f"{file.name} {len(content)}\n".encode() + content)
    return found.hexdigest()
