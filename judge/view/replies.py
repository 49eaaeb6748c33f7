"""What was sent for an item and what came back: prompts, replies, failures, and their cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from judge.errors import JudgeError
from judge.records import Completion, Item
from judge.scoring.judge import PROMPT_VERSION
from judge.scoring.prompt import Prompter, message_text
from judge.view.columns import spoken
from judge.view.library import OpenRun
from judge.view.texts import ShownText, duration, moment, money, shown

MOST_REPLIES = 60


@dataclass(frozen=True)
class ShownReply:
    """A completion: what came back for one request."""

    title: str
    kind: str
    text: ShownText
    reasoning: ShownText | None
    facts: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Prompt:
    """A request as it was sent."""

    title: str
    messages: Sequence[tuple[str, ShownText]]
    is_as_sent: bool


def replies_of(opened: OpenRun, item_id: str) -> list[ShownReply]:
    """Every completion, oldest first."""
    completions = list(opened.run().completions(item_id))
    several = len({completion.sample for completion in completions}) > 1
    return [
        _reply(opened, item_id, number, c, several) for number, c in enumerate(completions[:MOST_REPLIES])
    ]


def _reply(opened: OpenRun, item_id: str, number: int, c: Completion, several: bool) -> ShownReply:
    title = ", ".join(
        [
            f"Sample {c.sample + 1}" if several else "Reply",
            *([spoken(c.dimension)] if c.dimension else []),
            *(["requested once more"] if c.attempt else []),
        ]
    )
    kind = "Failure" if c.failure else "Refusal" if c.refusal and c.reply is None else "Reply"
    reasoning = shown(c.reasoning, text_link(opened, item_id, f"reasoning.{number}")) if c.reasoning else None
    text = shown(reply_text_of(c), text_link(opened, item_id, f"reply.{number}"))
    return ShownReply(title, kind, text, reasoning, facts_of(c))


def totals_of(opened: OpenRun, item_id: str) -> list[tuple[str, str]]:
    """Cost and time of the item."""
    completions = list(opened.run().completions(item_id))
    costs = [c.cost for c in completions if c.cost is not None]
    times = [c.latency for c in completions if c.latency is not None]
    found = [
        ("Requests", str(len(completions))),
        ("Cost", money(sum(costs)) if costs else ""),
        ("Time", duration(sum(times)) if times else ""),
    ]
    return [(name, text) for name, text in found if text]


def prompts_of(opened: OpenRun, item: Item) -> tuple[str, list[Prompt]]:
    """The prompts of the first sample, and a note where they may not be the ones that were sent."""
    run = opened.run()
    if run.fact("imported"):
        return "The scores were imported, so that no prompt is known.", []
    judge = run.judge
    if judge.backend == "baseline":
        return "The baseline compares texts and has no prompt.", []
    if judge.backend == "letters":
        return "The chosen letter is read from the answer; there is no prompt.", []
    keys = run.request_keys(item.id)
    try:
        requests = list(Prompter(judge).requests(item))
    except JudgeError as error:
        return f"The prompt cannot be built: {error}", []
    made = [
        Prompt(
            spoken(request.dimension) if request.dimension else "Prompt",
            [
                (
                    str(message["role"]),
                    shown(message_text(message), text_link(opened, item.id, f"prompt.{number}.{place}")),
                )
                for place, message in enumerate(request.messages)
            ],
            request.key in keys,
        )
        for number, request in enumerate(requests)
    ]
    return _prompt_note(made, judge.prompt), made


def whole_text(opened: OpenRun, item_id: str, part: str) -> str | None:
    """Return one text of an item in full; None if there is no such part."""
    run = opened.run()
    item = run.item(item_id)
    if part in ("question", "answer", "reference"):
        return own_text(item, part)
    kind, _, rest = part.partition(".")
    if kind in ("reply", "reasoning"):
        completions = list(run.completions(item_id))
        at = int(rest) if rest.isascii() and rest.isdecimal() and len(rest) < 9 else len(completions)
        if at >= len(completions):
            return None
        return reply_text_of(completions[at]) if kind == "reply" else completions[at].reasoning
    if kind == "reason":
        names = {f"{s.sample}.{s.dimension}.{s.criterion or ''}": s for s in opened.scores_of(item_id)}
        return names[rest].reason if rest in names else None
    if kind == "prompt":
        texts = {
            f"{number}.{place}": message_text(message)
            for number, request in enumerate(Prompter(run.judge).requests(item))
            for place, message in enumerate(request.messages)
        }
        return texts.get(rest)
    return None


def own_text(item: Item, part: str) -> str:
    """Return question, answer or reference of an item."""
    texts: Mapping[str, str] = {"question": item.question, "answer": item.answer}
    return texts[part] if part in texts else "\n\n".join(item.references)


def text_link(opened: OpenRun, item_id: str, part: str) -> str:
    """Return the address of a text of an item in full."""
    query = urlencode({"id": item_id, "part": part}, errors="surrogatepass")
    return f"/runs/{quote(opened.name, safe='')}/text?{query}"


def reply_text_of(c: Completion) -> str:
    """Return the reply, the refusal, or the failure of a completion."""
    if c.reply is not None:
        return c.reply
    if c.failure:
        return f"{c.failure.kind}: {c.failure.message}"
    return c.refusal or ""


def facts_of(c: Completion) -> list[tuple[str, str]]:
    """Describe a completion: model, tokens, cost, time."""
    usage = c.usage
    tokens = f"{usage.prompt_tokens:,} prompt, {usage.completion_tokens:,} completion" if usage else ""
    if usage and usage.cached_tokens:
        tokens += f", {usage.cached_tokens:,} from the cache"
    if usage and usage.reasoning_tokens:
        tokens += f", {usage.reasoning_tokens:,} for reasoning"
    likely = sorted((c.label_probabilities or {}).items(), key=lambda pair: -pair[1])
    found = [
        ("Model", shown(c.model or "", "").text),
        ("Finish reason", shown(c.finish_reason or "", "").text),
        ("Tokens", tokens),
        ("Cost", money(c.cost)),
        ("Time", duration(c.latency)),
        ("Tries", str(c.tries) if c.tries > 1 else ""),
        ("Received", moment(c.created)),
        ("Parameters left out", ", ".join(c.dropped)),
        ("Probabilities", ", ".join(f"{shown(label, '').text} {p:.1%}" for label, p in likely)),
    ]
    return [(name, text) for name, text in found if text]


def _prompt_note(prompts: Sequence[Prompt], version: int) -> str:
    if all(prompt.is_as_sent for prompt in prompts):
        return "As it was sent: its hash is that of the stored request."
    if version != PROMPT_VERSION:
        return f"As this version builds it. The run was scored with version {version} of the prompt."
    return "As it would be sent now; no request with this content is stored."
