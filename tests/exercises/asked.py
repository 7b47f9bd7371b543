"""What the lessons ask: every exercise and every prediction, by its name."""

from helpers.exercises import exercise

LESSONS = {topic: exercise.lesson(topic) for topic in exercise.TOPICS}
EXERCISES = {f"{t}.{n}": e for t, m in LESSONS.items() for n, e in m.EXERCISES.items()}
PREDICTIONS = {
    f"{t}.{n}": p for t, m in LESSONS.items() for n, p in m.PREDICTIONS.items()
}
