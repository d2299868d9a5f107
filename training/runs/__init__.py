"""One run: index → split → fit → judge → audits → bundle."""
