"""The reranker: soft histograms of the similarities between query and passage pieces (KNRM with hinge kernels), for single pieces and for three-piece
windows (Conv-KNRM), beside exact matches; one small network a query piece, weighted by a learned weight (starting at idf), one for the pair."""
import numpy as np, torch
import torch.nn as nn
import torch.nn.functional as F

THRESHOLDS = (0.125, 0.1875, 0.25, 0.3125, 0.375, 0.5, 0.625, 0.75)  # multiples of 1/1024, see GRID
GRID = 2048.0  # vectors and similarities are rounded to 1/GRID: dot products and sums are then exact in float32, in any order


def saturate(x):
    """As tf / (tf + 1) in BM25. Only +, -, *, /, max and sqrt are used between layers: a runtime computes those alike at every position of an array."""
    return x / (x + 1)


def grid(x, step=GRID):
    return x + (torch.round(x * step) / step - x).detach()


class Reranker(nn.Module):
    def __init__(self, table, idf, window=128, hidden=32, special=3):
        super().__init__()
        table = torch.from_numpy(table).float().clone()
        table[:special] = 0
        self.register_buffer("table", table)
        self.weight = nn.Embedding(len(idf), 1)
        self.weight.weight.data = torch.from_numpy(idf).float()[:, None] / 8
        self.window = nn.Linear(3 * table.shape[1], window, bias=False)
        with torch.no_grad():  # starts as a random projection of the sum of the window, the middle piece counting most
            projection = torch.randn(window, table.shape[1]) / table.shape[1] ** 0.5
            self.window.weight.data = torch.cat([0.5 * projection, projection, 0.5 * projection], 1)
        features = 2 * (len(THRESHOLDS) + 1) + 3
        features += (16 - features % 16) % 16
        self.features = features
        self.piece1, self.piece2 = nn.Linear(features, hidden), nn.Linear(hidden, 15)
        self.pair1, self.pair2 = nn.Linear(16 + 16, hidden), nn.Linear(hidden, 1)

    def vectors(self, ids, mask):
        raw = self.table[ids] * mask[..., None]
        unit = raw / raw.norm(dim=-1, keepdim=True).clamp_min(1e-9)
        around = F.pad(unit, (0, 0, 1, 1))
        wide = torch.cat([around[:, :-2], unit, around[:, 2:]], -1)
        wide = self.window(wide)
        wide = wide / wide.norm(dim=-1, keepdim=True).clamp_min(1e-9) * mask[..., None]
        return grid(unit), grid(wide)

    def soft(self, similarity, both):
        """[.., Lq, Lp] -> [.., Lq, thresholds + 1]: how much similarity lies above each threshold (saturated), and the largest one."""
        similarity = grid(similarity, 1024.0)
        counts = [saturate(torch.relu(similarity - t).sum(-1) / (1 - t)) for t in THRESHOLDS]
        return torch.stack(counts + [torch.relu(similarity.max(-1).values)], -1)

    def forward(self, query, passage):
        """query [Q, Lq], passage [Q, n, Lp] piece ids, 0-padded with 1 (<pad>) -> logits [Q, n]"""
        q, n, lp = passage.shape
        flat = passage.reshape(q * n, lp)
        query_mask, passage_mask = (query > 2).float(), (flat > 2).float()
        qu, qw = self.vectors(query, query_mask)
        pu, pw = self.vectors(flat, passage_mask)
        lq = query.shape[1]
        channel = lambda a, b: torch.einsum("qid,qnjd->qnij", a, b.reshape(q, n, lp, -1))
        s1, s2 = channel(qu, pu), channel(qw, pw)
        exact = ((query[:, None, :, None] == passage[:, :, None, :]) & (query > 2)[:, None, :, None]).float()
        weight = F.softplus(self.weight(query)[..., 0]) * query_mask
        weight = weight[:, None].expand(q, n, lq)
        count = exact.sum(-1)
        parts = torch.cat([self.soft(s1, exact), self.soft(s2, exact), saturate(count)[..., None], (count > 0).float()[..., None], weight[..., None]], -1)
        parts = F.pad(parts, (0, self.features - parts.shape[-1]))
        hidden = F.hardtanh(self.piece2(torch.relu(self.piece1(parts))))
        hidden = torch.cat([hidden, (count > 0).float()[..., None]], -1)  # the 16th: found or not, by itself
        weighted = grid(hidden * weight[..., None], 1024.0)
        total = grid(weight, 1024.0).sum(-1, keepdim=True)
        mean = weighted.sum(2) / total.clamp_min(1e-3)
        words = torch.sqrt(passage_mask.sum(-1).reshape(q, n, 1)) / 16
        asked = torch.sqrt(query_mask.sum(-1))[:, None, None].expand(q, n, 1) / 4
        dense_q = F.normalize((self.table[query] * query_mask[..., None]).sum(1), dim=-1)
        dense_p = F.normalize((self.table[flat] * passage_mask[..., None]).sum(1), dim=-1).reshape(q, n, -1)
        dense = torch.einsum("qd,qnd->qn", dense_q, dense_p)[..., None]
        pair = torch.cat([mean, words, asked, dense, torch.sqrt(total + 1e-6) / 4, torch.zeros(q, n, 12)], -1)
        return self.pair2(torch.relu(self.pair1(pair)))[..., 0]
