"""A model made under ``tf.distribute``: its devices share each batch."""

import tensorflow as tf

from .passes import Passes
from .patching import recording


class OnAllDevices(Passes):
    """Like `Passes`, always compiled: that is how TensorFlow runs devices side by side."""

    def run(self, structure, arrays, first_row=0):
        if self.request.replace or self.request.tensors or self.inside:
            raise ValueError(
                f"{self.request.model.name} is shared by several devices, so its "
                "outputs can be read, but not replaced, opened or differentiated. Load "
                "it outside of strategy.scope() for that."
            )
        key = tuple((x.shape[1:], x.dtype.name) for x in arrays)
        if key not in self.compiled:
            self.compiled[key] = self.compile(structure, arrays)
        function, about = self.compiled[key]
        outputs = function(*map(tf.constant, arrays))
        return [(key, x, call) for (key, call), x in zip(about, outputs)]

    def probe(self, structure, arrays):
        return 0, {}  # the rows are on the first axis: the devices share it

    def compile(self, structure, arrays):
        about = []
        signature = [
            tf.TensorSpec((None, *x.shape[1:]), tf.as_dtype(x.dtype)) for x in arrays
        ]

        def run(*tensors):
            found, scope = self.record(structure, tensors)
            scope.let_random_numbers_go_on()
            about[:] = [(key, call) for key, _, call in found]
            return [output for _, output, _ in found]

        shared = on_all_devices(run, self.request.model.distribute_strategy)
        function = tf.function(shared, autograph=False, input_signature=signature)
        with recording(self.own_code):
            function = function.get_concrete_function()
        for _, call in about:
            call.forget()
        return function, about


def device_count(model):
    return model.distribute_strategy.num_replicas_in_sync


def on_all_devices(function, strategy):
    """Let each device of a ``tf.distribute`` strategy compute a share of the rows."""
    devices = strategy.num_replicas_in_sync

    def compute_share(*tensors):
        i = tf.distribute.get_replica_context().replica_id_in_sync_group
        rows = tf.shape(tensors[0])[0]
        share = slice(rows * i // devices, rows * (i + 1) // devices)
        return function(*(x[share] for x in tensors))

    def compute_all(*tensors):
        outputs = strategy.run(compute_share, args=tensors)
        return [tf.concat(strategy.experimental_local_results(x), 0) for x in outputs]

    return compute_all
