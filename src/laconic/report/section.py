"""What a report is made of: frozen records that every stop of the tour can fill without touching the page."""

from dataclasses import dataclass

from matplotlib.figure import Figure as Plot


@dataclass(frozen=True)
class Figure:
    """A picture with its caption.

    Parameters
    ----------
    plot : matplotlib.figure.Figure
        Drawn with the colours of `laconic.report.palette`, which then follow the page's light or dark mode.
    title : str
        A few words: what the picture shows.
    description : str
        What a reader who cannot see it should know, figures included.
    caption : str
        Text below the picture.
    """

    plot: Plot
    title: str
    description: str
    caption: str = ""


@dataclass(frozen=True)
class Column:
    """A column's heading, with an explanation in small print."""

    title: str
    detail: str = ""


@dataclass(frozen=True)
class Cell:
    """A table cell: its text, and small print below."""

    text: str
    detail: str = ""


@dataclass(frozen=True)
class TableRow:
    """A row of cells; `method` gives its colour, `mark` a tag that makes it stand out."""

    cells: tuple[Cell, ...]
    method: str = ""
    mark: str = ""


@dataclass(frozen=True)
class Table:
    """A table whose first column names the rows and whose others are numbers."""

    columns: tuple[Column, ...]
    rows: tuple[TableRow, ...]
    caption: str = ""


@dataclass(frozen=True)
class Term:
    """A name and what is to be said of it; `code` sets the text as typed."""

    name: str
    text: str
    method: str = ""
    code: bool = False


@dataclass(frozen=True)
class Part:
    """A headed piece of a section: text, a table, figures side by side, terms and notes, each of them optional.

    `folded` hides it behind its heading until the reader opens it.
    """

    heading: str
    text: str = ""
    table: Table | None = None
    figures: tuple[Figure, ...] = ()
    terms: tuple[Term, ...] = ()
    notes: tuple[str, ...] = ()
    folded: bool = False


@dataclass(frozen=True)
class Section:
    """One subject of a report: a title, the finding in a sentence, what qualifies it, and the parts that show it."""

    title: str
    finding: str
    lead: str = ""
    parts: tuple[Part, ...] = ()
