"""What `judge init` finds in files: each reading, each choice between readings, and what it refuses."""

import csv
import json

import pytest

from judge.errors import InputError
from judge.workflows.init import inspect_files
from judge.workflows.setup.choices import Choices
from judge.workflows.setup.ratings import scales_of

TOPICS = ("steam", "ice", "light", "bread")
COMPLETE = [
    {"id": f"q{n}", "question": f"What is {t} made of?", "answer": f"Of {t} parts.", "reference": f"Of {t}."}
    for n, t in enumerate(TOPICS, 1)
]
LONG = [{"item_id": f"q{n}", "rater": r, "clarity": s} for n in (1, 2) for r, s in (("ann", n), ("ben", 5))]
WIDE = [{"item_id": f"q{n}", "ann": n, "ben": 5 - n} for n in (1, 2, 3, 4)]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def table(name, rows, **options):
    """Write a CSV file and return its name."""
    with open(name, "w", newline="", encoding=options.pop("encoding", "utf-8")) as file:
        writer = csv.DictWriter(file, list(rows[0]), **options)
        writer.writeheader()
        writer.writerows(rows)
    return name


def document(name, content):
    with open(name, "w") as file:
        json.dump(content, file)
    return name


def without(rows, *names, **renamed):
    """Rows without some columns, and with other names for some."""
    return [{renamed.get(k, k): v for k, v in row.items() if k not in names} for row in rows]


class Asked(Exception):
    """A question with its readings."""

    def __init__(self, question, readings):
        super().__init__(question)
        self.options = [reading.options for reading in readings]


def refuse(question, readings):
    raise Asked(question, readings)


def inspected(*files, **choices):
    return inspect_files(files, Choices(**choices), refuse)


def asked(*files, **choices):
    """Options of the readings of the only question."""
    with pytest.raises(Asked) as caught:
        inspected(*files, **choices)
    return caught.value.options


def error_of(*files, **choices):
    with pytest.raises(InputError) as caught:
        inspected(*files, **choices)
    return str(caught.value)


# ---- answers


def test_complete_answers_need_no_choice():
    found = inspected(table("a.csv", COMPLETE))
    assert (found.answers.name, found.ratings, found.rubric) == ("a.csv", None, "open_qa")
    assert found.choices == Choices()


def test_answers_with_images_get_the_rubric_for_images():
    rows = [{**row, "image": "a.png"} for row in COMPLETE]
    assert inspected(table("a.csv", rows)).rubric == "inspection"


def test_the_only_column_of_texts_is_the_answer():
    found = inspected(table("a.csv", without(COMPLETE, answer="text_by_gpt")))
    assert found.choices.mapping == {"answer": "text_by_gpt"}


def test_several_columns_that_are_named_as_answers_are_systems():
    rows = [{**row, "answer_a": "Of some parts.", "answer_b": "Of other parts."} for row in COMPLETE]
    found = inspected(table("a.csv", without(rows, "answer")))
    assert found.choices.answers_in == ("answer_a", "answer_b")


def test_several_columns_of_texts_are_systems_or_one_of_them_is_the_answer():
    rows = [{**row, "gpt": "Of some parts.", "llama": "Of other parts."} for row in COMPLETE]
    assert asked(table("a.csv", without(rows, "answer"))) == [
        "--answers-in gpt,llama",
        "--map answer=gpt",
        "--map answer=llama",
    ]


def test_a_question_without_a_known_name_is_asked_for():
    rows = without(COMPLETE, question="Frage", answer="Antwort")
    assert asked(table("a.csv", rows)) == ["--map question=Frage", "--map question=Antwort"]


def test_a_decided_question_leaves_the_answer():
    rows = without(COMPLETE, question="Frage", answer="Antwort")
    found = inspected(table("a.csv", rows), mapping={"question": "Frage"})
    assert found.choices.mapping == {"question": "Frage", "answer": "Antwort"}


def test_two_columns_of_one_field_that_differ_are_two_readings():
    rows = [{**row, "prompt": f"Please, {row['question']}"} for row in COMPLETE]
    assert asked(table("a.csv", rows)) == ["--map question=question", "--map question=prompt"]


def test_two_columns_of_one_field_with_the_same_content_are_one_reading():
    rows = [{**row, "prompt": row["question"]} for row in COMPLETE]
    assert inspected(table("a.csv", rows)).summary.columns["question"] == ("question", "prompt")


def test_of_two_columns_of_ids_the_one_without_repetitions_is_the_id():
    rows = [{**row, "item_id": "same"} for row in COMPLETE]
    assert inspected(table("a.csv", rows)).choices.mapping == {"id": "id"}


def test_the_id_of_a_question_beside_an_id_is_metadata():
    rows = [{**row, "question_id": "same"} for row in COMPLETE]
    found = inspected(table("a.csv", rows))
    assert (found.choices.mapping, found.summary.columns["id"]) == ({}, ("id",))
    assert "question_id" in found.summary.metadata


def test_ids_of_questions_are_joined_with_the_system():
    rows = [{**row, "id": "q1", "system": f"s{n}"} for n, row in enumerate(COMPLETE)]
    assert inspected(table("a.csv", rows)).choices.id_from == ("id", "system")


def test_ids_that_repeat_with_other_content_are_refused():
    assert "column 'id' holds the ids" in error_of(table("a.csv", [{**row, "id": "q"} for row in COMPLETE]))


def test_questions_in_a_file_of_their_own_are_joined():
    questions = table("q.csv", without(COMPLETE, "answer"))
    found = inspected(table("a.csv", without(COMPLETE, "question", "reference")), questions)
    assert (found.answers.name, found.choices.questions) == ("a.csv", "q.csv")
    assert found.summary.n_items == 4


def test_answers_of_systems_are_joined_with_questions_in_a_file_of_their_own():
    rows = [{"id": row["id"], "gpt": "Of some parts.", "llama": "Of other parts."} for row in COMPLETE]
    files = (
        table("a.csv", rows),
        table("q.csv", [{k: row[k] for k in ("id", "question")} for row in COMPLETE]),
    )
    assert asked(*files)[0] == "--answers-in gpt,llama"
    assert inspected(*files, answers_in=("gpt", "llama")).summary.n_items == 8


def test_ids_that_repeat_far_below_are_refused():
    rows = [{"id": n % 1001, "question": "What is it?", "answer": f"It is {n}."} for n in range(1002)]
    assert "two answers have the id '0'" in error_of(table("a.csv", rows))


def test_questions_without_answers_are_refused_with_the_option_that_names_them():
    assert "--map answer=NAME" in error_of(table("a.csv", [{"question": "What is it?", "year": 1999}]))


def test_two_files_of_answers_are_two_readings():
    files = table("a.csv", COMPLETE), table("b.csv", COMPLETE)
    assert asked(*files) == ["leave out b.csv", "leave out a.csv"]


def test_a_file_that_is_left_out_is_not_used():
    files = table("a.csv", COMPLETE), table("b.csv", COMPLETE)
    found = inspect_files(files, Choices(), lambda _, readings: readings[1])
    assert found.answers.name == "b.csv"


def test_a_column_of_sentences_may_be_the_reference_or_another_field():
    rows = [{**row, "Muster": "It is made of parts."} for row in without(COMPLETE, "reference")]
    assert asked(table("a.csv", rows)) == ["--map reference=Muster", "--map Muster=Muster"]
    assert inspected("a.csv", mapping={"reference": "Muster"}).summary.n_without_reference == 0
    assert inspected("a.csv", mapping={"Muster": "Muster"}).summary.metadata == ("Muster",)


def test_two_columns_of_sentences_may_be_the_reference():
    rows = [
        {**row, "a": "It is made of parts.", "b": "Of parts it is."} for row in without(COMPLETE, "reference")
    ]
    assert asked(table("a.csv", rows)) == ["--map reference=a", "--map reference=b", "--map a=a --map b=b"]


def test_a_field_whose_name_resembles_one_of_an_item_gets_another_name():
    rows = [{**row, "questions": "It is made of parts."} for row in without(COMPLETE, "reference")]
    assert asked(table("a.csv", rows))[1] == "--map 'text of questions=questions'"
    assert inspected("a.csv", mapping={"text of questions": "questions"}).summary.metadata


def test_a_name_with_a_comma_cannot_be_listed():
    rows = [{"question": "What is it?", "gpt, old": "Of some parts.", "gpt, new": "Of others, too."}]
    assert "has a comma in its name" in error_of(table("a.csv", rows))


def test_chat_messages_are_answers():
    with open("a.jsonl", "w") as file:
        for row in COMPLETE:
            chat = [
                {"role": "user", "content": row["question"]},
                {"role": "assistant", "content": row["answer"]},
            ]
            file.write(json.dumps({"id": row["id"], "messages": chat}) + "\n")
    assert inspected("a.jsonl").summary.columns["answer"] == ("messages",)


# ---- ratings


def test_ratings_on_dimensions_of_a_shipped_rubric_need_no_choice():
    found = inspected(table("a.csv", COMPLETE), table("r.csv", LONG))
    assert (found.ratings.name, found.rubric, found.new_rubric) == ("r.csv", "open_qa", None)
    assert (found.rated.raters, found.rated.dimensions) == (("ann", "ben"), ("clarity",))


def test_the_order_of_the_files_does_not_matter():
    found = inspected(table("r.csv", LONG), table("a.csv", COMPLETE))
    assert (found.answers.name, found.ratings.name) == ("a.csv", "r.csv")


def test_columns_of_numbers_are_raters_or_dimensions():
    assert asked(table("a.csv", COMPLETE), table("r.csv", WIDE)) == [
        "--raters-in ann,ben",
        "--dimension ann,ben",
    ]


def test_a_single_column_of_numbers_is_a_rater_or_a_dimension():
    assert asked(table("r.csv", without(WIDE, "ben"))) == ["--raters-in ann", "--dimension ann"]


def test_raters_that_are_named_are_read():
    found = inspected(table("a.csv", COMPLETE), table("r.csv", WIDE), raters_in=("ann", "ben"))
    assert found.rated.raters == ("ann", "ben")


def test_columns_named_as_dimensions_of_a_rubric_are_dimensions():
    rows = without(WIDE, ann="clarity", ben="relevance")
    found = inspected(table("a.csv", COMPLETE), table("r.csv", rows))
    assert set(found.rated.dimensions) == {"clarity", "relevance"}


def test_numbered_raters_are_recognised():
    rows = without(WIDE, ann="rater_1", ben="rater_2")
    assert inspected(table("a.csv", COMPLETE), table("r.csv", rows)).rated.raters == ("rater_1", "rater_2")


def test_a_column_without_a_known_name_is_the_rater_if_it_tells_the_ratings_of_an_item_apart():
    rows = without(LONG, rater="who")
    assert inspected(table("a.csv", COMPLETE), table("r.csv", rows)).choices.columns == {"rater": "who"}


def test_two_columns_that_may_be_the_rater_are_two_readings():
    rows = [{**row, "where": row["rater"].upper()} for row in without(LONG)]
    rows = without(rows, rater="who")
    assert asked(table("a.csv", COMPLETE), table("r.csv", rows)) == [
        "--column rater=who",
        "--column rater=where",
    ]


def test_items_that_are_rated_several_times_by_nobody_are_refused():
    assert "--column rater=NAME" in error_of(table("r.csv", without(LONG, "rater")))


def test_the_item_is_the_column_whose_cells_stand_in_the_answers():
    rows = without(LONG, item_id="case")
    assert inspected(table("a.csv", COMPLETE), table("r.csv", rows)).choices.columns == {"item_id": "case"}


def test_without_answers_every_column_that_varies_may_be_the_item():
    rows = [{"case": "a", "sheet": "x", "rater": "ann", "clarity": 1}]
    rows.append({"case": "b", "sheet": "y", "rater": "ann", "clarity": 5})
    assert asked(table("r.csv", rows))[:2] == ["--column item_id=case", "--column item_id=sheet"]


def test_ratings_beside_the_answers_may_be_fields_of_the_items():
    rows = [{**row, "ann": n, "ben": 5 - n} for n, row in enumerate(COMPLETE, 1)]
    assert asked(table("a.csv", rows)) == ["--no-ratings", "--raters-in ann,ben", "--dimension ann,ben"]
    assert inspected("a.csv", has_ratings=False).ratings is None
    found = inspected("a.csv", raters_in=("ann", "ben"))
    assert found.ratings.name == found.answers.name == "a.csv"


def test_numbers_beside_the_answers_that_are_fields_are_no_ratings():
    rows = [{**row, "ann": n} for n, row in enumerate(COMPLETE, 1)]
    found = inspect_files([table("a.csv", rows)], Choices(), lambda _, readings: readings[0])
    assert (found.ratings, found.choices.has_ratings) == (None, False)


def test_numbers_beside_the_answers_with_a_rater_may_be_fields_of_the_items():
    rows = [{**row, "rater": "ann", "clarity": n} for n, row in enumerate(COMPLETE, 1)]
    assert asked(table("a.csv", rows)) == ["--no-ratings", "--column rater=rater"]
    assert inspected("a.csv", columns={"rater": "rater"}).rated.raters == ("ann",)


def test_numbered_raters_beside_the_answers_are_ratings():
    rows = [{**row, "rater_1": n, "rater_2": 5 - n} for n, row in enumerate(COMPLETE, 1)]
    assert inspected(table("a.csv", rows)).rated.raters == ("rater_1", "rater_2")


def test_numbers_that_are_no_ratings_are_not_asked_about():
    rows = [{**row, "year": 1990 + n} for n, row in enumerate(COMPLETE)]
    assert inspected(table("a.csv", rows)).ratings is None


def test_numbers_beside_the_answers_do_not_matter_where_ratings_have_a_file_of_their_own():
    rows = [{**row, "ann": n} for n, row in enumerate(COMPLETE, 1)]
    assert inspected(table("a.csv", rows), table("r.csv", LONG)).ratings.name == "r.csv"


def test_a_table_of_ratings_with_texts_is_no_table_of_answers():
    rows = [{**COMPLETE[0], "rater": r, "clarity": s} for r, s in (("ann", 1), ("ben", 5))]
    found = inspected(table("r.csv", rows))
    assert (found.answers, found.ratings.name) == (None, "r.csv")
    assert "one row for each answer" in found.notes[0]


def test_a_table_of_ratings_with_texts_names_items_of_the_answers_by_content():
    rated = [{**row, "ann": n, "ben": 5 - n} for n, row in enumerate(without(COMPLETE, "id", "reference"), 1)]
    files = table("a.csv", without(COMPLETE, "id")), table("r.csv", rated)
    found = inspected(*files, raters_in=("ann", "ben"))
    assert (found.answers.name, found.ratings.name) == files
    assert found.choices == Choices(raters_in=("ann", "ben"))


def test_two_files_of_ratings_are_two_readings():
    files = table("a.csv", COMPLETE), table("r.csv", LONG), table("s.csv", LONG)
    assert asked(*files) == ["leave out s.csv", "leave out r.csv"]


# ---- scale and rubric


def test_ratings_off_the_scale_of_the_rubric_need_a_rubric_of_their_own():
    rows = [{**row, "clarity": (1, 7, 7, 6)[n]} for n, row in enumerate(LONG)]
    found = inspected(table("a.csv", COMPLETE), table("r.csv", rows))
    assert (found.rubric, found.new_rubric.scale) == ("rubric.yaml", "1-7")
    assert found.new_rubric.dimensions == ("clarity",)


def test_a_scale_whose_ends_were_not_used_is_asked_for():
    rows = [{**row, "clarity": 6 + n} for n, row in enumerate(LONG)]  # 6 to 9
    options = asked(table("a.csv", COMPLETE), table("r.csv", rows))
    assert options == ["--scale 1-9", "--scale 1-10", "--scale 0-10"]


def test_one_rater_off_the_scale_may_have_used_another_one():
    rows = [{**row, "clarity": 9 if row["rater"] == "ben" else 3} for row in LONG]
    options = asked(table("a.csv", COMPLETE), table("r.csv", rows))
    assert "--scale 1-10" in options
    assert "--rater-scale ben=1-10" in options
    assert inspected("a.csv", "r.csv", rater_scales={"ben": "1-10"}).rubric == "open_qa"


def test_the_only_number_off_the_scale_may_mark_a_missing_rating():
    rows = [*LONG, {**LONG[0], "rater": "cas", "clarity": 99}]
    files = table("a.csv", COMPLETE), table("r.csv", rows)
    assert asked(*files)[0] == "--missing-codes 99"
    found = inspected(*files, missing_codes=("99",))
    assert (found.rubric, found.new_rubric) == ("open_qa", None)


@pytest.mark.parametrize("off", [(42,), (98, 99)], ids=["no usual code", "two numbers"])
def test_other_numbers_off_the_scale_are_not_taken_for_missing_ratings(off):
    rows = [*LONG, *({**LONG[0], "rater": f"r{n}", "clarity": n} for n in off)]
    options = asked(table("a.csv", COMPLETE), table("r.csv", rows))
    assert not any("--missing-codes" in one for one in options)


def test_dimensions_in_capitals_and_words_are_those_of_the_rubric():
    rows = without(LONG, clarity="Technical accuracy")
    assert inspected(table("a.csv", COMPLETE), table("r.csv", rows)).rubric == "open_qa"


def test_dimensions_that_no_shipped_rubric_has_need_a_rubric_of_their_own():
    found = inspected(table("a.csv", COMPLETE), table("r.csv", without(LONG, clarity="warmth")))
    assert (found.new_rubric.dimensions, found.new_rubric.scale) == (("warmth",), "1-5")


def test_a_file_of_a_rubric_is_not_overwritten(folder):
    (folder / "rubric.yaml").touch()
    found = inspected(table("a.csv", COMPLETE), table("r.csv", without(LONG, clarity="warmth")))
    assert found.rubric == "rubric_2.yaml"


def test_dimensions_of_another_shipped_rubric_select_it():
    rows = without(LONG, clarity="coherence")
    assert inspected(table("a.csv", COMPLETE), table("r.csv", rows)).rubric == "summary"


def test_a_rubric_without_the_dimensions_of_the_ratings_is_refused():
    files = table("a.csv", COMPLETE), table("r.csv", without(LONG, clarity="warmth"))
    assert "people rated 'warmth'" in error_of(*files, rubric="open_qa")


def test_a_rubric_that_is_named_is_taken():
    assert inspected(table("a.csv", COMPLETE), rubric="summary").rubric == "summary"
    assert inspected("a.csv", table("r.csv", LONG), rubric="open_qa").rubric == "open_qa"


def test_the_scale_of_ratings_without_answers_is_asked_for():
    rows = [{**row, "clarity": 2 + n % 3} for n, row in enumerate(LONG)]
    assert "--scale 1-5" in asked(table("r.csv", rows))
    assert inspected("r.csv", scale="1-5").rubric is None
    assert inspected("r.csv", rubric="open_qa").choices.scale is None


@pytest.mark.parametrize(
    ("ends", "scales"),
    [
        ((1, 5), ["1-5"]),
        ((0, 1), ["0-1"]),
        ((0, 100), ["0-100"]),
        ((1, 4), ["1-4", "1-5", "0-4"]),
        ((2.5, 6), ["1-6", "1-7", "1-9"]),
        ((-2, 2.5), ["-2-3"]),
    ],
)
def test_scales_that_hold_the_values(ends, scales):
    assert scales_of(*ends) == scales


# ---- ids


def test_ratings_match_by_another_column_of_the_answers():
    answers = [{**row, "code": f"x{n}"} for n, row in enumerate(COMPLETE, 1)]
    ratings = [{**row, "item_id": row["item_id"].replace("q", "x")} for row in LONG]
    assert inspected(table("a.csv", answers), table("r.csv", ratings)).choices.mapping == {"id": "code"}


def test_ratings_of_several_systems_match_by_a_number_and_the_system():
    answers = [
        {"nr": n, **row, "gpt": "Of some parts.", "llama": "Of others, too."}
        for n, row in enumerate(COMPLETE)
    ]
    answers = without(answers, "id", "answer")
    ratings = [
        {"nr": n, "system": s, "rater": r, "clarity": 1 + n}
        for n in range(4)
        for s in ("gpt", "llama")
        for r in "ab"
    ]
    found = inspected(table("a.csv", answers), table("r.csv", ratings), answers_in=("gpt", "llama"))
    assert found.choices.id_from == ("nr", "system")
    assert found.rated.dimensions == ("clarity",)  # and not the number
    assert len(found.rated.items) == 8


def test_answers_of_several_systems_to_one_prompt_are_named_by_prompt_and_system():
    answers = [
        {"prompt_id": n, "system": s, **row, "answer": s} for n, row in enumerate(COMPLETE) for s in "xy"
    ]
    ratings = [
        {"prompt_id": n, "system": s, "rater": r, "clarity": 1 + n % 5}
        for n in range(len(COMPLETE))
        for s in "xy"
        for r in "ab"
    ]
    found = inspected(table("a.csv", without(answers, "id")), table("r.csv", ratings))
    assert found.choices.id_from == ("prompt_id", "system")
    assert len(found.rated.items) == 2 * len(COMPLETE)


def test_a_column_that_names_one_answer_is_not_joined_with_another():
    answers = [{"code": f"c{n}", "place": "here", **row} for n, row in enumerate(COMPLETE)]
    ratings = [
        {"code": f"c{n}", "place": "here", "rater": r, "clarity": 1 + n % 5}
        for n in range(len(COMPLETE))
        for r in "ab"
    ]
    with pytest.raises(Asked) as asked:
        inspected(table("a.csv", without(answers, "id")), table("r.csv", ratings))
    assert asked.value.options == [
        "--column item_id=code",
        "--column item_id=place",
    ]


def test_ratings_alone_whose_ids_repeat_over_systems_are_named_by_id_and_system():
    rows = [{**row, "system": s} for row in LONG for s in "xy"]
    found = inspected(table("r.csv", rows))
    assert found.choices.id_from == ("item_id", "system")


def test_ratings_of_single_answers_match_by_the_question():
    rows = [{"question": row["question"], "rater": "ann", "clarity": 1 + n} for n, row in enumerate(COMPLETE)]
    found = inspected(table("a.csv", without(COMPLETE, "id")), table("r.csv", rows))
    assert found.choices.id_from == ("question",)
    assert found.choices.columns == {}


def test_two_ways_to_match_are_two_readings():
    answers = [{**row, "first": n, "second": 5 - n} for n, row in enumerate(COMPLETE, 1)]
    ratings = [{"item_id": n, "rater": "ann", "clarity": n} for n in (1, 2, 3, 4)]
    assert asked(table("a.csv", answers), table("r.csv", ratings)) == ["--map id=first", "--map id=second"]


def test_ids_that_do_not_match_are_refused_with_examples_of_both():
    rows = [{**row, "item_id": f"other{row['item_id']}"} for row in LONG]
    message = error_of(table("a.csv", COMPLETE), table("r.csv", rows))
    assert "'otherq1'" in message
    assert "'q1', 'q2', 'q3'" in message


def test_rated_items_that_are_not_among_the_answers_are_counted():
    rows = [*LONG, {"item_id": "q77", "rater": "ann", "clarity": 1}]
    found = inspected(table("a.csv", COMPLETE), table("r.csv", rows))
    assert "1 of 3 rated items are not among the answers: 'q77'." in found.notes


# ---- formats


def test_semicolons_in_windows_1252_are_read():
    rows = without(COMPLETE, answer="Antwort für Größe")
    found = inspected(table("a.csv", rows, delimiter=";", encoding="cp1252"))
    assert found.choices.mapping == {"answer": "Antwort für Größe"}


def test_an_encoding_that_is_named_is_that_of_text_files():
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (list(LONG[0]), *(list(row.values()) for row in LONG)):
        book.active.append(row)
    book.save("r.xlsx")
    rows = [{**row, "answer": "żółć"} for row in COMPLETE]
    found = inspected(table("a.csv", rows, encoding="cp1250"), "r.xlsx", encoding="cp1250")
    assert found.answers.rows[0]["answer"] == "żółć"


def book_of(**sheets):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in (list(rows[0]), *(list(row.values()) for row in rows)):
            sheet.append(row)
    book.save("study.xlsx")
    return "study.xlsx"


def test_a_workbook_with_a_sheet_of_answers_and_one_of_ratings_is_read():
    found = inspected(book_of(Answers=COMPLETE, Ratings=LONG))
    assert (found.answers.name, found.ratings.name) == ("study.xlsx#Answers", "study.xlsx#Ratings")


def test_a_sheet_that_is_neither_is_mentioned():
    found = inspected(book_of(Notes=[{"note": "Rated in May."}], Answers=COMPLETE, Ratings=LONG))
    assert found.notes == ["study.xlsx#Notes is not used, because it holds neither answers nor ratings."]


def test_a_sheet_of_texts_may_be_left_out():
    notes = [{"Thema": "Who did rate", "Text": "Two people did."}]
    book = book_of(Notes=notes, Ratings=LONG)
    assert asked(book)[-1] == "leave out 'study.xlsx#Notes'"
    assert inspect_files([book], Choices(), lambda _, readings: readings[-1]).answers is None


LABEL_STUDIO = [
    {
        "id": n,
        "data": {"id": f"q{n}"},
        "annotations": [
            {
                "completed_by": 1,
                "result": [{"from_name": "clarity", "type": "rating", "value": {"rating": n}}],
            }
        ],
    }
    for n in (1, 2)
]
ARGILLA = [
    {
        "id": f"u{n}",
        "external_id": f"q{n}",
        "fields": {"text": "…"},
        "suggestions": {},
        "responses": {"clarity": [{"value": n, "user_id": "ann"}]},
    }
    for n in (1, 2)
]
NESTED = {"ann": {"q1": 1, "q2": 5}, "ben": {"q1": 2, "q2": 4}}


@pytest.mark.parametrize("export", [LABEL_STUDIO, ARGILLA], ids=["label_studio", "argilla"])
def test_an_export_of_a_platform_is_ratings(export):
    found = inspected(table("a.csv", COMPLETE), document("r.json", export))
    assert (found.ratings.name, found.rated.items[0]) == ("r.json", "q1")


def test_nested_ratings_are_read_once_their_raters_are_named():
    files = table("a.csv", COMPLETE), document("r.json", NESTED)
    found = inspected(*files, raters_in=("ann", "ben"))
    assert (found.ratings.name, found.rated.items[0]) == ("r.json", "q1")
    with pytest.raises(InputError, match="--raters-in ann,ben or --raters-in q1,q2"):
        inspected(*files)


def test_a_batch_of_mechanical_turk_is_ratings():
    rows = [
        {
            "HITId": f"h{n}",
            "AssignmentId": n,
            "WorkerId": "w",
            "AssignmentStatus": "Approved",
            "Input.id": f"q{n}",
        }
        | {"Answer.clarity": n}
        for n in (1, 2)
    ]
    assert inspected(table("a.csv", COMPLETE), table("r.csv", rows)).rated.items == ("q1", "q2")


def test_a_list_of_participants_is_refused_by_name():
    rows = [{"Submission id": 1, "Participant id": "p", "Status": "APPROVED", "Time taken": 3}]
    message = error_of(table("a.csv", COMPLETE), table("r.csv", rows))
    assert "Prolific's export of participants" in message
    assert "r.csv holds neither answers nor ratings in numbers" in message


def test_a_file_of_another_tool_is_to_be_imported():
    case = {"name": "t1", "input": "2 + 2?", "actualOutput": "4", "metricsData": []}
    assert "judge import t.json" in error_of(document("t.json", {"testCases": [case]}))


def test_json_lines_in_a_json_file_are_read():
    with open("a.json", "w") as file:
        file.writelines(json.dumps(row) + "\n" for row in COMPLETE)
    assert inspected("a.json").summary.n_items == 4


def test_a_file_without_rows_is_refused():
    open("a.csv", "w").close()
    assert "a.csv" in error_of("a.csv")


def test_a_file_that_cannot_be_read_is_refused_with_the_place():
    with open("a.jsonl", "w") as file:
        file.write('{"question": "What?", "answer": "So."}\n{broken\n')
    assert "a.jsonl:2" in error_of("a.jsonl")
