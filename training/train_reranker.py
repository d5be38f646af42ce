"""Trains the reranker. usage: train_reranker.py <work folder> [key=value ...]; see SETTINGS."""
import sys
import numpy as np, torch
import torch.nn.functional as F
from reranker import Reranker
from steps import train

SETTINGS = dict(table="static.npy", mined="mined.npz", out="reranker.pt", start="", minutes=5.0, queries=24, negatives=7, random=2, rate=1e-3, query_limit=32, passage_limit=160, seed=1, threads=1, questions=8.0, weights=0, echo=0.0)


def padded(rows, limit):
    out = np.ones((len(rows), max(2, min(limit, max(map(len, rows))))), np.int64)
    for i, row in enumerate(rows):
        out[i, :min(limit, len(row))] = row[:limit]
    return torch.from_numpy(out)


def overlap_of(data, idf, query, passage):
    """The share of the query's idf that the passage holds."""
    offsets, ids = data["offsets"], data["ids"]
    asked = np.unique(query)
    return idf[asked[np.isin(asked, ids[offsets[passage]:offsets[passage] + 160])]].sum() / max(1e-6, idf[asked].sum())


def main(work, **settings):
    s = {**SETTINGS, **{k: type(SETTINGS[k])(v) for k, v in settings.items()}}
    print(s, flush=True)
    torch.set_num_threads(s["threads"]), torch.manual_seed(s["seed"])
    rng = np.random.default_rng(s["seed"])
    data, mined = dict(np.load(work + "/pairs.npz")), dict(np.load(work + "/" + s["mined"]))
    model = Reranker(np.load(work + "/" + s["table"]), np.load(work + "/idf.npy"), np.load(work + "/letters.npy"))
    if s["start"]:
        state = torch.load(work + "/" + s["start"])
        state["piece1.weight"] = F.pad(state["piece1.weight"], (0, Reranker.PIECE - state["piece1.weight"].shape[1]))  # features added since start at zero
        model.load_state_dict(state, strict=False)
    asked = np.split(mined["query"], mined["bounds"][1:-1])
    order = np.random.default_rng(99).permutation(len(asked))
    share = np.array([s["questions"] if str(n) in ("drcd-dev", "cmrc-trial") else 1.0 for n in mined["names"]])
    held, drawn = order[:1500], order[1500:]
    # Searches mostly reuse words of what they look for: draw a quarter of the queries from those that share nothing with their answer
    # (other words, other language), a quarter from those that share a little, half from those that share much.
    overlap = np.array([overlap_of(data, model.idf.numpy(), asked[i], mined["positive"][i]) for i in drawn])
    bucket = np.digitize(overlap, (0.1, 0.4))
    chance = share[mined["source"][drawn]]
    for number, part in enumerate((0.2, 0.15, 0.65)):
        chance[bucket == number] *= part / chance[bucket == number].sum()
    chance /= chance.sum()
    print("overlap", np.bincount(bucket), flush=True)
    nothing = torch.nn.Parameter(torch.zeros(1))  # the weights of the pieces stay at idf unless asked for: they learn the sources by heart
    model.weight.weight.requires_grad_(bool(s["weights"]))
    groups = [{"params": [p for n, p in model.named_parameters() if n != "weight.weight"]}, {"params": [model.weight.weight] if s["weights"] else [nothing]}]
    optimiser = torch.optim.AdamW(groups, lr=s["rate"], weight_decay=0.01)

    text = lambda t: data["ids"][data["offsets"][t]:data["offsets"][t + 1]]

    def make(rows, rng, negatives):
        texts = np.empty((len(rows), 1 + negatives), np.int64)
        for i, row in enumerate(rows):
            found = mined["negatives"][row]
            found = found[found >= 0]
            texts[i, 0] = mined["positive"][row]
            take = rng.permutation(found)[:negatives - s["random"]]
            other = mined["positive"][rng.integers(0, len(mined["positive"]), negatives)]
            texts[i, 1:] = np.concatenate([take, other])[:negatives]
        passages = [text(t) for t in texts.reshape(-1)]
        for i, row in enumerate(rows):
            if rng.random() < s["echo"] and len(asked[row]) > 6:  # a passage that only repeats the question, and says a little about something else
                other = text(mined["positive"][rng.integers(0, len(mined["positive"]))])
                passages[(i + 1) * (1 + negatives) - 1] = np.concatenate([asked[row], other[: rng.integers(0, 16)]])
        return padded([asked[i] for i in rows], s["query_limit"]), padded(passages, s["passage_limit"]).reshape(len(rows), 1 + negatives, -1)

    def check():
        model.eval()
        right, rank, rng2 = 0, 0, np.random.default_rng(3)
        with torch.no_grad():
            for i in range(0, 600, 50):
                score = model(*make(held[i:i + 50], rng2, 15))
                position = (score[:, 1:] >= score[:, :1]).sum(1)
                right += (position == 0).sum().item()
                rank += (1 / (1.0 + position)).sum().item()
        model.train()
        print(f"  held out: first {right / 600:.3f} MRR {rank / 600:.3f}", flush=True)

    check()
    lengths = np.minimum(np.diff(data["offsets"])[mined["positive"]], s["passage_limit"])

    def loss_of():
        near = rng.choice(drawn, s["queries"] * 8, p=chance)  # passages of like length waste less padding
        near = near[np.argsort(lengths[near])]
        at = rng.integers(0, 8) * s["queries"]
        score = model(*make(near[at:at + s["queries"]], rng, s["negatives"]))
        right = torch.zeros(len(score), dtype=torch.long)
        sure = F.softplus(score[:, 1:]).mean() + F.softplus(-score[:, 0]).mean() / s["negatives"]  # keeps the scale of a log-odds
        return F.cross_entropy(score, right) + 0.2 * sure

    def keep():
        check()
        torch.save({k: v for k, v in model.state_dict().items() if k not in ("table", "letters")}, work + "/" + s["out"])

    train(model, optimiser, loss_of, keep, s["minutes"], warmup=100, every=200)


if __name__ == "__main__":
    main(sys.argv[1], **dict(a.split("=", 1) for a in sys.argv[2:]))
