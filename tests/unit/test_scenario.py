from __future__ import annotations

from pathlib import Path

import pytest
from scenario_files import (
    BABI_RNN,
    CIFAR10_CNN,
    FCNN_DEPTH,
    MLP,
    MNIST_HRNN,
    VGG_TOY,
    write_scenario,
)

from dlbench.errors import ScenarioError, UnknownNameError
from dlbench.rounds import Rounds
from dlbench.scenario import Augment, Scenario, Trials, Value, Warmup, load, locate, names

SHIPPED = Path(__file__).parents[2] / "scenarios"


def read(folder: Path, text: str, **values: Value) -> Scenario:
    return load(write_scenario(folder, text), values)


def problems(folder: Path, text: str) -> list[str]:
    path = write_scenario(folder, text)
    with pytest.raises(ScenarioError) as caught:
        load(path)
    return caught.value.message.replace(str(path), "toy.yaml").splitlines()


def test_defaults_are_spelled_out(tmp_path: Path) -> None:
    scenario = read(tmp_path, MLP)
    first = scenario.network[0]
    assert first.name == "dense_1"
    assert first.inputs == ("image",)
    assert first.parameters == {"units": 100, "bias": True, "initializer": "glorot_uniform"}
    assert scenario.network[1].parameters == {"function": "relu"}
    assert scenario.optimizer is not None
    assert scenario.optimizer.parameters == {
        "learning_rate": 0.1,
        "momentum": 0.0,
        "nesterov": 0.0,
        "decay": 0.0,
    }
    assert scenario.loss.reduction == "mean"
    assert scenario.metric == "step"


def test_window_takes_one_number_or_two_and_strides_follow_a_pool(tmp_path: Path) -> None:
    scenario = read(tmp_path, CIFAR10_CNN)
    assert scenario.network[0].parameters["kernel"] == [3, 3]
    assert scenario.network[4].parameters == {
        "size": [2, 2],
        "strides": [2, 2],
        "padding": "valid",
    }


def test_block_is_repeated_as_often_as_a_parameter_says(tmp_path: Path) -> None:
    shallow = read(tmp_path, FCNN_DEPTH)
    deep = read(tmp_path, FCNN_DEPTH, depth=3, activation="relu")
    assert [layer.kind for layer in shallow.network] == ["dense", "activation"] * 2
    assert len(deep.network) == 8
    assert [layer.name for layer in deep.network[:4]] == ["dense_1", "relu_1", "dense_2", "relu_2"]
    assert deep.network[2].inputs == ("relu_1",)
    assert deep.values == {"depth": "3", "activation": "relu", "input_scale": "unit"}


def test_value_may_mean_something_else_in_the_file(tmp_path: Path) -> None:
    assert read(tmp_path, FCNN_DEPTH).data.inputs[0].divide_by == 255
    assert read(tmp_path, FCNN_DEPTH, input_scale="raw").data.inputs[0].divide_by == 1


def test_yaml_truth_values_are_typed_as_on_and_off(tmp_path: Path) -> None:
    assert read(tmp_path, CIFAR10_CNN).values == {"augmentation": "on"}
    off = read(tmp_path, CIFAR10_CNN, augmentation="off")
    assert off.values == {"augmentation": "off"}
    assert off.data.augment is None


def test_images_are_augmented_where_the_file_says_so(tmp_path: Path) -> None:
    found = read(tmp_path, CIFAR10_CNN)
    assert found.data.augment == Augment(flip="horizontal", shift=0.1)
    switched = "augment: {when: $augmentation, flip: horizontal, shift: 0.1}"
    always = read(tmp_path, CIFAR10_CNN.replace(switched, "augment: {shift: 0.2}"))
    assert always.data.augment == Augment(flip="none", shift=0.2)
    digests = {found.digest, always.digest}
    never = read(tmp_path, CIFAR10_CNN.replace(switched, "augment:"))
    assert never.data.augment is None
    digests.add(never.digest)
    assert len(digests) == 3
    assert read(tmp_path, CIFAR10_CNN, augmentation="off").digest == found.digest
    assert read(tmp_path, CIFAR10_CNN.replace(f"  {switched}\n", "")).digest == never.digest


@pytest.mark.parametrize(
    ("augment", "problem"),
    [
        ("{flip: vertical}", "data: augment: flip: expected one of none, horizontal"),
        ("{shift: 1}", "data: augment: shift: expected a number of at least 0 and under 1"),
        ("{when: 1, shift: 0.1}", "data: augment: when: expected true or false, found 1"),
        ("{}", "data: augment: expected a flip, a shift, or both"),
        ("on", "data: augment: expected a mapping of keys to values, found True"),
    ],
)
def test_an_augmentation_that_says_nothing_or_too_much(
    tmp_path: Path, augment: str, problem: str
) -> None:
    switched = "{when: $augmentation, flip: horizontal, shift: 0.1}"
    with pytest.raises(ScenarioError) as caught:
        read(tmp_path, CIFAR10_CNN.replace(switched, augment))
    assert problem in caught.value.message


def test_only_images_are_augmented(tmp_path: Path) -> None:
    text = MLP.replace("  target:", "  augment: {shift: 0.1}\n  target:")
    with pytest.raises(ScenarioError, match="needs an input of height, width and channels"):
        read(tmp_path, text)


def test_items_kept_for_validation_are_part_of_the_meaning(tmp_path: Path) -> None:
    found = read(tmp_path, BABI_RNN)
    assert found.data.validation == 0.05
    without = read(tmp_path, BABI_RNN.replace("  validation: 0.05\n", ""))
    assert without.data.validation == 0
    assert without.digest != found.digest
    with pytest.raises(ScenarioError, match="stands with a dataset, not with synthetic items"):
        read(tmp_path, VGG_TOY.replace("  items: 10\n", "  items: 10\n  validation: 0.1\n"))


def test_younger_keys_of_data_leave_older_digests_as_they_are(tmp_path: Path) -> None:
    assert read(tmp_path, MLP).digest == "bc986ad5acb97045"


def test_names_in_a_block_belong_to_each_copy(tmp_path: Path) -> None:
    block = """
      - times:
          count: 2
          layers:
            - dense: {units: 784, name: wide}
            - add: [wide, image]
      - dense: 10
      - softmax
    """
    text = MLP.replace(
        "  - dense: 100\n  - relu\n  - dense: 10\n  - softmax\n",
        block.replace("\n    ", "\n").strip("\n") + "\n",
    )
    network = read(tmp_path, text).network
    assert [layer.name for layer in network] == [
        "wide_1",
        "add_1",
        "wide_2",
        "add_2",
        "dense_1",
        "softmax_1",
    ]
    assert network[3].inputs == ("wide_2", "image")


def test_dropout_of_rate_zero_is_left_out() -> None:
    off, on = (load(SHIPPED / "vgg16.yaml", {"dropout": value}) for value in ("off", "on"))
    assert [layer.kind for layer in off.network].count("dropout") == 0
    assert [layer.parameters for layer in on.network if layer.kind == "dropout"] == [
        {"rate": 0.5},
        {"rate": 0.5},
    ]
    assert off.digest == on.digest


def test_several_inputs_are_named(tmp_path: Path) -> None:
    scenario = read(tmp_path, BABI_RNN)
    by_name = {layer.name: layer for layer in scenario.network}
    assert [given.dtype for given in scenario.data.inputs] == ["int32", "int32"]
    assert by_name["embedding_2"].inputs == ("question",)
    assert by_name["add_1"].inputs == ("read_story", "asked")
    assert by_name["lstm_2"].inputs == ("add_1",)


def test_inner_chain_starts_at_the_outer_input(tmp_path: Path) -> None:
    rows = read(tmp_path, MNIST_HRNN, gate_activation="hard_sigmoid").network[0]
    assert rows.name == "rows"
    assert [(layer.name, layer.inputs) for layer in rows.layers] == [("row", ("image",))]
    assert rows.layers[0].parameters["gate_activation"] == "hard_sigmoid"


def test_toy_has_a_label_for_every_pixel(tmp_path: Path) -> None:
    scenario = read(tmp_path, VGG_TOY)
    assert scenario.data.target.shape == (850, 649)
    assert scenario.loss.reduction == "sum"
    assert scenario.optimizer is not None
    assert scenario.optimizer.parameters["epsilon"] == 1e-6


def test_no_optimizer_means_inference_only(tmp_path: Path) -> None:
    text = MLP.replace("{sgd: {learning_rate: 0.1}}", "null")
    assert read(tmp_path, text).optimizer is None


def test_trials_are_exact_or_bounded(tmp_path: Path) -> None:
    text = MLP.replace(
        "full: {epochs: 2}",
        "full: {stepwise: 7, pipelined: {at_most: 100, at_least: 5, seconds: 120}}",
    )
    plan = read(tmp_path, text).plans["full"]
    assert plan.stepwise == Trials(at_most=7, at_least=7)
    assert plan.pipelined == Trials(at_most=100, at_least=5, seconds=120)
    assert plan.predict == Trials(at_most=0, at_least=0)


@pytest.mark.parametrize(
    ("metric", "full", "rounds"),
    [
        ("step", "{epochs: 2}", Rounds(5, 15)),
        ("epoch", "{epochs: 2}", Rounds(1, 1)),
        ("epoch", "{epochs: 2, rounds: 3}", Rounds(3, 3)),
        ("step", "{rounds: 1}", Rounds(1, 1)),
        ("step", "{rounds: 7..12}", Rounds(7, 12)),
    ],
)
def test_a_full_plan_that_measures_steps_has_rounds_until_there_are_verdicts(
    tmp_path: Path, metric: str, full: str, rounds: Rounds
) -> None:
    text = MLP.replace("full: {epochs: 2}", f"full: {full}") + f"metric: {metric}\n"
    plans = read(tmp_path, text).plans
    assert plans["full"].span == rounds
    assert plans["quick"].span == Rounds(1, 1)


@pytest.mark.parametrize("rounds", ["0", "-1", "true", "5..", "5..99", "[5, 15]"])
def test_rounds_that_are_none(tmp_path: Path, rounds: str) -> None:
    text = MLP.replace("full: {epochs: 2}", f"full: {{rounds: {rounds}}}")
    (problem,) = problems(tmp_path, text)
    assert problem.startswith("toy.yaml: plans: full: rounds: expected a ")


@pytest.mark.parametrize(
    ("text", "warmup"),
    [
        ("7", Warmup(at_most=7, at_least=7)),
        ("{at_most: 9, seconds: 5}", Warmup(at_most=9, at_least=1, seconds=5)),
        ("{settle: 0.1}", Warmup(settle=0.1, window=3, at_most=30, at_least=3, seconds=60)),
        (
            "{settle: 0.02, window: 1, at_most: 5, at_least: 4, seconds: 7.5}",
            Warmup(settle=0.02, window=1, at_most=5, at_least=4, seconds=7.5),
        ),
    ],
)
def test_a_warm_up_is_exact_or_ends_by_test(tmp_path: Path, text: str, warmup: Warmup) -> None:
    plan = read(tmp_path, MLP.replace("full: {epochs: 2}", f"full: {{warmup: {text}}}")).plans[
        "full"
    ]
    assert plan.warmup == warmup


def test_a_warm_up_ends_by_test_where_the_file_says_nothing(tmp_path: Path) -> None:
    plan = read(tmp_path, MLP).plans["full"]
    assert plan.warmup == Warmup(settle=0.05, window=3, at_most=30, at_least=3, seconds=60)


@pytest.mark.parametrize(
    "text",
    [
        "many",
        "{settle: 0}",
        "{settle: 1.5}",
        "{settle: 0.05, window: 0}",
        "{settle: 0.05, at_least: 2}",
        "{settle: 0.05, at_most: 6}",
        "{settle: 0.05, steps: 6}",
        "{window: 3}",
    ],
)
def test_a_warm_up_that_means_nothing(tmp_path: Path, text: str) -> None:
    with pytest.raises(ScenarioError, match=r"warmup: expected a whole number, .*settle: 0\.05"):
        read(tmp_path, MLP.replace("full: {epochs: 2}", f"full: {{warmup: {text}}}"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name: mlp", "name: other\nsummary: prose"),
        ("{epochs: 2}", "{epochs: 9, warmup: 1}"),
        ("dense: 100", "dense: {units: 100, bias: true}"),
        ("loss: cross_entropy", "loss: {cross_entropy: {reduction: mean}}"),
        ("divide_by: 255", "divide_by: 255.0"),
        ("batch_size: 128", "batch_size: 64"),
    ],
)
def test_digest_stays_when_the_meaning_does(tmp_path: Path, old: str, new: str) -> None:
    assert old in MLP
    assert read(tmp_path, MLP.replace(old, new)).digest == read(tmp_path, MLP).digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("dense: 100", "dense: 101"),
        ("dense: 100", "dense: {units: 100, bias: false}"),
        ("- relu", "- tanh"),
        ("divide_by: 255", "divide_by: 254"),
        ("learning_rate: 0.1", "learning_rate: 0.2"),
        ("loss: cross_entropy", "loss: {cross_entropy: {reduction: sum}}"),
        ("dataset: mnist", "dataset: fashion-mnist"),
    ],
)
def test_digest_follows_the_meaning(tmp_path: Path, old: str, new: str) -> None:
    assert old in MLP
    assert read(tmp_path, MLP.replace(old, new)).digest != read(tmp_path, MLP).digest


def test_digest_is_of_the_file_and_not_of_the_values_chosen(tmp_path: Path) -> None:
    once = read(tmp_path, FCNN_DEPTH)
    assert once.digest == read(tmp_path, FCNN_DEPTH, depth=4).digest
    longer = FCNN_DEPTH.replace("[1, 2, 3, 4]", "[1, 2, 3, 4, 5]")
    assert once.digest == read(tmp_path, longer).digest
    other = FCNN_DEPTH.replace("unit: 255", "unit: 256")
    assert once.digest != read(tmp_path, other).digest


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    text = (
        MLP
        .replace("dense: 100", "dense: {unit: 100}")
        .replace("- relu", "- rleu")
        .replace("dense: 10\n", "dense: many\n")
        .replace("learning_rate: 0.1", "learning_rate: -1")
        .replace("batch_size: 128", "batchsize: 128")
        .replace("dataset: mnist", "dataset: 7")
        .replace("quick: {epochs: 1}", "quick: {epochs: one, stepwise: {at_most: 3}}")
    )
    trials = "a whole number, or {at_most: 100, at_least: 5, seconds: 120}"
    assert problems(tmp_path, text) == [
        "toy.yaml: unknown key 'batchsize'; did you mean 'batch_size'?",
        "toy.yaml: missing key 'batch_size'",
        "toy.yaml: plans: quick: epochs: expected a whole number of at least 0, found 'one'",
        f"toy.yaml: plans: quick: stepwise: expected {trials}, found {{'at_most': 3}}",
        "toy.yaml: data: dataset: expected a text, found 7",
        "toy.yaml: network[0] dense: unknown key 'unit'; did you mean 'units'?",
        "toy.yaml: network[0] dense: missing key 'units'",
        "toy.yaml: network[1]: unknown word 'rleu'; did you mean 'relu'?",
        "toy.yaml: network[2] dense: units: expected a whole number of at least 1, found 'many'",
        "toy.yaml: optimizer sgd: learning_rate: expected a number above 0, found -1",
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "  - relu\n",
            "  - relu:\n    name: x\n",
            "network[1]: expected one word, or one word and its value, found "
            "{'relu': None, 'name': 'x'}; further keys stand inside: "
            "`- dense: {units: 10, name: scores}`",
        ),
        ("- relu", "- relu: {inputs: dense_9}", None),
        ("- relu", "- relu: {name: 3x}", None),
        (
            "  - relu\n",
            "  - relu\n  - dense: {units: 5, inputs: dense_1}\n",
            "network: nothing takes the output of 'relu_1'",
        ),
        (
            "  - relu\n",
            "  - relu: {name: dense_1}\n",
            "network[1] relu: the name 'dense_1' is taken already",
        ),
        (
            "  - relu\n",
            "  - add: [dense_1]\n",
            "network[1] add: inputs: expected two names or more",
        ),
        (
            "- relu",
            "- convolution: 3",
            "network[1] convolution: expected a mapping of filters, kernel, strides, padding, "
            "bias, initializer, found 3",
        ),
        ("- relu", "- dropout: 1", None),
        (
            "- relu",
            "- dropout: $rate",
            "network[1] dropout: rate: no parameter 'rate' in this file; none are known",
        ),
        (
            "dataset: mnist",
            "dataset: synthetic",
            "data: items: stands with `dataset: synthetic`, and only there",
        ),
        ("loss: cross_entropy", "loss: [cross_entropy]", None),
        ("network:\n", "network: dense\nothers:\n", None),
        ("inputs: {image: {shape: [784], divide_by: 255}}", "inputs: {}", None),
    ],
)
def test_one_problem_is_told_with_its_place(
    tmp_path: Path, old: str, new: str, message: str | None
) -> None:
    assert old in MLP
    found = problems(tmp_path, MLP.replace(old, new, 1))
    assert all(line.startswith("toy.yaml: ") for line in found)
    if message is not None:
        assert found == [f"toy.yaml: {message}"]


def test_layer_before_it_must_exist(tmp_path: Path) -> None:
    found = problems(tmp_path, MLP.replace("- relu", "- relu: {inputs: dense_9}"))
    assert found[0] == (
        "toy.yaml: network[1] relu: inputs: no layer or input 'dense_9' before it; "
        "did you mean 'dense_1'?"
    )


def test_first_layer_of_several_inputs_must_choose(tmp_path: Path) -> None:
    found = problems(tmp_path, BABI_RNN.replace(", inputs: story", ""))
    assert found[0] == (
        "toy.yaml: network[0] embedding: missing `inputs`: the network has several "
        "(story, question)"
    )


def test_inner_chain_does_not_see_the_outside(tmp_path: Path) -> None:
    text = MNIST_HRNN.replace(
        "  - lstm: {units: 128, gate",
        "  - dense: {units: 3, inputs: row}\n  - lstm: {units: 128, gate",
        1,
    )
    assert "no layer or input 'row' before it" in problems(tmp_path, text)[0]


def test_yaml_itself_may_be_wrong(tmp_path: Path) -> None:
    assert problems(tmp_path, "format: 1\nname: a: b\n") == [
        "toy.yaml: line 2, column 8: mapping values are not allowed in this context"
    ]
    assert problems(tmp_path, "- a\n") == [
        "toy.yaml: expected a mapping of keys to values, found ['a']"
    ]
    assert problems(tmp_path, MLP + "batch_size: 64\n")[0].endswith(
        "the key 'batch_size' is given twice"
    )


def test_alias_within_itself_is_an_error(tmp_path: Path) -> None:
    block = "network: &again\n  - times: {count: 2, layers: *again}\n"
    text = MLP.replace("network:\n", block + "others:\n")
    assert problems(tmp_path, text) == [
        "toy.yaml: nested more than 30 deep, or an alias within itself"
    ]


def test_newer_format_asks_for_an_update(tmp_path: Path) -> None:
    path = write_scenario(tmp_path, MLP.replace("format: 1", "format: 2\nnovelty: true"))
    with pytest.raises(ScenarioError) as caught:
        load(path)
    assert "format: 2 is newer than this dlbench reads (1)" in caught.value.message
    assert caught.value.hint == "update dlbench"


def test_unknown_parameter_or_value(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="no parameter 'dept'") as caught:
        read(tmp_path, FCNN_DEPTH, dept=1)
    assert caught.value.hint == "did you mean 'depth'?"
    with pytest.raises(UnknownNameError, match="depth has no value '9'"):
        read(tmp_path, FCNN_DEPTH, depth=9)


def test_first_folder_wins(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    write_scenario(mine, MLP, "vgg16.yaml")
    assert locate("vgg16", (mine, SHIPPED)) == mine / "vgg16.yaml"
    assert locate(str(SHIPPED / "vgg16.yaml"), (mine,)) == SHIPPED / "vgg16.yaml"
    with pytest.raises(UnknownNameError, match="unknown scenario 'vgg61'") as caught:
        locate("vgg61", (mine, SHIPPED))
    assert caught.value.hint == "did you mean 'vgg16'?"
    with pytest.raises(UnknownNameError, match="there is no scenario file"):
        locate("missing.yaml", (mine,))


def test_shipped_scenarios_are_pinned_by_their_digests() -> None:
    digests = {name: load(path).digest for name, path in names([SHIPPED]).items()}
    assert digests["mnist-cnn"] == "631c1e6efc3d5c1f"
    assert digests["mnist-mlp"] == "845e7e82498b8d3e"
    assert digests["vgg16"] == "a9c1927966eeba6c"
