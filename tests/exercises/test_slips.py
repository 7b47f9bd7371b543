"""What learners are likely to answer by a slip, and what they hear."""

import itertools

import numpy as np
import pytest
from asked import EXERCISES, FUNCTIONS, PREDICTIONS

from helpers.by_hand import dense, relu, softmax
from helpers.datasets import cat_photograph, shapes
from helpers.exercises.checking import verdict
from helpers.exercises.exercise import Exercise, computed, same
from helpers.exercises.functions import alike
from helpers.exercises.predictions import opinion
from helpers.extraction import layer_outputs
from helpers.networks import cifar10_cnn, dense_network, trained_cifar10_cnn
from helpers.statistics import layer_statistics

TYPED = {"np": np, "dense": dense, "relu": relu, "softmax": softmax}
LIST_OF_TWO = "A list of 2 numbers is asked for"


def dense_names():
    """Return the names of lessons 00 and 01."""
    network, x_train = dense_network(), np.eye(3)
    kernel, bias, output_kernel, output_bias = network.get_weights()
    outputs = layer_outputs(network, [[1, 0, 0]])
    both, new_row = np.array([1, 1, 0]), np.array([2, 1, 0.5])
    hidden = relu(dense(new_row, kernel, bias))
    sums = dense(hidden, output_kernel, output_bias)
    return locals()


def picture_names():
    """Return the names of lessons 02 to 04."""
    network, untrained = trained_cifar10_cnn(), cifar10_cnn()
    images = cat_photograph()[np.newaxis] / 255
    outputs, raw = layer_outputs(network, images), layer_outputs(network, 255 * images)
    before = layer_outputs(untrained, images)
    kernels, biases = network.get_layer("conv2d").get_weights()
    maps, maps_before = outputs["conv2d_2"], before["conv2d_2"]
    many = layer_outputs(network, shapes(500, seed=5)[0] / np.float32(255), "conv2d_2")
    for_the_cat = layer_statistics(outputs)["conv2d_2"].dead
    for_all = layer_statistics(many)["conv2d_2"].dead
    means, flat = maps.mean(axis=(0, 1, 2)), outputs["flatten"][0]
    edge = np.full((32, 32, 3), 0.8)
    edge[:, 16:] = 0.2
    edges = np.stack([edge, edge.swapaxes(0, 1)])
    answers = layer_outputs(network, edges, "conv2d")["conv2d"]
    answers_before = layer_outputs(untrained, edges, "conv2d")["conv2d"]
    value, own, two = maps[0, 3, 1, 13], maps[0, :, :, 13], maps[0][..., [13, 27]]

    def value_of(filters, row=23, column=15, bias=None, cut=relu, images=images):
        patch = images[0, row : row + 3, column : column + 3, :, np.newaxis]
        sums = (patch * kernels).sum(axis=(0, 1, 2))[filters]
        return cut(sums + biases[filters if bias is None else bias])

    return locals()


SLIPS = {
    "start_here.hidden_outputs": [
        ("2", "a 0 is a number, too"),
        ("len(outputs['hidden'])", "number of rows given in"),
        ("outputs['hidden'].shape", "the shape, rows and units"),
        ("outputs['hidden']", "the numbers themselves"),
        ("outputs['hidden'][0]", "the numbers themselves"),
        ("outputs['hidden'].sum()", "what the numbers add up to"),
        ("outputs", "A dict: name the layer"),
        ("[4]", "without brackets"),
        ("kernel.size", "weights in the kernel"),
        ("len(kernel)", "number of inputs"),
        ("6", "the output layer together"),
        ("20", "the number of lines"),
        ("5", "That is not it."),
    ],
    "dense_by_hand.two_inputs": [
        ("both @ kernel", "before ReLU"),
        ("0.027", "A list of 4 numbers is asked for"),
        ("both * kernel[:, 1]", "the terms of unit 1"),
        ("relu(x_train @ kernel)", "three rows"),
        ("relu(kernel[0])", "belongs to [1, 0, 0]"),
        ("relu(kernel[0]) + relu(kernel[1])", "ReLU came before the sum"),
        ("abs(both @ kernel)", "lost its sign"),
        ("np.minimum(0, both @ kernel)", "np.maximum"),
        ("softmax(both @ kernel)", "softmax"),
        ("relu(np.ones(3) @ kernel)", "belongs to [1, 1, 1]"),
        ("relu(np.array([1, 0, 1]) @ kernel)", "belongs to [1, 0, 1]"),
        ("network.predict(both[np.newaxis], verbose=0)[0]", "the whole network"),
        ("relu(both[np.newaxis] @ kernel)", "index with [0]"),
        ("relu(both @ kernel)[::-1]", "in reverse order"),
        ("relu", "its brackets are missing"),
    ],
    "dense_by_hand.whole_network": [
        (
            "softmax(dense(new_row @ kernel, output_kernel, output_bias))",
            "ReLU is missing",
        ),
        ("sums", "before softmax"),
        ("np.exp(sums)", "the powers of e"),
        ("sums / sums.sum()", "takes the powers of e first"),
        ("softmax(relu(sums))", "it has softmax alone"),
        ("hidden", "the output layer is still to come"),
        ("softmax(hidden)", "kernel is still to come"),
        ("network.predict(x_train, verbose=0)", "three rows"),
        ("network.predict(new_row[np.newaxis], verbose=0)", "index with [0]"),
        ("softmax(sums)[::-1]", "in reverse order"),
        ("softmax(sums)[0]", LIST_OF_TWO),
        ("100 * softmax(sums)", "per cent"),
        ("network", "This is a model"),
        ("network.outputs", "No rows went in"),
    ],
    "dense_by_hand.last_step": [
        ("[8, 0.862]", "counts the steps"),
        ("[0.9, 0.865]", "one step too far"),
        ("[0.9, 0.862]", "one step too far"),
        ("[0.85, 0.86]", "half a step too far"),
        ("[0.7, 0.859]", "one step too early"),
        ("[0.82, 0.86]", "between two steps"),
        ("[0.8, 0.138]", "that of unit 0"),
        ("[0.8, 0.137]", "that of unit 0"),
        ("[0.8, 0.815]", "belongs to the start"),
        ("[0.8, 0.819]", "softmax is still to come"),
        ("[0.8, 0.0147]", "hidden unit's own output"),
        ("[0.862, 0.8]", "in reverse order"),
        ("0.8", LIST_OF_TWO),
    ],
    "convolution_by_hand.two_filters": [
        ("value_of([10, 13], bias=[7, 7])", "the one of the cell above"),
        ("value_of([10, 10])", "filter 10 twice"),
        ("value_of([10, 10], bias=[10, 13])", "with the kernel of filter 10"),
        ("value_of([7, 7], bias=[10, 13])", "the one of the cell above"),
        ("value_of([10, 13], bias=[10, 10])", "each filter has its own"),
        ("value_of([9, 12])", "counting starts at 0"),
        ("value_of([10, 13], 22, 14)", "too early"),
        ("value_of([10, 13], 24, 16)", "too late"),
        ("value_of([10, 13], 15, 23)", "Rows and columns are swapped"),
        ("value_of([10, 13], cut=lambda sums: sums)", "before ReLU"),
        ("value_of([10, 13], bias=[2, 2])", "wrong"),
        ("value_of([10, 13], images=255 * images)", "raw pixels"),
        ("value_of([13, 10])", "The order is"),
        ("value_of([10])[0]", LIST_OF_TWO),
        ("[0, 0]", "The first of two is wrong"),
    ],
    "convolution_by_hand.sizes": [
        ("[62, 31, 29, 15, 13]", "rounds down"),
        ("[62, 31, 29, 14.5, 12.5]", "no half pixels"),
        ("[63, 31, 30, 15, 14]", "two places fewer"),
        ("[61, 30, 27, 13, 10]", "two places fewer"),
        ("[30, 15, 13, 6, 4]", "a picture of 32 rows"),
        ("[60, 30, 26, 12, 8]", "twice the sizes"),
        ("[64, 62, 31, 29, 14]", "The picture itself"),
        ("[32, 30, 15, 13, 6]", "is a convolution"),
        ("[62, 62, 60, 60, 58]", "Pooling halves"),
        ("[62, 31, 29, 14]", "A list of 5 numbers is asked for; yours has 4"),
        ("[62, 31, 29, 14, 13]", "The fifth of five is wrong"),
        ("12", "the last of the five"),
    ],
    "convolution_by_hand.receptive_field": [
        ("20", "which is 4 pixels"),
        ("36", "neighbours overlap"),
        ("26", "adds two steps of 4"),
        ("34", "one step of 4 further"),
        ("19", "4 pixels apart"),
        ("18", "the layer before"),
        ("14", "conv2d_2 comes between"),
        ("9", "what a value looks at grows"),
        ("38", "one convolution more"),
        ("[22, 22]", "only the height"),
        ("22 * 22", "number of pixels"),
        ("24", "That is not it."),
    ],
    "convolution_by_hand.largest_share": [
        ("[2, 7]", "in reverse order"),
        ("[8, 3]", "does counting start at 0"),
        ("[7, 8]", "which one is negative"),
        ("[27, 27]", "single product"),
        ("[219, 59]", "places among all 288 products"),
        ("[7, 1]", "adds next to nothing"),
        ("[0.215, -0.067]", "which channels they are"),
        ("[29, 24]", "counting starts at 0"),
        ("7", LIST_OF_TWO),
        ("[7, 2, 23]", f"{LIST_OF_TWO}; yours has 3"),
        ("[7, 23]", "The second of two is wrong"),
    ],
    "cifar10_feature_maps.one_channel": [
        ("outputs['max_pooling2d']", "the whole output of the layer"),
        ("outputs['max_pooling2d'][..., 5]", "index with [0]"),
        ("outputs['max_pooling2d'][0]", "all 32 channels"),
        ("outputs['max_pooling2d'][0, 5]", "row 5 of every map"),
        ("outputs['max_pooling2d'][0, :, :, 6]", "counting starts at 0"),
        ("outputs['max_pooling2d'][0, :, :, 4]", "as channel 4 is"),
        ("outputs['max_pooling2d_1'][0, :, :, 5]", "the second pooling"),
        ("outputs['conv2d'][0, :, :, 5]", "the layer before pooling"),
        ("raw['max_pooling2d'][0, :, :, 5]", "raw pixels"),
        ("before['max_pooling2d'][0, :, :, 5]", "the untrained network"),
        ("outputs['max_pooling2d'][0, :, :, 5].T", "Rows and columns are swapped"),
        ("outputs['max_pooling2d'][0, :, :, 5].shape", "the shape of the answer"),
        ("network.get_layer('max_pooling2d').output", "No rows went in"),
        ("network.get_layer('max_pooling2d')", "This is a layer"),
    ],
    "cifar10_feature_maps.dead_maps": [
        ("(outputs['conv2d_1'] == 0).all(axis=(0, 1, 2)).sum()", "That is conv2d_1"),
        ("(outputs['conv2d'] == 0).all(axis=(0, 1, 2)).sum()", "and in conv2d;"),
        ("(maps == 0).all(axis=(0, 1, 2)).mean()", "the share of the 64 maps"),
        ("(maps == 0).all(axis=(0, 1, 2))", "true or false for each map"),
        ("(maps == 0).all(axis=(0, 1, 2)).nonzero()[0]", "how many they are"),
        ("(maps == 0).sum()", "numbers that are zero"),
        ("(maps == 0).mean()", "share of the numbers"),
        ("(maps == 0).any(axis=(0, 1, 2)).sum()", "with any zero"),
        ("(maps != 0).any(axis=(0, 1, 2)).sum()", "not dead"),
        ("(maps_before == 0).all(axis=(0, 1, 2)).sum()", "the untrained network"),
        ("(raw['conv2d_2'] == 0).all(axis=(0, 1, 2)).sum()", "raw pixels"),
        ("(maps == 0).all(axis=(0, 1, 2)).sum", "its brackets are missing"),
        ("33", "the cat of CIFAR-10"),
    ],
    "cifar10_feature_maps.brightness": [
        ("[value / own.max(), value / two.max()]", "it is not 0 in this map"),
        ("[0.165, value / two.max()]", "In the second, too"),
        ("[value, value]", "the number itself"),
        ("[0.165, 0.165]", "Both are on the map's own scale"),
        ("[0.165, value / maps.max()]", "More than two maps"),
        ("[0.165, value / maps[..., 13:28].max()]", "More than two maps"),
        ("0.165", LIST_OF_TWO),
        ("[0.134, 0.165]", "in reverse order"),
        ("[0.835, 0.866]", "how dark it is"),
        ("[42, 34]", "all numbers are wrong"),
        ("[0.218, 0.165]", "all numbers are wrong"),
        ("[0.773, 0.773]", "the cat of CIFAR-10"),
    ],
    "cifar10_feature_maps.edge_channel": [
        ("[0.976, 0.032, 30]", "The channel comes first"),
        ("[0.032, 0.976, 30]", "in reverse order"),
        ("[30, 0.032, 0.976]", "the vertical edge first"),
        ("[31, 0.976, 0.032]", "does counting start at 0"),
        ("[30, 0.976]", "is missing"),
        ("[0.976, 0.032]", "the channel comes before them"),
        ("[30, 24]", "the two channels"),
        ("[30, 0.976, answers[1].max()]", "that of the same channel"),
        ("[30, 0.976, outputs['conv2d'][..., 30].max()]", "for the cat"),
        ("[5, 0, answers[1, ..., 5].max()]", "answers most to the cat"),
        ("[16, *answers.mean(axis=(1, 2))[:, 16]]", "These are means"),
        ("[20, *answers_before.max(axis=(1, 2))[:, 20]]", "the untrained network"),
        ("30", "A list of 3 numbers is asked for"),
    ],
    "every_layer_at_once.come_to_life": [
        ("set(for_the_cat) - set(for_all)", "sorted(...)"),
        ("np.setdiff1d(for_all, for_the_cat)", "none the other way round"),
        ("np.intersect1d(for_the_cat, for_all)", "dead for the 500 pictures"),
        ("for_the_cat", "dead for the cat"),
        ("len(for_the_cat) - len(for_all)", "how many there are"),
        ("[len(for_the_cat), len(for_all)]", "the two counts"),
        ("~np.isin(for_the_cat, for_all)", "true or false"),
        ("(~np.isin(for_the_cat, for_all)).nonzero()[0]", "places in the list"),
        ("[18, 27, 44, 54]", "does counting start at 0"),
        ("[17, 26, 43]", "A list of 4 numbers is asked for; yours has 3"),
        ("[for_the_cat, for_all]", "different lengths"),
        ("filter(None, for_the_cat)", "list(...) makes a list"),
    ],
    "every_layer_at_once.largest_mean": [
        ("[means.max(), means.argmax()]", "The channel comes first"),
        ("means.max()", "the mean; give a list"),
        ("means.argmax()", "the channel; give a list"),
        ("means", "the means of all 64"),
        ("[28, means.max()]", "does counting start at 0"),
        ("[27, maps.mean()]", "the mean of the whole layer"),
        ("[27, maps[..., 27].max()]", "in place of its mean"),
        ("[27, maps[..., 27].sum()]", "the sum of the channel's numbers"),
        ("[means.argmax, means.max()]", "its brackets are missing"),
        ("[22, maps_before[..., 22].mean()]", "the untrained network"),
        ("means.argsort()[::-1][:2]", "the two channels with the largest means"),
        ("[27, np.median(maps[..., 27])]", "the channel's median"),
    ],
    "every_layer_at_once.way_back": [
        (
            "[24, *np.unravel_index(flat.argmax(), (4, 4, 64))]",
            "The unit is right. Then",
        ),
        ("[24, 449]", "the number of flatten"),
        ("24", "give row, column and channel"),
        ("[1, 3, 1]", "the unit of dense comes before it"),
        ("[1, 3, 1, 24]", "The unit comes first"),
        ("[24, 3, 1, 1]", "Row and column are swapped"),
        ("[24, 1, 1, 3]", "The order is"),
        ("[25, 2, 4, 2]", "does counting start at 0"),
        ("[24, 0, 1, 28]", "all channels of a pixel"),
        ("[24, 1, 3, 2]", "The fourth of four is wrong"),
        ("[63, 1, 3, 1]", "The first of four is wrong"),
    ],
}
NAMES = {"dense": dense_names, "start": dense_names}
ROWS = [(name, *row) for name, rows in SLIPS.items() for row in rows]


@pytest.fixture(scope="module")
def names():
    """Return the names of a lesson, computed once."""
    known = {}

    def of(name):
        make = NAMES.get(name.split("_")[0], picture_names)
        if make not in known:
            known[make] = TYPED | make()
        return known[make]

    return of


@pytest.mark.parametrize(("name", "answer", "words"), ROWS)
def test_a_likely_slip_hears_what_it_is(name, answer, words, names):
    told = verdict(EXERCISES[name], eval(answer, names(name)))
    assert told.startswith("Not yet. ") and words in told


GUESSES = [
    ("start_here.A", -0.113, "That is its sum"),
    ("start_here.A", -0.11, "That is its sum"),
    ("start_here.A", 0.113, "The sign of an input counts"),
    ("start_here.A", 1, ""),
    ("dense_by_hand.A", 4, "the weights that count"),
    ("dense_by_hand.A", 2, "each has several weights"),
    ("dense_by_hand.B", [0.4, 0.4, 0.47, 0.51], "ReLU came before the bias"),
    ("dense_by_hand.B", [0, 0, 0.466, 0.513], "added to all sums"),
    ("dense_by_hand.B", [0.015, -0.143, 0.466, 0.513], "still negative"),
    ("dense_by_hand.C", 0, "does not make the sum negative"),
    ("dense_by_hand.C", 0.57, "was cut before the sum"),
    ("convolution_by_hand.A", [27, 27], "there is no edge"),
    ("convolution_by_hand.A", [27, 54], "has no edge"),
    ("convolution_by_hand.B", 9, "one filter"),
    ("convolution_by_hand.B", 864, "all three colours"),
    ("convolution_by_hand.B", 27, "one filter, for all three"),
    ("convolution_by_hand.D", 5, "13 rows do not fill"),
    ("convolution_by_hand.D", 1, "leaves none out"),
    ("convolution_by_hand.D", [30, 15, 13, 6, 4], "how many layers change"),
    ("cifar10_feature_maps.A", "none", "a sign of its own"),
    ("cifar10_feature_maps.B", 18, "the receptive field"),
    ("cifar10_feature_maps.B", 1, "the first layer"),
    ("cifar10_feature_maps.D", 2, "belongs to the session"),
]


@pytest.mark.parametrize(("name", "guess", "words"), GUESSES)
def test_a_likely_guess_hears_what_it_overlooks(name, guess, words):
    told = opinion(PREDICTIONS[name], guess)
    assert told.startswith("Not what you expected.") and words in told


@pytest.mark.parametrize("name", [*EXERCISES, *PREDICTIONS])
def test_no_two_answers_of_a_question_are_the_same(name):
    asked = {**EXERCISES, **PREDICTIONS}[name]
    answers = {"right": asked.right, **asked.mistakes}
    for one, other in itertools.combinations(answers, 2):
        first, second = computed(answers[one]), computed(answers[other])
        if isinstance(first, str) or isinstance(second, str):
            assert str(first) != str(second)
        else:
            assert not (same(first, second) or same(second, first)), (one, other)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_two_functions_of_a_question_do_the_same(name):
    asked = FUNCTIONS[name]
    functions = {"right": asked.right, **asked.mistakes}
    for one, other in itertools.combinations(functions, 2):
        pairs = zip(asked.results(functions[one]), asked.results(functions[other]))
        assert not all(alike(*pair) for pair in pairs), (one, other)


@pytest.mark.parametrize("name", EXERCISES)
def test_two_decimals_are_enough(name):
    right = computed(EXERCISES[name].right)
    assert verdict(EXERCISES[name], right.round(2)).startswith("Right. ")


def test_two_decimals_are_not_enough_where_a_slip_is_as_near():
    right, near = [0.103, 0.896], [0.097, 0.897]
    asked = Exercise(lambda: right, "So it is.", lambda: near, "That is no share.")
    assert verdict(asked, right) == "Right. So it is."
    assert verdict(asked, near) == "Not yet. That is no share."
    assert verdict(asked, [0.1, 0.9]) == "Not yet. That is close: give three decimals."


def test_a_slip_is_known_by_two_decimals_as_well():
    asked = Exercise(lambda: [0.503, 2], "So it is.", lambda: [0.251, 2], "Half of it.")
    assert verdict(asked, [0.5, 2]) == "Right. So it is."
    assert verdict(asked, [0.25, 2]) == "Not yet. Half of it."
    assert verdict(asked, [0.5, 2.01]) == "Not yet. The second of two is wrong."
    assert verdict(asked, [0, 2]) == "Not yet. The first of two is wrong."
