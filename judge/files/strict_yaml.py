"""YAML of a bounded size, without tags, in which no key stands twice.

A few lines of YAML can stand for a structure that fills the memory: aliases multiply, and a scalar may be a
number of a million digits. All of that is refused before it is built.
"""

import re
from typing import Any

import yaml

LARGEST_FILE = 2_000_000
"""Characters."""
MOST_NODES = 200_000
"""Values, with what an alias stands for counted each time."""
DEEPEST = 50
LONGEST_NUMBER = 50

_SURROGATE = re.compile("[\ud800-\udfff]")
_MERGE = "tag:yaml.org,2002:merge"
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


def load_yaml(text: str) -> Any:
    """Read one YAML document.

    Raises
    ------
    ValueError
        The text is not valid YAML or goes beyond the bounds; the message says what and where.

    Examples
    --------
    >>> load_yaml("scale: {min: 1, max: 5}")
    {'scale': {'min': 1, 'max': 5}}
    """
    if len(text) > LARGEST_FILE:
        raise ValueError(f"the file has more than {LARGEST_FILE:,} characters")
    try:
        return _StrictLoader(text).get_single_data()
    except (yaml.YAMLError, ValueError) as error:  # an impossible date is a ValueError
        problem = " ".join(str(error).split()).replace(' in "<unicode string>",', " at")
        raise ValueError(f"not valid YAML: {problem}") from None


def yaml_lines(text: str) -> dict[tuple[str, ...], int]:
    r"""Return the line of every value of a document that `load_yaml` reads; keys and positions are texts.

    What a merge key brings in has no line of its own.

    Examples
    --------
    >>> yaml_lines("scale:\n  min: 1\nrules: [a]")
    {('scale',): 1, ('scale', 'min'): 2, ('rules',): 3, ('rules', '0'): 3}
    """
    lines: dict[tuple[str, ...], int] = {}
    _note_lines(_StrictLoader(text).get_single_node(), (), lines)
    return lines


def _note_lines(node: yaml.Node | None, place: tuple[str, ...], lines: dict[tuple[str, ...], int]) -> None:
    parts: list[tuple[str, yaml.Node, yaml.Node]] = []
    if isinstance(node, yaml.MappingNode):
        parts = [(str(key.value), key, value) for key, value in node.value if key.tag != _MERGE]
    elif isinstance(node, yaml.SequenceNode):
        parts = [(str(number), value, value) for number, value in enumerate(node.value)]
    for name, marked, value in parts:
        lines[*place, name] = marked.start_mark.line + 1
        _note_lines(value, (*place, name), lines)


class _StrictLoader(yaml.SafeLoader):
    """Composes nodes within bounds, and counts what aliases stand for."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0
        self._sizes: dict[yaml.Node, int] = {}
        """Values below each finished node, itself included."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Read one value; an alias gives the node that it stands for."""
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if getattr(event, "tag", None) is not None:
            raise _problem(event, f"the tag {event.tag!r:.60} is not allowed; write the plain value")
        if self._depth >= DEEPEST:
            raise _problem(event, f"more than {DEEPEST} values inside each other")
        is_alias = self.check_event(yaml.AliasEvent)
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        if is_alias and node not in self._sizes:
            raise _problem(event, "an alias stands inside what it stands for")
        if node is not None:
            self._count(node, event)
        return node

    def _count(self, node: yaml.Node, event: yaml.Event) -> None:
        below: list[yaml.Node] = []
        if isinstance(node, yaml.ScalarNode):
            _check_scalar(node, event)
        elif isinstance(node, yaml.MappingNode):
            below = [part for pair in node.value for part in pair]
            self._check_keys([key for key, _ in node.value])
        else:
            below = node.value
        self._sizes[node] = 1 + sum(self._sizes[part] for part in below)
        if self._sizes[node] > MOST_NODES:
            raise _problem(event, f"more than {MOST_NODES:,} values, aliases counted for what they stand for")

    def _check_keys(self, keys: list[yaml.Node]) -> None:
        """Refuse a key that stands twice: the first would be lost in silence."""
        seen = set()
        for node in keys:
            if isinstance(node, yaml.ScalarNode) and node.tag != _MERGE:
                key = self.construct_object(node)
                if key in seen:
                    problem = f"the key {key!r:.60} stands twice"
                    raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
                seen.add(key)


def _check_scalar(node: yaml.ScalarNode, event: yaml.Event) -> None:
    if node.tag in _NUMBERS and len(node.value) > LONGEST_NUMBER:
        raise _problem(event, f"a number of {len(node.value):,} characters")
    if _SURROGATE.search(node.value):
        raise _problem(event, "half a character (\\ud800 to \\udfff); write \\U and eight digits")


def _problem(event: yaml.Event, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)  # type: ignore[arg-type]
