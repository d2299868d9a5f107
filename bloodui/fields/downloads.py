"""What can be taken away of a case: a report, and the cells as a table."""

from __future__ import annotations

import datetime as dt

import streamlit as st

from bloodui import session
from bloodui.fields import case as cases
from bloodui.fields.counts import aim_of
from bloodui.fields.table import Named, cells_csv
from bloodui.people import Person
from bloodui.reports.field import FieldReport, ReportedField, field_html
from bloodui.settings import program_version
from bloodui.widgets import messages
from bloodui.widgets.card import figures_table
from models.cells.count import Differential
from models.cells.count_error import model_error_of
from models.errors import BlooduiError

NAMES_HELP = (
    "Names of files may name a patient. They are on this page for you alone, and go into what you "
    "download only if you ask for it."
)


def show_downloads(
    case: cases.Case, counted: Differential, *, person: Person, case_name: str
) -> None:
    """Draw the buttons. What they hand out is made when they are pressed, and kept nowhere.

    That happens outside of this session, so that what it takes is taken along from here; fields
    and corrections are looked up then, since the page may not have been drawn since the last one.

    Args:
        counted: The differential that the page shows.
        person: Whose name a report may have.
        case_name: What the reader calls the case; "" for nothing.
    """
    st.subheader("Take away")
    try:
        card = session.card(case.installed)
    except BlooduiError as error:
        messages.show(messages.message_for(error))
        return
    is_named = any(field.name for field in case.fields) and st.checkbox(
        "With the files' names, the case and yours", key="fields-report-named", help=NAMES_HELP
    )
    named = Named(case=case_name, reader=person.name) if is_named else None
    look, aim = cases.as_it_is_then(case), aim_of(counted)
    of_model = model_error_of(card, case.classes)

    def report() -> str:
        fields, review = look()
        held = FieldReport(
            fields=tuple(
                ReportedField(
                    label=field.label,
                    reading=field.reading,
                    corrected=review.corrected(field.sha256),
                    name=field.name if is_named else "",
                    credit=field.credit,
                    is_drawn=field.is_drawn,
                )
                for field in fields
            ),
            manifest=case.installed.manifest,
            counted=cases.count_of(fields, review, case.classes, of_model),
            card=card,
            figures=tuple(figures_table(card)),
            case=named.case if named else "",
            reader=named.reader if named else "",
            aim=aim,
        )
        return field_html(held, version=program_version(), made=dt.datetime.now(dt.UTC))

    with st.container(horizontal=True):
        st.download_button(
            "Download the report (HTML)",
            data=lambda: report().encode(),
            file_name="fields.html",
            mime="text/html",
            icon=":material/download:",
            on_click="ignore",
            key="fields-report",
        )
        st.download_button(
            "Download the cells (CSV)",
            data=lambda: cells_csv(*look(), named=named).encode(),
            file_name="cells.csv",
            mime="text/csv",
            icon=":material/table:",
            on_click="ignore",
            key="fields-csv",
        )
