"""The schema: the rules of a row as a pandera schema, and many rows judged by it at once.

Pandera checks and never coerces: it would turn 1.7 into 1 and "False" into True.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dspyui_core.datasets.contract.rules import PRESENT, UNICODE, WHOLE_ROW, RowRules, Rule
from dspyui_core.errors import Problem

if TYPE_CHECKING:
    import pandas as pd
    import pandera.pandas as pa

Values = Mapping[str, Any]


class RowSchema:
    """A signature's rules as a pandera schema; each row is known by its `row_id`, its place."""

    def __init__(self, rules: RowRules) -> None:
        self._rules = rules
        self._schema = _schema(rules)

    def judge(self, rows: Sequence[Values]) -> dict[int, list[Problem]]:
        """The problems of typed rows by place (0-based), those of sound rows left out.

        Told is, for each column of a row, the first rule that its value breaks; a rule of the whole
        row only where no column has a problem: as `RowRules.broken` tells of one row.
        """
        from pandera.errors import SchemaErrors

        if not rows:
            return {}
        try:
            self._schema.validate(_frame(rows, self._rules), lazy=True)
        except SchemaErrors as error:
            return self._problems(rows, error.failure_cases)
        return {}

    def _problems(self, rows: Sequence[Values], cases: pd.DataFrame) -> dict[int, list[Problem]]:
        """One problem for each (row, column) of the failure cases, which may name it often."""
        broken: dict[int, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for place, column, check in zip(
            cases["index"], cases["column"], cases["check"], strict=True
        ):
            broken[int(place)][column].add(check)
        return {place: self._told(rows[place], broken[place]) for place in sorted(broken)}

    def _told(self, values: Values, broken: Mapping[str, set[str]]) -> list[Problem]:
        fields = self._rules.fields
        told = [
            next(rule for rule in fields[name] if rule.name in broken[name]).problem(
                name, values[name]
            )
            for name in fields
            if name in broken
        ]
        return told or [rule.problem(WHOLE_ROW, values) for rule in self._rules.row]


def _frame(rows: Sequence[Values], rules: RowRules) -> pd.DataFrame:
    """One column of Python objects per field: no number is rounded, no text is changed."""
    import pandas as pd

    index = pd.RangeIndex(len(rows), name="row_id")
    columns = {name: pd.Series([row[name] for row in rows], index, object) for name in rules.fields}
    if rules.row:
        columns[WHOLE_ROW] = pd.Series(list(rows), index, object)
    return pd.DataFrame(columns, index=index, copy=False)


def _schema(rules: RowRules) -> pa.DataFrameSchema:
    import pandera.pandas as pa

    named = {**rules.fields, **({WHOLE_ROW: rules.row} if rules.row else {})}
    columns = {
        name: pa.Column(
            None,
            [_check(rule) for rule in own if rule not in (PRESENT, UNICODE)],
            nullable=PRESENT not in own,
        )
        for name, own in named.items()
    }
    return pa.DataFrameSchema(columns, index=pa.Index(int, name="row_id"), coerce=False)


def _check(rule: Rule) -> pa.Check:
    import pandera.pandas as pa

    return pa.Check(rule.holds, element_wise=True, name=rule.name)
