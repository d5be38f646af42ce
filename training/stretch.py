"""The best stretches of a passage, trained: how much of the query runs of 8, 16 and 32 pieces and the whole passage answer. Each piece's vector goes through a small network first,
one for the query and another for the passage, so that a word of a question may be near to what answers it, which need not be like it."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from reranker import grid

RUNS = (8, 16, 32)
BLOCK = 4  # runs begin and end at its multiples: with every run tried, more of them find something by chance (and it takes longer)
FINE = 1024.0
SAME_KEPT = 0.5  # of Stretch.same after training: swept on the development sets


class Side(nn.Module):
    """Turns unit vectors of pieces [.., 256]: x -> W x + V relu(U x + b), at unit length. Starts as no change."""

    def __init__(self, width, inner):
        super().__init__()
        self.straight, self.inner, self.outer = nn.Linear(width, width, bias=False), nn.Linear(width, inner), nn.Linear(inner, width, bias=False)
        with torch.no_grad():
            self.straight.weight.copy_(torch.eye(width))
            self.outer.weight *= 0.1

    def forward(self, unit):
        turned = grid(self.straight(unit) + self.outer(grid(torch.relu(self.inner(unit)))), FINE)
        return grid(turned / turned.norm(dim=-1, keepdim=True).clamp_min(1e-9))


class Stretch(nn.Module):
    def __init__(self, table, idf, inner=128, special=3):
        """table [pieces, 256], idf [pieces], of numpy; special pieces count for nothing."""
        super().__init__()
        table, idf = torch.from_numpy(table).float().clone(), torch.from_numpy(idf).float().clone()
        table[:special], idf[:special] = 0, 0
        self.register_buffer("table", table)
        self.register_buffer("unit", grid(F.normalize(table, dim=1)))
        self.register_buffer("idf", idf)
        width = table.shape[1]
        self.query, self.passage = Side(width, inner), Side(width, inner)
        self.matter = nn.Linear(width, 1)  # how much more or less than its idf a piece of a query matters: log
        nn.init.zeros_(self.matter.weight), nn.init.zeros_(self.matter.bias)
        # Added to the likeness of a piece to itself. The wrong passages it learns from were found by the words they share with the query, so there sharing one looks worse than it is in a
        # search: of what this takes up in training (-0.4) only SAME_KEPT is used.
        self.same = nn.Parameter(torch.tensor(0.0))
        self.threshold = nn.Parameter(torch.tensor(0.25))
        self.share = nn.Parameter(torch.tensor([0.0, 12.0, 0.0, 2.0]))  # of each run, then the whole

    def weight(self, ids):
        return self.idf[ids] * torch.exp(self.matter(self.unit[ids])[..., 0].clamp(-2, 2))

    def answered(self, likeness, same, weight):
        """likeness [.., Lq, Lp] of pieces, `same` 1 where they are equal, weight [.., Lq] -> [..]: by weight, how much the best run of each size and the whole answer."""
        above = torch.relu(grid(likeness, FINE) + self.same * (1 if self.training else SAME_KEPT) * same - self.threshold)
        shape, flat = above.shape[:-2], above.flatten(0, -3)
        flat = F.max_pool1d(flat, BLOCK, stride=BLOCK, ceil_mode=True)
        ends = lambda size: F.pad(flat, (size - 1, size - 1))
        best = [F.max_pool1d(ends(run // BLOCK), run // BLOCK, stride=1) for run in RUNS] + [flat.amax(-1, keepdim=True)]
        found = [grid(x.unflatten(0, shape) * weight[..., None], FINE).sum(-2).amax(-1) for x in best]
        total = grid(weight, FINE).sum(-1).clamp_min(1e-3) * (1 - self.threshold)
        return sum(share * x for share, x in zip(self.share, found)) / total

    def forward(self, query, passage):
        """query [Q, Lq], passage [N, Lp] piece ids -> [Q, N]: every query against every passage."""
        real = lambda ids: (ids > 2).float()[..., None]
        a, b = self.query(self.unit[query]) * real(query), self.passage(self.unit[passage]) * real(passage)
        likeness = torch.matmul(a.flatten(0, 1), b.flatten(0, 1).T).unflatten(1, passage.shape).unflatten(0, query.shape).transpose(1, 2)
        same = ((query[:, None, :, None] == passage[None, :, None]) & (query > 2)[:, None, :, None]).float()
        return self.answered(likeness, same, self.weight(query)[:, None].expand(-1, len(passage), -1))
