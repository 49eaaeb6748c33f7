"""Options of a model on the machines of a Ray cluster."""

import re
from typing import Any

import click
from click.core import ParameterSource

from judge.cli import settings_file
from judge.cli.options import section
from judge.scoring.backends.ray.options import RayOptions

_FORM = re.compile(r"ray(?::([1-9]\d{0,5}))?", re.ASCII)


def _workers(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """``ray`` or ``ray:8`` as it is given; a click callback that checks it."""
    if value is not None and not _FORM.fullmatch(value):
        raise click.BadParameter(
            f"{value!r}: allowed is ray, or ray:N for N workers, such as ray:8", ctx, param
        )
    return value


ray_options = section(
    "Many machines (--judge vllm:MODEL)",
    click.option(
        "--workers",
        metavar="ray[:N]",
        callback=_workers,
        help="Run the model with N workers on a Ray cluster; without N, one for each graphics card.",
    ),
    click.option(
        "--ray-address",
        metavar="ADDRESS",
        help="Address of a running Ray cluster, or auto.  [default: Ray is started on this machine]",
    ),
    click.option(
        "--ship-images",
        is_flag=True,
        help="Send images to the workers, if they cannot read them from the same paths.",
    ),
)


def ray_of(values: dict[str, Any]) -> RayOptions | None:
    """Build the settings of the cluster; None if the model runs in this process."""
    text, source = values["workers"], click.get_current_context().get_parameter_source
    if text is None:
        for name in ("ray_address", "ship_images"):
            if source(name) is ParameterSource.COMMANDLINE:
                raise click.UsageError(
                    f"--{name.replace('_', '-')} belongs to --workers ray; add --workers ray"
                )
        return None
    if not any(model.startswith("vllm:") for model in values["model"]):
        if source("workers") is ParameterSource.COMMANDLINE:
            raise click.UsageError("--workers applies to --judge vllm:MODEL, and no such judge is given")
        return None
    if source("ray_address") is ParameterSource.DEFAULT_MAP and not values["trust_config"]:
        raise click.UsageError(
            f"{settings_file()}: its ray_address was not given on the command line, and the judge would run "
            "there. Give it on the command line (--ray-address), or trust the file with --trust-config or "
            "JUDGE_TRUST_CONFIG=1"
        )
    number = text.partition(":")[2]
    return RayOptions(
        workers=int(number) if number else None,
        address=values["ray_address"],
        ship_images=values["ship_images"],
    )
