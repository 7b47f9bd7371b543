"""What stands behind `layer_outputs`: one run of a model, recorded."""
