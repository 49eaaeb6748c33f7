"""An event loop whose clock jumps where it would wait, and requests for it."""

import asyncio
import selectors

from judge.records import Item, Request


class Jump(selectors.DefaultSelector):
    """Where the loop would wait, the clock jumps."""

    now = 0.0

    def select(self, timeout=None):
        self.now += timeout or 0.0
        return super().select(0)


def virtual_loop():
    """Yield one loop, and close it in the end."""
    selector = Jump()
    loop = asyncio.SelectorEventLoop(selector)
    loop.time = lambda: selector.now
    yield loop
    loop.close()


def request(number):
    """A request for a made-up item."""
    item = Item(id=str(number), question="?", answer="!")
    return Request(
        item, [{"role": "user", "content": "x"}], model="m", params={}, schema=None, key=str(number)
    )
