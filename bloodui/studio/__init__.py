"""For admins: training, evaluation, registry."""
