"""A model made under ``tf.distribute``: its devices share each batch."""

from contextlib import contextmanager

import tensorflow as tf

from .passes import Passes, kept, specs


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
        keys, strategy = [], self.request.model.distribute_strategy
        devices = strategy.num_replicas_in_sync

        def compute_share(*tensors):
            i = tf.distribute.get_replica_context().replica_id_in_sync_group
            rows = tf.shape(tensors[0])[0]
            share = slice(rows * i // devices, rows * (i + 1) // devices)
            found, scope = self.record(structure, [x[share] for x in tensors])
            scope.let_random_numbers_go_on()
            keys[:] = found
            return list(found.values())

        def compute_all(*tensors):
            shares = strategy.run(compute_share, args=tensors)
            return [
                tf.concat(strategy.experimental_local_results(x), 0) for x in shares
            ]

        any_rows = [tf.TensorSpec([None, *x.shape[1:]], x.dtype) for x in specs(arrays)]
        return self.trace(compute_all, *any_rows), keys
