"""Models that think before they answer: the switch of their chat template, and where thought ends. Pure."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

OPEN, CLOSE = "<think>", "</think>"

Render = Callable[[Mapping[str, Any]], str]
"""The prompt of some message, as a chat template makes it with these settings."""

_ON = {"enable_thinking": True, "thinking": True}
_OFF = {"enable_thinking": False, "thinking": False}
_OPENED = re.compile(rf"{OPEN}\s*$")
_CLOSED = re.compile(rf"{CLOSE}\s*$")


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
    if effort == "none":
        switch = dict(_OFF)
    elif effort is not None:
        switch = {**_ON, "reasoning_effort": effort}
    return {**switch, **(params.get("chat_template_kwargs") or {})}


def opens_thought(prompt: str) -> bool:
    r"""Tell whether a prompt makes the model begin with thought: it ends with an opened mark.

    >>> opens_thought("assistant\n<think>\n"), opens_thought("assistant\n<think>\n\n</think>\n\n")
    (True, False)
    """
    return bool(_OPENED.search(prompt))


def may_think(render: Render, given: Mapping[str, Any]) -> bool:
    """Tell whether a model may think, by what its template makes of the settings given.

    It may where the prompt ends with an opened mark, and where the template has a switch that stands on: what
    it makes of these settings is what it makes with thinking on, and not what it makes with thinking off.
    """
    prompt = render(given)
    if opens_thought(prompt) or _CLOSED.search(prompt):
        return opens_thought(prompt)
    return prompt == render({**given, **_ON}) != render({**given, **_OFF})


def split_thought(text: str) -> tuple[str, str]:
    """Separate thought and answer in a text in which the server has not separated them.

    The first end mark counts: a later one may stand in a quotation of the answer under judgment, as one may
    after a brace. A thought that was never closed leaves no answer. Some templates open the thought in the
    prompt, so that its end alone is said.

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
    """The tokens between which a model thinks."""

    open: int
    close: int
    opened: bool
    """Whether the prompt has opened the thought already."""

    def split(self, tokens: Sequence[int]) -> tuple[Sequence[int], Sequence[int]]:
        """Tokens of thought, its marks included, and tokens of the answer.

        The first end mark counts: a later one may stand in a quotation of the answer under judgment. A
        thought that was never closed leaves no answer.

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
        if self.opened or self.open in tokens[:3]:  # a line end or two may come before it
            return tokens, []
        return [], tokens
