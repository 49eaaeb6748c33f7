"""What a browser would make of a page: its elements, attributes and text."""

from collections import Counter
from html.parser import HTMLParser


class Page(HTMLParser):
    """Elements (name, attributes) in order, all text, and the text inside of ``style`` and ``script``."""

    def __init__(self, text):
        super().__init__()
        self.elements = []
        self.text = ""
        self.style = self.script = ""
        self._inside = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._inside.append(tag)

    def handle_endtag(self, tag):
        if tag in self._inside:
            while self._inside.pop() != tag:
                pass

    def handle_data(self, data):
        if self._inside[-1:] == ["style"]:
            self.style += data
        elif self._inside[-1:] == ["script"]:
            self.script += data
        else:
            self.text += data.replace("\N{NO-BREAK SPACE}", " ")  # which keeps words together, no more

    @property
    def counts(self):
        return Counter(tag for tag, _ in self.elements)

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]

    def values(self, attribute):
        return [attrs[attribute] for _, attrs in self.elements if attribute in attrs]
