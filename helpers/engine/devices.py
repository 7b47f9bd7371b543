"""A model made under ``tf.distribute``: its devices share each batch."""

from contextlib import contextmanager

import tensorflow as tf

from .passes import Passes, kept


@contextmanager
def passes_of(request, left_out, rows=None):
    """Give `Passes`, or those on all devices; the model is as it was when they are over."""
    several = request.model.distribute_strategy.num_replicas_in_sync > 1
    passes = (OnAllDevices if several else Passes)(request, left_out, rows)
    with kept(request.model):
        yield passes
    passes.scope.let_random_numbers_go_on()


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
        function, keys = self.compiled[key]
        return dict(zip(keys, function(*map(tf.constant, arrays))))

    def probe(self, structure, arrays):
        return 0, {}  # the rows are on the first axis: the devices share it

    def compile(self, structure, arrays):
        keys = []

        def run(*tensors):
            found, scope = self.record(structure, tensors)
            scope.let_random_numbers_go_on()
            keys[:] = found
            return list(found.values())

        shared = on_all_devices(run, self.request.model.distribute_strategy)
        any_rows = [
            tf.TensorSpec((None, *x.shape[1:]), tf.as_dtype(x.dtype)) for x in arrays
        ]
        return self.trace(shared, *any_rows), keys


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
