"""What an admin does with models: promote, import, export."""

from __future__ import annotations

import streamlit as st

from bloodui.run_results import RunResults
from bloodui.session import Inventory
from bloodui.studio import Studio
from bloodui.views import messages
from bloodui.views.card import show_card
from bloodui.views.card_page import show_card_downloads, show_lacking
from bloodui.views.text import as_markdown
from models.bundle import read_manifest
from models.manifest_values import is_bundle_id
from training.ensemble_bundle import EnsembleOrder


def promote_form(results: RunResults) -> None:
    """Show a finished run's card, ask for a reason, and promote its model."""
    runs = {run.name: run for run in results.finished()}
    if not runs:
        st.caption("No run has finished yet.")
        return
    run = runs[st.selectbox("Finished run", list(runs), key="promote-run")]
    if run.bundle is None:
        return
    with messages.told(run.name):
        manifest = read_manifest(run.bundle)
        card = results.card(run)
        show_lacking(card, manifest)
        show_card_downloads(card, manifest)
        with st.expander("Its card: read it before you promote", expanded=True):
            show_card(card, manifest)
        reason = st.text_input("Why it is promoted (for the history)", key="promote-reason")
        if st.button(
            "Promote", type="primary", icon=":material/verified:", disabled=not reason.strip()
        ):
            deed = results.studio.promote_run(run.id, reason=reason.strip())
            st.success(
                f"Clinicians can now choose {as_markdown(deed.bundle_id)} for "
                f"{as_markdown(deed.alias)}."
            )


def ensemble_form(results: RunResults) -> None:
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
            if not is_bundle_id(bundle_id):
                st.warning("An id is 3 to 64 lower-case letters, digits and hyphens.")
                return
            order = EnsembleOrder(
                id=bundle_id,
                title=title.strip(),
                runs=tuple(runs[name].folder / "run" for name in chosen),
                weights="equal" if weights == "equal" else "validation",
            )
            with messages.told(), st.spinner("Judging it on its members' test images"):
                manifest = results.studio.make_ensemble(order, reason=reason.strip())
                st.success(
                    f"Kept, not in use: {as_markdown(manifest.id)}. Promote it under Models."
                )


def import_form(studio: Studio) -> None:
    """Take in a model from a .zip file; nobody uses it before it is promoted."""
    st.subheader("Import")
    with st.form("import", clear_on_submit=True):
        file = st.file_uploader("A model exported from bloodui (.zip)", type="zip")
        reason = st.text_input("Why it is imported (for the history)")
        if st.form_submit_button("Import", icon=":material/upload:"):
            if file is None or not reason.strip():
                st.warning("Choose a file, and say why.")
                return
            with messages.told(), st.spinner("Checking every file's hash"):
                manifest = studio.import_model(file.getvalue(), reason=reason.strip())
                st.success(
                    f"Kept, not in use: {as_markdown(manifest.id)}. Promote it under Models."
                )


def shipped_form(studio: Studio, inventory: Inventory) -> None:
    """Hand out an installed model as a .zip file."""
    st.subheader("Export")
    names = [each.manifest.id for each in inventory.models]
    if not names:
        st.caption("No model is installed.")
        return
    name = st.selectbox("Model", names, key="export-model")
    if st.button("Prepare the file", icon=":material/folder_zip:"):
        with messages.told(name), st.spinner("Packing"):
            st.download_button(
                "Download", studio.export_model(name), f"{name}.zip", "application/zip"
            )
