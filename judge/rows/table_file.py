"""Which file a table is in, in which format, and which sheet of it is meant."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from judge.errors import InputError

FORMATS = ("jsonl", "json", "csv", "tsv", "parquet", "xlsx")

Kind = Literal["jsonl", "json", "csv", "tsv", "text", "parquet", "xlsx", "dataset"]
"""Formats, and what has no name as a format: a text file of any of them, the folder of a saved dataset."""

_BY_SUFFIX: dict[str, Kind] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".psv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".txt": "text",
    ".parquet": "parquet",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
}
_SPREADSHEET = "save it as .xlsx or .csv"
_TEXT_DOCUMENT = "copy its table into a spreadsheet and save that as .xlsx or .csv"
_UNPACK = "unpack it and name the file in it"
_PYTHON = "load it in Python and pass the DataFrame, or write it as .csv or .parquet"
_REFUSED = {
    **dict.fromkeys((".xls", ".xlsb", ".ods", ".numbers", ".gsheet"), _SPREADSHEET),
    **dict.fromkeys((".doc", ".docx", ".odt", ".rtf", ".pdf", ".html", ".htm", ".md"), _TEXT_DOCUMENT),
    **dict.fromkeys((".zip", ".tar", ".tgz", ".7z", ".rar", ".bz2", ".xz", ".zst"), _UNPACK),
    **dict.fromkeys((".pkl", ".pickle", ".feather", ".sav", ".dta", ".rds", ".sas7bdat"), _PYTHON),
    **dict.fromkeys((".db", ".sqlite", ".sqlite3"), "export its table as .csv"),
    **dict.fromkeys((".xml", ".yaml", ".yml"), "write its entries as .jsonl, one object a line"),
    ".arrow": "name the folder of the saved dataset, or write a .parquet file",
}


@dataclass(frozen=True)
class TableFile:
    """One table in a file.

    Attributes
    ----------
    name : str
        How the user named it; the name in errors.
    path : Path or None
        The file or folder; None is standard input.
    kind : Kind or None
        The format; None if neither the name nor the user tells it (standard input).
    sheet : str or None
        Sheet of a spreadsheet; None is its only one.
    """

    name: str
    path: Path | None
    kind: Kind | None
    sheet: str | None = None


def path_and_sheet(source: str | Path) -> tuple[Path, str | None]:
    """Split the name of a table in a file into the path and, after ``#``, the sheet of a spreadsheet.

    Examples
    --------
    >>> path_and_sheet("data/answers.xlsx#Round 2")
    (PosixPath('data/answers.xlsx'), 'Round 2')
    """
    path, sign, sheet = str(source).rpartition("#")
    is_book = path.lower().endswith((".xlsx", ".xlsm"))
    return (Path(path), sheet) if sign and is_book and not Path(source).exists() else (Path(source), None)


def table_file(source: str | Path, format: str | None) -> TableFile:
    """Find out what a table is by its name; ``-`` is standard input.

    Raises
    ------
    InputError
        The format is not known, or no table is read from files of this kind.
    """
    if format not in (None, *FORMATS):
        raise InputError(f"format {format!r} is not known; allowed: {', '.join(FORMATS)}")
    given: Kind | None = format  # type: ignore[assignment]
    if str(source) == "-":
        return TableFile("standard input", None, given)
    path, sheet = path_and_sheet(source)
    if path.is_dir():
        return TableFile(str(source), path, "dataset")
    return TableFile(str(source), path, given or _kind_by_name(path), sheet)


def _kind_by_name(path: Path) -> Kind:
    suffix = Path(path.name.lower().removesuffix(".gz")).suffix
    if suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix]
    if suffix in _REFUSED:
        raise InputError(f"{path}: no table is read from {suffix} files; {_REFUSED[suffix]}")
    raise InputError(
        f"{path}: the name ends in {suffix or 'nothing that tells the format'!r}; allowed: "
        f"{', '.join(_BY_SUFFIX)}, each also with .gz, and folders of saved datasets. Rename the file, or "
        "name its format with --format"
    )
