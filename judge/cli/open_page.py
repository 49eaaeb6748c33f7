"""Opening a page in the browser of the desktop."""

import os
import sys
import webbrowser
from pathlib import Path

_DESKTOPS = ("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME", "BROWSER")


def open_page(page: Path) -> bool:
    """Open a page in the browser; return whether there was one to open it in.

    On Linux without a desktop `webbrowser` would start a text browser, which takes over the terminal.
    """
    if sys.platform.startswith("linux") and not any(os.environ.get(name) for name in _DESKTOPS):
        return False
    return webbrowser.open(page.resolve().as_uri())
