"""What the adapters are compared in: steps of VGG16, and epochs of five scenarios.

A step is fed before its clock starts; an epoch feeds its batches inside it.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from adapter_bench import Work

from dlbench.job import Plan, Trials, Warmup

TENSORFLOW, TORCH = "tensorflow==2.21.0", "torch==2.13.0"
KERAS = ("keras==tensorflow-1.0.0", "keras==theano-0.9.0")
#: TensorFlow 1, which has scripts of its own: as it was, and the last one, in Intel's build.
TENSORFLOW1 = ("tensorflow==1.0.0", "tensorflow==1.15.0+intel")
#: Deeplearning4j, whose programs are Java: as it was in 2016, and the last one.
DEEPLEARNING4J = ("deeplearning4j==0.4-rc3.8", "deeplearning4j==1.0.0-M2.1")
NOTHING = Trials(at_most=0, at_least=0)


@dataclass(frozen=True, kw_only=True)
class Amount:
    """How much is measured in a pair; zeros leave it to the work."""

    count: int
    warmup: int
    batch_size: int
    steps_per_epoch: int


#: Name -> framework with its axes, script with its own arguments.
STEPS = {
    "tensorflow-NHWC": (f"{TENSORFLOW}:layout=NHWC", ("vgg16_tensorflow.py", "--layout", "NHWC")),
    "torch-NHWC": (f"{TORCH}:layout=NHWC", ("vgg16_torch.py", "--layout", "NHWC")),
    "torch-NCHW": (f"{TORCH}:layout=NCHW", ("vgg16_torch.py", "--layout", "NCHW")),
    "tensorflow-NCHW": (f"{TENSORFLOW}:layout=NCHW", ("vgg16_tensorflow.py", "--layout", "NCHW")),
    "theano": ("theano==0.9.0", ("vgg16_theano.py",)),
    "tensorflow-NHWC-xla": (
        f"{TENSORFLOW}:layout=NHWC,xla=on",
        ("vgg16_tensorflow.py", "--layout", "NHWC", "--xla"),
    ),
    "tensorflow1": (TENSORFLOW1[0], ("vgg16_tensorflow1.py",)),
    **{
        f"tensorflow1.15-{layout}{'-xla' if xla else ''}": (
            f"{TENSORFLOW1[1]}:layout={layout}" + (",xla=on" if xla else ""),
            ("vgg16_tensorflow1.py", "--layout", layout, *(["--xla"] if xla else [])),
        )
        for layout in ("NHWC", "NCHW")
        for xla in (False, True)
    },
    "caffe": ("caffe==1.0.0", ("vgg16_caffe.py",)),
    "cntk": ("cntk==2.7", ("vgg16_cntk.py",)),
    "mxnet": ("mxnet==0.11.0", ("vgg16_mxnet.py",)),
    "torch1": ("torch==1.0.0", ("vgg16_torch1.py",)),
    "torch7": ("torch7", ("vgg16_torch7.py",)),
    "deeplearning4j": (DEEPLEARNING4J[1], ("java_program.py", "vgg16_deeplearning4j")),
    "keras-tensorflow": (KERAS[0], ("vgg16_keras.py", "--layout", "NHWC")),
    "keras-theano": (KERAS[1], ("vgg16_keras.py", "--layout", "NCHW")),
}

#: Scenario -> steps that an epoch is cut to, so that it takes some seconds on two cores.
EPOCHS = {
    "fcnn-depth": 468,
    "mnist-mlp": 468,
    "mnist-cnn": 60,
    "cifar10-cnn": 150,
    "mnist-hrnn": 30,
}

#: Scenario -> frameworks of 2016 to 2022, each with a script for it.
EARLIER = {
    "fcnn-depth": ("caffe==1.0.0", TENSORFLOW1[0], *KERAS, DEEPLEARNING4J[0]),
    "mnist-mlp": (
        *("theano==0.9.0", "caffe==1.0.0", "cntk==2.7", "mxnet==0.11.0"),
        *("torch==1.0.0", "torch7"),
        TENSORFLOW1[0],
        *KERAS,
        *DEEPLEARNING4J,
    ),
    "mnist-cnn": (DEEPLEARNING4J[1],),
}

#: How the names of a framework's scripts end, where not with its own name.
ENDS = {
    "torch==1.0.0": "torch1",
    DEEPLEARNING4J[0]: "deeplearning4j0",
    **dict.fromkeys(TENSORFLOW1, "tensorflow1"),
}

#: Further files that a framework's scripts import.
IMPORTED = {"torch7": ("torch7_nn.py",)}


def list_java(script: tuple[str, ...]) -> tuple[str, ...]:
    """Return the Java files of a script: the program that it compiles, and what all share."""
    if script[0] != "java_program.py":
        return ()
    return f"{script[1]}.java", "Epochs.java", "Turns.java"


def step_work(name: str, amount: Amount, threads: int) -> Work:
    """Return the comparison of a training step of VGG16."""
    framework, script = STEPS[name]
    given = ("--batch-size", str(amount.batch_size), "--warmup", str(amount.warmup))
    return Work(
        name=name,
        framework=framework,
        scenario="vgg16",
        axes=(f"batch_size={amount.batch_size}",),
        change_plan=lambda plan: steps_only(plan, amount),
        script=(*script, *given, "--steps", str(amount.count), "--threads", str(threads)),
        beside=(*IMPORTED.get(framework, ()), *list_java(script)),
        turns=amount.warmup + amount.count,
        phase="step",
        read_seconds=lambda found: list(found["step_seconds"]),
    )


def steps_only(plan: Plan, amount: Amount) -> Plan:
    """Return the plan that does what the script does: warm-up, then steps that are each timed."""
    return msgspec.structs.replace(
        plan,
        warmup=Warmup(at_most=amount.warmup, at_least=amount.warmup),
        stepwise=Trials(at_most=amount.count, at_least=amount.count),
        pipelined=NOTHING,
        predict=NOTHING,
    )


def epoch_work(scenario: str, framework: str, amount: Amount) -> Work:
    """Return the comparison of a scenario's epochs; the first one of each side is not counted."""
    name, _, version = framework.partition("==")
    library = ENDS.get(framework, name)
    # An image's name says what a framework runs on.
    label = f"{library}-{version}" if version[:1].isalpha() else library
    steps = amount.steps_per_epoch or EPOCHS[scenario]
    count = 1 + amount.count
    program = f"{scenario.removesuffix('-depth').replace('-', '_')}_{library}"
    java = framework in DEEPLEARNING4J
    script = ("java_program.py", program) if java else (f"{program}.py",)
    return Work(
        name=f"{scenario}-{label}",
        framework=framework,
        scenario=scenario,
        axes=(),
        change_plan=lambda plan: epochs_only(plan, count, steps),
        script=(
            *script,
            "--data",
            "{data}",
            "--epochs",
            str(count),
            "--steps",
            str(steps),
        ),
        beside=("epochs.py", *IMPORTED.get(framework, ()), *list_java(script)),
        turns=count,
        phase="epoch",
        skipped=1,
        read_seconds=lambda found: [epoch["seconds"] for epoch in found["epochs"]],
    )


def epochs_only(plan: Plan, epochs: int, steps: int) -> Plan:
    """Return the plan of epochs alone, each cut to ``steps``."""
    return msgspec.structs.replace(
        plan,
        epochs=epochs,
        steps_per_epoch=steps,
        warmup=Warmup(at_most=0, at_least=0),
        stepwise=NOTHING,
        pipelined=NOTHING,
        predict=NOTHING,
    )


def list_works(kind: str, amount: Amount, threads: int) -> dict[str, Work]:
    """Return every comparison of ``kind``, ``steps`` or ``epochs``, by name."""
    if kind == "steps":
        works = [step_work(name, amount, threads) for name in STEPS]
    else:
        works = [
            epoch_work(scenario, framework, amount)
            for scenario in EPOCHS
            for framework in (TORCH, TENSORFLOW, *EARLIER.get(scenario, ()))
        ]
    return {work.name: work for work in works}
