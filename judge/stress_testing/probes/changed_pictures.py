"""Probes that change pictures: an answer about a picture must lose where the picture is another one."""

from collections.abc import Callable, Sequence

from judge.records import Image, Item, Role
from judge.stress_testing.probe import NotApplicable, Probe, ProbeContext, expect


class BlankPicture(Probe):
    """Gray pictures in place of those of the question."""

    name = "blank_picture"
    family = "must_lower"
    change = "replaces the pictures of the question by gray ones"
    expected = expect(accuracy="lower", quality="lower")
    matters_always = False  # some questions can be answered without the picture

    def change_item(self, item: Item, context: ProbeContext) -> Item:
        """Return the item with gray pictures of the same size."""
        return _with_pictures(item, "query", lambda images: [context.pictures.blank(i) for i in images])


class OtherPicture(Probe):
    """The pictures of another item in place of those of the question."""

    name = "other_picture"
    family = "must_lower"
    change = "replaces the pictures of the question by those of another item"
    expected = expect(accuracy="lower", quality="lower")
    matters_always = False

    def change_item(self, item: Item, context: ProbeContext) -> Item:
        """Return the item with the pictures of an item whose pictures differ."""
        return _with_pictures(item, "query", lambda images: _others(self.name, item, context, images))


class OtherReferencePicture(Probe):
    """The reference picture of another item."""

    name = "other_reference_picture"
    family = "must_lower"
    change = "replaces the reference picture by that of another item"
    expected = expect(accuracy="lower", quality="lower")
    matters_always = False

    def change_item(self, item: Item, context: ProbeContext) -> Item:
        """Return the item with the reference picture of another item."""
        return _with_pictures(item, "reference", lambda images: _others(self.name, item, context, images))


def _with_pictures(item: Item, role: Role, change: Callable[[Sequence[Image]], Sequence[Image]]) -> Item:
    """Replace the pictures of one role, in their places."""
    own = [image for image in item.images if image.role == role]
    if not own:
        raise NotApplicable("the item has no reference picture" if role == "reference" else "no picture")
    changed = iter(change(own))
    images = tuple(next(changed) if image.role == role else image for image in item.images)
    return item.model_copy(update={"images": images})


def _others(probe: str, item: Item, context: ProbeContext, own: Sequence[Image]) -> Sequence[Image]:
    """Choose the pictures of an item that has as many of this role, none of which shows the same."""
    role = own[0].role
    known = _alike(item, context.pool, role)
    sets = {
        tuple(map(_content, images)): images
        for other in context.pool
        if len(images := [image for image in other.images if image.role == role]) == len(own)
        and not known & {_content(image) for image in images}
    }
    if not sets:
        raise NotApplicable("no item has as many other pictures")
    return sets[context.random(probe, item).choice(sorted(sets))]


def _alike(item: Item, pool: Sequence[Item], role: Role) -> set[str]:
    """Pictures of an item, and those with which its answer would be as right.

    That is, the same picture in other conditions, and pictures of the same question and reference.
    """
    known: set[str] = set()
    more = _contents(item, role)
    for other in pool:
        if item.reference and (other.question, other.reference) == (item.question, item.reference):
            more |= _contents(other, role)
    while not more <= known:
        known |= more
        pairs = {other.field("pair_id") for other in pool if known & _contents(other, role)} - {None}
        more = {content for o in pool if o.field("pair_id") in pairs for content in _contents(o, role)}
    return known


def _contents(item: Item, role: Role) -> set[str]:
    return {_content(image) for image in item.images if image.role == role}


def _content(image: Image) -> str:
    return image.sha256 or image.url or image.path or ""


PROBES = (BlankPicture(), OtherPicture(), OtherReferencePicture())
