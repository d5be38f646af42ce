"""The best stretches of a passage, trained: how much of the query runs of 8, 16 and 32 pieces and the whole passage answer. Each piece's vector goes through a small network first,
one for the query and another for the passage, so that a word of a question may be near to what answers it, which need not be like it."""
import numpy as np, torch
import torch.nn as nn
import torch.nn.functional as F

RUNS = (8, 16, 32)
GRID, FINE = 2048.0, 1024.0


def grid(x, step=GRID):
    return x + (torch.round(x * step) / step - x).detach()


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
    def __init__(self, unit, idf, inner=128):
        """unit [pieces, 256], zero rows for special pieces; idf [pieces], zero there too."""
        super().__init__()
        self.register_buffer("unit", unit)
        self.register_buffer("idf", idf)
        self.query, self.passage = Side(unit.shape[1], inner), Side(unit.shape[1], inner)
        self.matter = nn.Linear(unit.shape[1], 1)  # how much more or less than its idf a piece of a query matters: log
        nn.init.zeros_(self.matter.weight), nn.init.zeros_(self.matter.bias)
        self.same = nn.Parameter(torch.tensor(0.0))  # added to the likeness of a piece to itself
        self.threshold = nn.Parameter(torch.tensor(0.25))
        self.share = nn.Parameter(torch.tensor([0.0, 12.0, 0.0, 2.0]))  # of each run, then the whole

    def weight(self, ids):
        return self.idf[ids] * torch.exp(self.matter(self.unit[ids])[..., 0].clamp(-2, 2))

    def forward(self, likeness, same, weight, block=1):
        """likeness [.., Lq, Lp] of pieces, `same` 1 where they are equal, weight [.., Lq] -> [..]: by weight, how much the best run of each size and the whole answer. Runs of
        whole blocks only are tried where `block` is more than 1 (faster)."""
        above = torch.relu(grid(likeness, FINE) + self.same * same - self.threshold)
        shape, flat = above.shape[:-2], above.flatten(0, -3)
        if block > 1:
            flat = F.max_pool1d(flat, block, stride=block, ceil_mode=True)
        ends = lambda size: F.pad(flat, (size - 1, size - 1))
        best = [F.max_pool1d(ends(run // block), run // block, stride=1) for run in RUNS] + [flat.amax(-1, keepdim=True)]
        answered = [grid(x.unflatten(0, shape) * weight[..., None], FINE).sum(-2).amax(-1) for x in best]
        total = grid(weight, FINE).sum(-1).clamp_min(1e-3) * (1 - self.threshold)
        return sum(share * x for share, x in zip(self.share, answered)) / total

    def sides(self, query, passage):
        """Unit vectors of the pieces of both, zeros for special pieces."""
        real = lambda ids: (ids > 2).float()[..., None]
        return self.query(self.unit[query]) * real(query), self.passage(self.unit[passage]) * real(passage)

    def across(self, query, passage, block=4):
        """query [Q, Lq], passage [N, Lp] piece ids -> [Q, N]: every query against every passage"""
        a, b = self.sides(query, passage)
        likeness = torch.matmul(a.flatten(0, 1), b.flatten(0, 1).T).unflatten(1, passage.shape).unflatten(0, query.shape).transpose(1, 2)
        same = ((query[:, None, :, None] == passage[None, :, None]) & (query > 2)[:, None, :, None]).float()
        return self(likeness, same, self.weight(query)[:, None].expand(-1, len(passage), -1), block)

    def score(self, query, passage):
        """query [Q, Lq], passage [Q, n, Lp] piece ids -> [Q, n]: each query against its own passages"""
        a, b = self.sides(query, passage)
        same = ((query[:, None, :, None] == passage[:, :, None]) & (query > 2)[:, None, :, None]).float()
        return self(torch.matmul(a[:, None], b.transpose(2, 3)), same, self.weight(query)[:, None].expand(-1, passage.shape[1], -1))
