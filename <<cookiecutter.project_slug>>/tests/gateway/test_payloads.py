"""Typed messages: what is accepted, what is refused, and what the client is told."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import pytest
from django import forms
from pydantic import BaseModel, field_validator

from gateway.exceptions import PayloadInvalid
from gateway.payloads import validate


@dataclass
class Place:
    name: str
    height: float = 0.0


@dataclass
class Trip:
    """Every sort of field."""

    title: str
    days: int = 1
    mood: Literal["good", "bad"] = "good"
    starts: date | None = None
    booked: datetime | None = None
    price: Decimal | None = None
    key: UUID | None = None
    places: list[Place] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)
    extra: Any = None
    paid: bool = False

    def __post_init__(self) -> None:
        if self.days < 1:
            raise ValueError("A trip takes a day at least.")


def errors_of(schema: type, body: dict[str, Any]) -> Any:
    with pytest.raises(PayloadInvalid) as refused:
        validate(schema, body)
    return refused.value.errors


def test_dataclass_with_everything() -> None:
    """Nested dataclasses, lists, dates, numbers; what the schema does not name is ignored."""
    trip = validate(
        Trip,
        {
            "action": "book",
            "id": 3,
            "title": "Alps",
            "days": 2,
            "mood": "bad",
            "starts": "2026-07-01",
            "booked": "2026-06-01T10:00:00+02:00",
            "price": "12.50",
            "key": "12345678123456781234567812345678",
            "places": [{"name": "Top", "height": 3}],
            "notes": {"a": "b"},
            "extra": [1, {"x": None}],
            "paid": True,
        },
    )

    assert trip.starts == date(2026, 7, 1)
    assert trip.booked.isoformat() == "2026-06-01T10:00:00+02:00"
    assert trip.price == Decimal("12.50")
    assert trip.key == UUID(int=0x12345678123456781234567812345678)
    assert trip.places == [Place("Top", 3.0)]
    assert trip.extra == [1, {"x": None}]


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"title": ["This field is required."]}),
        ({"title": 7}, {"title": ["Must be a string."]}),
        ({"title": None}, {"title": ["Must be a string."]}),
        ({"title": "x", "days": "2"}, {"days": ["Must be a whole number."]}),
        ({"title": "x", "days": True}, {"days": ["Must be a whole number."]}),
        ({"title": "x", "days": 1.5}, {"days": ["Must be a whole number."]}),
        ({"title": "x", "days": 0}, {"__all__": ["A trip takes a day at least."]}),
        ({"title": "x", "mood": "odd"}, {"mood": ["Must be one of: good, bad."]}),
        ({"title": "x", "mood": ["good"]}, {"mood": ["Must be one of: good, bad."]}),
        ({"title": "x", "starts": "soon"}, {"starts": ["Must be a date in ISO 8601."]}),
        ({"title": "x", "starts": 7}, {"starts": ["Must be a date in ISO 8601."]}),
        ({"title": "x", "price": "much"}, {"price": ["Must be a decimal number, as a string."]}),
        ({"title": "x", "price": "NaN"}, {"price": ["Must be a decimal number, as a string."]}),
        ({"title": "x", "key": "no"}, {"key": ["Must be a UUID."]}),
        ({"title": "x", "places": {}}, {"places": ["Must be a list."]}),
        ({"title": "x", "places": [7]}, {"places.0": ["Must be an object."]}),
        ({"title": "x", "places": [{}]}, {"places.0.name": ["This field is required."]}),
        ({"title": "x", "places": [{"name": "y", "height": 10**400}]}, {"places.0.height": ["Must be a smaller number."]}),
        ({"title": "x", "notes": {"a": 1}}, {"notes.a": ["Must be a string."]}),
        ({"title": "x", "paid": 1}, {"paid": ["Must be true or false."]}),
    ],
)  # fmt: skip
def test_dataclass_errors(body: dict[str, Any], errors: dict[str, list[str]]) -> None:
    """Each field's error under its own path."""
    assert errors_of(Trip, body) == errors


class TripForm(forms.Form):
    title = forms.CharField(max_length=5)
    starts = forms.DateField(required=False)
    paid = forms.BooleanField(required=False)
    tags = forms.MultipleChoiceField(choices=[("a", "A"), ("b", "B")], required=False)
    extra = forms.JSONField(required=False)


def test_form() -> None:
    """A form gives its cleaned data."""
    data = validate(
        TripForm, {"title": "Alps", "starts": "2026-07-01", "paid": True, "tags": ["a", "b"], "extra": {"x": [1]}}
    )

    assert data == {"title": "Alps", "starts": date(2026, 7, 1), "paid": True, "tags": ["a", "b"], "extra": {"x": [1]}}


@pytest.mark.parametrize("starts", [7, True, ["x", "y"], {"a": 1}, "soon", 10**400])
def test_form_errors(starts: Any) -> None:
    """Whatever a client sends instead of text is a field error, never a fault."""
    errors = errors_of(TripForm, {"title": "too long", "starts": starts})

    assert set(errors) == {"title", "starts"}


def test_form_takes_null_as_absent() -> None:
    """JSON's null is what a browser would not post."""
    assert validate(TripForm, {"title": "Alps", "starts": None})["starts"] is None


class TripModel(BaseModel):
    title: str
    days: int = 1

    @field_validator("title")
    @classmethod
    def _not_shouted(cls, value: str) -> str:
        if value.isupper():
            raise ValueError("Do not shout.")
        return value


def test_pydantic_model() -> None:
    """A pydantic model validates itself."""
    assert validate(TripModel, {"title": "Alps", "days": 3, "id": 1}) == TripModel(title="Alps", days=3)


def test_pydantic_errors() -> None:
    """Its errors come back by field, without what was sent."""
    errors = errors_of(TripModel, {"title": "ALPS", "days": "many"})

    assert set(errors) == {"title", "days"}
    assert "shout" in errors["title"][0]


def test_a_class_that_is_no_schema() -> None:
    """A mistake of the project's is a fault, not the client's error."""
    with pytest.raises(TypeError, match="no dataclass"):
        validate(int, {})


def test_an_answer_to_a_message_that_is_wrong_throughout_stays_small() -> None:
    """The first faults are told; API Gateway would carry no answer of more than 128 KB."""
    errors = errors_of(Trip, {"title": "Alps", "notes": {f"{number}{'n' * 1_000}": number for number in range(100)}})

    assert len(errors) == 20
    assert max(map(len, errors)) == 200
