"""Items from any table: columns are recognised by name, ids are made where there are none."""

from judge.items.columns import ALIASES
from judge.items.fields import storable
from judge.items.read import ItemList, load_items, placed_items, read_items
from judge.items.summary import InputSummary

__all__ = ["ALIASES", "InputSummary", "ItemList", "load_items", "placed_items", "read_items", "storable"]
