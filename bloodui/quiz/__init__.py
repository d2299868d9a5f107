"""Quizzes: instructors make them, residents read them, both see scores."""
