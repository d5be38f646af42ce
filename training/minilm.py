"""Writes a graph of the size of MiniLM-L6 (6 layers, 384 wide, 12 heads, 1,536 inner) with random weights: the yardstick for speed. usage: minilm.py <out.onnx>"""
import sys
import numpy as np
from graphs import FLOAT, Graph

g, rng = Graph(), np.random.default_rng(0)
D, H, INNER, LAYERS = 384, 12, 1536, 6
w = lambda *shape: (rng.standard_normal(shape) * 0.02).astype(np.float32)
norm = lambda x: g("LayerNormalization", x, np.ones(D, np.float32), np.zeros(D, np.float32), axis=-1, epsilon=1e-12)
linear = lambda x, a, b: g("Add", g("MatMul", x, w(a, b)), w(b))
mask = g("Cast", "attention_mask", to=FLOAT)
bias = g("Mul", g("Sub", g("Unsqueeze", mask, [1, 2]), np.float32(1)), np.float32(1e9))
x = norm(g("Gather", w(30522, D), "input_ids"))
heads = lambda t, perm: g("Transpose", g("Reshape", t, [0, 0, H, D // H]), perm=perm)
for _ in range(LAYERS):
    q, k, v = (linear(x, D, D) for _ in range(3))
    score = g("Softmax", g("Add", g("Mul", g("MatMul", heads(q, [0, 2, 1, 3]), heads(k, [0, 2, 3, 1])), np.float32((D // H) ** -0.5)), bias), axis=-1)
    mixed = g("Reshape", g("Transpose", g("MatMul", score, heads(v, [0, 2, 1, 3])), perm=[0, 2, 1, 3]), [0, 0, D])
    x = norm(g("Add", x, linear(mixed, D, D)))
    inner = linear(x, D, INNER)
    inner = g("Mul", g("Mul", inner, np.float32(0.5)), g("Add", g("Erf", g("Mul", inner, np.float32(2**-0.5))), np.float32(1)))
    x = norm(g("Add", x, linear(inner, INNER, D)))
total = g("ReduceSum", g("Mul", x, g("Unsqueeze", mask, [2])), [1], keepdims=0)
g.save(sys.argv[1], ["input_ids", "attention_mask"], total, "sentence_embedding", ["batch", D])
