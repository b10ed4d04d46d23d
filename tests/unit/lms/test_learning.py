"""The embedded LM learns from its demos: more and nearer demos give better answers."""

from __future__ import annotations

from typing import Literal

import dspy

from dspyui_core.lms import EMBEDDED_LM, open_lm, using_lm
from dspyui_core.lms.embedded.learner import Neighbour, decide
from dspyui_core.lms.embedded.prompt import Field
from dspyui_core.lms.embedded.schema import Value

LABELS = ("order_status", "refund_request", "product_question", "complaint")
TRAIN = [
    ("Where is my parcel?", "order_status"),
    ("Has my package been shipped yet?", "order_status"),
    ("The tracking page shows nothing", "order_status"),
    ("When will the delivery arrive?", "order_status"),
    ("I want my money back", "refund_request"),
    ("Please send me back what I paid", "refund_request"),
    ("Can I return the shoes and get the money?", "refund_request"),
    ("Cancel it and pay me back", "refund_request"),
    ("Does the jacket come in blue?", "product_question"),
    ("Which size fits a tall person?", "product_question"),
    ("Is the lamp made of glass?", "product_question"),
    ("What material is the jacket?", "product_question"),
    ("Your staff was rude to me", "complaint"),
    ("This is the worst service ever", "complaint"),
    ("I am very angry about the service", "complaint"),
    ("Nobody answers the phone, terrible", "complaint"),
]
TEST = [
    ("where is the package now", "order_status"),
    ("my parcel shows no tracking", "order_status"),
    ("will the delivery arrive today", "order_status"),
    ("give me my money back please", "refund_request"),
    ("pay me back what I paid", "refund_request"),
    ("I return it, I want the money", "refund_request"),
    ("is the jacket made of wool", "product_question"),
    ("does the lamp come in another size", "product_question"),
    ("what material are the shoes", "product_question"),
    ("rude staff on the phone", "complaint"),
    ("terrible, the worst", "complaint"),
    ("so angry, nobody answers", "complaint"),
]


def accuracy(demos: int) -> float:
    signature = dspy.Signature("text -> label").with_updated_fields("label", type_=Literal[LABELS])
    program = dspy.Predict(signature)
    # One demo per label first, then the second one of each, and so on.
    spread = [TRAIN[start] for offset in range(4) for start in range(offset, 16, 4)]
    program.demos = [{"text": text, "label": label} for text, label in spread[:demos]]
    with using_lm(open_lm(EMBEDDED_LM, cache_dir=None)):
        right = [program(text=text).label == label for text, label in TEST]
    return sum(right) / len(right)


def test_labelled_demos_beat_no_demos_clearly() -> None:
    assert accuracy(16) >= accuracy(0) + 0.3
    assert accuracy(16) >= 0.9


def test_more_demos_are_better_than_few() -> None:
    assert accuracy(16) > accuracy(4)


def neighbour(content: object, pull: float) -> Neighbour:
    return Neighbour("some text", Value(content), pull)


def test_numbers_are_weighed_by_how_near_their_demos_are() -> None:
    near = [neighbour(10, 3.0), neighbour(20, 1.0)]

    assert decide(Field("n", {"type": "number"}), near, "") == 12.5
    assert decide(Field("n", {"type": "integer"}), near, "") == 12


def test_numbers_of_demos_that_resemble_nothing_are_averaged() -> None:
    far = [neighbour(10, 0.0), neighbour(30, 0.0)]

    assert decide(Field("n", {"type": "number"}), far, "") == 20.0


def test_two_near_demos_outvote_the_nearest() -> None:
    near = [neighbour("a", 0.5), neighbour("b", 0.4), neighbour("b", 0.3)]

    assert decide(Field("t", {"type": "string"}), near, "") == "b"


def test_where_nothing_resembles_the_commonest_value_wins() -> None:
    far = [neighbour("a", 0.0), neighbour("b", 0.0), neighbour("b", 0.0)]

    assert decide(Field("t", {"type": "string"}), far, "") == "b"


def test_a_label_that_the_question_names_wins_over_a_weak_neighbour() -> None:
    field = Field("t", {"enum": ["refund request", "complaint"]})

    assert decide(field, [neighbour("complaint", 0.01)], "my refund request") == "refund request"


def test_a_label_without_a_demo_can_still_be_chosen() -> None:
    field = Field("t", {"enum": [1, 2, 3]})

    assert decide(field, [], "number 2 please") == 2
