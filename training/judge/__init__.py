"""How a trained network is judged: calibrate, threshold, evaluate, prediction sets."""
