"""Columns that the contract does not know: left out, kept beside the others, or refused."""

from typing import Literal, get_args

import pandas as pd

from admira.errors import DataError, OptionError, listed
from admira.schemas import Table

UnknownColumns = Literal["ignore", "keep", "fail"]


def unknown_columns_of(rows: pd.DataFrame, table: Table, mode: str) -> pd.DataFrame:
    """Give the columns that the table does not know, as received, with a fresh index.

    Raises
    ------
    OptionError
        When there is no such mode.
    DataError
        When there is one, and the mode is ``"fail"``.
    """
    if mode not in get_args(UnknownColumns):
        raise OptionError("unknown_columns", mode, get_args(UnknownColumns))
    unknown = rows.loc[:, ~rows.columns.isin([*table.names, "problems"])].reset_index(drop=True)
    if mode == "fail" and len(unknown.columns):
        raise DataError(
            f"{table.name} rows have columns that the contract does not know: "
            f"{listed(unknown.columns)}. Rename them to what they are, drop them, or pass "
            "unknown_columns='ignore'."
        )
    return unknown
