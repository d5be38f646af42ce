"""Trains the stretches of the reranker: each query against the answers and the hard negatives of the whole batch. usage: train_stretch.py <work folder> [key=value ...]; see SETTINGS."""
import sys
import numpy as np, torch
import torch.nn as nn
import torch.nn.functional as F
from steps import train
from stretch import Stretch
from train_reranker import padded

# seed: of the first numbers, which runs to be averaged must share; order: of the queries drawn
SETTINGS = dict(table="shipped.npy", mined="mined.npz", out="stretch.pt", start="", minutes=8.0, queries=16, negatives=5, rate=2e-3, query_limit=32, passage_limit=160, seed=1, order=1, threads=1)
# How often a source is drawn, relative to its size: questions as people ask them, of one language, most.
DRAWN = {"article-en-qa": 3.0, "article-zh-qa": 3.0, "article-zh2en-qa": 2.0, "article-en2zh-qa": 2.0, "written-en-qa": 1.5, "written-zh-qa": 1.5, "drcd-dev": 1.0, "cmrc-trial": 1.0,
         "medquad": 0.7, "python-docs": 0.3, "tldr": 0.3, "tldr-x": 0.3, "written-term": 0.3, "tatoeba": 0.5}


class Scored(nn.Module):
    """The stretches beside what else is known of a pair, so that they learn what is not known yet: the share of the query's idf, the likeness of the whole."""

    def __init__(self, table, idf):
        super().__init__()
        self.stretch = Stretch(table, idf)
        self.share, self.alike = nn.Parameter(torch.tensor(3.0)), nn.Parameter(torch.tensor(3.0))

    def forward(self, query, passage, shared):
        """query [Q, Lq], passage [N, Lp] piece ids, shared [Q, N] -> [Q, N]: every query against every passage"""
        whole = lambda ids: F.normalize(self.stretch.table[ids].sum(1), dim=1)
        return self.stretch(query, passage) + self.share * shared + self.alike * whole(query) @ whole(passage).T


def main(work, **settings):
    s = {**SETTINGS, **{k: type(SETTINGS[k])(v) for k, v in settings.items()}}
    print(s, flush=True)
    torch.set_num_threads(s["threads"]), torch.manual_seed(s["seed"])
    rng = np.random.default_rng(s["order"])
    data, mined, idf = dict(np.load(work + "/pairs.npz")), dict(np.load(work + "/" + s["mined"])), np.load(work + "/idf.npy")
    model = Scored(np.load(work + "/" + s["table"]), idf)
    if s["start"]:
        model.stretch.load_state_dict(torch.load(work + "/" + s["start"]), strict=False)
    asked = np.split(mined["query"], mined["bounds"][1:-1])
    order = np.random.default_rng(99).permutation(len(asked))
    held, drawn = order[:1200], order[1200:]
    chance = np.array([DRAWN.get(str(name), 1.0) for name in mined["names"]])[mined["source"][drawn]]
    chance /= chance.sum()
    text = lambda t: data["ids"][data["offsets"][t]:data["offsets"][t + 1]][:s["passage_limit"]]

    def make(rows, negatives):
        """-> queries, passages (the answers first, in the order of the queries), the share of each query's idf in each passage, and where a passage is an answer too."""
        texts = [mined["positive"][i] for i in rows]
        for i in rows:
            found = mined["negatives"][i]
            texts += list(rng.permutation(found[found >= 0])[:negatives])
        passages = [text(t) for t in texts]
        asks = [asked[i] for i in rows]
        flat, place = np.concatenate(passages), np.repeat(np.arange(len(texts)), [len(p) for p in passages])
        shared = np.zeros((len(rows), len(texts)), np.float32)
        for r, words in enumerate(map(np.unique, asks)):
            hit = np.isin(flat, words)
            key = np.unique(place[hit].astype(np.int64) * len(idf) + flat[hit])
            shared[r] = np.bincount(key // len(idf), weights=idf[key % len(idf)], minlength=len(texts)) / max(1e-6, idf[words].sum())
        answer = np.array(texts)[None] == mined["positive"][rows][:, None]
        answer[np.arange(len(rows)), np.arange(len(rows))] = False
        return padded(asks, s["query_limit"]), padded(passages, s["passage_limit"]), torch.from_numpy(shared), torch.from_numpy(answer)

    def loss_of(rows, negatives):
        query, passage, shared, answer = make(rows, negatives)
        return F.cross_entropy(model(query, passage, shared).masked_fill(answer, -1e4), torch.arange(len(rows)))

    def check():
        with torch.no_grad():
            loss = np.mean([loss_of(held[i:i + 16], 16).item() for i in range(0, 480, 16)])
        print(f"  held out: loss {loss:.3f}", flush=True)

    scales = [model.share, model.alike, model.stretch.same, model.stretch.threshold, model.stretch.share]
    fast = {id(p) for p in scales}
    optimiser = torch.optim.Adam([{"params": [p for p in model.parameters() if id(p) not in fast], "lr": s["rate"]}, {"params": scales, "lr": 0.02}])

    def keep():
        check()
        state = {k: v for k, v in model.stretch.state_dict().items() if k not in ("table", "unit", "idf")}
        torch.save({**state, "weight": model.stretch.weight(torch.arange(len(idf)))[:, None].detach()}, work + "/" + s["out"])

    check()
    train(model, optimiser, lambda: loss_of(rng.choice(drawn, s["queries"], p=chance), s["negatives"]), keep, s["minutes"], warmup=50, every=100)


if __name__ == "__main__":
    main(sys.argv[1], **dict(a.split("=", 1) for a in sys.argv[2:]))
