"""Widths of texts, against the metrics of the font."""

import pytest
from matplotlib import font_manager, ft2font

from judge.reporting.figures.svg import FONT_SIZE, round_ticks, text_width

PRINTABLE = [chr(code) for code in range(32, 127)]


@pytest.fixture(scope="module")
def font():
    loaded = ft2font.FT2Font(font_manager.findfont("DejaVu Sans"))
    loaded.set_size(100, 72)
    return loaded


def test_widths_are_those_of_dejavu_sans(font):
    for character in PRINTABLE:
        glyph = font.load_char(ord(character), flags=ft2font.LoadFlags.NO_HINTING)
        advance = glyph.linearHoriAdvance / 65536
        tolerance = 2.7 if character in "ATfr" else 0.51  # these four were measured otherwise
        # Beside wide letters the least mean width of a text does not matter.
        width = text_width("WWWW" + character, 100) - text_width("WWWW", 100)
        assert width == pytest.approx(advance, abs=tolerance), character


@pytest.mark.parametrize(("character", "hundredths"), [("A", 71), ("T", 60)])
def test_widths_of_letters_that_the_font_does_not_give(character, hundredths):
    assert text_width(character, 100) == hundredths


@pytest.mark.parametrize(
    ("text", "hundredths"),
    [("é", 66), ("日", 112), ("日本", 224), ("aé", 61 + 66), ("", 0), ("iiii", 4 * 56)],
)
def test_other_letters_have_a_mean_width_and_wide_ones_twice_the_least(text, hundredths):
    assert text_width(text, 100) == pytest.approx(hundredths)
    assert text_width(text) == pytest.approx(hundredths / 100 * FONT_SIZE)


@pytest.mark.parametrize(
    ("low", "high", "most", "ticks"),
    [
        (0, 1, 1, [0, 1]),
        (0, 1, 2, [0, 0.5, 1]),
        (0, 10, 4, [0, 2.5, 5, 7.5, 10]),
        (0, 2, 2, [0, 1, 2]),
        (0, 19, 1, [0, 20]),
    ],
)
def test_steps_are_1_2_2_5_or_5_times_a_power_of_ten(low, high, most, ticks):
    assert round_ticks(low, high, most) == ticks
