"""Letters read out of raw replies: a table of awkward ones, and laws that hold for any text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge.scoring.parsing.chosen_letter import LETTERS, Reading, read_letter

DEFECTS = ("Scratch on the lid", "Dent", "Missing screw", "Stain", "No defect")  # A to E
YES_NO = ("Yes", "No")
NUMBERS = ("3", "4", "5", "10")
LONG = tuple(f"part {n}" for n in range(9))  # A to I

READABLE = [
    # id, reply, options, letter
    ("bare_letter", "E", DEFECTS, "E"),
    ("bare_small_letter", "e", DEFECTS, "E"),
    ("bare_letter_with_stop", "E.", DEFECTS, "E"),
    ("bare_letter_in_brackets", "(e)", DEFECTS, "E"),
    ("bare_letter_with_one_bracket", "E)", DEFECTS, "E"),
    ("bare_letter_in_quotes", '"B"', DEFECTS, "B"),
    ("bare_letter_amid_blank_lines", "\n\n  C \n", DEFECTS, "C"),
    ("full_width_letter", "Ｃ", DEFECTS, "C"),
    ("full_width_brackets", "（Ｂ）", DEFECTS, "B"),
    ("bold_letter", "**B**", DEFECTS, "B"),
    ("heading_letter", "### B", DEFECTS, "B"),
    ("code_letter", "`D`", DEFECTS, "D"),
    ("boxed", "\\boxed{C}", DEFECTS, "C"),
    ("boxed_text", "So the result is $\\boxed{\\text{C}}$.", DEFECTS, "C"),
    ("boxed_letter_with_text", "\\boxed{B. Dent}", DEFECTS, "B"),
    ("boxed_option_text", "\\boxed{Missing screw}", DEFECTS, "C"),
    ("answer_tag", "I compared both images.\n<answer>D</answer>", DEFECTS, "D"),
    ("double_brackets", "After comparing A and B, my verdict: [[B]]", DEFECTS, "B"),
    ("colon", "Answer: E", DEFECTS, "E"),
    ("colon_small_letter", "answer: e", DEFECTS, "E"),
    ("upper_case_cue", "ANSWER: B", DEFECTS, "B"),
    ("no_colon", "Answer E", DEFECTS, "E"),
    ("colon_on_next_line", "Final answer:\n\nC", DEFECTS, "C"),
    ("bold_cue", "**Answer:** C", DEFECTS, "C"),
    ("bold_all", "**Final Answer: (C) Missing screw**", DEFECTS, "C"),
    ("abbreviated_cue", "Ans: B", DEFECTS, "B"),
    ("json_reply", '{"reasoning": "The lid is bent.", "answer": "B"}', DEFECTS, "B"),
    ("fenced_json", '```json\n{"answer": "D"}\n```', DEFECTS, "D"),
    ("correct_answer_because", "The correct answer is E) because the surface is even.", DEFECTS, "E"),
    ("answer_a_because", "The answer is A because the lid shows a line.", DEFECTS, "A"),
    ("answer_small_c_because", "the answer is c because a screw is gone", DEFECTS, "C"),
    ("answer_is_option", "The answer is option D.", DEFECTS, "D"),
    ("best_choice", "The best choice is (D).", DEFECTS, "D"),
    ("correct_option_would_be", "So, the correct option would be B.", DEFECTS, "B"),
    ("answer_with_aside", "The answer (to question 3) is C.", DEFECTS, "C"),
    ("arrow", "Answer -> C", DEFECTS, "C"),
    ("letter_with_text", "B. Dent", DEFECTS, "B"),
    ("letter_with_bracket_and_text", "(C) Missing screw", DEFECTS, "C"),
    ("letter_with_dash", "D - the surface is discoloured", DEFECTS, "D"),
    ("letter_with_colon", "C: Missing screw", DEFECTS, "C"),
    ("letter_then_reason", "B\n\nThe left edge is bent inwards.", DEFECTS, "B"),
    ("letter_and_own_text_without_stop", "A Scratch on the lid", DEFECTS, "A"),
    ("letter_a_is_correct", "A is correct.", DEFECTS, "A"),
    ("option_is_correct", "Looking closely, option D is the correct one.", DEFECTS, "D"),
    ("letter_with_other_text", "B. Missing screw", DEFECTS, "B"),
    ("i_choose", "I choose C, since a screw is gone.", DEFECTS, "C"),
    ("i_would_go_with", "I'd go with (B).", DEFECTS, "B"),
    ("it_must_be", "The lid has no line. It must be B.", DEFECTS, "B"),
    ("therefore", "One of the four screws is absent. Therefore, C.", DEFECTS, "C"),
    ("reasoning_letter_last", "Option A shows no line.\nOption C has all screws.\n\nB", DEFECTS, "B"),
    ("reasoning_letter_and_text_last", "The lid is bent at the left.\n\nB) Dent", DEFECTS, "B"),
    ("reasoning_announced_last", "A could fit. B could fit too. The answer is C.", DEFECTS, "C"),
    ("echoed_options_then_answer", "A. Scratch\nB. Dent\nC. Screw\nAnswer: C", DEFECTS, "C"),
    ("changed_its_mind", "Answer: A. Wait, the lid is even. Answer: B", DEFECTS, "B"),
    ("thought_then_answer", "<think>Maybe A. Or the answer is B?</think>\nC", DEFECTS, "C"),
    ("thought_without_opening_tag", "The answer is A?\n</think>\nAnswer: D", DEFECTS, "D"),
    ("not_b_but_c", "The answer is not B but C.", DEFECTS, "C"),
    ("c_not_b", "The answer is C, not B.", DEFECTS, "C"),
    ("c_rather_than_b", "The answer is C rather than B.", DEFECTS, "C"),
    ("others_wrong", "A is wrong. B is wrong. The correct answer: D", DEFECTS, "D"),
    ("explains_after", "Answer: B\nOption A shows a line, and option C a missing screw.", DEFECTS, "B"),
    ("denied_after", "The answer is B. Option C is not supported.", DEFECTS, "B"),
    ("only_letter_in_brackets", "What we see matches (B) best", DEFECTS, "B"),
    ("only_option_named", "This clearly fits option D and nothing else", DEFECTS, "D"),
    ("letter_i_is_offered", "Answer: I", LONG, "I"),
    ("letter_i_despite_pronoun", "I think that the answer is I.", LONG, "I"),
    ("pronoun_before_letter", "I think the answer is B.", LONG, "B"),
    ("text_instead_of_letter", "Missing screw", DEFECTS, "C"),
    ("text_with_stop_and_case", "missing screw.", DEFECTS, "C"),
    ("text_after_cue", "The answer is: dent", DEFECTS, "B"),
    ("text_after_cue_with_article", "The correct answer is a dent at the left.", DEFECTS, "B"),
    ("text_in_sentence", "I see a dent near the hinge", DEFECTS, "B"),
    ("text_denied_and_another", "It is not a stain but a dent", DEFECTS, "B"),
    ("longer_text_holds_shorter", "There is a deep scratch", ("Scratch", "Deep scratch"), "B"),
    ("number_as_text", "10", NUMBERS, "D"),
    ("number_in_sentence", "I count 4 screws.", NUMBERS, "B"),
    ("yes", "Yes", YES_NO, "A"),
    ("no_with_reason", "No, there is no defect visible.", YES_NO, "B"),
    ("yes_although_no_follows", "Yes, there is no doubt about it.", YES_NO, "A"),
    ("german_yes", "Ja, es gibt einen Kratzer.", YES_NO, "A"),
    ("chinese_yes", "是的，表面有划痕。", YES_NO, "A"),
    ("chinese_no", "没有，表面完好。", YES_NO, "B"),
    ("german_answer", "Die richtige Antwort ist C, weil eine Schraube fehlt.", DEFECTS, "C"),
    ("german_colon", "Antwort: B", DEFECTS, "B"),
    ("german_correct", "B ist richtig.", DEFECTS, "B"),
    ("chinese_answer", "答案是C。", DEFECTS, "C"),
    ("chinese_colon", "正确答案：D", DEFECTS, "D"),
    ("chinese_choose", "综上所述，应选B。", DEFECTS, "B"),
    ("japanese_answer", "答えはCです", DEFECTS, "C"),
    ("french_answer", "La bonne réponse est B.", DEFECTS, "B"),
    ("spanish_answer", "La respuesta correcta es D.", DEFECTS, "D"),
    ("evasive_option", "It cannot be determined from this image.", ("Dent", "Cannot be determined"), "B"),
    ("zero_width_space", "\u200bB\u200b", DEFECTS, "B"),
    ("html_bold", "<b>B</b>", DEFECTS, "B"),
    ("special_token", "B<|im_end|>", DEFECTS, "B"),
    ("answer_begins_with_the", "The answer is the missing screw.", DEFECTS, "C"),
    ("option_texts_with_marks", "“Dent!”", DEFECTS, "B"),
]

UNREADABLE = [
    # id, reply, options, reason
    ("empty", "", DEFECTS, "empty"),
    ("blank", " \n\t", DEFECTS, "empty"),
    ("only_thought", "<think>The answer is B", DEFECTS, "truncated"),
    ("not_offered", "F", DEFECTS, "not_offered"),
    ("announced_not_offered", "The answer is H.", DEFECTS, "not_offered"),
    ("not_offered_of_two", "C", YES_NO, "not_offered"),
    ("a_or_b", "A or B", DEFECTS, "several"),
    ("either_a_or_b", "The answer is either A or B.", DEFECTS, "several"),
    ("slash", "Answer: A/C", DEFECTS, "several"),
    ("comma", "Answer: A, C", DEFECTS, "several"),
    ("could_be", "The answer could be B or D, it is hard to say.", DEFECTS, "several"),
    ("german_or", "Antwort: B oder C", DEFECTS, "several"),
    ("chinese_or", "答案是A或B", DEFECTS, "several"),
    ("two_in_brackets", "Both (A) and (C) fit.", DEFECTS, "several"),
    ("two_are_correct", "A is correct. C is correct.", DEFECTS, "several"),
    ("texts_among_several", "There may be a dent or a stain", DEFECTS, "several"),
    ("two_numbers", "Of the 4 screws 3 are rusty", NUMBERS, "several"),
    ("two_options_with_one_text", "Dent", ("Dent", "Dent", "Stain"), "several"),
    ("refusal", "I'm sorry, but I can't help with that.", DEFECTS, "refused"),
    ("cannot_determine", "I cannot determine whether there is a dent.", DEFECTS, "refused"),
    ("chinese_refusal", "抱歉，我无法判断。", DEFECTS, "refused"),
    ("german_refusal", "Das kann ich leider nicht erkennen.", DEFECTS, "refused"),
    ("english_article", "A mark is visible on the left", DEFECTS, "no_choice"),
    ("article_after_cue", "The answer is a mark on the left", DEFECTS, "no_choice"),
    ("pronoun", "I think it looks fine", LONG, "no_choice"),
    ("word_correct", "CORRECT", DEFECTS, "no_choice"),
    ("word_based", "Based on the image, it looks fine", DEFECTS, "no_choice"),
    ("french_elision", "C'est une rayure", DEFECTS, "no_choice"),
    ("x_ray", "Answer: B-side up", ("lid", "cap"), "no_choice"),
    ("e_g", "e.g. the left edge", DEFECTS, "no_choice"),
    ("not_applicable", "N/A", LONG, "no_choice"),
    ("vitamin_c", "It may be due to a lack of vitamin C", DEFECTS, "no_choice"),
    ("only_denial", "Not B.", DEFECTS, "no_choice"),
    ("text_denied", "There is no dent", DEFECTS, "no_choice"),
    ("echoed_options", "A. Scratch\nB. Dent\nC. Screw", ("lid", "cap", "body"), "no_choice"),
    (
        "echoed_prompt",
        "Answer with the option's letter from the given choices directly.",
        DEFECTS,
        "no_choice",
    ),
    ("none_of_these", "None of the above.", DEFECTS, "no_choice"),
    ("marks_only", "...", DEFECTS, "no_choice"),
    ("number_instead_of_letter", "2", DEFECTS, "no_choice"),
    ("unknown_texts_match_nothing", "the image", ("", "", ""), "no_choice"),
]


@pytest.mark.parametrize(("reply", "options", "letter"), [pytest.param(*r[1:], id=r[0]) for r in READABLE])
def test_the_chosen_letter_is_read(reply, options, letter):
    assert read_letter(reply, options).letter == letter


@pytest.mark.parametrize(("reply", "options", "reason"), [pytest.param(*r[1:], id=r[0]) for r in UNREADABLE])
def test_a_reply_without_one_offered_letter_says_why(reply, options, reason):
    assert read_letter(reply, options) == Reading(reason=reason)


texts = st.text(
    alphabet=st.sampled_from("ABCDEFabcdei .,:;()[]{}\\\n'\"/-*<>答案是选Yesnot") | st.characters(),
    max_size=80,
)
snippets = st.sampled_from(
    ["answer is ", "Answer: ", "A", "b", "(C)", " or ", " not ", "\\boxed{", "}", "<think>", "</think>", "I ",
     "Z", "Dent", "no ", "cannot tell", "[[", "]]", "选", "\u0131", "\u212a", "ß", "İ", "\n", ". "]
)  # fmt: skip
replies = texts | st.lists(snippets | texts, max_size=12).map("".join)
option_lists = st.lists(
    st.sampled_from(["", "Yes", "No", "Dent", "A", "deep dent", "ß"]) | texts, min_size=1, max_size=9
)


@given(reply=replies, options=option_lists)
def test_a_letter_that_was_not_offered_is_never_returned(reply, options):
    letter = read_letter(reply, options).letter
    assert letter is None or letter in LETTERS[: len(options)]


@given(reply=replies, options=option_lists)
def test_every_reply_is_either_read_or_unreadable_for_one_reason(reply, options):
    reading = read_letter(reply, options)
    assert reading.readable == (reading.letter is not None) == (reading.how is not None)
    assert reading.readable != (reading.reason is not None)


@given(
    letter=st.sampled_from("ABCDE"),
    frame=st.sampled_from(["{}", "({})", "Answer: {}", "**{}**", "{}.", "\\boxed{{{}}}"]),
)
def test_every_offered_letter_is_read_in_every_plain_frame(letter, frame):
    assert read_letter(frame.format(letter), ("red", "green", "blue", "grey", "pink")).letter == letter


@pytest.mark.parametrize("unit", ["(", " ", "\n", "answer ", "not A ", "<think>", "A, ", "\\boxed{"])
def test_a_long_reply_is_read_in_one_pass(unit):
    read_letter(unit * (100_000 // len(unit)), DEFECTS)  # hangs where a pattern backtracks


@pytest.mark.parametrize("options", [[], ["x"] * 27])
def test_no_choices_or_too_many_are_refused(options):
    with pytest.raises(ValueError, match="choices must be 1 to 26 texts"):
        read_letter("A", options)


OBJECTS = ("A gear", "A lid", "A brush", "A pill", "A cable")


@pytest.mark.parametrize(
    ("reply", "letter"),
    [
        ("The part is correctly placed.\n\nB", "B"),
        ("This is the best fit for the given choices.\n\nA", "A"),
        ("It comes in a TO-92 package.\n\nE", "E"),
        ("The PCB is not damaged.\n\nD", "D"),
        ("The answer is A because it fits. I choose A.\n\nB", "B"),
        ("It looks bent at the side.D", "D"),
    ],
)
def test_a_plain_last_line_beats_the_prose_before_it(reply, letter):
    assert read_letter(reply, OBJECTS).letter == letter


@pytest.mark.parametrize(
    "reply", ["The part is correctly placed.", "This is best.", "The PCB is correct.", "It is made in the U.S.A", "The gear turns. A"]
)  # fmt: skip
def test_a_letter_is_never_taken_out_of_a_word_or_a_text_that_is_cut_off(reply):
    assert read_letter(reply, OBJECTS).letter is None


@pytest.mark.parametrize(
    "reply", ["B: It is a white lid", "B: It is a white lid on a box", "B) The answer is a white lid"]
)
def test_a_letter_that_labels_the_reply_outranks_an_options_text_in_it(reply):
    assert read_letter(reply, ("a white lid", "It is a white lid on a box", "none")).letter == "B"


@pytest.mark.parametrize(
    ("reply", "letter", "how", "reason"),
    [
        ("V shaped notch", None, None, "no_choice"),  # a letter that was not offered is a word without a stop
        ("V.", None, None, "not_offered"),
        ("B shaped notch", "B", "first", None),
        ("b shaped notch", None, None, "no_choice"),
        ("Option B shows it", "B", "bracketed", None),
        ("B and C", None, None, "several"),
        ("B or V", None, None, "several"),
        ("A. Scratch on the lid\nB. Dent\nC. Missing screw", None, None, "several"),
        ("E x", "E", "first", None),
    ],
)
def test_a_letter_at_the_start_is_distinguished_from_a_word(reply, letter, how, reason):
    assert read_letter(reply, DEFECTS) == Reading(letter, how, reason)
