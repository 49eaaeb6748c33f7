"""What `judge rubric` prints: facts about rubrics, and what one item gets."""

from collections.abc import Mapping, Sequence
from typing import Any

from judge.records import OVERALL, Item, Message, Request
from judge.rubric import Dimension, ItemRubric, ItemRubrics, Rubric, RubricProblem, RubricScale, asks_criteria
from judge.scoring.judge import Judge
from judge.scoring.prompt import build_requests, message_text

_SHOWN_CRITERIA = 5


def rubric_facts(rubric: Rubric) -> dict[str, Any]:
    """Facts about a rubric, as JSON data."""
    return {
        "name": rubric.name,
        "version": rubric.version,
        "description": rubric.description,
        "dimensions": list(rubric.dimensions),
        "types": {name: _dimension_facts(rubric, name) for name in rubric.dimensions},
        "criteria": rubric.criteria and rubric.criteria.field,
        "abstain": rubric.abstain,
        "overall": rubric.overall.how,
        "scale": [rubric.scale.min, rubric.scale.max],
        "pass": rubric.pass_rule,
        "source": rubric.source,
    }


def _dimension_facts(rubric: Rubric, name: str) -> dict[str, Any]:
    dimension, scale = rubric.dimensions[name], rubric.scale_of(name)
    facts: dict[str, Any] = {"type": dimension.type, "level": scale.level}
    facts |= {"labels": list(dimension.labels)} if dimension.labels else {"scale": [scale.min, scale.max]}
    if dimension.points is not None:
        facts["points"] = dimension.points
    return {**facts, "when": dimension.when} if dimension.when else facts


def listing(rubrics: Sequence[Rubric]) -> str:
    """List rubrics: name, description, and what each scores."""
    return "\n\n".join(f"{r.name}\n  {r.description}\n  {summary(r)}" for r in rubrics)


def summary(rubric: Rubric) -> str:
    """Say in one line what a rubric scores, and when an answer passes.

    Examples
    --------
    >>> from judge.rubric import load_rubric
    >>> summary(load_rubric("open_qa"))[-57:]
    ' on 1-5; overall: mean; passes when overall is 3 or more.'
    """
    groups: dict[str, list[str]] = {}
    for name, dimension in rubric.dimensions.items():
        when = f" (where {_condition(dimension.when)})" if dimension.when else ""
        groups.setdefault(_kind(dimension, rubric.scale), []).append(name + when)
    parts = [f"{', '.join(names)} {kind}" for kind, names in groups.items()]
    if rubric.criteria:
        parts.append(f"criteria of each item (field {rubric.criteria.field})")
    passes = " and ".join(f"{name} is {least:g} or more" for name, least in rubric.pass_rule.items())
    abstains = ["the judge may abstain"] if rubric.abstain else []
    return "; ".join([*parts, *abstains, f"overall: {rubric.overall.how}", f"passes when {passes}."])


def _kind(dimension: Dimension, rubric_scale: RubricScale) -> str:
    if dimension.type == "category":
        return f"as a category ({', '.join(dimension.labels)})"
    if dimension.type == "binary":
        return "as met or not"
    scale = dimension.scale_within(rubric_scale)
    return f"on {scale.min}-{scale.max}"


def _condition(when: Mapping[str, Any]) -> str:
    values = {n: " or ".join(map(str, v)) if isinstance(v, list) else str(v) for n, v in when.items()}
    return " and ".join(f"{name} is {value}" for name, value in values.items())


# -- what one item gets


def item_facts(item: Item, rubric: Rubric) -> dict[str, Any]:
    """What one item gets, as JSON data: what applies, why the rest does not, and the prompts.

    Raises
    ------
    InputError
        The criteria of the item cannot be read.
    """
    own = ItemRubrics(rubric).checked(item)
    shown = rubric.images_for(item)
    return {
        "item": item.id,
        "dimensions": {name: _dimension_facts(own.rubric, name) for name in own.rubric.dimensions},
        "not_applicable": dict(own.not_applicable),
        "criteria": {
            key: {"text": c.description, "points": c.points, "tags": list(c.tags)}
            for key, c in own.criteria.items()
        },
        "overall": None if OVERALL in own.not_applicable else rubric.overall.how,
        "reasons": own.rubric.reasons,
        "images": [
            {"role": image.role, "source": (image.path or image.url or "")[:200], "shown": place in shown}
            for place, image in enumerate(item.images)
        ],
        "rules": [rule.text for rule in rubric.rules_for(item)],
        "examples": [example.question for example in own.rubric.examples_for(item)],
        "requests": [
            {"asks": _asks(request, own), "messages": list(request.messages)}
            for request in build_requests(item, Judge("none", rubric))
        ],
    }


def _asks(request: Request, own: ItemRubric) -> list[str]:
    """Names of what a request asks for: dimensions and flags, or ids of criteria."""
    if request.dimension is not None and not asks_criteria(request.dimension):
        return [request.dimension]
    part = own.parts[request.dimension]
    return list(part.dimensions if asks_criteria(request.dimension) else part.asked)


def item_text(facts: Mapping[str, Any], rubric: Rubric) -> str:
    """What one item gets, in lines, and then every prompt."""
    applying = {name: rubric.dimensions[name] for name in facts["dimensions"]}
    lines = [f"=== item {facts['item']} ==="]
    if rubric.dimensions:
        kinds = [f"{name} {_kind(dimension, rubric.scale)}" for name, dimension in applying.items()]
        lines.append(f"dimensions: {len(kinds)} of {len(rubric.dimensions)} apply")
        lines += [f"  {kind}" for kind in kinds]
    lines += [f"  {name} does not apply: {why}" for name, why in facts["not_applicable"].items()]
    if facts["criteria"]:
        lines += [f"criteria: {len(facts['criteria']):,}"]
        lines += [_criterion(key, criterion) for key, criterion in facts["criteria"].items()]
    lines += [f"overall: {facts['overall'] or 'does not apply'}", f"reasons: {facts['reasons']}"]
    if images := facts["images"]:
        lines.append(f"images: {sum(image['shown'] for image in images)} of {len(images)} shown")
        lines += [f"  {i['role']} {i['source']}{'' if i['shown'] else ': not shown'}" for i in images]
    lines.append(f"rules: {len(facts['rules'])} of {len(rubric.rules)}")
    lines += [f"  {text.strip()}" for text in facts["rules"]]
    lines.append(f"examples: {len(facts['examples'])} of {len(rubric.examples)}")
    lines += [f"  {question.strip()}" for question in facts["examples"]]
    lines.append(f"requests: {len(facts['requests'])}")
    return "\n\n".join(["\n".join(lines), *_prompts(facts["requests"])])


def _criterion(key: str, criterion: Mapping[str, Any]) -> str:
    tags = f"; {', '.join(criterion['tags'])}" if criterion["tags"] else ""
    points = f"{criterion['points']:g} {'point' if criterion['points'] == 1 else 'points'}"
    return f"  {key} ({points}{tags}): {criterion['text']}"


def _prompts(requests: Sequence[Mapping[str, Any]]) -> list[str]:
    """Every message; one that is the same as in the request before is not repeated."""
    texts: list[str] = []
    before: Message | None = None
    for number, request in enumerate(requests, start=1):
        if len(requests) > 1:
            names = request["asks"]
            more = f" and {len(names) - _SHOWN_CRITERIA} more" if len(names) > _SHOWN_CRITERIA else ""
            texts.append(
                f"=== request {number} of {len(requests)}: {', '.join(names[:_SHOWN_CRITERIA])}{more} ==="
            )
        system, *others = request["messages"]
        is_repeated = system == before
        heading = f"=== {system['role']}{' (as in the request before)' if is_repeated else ''} ==="
        texts.append(heading if is_repeated else f"{heading}\n{message_text(system)}")
        texts += [f"=== {message['role']} ===\n{message_text(message)}" for message in others]
        before = system
    return texts


def length(requests: Sequence[Mapping[str, Any]]) -> str:
    """Say how long the prompts of an item are."""
    counts: dict[str, int] = {}
    for message in (message for request in requests for message in request["messages"]):
        counts[message["role"]] = counts.get(message["role"], 0) + len(message_text(message))
    characters = sum(counts.values())
    parts = ", ".join(f"{role} {count:,}" for role, count in counts.items())
    text = f"{characters:,} characters ({parts}), about {characters // 4:,} tokens without images"
    return f"{text}, in {len(requests)} requests" if len(requests) != 1 else text


# -- what is wrong with a rubric


def check_text(file: str, rubric: Rubric, warnings: Sequence[RubricProblem]) -> str:
    """Report on a valid rubric: what it scores, and then the warnings."""
    n = len(warnings)
    head = f"{file}: no errors found. {summary(rubric)}"
    count = [f"{n} {'warning' if n == 1 else 'warnings'}:"] if n else []
    return "\n".join([head, *count, *(warning.at(file) for warning in warnings)])


def check_facts(
    file: str, rubric: Rubric | None, errors: Sequence[RubricProblem], warnings: Sequence[RubricProblem]
) -> dict[str, Any]:
    """Errors and warnings of a rubric, as JSON data."""
    return {
        "file": file,
        "errors": [vars(problem) for problem in errors],
        "warnings": [vars(problem) for problem in warnings],
        "rubric": rubric and rubric_facts(rubric),
    }
