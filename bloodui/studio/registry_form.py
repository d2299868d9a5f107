"""What an admin does with models: promote, import, export."""

from __future__ import annotations

import streamlit as st

from bloodui import session
from bloodui.inventory import Inventory
from bloodui.render.text import as_markdown
from bloodui.studio.finished_runs import FinishedRuns
from bloodui.studio.studio import Studio
from bloodui.widgets import messages
from bloodui.widgets.card import show_card, show_card_downloads, show_lacking
from models.bundle.folder import read_manifest
from models.stored import is_id
from training.runs.ensemble_bundle import EnsembleOrder


def promote_form(results: FinishedRuns) -> None:
    """Show a finished run's card, ask for a reason, and promote its model."""
    runs = {run.name: run for run in results.finished()}
    if not runs:
        st.caption("No run has finished yet.")
        return
    wanted = session.asked_by_link("run")
    for name, run in runs.items():
        if run.id == wanted:
            session.set_widgets({"promote-run": name})
    run = runs[st.selectbox("Finished run", list(runs), key="promote-run")]
    with messages.errors_shown(run.name):
        manifest = read_manifest(run.bundle)
        card = results.card(run)
        show_lacking(card, manifest)
        show_card_downloads(card, manifest)
        with st.expander("Its card: read it before you promote", expanded=True, key="promote-card"):
            show_card(card, manifest)
        is_taken = bool(results.studio.titles(manifest.title) - {manifest.id})
        title = st.text_input(
            "Title",
            f"{manifest.title}, {manifest.id}" if is_taken else manifest.title,
            max_chars=100,
            key=f"promote-title-{run.id}",
            help="What readers choose it by. No other model may have it.",
        )
        reason = st.text_input("Why it is promoted (for the history)", key="promote-reason")
        if st.button(
            "Promote", type="primary", icon=":material/verified:", disabled=not reason.strip()
        ):
            event = results.studio.promote_run(run.id, reason=reason.strip(), title=title)
            st.success(
                f"Clinicians can now choose {as_markdown(event.bundle_id)} for "
                f"{as_markdown(event.alias)}."
            )


def ensemble_form(results: FinishedRuns) -> None:
    """Make one model of several finished runs; nobody uses it before it is promoted."""
    runs = {run.name: run for run in results.finished()}
    if len(runs) < 2:
        st.caption("An ensemble is made of at least two finished runs of one task.")
        return
    with st.form("ensemble"):
        chosen = st.multiselect(
            "Finished runs of one task, split and seed",
            list(runs),
            help="The first one lends its preprocessing and its map.",
        )
        weights = st.radio(
            "Weights",
            ("equal", "validation"),
            format_func=lambda kind: (
                "The same for all" if kind == "equal" else "What makes the validation likeliest"
            ),
            horizontal=True,
        )
        bundle_id = st.text_input("Its id (lower case, digits, hyphens)", "my-ensemble")
        title = st.text_input("Its title", "Ensemble")
        reason = st.text_input("Why it is made (for the history)")
        if st.form_submit_button("Make the ensemble", icon=":material/join:"):
            if len(chosen) < 2 or not reason.strip() or not title.strip():
                st.warning("Choose at least two runs, and give a title and a reason.")
                return
            if not is_id(bundle_id):
                st.warning("An id is 3 to 64 lower-case letters, digits and hyphens.")
                return
            order = EnsembleOrder(
                id=bundle_id,
                title=title.strip(),
                runs=tuple(runs[name].folder for name in chosen),
                weights="equal" if weights == "equal" else "validation",
            )
            with messages.errors_shown(), st.spinner("Judging it on its members' test images"):
                manifest = results.studio.make_ensemble(order, reason=reason.strip())
                st.success(
                    f"Kept, not in use: {as_markdown(manifest.id)}. Promote it under Models."
                )


def import_form(studio: Studio) -> None:
    """Take in a model from a .zip file; nobody uses it before it is promoted."""
    st.subheader("Import")
    with st.form("import", clear_on_submit=True):
        file = st.file_uploader(
            "A model exported from bloodui (.zip)", type="zip", max_upload_size=50
        )
        reason = st.text_input("Why it is imported (for the history)")
        if st.form_submit_button("Import", icon=":material/upload:"):
            if file is None or not reason.strip():
                st.warning("Choose a file, and say why.")
                return
            with messages.errors_shown(), st.spinner("Checking every file, and loading it once"):
                manifest = studio.import_model(file.getvalue(), reason=reason.strip())
                st.success(
                    f"Kept, not in use: {as_markdown(manifest.id)}. Promote it under Models."
                )


def export_form(studio: Studio, inventory: Inventory) -> None:
    """Hand out an installed model as a .zip file."""
    st.subheader("Export")
    names = [each.manifest.id for each in inventory.models]
    if not names:
        st.caption("No model is installed.")
        return
    name = st.selectbox("Model", names, key="export-model")
    if st.button("Prepare the file", icon=":material/folder_zip:"):
        with messages.errors_shown(name), st.spinner("Packing"):
            st.download_button(
                "Download", studio.export_model(name), f"{name}.zip", "application/zip"
            )
