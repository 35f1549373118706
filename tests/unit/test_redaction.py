from __future__ import annotations

import msgspec
import pytest
from records import FILE_TEXT, make_environment, make_failure, make_record

from dlbench.record import Provenance, Record, ScenarioFacts
from dlbench.redaction import Secrets, find_secrets, redact, redact_argument, redact_text

SECRETS = Secrets(
    hosts={"wonderland": "host-abcdef"}, users=("alice",), folders=("/data dir/alice work",)
)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ('File "/home/alice/x/adapter.py", line 3', 'File "<path>/adapter.py", line 3'),
        ("cannot open /home/alice", "cannot open <path>"),
        ("cannot open /home/alice.b", "cannot open <path>/<user>.b"),
        ("-I/home/alice/include", "-I<path>"),
        ("PATH=/home/alice/bin:/home/alice/sbin:/usr/bin", "PATH=<path>:<path>:/usr/bin"),
        ("see /tmp/run-1/log.txt!", "see <path>/log.txt!"),
        ("in '/Users/Alice Smith/my file.py'", "in '<path>/my file.py'"),
        ("~alice/notes.txt", "<path>/notes.txt"),
        ("'/usr/lib/libc.so.6' and /usr/lib/x.so", "'/usr/lib/libc.so.6' and /usr/lib/x.so"),
        (
            'File "/srv/env/lib/python3.11/site-packages/torch/nn/conv.py", line 1',
            'File "<path>/site-packages/torch/nn/conv.py", line 1',
        ),
        (
            'File "/opt/venv/lib/python3.11/site-packages/torch/a.py"',
            'File "/opt/venv/lib/python3.11/site-packages/torch/a.py"',
        ),
        ("under /data dir/alice work/net.yaml", "under <path>/net.yaml"),
        ("https://alice:pw@pypi.example/simple failed", "<address> failed"),
        ("unix:///run/user/1000/docker.sock", "<address>"),
        ("wonderland: alice did it; alice_2 too", "host-abcdef: <user> did it; <user>_2 too"),
        ("malice in wonderlands", "malice in wonderlands"),
        (
            "12 images/s, 3 and/or 4, dlbench/torch:cpu",
            "12 images/s, 3 and/or 4, dlbench/torch:cpu",
        ),
        ("weights dense/kernel of 1/2", "weights dense/kernel of 1/2"),
    ],
)
def test_text(text: str, clean: str) -> None:
    assert redact_text(text, SECRETS) == clean


@pytest.mark.parametrize(
    ("argument", "clean"),
    [
        ("--framework=torch:layout=NHWC", "--framework=torch:layout=NHWC"),
        ("vgg16", "vgg16"),
        ("--wheel=../alice/own-1.whl", "--wheel=<path>/own-1.whl"),
        ("nets/mine.yaml", "<path>/mine.yaml"),
        ("/home/alice/mine.yaml", "<path>/mine.yaml"),
        ("--python=/usr/bin/python3", "--python=/usr/bin/python3"),
        ("--index=https://alice@example.org/simple", "--index=<address>"),
    ],
)
def test_arguments(argument: str, clean: str) -> None:
    assert redact_argument(argument, SECRETS) == clean


@pytest.fixture
def record() -> Record:
    """Return a record that gives everything away, everywhere it can."""
    failure = make_failure(
        "abcdef000001",
        detail="RuntimeError: alice lacks /home/alice/kernel.so on wonderland",
        scenario=ScenarioFacts(
            name="tiny",
            digest="d" * 64,
            metric="step",
            file_text=FILE_TEXT + "source: https://example.org/paper  # /home/alice/paper.pdf\n",
            values={"depth": 3},
        ),
        provenance=Provenance(
            dlbench="0.1.0",
            python="3.11.2",
            command_line=("/home/alice/bin/dlbench", "run", "./alice/tiny.yaml", "--keep"),
        ),
        environment=make_environment(
            engine={"name": "docker", "details": {"host": "wonderland", "root": "/home/alice/d"}},
            gpus=({"name": "Example GPU", "uuid": "GPU-1234", "driver": "1.2"},),
        ),
    )
    assert failure.result is not None
    result = msgspec.structs.replace(
        failure.result, settings={"built": {"compiledir": "/home/alice/.theano", "threads": 2}}
    )
    outcome = msgspec.structs.replace(
        failure.outcome, log_tail="alice@wonderland:~/x$ /home/alice/y"
    )
    image = msgspec.structs.replace(
        failure.image, engine_id="/home/alice/.cache/dlbench/venvs/ab12", wheels=("own.whl",)
    )
    return msgspec.structs.replace(failure, result=result, outcome=outcome, image=image)


def test_nothing_private_is_left_in_a_record(record: Record) -> None:
    secrets = find_secrets([record])
    assert secrets.users == ("alice",)
    text = msgspec.json.encode(redact(record, secrets)).decode()
    for secret in ("alice", "wonderland", "/home", "GPU-1234"):
        assert secret not in text


def test_what_was_measured_stays(record: Record) -> None:
    clean = redact(record, find_secrets([record]))
    same = ("run_id", "schema", "started", "campaign", "round", "cell", "job", "limits", "events")
    for name in same:
        assert getattr(clean, name) == getattr(record, name)
    assert clean.environment.host == "host-abcdef"
    assert clean.environment.cpu_model == record.environment.cpu_model
    assert clean.environment.gpus[0]["driver"] == "1.2"
    assert clean.result is not None
    assert clean.result.settings["built"]["threads"] == 2
    assert clean.result.failure is not None
    assert "site-packages/torch/nn/modules/conv.py" in clean.result.failure.traceback
    assert clean.provenance.command_line == ("dlbench", "run", "<path>/tiny.yaml", "--keep")
    assert "source: https://example.org/paper" in clean.scenario.file_text
    assert clean.scenario.values == {"depth": 3}


def test_redacting_twice_changes_nothing_more(record: Record) -> None:
    once = redact(record, find_secrets([record]))
    assert redact(once, find_secrets([once])) == once


def test_hosts_stay_apart_whatever_the_order() -> None:
    here, there = make_environment(host="here"), make_environment(host="there")
    records = [
        make_record("bbbbbb000001", environment=here),
        make_record("aaaaaa000001", environment=here),
        make_record("cccccc000001", environment=there),
    ]
    expected = {"here": "host-aaaaaa", "there": "host-cccccc"}
    assert find_secrets(records).hosts == expected
    assert find_secrets(records[::-1]).hosts == expected


def test_ordinary_account_names_do_not_take_words_with_them() -> None:
    assert find_secrets([make_record()], users=["root", "me", ""]).users == ()
