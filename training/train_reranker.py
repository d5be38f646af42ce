"""Trains the reranker. usage: train_reranker.py <work folder> [key=value ...]; see SETTINGS."""
import sys, time
import numpy as np, torch
import torch.nn.functional as F
from reranker import Reranker

SETTINGS = dict(table="static.npy", mined="mined.npz", out="reranker.pt", start="", minutes=5.0, queries=24, negatives=7, random=1, rate=2e-3, query_limit=32, passage_limit=160, seed=1)


def padded(data, texts, limit):
    offsets, ids = data["offsets"], data["ids"]
    length = np.minimum(offsets[texts + 1] - offsets[texts], limit)
    out = np.ones((len(texts), max(2, int(length.max()))), np.int64)
    for row, (text, n) in enumerate(zip(texts, length)):
        out[row, :n] = ids[offsets[text]:offsets[text] + n]
    return torch.from_numpy(out)


def main(work, **settings):
    s = {**SETTINGS, **{k: type(SETTINGS[k])(v) for k, v in settings.items()}}
    print(s, flush=True)
    torch.set_num_threads(2), torch.manual_seed(s["seed"])
    rng = np.random.default_rng(s["seed"])
    data, mined = dict(np.load(work + "/pairs.npz")), dict(np.load(work + "/" + s["mined"]))
    model = Reranker(np.load(work + "/" + s["table"]), np.load(work + "/idf.npy"))
    if s["start"]:
        model.load_state_dict(torch.load(work + "/" + s["start"]), strict=False)
    order = np.random.default_rng(99).permutation(len(mined["query"]))
    held, train = order[:1500], order[1500:]
    # batches of queries of like length
    groups = [{"params": [p for n, p in model.named_parameters() if n != "weight.weight"]}, {"params": [model.weight.weight]}]
    optimiser = torch.optim.Adam(groups, lr=s["rate"])
    began, average, step = time.time(), None, 0

    def make(rows, rng, negatives):
        texts = np.empty((len(rows), 1 + negatives), np.int64)
        for i, row in enumerate(rows):
            found = mined["negatives"][row]
            found = found[found >= 0]
            texts[i, 0] = mined["positive"][row]
            take = rng.permutation(found)[:negatives - s["random"]]
            other = mined["positive"][rng.integers(0, len(mined["positive"]), negatives)]
            texts[i, 1:] = np.concatenate([take, other])[:negatives]
        passages = padded(data, texts.reshape(-1), s["passage_limit"]).reshape(len(rows), 1 + negatives, -1)
        return padded(data, mined["query"][rows], s["query_limit"]), passages

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
    while True:
        progress = (time.time() - began) / 60 / s["minutes"]
        if progress >= 1:
            break
        rate = s["rate"] * min(1, (step + 1) / 100) * (1 - progress)
        optimiser.param_groups[0]["lr"], optimiser.param_groups[1]["lr"] = rate, rate * 2
        near = rng.permutation(train)[:s["queries"] * 8]  # passages of like length waste less padding
        near = near[np.argsort(lengths[near])]
        at = rng.integers(0, 8) * s["queries"]
        score = model(*make(near[at:at + s["queries"]], rng, s["negatives"]))
        loss = F.cross_entropy(score, torch.zeros(len(score), dtype=torch.long)) + 0.02 * F.softplus(score[:, 1:]).mean() + 0.02 * F.softplus(-score[:, 0]).mean()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        average = loss.item() if average is None else 0.99 * average + 0.01 * loss.item()
        step += 1
        if step % 200 == 0:
            print(f"step {step} loss {average:.3f} {time.time() - began:.0f}s", flush=True)
        if step % 1000 == 0:
            check()
            torch.save({k: v for k, v in model.state_dict().items() if k != "table"}, work + "/" + s["out"])
    check()
    torch.save({k: v for k, v in model.state_dict().items() if k != "table"}, work + "/" + s["out"])


if __name__ == "__main__":
    main(sys.argv[1], **dict(a.split("=", 1) for a in sys.argv[2:]))
