"""Trains the contextual embedding on a GPU: masked pieces over all pairs first, then contrast. usage: train_encoder.py <work folder> [key=value ...]; see SETTINGS.
Reads pairs.npz, the static table, mined negatives; writes encoder.npz (float16) whenever a part is finished. Runs on a CPU too, for trying it out."""
import multiprocessing, os, sys, threading, time
import numpy as np, torch
import torch.nn as nn
import torch.nn.functional as F
from encoder import Encoder, WIDTH, starting_table
from records import Records
from sampling import weight
from static import SWITCHED, batches, bags, crops, dictionary, gather, spans, switched

SETTINGS = dict(table="shipped.npy", out="encoder", hard="mined.npz", near="near.npz", records="", masked=200.0, contrast=250.0, rate=1.5e-3, tune=6e-4, rows=512, length=160, hide=0.2, batch=2048,
                temperature=0.04, drop=0.1, lose=0.08, crops=0.7, switch=0.35, hards=3.0, epochs=40.0, limit=192, seed=1, workers=10)
LEXICAL = ("cedict", "cow-lemma", "cow-syn", "cow-gloss", "wordnet-def", "wordnet-syn", "osm-presets", "ms-d365-x", "openstax-glossary")
END, PAD, HIDDEN = 2, 1, 0
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


def autocast():
    return torch.autocast(DEVICE, dtype=torch.bfloat16, enabled=DEVICE == "cuda")


def chance_of(source):
    """As sampling.weight, words and glosses less: a text of two pieces teaches an encoder little."""
    return weight(source) * (0.3 if source in LEXICAL else 1.0)


def stream(data, rng):
    """All pairs in a random order, as one long run of pieces: a </s> b </s>, now and then b before a."""
    offsets, length = data["offsets"], np.minimum(np.diff(data["offsets"]), 256)
    chance = np.array([chance_of(str(n)) for n in data["names"]])[data["source"]]
    pairs = np.flatnonzero(rng.random(len(chance)) * 1.2 < chance)
    pairs = rng.permutation(pairs)
    left, right = data["a"][pairs], data["b"][pairs]
    turned = rng.random(len(pairs)) < 0.3
    left, right = np.where(turned, right, left), np.where(turned, left, right)
    texts = np.stack([left, right], 1).reshape(-1)
    size = length[texts]
    starts = np.concatenate([[0], np.cumsum(size + 1)])
    out = np.full(starts[-1], END, np.int64)
    place = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
    out[np.repeat(starts[:-1], size) + place] = data["ids"][np.repeat(offsets[texts], size) + place]
    return out


class Masked(nn.Module):
    """The head that says which piece was hidden; thrown away afterwards."""

    def __init__(self, table):
        super().__init__()
        self.inner, self.norm = nn.Linear(WIDTH, WIDTH), nn.LayerNorm(WIDTH)
        self.out, self.bias = nn.Embedding.from_pretrained(F.normalize(torch.from_numpy(table).float(), dim=1) * 0.5, freeze=False), nn.Embedding(len(table), 1)
        nn.init.zeros_(self.bias.weight)

    def forward(self, x, choices):
        return F.linear(self.norm(torch.relu(self.inner(x))), self.out(choices), self.bias(choices)[:, 0])


def optimiser_of(modules, rate):
    shrunk = [p for m in modules for p in m.parameters() if p.dim() > 1]
    others = [p for m in modules for p in m.parameters() if p.dim() <= 1]
    return torch.optim.AdamW([{"params": shrunk, "weight_decay": 0.01}, {"params": others, "weight_decay": 0.0}], lr=rate, betas=(0.9, 0.98))


def step_of(optimiser, loss, modules, rate):
    for group in optimiser.param_groups:
        group["lr"] = rate
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    for module in modules:
        torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
    optimiser.step()


def masked(model, data, s, rng):
    head = Masked(model.table.weight.detach().cpu().numpy()).to(DEVICE)
    optimiser = optimiser_of((model, head), s["rate"])
    model.train()
    began, step, flow, at = time.time(), 0, None, 0
    while (progress := (time.time() - began) / s["masked"]) < 1:
        size = s["rows"] * s["length"]
        if flow is None or at + size > len(flow):
            flow, at = torch.from_numpy(stream(data, rng)).to(DEVICE), 0
            print(f"  stream of {len(flow)} pieces {time.time() - began:.0f}s", flush=True)
        ids = flow[at:at + size].view(s["rows"], s["length"])
        at += size
        luck = torch.rand(ids.shape, device=DEVICE)
        asked = (luck < s["hide"]) & (ids != END)
        shown = torch.where(asked & (luck < 0.85 * s["hide"]), torch.full_like(ids, HIDDEN), ids)
        shown = torch.where(asked & (luck > 0.93 * s["hide"]), torch.randint_like(ids, 3, len(model.table.weight)), shown)
        where = asked.view(-1).nonzero()[:, 0]
        # told apart from the other pieces hidden in this batch, which are the frequent ones
        choices, label = torch.unique(ids.reshape(-1)[where], return_inverse=True)
        with autocast():
            score = head(model.hidden(shown).reshape(size, WIDTH)[where], choices)
        loss = F.cross_entropy(score.float(), label)
        step_of(optimiser, loss, (model, head), s["rate"] * min(1, (step + 1) / 200) * (1 - 0.9 * progress))
        if step % 200 == 0:
            print(f"masked {step} loss {loss.item():.3f} {time.time() - began:.0f}s, {(step + 1) * size / 1e6:.0f} million pieces", flush=True)
        step += 1
    print("masked", step, "steps,", step * s["rows"] * s["length"] / 1e6, "million pieces", f"loss {loss.item():.3f}", flush=True)


MAKE = {}  # what the workers share, by fork


def grouped(flat, starts, limit):
    """Texts as flat pieces -> (order, [groups [n, T]]): like lengths together, each ended and padded."""
    length = np.minimum(np.diff(np.append(starts, len(flat))), limit)
    order = np.argsort(-length, kind="stable")
    groups, i = [], 0
    while i < len(order):
        width = -(-(length[order[i]] + 1) // 8) * 8
        part = order[i:i + 49152 // width]
        out = np.full((len(part), width), PAD, np.int16)
        for row, text in enumerate(part):
            out[row, :length[text]] = flat[starts[text]:starts[text] + length[text]].astype(np.uint16).view(np.int16)
            out[row, length[text]] = END
        groups.append(out)
        i += len(part)
    return np.argsort(order), groups


def make(task):
    """One step of contrast -> (kind, texts a, texts b, [bags: (place, groups)] of a, b and, where there are any, wrong ones)."""
    number, kind, rows = task
    data, mined, records, words, retrieval, near, s = (MAKE[k] for k in ("data", "mined", "records", "words", "retrieval", "near", "s"))
    rng = np.random.default_rng((s["seed"], number))
    wrong = None
    if kind == "crops":
        left, right = crops(data, rows, rng)
        a, b, texts_a, texts_b = gather(data, *left), gather(data, *right), rows, rows
    elif kind == "records":
        a, b, wrong = records.sample(rng, len(rows))
        texts_a = texts_b = np.arange(len(a[1]))
    elif kind == "near":
        of = lambda key: gather({"ids": near["ids"]}, near["offsets"][near[key][rows]], np.diff(near["offsets"])[near[key][rows]])
        a, b, wrong = of("b"), of("a"), of("q")  # the passage, a question it answers, one it does not
        texts_a, texts_b = near["b"][rows], near["a"][rows]
    else:
        if kind == "hard":
            query = [mined["query"][mined["bounds"][r]:mined["bounds"][r + 1]] for r in rows]
            a = np.concatenate(query), np.concatenate([[0], np.cumsum([len(q) for q in query])[:-1]])
            texts_b = mined["positive"][rows]
            texts_a = -1 - rows
        else:
            texts_a, texts_b = data["a"][rows], data["b"][rows]
            a = gather(data, *spans(data, texts_a, s["limit"]))
        b = gather(data, *spans(data, texts_b, s["limit"]))
        source = (mined if kind == "hard" else data)["source"][rows[0]]
        if retrieval[source] and rng.random() < s["switch"]:
            a = switched(*a, words, rng)
        if kind == "hard":
            column = np.argsort(rng.random((len(rows), 16)), axis=1)[:, :2]
            chosen = np.take_along_axis(mined["negatives"][rows], column, 1).reshape(-1)
            wrong = gather(data, *spans(data, chosen[chosen >= 0], s["limit"]))
        elif kind == "pairs" and rng.random() < 0.3:
            a, b, texts_a, texts_b = b, a, texts_b, texts_a
    lose = lambda bag: tuple(x.numpy() for x in bags(*bag, rng, s["lose"]))
    out = [grouped(*lose(bag), s["limit"]) for bag in (a, b)]
    if wrong is not None and len(wrong[1]):
        out.append(grouped(*lose(wrong), s["limit"]))
    return kind, texts_a, texts_b, out


def contrast(a, b, wrong, texts_a, texts_b, temperature):
    """In-batch contrast both ways, on 256 and 128 numbers; equal texts are no negatives of each other."""
    same = (texts_a[:, None] == texts_a[None]) | (texts_b[:, None] == texts_b[None])
    same.fill_diagonal_(False)
    label, loss = torch.arange(len(a), device=a.device), 0
    for width, share in ((256, 0.7), (128, 0.3)):
        x, y = F.normalize(a[:, :width], dim=1), F.normalize(b[:, :width], dim=1)
        score = (x @ y.T / temperature).masked_fill(same, -1e4)
        back = F.cross_entropy(score.T, label)
        if wrong is not None:
            score = torch.cat([score, x @ F.normalize(wrong[:, :width], dim=1).T / temperature], 1)
        loss = loss + share * (F.cross_entropy(score, label) + back) / 2
    return loss


def plan_of(data, mined, near, s, rng):
    rounds = []
    long = np.diff(data["offsets"]) >= 60
    for _ in range(int(s["epochs"])):
        plan = [("pairs", rows) for rows in batches(data, s["batch"], rng, 1.0, chance_of)]
        for source in range(len(data["names"])):
            texts = np.unique(data["b"][data["source"] == source])
            texts = rng.permutation(texts[long[texts]])
            texts = texts[: int(len(texts) * s["crops"] * weight(str(data["names"][source])))]
            plan += [("crops", texts[i:i + s["batch"]]) for i in range(0, len(texts) - 128, s["batch"])]
        for source in range(len(mined["names"])):
            for _ in range(int(s["hards"])):
                rows = rng.permutation(np.flatnonzero(mined["source"] == source))
                plan += [("hard", rows[i:i + s["batch"] // 2]) for i in range(0, len(rows) - 64, s["batch"] // 2)]
        if s["records"]:
            plan += [("records", np.arange(s["batch"]))] * (len(plan) // 12)
        if near is not None:
            order = rng.permutation(len(near["q"]))
            plan += [("near", order[i:i + s["batch"]]) for i in range(0, len(order) - 64, s["batch"])]
        rng.shuffle(plan)
        rounds += plan
    return [(i, kind, rows) for i, (kind, rows) in enumerate(rounds)]


def encode(model, place, groups, drop=0.0):
    out = []
    for group in groups:
        ids = torch.from_numpy(group.view(np.uint16).astype(np.int64)).to(DEVICE, non_blocking=True)
        with autocast():
            out.append(model(ids, drop))
    return torch.cat(out)[torch.from_numpy(place).to(DEVICE)]


def mine(model, data, mined, s, rng):
    """The second half of the negatives anew: of the passages the model itself puts first, those that are not known to be answers."""
    began = time.time()
    pool = np.unique(mined["positive"])
    answers, asks = {}, {}
    for a, b in zip(data["a"].tolist(), data["b"].tolist()):
        answers.setdefault(a, []).append(b), answers.setdefault(b, []).append(a)
        asks.setdefault(b, []).append(a)
    with torch.no_grad():
        model.eval()
        vectors = F.normalize(encode(model, *grouped(*gather(data, *spans(data, pool, s["limit"])), s["limit"])).float(), dim=1)
        queries = F.normalize(encode(model, *grouped(mined["query"], mined["bounds"][:-1], s["limit"])).float(), dim=1)
        best = torch.cat([(queries[i:i + 4096] @ vectors.T).topk(40, 1).indices for i in range(0, len(queries), 4096)]).cpu().numpy()
        model.train()
    negatives = mined["negatives"].copy()
    for i, row in enumerate(best):
        positive = int(mined["positive"][i])
        known = {positive, *answers.get(positive, ())}
        for question in asks.get(positive, ())[:20]:
            known.update(answers.get(question, ()))
        found = [t for t in pool[row].tolist() if t not in known][:24]
        found = rng.permutation(found)[:8]
        negatives[i, 8:] = -1
        negatives[i, 8:8 + len(found)] = found
    np.savez(s["work"] + "/mined-again.npz", **{**mined, "negatives": negatives})
    print(f"mined again in {time.time() - began:.0f}s", flush=True)
    return {**mined, "negatives": negatives}


def contrastive(model, data, s, rng, save):
    mined = dict(np.load(s["work"] + "/" + s["hard"]))
    near = dict(np.load(s["work"] + "/" + s["near"])) if s["near"] else None
    retrieval = np.array([str(n) in SWITCHED or str(n).endswith(("-qa", "-term")) for n in data["names"]])
    MAKE.update(data=data, mined=mined, near=near, words=dictionary(data), retrieval=retrieval, s=s, records=Records(s["records"], s["work"]) if s["records"] else None)
    plan = plan_of(data, mined, near, s, rng)
    kinds = [k for _, k, _ in plan]
    print("plan", len(plan), {k: kinds.count(k) // int(s["epochs"]) for k in set(kinds)}, "a round", flush=True)
    optimiser = optimiser_of((model,), s["tune"])
    model.train()
    began, average, step, pieces = time.time(), {}, 0, 0
    for until in (0.4, 1.0):
        room, enough = threading.Semaphore(6 * s["workers"]), threading.Event()  # so that the workers do not run far ahead

        def tasks():
            for task in plan[step:]:
                room.acquire()
                if enough.is_set():
                    return
                yield task

        with multiprocessing.get_context("fork").Pool(s["workers"]) as pool:
            for kind, texts_a, texts_b, bags_ in pool.imap(make, tasks()):
                room.release()
                progress = (time.time() - began) / s["contrast"]
                if progress >= until:
                    break
                vectors = [encode(model, *bag, s["drop"]) for bag in bags_]
                loss = contrast(vectors[0], vectors[1], vectors[2] if len(vectors) > 2 else None, *(torch.from_numpy(t).to(DEVICE) for t in (texts_a, texts_b)), s["temperature"])
                step_of(optimiser, loss, (model,), s["tune"] * min(1, (step + 1) / 100) * (1 - progress) + 1e-6)
                pieces += sum(g.size for bag in bags_ for g in bag[1])
                if step % 5 == 0:
                    average[kind] = loss.item() if kind not in average else 0.9 * average[kind] + 0.1 * loss.item()
                step += 1
                if step % 100 == 0:
                    print(f"contrast {step} {' '.join(f'{k} {v:.3f}' for k, v in sorted(average.items()))} {time.time() - began:.0f}s, {pieces / 1e6:.0f} million places", flush=True)
                    if step % 400 == 0:
                        save()
            enough.set()
            room.release(len(plan))
            pool.terminate()
        save()
        if until < 1:
            MAKE["mined"] = mine(model, data, mined, s, rng)
    print("contrast", step, "steps", flush=True)


def main(work, **settings):
    s = {**SETTINGS, **{k: type(SETTINGS[k])(v) for k, v in settings.items()}, "work": work}
    print(s, DEVICE, torch.__version__, flush=True)
    torch.manual_seed(s["seed"]), torch.set_num_threads(2)
    torch.set_float32_matmul_precision("high")
    rng = np.random.default_rng(s["seed"])
    data = dict(np.load(work + "/pairs.npz"))
    model = Encoder(starting_table(np.load(work + "/" + s["table"]))).to(DEVICE)

    def save():
        state = {k: v.detach().cpu().numpy() for k, v in model.state_dict().items()}
        for number, half in enumerate(np.array_split(state.pop("table.weight").astype(np.float16), 2)):
            np.save(f"{work}/half.npy", half)
            os.replace(f"{work}/half.npy", f"{work}/{s['out']}-table{number}.npy")
        np.savez(f"{work}/whole.npz", **{k: v.astype(np.float16) for k, v in state.items()})
        os.replace(f"{work}/whole.npz", f"{work}/{s['out']}.npz")

    if s["masked"]:
        masked(model, data, s, rng)
    save()
    if s["contrast"]:
        contrastive(model, data, s, rng, save)


if __name__ == "__main__":
    main(sys.argv[1], **dict(a.split("=", 1) for a in sys.argv[2:]))
