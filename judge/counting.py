"""A number with its noun, for messages."""


def counted(n: int, noun: str, plural: str | None = None) -> str:
    """A number with its noun.

    >>> counted(1, "answer"), counted(7380, "answer"), counted(2, "reply", "replies")
    ('1 answer', '7,380 answers', '2 replies')
    """
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"
