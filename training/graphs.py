"""Builds the ONNX graphs by hand (opset 17, float32 activations). The piece table is int8 in `pieces.bin`, one file for all graphs; it is dequantised row by row."""
import os
import numpy as np, onnx
from onnx import TensorProto, helper, numpy_helper

FLOAT, INT64, INT8 = TensorProto.FLOAT, TensorProto.INT64, TensorProto.INT8


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


def static(path, count, width, kept):
    """The sum of the vectors of a text's pieces, at unit length (a mean has the same direction)."""
    g = Graph()
    table, scale = pieces(g, count, width)
    rows = g("Cast", g("Gather", table, "input_ids"), to=FLOAT)
    if kept < width:
        rows = g("Slice", rows, [0], [kept], [2])
    weight = g("Mul", g("Gather", scale, "input_ids"), g("Cast", "attention_mask", to=FLOAT))
    total = g("ReduceSum", g("Mul", rows, g("Unsqueeze", weight, [2])), [1], keepdims=0)
    g.save(path, ["input_ids", "attention_mask"], normalised(g, total), "sentence_embedding", ["batch", kept])


def reranker(path, model, count, width, own="reranker.bin"):
    """The graph of reranker.Reranker, with the interface of a cross-encoder. `model`: its state as numpy arrays."""
    from reranker import GRID, THRESHOLDS
    g = Graph()
    table, scale = pieces(g, count, width)
    weights = g.external("weights", FLOAT, [count, 1], own, 0, count * 4)
    by_row = lambda x: g("Unsqueeze", x, [2])
    rounded = lambda x, step: g("Mul", g("Round", g("Mul", x, np.float32(step))), np.float32(1 / step))
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
    rows = g("Mul", rows, by_row(g("Cast", real, to=FLOAT)))
    unit = rounded(g("Div", rows, g("Max", g("Sqrt", g("ReduceSumSquare", rows, axes=[2], keepdims=1)), np.float32(1e-9))), GRID)
    # windows stop at the border between query and passage, which is a special piece (a zero row)
    padded = g("Pad", unit, [0, 1, 0, 0, 1, 0])
    ends = g("Add", tokens, np.int64(2))
    left = g("Slice", padded, [0], g("Unsqueeze", tokens, [0]), [1])
    right = g("Slice", padded, [2], g("Unsqueeze", ends, [0]), [1])
    window = np.round(model["window.weight"] * 1024) / 1024  # on a grid: with gridded vectors every product and sum is exact
    wide = g("MatMul", g("Concat", left, unit, right, axis=2), np.ascontiguousarray(window.T))
    wide = rounded(normalised(g, wide), GRID)

    def soft(vectors):
        a, b = g("Mul", cut(vectors), by_row(cut(in_query))), g("Mul", vectors, by_row(in_passage))
        similarity = rounded(g("MatMul", a, g("Transpose", b, perm=[0, 2, 1])), 1024)
        out = []
        for t in THRESHOLDS:
            above = g("ReduceSum", g("Relu", g("Sub", similarity, np.float32(t))), [2], keepdims=0)
            out.append(saturated(g("Mul", above, np.float32(1 / (1 - t)))))
        return out + [g("Relu", g("ReduceMax", similarity, axes=[2], keepdims=0))]

    query_ids = cut("input_ids")
    equal = g("Equal", g("Unsqueeze", query_ids, [2]), g("Unsqueeze", "input_ids", [1]))
    exact = g("Mul", g("Mul", g("Cast", equal, to=FLOAT), g("Unsqueeze", in_passage, [1])), by_row(cut(in_query)))
    times = g("ReduceSum", exact, [2], keepdims=0)
    found = g("Min", times, np.float32(1))
    weight = g("Mul", g("Squeeze", g("Gather", weights, query_ids), [2]), cut(in_query))
    parts = soft(unit) + soft(wide) + [saturated(times), found, weight]
    parts = g("Concat", *[by_row(p) for p in parts], axis=2)
    used = 2 * (len(THRESHOLDS) + 1) + 3
    hidden = g("Relu", dense(parts, model["piece1.weight"][:, :used], model["piece1.bias"]))
    hidden = g("Clip", dense(hidden, model["piece2.weight"], model["piece2.bias"]), np.float32(-1), np.float32(1))
    hidden = g("Concat", hidden, by_row(found), axis=2)
    total = g("ReduceSum", rounded(weight, 1024), [1], keepdims=1)
    mean = g("Div", g("ReduceSum", rounded(g("Mul", hidden, by_row(weight)), 1024), [1], keepdims=0), g("Max", total, np.float32(1e-3)))

    def whole(mask):
        factor = g("Mul", g("Gather", scale, "input_ids"), mask)
        return normalised(g, g("ReduceSum", g("Mul", rows, by_row(factor)), [1], keepdims=0))

    root = lambda x, by: g("Mul", g("Sqrt", x), np.float32(1 / by))
    count_of = lambda mask: g("ReduceSum", mask, [1], keepdims=1)
    alike = g("ReduceSum", g("Mul", whole(in_query), whole(in_passage)), [1], keepdims=1)
    pair = g("Concat", mean, root(count_of(in_passage), 16), root(count_of(in_query), 4), alike, root(g("Add", total, np.float32(1e-6)), 4), axis=1)
    twice = g("Concat", pair, pair, axis=0)  # never a product with a single row: that takes another path in the runtime
    hidden = g("Relu", dense(twice, model["pair1.weight"][:, :20], model["pair1.bias"]))
    logits = g("Add", g("ReduceSum", g("Mul", hidden, model["pair2.weight"]), [1], keepdims=1), model["pair2.bias"])
    logits = g("Slice", logits, [0], g("Slice", size, [0], [1], [0]), [0])
    g.save(path, ["input_ids", "attention_mask", "token_type_ids"], logits, "logits", ["batch", 1])
