"""A model made under ``tf.distribute``: its devices share each batch."""

from support import run


def test_two_devices():
    code = """
        import keras, numpy as np, tensorflow as tf
        from helpers.extraction import layer_outputs
        from helpers.networks import cifar10_cnn

        tf.config.set_logical_device_configuration(
            tf.config.list_physical_devices("CPU")[0],
            [tf.config.LogicalDeviceConfiguration()] * 2,
        )
        x = np.random.default_rng(0).random((51, 32, 32, 3), dtype="float32")
        one_device = layer_outputs(cifar10_cnn(), x)
        strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
        seen = set()

        class Spy(keras.layers.Dropout):
            def call(self, x, training=False):
                x = super().call(x, training=training)
                seen.add(x.device[-5:])
                return x

        with strategy.scope():
            model = cifar10_cnn()
            model.add(Spy(0.5, name="spy"))
            inside = layer_outputs(model, x, batch_size=20)
            middle = keras.Model(model.inputs[0], model.get_layer("conv2d_2").output)
        predicted = middle.predict(x, batch_size=20, verbose=0)  # as lesson 04 does
        np.testing.assert_allclose(predicted, one_device["conv2d_2"], atol=1e-6)
        seen.clear()
        layer_outputs(model, x, "spy")
        outside = layer_outputs(model, x[:1])
        for name, expected in one_device.items():
            np.testing.assert_allclose(inside[name], expected, atol=1e-6)
            np.testing.assert_allclose(outside[name], expected[:1], atol=1e-6)
        print(*sorted(seen))
        dropped = layer_outputs(model, x, "spy", training=True)["spy"]
        print((dropped == 0).any())
    """
    assert run(code).split() == ["CPU:0", "CPU:1", "True"]
