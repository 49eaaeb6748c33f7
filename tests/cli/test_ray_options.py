"""`judge score --workers ray`: which options belong together, and what a settings file may set."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from judge.cli import main
from judge.cli import score as score_command
from judge.scoring.backends.ray.options import RayOptions

ANSWERS = Path(__file__).parents[2] / "examples" / "answers.jsonl"
VLLM = ("--judge", "vllm:x")


@pytest.fixture
def given(monkeypatch, tmp_path):
    """The settings of the engine with which the last command would have scored."""
    engines = []

    class Panel:
        members = ()

        def __init__(self, *_, engine, **__):
            engines.append(engine)

        def check(self):
            pass

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(score_command, "Panel", Panel)
    monkeypatch.setattr(score_command, "_score", lambda *_, **__: 0)
    return engines


def judge(*words):
    return CliRunner().invoke(main, ["score", str(ANSWERS), *words])


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ((), None),
        (("--workers", "ray"), RayOptions()),
        (("--workers", "ray:8"), RayOptions(workers=8)),
        (
            ("--workers", "ray", "--ray-address", "auto", "--ship-images"),
            RayOptions(address="auto", ship_images=True),
        ),
    ],
)
def test_options_become_those_of_the_engine(given, words, options):
    assert judge(*VLLM, *words).exit_code == 0
    assert given[-1].ray == options


@pytest.mark.parametrize("text", ["dask", "ray:", "ray:0", "ray:-1", "ray:x", "8"])
def test_workers_of_another_kind_are_a_usage_error(text):
    result = judge(*VLLM, "--workers", text)
    assert result.exit_code == 2
    assert f"'{text}': allowed is ray, or ray:N for N workers" in result.stderr


@pytest.mark.parametrize("words", [("--ray-address", "auto"), ("--ship-images",)])
def test_options_of_the_cluster_need_workers(words):
    result = judge(*VLLM, *words)
    assert result.exit_code == 2
    assert f"{words[0]} belongs to --workers ray; add --workers ray" in result.stderr


def test_workers_need_a_model_in_this_process():
    result = judge("--workers", "ray")
    assert result.exit_code == 2
    assert "--workers applies to --judge vllm:MODEL, and no such judge is given" in result.stderr


@pytest.mark.usefixtures("given")
@pytest.mark.parametrize("settings", ['workers = "ray"', "ship_images = true", 'ray_address = "auto"'])
def test_settings_are_for_calls_that_need_them(settings):
    Path("judge.toml").write_text(f"[score]\n{settings}\n")
    assert judge().exit_code == 0


@pytest.mark.usefixtures("given")
def test_address_in_a_settings_file_needs_trust():
    Path("judge.toml").write_text('[score]\nray_address = "elsewhere:6379"\n')
    result = judge(*VLLM, "--workers", "ray")
    assert result.exit_code == 2
    assert "judge.toml: its ray_address was not given on the command line" in result.stderr
    assert judge(*VLLM, "--workers", "ray", "--trust-config").exit_code == 0
