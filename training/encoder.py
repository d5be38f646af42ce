"""The contextual embedding: a transformer encoder over pieces (pre-norm, ReLU, relative positions), weighted mean, 256 numbers."""
import numpy as np, torch
import torch.nn as nn
import torch.nn.functional as F

LAYERS, WIDTH, HEADS, INNER = 6, 256, 4, 1024
BUCKETS, FARTHEST = 32, 128  # relative positions: exact up to 8 to either side, then in steps that grow, all the same from 128 on
POOL_STEP, POOL_LIMIT = 1024.0, 16.0  # what is summed over the pieces is rounded to 1/POOL_STEP: the sum of 512 is then exact in float32, in any order


def bucket(distance):
    """[...] signed distances -> buckets 0 to BUCKETS - 1."""
    half, exact = BUCKETS // 2, BUCKETS // 4
    size = np.abs(distance)
    far = exact + (np.log(np.maximum(size, 1) / exact) / np.log(FARTHEST / exact) * (half - exact)).astype(np.int64)
    return np.where(size < exact, size, np.minimum(far, half - 1)) + np.where(distance > 0, half, 0)


class Layer(nn.Module):
    def __init__(self, width, heads, inner):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.mix = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.inner, self.outer = nn.Linear(width, inner), nn.Linear(inner, width)

    def forward(self, x, bias, drop):
        b, t, d = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(b, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        with torch.autocast("cuda", enabled=False):  # the softmax keeps the type of its input
            score = torch.softmax(torch.matmul(q * (d // self.heads) ** -0.5, k.transpose(2, 3)) + bias.to(q.dtype), -1)
            mixed = torch.matmul(score, v)
        x = x + F.dropout(self.mix(mixed.transpose(1, 2).reshape(b, t, d)), drop, self.training)
        return x + F.dropout(self.outer(torch.relu(self.inner(self.norm2(x)))), drop, self.training)


class Stack(nn.Module):
    """Layers with relative positions shared between them. x [B, T, D], real [B, T] -> [B, T, D], not normalised."""

    def __init__(self, layers, width, heads, inner):
        super().__init__()
        self.layers = nn.ModuleList(Layer(width, heads, inner) for _ in range(layers))
        self.near = nn.Embedding(BUCKETS, heads)
        nn.init.zeros_(self.near.weight)
        for layer in self.layers:
            for part in (layer.qkv, layer.mix, layer.inner, layer.outer):
                nn.init.normal_(part.weight, std=0.02 if part in (layer.qkv, layer.inner) else 0.02 / (2 * layers) ** 0.5 * 2)
                nn.init.zeros_(part.bias)
        at = np.arange(512)
        self.register_buffer("buckets", torch.from_numpy(bucket(at[None] - at[:, None])), persistent=False)

    def forward(self, x, real, drop=0.0):
        t = x.shape[1]
        bias = self.near(self.buckets[:t, :t]).permute(2, 0, 1)[None]
        if real is not None:
            bias = bias + (real[:, None, None].to(bias.dtype) - 1) * 1e4
        for layer in self.layers:
            x = layer(x, bias, drop)
        return x


class Encoder(nn.Module):
    def __init__(self, table):
        super().__init__()
        self.table = nn.Embedding.from_pretrained(torch.from_numpy(table).float().clone(), freeze=False)
        self.stack = Stack(LAYERS, WIDTH, HEADS, INNER)
        self.norm = nn.LayerNorm(WIDTH)
        self.gate = nn.Linear(WIDTH, 1)
        nn.init.zeros_(self.gate.weight), nn.init.zeros_(self.gate.bias)

    def hidden(self, ids, real=None, drop=0.0):
        return self.norm(self.stack(F.dropout(self.table(ids), drop, self.training), real, drop))

    def forward(self, ids, drop=0.0):
        """[B, T] piece ids, each text ended by </s> (2) and padded with <pad> (1) -> [B, WIDTH], not normalised."""
        real = (ids != 1).float()
        h = self.hidden(ids, real, drop)
        weight = torch.sigmoid(self.gate(h).float()) * real[..., None]
        return (h.float() * weight).clamp(-POOL_LIMIT, POOL_LIMIT).sum(1)


def starting_table(static, special=3, seed=0):
    """The static table, its rows brought nearer to one length, as the start of the encoder's own."""
    table = static.copy()
    length = np.linalg.norm(table, axis=1, keepdims=True)
    table = table / np.maximum(length, 1e-6) * np.sqrt(np.maximum(length, 1e-6) / np.median(length[special:]))
    table[:special] = np.random.default_rng(seed).standard_normal((special, table.shape[1])) / table.shape[1] ** 0.5
    return table.astype(np.float32)
