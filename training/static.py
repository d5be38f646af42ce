"""Trains the static embedding: one vector a piece, summed and normalised. usage: static.py <work folder> [key=value ...] ; see SETTINGS."""
import sys, time
import numpy as np, torch
import torch.nn.functional as F
from records import Records

SWITCHED = {"medquad", "drcd-dev", "cmrc-trial", "openstax-heading", "openstax-ict", "openstax-glossary", "ms-d365-zh", "javaguide", "oi-wiki", "cn-laws", "howtocook", "d2l-zh", "pingcap-docs-cn", "tldr", "moj-law-en", "moj-law-zh"}
SETTINGS = dict(out="static.npy", start="", epochs=3.0, batch=1024, rate=0.02, temperature=0.05, drop=0.1, crops=1.0, switch=0.3, hard="", records="", threads=2, seed=1, width=256, limit=128, minutes=1e9)


def spans(data, texts, limit):
    begin = data["offsets"][texts]
    return begin, np.minimum(data["offsets"][texts + 1] - begin, limit)


def crops(data, texts, rng):
    """Two random spans of each text, a short and a long one: what stands together belongs together."""
    begin, length = spans(data, texts, 320)
    short = np.minimum(length, rng.integers(5, 24, len(texts)))
    long = np.minimum(length, rng.integers(40, 140, len(texts)))
    place = lambda size: begin + (rng.random(len(texts)) * (length - size + 1)).astype(np.int64)
    return (place(short), short), (place(long), long)


def gather(data, begin, length):
    starts = np.concatenate([[0], np.cumsum(length)[:-1]])
    return data["ids"][np.repeat(begin - starts, length) + np.arange(length.sum())], starts


def bags(flat, starts, rng, drop):
    """Texts as one flat id array and the start of each; `drop` of the pieces are left out at random (never all of them)."""
    if drop:
        keep = rng.random(len(flat)) >= drop
        keep[starts[np.add.reduceat(keep.astype(np.int64), starts) == 0]] = True
        count = np.add.reduceat(keep.astype(np.int64), starts)
        flat, starts = flat[keep], np.concatenate([[0], np.cumsum(count)[:-1]])
    return torch.from_numpy(flat.astype(np.int64)), torch.from_numpy(starts.astype(np.int64))


def dictionary(data, pieces=48000):
    """{piece: [translations, each an array of pieces]}, from the lexical pairs across languages whose one side is a single piece."""
    names = [str(n) for n in data["names"]]
    wanted = [i for i, n in enumerate(names) if n in ("cedict", "cow-lemma", "osm-presets") or n.endswith("-x") and n.startswith(("own-", "written-"))]
    out = {}
    for pair in np.flatnonzero(np.isin(data["source"], wanted)):
        sides = [data["ids"][data["offsets"][t]:data["offsets"][t + 1]] for t in (data["a"][pair], data["b"][pair])]
        for own, other in (sides, sides[::-1]):
            if len(own) == 1 and len(other) <= 6:
                out.setdefault(int(own[0]), []).append(other)
    return out


def switched(flat, starts, words, rng, share=0.7):
    """Replaces pieces by a translation where the dictionary has one: a query in the other language, or in both."""
    out, begins = [], []
    bounds = list(starts) + [len(flat)]
    luck = rng.random(len(flat))
    position = 0
    for i in range(len(starts)):
        begins.append(position)
        for j in range(bounds[i], bounds[i + 1]):
            found = words.get(int(flat[j])) if luck[j] < share else None
            new = found[int(luck[j] * 1e6) % len(found)] if found else flat[j:j + 1]
            out.append(new)
            position += len(new)
    return np.concatenate(out), np.array(begins)


def batches(data, size, rng, epochs, weight=lambda name: 1.0):
    """Batches of pair numbers, each of one source, sources in proportion to size x weight; small sources fill what they have."""
    by_source = [np.flatnonzero(data["source"] == s) for s in range(len(data["names"]))]
    plan = []
    for number, pairs in enumerate(by_source):
        share = len(pairs) * weight(str(data["names"][number])) * epochs
        while share > 0:
            order = rng.permutation(pairs)
            if share < len(order):
                order = order[:int(share)]
            share -= len(pairs)
            plan += [order[i:i + size] for i in range(0, len(order), size) if len(order) - i >= min(size // 4, len(pairs) // 2) and len(order) - i > 8]
    rng.shuffle(plan)
    return plan


def contrast(a, b, texts_a, texts_b, temperature, dims=(256, 128, 64), extra=None):
    """In-batch contrast both ways at several widths; equal texts are no negatives of each other; `extra` rows are further negatives for a."""
    same = (torch.from_numpy(texts_a)[:, None] == torch.from_numpy(texts_a)[None]) | (torch.from_numpy(texts_b)[:, None] == torch.from_numpy(texts_b)[None])
    same.fill_diagonal_(False)
    label = torch.arange(len(a))
    loss = 0
    for d in dims:
        score = F.normalize(a[:, :d], dim=1) @ F.normalize(b[:, :d], dim=1).T / temperature
        score = score.masked_fill(same, -1e4)
        back = F.cross_entropy(score.T, label)
        if extra is not None:
            score = torch.cat([score, F.normalize(a[:, :d], dim=1) @ F.normalize(extra[:, :d], dim=1).T / temperature], 1)
        loss = loss + (F.cross_entropy(score, label) + back) / 2
    return loss / len(dims)


def main(work, **settings):
    s = {**SETTINGS, **{k: type(SETTINGS[k])(v) for k, v in settings.items()}}
    print(s, flush=True)
    torch.set_num_threads(s["threads"]), torch.manual_seed(s["seed"])
    rng = np.random.default_rng(s["seed"])
    data = dict(np.load(work + "/pairs.npz"))
    rows = 48000
    table = torch.nn.EmbeddingBag(rows, s["width"], mode="sum")
    if s["start"]:
        table.weight.data = torch.from_numpy(np.load(work + "/" + s["start"]))
    else:
        torch.nn.init.normal_(table.weight, std=0.05)
    from sampling import weight
    plan = [("pairs", rows) for rows in batches(data, s["batch"], rng, s["epochs"], weight)]
    words = dictionary(data)
    long = np.diff(data["offsets"]) >= 60
    whole = {}
    for side in ("a", "b"):
        for source in range(len(data["names"])):
            rows = np.flatnonzero(data["source"] == source)
            texts = np.unique(data[side][rows])
            whole[source] = np.union1d(whole.get(source, texts[:0]), texts[long[texts]])
    for source, texts in whole.items():
        if len(texts) > 500:
            texts = rng.permutation(texts)[:int(s["crops"] * len(texts) * weight(str(data["names"][source])))]
            plan += [("crops", texts[i:i + s["batch"]]) for i in range(0, len(texts) - 256, s["batch"])]
    rng.shuffle(plan)
    mined = dict(np.load(work + "/" + s["hard"])) if s["hard"] else None
    if mined is not None:
        for source in range(len(mined["names"])):
            rows = rng.permutation(np.flatnonzero(mined["source"] == source))
            plan += [("hard", rows[i:i + s["batch"]]) for i in range(0, len(rows) - 64, s["batch"])]
        rng.shuffle(plan)
    records = Records(s["records"], work) if s["records"] else None
    if records:
        plan += [("records", np.arange(s["batch"]))] * (len(plan) // 12)
        rng.shuffle(plan)
    print("dictionary", len(words), "pairs", sum(k == "pairs" for k, _ in plan), "crops", sum(k == "crops" for k, _ in plan), "hard", sum(k == "hard" for k, _ in plan), flush=True)
    retrieval = np.array([str(n) in SWITCHED or str(n).endswith(("-qa", "-term")) for n in data["names"]])
    optimiser = torch.optim.Adam(table.parameters(), lr=s["rate"], betas=(0.9, 0.99))
    print("steps", len(plan), flush=True)
    began, average = time.time(), None
    for step, rows_of_step in enumerate(plan):
        progress = max(step / len(plan), (time.time() - began) / 60 / s["minutes"])
        if progress >= 1:
            break
        for group in optimiser.param_groups:
            group["lr"] = s["rate"] * min(1, (step + 1) / 50) * (1 - progress)
        kind, rows = rows_of_step
        extra = None
        if kind == "crops":
            left, right = crops(data, rows, rng)
            flat_a, flat_b, texts_a, texts_b = gather(data, *left), gather(data, *right), rows, rows
        elif kind == "records":
            flat_a, flat_b, wrong = records.sample(rng, len(rows))
            texts_a = texts_b = np.arange(len(flat_a[1]))
            extra = table(*bags(*wrong, rng, 0))
        else:
            if kind == "pairs":
                source, texts_a, texts_b = data["source"], data["a"][rows], data["b"][rows]
                flat_a = gather(data, *spans(data, texts_a, s["limit"]))
            else:  # the queries are kept as pieces
                source, texts_a, texts_b = mined["source"], rows, mined["positive"][rows]
                flat_a = gather({"ids": mined["query"]}, mined["bounds"][rows], np.diff(mined["bounds"])[rows])
            flat_b = gather(data, *spans(data, texts_b, s["limit"]))
            if retrieval[source[rows[0]]] and rng.random() < s["switch"]:
                flat_a = switched(*flat_a, words, rng)
            if kind == "hard":
                column = rng.integers(0, 16, len(rows))
                wrong = mined["negatives"][rows, column]
                wrong = np.where(wrong >= 0, wrong, mined["negatives"][rows, 0])
                wrong = wrong[wrong >= 0]
                extra = table(*bags(*gather(data, *spans(data, wrong, s["limit"])), rng, s["drop"]))
        a, b = table(*bags(*flat_a, rng, s["drop"])), table(*bags(*flat_b, rng, s["drop"]))
        loss = contrast(a, b, texts_a, texts_b, s["temperature"], extra=extra)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        average = loss.item() if average is None else 0.98 * average + 0.02 * loss.item()
        if step % 100 == 0 or step == len(plan) - 1:
            print(f"step {step} loss {average:.3f} {time.time() - began:.0f}s", flush=True)
        if step % 500 == 499:
            np.save(work + "/" + s["out"], table.weight.detach().numpy())
    np.save(work + "/" + s["out"], table.weight.detach().numpy())


if __name__ == "__main__":
    main(sys.argv[1], **dict(a.split("=", 1) for a in sys.argv[2:]))
