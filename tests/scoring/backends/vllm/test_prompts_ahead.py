"""Prompts of coming requests are encoded in a thread, in their order, and compared with the engine's."""

from types import SimpleNamespace

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from judge.records import Item, Request
from judge.scoring.backends.vllm import prompts_ahead
from judge.scoring.backends.vllm.prompts_ahead import PromptsAhead, PromptThread, rendered

WORDS = ["You", "judge", ".", "Score", "it", "one", "two", "three", "?"]


class Chat:
    """A tokenizer with a chat template, as of transformers."""

    def __init__(self):
        self.backend_tokenizer = Tokenizer(
            models.WordLevel({w: n for n, w in enumerate(WORDS)}, unk_token="?")
        )
        self.backend_tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
        self.backend_tokenizer.enable_truncation(3)  # as the engine may have set in its last call

    def apply_chat_template(self, messages, *, chat_template="", **_):
        if messages[-1]["content"] == "broken":
            raise ValueError("no template")
        return chat_template + " ".join(message["content"] for message in messages)


def request(text="one", labels=("1", "2")):
    messages = [{"role": "system", "content": "You judge . Score it ."}, {"role": "user", "content": text}]
    item = Item(id="i", question="?", answer="x")
    return Request(
        item=item, messages=messages, model="m", params={}, schema=None, key=str(text), labels=labels
    )


@pytest.fixture
def thread():
    made = PromptThread(Chat(), None)
    yield made
    made.close()


def ahead(groups, thread):
    return PromptsAhead(iter(groups), thread, lambda _: None)


def taken(source, count):
    return [source.next(wait=True) for _ in range(count)]


def test_groups_come_in_their_order_with_the_tokens_of_the_whole_prompt(thread):
    groups = [[request("one")], [request("two"), request("two")], [request("three two")]]
    found = taken(ahead(groups, thread), 3)
    assert [group for group, _ in found] == groups
    assert [tokens for _, tokens in found] == [[0, 1, 2, 3, 4, 2, *own] for own in ([5], [6], [7, 6])]


def test_more_groups_than_are_read_ahead_all_come(thread):
    groups = [[request(f"one {n}")] for n in range(3 * prompts_ahead.AHEAD * prompts_ahead.BATCH + 1)]
    source = ahead(groups, thread)
    assert [group for group, _ in taken(source, len(groups))] == groups
    with pytest.raises(StopIteration):
        source.next(wait=True)


def test_replies_in_text_and_images_are_left_to_the_engine(thread):
    image = request([{"type": "image", "image": 0}])
    groups = [[request(labels=())], [request("one")], [image]]
    found = taken(ahead(groups, thread), 3)
    assert [group for group, _ in found] == groups
    assert [tokens is None for _, tokens in found] == [True, False, True]


def test_nothing_is_read_ahead_of_a_request_that_the_engine_encodes(thread):
    read = []
    groups = ((read.append(n), [request(labels=())])[1] for n in range(9))
    source = PromptsAhead(groups, thread, lambda _: None)
    source.next(wait=True)
    assert len(read) == 1


def test_an_empty_group_means_that_none_is_there_now(thread):
    source = ahead([[request("one")], [], [request("two")]], thread)
    (first, _), (second, _) = taken(source, 2)
    assert [first[0].key, second[0].key] == ["one", "two"]
    assert ahead([[]], thread).next(wait=True) == ([], None)


def test_a_prompt_that_is_not_yet_encoded_is_not_waited_for(thread):
    class Never:
        def done(self):
            return False

    source = ahead([[request("one")]], SimpleNamespace(takes=thread.takes, start=lambda _: Never()))
    assert source.next(wait=False) == ([], None)


def test_an_error_of_the_source_is_raised_after_the_groups_before_it(thread):
    def groups():
        yield [request("one")]
        raise OSError("gone")

    source = PromptsAhead(groups(), thread, lambda _: None)
    assert source.next(wait=True)[0][0].key == "one"
    with pytest.raises(OSError, match="gone"):
        source.next(wait=True)


def test_a_prompt_that_cannot_be_rendered_is_left_to_the_engine(thread):
    assert taken(ahead([[request("broken")]], thread), 1)[0][1] is None


def test_tokens_are_trusted_after_enough_equal_prompts(thread):
    for _ in range(prompts_ahead.COMPARED):
        assert not thread.is_trusted
        thread.compare([1, 2], [1, 2])
    assert thread.is_trusted


@pytest.mark.parametrize("engine_tokens", [[1, 3], None])
def test_one_difference_leaves_all_prompts_to_the_engine(thread, engine_tokens):
    for _ in range(prompts_ahead.COMPARED):
        thread.compare([1, 2], [1, 2])
    thread.compare([1, 2], engine_tokens)
    assert not thread.is_trusted
    assert not thread.takes(request())


def test_a_tokenizer_of_another_library_leaves_all_prompts_to_the_engine():
    made = PromptThread(SimpleNamespace(), None)
    assert not made.takes(request())
    made.close()


def test_a_chat_template_is_used_instead_of_the_tokenizer_s():
    messages = [{"role": "user", "content": "one"}]
    assert rendered(Chat(), messages, None, None) == "one"
    assert rendered(Chat(), messages, "You ", {"enable_thinking": False}) == "You one"
