import os
import signal

import pytest

from judge.scoring.interrupts import counted_interrupts, uninterrupted


def press():
    os.kill(os.getpid(), signal.SIGINT)


def press_inside(context):
    with context:
        press()
        press_inside.went_on = True


def test_ctrl_c_is_held_back_until_the_end_of_the_block():
    press_inside.went_on = False
    with pytest.raises(KeyboardInterrupt):
        press_inside(uninterrupted())
    assert press_inside.went_on


def test_ctrl_c_is_noted_and_the_block_goes_on():
    with counted_interrupts() as pressed:
        assert not pressed
        press()
        assert pressed
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_that_is_ignored_stays_so():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        press_inside(uninterrupted())
        press_inside(counted_interrupts())
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_second_ctrl_c_breaks_in():
    with pytest.raises(KeyboardInterrupt), counted_interrupts():
        list(map(os.kill, [os.getpid()] * 2, [signal.SIGINT] * 2))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_handler_of_another_stays():
    heard = []
    before = signal.signal(signal.SIGINT, lambda *_: heard.append(True))
    try:
        with counted_interrupts() as pressed:
            press()
        assert heard
        assert not pressed
    finally:
        signal.signal(signal.SIGINT, before)
