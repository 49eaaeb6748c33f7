"""Read items from any table: columns are recognised by name, and missing ids are made."""

from judge.items.columns import ALIASES
from judge.items.fields import storable
from judge.items.read import ItemList, ItemOptions, load_items, placed_items, read_items
from judge.items.summary import InputSummary

__all__ = [
    "ALIASES",
    "InputSummary",
    "ItemList",
    "ItemOptions",
    "load_items",
    "placed_items",
    "read_items",
    "storable",
]
