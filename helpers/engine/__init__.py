"""What stands behind the learner's part: one run of a model, recorded; files; downloads."""
