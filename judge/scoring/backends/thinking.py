"""Whether a model thinks before it answers: a switch of its chat template."""

from collections.abc import Mapping
from typing import Any


def template_kwargs(params: Mapping[str, Any]) -> dict[str, Any]:
    """Put `reasoning_effort` into the words of chat templates.

    Families call the switch by different names, and a template passes over what it does not know. Where
    nothing is given nothing is said, and the template's own default holds; `chat_template_kwargs` that
    were given go first.

    Examples
    --------
    >>> template_kwargs({"reasoning_effort": "none"})
    {'enable_thinking': False, 'thinking': False}
    >>> template_kwargs({"temperature": 0})
    {}
    """
    effort = params.get("reasoning_effort")
    switch: dict[str, Any] = {}
    if effort is not None:
        thinks = effort != "none"
        switch = {"enable_thinking": thinks, "thinking": thinks}
        if thinks:
            switch["reasoning_effort"] = effort
    return {**switch, **(params.get("chat_template_kwargs") or {})}
