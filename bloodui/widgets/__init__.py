"""Controls and drawings that two or more rooms use; they know no room."""
