"""The network that every framework trains alike: what is said of what each reached."""

from __future__ import annotations

import oracle_mlp
import pytest
from epoch_runs import make_epochs
from oracle_mlp import SCENARIO, Reached, judge, read_accuracies, report

from dlbench.cells import Request
from dlbench.errors import RunsFailedError, StoppedError
from dlbench.network import summarize
from dlbench.record import Record
from dlbench.scenario import load


def test_the_scenario_has_no_chance_in_it() -> None:
    scenario = load(SCENARIO)
    assert summarize(scenario).parameter_count == 784 * 100 + 100 + 100 * 10 + 10
    assert scenario.optimizer is not None
    assert scenario.optimizer.kind == "sgd"
    assert not scenario.optimizer.parameters["momentum"]
    assert {layer.kind for layer in scenario.network} == {"dense", "activation"}


@pytest.mark.parametrize(
    ("accuracy", "said"),
    [
        (0.8471, "as the oracle"),
        (0.8481, "as the oracle"),
        (0.8461, "as the oracle"),
        (0.8460, "0.0011 away from the oracle"),
        (0.6, "0.2471 away from the oracle"),
    ],
)
def test_an_accuracy_is_held_against_the_oracle_s(accuracy: float, said: str) -> None:
    assert judge(Reached(framework="x", accuracies=(0.1, accuracy)), 0.8471) == said


def test_the_report_has_a_line_for_each_framework() -> None:
    found = [
        Reached(framework="torch==torch-2.13.0", accuracies=(0.8, 0.83, 0.8472)),
        Reached(framework="slow==slow-1", trouble="1 of 1 runs did not end well"),
    ]
    first, torch, slow = report(found, 0.8471)
    assert "0.8471" in first
    assert torch.split()[:4] == ["torch==torch-2.13.0", "0.8000", "0.8300", "0.8472"]
    assert torch.endswith("as the oracle")
    assert slow.endswith("failed: 1 of 1 runs did not end well")


def test_accuracies_are_those_after_each_epoch() -> None:
    assert list(read_accuracies(make_epochs("a1", [0.8, 0.84]))) == [0.8, 0.84]


def test_a_framework_that_fails_does_not_keep_the_others_from_their_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(request: Request, *, parity: bool) -> Record:
        assert not parity
        error = StoppedError if request.frameworks == ("stopped",) else RunsFailedError
        raise error("1 of 1 runs\ndid not end well", "")

    monkeypatch.setattr(oracle_mlp, "execute", fail)
    assert oracle_mlp.train("torch").trouble == "1 of 1 runs did not end well"
    with pytest.raises(StoppedError):
        oracle_mlp.train("stopped")
