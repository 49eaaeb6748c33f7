"""Convert PandaLM: preferences of three people and two judges, from github.com/WeOpenML/PandaLM."""

import json

from layout import Row, folders, rating, write

JUDGES = {"gpt-3.5-turbo": "gpt", "pandalm-7b": "pandalm"}  # name -> prefix of its fields
VERDICTS = {"1": 1, "2": 2, "tie": 0, "0": 0}  # anything else is not a valid verdict


checkout, out = folders(__doc__)


def load(name: str) -> list[Row]:
    """Return the rows of one file of the source."""
    return json.loads((checkout / "data" / f"{name}testset-v1.json").read_text(encoding="utf-8"))


items = load("")
judged = {judge: {row["idx"]: row for row in load(f"{judge}-")} for judge in JUDGES}
answers, ratings, replies = [], [], []
for item in items:
    name, pair = f"p{item['idx']:03d}", item["cmp_key"]
    first, second = pair.split("_")
    answers.append(
        {
            "id": name,
            "question": item["instruction"],
            "context": item["input"],
            "answer_1": item["response1"],
            "answer_2": item["response2"],
            "system_1": first,
            "system_2": second,
            "app": item["motivation_app"],
        }
    )
    ratings += [
        rating(name, (f"annotator_{k}", "human"), "preference", item[f"annotator{k}"], pair=pair)
        for k in (1, 2, 3)
    ]
    for judge, prefix in JUDGES.items():
        row = judged[judge][item["idx"]]
        result = str(row[f"{prefix}_result"])
        ratings.append(rating(name, (judge, "judge"), "preference", VERDICTS.get(result.lower()), pair=pair))
        reply = {field: row[f"{prefix}_{field}"] for field in ("reason", "reference")}
        replies.append({"id": name, "judge": judge, "result": result, **reply})
write(out / "answers.jsonl", answers)
write(out / "ratings.jsonl", ratings)
write(out / "replies.jsonl", replies)
