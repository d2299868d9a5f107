"""Many pictures at once, of files, folders and archives: a record for each, and what they come to.

Streamlit is not imported.
"""
