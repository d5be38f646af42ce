"""Builds the ONNX graphs by hand (opset 17, float32 activations). The piece table is int8 in `pieces.bin`, one file for all graphs; it is dequantised row by row."""
import os
import numpy as np, onnx
from onnx import TensorProto, helper, numpy_helper

FLOAT, FLOAT16, INT64, INT8 = TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.INT64, TensorProto.INT8


class Graph:
    """Collects nodes; every method returns the name of its result."""

    def __init__(self):
        self.nodes, self.constants, self.seen = [], [], {}

    def __call__(self, kind, *inputs, **attributes):
        name = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, [self.value(i) for i in inputs], [name], name=name, **attributes))
        return name

    def value(self, v):
        if isinstance(v, str):
            return v
        array = np.asarray(v)
        array = array.astype(np.int64) if array.dtype.kind in "iu" else array.astype(np.float32)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self.seen:
            self.seen[key] = f"constant_{len(self.constants)}"
            self.constants.append(numpy_helper.from_array(array, self.seen[key]))
        return self.seen[key]

    def initializer(self, array, name=None):
        name = name or f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def external(self, name, kind, shape, file, offset, length):
        tensor = TensorProto(name=name, data_type=kind, dims=shape, data_location=TensorProto.EXTERNAL)
        for key, value in (("location", file), ("offset", offset), ("length", length)):
            tensor.external_data.add(key=key, value=str(value))
        self.constants.append(tensor)
        return name

    def save(self, path, inputs, result, output, shape):
        self.nodes.append(helper.make_node("Identity", [result], [output], name="output"))
        graph = helper.make_graph(self.nodes, "manifold", [helper.make_tensor_value_info(i, INT64, ["batch", "tokens"]) for i in inputs],
                                  [helper.make_tensor_value_info(output, FLOAT, shape)], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="manifold")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as out:
            out.write(model.SerializeToString())


def write_pieces(path, rows, scale):
    """pieces.bin: the int8 rows, then the float32 scales (the offset is a multiple of 64 as 256 divides it)."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as out:
        out.write(rows.tobytes() + scale.astype("<f4").tobytes())


def pieces(g, count, width):
    table = g.external("pieces", INT8, [count, width], "pieces.bin", 0, count * width)
    scale = g.external("scales", FLOAT, [count], "pieces.bin", count * width, count * 4)
    return table, scale


def normalised(g, x, axis=-1):
    length = g("Sqrt", g("ReduceSumSquare", x, axes=[axis], keepdims=1))
    return g("Div", x, g("Max", length, np.float32(1e-9)))


def summed(g, count, width, kept):
    """The sum of the vectors of a text's pieces, at unit length (a mean has the same direction)."""
    table, scale = pieces(g, count, width)
    rows = g("Cast", g("Gather", table, "input_ids"), to=FLOAT)
    if kept < width:
        rows = g("Slice", rows, [0], [kept], [2])
    weight = g("Mul", g("Gather", scale, "input_ids"), g("Cast", "attention_mask", to=FLOAT))
    return normalised(g, g("ReduceSum", g("Mul", rows, g("Unsqueeze", weight, [2])), [1], keepdims=0))


def static(path, count, width, kept):
    g = Graph()
    g.save(path, ["input_ids", "attention_mask"], summed(g, count, width, kept), "sentence_embedding", ["batch", kept])


def rounded(g, x, step):
    return g("Mul", g("Round", g("Mul", x, np.float32(step))), np.float32(1 / step))


def on_grid(weight, step=1024):
    """Weights on a grid: products with gridded inputs, and their sums, are then exact whatever the order."""
    return np.ascontiguousarray(np.round(weight * step).astype(np.float32) / np.float32(step))


def by_row(g, x):
    return g("Unsqueeze", x, [2])


def neighbours(g, x, tokens):
    """[B, T, D] -> the same shifted by one to the right and to the left, zeros coming in."""
    padded = g("Pad", x, [0, 1, 0, 0, 1, 0])
    column = lambda n: g("Unsqueeze", g("Add", tokens, np.int64(n)), [0])
    return g("Slice", padded, [0], column(0), [1]), g("Slice", padded, [2], column(2), [1])


def unit_rows(g, rows, step):
    """Rows of whole numbers at unit length, on a grid (their sums of squares are exact)."""
    return rounded(g, g("Div", rows, g("Max", g("Sqrt", g("ReduceSumSquare", rows, axes=[2], keepdims=1)), np.float32(1e-9))), step)


def side(g, unit, model, name, step, fine):
    """The graph of stretch.Side: every product and sum of grids is exact."""
    weight = lambda part: half(g, on_grid(model[f"{name}.{part}.weight"].T), f"{name}.{part}.weight")
    inner = g("Relu", g("Add", g("MatMul", unit, weight("inner")), g.initializer(on_grid(model[name + ".inner.bias"], step), name + ".inner.bias")))
    turned = g("Add", g("MatMul", unit, weight("straight")), g("MatMul", rounded(g, inner, step), weight("outer")))
    return unit_rows(g, g("Round", g("Mul", turned, np.float32(fine))), step)


def reranker(path, model, count, width, own="reranker.bin"):
    """The graph of reranker.Reranker, with the interface of a cross-encoder. `model`: its state as numpy arrays; `own` holds weight, idf, letters and, of `stretch`, the weight of each piece."""
    from reranker import GRID, STRETCH_WEIGHT, THRESHOLDS
    from stretch import BLOCK, FINE, RUNS, SAME_KEPT
    g = Graph()
    table, scale = pieces(g, count, width)
    weights = g.external("weights", FLOAT, [count, 1], own, 0, count * 4)
    idfs = g.external("idfs", FLOAT, [count, 1], own, count * 4, count * 4)
    letters = g.external("letters", INT8, [count, 64], own, count * 8, count * 64)
    matters = g.external("matters", FLOAT16, [count, 1], own, count * 72, count * 2)
    saturated = lambda x: g("Div", x, g("Add", x, np.float32(1)))

    def dense(x, weight, bias):
        return g("Add", g("MatMul", x, np.ascontiguousarray(weight.T)), bias)

    # which columns are query, which passage; special pieces are neither
    real = g("And", g("Greater", "input_ids", np.int64(2)), g("Greater", "attention_mask", np.int64(0)))
    second = g("Greater", "token_type_ids", np.int64(0))
    in_query = g("Cast", g("And", real, g("Not", second)), to=FLOAT)
    in_passage = g("Cast", g("And", real, second), to=FLOAT)
    # the query comes first: its columns end at the last one used by any row (at least two, so that no product has a single row)
    size = g("Shape", "input_ids")
    tokens = g("Gather", size, np.int64(1))
    columns = g("Cast", g("Range", np.int64(1), g("Add", tokens, np.int64(1)), np.int64(1)), to=FLOAT)
    last = g("Max", g("ReduceMax", g("Mul", in_query, columns), keepdims=0), np.float32(2))
    end = g("Unsqueeze", g("Cast", last, to=INT64), [0])
    cut = lambda x: g("Slice", x, [0], end, [1])

    rows = g("Cast", g("Gather", table, "input_ids"), to=FLOAT)
    rows = g("Mul", rows, by_row(g, g("Cast", real, to=FLOAT)))
    unit = unit_rows(g, rows, GRID)
    # windows end at the border between query and passage, which is a special piece (a zero row)
    window = on_grid(model["window.weight"])
    narrow = window.shape[1] // 3
    first = g("Slice", unit, [0], [narrow], [2])
    before, after = neighbours(g, first, tokens)
    wide = g("MatMul", g("Concat", before, first, after, axis=2), np.ascontiguousarray(window.T))
    wide = rounded(g, normalised(g, wide), GRID)

    def across(vectors):
        a, b = g("Mul", cut(vectors), by_row(g, cut(in_query))), g("Mul", vectors, by_row(g, in_passage))
        return rounded(g, g("MatMul", a, g("Transpose", b, perm=[0, 2, 1])), 1024)

    def soft(similarity):
        out = []
        for t in THRESHOLDS:
            above = g("ReduceSum", g("Relu", g("Sub", similarity, np.float32(t))), [2], keepdims=0)
            out.append(saturated(g("Mul", above, np.float32(1 / (1 - t)))))
        return out + [g("Relu", g("ReduceMax", similarity, axes=[2], keepdims=0))]

    query_ids = cut("input_ids")
    equal = g("Equal", g("Unsqueeze", query_ids, [2]), g("Unsqueeze", "input_ids", [1]))
    exact = g("Mul", g("Mul", g("Cast", equal, to=FLOAT), g("Unsqueeze", in_passage, [1])), by_row(g, cut(in_query)))
    times = g("ReduceSum", exact, [2], keepdims=0)
    found = g("Min", times, np.float32(1))
    upper = g("Slice", exact, [0, 0], [-1, -1], [1, 2])
    lower = g("Slice", exact, [1, 1], [2**31, 2**31], [1, 2])
    chained = g("ReduceMax", g("Mul", upper, lower), axes=[2], keepdims=0)
    of_query = lambda values: g("Mul", g("Squeeze", g("Gather", values, query_ids), [2]), cut(in_query))
    weight, idf = of_query(weights), of_query(idfs)
    alone = across(unit)
    parts = soft(alone) + soft(across(wide)) + [saturated(times), found, g("Pad", chained, [0, 0, 0, 1]), g("Pad", chained, [0, 1, 0, 0]), weight]
    # dot products of whole numbers: exact
    drawn = g("Cast", g("Gather", letters, "input_ids"), to=FLOAT)
    theirs = g("Transpose", g("Mul", drawn, by_row(g, in_passage)), perm=[0, 2, 1])
    likeness = rounded(g, g("Mul", g("MatMul", g("Mul", cut(drawn), by_row(g, cut(in_query))), theirs), np.float32(1 / 127**2)), 1024)
    parts.append(g("Relu", g("ReduceMax", likeness, axes=[2], keepdims=0)))
    for t in (0.5, 0.75):
        parts.append(saturated(g("Mul", g("ReduceSum", g("Relu", g("Sub", likeness, np.float32(t))), [2], keepdims=0), np.float32(1 / (1 - t)))))
    parts = g("Concat", *[by_row(g, p) for p in parts], axis=2)
    hidden = g("Relu", dense(parts, model["piece1.weight"], model["piece1.bias"]))
    hidden = g("Clip", dense(hidden, model["piece2.weight"], model["piece2.bias"]), np.float32(-1), np.float32(1))
    hidden = g("Concat", hidden, by_row(g, found), axis=2)
    add = lambda x, keep=1: g("ReduceSum", rounded(g, x, 1024), [1], keepdims=keep)
    total = add(weight)
    mean = g("Div", add(g("Mul", hidden, by_row(g, weight)), 0), g("Max", total, np.float32(1e-3)))

    def whole(mask):
        factor = g("Mul", g("Gather", scale, "input_ids"), mask)
        return normalised(g, g("ReduceSum", g("Mul", rows, by_row(g, factor)), [1], keepdims=0))

    root = lambda x, by: g("Mul", g("Sqrt", g("Add", x, np.float32(1e-6))), np.float32(1 / by))
    length, asked = (g("ReduceSum", mask, [1], keepdims=1) for mask in (in_passage, in_query))
    alike = g("ReduceSum", g("Mul", whole(in_query), whole(in_passage)), [1], keepdims=1)
    spread = g("Add", g("Mul", length, np.float32(1 / 133)), np.float32(0.3))
    bm25 = add(g("Div", g("Mul", idf, times), g("Add", times, spread)))
    most = add(idf)
    share = g("Div", bm25, g("Max", most, np.float32(1e-3)))
    # stretch.Stretch
    own_side = lambda x, name: side(g, x, model, name, GRID, FINE)
    asked_for, offered = own_side(cut(unit), "stretch.query"), own_side(unit, "stretch.passage")
    likeness = rounded(g, g("MatMul", g("Mul", asked_for, by_row(g, cut(in_query))), g("Transpose", g("Mul", offered, by_row(g, in_passage)), perm=[0, 2, 1])), FINE)
    threshold = float(np.round(model["stretch.threshold"] * FINE) / FINE)
    number = lambda value, name: g.initializer(np.float32(value), "stretch." + name)
    assert threshold >= 0  # columns that are no passage must count for nothing
    above = g("Relu", g("Sub", g("Add", likeness, g("Mul", exact, number(np.round(model["stretch.same"] * SAME_KEPT * FINE) / FINE, "same"))), number(threshold, "threshold")))
    matter = of_query(g("Cast", matters, to=FLOAT))
    above = g("MaxPool", above, kernel_shape=[BLOCK], strides=[BLOCK], ceil_mode=1)
    runs = [g("MaxPool", above, kernel_shape=[run], pads=[run - 1, run - 1], strides=[1]) for run in (run // BLOCK for run in RUNS)] + [g("ReduceMax", above, axes=[2], keepdims=1)]
    runs = [g("ReduceMax", add(g("Mul", run, by_row(g, matter)), 0), axes=[1], keepdims=1) for run in runs]
    runs = [g("Mul", run, number(share_of_run, f"share.{i}")) for i, (run, share_of_run) in enumerate(zip(runs, model["stretch.share"]))]
    stretch = g("Add", g("Add", runs[0], runs[1]), g("Add", runs[2], runs[3]))
    stretch = g("Mul", g("Div", stretch, g("Max", add(matter), np.float32(1e-3))), np.float32(STRETCH_WEIGHT / (1 - threshold)))
    pair = g("Concat", mean, root(length, 16), root(asked, 4), alike, root(total, 4), share, root(bm25, 4), root(most, 8), axis=1)
    twice = g("Concat", pair, pair, axis=0)  # never a product with a single row: that takes another path in the runtime
    hidden = g("Relu", dense(twice, model["pair1.weight"], model["pair1.bias"]))
    # one weighted sum over 64 aligned numbers: the hidden layer, the features themselves, zeros
    spare = 64 - model["pair2.weight"].shape[1] - model["direct.weight"].shape[1]
    both = g("Pad", g("Concat", hidden, twice, axis=1), [0, 0, 0, spare])
    last_weight = np.concatenate([model["pair2.weight"], model["direct.weight"], np.zeros((1, spare))], 1)
    logits = g("Add", g("ReduceSum", g("Mul", both, last_weight), [1], keepdims=1), model["pair2.bias"])
    logits = g("Add", g("Slice", logits, [0], g("Slice", size, [0], [1], [0]), [0]), stretch)
    g.save(path, ["input_ids", "attention_mask", "token_type_ids"], logits, "logits", ["batch", 1])


def half(g, array, name=None):
    """A weight, kept as float16 and computed with as float32."""
    return g("Cast", g.initializer(np.ascontiguousarray(array).astype(np.float16), name), to=FLOAT)


def linear(g, x, state, name):
    return g("Add", g("MatMul", x, half(g, state[name + ".weight"].T)), state[name + ".bias"])


def normed(g, x, state, name):
    return g("LayerNormalization", x, state[name + ".weight"], state[name + ".bias"], axis=-1, epsilon=1e-5)


def stack(g, x, real, tokens, state, name, heads):
    """The graph of encoder.Stack. x [B, T, D]; real [B, T] of 0 and 1."""
    from encoder import bucket
    width = state[f"{name}.layers.0.norm1.weight"].shape[0]
    near = state[f"{name}.near.weight"][bucket(np.arange(-511, 512))]  # one row for each distance
    at = g("Range", np.int64(0), tokens, np.int64(1))
    distance = g("Clip", g("Sub", g("Unsqueeze", at, [0]), g("Unsqueeze", at, [1])), np.int64(-511), np.int64(511))  # the farthest bucket begins long before
    distance = g("Add", distance, np.int64(511))
    bias = g("Unsqueeze", g("Transpose", g("Gather", near, distance), perm=[2, 0, 1]), [0])
    bias = g("Add", bias, g("Mul", g("Sub", g("Unsqueeze", real, [1, 2]), np.float32(1)), np.float32(1e4)))
    apart = lambda t, perm: g("Transpose", g("Reshape", t, [0, 0, heads, width // heads]), perm=perm)
    layers = 1 + max(int(key.split(".")[2]) for key in state if key.startswith(name + ".layers."))
    for layer in range(layers):
        own = f"{name}.layers.{layer}"
        n = normed(g, x, state, own + ".norm1")
        weight, shift = np.split(state[own + ".qkv.weight"], 3), np.split(state[own + ".qkv.bias"], 3)
        scale = np.float32((width // heads) ** -0.5)
        q = g("Add", g("MatMul", n, half(g, weight[0].T * scale)), shift[0] * scale)
        k, v = (g("Add", g("MatMul", n, half(g, weight[i].T)), shift[i]) for i in (1, 2))
        score = g("Softmax", g("Add", g("MatMul", apart(q, [0, 2, 1, 3]), apart(k, [0, 2, 3, 1])), bias), axis=-1)
        mixed = g("Reshape", g("Transpose", g("MatMul", score, apart(v, [0, 2, 1, 3])), perm=[0, 2, 1, 3]), [0, 0, width])
        x = g("Add", x, linear(g, mixed, state, own + ".mix"))
        x = g("Add", x, linear(g, g("Relu", linear(g, normed(g, x, state, own + ".norm2"), state, own + ".inner")), state, own + ".outer"))
    return x


def context(path, state, count, width, kept, share):
    """The static vector and, beside it, the first `kept` numbers of encoder.Encoder's, at `share` of its length. Its own table is `table.bin`: int8 rows, then a float32
    scale for each."""
    from encoder import HEADS, POOL_LIMIT, POOL_STEP
    g = Graph()
    table = g.external("table", INT8, [count, width], "table.bin", 0, count * width)
    scale = g.external("table_scales", FLOAT, [count], "table.bin", count * width, count * 4)
    real = g("Cast", "attention_mask", to=FLOAT)
    x = g("Mul", g("Cast", g("Gather", table, "input_ids"), to=FLOAT), by_row(g, g("Gather", scale, "input_ids")))
    x = stack(g, x, real, g("Gather", g("Shape", "input_ids"), np.int64(1)), state, "stack", HEADS)
    h = normed(g, x, state, "norm")
    weight = g("Mul", g("Sigmoid", linear(g, h, state, "gate")), by_row(g, real))
    h = g("Clip", g("Mul", g("Slice", h, [0], [kept], [2]), weight), np.float32(-POOL_LIMIT), np.float32(POOL_LIMIT))
    inner = normalised(g, g("ReduceSum", rounded(g, h, POOL_STEP), [1], keepdims=0))
    both = g("Concat", summed(g, count, width, width), g("Mul", inner, np.float32(share)), axis=1)
    g.save(path, ["input_ids", "attention_mask"], normalised(g, both), "sentence_embedding", ["batch", width + kept])
