"""Reasoning models: the switch in their chat template, and the end of the reasoning. Pure."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

OPEN, CLOSE = "<think>", "</think>"

Render = Callable[[Mapping[str, Any]], str]
"""Render a message with a chat template and these settings."""

_ON = {"enable_thinking": True, "thinking": True}
_OFF = {"enable_thinking": False, "thinking": False}
_OPENED = re.compile(rf"{OPEN}\s*$")
_CLOSED = re.compile(rf"{CLOSE}\s*$")


def template_kwargs(params: Mapping[str, Any]) -> dict[str, Any]:
    """Translate `reasoning_effort` into settings of chat templates.

    Model families have different names for the switch, and templates ignore unknown settings. Without
    `reasoning_effort` the default of the template applies; `chat_template_kwargs` take precedence.

    Examples
    --------
    >>> template_kwargs({"reasoning_effort": "none"})
    {'enable_thinking': False, 'thinking': False}
    >>> template_kwargs({"temperature": 0})
    {}
    """
    effort = params.get("reasoning_effort")
    switch: dict[str, Any] = {}
    if effort == "none":
        switch = dict(_OFF)
    elif effort is not None:
        switch = {**_ON, "reasoning_effort": effort}
    return {**switch, **(params.get("chat_template_kwargs") or {})}


def opens_thought(prompt: str) -> bool:
    r"""Whether a prompt starts the reasoning of the model: it ends with an opening tag.

    >>> opens_thought("assistant\n<think>\n"), opens_thought("assistant\n<think>\n\n</think>\n\n")
    (True, False)
    """
    return bool(_OPENED.search(prompt))


def may_think(render: Render, given: Mapping[str, Any]) -> bool:
    """Whether a model may reason, judging by the prompt that its chat template renders.

    It may if the prompt ends with an opening tag, or if the template has a switch that is on: the prompt is
    then the same as with the switch on, and different from the prompt with the switch off.
    """
    prompt = render(given)
    if opens_thought(prompt) or _CLOSED.search(prompt):
        return opens_thought(prompt)
    return prompt == render({**given, **_ON}) != render({**given, **_OFF})


def split_thought(text: str) -> tuple[str, str]:
    """Separate reasoning and answer in a reply in which the server has not separated them.

    The first closing tag counts, because a later one may belong to a quotation of the answer under judgment,
    as may one after a brace. Without a closing tag there is no answer. If the template opens the reasoning in
    the prompt, the reply contains only the closing tag.

    Examples
    --------
    >>> split_thought("<think>Hm.</think> 4"), split_thought("<think>A 5, or"), split_thought("4")
    (('Hm.', '4'), ('A 5, or', ''), ('', '4'))
    """
    opened = text.lstrip().startswith(OPEN)
    before, end, after = text.lstrip().removeprefix(OPEN).partition(CLOSE)
    if opened or (end and "{" not in before and OPEN not in before):
        return before, after.lstrip()
    return "", text


@dataclass(frozen=True, slots=True)
class ThoughtMarks:
    """The tokens that enclose the reasoning of a model."""

    open: int
    close: int
    opened: bool
    """Whether the prompt already contains the opening token."""

    def split(self, tokens: Sequence[int]) -> tuple[Sequence[int], Sequence[int]]:
        """Separate the tokens of the reasoning, with its enclosing tokens, from those of the answer.

        The first closing token counts, because a later one may belong to a quotation of the answer under
        judgment. Without a closing token there is no answer.

        Examples
        --------
        >>> ThoughtMarks(open=1, close=2, opened=False).split([1, 7, 8, 2, 9])
        ([1, 7, 8, 2], [9])
        >>> ThoughtMarks(open=1, close=2, opened=True).split([7, 8])
        ([7, 8], [])
        >>> ThoughtMarks(open=1, close=2, opened=False).split([7, 8])
        ([], [7, 8])
        """
        if self.close in tokens:
            end = tokens.index(self.close) + 1
            return tokens[:end], tokens[end:]
        if self.opened or self.open in tokens[:3]:  # line ends may precede it
            return tokens, []
        return [], tokens
