"""What learners are likely to answer by a slip, and what they hear."""

import itertools

import numpy as np
import pytest
from asked import EXERCISES, FUNCTIONS, GUESSES

from helpers.by_hand import dense, relu, softmax
from helpers.datasets import cat_photograph, shapes
from helpers.exercises.checking import verdict
from helpers.exercises.exercise import Exercise, computed, same
from helpers.exercises.functions import alike
from helpers.exercises.guesses import opinion
from helpers.extraction import layer_outputs
from helpers.networks import cifar10_cnn, dense_network, trained_cifar10_cnn
from helpers.statistics import layer_statistics

TYPED = {
    "layer_statistics": layer_statistics,
    "np": np,
    "dense": dense,
    "relu": relu,
    "softmax": softmax,
}
LIST_OF_TWO = "Give a list of 2 numbers"


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
    exhibit, scaled = (
        trained_cifar10_cnn("adam"),
        shapes(500, seed=5)[0] / np.float32(255),
    )
    for_500 = layer_statistics(layer_outputs(exhibit, scaled, "conv2d_2"))
    for_the_cat = layer_statistics(layer_outputs(exhibit, images))["conv2d_2"].dead
    for_all = for_500["conv2d_2"].dead
    of_exhibit = layer_outputs(exhibit, images)["conv2d_1"]
    means, flat = outputs["conv2d_1"].mean(axis=(0, 1, 2)), outputs["flatten"][0]
    edge = np.full((32, 32, 3), 0.8)
    edge[:, 16:] = 0.2
    edges = np.stack([edge, edge.swapaxes(0, 1)])
    answers = layer_outputs(network, edges, "conv2d")["conv2d"]
    answers_before = layer_outputs(untrained, edges, "conv2d")["conv2d"]
    pooled = outputs["max_pooling2d"][0]
    value, own, two = pooled[4, 11, 7], pooled[..., 7], pooled[..., [7, 3]]

    def value_of(filters, row=14, column=28, bias=None, cut=relu, images=images):
        patch = images[0, row : row + 3, column : column + 3, :, np.newaxis]
        sums = (patch * kernels).sum(axis=(0, 1, 2))[filters]
        return cut(sums + biases[filters if bias is None else bias])

    return locals()


SLIPS = {
    "start_here.hidden_outputs": [
        ("2", "a 0 is a number, too"),
        ("9", "all circles, the inputs included"),
        ("len(outputs['hidden'])", "number of rows; count"),
        ("outputs['hidden'].shape", "the shape, rows and units"),
        ("outputs['hidden']", "the numbers themselves"),
        ("outputs['hidden'][0]", "the numbers themselves"),
        ("outputs['hidden'].sum()", "the sum of the numbers"),
        ("outputs", "This is a dict: choose the output"),
        ("[4]", "without brackets"),
        ("kernel.size", "lines from the inputs"),
        ("len(kernel)", "number of inputs"),
        ("6", "the output layer together"),
        ("20", "the number of lines"),
        ("5", "That is not it."),
    ],
    "dense_by_hand.two_inputs": [
        ("both @ kernel", "before ReLU"),
        ("0.027", "Give a list of 4 numbers"),
        ("both * kernel[:, 1]", "the products of unit 1"),
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
        (
            "dense(new_row @ kernel, output_kernel, output_bias)",
            "Both activations are missing",
        ),
        ("np.exp(sums)", "the powers of e"),
        ("sums / sums.sum()", "takes the powers of e first"),
        ("softmax(relu(sums))", "has softmax alone"),
        ("hidden", "the output layer is still to come"),
        ("softmax(hidden)", "kernel is still to come"),
        ("network.predict(x_train, verbose=0)", "three rows"),
        ("network.predict(new_row[np.newaxis], verbose=0)", "index with [0]"),
        ("softmax(sums)[::-1]", "in reverse order"),
        ("softmax(sums)[0]", LIST_OF_TWO),
        ("100 * softmax(sums)", "per cent"),
        ("network", "This is a model"),
        ("network.outputs", "This holds no numbers yet"),
    ],
    "dense_by_hand.last_step": [
        ("[8, 0.862]", "how often you raised"),
        ("[0.9, 0.865]", "0.1 too far"),
        ("[0.9, 0.862]", "0.1 too far"),
        ("[0.85, 0.86]", "0.05 too far"),
        ("[0.7, 0.859]", "0.1 too early"),
        ("[0.82, 0.86]", "between 0.8 and 0.9"),
        ("[0.8, 0.138]", "that of unit 0"),
        ("[0.8, 0.137]", "that of unit 0"),
        ("[0.8, 0.815]", "belongs to the start"),
        ("[0.8, 0.819]", "softmax is still to come"),
        ("[0.8, 0.0147]", "hidden unit's own output"),
        ("[0.862, 0.8]", "in reverse order"),
        ("0.8", LIST_OF_TWO),
    ],
    "convolution_by_hand.two_filters": [
        ("value_of([21, 29], bias=[7, 7])", "which the cell above uses"),
        ("value_of([21, 21])", "filter 21 twice"),
        ("value_of([21, 21], bias=[21, 29])", "use the kernel of filter 21"),
        ("value_of([7, 7], bias=[21, 29])", "as the cell above does"),
        ("value_of([21, 29], bias=[21, 21])", "each filter has its own"),
        ("value_of([20, 28])", "counting starts at 0"),
        ("value_of([21, 29], 13, 27)", "too early"),
        ("value_of([21, 29], 15, 29)", "too late"),
        ("value_of([21, 29], 28, 14)", "Rows and columns are swapped"),
        ("value_of([21, 29], cut=lambda sums: sums)", "before ReLU"),
        ("value_of([21, 29], bias=[2, 2])", "wrong"),
        ("value_of([21, 29], 14, 29)", "or the patch starts one column too late"),
        (
            "value_of([21, 29], cut=lambda sums: sums) - biases[[21, 29]]",
            "both missing",
        ),
        (
            "value_of([21, 29], cut=lambda s: relu(s - biases[[21, 29]])) "
            "+ biases[[21, 29]]",
            "ReLU came before the bias",
        ),
        ("value_of([21, 29], images=255 * images)", "raw pixels"),
        ("value_of([29, 21])", "The order is"),
        ("value_of([21])[0]", LIST_OF_TWO),
        ("[0, 0]", "The first of two is wrong"),
    ],
    "convolution_by_hand.sizes": [
        ("[30, 15, 15, 7, 5]", "add 1"),
        ("[30, 15, 14, 7, 4]", "the 1 is missing"),
        ("[61, 30, 30, 15, 13]", "stride 2"),
        ("[31, 15, 13, 6, 4]", "the third size is the second"),
        ("[61, 30, 28, 14, 12]", "and the second one padding"),
        ("[31, 16, 16, 8, 6]", "rounds down"),
        ("[31, 15.5, 15.5, 7.75, 5.75]", "no half pixels"),
        ("[32, 16, 16, 8, 6]", "5 × 5"),
        ("[33, 16, 16, 8, 6]", "the first one has none"),
        ("[31, 15, 15, 7, 7]", "7 rows have 5 places"),
        ("[31, 31, 31, 31, 29]", "Pooling halves"),
        ("[31, 30, 30, 29, 27]", "do not overlap"),
        ("[961, 225, 225, 49, 25]", "rows times columns"),
        ("[8, 8, 16, 16, 16]", "numbers of channels"),
        ("[30, 15, 13, 6, 4]", "a picture of 32 rows"),
        ("[63, 31, 29, 14, 12]", "a stride and a padding are set"),
        ("[65, 31, 15, 15, 7]", "The picture itself"),
        ("[31, 15, 15, 7]", "Give a list of 5 numbers; yours has 4"),
        ("[31, 15, 15, 7, 4]", "The fifth of five is wrong"),
        ("5", "the last of the five"),
    ],
    "convolution_by_hand.receptive_field": [
        ("20", "lie 4 pixels apart"),
        ("36", "not a whole field"),
        ("26", "This adds 8"),
        ("34", "one neighbour further"),
        ("19", "4 pixels apart"),
        ("18", "the layer before"),
        ("14", "conv2d_2 comes between"),
        ("9", "what a value looks at grows"),
        ("38", "one more convolution"),
        ("[22, 22]", "only the height"),
        ("22 * 22", "number of pixels"),
        ("24", "That is not it."),
    ],
    "convolution_by_hand.largest_share": [
        ("[14, 6]", "in reverse order"),
        ("[7, 15]", "does counting start at 0"),
        ("[6, 0]", "Which one has a negative sum"),
        ("[6, 7]", "single product"),
        ("[102, 7]", "places among all 288 products"),
        ("[6, 15]", "adds almost nothing"),
        ("[1.026, -0.387]", "which channels they are"),
        ("[5, 0]", "counting starts at 0"),
        ("6", LIST_OF_TWO),
        ("[6, 14, 60]", f"{LIST_OF_TWO}; yours has 3"),
        ("[6, 23]", "The second of two is wrong"),
    ],
    "cifar10_feature_maps.one_channel": [
        ("outputs['max_pooling2d']", "the whole output of the layer"),
        ("outputs['max_pooling2d'][..., 11]", "index with [0]"),
        ("outputs['max_pooling2d'][0]", "all 32 channels"),
        ("outputs['max_pooling2d'][0, 11]", "row 11 of every map"),
        ("outputs['max_pooling2d'][0, :, :, 12]", "counting starts at 0"),
        ("outputs['max_pooling2d'][0, :, :, 10]", "as channel 10 is"),
        ("outputs['max_pooling2d_1'][0, :, :, 11]", "the second pooling"),
        ("outputs['conv2d'][0, :, :, 11]", "the layer before pooling"),
        ("raw['max_pooling2d'][0, :, :, 11]", "raw pixels"),
        ("before['max_pooling2d'][0, :, :, 11]", "the untrained network"),
        ("outputs['max_pooling2d'][0, :, :, 11].T", "Rows and columns are swapped"),
        ("outputs['max_pooling2d'][0, :, :, 11].shape", "the shape of the answer"),
        ("network.get_layer('max_pooling2d').output", "This holds no numbers yet"),
        ("network.get_layer('max_pooling2d')", "This is a layer"),
    ],
    "cifar10_feature_maps.dead_maps": [
        ("(outputs['conv2d_1'] == 0).all(axis=(0, 1, 2)).sum()", "That is conv2d_1"),
        ("(outputs['conv2d'] == 0).all(axis=(0, 1, 2)).sum()", "That is conv2d, or"),
        ("(pooled == 0).all(axis=(0, 1)).sum()", "the pooling behind it"),
        (
            "(outputs['max_pooling2d_1'] == 0).all(axis=(0, 1, 2)).sum()",
            "That is max_pooling2d_1",
        ),
        ("(raw['conv2d'] == 0).all(axis=(0, 1, 2)).sum()", "or conv2d with raw pixels"),
        ("(before['conv2d'] == 0).all(axis=(0, 1, 2)).sum()", "or without training"),
        ("(maps[..., :16] == 0).all(axis=(0, 1, 2)).sum()", "the first 16 maps"),
        ("(maps == 0).all(axis=(0, 1, 2)).mean()", "the share of the 64 maps"),
        ("(maps == 0).all(axis=(0, 1, 2))", "true or false for each map"),
        ("(maps == 0).all(axis=(0, 1, 2)).nonzero()[0]", "how many they are"),
        ("(maps == 0).sum()", "numbers that are 0"),
        ("(maps == 0).mean()", "share of the numbers"),
        ("(maps == 0).any(axis=(0, 1, 2)).sum()", "have a zero somewhere"),
        ("(maps == 0).all().sum()", "ask each channel"),
        ("(maps != 0).any(axis=(0, 1, 2)).sum()", "not silent"),
        ("(maps_before == 0).all(axis=(0, 1, 2)).sum()", "the untrained network"),
        ("(raw['conv2d_2'] == 0).all(axis=(0, 1, 2)).sum()", "raw pixels"),
        ("(maps == 0).all(axis=(0, 1, 2)).sum", "its brackets are missing"),
        ("11", "the cat of CIFAR-10"),
    ],
    "cifar10_feature_maps.brightness": [
        ("[value / own.max(), value / two.max()]", "it is not 0"),
        ("[value, value]", "the number itself"),
        ("[(value - own.min()) / own.max(), 0.413]", "largest - smallest"),
        ("[0.284, 0.284]", "Both are on the map's own scale"),
        ("[0.284, value / pooled.max()]", "More than two maps"),
        ("[0.284, value / pooled[..., 3:8].max()]", "More than two maps"),
        ("0.284", LIST_OF_TWO),
        ("[0.413, 0.284]", "in reverse order"),
        ("[0.716, 0.587]", "how dark it is"),
        ("[72, 105]", "all numbers are wrong"),
        ("[0.518, 0.384]", "all numbers are wrong"),
        ("[0.077, 0.077]", "the cat of CIFAR-10"),
        ("[0.08, 0.08]", "the cat of CIFAR-10"),
    ],
    "cifar10_feature_maps.edge_channel": [
        ("[3.551, 0.398, 23]", "The channel comes first"),
        ("[0.398, 3.551, 23]", "in reverse order"),
        ("[23, 0.398, 3.551]", "the horizontal edge first"),
        ("[24, 3.551, 0.398]", "does counting start at 0"),
        ("[23, 3.551]", "is missing"),
        ("[3.551, 0.398]", "the channel comes before them"),
        ("[23, 30]", "the two channels"),
        ("[23, 3.551, answers[0].max()]", "that of the same channel"),
        ("[23, 3.551, outputs['conv2d'][..., 23].max()]", "for the cat"),
        ("[5, *answers.max(axis=(1, 2))[::-1, 5]]", "responds most to the cat"),
        ("[20, *answers.mean(axis=(1, 2))[::-1, 20]]", "These are means"),
        (
            "(lambda b: [b[1].argmax(), *b[::-1, b[1].argmax()]])"
            "(answers_before.max(axis=(1, 2)))",
            "the untrained network",
        ),
        ("[30, answers[1, ..., 30].max(), 3.561]", "starts from the horizontal one"),
        ("[30, 3.561, answers[1, ..., 30].max()]", "its value for that edge first"),
        ("23", "Give a list of 3 numbers"),
    ],
    "every_layer_at_once.come_to_life": [
        ("set(for_the_cat) - set(for_all)", "sorted(...)"),
        ("np.setdiff1d(for_all, for_the_cat)", "in the other order"),
        ("np.intersect1d(for_the_cat, for_all)", "dead for the 500 pictures"),
        ("for_the_cat", "silent for the cat"),
        ("len(for_the_cat) - len(for_all)", "how many there are"),
        ("[len(for_the_cat), len(for_all)]", "the two counts"),
        ("~np.isin(for_the_cat, for_all)", "true or false"),
        ("(~np.isin(for_the_cat, for_all)).nonzero()[0]", "positions in the list"),
        (
            "np.setdiff1d(layer_statistics(outputs)['conv2d_2'].dead, for_all)",
            "Two networks are mixed",
        ),
        (
            "layer_statistics(outputs)['conv2d_2'].dead",
            "silent for the cat in `network`",
        ),
        ("[18, 54]", "does counting start at 0"),
        ("[53, 17]", "in reverse order"),
        ("[17]", "Give a list of 2 numbers; yours has 1"),
        ("[for_the_cat, for_all]", "different lengths"),
        ("filter(None, for_the_cat)", "list(...) makes a list"),
    ],
    "every_layer_at_once.largest_mean": [
        ("[means.max(), means.argmax()]", "The channel comes first"),
        ("means.max()", "the mean; give a list"),
        ("means.argmax()", "the channel; give a list"),
        ("means", "the means of all 64"),
        ("[means[:16].argmax(), means[:16].max()]", "the first 16 channels"),
        ("[22, means.max()]", "does counting start at 0"),
        ("[21, outputs['conv2d_1'].mean()]", "the mean of the whole layer"),
        ("[15, of_exhibit[..., 15].mean()]", "This comes from the exhibit"),
        ("[21, outputs['conv2d_1'][..., 21].max()]", "in place of its mean"),
        (
            "[21, outputs['conv2d_1'][..., 21].sum()]",
            "the sum of the channel's numbers",
        ),
        ("[means.argmax, means.max()]", "its brackets are missing"),
        ("[2, before['conv2d_1'][..., 2].mean()]", "the untrained network"),
        ("means.argsort()[::-1][:2]", "the two channels with the largest means"),
        ("[21, np.median(outputs['conv2d_1'][..., 21])]", "the channel's median"),
    ],
    "every_layer_at_once.way_back": [
        (
            "[49, *np.unravel_index(flat.argmax(), (4, 4, 64))]",
            "The unit is right. The other three",
        ),
        ("[24, 2, 0, 13]", "without its sign the largest product"),
        ("[2, 0, 3, 12]", "the way back from the cat"),
        ("[49, 108]", "the number of flatten"),
        ("49", "give row, column and channel"),
        ("[0, 1, 44]", "the unit of dense comes before it"),
        ("[0, 1, 44, 49]", "The unit comes first"),
        ("[49, 1, 0, 44]", "Row and column are swapped"),
        ("[49, 44, 0, 1]", "The order is"),
        ("[50, 1, 2, 45]", "does counting start at 0"),
        ("[49, 3, 0, 6]", "all channels of a position"),
        ("[49, 0, 1, 45]", "The fourth of four is wrong"),
        ("[63, 0, 1, 44]", "The first of four is wrong"),
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


GUESSED = [
    ("start_here.A", -0.113, "That is its sum"),
    ("start_here.A", -0.11, "That is its sum"),
    ("start_here.A", 0.113, "The sign of an input counts"),
    ("start_here.A", 1, ""),
    ("dense_by_hand.A", 4, "the weights that count"),
    ("dense_by_hand.A", 2, "each has several weights"),
    ("dense_by_hand.B", [0.4, 0.4, 0.47, 0.51], "ReLU came before the bias"),
    ("dense_by_hand.B", [0, 0, 0.466, 0.513], "added to every sum"),
    ("dense_by_hand.B", [0.015, -0.143, 0.466, 0.513], "still negative"),
    ("dense_by_hand.C", 0, "does not make the sum negative"),
    ("dense_by_hand.C", 0.57, "was cut before the sum"),
    ("convolution_by_hand.A", [27, 27], "there is no edge"),
    ("convolution_by_hand.A", [27, 54], "has no edge"),
    ("convolution_by_hand.A", [0, 27], "The order is different"),
    ("convolution_by_hand.B", 9, "One filter has that many"),
    ("convolution_by_hand.B", 864, "all three colours"),
    ("convolution_by_hand.B", 896, "with the biases"),
    ("convolution_by_hand.B", 27, "one filter, for all three"),
    ("convolution_by_hand.D", 5, "13 rows do not fill"),
    ("convolution_by_hand.D", 1, "leaves none out"),
    ("convolution_by_hand.D", [30, 15, 13, 6, 4], "how many layers change"),
    ("convolution_by_hand.E", [1, 18], "4 rows apart"),
    ("convolution_by_hand.E", [8, 25], "its columns"),
    ("convolution_by_hand.E", [4, 22], "end at row 21"),
    ("convolution_by_hand.E", [4, 18], "number of rows"),
    ("cifar10_feature_maps.A", "none", "a sign of its own"),
    ("cifar10_feature_maps.B", 18, "the receptive field"),
    ("cifar10_feature_maps.B", 1, "the first layer"),
    ("cifar10_feature_maps.C", 255**3, "do not multiply by it again"),
    ("cifar10_feature_maps.C", 765, "do not each add one"),
    ("cifar10_feature_maps.C", 6.34, "do not share the factor"),
    ("cifar10_feature_maps.D", 2, "belongs to the session"),
]


@pytest.mark.parametrize(("name", "guess", "words"), GUESSED)
def test_a_likely_guess_hears_what_it_overlooks(name, guess, words):
    told = opinion(GUESSES[name], guess)
    assert told.startswith("Not what you expected.") and words in told


@pytest.mark.parametrize("name", [*EXERCISES, *GUESSES])
def test_no_two_answers_of_a_question_are_the_same(name):
    asked = {**EXERCISES, **GUESSES}[name]
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
