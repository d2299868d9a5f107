"""Words, HTML and pictures without Streamlit, for widgets, rooms and reports."""
