"""Trains the contextual embedding on top of the frozen table: one hidden layer over windows of three pieces and the direction of the whole text, summed beside
the pieces, each of which gets a weight from the same layer. usage: context.py <work folder> [key=value ...]; see SETTINGS."""
import sys, time
import numpy as np, torch
import torch.nn as nn
import torch.nn.functional as F
from reranker import grid
from records import Records
from sampling import weight
from static import SWITCHED, batches, bags, contrast, crops, dictionary, gather, spans, switched

SETTINGS = dict(table="static.npy", out="context.pt", start="", hard="", records="", minutes=20.0, batch=512, rate=2e-3, temperature=0.05, drop=0.05, crops=0.7, switch=0.3, epochs=3.0, hidden=256, limit=80, seed=1, threads=1)


NARROW = 128  # windows are made of the first dimensions only: the table is trained so that they stand on their own


class Context(nn.Module):
    def __init__(self, table, hidden=256, special=3):
        super().__init__()
        table = torch.from_numpy(table).float().clone()
        table[:special] = 0
        width = table.shape[1]
        self.register_buffer("table", table)
        self.window = nn.Linear(3 * NARROW, hidden, bias=False)
        self.topic = nn.Linear(width, hidden)
        self.out = nn.Linear(hidden, width, bias=False)
        self.gate = nn.Linear(hidden, 1)
        for value in (self.out.weight, self.gate.weight, self.gate.bias):
            nn.init.zeros_(value)  # starts as the static embedding

    def forward(self, ids):
        """[B, T] piece ids, padded with 1 -> [B, width], not normalised."""
        mask = (ids > 2).float()[..., None]
        rows = self.table[ids]
        unit = grid(F.normalize(rows, dim=-1))
        topic = self.topic(grid(F.normalize(rows.sum(1), dim=-1)))
        around = F.pad(unit[..., :NARROW], (0, 0, 1, 1))
        hidden = self.window(torch.cat([around[:, :-2], around[:, 1:-1], around[:, 2:]], -1)) + topic[:, None]
        hidden = torch.relu(hidden) * mask
        gate = 1 + F.hardtanh(self.gate(hidden))  # 0 to 2
        return (rows * gate).sum(1) + self.out(hidden.sum(1)) * 0.1


def padded(flat, starts):
    bounds = np.append(starts, len(flat))
    length = np.diff(bounds)
    out = np.ones((len(starts), max(2, length.max())), np.int64)
    out[np.arange(out.shape[1])[None] < length[:, None]] = flat
    return torch.from_numpy(out)


def main(work, **settings):
    s = {**SETTINGS, **{k: type(SETTINGS[k])(v) for k, v in settings.items()}}
    print(s, flush=True)
    torch.set_num_threads(s["threads"]), torch.manual_seed(s["seed"])
    rng = np.random.default_rng(s["seed"])
    data = dict(np.load(work + "/pairs.npz"))
    model = Context(np.load(work + "/" + s["table"]), s["hidden"])
    if s["start"]:
        model.load_state_dict(torch.load(work + "/" + s["start"]), strict=False)
    words = dictionary(data)
    mined = dict(np.load(work + "/" + s["hard"])) if s["hard"] else None
    retrieval = np.array([str(n) in SWITCHED or str(n).endswith(("-qa", "-term")) for n in data["names"]])
    LEXICAL = ("cedict", "cow-lemma", "cow-syn", "cow-gloss", "wordnet-def", "wordnet-syn", "osm-presets", "ms-d365-x", "openstax-glossary")
    plan = [("pairs", rows) for rows in batches(data, s["batch"], rng, s["epochs"], lambda n: weight(n) * (0.3 if n in LEXICAL else 1.0))]
    long = np.diff(data["offsets"]) >= 60
    for source in range(len(data["names"])):
        texts = np.unique(data["b"][data["source"] == source])
        texts = rng.permutation(texts[long[texts]])
        texts = texts[: int(len(texts) * s["crops"] * weight(str(data["names"][source])))]
        plan += [("crops", texts[i : i + s["batch"]]) for i in range(0, len(texts) - 128, s["batch"])]
    if mined is not None:
        for source in range(len(mined["names"])):
            rows = rng.permutation(np.flatnonzero(mined["source"] == source))
            plan += [("hard", rows[i : i + s["batch"]]) for i in range(0, len(rows) - 64, s["batch"])]
    records = Records(s["records"], work) if s["records"] else None
    if records:
        plan += [("records", np.arange(s["batch"]))] * (len(plan) // 12)
    rng.shuffle(plan)
    print("steps", len(plan), flush=True)
    optimiser = torch.optim.Adam(model.parameters(), lr=s["rate"], betas=(0.9, 0.98))
    began, average, plain = time.time(), None, None
    for step, (kind, rows) in enumerate(plan):
        progress = (time.time() - began) / 60 / s["minutes"]
        if progress >= 1:
            break
        for group in optimiser.param_groups:
            group["lr"] = s["rate"] * min(1, (step + 1) / 50) * (1 - progress)
        extra = None
        if kind == "crops":
            left, right = crops(data, rows, rng)
            flat_a, flat_b, texts_a, texts_b = gather(data, *left), gather(data, right[0], np.minimum(right[1], s["limit"])), rows, rows
        elif kind == "records":
            flat_a, flat_b, wrong = records.sample(rng, len(rows))
            texts_a = texts_b = np.arange(len(flat_a[1]))
            extra = model(padded(*wrong))
        else:
            source = data if kind == "pairs" else {"a": mined["query"], "b": mined["positive"], "source": mined["source"]}
            texts_a, texts_b = source["a"][rows], source["b"][rows]
            flat_a, flat_b = gather(data, *spans(data, texts_a, s["limit"])), gather(data, *spans(data, texts_b, s["limit"]))
            if retrieval[source["source"][rows[0]]] and rng.random() < s["switch"]:
                flat_a = switched(*flat_a, words, rng)
            if kind == "hard":
                wrong = mined["negatives"][rows, rng.integers(0, 16, len(rows))]
                wrong = wrong[wrong >= 0]
                extra = model(padded(*gather(data, *spans(data, wrong, s["limit"]))))
        drop = lambda bag: tuple(x.numpy() for x in bags(*bag, rng, s["drop"]))
        ids_a, ids_b = padded(*drop(flat_a)), padded(*drop(flat_b))
        loss = contrast(model(ids_a), model(ids_b), texts_a, texts_b, s["temperature"], dims=(256, 128), extra=extra)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        average = loss.item() if average is None else 0.98 * average + 0.02 * loss.item()
        if step % 20 == 0:
            with torch.no_grad():
                start = contrast(model.table[ids_a].sum(1), model.table[ids_b].sum(1), texts_a, texts_b, s["temperature"], dims=(256, 128)).item()
            gain = start - loss.item() if extra is None else 0
            plain = gain if plain is None else 0.9 * plain + 0.1 * gain
        if step % 50 == 0:
            print(f"step {step} loss {average:.3f} better than static by {plain:.3f} {time.time() - began:.0f}s", flush=True)
            torch.save({k: v for k, v in model.state_dict().items() if k != "table"}, work + "/" + s["out"])
    torch.save({k: v for k, v in model.state_dict().items() if k != "table"}, work + "/" + s["out"])
    print("finished", step, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], **dict(a.split("=", 1) for a in sys.argv[2:]))
