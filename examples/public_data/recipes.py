"""Convert ratings of recipes by 15 to 88 people each, from github.com/dmg-illc/JUDGE-BENCH."""

import json

from layout import folders, rating, write

SOURCE = "data/recipe_crowd_sourcing_data/meta_evaluation_recipes.json"
QUESTION = "Read the recipe and rate it."
SYSTEMS = ("no_context", "context", "dependency", "coref", "original")  # no_context before context


def system_of(item_id: str) -> str:
    """Return the system that wrote a recipe; two texts of the authors are attention checks."""
    return next((name for name in SYSTEMS if item_id.endswith(f"_{name}")), "attention_check")


checkout, out = folders(__doc__)
recipes = json.loads((checkout / SOURCE).read_text(encoding="utf-8"))["instances"]
answers, ratings = [], []
for recipe in recipes:
    item, system = recipe["id"], system_of(recipe["id"])
    answers.append({"id": item, "question": QUESTION, "answer": recipe["instance"], "system": system})
    for dimension, scores in recipe["annotations"].items():
        # The source does not identify raters: a slot is a position in the list of one item, not a person.
        for slot, score in enumerate(scores["individual_human_scores"], start=1):
            ratings.append(rating(item, (f"slot_{slot:02d}", "human"), dimension, score, system=system))
write(out / "answers.jsonl", answers)
write(out / "ratings.jsonl", ratings)
