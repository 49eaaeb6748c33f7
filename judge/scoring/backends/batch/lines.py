"""A request as one line of JSON."""

import json
from typing import Any


def json_line(value: Any) -> bytes:
    r"""Return JSON without line ends, which ASCII cannot contain unescaped.

    >>> json_line({"text": "a\u2028b"})
    b'{"text":"a\\u2028b"}'
    """
    return json.dumps(value, separators=(",", ":")).encode()
