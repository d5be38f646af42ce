"""The reranker: soft histograms of the similarities between query and passage pieces (KNRM with hinge kernels), for single pieces and for three-piece
windows (Conv-KNRM), beside exact matches; one small network a query piece, weighted by a learned weight (starting at idf), one for the pair. What is shipped adds
STRETCH_WEIGHT times the score of stretch.Stretch, trained by itself."""
import numpy as np, torch
import torch.nn as nn
import torch.nn.functional as F

THRESHOLDS = (0.125, 0.25, 0.375, 0.5, 0.625, 0.75)  # multiples of 1/1024, see GRID
STRETCH_WEIGHT = 5.5  # of stretch.Stretch beside the rest: swept on the development sets
GRID = 2048.0  # vectors and similarities are rounded to 1/GRID: dot products and sums are then exact in float32, in any order


def saturate(x):
    """As tf / (tf + 1) in BM25. Only +, -, *, /, max and sqrt are used between layers: a runtime computes those alike at every position of an array."""
    return x / (x + 1)


def grid(x, step=GRID):
    return x + (torch.round(x * step) / step - x).detach()


class Reranker(nn.Module):
    PIECE = 2 * (len(THRESHOLDS) + 1) + 5 + 3  # features of one query piece
    PAIR = 16 + 7  # features of the pair

    def __init__(self, table, idf, letters, window=96, narrow=128, hidden=32, special=3):
        super().__init__()
        table = torch.from_numpy(table).float().clone()
        table[:special] = 0
        self.register_buffer("table", table)
        self.register_buffer("idf", torch.from_numpy(idf).float())
        self.register_buffer("letters", torch.from_numpy(letters).float() / 127)
        self.weight = nn.Embedding(len(idf), 1)
        self.weight.weight.data = torch.from_numpy(idf).float()[:, None] / 2 - 2
        self.narrow = narrow  # windows are made of the first dimensions only: the table is trained so that they stand on their own
        self.window = nn.Linear(3 * narrow, window, bias=False)
        with torch.no_grad():  # starts as a random projection of the sum of the window, the middle piece counting most
            projection = torch.randn(window, narrow) / narrow**0.5
            self.window.weight.data = torch.cat([0.5 * projection, projection, 0.5 * projection], 1)
        self.piece1, self.piece2 = nn.Linear(self.PIECE, hidden), nn.Linear(hidden, 15)
        self.pair1, self.pair2 = nn.Linear(self.PAIR, hidden), nn.Linear(hidden, 1)
        self.direct = nn.Linear(self.PAIR, 1, bias=False)  # the pair's features straight to the score: starts as keyword + dense score
        with torch.no_grad():
            self.pair2.weight *= 0.1
            self.direct.weight.zero_()
            self.direct.weight[0, 20], self.direct.weight[0, 18] = 8.0, 5.0

    def vectors(self, ids, mask):
        raw = self.table[ids] * mask[..., None]
        unit = grid(raw / raw.norm(dim=-1, keepdim=True).clamp_min(1e-9))
        around = F.pad(unit[..., : self.narrow], (0, 0, 1, 1))
        wide = self.window(torch.cat([around[:, :-2], around[:, 1:-1], around[:, 2:]], -1))
        wide = wide / wide.norm(dim=-1, keepdim=True).clamp_min(1e-9) * mask[..., None]
        return unit, grid(wide)

    def soft(self, similarity):
        """[.., Lq, Lp] -> [.., Lq, thresholds + 1]: how much similarity lies above each threshold (saturated), and the largest one."""
        similarity = grid(similarity, 1024.0)
        counts = [saturate(torch.relu(similarity - t).sum(-1) / (1 - t)) for t in THRESHOLDS]
        return torch.stack(counts + [torch.relu(similarity.max(-1).values)], -1)

    def lettered(self, query, flat, n):
        """How much the letters of each query piece are like those of the passage: the largest likeness, and how much there is above two thresholds."""
        q, lp = query.shape[0], flat.shape[1]
        likeness = torch.matmul(self.letters[query][:, None], self.letters[flat].reshape(q, n, lp, -1).transpose(2, 3))
        likeness = grid(likeness, 1024.0)
        return [torch.relu(likeness.max(-1).values)] + [saturate(torch.relu(likeness - t).sum(-1) / (1 - t)) for t in (0.5, 0.75)]

    def forward(self, query, passage):
        """query [Q, Lq], passage [Q, n, Lp] piece ids, padded with 1 (<pad>) -> logits [Q, n]"""
        q, n, lp = passage.shape
        flat = passage.reshape(q * n, lp)
        query_mask, passage_mask = (query > 2).float(), (flat > 2).float()
        qu, qw = self.vectors(query, query_mask)
        pu, pw = self.vectors(flat, passage_mask)
        lq = query.shape[1]
        channel = lambda a, b: torch.matmul(a[:, None], b.reshape(q, n, lp, -1).transpose(2, 3))
        s1, s2 = channel(qu, pu), channel(qw, pw)
        exact = ((query[:, None, :, None] == passage[:, :, None, :]) & (query > 2)[:, None, :, None]).float()
        weight = F.softplus(self.weight(query)[..., 0]) * query_mask
        weight = weight[:, None].expand(q, n, lq)
        count = exact.sum(-1)
        found = count.clamp_max(1)
        chained = (exact[:, :, :-1, :-1] * exact[:, :, 1:, 1:]).amax(-1)  # this piece and the next one stand together in the passage too
        chain = F.pad(chained, (0, 1)), F.pad(chained, (1, 0))
        parts = torch.cat([self.soft(s1), self.soft(s2)] + [x[..., None] for x in (saturate(count), found, *chain, weight, *self.lettered(query, flat, n))], -1)
        hidden = F.hardtanh(self.piece2(torch.relu(self.piece1(parts))))
        hidden = torch.cat([hidden, found[..., None]], -1)
        total = grid(weight, 1024.0).sum(-1, keepdim=True)
        mean = grid(hidden * weight[..., None], 1024.0).sum(2) / total.clamp_min(1e-3)
        length = passage_mask.sum(-1).reshape(q, n, 1)
        asked = torch.sqrt(query_mask.sum(-1))[:, None, None].expand(q, n, 1) / 4
        dense_q = F.normalize((self.table[query] * query_mask[..., None]).sum(1), dim=-1)
        dense_p = F.normalize((self.table[flat] * passage_mask[..., None]).sum(1), dim=-1).reshape(q, n, -1)
        dense = (dense_q[:, None] * dense_p).sum(-1, keepdim=True)
        idf = (self.idf[query] * query_mask)[:, None]
        bm25 = grid(idf * count / (count + 0.3 + length / 133), 1024.0).sum(-1, keepdim=True)  # k1 1.2, b 0.75, mean length 120
        most = grid(idf, 1024.0).sum(-1, keepdim=True).expand(q, n, 1)
        pair = torch.cat([mean, torch.sqrt(length) / 16, asked, dense, torch.sqrt(total + 1e-6) / 4, bm25 / most.clamp_min(1e-3), torch.sqrt(bm25 + 1e-6) / 4, torch.sqrt(most + 1e-6) / 8], -1)
        return (self.pair2(torch.relu(self.pair1(pair))) + self.direct(pair))[..., 0]
